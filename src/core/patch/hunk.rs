//! One hunk of a unified diff. Counts are believed only where they lead exactly to what follows; else the body runs to
//! the next header, because models miscount in four answers of ten and copy the lines themselves right.

use bstr::ByteSlice;

use super::form::{Hunk, Line, Numbers, Tag};
use super::refusal::{Problem, ProblemKind};
use super::rows::{Counts, Source};
use super::unified::is_file_header;

/// Reads the hunk whose header is row `at`. Returns the row after it.
pub(super) fn parse(source: Source<'_>, at: usize) -> (Result<Hunk, Problem>, usize) {
    let head = source.get(at);
    let mut hunk = Hunk { line: source.number(at), ..Hunk::default() };
    match numbers(head) {
        Head::Numbers(numbers, section) => {
            hunk.numbers = Some(numbers);
            hunk.section = section.map(Into::into);
        }
        Head::Text(section) => hunk.section = section.map(Into::into),
        Head::Absurd => {
            let what =
                format!("the hunk header at line {} has a number out of range: `{}`", hunk.line, super::shown(head));
            return (Err(Problem::new(ProblemKind::Malformed, what)), at + 1);
        }
    }
    if let Some((body, next)) = hunk.numbers.and_then(|numbers| by_counts(source, at + 1, numbers)) {
        hunk.marks.swallows_header = (at + 1..next).any(|row| hides_header(source, row));
        if source.counts == Counts::Believed || !hunk.marks.swallows_header {
            body.store(&mut hunk);
            return (Ok(hunk), next);
        }
    }
    let (body, next) = by_header(source, at + 1);
    body.store(&mut hunk);
    hunk.marks.recounted = true;
    hunk.marks.short = hunk.numbers.is_some_and(|numbers| {
        (hunk.old_lines().count() as u64) < numbers.old_count || (hunk.new_lines().count() as u64) < numbers.new_count
    });
    (Ok(hunk), next)
}

enum Head<'t> {
    Numbers(Numbers, Option<&'t [u8]>),
    Text(Option<&'t [u8]>),
    Absurd,
}

/// Larger numbers are nonsense, not positions.
const LARGEST: u64 = 1 << 40;

fn numbers(head: &[u8]) -> Head<'_> {
    let text = head.trim_start_with(|c| c == '@').trim_start();
    let mut rest = text;
    let mut range = |sign: u8| -> Option<Result<(u64, u64), ()>> {
        let digits = rest.strip_prefix(&[sign])?;
        let (first, after) = number(digits)?;
        let (count, after) = match after.strip_prefix(b",") {
            Some(after) => number(after)?,
            None => (Ok(1), after),
        };
        rest = after.trim_start();
        Some(first.and_then(|first| count.map(|count| (first, count))))
    };
    match (range(b'-'), range(b'+')) {
        (Some(Ok((old, old_count))), Some(Ok((new, new_count)))) => {
            Head::Numbers(Numbers { old, old_count, new, new_count }, section(rest))
        }
        (Some(_), Some(_)) => Head::Absurd,
        _ => {
            let text = head.trim_with(|c| c == '@' || c.is_whitespace());
            let telling = !matches!(text.first(), None | Some(b'-' | b'0'..=b'9')) && text != b"...";
            Head::Text(telling.then_some(text))
        }
    }
}

fn section(rest: &[u8]) -> Option<&[u8]> {
    rest.find("@@").map(|at| rest[at + 2..].trim()).filter(|text| !text.is_empty())
}

fn number(text: &[u8]) -> Option<(Result<u64, ()>, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = std::str::from_utf8(&text[..length]).ok().filter(|digits| !digits.is_empty())?;
    let value = digits.parse().ok().filter(|value| *value < LARGEST).ok_or(());
    Some((value, &text[length..]))
}

#[derive(Default)]
struct BodyLines {
    lines: Vec<Line>,
    old_unended: bool,
    new_unended: bool,
}

impl BodyLines {
    fn push(&mut self, source: Source<'_>, at: usize, tag: Option<Tag>) {
        let row = source.rows[at];
        let column = u32::from(tag.is_some());
        self.lines.push(Line {
            tag: tag.unwrap_or(Tag::Context),
            start: row.start + column,
            end: row.end.max(row.start + column),
            bare: tag.is_none(),
        });
    }

    /// `\ No newline at end of file` speaks of the side that the last line is on.
    fn unended(&mut self) {
        if let Some(last) = self.lines.last() {
            self.old_unended |= last.tag != Tag::Add;
            self.new_unended |= last.tag != Tag::Remove;
        }
    }

    fn store(self, hunk: &mut Hunk) {
        (hunk.lines, hunk.old_unended, hunk.new_unended) = (self.lines, self.old_unended, self.new_unended);
    }
}

fn tag(row: &[u8]) -> Option<Tag> {
    match row.first() {
        Some(b' ') => Some(Tag::Context),
        Some(b'-') => Some(Tag::Remove),
        Some(b'+') => Some(Tag::Add),
        _ => None,
    }
}

/// As many lines as the header says, if exactly these are followed by a header or the end of the patch.
fn by_counts(source: Source<'_>, mut at: usize, numbers: Numbers) -> Option<(BodyLines, usize)> {
    let mut body = BodyLines::default();
    let (mut old, mut new) = (numbers.old_count, numbers.new_count);
    while old > 0 || new > 0 {
        if at >= source.len() {
            return None;
        }
        let row = source.get(at);
        match tag(row) {
            _ if row.starts_with(b"\\") => body.unended(),
            None if !row.is_empty() => return None,
            found => {
                let tag = found.unwrap_or(Tag::Context);
                old = old.checked_sub(u64::from(tag != Tag::Add))?;
                new = new.checked_sub(u64::from(tag != Tag::Remove))?;
                body.push(source, at, found);
            }
        }
        at += 1;
    }
    while source.get(at).starts_with(b"\\") {
        body.unended();
        at += 1;
    }
    let next = (at..source.len()).find(|index| !source.get(*index).is_empty()).unwrap_or(source.len());
    (ends(source, next) || tag(source.get(next)).is_none()).then_some((body, at))
}

/// All lines up to the next header; empty lines at the end belong to what follows.
fn by_header(source: Source<'_>, mut at: usize) -> (BodyLines, usize) {
    let mut body = BodyLines::default();
    while !ends(source, at) {
        if source.get(at).starts_with(b"\\") {
            body.unended();
        } else {
            body.push(source, at, tag(source.get(at)));
        }
        at += 1;
    }
    while body.lines.last().is_some_and(|last| last.bare && last.start == last.end) {
        body.lines.pop();
    }
    (body, at)
}

/// Whether a removed and an added line could as well be the header of another file: a hunk follows.
fn hides_header(source: Source<'_>, at: usize) -> bool {
    is_file_header(source, at) && source.get(at + 2).starts_with(b"@@")
}

fn ends(source: Source<'_>, at: usize) -> bool {
    let row = source.get(at);
    at >= source.len()
        || ["@@", "diff --git ", "```", "~~~", ">>>"].iter().any(|start| row.starts_with(start.as_bytes()))
        // In a body, a removed `-- x` and an added `++ y` look like a header, but no hunk follows them.
        || (is_file_header(source, at) && source.get(at + 2).starts_with(b"@@"))
        || is_mail_signature(source, at)
}

/// `-- ` and git's version, at the end of `git format-patch` mails.
fn is_mail_signature(source: Source<'_>, at: usize) -> bool {
    source.get(at) == b"-- " && matches!(source.get(at + 1), [b'0'..=b'9', b'.', b'0'..=b'9', ..])
}

#[cfg(test)]
mod tests {
    use super::super::{ApplyOptions, Care, Completeness, LineNumbers, Patch};
    use crate::core::change::{Change, Entry, Snapshot};
    use crate::core::names::RepoPath;

    fn apply(patch: &str, files: &[(&str, &str)]) -> Change {
        let entry = |(path, text): &(&str, &str)| (RepoPath::parse(path).unwrap(), Entry::file(*text));
        let base = Snapshot { entries: files.iter().map(entry).collect(), ..Snapshot::default() };
        let options = ApplyOptions { line_numbers: LineNumbers::Shown, care: Care::Model, seen: None };
        let patch = Patch::parse(patch.as_bytes(), Completeness::Complete).unwrap();
        patch.apply(&base, &options).unwrap_or_else(|refusal| panic!("{refusal}")).change
    }

    #[test]
    fn a_miscounted_hunk_does_not_swallow_the_header_of_the_next_file() {
        let patch = "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-old\n+new\n";
        let change = apply(patch, &[("x", "one\ntwo\n"), ("y", "old\n")]);
        let after = |path| change.files[&RepoPath::parse(path).unwrap()].new_bytes().to_vec();
        assert_eq!((after("x"), after("y")), (b"one\n2\n".to_vec(), b"new\n".to_vec()));
    }

    #[test]
    fn lines_that_look_like_a_header_are_lines_where_the_counts_are_right() {
        let patch = "--- a/q.sql\n+++ b/q.sql\n@@ -1,2 +1,2 @@\n select 1;\n--- a/comment\n+++ b/increment\n@@ -5 +5 @@\n-five\n+5\n";
        let change = apply(patch, &[("q.sql", "select 1;\n-- a/comment\n3\n4\nfive\n")]);
        assert_eq!(change.files.values().next().unwrap().new_bytes(), b"select 1;\n++ b/increment\n3\n4\n5\n");
    }
}
