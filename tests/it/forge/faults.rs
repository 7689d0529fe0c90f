//! Faults of real forges, one line each of what was not done and the way out.

use std::time::Instant;

use git_burn::core::issue::Pick;
use git_burn::core::names::{IssueNumber, Slug};
use git_burn::edge::forge::{Dialect, Forge, Found, Trouble};
use git_burn::edge::http::{Http, HttpOptions, Pace};
use serde_json::{Value, json};

use crate::support::fake_forge::{FakeForge, Fault, Flavour, hasty};
use crate::support::server::{Answer, Server};

fn forge_at(server: &Server, dialect: Dialect) -> Forge {
    let options = HttpOptions { ambient: hasty(), pace: Pace::FREE.into(), ..HttpOptions::new(server.url()) };
    Forge::server(dialect, Http::new(options).unwrap(), Slug { owner: "acme".into(), name: "demo".into() })
}

fn always(answer: Answer) -> (Server, Forge) {
    let server = Server::start(move |_| answer.clone());
    let forge = forge_at(&server, Dialect::Gitea);
    (server, forge)
}

#[test]
fn every_ending_has_its_class_and_its_way_out() {
    let said = |status, message: &str| Answer::json(status, &json!({ "message": message }));
    let scoped = said(403, "no").with("x-accepted-oauth-scopes", "repo, write:issue");
    let cases = [
        (said(401, "bad"), Trouble::Credentials, "credential rejected by http://127.0.0.1"),
        (scoped, Trouble::Forbidden { missing: Some("repo, write:issue".into()) }, "needs one of: repo, write:issue"),
        (said(403, "no"), Trouble::Forbidden { missing: None }, "lacks a permission"),
        (said(404, "Not Found"), Trouble::Missing, "private repositories look missing"),
        (said(500, "oops"), Trouble::Unreachable, "oops"),
        (said(503, "down"), Trouble::Unreachable, "try again later"),
        (Answer::html(200), Trouble::NotAnApi, "set burn.url"),
        (
            Answer::new(302, "").with("location", "https://sso.example/"),
            Trouble::NotAnApi,
            "https://sso.example/, which is not followed; if the repository",
        ),
        (said(409, "taken"), Trouble::Conflict, "taken"),
    ];
    for (answer, trouble, words) in cases {
        let (_server, forge) = always(answer);
        let error = forge.repository().unwrap_err();
        assert_eq!(error.trouble, trouble, "{error}");
        assert!(
            error.to_string().starts_with("cannot read the repository") && error.to_string().contains(words),
            "{error}"
        );
    }
}

#[test]
fn a_long_rate_limit_ends_at_once_and_says_when_to_come_back() {
    let (server, forge) = always(Answer::json(429, &json!({ "message": "slow" })).with("retry-after", "900"));
    let error = forge.issues(&Pick::default(), 10).unwrap_err();
    assert!(matches!(error.trouble, Trouble::RateLimited { wait: Some(_) }));
    assert!(error.to_string().contains("try again in 900 s"), "{error}");
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn lost_connections_in_the_middle_of_a_listing_are_repeated() {
    let fake = FakeForge::start(Flavour::Gitea);
    for index in 0..120 {
        fake.add_issue(&format!("issue {index}"), "text", &[]);
    }
    fake.fault("GET", "page=2", Fault::StoreThenCut(700), 1);
    fake.fault("GET", "page=3", Fault::Answer(Answer::new(502, "")), 2);
    assert_eq!(fake.forge().issues(&Pick::default(), usize::MAX).unwrap().issues.len(), 120);
}

#[test]
fn pages_that_repeat_themselves_end_with_a_remark() {
    let page =
        json!([{ "number": 1, "title": "same", "state": "open" }, { "number": 2, "title": "same", "state": "open" }]);
    let answer = Answer::json(200, &page).with("link", "<http://127.0.0.1:1/issues?page=2>; rel=\"next\"");
    let (server, forge) = always(answer);
    let listing = forge.issues(&Pick::default(), usize::MAX).unwrap();
    assert_eq!(listing.issues.len(), 2);
    assert!(listing.remarks[0].contains("repeats its pages"), "{:?}", listing.remarks);
    assert_eq!(server.lines().len(), 3);
}

#[test]
fn issues_that_move_between_pages_are_listed_once() {
    let fake = FakeForge::start(Flavour::Gitea);
    for index in 0..60 {
        fake.add_issue(&format!("issue {index}"), "text", &[]);
    }
    fake.before("GET", "page=2", |state| {
        state.add_issue("just filed", Some("text"), "ada", &[]);
    });
    let issues = fake.forge().issues(&Pick::default(), usize::MAX).unwrap().issues;
    let numbers: Vec<u64> = issues.iter().map(|issue| issue.number.get()).collect();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
}

#[test]
fn one_unreadable_issue_does_not_hide_the_others() {
    let page = json!([
        { "number": 1, "title": "good", "state": "open" },
        { "number": 2, "title": "bad", "body": 5, "state": "open" },
        { "number": 0, "title": "none", "state": "open" },
        { "number": -3, "title": "none", "state": "open" },
        { "title": "no number" },
        "nonsense",
        { "number": 4, "title": null, "body": null, "labels": null, "assignees": null, "user": null, "created_at": "soon" },
        { "number": 5, "labels": ["bug", { "name": "ready" }, { "name": null }], "created_at": "2099-01-01T00:00:00Z" },
    ]);
    let (_server, forge) = always(Answer::json(200, &page).with("x-total-count", "8"));
    let listing = forge.issues(&Pick::default(), usize::MAX).unwrap();
    let numbers: Vec<u64> = listing.issues.iter().map(|issue| issue.number.get()).collect();
    assert_eq!(numbers, [1, 4, 5]);
    assert_eq!((listing.issues[1].author.as_str(), listing.issues[1].title.as_str()), ("ghost", ""));
    assert!(listing.issues[2].has_label("ready"));
    assert!(listing.remarks.iter().any(|remark| remark.contains("entry 2 cannot be read")), "{:?}", listing.remarks);
}

#[test]
fn an_issue_that_moved_away_is_missing() {
    let moved = Server::start(|seen| match seen.path() {
        "/repos/acme/demo/issues/7" => Answer::new(301, "").with("location", "/repos/acme/other/issues/3"),
        _ => Answer::json(200, &json!({ "number": 3, "title": "elsewhere" })),
    });
    let forge = forge_at(&moved, Dialect::Github);
    assert_eq!(forge.issue(IssueNumber::new(7).unwrap()).unwrap(), Found::Missing);
}

#[test]
fn a_workflows_token_learns_its_name_another_way() {
    let server = Server::start(|seen| match seen.line().as_str() {
        "GET /user" => Answer::json(403, &json!({ "message": "Resource not accessible by integration" })),
        "POST /graphql" => Answer::json(200, &json!({ "data": { "viewer": { "login": "github-actions[bot]" } } })),
        _ => Answer::json(
            200,
            &json!([{ "id": 1, "user": { "id": 41_898_282, "login": "github-actions[bot]" }, "body": "x m" }]),
        ),
    });
    let forge = forge_at(&server, Dialect::Github);
    assert_eq!(forge.me().unwrap().login, "github-actions[bot]");
    assert!(forge.own_comment(IssueNumber::new(1).unwrap(), "m").unwrap().is_some());
}

#[test]
fn an_organisations_labels_are_found_and_added_by_number() {
    let server = Server::start(|seen| match seen.line().split('?').next().unwrap_or_default() {
        "GET /repos/acme/demo/labels" => {
            Answer::json(200, &json!([{ "id": 1, "name": "bug" }])).with("x-total-count", "1")
        }
        "GET /orgs/acme/labels" => Answer::json(200, &json!([{ "id": 9, "name": "ready" }])).with("x-total-count", "1"),
        "POST /repos/acme/demo/issues/1/labels" if seen.json() == json!({ "labels": [9] }) => {
            Answer::json(200, &json!([{ "id": 9, "name": "ready" }]))
        }
        _ => Answer::json(404, &json!({})),
    });
    forge_at(&server, Dialect::Gitea).add_label(IssueNumber::new(1).unwrap(), "ready").unwrap();
}

/// Ten thousand issues of 2 KB each, in pages of fifty.
#[test]
fn ten_thousand_issues_are_listed_quickly() {
    let body = "x".repeat(2000);
    let server = Server::start(move |seen| {
        let page: u64 =
            seen.query().iter().find(|(name, _)| name == "page").map_or(1, |(_, page)| page.parse().unwrap());
        let numbers = (page - 1) * 50 + 1..=(page * 50).min(10_000);
        let issue =
            |number| json!({ "number": number, "title": format!("issue {number}"), "body": body, "state": "open" });
        Answer::json(200, &Value::Array(numbers.map(issue).collect())).with("x-total-count", "10000")
    });
    let start = Instant::now();
    let listing = forge_at(&server, Dialect::Gitea).issues(&Pick::default(), usize::MAX).unwrap();
    assert_eq!(listing.issues.len(), 10_000);
    assert_eq!(server.lines().len(), 200);
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn an_endless_body_is_cut_and_says_so() {
    let body = "ü".repeat(5 << 20);
    let (_server, forge) =
        always(Answer::json(200, &json!({ "number": 1, "title": "t", "body": body, "state": "open" })));
    let Found::Issue(issue) = forge.issue(IssueNumber::new(1).unwrap()).unwrap() else { panic!("no issue") };
    assert!(issue.body.len() < 66_000 && issue.body.ends_with("the whole text has 10485760 bytes]"));
}

#[test]
fn a_renamed_repository_is_read_and_writes_say_what_to_set() {
    let server = Server::start(|seen| match (seen.method.as_str(), seen.path()) {
        (_, "/repositories/77") => Answer::json(200, &json!({ "full_name": "acme/renamed", "default_branch": "main" })),
        ("GET", _) => Answer::new(301, "").with("location", "/repositories/77"),
        _ => Answer::new(307, "").with("location", "/repositories/77/issues/1/comments"),
    });
    let forge = forge_at(&server, Dialect::Github);
    assert_eq!(forge.repository().unwrap().name, "acme/renamed");
    let error = forge.comment(IssueNumber::new(1).unwrap(), "hello").unwrap_err();
    assert!(error.to_string().contains("set burn.repo"), "{error}");
}
