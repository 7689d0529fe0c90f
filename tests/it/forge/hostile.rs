//! The `http` cases of the hostile corpus, where it is at hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use git_burn::core::issue::Pick;
use git_burn::core::names::{IssueNumber, Secret, Slug};
use git_burn::core::retry::RetryPolicy;
use git_burn::edge::forge::{Dialect, Forge};
use git_burn::edge::http::{Credential, CredentialHeader, Http, HttpOptions, Pace, Request, Timeouts};
use serde_json::{Value, json};

use crate::support::fake_forge::{FakeForge, Fault, Flavour, hasty};
use crate::support::schema::shared;
use crate::support::server::{Answer, Manner, Server};

/// The answer that a case describes.
fn answer(input: &Value, base: &str, other: &str) -> Answer {
    let filled =
        |text: &str| text.replace("@OTHER_HOST@", other).replace("self", &format!("{base}/repos/acme/demo/issues"));
    let status = input["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let body = match input["body"].as_str() {
        Some("same page") => json!([{ "number": 1, "title": "same", "state": "open" }]).to_string(),
        Some(body) => body.repeat(usize::try_from(input["body_repeat"].as_u64().unwrap_or(1)).unwrap()),
        None => "[]".to_owned(),
    };
    let mut answer = Answer::new(status, body);
    answer = answer.with("content-type", input["content_type"].as_str().unwrap_or("application/json"));
    if let Some(location) = input["location"].as_str() {
        answer = answer.with("location", filled(location));
    }
    if let Some(link) = input["link"].as_str() {
        let link = if link == "self" { format!("<{}>; rel=\"next\"", filled(link)) } else { filled(link) };
        answer = answer.with("link", link);
    }
    if let Some(after) = input["retry_after"].as_str() {
        answer = answer.with("retry-after", after);
    }
    if input["encoding"] == "gzip-bomb" {
        answer = answer.with("content-encoding", "gzip");
        answer.body = vec![0x1f; 10 << 20];
    }
    if input["drip_bytes_per_s"].is_u64() {
        answer.body = vec![b' '; 1000];
        answer = answer.delivered(Manner::Drip(1, Duration::from_millis(50)));
    }
    answer
}

fn options(url: &str, header: CredentialHeader) -> HttpOptions {
    let secret = Secret::new("hostile-test-token").unwrap();
    let quick =
        Timeouts { connect: Duration::from_secs(5), silence: Duration::from_secs(5), total: Duration::from_secs(2) };
    HttpOptions {
        credential: Some(Credential { header, secret }),
        timeouts: quick,
        retry: RetryPolicy { tries: 2, ..RetryPolicy::STANDARD },
        pace: Pace::FREE.into(),
        ambient: hasty(),
        ..HttpOptions::new(url)
    }
}

/// Does what the case's route says and returns how it ended, in words.
fn act(route: &str, url: &str) -> Result<String, String> {
    let slug = Slug { owner: "acme".into(), name: "demo".into() };
    let forge = Forge::server(Dialect::Gitea, Http::new(options(url, CredentialHeader::Token)).unwrap(), slug);
    let words = |error: git_burn::edge::forge::ForgeError| error.to_string();
    match route {
        "GET issues" => {
            let listing = forge.issues(&Pick::default(), usize::MAX).map_err(words)?;
            Ok(format!("{} issues {:?}", listing.issues.len(), listing.remarks))
        }
        "GET repo" => forge.repository().map(|repository| repository.name).map_err(words),
        "POST comment" => {
            forge.comment(IssueNumber::new(1).unwrap(), "hello").map(|comment| comment.body).map_err(words)
        }
        "POST llm" => {
            let http = Http::new(options(url, CredentialHeader::ApiKey)).unwrap();
            let answer = http.json::<Value>(&Request::question("/v1/messages", &json!({ "model": "m" })));
            answer.map(|(value, _)| value.to_string()).map_err(|error| error.to_string())
        }
        other => panic!("unknown route {other}"),
    }
}

#[test]
fn the_http_cases_of_the_corpus_end_as_they_should() {
    let Some(folder) = shared("hostile") else {
        println!("skipped: data/hostile is not here");
        return;
    };
    let text = std::fs::read_to_string(folder.join("hostile.jsonl")).unwrap();
    let cases = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut done = 0;
    for case in cases.filter(|case| case["kind"] == "http") {
        let input = &case["input"];
        if input.get("store_then_close").is_some() || input.get("store_then_status").is_some() {
            stored_once(&case);
        } else {
            one(&case);
        }
        done += 1;
    }
    assert!(done > 0, "the corpus holds no http case");
}

fn one(case: &Value) {
    let id = case["id"].as_str().unwrap();
    let input = case["input"].clone();
    let other = Server::start(|_| Answer::json(200, &json!([])));
    let other_url = other.url();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let server = Server::start(move |seen| {
        let turn = counter.fetch_add(1, Ordering::SeqCst);
        if seen.path().starts_with("/api/v1/repositories") {
            return Answer::json(200, &json!({ "full_name": "acme/renamed" }));
        }
        let base = format!("http://{}", seen.header("host").unwrap());
        let step = input["sequence"]
            .get(turn.min(input["sequence"].as_array().map_or(0, |list| list.len().saturating_sub(1))));
        answer(step.unwrap_or(&input), &base, &other_url)
    });
    let start = Instant::now();
    let ended = act(case["input"]["route"].as_str().unwrap(), &server.url());
    assert!(other.lines().is_empty(), "{id}: the other host was asked: {:?}", other.lines());
    assert!(start.elapsed().as_secs() < case["max_seconds"].as_u64().unwrap_or(60), "{id} took {:?}", start.elapsed());
    assert!(asked.load(Ordering::SeqCst) <= case["max_requests"].as_u64().unwrap_or(20) as usize, "{id}");
    let text = format!("{ended:?}");
    assert!(!text.contains("hostile-test-token") && !text.contains('\u{1b}'), "{id}: {text}");
    // A `Link` to another host is simply not followed: servers behind a proxy often have their own name wrong.
    let refused = ended.is_err() || id == "N-014";
    assert_eq!(refused, case["expect"] == "refuse", "{id}: {text}");
    if let (Err(error), Some(words)) = (&ended, case["reason_contains"].as_array()) {
        let error = error.to_lowercase();
        assert!(words.iter().any(|word| error.contains(word.as_str().unwrap())), "{id}: {error}");
    }
}

fn stored_once(case: &Value) {
    let fault = match case["input"]["store_then_status"].as_u64() {
        Some(status) => Fault::StoreThenStatus(u16::try_from(status).unwrap()),
        None => Fault::StoreThenReset,
    };
    for flavour in [Flavour::Gitea, Flavour::Github] {
        let fake = FakeForge::start(flavour);
        fake.add_issue("one", "text", &[]);
        fake.fault("POST", "/", fault.clone(), 1);
        let forge = fake.forge();
        if case["input"]["route"] == "POST comment" {
            forge.comment(IssueNumber::new(1).unwrap(), "hello").unwrap();
            assert_eq!(fake.state().comments.len(), 1);
        } else {
            forge.open_pull(&super::rest::PULL).unwrap();
            assert_eq!(fake.state().pulls.len(), 1);
        }
    }
}
