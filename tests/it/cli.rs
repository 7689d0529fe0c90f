//! The program as people meet it: `git burn` through PATH, its help, errors and exit statuses, completion, trust.

use std::time::{Duration, Instant};

use crate::support::burn::{Ended, path_with_program, program};
use crate::support::git::Room;

#[test]
fn help_is_short_and_grouped_and_version_says_which() {
    let room = Room::new();
    let help = room.burn_in(room.path(), &["-h"]).exits(0);
    for heading in ["Start:", "Common options:", "Usage: git burn [OPTIONS] <COMMAND>", "  trust "] {
        assert!(help.stdout.contains(heading), "{}", help.stdout);
    }
    let _ = room.burn_in(room.path(), &["--version"]).exits(0).prints(concat!("git-burn ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_exits_with_129_as_git_does() {
    let room = Room::new();
    let _ = room.burn_in(room.path(), &["frobnicate"]).exits(129).tells(&["frobnicate"]);
    let _ = room.burn_in(room.path(), &["completion", "--no-such-flag"]).exits(129);
    let _ = room.burn_in(room.path(), &[]).exits(129).tells(&["Start:"]);
}

#[test]
fn starting_is_quick() {
    let run = || {
        let start = Instant::now();
        let status = std::process::Command::new(program()).arg("--version").output().expect("it runs").status;
        assert!(status.success());
        start.elapsed()
    };
    let best = (0..10).map(|_| run()).min().expect("ten runs");
    // 10 ms is the promise for release builds on a quiet machine; this is a debug build beside other tests.
    assert!(best < Duration::from_millis(100), "git-burn --version took {best:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let room = Room::new();
    let mut shell = room.command("sh", room.path());
    shell.env("PATH", path_with_program()).args(["-c", "{ git-burn man; echo status=$? >&2; } | head -1"]);
    let _ = Ended::of(&mut shell).exits(0).tells(&["status=0"]);
}

#[test]
fn folders_that_do_not_exist_and_places_without_repository_are_told() {
    let room = Room::new();
    let _ = room.burn_in(room.path(), &["-C", "nowhere", "trust"]).exits(128).tells(&["nowhere", "hint:"]);
    let _ = room.burn_in(room.path(), &["trust"]).exits(128).tells(&["not in a git repository", "hint: "]);
}

#[test]
fn a_failure_is_the_last_record_in_words() {
    let room = Room::new();
    let last = |args: &[&str], code: i32| {
        let ended = room.burn_in(room.path(), args).exits(code);
        let line = ended.stdout.lines().last().unwrap_or_else(|| panic!("nothing on stdout: {ended:?}")).to_owned();
        serde_json::from_str::<serde_json::Value>(&line).expect("a JSON line")
    };
    let record = last(&["issue", "1", "--json"], 128);
    let expected = [("v", "1"), ("event", "\"failed\""), ("outcome", "\"fatal\""), ("exit", "128")];
    expected.iter().for_each(|(key, value)| assert_eq!(record[key].to_string(), *value, "{record}"));
    assert!(record["reason"].as_str().is_some_and(|reason| reason.starts_with("not in a git repository")), "{record}");
    assert!(record["hints"][0].as_str().is_some_and(|hint| hint.starts_with("cd into a clone")), "{record}");
    let _ = room.burn_in(room.path(), &["demo", "--json"]).exits(0);
    let project = ["-C", "burn-demo/project", "--json"];
    let record = last(&[&project[..], &["issue", "77"]].concat(), 128);
    assert_eq!(record["reason"], "there is no issue #77");
    let record = last(&[&project[..], &["verify", "2"]].concat(), 1);
    assert_eq!((record["outcome"].as_str(), record["exit"].as_u64()), (Some("no"), Some(1)));
    let whole = room.burn_in(&room.path().join("burn-demo/project"), &["verify", "2", "--json"]).exits(1);
    assert!(whole.stdout.contains("\"event\":\"run_finished\"") && whole.stdout.contains("\"exit\":1,"), "{whole:?}");
}

#[test]
fn with_json_standard_output_holds_records_alone() {
    let room = Room::new();
    let _ = room.burn_in(room.path(), &["demo", "d"]).exits(0);
    let project = room.path().join("d/project");
    std::fs::write(project.join(".gitburn"), "[burn]\nmodel = a/b\n").expect("a file");
    room.command("git", &project).args(["add", ".gitburn"]).status().expect("git runs");
    room.command("git", &project).args(["commit", "-qm", "settings"]).status().expect("git runs");
    for (command, event) in [
        (&["plan", "2"][..], "plan"),
        (&["verify", "1"], "verification"),
        (&["man", "--install", "--to", "m"], "written"),
        (&["hook", "install"], if configured_hooks(&room) { "configured" } else { "written" }),
        (&["trust", "--show", "-B", "HEAD"], "needs_trust"),
        (&["init", "--yes"], ""),
        (&["issue", "two"], "failed"),
        (&["nexd"], "failed"),
    ] {
        let ended = room.burn_in(&project, &[command, &["--json"]].concat());
        let record = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap_or_default()["event"].clone();
        let events: Vec<serde_json::Value> = ended.stdout.lines().map(record).collect();
        assert!(events.iter().all(serde_json::Value::is_string), "{command:?}: {}", ended.stdout);
        assert!(event.is_empty() || events.iter().any(|name| name == event), "{command:?}: {}", ended.stdout);
    }
}

/// Whether this git reads hooks out of its configuration.
fn configured_hooks(room: &Room) -> bool {
    let version = room.command("git", room.path()).arg("version").output().expect("git runs");
    String::from_utf8_lossy(&version.stdout).as_ref() >= "git version 2.54"
}

#[test]
fn switches_in_the_environment_are_git_booleans() {
    let room = Room::new();
    let run = |value: &str| {
        let mut command = room.git_with_burn(room.path(), &["burn", "completion", "zsh"]);
        Ended::of(command.env("GIT_BURN_OFFLINE", value))
    };
    for fine in ["1", "yes", "", "off"] {
        let _ = run(fine).exits(0);
    }
    let _ = run("perhaps").exits(128).tells(&["GIT_BURN_OFFLINE", "perhaps"]);
}

#[test]
fn bash_completes_git_burn() {
    let room = Room::new();
    let script = room.burn_in(room.path(), &["completion", "bash"]).exits(0);
    std::fs::write(room.path().join("git-burn"), script.stdout).expect("a file");
    let git_completion = "/usr/share/bash-completion/completions/git";
    if !std::path::Path::new(git_completion).exists() {
        println!("git's bash completion is not here: not tried");
        return;
    }
    let complete = |words: &str| {
        let count = words.split(' ').count() - 1;
        let script = format!(
            "source {git_completion}; source ./git-burn; COMP_WORDS=({words}); [[ '{words}' == *' ' ]] && COMP_WORDS+=('')\n\
             COMP_CWORD={count}; COMP_LINE='{words}'; COMP_POINT=${{#COMP_LINE}}; COMPREPLY=()\n\
             __git_wrap__git_main; echo \"${{COMPREPLY[@]}}\""
        );
        let mut bash = room.command("bash", room.path());
        Ended::of(bash.args(["--norc", "-c", &script]).env("PATH", path_with_program())).exits(0).stdout
    };
    assert!(complete("git burn comp").contains("completion"), "{}", complete("git burn comp"));
    assert!(complete("git burn completion ").contains("fish"), "{}", complete("git burn completion "));
    assert!(complete("git burn man --in").contains("--install"));
}

#[test]
fn fish_completes_git_burn() {
    let room = Room::new();
    let script = room.burn_in(room.path(), &["completion", "fish"]).exits(0);
    let file = room.path().join("home/.config/fish/conf.d/git-burn.fish");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
    std::fs::write(&file, script.stdout).expect("a file");
    let complete = |words: &str| {
        let mut fish = room.command("fish", room.path());
        fish.args(["-c", &format!("complete -C '{words}'")]).env("PATH", path_with_program());
        fish.output().ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(first) = complete("git burn comp") else {
        println!("fish is not here: not tried");
        return;
    };
    assert!(first.contains("completion"), "{first}");
    assert!(complete("git -C . burn man --in").is_some_and(|found| found.contains("--install")));
    assert!(complete("git-burn guard --format ").is_some_and(|found| found.contains("sarif")));
}

#[test]
fn trust_is_for_one_content_of_the_team_file() {
    let room = Room::new();
    let repo = room.init("work");
    repo.commit("empty");
    let _ = repo.burn(&["trust"]).exits(1).tells(&["no .gitburn"]);
    repo.write(".gitburn", "[burn]\nbase = main\n[burn \"check.test\"]\ncommand = make test\n");
    repo.commit("team settings");
    repo.untouched_by(|| {
        let _ = repo
            .burn(&["trust", "--show"])
            .exits(1)
            .prints("not trusted\t.gitburn:4\tburn.check.test.command = make test");
        let _ = repo.burn(&["trust"]).exits(0).prints("trusted\t.gitburn:4\tburn.check.test.command = make test");
        let _ = repo.burn(&["trust", "--show"]).exits(0);
    });
    repo.write(".gitburn", "[burn \"check.test\"]\ncommand = make evil\n");
    repo.commit("changed");
    let _ = repo.burn(&["trust", "--show"]).exits(1);
    let _ = repo.burn(&["trust", "--show", "--base", "HEAD^"]).exits(0);
    let _ = repo.burn(&["trust", "--revoke"]).exits(0);
    let _ = repo.burn(&["trust", "--show", "--base", "HEAD^"]).exits(1);
}

#[test]
fn a_team_file_that_runs_nothing_needs_no_trust() {
    let room = Room::new();
    let repo = room.init("work");
    repo.write(".gitburn", "[burn]\nbase = main\n");
    repo.commit("team settings");
    for args in [&["trust", "--show"][..], &["trust"]] {
        let _ = repo.burn(args).exits(0).tells(&["nothing in .gitburn needs trust"]);
    }
}

#[test]
fn a_misspelt_variable_is_no_limit_that_nobody_notices() {
    let room = Room::new();
    let repo = room.init("work");
    let mut command = room.git_with_burn(&repo.path, &["burn", "status"]);
    let told = ["`GIT_BURN_MAXCOST` sets nothing (did you mean `GIT_BURN_MAX_COST`?)", "hint: "];
    let _ = Ended::of(command.env("GIT_BURN_MAXCOST", "2")).exits(128).tells(&told);
}

#[test]
fn a_broken_team_file_is_told_with_all_its_lines() {
    let room = Room::new();
    let repo = room.init("work");
    repo.write(".gitburn", "[burn]\nmodle = x\nclose = after-merge\n[user]\nname = y\n");
    repo.commit("broken");
    let told = [".gitburn:2: unknown key `burn.modle` (did you mean `burn.model`?)", ".gitburn:5"];
    let _ = repo.burn(&["trust"]).exits(128).tells(&told);
}

#[test]
fn numbers_that_are_none_are_told_in_words_with_their_range() {
    let room = Room::new();
    let repo = room.init("work");
    for (args, told) in [
        (&["sprint", "-j", "0"][..], "a whole number from 1 on: so many issues at once"),
        (&["sprint", "--jobs", "many"], "a whole number from 1 on"),
        (&["list", "-L", "x"], "a whole number from 0 on: at most so many"),
        (&["rank", "1", "-L", "1.5"], "a whole number from 0 on"),
        (&["rank", "1", "--pack", "x"], "a whole number from 0 on: so many tokens"),
        (&["log", "-L", "99999999999999999999999"], "a whole number from 0 on"),
        (&["list", "--min-score", "10"], "a whole number from 0 to 9: the triage score"),
        (&["issue", "1", "--max-turns", "4294967296"], "a whole number from 0 to 4294967295: so many answers"),
        (&["issue", "1", "--max-tokens", "1e6"], "a whole number from 0 on: so many tokens"),
        (&["sprint", "--all-tokens", "x"], "a whole number from 0 on: so many tokens"),
        (&["apply", "-p", "x", "f"], "a whole number from 0 on: so many leading parts"),
    ] {
        let ended = repo.burn(args).exits(129).tells(&[told]);
        for rust in ["would be zero", "invalid digit", "too large to fit", "is not in"] {
            assert!(!ended.stderr.contains(rust), "{args:?}: {}", ended.stderr);
        }
    }
    let _ = repo.burn(&["list", "--min-score", "9", "-L", "0", "-h"]).exits(0);
}

#[test]
fn without_a_home_it_is_told_what_to_set() {
    let room = Room::new();
    let repo = room.init("work");
    repo.write("a", "a\n");
    repo.commit("a");
    let mut command = room.git_with_burn(&repo.path, &["burn", "clean"]);
    let ended = Ended::of(command.env_remove("HOME").env_remove("XDG_CACHE_HOME")).exits(128);
    let _ = ended.tells(&["neither XDG_CACHE_HOME nor HOME", "hint: ", "export XDG_CACHE_HOME="]);
}

#[test]
fn columns_in_the_environment_are_the_width() {
    let room = Room::new();
    let repo = room.init("work");
    let widest = |columns: &str| {
        let line = format!("stty cols 130 rows 40; COLUMNS={columns} git burn list -h");
        let mut command = room.git_with_burn(&repo.path, &[]);
        let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, path)| path).unwrap().to_owned();
        command = room.command("script", &repo.path);
        command.args(["-qec", &line, "/dev/null"]).env("PATH", path).stdin(std::process::Stdio::null());
        let output = command.output().expect("script runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("--min-score"), "{text}");
        text.lines().map(|line| line.trim_end().chars().count()).max().unwrap_or_default()
    };
    assert!((40..=62).contains(&widest("62")), "{}", widest("62"));
    let others = ["", "x", "0"].map(widest);
    assert!(others.iter().all(|width| *width > 62), "{others:?}");
}
