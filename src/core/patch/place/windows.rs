//! The rungs that compare a hunk's old text with a stretch of the file of the same length.

use std::borrow::Cow;

use super::super::form::{Hunk, Line, Tag};
use super::super::refusal::Problem;
use super::lines::{Compare, information};
use super::{Rung, Target, explain};

/// Places where a hunk, or a reading of it, stands in the file, all found by the same rung.
#[derive(Debug, Clone)]
pub(super) struct Windows<'h> {
    pub rung: Rung,
    /// The hunk as it was read for this rung.
    pub hunk: Cow<'h, Hunk>,
    /// First lines, ascending.
    pub at: Vec<usize>,
    /// Length of each.
    pub count: usize,
}

impl<'h> Windows<'h> {
    fn new(rung: Rung, hunk: Cow<'h, Hunk>, at: Vec<usize>) -> Self {
        let count = hunk.old_lines().count();
        Self { rung, hunk, at, count }
    }
}

/// The strictest rung that finds the hunk anywhere, if one of these does.
pub(super) fn find<'h>(hunk: &'h Hunk, target: &Target<'_>) -> Result<Option<Windows<'h>>, Problem> {
    let exact = |compare, rung| -> Result<Option<Windows<'h>>, Problem> {
        let at = target.find(hunk, compare)?;
        Ok((!at.is_empty()).then(|| Windows::new(rung, Cow::Borrowed(hunk), at)))
    };
    if let Some(windows) = exact(Compare::Bytes, Rung::Exact)? {
        return Ok(Some(windows));
    }
    if let Some(windows) = exact(Compare::NoReturn, Rung::LineEnding)? {
        return Ok(Some(windows));
    }
    if hunk.old_lines().any(|line| information(line.text(target.reply)) > 0)
        && let Some(windows) = exact(Compare::TrimEnd, Rung::TrailingBlanks)?
    {
        return Ok(Some(windows));
    }
    if let Some(windows) = edge_blanks(hunk, target)? {
        return Ok(Some(windows));
    }
    column(hunk, target)
}

/// Blank context lines at the edges are often made up: the rest decides, if it says enough.
fn edge_blanks<'h>(hunk: &Hunk, target: &Target<'_>) -> Result<Option<Windows<'h>>, Problem> {
    let blank = |line: &&Line| line.is_context() && Compare::Trim.key(line.text(target.reply)).is_empty();
    let lead = hunk.lines.iter().take_while(blank).count();
    let tail = hunk.lines[lead..].iter().rev().take_while(blank).count();
    if lead + tail == 0 || lead + tail >= hunk.lines.len() {
        return Ok(None);
    }
    // A change of blank lines right there could as well be on the other side of what is missing.
    let changed = |line: &Line| !line.is_context() && Compare::Trim.key(line.text(target.reply)).is_empty();
    if lead > 0 && changed(&hunk.lines[lead]) || tail > 0 && changed(&hunk.lines[hunk.lines.len() - tail - 1]) {
        return Ok(None);
    }
    let trimmed = Hunk { lines: hunk.lines[lead..hunk.lines.len() - tail].to_vec(), ..hunk.clone() };
    let says: usize = trimmed.old_lines().map(|line| information(line.text(target.reply))).sum();
    if says < ENOUGH {
        return Ok(None);
    }
    let at = target.find(&trimmed, Compare::NoReturn)?;
    if at.is_empty() {
        return Ok(None);
    }
    refuse_other_edge(&trimmed, &at, target)?;
    Ok(Some(Windows::new(Rung::EdgeBlanks, Cow::Owned(trimmed), at)))
}

/// Where one blank edge is made up, the other may be as well: with added lines beyond it, it must not be what decides
/// between two places.
fn refuse_other_edge(hunk: &Hunk, at: &[usize], target: &Target<'_>) -> Result<(), Problem> {
    let is_old = |line: &Line| line.tag != Tag::Add;
    let (Some(first), Some(last)) = (hunk.lines.iter().position(is_old), hunk.lines.iter().rposition(is_old)) else {
        return Ok(());
    };
    let is_blank = |line: &Line| line.is_context() && Compare::Trim.key(line.text(target.reply)).is_empty();
    for (edge, skipped) in [(first, 1), (last, 0)] {
        if first == last || !is_blank(&hunk.lines[edge]) {
            continue;
        }
        let mut rest = hunk.clone();
        rest.lines.remove(edge);
        let places = target.find(&rest, Compare::NoReturn)?;
        if places.iter().any(|place| !at.iter().any(|there| there + skipped == *place)) {
            return Err(explain::edge_decides(&places, rest.old_lines().count()));
        }
    }
    Ok(())
}

/// Letters and digits that a block needs to be told from others by chance.
pub(super) const ENOUGH: usize = 6;

/// Context lines that came without their leading column: read them as the rows they are.
fn column<'h>(hunk: &Hunk, target: &Target<'_>) -> Result<Option<Windows<'h>>, Problem> {
    if !hunk.lines.iter().any(|line| line.is_context() && !line.bare) {
        return Ok(None);
    }
    let uncut = |line: &Line| if line.tag == Tag::Context { line.uncut() } else { *line };
    let raw = Hunk { lines: hunk.lines.iter().map(uncut).collect(), ..hunk.clone() };
    for compare in [Compare::NoReturn, Compare::TrimEnd] {
        let at = target.find(&raw, compare)?;
        if !at.is_empty() {
            return Ok(Some(Windows::new(Rung::Column, Cow::Owned(raw), at)));
        }
    }
    Ok(None)
}

/// The header's counts say that one context line is an added one.
pub(super) fn counts_a_plus_more(hunk: &Hunk) -> bool {
    hunk.numbers.is_some_and(|numbers| {
        hunk.old_lines().count() as u64 == numbers.old_count + 1 && hunk.new_lines().count() as u64 == numbers.new_count
    })
}

/// An added line that lost its `+` looks like context that the file does not have. The header's counts tell: with the
/// line read as added they are right, as context the old side has one too many.
pub(super) fn lost_plus<'h>(hunk: &Hunk, target: &Target<'_>) -> Result<Option<Windows<'h>>, Problem> {
    if !counts_a_plus_more(hunk) {
        return Ok(None);
    }
    let mut found: Option<(Vec<Vec<u8>>, Windows<'h>)> = None;
    for index in 0..hunk.lines.len() {
        let next_to_added =
            [index.wrapping_sub(1), index + 1].iter().any(|n| hunk.lines.get(*n).is_some_and(|l| l.tag == Tag::Add));
        if !hunk.lines[index].is_context() || !next_to_added {
            continue;
        }
        let added = Line { tag: Tag::Add, bare: true, ..hunk.lines[index].uncut() };
        if may_have_a_blank_too_many(&added, hunk, target) {
            continue;
        }
        let mut read = hunk.clone();
        read.lines[index] = added;
        let at = target.find(&read, Compare::NoReturn)?;
        if at.is_empty() {
            continue;
        }
        let result: Vec<Vec<u8>> = read.new_lines().map(|line| line.text(target.reply).to_vec()).collect();
        match &found {
            Some((other, _)) if *other != result => return Ok(None),
            _ => found = Some((result, Windows::new(Rung::LostPlus, Cow::Owned(read), at))),
        }
    }
    Ok(found.map(|(_, windows)| windows))
}

/// Whether a blank may have come in place of the `+`, so that the line as it stands has one too many: other lines have
/// one blank less, or it has an odd number and none has as many.
fn may_have_a_blank_too_many(added: &Line, hunk: &Hunk, target: &Target<'_>) -> bool {
    let indent = |line: &Line| {
        let text = line.text(target.reply);
        let blanks = text.iter().take_while(|byte| **byte == b' ').count();
        (blanks < text.len()).then_some(blanks)
    };
    let own = indent(added).unwrap_or(0);
    let others = || hunk.lines.iter().filter(|line| line.end != added.end).filter_map(indent);
    own > 0 && !others().any(|other| other == own) && (own % 2 == 1 || others().any(|other| other + 1 == own))
}
