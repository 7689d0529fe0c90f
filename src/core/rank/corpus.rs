//! What is ranked: the files of a tree reduced to what a query asks, and the history that led to it.

use std::collections::HashMap;

use super::definitions::Kind;
use super::features::Fast;
use super::language::{Language, Role};
use super::query::Hits;
use super::words::Term;
use crate::core::names::RepoPath;

/// One file of the tree.
#[derive(Debug, Clone)]
pub struct File {
    pub path: RepoPath,
    pub language: Language,
    pub role: Role,
    pub hits: Hits,
    /// Line ends.
    pub lines: u32,
    /// Names that it defines.
    pub definitions: Box<[(Term, Kind)]>,
}

impl File {
    /// A file as the index has it; all empty for a blob that is missing (partial clone) or binary.
    pub fn of(path: RepoPath, hits: Hits, lines: u32, definitions: Box<[(Term, Kind)]>) -> Self {
        let (language, role) = (Language::of(path.as_bytes()), Role::of(path.as_bytes()));
        Self { path, language, role, hits, lines, definitions }
    }
}

/// A commit that led to the tree, newest first in its list.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// The message's hits.
    pub hits: Hits,
    /// Files of the tree that it changed, as positions; `None`: not looked at.
    pub files: Option<Vec<u32>>,
}

/// The files of a tree with ways to find them by name.
#[derive(Debug)]
pub struct Corpus {
    pub files: Vec<File>,
    /// Commits without merges, newest first.
    pub history: Vec<Past>,
    /// Last component with and without extension, and folders of index files: positions in `files`.
    by_name: HashMap<Vec<u8>, Vec<u32>, Fast>,
}

/// File stems that stand for their folder.
const INDEX_STEMS: &[&[u8]] = &[b"__init__", b"index", b"mod", b"lib", b"main", b"init"];

impl Corpus {
    /// Files in any order; positions in `history` refer to it.
    pub fn new(files: Vec<File>, history: Vec<Past>) -> Self {
        let mut by_name: HashMap<Vec<u8>, Vec<u32>, Fast> = HashMap::default();
        for (position, file) in files.iter().enumerate() {
            for name in names_of(file.path.as_bytes()) {
                by_name.entry(name).or_default().push(position as u32);
            }
        }
        Self { files, history, by_name }
    }

    /// Files whose path ends in `path` or in the longest possible end of it; with how many components agree.
    pub fn find_path(&self, path: &str) -> (Vec<u32>, usize) {
        let wanted: Vec<&[u8]> = path.as_bytes().split(|byte| *byte == b'/').collect();
        let Some(name) = wanted.last() else { return (Vec::new(), 0) };
        let candidates = self.by_name.get(*name).map_or(&[][..], Vec::as_slice);
        self.longest(candidates, |file| {
            let components = file.rsplit(|byte| *byte == b'/');
            wanted.iter().rev().zip(components).take_while(|(a, b)| **a == *b).count()
        })
    }

    /// Files that a module name (`a/b/c`) stands for: the longest beginning of it that names one.
    pub fn find_module(&self, module: &str) -> (Vec<u32>, usize) {
        let wanted: Vec<&[u8]> = module.as_bytes().split(|byte| *byte == b'/').collect();
        for length in (1..=wanted.len()).rev() {
            let candidates = self.by_name.get(wanted[length - 1]).map_or(&[][..], Vec::as_slice);
            let (found, depth) = self.longest(candidates, |file| module_match(&wanted[..length], file));
            if depth == length || (depth > 1 && depth + 1 >= length) {
                return (found, depth);
            }
        }
        (Vec::new(), 0)
    }

    fn longest(&self, candidates: &[u32], depth_of: impl Fn(&[u8]) -> usize) -> (Vec<u32>, usize) {
        let mut best = (Vec::new(), 0);
        for position in candidates {
            let depth = depth_of(self.files[*position as usize].path.as_bytes());
            if depth > best.1 {
                best = (vec![*position], depth);
            } else if depth == best.1 && depth > 0 {
                best.0.push(*position);
            }
        }
        best
    }
}

/// The names under which a path is found: `c.py`, `c`, and `b` for `a/b/__init__.py`.
fn names_of(path: &[u8]) -> Vec<Vec<u8>> {
    let (name, stem) = (super::language::file_name(path), super::language::file_stem(path));
    let mut names = vec![name.to_vec()];
    if stem != name {
        names.push(stem.to_vec());
    }
    if INDEX_STEMS.contains(&stem) {
        let folder =
            path.iter().rposition(|byte| *byte == b'/').map(|slash| super::language::file_name(&path[..slash]));
        names.extend(folder.filter(|folder| *folder != stem).map(<[u8]>::to_vec));
    }
    names
}

/// How many components of `wanted`, from its end, the path (without extension or index file) ends in.
fn module_match(wanted: &[&[u8]], path: &[u8]) -> usize {
    let mut components: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let last = components.pop().map(super::language::file_stem).unwrap_or_default();
    if !INDEX_STEMS.contains(&last) || wanted.last() == Some(&last) {
        components.push(last);
    }
    wanted.iter().rev().zip(components.iter().rev()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(paths: &[&str]) -> Corpus {
        let file = |path: &&str| File::of(RepoPath::parse(path).unwrap(), Hits::default(), 0, Box::new([]));
        Corpus::new(paths.iter().map(file).collect(), Vec::new())
    }

    #[test]
    fn paths_are_found_by_their_longest_end() {
        let corpus = corpus(&["a/b/c.py", "x/b/c.py", "c.py"]);
        assert_eq!(corpus.find_path("site-packages/a/b/c.py"), (vec![0], 3));
        assert_eq!(corpus.find_path("b/c.py"), (vec![0, 1], 2));
        assert_eq!(corpus.find_path("d.py"), (vec![], 0));
    }

    #[test]
    fn modules_are_found_by_their_longest_beginning() {
        let corpus = corpus(&["src/pkg/models/__init__.py", "src/pkg/models/fields.py", "src/pkg/other.py"]);
        assert_eq!(corpus.find_module("pkg/models/fields/CharField/max"), (vec![1], 3));
        assert_eq!(corpus.find_module("pkg/models/Model"), (vec![0], 2));
        assert_eq!(corpus.find_module("self/x"), (vec![], 0));
    }
}
