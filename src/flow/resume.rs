//! Unfinished work: which drafts there are, and giving one up. Going on with one is what `burn` does by itself.

use anyhow::Result;
use serde::Serialize;

use super::shop::{Shop, Stop};
use crate::core::act::Act;
use crate::core::claim::Claim;
use crate::core::held::HeldNote;
use crate::core::names::{CommitId, IssueNumber};
use crate::core::review::answered_by;
use crate::edge::repo::{RemoteClaim, Repo};

/// Issues with a draft, by number.
///
/// # Errors
/// The refs cannot be read.
pub fn unfinished(repo: &Repo) -> Result<Vec<IssueNumber>> {
    let mut issues: Vec<IssueNumber> = repo.drafts()?.into_iter().map(|(issue, _)| issue).collect();
    issues.sort_unstable();
    Ok(issues)
}

/// A draft that the guard holds until a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    pub issue: IssueNumber,
    /// The pull request whose review it answers; `None`: it is the issue's first change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<IssueNumber>,
    pub commit: CommitId,
}

/// What waits for a person's decision here, by number of the issue.
///
/// # Errors
/// The refs cannot be read.
pub fn waiting(repo: &Repo) -> Result<Vec<Waiting>> {
    let mut found = Vec::new();
    for (issue, commit) in repo.drafts()? {
        let note = HeldNote::parse(&repo.commit_at(&commit)?.message);
        found.extend(note.map(|note| Waiting { issue, pull: note.answers.map(|one| one.pull), commit }));
    }
    found.sort_unstable_by_key(|waiting| waiting.issue);
    Ok(found)
}

/// What a draft is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// The issue's first change.
    Change,
    /// An answer to a review, on top of the branch.
    Revision,
}

/// What the issue's draft is of: a revision notes down what it answers.
///
/// # Errors
/// It cannot be read.
pub fn kind(repo: &Repo, issue: IssueNumber) -> Result<Unfinished> {
    let answers = repo.draft(issue)?.map(|draft| answered_by(&draft.note)).unwrap_or_default();
    Ok(if answers.is_empty() { Unfinished::Change } else { Unfinished::Revision })
}

/// What giving work up came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aborted {
    GivenUp,
    /// There was neither a draft nor a claim of a dead run.
    Nothing,
}

/// Drops the draft of an issue, and gives back a claim on it that a dead run on this machine left.
///
/// # Errors
/// The remote or the refs cannot be read or written.
pub fn abort(shop: &mut Shop<'_>, issue: IssueNumber) -> Result<Aborted> {
    let dropped = shop.repo.draft(issue)?.is_some();
    if dropped {
        shop.perform(&Act::DropDraft { issue }).map_err(Stop::into_error)?;
    }
    let left = dead_claim(shop, issue)?;
    let nothing = !dropped && left.is_none();
    if let Some(claim) = left {
        shop.perform(&Act::BreakClaim { issue, at: claim.commit }).map_err(Stop::into_error)?;
    }
    Ok(if nothing { Aborted::Nothing } else { Aborted::GivenUp })
}

/// The claim that a run on this machine left when it died.
fn dead_claim(shop: &Shop<'_>, issue: IssueNumber) -> Result<Option<RemoteClaim>> {
    let (Some(remote), Some(us)) = (shop.remote, shop.claimant) else { return Ok(None) };
    Ok(shop.repo.claims(remote, shop.push_credential)?.into_iter().find(|claim| {
        let read = Claim::parse(&claim.message);
        claim.issue == issue && read.is_ok_and(|claim| claim.host == us.host && us.is_gone(&claim))
    }))
}
