//! What an issue asks about: weighted terms, code-like names, paths, stack frames, module names and runs of words.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::features::{Fast, View};
use super::passages::{Passage, passages};
use super::words::{self, Term};
use crate::core::text::pattern;

/// An issue, analysed once.
#[derive(Debug, Clone)]
pub struct Query {
    /// Sorted by hash.
    pub terms: Vec<QueryTerm>,
    /// Identifiers that files may define, with how much each looks like one (title 2, backticks 1.6, code-like in prose
    /// 1, in code 0.6, any other word 0.25).
    pub names: BTreeMap<String, f32>,
    /// Paths as written, `/`-separated, with the line where one was given.
    pub places: Vec<Place>,
    /// `a.b.c`, `a::b`, `a/b`: `/`-separated.
    pub modules: BTreeSet<String>,
    /// Hashes of runs of three words that stand in the issue in this order: quoted code and messages.
    pub runs: HashSet<u64, Fast>,
    /// 64 Ki bits: whether a term may be one of `terms`.
    filter: Box<[u64; 1024]>,
}

/// A term with its weights in the issue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueryTerm {
    pub term: Term,
    /// Occurrences, each by its passage, see [`Passage::weights`]; 0 for a stop word.
    pub weight: f32,
    /// Occurrences in the title.
    pub title: f32,
}

/// A path in the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub path: String,
    /// From 1, of a stack frame or `path:line`.
    pub line: Option<u32>,
}

/// Which query terms a text has, and how often; what is left of a blob in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    /// Position in [`Query::terms`], and count.
    pub terms: Box<[(u16, u8)]>,
    /// Occurrences of all terms in the text.
    pub length: u32,
}

/// The distinct terms that count; an issue has 50 to 400, a pasted log thousands.
const TERM_LIMIT: usize = 2000;

const EXTENSIONS: &str = "pyi?|pyx|jsx?|tsx?|mjs|cjs|vue|svelte|go|rs|java|groovy|kts?|scala|c|h|cc|cpp|cxx|hpp|hh|mm?|cs|php|rb|rake|swift|\
     dart|lua|pl|pm|sh|bash|r|R|jl|exs?|hs|zig|sql|rst|md|txt|cfg|toml|ya?ml|json|html|tmpl|css|scss|xml|proto";

static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    let place = format!(r#"([\w./\\@~+-]*\w\.(?:{EXTENSIONS}))\b(?:(?:", line |:line |[:#]L?|\()(\d+))?"#);
    pattern(&place)
});
static MODULE: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z_]\w*(?:(?:\.|::|/|\\)[A-Za-z_]\w*)+"));
static TICKED: LazyLock<Regex> = LazyLock::new(|| pattern(r"`+([^`\n]+)`+"));

impl Query {
    /// Analyses title and body. Never fails: an empty issue is an empty query.
    pub fn new(title: &str, body: &str) -> Self {
        let passages = passages(title, body);
        let terms = weigh(&passages);
        let mut filter = Box::new([0; 1024]);
        for term in &terms {
            filter[filter_word(term.term)] |= filter_bit(term.term);
        }
        let whole = format!("{title}\n{body}");
        Self {
            names: names(title, &passages),
            places: places(&whole),
            modules: modules(&whole),
            runs: runs(title, body),
            terms,
            filter,
        }
    }

    /// The hits of an indexed blob.
    pub fn hits(&self, view: &View<'_>) -> Hits {
        let found = view.terms().filter_map(|(term, count)| Some((self.position(term)?, count)));
        Hits { terms: found.collect(), length: view.length }
    }

    /// Counts the query's terms in a text that is not indexed: a commit message, a piece of a file.
    pub fn hits_in(&self, text: &[u8]) -> Hits {
        let mut counts: BTreeMap<u16, u8> = BTreeMap::new();
        let (mut length, mut buffer) = (0, Vec::new());
        for range in words::words(text).filter(|range| range.len() <= 80) {
            words::terms_of(&text[range], &mut buffer, |term| {
                length += 1;
                if let Some(position) = self.position(term) {
                    let count = counts.entry(position).or_default();
                    *count = count.saturating_add(1);
                }
            });
        }
        Hits { terms: counts.into_iter().collect(), length }
    }

    /// Where a term stands in [`Query::terms`].
    pub fn position(&self, term: Term) -> Option<u16> {
        if self.filter[filter_word(term)] & filter_bit(term) == 0 {
            return None;
        }
        self.terms.binary_search_by_key(&term, |one| one.term).ok().map(|at| at as u16)
    }
}

fn filter_word(term: Term) -> usize {
    (term.0 as usize >> 6) & 1023
}

fn filter_bit(term: Term) -> u64 {
    1 << (term.0 & 63)
}

/// A part of an identifier counts this much of the whole.
const PART: f32 = 0.65;

fn weigh(passages: &[(Passage, &str)]) -> Vec<QueryTerm> {
    let mut weights: HashMap<Term, (f32, f32)> = HashMap::new();
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    for (passage, text) in passages {
        let (plain, like_code) = passage.weights();
        let in_title = if *passage == Passage::Title { 1.0 } else { 0.0 };
        for range in words::words(text.as_bytes()).filter(|range| range.len() <= 80) {
            let word = &text.as_bytes()[range.clone()];
            words::terms_of(word, &mut buffer, |term| found.push(term));
            let is_stop_word = words::is_stop_word(&word.to_ascii_lowercase());
            let weight = if looks_like_code(text.as_bytes(), range) { like_code } else { plain };
            let last = found.len().saturating_sub(1);
            for (at, term) in found.drain(..).enumerate() {
                let entry = weights.entry(term).or_default();
                if !is_stop_word {
                    entry.0 += if at == last { weight } else { weight * PART };
                    entry.1 += in_title;
                }
            }
        }
    }
    let mut terms: Vec<_> =
        weights.into_iter().map(|(term, (weight, title))| QueryTerm { term, weight, title }).collect();
    terms.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then(a.term.cmp(&b.term)));
    terms.truncate(TERM_LIMIT);
    terms.sort_unstable_by_key(|term| term.term);
    terms
}

/// In backticks a word is a name although it does not look like code, with this much of the weight.
const NAME_IN_TICKS: f32 = 0.6;

/// Any other word may be a name.
const ANY_NAME: f32 = 0.25;

fn names(title: &str, passages: &[(Passage, &str)]) -> BTreeMap<String, f32> {
    let mut found = BTreeMap::new();
    let ticked = TICKED.captures_iter(title).filter_map(|found| Some((Passage::Ticked, found.get(1)?.as_str())));
    for (passage, text) in passages.iter().copied().chain(ticked).filter(|(passage, _)| passage.naming() > 0.0) {
        for range in words::words(text.as_bytes()).filter(|range| (3..=80).contains(&range.len())) {
            let Ok(word) = std::str::from_utf8(&text.as_bytes()[range.clone()]) else { continue };
            let weight = match looks_like_code(text.as_bytes(), range) {
                true => passage.naming(),
                false if passage == Passage::Ticked => passage.naming() * NAME_IN_TICKS,
                false if word.len() > 3 => ANY_NAME,
                false => continue,
            };
            let entry = found.entry(word.to_owned()).or_insert(weight);
            *entry = entry.max(weight);
        }
    }
    found
}

/// `snake_case`, `camelCase`, `Camel2`, `name(`, `.name`, `::name`.
fn looks_like_code(text: &[u8], word: std::ops::Range<usize>) -> bool {
    let inner = words::trim_underscores(&text[word.clone()]);
    let hump = inner.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let acronym = inner
        .windows(3)
        .any(|three| three[0].is_ascii_uppercase() && three[1].is_ascii_uppercase() && three[2].is_ascii_lowercase());
    let before = word.start.checked_sub(1).map(|at| text[at]);
    let called = text.get(word.end) == Some(&b'(')
        || (before == Some(b'.') && word.start > 1 && words::is_word_byte(text[word.start - 2]));
    inner.contains(&b'_')
        || hump
        || acronym
        || called
        || (before == Some(b':') && word.start > 1 && text[word.start - 2] == b':')
}

fn places(text: &str) -> Vec<Place> {
    let found = PLACE.captures_iter(text).map(|captures| {
        let path = captures.get(1).map_or("", |path| path.as_str()).replace('\\', "/");
        let line = captures.get(2).and_then(|line| line.as_str().parse().ok());
        Place { path: path.trim_start_matches(['.', '/', '~', '@']).to_owned(), line }
    });
    let mut places: Vec<Place> = found.filter(|place| !place.path.is_empty()).collect();
    places.sort();
    places.dedup();
    places
}

fn modules(text: &str) -> BTreeSet<String> {
    let written = MODULE.find_iter(text).map(|found| found.as_str());
    written.filter(|name| name.len() <= 200).map(|name| name.replace("::", "/").replace(['.', '\\'], "/")).collect()
}

/// The hash of a word as it is written, for [`run_hash`].
pub fn word_hash(word: &[u8]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = super::features::FastHasher::default();
    hasher.write(word);
    hasher.write_usize(word.len());
    hasher.finish()
}

/// The hash of three words in a row.
pub fn run_hash(words: [u64; 3]) -> u64 {
    let mixed = words.iter().fold(0_u64, |all, word| (all.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed ^ (mixed >> 29)
}

/// Every run of three words of title or body, once.
fn runs(title: &str, body: &str) -> HashSet<u64, Fast> {
    let mut found = HashSet::default();
    for text in [title, body] {
        let all: Vec<u64> = words::words(text.as_bytes()).map(|range| word_hash(&text.as_bytes()[range])).collect();
        found.extend(all.windows(3).map(|three| run_hash([three[0], three[1], three[2]])));
    }
    found
}
