//! How the tests of the rules look at one file.

use super::view::{View, texts, views};
use super::violation::Violation;
use crate::core::change::{Change, Entry, FileChange};
use crate::core::names::RepoPath;

/// The change of these files (path, before, after); an empty text means that there is no such file.
pub(super) fn change(files: &[(&str, &str, &str)]) -> Change {
    let entry = |text: &str| (!text.is_empty()).then(|| Entry::file(text));
    let file = |(path, before, after): &(&str, &str, &str)| {
        let file = FileChange { before: entry(before), after: entry(after), origin: None };
        (RepoPath::parse(path).unwrap(), file)
    };
    Change { files: files.iter().map(file).collect() }
}

/// What one rule says about these files.
pub(super) fn review_all(
    files: &[(&str, &str, &str)],
    rule: impl Fn(&[View<'_>], &mut Vec<Violation>),
) -> Vec<Violation> {
    let change = change(files);
    let texts = texts(&change);
    let mut violations = Vec::new();
    rule(&views(&change, &texts), &mut violations);
    violations
}

/// What one rule says about one file.
pub(super) fn review_one(
    path: &str,
    before: &str,
    after: &str,
    rule: impl Fn(&[View<'_>], &mut Vec<Violation>),
) -> Vec<Violation> {
    review_all(&[(path, before, after)], rule)
}
