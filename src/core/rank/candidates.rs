//! The files of a ranking that excerpts and leads are taken from, with their outlines.

use super::outline::Outline;
use super::ranking::Ranked;

/// How many there are at most.
pub(super) const MOST: usize = 40;

/// Files that were read, best first.
pub(super) struct Candidates<'a> {
    pub(super) files: Vec<&'a Ranked>,
    /// In the order of the files.
    pub(super) outlines: Vec<Outline>,
    /// How many of them are among the first [`MOST`] of the ranking: only these are worth naming.
    near: usize,
}

impl<'a> Candidates<'a> {
    pub(super) fn of(ranked: &'a [Ranked]) -> Self {
        let is_read = |one: &&Ranked| !one.content().is_empty();
        let files: Vec<&Ranked> = ranked.iter().filter(is_read).take(MOST).collect();
        let outlines = files.iter().map(|one| Outline::of(one.language, one.content())).collect();
        Self { files, outlines, near: ranked.iter().take(MOST).filter(is_read).count() }
    }

    /// Those near the top that are not shown, by their positions.
    pub(super) fn others(&self, is_shown: impl Fn(usize) -> bool) -> impl Iterator<Item = (&'a Ranked, &Outline)> {
        let near = self.files.iter().copied().zip(&self.outlines).take(self.near).enumerate();
        near.filter(move |(file, _)| !is_shown(*file)).map(|(_, other)| other)
    }
}
