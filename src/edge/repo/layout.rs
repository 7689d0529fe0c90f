//! What a repository is on disk, for looking at one, and for making one, without starting git.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The git folders of a repository's linked worktrees, sorted.
pub fn linked_git_dirs(common: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten();
    let mut dirs: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    dirs.sort();
    dirs
}

/// The path that a file of git's holds, whatever bytes it is made of.
pub fn path_in(content: &[u8]) -> PathBuf {
    let path = content.strip_suffix(b"\n").unwrap_or(content);
    PathBuf::from(OsStr::from_bytes(path))
}

/// Where the files of a new repository go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkTree {
    None,
    /// Each call of git says where.
    Given,
}

/// What `git init` would make: an empty repository in a folder that is there.
///
/// # Errors
/// It cannot be written.
pub fn init(dir: &Path, objects: gix::hash::Kind, work_tree: WorkTree) -> io::Result<()> {
    fs::create_dir_all(dir.join("objects/info"))?;
    fs::create_dir_all(dir.join("refs/heads"))?;
    fs::write(dir.join("HEAD"), "ref: refs/heads/none\n")?;
    let format = if objects == gix::hash::Kind::Sha1 {
        "repositoryformatversion = 0\n"
    } else {
        "repositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n"
    };
    let is_bare = work_tree == WorkTree::None;
    fs::write(dir.join("config"), format!("[core]\n\tbare = {is_bare}\n\t{format}"))
}
