//! Signals: Ctrl-C, a service that is stopped, a terminal that is closed. What was begun can be continued, and nothing
//! that was started lives on.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::flow::{NO_REPLY, Yard};
use crate::support::fake_forge::{Flavour, TOKEN};
use crate::support::git::Room;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file that a check writes its process id into, once the change is there; then it sleeps.
fn slow_check(yard: &Yard<'_>) -> PathBuf {
    let file = yard.clone.room.path().join("check.pid");
    let check = format!(
        "test -e tests/cases/empty.csv || exit 0; echo $$ >'{0}.new'; mv '{0}.new' '{0}'; sleep 300 & wait",
        file.display()
    );
    yard.clone.git(&["config", "burn.check.test.command", &check]);
    yard.clone.git(&["config", "burn.sandbox", "off"]);
    file
}

/// Where the tests themselves run under `nohup`, as services of CI do, whatever they start would ignore SIGHUP too.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    u64::from_str_radix(ignored.trim(), 16).expect("a mask") & 1 == 1
}

/// `git burn issue 1` as a shell starts it: git and what it runs are one process group.
fn start(yard: &Yard<'_>, program: &[&str]) -> Child {
    let template = yard.clone.room.git_with_burn(&yard.clone.path, &[]);
    let mut command = Command::new("env");
    command
        .args(is_hangup_ignored().then_some("--default-signal=HUP"))
        .args(program)
        .current_dir(&yard.clone.path)
        .env_clear();
    command.envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("GITEA_TOKEN", TOKEN).env("GITEA_URL", yard.fake.url());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().expect("git runs")
}

#[track_caller]
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn send(signal: &str, to: &str) {
    let _ = Command::new("kill").args([signal, "--", to]).status().expect("kill runs");
}

fn is_alive(process: &str) -> bool {
    PathBuf::from(format!("/proc/{process}")).exists()
}

/// The exit status in the last line of the run's record; `None`: it goes on. git may be gone before it is over.
fn recorded_exit(yard: &Yard<'_>) -> Option<i64> {
    let runs = std::fs::read_dir(yard.clone.path.join(".git/burn/runs")).expect("runs");
    let mut runs: Vec<PathBuf> = runs.map(|run| run.expect("a run").path()).collect();
    runs.sort();
    let text = std::fs::read_to_string(runs.last().expect("a run").join("events.jsonl")).expect("events");
    let last: serde_json::Value = serde_json::from_str(text.lines().last()?).ok()?;
    (last["event"] == "run_finished").then(|| last["exit"].as_i64().expect("a number"))
}

#[test]
fn whatever_signal_ends_a_run_it_is_continued_and_no_check_lives_on() {
    for (signal, status) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let room = Room::new();
        let yard = Yard::new(&room, Flavour::Gitea);
        let file = slow_check(&yard);
        let mut child = start(&yard, &["git", "burn", "issue", "1"]);
        let check = wait_for("the check", || std::fs::read_to_string(&file).ok()).trim().to_owned();
        // To the whole group, as a terminal does; git hands on to its child what it gets itself, a moment later.
        for _ in 0..2 {
            send(signal, &format!("-{}", child.id()));
            std::thread::sleep(Duration::from_millis(30));
        }
        assert_eq!(wait_for(signal, || recorded_exit(&yard)), status, "{signal}");
        assert!(!is_alive(&check), "{signal}: the check lives on");
        wait_for("git's end", || child.try_wait().expect("a child"));
        let claims = yard.remote.git(&["for-each-ref", "refs/burn/claims"]);
        let drafts = yard.clone.git(&["for-each-ref", "--format=%(refname)", "refs/burn/draft"]);
        assert_eq!((claims.as_str(), drafts.as_str()), ("", "refs/burn/draft/1"), "{signal}");
        yard.clone.git(&["config", "burn.check.test.command", "sh tests/run.sh"]);
        yard.replies(NO_REPLY);
        let _ = yard.burn(&["continue"]).exits(0);
        assert_eq!(yard.fake.state().pulls.len(), 1, "{signal}");
    }
}

#[test]
fn what_was_started_to_outlive_its_terminal_does() {
    let room = Room::new();
    let yard = Yard::new(&room, Flavour::Gitea);
    let file = slow_check(&yard);
    let mut child = start(&yard, &["sh", "-c", "trap '' HUP; exec git burn issue 1"]);
    let check = wait_for("the check", || std::fs::read_to_string(&file).ok()).trim().to_owned();
    send("-HUP", &format!("-{}", child.id()));
    std::thread::sleep(Duration::from_millis(500));
    assert!(is_alive(&check) && recorded_exit(&yard).is_none(), "it was ended");
    send("-TERM", &format!("-{}", child.id()));
    assert_eq!(wait_for("the end", || recorded_exit(&yard)), 143);
    assert!(!is_alive(&check));
    wait_for("git's end", || child.try_wait().expect("a child"));
}
