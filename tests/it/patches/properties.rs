//! What must hold for any text: a diff leads to its second text, a broken one there or nowhere, and hostile input ends soon.

use std::time::{Duration, Instant};

use git_burn::core::change::{Change, Entry, FileChange, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{ApplyOptions, Binaries, Care, Completeness, LineNumbers, Patch, Style, write_diff};

const OPTIONS: ApplyOptions = ApplyOptions { line_numbers: LineNumbers::Hidden, care: Care::Tool, seen: None };

/// A small generator with a fixed seed (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
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
            _ => lines.insert(at, format!("added {}\n", dice.roll(100)).into_bytes()),
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

#[test]
fn wrong_numbers_never_lead_to_a_third_text() {
    let mut dice = Dice(0xc0ffee);
    let mut applied = 0;
    for round in 0..3000 {
        let before = text(&mut dice);
        let after = edited(&mut dice, &before);
        if before == after {
            continue;
        }
        let good = String::from_utf8(diff(&before, &after)).expect("text");
        let bad: String =
            good.split_inclusive('\n').map(|line| if line.starts_with("@@") { "@@\n" } else { line }).collect();
        if let Ok(got) = apply(bad.as_bytes(), &before) {
            applied += 1;
            assert!(got == after, "round {round}:\n{good}");
        }
    }
    assert!(applied > 500, "only {applied} were applied");
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
