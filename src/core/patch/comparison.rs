//! What a block expects beside the stretch of the file that is most like it, row by row.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

/// The lines that a block expects, laid beside a stretch of the file. Never without a row that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    pub rows: Vec<Row>,
}

/// One row. Texts are printable but for tabs; lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Row {
    /// The file has what is expected, blanks at the line's end aside.
    Same { line: u32, text: String },
    /// The patch expects this, at this line of the reply.
    Expected { patch_line: u32, text: String },
    /// The file has this instead, or in between.
    Found { line: u32, text: String },
    /// Rows that are not shown.
    Omitted { rows: u32 },
    /// The file ends.
    EndOfFile,
}

impl Row {
    fn differs(&self) -> bool {
        match self {
            Self::Expected { .. } | Self::Found { .. } => true,
            Self::Same { .. } | Self::Omitted { .. } | Self::EndOfFile => false,
        }
    }

    fn rows(&self) -> u32 {
        match self {
            Self::Omitted { rows } => *rows,
            Self::Same { .. } | Self::Expected { .. } | Self::Found { .. } | Self::EndOfFile => 1,
        }
    }
}

impl Comparison {
    /// The first and last line of the file that it shows.
    pub fn lines(&self) -> Option<(u32, u32)> {
        let line = |row: &Row| match row {
            Row::Same { line, .. } | Row::Found { line, .. } => Some(*line),
            Row::Expected { .. } | Row::Omitted { .. } | Row::EndOfFile => None,
        };
        let mut lines = self.rows.iter().filter_map(line);
        let first = lines.next()?;
        Some((first, lines.next_back().unwrap_or(first)))
    }

    /// The rows that differ and `context` rows around them, at most `most` of them; the others as [`Row::Omitted`].
    ///
    /// Of many lines in a row that differ in blanks alone, the first two are enough, and of a long run of lines that
    /// only one side has, its ends.
    pub fn shortened(&self, context: usize, most: usize) -> Vec<Row> {
        let tiresome = self.tiresome();
        let near = |at: usize| {
            let range = at.saturating_sub(context)..(at + context + 1).min(self.rows.len());
            self.rows[range].iter().any(Row::differs) && !tiresome.contains(&at)
        };
        let mut rows: Vec<Row> = Vec::new();
        let mut shown = 0;
        for (at, row) in self.rows.iter().enumerate() {
            let keep = shown < most && near(at) && !matches!(row, Row::Omitted { .. });
            shown += usize::from(keep);
            match rows.last_mut() {
                _ if keep => rows.push(row.clone()),
                Some(Row::Omitted { rows }) => *rows += row.rows(),
                _ => rows.push(Row::Omitted { rows: row.rows() }),
            }
        }
        let first = usize::from(matches!(rows.first(), Some(Row::Omitted { .. })));
        rows.drain(..first);
        let cut = shown >= most || tiresome.contains(&(self.rows.len() - 1));
        if !cut && matches!(rows.last(), Some(Row::Omitted { .. })) {
            rows.pop();
        }
        rows
    }

    fn tiresome(&self) -> BTreeSet<usize> {
        let mut tiresome = self.blank_pairs();
        let mut start = 0;
        for run in self.rows.chunk_by(|a, b| a.differs() && std::mem::discriminant(a) == std::mem::discriminant(b)) {
            if run.len() > LONG_RUN {
                tiresome.extend(start + LONG_RUN / 2..start + run.len() - LONG_RUN / 4);
            }
            start += run.len();
        }
        tiresome
    }

    /// Rows of the third and any further line of a run of lines that differ in blanks alone.
    fn blank_pairs(&self) -> BTreeSet<usize> {
        let blanks_only = |at: usize| match (&self.rows[at], self.rows.get(at + 1)) {
            (Row::Expected { text: old, .. }, Some(Row::Found { text: new, .. })) => same_but_for_blanks(old, new),
            _ => false,
        };
        let (mut tiresome, mut run, mut at) = (BTreeSet::new(), 0, 0);
        while at < self.rows.len() {
            let pair = blanks_only(at);
            run = if pair { run + 1 } else { 0 };
            if run > 2 {
                tiresome.extend([at, at + 1]);
            }
            at += if pair { 2 } else { 1 };
        }
        tiresome
    }
}

/// Rows of one side in a row of which only the ends are shown.
const LONG_RUN: usize = 8;

/// Whether two lines hold the same signs in the same order.
pub fn same_but_for_blanks(a: &str, b: &str) -> bool {
    let signs = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    signs(a) == signs(b)
}

/// Rows of context in a message for the model, which has the patch and mostly the file.
const CONTEXT: usize = 2;
/// Rows of one block in a message for the model.
const MOST: usize = 20;

/// In the least number of tokens: line number, `-` for what the patch expects, `+` for what the file has.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.shortened(CONTEXT, MOST) {
            f.write_str("\n")?;
            match row {
                Row::Same { line, text } => write!(f, "{line:>6}  {}", without_tabs(&text))?,
                Row::Expected { text, .. } => write!(f, "{:>6} -{}", "", without_tabs(&text))?,
                Row::Found { line, text } => write!(f, "{line:>6} +{}", without_tabs(&text))?,
                Row::Omitted { .. } => write!(f, "{:>6}", "...")?,
                Row::EndOfFile => write!(f, "{:>6}  (the file ends)", "")?,
            }
        }
        Ok(())
    }
}

fn without_tabs(text: &str) -> String {
    text.replace('\t', "    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(marks: &str) -> Vec<Row> {
        let row = |(at, mark): (usize, char)| match mark {
            '-' => Row::Expected { patch_line: 1, text: String::new() },
            '+' => Row::Found { line: at as u32, text: String::new() },
            _ => Row::Same { line: at as u32, text: String::new() },
        };
        marks.chars().enumerate().map(row).collect()
    }

    #[test]
    fn two_lines_that_differ_in_blanks_alone_are_enough() {
        let pair = |text: &str| {
            let old = Row::Expected { patch_line: 1, text: text.to_owned() };
            [old, Row::Found { line: 1, text: format!("  {text}") }]
        };
        let comparison = Comparison { rows: ["a", "b", "c", "d"].iter().flat_map(|text| pair(text)).collect() };
        assert_eq!(marks(&comparison.shortened(3, 99)), "-+-+[4]");
    }

    fn marks(rows: &[Row]) -> String {
        let mark = |row: &Row| match row {
            Row::Same { .. } => "=".to_owned(),
            Row::Expected { .. } => "-".into(),
            Row::Found { .. } => "+".into(),
            Row::Omitted { rows } => format!("[{rows}]"),
            Row::EndOfFile => "$".into(),
        };
        rows.iter().map(mark).collect()
    }

    #[test]
    fn only_what_differs_and_what_is_near_it_is_kept() {
        for (all, context, most, wanted) in [
            ("=====-+=====", 2, 99, "==-+=="),
            ("-===========+", 1, 99, "-=[9]=+"),
            ("-+-+-+-+", 1, 4, "-+-+[4]"),
            ("===", 2, 99, ""),
            ("=++++++++++++-", 1, 99, "=++++[6]++-"),
        ] {
            let comparison = Comparison { rows: rows(all) };
            assert_eq!(marks(&comparison.shortened(context, most)), wanted, "{all}");
        }
    }
}
