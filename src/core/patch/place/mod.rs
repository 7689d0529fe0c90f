//! Placing the hunks of one file, all against its base text.
//!
//! The ladder and the evidence for each of its rungs are in the documentation of [`Rung`] and [`Choice`].

mod align;
mod applied;
mod choose;
mod edges;
mod edits;
mod explain;
mod indent;
pub(super) mod lines;
mod matching;
mod nearest;
mod reread;
pub(super) mod split;
mod table;
mod together;
mod windows;

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use serde::Serialize;

use super::LineNumbers;
use super::comparison::Comparison;
use super::form::Hunk;
use super::refusal::{Block, Problem, ProblemKind};
use align::Aligned;
use choose::Open;
use lines::{Compare, Ending, FileLines, Index};
use matching::Matching;
use windows::Windows;

/// How a block's lines were compared with the file: the rungs of the ladder, strictest first. A looser rung is tried only
/// where every stricter one finds nothing.
///
/// The evidence: of 21,897 broken true commits of eleven repositories (`cargo bench -- patch synth`, all kinds but cut-off
/// ones), how many blocks each rung placed, and how many of these stood in a file of a wrong result. Over all four formats
/// (`cargo bench -- patch formats`), 6 of 50,361 answers came out wrong. In all six the text says nothing against the place:
/// twice a random line number is that of lines which stand there byte for byte; four times the block's lines stand in the
/// file once, byte for byte, after a line of the meant place has changed, and what it adds at its end can go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// Byte for byte (42,976 blocks, 2 in a wrong result: both placed by a random line number that happened to fit).
    Exact,
    /// But for returns at line ends; added lines get the file's own (1,276, none wrong).
    LineEnding,
    /// But for blanks at line ends; context keeps the file's (45, none wrong).
    TrailingBlanks,
    /// Without blank context lines at its edges, which models make up (141, none wrong). Not where blank lines are added or
    /// removed right there.
    EdgeBlanks,
    /// With context lines that came without their leading column (843, none wrong).
    Column,
    /// With one line read as added that had lost its `+`: the header's counts say so, and with that reading the rest is
    /// found byte for byte (264, none wrong).
    LostPlus,
    /// But for leading blanks, which map one to one; added lines are indented like the text they join (1,239, none wrong).
    /// Not for lines added inside a string, where the file has lines indented by the patch's unit already.
    Indentation,
    /// By the changed lines, which stand as they are, and enough context, where every alignment that is nearly as good
    /// agrees on the place and no unseen line stands where text goes in (4,134, none wrong). A single blank line may: text
    /// that brings a blank line at one end goes to the side where it needs the unseen one at the other. The file's other
    /// blocks must not contradict the order. The lines of a SEARCH block beside an unseen one must have one counterpart in
    /// its replacement, for it gives two texts and no diff.
    Anchors,
}

/// Why this place and no other. The figures are those of [`Rung`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// It is on its stated line, its counts are right, and so are those of the file's other hunks (17,949, 2 wrong).
    Stated,
    /// The lines occur once, and nothing much like them stands where the header says (31,438, none wrong).
    Only,
    /// It ends with a change, and one place is at the end of the file (31, none wrong).
    AtEnd,
    /// One place is off its stated line by as much as the file's other hunks (86, none wrong).
    Shift,
    /// Only one place keeps the hunks in order (326, none wrong).
    Order,
    /// Only one place is under the heading that the hunk names (1,088, none wrong).
    Section,
    /// One place is within three lines of the stated one, the next ten times as far, and the model saw line numbers. It
    /// decides a fourth of the repeated blocks, at the price of 3 more wrong results where numbers are random: hence the
    /// option.
    Near,
}

/// Where a hunk goes.
#[derive(Debug, Clone)]
pub(super) struct Place<'t> {
    /// Index of the hunk among those of the file patch, as it was written.
    pub hunk: usize,
    pub rung: Rung,
    pub choice: Choice,
    /// The stretch that its old text covers, end exclusive.
    pub first: usize,
    pub end: usize,
    /// Ascending, without overlap.
    pub edits: Vec<Edit<'t>>,
}

/// Lines `at..at + remove` of the file become `add`.
#[derive(Debug, Clone)]
pub(super) struct Edit<'t> {
    pub at: usize,
    pub remove: usize,
    pub add: Vec<Added<'t>>,
}

/// A line that goes in, with its own return if it has one.
pub(super) type Added<'t> = Cow<'t, [u8]>;

/// A file and the reply that is to change it, with what is worth computing once.
pub(super) struct Target<'t> {
    pub reply: &'t [u8],
    pub file: FileLines<'t>,
    indexes: [OnceCell<Index<'t>>; 4],
    /// For explanations.
    words: OnceCell<nearest::Words<'t>>,
    /// Comparisons that are left.
    work: Cell<u64>,
    /// Blocks that are still worth laying beside the file.
    explanations: Cell<usize>,
}

/// Comparisons of lines that one file may cost: a search that needs more is hostile or hopeless.
const WORK: u64 = 40_000_000;

impl<'t> Target<'t> {
    pub(super) fn new(reply: &'t [u8], text: &'t [u8]) -> Self {
        Self {
            reply,
            file: FileLines::new(text),
            indexes: Default::default(),
            words: OnceCell::new(),
            work: Cell::new(WORK),
            explanations: Cell::new(0),
        }
    }

    /// From now on at most so many blocks without a place are explained at length.
    pub(super) fn explain(&self, most: usize) {
        self.explanations.set(most);
    }

    /// Whether one more block is explained at length.
    fn explains(&self) -> bool {
        let left = self.explanations.get();
        self.explanations.set(left.saturating_sub(1));
        left > 0
    }

    fn words(&self) -> &nearest::Words<'t> {
        self.words.get_or_init(|| nearest::words(&self.file.lines))
    }

    fn index(&self, compare: Compare) -> &Index<'t> {
        self.indexes[compare as usize].get_or_init(|| Index::new(compare, &self.file.lines))
    }

    /// Everywhere the hunk's old text stands.
    fn find(&self, hunk: &Hunk, compare: Compare) -> Result<Vec<usize>, Problem> {
        let index = self.index(compare);
        let needle: Vec<u32> = hunk.old_lines().map(|line| index.id(line.text(self.reply))).collect();
        if needle.is_empty() || needle.contains(&lines::ABSENT) {
            return Ok(Vec::new());
        }
        let mut work = self.work.get();
        let found = index.find(&needle, &mut work);
        self.work.set(work);
        found.ok_or_else(|| {
            Problem::new(ProblemKind::Limit, "the search for its lines takes too long")
                .hint("give lines that occur once")
        })
    }

    /// How a SEARCH block and its replacement match, while there are comparisons left for it.
    fn matching(&self, hunk: &Hunk) -> Option<Matching<'t>> {
        let cost = matching::cost(hunk);
        self.work.set(self.work.get().checked_sub(cost).filter(|_| cost < WORK / 10)?);
        Some(Matching::new(hunk, self.reply))
    }

    /// A line as it goes into the file: with the file's line ending where the patch has another one throughout.
    fn added(&self, line: &[u8], like: Option<usize>) -> Option<Vec<u8>> {
        let bare = line.strip_suffix(b"\r").unwrap_or(line);
        let with_return = match self.file.ending {
            Ending::Lf => false,
            Ending::Crlf => true,
            Ending::Mixed => self.file.lines.get(like?)?.ends_with(b"\r"),
        };
        Some(if with_return { [bare, b"\r"].concat() } else { bare.to_vec() })
    }
}

/// Places of one hunk by one rung.
enum Found<'h> {
    Windows(Windows<'h>),
    Aligned(Aligned, Cow<'h, Hunk>),
}

impl Found<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Windows(windows) => windows.at.len(),
            Self::Aligned(..) => 1,
        }
    }

    fn first(&self, index: usize) -> usize {
        match self {
            Self::Windows(windows) => windows.at[index],
            Self::Aligned(aligned, _) => aligned.first,
        }
    }

    /// How many lines each place covers.
    fn count(&self) -> usize {
        match self {
            Self::Windows(windows) => windows.count,
            Self::Aligned(aligned, _) => aligned.end - aligned.first,
        }
    }

    /// Whether its position tells how reliable the patch's line numbers are.
    fn is_plain(&self) -> bool {
        match self {
            Self::Windows(windows) => windows.rung != Rung::EdgeBlanks && windows.rung != Rung::Indentation,
            Self::Aligned(..) => false,
        }
    }
}

/// Problems of single hunks, and the hunks that are fine.
pub(super) struct Misplaced {
    pub problems: Vec<Problem>,
    /// Indexes of the others.
    pub fine: Vec<usize>,
}

/// Places all hunks of a file patch, or says of each why not.
pub(super) fn place<'t>(
    hunks: &[Hunk],
    target: &Target<'t>,
    line_numbers: LineNumbers,
    name: &str,
) -> Result<Vec<Place<'t>>, Misplaced> {
    if let Some(places) = as_stated(hunks, target) {
        return Ok(places);
    }
    let block = |index: usize| Block { file: name.to_owned(), number: Some(index + 1), line: hunks[index].line };
    let fail = |problems: Vec<Problem>, fine: Vec<usize>| Misplaced { problems, fine };
    if hunks.iter().all(|hunk| !hunk.changes()) {
        let problem =
            Problem::new(ProblemKind::NoChange, "no block changes anything").at(Block { number: None, ..block(0) });
        return Err(fail(vec![problem], Vec::new()));
    }
    let parts =
        split_all(hunks, target).map_err(|(index, problem)| fail(vec![problem.at(block(index))], Vec::new()))?;
    let mut problems: Vec<(usize, Problem)> = Vec::new();
    let (mut open, owners) = gather(&parts, target, &mut problems);
    choose::choose(&mut open, target, line_numbers);
    let mut places: Vec<Place<'t>> = Vec::new();
    for (open, owner) in open.iter().zip(&owners) {
        match settle(open, *owner, target) {
            Ok(place) => places.push(place),
            Err(problem) => problems.push((*owner, problem)),
        }
    }
    if problems.is_empty() {
        problems = together::out_of_order(&places);
        problems.extend(together::overlaps(&mut places, hunks));
        problems.extend(together::unanchored(&places, hunks, target));
    }
    if problems.is_empty() {
        return Ok(places);
    }
    let broken: Vec<usize> = problems.iter().map(|(owner, _)| *owner).collect();
    let fine = (0..hunks.len()).filter(|index| !broken.contains(index)).collect();
    Err(fail(problems.into_iter().map(|(owner, problem)| problem.at(block(owner))).collect(), fine))
}

/// The first line in which the old lines of `hunk` and a whole file part, for the message.
pub(super) fn difference(hunk: &Hunk, target: &Target<'_>) -> Option<Comparison> {
    nearest::compare(hunk, target, 0)
}

/// The index of a hunk, and the hunk or what it was split into.
type Part<'h> = (usize, Cow<'h, Hunk>);

/// Finds all places of every part, by the strictest rung that has any.
fn gather<'h>(
    parts: &'h [Part<'h>],
    target: &Target<'_>,
    problems: &mut Vec<(usize, Problem)>,
) -> (Vec<Open<'h>>, Vec<usize>) {
    let (mut open, mut owners) = (Vec::new(), Vec::new());
    let all_applied = parts.iter().all(|(_, hunk)| applied::is_applied(hunk, target).unwrap_or(false));
    for (owner, hunk) in parts {
        let found = if all_applied { Err(explain::already_applied()) } else { find(hunk, target) };
        match found {
            Ok(found) => {
                open.push(Open { hunk: hunk.as_ref(), found, chosen: None });
                owners.push(*owner);
            }
            Err(problem) => problems.push((*owner, problem)),
        }
    }
    (open, owners)
}

/// The usual case: every hunk stands exactly where it says and counts right. No search, no index.
fn as_stated<'t>(hunks: &[Hunk], target: &Target<'t>) -> Option<Vec<Place<'t>>> {
    let lines = &target.file.lines;
    let mut places = Vec::with_capacity(hunks.len());
    let mut floor = 0;
    for (index, hunk) in hunks.iter().enumerate() {
        let first = hunk.stated().filter(|_| !hunk.marks.recounted && hunk.readings.is_empty() && hunk.changes())?;
        let numbers = hunk.numbers?;
        let end = first + usize::try_from(numbers.old_count).ok()?;
        let window = lines.get(first..end)?;
        let anchored = hunk.lines.iter().any(super::form::Line::is_context) || window.len() == lines.len();
        let same = hunk.old_lines().zip(window).all(|(line, file)| line.text(target.reply) == *file);
        let ends = !(hunk.old_unended || hunk.new_unended || !hunk.lines.last()?.is_context()) || end == lines.len();
        if first < floor || !anchored || !same || !ends {
            return None;
        }
        floor = end;
        let add = |line: &super::form::Line| Cow::Borrowed(line.text(target.reply));
        places.push(Place {
            hunk: index,
            rung: Rung::Exact,
            choice: Choice::Stated,
            first,
            end,
            edits: edits::runs(hunk, first, add),
        });
    }
    Some(places)
}

fn split_all<'h>(hunks: &'h [Hunk], target: &Target<'_>) -> Result<Vec<Part<'h>>, (usize, Problem)> {
    let mut parts = Vec::with_capacity(hunks.len());
    let speaks = |hunk: &Hunk| hunk.changes() || windows::counts_a_plus_more(hunk);
    for (index, hunk) in hunks.iter().enumerate().filter(|(_, hunk)| speaks(hunk)) {
        if !hunk.changes() {
            return Err((index, explain::unmarked(hunk, target)));
        }
        let split = split::split(hunk, target).map_err(|problem| (index, problem))?;
        parts.extend(split.into_iter().map(|part| (index, part)));
    }
    Ok(parts)
}

/// Climbs the ladder for one hunk.
fn find<'h>(hunk: &'h Hunk, target: &Target<'_>) -> Result<Found<'h>, Problem> {
    if hunk.old_lines().next().is_none() {
        return without_old(hunk, target);
    }
    if let Some(windows) = windows::find(hunk, target)? {
        return Ok(Found::Windows(windows));
    }
    if let Some(windows) = windows::lost_plus(hunk, target)? {
        return Ok(Found::Windows(windows));
    }
    let at = target.find(hunk, Compare::Trim)?;
    if !at.is_empty() && hunk.old_lines().any(|line| !Compare::Trim.key(line.text(target.reply)).is_empty()) {
        let count = hunk.old_lines().count();
        return Ok(Found::Windows(Windows { rung: Rung::Indentation, hunk: Cow::Borrowed(hunk), at, count }));
    }
    if applied::is_applied(hunk, target)? || applied::is_removed(hunk, target)? {
        return Err(explain::already_applied());
    }
    if windows::counts_a_plus_more(hunk) {
        // A place found without one of its context lines would lose an added one.
        return Err(explain::unmarked(hunk, target));
    }
    let why = match align::align(hunk, target) {
        Ok(aligned) => return Ok(Found::Aligned(aligned, Cow::Borrowed(hunk))),
        Err(why) => why,
    };
    let again = reread::reread(hunk, target);
    match again.and_then(|read| Some((align::align(&read, target).ok()?, read))) {
        Some((aligned, read)) => Ok(Found::Aligned(aligned, Cow::Owned(read))),
        None => Err(explain::unplaced(hunk, target, why)),
    }
}

/// Added lines without any old one: only an empty file, or the format's own word, says where they go.
fn without_old<'h>(hunk: &'h Hunk, target: &Target<'_>) -> Result<Found<'h>, Problem> {
    let end = target.file.lines.len();
    if end == 0 || hunk.at_end {
        return Ok(Found::Windows(Windows { rung: Rung::Exact, hunk: Cow::Borrowed(hunk), at: vec![end], count: 0 }));
    }
    let what = "only adds lines and shows none of the file: nothing says where they go";
    Err(Problem::new(ProblemKind::NoContext, what).hint("show the line before and the line after"))
}

/// Builds the edits of a chosen place, or says why none could be chosen.
fn settle<'t>(open: &Open<'_>, owner: usize, target: &Target<'t>) -> Result<Place<'t>, Problem> {
    let Some((index, choice)) = open.chosen else { return Err(explain::ambiguous(open, target)) };
    let (first, end) = (open.found.first(index), open.found.first(index) + open.found.count());
    if (open.hunk.old_unended || open.hunk.new_unended || open.hunk.at_end) && end < target.file.lines.len() {
        let what = "says that its last line ends the file, but its lines are not the last ones";
        return Err(Problem::new(ProblemKind::NotFound, what).candidates(vec![explain::range(first, end, 100)]));
    }
    explain::cut_off(open.hunk, end, target)?;
    edges::check(open.hunk, first, end, target)?;
    if choice == Choice::Only {
        contradicted(open.hunk, first, end, target)?;
    }
    let (rung, edits) = match &open.found {
        Found::Windows(windows) => (windows.rung, edits::of_window(windows, first, target)?),
        Found::Aligned(aligned, hunk) => (Rung::Anchors, edits::of_alignment(aligned, hunk, target)?),
    };
    Ok(Place { hunk: owner, rung, choice, first, end, edits })
}

/// Its lines occur once, but far from where the header says, and there stands something much like them: the line that
/// differs there may be the one that somebody has changed since.
fn contradicted(hunk: &Hunk, first: usize, end: usize, target: &Target<'_>) -> Result<(), Problem> {
    let Some(stated) = hunk.stated().filter(|stated| hunk.counts_hold() && first.abs_diff(*stated) >= end - first)
    else {
        return Ok(());
    };
    let index = target.index(Compare::TrimEnd);
    let near = align::likeness(hunk, target.reply, &target.file.lines, index, stated);
    let Some((other, other_end, alike)) = near.filter(|(_, _, alike)| *alike >= ALIKE) else { return Ok(()) };
    if other < end && first < other_end {
        return Ok(());
    }
    let what = format!(
        "its lines stand {} lines away from where it says, and what stands there is much like them",
        first.abs_diff(stated)
    );
    let candidates = vec![explain::range(first, end, 100), explain::range(other, other_end, alike.min(99) as u8)];
    Err(Problem::new(ProblemKind::Ambiguous, what)
        .candidates(candidates)
        .hint("copy the lines from the file as it is now"))
}

/// Percent of a hunk that must stand at its stated lines to cast doubt on another place.
const ALIKE: i64 = 85;
