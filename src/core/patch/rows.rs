//! The reply cut into rows: where each line stands, without its ending.

/// One line of the reply. `end` excludes the line feed and, in a reply that came with CRLF throughout, the return.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub start: u32,
    pub end: u32,
    /// From 1, as an editor counts.
    pub number: u32,
}

/// What a hunk's counts weigh against a file header that stands where they would go on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// As git has it: within the counted lines, `--- x` and `+++ y` are a removed and an added line.
    Believed,
    /// A file header with a hunk behind it ends the hunk, whatever was counted.
    Doubted,
}

/// A run of rows of one text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'t> {
    pub text: &'t [u8],
    pub rows: &'t [Row],
    pub counts: Counts,
}

impl<'t> Source<'t> {
    /// The row's bytes; empty past the end.
    pub(super) fn get(&self, index: usize) -> &'t [u8] {
        self.rows.get(index).map_or(&[], |row| &self.text[row.start as usize..row.end as usize])
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row's number in the reply; that of the last row past the end.
    pub(super) fn number(&self, index: usize) -> u32 {
        self.rows.get(index).or(self.rows.last()).map_or(1, |row| row.number)
    }

    /// Whether the text stops in the middle of its last row.
    pub(super) fn ends_midline(&self) -> bool {
        self.rows.last().is_some_and(|row| self.text.get(row.end as usize).is_none())
    }
}

/// Cuts a text of less than 4 GiB into rows. When every row ends with CRLF, the returns belong to the transport.
pub(super) fn rows(text: &[u8]) -> Vec<Row> {
    let mut rows = Vec::with_capacity(text.len() / 32);
    let (mut start, mut number, mut returns, mut ended) = (0, 0, 0, 0);
    let mut push = |start: usize, end: usize| {
        number += 1;
        returns += usize::from(end > start && text[end - 1] == b'\r');
        rows.push(Row { start: start as u32, end: end as u32, number });
    };
    for end in memchr::memchr_iter(b'\n', text) {
        push(start, end);
        ended += 1;
        start = end + 1;
    }
    if start < text.len() {
        push(start, text.len());
    }
    if ended > 0 && returns >= ended {
        for row in &mut rows {
            let crlf = row.end > row.start && text[row.end as usize - 1] == b'\r';
            row.end -= u32::from(crlf);
        }
    }
    rows
}
