//! Messages about hunks that have no place: what was expected, what stands there, where else it could be.

use super::super::form::Hunk;
use super::super::refusal::{Candidate, Mismatch, Numbered, Problem, ProblemKind};
use super::super::shown;
use super::Target;
use super::align::Unaligned;
use super::choose::Open;
use super::lines::{Compare, Index, information};

/// Lines `first..end` counted from 0, as people count them.
pub(super) fn range(first: usize, end: usize, alike: u8) -> Candidate {
    Candidate { first: first as u32 + 1, last: end.max(first + 1) as u32, alike }
}

pub(super) fn already_applied() -> Problem {
    Problem::new(ProblemKind::AlreadyApplied, "the result of this block is already in the file")
}

/// Two places that fit equally are refused, with all of them.
pub(super) fn ambiguous(open: &Open<'_>, target: &Target<'_>) -> Problem {
    let count = open.found.count();
    let total = open.found.len();
    let candidates: Vec<Candidate> =
        (0..total.min(6)).map(|index| range(open.found.first(index), open.found.first(index) + count, 100)).collect();
    let unique = (0..total.min(6)).find_map(|index| unique_line_above(target, open.found.first(index)));
    let hint = match unique {
        Some((line, text)) => format!("add a context line that occurs once, such as line {line}: {text}"),
        None => "add context lines that occur once".into(),
    };
    Problem::new(ProblemKind::Ambiguous, format!("its lines stand in {total} places")).candidates(candidates).hint(hint)
}

fn unique_line_above(target: &Target<'_>, at: usize) -> Option<(usize, String)> {
    let index = target.index(Compare::TrimEnd);
    (at.saturating_sub(30)..at).rev().find_map(|line| {
        let text = target.file.lines[line];
        (index.places(index.lines[line]).len() == 1 && information(text) >= 6).then(|| (line + 1, shown(text)))
    })
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

/// The hunk is in no place: shows the most alike stretch and the first line that differs there.
pub(super) fn unplaced(hunk: &Hunk, target: &Target<'_>, index: &Index<'_>, why: Unaligned) -> Problem {
    let old: Vec<&[u8]> = hunk.old_lines().map(|line| line.text(target.reply)).collect();
    let near = nearest(&old, index);
    let lines = &target.file.lines;
    let (kind, what) = match why {
        Unaligned::NotThere | Unaligned::Weak => {
            (ProblemKind::NotFound, "its old lines are not in the file".to_owned())
        }
        Unaligned::Elsewhere { here, other } => {
            let what = format!(
                "its old lines are not in the file; lines {} and {} are about as much like them",
                here + 1,
                other + 1
            );
            (ProblemKind::Ambiguous, what)
        }
        Unaligned::Unseen { at } => {
            let line = lines.get(at).map_or_else(String::new, |line| shown(line));
            let what = format!(
                "line {} of the file, which it does not show, stands exactly where its text goes in: {line}",
                at + 1
            );
            (ProblemKind::NotFound, what)
        }
        Unaligned::Invented { line } => {
            let text = shown(hunk.lines[line].text(target.reply));
            (ProblemKind::NotFound, format!("a context line next to its added text is not in the file: {text}"))
        }
    };
    let mut problem = Problem::new(kind, what).hint("copy the lines from the file as it is now");
    if let Some(best) = near.first() {
        problem.mismatch = mismatch(&old, lines, index, best.0).map(Box::new);
    }
    let candidates = near.iter().map(|(at, alike)| range(*at, (*at + old.len()).min(lines.len()), *alike));
    problem.candidates(candidates.collect())
}

/// Up to three stretches that share most with the old lines, best first, with how much of them in percent.
fn nearest(old: &[&[u8]], index: &Index<'_>) -> Vec<(usize, u8)> {
    let mut votes: std::collections::HashMap<usize, usize> = std::collections::HashMap::new();
    let mut whole = 0;
    for (offset, line) in old.iter().enumerate() {
        let says = information(line).min(40);
        whole += says;
        let places = index.places(index.id(line));
        if says > 2 && places.len() <= 200 {
            for place in places.iter().filter_map(|place| (*place as usize).checked_sub(offset)) {
                *votes.entry(place).or_default() += says;
            }
        }
    }
    let mut votes: Vec<(usize, usize)> = votes.into_iter().collect();
    votes.sort_by_key(|(at, weight)| (std::cmp::Reverse(*weight), *at));
    votes.truncate(3);
    votes
        .into_iter()
        .map(|(at, weight)| (at, (100 * weight / whole.max(1)) as u8))
        .filter(|(_, alike)| *alike >= 20)
        .collect()
}

/// The first line that differs when the old lines are laid at `at`, and three lines of the file around it.
fn mismatch(old: &[&[u8]], lines: &[&[u8]], index: &Index<'_>, at: usize) -> Option<Mismatch> {
    let offset = (0..old.len()).find(|offset| index.lines.get(at + offset) != Some(&index.id(old[*offset])))?;
    let line = at + offset;
    let numbered = |line: usize| lines.get(line).map(|text| Numbered { line: line as u32 + 1, text: shown(text) });
    let around = (line.saturating_sub(3)..(line + 4).min(lines.len())).filter_map(numbered).collect();
    Some(Mismatch { expected: shown(old[offset]), found: numbered(line), around })
}
