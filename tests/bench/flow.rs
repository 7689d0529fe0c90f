//! Benchmark of the way from a change to a published branch, against bare git plumbing, in a small and a large repository.
//!
//! With the push, both ways grow with the number of folders in the base tree: the receiving git (`receive-pack`, which
//! on a real forge runs elsewhere) marks the whole base tree before it accepts a commit. What is git-burn's own stands
//! in the columns before the push.
//!
//! `cargo bench -- flow [FILES] [ROUNDS]`: FILES in the large repository (100000), ROUNDS of each measurement (20).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use git_burn::core::change::{Change, Entry, FileChange};
use git_burn::core::checks::{CheckResult, Ended, Need, Proof, Stage, Verified};
use git_burn::core::guard::{Policy, ReviewContext};
use git_burn::core::names::{BurnBranch, CommitId, IssueNumber, RepoPath, Timestamp};
use git_burn::edge::git::Environment;
use git_burn::edge::repo::{ConfigScope, OpenOptions, Pushed, Repo};

/// A repository with a local bare remote.
struct Place {
    folder: tempfile::TempDir,
    file: String,
}

impl Place {
    /// `files` files, at most a hundred in a folder.
    fn new(files: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = Self { folder, file: "d000/f000.txt".to_owned() };
        place.git(Path::new("/"), &["init", "-q", "--bare", "-b", "main", path(&place.remote())]);
        place.git(Path::new("/"), &["init", "-q", "--bare", "-b", "main", path(&place.clone())]);
        let mut import =
            place.command(&place.clone(), &["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().expect("git");
        let mut stream = std::io::BufWriter::new(import.stdin.take().expect("a pipe"));
        let mut write = |text: String| stream.write_all(text.as_bytes()).expect("fast-import reads");
        write("commit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 4\nbase\n".to_owned());
        for number in 0..files {
            let content = format!("file {number}\n");
            let (folder, file) = (number / 100, number % 100);
            write(format!("M 100644 inline d{folder:03}/f{file:03}.txt\ndata {}\n{content}\n", content.len()));
        }
        drop(stream);
        assert!(import.wait().expect("git ends").success());
        place.git(&place.clone(), &["remote", "add", "origin", path(&place.remote())]);
        place.git(&place.clone(), &["push", "-q", "origin", "main"]);
        place
    }

    fn remote(&self) -> PathBuf {
        self.folder.path().join("remote.git")
    }

    fn clone(&self) -> PathBuf {
        self.folder.path().join("clone.git")
    }

    fn environment(&self) -> Environment {
        let identity = [("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.org")];
        let committer = [("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "a@example.org")];
        let path = std::env::var("PATH").expect("PATH");
        let pairs = identity.into_iter().chain(committer).chain([("PATH", path.as_str()), ("HOME", "/nonexistent")]);
        Environment::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())))
    }

    fn command(&self, git_dir: &Path, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(git_dir).env_clear().args(args);
        command.envs(self.environment().iter()).env("GIT_INDEX_FILE", self.folder.path().join("index"));
        command
    }

    /// Runs git and gives what it printed.
    fn git(&self, git_dir: &Path, args: &[&str]) -> String {
        self.git_with(git_dir, args, "")
    }

    fn git_with(&self, git_dir: &Path, args: &[&str], input: &str) -> String {
        let mut command = self.command(git_dir, args);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("git");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("git reads");
        let output = child.wait_with_output().expect("git ends");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
    }

    /// Plumbing over an index: six processes.
    fn by_index(&self, round: u64) -> Duration {
        let start = Instant::now();
        let git = |args: &[&str]| self.git(&self.clone(), args);
        let blob = self.git_with(&self.clone(), &["hash-object", "-w", "--stdin"], &content("index", round));
        git(&["read-tree", "main"]);
        git(&["update-index", "--cacheinfo", &format!("100644,{blob},{}", self.file)]);
        let tree = git(&["write-tree"]);
        self.commit_and_push(&tree, &format!("index-{round}"), start)
    }

    /// Plumbing over tree objects: seven processes, but no index.
    fn by_trees(&self, round: u64) -> Duration {
        let start = Instant::now();
        let blob = self.git_with(&self.clone(), &["hash-object", "-w", "--stdin"], &content("trees", round));
        let (folder, file) = self.file.split_once('/').expect("a folder");
        let replaced = |listing: String, name: &str, id: &str| -> String {
            let line = |line: &str| match line.split_once('\t') {
                Some((about, at)) if at == name => {
                    let kind = about.rsplit_once(' ').expect("an id").0;
                    format!("{kind} {id}\t{at}\n")
                }
                _ => format!("{line}\n"),
            };
            listing.lines().map(line).collect()
        };
        let inner = self.git(&self.clone(), &["ls-tree", &format!("main:{folder}")]);
        let inner = self.git_with(&self.clone(), &["mktree"], &replaced(inner, file, &blob));
        let outer = self.git(&self.clone(), &["ls-tree", "main"]);
        let tree = self.git_with(&self.clone(), &["mktree"], &replaced(outer, folder, &inner));
        self.commit_and_push(&tree, &format!("trees-{round}"), start)
    }

    fn commit_and_push(&self, tree: &str, branch: &str, start: Instant) -> Duration {
        let commit = self.git(&self.clone(), &["commit-tree", "-p", "main", "-m", "change", tree]);
        let local = start.elapsed();
        let refspec = format!("{commit}:refs/heads/{branch}");
        self.git(&self.clone(), &["push", "-q", "origin", &refspec]);
        local
    }

    /// git-burn: open, base, snapshot, review, write, commit, push.
    fn by_git_burn(&self, round: u64) -> Duration {
        let start = Instant::now();
        let config = ConfigScope::RepositoryOnly;
        let git_dir = Some(self.clone());
        let options = OpenOptions { config, git_dir, ..OpenOptions::new(self.folder.path(), self.environment()) };
        let repo = Repo::open(&options).expect("a repository");
        let remote = repo.remote(None).expect("remotes").expect("origin");
        let base = repo.base(Some("main"), None, None).expect("main");
        let file = RepoPath::parse(&self.file).expect("a path");
        let before = repo.snapshot(&base.tree, [&file]).expect("a snapshot").entries.remove(&file);
        let after = Some(Entry::file(content("git-burn", round)));
        let change = Change { files: [(file, FileChange { before, after, origin: None })].into() };
        let about = ReviewContext { title: "", body: "", secrets: &[] };
        let approved = Policy::builtin().review(change, &about).expect("harmless");
        let when = Timestamp::from_seconds(1_700_000_000 + i64::try_from(round).expect("few rounds"));
        let made = repo.commit(&base.commit, &approved, "change\n", when).expect("a commit");
        let local = start.elapsed();
        let verified = proven(&base.commit, made.commit.clone(), made.tree);
        let number = IssueNumber::new(round + 1).expect("from 1");
        let branch = BurnBranch::for_issue("burn/{number}", number, "").expect("a branch");
        assert_eq!(repo.push(&verified, &branch, &remote, None).expect("git runs"), Pushed::Created);
        local
    }
}

/// As if a check had run: checks are not what is measured here.
fn proven(base: &CommitId, commit: CommitId, tree: git_burn::core::names::TreeId) -> Verified {
    let result = CheckResult {
        name: "test".into(),
        command: "true".into(),
        need: Need::Required,
        stage: Stage::Head,
        ended: Ended::Passed,
        took: Duration::ZERO,
        output: String::new(),
        sandbox: String::new(),
    };
    let proof = Proof { base: base.clone(), tree: tree.clone(), results: vec![result] };
    Verified::judge(commit, &tree, proof).expect("green")
}

/// Different for each way and round: a push of objects that the remote has already costs next to nothing.
fn content(way: &str, round: u64) -> String {
    format!("changed by {way} in round {round}\n")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Smallest and median time, in milliseconds.
fn measured(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort();
    [times[0], times[times.len() / 2]].map(|time| time.as_secs_f64() * 1000.0)
}

/// The most memory that this process has used so far, in MiB; 0 where the system does not tell.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// A way to make and push one commit; gives the time until the push.
type Way = (&'static str, fn(&Place, u64) -> Duration);

const WAYS: [Way; 3] =
    [("plumbing, index", Place::by_index), ("plumbing, trees", Place::by_trees), ("git-burn", Place::by_git_burn)];

/// Median times of one way: until the push, and with it.
fn rounds(place: &Place, rounds: u64) -> [[[f64; 2]; 2]; 3] {
    let mut times = [const { [Vec::new(), Vec::new()] }; 3];
    for round in 0..rounds {
        // Side by side, so that other work on the machine hits all of them.
        for ((_, way), [local, whole]) in WAYS.iter().zip(&mut times) {
            let start = Instant::now();
            local.push(way(place, round));
            whole.push(start.elapsed());
        }
    }
    times.map(|both| both.map(measured))
}

/// Runs it.
pub(crate) fn run(args: &[String]) {
    let number = |index: usize, default: u64| args.get(index).and_then(|arg| arg.parse().ok()).unwrap_or(default);
    let (files, count) = (usize::try_from(number(0, 100_000)).expect("a count"), number(1, 20));
    let mut ours = Vec::new();
    println!("{:>7}  {:<18} {:>17} {:>17}", "", "milliseconds", "until the push", "with it");
    println!(
        "{:>7}  {:<18} {:>8} {:>8} {:>8} {:>8}  against the faster plumbing",
        "files", "way", "min", "median", "min", "median"
    );
    for files in [5, files] {
        let results = rounds(&Place::new(files), count);
        let faster = |part: usize| results[0][part][1].min(results[1][part][1]);
        for ((name, _), [local, whole]) in WAYS.iter().zip(results) {
            let ratios = (local[1] / faster(0), whole[1] / faster(1));
            print!("{files:>7}  {name:<18} {:>8.1} {:>8.1} {:>8.1} {:>8.1}", local[0], local[1], whole[0], whole[1]);
            println!("  {:.2}, {:.2}", ratios.0, ratios.1);
        }
        ours.push(results);
    }
    for (part, what) in ["until the push", "with it"].into_iter().enumerate() {
        let ratio = |way: usize| ours[1][way][part][0] / ours[0][way][part][0];
        println!("large against small, minima, {what}: git-burn {:.2}, plumbing with trees {:.2}", ratio(2), ratio(1));
    }
    println!("peak memory of this process: {} MiB", peak_memory());
}
