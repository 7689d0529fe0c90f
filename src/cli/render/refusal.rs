//! Why a patch was refused, for people: every problem with the patch's lines beside the file's, as a compiler shows them.

use std::fmt::Write as _;

use super::super::terminal::{Paint, Style};
use crate::core::patch::{Block, Candidate, Comparison, Problem, ProblemKind, Refusal, Row, same_but_for_blanks};
use crate::core::text::{for_terminal, one_line};

/// Rows of the file around what differs.
const CONTEXT: usize = 3;
/// Rows of one block.
const MOST: usize = 40;
/// Columns of a tab.
const TAB: &str = "    ";

/// Every problem of a patch that was read from `source`, which is printed as a name.
pub fn text(refusal: &Refusal, source: &str, paint: Paint) -> String {
    let view = View { source: &one_line(source), paint };
    let mut out: String = refusal.problems.iter().map(|problem| view.problem(problem) + "\n").collect();
    if !refusal.fine.is_empty() {
        let _ = writeln!(
            out,
            "{} {}\n",
            paint.paint(Style::Good, "fine as they are:"),
            one_line(&Block::list(&refusal.fine))
        );
    }
    out
}

/// One sentence about all of them.
pub fn headline(refusal: &Refusal, source: &str) -> String {
    let source = one_line(source);
    if refusal.already_applied() {
        return format!("{source}: already applied, nothing was changed");
    }
    if let [Problem { kind: ProblemKind::NoPatch, what, .. }] = refusal.problems.as_slice() {
        return format!("{source}: {}", one_line(what));
    }
    let count = match refusal.problems.len() {
        1 => "1 problem".to_owned(),
        many => format!("{many} problems"),
    };
    format!("{source}: does not apply, nothing was changed ({count})")
}

struct View<'a> {
    source: &'a str,
    paint: Paint,
}

impl View<'_> {
    fn problem(&self, problem: &Problem) -> String {
        let name = problem.block.as_deref().map_or_else(String::new, |block| format!("{}: ", named(block)));
        let kind = serde_json::to_value(problem.kind).unwrap_or_default();
        let kind = format!("[{}]", kind.as_str().unwrap_or_default());
        let head = format!("{}{}", self.paint.paint(Style::Strong, &name), one_line(&problem.what));
        let mut out = format!("{head} {}\n", self.paint.paint(Style::Faint, &kind));
        let width = problem.comparison.as_deref().map_or(1, number_width);
        if let Some(line) = line_in_reply(problem) {
            let _ = writeln!(out, "{:width$}{} {}:{line}", "", self.frame("-->"), self.source);
        }
        match &problem.comparison {
            Some(comparison) => self.comparison(problem, comparison, width, &mut out),
            None => self.candidates("place", &problem.candidates, width, &mut out),
        }
        if let Some(hint) = &problem.hint {
            let _ = writeln!(out, "{:width$} {} {}: {}", "", self.frame("="), self.good("hint"), for_terminal(hint));
        }
        out
    }

    fn comparison(&self, problem: &Problem, comparison: &Comparison, width: usize, out: &mut String) {
        let bar = self.frame("|");
        let (minus, plus) = (self.bad("-"), self.good("+"));
        let legend = format!("{minus} the patch expects, {plus} the file has");
        if let (Some(block), Some(Candidate { first, alike, .. })) = (&problem.block, problem.candidates.first()) {
            let place = format!("{}:{first} is most like it ({alike} %)", one_line(&block.file));
            let _ = writeln!(out, "{:width$}{} {place}; {legend}", "", self.frame(":::"));
        } else {
            let _ = writeln!(out, "{:width$}{} {legend}", "", self.frame(":::"));
        }
        let _ = writeln!(out, "{:width$} {bar}", "");
        let rows = comparison.shortened(CONTEXT, MOST);
        let mut at = 0;
        while let Some(row) = rows.get(at) {
            match (row, rows.get(at + 1)) {
                (Row::Expected { text: old, .. }, Some(Row::Found { line, text: new })) => {
                    self.pair(old, (*line, new), width, out);
                    at += 1;
                }
                _ => self.row(row, width, out),
            }
            at += 1;
        }
        let _ = writeln!(out, "{:width$} {bar}", "");
        self.candidates("also like it:", problem.candidates.get(1..).unwrap_or_default(), width, out);
    }

    fn row(&self, row: &Row, width: usize, out: &mut String) {
        let bar = self.frame("|");
        let _ = match row {
            Row::Same { line, text } => {
                writeln!(out, "{} {bar}   {}", self.number(*line, width), plain(text))
            }
            Row::Expected { text, .. } => {
                writeln!(out, "{:width$} {bar} {}", "", self.bad(&format!("- {}", ends_visible(text))))
            }
            Row::Found { line, text } => {
                let text = self.good(&format!("+ {}", ends_visible(text)));
                writeln!(out, "{} {bar} {text}", self.number(*line, width))
            }
            Row::Omitted { rows } => {
                let lines = if *rows == 1 { "line" } else { "lines" };
                writeln!(out, "{:>width$} {bar}   {}", "", self.frame(&format!("({rows} more {lines})")))
            }
            Row::EndOfFile => writeln!(out, "{:width$} {bar}   {}", "", self.frame("(the file ends here)")),
        };
    }

    /// An expected line and what became of it, with the difference underlined.
    fn pair(&self, old: &str, (line, new): (u32, &str), width: usize, out: &mut String) {
        let bar = self.frame("|");
        let blanks_only = same_but_for_blanks(old, new);
        let show: fn(&str) -> String = if blanks_only { visible } else { ends_visible };
        let (old, new) = (show(old), show(new));
        let _ = writeln!(out, "{:width$} {bar} {}", "", self.bad(&format!("- {old}")));
        let _ = writeln!(out, "{} {bar} {}", self.number(line, width), self.good(&format!("+ {new}")));
        if let Some((before, length)) = difference(&old, &new).filter(|_| !blanks_only) {
            let marks = self.good(&"^".repeat(length));
            let _ = writeln!(out, "{:width$} {bar}   {:before$}{marks}", "", "");
        }
    }

    fn candidates(&self, label: &str, candidates: &[Candidate], width: usize, out: &mut String) {
        for candidate in candidates {
            let _ = writeln!(out, "{:width$} {} {label} {}", "", self.frame("="), one_line(&candidate.to_string()));
        }
    }

    fn number(&self, line: u32, width: usize) -> String {
        self.frame(&format!("{line:>width$}"))
    }

    fn frame(&self, text: &str) -> String {
        self.paint.paint(Style::Name, text)
    }

    fn good(&self, text: &str) -> String {
        self.paint.paint(Style::Good, text)
    }

    fn bad(&self, text: &str) -> String {
        self.paint.paint(Style::Bad, text)
    }
}

fn named(block: &Block) -> String {
    let file = one_line(&block.file);
    match block.number {
        Some(number) => format!("{file}, block {number}"),
        None => file,
    }
}

/// Where to look in the reply: the first line that is not as expected, else the block.
fn line_in_reply(problem: &Problem) -> Option<u32> {
    let expected = |row: &Row| match row {
        Row::Expected { patch_line, .. } => Some(*patch_line),
        Row::Same { .. } | Row::Found { .. } | Row::Omitted { .. } | Row::EndOfFile => None,
    };
    let row = problem.comparison.iter().flat_map(|comparison| &comparison.rows).find_map(expected);
    row.or(problem.block.as_ref().map(|block| block.line)).filter(|line| *line > 0)
}

fn number_width(comparison: &Comparison) -> usize {
    let line = |row: &Row| match row {
        Row::Same { line, .. } | Row::Found { line, .. } => *line,
        Row::Expected { .. } | Row::Omitted { .. } | Row::EndOfFile => 0,
    };
    comparison.rows.iter().map(line).max().unwrap_or(0).to_string().len()
}

fn plain(text: &str) -> String {
    text.replace('\t', TAB)
}

/// Every blank can be seen.
fn visible(text: &str) -> String {
    text.replace(' ', "·").replace('\t', "→   ")
}

/// Blanks at the end can be seen.
fn ends_visible(text: &str) -> String {
    let end = text.trim_end_matches([' ', '\t']).len();
    plain(&text[..end]) + &visible(&text[end..])
}

/// Columns before the part of `new` that differs from `old`, and how many it has, where two lines share enough for it
/// to be one part. Their indentation does not count.
fn difference(old: &str, new: &str) -> Option<(usize, usize)> {
    let chars = |text: &str| text.trim_start().chars().collect::<Vec<char>>();
    let indent = new.chars().take_while(|c| c.is_whitespace()).count();
    let (old, new) = (chars(old), chars(new));
    let lead = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (rest_old, rest_new) = (&old[lead..], &new[lead..]);
    let tail = rest_old.iter().rev().zip(rest_new.iter().rev()).take_while(|(a, b)| a == b).count();
    let length = rest_new.len() - tail;
    let says = |part: &[char]| part.iter().filter(|c| c.is_alphanumeric()).count();
    let shared = says(&new[..lead]) + says(&new[new.len() - tail..]);
    let differing = says(&rest_new[..length]).max(says(&rest_old[..rest_old.len() - tail]));
    (shared > differing || differing == 0).then_some((indent + lead, length.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_differing_part_is_found() {
        assert_eq!(difference("let a = one(b);", "let a = two(b);"), Some((8, 3)));
        assert_eq!(difference("close()", "closed()"), Some((5, 1)));
        assert_eq!(difference("closed()", "close()"), Some((5, 1)));
        assert_eq!(difference("  let a = one(b);", "        let a = two(b);"), Some((16, 3)));
        assert_eq!(difference("nothing alike", "at all here"), None);
        assert_eq!(visible("\ta b"), "→   a·b");
        assert_eq!(ends_visible("a b \t"), "a b·→   ");
    }
}
