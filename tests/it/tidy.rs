//! The structure of the source: layers, purity, documentation, lengths. What a reviewer should not have to look for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;

use crate::support::source::{Source, closing, sources};

/// From the bottom up; each may use those before it.
const LAYERS: [&str; 4] = ["core", "edge", "flow", "cli"];

/// Functions above the limit of lines, by file and name, each with the reason why it is not taken apart.
const LONG_FUNCTIONS: &[(&str, &str, &str)] =
    &[("cli/render/human.rs", "emit", "one arm for each kind of event, most of them one line")];

#[track_caller]
fn assert_none(problems: Vec<String>) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// Every place where `code` matches, told with `say`.
fn places(sources: &[Source], pattern: &Regex, say: &str) -> Vec<String> {
    let in_one = |source: &Source| {
        let place = |found: regex::Match<'_>| format!("{}: {say}: `{}`", source.place(found.start()), found.as_str());
        pattern.find_iter(&source.code).map(place).collect::<Vec<_>>()
    };
    sources.iter().flat_map(in_one).collect()
}

#[test]
fn layers_point_down() {
    let mut problems = Vec::new();
    for source in sources() {
        let Some(rank) = LAYERS.iter().position(|layer| *layer == source.layer()) else { continue };
        for above in &LAYERS[rank + 1..] {
            let up = "super::".repeat(source.depth() + 1);
            let pattern = pattern(&format!(r"\bcrate::(\{{[^}}]*\b)?{above}\b|(^|[^:]){up}{above}\b"));
            problems.extend(places(std::slice::from_ref(source), &pattern, "a lower layer must not use a higher one"));
        }
    }
    assert_none(problems);
}

#[test]
fn core_and_flow_do_no_io() {
    let forbidden = r"(\bstd::(fs|net|env|process|thread|os)\b)|(\buse std::\{[^}]*\b(fs|net|env|process|thread)\b)|\bSystemTime\b|\bInstant::now\b|\be?println!|\be?print!|\bFile::(open|create)\b|\bCommand::new\b|\bstd::io::(stdin|stdout|stderr)\b";
    let say = "no file, clock, network, environment, thread, process or print here";
    let pattern = pattern(forbidden);
    let pure = sources().iter().filter(|source| matches!(source.layer(), "core" | "flow"));
    assert_none(pure.flat_map(|source| places(std::slice::from_ref(source), &pattern, say)).collect());
}

/// Writers of refs beside `flow/perform.rs`, each with the reason.
const REF_WRITERS: &[(&str, &str)] = &[
    ("flow/claims.rs", "what the acts that claim and release come to, and the renewal between them"),
    ("cli/apply.rs", "the branch that its user names, and nothing else"),
];

#[test]
fn refs_are_written_where_acts_are_carried_out() {
    let writers = "edit_refs|drop_draft|keep_draft|push|advance|delete_branch|take_claim|swap_claim|release_claim";
    let pattern = pattern(&format!(r"\brepo(\(\))?\s*\.({writers})\("));
    let above = sources().iter().filter(|source| matches!(source.layer(), "flow" | "cli"));
    let may =
        |source: &Source| source.path == "flow/perform.rs" || REF_WRITERS.iter().any(|(path, _)| source.path == *path);
    let found = |source: &Source| places(std::slice::from_ref(source), &pattern, "writes outside of `perform`");
    let (writing, others): (Vec<&Source>, Vec<&Source>) = above.partition(|source| may(source));
    assert_none(others.into_iter().flat_map(found).collect());
    assert!(writing.into_iter().all(|source| !found(source).is_empty()), "a file that is excused writes nothing");
}

#[test]
fn every_file_says_what_it_owns() {
    let silent = sources().iter().filter(|source| !source.text.starts_with("//! "));
    assert_none(silent.map(|source| format!("src/{}: no `//!` line first", source.path)).collect());
}

#[test]
fn files_are_short() {
    let long = |source: &Source| {
        let lines = source.lines_without_tests;
        (lines > 500).then(|| format!("src/{}: {lines} lines without tests", source.path))
    };
    assert_none(sources().iter().filter_map(long).collect());
}

/// Name, place and number of lines of every function outside tests.
fn functions(sources: &[Source]) -> Vec<(String, usize)> {
    let head = pattern(r"\bfn\s+(\w+)");
    let mut found = Vec::new();
    for source in sources {
        for capture in head.captures_iter(&source.code) {
            let start = capture.get(0).expect("a match").start();
            let rest = &source.code[start..];
            let (Some(brace), semicolon) = (rest.find('{'), rest.find(';').unwrap_or(usize::MAX)) else { continue };
            // A semicolon before the body: a declaration, unless it stands in an array type such as `[u8; 4]`.
            let in_type = rest[..brace].rfind('[') < rest[..brace].rfind(';') && rest[..brace].contains(']');
            if semicolon < brace && !in_type {
                continue;
            }
            let body = &source.code[start..closing(&source.code, start + brace)];
            // Comments, blank lines and the rows of a table of literals are no burden to read.
            let lines =
                body.lines().filter(|line| !line.trim().trim_matches(['|', ' ', ',', 'b', '&']).is_empty()).count();
            found.push((format!("{} `{}`", source.place(start), &capture[1]), lines));
        }
    }
    found
}

#[test]
fn functions_are_short() {
    let functions = functions(sources());
    let is_it = |name: &str, file: &str, function: &str| {
        name.starts_with(&format!("src/{file}:")) && name.ends_with(&format!("`{function}`"))
    };
    let excused = |name: &str| LONG_FUNCTIONS.iter().any(|(file, function, _)| is_it(name, file, function));
    let long = functions.iter().filter(|(name, lines)| *lines > 45 && !excused(name));
    assert_none(long.map(|(name, lines)| format!("{name}: {lines} lines")).collect());
    let mut lengths: Vec<usize> = functions.iter().map(|(_, lines)| *lines).collect();
    lengths.sort_unstable();
    let at = |share: usize| lengths[(lengths.len() - 1) * share / 100];
    assert!(at(50) <= 10 && at(90) <= 30, "half of the functions have up to {} lines, 90 % up to {}", at(50), at(90));
}

#[test]
fn nothing_panics_without_a_reason() {
    let mut problems = places(sources(), &pattern(r"\.unwrap\(\)|\.unwrap_err\(\)"), "unwrap outside of tests");
    let expect = pattern(r#"\.expect\(\s*"([^"]*)"#);
    for source in sources() {
        for capture in expect.captures_iter(&source.text) {
            let whole = capture.get(0).expect("a match");
            let in_code = source.code[whole.start()..].starts_with(".expect(");
            if in_code && !capture[1].trim().contains(' ') {
                problems.push(format!("{}: `{}` says no reason", source.place(whole.start()), whole.as_str()));
            }
        }
    }
    let exceptions = pattern(r"#!?\[(allow|expect)\((?:[^()]|\([^)]*\))*\)\]");
    for source in sources() {
        let bare = exceptions.find_iter(&source.text).filter(|found| !found.as_str().contains("reason"));
        problems.extend(bare.map(|found| format!("src/{}: `{}` without a reason", source.path, found.as_str())));
    }
    assert_none(problems);
}

#[test]
fn modules_of_a_layer_do_not_use_each_other_in_circles() {
    for layer in LAYERS {
        let graph = uses(layer);
        for start in graph.keys() {
            if let Some(circle) = way_back(&graph, start) {
                panic!("{layer}: {}", circle.join(" -> "));
            }
        }
    }
}

/// Which modules of a layer use which others of it.
fn uses(layer: &str) -> BTreeMap<String, BTreeSet<String>> {
    let files: Vec<&Source> = sources().iter().filter(|source| source.layer() == layer).collect();
    let modules: BTreeSet<String> = files.iter().filter_map(|source| source.module().map(str::to_owned)).collect();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in files {
        let Some(from) = source.module() else { continue };
        let up = "super::".repeat(source.depth());
        let path = pattern(&format!(r"(?:\bcrate::{layer}::|(?:^|[^:\w]){up})(\w+|\{{)"));
        for capture in path.captures_iter(&source.code) {
            let first = capture.get(1).expect("a group");
            let named = match first.as_str() {
                "{" => group(&source.code, first.start()),
                name => vec![name.to_owned()],
            };
            let others = named.into_iter().filter(|name| modules.contains(name) && name != from);
            graph.entry(from.to_owned()).or_default().extend(others);
        }
    }
    graph
}

/// First names of the paths in a `{...}` group of a `use`.
fn group(code: &str, open: usize) -> Vec<String> {
    let inside = &code[open + 1..closing(code, open) - 1];
    let mut depth = 0;
    let parts = inside.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts.map(|part| part.trim().split("::").next().unwrap_or_default().to_owned()).collect()
}

/// A way from `start` back to itself.
fn way_back(graph: &BTreeMap<String, BTreeSet<String>>, start: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in graph.get(way.last()?).into_iter().flatten() {
            let longer: Vec<String> = way.iter().chain([next]).cloned().collect();
            if next == start {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                ways.push(longer);
            }
        }
    }
    None
}

#[test]
fn heavy_crates_stay_out() {
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).expect("Cargo.lock");
    let banned = ["tokio", "async-std", "reqwest", "hyper", "openssl-sys", "native-tls", "git2", "libgit2-sys"];
    let found = banned.into_iter().filter(|name| lock.contains(&format!("name = \"{name}\"\n")));
    assert_none(found.map(|name| format!("`{name}` is in Cargo.lock")).collect());
}

#[test]
fn every_test_file_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(folder.join("main.rs")).expect("main.rs");
    let names = std::fs::read_dir(&folder).expect("tests/it").map(|entry| entry.expect("an entry").path());
    let stems = names.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned());
    let forgotten = stems.filter(|stem| stem != "main" && !main.contains(&format!("\nmod {stem};")));
    assert_none(forgotten.map(|stem| format!("tests/it/{stem} is not in main.rs")).collect());
}
