//! What refusals of real answers cost the model that reads them, in tokens.

use std::collections::BTreeMap;

use git_burn::core::change::{Entry, Snapshot};
use git_burn::core::conversation::tokens;
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{ApplyOptions, Care, Completeness, LineNumbers, Patch};
use serde::Deserialize;

#[derive(Deserialize)]
struct Answer {
    raw_output: String,
    files: BTreeMap<String, Option<String>>,
}

/// Tokens and blocks of each refusal of `data/patches/real-open.jsonl`, fewest tokens first.
fn refusals() -> Vec<(u64, usize)> {
    let shared = std::env::var_os("GIT_BURN_SHARED")
        .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), Into::into);
    let Ok(text) = std::fs::read_to_string(shared.join("data/patches/real-open.jsonl")) else {
        println!("skipped: no real answers beside the repository (GIT_BURN_SHARED)");
        return Vec::new();
    };
    let mut refusals = Vec::new();
    for line in text.lines() {
        let answer: Answer = serde_json::from_str(line).expect("an answer");
        let files =
            answer.files.iter().filter_map(|(name, text)| Some((RepoPath::parse(name).ok()?, text.as_deref()?)));
        let entries: BTreeMap<RepoPath, Entry> = files.map(|(path, text)| (path, Entry::file(text))).collect();
        let listing = Some(entries.keys().cloned().collect::<Vec<_>>().into());
        let base = Snapshot { entries, listing, ..Snapshot::default() };
        let options = ApplyOptions { line_numbers: LineNumbers::Shown, care: Care::Model, seen: None };
        let patch = Patch::parse(answer.raw_output.as_bytes(), Completeness::Complete);
        if let Err(refusal) = patch.and_then(|patch| patch.apply(&base, &options)) {
            refusals.push((tokens(&refusal.to_string()), refusal.problems.len()));
        }
    }
    refusals.sort_unstable();
    refusals
}

#[test]
fn a_refusal_is_short_enough_to_be_read() {
    let refusals = refusals();
    let Some((most, problems)) = refusals.last() else { return };
    let (median, _) = refusals[refusals.len() / 2];
    let (high, _) = refusals[refusals.len() * 9 / 10];
    println!(
        "{} refusals: {median} tokens in the median, {high} in one of ten, {most} at most ({problems} problems)",
        refusals.len()
    );
    assert!(median <= 200 && high <= 600 && *most <= 4_000, "{median}, {high}, {most}");
}
