//! A changed file as the rules see it: both texts in lines, and which lines are new.

use std::borrow::Cow;
use std::ops::Range;

use bstr::ByteSlice;
use gix::diff::blob::{Algorithm, Diff, InternedInput, sources::byte_lines};

use super::kind::Role;
use crate::core::change::{Change, FileChange, is_binary};
use crate::core::names::RepoPath;

/// Both texts of a file; invalid UTF-8 is replaced, which keeps lines as they are.
pub(super) struct Texts<'a> {
    before: Cow<'a, str>,
    after: Cow<'a, str>,
}

/// The texts of every file of a change, in its order; empty for what is not text.
pub(super) fn texts(change: &Change) -> Vec<Texts<'_>> {
    let text = |bytes: &'_ [u8]| -> bool { !is_binary(bytes) };
    change
        .files
        .values()
        .map(|file| {
            let (before, after) = (file.old_bytes(), file.new_bytes());
            let readable = text(before) && text(after);
            let lossy = |bytes: &'_ [u8]| -> bool { readable && !bytes.is_empty() };
            Texts {
                before: if lossy(before) { before.to_str_lossy() } else { Cow::Borrowed("") },
                after: if lossy(after) { after.to_str_lossy() } else { Cow::Borrowed("") },
            }
        })
        .collect()
}

/// One file of a change.
pub(super) struct View<'a> {
    pub(super) path: &'a RepoPath,
    pub(super) file: &'a FileChange,
    pub(super) role: Role,
    /// Lines without their line feeds.
    pub(super) before: Vec<&'a str>,
    pub(super) after: Vec<&'a str>,
    /// Where they differ, in order.
    pub(super) hunks: Vec<Hunk>,
}

/// Lines (from 0) that stand in the place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunk {
    pub(super) removed: Range<usize>,
    pub(super) added: Range<usize>,
}

/// All files of a change.
pub(super) fn views<'a>(change: &'a Change, texts: &'a [Texts<'a>]) -> Vec<View<'a>> {
    change.files.iter().zip(texts).map(|((path, file), texts)| View::new(path, file, texts)).collect()
}

impl<'a> View<'a> {
    fn new(path: &'a RepoPath, file: &'a FileChange, texts: &'a Texts<'a>) -> Self {
        let lines = |text: &'a str| text.split_terminator('\n').collect::<Vec<_>>();
        Self {
            path,
            file,
            role: Role::of(path),
            before: lines(&texts.before),
            after: lines(&texts.after),
            hunks: hunks(texts.before.as_bytes(), texts.after.as_bytes()),
        }
    }

    /// New lines with their indices from 0.
    pub(super) fn added(&self) -> impl Iterator<Item = (usize, &'a str)> + '_ {
        self.hunks.iter().flat_map(|hunk| hunk.added.clone()).map(|index| (index, self.after[index]))
    }

    /// Lines that are gone, with their old indices from 0.
    pub(super) fn removed(&self) -> impl Iterator<Item = (usize, &'a str)> + '_ {
        self.hunks.iter().flat_map(|hunk| hunk.removed.clone()).map(|index| (index, self.before[index]))
    }

    /// Whether any line of this range is new.
    pub(super) fn touches(&self, lines: &Range<usize>) -> bool {
        self.hunks.iter().any(|hunk| hunk.added.start < lines.end && lines.start < hunk.added.end)
    }
}

/// The line differences of two texts.
fn hunks(before: &[u8], after: &[u8]) -> Vec<Hunk> {
    let input = InternedInput::new(byte_lines(before), byte_lines(after));
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let range = |lines: Range<u32>| lines.start as usize..lines.end as usize;
    diff.hunks().map(|hunk| Hunk { removed: range(hunk.before), added: range(hunk.after) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::change::Entry;

    #[test]
    fn added_and_removed_lines_have_their_places() {
        let mut change = Change::default();
        let path = RepoPath::parse("a.py").unwrap();
        let entry = |text: &str| Some(Entry::file(text));
        change
            .files
            .insert(path, FileChange { before: entry("a\nb\nc"), after: entry("a\r\nx\nc\n\nd"), origin: None });
        let texts = texts(&change);
        let views = views(&change, &texts);
        assert_eq!(views[0].added().collect::<Vec<_>>(), [(0, "a\r"), (1, "x"), (2, "c"), (3, ""), (4, "d")]);
        assert_eq!(views[0].removed().count(), 3);
        assert!(views[0].touches(&(4..5)) && !views[0].touches(&(5..9)));
    }
}
