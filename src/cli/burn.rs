//! `git burn issue`, `next`, `revise` and `plan`: the commands that work on one issue after the other.

use serde_json::json;

use super::args::work::{Issue, Next, Plan, Revise};
use super::context::Context;
use super::error::Exit;
use super::session::{Models, Session};
use super::settings::triage;
use crate::core::freshness::Insistence;
use crate::core::names::IssueNumber;
use crate::core::outcome::Outcome;
use crate::flow::revise::{self, Revised};
use crate::flow::{Shop, burn, next, plan};

/// Works on the named issues, one after the other; the first that does not end well decides the exit status.
pub fn issue(args: &Issue, context: &Context) -> anyhow::Result<Exit> {
    let session = Session::open(context, &args.work, None, Models::Asked)?;
    let outcomes = session.run(context, "issue", |shop| each(shop, &args.numbers))?;
    let exits = outcomes.iter().map(Exit::from);
    let exit = exits.into_iter().find(|exit| *exit != Exit::Done).unwrap_or(Exit::Done);
    session.finish(context, exit)
}

fn each(shop: &mut Shop<'_>, numbers: &[IssueNumber]) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for number in numbers {
        let outcome = burn::burn(shop, *number, Insistence::Named)?;
        let interrupted = outcome == Outcome::Interrupted;
        outcomes.push(outcome);
        if interrupted {
            break;
        }
    }
    Ok(outcomes)
}

/// Works on the best ready issue.
pub fn next(args: &Next, context: &Context) -> anyhow::Result<Exit> {
    let session = Session::open(context, &args.work, args.pick.min_score, Models::Asked)?;
    let pick = triage::pick(&args.pick);
    let exit = match session.run(context, "next", |shop| next::next(shop, &pick))? {
        Some(outcome) => Exit::from(&outcome),
        None => {
            context.tell("nothing to do: no issue is ready; `git burn list --all` says why");
            if args.exit_code { Exit::Nothing } else { Exit::Done }
        }
    };
    session.finish(context, exit)
}

/// Answers what reviewers want of a pull request.
pub fn revise(args: &Revise, context: &Context) -> anyhow::Result<Exit> {
    let session = Session::open(context, &args.work, None, Models::Asked)?;
    session.refuse_unreached()?;
    let exit = match session.run(context, "revise", |shop| revise::revise(shop, args.number))? {
        Revised::Ended(outcome) => Exit::from(&outcome),
        Revised::Nothing { why } => {
            context.tell(&format!("nothing to do: {why}"));
            if args.exit_code { Exit::Nothing } else { Exit::Done }
        }
    };
    session.finish(context, exit)
}

/// Prints the analysis of an issue; nothing is posted and no model is asked.
pub fn plan(args: &Plan, context: &Context) -> anyhow::Result<Exit> {
    let session = Session::open(context, &args.work, None, Models::NotAsked)?;
    let text = session.run(context, "plan", |shop| plan::plan(shop, args.number))?;
    context.result("plan", &json!({ "issue": args.number, "markdown": text }), &text)?;
    session.finish(context, Exit::Done)
}
