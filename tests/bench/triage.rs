//! Scoring and ordering a large backlog: `cargo bench -- triage [ISSUES]`.

use std::time::{Duration, Instant};

use git_burn::core::issue::{Issue, Role, State};
use git_burn::core::names::{IssueNumber, Timestamp};
use git_burn::core::triage::{Rules, Surroundings, assess, order};

/// Sentences of ordinary reports; a body takes a number of them that depends on its issue's number.
const SENTENCES: &[&str] = &[
    "When I open the settings page and press save, nothing happens and the log stays empty.\n",
    "The function `load_config()` in src/config/loader.rs should return an error here.\n",
    "## Steps to reproduce\n1. start the server\n2. send a request with an empty body\n",
    "```\nthread 'main' panicked at src/main.rs:12:5: index out of bounds\n```\n",
    "<!-- Please describe what you expected to happen. -->\n",
    "We talked about this last week, and most people thought that the old behaviour was better.\n",
    "Depends on #17, see also #23.\n",
    "Expected: the list is sorted by date, and `cargo test` passes.\n",
];

/// Prints milliseconds of the fastest of nine runs, for bodies of about one kilobyte.
pub(crate) fn run(args: &[String]) {
    let count = args.first().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let issues: Vec<Issue> = (1..=count).map(issue).collect();
    let bytes: usize = issues.iter().map(|issue| issue.body.len()).sum();
    let now = Timestamp::from_seconds(1_790_000_000);
    let around = Surroundings { open: issues.iter().map(|issue| issue.number).collect(), ..Surroundings::default() };
    let rules = Rules::builtin();
    let (mut scoring, mut ordering) = (Duration::MAX, Duration::MAX);
    for _ in 0..9 {
        let start = Instant::now();
        let assessments: Vec<_> = issues.iter().map(|issue| assess(issue, &rules, &around, now)).collect();
        scoring = scoring.min(start.elapsed());
        let start = Instant::now();
        assert_eq!(order(&assessments).indices.len(), issues.len(), "every issue is ordered");
        ordering = ordering.min(start.elapsed());
    }
    println!("issues {count}, bodies {} KiB in all", bytes / 1024);
    println!("score  {:.1} ms", scoring.as_secs_f64() * 1000.0);
    println!("order  {:.1} ms", ordering.as_secs_f64() * 1000.0);
}

fn issue(n: u64) -> Issue {
    let step = usize::try_from(n).unwrap_or(0);
    let body: String = (0..12).map(|k| SENTENCES[(step * (k + 1) + k * k) % SENTENCES.len()]).collect();
    Issue {
        number: IssueNumber::new(n).expect("counted from one"),
        title: format!("[bug] Saving number {n} fails in load_config"),
        body,
        state: State::Open,
        labels: vec!["kind/bug".into(), "p2".into()],
        assignees: Vec::new(),
        author: "ada".into(),
        author_role: Role::Unknown,
        milestone: None,
        locked: false,
        comments: 3,
        created: Timestamp::from_seconds(1_780_000_000 + step as i64 * 61 % 9_000_000),
        updated: Timestamp::from_seconds(1_790_000_000),
        url: format!("https://forge.example.org/o/r/issues/{n}"),
    }
}
