//! `git burn list` and `git burn show` on a folder of issues, and every way in which there is no forge to look at.

use std::os::unix::fs::PermissionsExt;

use crate::support::burn::Ended;
use crate::support::git::{Repo, Room};

const READY: &str = "---\nnumber: 3\ntitle: '[bug] Empty input crashes the parser'\nlabels: [ready-for-agent]\nauthor: ada\n---\n\n\
    `parse(\"\")` in src/parse.rs panics.\n\n## Acceptance criteria\n\n- returns an error\n- test added in tests/parse.rs\n";
const EPIC: &str =
    "---\nnumber: 4\ntitle: Rewrite \u{1b}[2J everything\nlabels: [epic]\nauthor: bob\n---\n\nAll of it.\n";
const CLOSED: &str = "---\nnumber: 5\ntitle: Done already\nstate: closed\nauthor: bob\n---\n\nIt is.\n";

/// A repository whose backlog is a folder of files.
fn backlog(room: &Room) -> Repo<'_> {
    let repo = room.init("work");
    repo.write("issues/3-empty-input.md", READY);
    repo.write("issues/4-rewrite.md", EPIC);
    repo.write("issues/5-done.md", CLOSED);
    repo.commit("backlog");
    repo.git(&["config", "burn.forge", "files"]);
    repo.git(&["config", "burn.url", "issues"]);
    repo
}

#[test]
fn list_shows_what_is_ready_and_all_says_why_the_rest_is_not() {
    let room = Room::new();
    let repo = backlog(&room);
    repo.untouched_by(|| {
        let ready = repo.burn(&["list"]).exits(0);
        let fields: Vec<&str> = ready.stdout.trim_end().split('\t').collect();
        assert_eq!((fields[0], fields[2], fields[3], fields[4], fields.len()), ("3", "P1", "bug", "ready", 6));
        let all = repo.burn(&["list", "--all"]).exits(0).stdout;
        assert!(all.contains("\texcluded\tRewrite \\u{1b}[2J everything\texcluded: tagged `epic`\n"), "{all}");
        assert!(!all.contains("Done already"), "closed issues are not listed: {all}");
        let none = repo.burn(&["list", "-l", "no-such-label"]).exits(0).tells(&["no issue is ready"]);
        assert_eq!(none.stdout, "");
    });
}

#[test]
fn a_least_score_holds_for_what_people_vouch_for_too() {
    let room = Room::new();
    let repo = backlog(&room);
    let vague =
        "The colours of the table look odd on my screen when it is dark, they could be somewhat brighter there.";
    let labelled =
        format!("---\nnumber: 6\ntitle: Odd colours\nlabels: [ready-for-agent]\nauthor: bo\n---\n\n{vague}\n");
    repo.write("issues/6-colours.md", labelled);
    let listed = |args: &[&str]| repo.burn(&[&["list"], args].concat()).exits(0).stdout;
    let has = |text: &str| text.lines().any(|line| line.starts_with("6\t"));
    assert!(has(&listed(&[])) && has(&listed(&["--min-score", "0"])));
    assert!(!has(&listed(&["--min-score", "8"])));
    let all = listed(&["--min-score", "8", "--all"]);
    assert!(all.lines().any(|line| line.starts_with("6\t") && line.ends_with(" is below 8")), "{all}");
    let _ = repo.burn(&["list", "--min-score", "10"]).exits(129).tells(&["a whole number from 0 to 9"]);
}

#[test]
fn list_as_json_is_one_versioned_object_a_line() {
    let room = Room::new();
    let ended = backlog(&room).burn(&["list", "--all", "--json"]).exits(0);
    let records: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(records.len(), 2);
    assert_eq!((&records[0]["v"], &records[0]["number"]), (&1.into(), &3.into()));
    assert_eq!(records[1]["readiness"]["state"], "excluded");
}

#[test]
fn show_explains_the_score_and_is_safe_for_terminals() {
    let room = Room::new();
    let repo = backlog(&room);
    let shown = repo.untouched_by(|| repo.burn(&["show", "#3", "--explain"]).exits(0));
    for words in
        ["#3 [bug] Empty input", "open · by ada", "labels     ready-for-agent", "scope", "of 3", "Acceptance criteria"]
    {
        assert!(shown.stdout.contains(words), "`{words}` is missing in:\n{}", shown.stdout);
    }
    assert!(!repo.burn(&["show", "4"]).exits(0).stdout.contains('\u{1b}'));
    let _ = repo.burn(&["show", "99"]).exits(128).tells(&["no issue #99", "hint: "]);
    let _ = repo.burn(&["show", "many"]).exits(129).tells(&["`many` is not an issue number"]);
}

#[test]
fn colours_come_when_asked_for_and_never_else() {
    let room = Room::new();
    let repo = backlog(&room);
    assert!(repo.burn(&["show", "3", "--color"]).exits(0).stdout.contains("\u{1b}[32mopen"));
    assert!(!repo.burn(&["show", "3"]).exits(0).stdout.contains('\u{1b}'));
    repo.git(&["config", "color.burn", "always"]);
    assert!(repo.burn(&["show", "3"]).exits(0).stdout.contains('\u{1b}'));
    let mut quiet = room.git_with_burn(&repo.path, &["burn", "show", "3"]);
    assert!(!Ended::of(quiet.env("NO_COLOR", "1")).exits(0).stdout.contains('\u{1b}'));
}

#[test]
fn settings_come_from_git_c_git_dir_aliases_and_the_environment() {
    let room = Room::new();
    let repo = backlog(&room);
    let git = |args: &[&str]| Ended::of(&mut room.git_with_burn(&repo.path, args));
    let excluded = git(&["-c", "burn.exclude=ready-for-agent", "burn", "list", "--all"]).exits(0).stdout;
    assert!(excluded.contains("\texcluded\t"), "{excluded}");
    repo.git(&["config", "alias.b", "burn list"]);
    assert!(git(&["b"]).exits(0).stdout.starts_with("3\t"));
    let elsewhere = room.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder");
    let mut command = room.git_with_burn(&elsewhere, &["burn", "list"]);
    command.env("GIT_DIR", repo.path.join(".git")).env("GIT_WORK_TREE", &repo.path);
    assert!(Ended::of(&mut command).exits(0).stdout.starts_with("3\t"));
    let mut command = room.git_with_burn(&repo.path, &["burn", "list"]);
    let _ = Ended::of(command.env("GIT_BURN_FORGE", "gitlab")).exits(128).tells(&["burn.forge `gitlab` is unknown"]);
    let mut command = room.git_with_burn(&repo.path, &["burn", "-C", "issues", "list"]);
    assert!(Ended::of(&mut command).exits(0).stdout.starts_with("3\t"));
}

#[test]
fn unknown_keys_stop_with_the_place_and_a_guess() {
    let room = Room::new();
    let repo = backlog(&room);
    repo.git(&["config", "burn.gaurd.maxFiles", "3"]);
    let told = ["unknown key `burn.gaurd.maxfiles`", "did you mean `burn.guard.maxFiles`?", ".git/config"];
    let _ = repo.burn(&["list"]).exits(128).tells(&told);
}

#[test]
fn every_way_to_have_no_forge_is_told_with_the_way_out() {
    let room = Room::new();
    let nowhere = room.burn_in(room.path(), &["list"]).exits(128);
    let _ = nowhere.tells(&["not in a git repository", "hint: "]);
    let repo = room.init("work");
    let _ = repo.burn(&["list"]).exits(128).tells(&["no remote", "hint: ", "burn.url"]);
    repo.git(&["remote", "add", "origin", "/srv/somewhere.git"]);
    let _ = repo.burn(&["list"]).exits(128).tells(&["is not on a forge", "hint: "]);
    repo.git(&["config", "burn.forge", "files"]);
    let _ = repo.burn(&["list"]).exits(128).tells(&["burn.url names no folder", "hint: "]);
    repo.git(&["config", "burn.url", "nowhere"]);
    let _ = repo.burn(&["list"]).exits(128).tells(&["does not exist", "hint: "]);
    repo.git(&["config", "burn.forge", "gitea"]);
    repo.git(&["config", "burn.url", "http://127.0.0.1:9"]);
    let _ = repo.burn(&["list"]).exits(128).tells(&["which repository", "hint: "]);
    repo.git(&["config", "burn.repo", "o/r"]);
    let _ = repo.burn(&["--offline", "list"]).exits(8).tells(&["--offline"]);
    repo.git(&["config", "burn.url", "http://git.example.com"]);
    let _ = repo.burn(&["list"]).exits(128).tells(&["http"]);
    repo.git(&["remote", "set-url", "origin", "https://evil.example/o/r.git"]);
    repo.git(&["config", "burn.url", "https://git.example.com"]);
    let _ = repo.burn(&["list"]).exits(128).tells(&["host", "differ", "hint: "]);
    for bad in ["file:///etc/passwd", "https://api.github.com:443@evil.example/"] {
        repo.git(&["config", "burn.url", bad]);
        let _ = repo.burn(&["list"]).exits(128);
    }
    let bare = room.init_bare("bare.git");
    let _ = bare.burn(&["list"]).exits(128).tells(&["bare", "hint: "]);
}

#[test]
fn a_token_file_that_others_can_read_is_refused() {
    let room = Room::new();
    let repo = room.init("work");
    for (key, value) in [("forge", "gitea"), ("url", "http://127.0.0.1:9"), ("repo", "o/r")] {
        repo.git(&["config", &format!("burn.{key}"), value]);
    }
    let file = room.path().join("home/.gitea-token");
    std::fs::write(&file, "secret-token-value\n").expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let ended = repo.burn(&["list"]).exits(4).tells(&["can be read by others", "hint: chmod 600"]);
    assert!(!ended.stderr.contains("secret-token-value"));
}

#[test]
fn rank_prints_the_files_that_matter_best_first_also_in_a_bare_repository() {
    let room = Room::new();
    let repo = room.init("work");
    repo.write("src/parser.py", "def parse_amount(text):\n    return int(text)\n");
    repo.write("src/printer.py", "def show(value):\n    print(value)\n");
    repo.write("docs/notes.txt", "nothing of interest\n");
    repo.commit("start");
    let issue = room.path().join("issue.txt");
    std::fs::write(&issue, "parse_amount crashes on an empty text\n\nSee `parse_amount` in the parser.\n")
        .expect("a file");
    let file = issue.to_str().expect("a path");
    let ended = repo.untouched_by(|| repo.burn(&["rank", "--issue-file", file, "-L", "2"])).exits(0);
    let paths: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!((paths.len(), paths[0]), (2, "src/parser.py"));
    let bare = room.path().join("bare.git");
    repo.git(&["clone", "-q", "--bare", ".", bare.to_str().expect("a path")]);
    let args = ["--git-dir", "bare.git", "burn", "rank", "--issue-file", "issue.txt", "--base", "main"];
    let ended = Ended::of(&mut room.git_with_burn(room.path(), &args)).exits(0);
    assert_eq!((ended.stdout.lines().next(), ended.stdout.lines().count()), (Some("src/parser.py"), 3));
    let json = repo.burn(&["rank", "--issue-file", file, "--json", "-L", "1"]).exits(0).stdout;
    assert!(json.starts_with(r#"{"v":1,"event":"ranked","path":"src/parser.py","score":"#), "{json}");
    let _ = repo.burn(&["rank", "--issue-file", "missing"]).exits(128).tells(&["missing"]);
    let _ = room.init("empty").burn(&["rank", "--issue-file", file]).exits(128).tells(&["HEAD"]);
}

#[test]
fn enormous_and_broken_issues_are_shown_or_told_never_fatal_for_the_others() {
    let room = Room::new();
    let repo = backlog(&room);
    let huge = format!("---\nnumber: 6\ntitle: Huge\n---\n\n{}\n", "words and more words ".repeat(500_000));
    repo.write("issues/6-huge.md", huge);
    repo.write("issues/7-latin.md", b"---\nnumber: 7\ntitle: Caf\xe9\n---\n\nna\xefve \xff\xfe\x00\n");
    let listed = repo.untouched_by(|| repo.burn(&["list", "--all"])).exits(0).stdout;
    assert!(
        listed.lines().any(|line| line.starts_with("3\t")) && listed.lines().any(|line| line.starts_with("6\t")),
        "{listed}"
    );
    let shown = repo.burn(&["show", "6"]).exits(0).stdout;
    assert!(shown.len() < 1024 * 1024, "{} bytes", shown.len());
    let latin = repo.burn(&["show", "7"]);
    assert!(matches!(latin.code, Some(0 | 128)), "{latin:?}");
}
