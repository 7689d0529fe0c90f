//! Trees of a test repository as snapshots, and changes written as trees, with git itself.

use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;

use git_burn::core::change::{Change, Entry, File, Origin, Snapshot};
use git_burn::core::names::RepoPath;

use super::git::{Repo, text};

/// Everything in a tree.
pub fn snapshot(repo: &Repo<'_>, tree: &str) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let listing = repo.try_git(&["ls-tree", "-r", "-z", tree]).stdout;
    for line in listing.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let tab = line.iter().position(|byte| *byte == b'\t').expect("a path after a tab");
        let path = RepoPath::parse(&line[tab + 1..]).expect("a path of a tree");
        let head = text(&line[..tab]);
        let (mode, id) = (&head[..6], head.rsplit(' ').next().expect("an id"));
        for folder in path.ancestors() {
            snapshot.entries.insert(folder, Entry::Directory);
        }
        let bytes = || Arc::new(repo.try_git(&["cat-file", "blob", id]).stdout);
        let entry = match mode {
            "120000" => Entry::Symlink(bytes()),
            "160000" => Entry::Submodule(id.to_owned()),
            _ => Entry::File(File { bytes: bytes(), executable: mode == "100755" }),
        };
        snapshot.entries.insert(path, entry);
    }
    let files = |(path, entry): (&RepoPath, &Entry)| (*entry != Entry::Directory).then(|| path.clone());
    snapshot.listing = Some(snapshot.entries.iter().filter_map(files).collect::<Vec<_>>().into());
    snapshot
}

/// The id of the tree that a change makes of another one.
pub fn write(repo: &Repo<'_>, base: &str, change: &Change) -> String {
    let index = repo.path.join(".git/test-index");
    let git = |args: &[&str], input: &[u8]| {
        let mut command = repo.room.command("git", &repo.path);
        command.args(args).env("GIT_INDEX_FILE", &index).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("git runs");
        child.stdin.take().expect("a pipe").write_all(input).expect("git reads");
        let output = child.wait_with_output().expect("git ends");
        assert!(output.status.success(), "git {args:?}");
        text(&output.stdout).trim().to_owned()
    };
    git(&["read-tree", base], b"");
    let mut lines: Vec<u8> = Vec::new();
    let mut gone = |path: &RepoPath| {
        lines.extend([b"0 0000000000000000000000000000000000000000\t", path.as_bytes(), b"\0"].concat());
    };
    for (path, file) in &change.files {
        match &file.origin {
            Some(Origin::Renamed(old)) => gone(old),
            Some(Origin::Copied(_)) | None => {}
        }
        if file.after.is_none() {
            gone(path);
        }
    }
    for (path, file) in &change.files {
        let Some(after) = &file.after else { continue };
        let id = match after {
            Entry::Submodule(id) => id.clone(),
            Entry::Large(file) => file.id.clone(),
            Entry::File(_) | Entry::Symlink(_) | Entry::Directory => {
                git(&["hash-object", "-w", "--stdin"], after.bytes())
            }
        };
        lines.extend(format!("{} {id}\t", after.mode()).as_bytes());
        lines.extend([path.as_bytes(), b"\0"].concat());
    }
    git(&["update-index", "-z", "--index-info"], &lines);
    git(&["write-tree"], b"")
}
