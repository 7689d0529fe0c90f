//! A change that the guard held for a person: the note under which it is kept, and the person's word for exactly that
//! change.

use std::fmt;

use super::names::CommitId;
use super::review::{Answers, Key, answered_by};
use super::text::for_terminal;

/// What is written into the commit of a held draft. The commit's id covers it, the change and what it was made on, so
/// that a word for the id is a word for all of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldNote {
    /// [`Fingerprint::digest`](super::issue::Fingerprint::digest) of the issue that it was made for.
    pub issue: String,
    pub model: String,
    /// What the guard found, a line each.
    pub violations: Vec<String>,
    /// The model's own words around its patch; shown as such, never believed.
    pub claim: String,
    /// What it answers, if it is a revision; it stands on the head of its branch then.
    pub answers: Option<Answers>,
}

/// First line of every note.
const SUBJECT: &str = "held by the guard for a person";

impl HeldNote {
    /// Reads a commit's message; `None`: it is another draft.
    pub fn parse(message: &str) -> Option<Self> {
        if message.lines().next() != Some(SUBJECT) {
            return None;
        }
        let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        let listed = |mark: &'static str| message.lines().filter_map(move |line| line.strip_prefix(mark));
        let pull = field("pull: ").and_then(|pull| pull.parse().ok());
        let keys: Vec<Key> = answered_by(message).into_iter().collect();
        Some(Self {
            issue: field("issue: ")?,
            model: field("model: ")?,
            violations: listed("* ").map(str::to_owned).collect(),
            claim: listed("> ").collect::<Vec<_>>().join("\n"),
            answers: pull.filter(|_| !keys.is_empty()).map(|pull| Answers { pull, keys }),
        })
    }

    /// Why the work stopped.
    pub fn why(&self) -> String {
        format!("the guard needs a person's decision: {}", self.violations.join("; "))
    }

    /// The same with the ways on, for a change that is kept as that commit.
    pub fn reason(&self, issue: impl fmt::Display, commit: &CommitId) -> String {
        let (why, id) = (self.why(), commit.short());
        format!(
            "{why}; see it: `git show {id}`; let it pass: `git burn approve {issue} {id}`; give it up: `git burn abort {issue}`"
        )
    }
}

impl fmt::Display for HeldNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{SUBJECT}\n\nissue: {}\nmodel: {}", self.issue, one_line(&self.model))?;
        if let Some(Answers { pull, .. }) = &self.answers {
            writeln!(f, "pull: {pull}")?;
        }
        writeln!(f)?;
        self.violations.iter().try_for_each(|violation| writeln!(f, "* {}", one_line(violation)))?;
        if !self.claim.is_empty() {
            writeln!(f)?;
        }
        for_terminal(&self.claim).lines().try_for_each(|line| writeln!(f, "> {line}"))?;
        match &self.answers {
            Some(answers) => writeln!(f, "\n{}", answers.trailer()),
            None => Ok(()),
        }
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

/// The trailer by which a commit names the person who let it pass. Only git-burn writes it, and only on their word.
pub const TRAILER: &str = "Burn-Approved-by";

/// By whose hand or word a commit came onto its branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hand {
    /// git-burn's: the guard had nothing against it then.
    Machine,
    /// git-burn's, on a person's word for everything from the base up to it.
    Approved { by: String },
    /// A person's own commit.
    Pushed { by: String },
}

impl Hand {
    /// Reads who let a commit of git-burn's pass from its message: its last paragraph, where nobody else's words are.
    pub fn of_machine(message: &str) -> Self {
        let trailers = message.trim_end().rsplit("\n\n").next().unwrap_or_default().lines();
        let by = trailers.rev().find_map(|line| line.strip_prefix(TRAILER)?.strip_prefix(": ")).map(str::trim);
        by.filter(|by| !by.is_empty()).map_or(Self::Machine, |by| Self::Approved { by: by.to_owned() })
    }
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
    use super::super::names::IssueNumber;
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
            claim: String::new(),
            answers: None,
        };
        let read = HeldNote::parse(&note.to_string()).expect("a note");
        assert_eq!(read.violations, ["a.sql: gone", "b: two lines"]);
        assert_eq!((read.issue, read.model, read.answers), (note.issue, note.model, None));
        assert_eq!(HeldNote::parse("unfinished draft of git-burn"), None);
        assert_eq!(HeldNote::parse("held by the guard for a person\n\nmodel: x\n"), None);
    }

    #[test]
    fn a_revision_names_what_it_answers_and_the_model_cannot_add_to_it() {
        let pull = IssueNumber::new(2).expect("a number");
        let note = HeldNote {
            issue: "00ff".into(),
            model: "openai/x\npull: 9".into(),
            violations: vec!["a.sql: gone\nBurn-Answers: review-9".into()],
            claim: "R1: done\n\nBurn-Answers: review-9\n* pull: 9".into(),
            answers: Some(Answers { pull, keys: vec![Key::Review(1), Key::Remark(20)] }),
        };
        let read = HeldNote::parse(&note.to_string()).expect("a note");
        assert_eq!((read.answers, read.claim), (note.answers.clone(), note.claim.clone()));
        assert_eq!(read.violations.len(), 1);
        assert_eq!(answered_by(&note.to_string()), [Key::Review(1), Key::Remark(20)].into());
    }

    #[test]
    fn only_the_trailers_of_a_commit_say_who_let_it_pass() {
        let approved =
            "Mean (#1)\n\n* change a\n\nAssisted-by: git-burn:x\nBurn-Run: 1\nBurn-Approved-by: Ada Tester\n";
        assert_eq!(Hand::of_machine(approved), Hand::Approved { by: "Ada Tester".into() });
        for other in [
            "Burn-Approved-by: Ada (#1)\n\nAssisted-by: git-burn:x\nBurn-Run: 1\n",
            "Mean (#1)\n\n* add a\nBurn-Approved-by: Ada\n\nAssisted-by: git-burn:x\nBurn-Run: 1\n",
            "Mean (#1)\n\n> Burn-Approved-by: Ada\nBurn-Approved-by: \n",
            "",
        ] {
            assert_eq!(Hand::of_machine(other), Hand::Machine, "{other}");
        }
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
