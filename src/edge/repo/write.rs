//! Turns a change into a tree: objects only, no index, no working tree, no ref.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use gix::objs::tree::EntryKind;

use super::read::{Leaf, Walker};
use super::{Repo, tree_id};
use crate::core::change::{Change, Entry, File, FileChange, LargeFile, Origin};
use crate::core::names::{RepoPath, TreeId};

impl Repo {
    /// Writes the tree that the change makes of `base`. Costs the folders on the way to the touched files, however many
    /// files the repository has.
    ///
    /// # Errors
    /// The change does not fit the tree: a file is not what it was when the change was made, a path leads through a
    /// file, a symlink or a submodule, or a file would replace a folder. gix's tree editor would do all that silently.
    pub fn write_change(&self, base: &TreeId, change: &Change) -> Result<TreeId> {
        let removed = removed_paths(change);
        self.refuse_misfits(base, change, &removed)?;
        let mut editor = self.gix.edit_tree(self.id(base.as_str())?)?.detach();
        for path in &removed {
            editor.remove_leaf(components(path)).with_context(|| format!("cannot remove `{path}`"))?;
        }
        for (path, file) in &change.files {
            if let Some(entry) = &file.after {
                let (kind, id) = self.write_entry(path, entry)?;
                editor
                    .upsert(components(path), kind, id)
                    .with_context(|| format!("cannot put `{path}` into the tree"))?;
            }
        }
        // The library's own editor demands that every sibling exists: too much in a large folder, and wrong in a
        // partial clone.
        let root = editor.write(|tree| self.gix.write_object(tree).map(gix::Id::detach))?;
        Ok(tree_id(root))
    }

    fn write_entry(&self, path: &RepoPath, entry: &Entry) -> Result<(EntryKind, gix::ObjectId)> {
        let blob = |bytes: &[u8]| -> Result<gix::ObjectId> { Ok(self.gix.write_blob(bytes)?.detach()) };
        Ok(match entry {
            Entry::File(File { bytes, executable: false }) => (EntryKind::Blob, blob(bytes)?),
            Entry::File(File { bytes, executable: true }) => (EntryKind::BlobExecutable, blob(bytes)?),
            Entry::Large(LargeFile { id, executable: false, .. }) => (EntryKind::Blob, self.id(id)?),
            Entry::Large(LargeFile { id, executable: true, .. }) => (EntryKind::BlobExecutable, self.id(id)?),
            Entry::Symlink(target) => (EntryKind::Link, blob(target)?),
            Entry::Submodule(commit) => (EntryKind::Commit, self.id(commit)?),
            Entry::Directory => bail!("`{path}` is to become a folder, which git does not store"),
        })
    }

    fn refuse_misfits(&self, base: &TreeId, change: &Change, removed: &BTreeSet<&RepoPath>) -> Result<()> {
        let mut walker = Walker::new(self, base)?;
        for (path, file) in &change.files {
            let source = file.origin.as_ref().map_or(path, Origin::path);
            if let Some(before) = &file.before {
                self.refuse_changed(&mut walker, source, before)?;
            }
            match walker.leaf(path)? {
                Leaf::Missing => {}
                Leaf::Below(parent) if removed.contains(&parent) => {}
                Leaf::Below(parent) => bail!("`{path}` cannot be there: `{parent}` is not a folder"),
                Leaf::At { mode, .. } if mode.is_tree() => self.refuse_buried(&mut walker, path, removed)?,
                Leaf::At { .. } if overwrites(path, file) && !removed.contains(path) => {
                    bail!("`{path}` exists already")
                }
                Leaf::At { .. } => {}
            }
        }
        Ok(())
    }

    /// A change carries whole files, so one that was made against another tree would undo what happened in between.
    fn refuse_changed(&self, walker: &mut Walker<'_>, path: &RepoPath, before: &Entry) -> Result<()> {
        let id = match before {
            Entry::File(File { bytes, .. }) | Entry::Symlink(bytes) => {
                gix::objs::compute_hash(self.gix.object_hash(), gix::objs::Kind::Blob, bytes)?
            }
            Entry::Large(LargeFile { id, .. }) | Entry::Submodule(id) => self.id(id)?,
            Entry::Directory => bail!("`{path}` is a folder, which cannot be changed as a file"),
        };
        match walker.leaf(path)? {
            Leaf::At { id: found, .. } if found == id => Ok(()),
            Leaf::At { .. } => bail!("`{path}` is not what it was when the change was made"),
            Leaf::Missing | Leaf::Below(_) => bail!("`{path}` is not there any more"),
        }
    }

    /// A file may take a folder's place only if the change removes everything in it.
    fn refuse_buried(&self, walker: &mut Walker<'_>, path: &RepoPath, removed: &BTreeSet<&RepoPath>) -> Result<()> {
        let Leaf::At { id, .. } = walker.leaf(path)? else { return Ok(()) };
        let inside = self.gix.find_tree(id)?.traverse().breadthfirst.files()?;
        let stays = inside.iter().filter(|entry| !entry.mode.is_tree()).any(|entry| {
            let full = [path.as_bytes(), b"/", entry.filepath.as_slice()].concat();
            !removed.iter().any(|removed| removed.as_bytes() == full)
        });
        match stays {
            true => bail!("`{path}` is a folder; a file cannot take its place while there is something in it"),
            false => Ok(()),
        }
    }
}

/// Whether the change makes a file where it expects none.
fn overwrites(path: &RepoPath, file: &FileChange) -> bool {
    let moved_here = file.origin.as_ref().is_some_and(|origin| origin.path() != path);
    file.after.is_some() && (file.before.is_none() || moved_here)
}

/// Paths that are gone afterwards, unless something new comes there: deletions and the old sides of renames.
fn removed_paths(change: &Change) -> BTreeSet<&RepoPath> {
    let gone = change.files.iter().filter_map(|(path, file)| match (&file.origin, &file.after) {
        (_, None) => Some(path),
        (Some(Origin::Renamed(old)), Some(_)) => Some(old),
        (Some(Origin::Copied(_)) | None, Some(_)) => None,
    });
    gone.collect()
}

pub(super) fn components(path: &RepoPath) -> impl Iterator<Item = &gix::bstr::BStr> {
    path.as_bytes().split(|byte| *byte == b'/').map(Into::into)
}
