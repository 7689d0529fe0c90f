//! What differs between two trees, between a commit and the index, or along a range, as one [`Change`].

use anyhow::{Context, Result, bail};
use gix::bstr::ByteSlice;
use gix::diff::tree::recorder;
use gix::objs::tree::EntryMode;

use super::Repo;
use crate::core::change::{Change, Entry, FileChange};
use crate::core::names::{CommitId, RepoPath, TreeId};
use crate::core::renames::pair_renames;

/// The two ends of `A..B` or `A...B`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    pub from: CommitId,
    pub to: CommitId,
}

/// One side of a difference: the mode and the id of what is there.
type Side = Option<(EntryMode, gix::ObjectId)>;

impl Repo {
    /// What `new` has differently from `old`, renames found as `git diff -M` finds them. Costs what the difference
    /// costs, not what the trees do. (gix's own rename search reads the whole index first.)
    ///
    /// # Errors
    /// An object is missing, or a path of the difference cannot be a [`RepoPath`].
    pub fn change_between(&self, old: &TreeId, new: &TreeId) -> Result<Change> {
        let (old, new) = (self.tree(old)?, self.tree(new)?);
        let hash = self.gix.object_hash();
        let mut recorder = gix::diff::tree::Recorder::default();
        gix::diff::tree(
            gix::objs::TreeRefIter::from_bytes(&old.data, hash),
            gix::objs::TreeRefIter::from_bytes(&new.data, hash),
            gix::diff::tree::State::default(),
            &self.gix.objects,
            &mut recorder,
        )
        .context("cannot compare the trees")?;
        let mut change = Change::default();
        for record in recorder.records {
            let (path, before, after): (_, Side, Side) = match record {
                recorder::Change::Addition { entry_mode, oid, path, .. } => (path, None, Some((entry_mode, oid))),
                recorder::Change::Deletion { entry_mode, oid, path, .. } => (path, Some((entry_mode, oid)), None),
                recorder::Change::Modification { previous_entry_mode, previous_oid, entry_mode, oid, path } => {
                    (path, Some((previous_entry_mode, previous_oid)), Some((entry_mode, oid)))
                }
            };
            self.add_difference(&mut change, &path, before, after)?;
        }
        Ok(pair_renames(change))
    }

    /// What the next commit would change: the index (of `GIT_INDEX_FILE`, inside a hook) against HEAD.
    ///
    /// # Errors
    /// There are unmerged paths, or an object is missing.
    pub fn staged_change(&self) -> Result<Change> {
        let head = match self.head()? {
            Some(commit) => self.tree_of(&commit)?.to_string(),
            None => gix::ObjectId::empty_tree(self.gix.object_hash()).to_string(),
        };
        let diff = self.git.at(self.git_dir()).variable("GIT_INDEX_FILE", self.index_file.as_os_str());
        let options = ["diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", &head];
        let raw = diff.args(options).stdout().context("cannot compare the index with HEAD")?;
        let mut change = Change::default();
        let mut fields = raw.split(|byte| *byte == 0);
        while let (Some(record), Some(path)) = (fields.next().filter(|record| !record.is_empty()), fields.next()) {
            let Some((before, after)) = raw_sides(record)? else {
                bail!("`{}` is not merged yet\nhint: solve the conflict and `git add` it", path.as_bstr());
            };
            self.add_difference(&mut change, path, before, after)?;
        }
        Ok(pair_renames(change))
    }

    /// Resolves `A..B` (from A) and `A...B` (from where the two parted); an end left out is HEAD.
    ///
    /// # Errors
    /// It is not a range, or an end means nothing here.
    pub fn range(&self, text: &str) -> Result<Range> {
        let end = |name: &str| self.resolve(if name.is_empty() { "HEAD" } else { name });
        if let Some((left, right)) = text.split_once("...") {
            let (left, to) = (end(left)?, end(right)?);
            return Ok(Range { from: self.merge_base(&left, &to)?, to });
        }
        match text.split_once("..") {
            Some((left, right)) => Ok(Range { from: end(left)?, to: end(right)? }),
            None => bail!("`{text}` is not a range\nhint: write A..B or A...B"),
        }
    }

    /// What happened along a range, in one step.
    ///
    /// # Errors
    /// As [`Repo::change_between`].
    pub fn range_change(&self, range: &Range) -> Result<Change> {
        self.change_between(&self.tree_of(&range.from)?, &self.tree_of(&range.to)?)
    }

    fn add_difference(&self, change: &mut Change, path: &[u8], before: Side, after: Side) -> Result<()> {
        let path = RepoPath::parse(path)?;
        let read = |side: Side| -> Result<Option<Entry>> {
            match side {
                // The files inside have records of their own.
                Some((mode, _)) if mode.is_tree() => Ok(None),
                Some((mode, id)) => self.entry(&path, id, mode).map(Some),
                None => Ok(None),
            }
        };
        let (before, after) = (read(before)?, read(after)?);
        if before.is_some() || after.is_some() {
            let file = change.files.entry(path).or_insert(FileChange { before: None, after: None, origin: None });
            // A folder that becomes a file is a removal and an addition of the same path.
            file.before = before.or(file.before.take());
            file.after = after.or(file.after.take());
        }
        Ok(())
    }
}

/// Reads `:100644 100755 OLD NEW M`; `None` for an unmerged path.
fn raw_sides(record: &[u8]) -> Result<Option<(Side, Side)>> {
    let text = record.to_str_lossy();
    let fields: Vec<&str> = text.trim_start_matches(':').split(' ').collect();
    let [old_mode, new_mode, old, new, status] = fields[..] else { bail!("git diff-index printed `{text}`") };
    let side = |mode: &str, id: &str| -> Result<Side> {
        let id = super::object_id(id)?;
        let bits = u16::from_str_radix(mode, 8).with_context(|| format!("git diff-index printed the mode `{mode}`"))?;
        let mode = EntryMode::try_from(u32::from(bits)).ok();
        Ok(mode.filter(|_| !id.is_null()).map(|mode| (mode, id)))
    };
    match status {
        "U" => Ok(None),
        _ => Ok(Some((side(old_mode, old)?, side(new_mode, new)?))),
    }
}
