//! Checks of projects with submodules: what the clone has of them is there, and the clone stays as it is.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use git_burn::core::checks::{Check, CheckResult, Ended, Need, Stage};
use git_burn::core::names::CommitId;
use git_burn::edge::git::Environment;
use git_burn::edge::repo::Repo;
use git_burn::edge::sandbox::{Network, Sandbox, SandboxMode, SandboxOptions};
use git_burn::edge::verify::{Bench, remove_slot, slots};

use crate::flow::Yard;
use crate::repo::open;
use crate::support::fake_forge::Flavour;
use crate::support::git::{Repo as Folder, Room};

/// Submodules of local folders, which git does not allow by itself.
const LOCAL: [&str; 2] = ["-c", "protocol.file.allow=always"];

fn git(folder: &Folder<'_>, args: &[&str]) -> String {
    folder.git(&[&LOCAL, args].concat())
}

fn id(hex: &str) -> CommitId {
    CommitId::parse(hex).expect("an id")
}

/// `project` with `lib` as its submodule `vendor/lib`, which has `deep` in it.
struct Nest<'room> {
    project: Folder<'room>,
    lib: Folder<'room>,
    cache: PathBuf,
    base: CommitId,
}

fn nest(room: &Room) -> Nest<'_> {
    let deep = room.init("deep");
    deep.write("deep.txt", "deep\n");
    deep.commit("deep");
    let lib = room.init("lib");
    lib.write("lib.txt", "lib\n");
    lib.write(".gitignore", "built\n");
    git(&lib, &["submodule", "add", "-q", "--name", "inner", deep.path.to_str().unwrap(), "in/deep"]);
    lib.commit("lib");
    let project = room.init("project");
    project.write("state", "base\n");
    git(&project, &["submodule", "add", "-q", "--name", "the/lib", lib.path.to_str().unwrap(), "vendor/lib"]);
    git(&project, &["submodule", "update", "-q", "--init", "--recursive"]);
    let base = id(&project.commit("base"));
    Nest { project, lib, cache: room.path().join("cache"), base }
}

impl Nest<'_> {
    fn bench(&self, mode: SandboxMode) -> Bench {
        self.bench_of(&open(&self.project), mode, &self.base)
    }

    fn bench_of(&self, repo: &Repo, mode: SandboxMode, base: &CommitId) -> Bench {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let environment = Environment::new([("PATH", path)]).with("LANG", "C.UTF-8");
        let options = SandboxOptions { mode, network: Network::Cut, environment, keep: Vec::new(), read: Vec::new() };
        Bench::open(repo, self.cache.clone(), Sandbox::new(options).expect("a sandbox"), base).expect("a bench")
    }

    /// The submodule at its next commit, in the project's next commit.
    fn moved(&self, change: impl FnOnce(&Folder<'_>)) -> CommitId {
        let inside = Folder { room: self.project.room, path: self.project.path.join("vendor/lib") };
        change(&inside);
        inside.commit("moved");
        id(&self.project.commit("moved"))
    }

    /// All of the clone but what git-burn keeps there and the objects.
    fn everything(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        visit(&self.project.path, &mut found);
        let git = self.project.path.join(".git");
        found
            .retain(|path, _| !["worktrees", "burn"].iter().any(|own| path.starts_with(git.join(own))) && *path != git);
        found
    }
}

fn visit(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let about = std::fs::symlink_metadata(&path).expect("metadata");
        let content = if about.is_file() { std::fs::read(&path).expect("a file") } else { Vec::new() };
        let text = format!("{:o} {}.{:09} {}", about.mode(), about.mtime(), about.mtime_nsec(), content.escape_ascii());
        found.insert(path.clone(), text);
        if about.is_dir() {
            visit(&path, found);
        }
    }
}

fn run(bench: &mut Bench, commit: &CommitId, command: &str) -> CheckResult {
    let timeout = Duration::from_secs(60);
    let check = Check { name: "test".into(), command: command.into(), timeout, when: Vec::new(), need: Need::Required };
    let never = AtomicBool::new(false);
    bench.run(commit, Stage::Head, &check, &never).expect("a worktree").expect("nobody stops it")
}

fn told(bench: &Bench) -> Vec<String> {
    bench.empty_submodules().iter().map(ToString::to_string).collect()
}

fn modes() -> Vec<SandboxMode> {
    let confined = Path::new("/usr/bin/bwrap").exists();
    [SandboxMode::Require, SandboxMode::Off].into_iter().filter(|mode| confined || *mode == SandboxMode::Off).collect()
}

const ALL: &str = "cat vendor/lib/lib.txt vendor/lib/in/deep/deep.txt";

#[test]
fn files_of_submodules_are_there_and_the_clone_is_as_it_was() {
    let room = Room::new();
    let nest = nest(&room);
    nest.project.write("vendor/lib/lib.txt", "being worked on\n");
    let before = nest.everything();
    for mode in modes() {
        let mut bench = nest.bench(mode);
        let output = run(&mut bench, &nest.base, &format!("{ALL}; git status --porcelain; find . -name .git")).output;
        assert_eq!(output, "lib\ndeep\n./.git\n", "{mode:?}");
        assert_eq!(told(&bench), [""; 0]);
    }
    assert!(before == nest.everything(), "the clone was written to");
    let repo = open(&nest.project);
    for slot in slots(&repo, &nest.cache).unwrap() {
        remove_slot(&repo, &slot).unwrap();
        assert!(!slot.dir.exists());
    }
    assert_eq!(nest.project.git(&["worktree", "list"]).lines().count(), 1);
    assert!(before == nest.everything(), "the clone was written to");
}

#[test]
fn a_confined_check_does_not_see_the_configuration_of_submodules() {
    if modes().len() < 2 {
        return;
    }
    let room = Room::new();
    let nest = nest(&room);
    let config = nest.project.path.join(".git/modules/the/lib/config");
    let mut bench = nest.bench(SandboxMode::Require);
    let result = run(&mut bench, &nest.base, &format!("cat {}", config.display()));
    assert!(config.is_file() && result.ended != Ended::Passed, "{}", result.output);
}

#[test]
fn what_a_check_does_to_a_submodule_is_undone_and_what_is_unchanged_is_not_written_again() {
    let room = Room::new();
    let nest = nest(&room);
    nest.project.write("state", "head\n");
    nest.project.git(&["commit", "-qam", "head"]);
    let head = id(&nest.project.git(&["rev-parse", "HEAD"]));
    for mode in modes() {
        let mut bench = nest.bench(mode);
        let times = "stat -c '%n %i %z' vendor/lib/lib.txt vendor/lib/in/deep/deep.txt";
        let first = run(&mut bench, &nest.base, times).output;
        assert_eq!(run(&mut bench, &head, times).output, first, "written again");
        let spoil = "cd vendor/lib && echo evil > lib.txt && rm in/deep/deep.txt && touch made built in/deep/made && git \
                     init -q . && mkdir shut && touch shut/x && chmod 0 shut";
        assert_eq!(run(&mut bench, &head, spoil).ended, Ended::Passed);
        let tree = format!("{ALL}; cd vendor/lib; find . -type f | sort");
        let files = "./.gitignore\n./.gitmodules\n";
        let same = run(&mut bench, &head, &format!("{ALL}; ls vendor/lib/made vendor/lib/built")).output;
        assert_eq!(same, "lib\ndeep\nvendor/lib/built\nvendor/lib/made\n", "the next check of the same commit");
        let next = run(&mut bench, &nest.base, &tree).output;
        assert_eq!(next, format!("lib\ndeep\n{files}./built\n./in/deep/deep.txt\n./lib.txt\n"), "{mode:?}");
        let swap = "rm -rf vendor/lib; mkdir ../tmp/out; ln -s ../../tmp/out vendor/lib; touch vendor/lib/.git";
        run(&mut bench, &nest.base, swap);
        let again = run(&mut bench, &nest.base, &format!("test -L vendor/lib || {ALL}")).output;
        assert_eq!(again, "lib\ndeep\n");
        run(&mut bench, &nest.base, "rm -rf vendor; ln -s ../home vendor");
        assert_eq!(run(&mut bench, &head, ALL).output, "lib\ndeep\n");
    }
}

#[test]
fn nothing_of_one_commit_s_submodule_is_seen_at_another() {
    let room = Room::new();
    let nest = nest(&room);
    let moved = nest.moved(|lib| {
        lib.git(&["rm", "-q", "lib.txt"]);
        lib.write("new.txt", "new\n");
    });
    nest.project.git(&["rm", "-qf", "vendor/lib"]);
    let gone = id(&nest.project.commit("gone"));
    nest.project.write("vendor/lib/own.txt", "own\n");
    let own = id(&nest.project.commit("the project's own"));
    let list = "find vendor -type f 2>/dev/null | sort; touch vendor/lib/built vendor/lib/in/deep/x 2>/dev/null; true";
    let base = "vendor/lib/.gitignore\nvendor/lib/.gitmodules\nvendor/lib/in/deep/deep.txt\nvendor/lib/lib.txt\n";
    let next = base.replace("lib.txt", "new.txt");
    let expected = [(&nest.base, base), (&moved, &next), (&gone, ""), (&own, "vendor/lib/own.txt\n")];
    for mode in modes() {
        let mut bench = nest.bench(mode);
        for (commit, files) in
            expected.iter().chain(expected.iter().rev().skip(1)).chain([&expected[2], &expected[0], &expected[2]])
        {
            assert_eq!(run(&mut bench, commit, list).output, *files, "{mode:?} {commit}");
            assert_eq!(told(&bench), [""; 0]);
        }
    }
}

#[test]
fn what_the_clone_does_not_have_stays_empty_and_is_told() {
    let room = Room::new();
    let nest = nest(&room);
    let (lib, clone) = (nest.lib.path.to_str().unwrap(), Folder { room: &room, path: room.path().join("clone") });
    git(&nest.project, &["clone", "-q", nest.project.path.to_str().unwrap(), clone.path.to_str().unwrap()]);
    let mut bench = nest.bench_of(&open(&clone), SandboxMode::Off, &nest.base);
    let look = "ls -A vendor/lib; touch vendor/lib/left";
    assert_eq!(run(&mut bench, &nest.base, look).output, "");
    let without = "checks find the submodule `vendor/lib` empty: this clone does not have it\n\
                   hint: git submodule update --init vendor/lib";
    assert_eq!(told(&bench), [without]);
    git(&clone, &["submodule", "update", "-q", "--init"]);
    run(&mut bench, &nest.base, "true");
    let nested = "checks find the submodule `vendor/lib/in/deep` empty: this clone does not have it\n\
                  hint: git submodule update --init --recursive vendor/lib";
    assert_eq!(told(&bench), [nested]);
    git(&clone, &["submodule", "update", "-q", "--init", "--recursive"]);
    assert_eq!(run(&mut bench, &nest.base, ALL).output, "lib\ndeep\n");
    assert_eq!(told(&bench), [""; 0]);
    let moved = nest.moved(|lib| lib.write("lib.txt", "moved\n"));
    clone.git(&["fetch", "-q", "--no-recurse-submodules"]);
    assert_eq!(run(&mut bench, &moved, look).output, "", "not what another commit has: {lib}");
    let text = &told(&bench)[0];
    assert!(text.contains("has it without the commit ") && text.ends_with("git -C vendor/lib fetch"), "{text}");
    std::fs::remove_dir_all(clone.path.join(".git/modules")).unwrap();
    assert_eq!(run(&mut bench, &nest.base, look).output, "", "what was filled is taken away");
    assert_eq!(told(&bench), [without]);
}

#[test]
fn a_submodule_is_found_wherever_git_keeps_it() {
    let room = Room::new();
    let nest = nest(&room);
    let linked = Folder { room: &room, path: room.path().join("linked") };
    nest.project.git(&["worktree", "add", "-q", linked.path.to_str().unwrap()]);
    let all = |folder: &Folder<'_>, base: &CommitId| {
        let mut bench = nest.bench_of(&open(folder), SandboxMode::Off, base);
        let output = run(&mut bench, base, ALL).output;
        drop(bench);
        std::fs::remove_dir_all(&nest.cache).unwrap();
        output
    };
    assert_eq!(all(&linked, &nest.base), "lib\ndeep\n", "those of the main worktree serve a linked one");
    git(&linked, &["submodule", "update", "-q", "--init", "--recursive"]);
    std::fs::remove_dir_all(nest.project.path.join(".git/modules")).unwrap();
    assert_eq!(all(&linked, &nest.base), "lib\ndeep\n", "a linked worktree's own");
    assert_eq!(all(&nest.project, &nest.base), "lib\ndeep\n", "and they serve the main one");
    let old = room.init("old");
    git(&old, &["clone", "-q", "--recursive", nest.lib.path.to_str().unwrap(), "vendor/lib"]);
    let base = id(&old.commit("a folder with a repository in it, as older git left it"));
    assert!(old.path.join("vendor/lib/.git").is_dir());
    assert_eq!(all(&old, &base), "lib\ndeep\n", "a `.git` folder of its own");
}

/// A commit with this `.gitmodules` and one gitlink.
fn with_gitlink(folder: &Folder<'_>, modules: &str, path: &str, commit: &str) -> CommitId {
    folder.write(".gitmodules", modules);
    folder.git(&["add", ".gitmodules"]);
    folder.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{path}")]);
    folder.git(&["commit", "-qm", "hostile"]);
    id(&folder.git(&["rev-parse", "HEAD"]))
}

#[test]
fn names_and_paths_of_a_hostile_gitmodules_lead_nowhere() {
    let room = Room::new();
    let other = room.init("other");
    other.write("secret", "secret\n");
    let secret = other.commit("secret");
    let target = other.path.join(".git");
    for (name, why) in [
        ("../../../other/.git".to_owned(), "leads out of `.git/modules`"),
        (target.display().to_string(), "is absolute"),
    ] {
        let nest = nest(&room);
        let modules = format!("[submodule \"{name}\"]\n\tpath = evil\n[submodule \"x\"]\n\tpath = ../out\n");
        let base = with_gitlink(&nest.project, &modules, "evil", &secret);
        assert!(nest.project.path.join(".git/modules").join(&name).is_dir(), "it would lead there");
        let mut bench = nest.bench_of(&open(&nest.project), SandboxMode::Off, &base);
        assert_eq!(run(&mut bench, &base, "ls -A evil").output, "");
        let told = told(&bench).join("\n");
        assert!(told.contains(&format!("`evil` empty: its name `{name}` {why}")), "{told}");
        assert!(told.contains("`../out` empty: its path leaves the repository"), "{told}");
        for folder in ["project", "lib", "deep"] {
            std::fs::remove_dir_all(room.path().join(folder)).unwrap();
        }
    }
}

#[test]
fn links_in_the_checkout_are_not_followed_to_a_submodule() {
    let room = Room::new();
    let other = room.init("other");
    other.write("secret", "secret\n");
    let secret = other.commit("secret");
    let project = room.init("project");
    project.write("state", "x\n");
    project.commit("first");
    let base = with_gitlink(&project, "[submodule \"x\"]\n\tpath = link/other\n", "link/other", &secret);
    let _ = std::fs::remove_dir_all(project.path.join("link"));
    std::os::unix::fs::symlink(room.path(), project.path.join("link")).unwrap();
    assert!(project.path.join("link/other/.git").is_dir());
    let nest = Nest { lib: room.init("lib"), cache: room.path().join("cache"), base: base.clone(), project };
    let mut bench = nest.bench(SandboxMode::Off);
    assert_eq!(run(&mut bench, &base, "ls -A link/other").output, "");
    assert!(told(&bench)[0].contains("does not have it"), "{:?}", told(&bench));
}

#[test]
fn a_submodule_s_filters_and_hooks_are_not_run_and_its_repository_is_sealed() {
    let room = Room::new();
    let nest = nest(&room);
    let module = Folder { room: &room, path: nest.project.path.join("vendor/lib") };
    let marker = room.path().join("ran");
    let run_it = format!("sh -c 'touch {0}; cat'", marker.display());
    let moved = nest.moved(|lib| lib.write(".gitattributes", "* filter=evil\n"));
    module.git(&["config", "filter.evil.smudge", &run_it]);
    module.git(&["config", "core.fsmonitor", &run_it]);
    let git_dir = nest.project.path.join(".git/modules/the/lib");
    let hook = git_dir.join("hooks/post-index-change");
    std::fs::create_dir_all(git_dir.join("hooks")).unwrap();
    std::fs::write(&hook, format!("#!/bin/sh\ntouch {}\n", marker.display())).unwrap();
    assert!(std::process::Command::new("chmod").arg("+x").arg(&hook).status().unwrap().success());
    let mut bench = nest.bench(SandboxMode::Off);
    assert_eq!(run(&mut bench, &moved, ALL).output, "lib\ndeep\n");
    assert!(!marker.exists(), "a program of the submodule's configuration ran");
    for file in ["config", "hooks/pre-push"] {
        let result = run(&mut bench, &moved, &format!("echo '# x' >> {}", git_dir.join(file).display()));
        assert!(matches!(&result.ended, Ended::Tampered { what } if what.ends_with(file)), "{:?}", result.ended);
        assert_eq!(run(&mut bench, &moved, ALL).output, "lib\ndeep\n");
    }
}

/// The demo's project with the submodule `sub`.
fn with_submodule<'room>(room: &'room Room, lib: &Folder<'_>) -> Yard<'room> {
    lib.write("file", "x\n");
    lib.commit("lib");
    let yard = Yard::new(room, Flavour::Gitea);
    git(&yard.clone, &["submodule", "add", "-q", lib.path.to_str().unwrap(), "sub"]);
    yard.clone.commit("a submodule");
    yard.clone.git(&["push", "-q", yard.remote.path.to_str().unwrap(), "main"]);
    yard.clone.git(&["config", "burn.check.test.command", "test -s sub/file && sh tests/run.sh"]);
    yard
}

#[test]
fn a_project_with_a_submodule_gets_its_pull_request() {
    let room = Room::new();
    let lib = room.init("lib");
    let yard = with_submodule(&room, &lib);
    let ended = yard.burn(&["issue", "1"]).exits(0);
    assert!(!ended.stderr.contains("submodule"), "{}", ended.stderr);
    assert_eq!(yard.fake.state().pulls.len(), 1);
}

#[test]
fn a_missing_submodule_is_told_once_before_a_model_is_asked() {
    let room = Room::new();
    let lib = room.init("lib");
    let yard = with_submodule(&room, &lib);
    yard.clone.git(&["submodule", "deinit", "-q", "--all"]);
    std::fs::remove_dir_all(yard.clone.path.join(".git/modules")).unwrap();
    yard.clone.git(&["config", "burn.check.more.command", "true"]);
    for (when, before) in [("", "the base"), ("bin/**", "turn 1")] {
        for check in ["test", "more"] {
            yard.clone.git(&["config", &format!("burn.check.{check}.when"), when]);
        }
        let ended = yard.burn(&["issue", "1", "--max-turns", "2"]);
        let said: Vec<usize> = ended.stderr.match_indices("git submodule update --init sub").map(|hit| hit.0).collect();
        let asked = ended.stderr.find("turn 1").expect("a turn");
        assert!(said.len() == 1 && said[0] < asked, "{before}: {}", ended.stderr);
        assert!(yard.fake.state().pulls.is_empty());
        let _ = yard.burn(&["abort", "1"]);
    }
}
