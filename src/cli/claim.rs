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
            let text = session.run(context, "claim list", |shop| list(shop, context))?;
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
    let remote = shop.remote.context("there is no remote, or --offline puts it out of reach: no claims are known")?;
    shop.repo.claims(remote, shop.push_credential)
}

fn is_stale(shop: &Shop<'_>, claim: &Claim) -> bool {
    shop.claimant.is_some_and(|us| us.is_gone(claim)) || is_over(claim, shop.now())
}

fn list(shop: &mut Shop<'_>, context: &Context) -> anyhow::Result<String> {
    let (held, noted) = (claims(shop)?, shop.noted_claims()?);
    Ok(match context.common.json {
        true => held.iter().map(|found| record(shop, found)).chain(noted.iter().map(noted_record)).collect(),
        false => held.iter().map(|found| told(shop, found)).chain(noted.iter().map(noted_told)).collect(),
    })
}

fn record(shop: &Shop<'_>, found: &RemoteClaim) -> String {
    let RemoteClaim { issue, commit, message } = found;
    let claim = Claim::parse(message).ok();
    let stale = claim.as_ref().is_some_and(|claim| is_stale(shop, claim));
    line("claim", &json!({ "issue": issue, "commit": commit, "claim": claim, "stale": stale, "advisory": false }))
}

fn noted_record(claim: &Claim) -> String {
    line("claim", &json!({ "issue": claim.issue, "claim": claim, "stale": false, "advisory": true }))
}

fn told(shop: &Shop<'_>, found: &RemoteClaim) -> String {
    let said = match Claim::parse(&found.message) {
        Ok(claim) if is_stale(shop, &claim) => format!("{claim} (over)"),
        Ok(claim) => claim.to_string(),
        Err(problem) => problem.to_string(),
    };
    format!("#{}\t{}\n", found.issue, one_line(&said))
}

fn noted_told(claim: &Claim) -> String {
    format!("#{}\t{} (advisory, by a comment)\n", claim.issue, one_line(&claim.to_string()))
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
