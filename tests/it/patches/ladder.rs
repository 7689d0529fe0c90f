//! Each rung of the ladder with a patch that needs it, and with one that it must not accept.

use expect_test::{Expect, expect};
use git_burn::core::change::{Entry, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{ApplyOptions, Care, Completeness, LineNumbers, Patch};

const FILE: &str = "\
import os
import sys


def first(path):
    handle = open(path)
    return handle.read()


def second(path):
    handle = open(path)
    lines = handle.readlines()
    handle.close()
    return lines


def third(items):
    for item in items:
        print(item)
    return len(items)
";

fn outcome(file: &str, hunks: &str, line_numbers: LineNumbers) -> String {
    let path = RepoPath::parse("f.py").expect("a path");
    let base = Snapshot { entries: [(path.clone(), Entry::file(file))].into(), ..Snapshot::default() };
    let options = ApplyOptions { line_numbers, care: Care::Model, seen: None };
    let diff = format!("--- a/f.py\n+++ b/f.py\n{hunks}");
    match Patch::parse(diff.as_bytes(), Completeness::Complete).and_then(|patch| patch.apply(&base, &options)) {
        Ok(applied) => {
            let after = String::from_utf8_lossy(applied.change.files[&path].new_bytes()).into_owned();
            let changed: Vec<String> = similar::TextDiff::from_lines(file, &after)
                .iter_all_changes()
                .filter(|change| change.tag() != similar::ChangeTag::Equal)
                .map(|change| format!("{}{}", change.tag(), change.value().trim_end_matches('\n')))
                .collect();
            let placements: Vec<String> = applied.placements.iter().map(ToString::to_string).collect();
            format!("{}\n{}", placements.join("\n"), changed.join("\n"))
        }
        Err(refusal) => {
            let lines: Vec<String> =
                refusal.problems.iter().map(|problem| format!("{:?}: {}", problem.kind, problem.what)).collect();
            lines.join("\n")
        }
    }
}

#[track_caller]
fn check(hunks: &str, wanted: Expect) {
    wanted.assert_eq(&outcome(FILE, hunks, LineNumbers::Hidden));
}

#[test]
fn exact_but_elsewhere() {
    check(
        "@@ -90,3 +90,3 @@\n     lines = handle.readlines()\n-    handle.close()\n+    handle.shut()\n     return lines\n",
        expect![[r"
            f.py, block 1: lines 12-14, stated at 90
            -    handle.close()
            +    handle.shut()"]],
    );
}

#[test]
fn several_places_need_evidence() {
    let hunk = "     handle = open(path)\n+    check(handle)\n";
    check(&format!("@@\n{hunk}"), expect!["Ambiguous: its lines stand in 2 places"]);
    let inner = " def second(path):\n     handle = open(path)\n+    check(handle)\n     lines = handle.readlines()\n";
    check(
        &format!("@@\n{inner}"),
        expect![[r"
            f.py, block 1: lines 10-12
            +    check(handle)"]],
    );
}

#[test]
fn blanks_at_line_ends_do_not_count() {
    let file = FILE.replace("return lines", "return lines  ");
    let hunks = "@@ -12,3 +12,3 @@\n     lines = handle.readlines()\n-    handle.close()\n+    handle.shut()\n     return lines\n";
    let got = outcome(&file, hunks, LineNumbers::Hidden);
    expect![[r"
        f.py, block 1: lines 12-14, without regard to blanks at line ends
        -    handle.close()
        +    handle.shut()"]]
    .assert_eq(&got);
}

#[test]
fn a_lost_column_is_put_back() {
    check(
        "@@ -16,4 +16,4 @@\ndef third(items):\n    for item in items:\n-        print(item)\n+        show(item)\n    return len(items)\n",
        expect![[r"
            f.py, block 1: lines 17-20, stated at 16, with context lines that lacked their column
            -        print(item)
            +        show(item)"]],
    );
}

#[test]
fn a_lost_plus_is_put_back_when_the_counts_say_so() {
    let hunk = "     lines = handle.readlines()\n+    one()\n    two()\n     handle.close()\n";
    check(
        &format!("@@ -12,2 +12,4 @@\n{hunk}"),
        expect![[r"
            f.py, block 1: lines 12-13, with a line that had lost its `+`
            +    one()
            +    two()"]],
    );
    check(
        &format!("@@\n{hunk}"),
        expect!["NotFound: a context line next to its added text is not in the file:    two()"],
    );
}

#[test]
fn added_lines_are_indented_like_the_text_they_join() {
    check(
        "@@\n def third(items):\n   for item in items:\n-    print(item)\n+    if item:\n+      print(item)\n   return len(items)\n",
        expect![[r"
            f.py, block 1: lines 17-20, re-indented
            -        print(item)
            +        if item:
            +            print(item)"]],
    );
}

#[test]
fn context_may_be_missing_but_not_where_text_goes_in() {
    check(
        "@@\n def second(path):\n-    lines = handle.readlines()\n+    lines = list(handle)\n     handle.close()\n",
        expect![[r"
            f.py, block 1: lines 10-13, by its changed lines and what context is there
            -    lines = handle.readlines()
            +    lines = list(handle)"]],
    );
    check(
        "@@\n def second(path):\n+    check(path)\n     lines = handle.readlines()\n     handle.close()\n",
        expect![
            "NotFound: line 11 of the file, which it does not show, stands exactly where its text goes in:     handle = open(path)"
        ],
    );
}

#[test]
fn changed_context_is_recognised_and_changed_removals_are_not() {
    check(
        "@@\n def second(path):\n     handle = open(path)\n-    lines = handle.readlines()\n+    lines = list(handle)\n     handle.closed()\n     return lines\n",
        expect![[r"
            f.py, block 1: lines 10-14, by its changed lines and what context is there
            -    lines = handle.readlines()
            +    lines = list(handle)"]],
    );
    check(
        "@@\n def second(path):\n     handle = open(path)\n-    lines = handle.read_lines()\n+    lines = list(handle)\n     handle.close()\n",
        expect!["NotFound: 1 of its 4 old lines is not in the file"],
    );
}

#[test]
fn elided_and_merged_hunks_are_taken_apart() {
    let parts = expect![[r"
        f.py, block 1: lines 1-2
        f.py, block 1: lines 18-20
        -import os
        +import re
        -        print(item)
        +        show(item)"]];
    let (first, second) = (
        "-import os\n+import re\n import sys\n",
        "     for item in items:\n-        print(item)\n+        show(item)\n     return len(items)\n",
    );
    for between in [" ...\n", ""] {
        parts.assert_eq(&outcome(FILE, &format!("@@\n{first}{between}{second}"), LineNumbers::Hidden));
    }
}

#[test]
fn near_numbers_decide_only_when_they_were_shown() {
    let file = format!("def a():\n    return 1\n{}def b():\n    return 1\n", "# filler\n".repeat(60));
    let hunks = "@@ -64,1 +64,1 @@\n-    return 1\n+    return 2\n";
    assert!(outcome(&file, hunks, LineNumbers::Hidden).starts_with("Ambiguous"));
    let got = outcome(&file, hunks, LineNumbers::Shown);
    assert!(got.starts_with("f.py, block 1: lines 64-64"), "{got}");
}

#[test]
fn blocks_on_the_same_lines_are_refused() {
    let hunk = |text: &str| format!("@@\n def third(items):\n-    for item in items:\n+    {text}\n");
    check(
        &format!("{}{}", hunk("for x in items:"), hunk("for y in items:")),
        expect!["Overlap: changes the same lines as the block at line 3 of the patch"],
    );
}
