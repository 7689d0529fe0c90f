//! Fenced blocks of a Markdown answer, without being fooled by fences inside patches.

/// One fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block<'a> {
    /// First word of the info string in lower case, without `:`; empty for a bare fence.
    pub(super) label: String,
    /// What stands on the fence's line after the label.
    pub(super) rest: &'a str,
    /// The lines between the fences.
    pub(super) lines: Vec<&'a str>,
    pub(super) end: End,
}

/// How a block ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    /// The text ended first.
    Open,
}

/// A text taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) blocks: Vec<Block<'a>>,
    /// The lines outside of all blocks.
    pub(super) prose: Vec<&'a str>,
}

/// A fence line: its column, its character, its length.
#[derive(Debug, Clone, Copy)]
struct Fence<'a> {
    column: usize,
    mark: char,
    length: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let text = line.trim_start_matches(' ');
        let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        let honest = length >= 3 && !(mark == '`' && info.contains('`'));
        honest.then(|| Self { column: line.len() - text.len(), mark, length, info: info.trim() })
    }

    /// A block ends at a bare fence of the same kind that is not indented deeper: a diff of a Markdown file has
    /// fences one column further right.
    fn closes(&self, opening: &Self) -> bool {
        let same = self.mark == opening.mark && self.length >= opening.length && self.info.is_empty();
        same && self.column <= opening.column
    }
}

/// Takes a text apart. Fences between `<<<<<<< SEARCH` and `>>>>>>> REPLACE`, and labelled fences with their ends in
/// a whole file, are content and not structure.
pub(super) fn parts(text: &str) -> Parts<'_> {
    let mut parts = Parts::default();
    let mut lines = text.lines();
    let mut inside = Inside::default();
    while let Some(line) = lines.next() {
        let opening = Fence::of(line).filter(|_| !inside.edit);
        inside.see(line);
        match opening {
            Some(fence) => parts.blocks.push(block(fence, &mut lines)),
            None => parts.prose.push(line),
        }
    }
    parts
}

fn block<'a>(opening: Fence<'a>, lines: &mut std::str::Lines<'a>) -> Block<'a> {
    let (label, rest) = opening.info.split_once(char::is_whitespace).unwrap_or((opening.info, ""));
    let label = label.trim_end_matches(':').to_ascii_lowercase();
    let mut block = Block { label, rest: rest.trim(), lines: Vec::new(), end: End::Open };
    let mut inside = Inside::default();
    for line in lines.by_ref() {
        match Fence::of(line) {
            Some(fence) if !inside.edit && inside.nested == 0 && fence.closes(&opening) => {
                block.end = End::Closed;
                break;
            }
            Some(fence) if inside.file && !fence.info.is_empty() => inside.nested += 1,
            Some(fence) if inside.file && fence.info.is_empty() => inside.nested = inside.nested.saturating_sub(1),
            Some(_) | None => inside.see(line),
        }
        block.lines.push(line);
    }
    block
}

/// Which kind of patch content the scan is in.
#[derive(Debug, Default)]
struct Inside {
    /// Between the marks of a search/replace block.
    edit: bool,
    /// After the header of a whole file.
    file: bool,
    /// Labelled fences open in that file.
    nested: usize,
}

impl Inside {
    fn see(&mut self, line: &str) {
        if is_search_mark(line) {
            self.edit = true;
        } else if line.starts_with(">>>>>>>") {
            self.edit = false;
        } else if line.starts_with("*** Full File:") {
            self.file = true;
        }
    }
}

/// The first line of a search/replace block.
pub(super) fn is_search_mark(line: &str) -> bool {
    let rest = line.trim_start_matches('<');
    line.len() - rest.len() >= 5 && matches!(rest.trim(), "SEARCH" | "ORIGINAL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn labels(text: &str, expected: &[(&str, usize, End)]) {
        let parts = parts(text);
        let found: Vec<_> = parts.blocks.iter().map(|b| (b.label.as_str(), b.lines.len(), b.end)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn blocks_end_at_their_own_fence() {
        labels("a\n```look\nread x\n```\nb", &[("look", 1, End::Closed)]);
        labels("````diff\n```\nx\n````\n", &[("diff", 2, End::Closed)]);
        labels("~~~ask\n```\n~~~", &[("ask", 1, End::Closed)]);
        labels("```diff\n ```\n+```look\n```", &[("diff", 2, End::Closed)]);
        labels("```Look:\nread x", &[("look", 1, End::Open)]);
        labels("1. so\n   ```look\n   read x\n   ```\n", &[("look", 1, End::Closed)]);
    }

    #[test]
    fn fences_in_edits_and_whole_files_are_content() {
        let edit = "```\nREADME.md\n<<<<<<< SEARCH\n```look\nread x\n```\n=======\n>>>>>>> REPLACE\n```\n";
        labels(edit, &[("", 7, End::Closed)]);
        labels(&edit.replacen("```\n", "", 1), &[("", 0, End::Open)]);
        labels("```patch\n*** Full File: a.md\n```look\nx\n```\ny\n```\n", &[("patch", 5, End::Closed)]);
    }
}
