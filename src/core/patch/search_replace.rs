//! SEARCH/REPLACE blocks in the spellings of aider, Cline, Roo and AutoCodeRover.

use bstr::ByteSlice;
use gix::diff::blob::{Algorithm, Diff, InternedInput};

use super::form::{Body, FilePatch, Hunk, Line, Modes, Numbers, Tag, Verb};
use super::names::Name;
use super::refusal::{Problem, ProblemKind};
use super::rows::{Row, Source};

/// Whether a block begins at this row.
pub(super) fn begins(row: &[u8]) -> bool {
    is_head(row) || row.trim() == b"<original>"
}

/// Reads the block that begins at row `at`; `last` is the path of the block before. Returns the row after it.
pub(super) fn parse(source: Source<'_>, at: usize, last: Option<&Name>) -> (Result<FilePatch, Problem>, usize) {
    let tags = if is_head(source.get(at)) { MARKERS } else { TAGS };
    let parts = match divide(source, at, tags) {
        Ok(parts) => parts,
        Err((what, next)) => {
            let what = format!("the block at line {} {what}", source.number(at));
            return (Err(Problem::new(ProblemKind::Malformed, what).hint(SHAPE)), next);
        }
    };
    let name = match path_above(source, at) {
        Some(path) => Name::plain(&path).map_err(|error| Problem::new(ProblemKind::BadPath, error.to_string())),
        None => last.cloned().ok_or_else(|| {
            let what = format!("the block at line {} has no path above it", source.number(at));
            Problem::new(ProblemKind::Malformed, what).hint("write the path on a line of its own above the block")
        }),
    };
    let next = parts.next;
    (name.map(|name| file(source, at, name, &parts)), next)
}

const SHAPE: &str = "a block is PATH, `<<<<<<< SEARCH`, the lines, `=======`, their replacement, `>>>>>>> REPLACE`";

type Markers = [fn(&[u8]) -> bool; 3];
const MARKERS: Markers = [is_head, is_divider, is_tail];
const TAGS: Markers =
    [|row| row.trim() == b"<original>", |row| row.trim() == b"</original>", |row| row.trim() == b"</patched>"];

struct Parts {
    /// Search and replacement, for every line that may divide them, the first one first.
    readings: Vec<(Vec<Row>, Vec<Row>)>,
    start_line: Option<u64>,
    next: usize,
}

/// A block with more lines that may divide it is refused.
const MOST_DIVIDERS: usize = 8;

fn marker(row: &[u8], sign: u8, words: &[&str]) -> bool {
    let indent = row.len() - row.trim_start().len();
    let rest = row.trim_start();
    let signs = rest.iter().take_while(|byte| **byte == sign).count();
    let word = rest[signs..].trim();
    indent <= 3 && (5..=9).contains(&signs) && words.iter().any(|known| word.starts_with(known.as_bytes()))
}

fn is_head(row: &[u8]) -> bool {
    marker(row, b'<', &["SEARCH", "ORIGINAL"]) || marker(row, b'-', &["SEARCH"])
}

/// Whether a row can divide search and replacement.
pub(super) fn is_divider(row: &[u8]) -> bool {
    let rest = row.trim();
    row.len() - row.trim_start().len() <= 3 && (5..=9).contains(&rest.len()) && rest.iter().all(|byte| *byte == b'=')
}

fn is_tail(row: &[u8]) -> bool {
    marker(row, b'>', &["REPLACE", "UPDATED"]) || marker(row, b'+', &["REPLACE"])
}

/// Rows before and after the divider. The error says what is wrong and where to go on.
fn divide(source: Source<'_>, at: usize, [head, divider, tail]: Markers) -> Result<Parts, (&'static str, usize)> {
    let end = (at + 1..source.len()).find(|index| tail(source.get(*index)) || head(source.get(*index)));
    let Some(end) = end else { return Err(("has no `>>>>>>> REPLACE`", source.len())) };
    if head(source.get(end)) {
        return Err(("has no `>>>>>>> REPLACE` before the next one", end));
    }
    let dividers: Vec<usize> = (at + 1..end).filter(|index| divider(source.get(*index))).collect();
    // A heading of reStructuredText can look like the divider, but hardly with the marker's own seven signs.
    let exact: Vec<usize> = dividers.iter().copied().filter(|index| source.get(*index) == b"=======").collect();
    let middles = match (dividers.as_slice(), exact.as_slice()) {
        ([], _) => return Err(("has no `=======`", end + 1)),
        (all, []) => all,
        (_, exact) => exact,
    };
    if middles.len() > MOST_DIVIDERS {
        return Err(("has too many `=======` lines to tell search and replacement apart", end + 1));
    }
    let (search, start_line) = without_hints(source, at + 1, middles[0]);
    let reading = |middle: &usize| {
        let replace = (middle + 1..end).find(|index| source.get(*index).trim() != b"<patched>").unwrap_or(end);
        (source.rows[search..*middle].to_vec(), source.rows[replace..end].to_vec())
    };
    Ok(Parts { readings: middles.iter().map(reading).collect(), start_line, next: end + 1 })
}

/// Roo's `:start_line:N` above a `-------` line.
fn without_hints(source: Source<'_>, from: usize, to: usize) -> (usize, Option<u64>) {
    let rule = (from..to.min(from + 4)).find(|index| source.get(*index) == b"-------");
    let hint = |row: &[u8], name: &str| {
        let text = row.trim().strip_prefix(name.as_bytes())?.to_str().ok()?;
        text.trim().parse::<u64>().ok()
    };
    match rule {
        Some(rule) if rule > from && (from..rule).all(|index| source.get(index).trim_start().starts_with(b":")) => {
            (rule + 1, (from..rule).find_map(|index| hint(source.get(index), ":start_line:")))
        }
        _ => (from, None),
    }
}

/// The path on a line of its own within four lines above, past fences and blank lines.
fn path_above(source: Source<'_>, at: usize) -> Option<Vec<u8>> {
    for index in (at.saturating_sub(4)..at).rev() {
        let row = source.get(index);
        if let Some(path) = path_line(row) {
            return Some(path);
        }
        let skip = row.trim().is_empty() || is_fence(row) || row.trim() == b"</file>";
        if !skip {
            return None;
        }
    }
    None
}

fn is_fence(row: &[u8]) -> bool {
    let rest = row.trim_start();
    rest.starts_with(b"```") || rest.starts_with(b"~~~")
}

/// A path with the decorations that chat puts around it: headings, bold, back quotes, a colon, tags.
pub(super) fn path_line(row: &[u8]) -> Option<Vec<u8>> {
    if is_fence(row) || is_tail(row) {
        return None;
    }
    let mut text = row.trim();
    if let Some(inner) = text.strip_prefix(b"<file>").and_then(|text| text.strip_suffix(b"</file>")) {
        return Some(inner.trim().to_vec());
    }
    text = text.trim_start_with(|c| c == '#').trim_start();
    for label in ["File:", "file:", "Path:", "path:", "Filename:", "filename:"] {
        text = text.strip_prefix(label.as_bytes()).map_or(text, ByteSlice::trim_start);
    }
    let text = text
        .trim_with(|c| matches!(c, '`' | '*' | '"'))
        .trim_end_with(|c| c == ':')
        .trim_with(|c| matches!(c, '`' | '*' | '"'));
    let pathlike = !text.is_empty()
        && text.len() <= 1024
        && (text.contains(&b'/') || text.contains(&b'.') || text.contains(&b'\\') || is_one_word(text))
        && !text.contains(&b'\t')
        && (!text.contains(&b' ') || text.split_str(" ").all(|word| !word.is_empty()) && has_extension(text));
    pathlike.then(|| text.to_vec())
}

fn is_one_word(text: &[u8]) -> bool {
    !text.iter().any(u8::is_ascii_whitespace) && text.first().is_some_and(u8::is_ascii_uppercase)
}

fn has_extension(text: &[u8]) -> bool {
    let name = text.rsplit_str("/").next().unwrap_or_default();
    name.rfind(".").is_some_and(|dot| dot + 1 < name.len() && name[dot + 1..].iter().all(u8::is_ascii_alphanumeric))
        && text.contains(&b'/')
}

fn file(source: Source<'_>, at: usize, name: Name, parts: &Parts) -> FilePatch {
    let line = source.number(at);
    let is_blank = |row: &Row| source.text[row.start as usize..row.end as usize].trim().is_empty();
    let blank = parts.readings[0].0.iter().all(is_blank);
    let mut readings: Vec<Vec<Line>> =
        parts.readings.iter().map(|(search, replace)| diff(source.text, search, replace)).collect();
    let mut hunk = Hunk { line, lines: readings[0].clone(), ..Hunk::default() };
    if readings.len() > 1 && !blank {
        hunk.readings = std::mem::take(&mut readings);
    }
    hunk.marks.searched = true;
    if blank {
        hunk.lines.retain(|line| line.tag == Tag::Add || line.tag == Tag::Context);
        for line in &mut hunk.lines {
            line.tag = Tag::Add;
        }
    }
    hunk.numbers = parts.start_line.map(|old| {
        let (old_count, new_count) = (hunk.old_lines().count() as u64, hunk.new_lines().count() as u64);
        Numbers { old, old_count, new: old, new_count }
    });
    let verb = if blank { Verb::Create } else { Verb::Edit };
    let old = (!blank).then(|| name.clone());
    FilePatch { line, fence: 0, old, new: Some(name), verb, modes: Modes::default(), body: Body::Hunks(vec![hunk]) }
}

/// Lines that both sides share become context: only what differs is changed, and only that must be found exactly.
pub(super) fn diff(text: &[u8], search: &[Row], replace: &[Row]) -> Vec<Line> {
    let bytes = |row: &Row| &text[row.start as usize..row.end as usize];
    let mut input: InternedInput<&[u8]> = InternedInput::default();
    input.update_before(search.iter().map(bytes));
    input.update_after(replace.iter().map(bytes));
    let diff = Diff::compute(Algorithm::Histogram, &input);
    let line = |row: &Row, tag| Line { tag, start: row.start, end: row.end, bare: true };
    let mut lines = Vec::with_capacity(search.len() + replace.len());
    let mut at = 0;
    for hunk in diff.hunks() {
        lines.extend(search[at..hunk.before.start as usize].iter().map(|row| line(row, Tag::Context)));
        lines.extend(
            search[hunk.before.start as usize..hunk.before.end as usize].iter().map(|row| line(row, Tag::Remove)),
        );
        lines.extend(replace[hunk.after.start as usize..hunk.after.end as usize].iter().map(|row| line(row, Tag::Add)));
        at = hunk.before.end as usize;
    }
    lines.extend(search[at..].iter().map(|row| line(row, Tag::Context)));
    lines
}
