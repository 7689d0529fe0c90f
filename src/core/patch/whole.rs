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

/// In a fence that opens right below the marker. `None`: there is none, or what looks like one is the file's own.
fn fenced(source: Source<'_>, from: usize, limit: usize) -> Option<Result<Extent, &'static str>> {
    let opening = (from..limit).find(|index| !source.get(*index).trim().is_empty())?;
    let length = signs(source.get(opening));
    if length < 3 {
        return None;
    }
    let fences = |longest: usize| -> Vec<(usize, Fence)> {
        let rows = (opening + 1..limit).map(|index| (index, source.get(index)));
        let fences = rows.filter(|(_, row)| (length..=longest).contains(&signs(row)));
        fences.map(|(index, row)| (index, Fence::of(row))).collect()
    };
    // Who opens with so many signs closes with as many: a longer row is rather a heading's underline.
    let end = match end_of(&fences(length)) {
        Ok(None) => end_of(&fences(usize::MAX)),
        found => found,
    };
    Some(match end {
        Ok(Some(end)) => Ok(Extent { from: opening + 1, to: end, ended: true, next: end + 1 }),
        Ok(None) => Ok(Extent { from: opening + 1, to: limit, ended: false, next: limit }),
        // The file begins with a fence of its own when an end marker shows that it was given without one.
        Err(_) if (opening..limit).any(|index| ENDS.contains(&source.get(index).trim_end())) => return None,
        Err(what) => Err(what),
    })
}

/// Back quotes at the beginning of a row.
fn signs(row: &[u8]) -> usize {
    row.iter().take_while(|byte| **byte == b'`').count()
}

/// A fence with a word behind it can only open a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fence {
    Bare,
    Named,
}

impl Fence {
    fn of(row: &[u8]) -> Self {
        if row[signs(row)..].trim().is_empty() { Self::Bare } else { Self::Named }
    }
}

/// The fence that closes the block which is open before them. More fences behind it may be the file's own as well, and
/// nothing distinguishes them.
fn end_of(fences: &[(usize, Fence)]) -> Result<Option<usize>, &'static str> {
    let mut depth = 1;
    for (number, (index, fence)) in fences.iter().enumerate() {
        match fence {
            Fence::Named => depth += 1,
            Fence::Bare => depth -= 1,
        }
        if depth == 0 {
            let last = number + 1 == fences.len();
            return if last {
                Ok(Some(*index))
            } else {
                Err("holds fences like its own, so that its end cannot be told")
            };
        }
    }
    Ok(None)
}
