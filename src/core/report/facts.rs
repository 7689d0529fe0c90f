//! What the texts are about.

use crate::core::act::Step;
use crate::core::issue::Issue;
use crate::core::names::{RepoPath, Timestamp};

/// The issue, as every text shows it.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub issue: &'a Issue,
    /// The classification in one word: bug, feature, ...
    pub kind: &'a str,
    /// `P1` and what that rests on.
    pub severity: &'a str,
    pub now: Timestamp,
}

/// A place in the repository that the ranking holds for relevant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub path: RepoPath,
    /// First and last line that matter, from 1; `None`: the whole file.
    pub lines: Option<(usize, usize)>,
    /// Why, in a few words: "defines `parse_date`".
    pub why: String,
}

/// What was found before the work.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// Most likely first.
    pub places: &'a [Place],
    /// What speaks for looking twice: earlier commits and pull requests that name the issue.
    pub hints: &'a [String],
}

/// How the work ended where nothing was published; decides the comment's template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Refused by the guard, red, or no patch at all.
    Failed,
    /// A person has to decide.
    Held,
}

impl Ending {
    /// Which comment it is.
    pub fn step(self) -> Step {
        match self {
            Self::Failed => Step::Failed,
            Self::Held => Step::Held,
        }
    }
}
