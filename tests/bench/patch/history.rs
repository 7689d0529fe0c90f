//! Round trips of real history, and speed on a large diff, both against git itself.
//!
//! `cargo bench --profile quick -- patch history GITDIR`, without a limit, on 2026-11-25 (a busy machine with two cores,
//! git 2.47): every commit that is no merge, of all refs of the snapshot.
//!
//! | repository | commits | equal trees | different | refused | empty | objects missing | seconds |
//! |---|---|---|---|---|---|---|---|
//! | git-burn | 149 | 149 | 0 | 0 | 0 | 0 | 1 |
//! | cli/cli | 11,152 | 11,081 | 0 | 0 | 53 | 18 | 69 |
//! | redis/redis | 35,617 | 35,586 | 0 | 1 `case-collision` | 17 | 13 | 1,034 |
//! | django/django | 47,053 | 46,812 | 0 | 0 | 241 | 0 | 1,164 |
//!
//! The one refusal adds `IO_URING_CHECK_VERSION.3` beside `io_uring_check_version.3`, which many file systems cannot hold.
//! The first run refused 11 commits of redis that move a submodule on (`index A..B 160000` is all that names it): mended.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use git_burn::core::change::{Change, Entry, File, Origin, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{ApplyOptions, Care, Completeness, LineNumbers, Patch};

const OPTIONS: ApplyOptions = ApplyOptions { line_numbers: LineNumbers::Hidden, care: Care::Tool, seen: None };

pub(crate) fn git(dir: &str, args: &[&str]) -> Option<Vec<u8>> {
    let output =
        Command::new("git").arg("--git-dir").arg(dir).args(args).stderr(Stdio::null()).output().expect("git runs");
    output.status.success().then_some(output.stdout)
}

/// One `git cat-file --batch` that answers for all blobs.
pub(crate) struct Blobs {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Blobs {
    pub(crate) fn new(dir: &str) -> Self {
        let mut command = Command::new("git");
        command.args(["--git-dir", dir, "cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("git runs");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, input, output }
    }

    pub(crate) fn read(&mut self, id: &str) -> Option<Vec<u8>> {
        writeln!(self.input, "{id}").expect("git reads");
        self.input.flush().expect("git reads");
        let mut head = String::new();
        self.output.read_line(&mut head).expect("git answers");
        let size: usize = head.trim().rsplit(' ').next()?.parse().ok()?;
        let mut bytes = vec![0; size + 1];
        self.output.read_exact(&mut bytes).expect("git answers");
        bytes.pop();
        Some(bytes)
    }

    pub(crate) fn close(mut self) {
        drop(self.input);
        self.child.wait().expect("git ends");
    }
}

/// A side of a changed path: mode and blob.
pub(crate) type Side = Option<(String, String)>;

pub(crate) struct Raw {
    pub(crate) path: Vec<u8>,
    pub(crate) old: Side,
    pub(crate) new: Side,
}

/// What `git diff-tree --raw -z` says; `None` when objects are missing.
pub(crate) fn raw(dir: &str, old: &str, new: &str) -> Option<Vec<Raw>> {
    let text = git(dir, &["diff-tree", "-r", "-z", "--no-renames", "--full-index", old, new])?;
    let mut fields = text.split(|byte| *byte == 0);
    let mut changes = Vec::new();
    while let Some(head) = fields.next().and_then(|head| std::str::from_utf8(head.strip_prefix(b":")?).ok()) {
        let words: Vec<&str> = head.split(' ').collect();
        let side = |mode: &str, id: &str| (mode != "000000").then(|| (mode.to_owned(), id.to_owned()));
        changes.push(Raw {
            path: fields.next()?.to_vec(),
            old: side(words[0], words[2]),
            new: side(words[1], words[3]),
        });
    }
    Some(changes)
}

pub(crate) fn entry(side: &(String, String), blobs: &mut Blobs) -> Option<Entry> {
    let (mode, id) = side;
    Some(match mode.as_str() {
        "160000" => Entry::Submodule(id.clone()),
        "120000" => Entry::Symlink(Arc::new(blobs.read(id)?)),
        _ => Entry::File(File { bytes: Arc::new(blobs.read(id)?), executable: mode == "100755" }),
    })
}

fn snapshot(changes: &[Raw], blobs: &mut Blobs) -> Option<Snapshot> {
    let mut snapshot = Snapshot::default();
    for change in changes {
        if let Some(old) = &change.old {
            snapshot.entries.insert(RepoPath::parse(&change.path).ok()?, entry(old, blobs)?);
        }
    }
    Some(snapshot)
}

/// Every path with its mode and blob after the change; `None`: it is gone.
fn result(change: &Change) -> BTreeMap<Vec<u8>, Side> {
    let mut sides = BTreeMap::new();
    for (path, file) in &change.files {
        if let Some(Origin::Renamed(old)) = &file.origin {
            sides.entry(old.as_bytes().to_vec()).or_insert(None);
        }
        let side = file.after.as_ref().map(|entry| {
            let id = match entry {
                Entry::Submodule(id) => id.clone(),
                Entry::Large(file) => file.id.clone(),
                Entry::File(_) | Entry::Symlink(_) | Entry::Directory => {
                    gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, entry.bytes())
                        .expect("a hash")
                        .to_string()
                }
            };
            (entry.mode().to_owned(), id)
        });
        sides.insert(path.as_bytes().to_vec(), side);
    }
    sides
}

/// Applies every commit's diff to its parent, a first commit's to the empty tree, and compares all modes and blobs with
/// the commit's tree.
pub(crate) fn history(dir: &str, limit: usize) {
    let listed = git(dir, &["rev-list", "--no-merges", "--parents", "--all"]).expect("commits");
    let listed = String::from_utf8(listed).expect("ids");
    let mut blobs = Blobs::new(dir);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let start = Instant::now();
    for ids in listed.lines().take(limit) {
        let (commit, parent) = ids.split_once(' ').unwrap_or((ids, EMPTY_TREE));
        let verdict = round_trip(dir, parent, commit, &mut blobs);
        let kind: String = verdict.split(':').next().unwrap_or_default().to_owned();
        let count = counts.entry(kind).or_default();
        *count += 1;
        if verdict != SAME && *count <= SHOWN {
            println!("{commit}: {verdict}");
        }
    }
    println!("{dir}: {counts:?} in {:.0} s", start.elapsed().as_secs_f64());
    blobs.close();
}

/// git knows it without storing it.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const SAME: &str = "same";
/// Commits that are named for each ending but the good one.
const SHOWN: usize = 20;

fn round_trip(dir: &str, parent: &str, commit: &str, blobs: &mut Blobs) -> String {
    let Some(changes) = raw(dir, parent, commit) else { return "objects missing".into() };
    if changes.is_empty() {
        return "empty commit".into();
    }
    let Some(diff) = git(dir, &["diff", "--binary", "--full-index", "-M", parent, commit]) else {
        return "objects missing".into();
    };
    if let Some(bad) = changes.iter().find(|change| RepoPath::parse(&change.path).is_err()) {
        return format!("path refused by policy: {}", String::from_utf8_lossy(&bad.path));
    }
    let Some(base) = snapshot(&changes, blobs) else { return "objects missing".into() };
    match Patch::parse(&diff, Completeness::Unknown).and_then(|patch| patch.apply(&base, &OPTIONS)) {
        Err(refusal) => format!(
            "refused {:?}: {}",
            refusal.problems[0].kind,
            refusal.to_string().lines().next().unwrap_or_default()
        ),
        Ok(applied) => {
            let wanted: BTreeMap<Vec<u8>, Side> = changes.into_iter().map(|change| (change.path, change.new)).collect();
            if result(&applied.change) == wanted { SAME.into() } else { "differs".into() }
        }
    }
}

/// Parses and applies the diff between two revisions, and lets `git apply --cached` do the same.
pub(crate) fn speed(dir: &str, old: &str, new: &str) {
    let diff = git(dir, &["diff", "--binary", "--full-index", "-M", old, new]).expect("a diff");
    let changes = raw(dir, old, new).expect("revisions");
    let mut blobs = Blobs::new(dir);
    let base = snapshot(&changes, &mut blobs).expect("blobs");
    let megabytes = diff.len() as f64 / 1e6;
    let best = |run: &dyn Fn() -> Duration| (0..5).map(|_| run()).min().expect("five runs");
    let timed = |run: &dyn Fn()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    let parse = best(&|| timed(&|| drop(Patch::parse(&diff, Completeness::Unknown).expect("a patch"))));
    let both = best(&|| {
        timed(&|| {
            let patch = Patch::parse(&diff, Completeness::Unknown).expect("a patch");
            patch
                .apply(&base, &OPTIONS)
                .map(drop)
                .unwrap_or_else(|refusal| println!("refused: {}", refusal.problems[0]));
        })
    });
    let folder = std::env::temp_dir().join(format!("burn-speed-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("objects")).expect("a folder");
    let file = folder.join("diff");
    std::fs::write(&file, &diff).expect("a file");
    let apply = |args: &[&str]| {
        let mut command = Command::new("git");
        command
            .args(["--git-dir", dir])
            .args(args)
            .env("GIT_INDEX_FILE", folder.join("index"))
            .env("GIT_OBJECT_DIRECTORY", folder.join("objects"));
        command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", format!("{dir}/objects"));
        assert!(command.status().expect("git runs").success(), "git {args:?}");
    };
    let name = file.to_string_lossy().into_owned();
    let with_index = |args: &[&str]| {
        apply(&["read-tree", old]);
        timed(&|| apply(args))
    };
    let git_time = best(&|| with_index(&["apply", "--cached", "--whitespace=nowarn", &name]));
    let check = best(&|| with_index(&["apply", "--cached", "--whitespace=nowarn", "--check", &name]));
    std::fs::remove_dir_all(&folder).expect("the folder");
    let rate = |time: Duration| megabytes / time.as_secs_f64();
    println!("{megabytes:.1} MB, {} files", changes.len());
    println!(
        "parse {:.3} s = {:.0} MB/s; parse and apply {:.3} s = {:.0} MB/s",
        parse.as_secs_f64(),
        rate(parse),
        both.as_secs_f64(),
        rate(both)
    );
    println!(
        "git apply --cached {:.3} s = {:.0} MB/s; with --check {:.3} s = {:.0} MB/s",
        git_time.as_secs_f64(),
        rate(git_time),
        check.as_secs_f64(),
        rate(check)
    );
}
