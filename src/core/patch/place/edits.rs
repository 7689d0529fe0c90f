//! Building the edits of a placed hunk: its runs of changes, with indentation and line endings fitted to the file.

use std::borrow::Cow;

use super::super::form::{Hunk, Line, Tag};
use super::super::refusal::{Problem, ProblemKind};
use super::align::Aligned;
use super::lines::Ending;
use super::windows::Windows;
use super::{Added, Edit, Rung, Target, explain, indent};

/// Edits of a hunk at a window of the file that has as many lines as its old text.
pub(super) fn of_window<'t>(
    windows: &Windows<'_>,
    first: usize,
    target: &Target<'t>,
) -> Result<Vec<Edit<'t>>, Problem> {
    let hunk = windows.hunk.as_ref();
    match windows.rung {
        Rung::Exact if !(target.file.ending == Ending::Crlf && all_bare(hunk, target)) => {
            Ok(runs(hunk, first, |line| Cow::Borrowed(line.text(target.reply))))
        }
        Rung::Indentation => {
            let window = &target.file.lines[first..first + windows.count];
            let reindented = indent::reindent(hunk, target.reply, window, &target.file.lines).ok_or_else(|| {
                let what = "stands in the file with other indentation, and it cannot be told how its added lines are to be indented";
                Problem::new(ProblemKind::Indentation, what).candidates(vec![explain::range(first, first + windows.count, 100)])
            })?;
            let mut lines = reindented.lines.into_iter();
            with_ending(runs(hunk, first, |_| Cow::Owned(lines.next().unwrap_or_default())), target)
        }
        Rung::Exact
        | Rung::LineEnding
        | Rung::TrailingBlanks
        | Rung::EdgeBlanks
        | Rung::Column
        | Rung::LostPlus
        | Rung::Anchors => with_ending(runs(hunk, first, |line| Cow::Borrowed(line.text(target.reply))), target),
    }
}

fn all_bare(hunk: &Hunk, target: &Target<'_>) -> bool {
    !hunk.lines.iter().any(|line| line.text(target.reply).ends_with(b"\r"))
}

/// Edits of a hunk that was aligned with the file.
pub(super) fn of_alignment<'t>(aligned: &Aligned, hunk: &Hunk, target: &Target<'t>) -> Result<Vec<Edit<'t>>, Problem> {
    let edits = aligned.edits.iter().map(|spot| Edit {
        at: spot.at,
        remove: spot.remove,
        add: spot.add.iter().map(|line| Cow::Borrowed(hunk.lines[*line].text(target.reply))).collect(),
    });
    with_ending(edits.collect(), target)
}

/// Gives added lines the file's ending; in a file with both kinds, that of the lines they stand beside.
fn with_ending<'t>(mut edits: Vec<Edit<'t>>, target: &Target<'t>) -> Result<Vec<Edit<'t>>, Problem> {
    for edit in &mut edits {
        let near = edit.at.saturating_sub(1)..(edit.at + edit.remove + 1).min(target.file.lines.len());
        let mut kinds = target.file.lines[near.clone()].iter().map(|line| line.ends_with(b"\r"));
        let first = kinds.next();
        if target.file.ending == Ending::Mixed && kinds.any(|kind| Some(kind) != first) && !edit.add.is_empty() {
            let what = "the file mixes line endings here, so that those of the added lines cannot be told";
            return Err(
                Problem::new(ProblemKind::LineEnding, what).candidates(vec![explain::range(near.start, near.end, 100)])
            );
        }
        for line in &mut edit.add {
            if let Some(fitted) = target.added(line, Some(near.start)) {
                *line = Cow::Owned(fitted);
            }
        }
    }
    Ok(edits)
}

/// The runs of changes of a hunk whose old text begins at file line `first`.
pub(super) fn runs<'t>(hunk: &Hunk, first: usize, mut add: impl FnMut(&Line) -> Added<'t>) -> Vec<Edit<'t>> {
    let mut edits: Vec<Edit<'t>> = Vec::new();
    let mut at = first;
    let mut open = false;
    for line in &hunk.lines {
        if line.is_context() {
            at += 1;
            open = false;
            continue;
        }
        if !open {
            edits.push(Edit { at, remove: 0, add: Vec::new() });
            open = true;
        }
        let Some(edit) = edits.last_mut() else { continue };
        match line.tag {
            Tag::Remove => {
                edit.remove += 1;
                at += 1;
            }
            Tag::Add => edit.add.push(add(line)),
            Tag::Context => {}
        }
    }
    edits
}
