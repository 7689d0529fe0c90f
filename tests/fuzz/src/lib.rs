//! What must hold for any bytes, one function for each fuzz target. The test suite calls the same functions with the
//! seeds of `tests/fuzz/seeds`, so that what a fuzzer once found stays found.

use std::time::{Duration, Instant};

use git_burn::core::change::{Change, Entry, FileChange, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{
    Applied, ApplyOptions, Binaries, Care, Completeness, LineNumbers, Patch, Refusal, Style, write_diff,
};

/// What the bytes of a target are put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Unified,
    SearchReplace,
    Envelope,
    WholeFile,
    /// Nothing: the whole reply is up to the fuzzer.
    Reply,
}

impl Format {
    pub const ALL: [Self; 5] = [Self::Unified, Self::SearchReplace, Self::Envelope, Self::WholeFile, Self::Reply];

    /// The bytes as a part of this format about the file `f`.
    fn around(self, data: &[u8]) -> Vec<u8> {
        let (before, after) = match self {
            Self::Unified => ("--- a/f\n+++ b/f\n@@ -1 +1 @@\n", "\n"),
            Self::SearchReplace => ("f\n<<<<<<< SEARCH\n", "\n>>>>>>> REPLACE\n"),
            Self::Envelope => ("*** Begin Patch\n*** Update File: f\n", "\n*** End Patch\n"),
            Self::WholeFile => ("*** Full File: f\n```\n", "\n```\n"),
            Self::Reply => ("", ""),
        };
        [before.as_bytes(), data, after.as_bytes()].concat()
    }
}

const EACH_COMPLETENESS: [Completeness; 2] = [Completeness::Complete, Completeness::Unknown];
const PLAIN: ApplyOptions = ApplyOptions { line_numbers: LineNumbers::Hidden, care: Care::Tool, seen: None };

/// Ends without a panic and twice with the same outcome; what it says is fit for a terminal.
pub fn parses(format: Format, data: &[u8]) {
    let reply = format.around(data);
    for completeness in EACH_COMPLETENESS {
        let outcome = || match Patch::parse(&reply, completeness) {
            Ok(patch) => Ok(patch.candidates()),
            Err(refusal) => Err(told(&refusal)),
        };
        assert_eq!(outcome(), outcome());
    }
}

/// Changes only what it names, reads only what it announces, and what it makes can be written as a diff that makes it again.
///
/// The first part of `data` is the file `f`, the second the reply.
pub fn applies(data: &[u8]) {
    let [file, reply] = parts(data);
    let base = base(file);
    for format in Format::ALL {
        let reply = format.around(reply);
        for completeness in EACH_COMPLETENESS {
            let Ok(patch) = Patch::parse(&reply, completeness) else { continue };
            for (line_numbers, care) in [(LineNumbers::Hidden, Care::Tool), (LineNumbers::Shown, Care::Model)] {
                match patch.apply(&base, &ApplyOptions { line_numbers, care, seen: None }) {
                    Ok(applied) => is_sound(&applied, &patch, &base),
                    Err(refusal) => drop(told(&refusal)),
                }
            }
        }
    }
}

/// The diff between two texts leads from the first to the second, and written again it is the same diff.
pub fn round_trip(data: &[u8]) {
    let [before, after] = parts(data);
    if before == after {
        return;
    }
    let base = base(before);
    let file = FileChange { before: Some(Entry::file(before)), after: Some(Entry::file(after)), origin: None };
    let change = Change { files: [(path(), file)].into() };
    let diff = written(&change);
    let patch = Patch::parse(&diff, Completeness::Unknown).expect("a written diff is a patch");
    let applied = patch.apply(&base, &PLAIN).expect("a written diff applies");
    assert_eq!(applied.change, change);
    assert_eq!(written(&applied.change), diff);
}

/// Bytes of the repeated reply and of the repeated file.
const LARGE: usize = if cfg!(debug_assertions) { 1 << 17 } else { 1 << 19 };
/// Far above what a linear search needs for so much, far below what a quadratic one does.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 8 } else { 1 });

/// Nothing is quadratic: a reply and a file that repeat one part for half a megabyte each are done within a second.
///
/// The parts of `data` are what comes first in the reply, what is repeated in it, and what is repeated in the file.
pub fn ends_soon(data: &[u8]) {
    let [head, unit, file] = parts(data);
    let repeated = |unit: &[u8]| unit.repeat(LARGE / unit.len().max(1));
    let reply = [head, &repeated(unit)].concat();
    let base = base(&repeated(file));
    let run = || {
        let start = Instant::now();
        let applied = Patch::parse(&reply, Completeness::Unknown).and_then(|patch| patch.apply(&base, &PLAIN));
        drop(applied.map_err(|refusal| told(&refusal)));
        start.elapsed()
    };
    // The machine may have had something else to do: the best of five counts.
    let times: Vec<Duration> = (0..5).map(|_| run()).take_while(|time| *time > SOON).collect();
    assert!(times.len() < 5, "it takes {times:?}");
}

/// What stands between lines of `====`.
fn parts<const COUNT: usize>(data: &[u8]) -> [&[u8]; COUNT] {
    const BORDER: &[u8] = b"\n====\n";
    let mut rest = data;
    std::array::from_fn(|index| {
        let end = rest.windows(BORDER.len()).position(|window| window == BORDER).filter(|_| index + 1 < COUNT);
        let (part, after) = end.map_or((rest, &[][..]), |end| (&rest[..=end], &rest[end + BORDER.len()..]));
        rest = after;
        part
    })
}

fn path() -> RepoPath {
    RepoPath::parse("f").expect("a path")
}

fn base(file: &[u8]) -> Snapshot {
    let other = RepoPath::parse("dir/g").expect("a path");
    let entries = [(path(), Entry::file(file)), (other.clone(), Entry::file("other\n"))].into();
    Snapshot { entries, listing: Some(vec![other, path()].into()), ..Snapshot::default() }
}

fn written(change: &Change) -> Vec<u8> {
    write_diff(change, Style { context: 3, binaries: Binaries::Data })
}

fn is_sound(applied: &Applied, patch: &Patch, base: &Snapshot) {
    assert!(!applied.change.files.is_empty(), "a patch that applies changes something");
    let announced = patch.candidates_in(base.listing.as_deref().unwrap_or_default());
    for (path, file) in &applied.change.files {
        assert!(announced.contains(path), "{path} was not announced");
        assert_eq!(
            file.before.as_ref(),
            file.origin.as_ref().map_or_else(|| base.entries.get(path), |_| file.before.as_ref())
        );
    }
    let diff = written(&applied.change);
    let again = Patch::parse(&diff, Completeness::Unknown).and_then(|patch| patch.apply(base, &PLAIN));
    let again = again.unwrap_or_else(|refusal| panic!("{refusal}\n{}", String::from_utf8_lossy(&diff)));
    assert_eq!(again.change, applied.change);
}

/// The message, which has at least one reason and nothing that drives a terminal.
fn told(refusal: &Refusal) -> String {
    assert!(!refusal.problems.is_empty(), "a refusal has a reason");
    let text = refusal.to_string();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "control characters: {text:?}");
    text
}
