//! `git burn verify`: proves again what was made for an issue.

use super::args::work::Verify;
use super::context::Context;
use super::error::{Exit, Explained};
use super::session::{Models, Session};
use crate::core::verification::Finding;
use crate::flow::reopened::{self, Verified};

/// Prints the report; nothing is posted and no model is asked. Ends with "no" unless the fix holds.
pub fn run(args: &Verify, context: &Context) -> anyhow::Result<Exit> {
    let session = Session::open(context, &args.work(), None, Models::NotAsked)?;
    let seen = session.run(context, "verify", |shop| reopened::verify(shop, args.number))?;
    let Some(Verified { verification, report }) = seen else {
        let problem =
            format!("there is nothing to verify: no branch of git-burn's and no fix of #{} on the base", args.number);
        let hint = "a fix is a commit on the base branch that says `fixes #N`, or that git-burn made";
        return Err(Explained::new(Exit::No, problem).hint(hint).into());
    };
    context.terminal.write_out(report.as_bytes())?;
    let exit = match verification.finding() {
        Finding::Holds => Exit::Done,
        Finding::Unshown | Finding::Overwritten | Finding::Red { .. } | Finding::Unchecked => Exit::No,
    };
    session.finish(context, exit)
}
