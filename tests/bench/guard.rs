//! How many honest commits the guard refuses, and why: `cargo bench --profile quick -- guard GITDIR...`
//!
//! From each repository it takes `--commits=N` (100) commits such as an agent would make: reachable from HEAD, no merge, at
//! most 20 files and 2000 added and removed lines, at least one file of code among them that is no test, no path that this
//! program refuses. They are spread evenly over the history; `--phase=P` (0 to 99) shifts the choice by P hundredths of the
//! distance, for commits that nobody looked at while the rules were written. The commit message takes the place.
//! `--out=FILE` writes one refused commit a line, `TAB` between repository, commit and its violations.
//!
//! 70 public repositories in Python, Rust, Go, JavaScript, TypeScript, Java, Kotlin, Ruby, PHP, C#, C and C++, on 2026-11-25:
//!
//! | commits | refused by rules about tests before | after tests of one name, messages and joined tests were told apart |
//! |---|---|---|
//! | 6,948, `--phase=0`: read while the rules were changed | 173 (2.5 %) | 141 (2.0 %) |
//! | 6,943, `--phase=50`: read after that only | 178 (2.6 %) | 154 (2.2 %) |
//!
//! Another choice of 70 of them, and 102 others, before and after a lost test needed a new one that carries on what it was about:
//!
//! | commits | refused by rules about tests before | after |
//! |---|---|---|
//! | 6,834, `--phase=0`: read while the rule was made | 135 (1.98 %) | 142 (2.08 %) |
//! | 6,844, `--phase=50`: read after that only | 145 (2.12 %) | 148 (2.16 %) |
//! | 9,852 of the 102, `--phase=0`: read after that only | 194 (1.97 %) | 206 (2.09 %) |
//!
//! A commit message says less than an issue does, so changed expectations stand for more here than they would there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use git_burn::core::change::{Change, FileChange};
use git_burn::core::guard::{Policy, ReviewContext, Rule, Violation, is_test_file};
use git_burn::core::names::RepoPath;
use git_burn::core::renames::pair_renames;

use crate::patch::history::{Blobs, Side, entry, git, raw};

const FILES: usize = 20;

/// What stands in the table for one rule.
#[derive(Default)]
struct Tally {
    commits: usize,
    refused: usize,
    /// Refused by at least one of the rules about tests.
    by_tests: usize,
    rules: BTreeMap<&'static str, usize>,
}

/// Runs it.
pub(crate) fn run(args: &[String]) {
    let option = |name: &str| args.iter().find_map(|arg| arg.strip_prefix(name));
    let number = |name: &str, default: usize| option(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (commits, phase) = (number("--commits=", 100), number("--phase=", 0));
    let mut lines = String::new();
    let mut sum = Tally::default();
    for dir in args.iter().filter(|arg| !arg.starts_with("--")) {
        let tally = measure(dir, commits, phase, &mut lines);
        print(name(dir), &tally);
        sum.add(tally);
    }
    print("all", &sum);
    if let Some(file) = option("--out=") {
        std::fs::write(file, lines).expect("a file");
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.commits += other.commits;
        self.refused += other.refused;
        self.by_tests += other.by_tests;
        for (rule, count) in other.rules {
            *self.rules.entry(rule).or_default() += count;
        }
    }

    fn count(&mut self, violations: &[Violation]) {
        self.commits += 1;
        let rules: BTreeSet<Rule> = violations.iter().map(|violation| violation.rule).collect();
        self.refused += usize::from(!rules.is_empty());
        self.by_tests +=
            usize::from(rules.iter().any(|rule| rule.name().starts_with("test-") || *rule == Rule::ExpectedValue));
        for rule in rules {
            *self.rules.entry(rule.name()).or_default() += 1;
        }
    }
}

fn print(name: &str, tally: &Tally) {
    let share = |count: usize| 100.0 * count as f64 / tally.commits.max(1) as f64;
    let rules: Vec<String> = tally.rules.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    println!(
        "{name}: {} commits, {} refused ({:.1} %), {} by rules about tests ({:.1} %): {}",
        tally.commits,
        tally.refused,
        share(tally.refused),
        tally.by_tests,
        share(tally.by_tests),
        rules.join(", ")
    );
}

fn name(dir: &str) -> &str {
    dir.trim_end_matches('/').trim_end_matches("/repo").rsplit('/').next().unwrap_or(dir)
}

fn measure(dir: &str, commits: usize, phase: usize, lines: &mut String) -> Tally {
    let mut tally = Tally::default();
    let listed = git(dir, &["rev-list", "--no-merges", "--parents", "HEAD"]).unwrap_or_default();
    let listed = String::from_utf8(listed).expect("ids");
    let listed: Vec<(&str, &str)> = listed.lines().filter_map(|ids| ids.split_once(' ')).collect();
    let mut blobs = Blobs::new(dir);
    for slot in 0..commits {
        // The first commit of each part of the history that is one of those that count.
        let part = |slot: usize| slot * listed.len() / commits;
        let start = part(slot) + (part(slot + 1) - part(slot)) * phase / 100;
        let found = listed[start..part(slot + 1)].iter().take(20).find_map(|(commit, parent)| {
            let change = honest(dir, parent, commit, &mut blobs)?;
            Some((commit, change))
        });
        let Some((commit, change)) = found else { continue };
        let message = message(&mut blobs, commit);
        let violations = judged(change, &message);
        tally.count(&violations);
        if !violations.is_empty() {
            let all: Vec<String> = violations.iter().map(ToString::to_string).collect();
            writeln!(lines, "{}\t{commit}\t{}", name(dir), all.join("\t")).expect("text");
        }
    }
    blobs.close();
    tally
}

/// The change of a commit, if it is of the kind that an agent makes.
fn honest(dir: &str, parent: &str, commit: &str, blobs: &mut Blobs) -> Option<Change> {
    let sides = raw(dir, parent, commit)?;
    let mut change = Change::default();
    if sides.is_empty() || sides.len() > 2 * FILES {
        return None;
    }
    for raw in &sides {
        let path = RepoPath::parse(&raw.path).ok()?;
        let mut read = |side: &Side| side.as_ref().map(|side| entry(side, blobs).ok_or(())).transpose().ok();
        let file = FileChange { before: read(&raw.old)?, after: read(&raw.new)?, origin: None };
        change.files.insert(path, file);
    }
    let change = pair_renames(change);
    let counts = change.line_counts();
    let small = counts.files <= FILES && counts.added + counts.removed <= 2000;
    (small && change.files.keys().any(is_code)).then_some(change)
}

/// Whether a file is source and no test.
fn is_code(path: &RepoPath) -> bool {
    const CODE: [&str; 36] = [
        "py", "pyx", "rs", "go", "js", "jsx", "ts", "tsx", "mjs", "cjs", "vue", "svelte", "rb", "java", "kt", "kts",
        "cs", "scala", "groovy", "php", "swift", "fs", "c", "cc", "cpp", "cxx", "h", "hpp", "m", "lua", "ex", "pl",
        "sh", "dart", "zig", "hs",
    ];
    let text = path.to_text().to_lowercase();
    text.rsplit_once('.').is_some_and(|(_, extension)| CODE.contains(&extension)) && !is_test_file(path)
}

/// Subject and body of a commit.
fn message(blobs: &mut Blobs, commit: &str) -> (String, String) {
    let text = String::from_utf8_lossy(&blobs.read(commit).unwrap_or_default()).into_owned();
    let message = text.split_once("\n\n").map_or("", |(_, message)| message);
    let (title, body) = message.split_once('\n').unwrap_or((message, ""));
    (title.to_owned(), body.to_owned())
}

fn judged(change: Change, (title, body): &(String, String)) -> Vec<Violation> {
    Policy::builtin().review(change, &ReviewContext { title, body, secrets: &[] }).err().unwrap_or_default()
}
