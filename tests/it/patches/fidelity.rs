//! What git diffs, the engine applies to the same tree: the 22 cases of a rival's measurement in which it kept 8, and more.

use std::os::unix::fs::{PermissionsExt, symlink};

use git_burn::core::patch::{ApplyOptions, Care, Completeness, LineNumbers, Patch};

use crate::support::git::{Repo, Room};
use crate::support::trees;

const OPTIONS: ApplyOptions = ApplyOptions { line_numbers: LineNumbers::Hidden, care: Care::Tool, seen: None };

/// One case: what stands at first, and what a commit makes of it.
struct Case {
    name: &'static str,
    before: fn(&Repo<'_>),
    after: fn(&Repo<'_>),
}

fn executable(repo: &Repo<'_>, path: &str) {
    let file = repo.path.join(path);
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).expect("chmod");
}

fn remove(repo: &Repo<'_>, path: &str) {
    std::fs::remove_file(repo.path.join(path)).expect("a file");
}

fn rename(repo: &Repo<'_>, from: &str, to: &str) {
    let target = repo.path.join(to);
    std::fs::create_dir_all(target.parent().expect("a parent")).expect("folders");
    std::fs::rename(repo.path.join(from), target).expect("a file");
}

/// A submodule as the index has it; its folder is there, as after a clone without it.
fn submodule(repo: &Repo<'_>, commit: &str) {
    std::fs::create_dir_all(repo.path.join("dep")).expect("a folder");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},dep")]);
}

const LONG: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

const CASES: &[Case] = &[
    Case { name: "plain edit", before: |r| r.write("f", "a\nb\nc\n"), after: |r| r.write("f", "a\nB\nc\n") },
    Case { name: "pure rename", before: |r| r.write("old/f", LONG), after: |r| rename(r, "old/f", "new/g") },
    Case {
        name: "edit of CRLF lines",
        before: |r| r.write("f", "a\r\nb\r\nc\r\n"),
        after: |r| r.write("f", "a\r\nB\r\nc\r\nd\r\n"),
    },
    Case { name: "delete", before: |r| r.write("f", "a\nb\n"), after: |r| remove(r, "f") },
    Case { name: "delete in a folder", before: |r| r.write("d/e/f", "a\n"), after: |r| remove(r, "d/e/f") },
    Case {
        name: "form feed in a line",
        before: |r| r.write("f", "a\nx\x0cy\nc\n"),
        after: |r| r.write("f", "a\nx\x0cz\nc\n"),
    },
    Case {
        name: "removed line `-- drop`",
        before: |r| r.write("f", "a\n-- drop\nc\n"),
        after: |r| r.write("f", "a\nc\n"),
    },
    Case {
        name: "added line `++ b/evil`",
        before: |r| r.write("f", "a\nc\n"),
        after: |r| r.write("f", "a\n++ b/evil\nc\n"),
    },
    Case {
        name: "rename with an edit",
        before: |r| r.write("f", LONG),
        after: |r| {
            rename(r, "f", "g");
            r.write("g", LONG.replace("five", "FIVE"));
        },
    },
    Case { name: "chmod", before: |r| r.write("f", "a\n"), after: |r| executable(r, "f") },
    Case {
        name: "new executable",
        before: |r| r.write("x", ""),
        after: |r| {
            r.write("run.sh", "#!/bin/sh\n");
            executable(r, "run.sh");
        },
    },
    Case { name: "new binary", before: |r| r.write("x", ""), after: |r| r.write("b.bin", [0, 255, 10, 13, 0, 7]) },
    Case { name: "no final newline", before: |r| r.write("f", "a\nb\nc"), after: |r| r.write("f", "a\nB\nc") },
    Case { name: "final newline taken away", before: |r| r.write("f", "a\nb\n"), after: |r| r.write("f", "a\nb") },
    Case { name: "final newline added", before: |r| r.write("f", "a\nb"), after: |r| r.write("f", "a\nb\n") },
    Case { name: "new empty file", before: |r| r.write("x", ""), after: |r| r.write("pkg/__init__.py", "") },
    Case {
        name: "new symlink",
        before: |r| r.write("x", ""),
        after: |r| symlink("x", r.path.join("link")).expect("a link"),
    },
    Case {
        name: "mixed line endings",
        before: |r| r.write("f", "a\r\nb\nc\r\nd\n"),
        after: |r| r.write("f", "a\r\nB\nc\r\nD\r\n"),
    },
    Case {
        name: "latin-1 text",
        before: |r| r.write("f", b"caf\xe9\nb\n"),
        after: |r| r.write("f", b"caf\xe9\nna\xefve\n"),
    },
    Case {
        name: "blank in a path",
        before: |r| r.write("a b/c d.txt", "a\n"),
        after: |r| r.write("a b/c d.txt", "b\n"),
    },
    Case {
        name: "quoted path",
        before: |r| r.write("\u{e4}\"\\.txt", "a\n"),
        after: |r| r.write("\u{e4}\"\\.txt", "b\n"),
    },
    Case { name: "top folder `b`", before: |r| r.write("b/f", "a\n"), after: |r| r.write("b/f", "b\n") },
    Case { name: "top folders `a` and `b` swap", before: |r| r.write("a/f", LONG), after: |r| rename(r, "a/f", "b/f") },
    Case {
        name: "binary edit",
        before: |r| r.write("b", [&[0; 4000][..], b"x"].concat()),
        after: |r| r.write("b", [&[0; 4000][..], b"yz"].concat()),
    },
    Case { name: "binary delete", before: |r| r.write("b", [0, 1, 2, 3]), after: |r| remove(r, "b") },
    Case {
        name: "file becomes a symlink",
        before: |r| r.write("f", "text\n"),
        after: |r| {
            remove(r, "f");
            symlink("elsewhere", r.path.join("f")).expect("a link");
        },
    },
    Case {
        name: "file becomes a folder",
        before: |r| r.write("f", "text\n"),
        after: |r| {
            remove(r, "f");
            r.write("f/g", "other\n");
        },
    },
    Case {
        name: "folder becomes a file",
        before: |r| r.write("f/g", "text\n"),
        after: |r| {
            std::fs::remove_dir_all(r.path.join("f")).expect("a folder");
            r.write("f", "other\n");
        },
    },
    Case {
        name: "symlink to elsewhere",
        before: |r| symlink("x", r.path.join("link")).expect("a link"),
        after: |r| {
            remove(r, "link");
            symlink("y", r.path.join("link")).expect("a link");
        },
    },
    Case {
        name: "submodule moved on",
        before: |r| submodule(r, "0123456789012345678901234567890123456789"),
        after: |r| submodule(r, "abcdefabcdefabcdefabcdefabcdefabcdefabcd"),
    },
    Case { name: "empty file filled", before: |r| r.write("f", ""), after: |r| r.write("f", "a\n") },
    Case { name: "file emptied", before: |r| r.write("f", "a\nb\n"), after: |r| r.write("f", "") },
];

#[test]
fn what_git_diffs_comes_out_as_the_same_tree() {
    for case in CASES {
        let room = Room::new();
        let repo = room.init("repo");
        (case.before)(&repo);
        let old = repo.commit("before");
        (case.after)(&repo);
        let new = repo.commit("after");
        let diff =
            repo.try_git(&["-c", "core.autocrlf=false", "diff", "--binary", "--full-index", "-M", &old, &new]).stdout;
        let wanted = repo.git(&["rev-parse", &format!("{new}^{{tree}}")]);
        let base = trees::snapshot(&repo, &old);
        let applied = Patch::parse(&diff, Completeness::Unknown).and_then(|patch| patch.apply(&base, &OPTIONS));
        let applied =
            applied.unwrap_or_else(|refusal| panic!("{}: {refusal}\n{}", case.name, crate::support::git::text(&diff)));
        assert_eq!(trees::write(&repo, &old, &applied.change), wanted, "{}", case.name);
    }
}

#[test]
fn what_the_engine_writes_git_applies_to_the_same_tree() {
    use git_burn::core::patch::{Binaries, Style, write_diff};
    for case in CASES {
        let room = Room::new();
        let repo = room.init("repo");
        (case.before)(&repo);
        let old = repo.commit("before");
        (case.after)(&repo);
        let new = repo.commit("after");
        let diff = repo.try_git(&["diff", "--binary", "--full-index", "-M", &old, &new]).stdout;
        let base = trees::snapshot(&repo, &old);
        let change = Patch::parse(&diff, Completeness::Unknown)
            .and_then(|patch| patch.apply(&base, &OPTIONS))
            .expect(case.name)
            .change;
        let written = write_diff(&change, Style { context: 3, binaries: Binaries::Data });
        let again = Patch::parse(&written, Completeness::Unknown)
            .and_then(|patch| patch.apply(&base, &OPTIONS))
            .expect(case.name)
            .change;
        assert_eq!(again, change, "{}", case.name);
        repo.git(&["reset", "-q", "--hard", &old]);
        repo.write("../written.diff", &written);
        repo.git(&["apply", "--index", "../written.diff"]);
        let wanted = repo.git(&["rev-parse", &format!("{new}^{{tree}}")]);
        assert_eq!(repo.git(&["write-tree"]), wanted, "{}\n{}", case.name, crate::support::git::text(&written));
    }
}

#[test]
fn patches_that_leave_the_tree_or_reach_into_git_are_refused() {
    let room = Room::new();
    let repo = room.init("repo");
    repo.write("f", "a\n");
    repo.write("dir/g", "a\n");
    symlink("dir", repo.path.join("link")).expect("a link");
    let base = repo.commit("base");
    let base = trees::snapshot(&repo, &base);
    for (path, word) in [
        ("../outside.txt", "leaves"),
        (".git/hooks/post-commit", ".git"),
        ("f/below", "below"),
        ("link/x", "below"),
        ("/etc/x", "absolute"),
    ] {
        let diff = format!("--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+evil\n");
        let result =
            Patch::parse(diff.as_bytes(), Completeness::Complete).and_then(|patch| patch.apply(&base, &OPTIONS));
        let refusal = result.expect_err(path).to_string();
        assert!(refusal.contains(word), "{path}: {refusal}");
    }
}
