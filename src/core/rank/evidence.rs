//! Evidence that needs no file to be read: the index, the paths, the definitions and the history.

use std::collections::HashMap;

use super::bm25::{Statistics, issue_weight, saturate, title_weight};
use super::corpus::{Corpus, File};
use super::definitions::Kind;
use super::features::Fast;
use super::language::{Role, file_name, file_stem};
use super::query::{Hits, Query};
use super::signals::{Signal, Values, scale};
use super::words::{Term, parts, stem, words};

/// Commits whose message resembles the issue count up to this many.
pub const SIMILAR_LIMIT: usize = 60;

/// How much more the title counts than the whole issue, as messages are written like titles. With 3 instead of 0 the mean
/// reciprocal rank of the right files is 0.756 instead of 0.748 on SWE-bench Lite's open instances, 0.755 instead of
/// 0.752 on 458 issues of other Python projects and 0.686 instead of 0.681 on 302 in other languages.
const TITLE_SHARE: f32 = 3.0;

/// Commits that change more files than this say nothing about any of them.
const WIDE_COMMIT: usize = 30;

/// Positions in `messages` of the commits that resemble the issue most, best first, with their scores.
pub fn similar_commits(query: &Query, messages: &[Hits]) -> Vec<(usize, f32)> {
    let statistics = Statistics::of(query, messages.iter(), 0.5);
    let (issue, title) = (issue_weight(query), title_weight(query));
    let weight = |term| TITLE_SHARE.mul_add(title(term), issue(term));
    let mut scored: Vec<(usize, f32)> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| (at, statistics.score(message, weight)))
        .filter(|(_, score)| *score > 0.0)
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored.truncate(SIMILAR_LIMIT);
    scored
}

/// All signals of the first look, scaled, in the order of the corpus.
pub fn first_look(query: &Query, corpus: &Corpus) -> Vec<Values> {
    let mut values = vec![Values::NONE; corpus.files.len()];
    for (file, one) in corpus.files.iter().zip(&mut values) {
        role(file, one);
    }
    words_in_content(query, corpus, &mut values);
    words_in_paths(query, corpus, &mut values);
    mentions(query, corpus, &mut values);
    definitions(query, corpus, &mut values);
    history(query, corpus, &mut values);
    let scaled = [
        Signal::Content,
        Signal::Title,
        Signal::Path,
        Signal::Name,
        Signal::Module,
        Signal::Defines,
        Signal::Definitions,
        Signal::Recent,
        Signal::Often,
        Signal::Similar,
        Signal::Size,
    ];
    scaled.into_iter().for_each(|signal| scale(&mut values, signal));
    values
}

/// Statistics over program text only: thousands of translations or fixtures would make every word look rare.
fn statistics(query: &Query, corpus: &Corpus) -> Statistics {
    let source = |file: &&File| !matches!(file.role, Role::Data | Role::Foreign) && file.hits.length > 0;
    Statistics::of(query, corpus.files.iter().filter(source).map(|file| &file.hits), 0.6)
}

fn words_in_content(query: &Query, corpus: &Corpus, values: &mut [Values]) {
    let statistics = statistics(query, corpus);
    let (issue, title) = (issue_weight(query), title_weight(query));
    for (file, one) in corpus.files.iter().zip(values) {
        one.set(Signal::Content, statistics.score(&file.hits, &issue));
        one.set(Signal::Title, statistics.score(&file.hits, &title));
        one.set(Signal::Size, (1.0 + file.lines as f32).ln());
    }
}

/// Stemmed parts of a path or name, each once, as positions in the query's terms; and how many parts there are.
fn path_terms(query: &Query, path: &[u8]) -> (Vec<u16>, usize) {
    let mut buffer = Vec::new();
    let mut all: Vec<Term> = Vec::new();
    for range in words(path) {
        for part in parts(&path[range]) {
            stem(part, &mut buffer);
            if buffer.len() > 1 {
                all.push(Term::of(&buffer));
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    (all.iter().filter_map(|term| query.position(*term)).collect(), all.len())
}

/// Names that say less than the folder that they stand in.
const PLAIN_NAMES: &[&[u8]] = &[
    b"__init__",
    b"base",
    b"core",
    b"utils",
    b"util",
    b"common",
    b"index",
    b"mod",
    b"lib",
    b"main",
    b"helpers",
    b"types",
];

/// The file's telling name: its stem, or its folder where the stem tells nothing.
fn telling_name(path: &[u8]) -> &[u8] {
    let stem = file_stem(path);
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) if PLAIN_NAMES.contains(&stem) => file_name(&path[..slash]),
        _ => stem,
    }
}

fn words_in_paths(query: &Query, corpus: &Corpus, values: &mut [Values]) {
    let found: Vec<_> =
        corpus.files.iter().map(|file| path_terms(query, without_extension(file.path.as_bytes())).0).collect();
    let mut containing = vec![0_u32; query.terms.len()];
    found.iter().flatten().for_each(|term| containing[*term as usize] += 1);
    let all = corpus.files.len() as f32;
    let worth = |term: &u16| {
        let n = containing[*term as usize].max(1) as f32;
        (1.0 + all / n).ln() * saturate(query.terms[*term as usize].weight)
    };
    for ((file, terms), one) in corpus.files.iter().zip(&found).zip(values) {
        one.set(Signal::Path, terms.iter().map(worth).sum());
        let (name, count) = path_terms(query, telling_name(file.path.as_bytes()));
        let sum: f32 = name.iter().map(worth).sum();
        one.set(Signal::Name, sum / (count.max(1) as f32).sqrt());
    }
}

fn without_extension(path: &[u8]) -> &[u8] {
    let stem = file_stem(path).len();
    &path[..path.len() - file_name(path).len() + stem]
}

/// Paths, stack frames and module names that stand in the issue.
fn mentions(query: &Query, corpus: &Corpus, values: &mut [Values]) {
    let places: std::collections::BTreeSet<&String> = query.places.iter().map(|place| &place.path).collect();
    let found: Vec<_> =
        places.iter().map(|path| corpus.find_path(path)).filter(|(found, _)| !found.is_empty()).collect();
    // A long traceback names many files, each of which then says less.
    let share = (found.len().max(1) as f32).sqrt();
    for (found, depth) in found {
        let trust = if depth > 1 || found.len() <= 2 { 1.0 } else { 0.5 };
        for position in &found {
            let one = &mut values[*position as usize];
            one.set(Signal::Mention, one.get(Signal::Mention) + trust / share / found.len() as f32);
        }
    }
    for module in &query.modules {
        let (found, depth) = corpus.find_module(module);
        if depth < 2 && found.len() != 1 {
            continue;
        }
        for position in &found {
            let path = corpus.files[*position as usize].path.as_bytes();
            let folder = if file_stem(path) == b"__init__" { 0.7 } else { 0.0 };
            let one = &mut values[*position as usize];
            let value = (depth as f32 - folder) / found.len() as f32;
            one.set(Signal::Module, one.get(Signal::Module).max(value));
        }
    }
}

/// How strongly a definition of this kind ties a name to its file.
pub fn kind_weight(kind: Kind) -> f32 {
    match kind {
        Kind::Type => 1.0,
        Kind::Function => 0.8,
        Kind::Value | Kind::Member => 0.6,
        Kind::Block => 0.0,
    }
}

/// Who defines each of some names.
pub fn definers(corpus: &Corpus, names: &HashMap<Term, f32, Fast>) -> HashMap<Term, Vec<(u32, Kind)>, Fast> {
    let mut found: HashMap<Term, Vec<(u32, Kind)>, Fast> = HashMap::default();
    for (position, file) in corpus.files.iter().enumerate() {
        for (name, kind) in file.definitions.iter().filter(|(name, _)| names.contains_key(name)) {
            found.entry(*name).or_default().push((position as u32, *kind));
        }
    }
    found
}

/// What one definition of a name is worth when so many files define it.
pub fn definition_worth(corpus: &Corpus, all: &[(u32, Kind)]) -> f32 {
    let files = corpus.files.len() as f32;
    let honest = all.iter().filter(|(file, _)| corpus.files[*file as usize].role != Role::Test).count();
    let sharing = if honest == 0 { all.len() } else { honest };
    (1.0 + files / all.len() as f32).ln() / (1.0 + files).ln() / (sharing as f32).sqrt()
}

fn definitions(query: &Query, corpus: &Corpus, values: &mut [Values]) {
    let names: HashMap<Term, f32, Fast> =
        query.names.iter().map(|(name, weight)| (Term::of(name.as_bytes()), *weight)).collect();
    let mut found: Vec<_> = definers(corpus, &names).into_iter().collect();
    found.sort_unstable_by_key(|(name, _)| *name);
    for (name, all) in found {
        let worth = names[&name] * definition_worth(corpus, &all);
        for (file, kind) in all {
            let value = worth * kind_weight(kind);
            let one = &mut values[file as usize];
            one.set(Signal::Definitions, one.get(Signal::Definitions) + value);
            one.set(Signal::Defines, one.get(Signal::Defines).max(value));
        }
    }
}

fn history(query: &Query, corpus: &Corpus, values: &mut [Values]) {
    for (age, commit) in corpus.history.iter().enumerate() {
        let Some(files) = commit.files.as_ref().filter(|files| files.len() <= WIDE_COMMIT) else { continue };
        for file in files {
            let one = &mut values[*file as usize];
            one.set(Signal::Recent, one.get(Signal::Recent) + (-(age as f32) / 300.0).exp());
            one.set(Signal::Often, one.get(Signal::Often) + 1.0);
        }
    }
    let messages: Vec<Hits> = corpus.history.iter().map(|commit| commit.hits.clone()).collect();
    for (commit, score) in similar_commits(query, &messages) {
        let Some(files) = corpus.history[commit].files.as_ref().filter(|files| files.len() <= WIDE_COMMIT) else {
            continue;
        };
        for file in files {
            let one = &mut values[*file as usize];
            one.set(Signal::Similar, one.get(Signal::Similar) + score / (files.len() as f32).sqrt());
        }
    }
    for one in values {
        one.set(Signal::Recent, one.get(Signal::Recent).ln_1p());
        one.set(Signal::Often, one.get(Signal::Often).ln_1p());
    }
}

fn role(file: &File, one: &mut Values) {
    let signal = match file.role {
        Role::Source => None,
        Role::Test => Some(Signal::Test),
        Role::TestSupport => Some(Signal::TestSupport),
        Role::Documentation => Some(Signal::Documentation),
        Role::Foreign => Some(Signal::Foreign),
        Role::Data => Some(Signal::Data),
    };
    signal.into_iter().for_each(|signal| one.set(signal, 1.0));
    if file.lines < 6 {
        one.set(Signal::Tiny, 1.0);
    }
}
