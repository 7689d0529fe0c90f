//! Names that are checked once, where they enter the program: paths, branches, numbers, ids, times, secrets.

use std::fmt;
use std::str::FromStr;

use bstr::{BStr, BString, ByteSlice};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A file inside the repository: relative, `/`-separated, never able to leave the tree or to reach `.git`.
///
/// Bytes, because git's paths are bytes. Equality and order are byte-wise, as in a git tree listing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(BString);

/// Why a text is not a [`RepoPath`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError {
    /// The text, escaped for printing.
    pub path: String,
    /// What is wrong with it, as a clause: "leaves the repository".
    pub problem: &'static str,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "path `{}` {}", self.path, self.problem)
    }
}

impl std::error::Error for PathError {}

impl RepoPath {
    /// Accepts a path as git writes it in a tree, and nothing that git, an NTFS or an HFS+ checkout could take for
    /// something else (`..`, `.git` in any spelling, `git~1`, absolute, empty components, control characters).
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, PathError> {
        let bytes = text.as_ref();
        let fail = |problem| Err(PathError { path: bytes.as_bstr().escape_ascii().to_string(), problem });
        if bytes.is_empty() {
            return fail("is empty");
        }
        if bytes[0] == b'/' {
            return fail("is absolute");
        }
        if bytes.len() > 4096 {
            return fail("is longer than 4096 bytes");
        }
        if bytes.iter().any(u8::is_ascii_control) {
            return fail("has a control character");
        }
        for component in bytes.split(|byte| *byte == b'/') {
            match component {
                b"" => return fail("has an empty component"),
                b"." => return fail("has a `.` component"),
                b".." => return fail("leaves the repository (`..`)"),
                _ => {}
            }
            if gix::validate::path::component(component.as_bstr(), None, DISGUISES).is_err() {
                return fail("reaches into `.git`, or would on another file system");
            }
        }
        Ok(Self(bytes.into()))
    }

    /// The path's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text, with bytes that are not UTF-8 replaced; for display and for patterns, not for look-ups.
    pub fn to_text(&self) -> std::borrow::Cow<'_, str> {
        self.0.to_str_lossy()
    }

    /// The last component.
    pub fn name(&self) -> &BStr {
        let start = self.0.rfind_byte(b'/').map_or(0, |slash| slash + 1);
        self.0[start..].as_bstr()
    }

    /// The folder that holds it, `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        self.0.rfind_byte(b'/').map(|slash| Self(self.0[..slash].into()))
    }

    /// Every folder above it, nearest last: `a`, `a/b` for `a/b/c`.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        self.0.find_iter(b"/").map(|slash| Self(self.0[..slash].into()))
    }
}

/// All of git's protections, but not Windows' device names and characters: `aux.c` and `a:b` are honest names elsewhere.
const DISGUISES: gix::validate::path::component::Options =
    gix::validate::path::component::Options { protect_windows: false, protect_hfs: true, protect_ntfs: true };

impl fmt::Display for RepoPath {
    /// Printable on any terminal: control and non-UTF-8 bytes are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.to_str() {
            Ok(text) if !text.chars().any(char::is_control) => f.write_str(text),
            _ => write!(f, "{}", self.0.escape_ascii()),
        }
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl<'de> Deserialize<'de> for RepoPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.as_str()).map_err(D::Error::custom)
    }
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An issue's or pull request's number on its forge, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct IssueNumber(u64);

impl IssueNumber {
    /// `None` for 0, which no forge gives out.
    pub fn new(number: u64) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }

    /// The number itself.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for IssueNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("0 is no issue's number"))
    }
}

impl fmt::Display for IssueNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for IssueNumber {
    type Err = String;

    /// Reads `42` and `#42`.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        digits.parse().ok().and_then(Self::new).ok_or_else(|| format!("`{text}` is not an issue number"))
    }
}

/// Full hexadecimal name of an object, SHA-1 or SHA-256.
macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let hex = String::deserialize(deserializer)?;
                Self::parse(&hex).ok_or_else(|| D::Error::custom(format!("`{hex}` is not an object id")))
            }
        }

        impl $name {
            /// Accepts 40 or 64 lower-case hexadecimal digits.
            pub fn parse(hex: &str) -> Option<Self> {
                let digits = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                (digits && matches!(hex.len(), 40 | 64)).then(|| Self(hex.to_owned()))
            }

            /// All digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first ten digits, for people.
            pub fn short(&self) -> &str {
                &self.0[..10]
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

object_id!(
    /// A commit.
    CommitId
);
object_id!(
    /// A tree: the content of a commit, or of a draft that is not one yet.
    TreeId
);

/// Names one run of git-burn, on this machine and in the markers that it leaves: sorts by time, safe in file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// Accepts 1 to 64 letters, digits and `-`.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (plain && (1..=64).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `OWNER/NAME` on a forge (Gitea and GitHub; a `files` forge has none).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Slug {
    /// User or organisation.
    pub owner: String,
    /// Repository, without `.git`.
    pub name: String,
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl FromStr for Slug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let honest = |part: &str| {
            let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
            plain && !part.is_empty() && !part.starts_with('.')
        };
        match text.split_once('/') {
            Some((owner, name)) if honest(owner) && honest(name) => Ok(Self { owner: owner.into(), name: name.into() }),
            _ => Err(format!("`{text}` is not OWNER/NAME")),
        }
    }
}

/// The branch that carries one issue's change; the only kind that can be pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct BurnBranch(String);

impl BurnBranch {
    /// Fills `{number}` and `{slug}` of the template (`burn.branch`). The template must use `{number}`, so that no
    /// two issues share a branch and none can be named like a person's own.
    pub fn for_issue(template: &str, number: IssueNumber, title: &str) -> Result<Self, String> {
        if !template.contains("{number}") {
            return Err(format!("burn.branch `{template}` lacks {{number}}"));
        }
        let name = template.replace("{number}", &number.to_string()).replace("{slug}", &slug(title));
        let name = name.trim_end_matches(['-', '/', '.']).to_owned();
        if !is_plain_branch(&name) {
            return Err(format!("burn.branch `{template}` makes `{name}`, which is not a plain branch name"));
        }
        Ok(Self(name))
    }

    /// A branch that the template made, and the issue it made it for; `None` for all other branches.
    pub fn of_template(template: &str, name: &str) -> Option<(Self, IssueNumber)> {
        let (before, after) = template.split_once("{number}")?;
        let rest = match before.split_once("{slug}") {
            None => name.strip_prefix(before)?,
            Some((start, end)) if !end.is_empty() => name.strip_prefix(start)?.rsplit_once(end)?.1,
            Some(_) => return None,
        };
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let tail = &rest[digits..];
        let fits = match after.split_once("{slug}") {
            None => tail == after,
            // An empty slug takes the separator before it away with it.
            Some((start, end)) => {
                let filled = tail.strip_prefix(start).is_some_and(|tail| tail.ends_with(end));
                filled || tail == start.trim_end_matches(['-', '/', '.'])
            }
        };
        let number = rest[..digits].parse().ok().and_then(IssueNumber::new)?;
        (fits && !rest.starts_with('0') && is_plain_branch(name)).then(|| (Self(name.to_owned()), number))
    }

    /// Without `refs/heads/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With `refs/heads/`.
    pub fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

impl fmt::Display for BurnBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// git's rules for branch names, cut down to characters that no shell, URL or forge treats specially.
pub fn is_plain_branch(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && !part.ends_with('.')
            && !part.ends_with(".lock")
            && !part.contains("..")
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    name.len() <= 200 && name != "HEAD" && name.split('/').all(plain)
}

/// The FNV-1a hash: for names that must be the same in every version and on every machine. Not for secrets.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// ASCII words of a title joined by `-`, at most 40 characters.
pub fn slug(title: &str) -> String {
    let mut out = String::new();
    for word in title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if out.len() + word.len() > 40 {
            break;
        }
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&word.to_ascii_lowercase());
    }
    out
}

/// Seconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Out of the years 0000 to 9999 it is clamped, so that a forge's nonsense date still sorts and prints.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(-62_167_219_200, 253_402_207_200))
    }

    /// Reads RFC 3339, as all forges write it.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|time| Self::from_seconds(time.as_second()))
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// Days since 1970 in UTC: equal for two moments of the same day.
    pub fn day(self) -> i64 {
        self.0.div_euclid(86_400)
    }

    /// The UTC day as `2026-11-24`.
    pub fn date(self) -> String {
        self.to_string().split('T').next().unwrap_or_default().to_owned()
    }

    /// Whole days from `earlier` to `self`; 0 for dates in the future.
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).max(0) / 86_400
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not a time")))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A credential: never printed, never serialized.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Trims the text; `None` when nothing is left or it could not be a header value.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && !text.chars().any(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// The credential itself: for the one header or environment it is meant for, and for redaction.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_escape_or_disguise_git_are_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            ".git/config",
            "a/.GIT/hooks/x",
            "git~1/x",
            "a\nb",
            ".git /x",
            "a/.g\u{200c}it/config",
            "a\0b",
        ] {
            assert!(RepoPath::parse(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["a", "src/lib.rs", ".gitignore", "a b/ü.txt", "aux.c", "b/b/x", "-rf", "a\\b"] {
            assert!(RepoPath::parse(good).is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn ancestors_run_from_the_top() {
        let path = RepoPath::parse("a/b/c").unwrap();
        let names: Vec<String> = path.ancestors().map(|p| p.to_string()).collect();
        assert_eq!(names, ["a", "a/b"]);
        assert_eq!(path.name(), "c");
    }

    #[test]
    fn branches_need_the_number_and_plain_characters() {
        let number = IssueNumber::new(42).unwrap();
        let branch = |template| BurnBranch::for_issue(template, number, "Fix: the *crash* \u{202e}on #1!");
        assert_eq!(branch("agent/ticket-{number}").unwrap().as_str(), "agent/ticket-42");
        assert_eq!(branch("burn/{number}-{slug}").unwrap().as_str(), "burn/42-fix-the-crash-on-1");
        assert!(branch("main").is_err());
        assert!(branch("-x/{number}").is_err());
        assert!(branch("a b/{number}").is_err());
    }

    #[test]
    fn only_branches_of_the_template_are_known() {
        let issue = |template, name| BurnBranch::of_template(template, name).map(|(_, number)| number.get());
        assert_eq!(issue("agent/ticket-{number}", "agent/ticket-42"), Some(42));
        for other in
            ["agent/ticket-42x", "agent/ticket-", "agent/ticket-042", "x/agent/ticket-42", "main", "agent/ticket-0"]
        {
            assert_eq!(issue("agent/ticket-{number}", other), None, "{other}");
        }
        assert_eq!(issue("burn/{number}-{slug}", "burn/42-fix-the-crash-on-1"), Some(42));
        assert_eq!(issue("burn/{number}-{slug}", "burn/42"), Some(42));
        assert_eq!(issue("burn/{number}-{slug}", "burn/42x"), None);
        assert_eq!(issue("burn/{slug}-{number}", "burn/fix-1-crash-42"), Some(42));
    }

    #[test]
    fn timestamps_survive_nonsense() {
        assert_eq!(Timestamp::parse("2026-11-24T05:00:00+01:00").unwrap().to_string(), "2026-11-24T04:00:00Z");
        assert_eq!(Timestamp::parse("soon"), None);
        let future = Timestamp::from_seconds(i64::MAX);
        assert_eq!(Timestamp::from_seconds(0).days_since(future), 0);
    }
}
