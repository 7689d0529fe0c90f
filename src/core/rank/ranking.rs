//! The ranking itself: first look, shortlist, second look, final order with reasons and line ranges.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::bm25::{Statistics, issue_weight, title_weight};
use super::corpus::{Corpus, File};
use super::evidence::first_look;
use super::features::Fast;
use super::language::{Language, Role};
use super::query::{Hits, Query};
use super::reading::{PieceHits, Reading};
use super::signals::{Signal, TABLE, Values, scale};
use super::spread;
use crate::core::names::RepoPath;

/// How many files are read after the first look.
pub const SHORTLIST: usize = 240;

/// One file of a ranking.
#[derive(Debug, Clone)]
pub struct Ranked {
    pub path: RepoPath,
    pub language: Language,
    pub role: Role,
    pub score: f32,
    pub values: Values,
    /// Pieces that speak for it, best first, with their scores; empty for a file that was not read.
    pub pieces: Vec<(Range<usize>, f32)>,
    /// Its text, if it was read.
    pub text: Option<Arc<[u8]>>,
}

impl Ranked {
    /// Its text; nothing if it was not read.
    pub fn content(&self) -> &[u8] {
        self.text.as_deref().unwrap_or_default()
    }

    /// Why it stands where it stands: signals with what each adds, strongest first.
    pub fn reasons(&self) -> Vec<(&'static str, f32)> {
        let added = TABLE.iter().map(|(signal, weight, words)| (*words, weight * self.values.get(*signal)));
        let mut reasons: Vec<_> = added.filter(|(_, added)| added.abs() >= 0.005).collect();
        reasons.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        reasons
    }
}

/// The files worth reading: the best by first score, and the best by content, title and definitions alone.
pub fn shortlist(values: &[Values]) -> Vec<u32> {
    let best = |count: usize, by: &dyn Fn(&Values) -> f32| {
        let mut order: Vec<u32> = (0..values.len() as u32).filter(|at| by(&values[*at as usize]) > 0.0).collect();
        let key = |at: &u32| by(&values[*at as usize]);
        if order.len() > count {
            order.select_nth_unstable_by(count, |a, b| key(b).total_cmp(&key(a)).then(a.cmp(b)));
            order.truncate(count);
        }
        order
    };
    let source =
        |signal: Signal| move |one: &Values| one.get(signal) * if one.get(Signal::Test) > 0.0 { 0.3 } else { 1.0 };
    let mut chosen = best(SHORTLIST * 2 / 3, &|one| one.score() + 1.0);
    chosen.extend(best(SHORTLIST / 6, &source(Signal::Content)));
    chosen.extend(best(SHORTLIST / 6, &source(Signal::Title)));
    chosen.extend(best(SHORTLIST / 6, &source(Signal::Definitions)));
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// The first half: signals of all files, and the files to read.
pub fn look(query: &Query, corpus: &Corpus) -> (Vec<Values>, Vec<u32>) {
    let values = first_look(query, corpus);
    let chosen = shortlist(&values);
    (values, chosen)
}

/// The second half: all files, best first. `readings` are those of the shortlist, in its order.
pub fn rank(
    query: &Query,
    corpus: &Corpus,
    mut values: Vec<Values>,
    chosen: &[u32],
    readings: &[Reading],
) -> Vec<Ranked> {
    let pieces = piece_scores(query, corpus, chosen, readings, &mut values);
    quoted(chosen, readings, &mut values);
    [Signal::Piece, Signal::Pieces, Signal::TitlePiece, Signal::Named, Signal::Quoted]
        .into_iter()
        .for_each(|signal| scale(&mut values, signal));
    spread::spread(corpus, chosen, readings, &pieces, &mut values);
    let mut ranked: Vec<Ranked> = corpus.files.iter().zip(&values).map(|(file, values)| unread(file, values)).collect();
    for ((position, reading), pieces) in chosen.iter().zip(readings).zip(pieces) {
        let one = &mut ranked[*position as usize];
        one.pieces = pieces;
        one.text = Some(reading.text.clone());
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.path.cmp(&b.path)));
    ranked
}

fn unread(file: &File, values: &Values) -> Ranked {
    let (path, language, role) = (file.path.clone(), file.language, file.role);
    Ranked { path, language, role, score: values.score(), values: *values, pieces: Vec::new(), text: None }
}

/// A piece named in the issue counts this much more for each unit of [`PieceHits::named`], when lines are chosen.
const NAME_BONUS: f32 = 0.5;

/// Lines of a file with how much speaks for them, best first.
type Scored = Vec<(Range<usize>, f32)>;

/// Statistics over all pieces of all candidates.
fn statistics(query: &Query, readings: &[Reading]) -> Statistics {
    let empty = Hits::default();
    let all = readings.iter().flat_map(|reading| {
        let without = (reading.piece_count as usize).saturating_sub(reading.pieces.len());
        reading.pieces.iter().map(|piece| &piece.hits).chain(std::iter::repeat_n(&empty, without))
    });
    let mut statistics = Statistics::of(query, all, 0.5);
    statistics.mean_length = statistics.mean_length.max(60.0);
    statistics
}

/// Scores every piece of every candidate. The candidates' signals get the best and the mean of the best three by words
/// alone; the order that is returned also heeds names and line numbers that the issue gives.
fn piece_scores(
    query: &Query,
    corpus: &Corpus,
    chosen: &[u32],
    readings: &[Reading],
    values: &mut [Values],
) -> Vec<Scored> {
    let statistics = statistics(query, readings);
    let names = Statistics::of(query, readings.iter().map(|reading| &reading.named), 0.6);
    let (weight, title) = (issue_weight(query), title_weight(query));
    let mentioned = mentioned_lines(query, corpus);
    let mut all = Vec::with_capacity(readings.len());
    for (position, reading) in chosen.iter().zip(readings) {
        let plain: Vec<f32> = reading.pieces.iter().map(|piece| statistics.score(&piece.hits, &weight)).collect();
        let mut best = plain.clone();
        best.sort_by(|a, b| b.total_cmp(a));
        let top = best.first().copied().unwrap_or(0.0);
        let in_title = reading.pieces.iter().map(|piece| statistics.score(&piece.hits, &title)).fold(0.0, f32::max);
        let one = &mut values[*position as usize];
        one.set(Signal::Piece, top);
        one.set(Signal::Pieces, best.iter().take(3).sum::<f32>() / 3.0);
        one.set(Signal::TitlePiece, in_title);
        one.set(Signal::Named, names.score(&reading.named, &weight));
        let lines = mentioned.get(position).map_or(&[][..], Vec::as_slice);
        all.push(order_pieces(reading, &plain, top, lines));
    }
    all
}

fn order_pieces(reading: &Reading, plain: &[f32], top: f32, mentioned: &[usize]) -> Scored {
    let score = |(piece, plain): (&PieceHits, &f32)| {
        let hit = mentioned.iter().any(|line| piece.lines.contains(line));
        let bonus = if hit { top } else { 0.0 };
        (piece.lines.clone(), plain * NAME_BONUS.mul_add(piece.named, 1.0) + bonus)
    };
    let mut scored: Scored = reading.pieces.iter().zip(plain).map(score).filter(|(_, score)| *score > 0.0).collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.start.cmp(&b.0.start)));
    scored
}

/// Lines (from 0) that stack frames and `path:line` name, by file.
fn mentioned_lines(query: &Query, corpus: &Corpus) -> HashMap<u32, Vec<usize>, Fast> {
    let mut found: HashMap<u32, Vec<usize>, Fast> = HashMap::default();
    for place in &query.places {
        let Some(line) = place.line else { continue };
        if let [file] = corpus.find_path(&place.path).0.as_slice() {
            found.entry(*file).or_default().push((line as usize).saturating_sub(1));
        }
    }
    found
}

/// Runs of three words that few candidates share with the issue.
fn quoted(chosen: &[u32], readings: &[Reading], values: &mut [Values]) {
    let mut holders: HashMap<u64, u32, Fast> = HashMap::default();
    readings.iter().flat_map(|reading| &reading.runs).for_each(|run| *holders.entry(*run).or_default() += 1);
    let all = readings.len() as f32;
    for (position, reading) in chosen.iter().zip(readings) {
        let worth = |run: &u64| ((1.0 + all / holders[run] as f32).ln() / (1.0 + all).ln()).powi(2);
        let sum: f32 = reading.runs.iter().map(worth).sum();
        values[*position as usize].set(Signal::Quoted, sum.ln_1p());
    }
}
