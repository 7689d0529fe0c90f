//! Housekeeping: finds everything of git-burn's own, decides what nobody needs, and removes that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::shop::Shop;
use crate::core::act::Act;
use crate::core::claim::{Claim, GRACE};
use crate::core::clean::{
    CleanPlan, FoundClaim, Here, Inventory, Keep, Leftover, Reach, RemoteBranch, Removal, RunRecord, Use, Worktree,
    plan, plan_here,
};
use crate::core::issue::{Pick, State};
use crate::core::names::{BurnBranch, CommitId, IssueNumber, Timestamp};
use crate::edge::forge::{Found, PullFilter};
use crate::edge::journal::{RunOnDisk, RunState, remove_exchanges, remove_run, runs};
use crate::edge::repo::Repo;
use crate::edge::scratch::{left_over, remove_left_over};
use crate::edge::verify::{SlotOnDisk, SlotState, remove_slot, slots};

/// Issues and pull requests that are read at most.
const MOST: usize = 10_000;

/// Looks at what only this machine knows of and decides; removes nothing.
///
/// # Errors
/// It cannot be read.
pub fn look_here(repo: &Repo, cache: &Path, keep: Keep) -> Result<CleanPlan<Leftover>> {
    let folders = left_over().into_iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let here = Here { worktrees: worktrees(repo, cache)?, folders, runs: records(repo)? };
    Ok(plan_here(&here, keep))
}

/// Removes what the plan of [`look_here`] says, and returns what could not be removed, with the reason.
pub fn clean_here(repo: &Repo, cache: &Path, plan: &CleanPlan<Leftover>) -> Vec<(Leftover, String)> {
    failing(plan, |leftover| remove_here(repo, cache, leftover))
}

/// Looks at what forge and remote have to be asked about and decides; removes nothing.
///
/// # Errors
/// Something that the decisions rest on cannot be read.
pub fn look(shop: &Shop<'_>, reach: Reach) -> Result<CleanPlan<Removal>> {
    Ok(plan(&inventory(shop, reach)?, reach, shop.now()))
}

/// Removes what the plan of [`look`] says, and returns what could not be removed, with the reason.
pub fn clean(shop: &mut Shop<'_>, plan: &CleanPlan<Removal>) -> Vec<(Removal, String)> {
    failing(plan, |removal| remove(shop, removal))
}

fn failing<What: Clone>(plan: &CleanPlan<What>, mut remove: impl FnMut(&What) -> Result<()>) -> Vec<(What, String)> {
    let failed = |(what, _): &(What, String)| {
        let problem = remove(what).err()?;
        Some((what.clone(), format!("{problem:#}")))
    };
    plan.remove.iter().filter_map(failed).collect()
}

fn records(repo: &Repo) -> Result<Vec<RunRecord>> {
    let record = |run: RunOnDisk| RunRecord {
        run: run.id,
        started: run.started,
        use_: match run.state {
            RunState::GoingOn => Use::Running,
            RunState::Over => Use::Idle,
        },
        has_exchanges: run.has_exchanges,
    };
    Ok(runs(&repo.burn_dir())?.into_iter().map(record).collect())
}

fn inventory(shop: &Shop<'_>, reach: Reach) -> Result<Inventory> {
    let mut found = Inventory { drafts: shop.repo.drafts()?, ..Inventory::default() };
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

fn worktrees(repo: &Repo, cache: &Path) -> Result<Vec<Worktree>> {
    let slots = slots(repo, cache)?;
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

fn remove(shop: &mut Shop<'_>, removal: &Removal) -> Result<()> {
    let act = match removal {
        Removal::Draft { issue, .. } => Act::DropDraft { issue: *issue },
        Removal::Branch { name, head, .. } => Act::DeleteBranch { branch: name.clone(), at: head.clone() },
        Removal::Claim { issue, commit } => Act::BreakClaim { issue: *issue, at: commit.clone() },
    };
    shop.perform(&act).map(drop).map_err(super::Stop::into_error)
}

/// What only this machine knows of.
fn remove_here(repo: &Repo, cache: &Path, leftover: &Leftover) -> Result<()> {
    let burn_dir = repo.burn_dir();
    match leftover {
        Leftover::Run { run } => remove_run(&burn_dir, run),
        Leftover::Exchanges { run } => remove_exchanges(&burn_dir, run),
        Leftover::Worktree { path } => {
            let slot = slots(repo, cache)?.into_iter().find(|slot| slot.dir == Path::new(path));
            slot.map_or(Ok(()), |slot| remove_slot(repo, &slot).map(drop))
        }
        Leftover::Folder { path } => remove_left_over(Path::new(path)).context("cannot remove the folder"),
    }
}
