//! The anchor rung: context lines are missing, invented or changed, but the changed lines and enough of the rest are
//! there. The hunk is aligned with the file, and placed only when every alignment that is nearly as good puts every
//! change at the same place.

use std::collections::HashMap;

use super::super::form::{Hunk, Line, Tag};
use super::lines::{ABSENT, Compare, Index, information};
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

/// File lines that may lie between two neighbouring lines of the hunk, at most.
const BAND: usize = 16;
/// Diagonals that are tried.
const TRIES: usize = 8;
/// A line with more places than this says nothing about where the hunk is.
const COMMON: usize = 50;
/// What skipping a line costs: a few unseen lines are likelier than a better match far below.
const SKIP: i64 = 4;
/// Another alignment must be worse by more than this to be ruled out.
const MARGIN: i64 = 3;
/// Worse than any sum of weights, and far enough from overflow to be added and multiplied.
const NEVER: i64 = -(1 << 50);

/// Whether removed lines must be in the file: where the hunk goes they must, to be as good a place as another they need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Removed {
    Needed,
    Optional,
}

struct Old<'h> {
    /// Index into the hunk's lines.
    index: usize,
    id: u32,
    removed: bool,
    weight: i64,
    text: &'h [u8],
}

/// Aligns `hunk` with the file whose lines `index` holds (compared without trailing blanks).
pub(super) fn align(hunk: &Hunk, reply: &[u8], file: &[&[u8]], index: &Index<'_>) -> Result<Aligned, Unaligned> {
    let old = old_lines(hunk, reply, index);
    if old.iter().any(|line| line.removed && line.id == ABSENT) || old.is_empty() {
        return Err(Unaligned::NotThere);
    }
    let diagonals = diagonals(&old, index);
    let strict = diagonals.iter().map(|diagonal| Table::new(&old, file, index, *diagonal, Removed::Needed));
    let best = strict.filter(|table| table.total > NEVER / 2).max_by_key(|table| table.total);
    let Some(best) = best else { return Err(Unaligned::NotThere) };
    let path = best.path();
    let (first, end) = extent(&path).ok_or(Unaligned::NotThere)?;
    let stated = hunk.stated().filter(|_| hunk.counts_hold()).map(|stated| stated as i64);
    let rival = diagonals.iter().copied().chain(stated).find_map(|diagonal| {
        let strict = Table::new(&old, file, index, diagonal, Removed::Needed);
        let loose = Table::new(&old, file, index, diagonal, Removed::Optional);
        let better = strict.total * 10 > best.total * 7
            || loose.total > best.total
            || Some(diagonal) == stated && loose.total * 10 > best.total * 7;
        let (other, other_end) = extent(&loose.path())?;
        (better && (other_end <= first || other >= end)).then_some(other)
    });
    if let Some(other) = rival {
        return Err(Unaligned::Elsewhere { here: first, other });
    }
    enough(&old, &path)?;
    let edits = Look { hunk, reply, file, old: &old, table: &best, path: &path }.spots()?;
    Ok(Aligned { edits, first, end })
}

fn old_lines<'h>(hunk: &Hunk, reply: &'h [u8], index: &Index<'_>) -> Vec<Old<'h>> {
    let lines = hunk.lines.iter().enumerate().filter(|(_, line)| line.is_old());
    let old = lines.map(|(at, line)| {
        let text = line.text(reply);
        let says = information(text);
        let weight = if Compare::Trim.key(text).is_empty() { 2 } else { 4 + says.min(40) as i64 };
        Old { index: at, id: index.id(text), removed: line.tag == Tag::Remove, weight, text }
    });
    old.collect()
}

/// Differences between file line and hunk line that the rarer lines vote for, best first.
fn diagonals(old: &[Old<'_>], index: &Index<'_>) -> Vec<i64> {
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

/// Best scores of aligning the hunk's first `j` lines, and of its lines from `j` on, with the file up to and from a
/// line near the diagonal.
struct Table<'o> {
    old: &'o [Old<'o>],
    /// File line of column 0 for hunk line 0; column `c` of row `j` is file line `base + j + c`.
    base: i64,
    width: usize,
    removed: Removed,
    /// `score[j][c]`: what aligning hunk line `j` with that file line is worth; `NEVER` if they differ too much.
    score: Vec<i64>,
    forward: Vec<i64>,
    backward: Vec<i64>,
    total: i64,
}

impl<'o> Table<'o> {
    fn new(old: &'o [Old<'o>], file: &[&[u8]], index: &Index<'_>, diagonal: i64, removed: Removed) -> Self {
        let width = 2 * BAND + 1;
        let mut table = Self {
            old,
            base: diagonal - BAND as i64,
            width,
            removed,
            score: vec![NEVER; old.len() * width],
            forward: Vec::new(),
            backward: Vec::new(),
            total: NEVER,
        };
        for (j, line) in old.iter().enumerate() {
            table.fill_scores(j, line, file, index);
        }
        table.fill_forward();
        table.fill_backward();
        let last = &table.forward[old.len() * width..];
        table.total = last.iter().copied().max().unwrap_or(NEVER);
        table
    }

    fn must_stand(&self, line: &Old<'_>) -> bool {
        line.removed && self.removed == Removed::Needed
    }

    fn file_line(&self, j: usize, column: usize) -> i64 {
        self.base + j as i64 + column as i64
    }

    fn fill_scores(&mut self, j: usize, line: &Old<'_>, file: &[&[u8]], index: &Index<'_>) {
        for column in 0..self.width {
            let Ok(at) = usize::try_from(self.file_line(j, column)) else { continue };
            let Some(id) = index.lines.get(at) else { continue };
            if *id == line.id {
                self.score[j * self.width + column] = line.weight;
            } else if !self.must_stand(line) && line.weight > 6 {
                let alike = alike(Compare::Trim.key(line.text), Compare::Trim.key(file[at]));
                if alike > 60 {
                    self.score[j * self.width + column] = line.weight * i64::from(alike) / 250;
                }
            }
        }
    }

    /// Row `j`, column `c` stands for the gap before hunk line `j` and before file line `base + j + c`.
    fn fill_forward(&mut self) {
        let (rows, width) = (self.old.len() + 1, self.width);
        self.forward = vec![NEVER; rows * width];
        self.forward[..width].fill(0);
        for j in 1..rows {
            let line = &self.old[j - 1];
            for column in 0..width {
                // Match: same column of the row before. Skip the hunk's line: one column to the right there.
                let matched = self.forward[(j - 1) * width + column] + self.score[(j - 1) * width + column];
                let dropped = match self.forward.get((j - 1) * width + column + 1) {
                    Some(score) if column + 1 < width && !self.must_stand(line) => *score - SKIP,
                    _ => NEVER,
                };
                let unseen = if column > 0 { self.forward[j * width + column - 1] - SKIP } else { NEVER };
                self.forward[j * width + column] = matched.max(dropped).max(unseen).max(NEVER);
            }
        }
    }

    fn fill_backward(&mut self) {
        let (rows, width) = (self.old.len() + 1, self.width);
        self.backward = vec![NEVER; rows * width];
        self.backward[(rows - 1) * width..].fill(0);
        for j in (0..rows - 1).rev() {
            let line = &self.old[j];
            for column in (0..width).rev() {
                let matched = self.backward[(j + 1) * width + column] + self.score[j * width + column];
                let dropped = if column > 0 && !self.must_stand(line) {
                    self.backward[(j + 1) * width + column - 1] - SKIP
                } else {
                    NEVER
                };
                let unseen = if column + 1 < width { self.backward[j * width + column + 1] - SKIP } else { NEVER };
                self.backward[j * width + column] = matched.max(dropped).max(unseen).max(NEVER);
            }
        }
    }

    /// Whether hunk line `j` can be aligned with that file line.
    fn matches(&self, j: usize, at: i64) -> bool {
        let column = usize::try_from(at - self.base - j as i64);
        column.is_ok_and(|column| column < self.width && self.score[j * self.width + column] > NEVER / 2)
    }

    /// Whether both are the same line, not only alike.
    fn is_equal(&self, j: usize, at: usize) -> bool {
        let column = usize::try_from(at as i64 - self.base - j as i64);
        column.is_ok_and(|column| column < self.width && self.score[j * self.width + column] == self.old[j].weight)
    }

    /// The best alignment that passes before hunk line `j` and before file line `at`.
    fn through(&self, j: usize, at: i64) -> i64 {
        let column = at - self.base - j as i64;
        match usize::try_from(column) {
            Ok(column) if column < self.width => {
                let cell = j * self.width + column;
                (self.forward[cell] + self.backward[cell]).max(NEVER)
            }
            _ => NEVER,
        }
    }

    /// The file line of each hunk line in one best alignment.
    fn path(&self) -> Vec<Option<usize>> {
        let width = self.width;
        let mut path = vec![None; self.old.len()];
        let mut j = self.old.len();
        let row = &self.forward[j * width..(j + 1) * width];
        let Some(mut column) = (0..width).max_by_key(|column| row[*column]) else { return path };
        while j > 0 {
            let here = self.forward[j * width + column];
            let score = self.score[(j - 1) * width + column];
            if score > NEVER / 2 && here == self.forward[(j - 1) * width + column] + score {
                j -= 1;
                path[j] = usize::try_from(self.file_line(j, column)).ok();
            } else if column > 0 && here == self.forward[j * width + column - 1] - SKIP {
                column -= 1;
            } else {
                j -= 1;
                column += 1;
                if column >= width {
                    return path;
                }
            }
        }
        path
    }
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
            let at = if run.removed > 0 { self.removed_at(from, to)? } else { self.inserted_at(from)? };
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
    fn inserted_at(&self, from: usize) -> Result<usize, Unaligned> {
        let above = from.checked_sub(1).and_then(|j| self.path[j]).map(|at| at + 1);
        let below = self.path.get(from).copied().flatten();
        let at = match (above, below) {
            (Some(above), Some(below)) if above != below => return Err(Unaligned::Unseen { at: above }),
            (Some(at), _) | (None, Some(at)) => at,
            (None, None) => return Err(Unaligned::NotThere),
        };
        let inside = from > 0 && from < self.old.len();
        let rival = inside && rivals(at).any(|other| self.is_nearly_as_good(from, other));
        if rival { Err(Unaligned::Unseen { at }) } else { Ok(at) }
    }

    fn is_nearly_as_good(&self, j: usize, at: i64) -> bool {
        self.table.through(j, at) + MARGIN >= self.table.total
    }

    /// The unbroken stretch of lines around a change that are in the file as they are.
    fn says_enough(&self, placed: &Placed<'_>) -> Result<(), Unaligned> {
        let equal = |j: usize, at: usize| self.path[j] == Some(at) && self.table.is_equal(j, at);
        let mut says: usize = self.old[placed.from..placed.to].iter().map(|line| information(line.text)).sum();
        let mut at = placed.at;
        for j in (0..placed.from).rev() {
            if at == 0 || !equal(j, at - 1) {
                break;
            }
            at -= 1;
            says += information(self.old[j].text);
        }
        let mut at = placed.at + placed.run.removed;
        for j in placed.to..self.old.len() {
            if !equal(j, at) {
                break;
            }
            at += 1;
            says += information(self.old[j].text);
        }
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
        if to < self.old.len() && self.path[to] != Some(end) && !self.rewrites(placed, first, last) {
            return Err(Unaligned::Unseen { at: end });
        }
        match at.checked_sub(1).filter(|line| from > 0 && self.path[from - 1] != Some(*line)) {
            Some(line) if self.adds_again(line, first) => Err(Unaligned::Unseen { at: line }),
            _ => Ok(()),
        }
    }

    /// Whether the first or the last added line is much like the removed one in its place.
    fn rewrites(&self, placed: &Placed<'_>, first: usize, last: usize) -> bool {
        let alike = |old: usize, added: usize| {
            let added = self.hunk.lines[added].text(self.reply);
            alike(Compare::Trim.key(self.old[old].text), Compare::Trim.key(added)) > 50
        };
        placed.from < placed.to && (alike(placed.from, first) || alike(placed.to - 1, last))
    }

    fn adds_again(&self, line: usize, added: usize) -> bool {
        let text = self.hunk.lines[added].text(self.reply);
        information(text) > 0
            && self.file.get(line).is_some_and(|file| Compare::Trim.key(file) == Compare::Trim.key(text))
    }
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

/// How alike two lines are, in percent: twice the longest common subsequence over both lengths.
pub(super) fn alike(a: &[u8], b: &[u8]) -> u8 {
    if a.is_empty() || b.is_empty() {
        return 0;
    }
    let total = a.len() + b.len();
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let rest = (&a[prefix..], &b[prefix..]);
    let suffix = rest.0.iter().rev().zip(rest.1.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&rest.0[..rest.0.len() - suffix], &rest.1[..rest.1.len() - suffix]);
    let promising = 8 * (prefix + suffix) >= total && a.len() * b.len() <= 40_000;
    let common = prefix + suffix + if promising { subsequence(a, b) } else { 0 };
    (200 * common / total) as u8
}

fn subsequence(a: &[u8], b: &[u8]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (at, y) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if x == y { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[b.len()]
}
