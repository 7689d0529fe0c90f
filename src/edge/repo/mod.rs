//! The repository: reading and writing objects with gix, refs and pushes with git.
//!
//! Nothing in here touches the working tree, the index or HEAD. Whatever is read comes from a tree in the object
//! database; whatever is written is an object, or a ref under `refs/burn/`, or goes to a remote.

mod claims;
mod commit;
pub mod config;

mod corpus;
mod difference;
mod fetch;
mod history;
pub mod layout;
mod lineage;
mod open;
mod push;
mod read;
mod refs;
mod remote;
mod revision;
mod search;

mod write;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub use claims::{ClaimCommit, Claimed, RemoteClaim, nonce};
pub use commit::{Committed, Making};
pub use difference::Range;
pub use history::{BlamedLine, LogEntry, Mention, MentionKind};
pub use open::{ConfigScope, OpenOptions};
pub use push::{Advanced, Pushed};
pub use read::{FileKind, Found, LARGEST_FILE, TreeFile};
pub use refs::{Draft, RefEdit, RefsEdited, draft_ref};
pub use remote::{PushTo, Remote, RemoteError, RemoteTrouble, SeveralPushUrls};
pub use revision::{Base, Commit};
pub use search::{Hit, Pattern, SearchLimits, SearchResult};

use crate::core::names::{CommitId, TreeId};
use crate::edge::git::{Environment, Git};

/// An open repository. Cheap to clone; each thread needs its own.
#[derive(Clone)]
pub struct Repo {
    gix: gix::Repository,
    git: Git,
    /// `GIT_INDEX_FILE`, or the index of this worktree.
    index_file: PathBuf,
}

impl Repo {
    /// The repository's own folder: `.git`, or `.git/worktrees/NAME` in a linked worktree.
    pub fn git_dir(&self) -> &Path {
        self.gix.git_dir()
    }

    /// The folder that all worktrees share: refs, objects, configuration.
    pub fn common_dir(&self) -> &Path {
        self.gix.common_dir()
    }

    /// git-burn's own folder inside it. It need not exist.
    pub fn burn_dir(&self) -> PathBuf {
        self.common_dir().join("burn")
    }

    /// The top of the user's working tree; `None` in a bare repository. Never written to.
    pub fn work_tree(&self) -> Option<&Path> {
        self.gix.workdir()
    }

    /// The top of the work tree, or the repository itself where there is none: what people call the place, and where
    /// relative paths of its settings begin.
    pub fn top(&self) -> &Path {
        self.work_tree().unwrap_or_else(|| self.git_dir())
    }

    /// What is staged: `GIT_INDEX_FILE`, or the index of this worktree. Never written to.
    pub(in crate::edge) fn index_file(&self) -> &Path {
        &self.index_file
    }

    /// git, with this repository's environment.
    pub fn git(&self) -> &Git {
        &self.git
    }

    /// The environment that the repository was opened with.
    pub fn environment(&self) -> &Environment {
        self.git.environment()
    }

    /// The library's view, for modules of this layer that stream objects.
    pub(in crate::edge) fn gix(&self) -> &gix::Repository {
        &self.gix
    }

    fn tree(&self, tree: &TreeId) -> Result<gix::Tree<'_>> {
        let id = object_id(tree.as_str())?;
        if id.is_empty_tree() {
            return Ok(self.gix.empty_tree());
        }
        self.gix.find_tree(id).with_context(|| format!("cannot read the tree {}", tree.short()))
    }
}

impl std::fmt::Debug for Repo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repo").field("git_dir", &self.git_dir()).finish_non_exhaustive()
    }
}

fn object_id(hex: &str) -> Result<gix::ObjectId> {
    gix::ObjectId::from_hex(hex.as_bytes()).with_context(|| format!("`{hex}` is not an object id of this repository"))
}

fn commit_id(id: impl Into<gix::ObjectId>) -> CommitId {
    CommitId::parse(&id.into().to_string()).expect("gix writes ids as 40 or 64 lower-case digits")
}

fn tree_id(id: impl Into<gix::ObjectId>) -> TreeId {
    TreeId::parse(&id.into().to_string()).expect("gix writes ids as 40 or 64 lower-case digits")
}
