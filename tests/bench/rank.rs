//! Ranking: quality on SWE-bench Lite's open instances and on commits of other repositories, and speed beside ripgrep.
//!
//!     cargo bench --profile quick -- rank open [--dump FILE]       GITDIRS=DIR with OWNER+NAME/repo
//!     cargo bench --profile quick -- rank cases FILE [--dump FILE] real issues: JSON lines with id, repo, gitdir, base,
//!         issue, gold (paths) and gold_lines ([path, [lines of which any counts]], ...)
//!     cargo bench --profile quick -- rank packs FILE...            the open instances and such files under other budgets
//!     cargo bench --profile quick -- rank ISSUE_FILE GITDIR COMMIT prints paths, best first
//!     cargo bench --profile quick -- rank speed ISSUE_FILE GITDIR COMMIT
//!     python3 tests/bench/many_files.py GITDIR 100000              makes a large repository for it out of GITDIRS

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use git_burn::core::rank::language::{Language, Role};
use git_burn::core::rank::pack::{BYTES_PER_TOKEN, Pack, Policy, pack, pack_by};
use git_burn::core::rank::query::{Query, run_hash, word_hash};
use git_burn::core::rank::ranking::Ranked;
use git_burn::core::rank::signals::{Signal, TABLE};
use git_burn::edge::git::Environment;
use git_burn::edge::rank_index::Index;
use git_burn::edge::repo::{ConfigScope, OpenOptions, Repo};

/// Runs it.
pub(crate) fn run(args: &[String]) {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["speed", issue, git_dir, commit] => speed(issue, Path::new(git_dir), commit),
        ["packs", ref files @ ..] => packs(files),
        ["open"] => evaluate("open 100", open_instances(), None),
        ["open", "--dump", file] => evaluate("open 100", open_instances(), Some(Path::new(file))),
        ["cases", file] => evaluate(file, case_instances(Path::new(file)), None),
        ["cases", file, "--dump", dump] => evaluate(file, case_instances(Path::new(file)), Some(Path::new(dump))),
        ["commits", count] => evaluate("commits", commit_instances(count.parse().expect("a number")), None),
        ["commits", count, "--dump", file] => {
            evaluate("commits", commit_instances(count.parse().expect("a number")), Some(Path::new(file)));
        }
        [issue, git_dir, commit] => print_paths(issue, git_dir, commit),
        _ => println!(
            "usage: rank open [--dump FILE] | cases FILE [--dump FILE] | commits N [--dump FILE] | ISSUE_FILE GITDIR COMMIT"
        ),
    }
}

fn repository(git_dir: &Path) -> Repo {
    let environment = Environment::new(std::env::vars_os().filter(|(name, _)| name == "PATH"));
    let options = OpenOptions {
        git_dir: Some(git_dir.to_owned()),
        config: ConfigScope::RepositoryOnly,
        ..OpenOptions::new("/", environment)
    };
    Repo::open(&options).expect("a repository")
}

fn index_folder(git_dir: &Path) -> PathBuf {
    let name: String = git_dir.to_string_lossy().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    std::env::temp_dir().join("rank-bench-index").join(name)
}

/// Title and body of an issue as one text.
fn query(issue: &str) -> Query {
    let (title, body) = issue.split_once('\n').unwrap_or((issue, ""));
    Query::new(title, body)
}

fn rank(repo: &Repo, commit: &str, issue: &str, index: &Index) -> Vec<Ranked> {
    let commit = repo.resolve(commit).expect("a commit");
    repo.rank(&commit, &query(issue), index).expect("a ranking")
}

fn print_paths(issue: &str, git_dir: &str, commit: &str) {
    let repo = repository(Path::new(git_dir));
    let text = std::fs::read_to_string(issue).expect("an issue file");
    let index = Index::open(&index_folder(Path::new(git_dir)));
    let ranked = rank(&repo, commit, &text, &index);
    let lines: Vec<String> = ranked.iter().map(|one| one.path.to_string()).collect();
    println!("{}", lines.join("\n"));
}

/// One question with its answer.
struct Instance {
    id: String,
    repo: String,
    git_dir: PathBuf,
    commit: String,
    issue: String,
    gold: Vec<String>,
    /// Each entry: a gold file, and lines of it (from 1) of which any counts as shown.
    gold_lines: Vec<(String, Vec<usize>)>,
    /// Which files are ranked against each other.
    candidates: fn(&Ranked) -> bool,
}

fn is_python(one: &Ranked) -> bool {
    one.path.as_bytes().ends_with(b".py")
}

fn is_program(one: &Ranked) -> bool {
    one.language != Language::Other
}

fn shared() -> PathBuf {
    let named = std::env::var_os("GIT_BURN_SHARED").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"))
}

fn git_dirs() -> PathBuf {
    std::env::var_os("GITDIRS").map_or_else(|| "/dev/shm/gitdirs".into(), PathBuf::from)
}

fn open_instances() -> Vec<Instance> {
    let file = shared().join("data/localize/open100.jsonl");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parse = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let lines: Vec<Vec<usize>> = serde_json::from_value(value["gold_lines"].clone()).expect("line lists");
        let texts = |value: &serde_json::Value| serde_json::from_value(value.clone()).expect("a list");
        Instance {
            id: text("id"),
            repo: text("repo"),
            git_dir: git_dirs().join(text("snapshot").replace('/', "+")).join("repo"),
            commit: text("base"),
            issue: text("issue"),
            gold: texts(&value["gold"]),
            gold_lines: lines
                .into_iter()
                .map(|lines| (value["gold"][0].as_str().unwrap_or_default().to_owned(), lines))
                .collect(),
            candidates: is_python,
        }
    };
    text.lines().map(parse).collect()
}

/// Issues of any projects, with the fixes of their authors.
fn case_instances(file: &Path) -> Vec<Instance> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parse = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        Instance {
            id: text("id"),
            repo: text("repo"),
            git_dir: text("gitdir").into(),
            commit: text("base"),
            issue: text("issue"),
            gold: serde_json::from_value(value["gold"].clone()).expect("a list of paths"),
            gold_lines: serde_json::from_value(value["gold_lines"].clone()).expect("paths with lines"),
            candidates: is_program,
        }
    };
    text.lines().map(parse).collect()
}

/// Repositories of other projects for the second data set: nine other languages, and Python.
const OTHERS: &[&str] = &[
    "BurntSushi+ripgrep",
    "JamesNK+Newtonsoft.Json",
    "celery+celery",
    "cli+cli",
    "composer+composer",
    "fastlane+fastlane",
    "fmtlib+fmt",
    "google+gson",
    "jj-vcs+jj",
    "networkx+networkx",
    "python+mypy",
    "redis+redis",
    "scrapy+scrapy",
    "sharkdp+fd",
    "vuejs+core",
];

fn git(git_dir: &Path, args: &[&str]) -> String {
    let output = std::process::Command::new("git").arg("--git-dir").arg(git_dir).args(args).output().expect("git runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// For each of the repositories up to `count` commits that fix something described in their message: the message is
/// the question, the program files that they changed (three at most, no tests) the answer, the parent the base. Chosen
/// by the smallest hash of seed and commit id.
fn commit_instances(count: usize) -> Vec<Instance> {
    let log = ["log", "--no-merges", "--no-renames", "--name-status", "-n", "12000", "--format=%x01%H%x02%P%x02%B%x03"];
    let chosen = |name: &&str| {
        let git_dir = git_dirs().join(name).join("repo");
        let text = git(&git_dir, &log);
        let mut found: Vec<Instance> =
            text.split('\u{1}').filter_map(|entry| commit_instance(name, &git_dir, entry)).collect();
        found.sort_by_cached_key(|one| run_hash([7, word_hash(one.id.as_bytes()), 0]));
        found.truncate(count);
        found.iter_mut().for_each(|one| one.gold_lines = gold_lines(one));
        found
    };
    OTHERS.iter().flat_map(chosen).collect()
}

fn commit_instance(repo: &str, git_dir: &Path, entry: &str) -> Option<Instance> {
    let (head, files) = entry.split_once('\u{3}')?;
    let mut fields = head.splitn(3, '\u{2}');
    let (id, parent, message) = (fields.next()?, fields.next()?, fields.next()?);
    let message: Vec<&str> =
        message.lines().filter(|line| !line.contains("-by: ") && !line.contains("Change-Id")).collect();
    let issue = message.join("\n").trim().to_owned();
    let subject = issue.lines().next()?.to_ascii_lowercase();
    let dull = [
        "bump",
        "release",
        "merge",
        "revert",
        "chore",
        "docs",
        "doc:",
        "test",
        "ci:",
        "ci(",
        "style",
        "typo",
        "rename",
        "update dep",
        "refactor",
        "upgrade",
        "version",
        "lint",
        "format",
    ];
    if subject.split_whitespace().count() < 4 || dull.iter().any(|word| subject.starts_with(word)) || parent.len() != 40
    {
        return None;
    }
    let described = issue.len() >= 150 || issue.contains('#') || subject.starts_with("fix");
    let changed: Vec<(&str, &str)> = files.lines().filter_map(|line| line.split_once('\t')).collect();
    let program =
        |path: &str| Language::of(path.as_bytes()) != Language::Other && Role::of(path.as_bytes()) == Role::Source;
    let gold: Vec<(&str, &str)> = changed.iter().copied().filter(|(_, path)| program(path)).collect();
    let edits = gold.iter().all(|(status, _)| *status == "M");
    if !described || !edits || !(1..=3).contains(&gold.len()) || changed.len() > 12 {
        return None;
    }
    Some(Instance {
        id: id.to_owned(),
        repo: repo.to_owned(),
        git_dir: git_dir.to_owned(),
        commit: parent.to_owned(),
        issue,
        gold: gold.iter().map(|(_, path)| (*path).to_owned()).collect(),
        gold_lines: Vec::new(),
        candidates: is_program,
    })
}

/// The lines of the base that a commit removes; for an insertion those around it.
fn gold_lines(instance: &Instance) -> Vec<(String, Vec<usize>)> {
    let mut found = Vec::new();
    for path in &instance.gold {
        let diff = git(&instance.git_dir, &["diff", "-U0", "--no-renames", &instance.commit, &instance.id, "--", path]);
        for hunk in diff.lines().filter_map(|line| line.strip_prefix("@@ -")) {
            let old = hunk.split(' ').next().unwrap_or_default();
            let (start, count) = old.split_once(',').unwrap_or((old, "1"));
            let (start, count): (usize, usize) = (start.parse().unwrap_or(1), count.parse().unwrap_or(1));
            match count {
                0 => found.push((path.clone(), vec![start.max(1), start + 1])),
                _ => found.extend((start..start + count).map(|line| (path.clone(), vec![line]))),
            }
        }
    }
    found
}

/// The position of the last gold file among the candidates, from 1; and of the first.
fn positions(ranked: &[Ranked], gold: &[String], candidate: impl Fn(&Ranked) -> bool) -> (usize, usize) {
    let order: Vec<String> = ranked.iter().filter(|one| candidate(one)).map(|one| one.path.to_string()).collect();
    let at = |path: &String| order.iter().position(|one| one == path).map_or(usize::MAX, |at| at + 1);
    let all: Vec<usize> = gold.iter().map(at).collect();
    (all.iter().copied().max().unwrap_or(usize::MAX), all.iter().copied().min().unwrap_or(usize::MAX))
}

/// The order that BM25 of the whole issue against whole files gives, identifiers split, nothing else.
fn by_content(mut ranked: Vec<Ranked>) -> Vec<Ranked> {
    let score = |one: &Ranked| one.values.get(Signal::Content);
    ranked.sort_by(|a, b| score(b).total_cmp(&score(a)).then_with(|| a.path.cmp(&b.path)));
    ranked
}

fn evaluate(name: &str, mut instances: Vec<Instance>, dump: Option<&Path>) {
    instances.sort_by(|a, b| a.repo.cmp(&b.repo));
    let mut dumped = String::new();
    let mut rows: Vec<(String, usize, usize)> = Vec::new();
    let mut plain: Vec<(String, usize, usize)> = Vec::new();
    let mut seconds = Vec::new();
    let mut covered = [0; BUDGETS.len()];
    let mut named = [[0; BUDGETS.len()]; 2];
    for instance in &instances {
        let repo = repository(&instance.git_dir);
        let started = Instant::now();
        let index = Index::open(&index_folder(&instance.git_dir));
        let ranked = rank(&repo, &instance.commit, &instance.issue, &index);
        seconds.push(started.elapsed().as_secs_f64());
        for (at, tokens) in BUDGETS.into_iter().enumerate() {
            let pack = pack(&ranked, tokens);
            covered[at] += usize::from(is_covered(&pack, instance, tokens));
            let is_shown = |path: &String| pack.excerpts.iter().any(|one| one.path.to_string() == *path);
            let is_lead = |path: &String| pack.leads.iter().any(|one| one.path.to_string() == *path);
            named[0][at] += usize::from(instance.gold.iter().all(is_shown));
            named[1][at] += usize::from(instance.gold.iter().all(|path| is_shown(path) || is_lead(path)));
        }
        let (last, first) = positions(&ranked, &instance.gold, instance.candidates);
        rows.push((instance.id.clone(), last, first));
        let (last, first) = positions(&by_content(ranked.clone()), &instance.gold, instance.candidates);
        plain.push((instance.id.clone(), last, first));
        if dump.is_some() {
            dump_one(&mut dumped, instance, &ranked, instance.candidates);
        }
    }
    if let Some(file) = dump {
        std::fs::write(file, dumped).expect("the dump");
    }
    table(name, &rows);
    table("  BM25 of the content alone", &plain);
    let is_single: Vec<bool> = instances.iter().map(|one| one.gold.len() == 1).collect();
    if is_single.contains(&false) {
        let single = |rows: &[(String, usize, usize)]| -> Vec<_> {
            rows.iter().zip(&is_single).filter(|(_, single)| **single).map(|(row, _)| row.clone()).collect()
        };
        table("  those that one file fixes", &single(&rows));
        table("  BM25 of the content alone", &single(&plain));
    }
    let shares: Vec<String> = covered
        .iter()
        .zip(BUDGETS)
        .map(|(n, tokens)| format!("{}k {:.1}", tokens / 1000, 100.0 * *n as f64 / rows.len() as f64))
        .collect();
    println!("gold lines shown within: {}", shares.join(", "));
    for (what, counts) in ["gold files shown in part within", "gold files shown or named within"].iter().zip(named) {
        let shares: Vec<String> = counts
            .iter()
            .zip(BUDGETS)
            .map(|(n, tokens)| format!("{}k {:.1}", tokens / 1000, 100.0 * *n as f64 / rows.len() as f64))
            .collect();
        println!("{what}: {}", shares.join(", "));
    }
    seconds.sort_by(f64::total_cmp);
    println!(
        "seconds: median {:.3}, p95 {:.3}, max {:.3}",
        seconds[seconds.len() / 2],
        seconds[seconds.len() * 95 / 100],
        seconds[seconds.len() - 1]
    );
    let misses: Vec<String> =
        rows.iter().filter(|(_, last, _)| *last > 10).map(|(id, last, _)| format!("{id}:{last}")).collect();
    for repo in instances.chunk_by(|a, b| a.repo == b.repo) {
        let rows: Vec<_> = rows
            .iter()
            .zip(&instances)
            .filter(|(_, one)| one.repo == repo[0].repo)
            .map(|(row, _)| row.clone())
            .collect();
        table(&repo[0].repo, &rows);
    }
    println!("not among ten: {}", misses.join(" "));
}

/// One ranking without and with its index, beside ripgrep counting the issue's words in a checkout. The checkout that
/// ripgrep reads is unpacked already; a ranking unpacks the blobs itself.
fn speed(issue: &str, git_dir: &Path, commit: &str) {
    let text = std::fs::read_to_string(issue).expect("an issue file");
    let repo = repository(git_dir);
    let room = tempfile::tempdir().expect("a folder");
    let none = Index::none();
    let cold = Cost::of(|| drop(rank(&repo, commit, &text, &none)));
    let files = rank(&repo, commit, &text, &Index::open(room.path())).len();
    let writing = Cost::of(|| {
        let folder = tempfile::tempdir().expect("a folder");
        drop(rank(&repo, commit, &text, &Index::open(folder.path())));
    });
    let warm = Cost::of(|| drop(rank(&repo, commit, &text, &Index::open(room.path()))));
    let checkout = room.path().join("checkout");
    let archive = format!(
        "mkdir {0} && git --git-dir {1} archive {commit} | tar -x -C {0}",
        checkout.display(),
        git_dir.display()
    );
    let unpacking = std::process::Command::new("sh").args(["-c", &archive]).status().expect("sh runs");
    assert!(unpacking.success(), "{commit} is unpacked");
    let words: std::collections::BTreeSet<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.len() > 3).collect();
    let pattern = words.into_iter().collect::<Vec<_>>().join("|");
    let mut search = std::process::Command::new("rg");
    search.args(["-i", "-c", "--no-ignore", &pattern]).arg(&checkout);
    let ripgrep = Cost::of(|| drop(search.output().expect("rg runs")));
    println!("{files} files     wall    cpu");
    for (name, cost) in
        [("cold", cold), ("cold, and the index written", writing), ("with the index", warm), ("ripgrep", ripgrep)]
    {
        println!("{name:28} {:6.3} {:6.2}", cost.wall, cost.cpu);
    }
}

/// Seconds that something took, the best of several times.
struct Cost {
    wall: f64,
    /// Of all threads and of what ran below, user and system.
    cpu: f64,
}

impl Cost {
    fn of(mut work: impl FnMut()) -> Self {
        let mut best = Self { wall: f64::MAX, cpu: f64::MAX };
        for _ in 0..5 {
            let (started, before) = (Instant::now(), cpu_seconds());
            work();
            best.wall = best.wall.min(started.elapsed().as_secs_f64());
            best.cpu = best.cpu.min(cpu_seconds() - before);
        }
        best
    }
}

/// `proc_pid_stat(5)`: the process's own times and those of its children, in hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let times = after_name.split(' ').skip(11).take(4).filter_map(|number| number.parse::<f64>().ok());
    times.sum::<f64>() / 100.0
}

/// One choice of [`Policy::USUAL`] changed at a time.
fn policies() -> Vec<Policy> {
    let usual = Policy::USUAL;
    let mut policies = vec![usual];
    policies.extend([0.6, 0.8, 1.25, 1.6].map(|by| Policy { sharpness: usual.sharpness * by, ..usual }));
    policies.extend([0.6, 1.3, 1.6].map(|by| Policy { focus: usual.focus * by, ..usual }));
    policies.extend([0.5, 2.0].map(|by| Policy { floor: usual.floor * by, ..usual }));
    policies.extend([0.7, 1.3].map(|by| Policy { thrift: usual.thrift * by, ..usual }));
    policies.extend([0.5, 1.5, 2.0].map(|by| Policy { depth: usual.depth * by, ..usual }));
    policies
}

/// Lines shown under many policies, on the open instances and the issues of each file: how [`Policy::USUAL`] was chosen.
fn packs(files: &[&str]) {
    let policies = policies();
    let sets: Vec<Vec<Instance>> =
        std::iter::once(open_instances()).chain(files.iter().map(|file| case_instances(Path::new(file)))).collect();
    let mut covered = vec![vec![[0_usize; BUDGETS.len()]; sets.len()]; policies.len()];
    for (set, instance) in sets.iter().enumerate().flat_map(|(set, all)| all.iter().map(move |one| (set, one))) {
        let index = Index::open(&index_folder(&instance.git_dir));
        let ranked = rank(&repository(&instance.git_dir), &instance.commit, &instance.issue, &index);
        for (policy, covered) in policies.iter().zip(&mut covered) {
            for (at, tokens) in BUDGETS.into_iter().enumerate() {
                covered[set][at] += usize::from(is_covered(&pack_by(&ranked, tokens, policy), instance, tokens));
            }
        }
    }
    for (policy, covered) in policies.iter().zip(covered) {
        let share =
            |set: usize| covered[set].map(|n| format!("{:5.1}", 100.0 * n as f64 / sets[set].len() as f64)).join(" ");
        println!("{}   {policy:?}", (0..sets.len()).map(share).collect::<Vec<_>>().join("   "));
    }
}

/// Tokens of the packs that are judged.
const BUDGETS: [usize; 4] = [4000, 8000, 16_000, 32_000];

/// Whether every entry of the gold lines is shown; the pack's text must keep to the budget.
fn is_covered(pack: &Pack, instance: &Instance, tokens: usize) -> bool {
    assert!(pack.text().len() <= tokens * BYTES_PER_TOKEN, "{tokens} tokens exceeded");
    let shown = |path: &str, line: usize| {
        let excerpts = pack.excerpts.iter().filter(|one| one.path.to_string() == path);
        excerpts.flat_map(|one| &one.regions).any(|region| region.contains(&(line - 1)))
    };
    instance.gold_lines.iter().all(|(path, any)| any.iter().any(|line| shown(path, *line)))
}

fn table(name: &str, rows: &[(String, usize, usize)]) {
    let share = |k: usize| 100.0 * rows.iter().filter(|(_, last, _)| *last <= k).count() as f64 / rows.len() as f64;
    let mrr: f64 = rows.iter().map(|(_, _, first)| 1.0 / *first as f64).sum::<f64>() / rows.len() as f64;
    println!(
        "{name}: n {} A@1 {:.1} A@3 {:.1} A@5 {:.1} A@10 {:.1} A@20 {:.1} MRR {mrr:.3}",
        rows.len(),
        share(1),
        share(3),
        share(5),
        share(10),
        share(20)
    );
}

/// The signals of all files that were read, one line each, for fitting weights elsewhere.
fn dump_one(out: &mut String, instance: &Instance, ranked: &[Ranked], candidate: impl Fn(&Ranked) -> bool) {
    let names: Vec<&str> = TABLE.iter().map(|(_, _, name)| *name).collect();
    let _ = writeln!(out, "I\t{}\t{}\t{}\t{}", instance.id, instance.repo, instance.gold.len(), names.join("\t"));
    for one in ranked.iter().filter(|one| candidate(one)) {
        let path = one.path.to_string();
        let gold = instance.gold.contains(&path);
        if one.text.is_none() && !gold {
            continue;
        }
        let values: Vec<String> = one.values.0.iter().map(|value| format!("{value:.4}")).collect();
        let _ = writeln!(out, "F\t{}\t{}\t{path}\t{}", u8::from(gold), u8::from(one.text.is_some()), values.join("\t"));
    }
}
