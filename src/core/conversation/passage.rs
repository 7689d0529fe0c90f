//! Parts of files as the model sees them: with line numbers, so that neither a line nor its place can be forged.

use std::fmt::Write as _;

use super::{LineRange, tokens};
use crate::core::names::RepoPath;
use crate::core::text::{for_terminal, one_line};

/// Consecutive lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    pub path: RepoPath,
    /// Number of the first line, from 1.
    pub first: u32,
    /// Without line ends.
    pub lines: Vec<String>,
    /// Lines of the whole file.
    pub total: u32,
}

/// What one passage shows at most; the model is told and can ask for the rest.
const MOST_LINES: usize = 1_500;
const MOST_BYTES: usize = 60_000;
/// Characters of a line; longer ones are generated or data.
const LONGEST_LINE: usize = 1_000;

impl Passage {
    /// Takes lines out of a file's text; an end beyond the last line is moved to it.
    pub fn of(path: RepoPath, text: &str, range: Option<LineRange>) -> Self {
        let all: Vec<&str> = text.strip_prefix('\u{feff}').unwrap_or(text).lines().collect();
        let range = range.unwrap_or(LineRange { from: 1, to: None });
        let from = (range.from as usize).saturating_sub(1).min(all.len());
        let to = range.to.map_or(all.len(), |to| (to as usize).min(all.len())).max(from);
        let lines = all[from..to].iter().map(|line| (*line).to_owned()).collect();
        Self { path, first: from as u32 + 1, lines, total: all.len() as u32 }
    }

    /// The lines that are shown.
    pub fn range(&self) -> LineRange {
        LineRange { from: self.first, to: Some((self.first + self.lines.len() as u32).saturating_sub(1)) }
    }

    /// Estimated tokens of the passage as it stands in a prompt.
    pub fn tokens(&self) -> u64 {
        let mut text = String::new();
        self.write(&mut text);
        tokens(&text)
    }

    /// As it stands in a prompt. Each line has its number and `|` in front, so that none can end the block.
    pub(super) fn write(&self, out: &mut String) {
        let path = one_line(&self.path.to_text());
        let shown = self.fitting();
        let last = self.first as usize + shown.len();
        let what = match (shown.len(), self.total as usize) {
            (0, 0) => "an empty file".to_owned(),
            (0, total) => format!("no line; it has {total}"),
            (count, total) if count == total => format!("all {total} lines"),
            (_, total) => format!("lines {}-{} of {total}", self.first, last - 1),
        };
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(out, "{path} ({what}):");
        let width = (last.max(2) - 1).to_string().len();
        for (line, number) in shown.iter().zip(self.first..) {
            let _ = writeln!(out, "{number:>width$}|{}", cut_line(line));
        }
        if shown.len() < self.lines.len() {
            let rest = self.range().to.unwrap_or(self.total);
            let _ = writeln!(out, "(cut here; ask for {path}:{last}-{rest} if you need it)");
        }
    }

    /// The lines from the start that the limits allow, at least one.
    fn fitting(&self) -> &[String] {
        let mut bytes = 0;
        let count = self.lines.iter().take(MOST_LINES).take_while(|line| {
            let fits = bytes == 0 || bytes + line.len() <= MOST_BYTES;
            bytes += line.len() + 1;
            fits
        });
        &self.lines[..count.count()]
    }
}

/// A line with what nobody sees made visible, cut where it is too long to be code.
pub(super) fn cut_line(line: &str) -> String {
    let text = for_terminal(line);
    match text.char_indices().nth(LONGEST_LINE) {
        Some((at, _)) => format!("{} (line cut, it has {} characters)", &text[..at], line.chars().count()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, range: Option<LineRange>, expected: Expect) {
        let mut out = String::new();
        Passage::of(RepoPath::parse("a.py").unwrap(), text, range).write(&mut out);
        expected.assert_eq(&out);
    }

    #[test]
    fn lines_are_numbered_and_their_place_is_named() {
        let ten: String = (1..=10).map(|n| format!("line {n}\n")).collect();
        let range = |from, to| Some(LineRange { from, to });
        check(
            "",
            None,
            expect![[r#"
            a.py (an empty file):
        "#]],
        );
        check(
            "\u{feff}a\r\n\tb",
            None,
            expect![[r#"
            a.py (all 2 lines):
            1|a
            2|	b
        "#]],
        );
        check(
            &ten,
            range(9, Some(99)),
            expect![[r#"
            a.py (lines 9-10 of 10):
             9|line 9
            10|line 10
        "#]],
        );
        check(
            &ten,
            range(50, None),
            expect![[r#"
            a.py (no line; it has 10):
        "#]],
        );
        check(
            "x\u{202e}y\n",
            None,
            expect![[r#"
            a.py (all 1 lines):
            1|x\u{202e}y
        "#]],
        );
    }

    #[test]
    fn long_files_are_cut_and_the_rest_can_be_asked_for() {
        let mut out = String::new();
        let text = "x\n".repeat(2_000);
        Passage::of(RepoPath::parse("a.py").unwrap(), &text, None).write(&mut out);
        assert!(out.starts_with("a.py (lines 1-1500 of 2000):\n   1|x\n"), "{}", &out[..80]);
        assert!(out.ends_with("(cut here; ask for a.py:1501-2000 if you need it)\n"), "{}", &out[out.len() - 80..]);
        let wide = format!("{}\n", "y".repeat(5_000));
        let passage = Passage::of(RepoPath::parse("a.py").unwrap(), &wide, None);
        out.clear();
        passage.write(&mut out);
        assert!(out.len() < 1_200 && out.contains("(line cut, it has 5000 characters)"), "{}", out.len());
    }
}
