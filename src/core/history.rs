//! What the records of runs tell: a fold over the events of one run, and the lines that people and programs get of it.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::budget::Cost;
use super::names::{IssueNumber, RunId, Timestamp};

/// One run, as its record has it. A record of a later version, or a torn one, tells less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Story {
    pub run: RunId,
    pub command: String,
    pub started: Option<Timestamp>,
    /// `None`: it goes on, or it was killed.
    pub exit: Option<u8>,
    pub issues: Vec<Chapter>,
    /// The issue that was begun and did not end.
    pub unfinished: Option<IssueNumber>,
}

/// How the work on one issue ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chapter {
    pub issue: IssueNumber,
    pub title: String,
    /// The word of the outcome: `published`, `checks_red`, ...
    pub outcome: String,
    pub reason: String,
    pub url: Option<String>,
    pub tokens: u64,
    pub cost: Cost,
    pub seconds: u64,
}

impl Chapter {
    /// The exit status that the outcome has alone; 128 for a word of a later version.
    pub fn exit_code(&self) -> u8 {
        match self.outcome.as_str() {
            "published" | "kept_local" | "already_fixed" | "fix_holds" => 0,
            "refused" | "checks_red" | "no_patch" | "not_ready" => 1,
            "needs_clarification" | "held" | "changed" | "checkout_changed" => 5,
            "out_of_budget" => 6,
            "taken" => 7,
            "interrupted" => 130,
            _ => 128,
        }
    }
}

impl Story {
    /// Folds the lines of a run's `events.jsonl`. Lines that are no events are passed over.
    pub fn fold<'l>(run: RunId, lines: impl IntoIterator<Item = &'l str>) -> Self {
        let mut story =
            Self { run, command: String::new(), started: None, exit: None, issues: Vec::new(), unfinished: None };
        let mut title = String::new();
        let mut url = None;
        for event in lines.into_iter().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let text = |field: &str| event[field].as_str().map(str::to_owned);
            let issue = event["issue"].as_u64().and_then(IssueNumber::new);
            match event["event"].as_str().unwrap_or_default() {
                "run_started" => {
                    story.command = text("command").unwrap_or_default();
                    story.started = text("at").and_then(|at| Timestamp::parse(&at));
                    story.exit = None;
                }
                "issue_started" => {
                    story.unfinished = issue;
                    title = text("title").unwrap_or_default();
                    url = None;
                }
                "result" => url = text("url"),
                "issue_finished" => {
                    story.unfinished = None;
                    story.issues.extend(issue.map(|issue| chapter(&event, issue, &title, url.take())));
                }
                "run_finished" => story.exit = event["exit"].as_u64().and_then(|exit| u8::try_from(exit).ok()),
                _ => {}
            }
        }
        story
    }

    /// The seed's `results.csv`: seconds since 1970, repository, issue, exit status.
    pub fn csv(&self, repository: &str) -> String {
        let at = self.started.map_or(0, Timestamp::seconds);
        let repository: String = repository.chars().filter(|c| *c != '|' && !c.is_control()).collect();
        self.issues.iter().map(|one| format!("{at}|{repository}|#{}|{}\n", one.issue, one.exit_code())).collect()
    }
}

fn chapter(event: &Value, issue: IssueNumber, title: &str, url: Option<String>) -> Chapter {
    let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
    let seconds = event["seconds"].as_f64().unwrap_or(0.0).max(0.0);
    Chapter {
        issue,
        title: title.to_owned(),
        outcome: text("outcome"),
        reason: text("reason"),
        url,
        tokens: event["tokens"].as_u64().unwrap_or(0),
        cost: Cost::from_micros(event["cost_micros"].as_u64().unwrap_or(0)),
        seconds: seconds as u64,
    }
}

/// How the last issues went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Record {
    pub passed: usize,
    pub failed: usize,
}

impl Record {
    /// Over all issues of these runs; what was left alone or taken by others is neither.
    pub fn of<'s>(stories: impl IntoIterator<Item = &'s Story>) -> Self {
        let mut record = Self::default();
        for chapter in stories.into_iter().flat_map(|story| &story.issues) {
            match (chapter.exit_code(), chapter.outcome.as_str()) {
                (0, _) => record.passed += 1,
                (7, _) | (_, "not_ready") => {}
                _ => record.failed += 1,
            }
        }
        record
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::core::outcome::Outcome;

    const LINES: &str = r#"{"v":1,"event":"run_started","run":"r1","command":"sprint","dry_run":false,"at":"2026-11-25T00:00:01Z"}
{"v":1,"event":"issue_started","issue":3,"title":"Crash","url":"","kind":"bug","score":6}
{"v":1,"event":"result","issue":3,"branch":"agent/ticket-3","url":"https://f/p/9"}
{"v":1,"event":"issue_finished","issue":3,"outcome":"published","reason":"published: x","turns":1,"tokens":70,"cost_micros":25,"seconds":2.6}
{"v":1,"event":"issue_started","issue":4,"title":"Hang","url":"","kind":"bug","score":6}
{"v":1,"event":"issue_finished","issue":4,"outcome":"checks_red","checks":["t"],"reason":"checks stayed red: t","turns":1,"tokens":1,"cost_micros":null,"seconds":1.0}
{"v":1,"event":"issue_started","issue":5,"title":"Leak","url":"","kind":"bug","score":6}
{"v":1,"event":"from the future"}
{"v":1,"event":"issue_fini"#;

    /// The words of the records and the outcomes themselves agree.
    #[test]
    fn every_outcome_has_its_exit_status() {
        for outcome in Outcome::examples() {
            let word = serde_json::to_value(&outcome).unwrap()["outcome"].as_str().unwrap().to_owned();
            let record = json!({ "outcome": word });
            let chapter = chapter(&record, IssueNumber::new(1).unwrap(), "", None);
            assert_eq!(chapter.exit_code(), outcome.exit_code(), "{word}");
        }
    }

    #[test]
    fn a_killed_run_tells_what_it_did_and_where_it_was() {
        let story = Story::fold(RunId::parse("r1").unwrap(), LINES.lines());
        assert_eq!((story.command.as_str(), story.exit), ("sprint", None));
        assert_eq!(story.unfinished.map(IssueNumber::get), Some(5));
        let told: Vec<_> = story.issues.iter().map(|one| (one.issue.get(), one.exit_code(), one.seconds)).collect();
        assert_eq!(told, [(3, 0, 2), (4, 1, 1)]);
        assert_eq!(story.issues[0].url.as_deref(), Some("https://f/p/9"));
        assert_eq!(story.csv("acme/demo"), "1795564801|acme/demo|#3|0\n1795564801|acme/demo|#4|1\n");
        assert_eq!(Record::of([&story]).to_string(), "1 passed, 1 failed");
    }
}
