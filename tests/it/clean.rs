//! `git burn clean` without a forge: what only this machine knows of goes all the same, and the rest is told.

use std::path::PathBuf;

use serde_json::Value;

use crate::flow::{NO_REPLY, Yard};
use crate::support::burn::Ended;
use crate::support::fake_forge::{Fault, Flavour};
use crate::support::git::Room;
use crate::support::server::Answer;

/// A yard in which a run left a worktree and its record, with a temporary folder of its own.
fn left_behind(room: &Room) -> Yard<'_> {
    let yard = Yard::new(room, Flavour::Gitea);
    let _ = yard.burn(&["issue", "1"]).exits(0);
    yard.replies(NO_REPLY);
    yard.clone.git(&["config", "burn.keepLogs", "0"]);
    yard
}

/// A draft of an issue; which is closed, but who could know.
fn add_draft(yard: &Yard<'_>) {
    let issue = yard.fake.add_issue("closed", "x", &[]);
    yard.fake.state().issue_mut(issue).open = false;
    yard.clone.git(&["update-ref", &format!("refs/burn/draft/{issue}"), "HEAD"]);
}

fn drafts(yard: &Yard<'_>) -> usize {
    yard.clone.git(&["for-each-ref", "refs/burn/draft"]).lines().count()
}

/// Worktrees and records of runs that are there.
fn leftovers(yard: &Yard<'_>) -> (usize, usize) {
    let count = |folder: PathBuf| std::fs::read_dir(folder).map_or(0, Iterator::count);
    let worktrees = yard.clone.git(&["worktree", "list"]).lines().count() - 1;
    (worktrees, count(yard.clone.path.join(".git/burn/runs")))
}

/// Why the forge says nothing.
#[derive(Debug, Clone, Copy)]
enum Silence {
    Offline,
    /// It answers no request.
    Down,
    /// It breaks under way.
    Breaks,
}

impl Silence {
    const ALL: [Self; 3] = [Self::Offline, Self::Down, Self::Breaks];

    /// The flag for the command, and a part of what it tells.
    fn begin(self, yard: &Yard<'_>) -> (&'static str, &'static str) {
        let fail = |part| yard.fake.fault("GET", part, Fault::Answer(Answer::new(503, "{}")), 1000);
        match self {
            Self::Offline => return ("--offline", "cannot be asked: --offline"),
            Self::Down => fail("/api/"),
            Self::Breaks => fail("/issues"),
        }
        ("--no-input", "503")
    }
}

fn records(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

#[test]
fn without_drafts_no_server_is_asked() {
    let room = Room::new();
    let yard = left_behind(&room);
    let asked = yard.fake.log().len();
    assert_eq!(leftovers(&yard), (1, 1));
    let would = yard.burn(&["clean", "--dry-run"]).exits(0);
    assert!(would.stdout.contains("would remove worktree") && would.stdout.contains("would remove run"), "{would:?}");
    assert_eq!(leftovers(&yard), (1, 1));
    let ended = yard.burn(&["clean"]).exits(0);
    assert!(ended.stdout.contains("removed worktree") && ended.stderr.is_empty(), "{ended:?}");
    assert_eq!((leftovers(&yard), yard.fake.log().len()), ((0, 0), asked));
}

#[test]
fn without_an_answer_the_local_part_is_done_and_the_drafts_are_told() {
    for silence in Silence::ALL {
        let room = Room::new();
        let yard = left_behind(&room);
        add_draft(&yard);
        let (flag, why) = silence.begin(&yard);
        let told = ["the draft of #3 stays: its issue could not be looked at: ", why, "hint: "];
        let _ = yard.burn(&[flag, "clean"]).exits(0).tells(&told);
        let (worktrees, _) = leftovers(&yard);
        assert_eq!((worktrees, drafts(&yard)), (0, 1), "{silence:?}");
        let json = records(&yard.burn(&[flag, "clean", "--json"]).exits(0));
        let skipped = json.iter().find(|record| record["event"] == "skipped").expect("what was not looked at");
        assert_eq!((&skipped["what"], &skipped["issues"]), (&Value::from("drafts"), &Value::from(vec![3])), "{json:?}");
        assert!(json.iter().all(|record| record["event"] != "failed" && record["exit"] != 8), "{json:?}");
        // When the forge is there again, the draft goes.
        yard.fake.clear_faults();
        let _ = yard.burn(&["clean"]).exits(0);
        assert_eq!(drafts(&yard), 0, "{silence:?}");
    }
}

#[test]
fn a_rate_limit_is_told_by_the_exit_status_as_well() {
    let room = Room::new();
    let yard = left_behind(&room);
    add_draft(&yard);
    for part in ["/issues", "/api/"] {
        let limit = Answer::new(429, "{}").with("retry-after", "7200");
        yard.fake.fault("GET", part, Fault::Answer(limit), 1000);
        let _ = yard.burn(&["clean"]).exits(8).tells(&["the draft of #3 stays", "hint: "]);
        let json = records(&yard.burn(&["clean", "--json"]).exits(8));
        let ends: Vec<&Value> = json.iter().filter(|record| record["event"] == "run_finished").collect();
        assert!(ends.iter().all(|end| end["exit"] == 8), "{json:?}");
        yard.fake.clear_faults();
    }
    assert_eq!((leftovers(&yard).0, drafts(&yard)), (0, 1));
}

#[test]
fn a_draft_is_given_up_without_a_forge() {
    for silence in [Silence::Offline, Silence::Down] {
        let room = Room::new();
        let yard = left_behind(&room);
        let (flag, why) = silence.begin(&yard);
        let _ = yard.burn(&[flag, "abort", "3"]).exits(8).tells(&[why]);
        yard.fake.clear_faults();
        add_draft(&yard);
        let commit = yard.clone.git(&["commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "draft"]);
        yard.clone.git(&["update-ref", "refs/burn/draft/3", &commit]);
        silence.begin(&yard);
        let _ = yard.burn(&[flag, "abort"]).exits(0).tells(&["warning: a claim", why, "#3 is given up"]);
        assert_eq!(drafts(&yard), 0, "{silence:?}");
        yard.clone.git(&["update-ref", "refs/burn/draft/3", &commit]);
        let told = records(&yard.burn(&[flag, "abort", "--json"]).exits(0));
        let acts: Vec<&Value> = told.iter().filter(|record| !record["act"].is_null()).collect();
        let events: Vec<&str> = acts.iter().filter_map(|record| record["event"].as_str()).collect();
        assert_eq!((events, drafts(&yard)), (vec!["acting", "acted"], 0), "{silence:?}: {told:?}");
    }
}

#[test]
fn a_draft_is_given_up_where_there_is_no_forge_or_no_way_in() {
    for why in ["there is no forge", "401"] {
        let room = Room::new();
        let yard = left_behind(&room);
        let commit = yard.clone.git(&["commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "draft"]);
        yard.clone.git(&["update-ref", "refs/burn/draft/3", &commit]);
        if why == "401" {
            yard.fake.fault("GET", "/api/", Fault::Answer(Answer::new(401, "{}")), 1000);
        } else {
            yard.clone.git(&["remote", "remove", "origin"]);
        }
        let _ = yard.burn(&["clean"]).exits(0);
        assert_eq!(drafts(&yard), 1, "{why}: whether its issue is closed is not known");
        let _ = yard.burn(&["abort", "3"]).exits(0).tells(&["warning: a claim", why, "#3 is given up"]);
        assert_eq!(drafts(&yard), 0, "{why}");
    }
}

#[test]
fn what_only_the_forge_can_say_fails_without_it_after_the_local_part() {
    for silence in Silence::ALL {
        let room = Room::new();
        let yard = left_behind(&room);
        add_draft(&yard);
        let (flag, why) = silence.begin(&yard);
        let told = ["error: branches, claims and drafts were not cleaned: ", why];
        let ended = yard.burn(&[flag, "clean", "--remote"]).exits(8).tells(&told);
        assert!(ended.stdout.contains("removed worktree") && ended.stdout.contains("removed run"), "{ended:?}");
        let (worktrees, _) = leftovers(&yard);
        assert_eq!((worktrees, drafts(&yard)), (0, 1), "{silence:?}");
    }
}

#[test]
fn a_folder_that_is_gone_is_out_of_reach_for_what_needs_it() {
    let room = Room::new();
    let yard = left_behind(&room);
    let gone = room.path().join("gone.git");
    let url = yard.clone.git(&["remote", "get-url", "origin"]);
    yard.clone.git(&["config", "burn.repo", "acme/demo"]);
    yard.clone.git(&["config", "burn.url", &yard.fake.url()]);
    yard.clone.git(&["remote", "set-url", "origin", gone.to_str().expect("a path")]);
    let told = ["error: branches, claims and drafts were not cleaned: ", "gone.git", "hint: "];
    let ended = yard.burn(&["clean", "--remote", "--json"]).exits(8).tells(&told);
    assert!(records(&ended).iter().all(|record| record["exit"] != 128), "{ended:?}");
    // The same for a backlog of files.
    yard.clone.git(&["remote", "set-url", "origin", &url]);
    yard.clone.git(&["config", "burn.forge", "files"]);
    yard.clone.git(&["config", "burn.url", room.path().join("no-issues").to_str().expect("a path")]);
    let _ = yard.burn(&["clean", "--remote"]).exits(8).tells(&["not cleaned: ", "no-issues"]);
}

#[test]
fn temporary_folders_of_dead_commands_go_when_they_are_old() {
    let room = Room::new();
    let yard = left_behind(&room);
    let temporary = room.path().join("tmp");
    for name in ["git-burn-push-old", "git-burn-model-new", "somebody-elses"] {
        std::fs::create_dir_all(temporary.join(name).join("inside")).expect("a folder");
    }
    for old in ["git-burn-push-old", "somebody-elses"] {
        let touched = room.command("touch", &temporary).args(["-d", "2 days ago", old]).status();
        assert!(touched.expect("touch runs").success());
    }
    let mut command = room.git_with_burn(&yard.clone.path, &["burn", "--offline", "clean"]);
    let ended = Ended::of(command.env("TMPDIR", &temporary)).exits(0);
    assert!(
        ended.stdout.contains("removed temporary folder") && ended.stdout.contains("git-burn-push-old"),
        "{ended:?}"
    );
    let mut left: Vec<_> =
        std::fs::read_dir(&temporary).expect("a folder").map(|one| one.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["git-burn-model-new", "somebody-elses"]);
}
