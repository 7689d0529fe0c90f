//! What the placed blocks of one file say about each other: order, overlap, indentation.

use super::super::form::Hunk;
use super::super::refusal::{Problem, ProblemKind};
use super::{Place, Rung, Target, explain, indent};

/// Blocks that were placed by what of their context is there, and alone break the order of the others: their own place
/// may be the one where even the changed lines differ by now.
pub(super) fn out_of_order(places: &[Place<'_>]) -> Vec<(usize, Problem)> {
    let ascend = |without: usize| {
        let others: Vec<usize> =
            places.iter().enumerate().filter(|(at, _)| *at != without).map(|(_, place)| place.first).collect();
        others.is_sorted()
    };
    if places.is_sorted_by_key(|place| place.first) {
        return Vec::new();
    }
    let doubtful = |at: usize| places[at].rung == Rung::Anchors && ascend(at);
    let problem = |at: usize| {
        let what = "its context is there only in part, and not where the order of the blocks says";
        let candidates = vec![explain::range(places[at].first, places[at].end, 100)];
        (places[at].hunk, Problem::new(ProblemKind::NotFound, what).candidates(candidates))
    };
    (0..places.len()).filter(|at| doubtful(*at)).map(problem).collect()
}

/// Sorts places and finds hunks that change the same lines, or insert at the same point.
pub(super) fn overlaps(places: &mut [Place<'_>], hunks: &[Hunk]) -> Vec<(usize, Problem)> {
    places.sort_by_key(|place| (place.first, place.end));
    let mut problems = Vec::new();
    let mut edits: Vec<(usize, usize, usize)> = places
        .iter()
        .flat_map(|place| place.edits.iter().map(|edit| (edit.at, edit.at + edit.remove, place.hunk)))
        .collect();
    edits.sort_unstable();
    for pair in edits.windows(2) {
        let ((at, end, first), (next, next_end, second)) = (pair[0], pair[1]);
        let same_point = at == next && (at == end || next == next_end);
        if next < end || same_point {
            let what = format!("changes the same lines as the block at line {} of the patch", hunks[first].line);
            let mut candidates =
                vec![explain::range(at, end.max(at + 1), 100), explain::range(next, next_end.max(next + 1), 100)];
            candidates.dedup();
            let problem = Problem::new(ProblemKind::Overlap, what).candidates(candidates).hint("merge the two blocks");
            problems.push((second, problem));
        }
    }
    problems
}

/// Hunks whose old text says nothing of indentation, in a patch whose other hunks are indented by another unit than the
/// file: their added lines would be indented by the wrong one.
pub(super) fn unanchored(places: &[Place<'_>], hunks: &[Hunk], target: &Target<'_>) -> Vec<(usize, Problem)> {
    let rescaled = places.iter().any(|place| {
        let window = target.file.lines.get(place.first..place.end).unwrap_or_default();
        place.rung == Rung::Indentation
            && indent::reindent(&hunks[place.hunk], target.reply, window, &target.file.lines)
                .is_some_and(|result| result.rescaled)
    });
    let doubtful = places
        .iter()
        .filter(|place| place.rung != Rung::Indentation && indent::is_unanchored(&hunks[place.hunk], target.reply));
    let problem = |place: &Place<'_>| {
        let what = "adds indented lines, and the other blocks of this file are indented by another unit than the file";
        (place.hunk, Problem::new(ProblemKind::Indentation, what).hint("indent as the file does"))
    };
    doubtful.filter(|_| rescaled).map(problem).collect()
}
