//! The diff between any two texts leads from the first to the second; written again it is the same diff.
#![no_main]

use git_burn::core::change::{Change, Entry, FileChange, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{ApplyOptions, Binaries, Care, Completeness, LineNumbers, Patch, Style, write_diff};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (Vec<u8>, Vec<u8>)| {
    let (before, after) = data;
    if before == after {
        return;
    }
    let path = RepoPath::parse("f").expect("a path");
    let file = FileChange { before: Some(Entry::file(before.clone())), after: Some(Entry::file(after)), origin: None };
    let change = Change { files: [(path.clone(), file)].into() };
    let style = Style { context: 3, binaries: Binaries::Data };
    let diff = write_diff(&change, style);
    let base = Snapshot { entries: [(path, Entry::file(before))].into(), ..Snapshot::default() };
    let options = ApplyOptions { line_numbers: LineNumbers::Hidden, care: Care::Tool, seen: None };
    let patch = Patch::parse(&diff, Completeness::Unknown).expect("a written diff is a patch");
    let applied = patch.apply(&base, &options).expect("a written diff applies");
    assert_eq!(applied.change, change);
    assert_eq!(write_diff(&applied.change, style), diff);
});
