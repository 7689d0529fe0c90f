//! `git burn demo`, `issue`, `next` and `plan` as people run them, from the real program's outside.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::burn::{Ended, program};
use crate::support::git::{Repo, Room};
use crate::support::server::{Answer, Server};

/// The demo's clone after the demo has burned its first issue.
fn demo(room: &Room) -> Repo<'_> {
    let ended = room
        .burn_in(room.path(), &["demo", "d"])
        .exits(0)
        .tells(&["guard   ✗ refused", "proof   ✓ red before, green now"]);
    assert_is_pull(&ended.stdout);
    Repo { room, path: room.path().join("d/project") }
}

/// The result alone is on standard output: the address of the pull request, in a backlog of files its path.
#[track_caller]
fn assert_is_pull(stdout: &str) {
    let file = stdout.trim_end();
    let fits = file.contains("/d/issues/pulls/") && !file.contains("..") && std::path::Path::new(file).is_file();
    assert!(fits && stdout.lines().count() == 1, "{stdout}");
}

fn remote_refs(repo: &Repo<'_>) -> String {
    repo.git(&["ls-remote", "origin"])
}

fn record(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn the_demo_burns_an_issue_and_its_clone_can_go_on() {
    let room = Room::new();
    let repo = demo(&room);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert!(remote_refs(&repo).contains("refs/heads/agent/ticket-1"));
    let _ = room.burn_in(room.path(), &["demo", "d"]).exits(128).tells(&["exists already", "hint: "]);
    let next = repo.untouched_by(|| repo.burn(&["next"])).exits(0);
    assert_is_pull(&next.stdout);
    assert!(
        std::fs::read_to_string(room.path().join("d/issues/0002-print-the-largest-value.md"))
            .is_ok_and(|text| text.contains("in-review"))
    );
}

#[test]
fn offline_no_server_is_asked_and_nothing_is_paid_for_that_cannot_be_pushed() {
    let room = Room::new();
    let repo = demo(&room);
    let server = Server::start(|_| Answer::new(404, String::new()));
    repo.git(&["remote", "set-url", "origin", &format!("{}/o/r.git", server.url())]);
    let next = repo.burn(&["--offline", "next"]).exits(8).tells(&["pushed to `origin`: --offline", "--no-push"]);
    assert!(!next.stderr.contains("ask "), "{}", next.stderr);
    let _ = repo.burn(&["--offline", "issue", "2", "--no-push"]).exits(0).tells(&["kept as"]);
    let status = repo.burn(&["--offline", "status"]).exits(0);
    assert!(status.stdout.contains("may not be asked"), "{}", status.stdout);
    // What is on the remote is not said to be gone, nor to be cleaned.
    for command in [&["revise", "1", "--no-push"][..], &["approve", "1", "0123456789"], &["clean", "--remote"]] {
        let _ = repo.burn(&[&["--offline"], command].concat()).exits(8).tells(&["`origin` cannot be asked: --offline"]);
    }
    let _ = repo.burn(&["--offline", "clean"]).exits(0);
    let _ = repo.burn(&["--offline", "claim", "list"]).exits(128).tells(&["--offline"]);
    assert!(server.lines().is_empty(), "{:?}", server.lines());
    repo.git(&["remote", "set-url", "origin", "../remote.git"]);
    let _ = repo.burn(&["--offline", "issue", "2"]).exits(0);
    repo.git(&["remote", "remove", "origin"]);
    let lone = repo.burn(&["next"]).exits(128).tells(&["no remote to push to", "hint: git remote add origin URL"]);
    assert!(!lone.stderr.contains("ask "), "{}", lone.stderr);
}

#[test]
fn a_dry_run_prints_what_it_would_do_and_publishes_nothing() {
    let room = Room::new();
    let repo = demo(&room);
    let (refs, local) = (remote_refs(&repo), repo.git(&["for-each-ref"]));
    let issues = || -> Vec<(PathBuf, String)> {
        let files = std::fs::read_dir(room.path().join("d/issues"))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path());
        let mut all: Vec<_> = files
            .filter(|file| file.is_file())
            .map(|file| (file.clone(), std::fs::read_to_string(file).expect("text")))
            .collect();
        all.sort();
        all
    };
    let before = issues();
    let ended = repo.untouched_by(|| repo.burn(&["issue", "2", "--dry-run"])).exits(0);
    for act in ["would comment on #2 (analysis)", "as new branch agent/ticket-2", "would open a pull request"] {
        assert!(ended.stdout.contains(act), "`{act}` is missing in {}", ended.stdout);
    }
    assert!(ended.stdout.lines().all(|line| line.starts_with("would ")), "{}", ended.stdout);
    assert_eq!((remote_refs(&repo), repo.git(&["for-each-ref"])), (refs, local));
    assert_eq!(issues(), before);
}

#[test]
fn a_dry_run_writes_nothing_and_needs_nowhere_to_write() {
    let room = Room::new();
    let repo = demo(&room);
    let dry = |flags: &[&str]| repo.burn(&[flags, &["issue", "2", "--dry-run"]].concat()).exits(0);
    repo.git(&["remote", "set-url", "origin", "https://git.example.org/o/r.git"]);
    let offline = dry(&["--offline"]).tells(&["warning: nothing can be pushed to `origin`: --offline"]);
    repo.git(&["remote", "remove", "origin"]);
    let lone = dry(&[]).tells(&["warning: this clone has no remote to push to"]);
    for would in [offline, lone] {
        for act in ["as new branch agent/ticket-2", "would open a pull request"] {
            assert!(would.stdout.contains(act), "`{act}` is missing in {}", would.stdout);
        }
    }
}

#[test]
fn json_is_one_event_a_line_and_ends_with_the_exit_status() {
    let room = Room::new();
    let repo = demo(&room);
    let ended = repo.burn(&["issue", "2", "--json"]).exits(0);
    let records: Vec<serde_json::Value> = ended.stdout.lines().map(record).collect();
    assert!(records.iter().all(|record| record["v"] == 1));
    let last = records.last().expect("a record");
    assert_eq!((&last["event"], &last["exit"]), (&"run_finished".into(), &0.into()));
    let finished = records.iter().find(|record| record["event"] == "issue_finished").expect("an ending");
    assert_eq!(finished["outcome"], "published");
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_run_that_breaks_or_is_terminated_says_so_in_the_record() {
    use std::io::{BufRead, BufReader};
    let room = Room::new();
    let repo = demo(&room);
    let last = |stdout: &str| stdout.lines().next_back().map(record).expect("a record");
    let broken = repo.burn(&["issue", "999", "--json"]).exits(128);
    let end = last(&broken.stdout);
    assert_eq!(
        (&end["event"], &end["outcome"], &end["exit"]),
        (&"failed".into(), &"fatal".into(), &128.into()),
        "{end}"
    );
    let before = broken.stdout.lines().rev().nth(1).map(record).expect("a record");
    assert_eq!((&before["event"], &before["exit"]), (&"run_finished".into(), &128.into()), "{before}");
    repo.git(&["config", "burn.check.test.command", "sleep 30"]);
    let mut command = room.command(program(), &repo.path);
    command.args(["issue", "2", "--json"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
    assert_eq!(record(&lines.next().expect("a line"))["event"], "run_started");
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let end = last(&lines.collect::<Vec<_>>().join("\n"));
    assert_eq!(child.wait().expect("it ends").code(), Some(143));
    assert_eq!((&end["event"], &end["exit"]), (&"run_finished".into(), &143.into()), "{end}");
}

#[test]
fn every_ending_has_its_exit_status() {
    let room = Room::new();
    let repo = demo(&room);
    let _ = repo.burn(&["issue", "99"]).exits(128).tells(&["#99", "hint: "]);
    let _ = repo.burn(&["issue", "1"]).exits(1).tells(&["in-review"]);
    let _ = repo.burn(&["issue", "4"]).exits(1).tells(&["blocked by #2"]);
    let _ = repo.burn(&["issue", "3"]).exits(5).tells(&["asked the reporter"]);
    let _ = repo.burn(&["issue", "6"]).exits(128).tells(&["pull request"]);
    let _ = repo.burn(&["issue", "0"]).exits(129);
    let _ = repo.burn(&["issue"]).exits(129);
    let _ = repo.burn(&["sprint", "--jobs", "0"]).exits(129).tells(&["--jobs"]);
    let _ = repo.burn(&["issue", "2"]).exits(0);
    let _ = repo.burn(&["next"]).exits(0);
    let _ = repo.burn(&["next", "--exit-code"]).exits(3);
    let _ = repo.burn(&["issue", "2", "--max-turns", "many"]).exits(129);
    let _ = repo.burn(&["issue", "2", "--timeout", "soon"]).exits(129).tells(&["--timeout", "`soon` is not a time"]);
}

#[test]
fn what_is_missing_is_told_before_anything_is_spent() {
    let room = Room::new();
    let repo = demo(&room);
    let with = |key: &str, value: &str| {
        let setting = format!("{key}={value}");
        Ended::of(&mut room.git_with_burn(&repo.path, &["-c", &setting, "burn", "issue", "2"]))
    };
    let _ = with("burn.model", "").exits(128).tells(&["no model is configured", "hint: "]);
    let _ = with("burn.model", "antropic/x").exits(128).tells(&["provider `antropic` is unknown"]);
    let _ = with("burn.url", "../nowhere").exits(128).tells(&["does not exist", "hint: "]);
    let _ = with("burn.remote", "nowhere").exits(128).tells(&["nowhere"]);
    let _ = with("burn.base", "nowhere").exits(128).tells(&["nowhere"]);
    let _ = with("burn.branch", "feature/x").exits(128).tells(&["{number}"]);
    let _ = with("burn.sandbox", "maybe").exits(128).tells(&["`maybe` is not auto, require or off"]);
    let mut nameless = room.git_with_burn(&repo.path, &["-c", "user.name=", "-c", "user.email=", "burn", "issue", "2"]);
    for role in ["AUTHOR", "COMMITTER"] {
        nameless.env_remove(format!("GIT_{role}_NAME")).env_remove(format!("GIT_{role}_EMAIL"));
    }
    let _ = Ended::of(&mut nameless).exits(128).tells(&["hint: "]);
    let _ = repo.burn(&["issue", "2", "-M", "anthropic/claude-opus-5"]).exits(4).tells(&["ANTHROPIC_API_KEY"]);
}

#[test]
fn a_branch_in_the_way_is_left_alone() {
    let room = Room::new();
    let repo = demo(&room);
    repo.git(&["push", "-q", "origin", "HEAD:refs/heads/taken/2", "HEAD:refs/heads/flat"]);
    let with = |template: &str| {
        let setting = format!("burn.branch={template}");
        Ended::of(&mut room.git_with_burn(&repo.path, &["-c", &setting, "burn", "issue", "2"]))
    };
    let _ = with("taken/{number}").exits(7).tells(&["taken/2"]);
    let _ = with("flat/{number}").exits(5).tells(&["flat"]);
    assert_eq!(
        repo.git(&["ls-remote", "origin", "refs/heads/taken/2"]).split('\t').next(),
        Some(repo.git(&["rev-parse", "HEAD"]).as_str())
    );
}

#[test]
fn detached_heads_dirty_checkouts_and_linked_worktrees_are_no_trouble() {
    let room = Room::new();
    let repo = demo(&room);
    repo.git(&["checkout", "-q", "--detach"]);
    repo.write("bin/tally", "unfinished work\n");
    repo.write("untracked", "x");
    repo.git(&["add", "bin/tally"]);
    let _ = repo.untouched_by(|| repo.burn(&["issue", "2", "--dry-run"])).exits(0);
    let _ = repo.untouched_by(|| repo.burn(&["plan", "2"])).exits(0);
    repo.git(&["stash", "-q"]);
    let linked = room.path().join("d/linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().expect("a path")]);
    let _ = repo.untouched_by(|| room.burn_in(&linked, &["issue", "2"])).exits(0);
}

#[test]
fn quiet_prints_only_the_result_and_plan_prints_the_analysis() {
    let room = Room::new();
    let repo = demo(&room);
    let plan = repo.untouched_by(|| repo.burn(&["plan", "2", "-q"])).exits(0);
    assert!(plan.stdout.contains("#2") && plan.stdout.contains("bin/tally"), "{}", plan.stdout);
    assert_eq!(plan.stderr, "");
    let ended = repo.burn(&["-q", "issue", "2"]).exits(0);
    assert_is_pull(&ended.stdout);
    assert_eq!(ended.stderr, "");
}

#[test]
fn temporary_folders_that_a_killed_run_left_go_with_the_next_use_a_day_later() {
    let room = Room::new();
    let repo = demo(&room);
    let temporary = room.path().join("temporary");
    for name in ["git-burn-push-old", "git-burn-push-young", "another"] {
        std::fs::create_dir_all(temporary.join(name)).unwrap();
    }
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400);
    for name in ["git-burn-push-old", "another"] {
        std::fs::File::open(temporary.join(name)).unwrap().set_modified(long_ago).unwrap();
    }
    let mut command = room.git_with_burn(&repo.path, &["burn", "claim", "list"]);
    let _ = Ended::of(command.env("TMPDIR", &temporary)).exits(0);
    let mut left: Vec<_> = temporary.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["another", "git-burn-push-young"]);
}

#[test]
fn issues_side_by_side_are_each_told_with_what_they_used() {
    let room = Room::new();
    let repo = demo(&room);
    let ended = repo.burn(&["sprint", "--jobs", "2"]);
    let told = ended.stderr.lines().find(|line| line.starts_with("#2 ✓")).unwrap_or_default();
    assert!(told.contains("2,320 tokens"), "{}", ended.stderr);
}

#[test]
fn a_reader_that_goes_away_ends_the_work_in_order() {
    let room = Room::new();
    let repo = demo(&room);
    // The check waits until nobody reads any more.
    let waits = "while [ ! -e gone ] && [ $((n=n+1)) -lt 20 ]; do sleep 0.1; done; sh tests/run.sh";
    repo.git(&["config", "burn.check.test.command", waits]);
    let mut command = room.git_with_burn(&repo.path, &["burn", "issue", "2", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut first = String::new();
    let mut reader = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    while !first.contains("check_started") {
        first.clear();
        let read = std::io::BufRead::read_line(&mut reader, &mut first).expect("a line");
        assert!(read > 0, "the run ended before its check");
    }
    drop(reader);
    let ended = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!((ended.status.code(), told.contains("Broken pipe")), (Some(128), true), "{told}");
    assert!(!remote_refs(&repo).contains("refs/burn/claims"), "{}", remote_refs(&repo));
    let log = repo.burn(&["log", "2"]).exits(0).stdout;
    assert!(log.contains("\tinterrupted\t"), "{log}");
    repo.git(&["config", "burn.check.test.command", "sh tests/run.sh"]);
    let mut command = room.git_with_burn(&repo.path, &["burn", "issue", "2"]);
    let (unread, closed) = std::io::pipe().expect("a pipe");
    drop(unread);
    let ended = command.stdout(closed).output().expect("it ends");
    assert_eq!(ended.status.code(), Some(128), "what it could not tell is no success");
    let log = repo.burn(&["log", "2"]).exits(0).stdout;
    assert!(log.lines().next().is_some_and(|line| line.contains("\tpublished\t")), "{log}");
}

#[test]
fn a_folder_of_templates_that_holds_none_is_told() {
    let room = Room::new();
    let repo = demo(&room);
    repo.git(&["config", "burn.templates", "docs/templtes"]);
    let told = ["burn.templates", "`docs/templtes`", "holds no template", "hint: ", "analysis.md", "push the folder"];
    let _ = repo.untouched_by(|| repo.burn(&["plan", "2"])).exits(128).tells(&told);
    repo.git(&["config", "burn.templates", "bin/"]);
    let _ = repo.burn(&["plan", "2"]).exits(128).tells(&["`bin/`", "holds no template"]);
    repo.write("docs/texts/analysis.md", "#{number} in our words\n");
    repo.commit("our words");
    repo.git(&["push", "-q", "origin", "main"]);
    repo.git(&["config", "burn.templates", "docs/texts"]);
    let plan = repo.burn(&["plan", "2"]).exits(0);
    assert!(plan.stdout.contains("in our words"), "{}", plan.stdout);
}
