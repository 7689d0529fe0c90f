//! `git burn guard` in the places where people put it: by hand, as a hook, in linked worktrees, in workflows.

use std::os::unix::fs::PermissionsExt;

use crate::support::burn::{Ended, path_with_program};
use crate::support::git::{Repo, Room};

fn project(room: &Room) -> Repo<'_> {
    let repo = room.init("work");
    repo.write("src/main.py", "print(1)\n");
    repo.commit("start");
    repo
}

#[test]
fn a_clone_that_is_too_shallow_for_a_range_is_told_with_the_way_out() {
    let room = Room::new();
    let repo = project(&room);
    repo.git(&["branch", "topic"]);
    for branch in ["main", "topic"] {
        repo.git(&["checkout", "-q", branch]);
        repo.write(&format!("{branch}.py"), "print(3)\n");
        repo.commit(branch);
    }
    let from = format!("file://{}", repo.path.display());
    repo.git(&["clone", "-q", "--depth=1", "--no-single-branch", "-b", "topic", &from, "../shallow"]);
    let shallow = room.path().join("shallow");
    let told = "hint: this clone is shallow: git fetch --unshallow";
    for range in ["origin/main...HEAD", "HEAD^..HEAD"] {
        let _ = room.burn_in(&shallow, &["guard", "--range", range]).exits(128).tells(&[told]);
    }
    let ended = repo.burn(&["guard", "--range", "nowhere..HEAD"]).exits(128);
    assert!(ended.stderr.starts_with("fatal: unknown revision `nowhere`\nhint: git branch -a"), "{}", ended.stderr);
}

#[test]
fn clean_changes_pass_and_findings_name_place_rule_and_way_out() {
    let room = Room::new();
    let repo = project(&room);
    let _ = repo.burn(&["guard", "--staged"]).exits(0).tells(&["guard: clean"]);
    repo.write("src/main.py", "print(2)\n");
    repo.git(&["add", "-A"]);
    let _ = repo.burn(&["guard", "--staged"]).exits(0).tells(&["1 file +1 -1"]);
    repo.write("src/wipe.sh", "#!/bin/sh\nrm -rf /\n");
    repo.write(".github/workflows/ci.yml", "on: push\n");
    repo.git(&["add", "-A"]);
    let ended = repo.untouched_by(|| repo.burn(&["guard", "--staged"]).exits(1).tells(&["guard: "]));
    for words in [
        "src/wipe.sh:2: forbidden content",
        ".github/workflows/ci.yml",
        "[protected-path]",
        "git config --add burn.guard.permit",
    ] {
        assert!(ended.stdout.contains(words), "`{words}` is missing in {}", ended.stdout);
    }
    let _ = repo.burn(&["guard"]).exits(129).tells(&["--staged"]);
}

#[test]
fn the_users_own_settings_can_allow_and_the_team_can_forbid() {
    let room = Room::new();
    let repo = project(&room);
    repo.write(".gitburn", "[burn \"guard\"]\nprotect = src/**\n");
    repo.commit("team rules");
    repo.write("src/main.py", "print(3)\n");
    repo.git(&["add", "-A"]);
    let _ = repo.burn(&["guard", "--staged"]).exits(1);
    // The change cannot relax its own rules: the policy is that of HEAD.
    repo.write(".gitburn", "[burn]\n");
    repo.git(&["add", "-A"]);
    let ended = repo.burn(&["guard", "--staged"]).exits(1);
    assert!(ended.stdout.contains("src/main.py") && ended.stdout.contains(".gitburn"), "{}", ended.stdout);
    let _ = repo.burn(&["guard", "--staged", "--base", "HEAD^"]).exits(1);
}

#[test]
fn ranges_are_judged_by_the_policy_at_their_start() {
    let room = Room::new();
    let repo = project(&room);
    repo.write("Jenkinsfile", "node {}\n");
    repo.commit("ci");
    let _ = repo.burn(&["guard", "--range", "HEAD^..HEAD"]).exits(1);
    let _ = repo.burn(&["guard", "--range", "HEAD..HEAD"]).exits(0);
    let _ = repo.burn(&["guard", "--range", "nonsense"]).exits(128).tells(&["nonsense"]);
    let bare = room.path().join("bare.git");
    repo.git(&["clone", "-q", "--bare", ".", bare.to_str().expect("a path")]);
    let mut command =
        room.git_with_burn(room.path(), &["--git-dir", "bare.git", "burn", "guard", "--range", "main^..main"]);
    let _ = Ended::of(&mut command).exits(1);
    let mut command = room.git_with_burn(room.path(), &["--git-dir", "bare.git", "burn", "guard", "--staged"]);
    let _ = Ended::of(&mut command).exits(128).tells(&["bare", "hint: use --range"]);
}

#[test]
fn workflows_get_annotations_and_code_scanning_gets_sarif() {
    let room = Room::new();
    let repo = project(&room);
    repo.write("Jenkinsfile", "node {}\n");
    repo.git(&["add", "-A"]);
    let mut command = room.git_with_burn(&repo.path, &["burn", "guard", "--staged"]);
    let ended = Ended::of(command.env("GITHUB_ACTIONS", "true")).exits(1);
    assert!(ended.stdout.starts_with("::error file=Jenkinsfile,"), "{}", ended.stdout);
    let sarif = repo.burn(&["guard", "--staged", "--format", "sarif"]).exits(1);
    let log: serde_json::Value = serde_json::from_str(&sarif.stdout).expect("JSON");
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "protected-path");
    let json = repo.burn(&["guard", "--staged", "--json"]).exits(1);
    let last: serde_json::Value = serde_json::from_str(json.stdout.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&last["outcome"], &last["findings"]), (&"refused".into(), &1.into()));
}

/// The hook that people write by hand; `git burn hook install` does the same.
fn hook(repo: &Repo<'_>) {
    let hook = repo.path.join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
    std::fs::write(&hook, "#!/bin/sh\nexec git burn guard --staged\n").expect("a file");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).expect("a mode");
}

#[test]
fn as_a_hook_it_sees_exactly_what_is_committed() {
    let room = Room::new();
    let repo = project(&room);
    hook(&repo);
    let commit = |args: &[&str]| {
        let mut command = room.command("git", &repo.path);
        Ended::of(command.args(["commit", "-q", "-m", "x"]).args(args).env("PATH", path_with_program()))
    };
    repo.write("Jenkinsfile", "node {}\n");
    repo.write("src/main.py", "print(4)\n");
    repo.git(&["add", "-A"]);
    let _ = commit(&[]).exits(1).tells(&["guard: 1 finding"]);
    // `git commit FILE` commits from an index of its own, named by GIT_INDEX_FILE.
    let _ = commit(&["--", "src/main.py"]).exits(0);
    let _ = commit(&[]).exits(1);
}

#[test]
fn as_a_hook_in_a_linked_worktree_it_looks_at_that_worktree() {
    let room = Room::new();
    let repo = project(&room);
    hook(&repo);
    let linked = room.path().join("linked");
    repo.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().expect("a path")]);
    repo.write("Jenkinsfile", "node {}\n");
    repo.git(&["add", "-A"]);
    std::fs::write(linked.join("new.py"), "x = 1\n").expect("a file");
    let git = |args: &[&str]| Ended::of(room.command("git", &linked).args(args).env("PATH", path_with_program()));
    let _ = git(&["add", "-A"]).exits(0);
    let _ = git(&["commit", "-q", "-m", "fine"]).exits(0);
    std::fs::write(linked.join("Jenkinsfile"), "node {}\n").expect("a file");
    let _ = git(&["add", "-A"]).exits(0);
    let _ = git(&["commit", "-q", "-m", "not fine"]).exits(1);
}

#[test]
fn a_repository_without_commits_can_be_guarded_too() {
    let room = Room::new();
    let repo = room.init("new");
    repo.write("a.py", "x = 1\n");
    repo.git(&["add", "-A"]);
    let _ = repo.burn(&["guard", "--staged"]).exits(0);
    repo.write("data/app.sqlite", [0u8, 1, 2]);
    repo.git(&["add", "-A"]);
    let _ = repo.burn(&["guard", "--staged"]).exits(1);
}

#[test]
fn a_token_of_the_environment_never_gets_into_a_commit() {
    let room = Room::new();
    let repo = project(&room);
    repo.write("src/main.py", "key = 'tok-3f9a8b7c6d5e4f3a2b1c'\n");
    repo.git(&["add", "-A"]);
    let mut command = room.git_with_burn(&repo.path, &["burn", "guard", "--staged"]);
    let ended = Ended::of(command.env("GITEA_TOKEN", "tok-3f9a8b7c6d5e4f3a2b1c")).exits(1);
    assert!(ended.stdout.contains("secret"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("tok-3f9a8b7c6d5e4f3a2b1c"), "the finding shows the secret: {}", ended.stdout);
}

#[test]
fn a_file_too_large_to_be_read_is_a_finding() {
    let room = Room::new();
    let repo = project(&room);
    let large = "a line of data\n".repeat(1_500_000);
    repo.write("dump.txt", &large);
    repo.git(&["add", "-A"]);
    let found = |args: &[&str]| {
        let ended = repo.burn(args).exits(1);
        for words in ["dump.txt: ", "too large to be looked at", "[binary]", "22500000 bytes, more than", "[max-bytes]"]
        {
            assert!(ended.stdout.contains(words), "`{words}` is missing in {}", ended.stdout);
        }
    };
    found(&["guard", "--staged"]);
    repo.commit("a dump");
    found(&["guard", "--range", "HEAD^..HEAD"]);
    // One that is there already may move and go, and is no obstacle to anything else.
    repo.git(&["mv", "dump.txt", "old.txt"]);
    let _ = repo.burn(&["guard", "--staged"]).exits(0).tells(&["1 file +0 -0"]);
    repo.git(&["rm", "-q", "-f", "old.txt"]);
    let _ = repo.burn(&["guard", "--staged"]).exits(0).tells(&["1 file +0 -0"]);
    repo.git(&["reset", "-q", "--hard"]);
    repo.write("dump.txt", format!("{large}more\n"));
    repo.git(&["add", "-A"]);
    let _ = repo.burn(&["guard", "--staged"]).exits(1).prints_with("[binary]");
    repo.write("dump.txt", "one\n");
    repo.git(&["add", "-A"]);
    let _ = repo.burn(&["guard", "--staged"]).exits(0).tells(&["1 file +1 -0"]);
    repo.git(&["reset", "-q", "--hard"]);
    let patch = "--- a/dump.txt\n+++ b/dump.txt\n@@ -1 +1 @@\n-a line of data\n+b\n";
    let _ = repo.burn_with_input(&["guard", "--patch", "-"], patch.as_bytes()).exits(1).tells(&["too large"]);
    let away = "diff --git a/dump.txt b/dump.txt\ndeleted file mode 100644\n";
    let _ = repo.burn_with_input(&["guard", "--patch", "-"], away.as_bytes()).exits(1).tells(&["too large"]);
}
