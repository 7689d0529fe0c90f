//! A file's text as lines, and an index from line to places under one way to compare.

use std::collections::HashMap;

use bstr::ByteSlice;

/// The base text cut at line feeds; a return before one stays with its line.
#[derive(Debug)]
pub(in super::super) struct FileLines<'t> {
    pub lines: Vec<&'t [u8]>,
    /// The last line has no line feed.
    pub unended: bool,
    pub ending: Ending,
}

/// How the file ends its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Ending {
    Lf,
    Crlf,
    Mixed,
}

impl<'t> FileLines<'t> {
    pub(in super::super) fn new(text: &'t [u8]) -> Self {
        let mut lines = Vec::with_capacity(text.len() / 32);
        let (mut start, mut returns) = (0, 0);
        for end in memchr::memchr_iter(b'\n', text) {
            lines.push(&text[start..end]);
            returns += usize::from(end > start && text[end - 1] == b'\r');
            start = end + 1;
        }
        let ending = match returns {
            0 => Ending::Lf,
            _ if returns == lines.len() => Ending::Crlf,
            _ => Ending::Mixed,
        };
        let unended = start < text.len();
        if unended {
            lines.push(&text[start..]);
        }
        Self { lines, unended, ending }
    }
}

/// What of a line counts when it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Compare {
    Bytes,
    /// A return at the end does not count.
    NoReturn,
    /// Blanks and returns at the end do not count.
    TrimEnd,
    /// Blanks at both ends do not count.
    Trim,
}

impl Compare {
    pub(in super::super) fn key(self, line: &[u8]) -> &[u8] {
        match self {
            Self::Bytes => line,
            Self::NoReturn => line.strip_suffix(b"\r").unwrap_or(line),
            Self::TrimEnd => trim_end(line),
            Self::Trim => trim_end(line).trim_start_with(|c| matches!(c, ' ' | '\t')),
        }
    }
}

pub(super) fn is_blank(line: &[u8]) -> bool {
    Compare::Trim.key(line).is_empty()
}

fn trim_end(line: &[u8]) -> &[u8] {
    line.trim_end_with(|c| matches!(c, ' ' | '\t' | '\r' | '\x0c' | '\x0b'))
}

/// How much a line says: its letters and digits.
pub(in super::super) fn information(line: &[u8]) -> usize {
    match line.to_str() {
        Ok(text) if !text.is_ascii() => text.chars().filter(|c| c.is_alphanumeric()).count(),
        _ => line.iter().filter(|byte| byte.is_ascii_alphanumeric()).count(),
    }
}

/// Every line of a file as a number, equal for lines that compare equal, and where each number stands.
#[derive(Debug)]
pub(super) struct Index<'t> {
    pub compare: Compare,
    ids: HashMap<&'t [u8], u32>,
    /// The file's lines as numbers.
    pub lines: Vec<u32>,
    /// Places of number `n` are `places[starts[n]..starts[n + 1]]`.
    starts: Vec<u32>,
    places: Vec<u32>,
}

/// What keeping a place costs, in comparisons: it is memory.
const KEPT: u64 = 4;
/// A line that the file does not have.
pub(super) const ABSENT: u32 = u32::MAX;

impl<'t> Index<'t> {
    pub(super) fn new(compare: Compare, file: &[&'t [u8]]) -> Self {
        let mut ids: HashMap<&'t [u8], u32> = HashMap::with_capacity(file.len());
        let mut lines = Vec::with_capacity(file.len());
        for line in file {
            let next = ids.len() as u32;
            lines.push(*ids.entry(compare.key(line)).or_insert(next));
        }
        let mut starts = vec![0; ids.len() + 1];
        for id in &lines {
            starts[*id as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut fill = starts.clone();
        let mut places = vec![0; lines.len()];
        for (at, id) in lines.iter().enumerate() {
            places[fill[*id as usize] as usize] = at as u32;
            fill[*id as usize] += 1;
        }
        Self { compare, ids, lines, starts, places }
    }

    /// The number of a line's text, or [`ABSENT`].
    pub(super) fn id(&self, line: &[u8]) -> u32 {
        self.ids.get(self.compare.key(line)).copied().unwrap_or(ABSENT)
    }

    /// Where lines with this number stand, ascending.
    pub(super) fn places(&self, id: u32) -> &[u32] {
        match id {
            ABSENT => &[],
            id => &self.places[self.starts[id as usize] as usize..self.starts[id as usize + 1] as usize],
        }
    }

    /// Every place where these lines stand one after the other, ascending, by way of the rarest of them.
    ///
    /// `work` counts the comparisons; the search stops, and `None` comes back, when it is used up.
    pub(super) fn find(&self, needle: &[u32], work: &mut u64) -> Option<Vec<usize>> {
        let Some((offset, rarest)) = needle.iter().enumerate().min_by_key(|(_, id)| self.places(**id).len()) else {
            return Some(Vec::new());
        };
        let mut found = Vec::new();
        for place in self.places(*rarest) {
            let Some(at) = (*place as usize).checked_sub(offset) else { continue };
            let Some(window) = self.lines.get(at..at + needle.len()) else { continue };
            let same = window.iter().zip(needle).take_while(|(a, b)| a == b).count();
            *work = work.checked_sub(same as u64 + 1)?;
            if same == needle.len() {
                *work = work.checked_sub(KEPT)?;
                found.push(at);
            }
        }
        Some(found)
    }
}
