//! The anchor rung: context lines are missing, invented or changed, but the changed lines and enough of the rest are
//! there. The hunk is aligned with the file, and placed only when every alignment that is nearly as good puts every
//! change at the same place.

use std::collections::HashMap;
use std::ops::Range;

use super::super::form::{Hunk, Line, Tag};
use super::Target;
use super::lines::{ABSENT, Compare, Index, information, is_blank};
use super::matching::Matching;
use super::table::{BAND, NEVER, Old, Removed, Table, alike, old_lines};
use super::windows::ENOUGH;

/// Where the changes of a hunk go, as far as the file decides it.
#[derive(Debug, Clone)]
pub(super) struct Aligned {
    pub edits: Vec<Spot>,
    /// First and last file line of the alignment, end exclusive.
    pub first: usize,
    pub end: usize,
}

/// Lines of the hunk that replace lines of the file.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub at: usize,
    pub remove: usize,
    /// Indexes into the hunk's lines.
    pub add: Vec<usize>,
}

/// Why no alignment was accepted, for the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unaligned {
    /// Nothing like it is in the file, or a removed line differs.
    NotThere,
    /// Another place fits about as well.
    Elsewhere { here: usize, other: usize },
    /// File lines that the patch does not show stand exactly where its text goes in.
    Unseen { at: usize },
    /// A context line that the file does not have stands next to added text.
    Invented { line: usize },
    /// Too little of it is in the file.
    Weak,
}

/// Diagonals that are tried.
const TRIES: usize = 8;
/// A line with more places than this says nothing about where the hunk is.
const COMMON: usize = 50;
/// Another alignment must be worse by more than this to be ruled out.
const MARGIN: i64 = 3;
/// Aligns `hunk` with the file, compared without trailing blanks.
pub(super) fn align(hunk: &Hunk, target: &Target<'_>) -> Result<Aligned, Unaligned> {
    let (index, file) = (target.index(Compare::TrimEnd), target.file.lines.as_slice());
    let old = old_lines(hunk, target.reply, index);
    if old.iter().any(|line| line.removed && line.id == ABSENT) || old.is_empty() {
        return Err(Unaligned::NotThere);
    }
    let diagonals = diagonals(&old, index);
    let best = best(&old, file, index, &diagonals).ok_or(Unaligned::NotThere)?;
    let path = best.path();
    let (first, end) = extent(&path).ok_or(Unaligned::NotThere)?;
    let stated = hunk.stated().filter(|_| hunk.counts_hold()).map(|stated| stated as i64);
    let rival = diagonals.iter().copied().chain(stated).find_map(|diagonal| {
        let strict = Table::new(&old, file, index, diagonal, Removed::Needed);
        let loose = Table::new(&old, file, index, diagonal, Removed::Optional);
        let better = strict.total * 10 > best.total * 7
            || loose.total > best.total
            || Some(diagonal) == stated && loose.total * 10 > best.total * 7;
        let loosely = loose.path();
        let (other, other_end) = extent(&loosely)?;
        let apart = other_end <= first || other >= end;
        // All that is to stay stands together, and only what is to go does not: that may have changed, and its like nearby
        // is another line.
        let stays = all_that_stays(&old, &loosely) && !all_that_stays(&old, &path);
        (better && apart || stays).then_some(other)
    });
    if let Some(other) = rival {
        return Err(Unaligned::Elsewhere { here: first, other });
    }
    enough(&old, &path)?;
    let look = Look { hunk, reply: target.reply, file, old: &old, table: &best, path: &path };
    let edits = look.spots()?;
    if hunk.marks.searched {
        look.apart(&target.matching(hunk).ok_or(Unaligned::Weak)?)?;
    }
    Ok(Aligned { edits, first, end })
}

/// The alignment that is worth most, of those where every removed line is there.
pub(super) fn best<'o>(old: &'o [Old<'o>], file: &[&[u8]], index: &Index<'_>, diagonals: &[i64]) -> Option<Table<'o>> {
    let strict = diagonals.iter().map(|diagonal| Table::new(old, file, index, *diagonal, Removed::Needed));
    strict.filter(|table| table.total > NEVER / 2).max_by_key(|table| table.total)
}

/// Differences between file line and hunk line that the rarer lines vote for, best first.
pub(super) fn diagonals(old: &[Old<'_>], index: &Index<'_>) -> Vec<i64> {
    let mut votes: HashMap<i64, i64> = HashMap::new();
    for (at, line) in old.iter().enumerate() {
        let places = index.places(line.id);
        if line.weight > 6 && places.len() <= COMMON {
            for place in places {
                *votes.entry(i64::from(*place) - at as i64).or_default() += line.weight;
            }
        }
    }
    let mut votes: Vec<(i64, i64)> = votes.into_iter().collect();
    votes.sort_by_key(|(diagonal, weight)| (std::cmp::Reverse(*weight), *diagonal));
    let mut chosen: Vec<i64> = Vec::new();
    for (diagonal, _) in votes {
        let near = |other: &i64| (other - diagonal).unsigned_abs() < BAND as u64 / 2;
        if !chosen.iter().any(near) {
            chosen.push(diagonal);
            if chosen.len() == TRIES {
                break;
            }
        }
    }
    chosen
}

/// The stretch near `at` that is most like the hunk's old text, and how much of that stands there, in percent.
pub(super) fn likeness(
    hunk: &Hunk,
    reply: &[u8],
    file: &[&[u8]],
    index: &Index<'_>,
    at: usize,
) -> Option<(usize, usize, i64)> {
    let old = old_lines(hunk, reply, index);
    let whole: i64 = old.iter().map(|line| line.weight).sum();
    let table = Table::new(&old, file, index, at as i64, Removed::Optional);
    let (first, end) = extent(&table.path())?;
    Some((first, end, 100 * table.total / whole.max(1)))
}

/// Whether every context line is there.
fn all_that_stays(old: &[Old<'_>], path: &[Option<usize>]) -> bool {
    old.iter().zip(path).all(|(line, at)| line.removed || at.is_some())
}

fn extent(path: &[Option<usize>]) -> Option<(usize, usize)> {
    let first = path.iter().flatten().next()?;
    let last = path.iter().flatten().next_back()?;
    Some((*first, last + 1))
}

/// Enough of the context is there, and what is there says enough.
fn enough(old: &[Old<'_>], path: &[Option<usize>]) -> Result<(), Unaligned> {
    let sum = |wanted: fn(&Old<'_>) -> bool, found: bool| -> i64 {
        let lines = old.iter().zip(path).filter(|(line, at)| wanted(line) && (at.is_some() || !found));
        lines.map(|(line, _)| line.weight).sum()
    };
    let context = sum(|line| !line.removed && line.weight > 6, false);
    let matched = sum(|line| !line.removed && line.weight > 6, true);
    let removed: usize = old.iter().filter(|line| line.removed).map(|line| information(line.text)).sum();
    let says: usize = old.iter().zip(path).filter(|(_, at)| at.is_some()).map(|(line, _)| information(line.text)).sum();
    let share = if removed >= 10 { 25 } else { 40 };
    if says < ENOUGH || matched * 100 < context * share { Err(Unaligned::Weak) } else { Ok(()) }
}

/// Everything that says whether a change has one place.
struct Look<'a> {
    hunk: &'a Hunk,
    reply: &'a [u8],
    file: &'a [&'a [u8]],
    old: &'a [Old<'a>],
    table: &'a Table<'a>,
    path: &'a [Option<usize>],
}

/// A run, the old lines that it covers, and its place in the file.
struct Placed<'a> {
    run: &'a Run,
    from: usize,
    to: usize,
    at: usize,
}

impl Look<'_> {
    /// Every run of changes with its place, if all alignments that are nearly as good agree on it.
    fn spots(&self) -> Result<Vec<Spot>, Unaligned> {
        let mut spots: Vec<Spot> = Vec::new();
        for run in runs(self.hunk) {
            let from = self.old.iter().take_while(|line| line.index < run.first).count();
            let to = from + run.removed;
            let at = if run.removed > 0 { self.removed_at(from, to)? } else { self.inserted_at(from, &run)? };
            let placed = Placed { run: &run, from, to, at };
            self.says_enough(&placed)?;
            self.beside(&placed)?;
            if spots.last().is_some_and(|last| at < last.at + last.remove) {
                return Err(Unaligned::NotThere);
            }
            spots.push(Spot { at, remove: run.removed, add: run.added });
        }
        Ok(spots)
    }

    /// Wherever the file differs from a SEARCH block, the lines beside it have one counterpart in the replacement, so that
    /// what the file has there goes to one place.
    fn apart(&self, matching: &Matching<'_>) -> Result<(), Unaligned> {
        for (j, at) in self.path.iter().enumerate() {
            let unsure = !self.old[j].removed && matching.counterpart(self.old[j].index).is_none();
            match *at {
                None if unsure => return Err(Unaligned::Invented { line: self.old[j].index }),
                Some(at) if unsure && !self.table.is_equal(j, at) => return Err(Unaligned::Unseen { at }),
                None | Some(_) => {}
            }
            let above = j.checked_sub(1).and_then(|above| self.path[above]).map(|line| line + 1);
            match (above, *at) {
                (Some(above), Some(at)) if above != at && !self.has_one_place(matching, j, above..at) => {
                    return Err(Unaligned::Unseen { at: above });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether file lines above old line `j`, which the block does not show, have one place in the replacement: between
    /// two lines that are neighbours there too, or beside a removed line whose new version stands in its place.
    fn has_one_place(&self, matching: &Matching<'_>, j: usize, unseen: Range<usize>) -> bool {
        let changed = |line: &&Line| !line.is_context();
        let run = |j: usize| self.hunk.lines[self.old[j].index..].iter().take_while(changed);
        let added = |j: usize| run(j).filter(|line| line.tag == Tag::Add).map(|line| line.text(self.reply));
        let rewritten = |j: usize, added: Option<&[u8]>| added.is_none_or(|added| is_version(self.old[j].text, added));
        let (above, here) = (self.old[j - 1].index, self.old[j].index);
        if self.parts_rightly(matching, j, &unseen) {
            return true;
        }
        match (self.old[j - 1].removed, self.old[j].removed) {
            (false, false) if above + 1 == here => matching.has_one_place_for(&self.file[unseen], here),
            // Text goes in there, on the side that was decided for.
            (false, false) => matching.counterpart(above).is_some() && matching.counterpart(here).is_some(),
            (false, true) => matching.counterpart(above).is_some() && rewritten(j, added(j).next()),
            (true, false) => matching.counterpart(here).is_some() && rewritten(j - 1, added(j - 1).last()),
            (true, true) => false,
        }
    }

    /// Whether a single blank line above old line `j`, which the block does not show, goes where it parts two lines of the
    /// replacement as it does in the file.
    fn parts_rightly(&self, matching: &Matching<'_>, j: usize, unseen: &Range<usize>) -> bool {
        let (above, here) = (&self.old[j - 1], &self.old[j]);
        let blank = unseen.len() == 1 && is_blank(self.file[unseen.start]);
        if !blank || [above, here].iter().any(|line| line.removed || is_blank(line.text)) {
            return false;
        }
        let added: Vec<usize> = (above.index + 1..here.index).collect();
        let run = Run { first: above.index + 1, removed: 0, added };
        let place = match self.beside_blank(&run, unseen.clone()) {
            // Text that goes in below the blank line has it above its own first line, else above what follows.
            Some(at) if at == unseen.end => matching.above(above.index) + 1,
            Some(_) => matching.above(here.index),
            None if run.added.is_empty() => matching.above(here.index),
            None => return false,
        };
        matching.place_for_blank(j) == Some(place)
    }

    /// Removed lines stand together, and nowhere else where they would fit nearly as well.
    fn removed_at(&self, from: usize, to: usize) -> Result<usize, Unaligned> {
        let at = self.path[from].ok_or(Unaligned::NotThere)?;
        if !(from..to).all(|j| self.path[j] == Some(at + j - from)) {
            return Err(Unaligned::NotThere);
        }
        let fits = |other: i64| (from..to).all(|j| self.table.matches(j, other + (j - from) as i64));
        let rival = rivals(at).any(|other| fits(other) && self.is_nearly_as_good(from, other));
        if rival { Err(Unaligned::Unseen { at }) } else { Ok(at) }
    }

    /// The point between two neighbouring old lines that are neighbours in the file too.
    fn inserted_at(&self, from: usize, run: &Run) -> Result<usize, Unaligned> {
        let (above, below) = self.gap(from);
        let at = match (above, below) {
            (Some(above), Some(below)) if above != below => {
                return self.beside_blank(run, above..below).ok_or(Unaligned::Unseen { at: above });
            }
            (Some(at), _) | (None, Some(at)) => at,
            (None, None) => return Err(Unaligned::NotThere),
        };
        let inside = from > 0 && from < self.old.len();
        let rival = inside && rivals(at).any(|other| self.is_nearly_as_good(from, other));
        if rival { Err(Unaligned::Unseen { at }) } else { Ok(at) }
    }

    /// The file lines right below and at the old lines on both sides of a gap.
    fn gap(&self, from: usize) -> (Option<usize>, Option<usize>) {
        let above = from.checked_sub(1).and_then(|j| self.path[j]).map(|at| at + 1);
        (above, self.path.get(from).copied().flatten())
    }

    /// Where text goes in beside a single blank line that the hunk does not show. Blank lines part what stands around
    /// them: added text that brings one at one of its ends brings it for that side, and needs the unseen one at the other.
    fn beside_blank(&self, run: &Run, unseen: Range<usize>) -> Option<usize> {
        let only = unseen.len() == 1 && is_blank(self.file[unseen.start]);
        let parted = !is_blank(self.file[unseen.start.checked_sub(1)?]) && !is_blank(self.file.get(unseen.end)?);
        let added = |line: &usize| is_blank(self.hunk.lines[*line].text(self.reply));
        match (added(run.added.first()?), added(run.added.last()?)) {
            (true, false) if only && parted => Some(unseen.start),
            (false, true) if only && parted => Some(unseen.end),
            _ => None,
        }
    }

    fn is_nearly_as_good(&self, j: usize, at: i64) -> bool {
        self.table.through(j, at) + MARGIN >= self.table.total
    }

    /// The unbroken stretch of lines around a change that are in the file as they are.
    fn says_enough(&self, placed: &Placed<'_>) -> Result<(), Unaligned> {
        let equal = |j: usize, at: usize| self.path[j] == Some(at) && self.table.is_equal(j, at);
        let above = (0..placed.from).rev().zip((0..placed.at).rev());
        let below = (placed.to..self.old.len()).zip(placed.at + placed.run.removed..);
        let unbroken = above.take_while(|(j, at)| equal(*j, *at)).chain(below.take_while(|(j, at)| equal(*j, *at)));
        let around: usize = unbroken.map(|(j, _)| information(self.old[j].text)).sum();
        let says = around + self.old[placed.from..placed.to].iter().map(|line| information(line.text)).sum::<usize>();
        if says < ENOUGH { Err(Unaligned::Weak) } else { Ok(()) }
    }

    /// Next to added text nothing may be unclear: no context line that the file lacks (it may be an added line that lost
    /// its `+`), and no file line that the patch does not show, directly below or where the patch adds it again.
    fn beside(&self, placed: &Placed<'_>) -> Result<(), Unaligned> {
        let Placed { run, from, to, at } = *placed;
        let (Some(&first), Some(&last)) = (run.added.first(), run.added.last()) else { return Ok(()) };
        let context = |index: usize| self.hunk.lines.get(index).is_some_and(Line::is_context);
        let above = from.checked_sub(1).filter(|_| run.removed == 0 && first > 0 && context(first - 1));
        let below = Some(to).filter(|to| *to < self.old.len() && context(last + 1));
        if let Some(j) = above.into_iter().chain(below).find(|j| self.path[*j].is_none()) {
            return Err(Unaligned::Invented { line: self.old[j].index });
        }
        let end = at + run.removed;
        // An unseen line below removed ones may have stood between them and the added ones, unless these are a new version
        // of the removed ones.
        let decided = || match (run.removed, self.gap(from)) {
            (0, (Some(above), Some(below))) => self.beside_blank(run, above..below).is_some(),
            _ => self.rewrites(placed, first, last),
        };
        if to < self.old.len() && self.path[to] != Some(end) && !decided() {
            return Err(Unaligned::Unseen { at: end });
        }
        match at.checked_sub(1).filter(|line| from > 0 && self.path[from - 1] != Some(*line)) {
            Some(line) if self.adds_again(line, first) => Err(Unaligned::Unseen { at: line }),
            _ => Ok(()),
        }
    }

    /// Whether the last added line is much like the last removed one, or as many lines at most begin much like the removed
    /// ones: then no added line stands for itself, of which an unseen line might be above. A line that comes back as it was
    /// is moved, not rewritten.
    fn rewrites(&self, placed: &Placed<'_>, first: usize, last: usize) -> bool {
        let alike = |old: usize, added: usize| is_version(self.old[old].text, self.hunk.lines[added].text(self.reply));
        let (removed, added) = (placed.to - placed.from, placed.run.added.len());
        removed > 0 && (alike(placed.to - 1, last) || added <= removed && alike(placed.from, first))
    }

    fn adds_again(&self, line: usize, added: usize) -> bool {
        let text = self.hunk.lines[added].text(self.reply);
        information(text) > 0
            && self.file.get(line).is_some_and(|file| Compare::Trim.key(file) == Compare::Trim.key(text))
    }
}

/// Whether one line is a changed form of the other.
fn is_version(old: &[u8], new: &[u8]) -> bool {
    old != new && alike(Compare::Trim.key(old), Compare::Trim.key(new)) > 50
}

fn rivals(at: usize) -> impl Iterator<Item = i64> {
    let reach = 2 * BAND as i64;
    (-reach..=reach).filter(|offset| *offset != 0).map(move |offset| at as i64 + offset)
}

/// Removed lines and the added lines after them, without context between.
struct Run {
    first: usize,
    removed: usize,
    added: Vec<usize>,
}

fn runs(hunk: &Hunk) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut before: Option<Tag> = None;
    for (index, line) in hunk.lines.iter().enumerate() {
        let continues = match (before, line.tag) {
            (_, Tag::Context) => {
                before = None;
                continue;
            }
            (Some(Tag::Remove), _) | (Some(Tag::Add), Tag::Add) => true,
            (Some(Tag::Add | Tag::Context) | None, _) => false,
        };
        if !continues {
            runs.push(Run { first: index, removed: 0, added: Vec::new() });
        }
        if let Some(run) = runs.last_mut() {
            match line.tag {
                Tag::Remove => run.removed += 1,
                Tag::Add => run.added.push(index),
                Tag::Context => {}
            }
        }
        before = Some(line.tag);
    }
    runs
}
