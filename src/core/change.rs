//! What stands in a tree and what a patch makes of it: the one form that every patch format, draft and staged diff becomes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::names::RepoPath;

/// One entry of a git tree as the patch engine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    File(File),
    /// A regular file of more bytes than are read: it can be moved and judged, but nobody here has seen it.
    Large(LargeFile),
    /// A symbolic link; the bytes are its target.
    Symlink(Arc<Vec<u8>>),
    /// A submodule's commit (a gitlink), in hexadecimal.
    Submodule(String),
    Directory,
}

/// A regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub bytes: Arc<Vec<u8>>,
    /// Mode 100755 instead of 100644.
    pub executable: bool,
}

/// A regular file, unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargeFile {
    /// Of its content, in hexadecimal.
    pub id: String,
    pub bytes: u64,
    /// Mode 100755 instead of 100644.
    pub executable: bool,
}

impl Entry {
    /// A non-executable file with these bytes.
    pub fn file(bytes: impl Into<Vec<u8>>) -> Self {
        Self::File(File { bytes: Arc::new(bytes.into()), executable: false })
    }

    /// git's octal mode, as in a diff's extended header.
    pub fn mode(&self) -> &'static str {
        match self {
            Self::File(File { executable: false, .. }) | Self::Large(LargeFile { executable: false, .. }) => "100644",
            Self::File(File { executable: true, .. }) | Self::Large(LargeFile { executable: true, .. }) => "100755",
            Self::Symlink(_) => "120000",
            Self::Submodule(_) => "160000",
            Self::Directory => "040000",
        }
    }
}

/// What a base tree holds at the paths that a patch names, read before the patch is applied.
///
/// A path that is missing here does not exist in the tree. For a path below something that is not a directory, that
/// something is an entry of its own: applying there is refused, because git's tree editor would silently replace it.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub entries: BTreeMap<RepoPath, Entry>,
    /// For a path that does not exist: what exists under the same name but for case.
    pub twins: BTreeMap<RepoPath, RepoPath>,
    /// All files of the tree, ascending, when they were worth reading
    /// ([`Patch::wants_listing`](super::patch::Patch::wants_listing)).
    pub listing: Option<Arc<[RepoPath]>>,
}

/// The difference between two trees, whole files on both sides. Never empty when it comes from an applied patch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Keyed by the path on the new side; a deletion by the path that goes away.
    pub files: BTreeMap<RepoPath, FileChange>,
}

/// One file of a [`Change`]. `before` and `after` are never both `None`, and never equal unless it moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The state at `from` where it moved, else at the same path; `None`: it is new.
    pub before: Option<Entry>,
    /// `None`: it is deleted.
    pub after: Option<Entry>,
    /// Where it came from by rename or copy.
    pub origin: Option<Origin>,
}

/// Where a renamed or copied file was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The old path disappears.
    Renamed(RepoPath),
    /// The old path stays.
    Copied(RepoPath),
}

impl Origin {
    /// The old path.
    pub fn path(&self) -> &RepoPath {
        match self {
            Self::Renamed(path) | Self::Copied(path) => path,
        }
    }
}

impl Change {
    /// Every path that is touched: new sides, deletions and the old side of renames.
    pub fn paths(&self) -> impl Iterator<Item = &RepoPath> {
        self.files.iter().flat_map(|(path, file)| {
            let old = match &file.origin {
                Some(Origin::Renamed(old)) => Some(old),
                Some(Origin::Copied(_)) | None => None,
            };
            std::iter::once(path).chain(old)
        })
    }

    /// Lines added and removed over all text files, as `git diff --shortstat` counts them.
    pub fn line_counts(&self) -> LineCounts {
        let mut total = LineCounts { files: self.files.len(), added: 0, removed: 0 };
        for file in self.files.values() {
            let (added, removed) = file.line_counts();
            total.added += added;
            total.removed += removed;
        }
        total
    }
}

impl FileChange {
    /// Bytes of the old side; empty when there is none or it is not a file.
    pub fn old_bytes(&self) -> &[u8] {
        self.before.as_ref().map_or(&[], Entry::bytes)
    }

    /// Bytes of the new side; empty when there is none or it is not a file.
    pub fn new_bytes(&self) -> &[u8] {
        self.after.as_ref().map_or(&[], Entry::bytes)
    }

    /// Whether its content is new: not merely its mode or place.
    pub fn has_new_content(&self) -> bool {
        match (&self.before, &self.after) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(before), Some(after)) => !before.has_content_of(after),
        }
    }

    /// Lines added and removed; 0 for binary content.
    pub fn line_counts(&self) -> (usize, usize) {
        if is_binary(self.old_bytes()) || is_binary(self.new_bytes()) {
            return (0, 0);
        }
        let lines = similar::TextDiff::from_lines(self.old_bytes(), self.new_bytes());
        lines.iter_all_changes().fold((0, 0), |(added, removed), change| match change.tag() {
            similar::ChangeTag::Insert => (added + 1, removed),
            similar::ChangeTag::Delete => (added, removed + 1),
            similar::ChangeTag::Equal => (added, removed),
        })
    }
}

impl Entry {
    /// File content, link target, or nothing; nothing of a file that is too large to be read.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::File(file) => &file.bytes,
            Self::Symlink(target) => target,
            Self::Large(_) | Self::Submodule(_) | Self::Directory => &[],
        }
    }

    /// Whether both have the same content, whatever their modes.
    pub fn has_content_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Large(this), Self::Large(other)) => this.id == other.id,
            (Self::Large(_), _) | (_, Self::Large(_)) => false,
            (this, other) => this.bytes() == other.bytes(),
        }
    }
}

/// git's own rule: a NUL among the first 8000 bytes.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(8000)].contains(&0)
}

/// Size of a change, for people and for limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LineCounts {
    pub files: usize,
    pub added: usize,
    pub removed: usize,
}

impl std::fmt::Display for LineCounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.files == 1 { "" } else { "s" };
        write!(f, "{} file{plural} +{} -{}", self.files, self.added, self.removed)
    }
}
