//! Evidence that passes from file to file: imports, definitions of what is used, common changes, tests.
//!
//! The symptom of a fault and its cause often stand in different files. Each candidate is believed to be the place to
//! some extent (`beliefs`); it passes that belief on along one step of each kind.
//!
//! Tried and left out, as none made the mean rank of the right files better both on SWE-bench Lite's open instances and
//! on 450 commits of other projects, with weights of 0.1 to 0.4: passing belief on by the targets' own scores, names used by
//! what the issue names, base classes, files of the same folder, words of the best pieces asked again.
//!
//! Tried later, with weights of -0.2 to 0.3, and no clear gain either: pairs of words that follow each other in issue and file
//! (on the open instances and on 760 real issues of other projects that one file fixes); all messages of the commits that
//! changed a file as a text of it, and how often it was fixed (on the open instances and the 458 of these in Python); words that
//! 82,000 commits of 51 further projects tie to the (display: format, show), added to the query with 0.1 or 0.3 of its
//! weights; a later place for the second and further files of one folder. And after words were weighed by their passage: saturation of
//! BM25 (0.8 to 1.8), names in stack frames as names that files define, the innermost frame trusted alone, title words weighed like
//! the others, 60,000 messages instead of 6,000.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::corpus::{Corpus, File};
use super::definitions::Kind;
use super::evidence::{definers, definition_worth, kind_weight};
use super::features::Fast;
use super::imports::{from_the_top, imports};
use super::language::{Role, file_stem};
use super::outline::Outline;
use super::reading::Reading;
use super::signals::{Signal, Values};
use super::words::{Term, trim_underscores, words};

/// How sharply the best candidates stand out when they pass evidence on.
const SHARPNESS: f32 = 8.0;

/// Beliefs below this pass nothing on.
const LEAST: f32 = 0.001;

/// Candidates whose best pieces are searched for what they use.
const USERS: usize = 12;

/// Pieces of each that are searched.
const USER_PIECES: usize = 3;

/// Names that more files than this define lead nowhere.
const MOST_DEFINERS: usize = 8;

/// Commits that change more files than this connect none of them.
const WIDE_COMMIT: usize = 20;

/// Sets the signals that candidates give to each other and to the rest.
pub(super) fn spread(
    corpus: &Corpus,
    chosen: &[u32],
    readings: &[Reading],
    pieces: &[Vec<(Range<usize>, f32)>],
    values: &mut [Values],
) {
    let scores: Vec<f32> = chosen.iter().map(|at| values[*at as usize].score()).collect();
    let is_test: Vec<bool> = chosen.iter().map(|at| corpus.files[*at as usize].role == Role::Test).collect();
    let sources = beliefs(&scores, |at| !is_test[at]);
    let tests = beliefs(&scores, |at| is_test[at]);
    let targets: Vec<Vec<u32>> = chosen
        .iter()
        .zip(readings)
        .zip(sources.iter().zip(&tests))
        .map(|((at, reading), (source, test))| match source + test > LEAST {
            true => import_targets(corpus, &corpus.files[*at as usize], reading),
            false => Vec::new(),
        })
        .collect();
    for (at, targets) in targets.iter().enumerate() {
        let share = 1.0 / (targets.len().max(1) as f32).sqrt();
        for target in targets.iter().filter(|target| **target != chosen[at]) {
            add(values, *target, Signal::Imported, sources[at] * share);
            add(values, *target, Signal::Tested, tests[at] * share);
        }
    }
    tested_by_name(corpus, chosen, &tests, values);
    used(corpus, chosen, readings, pieces, &sources, values);
    together(corpus, chosen, &sources, values);
}

fn add(values: &mut [Values], file: u32, signal: Signal, value: f32) {
    let one = &mut values[file as usize];
    one.set(signal, one.get(signal) + value);
}

/// Shares of one among the candidates that count, by their scores.
fn beliefs(scores: &[f32], counts: impl Fn(usize) -> bool) -> Vec<f32> {
    let best = (0..scores.len()).filter(|at| counts(*at)).map(|at| scores[at]).fold(f32::MIN, f32::max);
    let raw = |at: usize| if counts(at) { (SHARPNESS * (scores[at] - best)).exp() } else { 0.0 };
    let raw: Vec<f32> = (0..scores.len()).map(raw).collect();
    let sum: f32 = raw.iter().sum();
    raw.into_iter().map(|one| one / sum.max(f32::MIN_POSITIVE)).collect()
}

/// The files of the tree that a file imports.
fn import_targets(corpus: &Corpus, importer: &File, reading: &Reading) -> Vec<u32> {
    let path = importer.path.to_text();
    let mut targets = Vec::new();
    for import in imports(importer.language, &reading.text) {
        let (found, depth) = corpus.find_module(&from_the_top(&path, &import));
        let sure = found.len() == 1 || (found.len() <= 3 && depth > 1);
        targets.extend(
            found.into_iter().filter(|file| sure && corpus.files[*file as usize].language == importer.language),
        );
    }
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// `test_x`, `x_test`, `XTest`, `x.spec`: tests of `x`.
fn tested_by_name(corpus: &Corpus, chosen: &[u32], tests: &[f32], values: &mut [Values]) {
    let mut wanted: BTreeMap<Vec<u8>, f32> = BTreeMap::new();
    for (at, belief) in chosen.iter().zip(tests).filter(|(_, belief)| **belief > LEAST) {
        let stem = file_stem(corpus.files[*at as usize].path.as_bytes()).to_ascii_lowercase();
        *wanted.entry(subject_of(&stem).to_vec()).or_default() += belief;
    }
    for (position, file) in corpus.files.iter().enumerate().filter(|(_, file)| file.role == Role::Source) {
        let stem = file_stem(file.path.as_bytes()).to_ascii_lowercase();
        if let Some(belief) = wanted.get(trim_underscores(&stem)) {
            add(values, position as u32, Signal::Tested, *belief);
        }
    }
}

/// The stem of what a test's stem is about.
fn subject_of(stem: &[u8]) -> &[u8] {
    let stem = stem.strip_prefix(b"test_").unwrap_or(stem);
    let ends: [&[u8]; 7] = [b"_test", b"_tests", b"_spec", b".test", b".spec", b"tests", b"test"];
    let cut = ends.iter().find_map(|end| stem.strip_suffix(*end)).filter(|rest| !rest.is_empty());
    cut.unwrap_or(stem)
}

/// The best pieces of the best candidates use names; the files that define these get a share, the rarer the name the more.
fn used(
    corpus: &Corpus,
    chosen: &[u32],
    readings: &[Reading],
    pieces: &[Vec<(Range<usize>, f32)>],
    beliefs: &[f32],
    values: &mut [Values],
) {
    let mut order: Vec<usize> = (0..chosen.len()).filter(|at| beliefs[*at] > LEAST).collect();
    order.sort_by(|a, b| beliefs[*b].total_cmp(&beliefs[*a]).then(a.cmp(b)));
    order.truncate(USERS);
    let uses: Vec<(usize, HashMap<Term, f32, Fast>)> =
        order.iter().map(|at| (*at, names_used(corpus, chosen[*at], &readings[*at], &pieces[*at]))).collect();
    let mut wanted: HashMap<Term, f32, Fast> = HashMap::default();
    uses.iter().flat_map(|(_, names)| names.keys()).for_each(|name| {
        wanted.insert(*name, 1.0);
    });
    let found = definers(corpus, &wanted);
    for (at, names) in &uses {
        let mut given: BTreeMap<u32, f32> = BTreeMap::new();
        for (name, weight) in names {
            let Some(all) = found.get(name) else { continue };
            let others: Vec<&(u32, Kind)> =
                all.iter().filter(|(file, _)| corpus.files[*file as usize].role != Role::Test).collect();
            if others.len() > MOST_DEFINERS || others.iter().any(|(file, _)| *file == chosen[*at]) {
                continue;
            }
            for (file, kind) in others {
                *given.entry(*file).or_default() += weight * definition_worth(corpus, all) * kind_weight(*kind);
            }
        }
        let total: f32 = given.values().sum();
        for (file, value) in given {
            add(values, file, Signal::Used, beliefs[*at] * value / total.max(f32::MIN_POSITIVE));
        }
    }
}

/// The names in a candidate's best pieces, each with the share of its piece.
fn names_used(
    corpus: &Corpus,
    file: u32,
    reading: &Reading,
    pieces: &[(Range<usize>, f32)],
) -> HashMap<Term, f32, Fast> {
    let language = corpus.files[file as usize].language;
    let outline = Outline::of(language, &reading.text);
    let best = pieces.first().map_or(1.0, |(_, score)| *score).max(f32::MIN_POSITIVE);
    let mut names: HashMap<Term, f32, Fast> = HashMap::default();
    for (lines, score) in pieces.iter().take(USER_PIECES) {
        let text = outline.text(&reading.text, lines);
        for range in words(text).filter(|range| range.len() > 2) {
            let weight = names.entry(Term::of(&text[range])).or_default();
            *weight = weight.max(score / best);
        }
    }
    names
}

/// Files that changed in the same commits as the candidates.
fn together(corpus: &Corpus, chosen: &[u32], beliefs: &[f32], values: &mut [Values]) {
    let belief: HashMap<u32, f32, Fast> =
        chosen.iter().copied().zip(beliefs.iter().copied()).filter(|(_, belief)| *belief > LEAST).collect();
    let narrow = || {
        corpus
            .history
            .iter()
            .filter_map(|commit| commit.files.as_ref())
            .filter(|files| (2..=WIDE_COMMIT).contains(&files.len()))
    };
    let mut changes: HashMap<u32, f32, Fast> = HashMap::default();
    for file in narrow().flatten() {
        *changes.entry(*file).or_default() += 1.0;
    }
    for files in narrow() {
        for from in files {
            let Some(belief) = belief.get(from) else { continue };
            let share = belief / (changes[from] + 3.0) / ((files.len() - 1) as f32).sqrt();
            for to in files.iter().filter(|to| *to != from) {
                add(values, *to, Signal::Together, share);
            }
        }
    }
}
