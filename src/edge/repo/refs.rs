//! Local refs, changed by git in one transaction, with expected values; and the drafts kept in them.

use std::fmt;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{Repo, commit_id};
use crate::core::names::{CommitId, IssueNumber, TreeId};
use crate::edge::git::GitFailure;

/// One step of a transaction. Names are full (`refs/burn/...`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefEdit {
    /// It must not exist.
    Create { name: String, to: CommitId },
    /// It must be at `from`.
    Move { name: String, from: CommitId, to: CommitId },
    /// It must be at `from`.
    Delete { name: String, from: CommitId },
}

/// What became of a transaction: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefsEdited {
    Done,
    /// A ref was not where it was expected, or its name is taken by a folder of refs; git's words, for people.
    Conflict(String),
}

impl RefsEdited {
    /// For callers that a conflict stops.
    ///
    /// # Errors
    /// There was one.
    pub fn done(self) -> Result<()> {
        match self {
            Self::Done => Ok(()),
            Self::Conflict(said) => Err(anyhow::anyhow!("another run changed the same ref: {said}")),
        }
    }
}

impl RefEdit {
    /// In the language of `git update-ref --stdin -z`.
    fn command(&self) -> String {
        match self {
            Self::Create { name, to } => format!("create {name}\0{to}\0"),
            Self::Move { name, from, to } => format!("update {name}\0{to}\0{from}\0"),
            Self::Delete { name, from } => format!("delete {name}\0{from}\0"),
        }
    }
}

/// An unfinished change, kept between runs: a commit on top of its base that no branch holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub commit: CommitId,
    pub base: CommitId,
    pub tree: TreeId,
    /// What the run that kept it wrote down, for the one that continues it.
    pub note: String,
}

impl Repo {
    /// Changes local refs, all or none. By git: gix's `MustNotExist` lets two creators of the same value both win, and
    /// does not see that `a/b` is taken when `a` is packed.
    ///
    /// # Errors
    /// git fails for another reason than a ref's value or name.
    pub fn edit_refs(&self, edits: &[RefEdit]) -> Result<RefsEdited> {
        let input: String = edits.iter().map(RefEdit::command).collect();
        let update = self.git.at(self.git_dir()).args(["update-ref", "-z", "--no-deref", "--stdin"]).input(input);
        match update.stdout() {
            Ok(_) => Ok(RefsEdited::Done),
            // "cannot lock ref 'X': is at A but expected B", "reference already exists", "'X' exists; cannot create 'X/y'".
            Err(error) if error.how == GitFailure::Exit(128) && error.stderr.contains("cannot lock ref") => {
                Ok(RefsEdited::Conflict(error.stderr))
            }
            Err(error) => Err(error).context("cannot change the refs"),
        }
    }

    /// The unfinished change of an issue.
    ///
    /// # Errors
    /// The ref is there but leads to no commit with a parent.
    pub fn draft(&self, issue: IssueNumber) -> Result<Option<Draft>> {
        let Some(commit) = self.ref_id(&draft_ref(issue)) else { return Ok(None) };
        let found = self.commit_at(&commit)?;
        let base = found.parents.into_iter().next().with_context(|| format!("{} has no base", draft_ref(issue)))?;
        Ok(Some(Draft { commit, base, tree: found.tree, note: found.message }))
    }

    /// The issues with a draft, and its commit, in the order of the refs.
    ///
    /// # Errors
    /// The refs cannot be read.
    pub fn drafts(&self) -> Result<Vec<(IssueNumber, CommitId)>> {
        let issue = |name: &str| name.strip_prefix(DRAFTS)?.parse().ok();
        let refs = self.refs(DRAFTS)?;
        Ok(refs.into_iter().filter_map(|(name, commit)| Some((issue(&name)?, commit))).collect())
    }

    /// Makes the commit of a draft: an object only, by git-burn itself, whatever the user's identity is. It cannot be
    /// published: it is neither approved nor verified.
    ///
    /// # Errors
    /// The object cannot be written.
    pub fn draft_commit(&self, base: &CommitId, tree: &TreeId, note: &str) -> Result<CommitId> {
        let time = gix::date::Time::now_utc().format_or_unix(gix::date::time::Format::Raw);
        let who = gix::actor::SignatureRef { name: "git-burn".into(), email: "git-burn@localhost".into(), time: &time };
        let commit = self.gix.new_commit_as(who, who, note, self.id(tree.as_str())?, [self.id(base.as_str())?])?;
        Ok(commit_id(commit.id))
    }

    /// Points the issue's draft ref at a commit, if it still is where it was seen (`None`: nowhere).
    ///
    /// # Errors
    /// As [`Repo::edit_refs`].
    pub fn keep_draft(&self, issue: IssueNumber, seen: Option<CommitId>, to: CommitId) -> Result<RefsEdited> {
        let name = draft_ref(issue);
        self.edit_refs(&[match seen {
            Some(from) => RefEdit::Move { name, from, to },
            None => RefEdit::Create { name, to },
        }])
    }

    /// Removes the issue's draft ref; nothing to remove is fine.
    ///
    /// # Errors
    /// As [`Repo::edit_refs`].
    pub fn drop_draft(&self, issue: IssueNumber) -> Result<RefsEdited> {
        let name = draft_ref(issue);
        match self.ref_id(&name) {
            Some(from) => self.edit_refs(&[RefEdit::Delete { name, from }]),
            None => Ok(RefsEdited::Done),
        }
    }

    /// All local refs whose full name starts so, with the commits they lead to.
    ///
    /// # Errors
    /// The refs cannot be read.
    pub fn refs(&self, prefix: &str) -> Result<Vec<(String, CommitId)>> {
        let platform = self.gix.references()?;
        let mut found = Vec::new();
        for reference in platform.prefixed(prefix)? {
            let mut reference =
                reference.map_err(|error| anyhow::anyhow!("a ref below {prefix} is broken: {error}"))?;
            if let Ok(id) = reference.peel_to_id() {
                found.push((reference.name().as_bstr().to_string(), commit_id(id)));
            }
        }
        Ok(found)
    }
}

/// Where drafts are kept.
const DRAFTS: &str = "refs/burn/draft/";

/// `refs/burn/draft/N`.
pub fn draft_ref(issue: IssueNumber) -> String {
    format!("{DRAFTS}{issue}")
}

impl fmt::Display for RefsEdited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Conflict(said) => f.write_str(said),
        }
    }
}
