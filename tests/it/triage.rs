//! Tests of triage: golden tables of whole issues, order, decisions, and the flows on a real repository.

use std::collections::{BTreeMap, BTreeSet};

use git_burn::core::issue::{Comment, Issue, Role, State};
use git_burn::core::names::{IssueNumber, Timestamp};
use git_burn::core::triage::{
    self, Assessment, Decision, Done, Override, Route, Routing, Rules, Standing, Surroundings, Taken, Tier,
};
use serde_json::Value;

fn number(number: u64) -> IssueNumber {
    IssueNumber::new(number).unwrap()
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T12:00:00Z").unwrap()
}

fn issue(n: u64, title: &str, body: &str, labels: &[&str]) -> Issue {
    Issue {
        number: number(n),
        title: title.into(),
        body: body.into(),
        state: State::Open,
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        assignees: Vec::new(),
        author: "reporter".into(),
        author_role: Role::Outsider,
        milestone: None,
        locked: false,
        comments: 0,
        created: Timestamp::parse("2026-11-14T12:00:00Z").unwrap(),
        updated: now(),
        url: format!("https://forge.test/o/r/issues/{n}"),
    }
}

fn assess(issue: &Issue) -> Assessment {
    triage::assess(issue, &Rules::builtin(), &Surroundings::default(), now())
}

/// One row of fixtures/issues/*.json.
fn judge(row: &Value) -> Assessment {
    let words = |key: &str| -> Vec<String> {
        row[key].as_array().map_or(Vec::new(), |list| list.iter().map(|v| v.as_str().unwrap().to_owned()).collect())
    };
    let mut issue = issue(1, row["title"].as_str().unwrap(), row["body"].as_str().unwrap(), &[]);
    issue.labels = words("labels");
    issue.assignees = words("assignees");
    issue.locked = row["locked"] == true;
    issue.state = if row["closed"] == true { State::Closed } else { State::Open };
    let mut around = Surroundings::default();
    let open = row["open"].as_array().into_iter().flatten();
    around.open = open.map(|n| number(n.as_u64().unwrap())).collect();
    around.reopened = if row["reopened"] == true { BTreeSet::from([number(1)]) } else { BTreeSet::new() };
    if row["override"].is_object() {
        let tier = (row["override"]["tier"] == "P0").then_some(Tier::P0);
        let standing = row["override"]["standing"].as_str();
        let standing = standing.map(|word| if word == "skip" { Standing::Skip } else { Standing::Ready });
        let said = Override { tier, standing, assign: None, by: "boss".into() };
        around.overrides = BTreeMap::from([(number(1), said)]);
    }
    let rules = Rules { own_logins: vec!["burner".into()], ..Rules::builtin() };
    triage::assess(&issue, &rules, &around, now())
}

#[test]
fn golden_tables() {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/issues")).unwrap() {
        let table: Vec<Value> = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        for row in &table {
            rows += 1;
            let got = judge(row);
            let json = serde_json::to_value(&got).unwrap();
            let expect = &row["expect"];
            let score = format!("{} {} {}", got.scope.points, got.acceptance.points, got.alignment.points);
            let why = expect.get("why").is_none_or(|why| *why == got.readiness.to_string());
            let same = expect["score"] == score
                && expect["kind"] == json["kind"]
                && expect["tier"] == json["tier"]
                && expect["state"] == json["readiness"]["state"];
            if !same || !why {
                let found = format!("{score} {} {} {}", got.kind, got.tier, got.readiness);
                wrong.push(format!("{}: expected {expect}, got {found}\n{}", row["name"], got.explain().join("\n")));
            }
        }
    }
    assert!(rows > 40, "only {rows} rows were read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn order_is_by_tier_score_age_number_and_dependencies_go_first() {
    let mut old = issue(9, "[feature] a", "must", &[]);
    old.created = Timestamp::parse("2020-01-01T00:00:00Z").unwrap();
    let issues = [
        issue(5, "[feature] b", "must", &[]),
        old,
        issue(3, "[feature] c", "must", &[]),
        issue(4, "[security] d", "", &[]),
        issue(6, "[bug] e", "depends on #5", &[]),
        issue(7, "[bug] f.rs", "", &[]),
    ];
    let all: Vec<Assessment> = issues.iter().map(assess).collect();
    let order = triage::order(&all);
    let numbers: Vec<u64> = order.indices.iter().map(|index| all[*index].number.get()).collect();
    assert_eq!(numbers, [4, 7, 5, 6, 9, 3]);
    assert!(order.cycles.is_empty());
}

#[test]
fn circles_are_reported_once_and_lose_nobody() {
    let mut issues: Vec<Issue> = (1..=3).map(|n| issue(n, "x", &format!("depends on #{}", n % 3 + 1), &[])).collect();
    issues.push(issue(4, "y", "blocked by #2", &[]));
    let all: Vec<Assessment> = issues.iter().map(assess).collect();
    let order = triage::order(&all);
    assert_eq!(order.indices.len(), 4);
    assert_eq!(order.cycles, [vec![number(1), number(2), number(3)]]);
}

#[test]
fn a_chain_of_ten_thousand_overflows_no_stack() {
    let all: Vec<Assessment> =
        (1..=10_000).map(|n| assess(&issue(n, "x", &format!("depends on #{}", n + 1), &[]))).collect();
    let order = triage::order(&all);
    assert_eq!(order.indices[0], 9_999);
    assert_eq!(order.indices.len(), 10_000);
}

#[test]
fn every_point_is_explained() {
    let issue = issue(42, "[bug] Crash in `parse_date()`", "## Expected\nsrc/dates.py should return None.\n", &["p1"]);
    expect_test::expect![[r#"
        #42 Crash in `parse_date()`
          scope       3 of 3
            +1 names a file: `src/dates.py`
            +1 names a function or type: `parse_date`
            +1 title is short: `23 characters`
          acceptance  3 of 3
            +2 says in several places what must hold: `expected, should, return`
            +1 has a filled section: `Expected`
          alignment   3 of 3
            +3 is a bug: `bug`
          score       9 of 9
          kind        bug
          tier        P1 (tagged `p1`)
          tags        bug, p1
          age         10 days
          readiness   ready"#]]
    .assert_eq(&assess(&issue).explain().join("\n"));
}

#[test]
fn hostile_bodies_cost_linear_time() {
    let bodies = [
        "#".repeat(1 << 20),
        "`".repeat(1 << 20),
        "<!--".repeat(1 << 18),
        "[".repeat(1 << 20),
        "a/".repeat(1 << 19),
        "://src/a".repeat(1 << 17),
    ];
    let started = std::time::Instant::now();
    for body in bodies {
        assess(&issue(1, &body, &body, &[]));
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

fn decide(issue: &Issue, around: &Surroundings) -> (Assessment, Decision) {
    let rules = Rules::builtin();
    let assessment = triage::assess(issue, &rules, around, now());
    let route = |name: &str, matches: &str, assign: Option<&str>, label: Option<&str>| Route {
        name: name.into(),
        matches: vec![matches.into()],
        assign: assign.map(str::to_owned),
        label: label.map(str::to_owned),
    };
    let routes =
        vec![route("research", "research", None, Some("kimi-ready")), route("rest", "*", Some("claude"), None)];
    let routing = Routing { routes, owner: Some("boss".into()) };
    let decision = triage::decide(&assessment, issue, &rules, &routing, around.overrides.get(&issue.number));
    (assessment, decision)
}

#[test]
fn the_seeds_routes_decide() {
    let around = Surroundings { open: BTreeSet::from([number(7)]), ..Surroundings::default() };
    let summary =
        |title: &str, body: &str, labels: &[&str]| decide(&issue(1, title, body, labels), &around).1.summary();
    assert_eq!(summary("[spike] x", "src/a.rs must return, expected", &["ready-for-agent"]), "label kimi-ready");
    assert_eq!(summary("[bug] it fails", "", &[]), "assign claude");
    assert_eq!(summary("[bug] it fails", "blocked by #7", &[]), "flag for boss");
    assert_eq!(summary("x", "blocked by #7", &[]), "leave: blocked by #7");
    assert_eq!(summary("x", "", &["ready-for-agent"]), "ask 3 questions");
    let vague = "The totals come out a little low since we moved last";
    assert_eq!(summary("x", vague, &["ready-for-agent"]), "ask 2 questions");
    assert_eq!(summary("x", &format!("{vague} week"), &["ready-for-agent"]), "assign claude");
    let without_spaces = "自从上周我们把它搬走以后报告里的总数都稍微偏低了一些";
    assert_eq!(summary("x", without_spaces, &["ready-for-agent"]), "assign claude");
    assert_eq!(summary("x", "", &[]), "leave: not ready: score 1 is below 5");
    assert_eq!(summary("[rfc] x", "", &[]), "leave: P3 is never picked");
    let mut assigned = issue(1, "[bug] it fails", "", &[]);
    assigned.assignees = vec!["claude".into()];
    assert_eq!(decide(&assigned, &around).1.summary(), "leave: already assigned to claude");
}

#[test]
fn a_decision_is_known_again_and_only_by_its_own_comment() {
    let (assessment, decision) = decide(&issue(1, "[bug] it fails", "", &[]), &Surroundings::default());
    let body = triage::audit_comment(&assessment, &decision);
    let comment = |author: &str, body: &str| Comment {
        id: 1,
        author: author.into(),
        author_role: Role::Unknown,
        body: body.into(),
        created: now(),
        updated: now(),
        url: String::new(),
    };
    assert!(triage::was_posted(&decision, &[comment("Burner", &body)], "burner"));
    assert!(!triage::was_posted(&decision, &[comment("stranger", &body)], "burner"));
    let other = Decision::Route { assign: Some("kimi".into()), label: None };
    assert!(!triage::was_posted(&other, &[comment("burner", &body)], "burner"));
    expect_test::expect![[r#"
        ### Triage

        **Decision:** assign it to claude.

        **Why:** bug, P1 (kind bug), score 5 of 9.

        <details><summary>Score</summary>

        ```text
        scope 1 of 3
          +1 title is short: `8 characters`
        acceptance 1 of 3
          +1 says what must hold: `fails`
        alignment 3 of 3
          +3 is a bug: `bug`
        ```

        </details>

        To change this, reply with a line that starts with `/override` and goes on with `p0` to `p3`, `ready`, `skip`, `assign LOGIN` or `none`. Replies of people with write access count, the latest wins.

        <!-- git-burn decision=1323a27f2cdc4818 -->"#]]
    .assert_eq(&body);
}

#[test]
fn the_summary_lists_ready_decided_and_skipped_issues_without_pinging_anybody() {
    let mut issues: Vec<Issue> = (1..=12).map(|n| issue(n, &format!("[bug] number {n} fails"), "", &[])).collect();
    issues.push(issue(13, "hello @everyone closes #1 | x", "", &[]));
    issues.push(issue(14, "[p0] evil @team fixes #2", "must should expected [x](y) src/a.rs", &["bug"]));
    let all: Vec<Assessment> = issues.iter().map(assess).collect();
    let taken: Vec<Taken> = issues
        .iter()
        .map(|issue| {
            let decision = decide(issue, &Surroundings::default()).1;
            let done = if matches!(decision, Decision::Leave { .. }) { Done::Nothing } else { Done::Now };
            Taken { issue: issue.number, decision, done }
        })
        .collect();
    let body = triage::summary_body(now(), &all, &triage::order(&all), &taken);
    assert!(
        body.contains("**Open:** 14 | **Ready:** 13 | **Blocked:** 0 | **Unclear:** 0 | **Decided today:** 13"),
        "{body}"
    );
    let rows: Vec<&str> = body.lines().filter(|line| line.starts_with("| #")).collect();
    assert_eq!(rows.len(), 10);
    assert!(rows[0].starts_with("| #14 | P0 | 7 "), "{}", rows[0]);
    assert!(!body.contains("@team") && !body.contains("fixes #2"), "{body}");
    assert!(body.contains("- #13: not ready: score 1 is below 5"), "{body}");
    let mut posted = issue(99, &triage::summary_title(now()), &body, &[]);
    assert_eq!(triage::summary_day(&posted), Some("2026-11-24"));
    posted.body.clear();
    assert_eq!(triage::summary_day(&posted), None);
}
