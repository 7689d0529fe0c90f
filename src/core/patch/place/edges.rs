//! Changes at the edge of a hunk, without context on that side: git writes them only at the ends of a file.

use super::super::form::{Hunk, Line, Tag};
use super::super::refusal::{Problem, ProblemKind};
use super::lines::{Compare, information};
use super::windows::ENOUGH;
use super::{Target, explain};

/// Lines between an insertion without context on that side and the end of the file that make it suspicious.
const FEW: usize = 2;

/// Refuses an insertion at an edge where the file's unseen lines say that it is meant for another place.
///
/// The old text of `hunk` covers file lines `first..end`. The text of a SEARCH block ends where its writer wished: what
/// counts against it are a line that it adds again, and a last line that says something; brackets may be left out.
pub(super) fn check(hunk: &Hunk, first: usize, end: usize, target: &Target<'_>) -> Result<(), Problem> {
    let inserts_first = hunk.lines.first().is_some_and(|line| line.tag == Tag::Add);
    let claims_the_start = hunk.stated().map_or((1..=FEW).contains(&first), |stated| stated == 0 && first > 0);
    if inserts_first && claims_the_start {
        return Err(unseen(first - 1, target));
    }
    let added: Vec<&Line> = hunk.lines.iter().rev().take_while(|line| line.tag == Tag::Add).collect();
    let rest = &hunk.lines[..hunk.lines.len() - added.len()];
    let above = rest.iter().rev().take_while(|line| line.is_context()).count();
    let inserts_last = !added.is_empty() && above > 0;
    let below = &target.file.lines[end..];
    if !inserts_last || below.is_empty() {
        return Ok(());
    }
    let same = |line: &Line, file: &[u8]| Compare::TrimEnd.key(line.text(target.reply)) == Compare::TrimEnd.key(file);
    if added.len() <= below.len() && added.iter().rev().zip(below).all(|(line, file)| same(line, file)) {
        return Err(explain::already_applied());
    }
    let moved = hunk.counts_hold() && hunk.stated().is_some_and(|stated| first.abs_diff(stated) >= end - first);
    let says = |lines: &[&[u8]]| lines.iter().map(|line| information(line)).sum::<usize>();
    let left_out = below.len() <= FEW && (!hunk.marks.searched || says(below) >= ENOUGH);
    let claims_the_end = above > 1 && (left_out || moved && !hunk.marks.searched);
    // Lines without a letter occur once by chance, and nothing else says that the text belongs below them.
    let by_chance = hunk.numbers.is_none() && says(&target.file.lines[first..end]) < ENOUGH;
    if same(added[0], below[0]) || claims_the_end || by_chance {
        return Err(unseen(end, target));
    }
    Ok(())
}

fn unseen(line: usize, target: &Target<'_>) -> Problem {
    Problem::new(ProblemKind::NotFound, explain::unseen(line, target)).hint(explain::SHOW)
}
