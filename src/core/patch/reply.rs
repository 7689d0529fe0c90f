//! Finding the patch in a whole chat reply: fences, prose, and which of the formats each part is in.

use bstr::ByteSlice;

use super::form::{Body, FilePatch, Hunk};
use super::refusal::{Problem, ProblemKind};
use super::rows::{Row, Source};
use super::unified::{self, Setting};
use super::{Completeness, envelope, search_replace, whole};

/// All files of a reply in the order they stand there.
pub(super) fn parse(source: Source<'_>, completeness: Completeness) -> Result<Vec<FilePatch>, Vec<Problem>> {
    let mut found = Found::default();
    if begins_as_diff(source) {
        found.unified(source, Setting::Open);
        found.mark_last(source, completeness, Closing::Open);
    } else {
        let rest = found.marked_formats(source, completeness);
        let rest = Source { rows: &rest, ..source };
        found.fenced_or_open(rest, completeness);
    }
    if found.files.is_empty() && found.problems.is_empty() {
        let hint = "send a unified diff in a ```diff fence";
        found.problems.push(Problem::new(ProblemKind::NoPatch, "there is no patch in the reply").hint(hint));
    }
    if found.problems.is_empty() { Ok(found.files) } else { Err(found.problems) }
}

fn begins_as_diff(source: Source<'_>) -> bool {
    let first = (0..source.len()).find(|index| !source.get(*index).trim().is_empty()).unwrap_or(0);
    let row = source.get(first);
    ["diff --git ", "--- ", "+++ ", "@@", "Index: "].iter().any(|start| row.starts_with(start.as_bytes()))
}

/// Whether the block that holds the last hunk was closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    Closed,
    Open,
}

#[derive(Default)]
struct Found {
    files: Vec<FilePatch>,
    problems: Vec<Problem>,
}

impl Found {
    fn unified(&mut self, source: Source<'_>, setting: Setting) {
        match unified::parse(source, setting) {
            Ok(files) => self.files.extend(files),
            Err(problems) => self.problems.extend(problems),
        }
    }

    /// Takes out the formats that mark their own begin and end; returns the rows that are left.
    fn marked_formats(&mut self, source: Source<'_>, completeness: Completeness) -> Vec<Row> {
        let mut rest = Vec::new();
        let mut at = 0;
        let mut last_name = None;
        while at < source.len() {
            let row = source.get(at);
            if search_replace::begins(row) {
                let (file, next) = search_replace::parse(source, at, last_name.as_ref());
                match file {
                    Ok(file) => {
                        last_name.clone_from(&file.new);
                        self.files.push(file);
                    }
                    Err(problem) => self.problems.push(problem),
                }
                at = next;
            } else if envelope::begins(row) {
                let envelope = envelope::parse(source, at);
                self.files.extend(envelope.files);
                self.problems.extend(envelope.problems);
                self.need_end(envelope.ended, completeness, source.number(at), "the envelope", "*** End Patch");
                at = envelope.next.max(at + 1);
            } else if whole::begins(row) {
                let whole = whole::parse(source, at);
                match whole.file {
                    Ok(file) => self.files.push(file),
                    Err(problem) => self.problems.push(problem),
                }
                self.need_end(whole.ended, completeness, source.number(at), "the file", "its closing fence");
                at = whole.next;
            } else {
                rest.push(source.rows[at]);
                at += 1;
            }
        }
        rest
    }

    fn need_end(&mut self, ended: bool, completeness: Completeness, line: u32, what: &str, end: &str) {
        if !ended && completeness == Completeness::Unknown {
            let what = format!("{what} at line {line} of the patch has no end ({end}): it may be cut off");
            self.problems.push(Problem::new(ProblemKind::Truncated, what).hint("send the whole patch again"));
        }
    }

    /// Unified diffs in fenced blocks, or in the bare text when no fence holds one.
    fn fenced_or_open(&mut self, source: Source<'_>, completeness: Completeness) {
        let blocks: Vec<Fenced> = fences(source).into_iter().filter(|block| holds_diff(block.within(source))).collect();
        if blocks.is_empty() {
            if holds_diff(source) {
                self.unified(source, Setting::Open);
                self.mark_last(source, completeness, Closing::Open);
            }
            return;
        }
        for (number, block) in blocks.iter().enumerate() {
            self.unified(block.within(source), Setting::Fenced(number as u32 + 1));
        }
        if let Some(last) = blocks.last() {
            self.mark_last(last.within(source), completeness, last.closing);
        }
    }

    /// Marks the last hunk of a reply that may have been cut off, for the checks when it is placed.
    fn mark_last(&mut self, source: Source<'_>, completeness: Completeness, closing: Closing) {
        if completeness == Completeness::Complete || closing == Closing::Closed {
            return;
        }
        if let Some(FilePatch { body: Body::Hunks(hunks), .. }) = self.files.last_mut()
            && let Some(Hunk { marks, .. }) = hunks.last_mut()
        {
            marks.last = true;
            marks.midline = source.ends_midline();
        }
    }
}

fn holds_diff(source: Source<'_>) -> bool {
    (0..source.len()).any(|at| {
        let row = source.get(at);
        row.starts_with(b"@@") || row.starts_with(b"diff --git ") || unified::is_file_header(source, at)
    })
}

struct Fenced {
    rows: Vec<Row>,
    closing: Closing,
}

impl Fenced {
    /// The block's rows alone.
    fn within<'t>(&'t self, whole: Source<'t>) -> Source<'t> {
        Source { rows: &self.rows, ..whole }
    }
}

/// All fenced blocks. A closing fence stands at the column of the opening one and carries no word: a diff of a markdown
/// file has lines like ` ``` ` that are no fence.
fn fences(source: Source<'_>) -> Vec<Fenced> {
    let at_margin = (0..source.len()).any(|at| fence(source.get(at)).is_some_and(|fence| fence.column == 0));
    let mut blocks = Vec::new();
    let mut open: Option<(Fence, Vec<Row>)> = None;
    for at in 0..source.len() {
        let row = source.get(at);
        let here = fence(row).filter(|fence| !at_margin || fence.column == 0);
        match (&mut open, here) {
            (None, Some(fence)) => open = Some((fence, Vec::new())),
            (None, None) => {}
            (Some((opened, _)), Some(fence)) if fence.closes(opened) => {
                let rows = open.take().map(|(_, rows)| rows).unwrap_or_default();
                blocks.push(Fenced { rows, closing: Closing::Closed });
            }
            (Some((opened, rows)), _) => {
                let indent = row.iter().take(opened.column).take_while(|byte| byte.is_ascii_whitespace()).count();
                let mut cut = source.rows[at];
                if indent == opened.column {
                    cut.start += indent as u32;
                }
                rows.push(cut);
            }
        }
    }
    blocks.extend(open.map(|(_, rows)| Fenced { rows, closing: Closing::Open }));
    blocks
}

struct Fence {
    column: usize,
    sign: u8,
    length: usize,
    word: bool,
}

impl Fence {
    fn closes(&self, opened: &Self) -> bool {
        self.column == opened.column && self.sign == opened.sign && self.length >= opened.length && !self.word
    }
}

fn fence(row: &[u8]) -> Option<Fence> {
    let rest = row.trim_start();
    let sign = *rest.first().filter(|sign| matches!(sign, b'`' | b'~'))?;
    let length = rest.iter().take_while(|byte| **byte == sign).count();
    let word = !rest[length..].trim().is_empty();
    (length >= 3).then_some(Fence { column: row.len() - rest.len(), sign, length, word })
}
