//! Tables without borders: aligned for people, separated by tabs for programs.

use super::super::terminal::{Paint, Style, Terminal};
use crate::core::text::one_line;

/// Rows of cells under headings.
#[derive(Debug, Default)]
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// One cell; its text is made printable here, wherever it comes from.
#[derive(Debug)]
pub struct Cell {
    text: String,
    style: Option<Style>,
    side: Side,
}

/// Which side a column is flush with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl Cell {
    /// Words.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self { text: one_line(text.as_ref()), style: None, side: Side::Left }
    }

    /// A figure, flush right.
    pub fn figure(figure: impl ToString) -> Self {
        Self { text: figure.to_string(), style: None, side: Side::Right }
    }

    /// In this style, where there is colour.
    pub fn styled(mut self, style: Style) -> Self {
        self.style = Some(style);
        self
    }
}

/// Who reads the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Aligned columns under headings; the last column is cut at the width of the terminal.
    Person { width: Option<usize> },
    /// Tabs, no headings, nothing cut: a contract for scripts.
    Program,
}

impl Reader {
    /// Whoever reads standard output.
    pub fn of(terminal: Terminal) -> Self {
        match terminal.out_is_tty {
            true => Self::Person { width: terminal.width },
            false => Self::Program,
        }
    }
}

impl Table {
    /// A table with these headings and no row.
    pub fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, one cell for each heading.
    pub fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.headings.len());
        self.rows.push(cells);
    }

    /// The whole table as text.
    pub fn render(&self, reader: Reader, paint: Paint) -> String {
        match reader {
            Reader::Program => self.rows.iter().map(|row| tabbed(row)).collect(),
            Reader::Person { .. } if self.rows.is_empty() => String::new(),
            Reader::Person { width } => {
                let widths = self.widths();
                let headings = self.headings.iter().zip(&self.rows[0]);
                let headings = headings.map(|(text, below)| Cell {
                    text: (*text).into(),
                    style: Some(Style::Faint),
                    side: below.side,
                });
                let headings: Vec<Cell> = headings.collect();
                let all = std::iter::once(&headings).chain(&self.rows);
                all.map(|row| aligned(row, &widths, width, paint)).collect()
            }
        }
    }

    fn widths(&self) -> Vec<usize> {
        let longest = |(column, heading): (usize, &&str)| {
            let cells = self.rows.iter().map(|row| columns(&row[column].text));
            cells.chain([columns(heading)]).max().unwrap_or(0)
        };
        self.headings.iter().enumerate().map(longest).collect()
    }
}

fn tabbed(row: &[Cell]) -> String {
    let texts: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
    texts.join("\t") + "\n"
}

fn aligned(row: &[Cell], widths: &[usize], width: Option<usize>, paint: Paint) -> String {
    let mut line = String::new();
    let mut used = 0;
    for (index, (cell, wanted)) in row.iter().zip(widths).enumerate() {
        let is_last = index + 1 == row.len();
        let room = width.filter(|_| is_last).map_or(usize::MAX, |width| width.saturating_sub(used).max(10));
        let text = cut(&cell.text, room);
        let padding = " ".repeat(wanted.saturating_sub(columns(&text)));
        let painted = cell.style.map_or_else(|| text.clone(), |style| paint.paint(style, &text));
        match cell.side {
            Side::Right => line += &format!("{padding}{painted}"),
            Side::Left if is_last => line += &painted,
            Side::Left => line += &format!("{painted}{padding}"),
        }
        if !is_last {
            line += "  ";
        }
        used += wanted + 2;
    }
    line.truncate(line.trim_end().len());
    line + "\n"
}

/// Columns on the screen: wide for East Asian characters and emoji, none for what combines.
pub fn columns(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// A coarse East Asian width, enough to align titles.
fn width_of(character: char) -> usize {
    match u32::from(character) {
        0x300..=0x36f | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// At most that many columns, with an ellipsis where something is missing.
pub fn cut(text: &str, limit: usize) -> String {
    if columns(text) <= limit {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|character| {
        used += width_of(*character);
        used <= limit
    });
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["#", "kind", "title"]);
        table.row(vec![Cell::figure(3), Cell::text("bug"), Cell::text("Empty input\tcrashes \u{1b}[2J the parser")]);
        table.row(vec![Cell::figure(142), Cell::text("feature"), Cell::text("日本語のタイトル")]);
        table
    }

    #[test]
    fn people_get_columns_and_programs_get_tabs() {
        expect_test::expect![[r"
              #  kind     title
              3  bug      Empty input crashes…
            142  feature  日本語のタイトル
        "]]
        .assert_eq(&table().render(Reader::Person { width: Some(34) }, Paint::Plain));
        expect_test::expect![[r"
            3	bug	Empty input crashes \u{1b}[2J the parser
            142	feature	日本語のタイトル
        "]]
        .assert_eq(&table().render(Reader::Program, Paint::Plain));
    }

    #[test]
    fn nothing_to_show_prints_nothing() {
        assert_eq!(Table::new(&["#"]).render(Reader::Person { width: None }, Paint::Plain), "");
    }
}
