//! How the work on an issue ended. `Err` elsewhere means that something broke; everything expected is an [`Outcome`].

use serde::Serialize;

use super::budget::Exhausted;
use super::checkout::named;
use super::checks::Strength;
use super::names::{BurnBranch, CommitId};
use super::text::one_line;

/// The ending of one issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Proven, pushed, pull request opened. In a dry run there is no pull request.
    Published { branch: BurnBranch, commit: CommitId, pull: Option<String>, strength: Strength },
    /// The change is committed and proven, and was asked not to be pushed (`--no-push`).
    KeptLocal { commit: CommitId, strength: Strength },
    /// Somebody fixed it, or is about to.
    AlreadyFixed { evidence: String },
    /// It was opened again, and its earlier fix was proven anew: told to the people, who decide.
    FixHolds { fix: CommitId },
    /// The reporter was asked.
    NeedsClarification { questions: Vec<String> },
    /// A person has to decide: a limit was escalated, or the issue changed under way.
    Held { why: String },
    /// The issue was edited, closed or locked under way: run it again if it is still wanted.
    Changed { why: String },
    /// The issue is not for git-burn now: closed, blocked, excluded, locked.
    NotReady { why: String },
    /// The guard refused the change; nothing was published.
    Refused { violations: Vec<String> },
    /// These required checks stayed red after all attempts.
    ChecksRed { checks: Vec<String> },
    /// A check that nothing confined changed the user's checkout; nothing was published. Told to the user alone: it is a
    /// matter of this machine, and names its files.
    CheckoutChanged { check: String, changed: Vec<String> },
    /// The model gave nothing that could be used.
    NoPatch { why: String },
    /// A limit of turns, tokens, money or time was reached; the draft is kept and can be continued.
    OutOfBudget { limit: String },
    /// Another run has the issue or its branch.
    Taken { by: String },
    /// A signal: stopped in order; a draft, if there was one already, is kept.
    Interrupted,
}

impl Outcome {
    /// A limit does not allow to go on.
    pub fn out_of(limit: &Exhausted) -> Self {
        Self::OutOfBudget { limit: limit.to_string() }
    }

    /// git-burn's exit status for it (design: 0 done, 1 "no", 5 held, 6 budget, 7 taken, 130 interrupted).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Published { .. } | Self::KeptLocal { .. } | Self::AlreadyFixed { .. } | Self::FixHolds { .. } => 0,
            Self::Refused { .. } | Self::ChecksRed { .. } | Self::NoPatch { .. } | Self::NotReady { .. } => 1,
            Self::NeedsClarification { .. }
            | Self::Held { .. }
            | Self::Changed { .. }
            | Self::CheckoutChanged { .. } => 5,
            Self::OutOfBudget { .. } => 6,
            Self::Taken { .. } => 7,
            Self::Interrupted => 130,
        }
    }

    /// One line for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Published { pull: Some(url), strength, .. } => format!("published: {url} ({})", proof(*strength)),
            Self::Published { branch, pull: None, strength, .. } => {
                format!("ready to publish as {branch} ({})", proof(*strength))
            }
            Self::KeptLocal { commit, strength } => format!("kept as {} ({})", commit.short(), proof(*strength)),
            Self::AlreadyFixed { evidence } => format!("already fixed: {evidence}"),
            Self::FixHolds { fix } => {
                format!("the fix {} holds: red without it, green with it; a person decides", fix.short())
            }
            Self::NeedsClarification { questions } => format!("asked the reporter: {}", questions.join(" ")),
            Self::Held { why } => format!("held for a person: {why}"),
            Self::Changed { why } => why.clone(),
            Self::NotReady { why } => format!("not ready: {why}"),
            Self::Refused { violations } => format!("refused by the guard: {}", violations.join("; ")),
            Self::ChecksRed { checks } => format!("checks stayed red: {}", checks.join(", ")),
            Self::CheckoutChanged { check, changed } => format!(
                "the check `{}`, which nothing confined, changed your checkout: {}; nothing was published. Put it right \
                 (git status and git reflog show what was), then correct the check or install bubblewrap",
                one_line(check),
                one_line(&named(changed))
            ),
            Self::NoPatch { why } => format!("no usable patch: {why}"),
            Self::OutOfBudget { limit } => format!("stopped at a limit: {limit}"),
            Self::Taken { by } => format!("taken: {by}"),
            Self::Interrupted => "interrupted in order; the same command goes on".to_owned(),
        }
    }
}

fn proof(strength: Strength) -> &'static str {
    match strength {
        Strength::RedToGreen => "red before, green now",
        Strength::StaysGreen => "green before and after",
    }
}

#[cfg(test)]
impl Outcome {
    /// One of each kind, for the tests of what has to know all of them.
    pub fn examples() -> Vec<Self> {
        let text = String::new;
        let commit = || CommitId::parse(&"a".repeat(40)).expect("an id");
        let branch = BurnBranch::of_template("a/{number}", "a/1").expect("a branch").0;
        let strength = Strength::RedToGreen;
        vec![
            Self::Published { branch, commit: commit(), pull: None, strength },
            Self::KeptLocal { commit: commit(), strength },
            Self::AlreadyFixed { evidence: text() },
            Self::FixHolds { fix: commit() },
            Self::NeedsClarification { questions: Vec::new() },
            Self::Held { why: text() },
            Self::Changed { why: text() },
            Self::NotReady { why: text() },
            Self::Refused { violations: Vec::new() },
            Self::ChecksRed { checks: Vec::new() },
            Self::CheckoutChanged { check: text(), changed: Vec::new() },
            Self::NoPatch { why: text() },
            Self::OutOfBudget { limit: text() },
            Self::Taken { by: text() },
            Self::Interrupted,
        ]
    }
}
