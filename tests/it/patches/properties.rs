//! What must hold for any text: a diff leads to its second text, a broken one there or nowhere, and hostile input ends soon.

use std::time::{Duration, Instant};

use git_burn::core::change::{Change, Entry, FileChange, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{ApplyOptions, Binaries, Care, Completeness, LineNumbers, Patch, Style, write_diff};

use super::damage::Damage;

const OPTIONS: ApplyOptions = ApplyOptions { line_numbers: LineNumbers::Hidden, care: Care::Tool, seen: None };

/// A small generator with a fixed seed (xorshift).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// Lines of which many are alike, with or without a last line feed, sometimes with returns.
fn text(dice: &mut Dice) -> Vec<u8> {
    let lines = dice.roll(40);
    let crlf = dice.roll(5) == 0;
    let mut text = Vec::new();
    for _ in 0..lines {
        let line = match dice.roll(6) {
            0 => String::new(),
            1 => "}".into(),
            2 => format!("    item {}", dice.roll(4)),
            3 => format!("-- {}", dice.roll(3)),
            4 => format!("++ {}", dice.roll(3)),
            _ => format!("unique {} {}", dice.roll(1000), dice.roll(1000)),
        };
        text.extend_from_slice(line.as_bytes());
        text.extend_from_slice(if crlf || dice.roll(50) == 0 { b"\r\n" } else { b"\n" });
    }
    if dice.roll(4) == 0 {
        text.pop();
    }
    text
}

/// The text with some lines dropped, added, doubled.
fn edited(dice: &mut Dice, text: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(lines.len() + 1);
        match dice.roll(3) {
            0 if at < lines.len() => drop(lines.remove(at)),
            1 if at < lines.len() => lines.insert(at, lines[at].clone()),
            _ => {
                let beside =
                    lines.get(at).or(lines.last()).map_or(0, |line| line.iter().take_while(|b| **b == b' ').count());
                lines.insert(at, format!("{}added {}\n", " ".repeat(beside), dice.roll(100)).into_bytes());
            }
        }
    }
    lines.concat()
}

fn path() -> RepoPath {
    RepoPath::parse("dir/file.txt").expect("a path")
}

fn diff(before: &[u8], after: &[u8]) -> Vec<u8> {
    let change = FileChange { before: Some(Entry::file(before)), after: Some(Entry::file(after)), origin: None };
    write_diff(&Change { files: [(path(), change)].into() }, Style { context: 3, binaries: Binaries::Data })
}

fn apply(diff: &[u8], before: &[u8]) -> Result<Vec<u8>, String> {
    let base = Snapshot { entries: [(path(), Entry::file(before))].into(), ..Snapshot::default() };
    let patch = Patch::parse(diff, Completeness::Complete).map_err(|refusal| refusal.to_string())?;
    let applied = patch.apply(&base, &OPTIONS).map_err(|refusal| refusal.to_string())?;
    let file = applied.change.files.get(&path()).ok_or("another file was changed")?;
    Ok(file.new_bytes().to_vec())
}

#[test]
fn a_diff_of_any_two_texts_leads_to_the_second() {
    let mut dice = Dice(0x5eed);
    for round in 0..3000 {
        let before = text(&mut dice);
        let after = if dice.roll(3) == 0 { text(&mut dice) } else { edited(&mut dice, &before) };
        if before == after {
            continue;
        }
        let diff = diff(&before, &after);
        let got = apply(&diff, &before)
            .unwrap_or_else(|error| panic!("round {round}: {error}\n{}", String::from_utf8_lossy(&diff)));
        assert!(got == after, "round {round}:\n{}", String::from_utf8_lossy(&diff));
    }
}

/// A text like code: indented blocks, names that differ, lines that are everywhere.
fn code(dice: &mut Dice) -> String {
    let mut text = String::new();
    for function in 0..2 + dice.roll(8) {
        text += &format!("fn work_{function}_{}(input: Input) {{\n", dice.roll(100));
        for _ in 0..1 + dice.roll(7) {
            text += &match dice.roll(8) {
                0 => "\n".to_owned(),
                1 => "    return None;\n".into(),
                2 => format!("    if input.is_{}() {{\n        continue;\n    }}\n", dice.roll(4)),
                3 => "    count += 1;\n".into(),
                _ => format!("    let value_{} = input.read({});\n", dice.roll(50), dice.roll(1000)),
            };
        }
        text += "}\n\n";
    }
    if dice.roll(4) == 0 {
        text.truncate(text.len() - 1 - dice.roll(2));
    }
    text
}

/// How often a damage came to the true text, to a refusal, and to another text.
#[derive(Debug, Default, Clone, Copy)]
struct Score {
    exact: usize,
    refused: usize,
    wrong: usize,
}

/// Damages that take away what a place is known by, with how many wrong results of [`ROUNDS`] there are at most, and why
/// nobody could tell. They are tried on texts like code alone: of lines that are all alike, nothing would be left to know.
const LOSSY: [(Damage, usize, &str); 10] = [
    (Damage::ContextDropped, 3, "the line that told two places apart, or the two sides of an insertion, is gone"),
    (Damage::BlankContextDropped, 1, "an added blank line may as well be the missing one"),
    (Damage::ContextInvented, 0, "the line may be an added one"),
    (Damage::ContextChanged, 0, "the line may be an added one"),
    (Damage::RemovedChanged, 0, "somebody else may have changed it"),
    (Damage::Dedented, 0, "which added line stood at the margin is not known any more"),
    (Damage::IndentHalved, 0, "the same"),
    (Damage::ColumnLost, 0, "a line that begins with a sign is a change without its column"),
    (Damage::PlusLost, 0, "without its sign the line is context"),
    (Damage::PlusBlank, 0, "the same"),
];

#[test]
fn a_broken_diff_leads_to_the_true_text_or_nowhere() {
    let mut failures = Vec::new();
    for damage in Damage::ALL {
        let lossy = LOSSY.iter().find(|(of, _, _)| *of == damage);
        let mut dice = Dice(0xc0ffee);
        let mut score = Score::default();
        let mut example = String::new();
        for _ in 0..ROUNDS {
            let alike = lossy.is_none() && dice.roll(3) == 0;
            let before = if alike { text(&mut dice) } else { code(&mut dice).into_bytes() };
            let after = edited(&mut dice, &before);
            if before == after {
                continue;
            }
            let good = String::from_utf8(diff(&before, &after)).expect("text");
            let Some(bad) = damage.of(&good, &mut dice) else { continue };
            let got = apply_among(bad.as_bytes(), &before);
            score.count(damage, &got, &after);
            if got.is_ok_and(|got| !damage.is_exact(&got, &after)) {
                example = format!("{good}---- broken:\n{bad}---- of:\n{}", String::from_utf8_lossy(&before));
            }
        }
        println!("{damage:?}: {score:?}");
        let borne = lossy.map_or(0, |(_, borne, _)| *borne);
        if score.wrong > borne {
            failures.push(format!("{damage:?}: {score:?}, such as:\n{example}"));
        }
        assert!(score.exact + score.refused > ROUNDS / 50, "{damage:?} was hardly tried: {score:?}");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

impl Score {
    fn count(&mut self, damage: Damage, got: &Result<Vec<u8>, String>, after: &[u8]) {
        match got {
            Ok(got) if damage.is_exact(got, after) => self.exact += 1,
            Ok(_) => self.wrong += 1,
            Err(_) => self.refused += 1,
        }
    }
}

/// Texts that each damage is tried on.
const ROUNDS: usize = 300;

/// Applies it with a listing, as the program does, so that paths can be repaired.
fn apply_among(diff: &[u8], before: &[u8]) -> Result<Vec<u8>, String> {
    let base = Snapshot {
        entries: [(path(), Entry::file(before))].into(),
        listing: Some(vec![path()].into()),
        ..Snapshot::default()
    };
    let patch = Patch::parse(diff, Completeness::Complete).map_err(|refusal| refusal.to_string())?;
    let applied = patch.apply(&base, &OPTIONS).map_err(|refusal| refusal.to_string())?;
    let file = applied.change.files.get(&path()).ok_or("another file was changed")?;
    Ok(file.new_bytes().to_vec())
}

#[test]
fn broken_bytes_never_panic() {
    let mut dice = Dice(0xbad);
    for _ in 0..4000 {
        let before = text(&mut dice);
        let mut broken = diff(&before, &edited(&mut dice, &before));
        let wrap = [
            ("", ""),
            ("prose\n```diff\n", "```\n"),
            ("f\n<<<<<<< SEARCH\n", "\n=======\nx\n>>>>>>> REPLACE\n"),
            ("*** Begin Patch\n*** Update File: dir/file.txt\n", "*** End Patch\n"),
            ("*** Full File: dir/file.txt\n```\n", "```\n"),
        ][dice.roll(5)];
        broken = [wrap.0.as_bytes(), &broken, wrap.1.as_bytes()].concat();
        for _ in 0..dice.roll(6) {
            if broken.is_empty() {
                break;
            }
            let at = dice.roll(broken.len());
            match dice.roll(4) {
                0 => broken[at] = dice.roll(256) as u8,
                1 => drop(broken.remove(at)),
                2 => broken.insert(at, b"\n+-@\\ `<=>*"[dice.roll(11)]),
                _ => broken.truncate(at),
            }
        }
        for completeness in [Completeness::Complete, Completeness::Unknown] {
            let base = Snapshot { entries: [(path(), Entry::file(before.clone()))].into(), ..Snapshot::default() };
            let _ = Patch::parse(&broken, completeness).and_then(|patch| patch.apply(&base, &OPTIONS));
        }
    }
}

/// Generous for a debug build on a busy machine; the benchmark measures the real time.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn hostile_sizes_end_soon() {
    let header = "--- a/dir/file.txt\n+++ b/dir/file.txt\n";
    let same: String = "}\n".repeat(20_000);
    let hunks: String =
        (0..1_000).map(|_| format!("@@ -7,{0} +7,{0} @@\n{1}-}}\n+{{\n", 50, " }\n".repeat(49))).collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a million empty hunks", [header.as_bytes(), "@@ -1 +1 @@\n-a\n+b\n".repeat(300_000).as_bytes()].concat()),
        ("hunks that fit everywhere", [header, &hunks].concat().into_bytes()),
        (
            "an endless line",
            [header.as_bytes(), b"@@ -1 +1 @@\n-", "x".repeat(8_000_000).as_bytes(), b"\n+y\n"].concat(),
        ),
        ("nothing but headers", "--- a/f\n+++ b/f\n".repeat(50_000).into_bytes()),
        ("nothing but fences", "```\n".repeat(200_000).into_bytes()),
        ("nothing but search heads", "<<<<<<< SEARCH\n".repeat(100_000).into_bytes()),
        ("nothing but envelopes", "*** Update File: x\n".repeat(50_000).into_bytes()),
        ("nothing but whole files", "*** Full File: x\n".repeat(20_000).into_bytes()),
    ];
    for (name, patch) in cases {
        let start = Instant::now();
        assert!(apply(&patch, same.as_bytes()).is_err(), "{name} was applied");
        assert!(start.elapsed() < SOON, "{name} took {:?}", start.elapsed());
    }
}

#[test]
fn a_thousand_displaced_hunks_are_found_soon() {
    let lines: Vec<String> = (0..100_000).map(|n| format!("line {n} of the file\n")).collect();
    let before = lines.concat();
    let (mut patch, mut after) = ("--- a/dir/file.txt\n+++ b/dir/file.txt\n".to_owned(), lines.clone());
    for n in 0..1_000 {
        let at = 50 + n * 99;
        patch += &format!(
            "@@ -{0},3 +{0},3 @@\n {1}-{2}+changed {n}\n {3}",
            at + 40,
            lines[at],
            lines[at + 1],
            lines[at + 2]
        );
        after[at + 1] = format!("changed {n}\n");
    }
    let start = Instant::now();
    assert!(apply(patch.as_bytes(), before.as_bytes()).expect("a patch") == after.concat().into_bytes());
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}
