//! `git burn claim`: who works on what, and taking a claim away.

use anyhow::Context as _;
use serde_json::json;

use super::args::keep::{Claim as Args, ClaimAction};
use super::args::work::Work;
use super::connect;
use super::context::{Context, now};
use super::error::{Exit, Explained};
use super::render::json::line;
use super::session::{Models, Session, peer};
use crate::core::act::Act;
use crate::core::claim::{Claim, Peer, is_over};
use crate::core::names::IssueNumber;
use crate::core::text::one_line;
use crate::edge::journal::new_run_id;
use crate::edge::repo::{RemoteClaim, Repo};
use crate::flow::holding::noted_claims;
use crate::flow::{Shop, Stop};

/// Lists, or releases one.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    match &args.action {
        ClaimAction::List => list(context),
        ClaimAction::Release { number, force } => {
            let session = Session::open(context, &Work::default(), None, Models::NotAsked)?;
            let how = if *force { How::Whoever } else { How::IfOver };
            session.run(context, "claim release", |shop| release(shop, *number, how))?;
            context.tell(&format!("#{number} is free"));
            session.finish(context, Exit::Done)
        }
    }
}

const NO_REMOTE: &str = "there is no remote, or --offline puts it out of reach: no claims are known";

/// Looks at remote and forge alone: what is claimed has nothing to do with any base.
fn list(context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let connected = connect::connect(context, &repo, &context.personal_config(&repo)?)?;
    for remark in &connected.remarks {
        context.tell(&format!("warning: {remark}"));
    }
    let remote = connected.remote.as_ref().filter(|remote| context.reaches(remote)).context(NO_REMOTE)?;
    let held = repo.claims(remote, connected.push.as_ref())?;
    let noted = noted_claims(&connected.forge, &new_run_id(now()), now())?;
    let is_stale = |claim: &Claim| is_stale(&repo, claim);
    let text: String = match context.common.json {
        true => held.iter().map(|found| record(found, is_stale)).chain(noted.iter().map(noted_record)).collect(),
        false => held.iter().map(|found| told(found, is_stale)).chain(noted.iter().map(noted_told)).collect(),
    };
    if text.is_empty() {
        context.tell("nobody holds an issue");
    }
    context.terminal.write_out(text.as_bytes())?;
    Ok(Exit::Done)
}

/// Whether its run is known to be gone, or its time is over.
fn is_stale(repo: &Repo, claim: &Claim) -> bool {
    peer(repo, claim) == Peer::Dead || is_over(claim, now())
}

/// Which claims may be taken away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    IfOver,
    Whoever,
}

fn record(found: &RemoteClaim, is_stale: impl Fn(&Claim) -> bool) -> String {
    let RemoteClaim { issue, commit, message } = found;
    let claim = Claim::parse(message).ok();
    let stale = claim.as_ref().is_some_and(is_stale);
    line("claim", &json!({ "issue": issue, "commit": commit, "claim": claim, "stale": stale, "advisory": false }))
}

fn noted_record(claim: &Claim) -> String {
    line("claim", &json!({ "issue": claim.issue, "claim": claim, "stale": false, "advisory": true }))
}

fn told(found: &RemoteClaim, is_stale: impl Fn(&Claim) -> bool) -> String {
    let said = match Claim::parse(&found.message) {
        Ok(claim) if is_stale(&claim) => format!("{claim} (over)"),
        Ok(claim) => claim.to_string(),
        Err(problem) => problem.to_string(),
    };
    format!("#{}\t{}\n", found.issue, one_line(&said))
}

fn noted_told(claim: &Claim) -> String {
    format!("#{}\t{} (advisory, by a comment)\n", claim.issue, one_line(&claim.to_string()))
}

fn release(shop: &mut Shop<'_>, issue: IssueNumber, how: How) -> anyhow::Result<()> {
    let remote = shop.remote.context(NO_REMOTE)?;
    let found = shop.repo.claims(remote, shop.push_credential)?.into_iter().find(|claim| claim.issue == issue);
    let found = found.with_context(|| {
        let hint = "git burn claim list; a claim by a comment goes with the comment";
        format!("no ref claims #{issue}\nhint: {hint}")
    })?;
    let claim = Claim::parse(&found.message);
    if let (How::IfOver, Ok(claim)) = (how, &claim)
        && !is_stale(shop.repo, claim)
    {
        let problem = format!("#{issue} is held by {}", one_line(&claim.to_string()));
        return Err(Explained::new(Exit::Busy, problem).hint("wait for it to end, or use --force").into());
    }
    shop.perform(&Act::BreakClaim { issue, at: found.commit }).map(drop).map_err(Stop::into_error)
}
