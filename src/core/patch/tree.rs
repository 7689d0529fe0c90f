//! The tree that a change results in must be one that git can check out anywhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::refusal::{Block, Problem, ProblemKind};
use crate::core::change::{Entry, FileChange, Snapshot};
use crate::core::names::RepoPath;

/// A change before it is accepted.
pub(super) struct Tree<'a> {
    pub base: &'a Snapshot,
    pub files: &'a BTreeMap<RepoPath, FileChange>,
    /// Old names of renames.
    pub gone: &'a BTreeSet<RepoPath>,
}

impl Tree<'_> {
    /// Paths below a file, paths that differ only by case, something created over something that stays, something that is
    /// changed and moved away; or nothing at all.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut folded: HashMap<Vec<u8>, &RepoPath> = HashMap::new();
        for (path, file) in self.files.iter().filter(|(_, file)| file.after.is_some()) {
            let block = Block { file: path.to_string(), number: None, line: 0 };
            let twin = folded.insert(path.as_bytes().to_ascii_lowercase(), path);
            let problem = self.blocked(path).or_else(|| self.moved(path, file)).or_else(|| self.occupied(path, file));
            let problem = problem.or_else(|| twin.map(|twin| collision(path, twin)));
            problems.extend(problem.map(|problem| problem.at(block)));
        }
        if self.files.is_empty() {
            problems.push(Problem::new(ProblemKind::NoChange, "the patch changes nothing"));
        }
        problems
    }

    fn removes(&self, path: &RepoPath) -> bool {
        self.gone.contains(path) || self.files.get(path).is_some_and(|file| file.after.is_none())
    }

    /// A file that is changed under its old name and renamed away.
    fn moved(&self, path: &RepoPath, file: &FileChange) -> Option<Problem> {
        let edited = file.before.is_some() && file.origin.is_none() && self.gone.contains(path);
        let what = || format!("`{path}` is renamed in one part of the patch and changed in another");
        edited.then(|| Problem::new(ProblemKind::Overlap, what()).hint("change it under its new name"))
    }

    /// Something above the path that is not a folder and stays.
    fn blocked(&self, path: &RepoPath) -> Option<Problem> {
        path.ancestors().find_map(|parent| {
            let kind = match self.base.entries.get(&parent) {
                _ if self.files.get(&parent).is_some_and(|file| file.after.is_some()) => "a file of this patch",
                Some(Entry::File(_) | Entry::Large(_)) if !self.removes(&parent) => "a file",
                Some(Entry::Symlink(_)) if !self.removes(&parent) => "a symlink",
                Some(Entry::Submodule(_)) if !self.removes(&parent) => "a submodule",
                Some(Entry::File(_) | Entry::Large(_) | Entry::Symlink(_) | Entry::Submodule(_) | Entry::Directory)
                | None => return None,
            };
            Some(Problem::new(
                ProblemKind::NotAFile,
                format!("path `{path}` is below `{parent}`, which is {kind}, not a directory"),
            ))
        })
    }

    /// Something at the path of a new file that stays, or its twin in another case.
    fn occupied(&self, path: &RepoPath, file: &FileChange) -> Option<Problem> {
        if file.before.is_some() && file.origin.is_none() {
            return None;
        }
        match self.base.entries.get(path) {
            Some(Entry::Directory) if !self.empties(path) => {
                return Some(Problem::new(ProblemKind::Exists, format!("path `{path}` exists: it is a directory")));
            }
            Some(Entry::File(old)) if old.bytes.is_empty() && file.origin.is_none() => return None,
            Some(Entry::File(_) | Entry::Large(_) | Entry::Symlink(_) | Entry::Submodule(_)) if !self.removes(path) => {
                let problem = Problem::new(ProblemKind::Exists, format!("`{path}` exists already"));
                return Some(problem.hint("change it with a diff against its text"));
            }
            _ => {}
        }
        let twin = self.base.twins.get(path).filter(|twin| !self.removes(twin))?;
        let what =
            format!("`{path}` differs from the existing `{twin}` only in case: many file systems cannot hold both");
        Some(Problem::new(ProblemKind::CaseCollision, what))
    }

    /// Whether every file below a folder goes away.
    fn empties(&self, folder: &RepoPath) -> bool {
        let prefix = [folder.as_bytes(), b"/"].concat();
        let below = |path: &&RepoPath| path.as_bytes().starts_with(&prefix);
        self.base.listing.as_deref().is_some_and(|listing| listing.iter().filter(below).all(|path| self.removes(path)))
    }
}

fn collision(path: &RepoPath, twin: &RepoPath) -> Problem {
    let what = format!("`{path}` and `{twin}` differ only in case: many file systems cannot hold both");
    Problem::new(ProblemKind::CaseCollision, what)
}
