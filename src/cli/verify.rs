//! `git burn verify`: proves again what was made for an issue.

use serde_json::json;

use super::args::work::Verify;
use super::context::Context;
use super::error::{Exit, Explained};
use super::session::{Models, Session};
use crate::core::names::IssueNumber;
use crate::core::verification::Finding;
use crate::flow::reopened::{self, Verified};

/// Prints the report; nothing is posted and no model is asked. Ends with "no" unless the fix holds.
pub fn run(args: &Verify, context: &Context) -> anyhow::Result<Exit> {
    let session = Session::open(context, &args.work(), None, Models::NotAsked)?;
    let Verified { verification, report } = session.run(context, "verify", |shop| {
        let seen = reopened::verify(shop, args.number)?;
        seen.ok_or_else(|| nothing_of(args.number).into())
    })?;
    let finding = verification.finding();
    let record = json!({ "issue": args.number, "fix": verification.fix, "finding": finding, "markdown": report });
    context.result("verification", &record, &report)?;
    let exit = match finding {
        Finding::Holds => Exit::Done,
        Finding::Unshown | Finding::Overwritten | Finding::Red { .. } | Finding::Unchecked => Exit::No,
    };
    session.finish(context, exit)
}

fn nothing_of(number: IssueNumber) -> Explained {
    let problem = format!("there is nothing to verify: no branch of git-burn's and no fix of #{number} on the base");
    Explained::new(Exit::No, problem)
        .hint("a fix is a commit on the base branch that says `fixes #N`, or that git-burn made")
}
