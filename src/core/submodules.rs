//! Submodules as a commit names them: a stranger's text until it is checked; and why the folder of one stays empty.

use std::fmt;

use super::names::{CommitId, RepoPath};
use super::text::{one_line, shell_word};

/// A name of `.gitmodules`, fit to be a path below a `modules` folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmoduleName(String);

impl SubmoduleName {
    /// Accepts what git accepts and what cannot lead out of the folder that it is looked up in.
    ///
    /// # Errors
    /// Why it is refused, as a clause.
    pub fn parse(name: &str) -> Result<Self, &'static str> {
        let mut parts = name.split(['/', '\\']);
        if parts.clone().any(|part| part == "..") {
            return Err("leads out of `.git/modules`");
        }
        if name.starts_with(['/', '\\']) {
            return Err("is absolute");
        }
        if name.chars().any(char::is_control) || parts.any(|part| part.is_empty() || part == ".") {
            return Err("is no plain name");
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A submodule whose files are not in the worktree of the checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmptySubmodule {
    /// From the top of the project.
    pub path: String,
    /// The submodule that holds it, if it is one's own.
    pub outer: Option<RepoPath>,
    pub why: Lack,
}

/// What keeps a submodule from being filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// The clone does not have it.
    Clone,
    /// The clone has it, but not the commit.
    Commit(CommitId),
    /// What the commit says of it is not to be trusted; a clause.
    Trust(String),
    /// git could not write its files.
    Files(String),
}

impl fmt::Display for EmptySubmodule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = typed(&self.path);
        let update = match &self.outer {
            None => format!("git submodule update --init {path}"),
            Some(outer) => format!("git submodule update --init --recursive {}", typed(&outer.to_text())),
        };
        write!(f, "checks find the submodule `{}` empty: ", one_line(&self.path))?;
        match &self.why {
            Lack::Clone => write!(f, "this clone does not have it\nhint: {update}"),
            Lack::Commit(commit) => write!(
                f,
                "this clone has it without the commit {}\n\
                 hint: {update}; if your checkout names another commit of it: git -C {path} fetch",
                commit.short()
            ),
            Lack::Trust(problem) => write!(f, "{}\nhint: correct .gitmodules and where it points", one_line(problem)),
            Lack::Files(problem) => write!(f, "{}\nhint: {update}", one_line(problem)),
        }
    }
}

/// A path as an argument that no program takes for an option.
fn typed(path: &str) -> String {
    match path.starts_with('-') {
        true => shell_word(&format!("./{path}")),
        false => shell_word(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_their_folder() {
        for name in ["lib", "vendor/lib", "a.b", "..lib", "lib..", "a...b", "-x", "C:x"] {
            assert!(SubmoduleName::parse(name).is_ok(), "{name}");
        }
        let hostile =
            ["", "..", "../x", "a/../../x", "a/..", r"..\x", r"a\..\x", "/etc", r"\\host", "a//b", "./a", "a\n"];
        for name in hostile {
            assert!(SubmoduleName::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn commands_can_be_typed_whatever_the_path() {
        let shown = |path: &str| {
            let empty = EmptySubmodule { path: path.into(), outer: None, why: Lack::Clone };
            empty.to_string().lines().last().unwrap_or_default().to_owned()
        };
        assert_eq!(shown("vendor/lib"), "hint: git submodule update --init vendor/lib");
        assert_eq!(shown("-x;ls"), "hint: git submodule update --init './-x;ls'");
    }
}
