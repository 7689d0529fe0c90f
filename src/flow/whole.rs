//! The guard's look at everything that a branch will have since its base, with the words of people that it heeds.

use std::collections::BTreeMap;

use super::shop::Shop;
use crate::core::guard::{Approved, Published, ReviewContext, Violation, Words};
use crate::core::held::{Approval, Hand};
use crate::core::names::{CommitId, TreeId};
use crate::core::outcome::Outcome;
use crate::core::report::pull::is_ours;
use crate::edge::repo::Commit;

/// What a change stands on and who lets it pass, beside the guard.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Support<'a> {
    /// Its branch since the base, newest first.
    pub branch: &'a [Commit],
    pub approval: Option<&'a Approval>,
}

/// Judges what leads from `shop.base` to a tree.
///
/// # Errors
/// It cannot be read. What the guard has against it is the value.
pub(super) fn review(
    shop: &Shop<'_>,
    tree: &TreeId,
    about: &ReviewContext<'_>,
    support: Support<'_>,
) -> anyhow::Result<Result<Approved, Vec<Violation>>> {
    let policy = &shop.settings.policy;
    let change = shop.repo.change_between(&shop.base.tree, tree)?;
    let Support { branch, approval } = support;
    let contested = match policy.contest(change, about) {
        Ok(approved) => return Ok(Ok(approved)),
        Err(contested) => contested,
    };
    // Only now: reading the branch costs something, and most changes need nobody's word.
    let branch = branch.iter().map(|commit| published(shop, commit)).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(contested.heed(Words { branch: &branch, approval }))
}

/// The ending where a person's word was not enough.
pub(super) fn refused(violations: &[Violation]) -> Outcome {
    Outcome::Refused { violations: violations.iter().map(ToString::to_string).collect() }
}

fn published(shop: &Shop<'_>, commit: &Commit) -> anyhow::Result<Published> {
    let hand = match is_ours(&commit.message) {
        true => Hand::of_machine(&commit.message),
        false => Hand::Pushed { by: commit.author.0.clone() },
    };
    let change = shop.repo.change_between(&shop.base.tree, &commit.tree)?;
    Ok(Published { commit: commit.id.clone(), hand, change })
}

/// Of these commits the ones from `head` on along the first parents, newest first.
pub(super) fn line(commits: &[Commit], head: &CommitId) -> Vec<Commit> {
    let by_id: BTreeMap<&CommitId, &Commit> = commits.iter().map(|commit| (&commit.id, commit)).collect();
    let parent = |commit: &&Commit| commit.parents.first().and_then(|parent| by_id.get(parent)).copied();
    std::iter::successors(by_id.get(head).copied(), parent).cloned().collect()
}
