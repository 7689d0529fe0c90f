//! Tests of schedules: a crontab and a systemd of scripts, the real program.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::burn::{Ended, path_with_program};
use crate::support::git::{Repo, Room};

fn script(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, format!("#!/bin/sh\n{text}")).expect("a script");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("executable");
}

/// Behaves as cron's own: a file, `-l` fails while there is none, `-` replaces it.
fn crontab(room: &Room) {
    let text = "f=$HOME/tab\ncase $1 in -l) [ -f $f ] || { echo no crontab for ada >&2; exit 1; }; cat $f;; -) cat > $f;; esac\n";
    script(&room.path().join("bin/crontab"), text);
}

/// Notes what it is asked.
fn systemctl(room: &Room, code: u8) {
    let text = format!("echo \"$@\" >> $HOME/systemctl.log\nexit {code}\n");
    script(&room.path().join("bin/systemctl"), &text);
}

fn burn(repo: &Repo<'_>, args: &[&str]) -> Ended {
    let room = repo.room;
    let mut path = room.path().join("bin").into_os_string();
    path.push(":");
    path.push(path_with_program());
    let mut command = room.git_with_burn(&repo.path, &["burn", "schedule"]);
    Ended::of(command.args(args).env("PATH", path).env_remove("XDG_CONFIG_HOME"))
}

fn home(room: &Room, file: &str) -> String {
    std::fs::read_to_string(room.path().join("home").join(file)).unwrap_or_default()
}

#[test]
fn the_crontab_keeps_what_is_the_users_and_the_last_repository_takes_the_region_away() {
    let room = Room::new();
    crontab(&room);
    systemctl(&room, 1);
    let (one, two) = (room.init("one"), room.init("two"));
    std::fs::write(room.path().join("home/tab"), "MAILTO=ada\n").unwrap();
    let _ =
        one.untouched_by(|| burn(&one, &["start", "--every", "30m", "--time-limit", "20m"])).exits(0).tells(&["30m"]);
    let _ = burn(&two, &["start", "--every", "15m", "--", "sprint", "--limit", "3"]).exits(0);
    let tab = home(&room, "tab");
    assert!(tab.starts_with("MAILTO=ada\n# BEGIN GIT-BURN SCHEDULE\n"), "{tab}");
    assert_eq!(tab.matches("for-each-repo").count(), 1, "made anew, not twice: {tab}");
    assert!(tab.contains("timeout 3600") && tab.contains("burn --alone sprint --limit 3\n"), "{tab}");
    let listed = burn(&one, &["list"]).exits(0).stdout;
    assert_eq!(listed.matches("repository\t").count(), 2, "{listed}");
    assert!(listed.starts_with("crontab\t"), "{listed}");
    let _ = burn(&one, &["stop"]).exits(0).tells(&["1 other repositories are"]);
    assert_eq!(home(&room, "tab"), tab);
    let _ = burn(&two, &["stop"]).exits(0);
    assert_eq!(home(&room, "tab"), "MAILTO=ada\n");
    assert!(!home(&room, ".gitconfig").contains("repo ="), "{}", home(&room, ".gitconfig"));
    let _ = burn(&two, &["list"]).exits(0).tells(&["nothing is scheduled"]);
}

#[test]
fn systemd_comes_first_and_its_units_are_what_systemd_accepts() {
    let room = Room::new();
    crontab(&room);
    systemctl(&room, 0);
    let repo = room.init("one");
    let _ = burn(&repo, &["start", "--every", "daily"]).exits(0);
    assert!(home(&room, "systemctl.log").contains("--user enable --now git-burn.timer"));
    let units = room.path().join("home/.config/systemd/user");
    let timer = std::fs::read_to_string(units.join("git-burn.timer")).unwrap();
    assert!(timer.contains("Persistent=true"), "{timer}");
    accepted_by_systemd(&units);
    assert_eq!(home(&room, "tab"), "", "only one scheduler is used");
    assert!(burn(&repo, &["list"]).exits(0).stdout.starts_with("systemd\t"));
    let _ = burn(&repo, &["stop"]).exits(0);
    assert!(!units.join("git-burn.timer").exists() && !units.join("git-burn.service").exists());
}

fn accepted_by_systemd(units: &Path) {
    let files = ["git-burn.service", "git-burn.timer"].map(|unit| units.join(unit));
    match Command::new("systemd-analyze").args(["--user", "verify"]).args(files).env("XDG_RUNTIME_DIR", units).output()
    {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!said.contains("git-burn."), "{said}");
            println!("skipped: systemd-analyze cannot work here: {said}");
        }
        Err(_) => println!("skipped: there is no systemd-analyze here"),
    }
}

#[test]
fn credentials_that_only_this_shell_has_are_named() {
    let room = Room::new();
    crontab(&room);
    systemctl(&room, 1);
    let repo = room.init("one");
    repo.git(&["config", "burn.model", "anthropic/claude-sonnet-4-5"]);
    let without = burn(&repo, &["start"]).exits(0);
    assert!(!without.stderr.contains("warning"), "{}", without.stderr);
    let mut path = room.path().join("bin").into_os_string();
    path.push(":");
    path.push(path_with_program());
    let mut command = room.git_with_burn(&repo.path, &["burn", "schedule", "start"]);
    command.env("PATH", path).env("ANTHROPIC_API_KEY", "sk-ant-4711").env("OPENAI_API_KEY", "sk-4711");
    let ended = Ended::of(command.env("GH_TOKEN", "ghp-4711")).exits(0);
    let ended =
        ended.tells(&["this shell has: ANTHROPIC_API_KEY, GH_TOKEN\n", "hint: put NAME=VALUE lines at the top"]);
    assert!(!ended.stderr.contains("4711") && !ended.stderr.contains("OPENAI"), "{}", ended.stderr);
}

#[test]
fn printing_writes_nothing_and_nonsense_is_refused() {
    let room = Room::new();
    crontab(&room);
    let repo = room.init("one");
    let printed = burn(&repo, &["start", "--print", "--scheduler", "systemd"]).exits(0).stdout;
    assert!(printed.contains("OnCalendar=") && printed.contains("\"burn\" \"--alone\" \"next\""), "{printed}");
    assert_eq!((home(&room, "tab"), home(&room, ".gitconfig")), (String::new(), String::new()));
    for (command, told) in [
        (&["nxt"][..], &["`git burn nxt` cannot be scheduled", "'nxt'", "hint: ", "'next'"][..]),
        (&["foo", "--bar"], &["`git burn foo --bar` cannot be scheduled", "'foo'"]),
        (&["next", "--limt", "3"], &["cannot be scheduled", "'--limt'", "'--limit'"]),
        (&["--version"], &["`git burn --version` cannot be scheduled"]),
    ] {
        let start = [&["start", "--print", "--"][..], command].concat();
        let ended = burn(&repo, &start).exits(129).tells(told);
        assert_eq!(ended.stdout, "");
    }
    let _ = burn(&repo, &["start", "--every", "7m"]).exits(129).tells(&["`7m` is not an interval"]);
    std::fs::write(room.path().join("home/tab"), "# BEGIN GIT-BURN SCHEDULE\n").unwrap();
    let _ = burn(&repo, &["start", "--scheduler", "crontab"]).exits(128).tells(&["only one of"]);
    assert_eq!(home(&room, "tab"), "# BEGIN GIT-BURN SCHEDULE\n");
}
