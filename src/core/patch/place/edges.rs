//! Changes at the edge of a hunk, without context on that side: git writes them only at the ends of a file.

use super::super::form::{Hunk, Line, Tag};
use super::super::refusal::{Problem, ProblemKind};
use super::lines::Compare;
use super::{Target, explain};

/// Lines between an insertion without context below it and the end of the file that make it suspicious.
const FEW: usize = 2;

/// Refuses an insertion at an edge where the file's unseen lines say that it is meant for another place.
///
/// The old text of `hunk` covers file lines `first..end`. The text of a SEARCH block ends where it says, so that only a
/// line which it adds again counts against it.
pub(super) fn check(hunk: &Hunk, first: usize, end: usize, target: &Target<'_>) -> Result<(), Problem> {
    let inserts_first = hunk.lines.first().is_some_and(|line| line.tag == Tag::Add);
    if inserts_first && first > 0 && hunk.stated() == Some(0) {
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
    let claims_the_end = !hunk.marks.searched && above > 1 && (moved || below.len() <= FEW);
    if same(added[0], below[0]) || claims_the_end {
        return Err(unseen(end, target));
    }
    Ok(())
}

fn unseen(line: usize, target: &Target<'_>) -> Problem {
    Problem::new(ProblemKind::NotFound, explain::unseen(line, target)).hint(explain::SHOW)
}
