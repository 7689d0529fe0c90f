//! Telling a change that is there already from one that is still to be made.

use super::super::form::{Hunk, Tag};
use super::super::refusal::Problem;
use super::Target;
use super::lines::{Compare, information};

/// Whether the file looks as if the hunk had been applied: its new text is there, and its old text is not, or only where
/// the new text is.
pub(super) fn is_applied(hunk: &Hunk, target: &Target<'_>) -> Result<bool, Problem> {
    let adds_something = hunk.added().any(|line| information(line.text(target.reply)) > 0);
    if !adds_something {
        return Ok(false);
    }
    let after = Hunk {
        lines: hunk
            .new_lines()
            .copied()
            .map(|mut line| {
                line.tag = Tag::Context;
                line
            })
            .collect(),
        ..Hunk::default()
    };
    let new = target.find(&after, Compare::TrimEnd)?;
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
