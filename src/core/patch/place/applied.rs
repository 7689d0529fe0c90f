//! Telling a change that is there already from one that is still to be made.

use super::super::form::{Hunk, Line, Tag};
use super::super::refusal::Problem;
use super::Target;
use super::lines::{Compare, information};
use super::windows::ENOUGH;

/// Whether the file looks as if the hunk had been applied: its new text is there, and its old text is not, or only where
/// the new text is.
pub(super) fn is_applied(hunk: &Hunk, target: &Target<'_>) -> Result<bool, Problem> {
    let adds_something = hunk.added().any(|line| information(line.text(target.reply)) > 0);
    if !adds_something {
        return Ok(false);
    }
    let new = target.find(&new_side(hunk), Compare::TrimEnd)?;
    if new.is_empty() {
        return Ok(false);
    }
    let old = target.find(hunk, Compare::TrimEnd)?;
    // Text that is added at the end leaves the old text where it was: both stand at the stated line.
    let context = hunk.lines.iter().take_while(|line| line.is_context()).count();
    let appends = hunk.lines[context..].iter().all(|line| line.tag == Tag::Add);
    if hunk
        .stated()
        .is_some_and(|stated| old.binary_search(&stated).is_ok() && !(appends && new.binary_search(&stated).is_ok()))
    {
        return Ok(false);
    }
    let reach = hunk.lines.len() + 10;
    // Both ascend.
    let beside = |old: &usize| {
        let next = new.partition_point(|new| *new + reach <= *old);
        new.get(next).is_some_and(|new| old.abs_diff(*new) < reach)
    };
    Ok(old.is_empty() || old.iter().any(beside))
}

/// Whether a hunk that only removes looks as if it had been applied: its context stands in one piece, and says something
/// on both sides of what is to go. Asked only where the old text is nowhere, before a place that is merely like it counts.
pub(super) fn is_removed(hunk: &Hunk, target: &Target<'_>) -> Result<bool, Problem> {
    let is_removal = |line: &Line| line.tag == Tag::Remove;
    let (Some(first), Some(last)) = (hunk.lines.iter().position(is_removal), hunk.lines.iter().rposition(is_removal))
    else {
        return Ok(false);
    };
    let says = |lines: &[Line]| lines.iter().any(|line| information(line.text(target.reply)) > 0);
    if hunk.added().next().is_some() || !says(&hunk.lines[..first]) || !says(&hunk.lines[last + 1..]) {
        return Ok(false);
    }
    let new = new_side(hunk);
    let said: usize = new.old_lines().map(|line| information(line.text(target.reply))).sum();
    Ok(said >= ENOUGH && !target.find(&new, Compare::TrimEnd)?.is_empty())
}

/// What the hunk leaves, as lines to be looked for.
fn new_side(hunk: &Hunk) -> Hunk {
    let as_context = |line: &Line| Line { tag: Tag::Context, ..*line };
    Hunk { lines: hunk.new_lines().map(as_context).collect(), ..Hunk::default() }
}
