//! What the texts are about.

use crate::core::act::Step;
use crate::core::issue::Issue;
use crate::core::names::{RepoPath, Timestamp};
use crate::core::outcome::Outcome;
use crate::core::triage::Assessment;

/// The issue, as every text shows it.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub issue: &'a Issue,
    /// What triage found; `None` where nobody asked it.
    pub assessment: Option<&'a Assessment>,
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

/// What people are told about an ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<'o> {
    Questions(&'o [String]),
    /// Somebody fixed it already.
    Fixed(&'o String),
    Stopped(Stopped<'o>),
}

/// Why nothing was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped<'o> {
    pub ending: Ending,
    pub why: &'o str,
    /// Words of models and programs.
    pub details: &'o [String],
}

impl<'o> Told<'o> {
    /// `None`: it was told already, or telling it helps nobody.
    pub fn of(outcome: &'o Outcome) -> Option<Self> {
        let stopped = |ending, why, details| Some(Self::Stopped(Stopped { ending, why, details }));
        match outcome {
            Outcome::NeedsClarification { questions } => Some(Self::Questions(questions)),
            Outcome::AlreadyFixed { evidence } => Some(Self::Fixed(evidence)),
            Outcome::Held { why } => stopped(Ending::Held, why, &[]),
            Outcome::NoPatch { why } => stopped(Ending::Failed, why, &[]),
            Outcome::Refused { violations } => {
                stopped(Ending::Failed, "The change that the model proposed was refused by the guard.", violations)
            }
            Outcome::ChecksRed { checks } => {
                stopped(Ending::Failed, "No proposed change made the required checks pass.", checks)
            }
            Outcome::Published { .. }
            | Outcome::KeptLocal { .. }
            | Outcome::FixHolds { .. }
            | Outcome::NotReady { .. }
            | Outcome::Changed { .. }
            | Outcome::CheckoutChanged { .. }
            | Outcome::OutOfBudget { .. }
            | Outcome::Taken { .. }
            | Outcome::Interrupted => None,
        }
    }
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
