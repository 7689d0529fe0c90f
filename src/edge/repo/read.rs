//! Reads files out of a tree: single ones, the ones a patch needs, and the list of all.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use gix::bstr::{BStr, BString, ByteSlice};
use gix::objs::tree::EntryKind;

use super::{Repo, object_id};
use crate::core::change::{Entry, File, LargeFile, Snapshot};
use crate::core::names::{RepoPath, TreeId};

/// A file of more bytes is not patched, and not shown to a model.
pub const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// What stands at a path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Entry(Entry),
    /// A file of so many bytes, which is more than were asked for.
    TooLarge {
        bytes: u64,
    },
    /// Nothing; perhaps a path that differs in case only.
    Missing {
        twin: Option<RepoPath>,
    },
    /// Nothing can stand there: this part of the path is not a folder.
    Below(RepoPath),
}

/// One file in a [`Repo::files`] list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    pub path: RepoPath,
    pub kind: FileKind,
    /// Content id, in hexadecimal.
    pub id: gix::ObjectId,
}

/// What a [`TreeFile`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Plain,
    Executable,
    Symlink,
    Submodule,
}

impl FileKind {
    /// `None` for a folder.
    pub(super) fn of(mode: gix::objs::tree::EntryMode) -> Option<Self> {
        match mode.kind() {
            EntryKind::Tree => None,
            EntryKind::Blob => Some(Self::Plain),
            EntryKind::BlobExecutable => Some(Self::Executable),
            EntryKind::Link => Some(Self::Symlink),
            EntryKind::Commit => Some(Self::Submodule),
        }
    }

    /// Whether it has content of its own.
    pub fn is_file(self) -> bool {
        matches!(self, Self::Plain | Self::Executable)
    }
}

/// Where a walk along a path's components ends.
enum Walk {
    At { id: gix::ObjectId, mode: gix::objs::tree::EntryMode },
    Missing { twin: Option<RepoPath> },
    Below { parent: RepoPath, id: gix::ObjectId, mode: gix::objs::tree::EntryMode },
}

/// Folders read once while several paths of one tree are looked up.
pub(super) struct Walker<'repo> {
    repo: &'repo Repo,
    folders: BTreeMap<BString, gix::Tree<'repo>>,
}

impl<'repo> Walker<'repo> {
    pub(super) fn new(repo: &'repo Repo, tree: &TreeId) -> Result<Self> {
        Ok(Self { repo, folders: BTreeMap::from([(BString::default(), repo.tree(tree)?)]) })
    }

    /// Goes down the path; reads one tree object for each new folder on the way.
    fn walk(&mut self, path: &RepoPath) -> Result<Walk> {
        let mut folder = BString::default();
        let mut components = path.as_bytes().split(|byte| *byte == b'/').peekable();
        while let Some(name) = components.next() {
            let Some((id, mode)) = self.entry(&folder, name.as_bstr()) else {
                return Ok(Walk::Missing { twin: self.twin(path)? });
            };
            if components.peek().is_none() {
                return Ok(Walk::At { id, mode });
            }
            let below = joined(&folder, name.as_bstr());
            if !mode.is_tree() {
                let parent = RepoPath::parse(&below).context("a part of a checked path is a path")?;
                return Ok(Walk::Below { parent, id, mode });
            }
            self.load(&below, id)?;
            folder = below;
        }
        bail!("`{path}` has no components")
    }

    fn load(&mut self, folder: &BString, id: gix::ObjectId) -> Result<()> {
        if !self.folders.contains_key(folder) {
            let tree = self.repo.gix.find_tree(id).with_context(|| format!("cannot read the folder `{folder}`"))?;
            self.folders.insert(folder.clone(), tree);
        }
        Ok(())
    }

    fn entry(&self, folder: &BString, name: &BStr) -> Option<(gix::ObjectId, gix::objs::tree::EntryMode)> {
        let entry = self.folders.get(folder)?.find_entry(name.as_bytes())?;
        Some((entry.oid().to_owned(), entry.mode()))
    }

    /// Another path that is the same on a file system that ignores case.
    fn twin(&mut self, path: &RepoPath) -> Result<Option<RepoPath>> {
        let mut folder = BString::default();
        let mut components = path.as_bytes().split(|byte| *byte == b'/').peekable();
        while let Some(name) = components.next() {
            let exact = self.entry(&folder, name.as_bstr()).map(|(id, mode)| (BString::from(name), id, mode));
            let Some((name, id, mode)) = exact.or_else(|| self.alike(&folder, name)) else { return Ok(None) };
            let below = joined(&folder, name.as_bstr());
            if components.peek().is_none() {
                return Ok(RepoPath::parse(&below).ok());
            }
            if !mode.is_tree() {
                return Ok(None);
            }
            self.load(&below, id)?;
            folder = below;
        }
        Ok(None)
    }

    fn alike(&self, folder: &BString, name: &[u8]) -> Option<(BString, gix::ObjectId, gix::objs::tree::EntryMode)> {
        let wanted = name.to_str_lossy().to_lowercase();
        let same =
            |other: &BStr| other.len().abs_diff(name.len()) <= 8 && other.to_str_lossy().to_lowercase() == wanted;
        let mut entries = self.folders.get(folder)?.iter().filter_map(Result::ok);
        let entry = entries.find(|entry| same(entry.filename()))?;
        Some((entry.filename().to_owned(), entry.oid().to_owned(), entry.mode()))
    }

    /// What stands at the path, by id.
    pub(super) fn leaf(&mut self, path: &RepoPath) -> Result<Leaf> {
        Ok(match self.walk(path)? {
            Walk::At { id, mode } => Leaf::At { id, mode },
            Walk::Missing { .. } => Leaf::Missing,
            Walk::Below { parent, .. } => Leaf::Below(parent),
        })
    }
}

/// What stands at a path, unread.
pub(super) enum Leaf {
    At { id: gix::ObjectId, mode: gix::objs::tree::EntryMode },
    Missing,
    Below(RepoPath),
}

pub(super) fn joined(folder: &BString, name: &BStr) -> BString {
    if folder.is_empty() {
        return name.to_owned();
    }
    let mut path = folder.clone();
    path.push(b'/');
    path.extend_from_slice(name);
    path
}

impl Repo {
    /// What the tree holds at these paths, in the form that the patch engine works on. Costs one tree object for each
    /// folder on the way, however many files the repository has.
    ///
    /// # Errors
    /// An object is missing or broken.
    pub fn snapshot<'a>(&self, tree: &TreeId, paths: impl IntoIterator<Item = &'a RepoPath>) -> Result<Snapshot> {
        let mut walker = Walker::new(self, tree)?;
        let mut snapshot = Snapshot::default();
        for path in paths {
            match walker.walk(path)? {
                Walk::At { id, mode } => {
                    snapshot.entries.insert(path.clone(), self.entry(path, id, mode)?);
                }
                Walk::Below { parent, id, mode } => {
                    let entry = self.entry(&parent, id, mode)?;
                    snapshot.entries.insert(parent, entry);
                }
                Walk::Missing { twin } => {
                    snapshot.twins.extend(twin.map(|twin| (path.clone(), twin)));
                }
            }
        }
        Ok(snapshot)
    }

    /// Reads one path of a tree, unless it is a file of more than `limit` bytes.
    ///
    /// # Errors
    /// An object is missing or broken.
    pub fn read(&self, tree: &TreeId, path: &RepoPath, limit: u64) -> Result<Found> {
        match Walker::new(self, tree)?.walk(path)? {
            Walk::Missing { twin } => Ok(Found::Missing { twin }),
            Walk::Below { parent, .. } => Ok(Found::Below(parent)),
            Walk::At { id, mode } => {
                if mode.is_blob() {
                    let bytes = self.size(id)?;
                    if bytes > limit.min(LARGEST_FILE) {
                        return Ok(Found::TooLarge { bytes });
                    }
                }
                Ok(Found::Entry(self.entry(path, id, mode)?))
            }
        }
    }

    /// Every file of a tree, sorted by path. Paths that a [`RepoPath`] cannot hold are left out: nothing can be done
    /// with them.
    ///
    /// # Errors
    /// A tree object is missing or broken.
    pub fn files(&self, tree: &TreeId) -> Result<Vec<TreeFile>> {
        let entries = self.tree(tree)?.traverse().breadthfirst.files().context("cannot list the tree")?;
        let known = entries.into_iter().filter_map(|entry| {
            let kind = FileKind::of(entry.mode)?;
            let path = RepoPath::parse(entry.filepath).ok()?;
            Some(TreeFile { path, kind, id: entry.oid })
        });
        let mut files: Vec<TreeFile> = known.collect();
        files.sort_unstable_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// The paths of [`Repo::files`].
    ///
    /// # Errors
    /// A tree object is missing or broken.
    pub fn listing(&self, tree: &TreeId) -> Result<Arc<[RepoPath]>> {
        Ok(self.files(tree)?.into_iter().map(|file| file.path).collect())
    }

    pub(super) fn entry(&self, path: &RepoPath, id: gix::ObjectId, mode: gix::objs::tree::EntryMode) -> Result<Entry> {
        let problem = || format!("cannot read `{path}`");
        let bytes = || self.blob(id).with_context(problem);
        let file = |executable| -> Result<Entry> {
            let size = self.size(id).with_context(problem)?;
            Ok(match size > LARGEST_FILE {
                true => Entry::Large(LargeFile { id: id.to_string(), bytes: size, executable }),
                false => Entry::File(File { bytes: Arc::new(bytes()?), executable }),
            })
        };
        match mode.kind() {
            EntryKind::Tree => Ok(Entry::Directory),
            EntryKind::Commit => Ok(Entry::Submodule(id.to_string())),
            EntryKind::Link => Ok(Entry::Symlink(Arc::new(bytes()?))),
            EntryKind::Blob => file(false),
            EntryKind::BlobExecutable => file(true),
        }
    }

    /// A blob's bytes. In a partial clone a missing one is fetched, by git.
    fn size(&self, id: gix::ObjectId) -> Result<u64> {
        if let Some(header) = self.gix.try_find_header(id)? {
            return Ok(header.size());
        }
        let said = self.git.at(self.git_dir()).args(["cat-file", "-s", &id.to_string()]).text()?;
        said.trim().parse().with_context(|| format!("git cat-file -s printed `{said}`"))
    }

    /// A blob's content. In a partial clone a missing one is fetched, by git.
    fn blob(&self, id: gix::ObjectId) -> Result<Vec<u8>> {
        if let Some(header) = self.gix.try_find_header(id)? {
            if header.size() > LARGEST_FILE {
                bail!("it has {} MiB, more than {} MiB", header.size() >> 20, LARGEST_FILE >> 20);
            }
            return Ok(self.gix.find_blob(id)?.take_data());
        }
        let fetched = self.git.at(self.git_dir()).args(["cat-file", "blob", &id.to_string()]);
        Ok(fetched.output_limit(LARGEST_FILE as usize).stdout()?)
    }

    /// The same id as it has in a tree, checked for its form.
    pub(super) fn id(&self, hex: &str) -> Result<gix::ObjectId> {
        object_id(hex)
    }
}
