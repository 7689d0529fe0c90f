//! Checks in worktrees: what they can do, what they cannot, and what is left of them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use git_burn::core::checks::{Check, CheckResult, Ended, Need, Stage};
use git_burn::core::names::CommitId;
use git_burn::edge::git::Environment;
use git_burn::edge::repo::Repo;
use git_burn::edge::sandbox::{Network, Sandbox, SandboxMode, SandboxOptions};
use git_burn::edge::verify::{Bench, SlotState, remove_slot, slots};

use crate::repo::open;
use crate::support::git::{Repo as Folder, Room};

/// A repository with one commit, and the place of its worktrees.
struct Yard<'room> {
    folder: Folder<'room>,
    cache: PathBuf,
}

fn yard(room: &Room) -> Yard<'_> {
    let folder = room.init("project");
    folder.write("state", "base\n");
    folder.write(".gitignore", "ignored\ntarget\n");
    folder.commit("base");
    Yard { folder, cache: room.path().join("cache") }
}

impl Yard<'_> {
    fn repo(&self) -> Repo {
        open(&self.folder)
    }

    fn head(&self) -> CommitId {
        CommitId::parse(&self.folder.git(&["rev-parse", "HEAD"])).expect("an id")
    }

    fn options(&self, mode: SandboxMode) -> SandboxOptions {
        let inherited = ["PATH", "HOME"].map(|name| (name, std::env::var_os(name).unwrap_or_default()));
        let environment = Environment::new(inherited).with("FORGE_TOKEN", "t0ken").with("LANG", "C.UTF-8");
        SandboxOptions { mode, network: Network::Cut, environment, keep: Vec::new(), read: Vec::new() }
    }

    fn bench(&self, mode: SandboxMode) -> Bench {
        self.bench_with(self.options(mode))
    }

    fn bench_with(&self, options: SandboxOptions) -> Bench {
        let sandbox = Sandbox::new(options).expect("a sandbox");
        Bench::open(&self.repo(), self.cache.clone(), sandbox, &self.head()).expect("a bench")
    }
}

fn check(command: &str) -> Check {
    let timeout = Duration::from_secs(60);
    Check { name: "test".into(), command: command.into(), timeout, when: Vec::new(), need: Need::Required }
}

fn run(bench: &mut Bench, commit: &CommitId, command: &str) -> CheckResult {
    run_check(bench, commit, &check(command))
}

fn run_check(bench: &mut Bench, commit: &CommitId, check: &Check) -> CheckResult {
    let never = AtomicBool::new(false);
    bench.run(commit, Stage::Head, check, &never).expect("a worktree").expect("nobody stops it")
}

fn modes() -> Vec<SandboxMode> {
    let confined = Path::new("/usr/bin/bwrap").exists();
    if !confined {
        println!("skipped: no bubblewrap here, only unconfined checks are tested");
    }
    [SandboxMode::Require, SandboxMode::Off].into_iter().filter(|mode| confined || *mode == SandboxMode::Off).collect()
}

#[test]
fn every_ending_is_told() {
    let room = Room::new();
    let yard = yard(&room);
    for mode in modes() {
        let mut bench = yard.bench(mode);
        let mut end = |command: &str| run(&mut bench, &yard.head(), command).ended;
        assert_eq!(end("exit 0"), Ended::Passed);
        assert_eq!(end("exit 3"), Ended::Failed { code: 3 });
        assert_eq!(end("kill -9 $$"), Ended::Killed { signal: 9 });
        assert_eq!(end("no-such-program"), Ended::Failed { code: 127 });
        assert!(matches!(end("yes"), Ended::Flooded { .. }));
        let output = run(&mut bench, &yard.head(), "echo one; echo two >&2; cat state; pwd; exit 1").output;
        let folder = output.lines().last().unwrap_or_default();
        assert!(output.starts_with("one\ntwo\nbase\n") && folder.ends_with("/1/project"), "{output}");
    }
}

#[test]
fn nothing_outlives_a_check() {
    let room = Room::new();
    let yard = yard(&room);
    for mode in modes() {
        let mut bench = yard.bench(mode);
        let nap = format!("sleep 311.{}", std::process::id());
        let bash = format!("setsid {nap} & (setsid sh -c '{nap}; true' &) ; {nap}");
        let slow = Check { timeout: Duration::from_millis(700), ..check(&bash) };
        let result = run_check(&mut bench, &yard.head(), &slow);
        assert!(matches!(result.ended, Ended::TimedOut { .. }), "{:?}", result.ended);
        assert!(result.took < Duration::from_secs(5), "{:?}", result.took);
        let left = room.command("pgrep", room.path()).args(["-f", &nap]).output().expect("pgrep");
        assert!(left.stdout.is_empty(), "{mode:?} left {}", String::from_utf8_lossy(&left.stdout));
        let quick = run(&mut bench, &yard.head(), &format!("setsid {nap} & exit 0"));
        assert!(quick.ended == Ended::Passed && quick.took < Duration::from_secs(5), "{:?}", quick.took);
        let left = room.command("pgrep", room.path()).args(["-f", &nap]).output().expect("pgrep");
        assert!(left.stdout.is_empty(), "{mode:?} left {}", String::from_utf8_lossy(&left.stdout));
    }
}

#[test]
fn a_signal_ends_a_check_at_once() {
    let room = Room::new();
    let yard = yard(&room);
    for mode in modes() {
        let mut bench = yard.bench(mode);
        let (stop, start) = (AtomicBool::new(false), std::time::Instant::now());
        let result = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(500));
                stop.store(true, Ordering::Relaxed);
            });
            bench.run(&yard.head(), Stage::Head, &check("sleep 50"), &stop)
        });
        assert!(result.expect("a worktree").is_none() && start.elapsed() < Duration::from_secs(10), "{mode:?}");
        assert_eq!(run(&mut bench, &yard.head(), "cat state").output, "base\n");
    }
}

#[test]
fn each_commit_is_seen_as_it_is_and_the_user_s_checkout_is_not_seen_at_all() {
    let room = Room::new();
    let yard = yard(&room);
    let base = yard.head();
    yard.folder.write("state", "head\n");
    let head = CommitId::parse(&yard.folder.commit("head")).unwrap();
    yard.folder.write("state", "dirty\n");
    yard.folder.write("untracked", "u\n");
    let before = yard.folder.git(&["status", "--porcelain"]);
    for mode in modes() {
        let mut bench = yard.bench(mode);
        let mut output = |commit: &CommitId, command: &str| run(&mut bench, commit, command).output;
        assert_eq!(output(&base, "cat state; echo x > state; touch made ignored"), "base\n");
        assert_eq!(output(&base, "cat state; ls made"), "base\nmade\n", "tracked files are reset between checks");
        assert_eq!(output(&head, "cat state; ls"), "head\nignored\nstate\n", "untracked files go with the commit");
        let git = "git status --porcelain; git log -1 --format=%H; git rev-parse --show-toplevel | grep -c /1/project";
        assert_eq!(output(&head, git), format!("{head}\n1\n"));
        assert_eq!(yard.folder.git(&["status", "--porcelain"]), before);
    }
    assert_eq!(std::fs::read_to_string(yard.folder.path.join("state")).unwrap(), "dirty\n");
}

#[test]
fn the_environment_is_an_allow_list() {
    let room = Room::new();
    let yard = yard(&room);
    for mode in modes() {
        let options = SandboxOptions { keep: vec!["KEPT".into()], ..yard.options(mode) };
        let environment = options.environment.clone().with("KEPT", "yes").with("SSH_AUTH_SOCK", "/run/agent");
        let mut bench = yard.bench_with(SandboxOptions { environment, ..options });
        let output = run(&mut bench, &yard.head(), "env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'").output;
        assert!(output.contains("KEPT=yes\n") && output.contains("CI=true\n"), "{output}");
        if mode == SandboxMode::Require {
            assert!(!output.contains("t0ken") && !output.contains("SSH_AUTH"), "{output}");
        }
        let own = run(&mut bench, &yard.head(), "env").output;
        assert!(!own.contains("t0ken") && !own.contains("SSH_AUTH"), "{own}");
    }
    let keep = vec!["MY_API_KEY".to_owned()];
    let refused = Sandbox::new(SandboxOptions { keep, ..yard.options(SandboxMode::Off) }).unwrap_err();
    assert!(refused.to_string().starts_with("the variable MY_API_KEY looks like a credential"), "{refused}");
}

#[test]
fn a_required_sandbox_that_is_missing_stops_the_work_and_a_missing_one_is_said() {
    let room = Room::new();
    let yard = yard(&room);
    let without = |mode| {
        let environment = Environment::new([("PATH", "/nowhere")]);
        Sandbox::new(SandboxOptions { environment, ..yard.options(mode) })
    };
    let missing = without(SandboxMode::Require).unwrap_err().to_string();
    assert!(missing.contains("bubblewrap is not installed\nhint: "), "{missing}");
    assert_eq!(without(SandboxMode::Auto).unwrap().confinement().to_string(), "off: bubblewrap is not installed");
    let fake = room.path().join("fake");
    std::fs::create_dir(&fake).unwrap();
    std::fs::write(fake.join("bwrap"), "#!/bin/sh\necho 'no user namespaces' >&2\nexit 1\n").unwrap();
    std::process::Command::new("chmod").arg("+x").arg(fake.join("bwrap")).status().unwrap();
    let broken = |mode| {
        let path = format!("{}:{}", fake.display(), std::env::var("PATH").unwrap());
        let environment = yard.options(mode).environment.with("PATH", path);
        let sandbox = Sandbox::new(SandboxOptions { environment, ..yard.options(mode) }).unwrap();
        Bench::open(&yard.repo(), yard.cache.clone(), sandbox, &yard.head())
    };
    let refused = broken(SandboxMode::Require).unwrap_err().to_string();
    assert!(refused.contains("bubblewrap does not work here: no user namespaces"), "{refused}");
    let mut bench = broken(SandboxMode::Auto).unwrap();
    let result = run(&mut bench, &yard.head(), "exit 0");
    assert_eq!(result.sandbox, "off: bubblewrap does not work here: no user namespaces");
}

#[test]
fn tampering_voids_the_run_and_costs_the_worktree() {
    let room = Room::new();
    let yard = yard(&room);
    let git = yard.folder.path.join(".git");
    let mut bench = yard.bench(SandboxMode::Off);
    for (command, what) in [
        (format!("echo '[core] fsmonitor = touch /tmp/x' >> {}/config", git.display()), "/config"),
        (format!("mkdir -p {0}/hooks; touch {0}/hooks/pre-push", git.display()), "/hooks/pre-push"),
        (format!("echo 'gitdir: {}' > .git", room.path().display()), "/1/project/.git"),
    ] {
        let result = run(&mut bench, &yard.head(), &command);
        assert!(matches!(&result.ended, Ended::Tampered { what: path } if path.contains(what)), "{:?}", result.ended);
        assert_eq!(run(&mut bench, &yard.head(), "cat state").output, "base\n");
        bench = yard.bench(SandboxMode::Off);
    }
}

#[test]
fn what_an_unconfined_check_does_to_the_checkout_is_noticed() {
    let room = Room::new();
    let yard = yard(&room);
    let (top, once) = (yard.folder.path.display(), room.path().join("once"));
    let once = |what: &str| format!("test -e {0} || {{ touch {0}; {what}; }}", once.display());
    let commit = format!("git -C {top} -c user.name=A -c user.email=a@example.org commit -qm more --allow-empty");
    for (command, by_check, meanwhile) in [
        ("true".to_owned(), "", ""),
        (format!("echo x >> {top}/state"), "state", ""),
        (commit.clone(), "the branch main (was ", ""),
        (format!("git -C {top} tag -f moved HEAD^{{tree}} && git -C {top} tag -d moved"), "", ""),
        (format!("echo $(git rev-parse HEAD^{{tree}}) > {top}/.git/HEAD"), "HEAD (was main)", ""),
        (format!("echo broken > {top}/.git/index"), "the index", ""),
        (once(&format!("echo y >> {top}/state")), "", "state"),
        (once(&format!("rm {top}/state")), "", "state (gone)"),
        (once(&commit), "", "the branch main (was "),
        (format!("git -C {top} status; touch {top}/untracked; git -C {top} update-ref refs/remotes/o/m HEAD"), "", ""),
    ] {
        let mut bench = yard.bench(SandboxMode::Off);
        assert_eq!(run(&mut bench, &yard.head(), &command).ended, Ended::Passed, "{command}");
        let touched = bench.touched().clone();
        let is = |all: &[String], expected: &str| match expected {
            "" => all.is_empty(),
            start => all.len() == 1 && all[0].starts_with(start),
        };
        assert!(is(&touched.by_check, by_check) && is(&touched.meanwhile, meanwhile), "{command}: {touched:?}");
        std::fs::write(yard.folder.path.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        let _ = std::fs::remove_file(room.path().join("once"));
        yard.folder.git(&["read-tree", "HEAD"]);
        yard.folder.git(&["checkout", "-q", "-f", "HEAD"]);
    }
}

#[test]
fn who_edits_while_an_unconfined_check_runs_is_not_taken_for_it() {
    let room = Room::new();
    let yard = yard(&room);
    let (over, file) = (AtomicBool::new(false), yard.folder.path.join("state"));
    let touched = std::thread::scope(|scope| {
        scope.spawn(|| {
            for edit in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                std::fs::write(&file, format!("edit {edit}\n")).unwrap();
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let mut bench = yard.bench(SandboxMode::Off);
        run(&mut bench, &yard.head(), "sleep 1");
        over.store(true, Ordering::Relaxed);
        bench.touched().clone()
    });
    assert_eq!((touched.by_check, touched.meanwhile), (vec![], vec!["state".to_owned()]));
}

#[test]
fn worktrees_are_warm_shared_out_one_by_one_and_removable() {
    let room = Room::new();
    let yard = yard(&room);
    let mut first = yard.bench(SandboxMode::Off);
    run(&mut first, &yard.head(), "touch ignored");
    let mut second = yard.bench(SandboxMode::Off);
    assert!(run(&mut second, &yard.head(), "pwd").output.ends_with("/2/project\n"));
    let states = || slots(&yard.repo(), &yard.cache).unwrap().into_iter().map(|slot| slot.state).collect::<Vec<_>>();
    assert_eq!(states(), [SlotState::InUse, SlotState::InUse]);
    drop(first);
    assert_eq!(states(), [SlotState::Idle, SlotState::InUse]);
    let mut again = yard.bench(SandboxMode::Off);
    assert_eq!(run(&mut again, &yard.head(), "ls").output, "ignored\nstate\n");
    drop(again);
    for slot in slots(&yard.repo(), &yard.cache).unwrap() {
        remove_slot(&yard.repo(), &slot).unwrap();
    }
    assert_eq!(states(), [SlotState::InUse]);
    assert_eq!(yard.folder.git(&["worktree", "list"]).lines().count(), 2);
}

#[test]
fn what_a_check_leaves_does_not_reach_the_next_commit() {
    let room = Room::new();
    let yard = yard(&room);
    let base = yard.head();
    let head = CommitId::parse(&yard.folder.commit("head")).unwrap();
    for mode in modes() {
        let mut bench = yard.bench(mode);
        let plant =
            "mkdir -p ~/.cargo ~/.cache/tool shut/in; echo evil > ~/.cargo/config; touch /tmp/left; chmod 0 shut";
        assert_eq!(run(&mut bench, &base, plant).ended, Ended::Passed);
        assert_eq!(run(&mut bench, &head, "ls -A ~ ; ls shut; ls ~/.cache").output.lines().last(), Some("tool"));
        let home = run(&mut bench, &head, "cat ~/.cargo/config $TMPDIR/left");
        assert!(!home.output.contains("evil") && home.ended != Ended::Passed, "{}", home.output);
    }
}

#[test]
fn what_a_check_takes_from_files_and_folders_is_given_back_for_the_next_commit() {
    let room = Room::new();
    let yard = yard(&room);
    yard.folder.write("sub/file", "x\n");
    let base = CommitId::parse(&yard.folder.commit("more")).unwrap();
    let head = CommitId::parse(&yard.folder.commit("head")).unwrap();
    for mode in modes() {
        let mut bench = yard.bench(mode);
        assert_eq!(run(&mut bench, &base, "chmod 0 state; chmod 500 sub; chmod 400 sub/file").ended, Ended::Passed);
        let next = run(&mut bench, &head, "cat state && echo y >sub/new && echo z >sub/file && ls sub");
        assert_eq!((next.ended, next.output.as_str()), (Ended::Passed, "base\nfile\nnew\n"));
    }
}

#[test]
fn a_worktree_that_was_left_half_made_is_made_anew() {
    let room = Room::new();
    let yard = yard(&room);
    drop(yard.bench(SandboxMode::Off));
    let record = yard.folder.path.join(".git/worktrees/project");
    std::fs::write(record.join("locked"), "initializing\n").unwrap();
    std::fs::write(record.join("index.lock"), "").unwrap();
    let mut bench = yard.bench(SandboxMode::Off);
    assert_eq!(run(&mut bench, &yard.head(), "cat state").output, "base\n");
    drop(bench);
    std::fs::remove_dir_all(&yard.cache).unwrap();
    let mut bench = yard.bench(SandboxMode::Off);
    assert_eq!(run(&mut bench, &yard.head(), "cat state").output, "base\n");
    assert_eq!(yard.folder.git(&["worktree", "list"]).lines().count(), 2);
}

#[test]
fn a_cache_of_any_bytes_holds_worktrees() {
    use std::os::unix::ffi::OsStrExt;
    let room = Room::new();
    let cache = room.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9\ncache"));
    let yard = Yard { cache, ..yard(&room) };
    for _ in 0..2 {
        let mut bench = yard.bench(SandboxMode::Off);
        assert_eq!(run(&mut bench, &yard.head(), "cat state").output, "base\n");
    }
    assert_eq!(yard.folder.git(&["worktree", "list", "--porcelain", "-z"]).matches("worktree ").count(), 2);
}

#[test]
fn toolchains_work_inside() {
    let room = Room::new();
    let yard = yard(&room);
    yard.folder.write("Cargo.toml", "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    yard.folder.write("src/lib.rs", "#[test]\nfn adds() { assert_eq!(1 + 1, 2); }\n");
    yard.folder.write("test_x.py", "import unittest\nclass T(unittest.TestCase):\n    def test(self): pass\n");
    yard.folder.write("package.json", "{\"scripts\": {\"test\": \"node -e 'console.log(6*7)'\"}}\n");
    let head = CommitId::parse(&yard.folder.commit("tools")).unwrap();
    for mode in modes() {
        let mut bench = yard.bench(mode);
        for (program, command, shows) in [
            ("cargo", "cargo test -q", "1 passed"),
            ("python3", "python3 -m unittest -q", "OK"),
            ("npm", "npm test", "42"),
        ] {
            if std::process::Command::new(program).arg("--version").output().is_err() {
                println!("skipped: no {program} here");
                continue;
            }
            let result = run(&mut bench, &head, command);
            assert!(
                result.ended == Ended::Passed && result.output.contains(shows),
                "{mode:?} {command}: {result:?} {}",
                result.output
            );
        }
    }
}

#[test]
fn installed_dependencies_are_lent_and_cannot_be_written() {
    let room = Room::new();
    let yard = yard(&room);
    yard.folder.write(".git/info/exclude", "node_modules\n");
    yard.folder.write("node_modules/dep/index.js", "module.exports = 7\n");
    if modes().len() < 2 {
        return;
    }
    let mut bench = yard.bench(SandboxMode::Require);
    let result =
        run(&mut bench, &yard.head(), "cat node_modules/dep/index.js; touch node_modules/dep/x; git status -s");
    assert!(result.output.starts_with("module.exports = 7\n"), "{}", result.output);
    assert!(result.output.contains("Read-only file system") && !result.output.contains("??"), "{}", result.output);
    yard.folder.write(".gitignore", "");
    yard.folder.git(&["add", "-f", "node_modules"]);
    let vendored = CommitId::parse(&yard.folder.commit("vendored")).unwrap();
    std::fs::write(yard.folder.path.join("node_modules/dep/index.js"), "dirty\n").unwrap();
    assert_eq!(run(&mut bench, &vendored, "cat node_modules/dep/index.js").output, "module.exports = 7\n");
}

/// Two commits that differ in one character, checked at once: neither bytecode nor `make` may take one for the other.
#[test]
fn results_of_one_commit_are_not_taken_for_the_other_s() {
    let room = Room::new();
    let yard = yard(&room);
    yard.folder.write(".gitignore", "__pycache__\nout\n");
    yard.folder.write("Makefile", "out: value.py\n\tcp value.py out\n");
    let commits = ["1", "2"].map(|value| {
        yard.folder.write("value.py", format!("VALUE = {value}\n"));
        CommitId::parse(&yard.folder.commit(value)).unwrap()
    });
    for mode in modes() {
        let mut bench = yard.bench(mode);
        for (commit, value) in commits.iter().zip(["1", "2"]).cycle().take(4) {
            let output =
                run(&mut bench, commit, "python3 -c 'import value; print(value.VALUE)'; make -s; cat out").output;
            assert_eq!(output, format!("{value}\nVALUE = {value}\n"), "{mode:?}");
        }
    }
}

/// The probes of `../shared/data/hostile/hostile_check.py`, with everything there that they look for.
#[test]
fn hostile_code_finds_every_door_closed() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("GIT_BURN_SHARED").map_or(default, PathBuf::from);
    let Ok(script) = std::fs::read(shared.join("data/hostile/hostile_check.py")) else {
        println!("skipped: no shared data here");
        return;
    };
    if modes().len() < 2 {
        return;
    }
    let room = Room::new();
    let yard = yard(&room);
    let real_home = room.path().join("home");
    std::fs::create_dir_all(real_home.join(".ssh")).unwrap();
    for file in [".git-credentials", ".ssh/id_ed25519", ".bashrc"] {
        std::fs::write(real_home.join(file), "secret\n").unwrap();
    }
    let _tcp = std::net::TcpListener::bind("127.0.0.1:18301");
    if let Ok(udp) = std::net::UdpSocket::bind("127.0.0.1:18302") {
        std::thread::spawn(move || {
            while let Ok((_, from)) = udp.recv_from(&mut [0; 16]) {
                let _ = udp.send_to(b"pong", from);
            }
        });
    }
    let _ = std::fs::remove_file("/run/gb-docker.sock");
    let _docker = UnixListener::bind("/run/gb-docker.sock");
    let _abstract = UnixListener::bind_addr(&SocketAddr::from_abstract_name("gb-abs").unwrap());
    let mut victim = room.command("sleep", room.path()).arg("60").env("FORGE_TOKEN", "t0ken").spawn().unwrap();
    yard.folder.write("victim", victim.id().to_string());
    yard.folder.write("README.md", "main\n");
    yard.folder.write("hostile_check.py", script);
    let head = CommitId::parse(&yard.folder.commit("probes")).unwrap();
    let options = yard.options(SandboxMode::Require);
    let environment = options.environment.clone();
    let environment = environment.with("REALHOME_FOR_TEST", &real_home).with("VICTIM_PID_FILE", "victim");
    let keep = ["REALHOME_FOR_TEST", "VICTIM_PID_FILE"].map(String::from).to_vec();
    let mut bench = yard.bench_with(SandboxOptions { environment, keep, ..options });
    let before = std::fs::read_to_string(yard.folder.path.join(".git/config")).unwrap();
    let command = format!("python3 hostile_check.py {}", yard.folder.path.display());
    let result = run(&mut bench, &head, &command);
    let _ = (victim.kill(), victim.wait(), std::fs::remove_file("/run/gb-docker.sock"));
    assert_eq!(result.ended, Ended::Passed, "{}", result.output);
    assert!(result.output.lines().count() >= 24, "{}", result.output);
    for line in result.output.lines() {
        let (probe, state) = line.split_at(46);
        // A private /tmp may be written to; the other two are told for information.
        let told_only = ["write shared /tmp", "env: number of variables", "git status in worktree"];
        if !told_only.iter().any(|start| probe.starts_with(start)) {
            let expected = if probe.contains("must be OPEN") { "OPEN" } else { "closed" };
            assert!(state.trim().starts_with(expected), "{line}\n{}", result.output);
        }
    }
    assert!(!Path::new("/tmp/gb-shared-victim").exists());
    assert_eq!(std::fs::read_to_string(yard.folder.path.join(".git/config")).unwrap(), before);
    assert_eq!(std::fs::read_to_string(real_home.join(".bashrc")).unwrap(), "secret\n");
    println!("{}", result.output);
}
