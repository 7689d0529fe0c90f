//! Housekeeping: finds everything of git-burn's own, decides what nobody needs, and removes that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::shop::Shop;
use crate::core::act::Act;
use crate::core::claim::{Claim, GRACE};
use crate::core::clean::{
    CleanPlan, FoundClaim, Inventory, Keep, Reach, RemoteBranch, Removal, RunRecord, Use, Worktree, plan,
};
use crate::core::issue::{Pick, State};
use crate::core::names::{BurnBranch, CommitId, IssueNumber, Timestamp};
use crate::edge::forge::{Found, PullFilter};
use crate::edge::journal::{RunState, remove_exchanges, remove_run, runs};
use crate::edge::verify::{SlotOnDisk, SlotState, remove_slot, slots};

/// Issues and pull requests that are read at most.
const MOST: usize = 10_000;

/// Looks at everything and decides; removes nothing.
///
/// # Errors
/// Something that the decisions rest on cannot be read.
pub fn look(shop: &Shop<'_>, cache: &Path, keep: Keep, reach: Reach) -> Result<CleanPlan> {
    Ok(plan(&inventory(shop, cache, reach)?, keep, reach, shop.now()))
}

/// Removes what the plan says, and returns what could not be removed, with the reason.
pub fn clean(shop: &mut Shop<'_>, cache: &Path, plan: &CleanPlan) -> Vec<(Removal, String)> {
    let mut failed = Vec::new();
    for (removal, _) in &plan.remove {
        if let Err(problem) = remove(shop, cache, removal) {
            failed.push((removal.clone(), format!("{problem:#}")));
        }
    }
    failed
}

fn inventory(shop: &Shop<'_>, cache: &Path, reach: Reach) -> Result<Inventory> {
    let mut found =
        Inventory { drafts: shop.repo.drafts()?, worktrees: worktrees(shop, cache)?, ..Inventory::default() };
    found.runs = runs(&shop.repo.burn_dir())?
        .into_iter()
        .map(|run| RunRecord {
            run: run.id,
            started: run.started,
            use_: match run.state {
                RunState::GoingOn => Use::Running,
                RunState::Over => Use::Idle,
            },
            has_exchanges: run.has_exchanges,
        })
        .collect();
    if let (Reach::Remote, Some(_)) = (reach, shop.remote) {
        found.branches = branches(shop)?;
        found.claims = claims(shop)?;
        found.pulls = shop.forge.pulls(PullFilter::All, MOST)?;
    }
    let numbers = found.drafts.iter().map(|(issue, _)| *issue);
    let numbers = numbers.chain(found.branches.iter().map(|branch| branch.issue));
    let numbers: BTreeSet<IssueNumber> = numbers.chain(found.claims.iter().map(|claim| claim.issue)).collect();
    found.issues = states(shop, &numbers)?;
    Ok(found)
}

fn worktrees(shop: &Shop<'_>, cache: &Path) -> Result<Vec<Worktree>> {
    let slots = slots(shop.repo, cache)?;
    Ok(slots
        .into_iter()
        .map(|slot| Worktree { path: slot.dir.to_string_lossy().into_owned(), use_: use_of(&slot) })
        .collect())
}

fn use_of(slot: &SlotOnDisk) -> Use {
    match slot.state {
        SlotState::InUse => Use::Running,
        SlotState::Idle => Use::Idle,
    }
}

fn branches(shop: &Shop<'_>) -> Result<Vec<RemoteBranch>> {
    let Some(remote) = shop.remote else { return Ok(Vec::new()) };
    let refs = shop.repo.remote_refs(remote, shop.push_credential, &["refs/heads/*".to_owned()])?;
    let own = |(name, head): (String, CommitId)| {
        let (name, issue) = BurnBranch::of_template(&shop.settings.branch, name.strip_prefix("refs/heads/")?)?;
        Some(RemoteBranch { name, issue, head })
    };
    Ok(refs.into_iter().filter_map(own).collect())
}

/// A claim whose run is known to be gone counts as one whose time is over.
fn claims(shop: &Shop<'_>) -> Result<Vec<FoundClaim>> {
    let Some(remote) = shop.remote else { return Ok(Vec::new()) };
    let gone = |claim: &Claim| shop.claimant.is_some_and(|us| us.is_gone(claim));
    let found = shop.repo.claims(remote, shop.push_credential)?.into_iter().map(|there| {
        let claim = Claim::parse(&there.message).ok().map(|claim| match gone(&claim) {
            true => Claim { expires: Timestamp::from_seconds(shop.now().seconds() - GRACE - 1), ..claim },
            false => claim,
        });
        FoundClaim { issue: there.issue, commit: there.commit, claim }
    });
    Ok(found.collect())
}

/// One listing tells of all open ones; only the rest is asked for one by one.
fn states(shop: &Shop<'_>, numbers: &BTreeSet<IssueNumber>) -> Result<BTreeMap<IssueNumber, State>> {
    if numbers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let open: BTreeSet<IssueNumber> =
        shop.forge.issues(&Pick::default(), MOST)?.issues.iter().map(|issue| issue.number).collect();
    let mut states = BTreeMap::new();
    for number in numbers {
        if open.contains(number) {
            states.insert(*number, State::Open);
        } else if let Found::Issue(issue) = shop.forge.issue(*number)? {
            states.insert(*number, issue.state);
        }
    }
    Ok(states)
}

fn remove(shop: &mut Shop<'_>, cache: &Path, removal: &Removal) -> Result<()> {
    let act = match removal {
        Removal::Draft { issue, .. } => Act::DropDraft { issue: *issue },
        Removal::Branch { name, head, .. } => Act::DeleteBranch { branch: name.clone(), at: head.clone() },
        Removal::Claim { issue, commit } => Act::BreakClaim { issue: *issue, at: commit.clone() },
        Removal::Worktree { .. } | Removal::Exchanges { .. } | Removal::Run { .. } => {
            return remove_here(shop, cache, removal);
        }
    };
    shop.perform(&act).map(drop).map_err(super::Stop::into_error)
}

/// What only this machine knows of.
fn remove_here(shop: &Shop<'_>, cache: &Path, removal: &Removal) -> Result<()> {
    let burn_dir = shop.repo.burn_dir();
    match removal {
        Removal::Run { run } => remove_run(&burn_dir, run),
        Removal::Exchanges { run } => remove_exchanges(&burn_dir, run),
        Removal::Worktree { path } => {
            let slot = slots(shop.repo, cache)?.into_iter().find(|slot| slot.dir == Path::new(path));
            slot.map_or(Ok(()), |slot| remove_slot(shop.repo, &slot).map(drop))
        }
        Removal::Draft { .. } | Removal::Branch { .. } | Removal::Claim { .. } => Ok(()),
    }
}
