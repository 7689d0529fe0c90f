//! A large backlog: reading it page by page from a server on loopback, scoring and ordering it:
//! `cargo bench -- triage [ISSUES]`.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use git_burn::core::issue::{Issue, Pick, Role, State};
use git_burn::core::names::{IssueNumber, Slug, Timestamp};
use git_burn::core::triage::{Rules, Surroundings, assess, order};
use git_burn::edge::forge::{Dialect, Forge};
use git_burn::edge::http::{Http, HttpOptions};
use git_burn::flow::survey::survey;
use serde_json::json;

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

/// The most that the process may have in memory after it has read and judged ten thousand issues.
const MEMORY: u64 = 64 << 20;

/// Prints what reading and judging takes, then milliseconds of scoring and of ordering, for bodies of about one kilobyte.
/// Scores are timed by the hundred, each the fastest of nine rounds, so that what else the machine does counts little.
pub(crate) fn run(args: &[String]) {
    if args.first().is_some_and(|word| word == "serve") {
        return serve();
    }
    let count: u64 = args.first().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    fetch(count);
    let issues: Vec<Issue> = (1..=count).map(issue).collect();
    let bytes: usize = issues.iter().map(|issue| issue.body.len()).sum();
    let now = Timestamp::from_seconds(1_790_000_000);
    let around = Surroundings { open: issues.iter().map(|issue| issue.number).collect(), ..Surroundings::default() };
    let rules = Rules::builtin();
    let (mut scoring, mut ordering) = (vec![Duration::MAX; issues.len().div_ceil(100)], Duration::MAX);
    for _ in 0..9 {
        let mut assessments = Vec::with_capacity(issues.len());
        for (hundred, fastest) in issues.chunks(100).zip(&mut scoring) {
            let start = Instant::now();
            assessments.extend(hundred.iter().map(|issue| assess(issue, &rules, &around, now)));
            *fastest = start.elapsed().min(*fastest);
        }
        let start = Instant::now();
        assert_eq!(order(&assessments).indices.len(), issues.len(), "every issue is ordered");
        ordering = ordering.min(start.elapsed());
    }
    println!("issues {count}, bodies {} KiB in all", bytes / 1024);
    println!("score  {:.1} ms", scoring.iter().sum::<Duration>().as_secs_f64() * 1000.0);
    println!("order  {:.1} ms", ordering.as_secs_f64() * 1000.0);
}

/// Reads and judges the backlog as `git burn triage` does, from a server in a process of its own.
fn fetch(count: u64) {
    let program = std::env::current_exe().expect("this program");
    let mut server = Command::new(program)
        .args(["triage", "serve", &count.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut port = String::new();
    BufReader::new(server.stdout.take().expect("a pipe")).read_line(&mut port).expect("a port");
    let http = Http::new(HttpOptions::new(format!("http://127.0.0.1:{}/api/v1", port.trim()))).expect("a client");
    let forge = Forge::server(Dialect::Gitea, http, Slug { owner: "o".into(), name: "r".into() });
    let before = memory();
    let start = Instant::now();
    let seen = survey(&forge, &Pick::default(), &Rules::builtin(), Timestamp::from_seconds(1_790_000_000));
    let seen = seen.expect("a backlog");
    let took = start.elapsed();
    server.kill().and_then(|()| server.wait()).expect("the server ends");
    assert_eq!(seen.issues.len() as u64, count, "every issue is read");
    let most = memory();
    println!(
        "fetch  {:.1} s in {} pages, at most {} MiB in memory ({} MiB before)",
        took.as_secs_f64(),
        count.div_ceil(50),
        most >> 20,
        before >> 20
    );
    assert!(most <= MEMORY || count > 10_000, "more than {} MiB", MEMORY >> 20);
}

/// The most memory that this process had at any time, in bytes; 0 where the system does not say.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// As much of a Gitea as reading the backlog needs. Prints its port; ends with its parent's signal.
fn serve() {
    let count = std::env::args().next_back().and_then(|text| text.parse().ok()).expect("a number of issues");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address").port());
    for stream in listener.incoming() {
        answer(&stream.expect("a connection"), count);
    }
}

fn answer(stream: &TcpStream, count: u64) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(request) = lines.next() {
        if lines.by_ref().take_while(|line| !line.is_empty()).count() == 0 {
            return;
        }
        let page = request.split(['&', ' ']).find_map(|part| part.strip_prefix("page=")?.parse().ok()).unwrap_or(1);
        let numbers =
            if request.contains("/comments") { 1..1 } else { (page - 1) * 50 + 1..(page * 50).min(count) + 1 };
        let body = json!(numbers.map(wire).collect::<Vec<_>>()).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Total-Count: {count}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut writer = stream;
        if writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

/// An issue as Gitea sends it.
fn wire(n: u64) -> serde_json::Value {
    let Issue { title, body, labels, author, comments, created, updated, url, .. } = issue(n);
    let labels: Vec<_> = labels.iter().map(|name| json!({ "id": 1, "name": name, "color": "ee0701" })).collect();
    let user = json!({ "id": 7, "login": author, "full_name": "Ada", "email": "ada@example.org", "avatar_url": url });
    json!({ "id": n, "number": n, "title": title, "body": body, "state": "open", "labels": labels, "user": user,
            "assignees": null, "milestone": null, "is_locked": false, "comments": comments, "html_url": url,
            "created_at": created.to_string(), "updated_at": updated.to_string(), "pull_request": null })
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
