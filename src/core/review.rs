//! What reviewers say about a pull request, and what of it still wants an answer.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::act::is_signed;
use super::issue::{Comment, Role};
use super::names::{IssueNumber, RepoPath, Timestamp};

/// Everything that a forge has of a pull request's reviews.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    pub reviews: Vec<Review>,
    /// Remarks at lines, of all reviews.
    pub remarks: Vec<Remark>,
    /// What could not be read or found out, for people.
    pub notes: Vec<String>,
}

/// One person's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub id: u64,
    pub author: String,
    pub author_role: Role,
    pub verdict: Verdict,
    /// Empty where the remarks say it all.
    pub body: String,
    pub submitted: Timestamp,
    pub url: String,
}

/// What a review comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approved,
    ChangesRequested,
    Commented,
    /// Declared void by a maintainer.
    Dismissed,
}

/// Something that was said about a place in the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    pub id: u64,
    /// The remark that began the conversation at this place: its own id, or that of the one it replies to.
    pub thread: u64,
    pub review: Option<u64>,
    pub author: String,
    pub author_role: Role,
    pub body: String,
    /// `None` where the forge names no path that could be one.
    pub place: Option<Place>,
    pub standing: Standing,
    pub created: Timestamp,
    pub url: String,
}

/// Where in the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub path: RepoPath,
    /// From 1; `None`: the whole file. For an outdated remark the line that it had.
    pub line: Option<u32>,
    pub side: Side,
    /// The lines of the diff up to that place, as the reviewer saw them; empty where the forge does not keep them.
    pub hunk: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.side) {
            (Some(line), Side::New) => write!(f, "{}:{line}", self.path),
            (Some(line), Side::Old) => write!(f, "{}:{line} (before the change)", self.path),
            (None, _) => write!(f, "{}", self.path),
        }
    }
}

/// Which state of the file a line number counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    New,
    /// A line that the change removes or leaves.
    Old,
}

/// Whether a remark still stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Open,
    /// The lines have changed since, where the forge says so.
    Outdated,
    /// Somebody marked it as dealt with.
    Resolved,
}

/// Names one thing that was said; forges count reviews, remarks and comments apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Review(u64),
    Remark(u64),
    Comment(u64),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Review(id) => write!(f, "review-{id}"),
            Self::Remark(id) => write!(f, "remark-{id}"),
            Self::Comment(id) => write!(f, "comment-{id}"),
        }
    }
}

impl Serialize for Key {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.split_once('-').and_then(|(kind, id)| Some((kind, id.parse().ok()?)));
        match named {
            Some(("review", id)) => Ok(Self::Review(id)),
            Some(("remark", id)) => Ok(Self::Remark(id)),
            Some(("comment", id)) => Ok(Self::Comment(id)),
            _ => Err(format!("`{text}` names no review, remark or comment")),
        }
    }
}

/// One thing that reviewers want: what was said about it, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Concern {
    /// What of it has not been answered; never empty.
    pub keys: Vec<Key>,
    /// `None` for what was said about the change as a whole.
    pub place: Option<Place>,
    pub standing: Standing,
    pub said: Vec<Said>,
}

/// One person's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    pub author: String,
    pub body: String,
    pub at: Timestamp,
    pub url: String,
}

/// Whose words are heard (design.md section 6): people who may push and, where somebody merely comments, the reporter.
/// Never an application, and never git-burn's own texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Voices {
    /// Logins that were found to be allowed to push.
    pub writers: BTreeSet<String>,
    /// Login of the issue's reporter.
    pub reporter: String,
}

impl Voices {
    fn hears(&self, author: &str, role: Role, body: &str) -> bool {
        let may_push = match role {
            Role::Writer => true,
            Role::Outsider => false,
            Role::Unknown => self.writers.contains(author),
        };
        may_push && !is_application(author) && !is_signed(body) && !body.trim().is_empty()
    }

    fn hears_comment(&self, comment: &Comment) -> bool {
        let reporter = comment.author == self.reporter && !is_application(&comment.author);
        let said = !is_signed(&comment.body) && !comment.body.trim().is_empty();
        (reporter && said) || self.hears(&comment.author, comment.author_role, &comment.body)
    }
}

/// How forges name the accounts of applications.
fn is_application(login: &str) -> bool {
    login.ends_with("[bot]")
}

/// Logins whose rights have to be asked for before anybody can say whether they are heard.
pub fn unknown_speakers(reading: &Reading, comments: &[Comment]) -> BTreeSet<String> {
    let reviews = reading.reviews.iter().map(|review| (&review.author, review.author_role));
    let remarks = reading.remarks.iter().map(|remark| (&remark.author, remark.author_role));
    let comments = comments.iter().filter(|comment| !is_signed(&comment.body));
    let comments = comments.map(|comment| (&comment.author, comment.author_role));
    let unknown = reviews
        .chain(remarks)
        .chain(comments)
        .filter(|(author, role)| *role == Role::Unknown && !is_application(author));
    unknown.map(|(author, _)| author.clone()).collect()
}

/// What wants an answer, oldest first. Left out: what `done` names, what was resolved or dismissed, an approval's text.
pub fn concerns(reading: &Reading, comments: &[Comment], voices: &Voices, done: &BTreeSet<Key>) -> Vec<Concern> {
    let reviews = reading.reviews.iter().filter(|review| {
        let wants = matches!(review.verdict, Verdict::ChangesRequested | Verdict::Commented);
        wants && voices.hears(&review.author, review.author_role, &review.body)
    });
    let reviews = reviews
        .map(|review| whole(Key::Review(review.id), &review.author, &review.body, review.submitted, &review.url));
    let comments = comments
        .iter()
        .filter(|comment| voices.hears_comment(comment))
        .map(|comment| whole(Key::Comment(comment.id), &comment.author, &comment.body, comment.created, &comment.url));
    let mut all: Vec<Concern> = reviews.chain(comments).chain(threads(reading, voices)).collect();
    all.iter_mut().for_each(|concern| concern.keys.retain(|key| !done.contains(key)));
    all.retain(|concern| !concern.keys.is_empty());
    all.sort_by_key(|concern| concern.said.first().map(|said| said.at));
    all
}

fn whole(key: Key, author: &str, body: &str, at: Timestamp, url: &str) -> Concern {
    let said = Said { author: author.to_owned(), body: body.to_owned(), at, url: url.to_owned() };
    Concern { keys: vec![key], place: None, standing: Standing::Open, said: vec![said] }
}

/// Remarks at the same place that answer each other are one concern.
fn threads(reading: &Reading, voices: &Voices) -> Vec<Concern> {
    let dismissed = |remark: &Remark| {
        let of = |review: &Review| Some(review.id) == remark.review && review.verdict == Verdict::Dismissed;
        reading.reviews.iter().any(of)
    };
    let standing = |thread: u64| {
        let root = reading.remarks.iter().find(|remark| remark.id == thread);
        root.map_or(Standing::Open, |root| root.standing)
    };
    let mut remarks: Vec<&Remark> = reading
        .remarks
        .iter()
        .filter(|remark| {
            voices.hears(&remark.author, remark.author_role, &remark.body)
                && !dismissed(remark)
                && remark.standing != Standing::Resolved
                && standing(remark.thread) != Standing::Resolved
        })
        .collect();
    remarks.sort_by_key(|remark| (remark.thread, remark.created, remark.id));
    let of_thread = |remarks: &[&Remark]| Concern {
        keys: remarks.iter().map(|remark| Key::Remark(remark.id)).collect(),
        place: remarks[0].place.clone(),
        standing: remarks[0].standing,
        said: remarks.iter().map(|remark| said(remark)).collect(),
    };
    remarks.chunk_by(|one, other| one.thread == other.thread).map(of_thread).collect()
}

fn said(remark: &Remark) -> Said {
    let Remark { author, body, created, url, .. } = remark;
    Said { author: author.clone(), body: body.clone(), at: *created, url: url.clone() }
}

/// What a text of git-burn's own notes down, out of sight: which words it deals with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// Something was done about them, or why nothing was is said.
    Answered,
    /// Their authors were asked what they mean.
    Asked,
}

impl Note {
    fn start(self) -> &'static str {
        match self {
            Self::Answered => "<!-- git-burn:answered ",
            Self::Asked => "<!-- git-burn:asked ",
        }
    }

    /// The hidden line.
    pub fn line(self, keys: &[Key]) -> String {
        format!("{}{} -->", self.start(), listed(keys))
    }

    /// What the hidden lines of a text name. Only git-burn's own texts may be asked.
    pub fn read(self, body: &str) -> BTreeSet<Key> {
        let noted = body.lines().filter_map(|line| line.trim().strip_prefix(self.start())?.strip_suffix("-->"));
        noted.flat_map(keys).collect()
    }
}

/// What one commit answers: these words about that pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    pub pull: IssueNumber,
    /// Never empty.
    pub keys: Vec<Key>,
}

impl Answers {
    /// The trailer's line.
    pub fn trailer(&self) -> String {
        format!("{TRAILER}: {}", listed(&self.keys))
    }
}

/// The trailer by which a commit names the words that it answers.
pub const TRAILER: &str = "Burn-Answers";

/// What the commit with that message answers.
pub fn answered_by(message: &str) -> BTreeSet<Key> {
    let trailers = message.lines().filter_map(|line| line.strip_prefix(TRAILER)?.strip_prefix(':'));
    trailers.flat_map(keys).collect()
}

/// Keys as they stand in a note or a trailer.
pub fn listed(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

fn keys(text: &str) -> impl Iterator<Item = Key> {
    text.split_whitespace().filter_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn review(id: u64, author: &str, verdict: Verdict, body: &str) -> Review {
        let (author, body, url) = (author.to_owned(), body.to_owned(), String::new());
        Review { id, author, author_role: Role::Unknown, verdict, body, submitted: at(10), url }
    }

    fn remark(id: u64, thread: u64, author: &str, standing: Standing) -> Remark {
        let path = RepoPath::parse("src/a.rs").unwrap();
        Remark {
            id,
            thread,
            review: Some(1),
            author: author.to_owned(),
            author_role: Role::Unknown,
            body: format!("remark {id}"),
            place: Some(Place { path, line: Some(3), side: Side::New, hunk: String::new() }),
            standing,
            created: at(i64::try_from(id).unwrap()),
            url: String::new(),
        }
    }

    fn comment(id: u64, author: &str, body: &str) -> Comment {
        Comment {
            id,
            author: author.to_owned(),
            author_role: Role::Unknown,
            body: body.to_owned(),
            created: at(20),
            updated: at(20),
            url: String::new(),
        }
    }

    fn voices() -> Voices {
        let writers = ["ada", "bob", "helper[bot]"].map(str::to_owned).into();
        Voices { writers, reporter: "rita".to_owned() }
    }

    /// Keys of what wants an answer, one concern a word.
    fn wanted(reading: &Reading, comments: &[Comment], done: &[Key]) -> Vec<String> {
        let done = done.iter().copied().collect();
        concerns(reading, comments, &voices(), &done).iter().map(|concern| listed(&concern.keys)).collect()
    }

    #[test]
    fn only_people_who_may_push_are_heard_and_the_reporter_where_she_comments() {
        let reviews = vec![
            review(1, "ada", Verdict::ChangesRequested, "no"),
            review(2, "mallory", Verdict::ChangesRequested, "no"),
            review(3, "rita", Verdict::ChangesRequested, "no"),
            review(4, "helper[bot]", Verdict::ChangesRequested, "no"),
        ];
        let comments = [
            comment(5, "rita", "still broken"),
            comment(6, "mallory", "me too"),
            comment(7, "bob", "what about b?"),
            comment(8, "ada", "done\n<!-- git-burn v=1 issue=1 step=round round=a run=r -->"),
            comment(9, "helper[bot]", "coverage is 3 %"),
        ];
        let reading = Reading { reviews, ..Reading::default() };
        assert_eq!(wanted(&reading, &comments, &[]), ["review-1", "comment-5", "comment-7"]);
        assert_eq!(unknown_speakers(&reading, &comments), ["ada", "bob", "mallory", "rita"].map(str::to_owned).into());
    }

    #[test]
    fn what_is_approved_dismissed_resolved_or_answered_wants_nothing() {
        let reviews = vec![
            review(1, "ada", Verdict::Commented, " "),
            review(2, "ada", Verdict::Approved, "nice"),
            review(3, "bob", Verdict::Dismissed, "no"),
        ];
        let of_dismissed = Remark { review: Some(3), ..remark(9, 9, "bob", Standing::Open) };
        let remarks = vec![
            remark(4, 4, "ada", Standing::Open),
            remark(5, 5, "ada", Standing::Resolved),
            remark(6, 5, "bob", Standing::Open),
            remark(7, 7, "ada", Standing::Outdated),
            of_dismissed,
        ];
        let reading = Reading { reviews, remarks, ..Reading::default() };
        assert_eq!(wanted(&reading, &[], &[]), ["remark-4", "remark-7"]);
        assert_eq!(wanted(&reading, &[], &[Key::Remark(4), Key::Remark(7)]), [""; 0]);
    }

    #[test]
    fn a_reply_brings_its_conversation_back() {
        let remarks = vec![
            remark(4, 4, "ada", Standing::Open),
            remark(8, 4, "bob", Standing::Open),
            remark(6, 4, "mallory", Standing::Open),
        ];
        let reading = Reading { remarks, ..Reading::default() };
        let open = concerns(&reading, &[], &voices(), &[Key::Remark(4)].into());
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].keys, [Key::Remark(8)]);
        assert_eq!(open[0].said.iter().map(|said| said.body.as_str()).collect::<Vec<_>>(), ["remark 4", "remark 8"]);
    }

    #[test]
    fn notes_and_trailers_are_read_as_they_were_written() {
        let keys = [Key::Review(1), Key::Remark(20), Key::Comment(300)];
        let text = format!("All done.\n\n{}\n", Note::Answered.line(&keys));
        assert_eq!(Note::Answered.read(&text), keys.into());
        assert_eq!(Note::Asked.read(&text), [].into());
        let message = format!("fix: x\n\nBurn-Run: r\n{TRAILER}: {} nonsense review-x\n", listed(&keys));
        assert_eq!(answered_by(&message), keys.into());
    }
}
