//! What an issue asks about: weighted terms, code-like names, paths, stack frames, module names and runs of words.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::features::{Fast, View};
use super::words::{self, Term};

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
    /// Occurrences: title twice, prose once, code half; 0 for a stop word.
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
    let pattern = format!(r#"([\w./\\@~+-]*\w\.(?:{EXTENSIONS}))\b(?:(?:", line |:line |[:#]L?|\()(\d+))?"#);
    Regex::new(&pattern).expect("a constant pattern")
});
static MODULE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z_]\w*(?:(?:\.|::|/|\\)[A-Za-z_]\w*)+").expect("a constant pattern"));
static TICKED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"`+([^`\n]+)`+").expect("a constant pattern"));

impl Query {
    /// Analyses title and body. Never fails: an empty issue is an empty query.
    pub fn new(title: &str, body: &str) -> Self {
        let (prose, code) = split_code(body);
        let terms = weigh(title, &prose, &code);
        let mut filter = Box::new([0; 1024]);
        for term in &terms {
            filter[filter_word(term.term)] |= filter_bit(term.term);
        }
        let whole = format!("{title}\n{body}");
        Self {
            names: names(title, &prose, &code),
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

/// Prose and code of a body: fences, indented lines and prompts are code.
fn split_code(body: &str) -> (String, String) {
    let (mut prose, mut code) = (String::new(), String::new());
    let mut fenced = false;
    for line in body.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
            continue;
        }
        let prompt = trimmed.starts_with(">>>") || trimmed.starts_with("$ ") || trimmed.starts_with("In [");
        let target =
            if fenced || prompt || line.starts_with("    ") || line.starts_with('\t') { &mut code } else { &mut prose };
        target.push_str(line);
        target.push('\n');
    }
    (prose, code)
}

fn weigh(title: &str, prose: &str, code: &str) -> Vec<QueryTerm> {
    let mut weights: HashMap<Term, (f32, f32)> = HashMap::new();
    let mut buffer = Vec::new();
    for (text, weight, in_title) in [(title, 2.0, 1.0), (prose, 1.0, 0.0), (code, 0.5, 0.0)] {
        for range in words::words(text.as_bytes()).filter(|range| range.len() <= 80) {
            let word = &text.as_bytes()[range];
            let stop = words::is_stop_word(&word.to_ascii_lowercase());
            words::terms_of(word, &mut buffer, |term| {
                let entry = weights.entry(term).or_default();
                if !stop {
                    entry.0 += weight;
                    entry.1 += in_title;
                }
            });
        }
    }
    let mut terms: Vec<_> =
        weights.into_iter().map(|(term, (weight, title))| QueryTerm { term, weight, title }).collect();
    terms.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then(a.term.cmp(&b.term)));
    terms.truncate(TERM_LIMIT);
    terms.sort_unstable_by_key(|term| term.term);
    terms
}

fn names(title: &str, prose: &str, code: &str) -> BTreeMap<String, f32> {
    let mut found = BTreeMap::new();
    let mut add = |text: &str, weight: f32, certain: bool| {
        for range in words::words(text.as_bytes()).filter(|range| (3..=80).contains(&range.len())) {
            let Ok(word) = std::str::from_utf8(&text.as_bytes()[range.clone()]) else { continue };
            let like = looks_like_code(text.as_bytes(), range);
            let weight = match (like, certain) {
                (true, _) => weight,
                (false, true) => weight * 0.6,
                (false, false) if word.len() > 3 => 0.25,
                (false, false) => continue,
            };
            let entry = found.entry(word.to_owned()).or_insert(weight);
            *entry = entry.max(weight);
        }
    };
    add(code, 0.6, false);
    add(prose, 1.0, false);
    for ticked in TICKED.captures_iter(prose).chain(TICKED.captures_iter(title)) {
        add(ticked.get(1).map_or("", |text| text.as_str()), 1.6, true);
    }
    add(title, 2.0, false);
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
