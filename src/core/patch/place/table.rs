//! Aligning a hunk with the stretch of a file near one diagonal: the best score through every point, both ways.

use super::super::form::{Hunk, Tag};
use super::lines::{Compare, Index, information};

/// File lines that may lie between two neighbouring lines of the hunk, at most.
pub(super) const BAND: usize = 16;
/// What skipping a line costs: a few unseen lines are likelier than a better match far below.
pub(super) const SKIP: i64 = 4;
/// Worse than any sum of weights, and far enough from overflow to be added and multiplied.
pub(super) const NEVER: i64 = -(1 << 50);

/// Whether removed lines must be in the file: where the hunk goes they must, to be as good a place as another they need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removed {
    Needed,
    Optional,
}

/// A context or removed line of a hunk.
pub(super) struct Old<'h> {
    /// Index into the hunk's lines.
    pub index: usize,
    pub id: u32,
    pub removed: bool,
    pub weight: i64,
    pub text: &'h [u8],
}

/// The lines of a hunk that must stand in the file.
pub(super) fn old_lines<'h>(hunk: &Hunk, reply: &'h [u8], index: &Index<'_>) -> Vec<Old<'h>> {
    let lines = hunk.lines.iter().enumerate().filter(|(_, line)| line.is_old());
    let old = lines.map(|(at, line)| {
        let text = line.text(reply);
        let says = information(text);
        let weight = if Compare::Trim.key(text).is_empty() { 2 } else { 4 + says.min(40) as i64 };
        Old { index: at, id: index.id(text), removed: line.tag == Tag::Remove, weight, text }
    });
    old.collect()
}

/// Best scores of aligning the hunk's first `j` lines, and of its lines from `j` on, with the file up to and from a
/// line near the diagonal.
pub(super) struct Table<'o> {
    old: &'o [Old<'o>],
    /// File line of column 0 for hunk line 0; column `c` of row `j` is file line `base + j + c`.
    base: i64,
    width: usize,
    removed: Removed,
    /// `score[j][c]`: what aligning hunk line `j` with that file line is worth; `NEVER` if they differ too much.
    score: Vec<i64>,
    forward: Vec<i64>,
    backward: Vec<i64>,
    pub total: i64,
}

impl<'o> Table<'o> {
    pub(super) fn new(old: &'o [Old<'o>], file: &[&[u8]], index: &Index<'_>, diagonal: i64, removed: Removed) -> Self {
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
    pub(super) fn matches(&self, j: usize, at: i64) -> bool {
        let column = usize::try_from(at - self.base - j as i64);
        column.is_ok_and(|column| column < self.width && self.score[j * self.width + column] > NEVER / 2)
    }

    /// Whether both are the same line, not only alike.
    pub(super) fn is_equal(&self, j: usize, at: usize) -> bool {
        let column = usize::try_from(at as i64 - self.base - j as i64);
        column.is_ok_and(|column| column < self.width && self.score[j * self.width + column] == self.old[j].weight)
    }

    /// The best alignment that passes before hunk line `j` and before file line `at`.
    pub(super) fn through(&self, j: usize, at: i64) -> i64 {
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
    pub(super) fn path(&self) -> Vec<Option<usize>> {
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
