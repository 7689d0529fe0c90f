//! An earlier fix, looked at again: whether it still stands, and whether the checks still tell that it is there.

use serde::Serialize;

use super::checks::{Proof, Strength, Unproven};
use super::names::CommitId;

/// What a second look at a fix showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    pub fix: CommitId,
    /// First line of its message.
    pub subject: String,
    pub standing: Standing,
    /// The checks on the code without the fix, and as it stands now ([`Stage::Head`](super::checks::Stage::Head)).
    pub proof: Proof,
}

/// Where the fix is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// On the base branch, all of it.
    OnBase,
    /// On its own branch, not merged yet.
    OnBranch,
    /// It came to the base branch, but could not be taken back from it: its lines were changed or removed since.
    Overwritten { problems: Vec<String> },
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// A required check fails without the fix, and all pass with it.
    Holds,
    /// All required checks pass, without the fix as well: nothing shows that it solves anything.
    Unshown,
    /// All required checks pass, but the fix is not there any more as it was made.
    Overwritten,
    /// These required checks do not pass.
    Red { checks: Vec<String> },
    /// No required check applies to it.
    Unchecked,
}

impl Verification {
    /// What follows from it.
    pub fn finding(&self) -> Finding {
        match (self.proof.strength(), &self.standing) {
            (Err(Unproven::Red(red)), _) => {
                Finding::Red { checks: red.into_iter().map(|result| result.name).collect() }
            }
            (Err(Unproven::NothingRan | Unproven::OtherTree), _) => Finding::Unchecked,
            (Ok(_), Standing::Overwritten { .. }) => Finding::Overwritten,
            (Ok(Strength::RedToGreen), Standing::OnBase | Standing::OnBranch) => Finding::Holds,
            (Ok(Strength::StaysGreen), Standing::OnBase | Standing::OnBranch) => Finding::Unshown,
        }
    }

    /// One line for people and for the model.
    pub fn sentence(&self) -> String {
        let fix = format!("the earlier fix {} ({})", self.fix.short(), self.subject);
        let place = match &self.standing {
            Standing::OnBase => "is on the base branch",
            Standing::OnBranch => "is on its branch",
            Standing::Overwritten { .. } => "was merged, but is not on the base branch any more as it was made",
        };
        let shown = match self.finding() {
            Finding::Holds => "a required check fails without it, and all pass with it".to_owned(),
            Finding::Unshown => "all required checks pass, but they pass without it as well".to_owned(),
            Finding::Overwritten => "all required checks pass all the same".to_owned(),
            Finding::Red { checks } => format!("these checks do not pass: {}", checks.join(", ")),
            Finding::Unchecked => "no required check applies to it".to_owned(),
        };
        format!("{fix} {place}; {shown}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::checks::{CheckResult, Ended, Need, Stage};
    use crate::core::names::TreeId;

    fn result(stage: Stage, ended: Ended) -> CheckResult {
        CheckResult {
            name: "test".into(),
            command: "make test".into(),
            need: Need::Required,
            stage,
            ended,
            took: Duration::ZERO,
            output: String::new(),
            sandbox: "off".into(),
        }
    }

    fn finding(standing: Standing, results: Vec<CheckResult>) -> Finding {
        let id = CommitId::parse(&"a".repeat(40)).expect("an id");
        let tree = TreeId::parse(&"b".repeat(40)).expect("an id");
        let proof = Proof { base: id.clone(), tree, results };
        Verification { fix: id, subject: "s".into(), standing, proof }.finding()
    }

    #[test]
    fn only_red_without_and_green_with_holds() {
        let failed = || Ended::Failed { code: 1 };
        let overwritten = || Standing::Overwritten { problems: vec!["p".into()] };
        let base = |ended| vec![result(Stage::Base, ended), result(Stage::Head, Ended::Passed)];
        assert_eq!(finding(Standing::OnBase, base(failed())), Finding::Holds);
        assert_eq!(finding(Standing::OnBranch, base(failed())), Finding::Holds);
        assert_eq!(finding(Standing::OnBase, base(Ended::Passed)), Finding::Unshown);
        // A check that could not start on the code without the fix says nothing about the fix.
        let missing = Ended::NotStarted { problem: "no shell".into() };
        assert_eq!(finding(Standing::OnBase, base(missing)), Finding::Unshown);
        assert_eq!(finding(overwritten(), vec![result(Stage::Head, Ended::Passed)]), Finding::Overwritten);
        let red = || vec![result(Stage::Head, failed())];
        assert_eq!(finding(overwritten(), red()), Finding::Red { checks: vec!["test".into()] });
        assert_eq!(finding(Standing::OnBase, red()), Finding::Red { checks: vec!["test".into()] });
        assert_eq!(finding(Standing::OnBase, Vec::new()), Finding::Unchecked);
    }
}
