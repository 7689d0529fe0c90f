//! `*** Begin Patch` envelopes, as Codex writes them.

use bstr::{BString, ByteSlice};

use super::form::{Body, FilePatch, Hunk, Line, Modes, Tag, Verb};
use super::names::Name;
use super::refusal::{Problem, ProblemKind};
use super::rows::Source;

/// Whether an envelope, or a file of one that lacks its first line, begins at this row.
pub(super) fn begins(row: &[u8]) -> bool {
    row.trim() == b"*** Begin Patch" || FILES.iter().any(|head| row.starts_with(head.as_bytes()))
}

const FILES: [&str; 3] = ["*** Update File: ", "*** Add File: ", "*** Delete File: "];
const END: &[u8] = b"*** End Patch";

/// Files of one envelope, whether its end was there, and the row after it.
pub(super) struct Envelope {
    pub files: Vec<FilePatch>,
    pub problems: Vec<Problem>,
    pub ended: bool,
    pub next: usize,
}

/// Reads the envelope that begins at row `at`.
pub(super) fn parse(source: Source<'_>, at: usize) -> Envelope {
    let mut envelope = Envelope { files: Vec::new(), problems: Vec::new(), ended: false, next: at };
    if source.get(at).trim() == b"*** Begin Patch" {
        envelope.next += 1;
    }
    while envelope.next < source.len() {
        let row = source.get(envelope.next);
        if row.trim_end() == END {
            envelope.ended = true;
            envelope.next += 1;
            break;
        }
        if row.starts_with(b"```") || row.trim() == b"*** Begin Patch" {
            break;
        }
        if FILES.iter().any(|head| row.starts_with(head.as_bytes())) {
            file(source, &mut envelope);
            continue;
        }
        if !row.trim().is_empty() {
            let what = format!(
                "line {} of the patch, `{}`, is outside every file",
                source.number(envelope.next),
                super::shown(row)
            );
            envelope
                .problems
                .push(Problem::new(ProblemKind::Malformed, what).hint("a file begins with `*** Update File: PATH`"));
        }
        envelope.next += 1;
    }
    envelope
}

fn file(source: Source<'_>, envelope: &mut Envelope) {
    let start = envelope.next;
    let row = source.get(start);
    let (head, verb) = match FILES.iter().position(|head| row.starts_with(head.as_bytes())) {
        Some(1) => (FILES[1], Verb::Create),
        Some(2) => (FILES[2], Verb::Delete),
        _ => (FILES[0], Verb::Edit),
    };
    let path = &row[head.len()..];
    envelope.next += 1;
    let moved = source.get(envelope.next).strip_prefix(b"*** Move to: ");
    envelope.next += usize::from(moved.is_some());
    let end = (envelope.next..source.len()).find(|index| is_end(source.get(*index))).unwrap_or(source.len());
    let body = body(source, envelope.next, end, verb);
    envelope.next = end;
    let bad = |error: crate::core::names::PathError| Problem::new(ProblemKind::BadPath, error.to_string());
    let names = Name::plain(path.trim_end()).map_err(bad).and_then(|name| {
        let target = moved.map(|path| Name::plain(path.trim_end()).map_err(bad)).transpose()?;
        Ok((name, target))
    });
    let (name, target) = match names {
        Ok(names) => names,
        Err(problem) => return envelope.problems.push(problem),
    };
    let (old, new, verb) = match (verb, target) {
        (Verb::Create, _) => (None, Some(name), Verb::Create),
        (Verb::Delete, _) => (Some(name), None, Verb::Delete),
        (_, Some(target)) => (Some(name), Some(target), Verb::Rename),
        (_, None) => (Some(name.clone()), Some(name), Verb::Edit),
    };
    let line = source.number(start);
    envelope.files.push(FilePatch { line, fence: 0, old, new, verb, modes: Modes::default(), body });
}

fn is_end(row: &[u8]) -> bool {
    row.trim_end() == END || row.starts_with(b"```") || FILES.iter().any(|head| row.starts_with(head.as_bytes()))
}

fn body(source: Source<'_>, from: usize, to: usize, verb: Verb) -> Body {
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut anchors: Vec<&[u8]> = Vec::new();
    let mut current = Hunk { line: source.number(from), ..Hunk::default() };
    for at in from..to {
        let row = source.get(at);
        if row.starts_with(b"@@") {
            if !current.lines.is_empty() {
                hunks.push(std::mem::take(&mut current));
                anchors.clear();
            }
            let anchor = row[2..].trim().trim_end_with(|c| c == '@').trim();
            anchors.extend(Some(anchor).filter(|anchor| !anchor.is_empty()));
            current.line = source.number(at);
            current.section = (!anchors.is_empty()).then(|| BString::from(anchors.join(&b'\n')));
        } else if row.trim_end() == b"*** End of File" {
            current.at_end = true;
        } else {
            current.lines.push(line(source, at, verb));
        }
    }
    // Blank rows at the end belong to the envelope's layout.
    while current.lines.last().is_some_and(|last| last.bare && last.start == last.end) {
        current.lines.pop();
    }
    if !current.lines.is_empty() {
        hunks.push(current);
    }
    if hunks.is_empty() { Body::Nothing } else { Body::Hunks(hunks) }
}

fn line(source: Source<'_>, at: usize, verb: Verb) -> Line {
    let row = source.rows[at];
    let tag = match (source.get(at).first(), verb) {
        (Some(b'+'), _) => Some(Tag::Add),
        (Some(b' '), _) => Some(Tag::Context),
        (Some(b'-'), _) => Some(Tag::Remove),
        _ => None,
    };
    let column = u32::from(tag.is_some());
    let tag_or_bare = tag.unwrap_or(if verb == Verb::Create { Tag::Add } else { Tag::Context });
    Line { tag: tag_or_bare, start: row.start + column, end: row.end, bare: tag.is_none() }
}
