//! Everything of a user's checkout that no command may change: compared before and after.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::git::Repo;

/// Path to what is there: kind, mode, modification time in nanoseconds, content.
#[derive(Debug, PartialEq, Eq)]
pub struct Checkout(BTreeMap<String, String>);

impl Repo<'_> {
    /// The working tree, index, HEAD, its log, stash, local branches and configuration, byte for byte.
    pub fn checkout(&self) -> Checkout {
        let mut found = BTreeMap::new();
        visit(&self.path, &self.path, &mut found);
        let git = self.path.join(".git");
        for name in [
            "index",
            "HEAD",
            "config",
            "ORIG_HEAD",
            "FETCH_HEAD",
            "logs/HEAD",
            "refs/stash",
            "logs/refs/stash",
            "info/exclude",
        ] {
            note(&git, &git.join(name), &mut found);
        }
        Checkout(found)
    }

    /// Runs something and asserts that the checkout is the same afterwards.
    #[track_caller]
    pub fn untouched_by<T>(&self, run: impl FnOnce() -> T) -> T {
        let before = self.checkout();
        let result = run();
        let after = self.checkout();
        let changed: Vec<&String> =
            before.0.keys().chain(after.0.keys()).filter(|path| before.0.get(*path) != after.0.get(*path)).collect();
        assert!(changed.is_empty(), "changed: {changed:?}");
        result
    }
}

fn visit(top: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path == top.join(".git") {
            continue;
        }
        note(top, &path, found);
        if path.is_dir() && !path.is_symlink() {
            visit(top, &path, found);
        }
    }
}

fn note(top: &Path, path: &Path, found: &mut BTreeMap<String, String>) {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return };
    let content = match metadata.is_file() {
        true => std::fs::read(path).expect("a readable file").escape_ascii().to_string(),
        false => String::new(),
    };
    let name = path.strip_prefix(top).expect("inside").to_string_lossy().into_owned();
    let about = format!("{:o} {}.{:09} {content}", metadata.mode(), metadata.mtime(), metadata.mtime_nsec());
    found.insert(name, about);
}
