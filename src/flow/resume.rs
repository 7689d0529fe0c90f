//! Unfinished work: which drafts there are, and giving one up. Going on with one is what `burn` does by itself.

use anyhow::Result;

use super::shop::{Shop, Stop};
use crate::core::act::Act;
use crate::core::claim::{Claim, Peer};
use crate::core::names::IssueNumber;
use crate::edge::repo::Repo;

/// Where drafts are kept.
const DRAFTS: &str = "refs/burn/draft/";

/// Issues with a draft, by number.
///
/// # Errors
/// The refs cannot be read.
pub fn unfinished(repo: &Repo) -> Result<Vec<IssueNumber>> {
    let number = |(name, _): &(String, _)| name.strip_prefix(DRAFTS)?.parse().ok();
    let mut issues: Vec<IssueNumber> = repo.refs(DRAFTS)?.iter().filter_map(number).collect();
    issues.sort_unstable();
    Ok(issues)
}

/// Drops the draft of an issue, and gives back a claim on it that a dead run on this machine left.
///
/// # Errors
/// The remote or the refs cannot be read or written.
pub fn abort(shop: &mut Shop<'_>, issue: IssueNumber) -> Result<()> {
    shop.perform(&Act::DropDraft { issue }).map_err(Stop::into_error)?;
    let (Some(remote), Some(us)) = (shop.remote, shop.claimant) else { return Ok(()) };
    let left = shop.repo.claims(remote, shop.push_credential)?.into_iter().find(|claim| {
        let read = Claim::parse(&claim.message);
        claim.issue == issue && read.is_ok_and(|claim| claim.host == us.host && (us.peer)(&claim) == Peer::Dead)
    });
    match left {
        Some(claim) => shop.perform(&Act::BreakClaim { issue, at: claim.commit }).map(drop).map_err(Stop::into_error),
        None => Ok(()),
    }
}
