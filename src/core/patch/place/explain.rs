//! Messages about hunks that have no place: what was expected, what stands there, where else it could be.

use super::super::comparison::{Comparison, Row, same_but_for_blanks};
use super::super::form::Hunk;
use super::super::refusal::{Candidate, Numbered, Problem, ProblemKind};
use super::super::shown;
use super::align::Unaligned;
use super::choose::Open;
use super::lines::{ABSENT, Compare, information};
use super::{Target, nearest};

/// Lines `first..end` counted from 0, as people count them.
pub(super) fn range(first: usize, end: usize, alike: u8) -> Candidate {
    Candidate { first: first as u32 + 1, last: end.max(first + 1) as u32, alike, under: None }
}

pub(super) fn already_applied() -> Problem {
    Problem::new(ProblemKind::AlreadyApplied, "the result of this block is already in the file")
}

/// Two places that fit equally are refused, with all of them and what tells them apart.
pub(super) fn ambiguous(open: &Open<'_>, target: &Target<'_>) -> Problem {
    let count = open.found.count();
    let total = open.found.len();
    let candidate = |index: usize| {
        let first = open.found.first(index);
        Candidate { under: heading(target, first), ..range(first, first + count, 100) }
    };
    let candidates: Vec<Candidate> = (0..total.min(PLACES)).map(candidate).collect();
    let hint = match candidates.iter().any(|candidate| candidate.under.is_some()) {
        true => "add the line above that only the meant place has, and what is between",
        false => "add context lines that occur once",
    };
    let what = match total.checked_sub(PLACES).filter(|more| *more > 0) {
        Some(_) => format!("its lines stand in {total} places, of which these are the first"),
        None => format!("its lines stand in {total} places"),
    };
    Problem::new(ProblemKind::Ambiguous, what).candidates(candidates).hint(hint)
}

/// Only a blank line at its edge, which may be made up like the one at its other edge, tells these places apart.
pub(super) fn edge_decides(places: &[usize], count: usize) -> Problem {
    let candidates = places.iter().take(PLACES).map(|first| range(*first, first + count, 100)).collect();
    let what = format!("but for the blank lines at its edges, its lines stand in {} places", places.len());
    Problem::new(ProblemKind::Ambiguous, what).candidates(candidates).hint("add context lines that occur once")
}

/// Places that are named.
const PLACES: usize = 6;
/// Lines above a place among which its heading is looked for.
const REACH: usize = 60;

/// The nearest line above that occurs once, the less indented the better: the head of a function, mostly.
fn heading(target: &Target<'_>, at: usize) -> Option<Numbered> {
    let index = target.index(Compare::TrimEnd);
    let lines = &target.file.lines;
    let indent = |line: &[u8]| line.len() - Compare::Trim.key(line).len();
    let own = lines.get(at).map_or(0, |line| indent(line));
    let unique = |line: &usize| index.places(index.lines[*line]).len() == 1 && information(lines[*line]) >= 3;
    let above = || (at.saturating_sub(REACH)..at).rev().filter(unique);
    let line = above().find(|line| indent(lines[*line]) < own).or_else(|| above().next())?;
    Some(Numbered { line: line as u32 + 1, text: shown(lines[line]).trim().to_owned() })
}

/// By its header it adds one line more than are marked as added: the mark was lost, and so would be the line.
pub(super) fn unmarked(hunk: &Hunk, target: &Target<'_>) -> Problem {
    let counts = hunk
        .numbers
        .map_or_else(String::new, |numbers| format!(" ({} lines into {})", numbers.old_count, numbers.new_count));
    let what = format!("by its header{counts} one line more is added than begin with `+`");
    let hint = Some("begin every added line with `+`".to_owned());
    let found = unplaced(hunk, target, Unaligned::NotThere);
    Problem { kind: ProblemKind::Malformed, what, hint, ..found }
}

/// The last hunk of a reply that may be cut off, when it looks cut off.
pub(super) fn cut_off(hunk: &Hunk, end: usize, target: &Target<'_>) -> Result<(), Problem> {
    if !hunk.marks.last || end >= target.file.lines.len() {
        return Ok(());
    }
    let lead = hunk.lines.iter().take_while(|line| line.is_context()).count();
    let tail = hunk.lines.iter().rev().take_while(|line| line.is_context()).count();
    let what = if hunk.marks.midline && tail == 0 {
        "the patch stops in the middle of a line"
    } else if hunk.marks.short && tail < lead.min(3) && !lacks_only_context(hunk, tail) {
        "is shorter than its header says and has no context after the change"
    } else {
        return Ok(());
    };
    Err(Problem::new(ProblemKind::Truncated, what).hint("send the whole patch again, in a fence that is closed"))
}

/// Whether the lines that the header counts and the body lacks can be context alone: as many on both sides, and no more
/// than would fill the context after the change. A cut that loses a change loses the context behind it as well.
fn lacks_only_context(hunk: &Hunk, tail: usize) -> bool {
    let Some(numbers) = hunk.numbers else { return false };
    let old = numbers.old_count as i64 - hunk.old_lines().count() as i64;
    let new = numbers.new_count as i64 - hunk.new_lines().count() as i64;
    tail > 0 && old == new && old > 0 && tail as i64 + old <= 3
}

/// The hunk is in no place: lays it beside the stretch that is most like it.
pub(super) fn unplaced(hunk: &Hunk, target: &Target<'_>, why: Unaligned) -> Problem {
    let old: Vec<&[u8]> = hunk.old_lines().map(|line| line.text(target.reply)).collect();
    let lines = &target.file.lines;
    let (kind, what, way_out) = match why {
        Unaligned::NotThere | Unaligned::Weak => (ProblemKind::NotFound, missing(&old, target), COPY),
        Unaligned::Elsewhere { here, other } => {
            let what = missing(&old, target);
            let what = format!("{what}; lines {} and {} are about as much like them", here + 1, other + 1);
            (ProblemKind::Ambiguous, what, COPY)
        }
        Unaligned::Unseen { at } => (ProblemKind::NotFound, unseen(at, target), SHOW),
        Unaligned::Invented { line } => {
            let text = shown(hunk.lines[line].text(target.reply));
            let what = format!("a context line next to its added text is not in the file: {}", text.trim_start());
            (ProblemKind::NotFound, what, "begin it with `+` if it is new, or copy it from the file")
        }
    };
    let problem = Problem::new(kind, what);
    if !target.explains() {
        return problem.hint(way_out);
    }
    let mut near = nearest::nearest(&old, target);
    if let (Unaligned::Elsewhere { here, .. }, []) = (why, near.as_slice()) {
        near.push((here, nearest::likeness(&old, target, here)));
    }
    let Some((best, alike)) = near.first() else {
        return problem.hint("nothing in the file is like it: is it the right file, and as it is now?");
    };
    let comparison = nearest::compare(hunk, target, *best);
    let place = |at: usize| (at, (at + old.len()).min(lines.len()));
    let (first, end) = comparison
        .as_ref()
        .and_then(Comparison::lines)
        .map_or(place(*best), |(first, last)| (first as usize - 1, last as usize));
    let others = near[1..].iter().map(|(at, alike)| range(place(*at).0, place(*at).1, *alike));
    let hint = if comparison.as_ref().is_some_and(only_blanks) { BLANKS } else { way_out };
    let candidates = [range(first, end, *alike)].into_iter().chain(others).collect();
    Problem { comparison: comparison.map(Box::new), ..problem.candidates(candidates).hint(hint) }
}

/// What to do where a line that is not shown could be on either side of added text.
pub(super) const SHOW: &str = "show the lines before and after what is added";
const BLANKS: &str = "only blanks differ: copy the lines with theirs";
const COPY: &str = "copy the lines from the file as it is now";

/// How many of the old lines the file does not have at all.
fn missing(old: &[&[u8]], target: &Target<'_>) -> String {
    let index = target.index(Compare::TrimEnd);
    let missing = old.iter().filter(|line| index.id(line) == ABSENT).count();
    match (missing, old.len()) {
        (1, 1) => "its old line is not in the file".into(),
        (0, _) => "its old lines are in the file, but not together".into(),
        (missing, all) if missing == all => format!("none of its {all} old lines is in the file"),
        (1, all) => format!("1 of its {all} old lines is not in the file"),
        (missing, all) => format!("{missing} of its {all} old lines are not in the file"),
    }
}

/// Whether expectation and file are the same but for blanks.
fn only_blanks(comparison: &Comparison) -> bool {
    let side = |wanted: fn(&Row) -> Option<&str>| comparison.rows.iter().filter_map(wanted).collect::<String>();
    let expected = side(|row| match row {
        Row::Expected { text, .. } => Some(text),
        Row::Same { .. } | Row::Found { .. } | Row::Omitted { .. } | Row::EndOfFile => None,
    });
    let found = side(|row| match row {
        Row::Found { text, .. } => Some(text),
        Row::Same { .. } | Row::Expected { .. } | Row::Omitted { .. } | Row::EndOfFile => None,
    });
    same_but_for_blanks(&expected, &found)
}

/// Line `at` of the file, counted from 0, could as well belong below as above what is added.
pub(super) fn unseen(at: usize, target: &Target<'_>) -> String {
    let text = target.file.lines.get(at).map_or_else(String::new, |line| shown(line));
    let text = if text.trim().is_empty() { "(a blank line)" } else { &text };
    format!(
        "line {} of the file, which it does not show, stands exactly where its text goes in: {}",
        at + 1,
        text.trim_start()
    )
}
