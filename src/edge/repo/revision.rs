//! Names of commits resolved to ids, and what a commit says.

use anyhow::{Context, Result, anyhow, bail};
use gix::bstr::ByteSlice;
use serde::{Deserialize, Serialize};

use super::{Remote, Repo, commit_id, tree_id};
use crate::core::names::{CommitId, Timestamp, TreeId};

/// What is known of a commit without its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub id: CommitId,
    pub tree: TreeId,
    pub parents: Vec<CommitId>,
    /// Name and e-mail.
    pub author: (String, String),
    pub committed: Timestamp,
    pub message: String,
}

/// The state of the code that the work starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    pub commit: CommitId,
    pub tree: TreeId,
    /// The branch on the remote that a pull request goes into, without `refs/heads/`; `None` for a bare revision.
    pub branch: Option<String>,
}

impl Repo {
    /// The commit that a revision means (`main`, `HEAD~2`, an id, a tag).
    ///
    /// # Errors
    /// It means nothing here, or nothing that leads to a commit.
    pub fn resolve(&self, revision: &str) -> Result<CommitId> {
        let object = self.object(revision)?;
        let commit = object.peel_to_commit().with_context(|| format!("`{revision}` is not a commit"))?;
        Ok(commit_id(commit.id))
    }

    /// The tree that a revision means: a tree's id, or that of a commit.
    ///
    /// # Errors
    /// It means nothing here, or nothing that leads to a tree.
    pub fn resolve_tree(&self, revision: &str) -> Result<TreeId> {
        let empty = gix::ObjectId::empty_tree(self.gix.object_hash());
        if gix::ObjectId::from_hex(revision.as_bytes()).is_ok_and(|id| id == empty) {
            return Ok(tree_id(empty));
        }
        let object = self.object(revision)?;
        let tree = object.peel_to_tree().with_context(|| format!("`{revision}` is not a tree"))?;
        Ok(tree_id(tree.id))
    }

    fn object(&self, revision: &str) -> Result<gix::Object<'_>> {
        let found = self.gix.rev_parse_single(revision.as_bytes().as_bstr());
        let id = found.map_err(|error| self.unknown(revision, &error.into()))?;
        let absent = |_| anyhow!("`{revision}` is not in this clone\nhint: {}", self.where_more_is());
        id.object().map_err(absent)
    }

    /// What is merely not there is not explained by how it was looked for.
    fn unknown(&self, revision: &str, error: &anyhow::Error) -> anyhow::Error {
        let why = match format!("{error:#}") {
            _ if self.gix.head_id().is_err() => ": the current branch has no commit yet".to_owned(),
            why if why.contains("could not be found") => String::new(),
            why => format!(": {why}"),
        };
        anyhow!("unknown revision `{revision}`{why}\nhint: {}", self.where_more_is())
    }

    fn is_shallow(&self) -> bool {
        self.gix.is_shallow().unwrap_or(false)
    }

    fn where_more_is(&self) -> &'static str {
        match self.is_shallow() {
            true => "this clone is shallow: git fetch --unshallow origin (in a workflow: fetch-depth: 0)",
            false => "git branch -a, git tag and git log --all show what is here; git fetch brings the rest",
        }
    }

    /// The tree of a commit.
    ///
    /// # Errors
    /// There is no such commit.
    pub fn tree_of(&self, commit: &CommitId) -> Result<TreeId> {
        let commit = self.gix.find_commit(self.id(commit.as_str())?)?;
        Ok(tree_id(commit.tree_id()?))
    }

    /// What a commit says.
    ///
    /// # Errors
    /// There is no such commit.
    pub fn commit_at(&self, id: &CommitId) -> Result<Commit> {
        let commit = self.gix.find_commit(self.id(id.as_str())?).with_context(|| format!("no commit {id}"))?;
        let author = commit.author()?;
        Ok(Commit {
            id: id.clone(),
            tree: tree_id(commit.tree_id()?),
            parents: commit.parent_ids().map(commit_id).collect(),
            author: (author.name.to_string(), author.email.to_string()),
            committed: Timestamp::from_seconds(commit.time()?.seconds),
            message: commit.message_raw_sloppy().to_str_lossy().into_owned(),
        })
    }

    /// The commit that HEAD is at; `None` before the first one. A detached HEAD is as good as a branch.
    ///
    /// # Errors
    /// HEAD is broken.
    pub fn head(&self) -> Result<Option<CommitId>> {
        let head = self.gix.head().context("HEAD cannot be read")?;
        Ok(head.into_peeled_id().ok().map(commit_id))
    }

    /// The newest commit that two have in common.
    ///
    /// # Errors
    /// There is none, or one of the two is missing.
    pub fn merge_base(&self, left: &CommitId, right: &CommitId) -> Result<CommitId> {
        let (one, other) = (self.id(left.as_str())?, self.id(right.as_str())?);
        let none = || {
            let hint = if self.is_shallow() { format!("\nhint: {}", self.where_more_is()) } else { String::new() };
            anyhow!("{} and {} have no commit in common{hint}", left.short(), right.short())
        };
        Ok(commit_id(self.gix.merge_base(one, other)?.ok_or_else(none)?))
    }

    /// Where the work starts: `asked` (a branch of the remote, or any revision), else the forge's default branch, else
    /// what the remote's HEAD was at the last fetch, else the current branch where there is no remote.
    ///
    /// # Errors
    /// Nothing of that leads to a commit.
    pub fn base(&self, asked: Option<&str>, remote: Option<&Remote>, default_branch: Option<&str>) -> Result<Base> {
        if let Some(name) = asked {
            return match remote.and_then(|remote| self.tracked(remote, name)) {
                Some(commit) => self.base_at(commit, Some(name.to_owned())),
                None => self.base_at(self.resolve(name)?, self.local_branch(name)),
            };
        }
        let Some(remote) = remote else {
            let branch = self.gix.head_name()?.map(|name| name.shorten().to_string());
            let head = self.head()?.context("this repository has no commit yet\nhint: commit something first")?;
            return self.base_at(head, branch);
        };
        let name = match default_branch {
            Some(name) => name.to_owned(),
            None => self.remote_head(remote)?,
        };
        match self.tracked(remote, &name) {
            Some(commit) => self.base_at(commit, Some(name)),
            None => bail!(
                "the branch `{name}` of `{remote}` is not in this clone\nhint: git fetch {remote}",
                remote = remote.name
            ),
        }
    }

    fn base_at(&self, commit: CommitId, branch: Option<String>) -> Result<Base> {
        Ok(Base { tree: self.tree_of(&commit)?, commit, branch })
    }

    /// What is known here of a branch of the remote.
    fn tracked(&self, remote: &Remote, branch: &str) -> Option<CommitId> {
        self.ref_id(&format!("refs/remotes/{}/{branch}", remote.name))
    }

    fn local_branch(&self, name: &str) -> Option<String> {
        self.ref_id(&format!("refs/heads/{name}")).map(|_| name.to_owned())
    }

    /// The commit of a full ref name.
    pub fn ref_id(&self, name: &str) -> Option<CommitId> {
        let mut reference = self.gix.try_find_reference(name).ok()??;
        reference.peel_to_id().ok().map(commit_id)
    }

    /// `refs/remotes/NAME/HEAD`, which `git clone` leaves behind; else `main` or `master` where just one is there.
    fn remote_head(&self, remote: &Remote) -> Result<String> {
        let prefix = format!("refs/remotes/{}/", remote.name);
        if let Ok(Some(head)) = self.gix.try_find_reference(format!("{prefix}HEAD").as_str())
            && let Some(target) = head.target().try_name()
            && let Some(branch) = target.as_bstr().to_str_lossy().strip_prefix(&prefix)
        {
            return Ok(branch.to_owned());
        }
        let usual = ["main", "master"].into_iter().filter(|name| self.tracked(remote, name).is_some());
        match usual.collect::<Vec<_>>()[..] {
            [only] => Ok(only.to_owned()),
            _ => bail!(
                "which branch of `{name}` the work starts from is not known\n\
                 hint: git remote set-head {name} --auto, or set burn.base",
                name = remote.name
            ),
        }
    }
}
