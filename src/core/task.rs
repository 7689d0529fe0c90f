//! One piece of work of a run, as it stands in the record.

use serde::{Deserialize, Serialize};

use super::freshness::Insistence;
use super::names::IssueNumber;

/// What was to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// An issue that was named by a person.
    Named { number: IssueNumber },
    /// An issue that was picked from a list.
    Picked { number: IssueNumber },
    /// A review to be answered; the number is the pull request's or the issue's, as it was given.
    Revise { number: IssueNumber },
}

impl Task {
    /// Work on an issue.
    pub fn of_issue(number: IssueNumber, insistence: Insistence) -> Self {
        match insistence {
            Insistence::Named => Self::Named { number },
            Insistence::Picked => Self::Picked { number },
        }
    }
}

/// Kinds of lines of a run's record (`exchanges.jsonl`) that hold no exchange: what the run works with, a [`Task`], and
/// who made a commit and when.
pub const RUN: &str = "run";
pub const TASK: &str = "task";
pub const COMMIT: &str = "commit";
