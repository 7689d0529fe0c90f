//! Whole files: `*** Full File: PATH` and the file's text, in a fence or up to the next marker.

use bstr::ByteSlice;

use super::form::{Body, FilePatch, Modes, Verb};
use super::names::Name;
use super::refusal::{Problem, ProblemKind};
use super::rows::Source;

const HEAD: &[u8] = b"*** Full File: ";
const ENDS: [&[u8]; 3] = [b"*** End of File", b"*** End File", b"*** End Full File"];

/// Whether a whole file begins at this row.
pub(super) fn begins(row: &[u8]) -> bool {
    row.starts_with(HEAD)
}

/// A parsed file, or why not; whether its end was marked; the row after it.
pub(super) struct Whole {
    pub file: Result<FilePatch, Problem>,
    pub ended: bool,
    pub next: usize,
}

/// Reads the file that begins at row `at`.
pub(super) fn parse(source: Source<'_>, at: usize) -> Whole {
    let name = Name::plain(source.get(at)[HEAD.len()..].trim_end());
    let limit = (at + 1..source.len()).find(|index| begins(source.get(*index))).unwrap_or(source.len());
    let extent = match fenced(source, at + 1, limit) {
        Some(Ok(extent)) => extent,
        Some(Err(what)) => {
            let what = format!("the file at line {} {what}", source.number(at));
            let problem =
                Problem::new(ProblemKind::Malformed, what).hint("fence it with more back quotes than the file holds");
            return Whole { file: Err(problem), ended: true, next: limit };
        }
        None => open(source, at + 1, limit),
    };
    let content: Vec<u8> =
        (extent.from..extent.to).flat_map(|row| [source.get(row), b"\n"]).flatten().copied().collect();
    let file = name.map_err(|error| Problem::new(ProblemKind::BadPath, error.to_string())).map(|name| FilePatch {
        line: source.number(at),
        fence: 0,
        old: Some(name.clone()),
        new: Some(name),
        verb: Verb::Replace,
        modes: Modes::default(),
        body: Body::Whole(content.into()),
    });
    Whole { file, ended: extent.ended, next: extent.next }
}

struct Extent {
    from: usize,
    to: usize,
    ended: bool,
    next: usize,
}

/// Without a fence: up to an end marker, the next file, or the end of the reply.
fn open(source: Source<'_>, from: usize, limit: usize) -> Extent {
    match (from..limit).find(|index| ENDS.contains(&source.get(*index).trim_end())) {
        Some(end) => Extent { from, to: end, ended: true, next: end + 1 },
        None => {
            let enclosing = (from..limit).rev().find(|index| !source.get(*index).trim().is_empty());
            let to = match enclosing {
                // The fence that encloses the marker and the file.
                Some(last) if source.get(last).starts_with(b"```") => last,
                _ => limit,
            };
            Extent { from, to, ended: limit < source.len(), next: limit }
        }
    }
}

/// In a fence that opens right below the marker.
fn fenced(source: Source<'_>, from: usize, limit: usize) -> Option<Result<Extent, &'static str>> {
    let opening = (from..limit).find(|index| !source.get(*index).trim().is_empty())?;
    let row = source.get(opening);
    let length = row.iter().take_while(|byte| **byte == b'`').count();
    if length < 3 {
        return None;
    }
    let info = &row[length..];
    let fence = |index: &usize| -> Option<(usize, bool)> {
        let row = source.get(*index);
        let signs = row.iter().take_while(|byte| **byte == b'`').count();
        (signs >= length).then(|| (*index, row[signs..].trim().is_empty()))
    };
    let mut depth = 1;
    let mut end = None;
    for (index, bare) in (opening + 1..limit).filter_map(|index| fence(&index)) {
        if end.is_some() {
            // More fences behind the end: the text may hold fences that nothing distinguishes from its own.
            return (!info.is_empty()).then_some(Err("holds fences like its own, so that its end cannot be told"));
        }
        depth = if bare { depth - 1 } else { depth + 1 };
        if depth == 0 {
            end = Some(index);
        }
    }
    Some(Ok(match end {
        Some(end) => Extent { from: opening + 1, to: end, ended: true, next: end + 1 },
        None => Extent { from: opening + 1, to: limit, ended: false, next: limit },
    }))
}
