//! Choosing among several places that fit equally: only by evidence that the patch itself gives.

use bstr::ByteSlice;

use super::super::LineNumbers;
use super::super::form::Hunk;
use super::{Choice, Found, Target};

/// One hunk with all places where it fits.
pub(super) struct Open<'h> {
    pub hunk: &'h Hunk,
    pub found: Found<'h>,
    /// The index of the chosen place, and why that one.
    pub chosen: Option<(usize, Choice)>,
}

impl Open<'_> {
    pub(super) fn at(&self) -> Option<usize> {
        self.chosen.map(|(index, _)| self.found.first(index))
    }
}

/// More places than this are not searched for a consistent order.
const MANY: usize = 256;

/// Chooses for every hunk that fits in several places, as far as there is evidence.
pub(super) fn choose(open: &mut [Open<'_>], target: &Target<'_>, line_numbers: LineNumbers) {
    for hunk in open.iter_mut() {
        if hunk.found.len() == 1 {
            hunk.chosen = Some((0, Choice::Only));
        }
    }
    if open.iter().all(|hunk| hunk.chosen.is_some()) {
        return;
    }
    let shifts = shifts(open);
    for hunk in open.iter_mut().filter(|hunk| hunk.chosen.is_none()) {
        hunk.chosen = at_end(hunk, target).or_else(|| by_numbers(hunk, &shifts));
    }
    by_order(open);
    for hunk in open.iter_mut().filter(|hunk| hunk.chosen.is_none()) {
        hunk.chosen = by_section(hunk, target).or_else(|| near(hunk, &shifts, line_numbers));
    }
    by_order(open);
}

/// A hunk that ends with a change although it begins with context is meant for the end of the file.
fn at_end(open: &Open<'_>, target: &Target<'_>) -> Option<(usize, Choice)> {
    let lines = &open.hunk.lines;
    let ends = !lines.last()?.is_context() && lines.first()?.is_context() && !open.hunk.marks.recounted;
    let end = target.file.lines.len();
    let index = (0..open.found.len()).find(|index| open.found.first(*index) + open.found.count() == end)?;
    (ends || open.hunk.at_end).then_some((index, Choice::AtEnd))
}

/// How far the hunks of the file that fit in one place only are from their stated lines.
fn shifts(open: &[Open<'_>]) -> Vec<i64> {
    let shift = |hunk: &Open<'_>| {
        let (index, choice) = hunk.chosen?;
        (choice == Choice::Only && hunk.found.is_plain()).then_some(())?;
        Some(hunk.found.first(index) as i64 - hunk.hunk.stated()? as i64)
    };
    let mut shifts: Vec<i64> = open.iter().filter_map(shift).collect();
    shifts.sort_unstable();
    shifts.dedup();
    shifts
}

/// One place is exactly on the stated line, or off by as much as the file's other hunks are.
fn by_numbers(hunk: &Open<'_>, shifts: &[i64]) -> Option<(usize, Choice)> {
    let stated = hunk.hunk.stated()? as i64;
    let on = |line: i64| (0..hunk.found.len()).find(|place| hunk.found.first(*place) as i64 == line);
    match shifts {
        [] | [0] if hunk.hunk.counts_hold() && hunk.hunk.lines.iter().any(super::super::form::Line::is_context) => {
            on(stated).map(|place| (place, Choice::Stated))
        }
        [shift] => on(stated + shift).map(|place| (place, Choice::Shift)),
        _ => None,
    }
}

/// Places that are left when hunks keep the order they are written in, without overlap.
fn by_order(open: &mut [Open<'_>]) {
    let ascending = open.windows(2).all(|pair| match (pair[0].at(), pair[1].at()) {
        (Some(first), Some(second)) => first <= second,
        _ => true,
    });
    if !ascending || open.iter().any(|hunk| hunk.found.len() > MANY) {
        return;
    }
    let possible = |hunk: &Open<'_>, index: usize| hunk.chosen.is_none_or(|(chosen, _)| chosen == index);
    // Earliest end of each hunk going down, latest begin going up: a place outside of them breaks the order.
    let mut earliest = Vec::with_capacity(open.len());
    let mut floor = 0;
    for hunk in open.iter() {
        earliest.push(floor);
        let places = (0..hunk.found.len()).filter(|index| possible(hunk, *index) && hunk.found.first(*index) >= floor);
        let Some(first) = places.map(|index| hunk.found.first(index)).min() else { return };
        floor = first + hunk.found.count();
    }
    let mut ceiling = usize::MAX;
    for index in (0..open.len()).rev() {
        let hunk = &open[index];
        let count = hunk.found.count();
        let fits = |place: &usize| {
            let first = hunk.found.first(*place);
            possible(hunk, *place) && first >= earliest[index] && first.saturating_add(count) <= ceiling
        };
        let places: Vec<usize> = (0..hunk.found.len()).filter(fits).collect();
        let Some(last) = places.iter().map(|place| hunk.found.first(*place)).max() else { return };
        ceiling = last;
        if let ([only], None) = (places.as_slice(), hunk.chosen) {
            open[index].chosen = Some((*only, Choice::Order));
        }
    }
}

/// The text after `@@`, or an envelope's anchor, stands above exactly one place as its nearest heading.
fn by_section(hunk: &Open<'_>, target: &Target<'_>) -> Option<(usize, Choice)> {
    let section = hunk.hunk.section.as_ref()?;
    if hunk.found.len() > MANY {
        return None;
    }
    let wanted = section.rsplit_str("\n").next()?.trim();
    let mut places =
        (0..hunk.found.len()).filter(|place| is_under(&target.file.lines, hunk.found.first(*place), wanted));
    let only = places.next()?;
    places.next().is_none().then_some((only, Choice::Section))
}

fn is_under(lines: &[&[u8]], at: usize, section: &[u8]) -> bool {
    let wanted = &section[..section.len().min(60)];
    for line in (0..=at.min(lines.len().saturating_sub(1))).rev() {
        let text = lines[line].trim();
        if text.starts_with(wanted) {
            return true;
        }
        if line < at && is_heading(lines[line]) {
            return false;
        }
    }
    false
}

/// A line at the margin that begins a definition: what git puts after `@@`.
fn is_heading(line: &[u8]) -> bool {
    let word = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    matches!(&line[..word], b"def" | b"class" | b"func" | b"fn" | b"impl" | b"pub" | b"async" | b"function")
}

/// One place within three lines of the stated line, and the next ten times as far: enough when the model saw line numbers.
fn near(hunk: &Open<'_>, shifts: &[i64], line_numbers: LineNumbers) -> Option<(usize, Choice)> {
    let stated = hunk.hunk.stated()? as i64;
    if line_numbers == LineNumbers::Hidden || !matches!(shifts, [] | [0]) {
        return None;
    }
    let mut away: Vec<(u64, usize)> =
        (0..hunk.found.len()).map(|place| ((hunk.found.first(place) as i64 - stated).unsigned_abs(), place)).collect();
    away.sort_unstable();
    match away.as_slice() {
        [(distance, place), (next, _), ..] if *distance <= 3 && *next >= 10 * (*distance).max(1) => {
            Some((*place, Choice::Near))
        }
        _ => None,
    }
}
