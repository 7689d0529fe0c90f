//! Serves the model's look-ups from the draft's tree; nothing of it comes from the user's files.

use anyhow::Result;

use crate::core::change::{Entry, is_binary};
use crate::core::conversation::{BlameLine, CommitLine, Found, LineRange, Look, Looked, Match, Passage};
use crate::core::names::{CommitId, RepoPath, TreeId};
use crate::edge::repo::{self, LARGEST_FILE, Pattern, Repo, SearchLimits};

/// Hits of one search that are shown, over all files and in one file.
const SEARCH: SearchLimits = SearchLimits { hits: 60, per_file: 12, file_bytes: 1 << 20, line_chars: 240 };

/// Paths of one listing that are shown.
const PATHS: usize = 200;

/// Commits of one log that are shown.
const COMMITS: usize = 20;

/// Lines of one blame that are shown.
const BLAMED: u32 = 200;

/// Where look-ups look: files in the draft, history at the base.
pub(super) struct Scene<'a> {
    pub repo: &'a Repo,
    pub draft: &'a TreeId,
    pub base: &'a CommitId,
}

impl Scene<'_> {
    /// Answers one look-up. What cannot be answered is an answer too: the model can ask otherwise.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub(super) fn look(&self, look: &Look) -> Result<Looked> {
        let found = match look {
            Look::Read { path, lines } => self.read(path, *lines)?,
            Look::Search { regex, glob } => self.search(regex, glob.as_deref())?,
            Look::List { glob } => self.list(glob)?,
            Look::Log { path } => Found::Commits(self.log(path)?),
            Look::Blame { path, lines } => self.blame(path, *lines),
        };
        Ok(Looked { look: look.clone(), found })
    }

    fn read(&self, path: &RepoPath, lines: Option<LineRange>) -> Result<Found> {
        Ok(match self.repo.read(self.draft, path, LARGEST_FILE)? {
            repo::Found::Entry(entry) => shown(path, &entry, lines),
            repo::Found::TooLarge { bytes } => too_large(path, bytes),
            repo::Found::Missing { .. } | repo::Found::Below(_) => Found::Missing { similar: self.similar(path)? },
        })
    }

    /// Files of the same name elsewhere.
    fn similar(&self, path: &RepoPath) -> Result<Vec<RepoPath>> {
        let name = path.name().to_ascii_lowercase();
        let listing = self.repo.listing(self.draft)?;
        let same = |other: &&RepoPath| other.name().to_ascii_lowercase() == name;
        Ok(listing.iter().filter(same).take(8).cloned().collect())
    }

    fn search(&self, regex: &str, glob: Option<&str>) -> Result<Found> {
        let pattern = match Pattern::parse(regex) {
            Ok(pattern) => pattern,
            Err(problem) => return Ok(Found::Problem(problem)),
        };
        let globs = match glob.map(globs).transpose() {
            Ok(globs) => globs,
            Err(problem) => return Ok(Found::Problem(problem)),
        };
        let result = self.repo.search(self.draft, &pattern, globs.as_ref(), &SEARCH)?;
        let matches = result.hits.into_iter().map(|hit| Match { path: hit.path, line: hit.line, text: hit.text });
        Ok(Found::Matches { matches: matches.collect(), more: u64::from(result.more) })
    }

    fn list(&self, glob: &str) -> Result<Found> {
        let globs = match globs(glob) {
            Ok(globs) => globs,
            Err(problem) => return Ok(Found::Problem(problem)),
        };
        let listing = self.repo.listing(self.draft)?;
        let matching: Vec<&RepoPath> = listing.iter().filter(|path| globs.is_match(&*path.to_text())).collect();
        let more = matching.len().saturating_sub(PATHS) as u64;
        Ok(Found::Paths { paths: matching.into_iter().take(PATHS).cloned().collect(), more })
    }

    fn log(&self, path: &RepoPath) -> Result<Vec<CommitLine>> {
        let entries = self.repo.log(self.base, path, COMMITS)?;
        let line = |entry: repo::LogEntry| CommitLine { id: entry.commit, time: entry.when, subject: entry.subject };
        Ok(entries.into_iter().map(line).collect())
    }

    fn blame(&self, path: &RepoPath, lines: LineRange) -> Found {
        let last = lines.to.unwrap_or(u32::MAX).min(lines.from.saturating_add(BLAMED - 1));
        match self.repo.blame(self.base, path, lines.from, last) {
            Ok(blamed) => Found::Blame(blamed.into_iter().map(blame_line).collect()),
            Err(error) => Found::Problem(format!("{error:#}")),
        }
    }
}

fn blame_line(line: repo::BlamedLine) -> BlameLine {
    BlameLine { line: line.line, id: line.commit, time: line.when, text: line.text }
}

fn too_large(path: &RepoPath, bytes: u64) -> Found {
    Found::Problem(format!("{path} has {bytes} bytes: too large to show"))
}

fn shown(path: &RepoPath, entry: &Entry, lines: Option<LineRange>) -> Found {
    match entry {
        Entry::File(file) if is_binary(&file.bytes) => Found::Binary { bytes: file.bytes.len() as u64 },
        Entry::File(file) => Found::Lines(Passage::of(path.clone(), &String::from_utf8_lossy(&file.bytes), lines)),
        Entry::Large(file) => too_large(path, file.bytes),
        Entry::Symlink(target) => {
            Found::Problem(format!("{path} is a symbolic link to {}", String::from_utf8_lossy(target)))
        }
        Entry::Submodule(commit) => Found::Problem(format!("{path} is a submodule at {commit}")),
        Entry::Directory => Found::Problem(format!("{path} is a folder: use `list {path}/**`")),
    }
}

/// A glob as models write it: `src/`, `src/**`, `*.rs` (anywhere), `src/*.rs`.
fn globs(text: &str) -> Result<globset::GlobSet, String> {
    let text = text.trim().trim_start_matches("./");
    let text = match text {
        "" | "." | "/" => "**".to_owned(),
        folder if folder.ends_with('/') => format!("{folder}**"),
        name if !name.contains('/') => format!("**/{name}"),
        path => path.to_owned(),
    };
    let folder = format!("{text}/**");
    let mut set = globset::GlobSetBuilder::new();
    for pattern in [&text, &folder] {
        let glob = globset::GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.map_err(|problem| format!("`{text}` is no glob: {problem}"))?);
    }
    set.build().map_err(|problem| format!("`{text}` is no glob: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::globs;

    #[test]
    fn globs_mean_what_models_mean() {
        let matches = |glob: &str, path: &str| globs(glob).expect("a glob").is_match(path);
        for (glob, path) in [
            ("src", "src/a/b.rs"),
            ("src/", "src/b.rs"),
            ("*.rs", "src/a/b.rs"),
            ("src/*.rs", "src/b.rs"),
            (".", "a/b"),
        ] {
            assert!(matches(glob, path), "{glob} {path}");
        }
        assert!(!matches("src/*.rs", "src/a/b.rs"));
        assert!(globs("a[").is_err());
    }
}
