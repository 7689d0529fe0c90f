//! What a run works with, as it stands in its record, and the record read again.

use std::path::Path;

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::Kept;
use crate::core::names::{CommitId, Timestamp};
use crate::core::task::{COMMIT, RUN, TASK, Task};
use crate::edge::forge::Kind;
use crate::edge::journal::read_lines;
use crate::edge::repo::{Base, Making};

/// The first line of the record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    /// Version of git-burn.
    pub program: String,
    /// The word that fenced strangers' texts.
    pub nonce: String,
    pub base: Base,
    pub forge: Kind,
    pub own_logins: Vec<String>,
    pub min_score: Option<u8>,
    pub draft: bool,
    pub no_push: bool,
    pub config: Vec<Kept>,
}

/// A recorded run.
#[derive(Debug)]
pub struct Record {
    pub header: Header,
    pub tasks: Vec<Task>,
    /// Its commits in order.
    pub makings: Vec<Making>,
    /// How each issue ended, in a word, and with which commit, where one was made.
    pub endings: Vec<Ending>,
    pub started: Timestamp,
    /// All lines of `exchanges.jsonl`.
    pub lines: Vec<String>,
}

/// How the work on an issue ended, as far as two runs can be compared: a replay has no address to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    pub outcome: String,
    pub commit: Option<CommitId>,
}

impl Ending {
    /// Out of a record of `issue_finished`.
    pub fn of(event: &Value) -> Option<Self> {
        if event["event"] != "issue_finished" {
            return None;
        }
        let commit = event["commit"].as_str().and_then(CommitId::parse);
        Some(Self { outcome: event["outcome"].as_str()?.to_owned(), commit })
    }
}

impl Record {
    /// Reads the folder of a run.
    ///
    /// # Errors
    /// It was not recorded, or by a version that wrote less down.
    pub fn read(dir: &Path) -> anyhow::Result<Self> {
        let lines = read_lines(&dir.join("exchanges.jsonl"))?.lines;
        let notes: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let header = of_kind(&notes, RUN).into_iter().next();
        let old = "the run was not recorded, or by an older version, or its record was cleaned away";
        let events = read_lines(&dir.join("events.jsonl"))?.lines;
        let events: Vec<Value> = events.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let started = events.first().and_then(|event| Timestamp::parse(event["at"].as_str()?));
        Ok(Self {
            header: header.context(old)?,
            tasks: of_kind(&notes, TASK),
            makings: of_kind(&notes, COMMIT),
            endings: events.iter().filter_map(Ending::of).collect(),
            started: started.context("the run's events do not say when it began")?,
            lines,
        })
    }
}

/// The notes of one kind, in order.
fn of_kind<T: DeserializeOwned>(lines: &[Value], kind: &str) -> Vec<T> {
    let notes = lines.iter().filter(|line| line["kind"] == kind);
    notes.filter_map(|line| serde_json::from_value(line["note"].clone()).ok()).collect()
}
