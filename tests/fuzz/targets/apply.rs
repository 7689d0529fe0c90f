//! The first half as a file, the second as a reply about it: applying ends without a panic and changes only that file.
#![no_main]

use git_burn::core::change::{Entry, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{ApplyOptions, Care, Completeness, LineNumbers, Patch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (Vec<u8>, Vec<u8>)| {
    let (file, hunk) = data;
    let path = RepoPath::parse("f").expect("a path");
    let base = Snapshot { entries: [(path.clone(), Entry::file(file))].into(), ..Snapshot::default() };
    let reply = [b"--- a/f\n+++ b/f\n@@ -1 +1 @@\n", hunk.as_slice()].concat();
    for line_numbers in [LineNumbers::Hidden, LineNumbers::Shown] {
        let options = ApplyOptions { line_numbers, care: Care::Tool, seen: None };
        let Ok(patch) = Patch::parse(&reply, Completeness::Complete) else { return };
        if let Ok(applied) = patch.apply(&base, &options) {
            assert!(!applied.change.files.is_empty());
        }
    }
});
