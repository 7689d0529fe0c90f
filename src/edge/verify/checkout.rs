//! Looks at the user's checkout: HEAD, refs, index, and the state of tracked files. Nothing is read but what git keeps of
//! them and one `lstat` for each file.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::core::checkout::{Checkout, Index, Place, Stamp};
use crate::edge::repo::Repo;

/// The checkout as it is now; `None` for a repository without one.
pub(super) fn look(repo: &Repo) -> Option<Checkout> {
    let top = repo.work_tree()?;
    let (index, paths) = index(repo);
    let mut seen = without_files(repo, index);
    seen.files = paths.into_iter().map(|path| stamped(top, path)).collect();
    Some(seen)
}

/// The same checkout now, with the files that were tracked then.
pub(super) fn look_again(repo: &Repo, before: &Checkout) -> Checkout {
    let mut seen = without_files(repo, index(repo).0);
    let top = repo.top();
    seen.files = before.files.keys().map(|path| stamped(top, path.clone())).collect();
    seen
}

fn without_files(repo: &Repo, index: Index) -> Checkout {
    let common = repo.common_dir();
    let mut refs = BTreeMap::new();
    for prefix in ["refs/heads/", "refs/tags/", "refs/stash"] {
        // One that is broken hides no other: what could be read is compared.
        for (name, id) in repo.refs(prefix).unwrap_or_default() {
            let (value, logged) = (id.as_str().to_owned(), last_logged(&common.join("logs").join(&name)));
            refs.insert(name, Place { commit: Some(value.clone()), value, logged });
        }
    }
    let value = fs::read_to_string(repo.git_dir().join("HEAD")).unwrap_or_default().trim().to_owned();
    let commit = match value.strip_prefix("ref: ") {
        Some(branch) => refs.get(branch).and_then(|place| place.commit.clone()),
        None => gix::ObjectId::from_hex(value.as_bytes()).ok().map(|id| id.to_string()),
    };
    let logged = last_logged(&repo.git_dir().join("logs/HEAD"));
    Checkout { head: Place { value, commit, logged }, refs, index, files: BTreeMap::new() }
}

/// The new id in the last line of a log: `OLD NEW WHO WHEN\tWHAT`.
fn last_logged(log: &Path) -> Option<String> {
    use std::io::{Read, Seek, SeekFrom};
    /// Longer than a line is.
    const TAIL: u64 = 16 * 1024;
    let mut file = fs::File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).ok()?;
    let last = tail.trim_ascii_end().rsplit(|byte| *byte == b'\n').next()?;
    let new = last.split(|byte| *byte == b' ').nth(1)?;
    Some(String::from_utf8_lossy(new).into_owned())
}

/// What is staged, and the paths of files, without submodules and folders that a sparse index stands for.
fn index(repo: &Repo) -> (Index, Vec<Vec<u8>>) {
    let file = repo.index_file();
    if !file.exists() {
        return (Index::Missing, Vec::new());
    }
    let options = gix::index::decode::Options::default();
    let Ok(index) = gix::index::File::at(file, repo.gix().object_hash(), true, options) else {
        return (Index::Unreadable, Vec::new());
    };
    let (mut hasher, mut paths) = (gix::hash::hasher(gix::hash::Kind::Sha1), Vec::new());
    for entry in index.entries() {
        let path = entry.path(&index);
        let kept = gix::index::entry::Flags::from_bits_truncate(entry.flags.bits() & KEPT_FLAGS.bits());
        hasher.update(path);
        hasher.update(format!("\0{:o} {} {:x}\n", entry.mode.bits(), entry.id, kept.bits()).as_bytes());
        if !matches!(entry.mode, gix::index::entry::Mode::COMMIT | gix::index::entry::Mode::DIR) {
            paths.push(path.to_vec());
        }
    }
    let digest = hasher.try_finalize().map(|digest| digest.to_string()).unwrap_or_default();
    (Index::Entries(digest), paths)
}

/// Those that people set; the others are git's own notes.
const KEPT_FLAGS: gix::index::entry::Flags = gix::index::entry::Flags::ASSUME_VALID
    .union(gix::index::entry::Flags::SKIP_WORKTREE)
    .union(gix::index::entry::Flags::INTENT_TO_ADD)
    .union(gix::index::entry::Flags::STAGE_MASK);

fn stamped(top: &Path, path: Vec<u8>) -> (Vec<u8>, Option<Stamp>) {
    let stamp = fs::symlink_metadata(top.join(OsStr::from_bytes(&path))).ok().map(|found| {
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        let changed = nanoseconds(found.ctime(), found.ctime_nsec());
        (found.mode(), found.size(), found.ino(), nanoseconds(found.mtime(), found.mtime_nsec()), changed)
    });
    (path, stamp)
}
