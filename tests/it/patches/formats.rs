//! Every format in the spellings that models use, and what the refusals say.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use git_burn::core::change::{Entry, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{ApplyOptions, Care, Completeness, LineNumbers, Patch, ProblemKind, Refusal};

const FILE: &str = "fn add(a: i32, b: i32) -> i32 {\n    a - b\n}\n\nfn sub(a: i32, b: i32) -> i32 {\n    a - b\n}\n";
const FIXED: &str = "fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n\nfn sub(a: i32, b: i32) -> i32 {\n    a - b\n}\n";

fn tree(files: &[(&str, &str)]) -> Snapshot {
    let path = |name: &str| RepoPath::parse(name).expect("a path");
    let mut snapshot = Snapshot {
        entries: files.iter().map(|(name, text)| (path(name), Entry::file(*text))).collect(),
        ..Snapshot::default()
    };
    snapshot.listing = Some(files.iter().map(|(name, _)| path(name)).collect::<Vec<_>>().into());
    snapshot
}

fn apply(reply: &str, files: &[(&str, &str)]) -> Result<BTreeMap<String, Option<String>>, Refusal> {
    let options = ApplyOptions { line_numbers: LineNumbers::Hidden, care: Care::Model, seen: None };
    let applied = Patch::parse(reply.as_bytes(), Completeness::Unknown)?.apply(&tree(files), &options)?;
    let text = |entry: &Entry| String::from_utf8_lossy(entry.bytes()).into_owned();
    Ok(applied.change.files.iter().map(|(path, file)| (path.to_string(), file.after.as_ref().map(text))).collect())
}

#[track_caller]
fn fixes(reply: &str) {
    let got = apply(reply, &[("src/lib.rs", FILE)]).unwrap_or_else(|refusal| panic!("{refusal}\n{reply}"));
    assert_eq!(got.get("src/lib.rs"), Some(&Some(FIXED.to_owned())), "{reply}");
}

#[track_caller]
fn refused(reply: &str, kind: ProblemKind, wanted: Expect) {
    let refusal = apply(reply, &[("src/lib.rs", FILE)]).expect_err(reply);
    assert_eq!(refusal.problems[0].kind, kind, "{refusal}");
    wanted.assert_eq(&refusal.to_string());
}

#[test]
fn unified_diffs_in_all_shapes() {
    let body = " fn add(a: i32, b: i32) -> i32 {\n-    a - b\n+    a + b\n }\n";
    for (head, hunk) in [
        ("diff --git a/src/lib.rs b/src/lib.rs\n--- a/src/lib.rs\n+++ b/src/lib.rs\n", "@@ -1,3 +1,3 @@\n"),
        ("--- src/lib.rs\n+++ src/lib.rs\n", "@@ -1,3 +1,3 @@ fn\n"),
        ("--- a/src/lib.rs\t2024-01-01 00:00:00\n+++ b/src/lib.rs\t2024-01-01\n", "@@ -9,1 +70,3 @@\n"),
        ("--- /home/me/repo/src/lib.rs\n+++ /home/me/repo/src/lib.rs\n", "@@\n"),
        ("diff --git a/src/lib.rs b/src/lib.rs\n", "@@ ... @@\n"),
        ("+++ b/src/lib.rs\n", "@@ -1,3 +1,3 @@\n"),
    ] {
        fixes(&format!("{head}{hunk}{body}"));
        fixes(&format!("Here it is:\n\n```diff\n{head}{hunk}{body}```\nDone.\n"));
        fixes(&format!("{head}{hunk}{body}").replace('\n', "\r\n"));
    }
    fixes(
        "--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,3 +1,3 @@\nfn add(a: i32, b: i32) -> i32 {\n-    a - b\n+    a + b\n}\n",
    );
}

#[test]
fn search_replace_in_all_spellings() {
    let (old, new) = ("fn add(a: i32, b: i32) -> i32 {\n    a - b\n}", "fn add(a: i32, b: i32) -> i32 {\n    a + b\n}");
    fixes(&format!("src/lib.rs\n```rust\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n```\n"));
    fixes(&format!("```rust\nsrc/lib.rs\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n```\n"));
    fixes(&format!("### `src/lib.rs`\n\n<<<<<<< ORIGINAL\n{old}\n=======\n{new}\n>>>>>>> UPDATED\n"));
    fixes(&format!("**src/lib.rs:**\n------- SEARCH\n{old}\n=======\n{new}\n+++++++ REPLACE\n"));
    fixes(&format!("./src/lib.rs\n<<<<<<< SEARCH\n:start_line:1\n-------\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"));
    fixes(&format!("<file>src/lib.rs</file>\n<original>\n{old}\n</original>\n<patched>\n{new}\n</patched>\n"));
}

#[test]
fn envelopes_and_whole_files() {
    fixes(
        "*** Begin Patch\n*** Update File: src/lib.rs\n@@\n fn add(a: i32, b: i32) -> i32 {\n-    a - b\n+    a + b\n }\n*** End Patch\n",
    );
    fixes(
        "*** Begin Patch\n*** Update File: src/lib.rs\n@@ fn add(a: i32, b: i32) -> i32 {\n-    a - b\n+    a + b\n }\n*** End Patch\n",
    );
    fixes(&format!("The file:\n\n*** Full File: src/lib.rs\n```rust\n{FIXED}```\n"));
    fixes(&format!("*** Full File: src/lib.rs\n{FIXED}*** End of File\n"));
    let got = apply(
        "*** Begin Patch\n*** Add File: new/x.md\n+# Title\n+\n*** Delete File: src/lib.rs\n*** End Patch\n",
        &[("src/lib.rs", FILE)],
    );
    let wanted = [("new/x.md".to_owned(), Some("# Title\n\n".to_owned())), ("src/lib.rs".to_owned(), None)];
    assert_eq!(got.expect("an envelope"), wanted.into_iter().collect());
}

#[test]
fn line_endings_of_the_file_are_kept() {
    let crlf = FILE.replace('\n', "\r\n");
    let diff = "--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@\n fn add(a: i32, b: i32) -> i32 {\n-    a - b\n+    // plus\n+    a + b\n }\n";
    let got = apply(diff, &[("f", &crlf)]).expect("a fix");
    assert_eq!(
        got["f"].as_deref(),
        Some(FIXED.replace("    a + b", "    // plus\n    a + b").replace('\n', "\r\n").as_str())
    );
    let blocks = "f\n<<<<<<< SEARCH\n    a - b\n}\n\nfn sub\n=======\n>>>>>>> REPLACE\n";
    assert!(apply(blocks, &[("f", &crlf)]).is_err(), "half a line is no line");
}

#[test]
fn two_equal_places_are_refused_with_both() {
    refused(
        "src/lib.rs\n<<<<<<< SEARCH\n    a - b\n=======\n    a + b\n>>>>>>> REPLACE\n",
        ProblemKind::Ambiguous,
        expect![[r"
            src/lib.rs, block 1 (line 2 of the patch): its lines stand in 2 places
              line 2, under line 1: fn add(a: i32, b: i32) -> i32 {
              line 6, under line 5: fn sub(a: i32, b: i32) -> i32 {
              hint: add the line above that only the meant place has, and what is between"]],
    );
}

#[test]
fn a_line_that_differs_is_shown_with_what_stands_there() {
    refused(
        "--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,3 +1,3 @@\n fn add(a: i32, b: i32) -> i32 {\n-    a * b\n+    a + b\n }\n@@ -5,3 +5,2 @@\n fn sub(a: i32, b: i32) -> i32 {\n-    a - b\n }\n",
        ProblemKind::NotFound,
        expect![[r"
            In the excerpts, `-` is what the patch expects and `+` what the file has:
            src/lib.rs, block 1 (line 3 of the patch): 1 of its 3 old lines is not in the file; most like it: lines 1-3 (97 % alike)
                 1  fn add(a: i32, b: i32) -> i32 {
                   -    a * b
                 2 +    a - b
                 3  }
              hint: copy the lines from the file as it is now
            fine as they are: src/lib.rs block 2"]],
    );
}

#[test]
fn what_is_there_already_is_an_ending_of_its_own() {
    let diff = "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n fn add(a: i32, b: i32) -> i32 {\n-    a - b\n+    a + b\n }\n";
    let refusal = apply(diff, &[("f", FIXED)]).expect_err("it is there");
    assert!(refusal.already_applied(), "{refusal}");
    let refusal = apply("--- /dev/null\n+++ b/g\n@@ -0,0 +1 @@\n+x\n", &[("g", "x\n")]).expect_err("it is there");
    assert!(refusal.already_applied(), "{refusal}");
    let refusal = apply("--- /dev/null\n+++ b/g\n@@ -0,0 +1 @@\n+x\n", &[("g", "y\n")]).expect_err("another is there");
    assert!(!refusal.already_applied(), "{refusal}");
}

#[test]
fn silly_damage_is_refused() {
    let kind = |reply: &str, files: &[(&str, &str)]| apply(reply, files).expect_err(reply).problems[0].kind;
    let long: String = (0..100).map(|n| format!("line {n}\n")).collect();
    let only = [("src/lib.rs", FILE), ("long.txt", long.as_str())];
    assert_eq!(kind("*** Full File: long.txt\n```\nline 0\nline 1\n```\n", &only), ProblemKind::MassDeletion);
    assert_eq!(
        kind("*** Full File: src/lib.rs\n```\nfn add() {}\n// ... rest of the file unchanged ...\n```\n", &only),
        ProblemKind::Placeholder
    );
    assert_eq!(
        kind("--- /dev/null\n+++ b/SRC/x\n@@ -0,0 +1 @@\n+<<<<<<< a\n+=======\n+>>>>>>> b\n", &only),
        ProblemKind::ConflictMarker
    );
    assert_eq!(
        kind(
            "--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,2 +1,2 @@\n fn add(a: i32, b: i32) -> i32 {\n-    a - b\n+    a - b\n",
            &only
        ),
        ProblemKind::NoChange
    );
    assert_eq!(
        kind("--- /dev/null\n+++ b/New\n@@ -0,0 +1 @@\n+x\n--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+x\n", &only),
        ProblemKind::CaseCollision
    );
    assert_eq!(kind("no patch here", &only), ProblemKind::NoPatch);
    assert_eq!(kind("", &only), ProblemKind::NoPatch);
}

#[test]
fn files_that_were_never_shown_cannot_be_changed() {
    let options = ApplyOptions { line_numbers: LineNumbers::Hidden, care: Care::Model, seen: Some([].into()) };
    let diff = "--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,3 +1,3 @@\n fn add(a: i32, b: i32) -> i32 {\n-    a - b\n+    a + b\n }\n";
    let patch = Patch::parse(diff.as_bytes(), Completeness::Complete).expect("a patch");
    let refusal = patch.apply(&tree(&[("src/lib.rs", FILE)]), &options).expect_err("it was not shown");
    assert_eq!(refusal.problems[0].kind, ProblemKind::Unseen);
}

#[test]
fn a_reply_that_was_cut_off_is_refused_unless_it_is_known_to_be_whole() {
    let cut = "```diff\n--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,7 +1,7 @@\n fn add(a: i32, b: i32) -> i32 {\n-    a - b\n+    a + b";
    let refusal = apply(cut, &[("src/lib.rs", FILE)]).expect_err("it is cut off");
    assert_eq!(refusal.problems[0].kind, ProblemKind::Truncated, "{refusal}");
    assert!(Patch::parse(b"*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n", Completeness::Unknown).is_err());
    assert!(Patch::parse(b"*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n", Completeness::Complete).is_ok());
}

#[test]
fn the_last_of_several_versions_counts() {
    let hunk = |text: &str| {
        format!(
            "```diff\n--- a/src/lib.rs\n+++ b/src/lib.rs\n@@ -1,3 +1,3 @@\n fn add(a: i32, b: i32) -> i32 {{\n-    a - b\n+    {text}\n }}\n```\n"
        )
    };
    fixes(&format!("{}Wait, that is wrong:\n{}", hunk("a * b"), hunk("a + b")));
}
