//! Searches the files of a tree, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use gix::bstr::ByteSlice;
use gix::objs::FindExt;

use super::{Repo, TreeFile};
use crate::core::change::is_binary;
use crate::core::names::{RepoPath, TreeId};

/// What to look for in lines: a regular expression.
#[derive(Debug, Clone)]
pub struct Pattern(regex::bytes::Regex);

impl Pattern {
    /// Compiles it; `^` and `$` mean line ends.
    ///
    /// # Errors
    /// It is not a regular expression, or a huge one; the message is for whoever wrote it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut builder = regex::bytes::RegexBuilder::new(text);
        let regex = builder.multi_line(true).crlf(true).size_limit(2 << 20).dfa_size_limit(4 << 20).build();
        regex.map(Self).map_err(|error| format!("`{text}` is not a regular expression: {error}"))
    }
}

/// Where a search stops.
#[derive(Debug, Clone, Copy)]
pub struct SearchLimits {
    /// Hits in all.
    pub hits: usize,
    /// Hits in one file.
    pub per_file: usize,
    /// Larger files are passed over.
    pub file_bytes: u64,
    /// Longer lines are cut.
    pub line_chars: usize,
}

/// A line that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub path: RepoPath,
    /// From 1.
    pub line: u32,
    /// Without the line end, and cut to the limit.
    pub text: String,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchResult {
    /// In order of path and line: always the first ones, whatever the number of threads.
    pub hits: Vec<Hit>,
    /// Whether a limit left hits out.
    pub more: bool,
    /// Files that were too large to look into.
    pub passed_over: usize,
}

/// So many files are one step of a thread: few enough that a full result stops the others soon.
const STEP: usize = 64;

impl Repo {
    /// Searches the text files of a tree whose path the globs match (all, without globs).
    ///
    /// # Errors
    /// The tree cannot be listed. A file that cannot be read is passed over.
    pub fn search(
        &self,
        tree: &TreeId,
        pattern: &Pattern,
        globs: Option<&globset::GlobSet>,
        limits: &SearchLimits,
    ) -> Result<SearchResult> {
        let mut files = self.files(tree)?;
        files.retain(|file| file.kind.is_file() && globs.is_none_or(|globs| globs.is_match(&*file.path.to_text())));
        let repository = self.gix.clone().into_sync();
        let (next, found) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8).min(files.len() / STEP + 1);
        let work = || {
            let mut searcher = Searcher::new(repository.to_thread_local(), pattern, limits);
            while found.load(Ordering::Relaxed) <= limits.hits {
                let from = next.fetch_add(STEP, Ordering::Relaxed);
                let Some(files) = files.get(from..(from + STEP).min(files.len())) else { break };
                let before = searcher.hits.len();
                files.iter().for_each(|file| searcher.look_into(file));
                found.fetch_add(searcher.hits.len() - before, Ordering::Relaxed);
            }
            (searcher.hits, searcher.more, searcher.passed_over)
        };
        let parts: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(|worker| worker.join().ok()).collect()
        });
        let mut result = SearchResult { hits: Vec::new(), more: false, passed_over: 0 };
        for part in parts {
            let (hits, more, passed_over) = part.context("a search thread panicked")?;
            result.hits.extend(hits);
            result.more |= more;
            result.passed_over += passed_over;
        }
        result.hits.sort_unstable_by(|one, other| (&one.path, one.line).cmp(&(&other.path, other.line)));
        result.more |= result.hits.len() > limits.hits;
        result.hits.truncate(limits.hits);
        Ok(result)
    }
}

struct Searcher<'a> {
    repository: gix::Repository,
    pattern: &'a Pattern,
    limits: &'a SearchLimits,
    buffer: Vec<u8>,
    hits: Vec<Hit>,
    more: bool,
    passed_over: usize,
}

impl<'a> Searcher<'a> {
    fn new(mut repository: gix::Repository, pattern: &'a Pattern, limits: &'a SearchLimits) -> Self {
        repository.objects.refresh_never();
        let (buffer, hits) = (Vec::new(), Vec::new());
        Self { repository, pattern, limits, buffer, hits, more: false, passed_over: 0 }
    }

    fn look_into(&mut self, file: &TreeFile) {
        let size = self.repository.try_find_header(file.id).ok().flatten().map(|header| header.size());
        if size.is_none_or(|size| size > self.limits.file_bytes) {
            self.passed_over += 1;
            return;
        }
        let Ok(blob) = self.repository.objects.find_blob(&file.id, &mut self.buffer) else { return };
        if is_binary(blob.data) {
            return;
        }
        let (mut line, mut counted, mut in_file, mut last_line) = (1, 0, 0, 0);
        for found in self.pattern.0.find_iter(blob.data) {
            line += blob.data[counted..found.start()].find_iter(b"\n").count() as u32;
            counted = found.start();
            if line == last_line {
                continue;
            }
            if in_file == self.limits.per_file {
                self.more = true;
                break;
            }
            (in_file, last_line) = (in_file + 1, line);
            let text = line_at(blob.data, found.start(), self.limits.line_chars);
            self.hits.push(Hit { path: file.path.clone(), line, text });
        }
    }
}

/// The line around a position, cut to so many characters.
fn line_at(bytes: &[u8], position: usize, limit: usize) -> String {
    let start = bytes[..position].rfind_byte(b'\n').map_or(0, |end| end + 1);
    let end = bytes[start..].find_byte(b'\n').map_or(bytes.len(), |length| start + length);
    let text = bytes[start..end].to_str_lossy();
    text.trim_end_matches('\r').chars().take(limit).collect()
}
