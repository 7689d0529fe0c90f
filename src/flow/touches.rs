//! Commits that changed what an issue names, since it was filed: the code may not be what the reporter saw.

use anyhow::Result;

use super::shop::Shop;
use crate::core::change::Entry;
use crate::core::freshness::Touch;
use crate::core::issue::Issue;
use crate::core::names::{CommitId, RepoPath};
use crate::core::places::{self, Part, cut, holds, named, resolve};
use crate::core::rank::query::Query;
use crate::edge::repo::{Found, LogEntry};

/// Files of one issue that are looked at, and commits of each file.
const FILES: usize = 5;
const COMMITS: usize = 40;
/// Commits that are told of for a file of which only the name is given.
const OF_A_FILE: usize = 2;
/// Larger files are not compared.
const LARGEST: u64 = 1 << 20;

/// What was touched; the commit of each part is the one that changed it first.
///
/// # Errors
/// The history cannot be read, or takes too long.
pub(super) fn touches(shop: &Shop<'_>, issue: &Issue) -> Result<Vec<Touch>> {
    let query = Query::new(&issue.title, &issue.body);
    let named = named(&query, &issue.body);
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let Some(then) = shop.repo.commit_before(&shop.base.commit, issue.created)? else { return Ok(Vec::new()) };
    let files = shop.repo.listing(&shop.base.tree)?;
    let mut seen: Vec<&RepoPath> = Vec::new();
    let mut found = Vec::new();
    for one in &named {
        let Some(path) = resolve(&one.path, &files).filter(|path| !seen.contains(path)) else { continue };
        if seen.len() == FILES {
            break;
        }
        seen.push(path);
        let of_file = named.iter().filter(|other| resolve(&other.path, &files) == Some(path));
        let look = Look { shop, path, since: issue, query: &query };
        found.extend(look.file(of_file, &then)?);
    }
    Ok(found)
}

/// One file of an issue.
struct Look<'l, 'a> {
    shop: &'l Shop<'a>,
    path: &'l RepoPath,
    since: &'l Issue,
    query: &'l Query,
}

impl Look<'_, '_> {
    fn file<'n>(&self, named: impl Iterator<Item = &'n places::Named>, then: &CommitId) -> Result<Vec<Touch>> {
        let paths = std::slice::from_ref(self.path);
        let mut commits = self.shop.repo.commits_touching(&self.shop.base.commit, paths, self.since.created)?;
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        let newest: Vec<LogEntry> = commits.iter().take(OF_A_FILE).cloned().collect();
        commits.truncate(COMMITS);
        commits.reverse();
        let mut parts = Vec::new();
        for one in named {
            // A permanent link says which lines it means.
            let linked = one.commit.as_ref().and_then(|commit| self.shop.repo.resolve(commit).ok());
            let at = linked.unwrap_or_else(|| then.clone());
            let Some(text) = self.text(&at)? else { continue };
            let lines: Vec<(u32, u32)> = one.lines.into_iter().collect();
            for part in places::parts(self.query, self.path, &text, &lines) {
                if !parts.iter().any(|(known, _)| *known == part) {
                    let lines: Vec<Vec<u8>> = cut(&part, self.path, &text).into_iter().map(<[u8]>::to_vec).collect();
                    parts.push((part, lines));
                }
            }
        }
        if parts.is_empty() {
            return Ok(newest.into_iter().map(|entry| self.touch(entry, Part::File)).collect());
        }
        let mut touched = Vec::new();
        for (part, lines) in parts {
            let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
            touched.extend(self.changed(&lines, &commits)?.map(|entry| self.touch(entry, part)));
        }
        Ok(touched)
    }

    /// The first of the commits, oldest first, after which the lines are not there any more; `None`: they still are.
    fn changed(&self, lines: &[&[u8]], commits: &[LogEntry]) -> Result<Option<LogEntry>> {
        if self.text(&self.shop.base.commit)?.is_some_and(|text| holds(&text, lines)) {
            return Ok(None);
        }
        for entry in commits {
            if !self.text(&entry.commit)?.is_some_and(|text| holds(&text, lines)) {
                return Ok(Some(entry.clone()));
            }
        }
        Ok(None)
    }

    fn touch(&self, entry: LogEntry, part: Part) -> Touch {
        Touch { commit: entry.commit, subject: entry.subject, path: self.path.clone(), part, at: entry.when }
    }

    /// The file as a commit has it; `None`: it is not there, or no file of a size to compare.
    fn text(&self, commit: &CommitId) -> Result<Option<std::sync::Arc<Vec<u8>>>> {
        let tree = self.shop.repo.tree_of(commit)?;
        Ok(match self.shop.repo.read(&tree, self.path, LARGEST)? {
            Found::Entry(Entry::File(file)) => Some(file.bytes),
            Found::Entry(Entry::Large(_) | Entry::Symlink(_) | Entry::Directory | Entry::Submodule(_))
            | Found::Missing { .. }
            | Found::Below(_)
            | Found::TooLarge { .. } => None,
        })
    }
}
