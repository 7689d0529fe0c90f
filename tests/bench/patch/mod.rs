//! Benchmark of the patch engine against broken true commits, real answers, real history and git itself.
//!
//! Run as `cargo bench --profile quick -- patch MODE ARGS`:
//!
//! - `synth CASES.jsonl...` reads what `gen_synth.py` wrote and prints exact, refused and wrong results by kind of damage.
//!   `--unknown` applies without knowing that the answers are whole, `--shown` lets near line numbers decide,
//!   `--show=KIND:VERDICT`, `--show=ID` and `--show=list` print cases.
//! - `formats CASES.jsonl...` does the same for all four formats, into which it converts the cases, and sums up by format.
//!   Every wrong result is listed with what placed its blocks: `Exact` and `Only` or `Stated` mean that the text names the
//!   place, byte for byte, and nothing in it names another. `--dump=FORMAT` prints the converted cases instead.
//! - `real ANSWERS.jsonl...` counts applied answers by model.
//! - `history GITDIR [--limit=N]` applies every commit's diff to its parent and compares with the commit's tree.
//! - `speed GITDIR OLD NEW` measures the diff between two revisions, also with `git apply --cached`.

mod formats;
pub(crate) mod history;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};

use git_burn::core::change::{Change, Entry, Snapshot};
use git_burn::core::names::RepoPath;
use git_burn::core::patch::{Applied, ApplyOptions, Care, Completeness, LineNumbers, Patch, Refusal};
use serde::{Deserialize, Serialize};

use formats::{FORMATS, Format};

type Texts = BTreeMap<String, Option<String>>;

#[derive(Deserialize, Serialize)]
pub(crate) struct Case {
    id: String,
    pub(crate) kind: String,
    expect: String,
    pub(crate) patch: String,
    pub(crate) files: Texts,
    pub(crate) expected: Texts,
}

/// How a result compares with the true one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Verdict {
    Exact,
    Refused,
    /// Right but for blanks at line ends or the end of the file.
    Ends,
    Wrong,
}

/// Runs it.
pub(crate) fn run(args: &[String]) {
    let files: Vec<&String> = args.iter().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let option = |name: &str| args.iter().find_map(|arg| arg.strip_prefix(name));
    match args.first().map(String::as_str) {
        Some("synth") => {
            let completeness = option("--unknown").map_or(Completeness::Complete, |_| Completeness::Unknown);
            let line_numbers = option("--shown").map_or(LineNumbers::Hidden, |_| LineNumbers::Shown);
            synth(&files, completeness, line_numbers, option("--show="));
        }
        Some("formats") => match option("--dump=") {
            Some(name) => dump(&files, name),
            None => all_formats(&files, option("--show=")),
        },
        Some("history") => {
            let limit = option("--limit=").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
            files.iter().for_each(|dir| history::history(dir, limit));
        }
        Some("speed") if files.len() == 3 => history::speed(files[0], files[1], files[2]),
        Some("real") => real(&files, option("--show=")),
        _ => println!("usage: cargo bench -- patch synth|formats|real|history|speed FILES"),
    }
}

fn lines(path: &str) -> impl Iterator<Item = String> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    BufReader::with_capacity(1 << 20, file).lines().map(|line| line.expect("a readable file"))
}

fn snapshot(files: &Texts) -> Snapshot {
    let path = |name: &String| RepoPath::parse(name).expect("a path of a tree");
    let existing = || files.iter().filter_map(|(name, text)| text.as_ref().map(|text| (path(name), text)));
    Snapshot {
        entries: existing().map(|(path, text)| (path, Entry::file(text.as_str()))).collect(),
        listing: Some(existing().map(|(path, _)| path).collect::<Vec<_>>().into()),
        ..Snapshot::default()
    }
}

fn apply(
    reply: &str,
    base: &Snapshot,
    completeness: Completeness,
    line_numbers: LineNumbers,
) -> Result<Applied, Refusal> {
    let options = ApplyOptions { line_numbers, care: Care::Tool, seen: None };
    let patch = Patch::parse(reply.as_bytes(), completeness)?;
    let mut entries = base.clone();
    let wanted = patch.candidates_in(base.listing.as_deref().unwrap_or_default());
    entries.entries.retain(|path, _| wanted.contains(path));
    patch.apply(&entries, &options)
}

fn texts(change: &Change) -> Texts {
    let text = |entry: &Entry| String::from_utf8_lossy(entry.bytes()).into_owned();
    change.files.iter().map(|(path, file)| (path.to_string(), file.after.as_ref().map(text))).collect()
}

fn judge(case: &Case, result: &Result<Applied, Refusal>) -> Verdict {
    let Ok(applied) = result else { return Verdict::Refused };
    let got = texts(&applied.change);
    if got == case.expected {
        return Verdict::Exact;
    }
    let ends = |texts: &Texts, name: &String| -> Option<String> {
        let text = texts.get(name).or(case.files.get(name))?.as_ref()?;
        Some(text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end_matches('\n').to_owned())
    };
    let same = got.keys().chain(case.expected.keys()).all(|name| ends(&got, name) == ends(&case.expected, name));
    if case.expect == "apply" && same { Verdict::Ends } else { Verdict::Wrong }
}

fn synth(files: &[&String], completeness: Completeness, line_numbers: LineNumbers, show: Option<&str>) {
    let mut counts: BTreeMap<String, Verdicts> = BTreeMap::new();
    let mut rungs = Rungs::new();
    for line in files.iter().flat_map(|path| lines(path)) {
        let case: Case = serde_json::from_str(&line).expect("a case of gen_synth.py");
        let base = snapshot(&case.files);
        let result = apply(&case.patch, &base, completeness, line_numbers);
        let verdict = judge(&case, &result);
        if !case.kind.starts_with("truncated") {
            count_rungs(&result, verdict, &mut rungs);
        }
        if show == Some("list") {
            println!("{}\t{}\t{verdict:?}\t{}", case.id, case.kind, reasons(&result));
        }
        *counts.entry(case.kind.clone()).or_default().entry(verdict).or_default() += 1;
        let label = format!("{}:{verdict:?}", case.kind);
        if show.is_some_and(|wanted| {
            wanted == label || wanted == format!("*:{verdict:?}") && !case.kind.starts_with("truncated")
        }) {
            describe(&case, &result);
        }
    }
    table(&counts);
    println!("\n| rung | choice | blocks | in wrong results |\n|---|---|---|---|");
    for (rung, (uses, wrong)) in &rungs {
        println!("| {rung} | {uses} | {wrong} |");
    }
}

/// How often each rung and choice placed a block, and how often in a wrong result.
type Rungs = BTreeMap<String, (usize, usize)>;

fn count_rungs(result: &Result<Applied, Refusal>, verdict: Verdict, rungs: &mut Rungs) {
    for placement in result.iter().flat_map(|applied| &applied.placements) {
        let count = rungs.entry(format!("{:?} | {:?}", placement.rung, placement.choice)).or_default();
        count.0 += 1;
        count.1 += usize::from(verdict == Verdict::Wrong);
    }
}

/// A real answer; `oracle` is the result of placing every hunk whose old text occurs exactly once, `null` where one does not.
#[derive(Deserialize)]
struct Answer {
    id: String,
    model: String,
    raw: String,
    files: Texts,
    oracle: Option<Texts>,
    reference: Option<Texts>,
}

fn real(files: &[&String], show: Option<&str>) {
    let mut counts: BTreeMap<String, [usize; 5]> = BTreeMap::new();
    for line in files.iter().flat_map(|path| lines(path)) {
        let answer: Answer = serde_json::from_str(&line).expect("an answer of oracle.py");
        let result = apply(&answer.raw, &snapshot(&answer.files), Completeness::Complete, LineNumbers::Shown);
        let got = result.as_ref().ok().map(|applied| texts(&applied.change));
        let wrong = got.is_some() && answer.oracle.is_some() && got != answer.oracle;
        let count = counts.entry(answer.model.clone()).or_default();
        count[0] += 1;
        count[1] += usize::from(got.is_some());
        count[2] += usize::from(wrong);
        count[3] += usize::from(answer.oracle.is_some());
        count[4] += usize::from(answer.reference.is_some());
        let verdict = if wrong {
            "wrong"
        } else if got.is_some() {
            "applied"
        } else {
            "refused"
        };
        if show.is_some_and(|wanted| wanted == format!("{}:{verdict}", answer.model) || wanted == answer.id) {
            println!("==== {} {verdict}\n{}", answer.id, answer.raw);
            match &result {
                Ok(applied) => applied.placements.iter().for_each(|placement| println!("  {placement}")),
                Err(refusal) => println!("{refusal}"),
            }
        }
    }
    println!(
        "| model | n | applied | wrong against the oracle | oracle applies | reference rules apply |\n|---|---|---|---|---|---|"
    );
    for (model, [n, applied, wrong, oracle, reference]) in counts {
        println!(
            "| {model} | {n} | {applied} ({:.1} %) | {wrong} | {oracle} | {reference} |",
            100.0 * applied as f64 / n as f64
        );
    }
}

fn reasons(result: &Result<Applied, Refusal>) -> String {
    let kinds = |refusal: &Refusal| {
        refusal.problems.iter().map(|problem| format!("{:?}", problem.kind)).collect::<Vec<_>>().join(",")
    };
    result.as_ref().err().map_or_else(String::new, kinds)
}

/// Every case in one format.
fn converted(files: &[&String], format: Format) -> impl Iterator<Item = Case> {
    let cases = files.iter().flat_map(|path| lines(path));
    cases.flat_map(move |line| {
        let case: Case = serde_json::from_str(&line).expect("a case of gen_synth.py");
        let replies = formats::convert(&case, format).into_iter();
        let rest = (case.id, case.expect, case.files, case.expected);
        replies.map(move |(kind, patch)| {
            let (id, expect, files, expected) = rest.clone();
            Case { id: format!("{id}/{kind}"), kind, expect, patch, files, expected }
        })
    })
}

fn dump(files: &[&String], name: &str) {
    for format in FORMATS.into_iter().filter(|format| format!("{format:?}") == name) {
        for case in converted(files, format) {
            println!("{}", serde_json::to_string(&case).expect("plain text"));
        }
    }
}

/// Prints a table of each format and one that sums them up.
fn all_formats(files: &[&String], show: Option<&str>) {
    let mut sums: BTreeMap<Format, Verdicts> = BTreeMap::new();
    let mut wrong = Vec::new();
    for format in FORMATS {
        println!("\n{format:?}");
        let mut counts: BTreeMap<String, Verdicts> = BTreeMap::new();
        for case in converted(files, format) {
            let result = apply(&case.patch, &snapshot(&case.files), Completeness::Complete, LineNumbers::Hidden);
            let verdict = judge(&case, &result);
            if verdict == Verdict::Wrong && !case.kind.starts_with("truncated") {
                wrong.push(format!("{format:?} {}: {}", case.id, placed(&case, &result)));
            }
            if show == Some("list") {
                println!("{format:?}\t{}\t{}\t{verdict:?}\t{}", case.id, case.kind, reasons(&result));
            }
            *counts.entry(case.kind.clone()).or_default().entry(verdict).or_default() += 1;
            let label = format!("{}:{verdict:?}", case.kind);
            if show.is_some_and(|wanted| {
                wanted == case.id
                    || wanted == label
                    || wanted == format!("*:{verdict:?}") && !case.kind.starts_with("truncated")
            }) {
                describe(&case, &result);
            }
        }
        sums.insert(format, table(&counts));
    }
    println!("\nall but truncated\n{}", HEAD.replace("kind", "format"));
    let mut all = Verdicts::new();
    for (format, verdicts) in &sums {
        row(&format!("{format:?}"), verdicts);
        verdicts.iter().for_each(|(verdict, count)| *all.entry(*verdict).or_default() += count);
    }
    row("together", &all);
    let said = |(format, verdicts): (&Format, &Verdicts)| {
        let count = |verdict| verdicts.get(&verdict).copied().unwrap_or(0);
        format!(
            "{format:?} {} exact, {} wrong of {}",
            count(Verdict::Exact),
            count(Verdict::Wrong),
            verdicts.values().sum::<usize>()
        )
    };
    println!("\n{}", sums.iter().map(said).collect::<Vec<_>>().join("; "));
    println!("\nwrong, and what placed the blocks of the files that differ\n{}", wrong.join("\n"));
}

/// How the blocks of files that came out wrong found their places.
fn placed(case: &Case, result: &Result<Applied, Refusal>) -> String {
    let Ok(applied) = result else { return String::new() };
    let got = texts(&applied.change);
    let differs = |path: &String| got.get(path) != case.expected.get(path);
    let blocks = applied.placements.iter().filter(|placement| differs(&placement.file.to_string()));
    blocks
        .map(|placement| format!("{placement} ({:?}, {:?})", placement.rung, placement.choice))
        .collect::<Vec<_>>()
        .join("; ")
}

fn describe(case: &Case, result: &Result<Applied, Refusal>) {
    println!("==== {}", case.id);
    match result {
        Ok(applied) => {
            applied.placements.iter().for_each(|placement| println!("  {placement}"));
            let got = texts(&applied.change);
            for name in got.keys().chain(case.expected.keys()).collect::<std::collections::BTreeSet<_>>() {
                let empty = String::new();
                let text = |texts: &Texts| {
                    texts.get(name).or(case.files.get(name)).cloned().flatten().unwrap_or(empty.clone())
                };
                let (want, have) = (text(&case.expected), text(&got));
                if want != have {
                    println!(
                        "{}",
                        similar::TextDiff::from_lines(&want, &have)
                            .unified_diff()
                            .context_radius(4)
                            .header(name, "got")
                    );
                }
            }
        }
        Err(refusal) => println!("{refusal}"),
    }
    println!("---- patch\n{}", case.patch);
}

/// How many results of each kind.
type Verdicts = BTreeMap<Verdict, usize>;

const HEAD: &str = "| kind | n | exact % | refused % | ends % | wrong % | wrong |\n|---|---|---|---|---|---|---|";

/// Prints a row for every kind; returns the sum of all but cut-off answers.
fn table(counts: &BTreeMap<String, Verdicts>) -> Verdicts {
    println!("{HEAD}");
    let mut all = Verdicts::new();
    for (kind, verdicts) in counts {
        row(kind, verdicts);
        if !kind.starts_with("truncated") {
            verdicts.iter().for_each(|(verdict, count)| *all.entry(*verdict).or_default() += count);
        }
    }
    row("all but truncated", &all);
    all
}

fn row(kind: &str, verdicts: &Verdicts) {
    let total: usize = verdicts.values().sum();
    let count = |verdict| verdicts.get(&verdict).copied().unwrap_or(0);
    let percent = |verdict| 100.0 * count(verdict) as f64 / total.max(1) as f64;
    println!(
        "| {kind} | {total} | {:.1} | {:.1} | {:.1} | {:.2} | {} |",
        percent(Verdict::Exact),
        percent(Verdict::Refused),
        percent(Verdict::Ends),
        percent(Verdict::Wrong),
        count(Verdict::Wrong)
    );
}
