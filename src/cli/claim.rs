//! `git burn claim`: who works on what, and taking a claim away.

use anyhow::Context as _;
use serde_json::json;

use super::args::keep::{Claim as Args, ClaimAction};
use super::args::work::Work;
use super::context::Context;
use super::error::{Exit, Explained};
use super::render::json::line;
use super::session::{Models, Session};
use crate::core::act::Act;
use crate::core::claim::{Claim, is_over};
use crate::core::names::IssueNumber;
use crate::core::text::one_line;
use crate::edge::repo::RemoteClaim;
use crate::flow::{Shop, Stop};

/// Lists, or releases one.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let session = Session::open(context, &Work::default(), None, Models::NotAsked)?;
    let exit = match &args.action {
        ClaimAction::List => {
            let text = session.run(context, "claim list", |shop| list(shop, context.common.json))?;
            if text.is_empty() {
                context.tell("nobody holds an issue");
            }
            context.terminal.write_out(text.as_bytes())?;
            Exit::Done
        }
        ClaimAction::Release { number, force } => {
            let how = if *force { How::Whoever } else { How::IfOver };
            session.run(context, "claim release", |shop| release(shop, *number, how))?;
            context.tell(&format!("#{number} is free"));
            Exit::Done
        }
    };
    session.finish(context, exit)
}

/// Which claims may be taken away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    IfOver,
    Whoever,
}

fn claims(shop: &Shop<'_>) -> anyhow::Result<Vec<RemoteClaim>> {
    let remote = shop.remote.context("this clone has no remote, so there are no claims")?;
    shop.repo.claims(remote, shop.push_credential)
}

fn is_stale(shop: &Shop<'_>, claim: &Claim) -> bool {
    shop.claimant.is_some_and(|us| us.is_gone(claim)) || is_over(claim, shop.now())
}

fn list(shop: &mut Shop<'_>, as_json: bool) -> anyhow::Result<String> {
    let mut text = String::new();
    for found in claims(shop)? {
        let claim = Claim::parse(&found.message);
        if as_json {
            let stale = claim.as_ref().is_ok_and(|claim| is_stale(shop, claim));
            let (issue, commit) = (found.issue, found.commit);
            let about =
                json!({ "issue": issue, "commit": commit, "claim": claim.ok(), "stale": stale, "advisory": false });
            text += &line("claim", &about);
            continue;
        }
        let told = match &claim {
            Ok(claim) if is_stale(shop, claim) => format!("{claim} (over)"),
            Ok(claim) => claim.to_string(),
            Err(problem) => problem.to_string(),
        };
        text += &format!("#{}\t{}\n", found.issue, one_line(&told));
    }
    for claim in shop.noted_claims()? {
        text += &match as_json {
            true => line("claim", &json!({ "issue": claim.issue, "claim": claim, "stale": false, "advisory": true })),
            false => format!("#{}\t{} (advisory, by a comment)\n", claim.issue, one_line(&claim.to_string())),
        };
    }
    Ok(text)
}

fn release(shop: &mut Shop<'_>, issue: IssueNumber, how: How) -> anyhow::Result<()> {
    let found = claims(shop)?.into_iter().find(|claim| claim.issue == issue);
    let found = found.with_context(|| {
        let hint = "git burn claim list; a claim by a comment goes with the comment";
        format!("no ref claims #{issue}\nhint: {hint}")
    })?;
    let claim = Claim::parse(&found.message);
    if let (How::IfOver, Ok(claim)) = (how, &claim)
        && !is_stale(shop, claim)
    {
        let problem = format!("#{issue} is held by {}", one_line(&claim.to_string()));
        return Err(Explained::new(Exit::Busy, problem).hint("wait for it to end, or use --force").into());
    }
    shop.perform(&Act::BreakClaim { issue, at: found.commit }).map(drop).map_err(Stop::into_error)
}
