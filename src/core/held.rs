//! A change that the guard held for a person: the note under which it is kept, and the person's word for exactly that
//! change.

use std::fmt;

use super::names::CommitId;

/// What is written into the commit of a held draft. The commit's id covers it, the change and what it was made on, so
/// that a word for the id is a word for all of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldNote {
    /// [`Fingerprint::digest`](super::issue::Fingerprint::digest) of the issue that it was made for.
    pub issue: String,
    pub model: String,
    /// What the guard found, a line each.
    pub violations: Vec<String>,
}

/// First line of every note.
const SUBJECT: &str = "held by the guard for a person";

impl HeldNote {
    /// Reads a commit's message; `None`: it is another draft.
    pub fn parse(message: &str) -> Option<Self> {
        let mut lines = message.lines();
        if lines.next() != Some(SUBJECT) {
            return None;
        }
        let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        let violations = lines.filter_map(|line| line.strip_prefix("* ")).map(str::to_owned).collect();
        Some(Self { issue: field("issue: ")?, model: field("model: ")?, violations })
    }

    /// Why the work stopped, and the ways on.
    pub fn reason(&self, issue: impl fmt::Display, commit: &CommitId) -> String {
        let id = commit.short();
        format!(
            "the guard needs a person's decision: {}; see it: git show {id}; let it pass: git burn approve {issue} {id}; \
             give it up: git burn abort {issue}",
            self.violations.join("; ")
        )
    }
}

impl fmt::Display for HeldNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{SUBJECT}\n\nissue: {}\nmodel: {}\n", self.issue, one_line(&self.model))?;
        self.violations.iter().try_for_each(|violation| writeln!(f, "* {}", one_line(violation)))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A person's word for one change and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    by: String,
}

/// Fewest hexadecimal digits that name a change.
const SHORTEST: usize = 7;

impl Approval {
    /// Takes the word of `by` if the digits that they typed name the commit of the held change.
    ///
    /// # Errors
    /// They name another one, or are too few.
    pub fn given(by: &str, typed: &str, held: &CommitId) -> Result<Self, OtherChange> {
        let typed = typed.trim().to_ascii_lowercase();
        match typed.len() >= SHORTEST && held.as_str().starts_with(&typed) {
            true => Ok(Self { by: by.to_owned() }),
            false => Err(OtherChange { typed, held: held.clone() }),
        }
    }

    /// Whose word it is.
    pub fn by(&self) -> &str {
        &self.by
    }
}

/// The digits do not name the change that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherChange {
    typed: String,
    held: CommitId,
}

impl fmt::Display for OtherChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (typed, id) = (&self.typed, self.held.short());
        if typed.len() < SHORTEST {
            return write!(
                f,
                "`{typed}` is too short to name a change\nhint: the change that is held is {id}: git show {id}"
            );
        }
        write!(f, "`{typed}` is not the change that is held now\nhint: that is {id}; look at it first: git show {id}")
    }
}

impl std::error::Error for OtherChange {}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str) -> CommitId {
        CommitId::parse(&digit.repeat(40)).expect("an id")
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let note = HeldNote {
            issue: "00ff".into(),
            model: "openai/x".into(),
            violations: vec!["a.sql: gone".into(), "b: two\nlines".into()],
        };
        let read = HeldNote::parse(&note.to_string()).expect("a note");
        assert_eq!(read.violations, ["a.sql: gone", "b: two lines"]);
        assert_eq!((read.issue, read.model), (note.issue, note.model));
        assert_eq!(HeldNote::parse("unfinished draft of git-burn"), None);
        assert_eq!(HeldNote::parse("held by the guard for a person\n\nmodel: x\n"), None);
    }

    #[test]
    fn only_the_digits_of_the_change_are_a_word_for_it() {
        let held = id("a");
        assert_eq!(Approval::given("ada", "AAAAAAAAAA", &held).map(|word| word.by().to_owned()), Ok("ada".into()));
        assert!(Approval::given("ada", held.as_str(), &held).is_ok());
        for wrong in ["", "aaaaaa", "aaaaaaab", "bbbbbbbbbb"] {
            assert!(Approval::given("ada", wrong, &held).is_err(), "{wrong}");
        }
    }
}
