//! `git burn apply`: every format in, a tree or a branch out, and nothing else changed.

use crate::support::burn::Ended;
use crate::support::git::{Repo, Room};

const BEFORE: &str = "fn main() {\n    println!(\"one\");\n    println!(\"two\");\n}\n";
const AFTER: &str = "fn main() {\n    println!(\"one\");\n    println!(\"2\");\n}\n";
const DIFF: &str = "--- a/src/main.rs\n+++ b/src/main.rs\n@@ -1,4 +1,4 @@\n fn main() {\n     println!(\"one\");\n-    println!(\"two\");\n+    println!(\"2\");\n }\n";

fn project(room: &Room) -> Repo<'_> {
    let repo = room.init("work");
    repo.write("src/main.rs", BEFORE);
    repo.write("data/app.db", [0u8, 1, 2]);
    repo.commit("start");
    repo
}

/// The tree that holds the change, made by git itself.
fn expected(repo: &Repo<'_>) -> String {
    repo.git(&["checkout", "-q", "-b", "expected"]);
    repo.write("src/main.rs", AFTER);
    repo.commit("by hand");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    repo.git(&["checkout", "-q", "main"]);
    tree
}

#[test]
fn write_tree_prints_the_tree_that_git_would_have_made_and_changes_nothing() {
    let room = Room::new();
    let repo = project(&room);
    let tree = expected(&repo);
    repo.write("fix.diff", DIFF);
    let refs = repo.git(&["for-each-ref"]);
    repo.untouched_by(|| {
        let _ = repo.burn(&["apply", "--write-tree", "fix.diff"]).exits(0).prints(&tree).tells(&["1 file +1 -1"]);
        let engine = ["apply", "--engine-only", "--write-tree", "--base", "HEAD", "fix.diff"];
        let _ = repo.burn(&engine).exits(0).prints(&tree);
        let _ = repo.burn(&["apply", "--write-tree", "--base", "HEAD^{tree}", "fix.diff"]).exits(0).prints(&tree);
        let _ = repo.burn_with_input(&["apply", "--write-tree", "-"], DIFF.as_bytes()).exits(0).prints(&tree);
        let _ = repo.burn(&["apply", "--check", "fix.diff"]).exits(0).prints("");
    });
    assert_eq!(repo.git(&["for-each-ref"]), refs);
}

#[test]
fn it_works_in_a_bare_repository_with_the_benchmarks_command_line() {
    let room = Room::new();
    let repo = project(&room);
    let tree = expected(&repo);
    let base = repo.git(&["rev-parse", "main"]);
    repo.git(&["clone", "-q", "--bare", ".", room.path().join("bare.git").to_str().expect("a path")]);
    std::fs::write(room.path().join("reply.md"), format!("Here it is:\n\n```diff\n{DIFF}```\n\nDone.\n"))
        .expect("a file");
    let args = ["--git-dir", "bare.git", "burn", "apply", "--engine-only", "--write-tree", "--base", &base, "reply.md"];
    let _ = Ended::of(&mut room.git_with_burn(room.path(), &args)).exits(0).prints(&tree);
}

#[test]
fn all_four_formats_give_the_same_tree() {
    let room = Room::new();
    let repo = project(&room);
    let tree = expected(&repo);
    let replies = [
        DIFF.to_owned(),
        "src/main.rs\n```rust\n<<<<<<< SEARCH\n    println!(\"two\");\n=======\n    println!(\"2\");\n>>>>>>> REPLACE\n```\n".into(),
        "*** Begin Patch\n*** Update File: src/main.rs\n@@\n     println!(\"one\");\n-    println!(\"two\");\n+    println!(\"2\");\n }\n*** End Patch\n".into(),
        format!("*** Full File: src/main.rs\n```rust\n{AFTER}```\n"),
    ];
    for reply in replies {
        let _ = repo.burn_with_input(&["apply", "--write-tree", "-"], reply.as_bytes()).exits(0).prints(&tree);
    }
}

#[test]
fn several_patches_build_on_each_other() {
    let room = Room::new();
    let repo = project(&room);
    let tree = expected(&repo);
    repo.write("one.diff", DIFF.replace("\"2\"", "\"three\""));
    repo.write("two.diff", DIFF.replace("\"two\"", "\"three\""));
    let _ = repo.burn(&["apply", "--write-tree", "one.diff", "two.diff"]).exits(0).prints(&tree);
    let _ = repo.burn(&["apply", "--write-tree", "two.diff", "one.diff"]).exits(1).tells(&["two.diff: does not apply"]);
}

#[test]
fn refusals_name_every_reason_and_exit_with_1() {
    let room = Room::new();
    let repo = project(&room);
    let wrong = "--- a/src/main.rs\n+++ b/src/main.rs\n@@ -1,2 +1,2 @@\n fn other() {\n-    nothing();\n+    something();\n--- a/src/none.rs\n+++ b/src/none.rs\n@@ -1 +1 @@\n-x\n+y\n";
    let ended = repo.burn_with_input(&["apply", "--write-tree", "-"], wrong.as_bytes()).exits(1);
    assert_eq!(ended.stdout, "");
    let _ = ended.tells(&["standard input: does not apply", "src/main.rs", "src/none.rs"]);
    let _ = repo
        .burn_with_input(&["apply", "--check", "-"], b"nothing to see here")
        .exits(1)
        .tells(&["there is no patch in the reply", "hint: it takes unified diffs"]);
    let _ = repo.burn_with_input(&["apply", "--check"], b" \n").exits(1).tells(&["standard input is empty"]);
    let _ = repo.burn_with_input(&["apply", "--check", "-"], &[0xff, 0xfe, 0, 1]).exits(1);
    let evil = "--- /dev/null\n+++ b/../evil\n@@ -0,0 +1 @@\n+x\n";
    let _ = repo.burn_with_input(&["apply", "--engine-only", "--write-tree", "-"], evil.as_bytes()).exits(1);
    let _ = repo.burn(&["apply", "--check", "no-such-file"]).exits(128).tells(&["no-such-file"]);
    let _ = repo.burn(&["apply", "--check", "--base", "nonsense", "x"]).exits(128).tells(&["nonsense"]);
}

#[test]
fn a_refusal_lays_the_patch_beside_the_file() {
    let room = Room::new();
    let repo = project(&room);
    let wrong = format!(
        "{}@@ -20,2 +20,2 @@\n-nothing like it\n+something\n }}\n",
        DIFF.replace("\"one\"", "\"1\"").replace("-    println!(\"two\");", "-\tprintln!( \"two\");")
    );
    repo.write("reply.md", &wrong);
    let ended = repo.untouched_by(|| repo.burn(&["apply", "--check", "reply.md"]).exits(1));
    expect_test::expect![[r#"
        src/main.rs, block 1: 2 of its 4 old lines are not in the file [not-found]
         --> reply.md:5
         ::: src/main.rs:1 is most like it (93 %); - the patch expects, + the file has
          |
        1 |   fn main() {
          | -     println!("1");
        2 | +     println!("one");
          |                 ^^^
          | - →   println!(·"two");
        3 | + ····println!("two");
        4 |   }
          |
          = hint: copy the lines from the file as it is now

        src/main.rs, block 2: 1 of its 2 old lines is not in the file [not-found]
         --> reply.md:9
          = hint: nothing in the file is like it: is it the right file, and as it is now?

        error: reply.md: does not apply, nothing was changed (2 problems)
    "#]]
    .assert_eq(&ended.stderr);
    let coloured = repo.burn(&["apply", "--check", "--color=always", "reply.md"]).exits(1);
    assert!(coloured.stderr.contains("\x1b[31m- "), "{}", coloured.stderr);
    let ended = repo.burn(&["apply", "--check", "--json", "reply.md"]).exits(1);
    let record = first_record(&ended.stdout);
    assert_eq!((&record["event"], &record["already_applied"]), (&"refused".into(), &false.into()));
    expect_test::expect![[r#"
        {
          "kind": "not-found",
          "block": {
            "file": "src/main.rs",
            "number": 1,
            "line": 3
          },
          "what": "2 of its 4 old lines are not in the file",
          "comparison": {
            "rows": [
              {
                "is": "same",
                "line": 1,
                "text": "fn main() {"
              },
              {
                "is": "expected",
                "patch_line": 5,
                "text": "    println!(\"1\");"
              },
              {
                "is": "found",
                "line": 2,
                "text": "    println!(\"one\");"
              },
              {
                "is": "expected",
                "patch_line": 6,
                "text": "\tprintln!( \"two\");"
              },
              {
                "is": "found",
                "line": 3,
                "text": "    println!(\"two\");"
              },
              {
                "is": "same",
                "line": 4,
                "text": "}"
              }
            ]
          },
          "candidates": [
            {
              "first": 1,
              "last": 4,
              "alike": 93,
              "under": null
            }
          ],
          "hint": "copy the lines from the file as it is now"
        }
    "#]]
    .assert_eq(&format!("{:#}\n", record["problems"][0]));
}

/// The last one is of the failure as such.
fn first_record(stdout: &str) -> serde_json::Value {
    serde_json::from_str(stdout.lines().next().expect("a record")).expect("JSON")
}

#[test]
fn as_json_a_refusal_by_the_guard_is_data_too() {
    let room = Room::new();
    let repo = project(&room);
    let ci = "--- /dev/null\n+++ b/Jenkinsfile\n@@ -0,0 +1 @@\n+node {}\n";
    let ended = repo.burn_with_input(&["apply", "--check", "--json"], ci.as_bytes()).exits(1);
    let record = first_record(&ended.stdout);
    assert_eq!((&record["event"], &record["path"]), (&"violation".into(), &"Jenkinsfile".into()));
}

#[test]
fn paths_are_read_from_where_they_fit() {
    let room = Room::new();
    let repo = project(&room);
    let tree = expected(&repo);
    let apply = |folder: &str, args: &[&str], diff: &str| {
        repo.write("input.diff", diff);
        let input = std::fs::File::open(repo.path.join("input.diff")).expect("a file");
        let mut command = room.git_with_burn(&repo.path.join(folder), &["burn", "apply", "--write-tree"]);
        Ended::of(command.args(args).stdin(input))
    };
    let from_inside = DIFF.replace("src/main.rs", "main.rs");
    let from_outside = DIFF.replace("src/main.rs", "elsewhere/work/src/main.rs");
    let _ = apply("src", &[], DIFF).exits(0).prints(&tree);
    let _ = apply("src", &[], &from_inside).exits(0).prints(&tree).tells(&["read from `src`, where you are"]);
    let _ = apply(".", &[], &from_inside).exits(1).tells(&["does not exist", "did you mean `src/main.rs`?"]);
    let _ = apply(".", &["--directory", "src/"], &from_inside).exits(0).prints(&tree);
    let _ = apply(".", &["-p3"], &from_outside).exits(0).prints(&tree);
    let _ = apply(".", &["-p0", "--directory=src"], &from_inside.replace("a/", "").replace("b/", "")).exits(0);
    // Where somebody says what the paths mean, a file of the same name elsewhere is another file.
    for said in [&["--directory", "other"][..], &["-p", "0"]] {
        let _ = apply(".", said, DIFF).exits(1).tells(&["does not exist", "did you mean `src/main.rs`?"]);
    }
    let _ = apply(".", &["-p9"], DIFF).exits(1).tells(&["has no more than 9 parts"]);
    let _ = apply(".", &["--directory", "../x"], DIFF).exits(129).tells(&["--directory"]);
    let _ = apply("src", &[], &from_inside.replace("two", "2")).exits(1).tells(&["src/main.rs"]);
}

#[test]
fn a_repaired_patch_is_one_that_git_takes() {
    let room = Room::new();
    let repo = project(&room);
    let tree = expected(&repo);
    let broken = format!("Here:\n```diff\n{}```\n", DIFF.replace("@@ -1,4 +1,4 @@", "@@ ... @@"));
    let printed = repo.untouched_by(|| repo.burn_with_input(&["apply", "--diff"], broken.as_bytes()).exits(0));
    repo.write("../repaired.diff", &printed.stdout);
    repo.git(&["apply", "--index", "../repaired.diff"]);
    assert_eq!(repo.git(&["write-tree"]), tree);
}

#[test]
fn the_guard_judges_unless_only_the_engine_is_asked() {
    let room = Room::new();
    let repo = project(&room);
    let ci = "--- /dev/null\n+++ b/Jenkinsfile\n@@ -0,0 +1 @@\n+node {}\n";
    let _ = repo.burn_with_input(&["apply", "--write-tree", "-"], ci.as_bytes()).exits(1).tells(&["[protected-path]"]);
    let _ = repo.burn_with_input(&["apply", "--engine-only", "--write-tree", "-"], ci.as_bytes()).exits(0);
    let _ = repo.burn_with_input(&["guard", "--patch", "-"], ci.as_bytes()).exits(1);
    let _ = repo.burn_with_input(&["guard", "--patch", "-"], DIFF.as_bytes()).exits(0);
}

#[test]
fn a_branch_is_made_and_never_moved() {
    let room = Room::new();
    let repo = project(&room);
    let tree = expected(&repo);
    repo.write("fix.diff", DIFF);
    let made = repo.untouched_by(|| repo.burn(&["apply", "--branch", "fix/two", "fix.diff"]).exits(0));
    let commit = repo.git(&["rev-parse", "fix/two"]);
    assert_eq!(made.stdout, format!("fix/two {commit}\n"));
    assert_eq!(repo.git(&["rev-parse", "fix/two^{tree}"]), tree);
    assert_eq!(
        repo.git(&["log", "-1", "--format=%s %an %P", "fix/two"]),
        format!("Apply fix.diff Ada Tester {}", repo.git(&["rev-parse", "main"]))
    );
    let told = ["cannot be made", "hint: choose another name"];
    let _ = repo.burn(&["apply", "--branch", "fix/two", "-m", "again", "fix.diff"]).exits(1).tells(&told);
    let _ = repo.burn(&["apply", "--branch", "fix", "fix.diff"]).exits(1).tells(&told);
    assert_eq!(repo.git(&["rev-parse", "fix/two"]), commit);
    let _ = repo.burn(&["apply", "--branch", "-x", "fix.diff"]).exits(129);
    let _ = repo.burn(&["apply", "--branch", "a..b", "fix.diff"]).exits(129);
}

#[test]
fn as_json_it_says_what_was_placed_and_where() {
    let room = Room::new();
    let repo = project(&room);
    let tree = expected(&repo);
    let moved = DIFF.replace("@@ -1,4 +1,4 @@", "@@ -11,4 +11,4 @@");
    let ended = repo.burn_with_input(&["apply", "--write-tree", "--json", "-"], moved.as_bytes()).exits(0);
    let record: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!((&record["v"], &record["event"]), (&1.into(), &"applied".into()));
    assert_eq!(record["tree"], tree.as_str());
    assert_eq!(record["placements"][0]["file"], "src/main.rs");
    assert_eq!(record["counts"]["added"], 1);
}

#[test]
fn a_large_reply_is_no_trouble() {
    let room = Room::new();
    let repo = project(&room);
    let mut reply = "words ".repeat(2_000_000).into_bytes();
    reply.extend_from_slice(format!("\n```diff\n{DIFF}```\n").as_bytes());
    let _ = repo.burn_with_input(&["apply", "--check", "-"], &reply).exits(0);
}

#[test]
fn a_name_that_is_not_utf_8_is_written_as_git_writes_it() {
    use std::os::unix::ffi::OsStrExt;
    let room = Room::new();
    let repo = project(&room);
    repo.write("fix.diff", DIFF);
    let named = |args: &[&str]| {
        let mut command = room.git_with_burn(&repo.path, args);
        let (name, mail) =
            (std::ffi::OsStr::from_bytes(b"Jos\xe9 Z\xfcrich"), std::ffi::OsStr::from_bytes(b"jos\xe9@example.org"));
        Ended::of(command.env("GIT_AUTHOR_NAME", name).env("GIT_COMMITTER_NAME", name).env("GIT_AUTHOR_EMAIL", mail))
    };
    let _ = named(&["commit", "-q", "--allow-empty", "-m", "by git"]).exits(0);
    let _ = named(&["burn", "apply", "--branch", "ours", "fix.diff"]).exits(0);
    let people = |commit: &str| {
        let raw = repo.try_git(&["cat-file", "commit", commit]).stdout;
        let lines = raw
            .split(|byte| *byte == b'\n')
            .filter(|line| line.starts_with(b"author") || line.starts_with(b"committer"));
        lines.map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    assert_eq!(people("ours"), people("HEAD"));
    assert!(people("ours")[0].starts_with("author José Zürich <josé@".as_bytes()));
    // In another encoding the bytes mean something else, which only its owner can tell.
    repo.git(&["config", "i18n.commitEncoding", "KOI8-R"]);
    let told = ["not UTF-8", "i18n.commitEncoding", "hint: "];
    let _ = named(&["burn", "apply", "--branch", "other", "fix.diff"]).exits(128).tells(&told);
}
