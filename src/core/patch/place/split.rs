//! A hunk that stands in the file only in parts: at `...` lines, or where two hunks were written under one header.

use std::borrow::Cow;

use bstr::ByteSlice;

use super::super::form::{Hunk, Line, Marks};
use super::super::refusal::{Problem, ProblemKind};
use super::super::search_replace::is_divider;
use super::lines::Compare;
use super::matching::Matching;
use super::{Target, windows};

/// The hunk, or its parts when the file holds these but not the whole.
pub(super) fn split<'h>(hunk: &'h Hunk, target: &Target<'_>) -> Result<Vec<Cow<'h, Hunk>>, Problem> {
    if !hunk.readings.is_empty() {
        return read(hunk, target).map(|read| vec![Cow::Owned(read)]);
    }
    if !target.find(hunk, Compare::TrimEnd)?.is_empty() {
        return Ok(vec![Cow::Borrowed(hunk)]);
    }
    let cuts: Vec<usize> =
        (0..hunk.lines.len()).filter(|index| is_elision(&hunk.lines[*index], target.reply)).collect();
    let matching = if hunk.marks.searched { target.matching(hunk) } else { None };
    let sure = |cut: &usize| matching.as_ref().is_some_and(|matching| matching.counterpart(*cut).is_some());
    if hunk.marks.searched && (matching.is_none() || !cuts.iter().all(sure)) {
        return Ok(vec![Cow::Borrowed(hunk)]);
    }
    if !cuts.is_empty() {
        let mut parts = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([hunk.lines.len()]) {
            parts.extend(part(hunk, from, cut, target.reply));
            from = cut + 1;
        }
        return Ok(parts.into_iter().map(Cow::Owned).collect());
    }
    // Two hunks under one header have more lines than it counts on both sides; one more old line is an added one.
    let counted = windows::counts_a_plus_more(hunk);
    let segments = if counted { None } else { segments(hunk, target, matching.as_ref())? };
    Ok(segments.unwrap_or_else(|| vec![Cow::Borrowed(hunk)]))
}

/// The SEARCH block with the longest search that is in the file. Were a shorter one meant, it would be by chance that the
/// divider and what follows it in the block stand right below in the file too. Where only the divider does, a longer one
/// may be meant, of which a line has changed.
fn read(hunk: &Hunk, target: &Target<'_>) -> Result<Hunk, Problem> {
    for lines in hunk.readings.iter().rev() {
        let read = Hunk { lines: lines.clone(), readings: Vec::new(), ..hunk.clone() };
        let ends = target.find(&read, Compare::TrimEnd)?.into_iter().map(|at| at + read.old_lines().count());
        let below: Vec<&[u8]> = ends.map(|end| target.file.lines.get(end).copied().unwrap_or_default()).collect();
        if below.iter().any(|line| is_divider(line)) {
            break;
        }
        if !below.is_empty() {
            return Ok(read);
        }
    }
    let what = "has several `=======` lines, and the file does not tell which one ends the search";
    Err(Problem::new(ProblemKind::Malformed, what).hint("send this change as a unified diff"))
}

/// A context line that only says that something was left out.
pub(super) fn is_elision(line: &Line, reply: &[u8]) -> bool {
    line.is_context() && is_ellipsis(line.text(reply))
}

/// `...` alone or in a comment, perhaps with "existing code" or "unchanged" behind it.
pub(in super::super) fn is_ellipsis(text: &[u8]) -> bool {
    let text = text.trim();
    let text = ["#", "//", "--", ";", "/*", "<!--"]
        .iter()
        .find_map(|sign| text.strip_prefix(sign.as_bytes()))
        .unwrap_or(text)
        .trim();
    let Some(rest) = ["[...]", "...", "…"].iter().find_map(|sign| text.strip_prefix(sign.as_bytes())) else {
        return false;
    };
    let rest = rest.trim().to_ascii_lowercase();
    rest.is_empty() || ["existing", "rest", "other", "unchanged"].iter().any(|word| rest.starts_with(word.as_bytes()))
}

fn part(hunk: &Hunk, from: usize, to: usize, reply: &[u8]) -> Option<Hunk> {
    let blank = |line: &Line| line.is_context() && line.text(reply).is_empty();
    let mut lines = &hunk.lines[from..to];
    while let [first, rest @ ..] = lines
        && blank(first)
    {
        lines = rest;
    }
    while let [rest @ .., last] = lines
        && blank(last)
    {
        lines = rest;
    }
    let ends = to == hunk.lines.len();
    let part = Hunk {
        line: hunk.line,
        numbers: hunk.numbers.filter(|_| from == 0),
        section: hunk.section.clone(),
        lines: lines.to_vec(),
        readings: Vec::new(),
        old_unended: ends && hunk.old_unended,
        new_unended: ends && hunk.new_unended,
        at_end: ends && hunk.at_end,
        marks: Marks {
            elided: true,
            recounted: true,
            last: ends && hunk.marks.last,
            midline: ends && hunk.marks.midline,
            ..hunk.marks
        },
    };
    part.changes().then_some(part)
}

/// The longest stretches of the hunk that stand in the file one after the other, if each holds a change of its own and
/// says enough. A change at a seam has no place, so every seam lies between two context lines; in a SEARCH block
/// between two that are neighbours in its replacement too.
fn segments<'h>(
    hunk: &Hunk,
    target: &Target<'_>,
    matching: Option<&Matching<'_>>,
) -> Result<Option<Vec<Cow<'h, Hunk>>>, Problem> {
    let mut parts: Vec<Cow<'h, Hunk>> = Vec::new();
    let mut from = 0;
    while from < hunk.lines.len() {
        let Some(to) = longest(hunk, from, target)? else { return Ok(None) };
        let together = |at: usize| matching.is_none_or(|matching| matching.are_neighbours(at));
        let between = |at: usize| {
            let context = |line: &Line| line.is_context() && hunk.lines[at - 1].is_context();
            hunk.lines.get(at).is_none_or(|line| context(line) && together(at))
        };
        let Some(segment) = part(hunk, from, to, target.reply).filter(|_| between(to)) else { return Ok(None) };
        let says: usize = segment.old_lines().map(|line| super::lines::information(line.text(target.reply))).sum();
        if says < windows::ENOUGH {
            return Ok(None);
        }
        parts.push(Cow::Owned(segment));
        from = to;
    }
    Ok((parts.len() > 1).then_some(parts))
}

/// The end of the longest stretch from `from` on whose old lines stand in the file together.
fn longest(hunk: &Hunk, from: usize, target: &Target<'_>) -> Result<Option<usize>, Problem> {
    let fits = |to: usize| -> Result<bool, Problem> {
        let stretch = Hunk { lines: hunk.lines[from..to].to_vec(), ..Hunk::default() };
        Ok(stretch.old_lines().next().is_none() || !target.find(&stretch, Compare::TrimEnd)?.is_empty())
    };
    // Growing a stretch only loses places, so the end can be found by halving.
    let (mut low, mut high) = (from, hunk.lines.len());
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle)? { low = middle } else { high = middle - 1 }
    }
    Ok((low > from).then_some(low))
}
