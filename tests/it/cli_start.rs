//! `git burn doctor`, `init` and `hook`: what sets things up says what it does, and touches nothing else.

use crate::support::burn::{Ended, path_with_program};
use crate::support::git::{Repo, Room};

/// A repository that has everything: files forge, replayed model, a check.
fn ready(room: &Room) -> Repo<'_> {
    let repo = room.init("work");
    repo.write("issues/1-x.md", "---\nnumber: 1\ntitle: X\n---\n\nText.\n");
    repo.write("script.jsonl", "{\"answer\": \"none\"}\n");
    repo.commit("start");
    let settings =
        [("forge", "files"), ("url", "issues"), ("model", "replay/script.jsonl"), ("check.test.command", "make test")];
    for (key, value) in settings {
        repo.git(&["config", &format!("burn.{key}"), value]);
    }
    repo
}

#[test]
fn doctor_finds_nothing_wrong_where_nothing_is() {
    let room = Room::new();
    let repo = ready(&room);
    let ended = repo.untouched_by(|| repo.burn(&["doctor"]).exits(0));
    for words in ["git\n", "✓ commits have an author", "✓ files ", "✓ replay/script.jsonl", "✓ test: make test"]
    {
        assert!(ended.stdout.contains(words), "`{words}` is missing in:\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains('✗'), "{}", ended.stdout);
    assert!(!ended.stdout.contains("--create-labels"), "{}", ended.stdout);

    // As in `git burn doctor | head -1`: who has seen enough is told nothing more.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = room.git_with_burn(&repo.path, &["burn", "doctor"]);
    let output = command.stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn a_token_in_the_remote_s_url_is_never_shown_and_a_dead_remote_ends_with_8() {
    let room = Room::new();
    let repo = ready(&room);
    repo.git(&["remote", "add", "origin", "http://ci:ghp_0123456789abcdef@127.0.0.1:9/o/r.git"]);
    repo.git(&["config", "burn.base", "main"]);
    let dead = repo.burn(&["plan", "1"]).exits(8).tells(&["the remote `origin` does not answer", "hint: "]);
    for ended in [dead, repo.burn(&["list"]), repo.burn(&["doctor"]), repo.burn(&["status"])] {
        assert!(!format!("{ended:?}").contains("ghp_"), "{ended:?}");
    }
}

#[test]
fn doctor_names_what_is_broken_and_the_cure_and_exits_with_1() {
    let room = Room::new();
    let repo = room.init("work");
    repo.commit("start");
    let ended = repo.burn(&["doctor"]).exits(1);
    for words in [
        "✗ this clone has no remote",
        "✗ no model is configured",
        "✗ no required check",
        "git config burn.check.test.command",
    ] {
        assert!(ended.stdout.contains(words), "`{words}` is missing in:\n{}", ended.stdout);
    }
    let json = repo.burn(&["doctor", "--json"]).exits(1).stdout;
    let broken = json.lines().filter(|line| line.contains(r#""state":"broken""#)).count();
    assert!(broken >= 3 && json.lines().all(|line| line.starts_with(r#"{"v":1,"event":"finding""#)), "{json}");
    let _ = room.burn_in(room.path(), &["doctor"]).exits(1);
}

#[test]
fn doctor_knows_a_model_without_its_key_and_a_nameless_committer() {
    let room = Room::new();
    let repo = ready(&room);
    repo.git(&["config", "burn.model", "anthropic/claude-opus-5"]);
    let mut command = room.git_with_burn(&repo.path, &["burn", "doctor"]);
    for role in ["AUTHOR", "COMMITTER"] {
        command.env_remove(format!("GIT_{role}_NAME")).env_remove(format!("GIT_{role}_EMAIL"));
    }
    let ended = Ended::of(&mut command).exits(1);
    assert!(ended.stdout.contains("ANTHROPIC_API_KEY is not set"), "{}", ended.stdout);
    assert!(ended.stdout.contains("git config --global user.name"), "{}", ended.stdout);
}

#[test]
fn hook_install_guards_commits_and_leaves_other_hooks_alone() {
    let room = Room::new();
    let repo = ready(&room);
    let commit = || {
        let mut command = room.command("git", &repo.path);
        Ended::of(command.args(["commit", "-q", "-m", "x"]).env("PATH", path_with_program()))
    };
    let _ = repo.burn(&["hook", "install"]).exits(0);
    let _ = repo.burn(&["hook", "install"]).exits(0);
    repo.write("Jenkinsfile", "node {}\n");
    repo.git(&["add", "-A"]);
    let _ = commit().exits(1);
    let _ = repo.burn(&["hook", "uninstall"]).exits(0);
    let _ = commit().exits(0);
    let _ = repo.burn(&["hook", "uninstall"]).exits(0).tells(&["no hook"]);
}

#[test]
fn a_hook_without_the_program_says_so_and_lets_nothing_pass() {
    let room = Room::new();
    let repo = ready(&room);
    let _ = repo.burn(&["hook", "install"]).exits(0);
    repo.write("a", "a\n");
    repo.git(&["add", "-A"]);
    let ended = Ended::of(room.command("git", &repo.path).args(["commit", "-q", "-m", "x"])).exits(1);
    let told = ended.tells(&["needs git-burn, which is not in PATH", "git commit --no-verify", "for good: "]);
    assert_eq!(told.stderr.lines().count(), 1, "{}", told.stderr);
    assert!(!told.stderr.contains("is not a git command"), "{}", told.stderr);
}

#[test]
fn the_hook_of_an_earlier_version_is_replaced_and_removed() {
    let room = Room::new();
    let repo = ready(&room);
    if repo.git(&["version"]).as_str() >= "git version 2.54" {
        println!("hooks are in the configuration: no script is written");
        return;
    }
    let file = repo.path.join(".git/hooks/pre-commit");
    let old = "#!/bin/sh\n# written by `git burn hook install`\nexec git burn guard --staged\n";
    let write = || repo.write(".git/hooks/pre-commit", old);
    write();
    let _ = repo.burn(&["hook", "install"]).exits(0);
    assert!(std::fs::read_to_string(&file).unwrap().contains("which is not in PATH"));
    write();
    let _ = repo.burn(&["hook", "uninstall"]).exits(0);
    assert!(!file.exists());
}

#[test]
fn hook_install_does_not_replace_a_hook_of_the_user() {
    let room = Room::new();
    let repo = ready(&room);
    let version = repo.git(&["version"]);
    if version.as_str() >= "git version 2.54" {
        println!("{version} has hooks in its configuration: nothing to replace");
        return;
    }
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\n");
    let _ = repo.burn(&["hook", "install"]).exits(1).tells(&["already", "hint: add this line"]);
    assert_eq!(std::fs::read_to_string(repo.path.join(".git/hooks/pre-commit")).expect("a file"), "#!/bin/sh\n");
}

#[test]
fn hook_install_writes_to_no_folder_that_is_not_the_repository_s_alone() {
    let room = Room::new();
    let repo = ready(&room);
    if repo.git(&["version"]).as_str() >= "git version 2.54" {
        println!("hooks are in the configuration: no folder is written to");
        return;
    }
    std::fs::create_dir(room.path().join("home/hooks")).expect("a folder");
    for path in ["~/hooks", ".githooks", "/dev/null"] {
        repo.git(&["config", "core.hooksPath", path]);
        let install = || repo.burn(&["hook", "install"]).exits(1).tells(&["core.hooksPath", "git burn guard --staged"]);
        let _ = repo.untouched_by(install);
    }
    let home = room.path().join("home/hooks");
    assert_eq!(std::fs::read_dir(&home).expect("a folder").count(), 0);
    // What people have put there themselves is seen.
    std::fs::write(home.join("pre-commit"), "#!/bin/sh\ngit burn guard --staged\n").expect("a file");
    repo.git(&["config", "core.hooksPath", "~/hooks"]);
    let _ = repo.burn(&["hook", "install"]).exits(1).tells(&["a pre-commit hook already", "home/hooks/pre-commit"]);
}

#[test]
fn init_detects_and_prints_the_commands_it_ran() {
    let room = Room::new();
    let repo = room.init("work");
    repo.write("Makefile", "test:\n\ttrue\n");
    repo.write("issues/1-x.md", "---\nnumber: 1\ntitle: X\n---\n\nText.\n");
    repo.commit("start");
    let mut command = room.git_with_burn(&repo.path, &["burn", "init", "--yes"]);
    let ended = Ended::of(command.env("ANTHROPIC_API_KEY", "sk-test")).exits(0).tells(&["git burn doctor"]);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines[0], "git config burn.forge 'files'");
    assert_eq!(lines[1], "git config burn.url 'issues'");
    assert!(lines[2].starts_with("git config burn.model 'anthropic/"), "{lines:?}");
    assert_eq!(lines[3], "git config burn.check.test.command 'make test'");
    assert_eq!(repo.git(&["config", "burn.check.test.command"]), "make test");
    assert!(!ended.stdout.contains("sk-test") && !ended.stderr.contains("sk-test"));
    let again = repo.burn(&["init", "--yes"]).exits(0);
    assert_eq!(again.stdout, "", "what is set is left alone");
}

#[test]
fn init_shared_writes_a_team_file_that_needs_trust_and_never_replaces_one() {
    let room = Room::new();
    let repo = room.init("work");
    repo.write("go.mod", "module x\n");
    repo.commit("start");
    let _ = repo.burn(&["init", "--yes", "--shared"]).exits(0).tells(&["git burn trust"]);
    let text = std::fs::read_to_string(repo.path.join(".gitburn")).expect("a file");
    assert!(text.contains("[burn \"check.test\"]\n\tcommand = \"go test ./...\"\n"), "{text}");
    let _ = repo.burn(&["init", "--yes", "--shared"]).exits(1).tells(&["there already", "hint: "]);
    repo.commit("team");
    let _ = repo.burn(&["trust"]).exits(0).prints("trusted\t.gitburn:5\tburn.check.test.command = go test ./...");
}

#[test]
fn init_says_what_it_cannot_do() {
    let room = Room::new();
    let _ = room.burn_in(room.path(), &["init"]).exits(128).tells(&["not in a git repository"]);
    let repo = room.init("work");
    repo.commit("start");
    repo.git(&["remote", "add", "origin", "http://127.0.0.1:9/o/r.git"]);
    let _ = repo.burn(&["init", "--yes"]).exits(0).tells(&["warning: ", "127.0.0.1:9"]);
    let _ = repo.burn(&["init", "--yes", "--offline"]).exits(0).tells(&["--offline"]);
}

#[test]
fn hook_install_says_when_git_runs_no_hooks_at_all() {
    let room = Room::new();
    let repo = ready(&room);
    if repo.git(&["version"]).as_str() >= "git version 2.54" {
        println!("hooks are in the configuration: no folder is written to");
        return;
    }
    let _ = repo.burn(&["hook", "install"]).exits(0);
    let script = repo.path.join(".git/hooks/pre-commit");
    assert!(script.exists());
    // git looks for hooks in `/` then, not in its own folder.
    repo.git(&["config", "core.hooksPath", ""]);
    repo.write("Jenkinsfile", "node {}\n");
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-q", "-m", "unguarded"]);
    let told = ["core.hooksPath is empty", "hint: git config --unset core.hooksPath", "git burn guard --staged"];
    let _ = repo.burn(&["hook", "install"]).exits(1).tells(&told);
    let doctor = repo.burn(&["doctor"]);
    assert!(!doctor.stdout.contains("guards your own commits"), "{}", doctor.stdout);
    // What was installed before goes all the same.
    let _ = repo.burn(&["hook", "uninstall"]).exits(0);
    assert!(!script.exists());
}
