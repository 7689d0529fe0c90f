//! Finds out which new files are old ones that moved, as `git diff -M` does.

use std::collections::{BTreeMap, HashMap};

use super::change::{Change, Entry, FileChange, Origin};
use super::names::RepoPath;

/// At least this much of the larger side must be common: git's default of 50 %.
const LEAST_COMMON: f64 = 0.5;

/// Above so many pairs only identical content is matched, as git does with its `diff.renameLimit`.
const MOST_PAIRS: usize = 40_000;

/// Turns deletions and additions that belong together into renames.
#[must_use]
pub fn pair_renames(mut change: Change) -> Change {
    let taken = |entry: &Option<Entry>| matches!(entry, Some(Entry::File(_) | Entry::Large(_)));
    let is_gone = |file: &FileChange| taken(&file.before) && file.after.is_none();
    let is_new = |file: &FileChange| file.before.is_none() && taken(&file.after) && file.origin.is_none();
    let gone: Vec<RepoPath> = paths_where(&change, is_gone);
    let new: Vec<RepoPath> = paths_where(&change, is_new);
    for (old, new) in pairs(&change.files, &gone, &new) {
        let before = change.files.remove(&old).and_then(|file| file.before);
        if let Some(file) = change.files.get_mut(&new) {
            file.before = before;
            file.origin = Some(Origin::Renamed(old));
        }
    }
    change
}

fn paths_where(change: &Change, wanted: impl Fn(&FileChange) -> bool) -> Vec<RepoPath> {
    let files = change.files.iter().filter(|(_, file)| wanted(file));
    files.map(|(path, _)| path.clone()).collect()
}

/// Best pairs first; each path in one pair only.
fn pairs(files: &BTreeMap<RepoPath, FileChange>, gone: &[RepoPath], new: &[RepoPath]) -> Vec<(RepoPath, RepoPath)> {
    let entry = |path: &RepoPath| match &files[path] {
        FileChange { before: Some(before), after: None, .. } => Some(before),
        FileChange { after, .. } => after.as_ref(),
    };
    let content = |path: &RepoPath| entry(path).map_or(&[][..], Entry::bytes);
    let is_same_large = |old: &RepoPath, new: &RepoPath| match (entry(old), entry(new)) {
        (Some(old @ Entry::Large(_)), Some(new)) => old.has_content_of(new),
        (Some(_) | None, _) => false,
    };
    let exact_only = gone.len().saturating_mul(new.len()) > MOST_PAIRS;
    let mut found: Vec<(f64, bool, &RepoPath, &RepoPath)> = Vec::new();
    for old in gone {
        let (before, pieces) = (content(old), Pieces::of(content(old)));
        for new in new {
            let after = content(new);
            let common = match (before == after, exact_only) {
                _ if is_same_large(old, new) => 1.0,
                // git never takes an empty file for a moved one.
                (true, _) if !before.is_empty() => 1.0,
                (true, _) | (false, true) => 0.0,
                (false, false) => pieces.common(before.len(), after),
            };
            if common >= LEAST_COMMON {
                found.push((common, old.name() == new.name(), old, new));
            }
        }
    }
    found.sort_by(|one, other| {
        other.0.total_cmp(&one.0).then(other.1.cmp(&one.1)).then((one.2, one.3).cmp(&(other.2, other.3)))
    });
    let mut pairs: Vec<(RepoPath, RepoPath)> = Vec::new();
    for (_, _, old, new) in found {
        if !pairs.iter().any(|(known_old, known_new)| known_old == old || known_new == new) {
            pairs.push((old.clone(), new.clone()));
        }
    }
    pairs
}

/// A file's lines, each with the bytes it stands for; very long lines in parts of 64 bytes, as git cuts them.
struct Pieces<'a>(HashMap<&'a [u8], usize>);

impl<'a> Pieces<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let mut counts = HashMap::new();
        for piece in pieces(bytes) {
            *counts.entry(piece).or_insert(0) += piece.len();
        }
        Self(counts)
    }

    /// The share of the larger side that is on both sides.
    fn common(&self, length: usize, other: &[u8]) -> f64 {
        let (small, large) = (length.min(other.len()), length.max(other.len()));
        if large == 0 || (small as f64) < large as f64 * LEAST_COMMON {
            return 0.0;
        }
        let there = Pieces::of(other).0;
        let shared: usize =
            self.0.iter().map(|(piece, bytes)| there.get(piece).map_or(0, |other| *bytes.min(other))).sum();
        shared as f64 / large as f64
    }
}

fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').flat_map(|line| line.chunks(64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(before: Option<&str>, after: Option<&str>) -> FileChange {
        FileChange { before: before.map(Entry::file), after: after.map(Entry::file), origin: None }
    }

    fn moved(files: &[(&str, Option<&str>, Option<&str>)]) -> Vec<String> {
        let files = files.iter().map(|(path, before, after)| (RepoPath::parse(path).unwrap(), file(*before, *after)));
        let change = pair_renames(Change { files: files.collect() });
        let shown = change.files.iter().map(|(path, file)| match &file.origin {
            Some(origin) => format!("{} -> {path}", origin.path()),
            None => path.to_string(),
        });
        shown.collect()
    }

    #[test]
    fn alike_files_are_paired_best_first() {
        let (ten, nine) = ("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\nten\n");
        assert_eq!(moved(&[("a", Some(ten), None), ("b/a", None, Some(ten))]), ["a -> b/a"]);
        let two = [("a", Some(ten), None), ("b", None, Some(nine)), ("c", None, Some(ten))];
        assert_eq!(moved(&two), ["b", "a -> c"]);
        let one_name = [("d/x", Some(ten), None), ("e/w", None, Some(ten)), ("e/x", None, Some(ten))];
        assert_eq!(moved(&one_name), ["e/w", "d/x -> e/x"]);
    }

    #[test]
    fn unlike_empty_and_changed_files_are_not_paired() {
        assert_eq!(moved(&[("a", Some("x\ny\n"), None), ("b", None, Some("p\nq\n"))]), ["a", "b"]);
        assert_eq!(moved(&[("a", Some(""), None), ("b", None, Some(""))]), ["a", "b"]);
        assert_eq!(moved(&[("a", Some("x\n"), Some("y\n")), ("b", None, Some("x\n"))]), ["a", "b"]);
    }
}
