//! The hostile corpus and its harmless look-alikes, as far as the engine alone decides them; the guard's part is `guard`'s.

use std::collections::BTreeMap;

use git_burn::core::change::{Entry, File, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{Applied, ApplyOptions, Care, Completeness, LineNumbers, Patch, Refusal};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    kind: String,
    class: String,
    level: String,
    #[serde(default)]
    input: serde_json::Value,
    #[serde(default)]
    setup: Setup,
    expect: String,
    #[serde(default)]
    after: BTreeMap<String, Option<String>>,
}

#[derive(Deserialize, Default)]
struct Setup {
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    symlinks: BTreeMap<String, String>,
    #[serde(default)]
    exec: Vec<String>,
}

fn cases() -> Vec<Case> {
    let shared = std::env::var_os("GIT_BURN_SHARED")
        .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), Into::into);
    let file = [shared.join("data/hostile/hostile.jsonl"), "/work/shared/data/hostile/hostile.jsonl".into()]
        .into_iter()
        .find(|path| path.is_file());
    let Some(file) = file else {
        println!("skipped: no hostile corpus beside the repository (GIT_BURN_SHARED)");
        return Vec::new();
    };
    let text = std::fs::read_to_string(file).expect("a readable corpus");
    let cases = text.lines().map(|line| serde_json::from_str(line).expect("a case"));
    cases.filter(|case: &Case| case.kind.starts_with("patch_")).collect()
}

fn snapshot(setup: &Setup) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let path = |name: &String| RepoPath::parse(name).expect("a path of a tree");
    for (name, text) in &setup.files {
        let file = File { bytes: text.clone().into_bytes().into(), executable: setup.exec.contains(name) };
        snapshot.entries.insert(path(name), Entry::File(file));
    }
    for (name, target) in &setup.symlinks {
        snapshot.entries.insert(path(name), Entry::Symlink(target.clone().into_bytes().into()));
    }
    let folders: Vec<RepoPath> =
        snapshot.entries.keys().flat_map(|path| path.ancestors().collect::<Vec<_>>()).collect();
    snapshot.entries.extend(folders.into_iter().map(|folder| (folder, Entry::Directory)));
    snapshot
}

fn apply(case: &Case) -> Result<Applied, Refusal> {
    let options = ApplyOptions { line_numbers: LineNumbers::Shown, care: Care::Model, seen: None };
    let input = case.input.as_str().expect("a text");
    Patch::parse(input.as_bytes(), Completeness::Unknown)?.apply(&snapshot(&case.setup), &options)
}

#[test]
fn look_alikes_are_applied_exactly() {
    let mut failures = Vec::new();
    for case in cases().iter().filter(|case| case.expect == "accept") {
        match apply(case) {
            Err(refusal) => failures.push(format!("{} ({}): {refusal}", case.id, case.level)),
            Ok(applied) => {
                let texts = applied.change.files.iter().map(|(path, file)| {
                    (
                        path.to_string(),
                        file.after.as_ref().map(|entry| String::from_utf8_lossy(entry.bytes()).into_owned()),
                    )
                });
                let texts = texts.filter(|(name, text)| case.setup.files.get(name) != text.as_ref());
                let mut got: BTreeMap<String, Option<String>> = texts.collect();
                got.extend(
                    applied
                        .change
                        .paths()
                        .filter(|path| !applied.change.files.contains_key(*path))
                        .map(|path| (path.to_string(), None)),
                );
                if got != case.after {
                    failures.push(format!("{} ({}): {got:?} instead of {:?}", case.id, case.level, case.after));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What the engine must refuse without any policy.
const ENGINE: [&str; 8] =
    ["traversal", "path_control", "path_odd", "dotgit", "header_mismatch", "format", "placeholder", "conflict_marker"];

#[test]
fn what_no_policy_is_needed_for_is_refused() {
    let mut accepted = Vec::new();
    for case in cases().iter().filter(|case| case.expect == "refuse" && case.level == "core") {
        let outcome = apply(case);
        if outcome.is_ok() && ENGINE.contains(&case.class.as_str()) {
            accepted.push(format!("{} {}: {}", case.id, case.class, case.input));
        }
        if let Err(refusal) = outcome {
            assert!(
                !refusal.to_string().chars().any(|c| c.is_control() && c != '\n'),
                "{}: control characters",
                case.id
            );
        }
    }
    assert!(accepted.is_empty(), "{}", accepted.join("\n"));
}
