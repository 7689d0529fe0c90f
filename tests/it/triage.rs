//! Tests of triage: golden tables of whole issues, order, decisions, and the flows on a real repository.

use std::collections::{BTreeMap, BTreeSet};

use git_burn::core::issue::{Issue, Role, State};
use git_burn::core::names::{IssueNumber, Timestamp};
use git_burn::core::triage::{self, Assessment, Override, Rules, Standing, Surroundings, Tier};
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
