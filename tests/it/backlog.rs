//! Tests of the backlog commands against a forge in memory: the real program, real git.

use serde_json::Value;

use crate::support::burn::Ended;
use crate::support::fake_forge::{BOT, FakeForge, Fault, Flavour, TOKEN};
use crate::support::git::{Repo, Room};
use crate::support::server::Answer;

/// A clone of a bare repository that the forge serves, configured for it, without pauses.
struct Place<'room> {
    fake: FakeForge,
    bare: Repo<'room>,
    clone: Repo<'room>,
}

impl<'room> Place<'room> {
    fn new(room: &'room Room) -> Self {
        Self::on(room, Flavour::Gitea)
    }

    fn on(room: &'room Room, flavour: Flavour) -> Self {
        Self::named(room, flavour, "clone")
    }

    fn named(room: &'room Room, flavour: Flavour, name: &str) -> Self {
        let fake = FakeForge::start(flavour);
        let bare = room.init_bare(&format!("{name}.git"));
        let clone = room.init(name);
        clone.write("lib.txt", "one\n");
        clone.commit("first");
        clone.git(&["push", "-q", bare.path.to_str().unwrap(), "main"]);
        clone.git(&["remote", "add", "origin", bare.path.to_str().unwrap()]);
        let (forge, url) = match flavour {
            Flavour::Gitea => ("gitea", fake.url()),
            Flavour::Github => ("github", fake.api()),
        };
        for (key, value) in [
            ("burn.forge", forge),
            ("burn.url", url.as_str()),
            ("burn.repo", "acme/demo"),
            ("burn.pause", "1ms"),
            ("burn.rate", "100000"),
        ] {
            clone.git(&["config", key, value]);
        }
        fake.serve_git(&bare.path);
        Self { fake, bare, clone }
    }

    /// A model that makes the file that the title asks for, and only talks where the title says so.
    fn with_model(self) -> Self {
        let script = self.clone.room.path().join("model.sh");
        let text = r#"#!/bin/sh
prompt=$(cat)
n=$(printf %s "$prompt" | grep -o 'make-[0-9]*' | head -1 | cut -d- -f2)
case $prompt in *please-talk*) echo "I would rather not."; exit;; esac
printf '```diff\n--- /dev/null\n+++ b/made-%s.txt\n@@ -0,0 +1 @@\n+made\n```\n' "$n"
"#;
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        for (key, value) in [
            ("burn.model", "command"),
            ("burn.provider.command.run", script.to_str().unwrap()),
            ("burn.check.made.command", "ls made-*.txt"),
            ("burn.sandbox", "off"),
            ("burn.maxTurns", "4"),
        ] {
            self.clone.git(&["config", key, value]);
        }
        for label in ["ready-for-agent", "in-review"] {
            self.fake.state().add_label(label);
        }
        self
    }

    fn burn(&self, args: &[&str]) -> Ended {
        let mut command = self.clone.room.git_with_burn(&self.clone.path, &["burn"]);
        Ended::of(
            command
                .args(args)
                .env("GITEA_TOKEN", TOKEN)
                .env("GH_TOKEN", TOKEN)
                .env("GITHUB_SERVER_URL", self.fake.url()),
        )
    }
}

/// The results among the events.
fn lines(text: &str) -> Vec<Value> {
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a JSON line"));
    all.filter(|line| ["triaged", "claim"].iter().any(|event| line["event"] == *event)).collect()
}

#[test]
fn triage_says_first_then_acts_once_and_leaves_alone_what_people_undid() {
    let room = Room::new();
    let place = Place::new(&room);
    let fake = &place.fake;
    place.clone.git(&["config", "burn.route.research.match", "research"]);
    place.clone.git(&["config", "burn.route.research.label", "kimi-ready"]);
    place.clone.git(&["config", "burn.route.rest.match", "*"]);
    place.clone.git(&["config", "burn.route.rest.assign", "ada"]);
    place.clone.git(&["config", "burn.owner", "acme"]);
    let bug = fake.add_issue("[bug] it fails", "see lib.rs", &[]);
    let spike = fake.add_issue("[spike] which one?", "src/a.rs must return, expected", &["ready-for-agent"]);
    let blocked = fake.add_issue("[bug] that fails too", "blocked by #1", &[]);
    let vague = fake.add_issue("Help", "please", &["ready-for-agent"]);
    let low = fake.add_issue("Idea", "nice", &[]);
    let _ = place.burn(&["triage", "999"]).exits(128).tells(&["#999 is no open issue", "git burn list --all"]);

    let told = place.clone.untouched_by(|| place.burn(&["triage", "--json"])).exits(1);
    let decisions = lines(&told.stdout);
    let said = |number: u64, field: &str| {
        decisions.iter().find(|line| line["issue"] == number).expect("its line")[field].as_str().map(str::to_owned)
    };
    assert_eq!(said(bug, "assign"), Some("ada".into()));
    assert_eq!(said(spike, "done"), Some("failed".into()), "there is no such label");
    assert_eq!(said(blocked, "decision"), Some("flag".into()));
    assert_eq!(said(low, "decision"), Some("leave".into()));
    assert!(fake.mutations().is_empty(), "telling writes nothing: {:?}", fake.mutations());

    let _ = place.burn(&["triage", "--apply", "--create-labels"]).exits(0);
    let writes = fake.mutations();
    let of = |number: u64| -> Vec<String> {
        let part = format!("/issues/{number}");
        writes.iter().filter(|write| write.ends_with(&part) || write.contains(&format!("{part}/"))).cloned().collect()
    };
    assert!(of(bug)[0].ends_with("/comments") && of(bug).len() == 2, "{writes:?}");
    assert_eq!(fake.state().issue(bug).assignees, ["ada"]);
    assert!(fake.state().issue(spike).labels.contains(&"kimi-ready".to_owned()));
    assert_eq!(fake.state().issue(vague).labels, ["awaiting-clarification"]);
    assert_eq!(of(blocked).len(), 1);
    assert!(of(low).is_empty());
    let comment = fake.state().comments.iter().find(|comment| comment.issue == blocked).unwrap().body.clone();
    assert!(comment.contains("@acme, please look: it would be ready, but #1 blocks it."), "{comment}");

    let before = fake.mutations().len();
    fake.state().issue_mut(bug).assignees.clear();
    let told = place.burn(&["triage", "--apply", "--json"]).exits(0);
    assert_eq!(fake.mutations().len(), before, "nothing is said or done twice: {:?}", fake.mutations());
    let undone = lines(&told.stdout).into_iter().find(|line| line["issue"] == bug).unwrap();
    assert_eq!(undone["done"], "undone");
    let _ = place.burn(&["triage", "--apply", &bug.to_string()]).exits(0);
    assert_eq!(fake.state().issue(bug).assignees, ["ada"], "named, it is done again");
}

#[test]
fn replies_of_people_with_write_access_override() {
    let room = Room::new();
    let place = Place::new(&room);
    let number = place.fake.add_issue("[bug] it fails", "see lib.rs", &[]);
    place.fake.add_comment(number, "mallory", "/override p0");
    let tier = |place: &Place<'_>| {
        let told = place.burn(&["triage", "--json"]);
        lines(&told.stdout)[0]["assessment"]["tier"].as_str().unwrap().to_owned()
    };
    assert_eq!(tier(&place), "P1");
    place.fake.add_comment(number, "ada", "Hm.\n/override p0");
    assert_eq!(tier(&place), "P0");
    place.fake.add_comment(number, "ada", "/override skip");
    let told = place.burn(&["triage", "--json"]).exits(0);
    assert_eq!(lines(&told.stdout)[0]["assessment"]["readiness"]["why"], "skipped");
}

#[test]
fn the_summary_is_posted_once_a_day_and_never_worked_on() {
    let room = Room::new();
    let place = Place::new(&room);
    place.fake.add_issue("Idea", "nice", &[]);
    let printed = place.burn(&["triage", "--summary"]).exits(0).stdout;
    assert!(printed.starts_with("# Backlog on "), "{printed}");
    let _ = place.burn(&["triage", "--apply", "--summary"]).exits(0);
    let _ = place.burn(&["triage", "--apply", "--summary"]).exits(0);
    assert_eq!(place.fake.mutations(), ["POST /repos/acme/demo/issues"]);
    assert!(place.fake.state().issue(2).title.starts_with("[Triage] Daily backlog summary"));
    let listed = place.burn(&["triage", "--json"]).exits(0).stdout;
    assert_eq!(lines(&listed).len(), 1, "the summary is not triaged: {listed}");

    let old = |author: &str| {
        let body = "# Backlog on 2026-01-02\n\n<!-- git-burn summary=2026-01-02 -->\n";
        place.fake.state().add_issue("[Triage] Daily backlog summary", Some(body), author, &[])
    };
    let (ours, theirs) = (old(BOT), old("ada"));
    let _ = place.burn(&["triage", "--apply", "--summary"]).exits(0);
    assert!(place.fake.state().issue(ours).open, "closed only where that is configured");
    place.clone.git(&["config", "burn.closeSummaries", "true"]);
    let _ = place.burn(&["triage", "--apply", "--summary"]).exits(0);
    assert!(!place.fake.state().issue(ours).open && place.fake.state().issue(theirs).open);
    assert!(place.fake.state().issue(2).open, "today's stays");
}

#[test]
fn one_failing_issue_does_not_stop_the_rest_and_a_rate_limit_does() {
    let room = Room::new();
    let place = Place::new(&room);
    place.fake.state().add_label("ready-for-agent");
    let (one, two) =
        (place.fake.add_issue("[bug] one fails", "a.rs", &[]), place.fake.add_issue("[bug] two fails", "a.rs", &[]));
    let refusal = Answer::json(422, &serde_json::json!({ "message": "no" }));
    place.fake.fault("POST", &format!("/issues/{one}/comments"), Fault::Answer(refusal), 9);
    let _ = place.burn(&["triage", "--apply"]).exits(1);
    assert_eq!(place.fake.state().issue(two).labels, ["ready-for-agent"]);
    assert!(place.fake.state().issue(one).labels.is_empty(), "no change without its comment");
    let limited = Answer::json(429, &serde_json::json!({ "message": "slow down" })).with("Retry-After", "3600");
    place.fake.fault("GET", "/issues?", Fault::Answer(limited), 99);
    let _ = place.burn(&["triage"]).exits(8);
}

#[test]
fn a_sprint_publishes_what_works_and_goes_on_after_what_does_not() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    let issue = |title: &str| place.fake.add_issue(title, "It must be there, see src/list.rs.", &["ready-for-agent"]);
    let numbers = [issue("[bug] make-1"), issue("[bug] please-talk about make-2"), issue("[bug] make-3")];
    let ended = place.clone.untouched_by(|| place.burn(&["sprint", "--json"]));
    let ended = ended.exits(1);
    let last: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "sprint_finished", "{last}");
    assert_eq!((&last["completed"], &last["total"], &last["stopped"]), (&2.into(), &3.into(), &"nothing_left".into()));
    let branches = place.bare.git(&["for-each-ref", "--format=%(refname)", "refs/heads/agent", "refs/burn"]);
    assert_eq!(branches, "refs/heads/agent/ticket-1\nrefs/heads/agent/ticket-3", "pushed, and every claim given back");
    assert_eq!(place.fake.state().pulls.len(), 2);
    for number in [numbers[0], numbers[2]] {
        assert_eq!(place.fake.state().issue(number).labels, ["in-review"]);
    }
    assert!(place.fake.state().issue(numbers[0]).open, "no issue is closed");

    let csv = place.burn(&["log", "--csv"]).exits(0).stdout;
    let columns: Vec<&str> = csv.lines().map(|line| line.split_once('|').unwrap().1).collect();
    assert_eq!(columns, ["acme/demo|#1|0", "acme/demo|#2|1", "acme/demo|#3|0"]);
    let status = place.burn(&["status"]).exits(0).stdout;
    assert!(status.contains("recent      2 passed, 1 failed"), "{status}");
    assert!(status.contains("issues      3 open, 1 ready"), "{status}");
    assert!(status.contains("model       command answers: runs "), "{status}");
    assert!(place.burn(&["log", "3"]).exits(0).stdout.contains("published"));
}

#[test]
fn a_sprint_side_by_side_does_each_issue_once_and_keeps_its_limit() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    for n in 1..=5 {
        place.fake.add_issue(&format!("[bug] make-{n}"), "It must be there.", &["ready-for-agent"]);
    }
    let report = room.path().join("report.md");
    let args = ["sprint", "--jobs", "2", "-L", "4", "--report", report.to_str().unwrap()];
    let ended = place.clone.untouched_by(|| place.burn(&args)).exits(0);
    assert!(
        ended.stdout.contains("4 of 5 completed") && ended.stdout.contains("4 issues were worked on"),
        "{}",
        ended.stdout
    );
    assert_eq!(std::fs::read_to_string(&report).unwrap(), ended.stdout);
    assert_eq!(place.fake.state().pulls.len(), 4);
    let comments = place.fake.state().comments.clone();
    for number in 1..=5 {
        let of_issue = comments.iter().filter(|comment| comment.issue == number).count();
        assert!(of_issue == 2 || of_issue == 0, "analysis and proof, once each: {of_issue} on #{number}");
    }
    let rest = place.burn(&["sprint", "--jobs", "2", "--json"]).exits(0);
    assert_eq!(place.fake.state().pulls.len(), 5);
    let events: Vec<Value> = rest.stdout.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let (last, others) = events.split_last().expect("records");
    assert_eq!(last["event"], "sprint_finished");
    assert!(others.iter().all(|event| event["issue"] == 5), "every step says whose it is: {}", rest.stdout);
    assert!(others.iter().any(|event| event["event"] == "check_finished"), "{}", rest.stdout);
    let again = place.burn(&["sprint"]).exits(0);
    assert!(again.stdout.contains("0 of 0 completed"), "{}", again.stdout);
}

#[test]
fn a_list_of_features_is_worked_on_and_its_flags_are_set_in_a_copy() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    place.clone.git(&["config", "burn.base", "main"]);
    let list = r#"{"features": [
        {"title": "make-1 exists", "steps": ["look for it"], "passes": false, "owner": "ada"},
        {"title": "old", "passes": true},
        {"title": "make-3 exists", "category": "api", "steps": ["see it"], "passes": false}]}"#;
    let file = room.path().join("features.json");
    std::fs::write(&file, list).unwrap();
    let args = ["sprint", "--features", file.to_str().unwrap(), "-L", "1"];
    let first = place.clone.untouched_by(|| place.burn(&args)).exits(0).tells(&["2 of 3 features pass"]);
    assert!(first.stdout.contains("1 of 2 completed"), "{}", first.stdout);
    let second = place.burn(&args).exits(0).tells(&["3 of 3 features pass"]);
    let copy = second.stderr.lines().last().unwrap().rsplit(": ").next().unwrap().to_owned();
    let flags: Value = serde_json::from_slice(&std::fs::read(copy).unwrap()).unwrap();
    assert_eq!((&flags["features"][0]["passes"], &flags["features"][0]["owner"]), (&true.into(), &"ada".into()));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), list);
    assert!(place.fake.mutations().is_empty(), "the forge is left alone");
}

#[test]
fn unfinished_work_goes_on_from_its_draft_or_is_given_up() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    let _ = place.burn(&["continue"]).exits(1).tells(&["no unfinished work"]);
    let draft = |number: u64| {
        let issue = place.fake.add_issue(&format!("[bug] make-{number}"), "It must be there.", &["ready-for-agent"]);
        let blob = place.clone.git(&["hash-object", "-w", "lib.txt"]);
        let tree = format!("100644 blob {blob}\tlib.txt\n100644 blob {blob}\tkept-{number}.txt\n");
        std::fs::write(room.path().join("tree"), tree).unwrap();
        let make = format!("git mktree < {}", room.path().join("tree").display());
        let output = room.command("sh", &place.clone.path).args(["-c", &make]).output().unwrap();
        let tree = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let commit = place.clone.git(&["commit-tree", &tree, "-p", "HEAD", "-m", "draft"]);
        place.clone.git(&["update-ref", &format!("refs/burn/draft/{issue}"), &commit]);
        issue
    };
    let (one, two) = (draft(1), draft(2));
    let _ = place.burn(&["continue"]).exits(1).tells(&["unfinished work on #1, #2"]);
    let _ = place.clone.untouched_by(|| place.burn(&["abort", &two.to_string()])).exits(0);
    let _ = place.burn(&["abort", &two.to_string()]).exits(1).tells(&["no unfinished work on #2", "git burn status"]);
    let _ = place.clone.untouched_by(|| place.burn(&["continue"])).exits(0);
    let files = place.bare.git(&["ls-tree", "--name-only", &format!("refs/heads/agent/ticket-{one}")]);
    assert_eq!(files, "kept-1.txt\nlib.txt\nmade-1.txt", "the draft and what came after it");
    assert_eq!(place.bare.git(&["for-each-ref", "refs/burn"]), "", "the claim is given back");
    assert_eq!(place.clone.git(&["for-each-ref", "refs/burn/draft"]), "");
}

#[test]
fn cleaning_removes_only_what_nobody_needs() {
    let room = Room::new();
    let place = Place::new(&room);
    let fake = &place.fake;
    let open = fake.add_issue("open", "x", &[]);
    let closed = fake.add_issue("closed", "x", &[]);
    fake.state().issue_mut(closed).open = false;
    let head = place.clone.git(&["rev-parse", "HEAD"]);
    for number in [open, closed] {
        place.clone.git(&["update-ref", &format!("refs/burn/draft/{number}"), &head]);
    }
    for branch in ["agent/ticket-1", "agent/ticket-2", "agent/ticket-2x", "feature/mine"] {
        place.clone.git(&["push", "-q", "origin", &format!("HEAD:refs/heads/{branch}")]);
    }
    place.clone.git(&["push", "-q", "origin", "HEAD:refs/burn/claims/1"]);
    let would = place.burn(&["clean", "-n", "--remote"]).exits(0).stdout;
    assert!(
        would.contains("would remove draft of #2") && would.contains("would remove branch agent/ticket-2 "),
        "{would}"
    );
    let _ = place.clone.untouched_by(|| place.burn(&["clean"])).exits(0);
    assert_eq!(place.clone.git(&["for-each-ref", "--format=%(refname)", "refs/burn/draft"]), "refs/burn/draft/1");
    let _ = place.burn(&["clean", "--remote"]).exits(0);
    let left = place.bare.git(&["for-each-ref", "--format=%(refname)"]);
    let expected = "refs/burn/claims/1\nrefs/heads/agent/ticket-1\nrefs/heads/agent/ticket-2x\nrefs/heads/feature/mine\nrefs/heads/main";
    assert_eq!(left, expected);
}

#[test]
fn claims_are_listed_and_only_taken_away_on_purpose() {
    let room = Room::new();
    let place = Place::new(&room);
    let claim = |expires: &str| {
        let message = format!(
            "git-burn claims #7\n\nissue: 7\nholder: {BOT}\nhost: elsewhere\npid: 1\nrun: r1\ntaken: 2026-01-01T00:00:00Z\nexpires: {expires}\nnonce: n\n"
        );
        let tree = place.clone.git(&["rev-parse", "HEAD^{tree}"]);
        let commit = place.clone.git(&["commit-tree", &tree, "-m", &message]);
        place.clone.git(&["push", "-q", "-f", "origin", &format!("{commit}:refs/burn/claims/7")]);
    };
    claim("2999-01-01T00:00:00Z");
    let listed = place.burn(&["claim", "list"]).exits(0).stdout;
    assert!(listed.starts_with("#7\trun r1 of burner on elsewhere, until 2999-01-01T00:00:00Z"), "{listed}");
    let _ = place.burn(&["claim", "release", "7"]).exits(7).tells(&["is held by run r1", "--force"]);
    let _ = place.burn(&["claim", "release", "7", "--force"]).exits(0);
    assert_eq!(place.burn(&["claim", "list"]).exits(0).stdout, "");
    claim("2026-01-01T01:00:00Z");
    assert_eq!(lines(&place.burn(&["claim", "list", "--json"]).exits(0).stdout)[0]["stale"], true);
    let _ = place.burn(&["claim", "release", "7"]).exits(0);
}

#[test]
fn a_claim_that_is_lost_during_the_checks_is_noticed_before_anything_is_published() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    let issue = place.fake.add_issue("[bug] make-1", "It must be there.", &["ready-for-agent"]);
    let message = format!(
        "git-burn claims #{issue}\n\nissue: {issue}\nholder: {BOT}\nhost: elsewhere\npid: 1\nrun: r2\n\
         taken: 2026-01-01T00:00:00Z\nexpires: 2999-01-01T00:00:00Z\nnonce: n\n"
    );
    let theirs = place.clone.git(&["commit-tree", "HEAD^{tree}", "-m", &message]);
    place.clone.git(&["push", "-q", "origin", &format!("{theirs}:refs/burn/spare")]);
    let steal = format!("git --git-dir '{}' update-ref refs/burn/claims/{issue} {theirs}", place.bare.path.display());
    place.clone.git(&["config", "burn.check.made.command", &format!("ls made-*.txt && {steal}")]);
    let _ = place.burn(&["issue", "1"]).exits(7).tells(&["another run: our claim was over"]);
    assert_eq!(place.bare.git(&["for-each-ref", "--format=%(refname)", "refs/heads"]), "refs/heads/main");
    assert_eq!(place.bare.git(&["rev-parse", "refs/burn/claims/1"]), theirs, "the other's claim stays");
    assert!(place.fake.state().pulls.is_empty());
}

#[test]
fn where_the_remote_takes_no_claims_a_comment_claims_and_others_keep_off() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    let hook = place.bare.path.join("hooks/update");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\ncase $1 in refs/burn/*) echo 'only branches here' >&2; exit 1;; esac\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let issue = place.fake.add_issue("[bug] make-1", "It must be there.", &["ready-for-agent"]);
    let theirs = |run: &str, expires: &str| {
        format!(
            "x\n\n<!-- git-burn claim\nissue: {issue}\nholder: {BOT}\nhost: \npid: 0\nrun: {run}\n\
             taken: 2026-01-01T00:00:00Z\nexpires: {expires}\nnonce: n\n-->\n\n\
             <!-- git-burn v=1 issue={issue} step=claim run={run} -->\n"
        )
    };
    // A stranger's note and one that is over hold nobody up; one of the team does.
    place.fake.add_comment(issue, "mallory", &theirs("r0", "2999-01-01T00:00:00Z"));
    place.fake.add_comment(issue, BOT, &theirs("r1", "2026-01-01T00:10:00Z"));
    let note = place.fake.add_comment(issue, "ada", &theirs("r2", "2999-01-01T00:00:00Z"));
    let _ = place.burn(&["issue", "1"]).exits(7).tells(&["only advisory", "only branches here", "run r2 of burner"]);
    let listed = place.burn(&["claim", "list"]).exits(0).stdout;
    assert_eq!(listed, "#1\trun r2 of burner, until 2999-01-01T00:00:00Z (advisory, by a comment)\n");
    let _ = place.burn(&["claim", "release", "1"]).exits(128).tells(&["no ref claims #1", "goes with the comment"]);
    assert!(place.fake.mutations().is_empty(), "{:?}", place.fake.mutations());
    place.fake.state().comments.retain(|comment| comment.id != note);

    let _ = place.burn(&["issue", "1"]).exits(0);
    let said: Vec<String> =
        place.fake.state().comments.iter().filter(|one| one.author == BOT).map(|one| one.body.clone()).collect();
    assert_eq!(said.len(), 4, "the old note, the claim, the analysis and the proof: {said:#?}");
    assert!(said[1].starts_with("git-burn worked on this issue") && !said[1].contains("host:"), "{}", said[1]);
    assert_eq!(place.fake.state().pulls.len(), 1);
}

#[test]
fn of_two_runs_that_note_at_once_the_first_on_the_forge_goes_on() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    let hook = place.bare.path.join("hooks/update");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\ncase $1 in refs/burn/*) exit 1;; esac\n").unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let issue = place.fake.add_issue("[bug] make-1", "It must be there.", &["ready-for-agent"]);
    let text = format!(
        "<!-- git-burn claim\nissue: {issue}\nholder: {BOT}\nhost: \npid: 0\nrun: r2\ntaken: 2998-01-01T00:00:00Z\n\
         expires: 2999-01-01T00:00:00Z\nnonce: n\n-->\n\n<!-- git-burn v=1 issue={issue} step=claim run=r2 -->\n"
    );
    // It looked before the other one's note was there, and posts after it.
    place.fake.before("POST", "/comments", move |state| {
        state.add_comment(issue, "ada", &text);
    });
    let _ = place.burn(&["issue", "1"]).exits(7).tells(&["run r2 of burner"]);
    let state = place.fake.state();
    let own = state.comments.iter().find(|one| one.author == BOT).expect("its own note");
    assert!(own.body.starts_with("git-burn worked on this issue"), "given back: {}", own.body);
    assert!(state.pulls.is_empty());
}

#[test]
fn next_goes_by_what_people_with_write_access_replied() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    let skipped = place.fake.add_issue("[bug] make-1", "It must be there, see list.rs.", &["ready-for-agent"]);
    let low = place.fake.add_issue("make-2", "please", &[]);
    let urgent = place.fake.add_issue("[feature] make-3", "It must be there, see list.rs.", &["ready-for-agent"]);
    place.fake.add_comment(skipped, "ada", "Not now.\n/override skip");
    place.fake.add_comment(low, "ada", "/override ready");
    place.fake.add_comment(low, "mallory", "/override skip");
    place.fake.add_comment(urgent, "ada", "/override p0");
    let listed = place.burn(&["list"]).exits(0).stdout;
    let numbers: Vec<&str> = listed.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(numbers, ["3"], "what is vouched for by a reply, but says too little, is asked about: {listed}");
    assert!(place.burn(&["show", "1"]).exits(0).stdout.contains("held"), "a reply counts for `show` as well");
    let _ = place.burn(&["next"]).exits(0);
    assert_eq!(place.fake.state().pulls[0].head, "agent/ticket-3");
    let _ = place.burn(&["issue", "1"]).exits(1).tells(&["ada said to skip it"]);
}

#[test]
fn an_issue_that_the_forge_says_was_opened_again_has_its_fix_proven_first() {
    for flavour in [Flavour::Gitea, Flavour::Github] {
        let room = Room::new();
        let place = Place::on(&room, flavour).with_model();
        let issue = place.fake.add_issue("[bug] make-1", "It must be there, see list.rs.", &["ready-for-agent"]);
        place.fake.state().issue_mut(issue).created = 0;
        place.clone.write("made-1.txt", "made\n");
        place.clone.commit("make it\n\nFixes #1");
        place.clone.git(&["push", "-q", "origin", "main"]);
        let _ = place.burn(&["next"]).exits(0).tells(&["fixed on the base branch by"]);
        let reports = |place: &Place<'_>| {
            let state = place.fake.state();
            state.comments.iter().filter(|comment| comment.body.contains("Verification Report")).count()
        };
        // Opened again before the fix: that is no doubt about it.
        place.fake.state().reopenings.push((issue, 1_000_000));
        let _ = place.burn(&["next"]).exits(0);
        assert_eq!(reports(&place), 0);
        place.fake.state().reopenings.push((issue, 1_790_000_000));
        let _ = place.burn(&["next"]).exits(0).tells(&["holds: red without it"]);
        assert_eq!(reports(&place), 1);
        assert_eq!(place.fake.state().issue(issue).labels, ["in-review"]);
    }
}

#[test]
fn what_changed_since_the_issue_was_filed_is_looked_at_before_the_first_token() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    let at = |date: &str, file: &str, text: &str, message: &str| {
        place.clone.write(file, text);
        place.clone.git(&["add", "-A"]);
        let mut commit = room.command("git", &place.clone.path);
        commit.args(["commit", "-q", "-m", message]).env("GIT_COMMITTER_DATE", date);
        assert!(commit.status().unwrap().success());
        place.clone.git(&["push", "-q", "origin", "main"]);
    };
    let before = "2026-02-01T00:00:00Z";
    at(before, "src/mean.py", "import os\n\ndef mean(rows):\n    return sum(rows) / len(rows)\n", "mean");
    at(before, "src/other.py", "x = 1\n", "other");
    let body = "It must be there.\n\n  File \"/app/src/mean.py\", line 4, in mean\nZeroDivisionError\n";
    let issue = place.fake.add_issue("[bug] make-1", body, &["ready-for-agent"]);
    place.fake.state().issue_mut(issue).created = 1_770_000_000;

    // Elsewhere in the file: not worth a word.
    let after = "2026-03-01T00:00:00Z";
    at(after, "src/mean.py", "import os, sys\n\ndef mean(rows):\n    return sum(rows) / len(rows)\n", "sys (#1)");
    let fixed = "import os, sys\n\ndef mean(rows):\n    return sum(rows) / len(rows) if rows else 0\n";
    at(after, "src/mean.py", fixed, "No rows, no mean");
    let _ = place.burn(&["issue", "1", "--no-push"]).exits(0);
    let analysis = place.fake.state().comments.last().expect("an analysis").body.clone();
    assert!(analysis.contains("changed line 4 of src/mean.py since it was filed: No rows, no mean"), "{analysis}");
    assert!(!analysis.contains("changed line 4 of src/mean.py since it was filed: sys"), "{analysis}");

    // The same, and it names the issue.
    place.clone.git(&["reset", "-q", "--hard", "HEAD~1"]);
    place.clone.git(&["push", "-q", "-f", "origin", "main"]);
    at(after, "src/mean.py", fixed, "No rows, no mean (#1)");
    let _ = place.burn(&["next"]).exits(0).tells(&["perhaps fixed on the base branch", "line 4 of src/mean.py"]);
    assert!(place.fake.state().pulls.is_empty());
    let _ = place.burn(&["issue", "1"]).exits(0);
    assert_eq!(place.fake.state().pulls.len(), 1, "a person who names it knows better");
}

/// The program itself, not through git, so that it can be sent a signal.
fn started(place: &Place<'_>, args: &[&str]) -> std::process::Child {
    let mut command = place.clone.room.command(crate::support::burn::program(), &place.clone.path);
    command.args(args).env("GITEA_TOKEN", TOKEN).stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("it starts")
}

#[test]
fn an_interrupted_sprint_ends_in_order_and_goes_on_where_it_was() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    for n in 1..=2 {
        place.fake.add_issue(&format!("[bug] make-{n}"), "It must be there.", &["ready-for-agent"]);
    }
    let mark = room.path().join("checking");
    // On the base it is over at once: no model has made anything yet.
    let check = format!("ls made-*.txt && touch '{}' && sleep 60", mark.display());
    place.clone.git(&["config", "burn.check.made.command", &check]);
    let child = place.clone.untouched_by(|| {
        let child = started(&place, &["sprint"]);
        for _ in 0..1500 {
            if mark.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert!(mark.exists(), "the check began");
        let signal = room.command("kill", room.path()).args(["-INT", &child.id().to_string()]).status();
        assert!(signal.expect("kill runs").success());
        child.wait_with_output().expect("it ends")
    });
    let told = String::from_utf8_lossy(&child.stdout).into_owned();
    assert_eq!(child.status.code(), Some(130), "{told}\n{}", String::from_utf8_lossy(&child.stderr));
    assert!(told.contains("Stopped: interrupted") && told.contains("0 of 2 completed"), "{told}");
    assert_eq!(place.bare.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main", "its claim is given back");
    assert_eq!(place.clone.git(&["for-each-ref", "--format=%(refname)", "refs/burn/draft"]), "refs/burn/draft/1");
    assert!(place.burn(&["status"]).exits(0).stdout.contains("unfinished  #1"));

    // What the model had made is proven and published; nobody is asked again.
    place.clone.git(&["config", "burn.check.made.command", "ls made-*.txt"]);
    place.clone.git(&["config", "burn.provider.command.run", "/bin/false"]);
    let _ = place.burn(&["continue"]).exits(0);
    assert_eq!(place.fake.state().pulls.len(), 1);
    assert_eq!(place.clone.git(&["for-each-ref", "refs/burn/draft"]), "");
}

#[test]
fn many_repositories_are_served_by_git_for_each_repo() {
    let room = Room::new();
    let places = [
        Place::named(&room, Flavour::Gitea, "one").with_model(),
        Place::named(&room, Flavour::Gitea, "two").with_model(),
    ];
    let home = room.path().join("home/.gitconfig");
    for place in &places {
        place.fake.add_issue("[bug] make-1", "It must be there.", &["ready-for-agent"]);
        let mut add = room.command("git", room.path());
        add.args([
            "config",
            "--file",
            home.to_str().unwrap(),
            "--add",
            "burn.repo",
            place.clone.path.to_str().unwrap(),
        ]);
        assert!(add.status().unwrap().success());
    }
    let mut all = room.git_with_burn(room.path(), &["for-each-repo", "--config=burn.repo", "burn", "next"]);
    let told = Ended::of(all.env("GITEA_TOKEN", TOKEN)).exits(0);
    assert_eq!(told.stdout.lines().count(), 2, "an address for each: {}", told.stdout);
    for place in &places {
        assert_eq!(place.fake.state().pulls.len(), 1);
    }
    let status = places[0].burn(&["status", "--all-repos"]).exits(0).stdout;
    assert_eq!(status.matches("recent      1 passed, 0 failed").count(), 2, "{status}");
    let records = places[0].burn(&["status", "--all-repos", "--json"]).exits(0).stdout;
    let recorded: Vec<Value> = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(recorded.len() == 2 && recorded.iter().all(|one| one["recent"]["passed"] == 1), "{records}");
}

#[test]
fn runs_that_want_to_be_alone_do_not_overlap() {
    let room = Room::new();
    let place = Place::new(&room).with_model();
    place.fake.add_issue("[bug] make-1", "It must be there.", &["ready-for-agent"]);
    let mark = room.path().join("checking");
    place.clone.git(&["config", "burn.check.made.command", &format!("touch '{}'; sleep 60", mark.display())]);
    let child = started(&place, &["next", "--alone"]);
    while !mark.exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let _ = place.burn(&["--alone", "next"]).exits(7).tells(&["another run goes on here (process "]);
    let _ = place.burn(&["list"]).exits(0);
    let signal = room.command("kill", room.path()).args(["-TERM", &child.id().to_string()]).status();
    assert!(signal.expect("kill runs").success());
    assert_eq!(child.wait_with_output().expect("it ends").status.code(), Some(143));
    let _ = place.burn(&["list", "--alone"]).exits(0);
}

#[test]
fn claims_are_listed_where_no_base_branch_is_known() {
    let room = Room::new();
    let place = Place::new(&room);
    let message = "git-burn claims #7\n\nissue: 7\nholder: ada\nhost: elsewhere\npid: 1\nrun: r1\n\
                   taken: 2026-01-01T00:00:00Z\nexpires: 2999-01-01T00:00:00Z\nnonce: n\n";
    let claim = place.clone.git(&["commit-tree", "HEAD^{tree}", "-m", message]);
    place.clone.git(&["push", "-q", "origin", &format!("{claim}:refs/burn/claims/7")]);
    let issues = room.path().join("issues");
    std::fs::create_dir(&issues).expect("a folder");
    // A bare clone has no remote-tracking branches, a new repository not even a commit.
    let bare = room.path().join("copy.git");
    place.clone.git(&["clone", "-q", "--bare", place.bare.path.to_str().unwrap(), bare.to_str().unwrap()]);
    let empty = room.init("empty");
    empty.git(&["remote", "add", "origin", place.bare.path.to_str().unwrap()]);
    for git_dir in [bare, empty.path.join(".git")] {
        let burn = |args: &[&str]| {
            let mut command = room.git_with_burn(room.path(), &["--git-dir", git_dir.to_str().unwrap()]);
            command.args(["-c", "burn.forge=files", "-c"]).arg(format!("burn.url={}", issues.display()));
            Ended::of(command.arg("burn").args(args))
        };
        let listed = burn(&["claim", "list"]).exits(0).stdout;
        assert!(listed.starts_with("#7\trun r1 of ada on elsewhere, until 2999"), "{git_dir:?}: {listed}");
        assert_eq!(lines(&burn(&["claim", "list", "--json"]).exits(0).stdout)[0]["issue"], 7);
    }
}
