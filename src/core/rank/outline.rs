//! The outline of one file: its lines, its definitions with the lines that they cover, and the pieces it falls into.

use std::ops::Range;

use super::definitions::{Definition, Kind, indent_of, scan};
use super::language::Language;

/// A file cut into lines, definitions and pieces.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Byte ranges of the lines, line ends included.
    pub lines: Vec<Range<usize>>,
    pub definitions: Vec<Definition>,
    /// For each definition the line after its last; from 0.
    pub ends: Vec<usize>,
    /// Consecutive line ranges that cover the file, each starting where a definition starts (with the comments and
    /// attributes above it).
    pub pieces: Vec<Piece>,
}

/// A run of lines that belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// From 0, end exclusive.
    pub lines: Range<usize>,
    /// The definition that it starts with, as a position in [`Outline::definitions`].
    pub definition: Option<usize>,
}

/// Pieces longer than this many lines are cut, so that one long function cannot fill a budget.
const LONGEST_PIECE: usize = 60;

/// Files without definitions fall into pieces of this many lines.
const PLAIN_PIECE: usize = 40;

impl Outline {
    /// Reads a text.
    pub fn of(language: Language, text: &[u8]) -> Self {
        let lines = lines(text);
        let definitions = scan(language, text);
        let ends = ends(text, &lines, &definitions);
        let pieces = pieces(language, text, &lines, &definitions);
        Self { lines, definitions, ends, pieces }
    }

    /// The bytes of some lines.
    pub fn text<'t>(&self, text: &'t [u8], lines: &Range<usize>) -> &'t [u8] {
        match (self.lines.get(lines.start), self.lines.get(lines.end.wrapping_sub(1))) {
            (Some(first), Some(last)) if lines.start < lines.end => &text[first.start..last.end],
            _outside => &[],
        }
    }

    /// The definitions that contain a line, outermost first.
    pub fn enclosing(&self, line: usize) -> impl Iterator<Item = usize> + '_ {
        let contains = move |at: &usize| self.definitions[*at].line <= line && line < self.ends[*at];
        (0..self.definitions.len()).filter(contains).filter(|at| self.definitions[*at].kind != Kind::Value)
    }
}

fn lines(text: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    text.split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            start += line.len();
            start - line.len()..start
        })
        .collect()
}

/// By indentation: a definition ends before the next line that stands no deeper, unless that line only closes it.
fn ends(text: &[u8], lines: &[Range<usize>], definitions: &[Definition]) -> Vec<usize> {
    let mut ends = vec![lines.len(); definitions.len()];
    let mut open: Vec<usize> = Vec::new();
    let mut next = 0;
    let mut after_content = 0;
    for (number, range) in lines.iter().enumerate() {
        let line = text[range.clone()].trim_ascii_end();
        let (indent, start) = indent_of(line);
        if line.len() > start {
            while let Some(top) = open.last().copied().filter(|top| closes(line, start, indent, &definitions[*top])) {
                ends[top] = after_content;
                open.pop();
            }
            after_content = number + 1;
        }
        while definitions.get(next).is_some_and(|definition| definition.line == number) {
            open.push(next);
            next += 1;
        }
    }
    open.iter().for_each(|top| ends[*top] = after_content);
    ends
}

/// Whether a line that is not blank stands outside the definition above it.
fn closes(line: &[u8], start: usize, indent: usize, definition: &Definition) -> bool {
    if indent > definition.indent {
        return false;
    }
    let closing = matches!(line[start], b'}' | b')' | b']' | b'{' | b'#')
        || line[start..].starts_with(b"end")
        || line[start..].starts_with(b"\"\"\"");
    let label = line[start..].starts_with(b"where") || line[start..].starts_with(b"else");
    indent < definition.indent || !(closing || label)
}

fn pieces(language: Language, text: &[u8], lines: &[Range<usize>], definitions: &[Definition]) -> Vec<Piece> {
    let mut starts: Vec<(usize, Option<usize>)> = Vec::new();
    for (at, definition) in definitions.iter().enumerate().filter(|(_, definition)| definition.kind != Kind::Value) {
        let floor = starts.last().map_or(0, |(start, _)| start + 1);
        let start = lead_in(language, text, lines, definition, floor);
        starts.push((start, Some(at)));
    }
    if starts.first().is_none_or(|(start, _)| *start > 0) {
        starts.insert(0, (0, None));
    }
    let longest = if starts.iter().all(|(_, definition)| definition.is_none()) { PLAIN_PIECE } else { LONGEST_PIECE };
    let mut pieces = Vec::with_capacity(starts.len());
    for (position, (start, definition)) in starts.iter().enumerate() {
        let end = starts.get(position + 1).map_or(lines.len(), |(next, _)| *next);
        let mut from = *start;
        while from < end {
            let to = if end - from > longest + longest / 4 { from + longest } else { end };
            pieces.push(Piece { lines: from..to, definition: *definition });
            from = to;
        }
    }
    pieces
}

/// The first line of the comments, attributes and decorators that stand directly above a definition.
fn lead_in(language: Language, text: &[u8], lines: &[Range<usize>], definition: &Definition, floor: usize) -> usize {
    let mut start = definition.line;
    while start > floor {
        let line = text[lines[start - 1].clone()].trim_ascii();
        // In Python a comment above a definition as often belongs to what stands before.
        let marks: &[&[u8]] = if language == Language::Python {
            &[b"@"]
        } else {
            &[b"@", b"//", b"/*", b"*", b"#[", b"#", b"--", b"[", b"template", b";"]
        };
        if line.is_empty() || !marks.iter().any(|mark| line.starts_with(mark)) {
            break;
        }
        start -= 1;
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTHON: &[u8] = b"import os\n\n@register\nclass A:\n    limit = 1\n\n    def run(self):\n        go()\n\n    def stop(self):\n        pass\n\nMAX = 1\n";

    #[test]
    fn pieces_cover_the_file_without_overlap() {
        let outline = Outline::of(Language::Python, PYTHON);
        let ranges: Vec<_> = outline.pieces.iter().map(|piece| piece.lines.clone()).collect();
        assert_eq!(ranges, [0..2, 2..6, 6..9, 9..13]);
    }

    #[test]
    fn definitions_end_where_the_indentation_ends() {
        let outline = Outline::of(Language::Python, PYTHON);
        let shown: Vec<_> = outline.definitions.iter().zip(&outline.ends).map(|(one, end)| (one.line, *end)).collect();
        assert_eq!(shown, [(3, 11), (6, 8), (9, 11), (12, 13)]);
        let rust = b"impl A {\n    fn f(\n        x: u8,\n    ) -> u8\n    {\n        1\n    }\n}\nfn g() {}\n";
        let outline = Outline::of(Language::Rust, rust);
        assert_eq!(outline.ends, [8, 7, 9]);
        assert_eq!(outline.enclosing(5).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn long_pieces_are_cut_and_plain_text_falls_into_pieces() {
        let long = format!("def f():\n{}", "    x()\n".repeat(200));
        let outline = Outline::of(Language::Python, long.as_bytes());
        let lengths: Vec<_> = outline.pieces.iter().map(|piece| piece.lines.len()).collect();
        assert_eq!(lengths, [60, 60, 60, 21]);
        assert!(Outline::of(Language::Other, b"").pieces.is_empty());
    }
}
