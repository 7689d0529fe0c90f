//! Ranking: quality on SWE-bench Lite's open instances and on commits of other repositories, and speed beside ripgrep.
//!
//!     cargo bench --profile quick -- rank open [--dump FILE]       GITDIRS=DIR with OWNER+NAME/repo
//!     cargo bench --profile quick -- rank ISSUE_FILE GITDIR COMMIT prints paths, best first

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use git_burn::core::rank::query::Query;
use git_burn::core::rank::ranking::Ranked;
use git_burn::core::rank::signals::TABLE;
use git_burn::edge::git::Environment;
use git_burn::edge::rank_index::Index;
use git_burn::edge::repo::{ConfigScope, OpenOptions, Repo};

/// Runs it.
pub(crate) fn run(args: &[String]) {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["open"] => open(None),
        ["open", "--dump", file] => open(Some(Path::new(file))),
        [issue, git_dir, commit] => print_paths(issue, git_dir, commit),
        _ => println!("usage: rank open [--dump FILE] | ISSUE_FILE GITDIR COMMIT"),
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
    /// Each entry: any of these lines (from 1) of the only gold file counts as shown.
    gold_lines: Vec<Vec<usize>>,
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
        let texts = |value: &serde_json::Value| serde_json::from_value(value.clone()).expect("a list");
        Instance {
            id: text("id"),
            repo: text("repo"),
            git_dir: git_dirs().join(text("snapshot").replace('/', "+")).join("repo"),
            commit: text("base"),
            issue: text("issue"),
            gold: texts(&value["gold"]),
            gold_lines: serde_json::from_value(value["gold_lines"].clone()).expect("line lists"),
        }
    };
    text.lines().map(parse).collect()
}

/// The position of the last gold file among the candidates, from 1; and of the first.
fn positions(ranked: &[Ranked], gold: &[String], candidate: impl Fn(&Ranked) -> bool) -> (usize, usize) {
    let order: Vec<String> = ranked.iter().filter(|one| candidate(one)).map(|one| one.path.to_string()).collect();
    let at = |path: &String| order.iter().position(|one| one == path).map_or(usize::MAX, |at| at + 1);
    let all: Vec<usize> = gold.iter().map(at).collect();
    (all.iter().copied().max().unwrap_or(usize::MAX), all.iter().copied().min().unwrap_or(usize::MAX))
}

fn open(dump: Option<&Path>) {
    let mut instances = open_instances();
    instances.sort_by(|a, b| a.repo.cmp(&b.repo));
    let mut dumped = String::new();
    let mut rows: Vec<(String, usize, usize)> = Vec::new();
    let mut seconds = Vec::new();
    for instance in &instances {
        let repo = repository(&instance.git_dir);
        let started = Instant::now();
        let index = Index::open(&index_folder(&instance.git_dir));
        let ranked = rank(&repo, &instance.commit, &instance.issue, &index);
        seconds.push(started.elapsed().as_secs_f64());
        let python = |one: &Ranked| one.path.as_bytes().ends_with(b".py");
        let (last, first) = positions(&ranked, &instance.gold, python);
        rows.push((instance.id.clone(), last, first));
        if dump.is_some() {
            dump_one(&mut dumped, instance, &ranked, python);
        }
    }
    if let Some(file) = dump {
        std::fs::write(file, dumped).expect("the dump");
    }
    table("open 100", &rows);
    seconds.sort_by(f64::total_cmp);
    println!(
        "seconds: median {:.3}, p95 {:.3}, max {:.3}",
        seconds[seconds.len() / 2],
        seconds[seconds.len() * 95 / 100],
        seconds[seconds.len() - 1]
    );
    let misses: Vec<String> =
        rows.iter().filter(|(_, last, _)| *last > 10).map(|(id, last, _)| format!("{id}:{last}")).collect();
    println!("not among ten: {}", misses.join(" "));
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
