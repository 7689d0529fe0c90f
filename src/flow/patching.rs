//! Brings the patch engine and the repository together: what a patch names is read, and nothing else.

use anyhow::Result;

use crate::core::change::Snapshot;
use crate::core::names::TreeId;
use crate::core::patch::{Applied, ApplyOptions, Patch, Refusal};
use crate::edge::repo::Repo;

/// Applies a patch to a tree, in memory.
///
/// # Errors
/// The tree cannot be read. A patch that does not apply is a [`Refusal`].
pub fn apply(repo: &Repo, tree: &TreeId, patch: &Patch, options: &ApplyOptions) -> Result<Result<Applied, Refusal>> {
    Ok(patch.apply(&snapshot(repo, tree, patch)?, options))
}

/// What the tree holds at the paths that a patch names; all paths of the tree only if a name needs to be looked for.
fn snapshot(repo: &Repo, tree: &TreeId, patch: &Patch) -> Result<Snapshot> {
    let snapshot = repo.snapshot(tree, &patch.candidates())?;
    if !patch.wants_listing(&snapshot) {
        return Ok(snapshot);
    }
    let listing = repo.listing(tree)?;
    let snapshot = repo.snapshot(tree, &patch.candidates_in(&listing))?;
    Ok(Snapshot { listing: Some(listing), ..snapshot })
}
