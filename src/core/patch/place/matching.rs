//! How a SEARCH block and its replacement match. A block gives two texts and no diff between them: where the file has
//! something else between two of its lines, the replacement says where that goes only if every best matching of both
//! texts says the same.

use std::collections::HashMap;

use super::super::form::Hunk;
use super::lines::{information, is_blank};

/// What it costs to match a block, in comparisons.
pub(super) fn cost(hunk: &Hunk) -> u64 {
    4 * hunk.old_lines().count() as u64 * hunk.new_lines().count() as u64
}

/// The old and the new lines of a block, and the best ways to match them.
pub(super) struct Matching<'t> {
    new: Vec<&'t [u8]>,
    /// For every line of the block's diff its place among the old and among the new lines, or where it would be.
    places: Vec<(usize, usize)>,
    /// For every old line the one new line that it is in every best matching.
    only: Vec<Option<usize>>,
    scores: Scores,
}

impl<'t> Matching<'t> {
    pub(super) fn new(hunk: &Hunk, reply: &'t [u8]) -> Self {
        let texts = |lines: &mut dyn Iterator<Item = &super::super::form::Line>| -> Vec<&'t [u8]> {
            lines.map(|line| line.text(reply)).collect()
        };
        let (old, new) = (texts(&mut hunk.old_lines()), texts(&mut hunk.new_lines()));
        let mut places = Vec::with_capacity(hunk.lines.len());
        let (mut above, mut below) = (0, 0);
        for line in &hunk.lines {
            places.push((above, below));
            above += usize::from(line.is_old());
            below += usize::from(line.is_context() || !line.is_old());
        }
        let scores = Scores::new(&old, &new);
        let only = scores.counterparts();
        Self { new, places, only, scores }
    }

    /// The one line of the replacement that this line of the block's diff is; `None` also for an added one.
    pub(super) fn counterpart(&self, line: usize) -> Option<usize> {
        self.only.get(self.places[line].0).copied().flatten()
    }

    /// Whether this line and the one above it are neighbours in the replacement too.
    pub(super) fn are_neighbours(&self, line: usize) -> bool {
        self.counterpart(line - 1).is_some_and(|above| self.counterpart(line) == Some(above + 1))
    }

    /// The number of new lines above this line of the block's diff.
    pub(super) fn above(&self, line: usize) -> usize {
        self.places[line].1
    }

    /// Where a blank line above old line `at`, between two that are not blank, goes in the replacement: the only place
    /// beside either of them that is between two such lines too.
    pub(super) fn place_for_blank(&self, at: usize) -> Option<usize> {
        let beside = |place: &usize| self.scores.is_pair(at - 1, place - 1) || self.scores.is_pair(at, *place);
        let parts = |place: &usize| !is_blank(self.new[place - 1]) && !is_blank(self.new[*place]);
        let mut places = (1..self.new.len()).filter(|place| beside(place) && parts(place));
        places.next().filter(|_| places.next().is_none())
    }

    /// Whether lines that the file has above this one give the same text wherever a best matching puts them.
    pub(super) fn has_one_place_for(&self, unseen: &[&[u8]], line: usize) -> bool {
        let (old, here) = self.places[line];
        let same = |other: usize| {
            let between = &self.new[other.min(here)..other.max(here)];
            let first = unseen.iter().chain(between);
            first.eq(between.iter().chain(unseen))
        };
        (0..=self.new.len()).filter(|place| self.scores.parts(old, *place)).all(same)
    }
}

fn weight(line: &[u8]) -> i32 {
    if is_blank(line) { 2 } else { 4 + information(line).min(40) as i32 }
}

/// Best scores of matching the first lines of both texts, and the last ones.
struct Scores {
    old: Vec<u32>,
    new: Vec<u32>,
    weights: Vec<i32>,
    width: usize,
    forward: Vec<i32>,
    backward: Vec<i32>,
}

impl Scores {
    fn new(old: &[&[u8]], new: &[&[u8]]) -> Self {
        let mut numbers: HashMap<&[u8], u32> = HashMap::new();
        let weights = old.iter().map(|line| weight(line)).collect();
        let (old, new) = (numbered(old, &mut numbers), numbered(new, &mut numbers));
        let width = new.len() + 1;
        let cells = (old.len() + 1) * width;
        let mut scores = Self { old, new, weights, width, forward: vec![0; cells], backward: vec![0; cells] };
        scores.fill();
        scores
    }

    fn fill(&mut self) {
        let width = self.width;
        for at in 0..self.old.len() {
            for place in 0..self.new.len() {
                let (here, below) = (at * width + place, (at + 1) * width + place);
                let matched = if self.old[at] == self.new[place] { self.forward[here] + self.weights[at] } else { 0 };
                self.forward[below + 1] = matched.max(self.forward[here + 1]).max(self.forward[below]);
            }
        }
        for at in (0..self.old.len()).rev() {
            for place in (0..self.new.len()).rev() {
                let (here, below) = (at * width + place, (at + 1) * width + place);
                let same = self.old[at] == self.new[place];
                let matched = if same { self.backward[below + 1] + self.weights[at] } else { 0 };
                self.backward[here] = matched.max(self.backward[here + 1]).max(self.backward[below]);
            }
        }
    }

    fn counterparts(&self) -> Vec<Option<usize>> {
        let ranges: Vec<Option<(usize, usize)>> = (0..self.old.len()).map(|at| self.places(at)).collect();
        // The last place of the lines above, and the first of those below: whatever crosses a pair casts doubt on it.
        let mut above: Vec<Option<usize>> = vec![None];
        for range in &ranges {
            above.push(range.map(|(_, last)| last).max(above.last().copied().flatten()));
        }
        let mut below = usize::MAX;
        let mut only = vec![None; ranges.len()];
        for (at, range) in ranges.iter().enumerate().rev() {
            let Some((first, last)) = *range else { continue };
            if first == last && above[at].is_none_or(|above| above < first) && first < below {
                only[at] = Some(first);
            }
            below = below.min(first);
        }
        only
    }

    /// First and last new line that the old one is matched with, in any of the best matchings.
    fn places(&self, at: usize) -> Option<(usize, usize)> {
        let mut possible = (0..self.new.len()).filter(|place| self.is_pair(at, *place));
        let first = possible.next()?;
        Some((first, possible.next_back().unwrap_or(first)))
    }

    fn is_pair(&self, at: usize, place: usize) -> bool {
        let (before, after) = (at * self.width + place, (at + 1) * self.width + place + 1);
        self.old[at] == self.new[place]
            && self.forward[before] + self.weights[at] + self.backward[after] == self.backward[0]
    }

    /// Whether a best matching has the old lines above `at` among the new ones above `place`, and the rest below.
    fn parts(&self, at: usize, place: usize) -> bool {
        let cell = at * self.width + place;
        self.forward[cell] + self.backward[cell] == self.backward[0]
    }
}

fn numbered<'t>(lines: &[&'t [u8]], numbers: &mut HashMap<&'t [u8], u32>) -> Vec<u32> {
    let mut number = |line: &&'t [u8]| {
        let next = numbers.len() as u32;
        *numbers.entry(*line).or_insert(next)
    };
    lines.iter().map(&mut number).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::{Completeness, Patch, hunks_of};
    use super::*;

    fn sure(search: &str, replace: &str) -> Vec<Option<usize>> {
        let reply = format!("f.c\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n");
        let patch = Patch::parse(reply.as_bytes(), Completeness::Complete).unwrap();
        Matching::new(&hunks_of(&patch.files[0])[0], reply.as_bytes()).only
    }

    #[test]
    fn lines_that_could_be_several_have_no_counterpart() {
        let doubled = sure("alpha\n}\n\nbeta\n", "alpha\n}\n\ngamma\n}\n\nbeta\n");
        assert_eq!(doubled, [Some(0), None, None, Some(6)]);
        let once = sure("alpha\n}\n\nbeta\n", "alpha\n}\n\ngamma\nbeta\n");
        assert_eq!(once, [Some(0), Some(1), Some(2), Some(4)]);
        assert_eq!(sure("alpha\ngamma\n", "gamma\nalpha\n"), [None, None]);
    }

    #[test]
    fn unseen_lines_have_one_place_or_several() {
        let has_one = |replace: &str, unseen: &[u8]| {
            let reply = format!("f.c\n<<<<<<< SEARCH\nalpha\n\nbeta\n=======\n{replace}>>>>>>> REPLACE\n");
            let patch = Patch::parse(reply.as_bytes(), Completeness::Complete).unwrap();
            let hunk = &hunks_of(&patch.files[0])[0];
            let beta = hunk.lines.iter().position(|line| line.text(reply.as_bytes()) == b"beta").unwrap();
            Matching::new(hunk, reply.as_bytes()).has_one_place_for(&[unseen], beta)
        };
        assert!(has_one("alpha\n\nbeta\ngamma\n", b"unseen"));
        assert!(!has_one("alpha\n\ngamma\n\nbeta\n", b"unseen"), "above or below gamma");
        assert!(has_one("alpha\n\n\nbeta\n", b""), "blank lines among blank lines");
    }
}
