//! The stretches of a file that are most like lines it does not have, and their comparison: for messages only, never to
//! place anything.

use std::collections::{HashMap, HashSet};

use super::super::comparison::{Comparison, Row};
use super::super::form::{Hunk, Line};
use super::super::printable;
use super::Target;
use super::lines::{Compare, information};

/// Old lines that are looked at, and rows that are compared.
const LINES: usize = 60;
/// File lines above and below the stretch that may belong to it.
const SLACK: usize = 6;
/// A line or a word with more places than this says nothing about where a hunk is.
const COMMON: usize = 100;
/// Words shorter than this are everywhere.
const SHORTEST_WORD: usize = 3;
/// Stretches less alike than this are no help.
const LEAST: u8 = 30;
/// A pair of lines less alike than this is not one line that was changed.
const PAIR: usize = 50;
/// Bytes of a line that count when it is held against another.
const LONGEST: usize = 200;

/// Where each word of a file stands.
pub(super) type Words<'t> = HashMap<&'t [u8], Vec<u32>>;

pub(super) fn words<'t>(file: &[&'t [u8]]) -> Words<'t> {
    let mut words = Words::new();
    for (at, line) in file.iter().enumerate() {
        for word in words_of(line) {
            let places = words.entry(word).or_default();
            if places.len() <= COMMON && places.last() != Some(&(at as u32)) {
                places.push(at as u32);
            }
        }
    }
    words
}

fn words_of(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let part = |byte: &u8| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80);
    line[..line.len().min(LONGEST)].split(part).filter(|word| word.len() >= SHORTEST_WORD)
}

/// Up to three stretches by their first line, most alike first, with how much of the old lines is there in percent.
pub(super) fn nearest(old: &[&[u8]], target: &Target<'_>) -> Vec<(usize, u8)> {
    let old = &old[..old.len().min(LINES)];
    let mut votes: Vec<(usize, usize)> = votes(old, target).into_iter().collect();
    votes.sort_unstable_by_key(|(at, weight)| (std::cmp::Reverse(*weight), *at));
    votes.truncate(8);
    let mut near: Vec<(usize, u8)> = votes.iter().map(|(at, _)| (*at, likeness(old, target, *at))).collect();
    near.retain(|(_, alike)| *alike >= LEAST);
    near.sort_by_key(|(at, alike)| (std::cmp::Reverse(*alike), *at));
    let mut apart: Vec<(usize, u8)> = Vec::new();
    for (at, alike) in near {
        if apart.iter().all(|(other, _)| at.abs_diff(*other) >= old.len().max(SLACK)) {
            apart.push((at, alike));
        }
    }
    apart.truncate(3);
    apart
}

/// First lines for which whole lines and rare words vote.
fn votes(old: &[&[u8]], target: &Target<'_>) -> HashMap<usize, usize> {
    let index = target.index(Compare::Trim);
    let words = target.words();
    let mut votes: HashMap<usize, usize> = HashMap::new();
    let mut vote = |places: &[u32], offset: usize, weight: usize| {
        for place in places.iter().filter(|_| places.len() <= COMMON && weight > 2) {
            if let Some(at) = (*place as usize).checked_sub(offset) {
                *votes.entry(at).or_default() += weight;
            }
        }
    };
    for (offset, line) in old.iter().enumerate() {
        vote(index.places(index.id(line)), offset, 2 * information(line).min(40));
        for word in words_of(line).collect::<HashSet<_>>() {
            vote(words.get(word).map_or(&[], Vec::as_slice), offset, word.len());
        }
    }
    votes
}

/// How much of the old lines stands at `at` or a line off, weighted by what they say.
pub(super) fn likeness(old: &[&[u8]], target: &Target<'_>, at: usize) -> u8 {
    let lines = &target.file.lines;
    let (mut whole, mut there) = (0, 0);
    for (offset, line) in old.iter().enumerate() {
        let says = information(line).min(40);
        let places = (at + offset).saturating_sub(1)..(at + offset + 2).min(lines.len());
        whole += says;
        there += says * lines.get(places).unwrap_or_default().iter().map(|file| alike(line, file)).max().unwrap_or(0);
    }
    there.checked_div(whole).unwrap_or(0).min(99) as u8
}

/// In percent: the ends that two lines share, indentation aside.
fn alike(a: &[u8], b: &[u8]) -> usize {
    let (a, b) = (Compare::Trim.key(a), Compare::Trim.key(b));
    if a == b {
        return 100;
    }
    let (a, b) = (&a[..a.len().min(LONGEST)], &b[..b.len().min(LONGEST)]);
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (&a[prefix..], &b[prefix..]);
    let suffix = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(x, y)| x == y).count();
    200 * (prefix + suffix) / (a.len() + b.len()).max(1)
}

/// Lays the old lines of a hunk beside the file from line `at` on. `None` where nothing differs.
pub(super) fn compare(hunk: &Hunk, target: &Target<'_>, at: usize) -> Option<Comparison> {
    let old: Vec<&Line> = hunk.old_lines().collect();
    let texts: Vec<&[u8]> = old.iter().map(|line| line.text(target.reply)).collect();
    let lines = &target.file.lines;
    let same = |(old, file): &(&&[u8], &&[u8])| Compare::TrimEnd.key(old) == Compare::TrimEnd.key(file);
    let lead = texts.iter().zip(lines.get(at..).unwrap_or_default()).take_while(same).count();
    let skipped = lead.saturating_sub(SLACK);
    let till = old.len().min(skipped + LINES);
    let start = (at + skipped).saturating_sub(if skipped == 0 { SLACK } else { 0 }).min(lines.len());
    let end = (at + till + SLACK).min(lines.len()).max(start);
    let steps = trimmed(&align(&texts[skipped..till], &lines[start..end]));
    let expected = |at: usize| {
        let patch_line = hunk.number_of(old[skipped + at], target.reply);
        Row::Expected { patch_line, text: printable(texts[skipped + at]) }
    };
    let number = |at: usize| (start + at) as u32 + 1;
    let mut rows: Vec<Row> = (skipped > 0).then_some(Row::Omitted { rows: skipped as u32 }).into_iter().collect();
    for step in &steps {
        match *step {
            Step::Same(_, at) => rows.push(Row::Same { line: number(at), text: printable(lines[start + at]) }),
            Step::File(at) => rows.push(Row::Found { line: number(at), text: printable(lines[start + at]) }),
            Step::Old(at) => rows.push(expected(at)),
            Step::Changed(old, at) => {
                rows.push(expected(old));
                rows.push(Row::Found { line: number(at), text: printable(lines[start + at]) });
            }
        }
    }
    if till < old.len() {
        rows.push(Row::Omitted { rows: (old.len() - till) as u32 });
    } else if end == lines.len() && matches!(steps.last(), Some(Step::Old(_))) {
        rows.push(Row::EndOfFile);
    }
    steps.iter().any(|step| !matches!(step, Step::Same(..))).then_some(Comparison { rows })
}

/// A step of an alignment, with indexes of old lines and file lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Same(usize, usize),
    /// An old line and what became of it.
    Changed(usize, usize),
    Old(usize),
    File(usize),
}

/// Without the file lines around the stretch, but for those that stand where its first and last old lines should.
fn trimmed(steps: &[Step]) -> Vec<Step> {
    let anchor = |step: &Step| matches!(step, Step::Same(..) | Step::Changed(..));
    let first = steps.iter().position(anchor).unwrap_or(steps.len());
    let last = steps.iter().rposition(anchor).map_or(steps.len(), |last| last + 1);
    let is_old = |step: &&Step| matches!(step, Step::Old(_));
    let (lead, tail) = (&steps[..first], &steps[last..]);
    let files = |steps: &[Step]| -> Vec<Step> { steps.iter().filter(|step| !is_old(step)).copied().collect() };
    let olds = |steps: &[Step]| -> Vec<Step> { steps.iter().filter(is_old).copied().collect() };
    let mut trimmed = olds(lead);
    let above = files(lead);
    trimmed.extend(&above[above.len().saturating_sub(trimmed.len())..]);
    trimmed.extend(steps.get(first..last).unwrap_or_default());
    let missing = olds(tail);
    let below = files(tail);
    trimmed.extend(&missing);
    trimmed.extend(&below[..missing.len().min(below.len())]);
    trimmed
}

/// The alignment in which most stays equal, and changed lines stand beside what they were.
fn align(old: &[&[u8]], file: &[&[u8]]) -> Vec<Step> {
    let width = file.len() + 1;
    let value = |i: usize, j: usize| -> usize {
        if Compare::TrimEnd.key(old[i]) == Compare::TrimEnd.key(file[j]) {
            return 40 + 4 * information(old[i]).min(40);
        }
        let alike = alike(old[i], file[j]);
        if alike >= PAIR && information(old[i]) > 0 { alike } else { 0 }
    };
    let values: Vec<usize> = (0..old.len()).flat_map(|i| (0..file.len()).map(move |j| value(i, j))).collect();
    let value = |i: usize, j: usize| values[i * file.len() + j];
    let mut best = vec![0; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..file.len()).rev() {
            let skip = best[(i + 1) * width + j].max(best[i * width + j + 1]);
            let pair = value(i, j);
            best[i * width + j] = if pair > 0 { skip.max(pair + best[(i + 1) * width + j + 1]) } else { skip };
        }
    }
    let (mut i, mut j, mut steps) = (0, 0, Vec::new());
    while i < old.len() || j < file.len() {
        let here = best[i * width + j];
        if i < old.len() && j < file.len() && value(i, j) > 0 && here == value(i, j) + best[(i + 1) * width + j + 1] {
            let same = Compare::TrimEnd.key(old[i]) == Compare::TrimEnd.key(file[j]);
            steps.push(if same { Step::Same(i, j) } else { Step::Changed(i, j) });
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && here == best[(i + 1) * width + j] {
            steps.push(Step::Old(i));
            i += 1;
        } else {
            steps.push(Step::File(j));
            j += 1;
        }
    }
    steps
}
