//! How a patch spells paths: git's quoting, `a/` and `b/` prefixes, and the readings that a spelling allows.

use bstr::{BString, ByteSlice};

use crate::core::names::{PathError, RepoPath};

/// A path as the patch spells it, and what it can mean, likeliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub written: BString,
    /// Every valid path it can stand for. Empty only for an absolute path, which can name a file of the tree by its end.
    pub readings: Vec<RepoPath>,
    pub aim: Aim,
}

/// Whether a spelling that names nothing may mean a file by its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    Loose,
    /// Somebody said at which level the paths are: then they mean what they say.
    Exact,
}

impl Name {
    /// A path without prefix, as SEARCH/REPLACE, envelopes and whole files spell it.
    pub(super) fn plain(written: &[u8]) -> Result<Self, PathError> {
        Self::with_readings(written, &[without_dot(written)])
    }

    /// A path of a unified diff whose `a/` or `b/` may be a prefix or a folder.
    pub(super) fn prefixed(written: &[u8]) -> Result<Self, PathError> {
        let plain = without_dot(written);
        match plain {
            [b'a' | b'b', b'/', rest @ ..] => Self::with_readings(written, &[rest, plain]),
            _ => Self::with_readings(written, &[plain]),
        }
    }

    /// Both paths of one header: a prefix is believed when what follows is the same or both have git's own prefixes.
    pub(super) fn pair(old: &[u8], new: &[u8]) -> Result<(Self, Self), PathError> {
        let mnemonic = |path: &[u8]| path.len() > 2 && path[1] == b'/' && b"abicwo12".contains(&path[0]);
        if mnemonic(old)
            && mnemonic(new)
            && old[0] != new[0]
            && (old[2..] == new[2..] || (old[0], new[0]) == (b'a', b'b'))
        {
            let both = |path: &[u8]| Self::with_readings(path, &[&path[2..], path]);
            return Ok((both(old)?, both(new)?));
        }
        Ok((Self::prefixed(old)?, Self::prefixed(new)?))
    }

    fn with_readings(written: &[u8], readings: &[&[u8]]) -> Result<Self, PathError> {
        let mut good = Vec::new();
        let mut first_error = None;
        for reading in readings {
            match RepoPath::parse(reading) {
                Ok(path) => good.push(path),
                // A prefix in front of an unsafe path does not make it safe.
                Err(error) => {
                    first_error.get_or_insert(error);
                    break;
                }
            }
        }
        match first_error {
            Some(error) if good.is_empty() && !is_repairable(written) => Err(error),
            _ => Ok(Self { written: written.into(), readings: good, aim: Aim::Loose }),
        }
    }

    /// The likeliest path, if the spelling is one.
    pub(super) fn path(&self) -> Option<&RepoPath> {
        self.readings.first()
    }

    /// For messages: printable.
    pub(super) fn shown(&self) -> String {
        self.path().map_or_else(|| self.written.escape_ascii().to_string(), ToString::to_string)
    }

    /// Files of the tree whose last components are those of this spelling, by the longest such end that names one.
    ///
    /// One component is only enough for a file at the top: `lib.rs` at the end of a path that otherwise differs says nothing.
    pub(super) fn by_suffix<'l>(&self, listing: &'l [RepoPath]) -> Vec<&'l RepoPath> {
        match self.aim {
            Aim::Loose => {}
            Aim::Exact => return Vec::new(),
        }
        let written = without_dot(&self.written);
        let parts: Vec<&[u8]> = written.split_str("/").filter(|part| !part.is_empty() && *part != b".").collect();
        for from in 0..parts.len() {
            let suffix = parts[from..].join(&b'/');
            let hits: Vec<&RepoPath> = listing.iter().filter(|path| ends_with_path(path.as_bytes(), &suffix)).collect();
            if !hits.is_empty() {
                let telling = parts.len() - from > 1 || parts.len() == 1;
                let exact: Vec<&RepoPath> = hits.iter().copied().filter(|path| path.as_bytes() == suffix).collect();
                return if telling { hits } else { exact };
            }
        }
        Vec::new()
    }
}

fn ends_with_path(path: &[u8], suffix: &[u8]) -> bool {
    path.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"))
}

/// An absolute path without tricks: it may be the place of a clone on somebody's disk.
fn is_repairable(written: &[u8]) -> bool {
    written.first() == Some(&b'/')
        && !written.iter().any(u8::is_ascii_control)
        && written[1..].split_str("/").all(|part| RepoPath::parse(part).is_ok())
}

fn without_dot(path: &[u8]) -> &[u8] {
    path.strip_prefix(b"./").unwrap_or(path)
}

/// Undoes git's C-style quoting if the text begins with a quote; returns what follows it. `None` when malformed.
pub(super) fn unquote(text: &[u8]) -> Option<(BString, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut out = BString::default();
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((out, rest)),
            b'\\' => {
                let (&escape, after) = rest.split_first()?;
                rest = after;
                let plain = match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'"' | b'\\' => escape,
                    b'0'..=b'3' => {
                        let digits = rest.get(..2)?;
                        rest = &rest[2..];
                        digits.iter().try_fold(escape - b'0', |value, digit| match digit {
                            b'0'..=b'7' => Some(value * 8 + (digit - b'0')),
                            _ => None,
                        })?
                    }
                    _ => return None,
                };
                out.push(plain);
            }
            _ => out.push(byte),
        }
    }
}

/// Quotes as git does with `core.quotePath` on, when there is something to quote.
pub(super) fn quote(prefix: &str, path: &[u8]) -> BString {
    let odd = |byte: &u8| *byte < 0x20 || *byte >= 0x7f || matches!(byte, b'"' | b'\\');
    let mut out = BString::from(prefix);
    if !path.iter().any(odd) {
        out.extend_from_slice(path);
        return out;
    }
    out.insert(0, b'"');
    for byte in path {
        match byte {
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            _ if odd(byte) => out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_undone_as_git_does_it() {
        let cases: [(&[u8], Option<&[u8]>); 6] = [
            (br#""a\303\244b""#, Some("aäb".as_bytes())),
            (br#""tab\there""#, Some(b"tab\there")),
            (br#""q\"uote\\""#, Some(br#"q"uote\"#)),
            (br#""open"#, None),
            (br#""bad\q""#, None),
            (br#""bad\40""#, None),
        ];
        for (quoted, plain) in cases {
            let got = unquote(quoted).map(|(path, _)| path);
            assert_eq!(got.as_deref().map(AsRef::as_ref), plain, "{}", quoted.as_bstr());
        }
        assert_eq!(quote("a/", "aä\"".as_bytes()), r#""a/a\303\244\"""#);
        assert_eq!(quote("b/", b"plain name"), "b/plain name");
    }

    #[test]
    fn prefixes_are_folders_where_they_must_be() {
        let readings = |name: &Name| name.readings.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (old, new) = Name::pair(b"a/b/x", b"b/b/x").unwrap();
        assert_eq!(
            (readings(&old), readings(&new)),
            (vec!["b/x".into(), "a/b/x".into()], vec!["b/x".into(), "b/b/x".to_string()])
        );
        let (old, _) = Name::pair(b"i/.github/x", b"w/.github/x").unwrap();
        assert_eq!(old.path().unwrap().to_string(), ".github/x");
        assert!(Name::pair(b"a/../x", b"b/../x").is_err());
        assert!(Name::pair(b"b//tmp/x", b"b//tmp/x").is_err());
        assert!(Name::plain(b"/etc/passwd").unwrap().readings.is_empty());
    }

    #[test]
    fn a_wrong_start_of_a_path_is_found_by_its_end() {
        let listing: Vec<RepoPath> =
            ["src/lib.rs", "core/src/lib.rs", "Cargo.toml"].map(|p| RepoPath::parse(p).unwrap()).into();
        let hits = |written: &str| {
            let name = Name::plain(written.as_bytes()).unwrap();
            name.by_suffix(&listing).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(hits("/work/repo/core/src/lib.rs"), ["core/src/lib.rs"]);
        assert_eq!(hits("repo/src/lib.rs"), ["src/lib.rs", "core/src/lib.rs"]);
        assert_eq!(hits("/work/Cargo.toml"), ["Cargo.toml"]);
        assert_eq!(hits("elsewhere/lib.rs"), Vec::<String>::new());
    }
}
