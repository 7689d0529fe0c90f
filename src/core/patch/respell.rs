//! Reading a patch's paths from another level than the top of the repository, as `git apply -p` and `--directory` do.

use bstr::ByteSlice;

use super::Patch;
use super::form::{FilePatch, Verb};
use super::names::{Aim, Name};
use super::refusal::{Block, Problem, ProblemKind, Refusal};
use crate::core::names::RepoPath;

/// How a patch's paths lead to files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Level {
    /// Leading parts that are taken off every path; `None`: `a/` and `b/` where they are prefixes.
    pub strip: Option<usize>,
    /// What is put before every path.
    pub folder: Option<RepoPath>,
}

impl Patch {
    /// The same patch about other paths.
    ///
    /// # Errors
    /// A path has too few parts, or is none that a tree may have.
    pub fn at_level(mut self, level: &Level) -> Result<Self, Refusal> {
        if *level == Level::default() {
            return Ok(self);
        }
        let mut problems = Vec::new();
        for file in self.files.iter_mut().chain(&mut self.other_reading) {
            // The lines `rename from` and `copy from` have no `a/`.
            let unprefixed = usize::from(matches!(file.verb, Verb::Rename | Verb::Copy));
            let strip = level.strip.map(|strip| strip.saturating_sub(unprefixed));
            if let Err(problem) = respell(file, strip, level.folder.as_ref()) {
                problems.push(problem);
            }
        }
        if problems.is_empty() { Ok(self) } else { Err(Refusal::of(problems)) }
    }
}

fn respell(file: &mut FilePatch, strip: Option<usize>, folder: Option<&RepoPath>) -> Result<(), Problem> {
    let line = file.line;
    for name in file.old.iter_mut().chain(&mut file.new) {
        let at = |problem: Problem| problem.at(Block { file: name.shown(), number: None, line });
        let readings: Vec<Vec<u8>> = match strip {
            Some(count) => vec![stripped(name, count).map_err(at)?],
            None => name.readings.iter().map(|path| path.as_bytes().to_vec()).collect(),
        };
        let below = |path: &Vec<u8>| folder.map_or(path.clone(), |folder| [folder.as_bytes(), b"/", path].concat());
        let paths: Result<Vec<RepoPath>, _> = readings.iter().map(|path| RepoPath::parse(below(path))).collect();
        let readings = paths.map_err(|error| at(Problem::new(ProblemKind::BadPath, error.to_string())))?;
        let written = readings.first().map_or_else(|| name.written.clone(), |path| path.as_bytes().into());
        *name = Name { written, readings, aim: Aim::Exact };
    }
    Ok(())
}

fn stripped(name: &Name, count: usize) -> Result<Vec<u8>, Problem> {
    let written = name.written.strip_prefix(b"./").unwrap_or(&name.written);
    let mut parts = written.split_str("/").skip(count).peekable();
    if parts.peek().is_none() {
        let what = format!("path `{}` has no more than {count} parts", name.shown());
        return Err(Problem::new(ProblemKind::BadPath, what).hint("take fewer parts off with -p"));
    }
    Ok(parts.collect::<Vec<_>>().join(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::super::Completeness;
    use super::*;

    fn paths(diff: &str, level: &Level) -> String {
        let patch = Patch::parse(diff.as_bytes(), Completeness::Complete).unwrap();
        match patch.at_level(level) {
            Ok(patch) => patch.candidates().iter().map(|path| format!("{path} ")).collect(),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn parts_go_and_a_folder_comes() {
        let level =
            |strip, folder: Option<&str>| Level { strip, folder: folder.map(|path| RepoPath::parse(path).unwrap()) };
        let diff = "--- a/src/x\n+++ b/src/x\n@@ -1 +1 @@\n-a\n+b\n";
        assert_eq!(paths(diff, &level(Some(0), None)), "a/src/x b/src/x ");
        assert_eq!(paths(diff, &level(Some(1), None)), "src/x ");
        assert_eq!(paths(diff, &level(Some(2), Some("core"))), "core/x ");
        assert_eq!(paths(diff, &level(None, Some("core"))), "core/a/src/x core/b/src/x core/src/x ");
        assert!(paths(diff, &level(Some(3), None)).contains("has no more than 3 parts"));
        let renamed = "diff --git a/d/x b/d/y\nsimilarity index 100%\nrename from d/x\nrename to d/y\n";
        assert_eq!(paths(renamed, &level(Some(2), Some("e"))), "e/x e/y ");
    }

    #[test]
    fn what_is_stripped_is_no_way_out_of_the_tree() {
        let diff = "--- a/x/.git/config\n+++ b/x/.git/config\n@@ -1 +1 @@\n-a\n+b\n";
        assert!(Patch::parse(diff.as_bytes(), Completeness::Complete).is_err());
        let diff = "--- a/ok\n+++ b/ok\n@@ -1 +1 @@\n-a\n+b\n";
        let level = Level { strip: Some(2), folder: None };
        assert!(Patch::parse(diff.as_bytes(), Completeness::Complete).unwrap().at_level(&level).is_err());
    }
}
