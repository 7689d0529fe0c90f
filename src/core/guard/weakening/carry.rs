//! Whether a new test carries on what a test was about that is gone.
//!
//! Numbers alone prove no rename: in the place of a red test that is deleted an easy one of something else may stand. So
//! each lost test that demanded something needs a new one for itself that has enough of its words ([`Subject`]), a name
//! among them where an assertion reaches it: the values alone can be compared with each other. A word says less, the more
//! tests of the old file have it: `client` and `get` are everywhere, the one function and the values that a test looks at
//! are not.
//!
//! The shares are chosen from honest commits (2026-11-25): of 23,530 of them in 172 repositories they refuse 22 more (0.09
//! points), see `tests/bench/guard.rs`. In a model of this rule, a new test of an honest commit that was put in the place of any other
//! test of its file passed in 3 of 10 cases: the two share a function or values.
//!
//! What is not seen: a test about the same that asks an easier question, or states another answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::Regex;

use super::cases::Case;
use super::skips;
use super::subject::{Subject, Word};
use super::{TestFile, manner, pattern};
use crate::core::names::RepoPath;

/// The share of a lost test's words, by their weight, that the test in its place has.
const SHARE: f64 = 0.2;

/// The share of its words, each counted once, that a test with half of the words of its name has at least.
const SHARE_OF_NAMESAKE: f64 = 0.35;

/// With so much of each, one test may stand for several: they are joined in it.
const JOINED: f64 = 0.5;

/// What a number of one or two digits weighs, which tests of anything have.
const SMALL_NUMBER: f64 = 0.25;

/// A word that more new tests have than this tells none of them from the others: every one counts as having it.
const MANY: usize = 32;

/// Tests that are gone for which another one stands, by file and line.
pub(super) type Carried<'v> = BTreeSet<(&'v RepoPath, usize)>;

/// Finds one new test, or one with new lines, for each lost one where there is one; the most alike first.
pub(super) fn carried<'v>(files: &'v [TestFile<'v, '_>], lost: &[(&'v TestFile<'v, '_>, &'v Case)]) -> Carried<'v> {
    let carriers: Vec<Carrier<'v>> = files.iter().flat_map(carriers).collect();
    let index = Index::new(&carriers);
    let mut rarity: BTreeMap<&RepoPath, Rarity<'v>> = BTreeMap::new();
    let mut found: Vec<(f64, usize, usize)> = Vec::new();
    for (place, (file, case)) in lost.iter().enumerate() {
        let rarity = rarity.entry(file.view.path).or_insert_with(|| Rarity::new(file));
        let alike = index.alike(&Carrier::old(file, case), rarity);
        found.extend(alike.into_iter().map(|(share, carrier)| (share, place, carrier)));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut placed, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for (share, place, carrier) in found {
        if !placed.contains(&place) && (taken.insert(carrier) || share >= JOINED) {
            placed.insert(place);
        }
    }
    placed.into_iter().map(|place| (lost[place].0.view.path, lost[place].1.line)).collect()
}

/// A test, or the new lines of one.
struct Carrier<'v> {
    /// Empty for new lines.
    name: BTreeSet<String>,
    subject: Subject<'v>,
}

impl<'v> Carrier<'v> {
    fn old(file: &'v TestFile<'v, '_>, case: &Case) -> Self {
        let subject = Subject::new(&file.view.before, case, manner(file.view), |_| true);
        Self { name: name_words(&case.name), subject }
    }
}

/// What may stand for a lost test: new tests that run and demand something, and new lines of the others.
fn carriers<'v>(file: &'v TestFile<'v, '_>) -> Vec<Carrier<'v>> {
    let (view, manner) = (file.view, manner(file.view));
    let new = file.live().filter(|case| file.demands(case)).map(|case| Carrier {
        name: name_words(&case.name),
        subject: Subject::new(&view.after, case, manner, |_| true),
    });
    let grown = file.changed_cases().map(|(_, case)| case).filter(|case| !skips::is_off(view, case));
    let added: BTreeSet<usize> = view.added().map(|(index, _)| index).collect();
    let grown = grown.map(|case| Carrier {
        name: BTreeSet::new(),
        subject: Subject::new(&view.after, case, manner, |index| added.contains(&index)),
    });
    new.chain(grown).filter(|carrier| !carrier.subject.asserted.is_empty()).collect()
}

/// `testAddsTwo` and `adds two` have the same words.
fn name_words(name: &str) -> BTreeSet<String> {
    static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+"));
    const FILLING: [&str; 14] =
        ["test", "tests", "should", "it", "the", "a", "is", "of", "and", "with", "for", "in", "to", "when"];
    let words = WORD.find_iter(name).map(|word| word.as_str().to_lowercase());
    words.filter(|word| !FILLING.contains(&word.as_str())).collect()
}

/// In how many tests of a file as it was a word stands.
struct Rarity<'v>(HashMap<Word<'v>, usize>);

impl<'v> Rarity<'v> {
    fn new(file: &'v TestFile<'v, '_>) -> Self {
        let mut counts = HashMap::new();
        for word in file.before.iter().flat_map(|case| Carrier::old(file, case).subject.words) {
            *counts.entry(word).or_default() += 1;
        }
        Self(counts)
    }

    fn weight(&self, word: Word<'_>) -> f64 {
        let part = if word.is_small_number() { SMALL_NUMBER } else { 1.0 };
        part / self.0.get(&word).copied().unwrap_or(1) as f64
    }
}

/// Which tests have a word, and whether where an assertion reaches it.
struct Index<'i, 'v> {
    carriers: &'i [Carrier<'v>],
    by_word: HashMap<Word<'v>, Vec<(usize, bool)>>,
}

/// How much of a lost test another one has.
#[derive(Debug, Default, Clone, Copy)]
struct Kept {
    weight: f64,
    words: usize,
    asserts: bool,
}

impl<'i, 'v> Index<'i, 'v> {
    fn new(carriers: &'i [Carrier<'v>]) -> Self {
        let mut by_word: HashMap<Word<'v>, Vec<(usize, bool)>> = HashMap::new();
        for (place, Carrier { subject, .. }) in carriers.iter().enumerate() {
            for word in &subject.words {
                by_word.entry(*word).or_default().push((place, subject.asserted.contains(word)));
            }
        }
        Self { carriers, by_word }
    }

    /// The tests that have enough of the words of a lost one, with their share.
    fn alike(&self, lost: &Carrier<'_>, rarity: &Rarity<'_>) -> Vec<(f64, usize)> {
        let words = &lost.subject.words;
        let total: f64 = words.iter().map(|word| rarity.weight(*word)).sum();
        let has_names = words.iter().any(|word| word.is_name());
        let mut common = Kept::default();
        let mut kept: BTreeMap<usize, Kept> = BTreeMap::new();
        for word in words {
            let Some(having) = self.by_word.get(word) else { continue };
            let (weight, many) = (rarity.weight(*word), having.len() > MANY);
            let (of_all, of_each) = if many { (1, 0) } else { (0, 1) };
            common.weight += weight * of_all as f64;
            common.words += of_all;
            for (place, asserted) in having.iter().take(MANY) {
                let kept = kept.entry(*place).or_default();
                kept.weight += weight * of_each as f64;
                kept.words += of_each;
                kept.asserts |= *asserted && (word.is_name() || !has_names);
            }
        }
        let enough = |(place, kept): (usize, Kept)| {
            let share = (kept.weight + common.weight) / total;
            let plain = (kept.words + common.words) as f64 / words.len() as f64;
            let namesake = || plain >= SHARE_OF_NAMESAKE && is_namesake(&lost.name, &self.carriers[place].name);
            (kept.asserts && (share >= SHARE || namesake())).then_some((share, place))
        };
        kept.into_iter().filter_map(enough).collect()
    }
}

/// Whether a name has half of the words of another one.
fn is_namesake(old: &BTreeSet<String>, new: &BTreeSet<String>) -> bool {
    !old.is_empty() && 2 * old.intersection(new).count() >= old.len()
}
