//! Path patterns as `.gitignore` has them, matched without regard to case and disguises.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::core::names::RepoPath;
use crate::core::text::hidden;

/// A list of patterns, each kept as the user wrote it for messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Globs {
    patterns: Vec<String>,
    set: GlobSet,
}

impl Globs {
    /// Reads patterns; the error names the first bad one.
    ///
    /// As in `.gitignore`: without an inner slash a pattern matches a name at any depth, with one it starts at the top;
    /// a folder stands for everything below it; `*` does not cross a slash, `**` does.
    pub(super) fn parse<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let patterns: Vec<String> = patterns.into_iter().map(|pattern| pattern.as_ref().to_owned()).collect();
        let mut set = GlobSetBuilder::new();
        for pattern in &patterns {
            for variant in variants(pattern) {
                let glob = GlobBuilder::new(&variant).literal_separator(true).case_insensitive(true).build();
                set.add(glob.map_err(|error| format!("`{pattern}` is not a path pattern: {}", error.kind()))?);
            }
        }
        let set = set.build().map_err(|error| format!("path patterns: {error}"))?;
        Ok(Self { patterns, set })
    }

    /// This list and another one.
    pub(super) fn and(&self, more: &Self) -> Self {
        Self::parse(self.patterns.iter().chain(&more.patterns)).expect("both lists were parsed before")
    }

    pub(super) fn matches(&self, path: &RepoPath) -> bool {
        self.set.is_match(plain(path))
    }

    /// The pattern that matches, for messages.
    pub(super) fn find(&self, path: &RepoPath) -> Option<&str> {
        let first = *self.set.matches(plain(path)).first()?;
        // Each pattern has two variants.
        self.patterns.get(first / 2).map(String::as_str)
    }

    pub(super) fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

/// The pattern itself and what lies below it, if it is a folder.
fn variants(pattern: &str) -> [String; 2] {
    let rooted = pattern.trim_end_matches('/');
    let anchored = match rooted.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None if rooted.contains('/') => rooted.to_owned(),
        None => format!("**/{rooted}"),
    };
    let below = format!("{anchored}/**");
    if pattern.ends_with('/') { [below.clone(), below] } else { [anchored, below] }
}

/// The path as file systems that ignore some characters see it: HFS+ drops hidden ones, Windows drops dots, spaces and
/// streams at the end of a name.
fn plain(path: &RepoPath) -> String {
    let text: String = path.to_text().chars().filter(|c| hidden(*c).is_none()).collect();
    let parts: Vec<&str> = text
        .split('/')
        .map(|part| {
            let name = part.split_once("::").map_or(part, |(name, _)| name);
            let trimmed = name.trim_end_matches(['.', ' ']);
            if trimmed.is_empty() { part } else { trimmed }
        })
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_gitignore() {
        let path = |text: &str| RepoPath::parse(text).unwrap();
        for (pattern, matching, other) in [
            ("*.db", "a/b/x.DB", "src/db.py"),
            ("data/**", "Data/x/y", "src/data/x"),
            ("/data/", "data/x", "data"),
            ("CODEOWNERS", "docs/codeowners", "docs/codeowners.md"),
            ("**/.claude/**", "a/.claude/x", "a/claude/x"),
            (".github/workflows/**", ".GitHub/Workflows/x.yml", "tests/.github/workflows/x.yml"),
            (".envrc", ".envrc.", ".envrc2"),
            ("docs", "docs/x/y", "src/x"),
            ("a/*.py", "a/x.py", "a/b/x.py"),
        ] {
            let globs = Globs::parse([pattern]).unwrap();
            assert!(globs.matches(&path(matching)), "{pattern} should match {matching}");
            assert!(!globs.matches(&path(other)), "{pattern} should not match {other}");
            assert_eq!(globs.find(&path(matching)), Some(pattern));
        }
        assert!(Globs::parse(["[a"]).is_err());
    }
}
