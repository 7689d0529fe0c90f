//! `git burn replay`: a recorded run comes out the same, offline, whatever became of the world; and says where it does not.

use std::path::PathBuf;

use serde_json::Value;

use crate::flow::{BRANCH, NO_REPLY, Yard};
use crate::support::burn::Ended;
use crate::support::fake_forge::{Flavour, TOKEN};
use crate::support::git::Room;

/// The folders of all runs with a record, oldest first.
fn recorded(yard: &Yard<'_>) -> Vec<PathBuf> {
    let runs = std::fs::read_dir(yard.clone.path.join(".git/burn/runs")).expect("runs");
    let mut runs: Vec<PathBuf> = runs.map(|run| run.expect("an entry").path()).collect();
    runs.retain(|run| run.join("exchanges.jsonl").exists());
    runs.sort();
    runs
}

/// A yard in which one issue was burned, and the record of that.
fn burned(room: &Room, flavour: Flavour) -> (Yard<'_>, PathBuf) {
    let yard = Yard::new(room, flavour);
    let _ = yard.burn(&["issue", "1"]).exits(0);
    let run = recorded(&yard).remove(0);
    (yard, run)
}

fn id(run: &std::path::Path) -> &str {
    run.file_name().and_then(|name| name.to_str()).expect("a run's id")
}

/// Plays a run without token and network; nothing but objects may change.
fn replay(yard: &Yard<'_>, run: &std::path::Path, flags: &[&str]) -> Ended {
    let asked = yard.fake.log().len();
    let refs = (yard.clone.git(&["for-each-ref"]), yard.remote.git(&["for-each-ref"]));
    let runs = recorded(yard);
    let args = [&["replay", id(run), "--offline"], flags].concat();
    let ended = yard.clone.untouched_by(|| yard.clone.burn(&args));
    assert_eq!(yard.fake.log().len(), asked);
    assert_eq!((yard.clone.git(&["for-each-ref"]), yard.remote.git(&["for-each-ref"])), refs);
    assert_eq!(recorded(yard), runs);
    ended
}

/// Changes the record of a run.
fn edit(run: &std::path::Path, change: impl Fn(&str) -> String) {
    let file = run.join("exchanges.jsonl");
    let text = std::fs::read_to_string(&file).expect("a record");
    let edited = change(&text);
    assert_ne!(edited, text);
    std::fs::write(file, edited).expect("written");
}

#[test]
fn a_run_comes_out_as_the_same_commit() {
    for flavour in [Flavour::Gitea, Flavour::Github] {
        let room = Room::new();
        let (yard, run) = burned(&room, flavour);
        let pushed = yard.remote.git(&["rev-parse", BRANCH]);
        let text = std::fs::read_to_string(run.join("exchanges.jsonl")).expect("a record");
        assert!(!text.contains(TOKEN));
        // The refused patch never became a commit.
        let _ = replay(&yard, &run, &[]).exits(0).prints(&format!("same {pushed}"));
    }
}

#[test]
fn the_world_of_today_does_not_matter() {
    let room = Room::new();
    let (yard, run) = burned(&room, Flavour::Gitea);
    let pushed = yard.remote.git(&["rev-parse", BRANCH]);
    yard.fake.state().issue_mut(1).title = "Something else".into();
    yard.fake.state().end_pull(2, true);
    yard.replies(NO_REPLY);
    for (key, value) in
        [("burn.check.test.command", "false"), ("burn.guard.maxFiles", "1"), ("burn.branch", "x/{number}")]
    {
        yard.clone.git(&["config", key, value]);
    }
    yard.clone.write("bin/tally", "#!/bin/sh\n");
    yard.clone.commit("the base moves");
    yard.clone.git(&["push", "-q", yard.remote.path.to_str().expect("a path"), "main"]);
    let ended = replay(&yard, &run, &["--json"]).exits(0);
    assert!(ended.stdout.contains("\"event\":\"would_act\""), "{}", ended.stdout);
    let last: Value = ended.stdout.lines().last().and_then(|line| serde_json::from_str(line).ok()).expect("a record");
    assert_eq!((&last["event"], &last["same"]), (&"replayed".into(), &true.into()), "{last}");
    assert_eq!(last["commits"][0], pushed);
}

#[test]
fn another_answer_is_found_where_it_makes_a_difference() {
    let room = Room::new();
    let (yard, run) = burned(&room, Flavour::Gitea);
    edit(&run, |text| text.replace("b/tests/cases/empty.expected", "b/tests/cases/none.expected"));
    let _ = replay(&yard, &run, &[]).exits(1).prints_with("differs: commit 1: its tree was ");
}

#[test]
fn another_prompt_is_a_failure_that_names_the_line() {
    let room = Room::new();
    let (yard, run) = burned(&room, Flavour::Gitea);
    edit(&run, |text| text.replace("Mean of a file without rows", "Median of a file without rows"));
    let _ = replay(&yard, &run, &[]).exits(1).prints_with("the prompt is another one");
}

#[test]
fn a_question_that_is_not_in_the_record_is_never_asked() {
    let room = Room::new();
    let (yard, run) = burned(&room, Flavour::Gitea);
    edit(&run, |text| {
        text.lines().filter(|line| !line.contains("\"asked\":\"pulls ")).map(|line| format!("{line}\n")).collect()
    });
    let _ = replay(&yard, &run, &[]).exits(1).prints_with("it is not in the record");
}

#[test]
fn a_revision_is_played_again_after_its_branch_has_grown() {
    let room = Room::new();
    let (yard, first) = burned(&room, Flavour::Gitea);
    yard.fake.state().add_review(2, "ada", "CHANGES_REQUESTED", "Say so in the README.");
    yard.replies(
        "<!-- replay -->\nR1: done\n\n```diff\n--- a/README.md\n+++ b/README.md\n@@ -1,3 +1,5 @@\n # tally\n \n \
         Counts, sums and averages one column of a CSV file.\n+\n+The mean of a file without rows is 0.\n```\n",
    );
    let _ = yard.burn(&["revise", "1"]).exits(0);
    let revised = yard.remote.git(&["rev-parse", BRANCH]);
    let runs = recorded(&yard);
    let second = runs.iter().find(|run| **run != first).expect("the revision's run");
    let _ = replay(&yard, second, &[]).exits(0).prints(&format!("same {revised}"));
    let _ = replay(&yard, &first, &[]).exits(0);
}

#[test]
fn red_checks_are_played_from_the_record() {
    let room = Room::new();
    let yard = Yard::new(&room, Flavour::Gitea);
    let broken = "<!-- replay issue=1 -->\n```diff\n--- a/bin/tally\n+++ b/bin/tally\n@@ -17,3 +17,3 @@\n         printf \"count %d\\n\", count\n\
        -        printf \"sum %.2f\\n\", sum\n+        printf \"total %.2f\\n\", sum\n         printf \"mean %.2f\\n\", sum / count\n```\n";
    let mend = "<!-- replay issue=1 expect=\"Your patch is applied\" -->\n```diff\n--- a/bin/tally\n+++ b/bin/tally\n@@ -17,3 +17,3 @@\n         printf \"count %d\\n\", count\n\
        -        printf \"total %.2f\\n\", sum\n+        printf \"sum %.2f\\n\", sum\n         printf \"mean %.2f\\n\", sum / count\n--- a/README.md\n+++ b/README.md\n@@ -1,3 +1,3 @@\n-# tally\n+# Tally\n \n Counts, sums and averages one column of a CSV file.\n```\n";
    yard.replies(&format!("{broken}{mend}"));
    let _ = yard.burn(&["issue", "1"]).exits(0);
    yard.clone.git(&["config", "burn.check.test.command", "false"]);
    let run = recorded(&yard).remove(0);
    let ended = replay(&yard, &run, &[]).exits(0);
    assert_eq!(ended.stdout.split_whitespace().count(), 3, "two commits: {}", ended.stdout);
}

#[test]
fn how_long_a_replay_takes_does_not_matter() {
    let room = Room::new();
    let yard = Yard::new(&room, Flavour::Gitea);
    let _ = yard.burn(&["issue", "1", "--timeout", "3333s"]).exits(0);
    let run = recorded(&yard).remove(0);
    edit(&run, |text| text.replace("3333s", "1ms"));
    let _ = replay(&yard, &run, &[]).exits(0).prints_with("same");
}

#[test]
fn a_run_that_was_stopped_before_it_asked_anybody_comes_out_the_same() {
    let room = Room::new();
    let yard = Yard::new(&room, Flavour::Gitea);
    yard.clone.git(&["config", "burn.check.test.command", "sleep 300"]);
    for stopped in [["--timeout", "2s"], ["--max-tokens", "1"]] {
        let _ = yard.burn(&[&["issue", "1"][..], &stopped].concat()).exits(6);
        let run = recorded(&yard).pop().expect("a record");
        let _ = replay(&yard, &run, &[]).exits(0).prints_with("same");
    }
}

#[test]
fn runs_that_cannot_be_played_say_why() {
    let room = Room::new();
    let (yard, run) = burned(&room, Flavour::Gitea);
    let _ = yard.clone.burn(&["replay", "1999"]).exits(128).tells(&["no run `1999`", "hint: "]);
    edit(&run, |text| text.lines().skip(1).map(|line| format!("{line}\n")).collect());
    let _ = yard.clone.burn(&["replay", id(&run)]).exits(128).tells(&["cannot be played again", "older version"]);
    let _ = yard.burn(&["plan", "1"]).exits(0);
    let plan = recorded(&yard).into_iter().find(|other| *other != run).expect("the plan's run");
    let _ = yard.clone.burn(&["replay", id(&plan)]).exits(128).tells(&["no work of `issue`"]);
}
