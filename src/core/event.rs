//! The one stream in which everything is told: to the terminal, to `--json`, to the journal and to the tests.

use serde::Serialize;

use super::act::Receipt;
use super::budget::Cost;
use super::change::LineCounts;
use super::checks::{CheckResult, Stage, Strength};
use super::names::{BurnBranch, CommitId, IssueNumber, RepoPath, RunId, Timestamp, TreeId};
use super::outcome::Outcome;

/// Version of the records, written as `v` into each.
pub const VERSION: u32 = 1;

/// Something that happened. Field names are an interface: they are added to, not changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A run began.
    RunStarted {
        run: RunId,
        command: String,
        dry_run: bool,
        at: Timestamp,
    },
    /// An issue was picked.
    IssueStarted {
        issue: IssueNumber,
        title: String,
        url: String,
        kind: String,
        score: u32,
    },
    /// An issue was looked at and left alone.
    IssueSkipped {
        issue: IssueNumber,
        reason: String,
    },
    /// The review of a pull request was read; each of `points` wants an answer.
    ReviewRead {
        pull: IssueNumber,
        head: CommitId,
        points: Vec<String>,
    },
    /// What the work stands on.
    BaseChosen {
        branch: String,
        commit: CommitId,
    },
    /// The files shown to the model at the start, best first.
    ContextPacked {
        files: Vec<RepoPath>,
        tokens: u64,
    },
    /// A model is being asked; the reservation is on disk.
    Asking {
        turn: u32,
        model: String,
        input_tokens: u64,
        max_output: u64,
        reserved: Option<Cost>,
    },
    /// The answer is arriving; only for people who look on, not kept.
    Answering {
        turn: u32,
        output_tokens: u64,
    },
    /// An answer arrived whole.
    Answered {
        turn: u32,
        model: String,
        input_tokens: u64,
        cached_tokens: u64,
        output_tokens: u64,
        #[serde(rename = "cost_micros")]
        cost: Option<Cost>,
    },
    /// Another model is asked from now on.
    ModelSwitched {
        from: String,
        to: String,
        reason: String,
    },
    /// Look-ups that the model asked for were served from the draft's tree.
    Looked {
        turn: u32,
        looks: Vec<String>,
    },
    /// The reply was no action of the protocol.
    ReplyUnusable {
        turn: u32,
        problem: String,
    },
    /// A patch was placed; `notes` say what was moved or loosened.
    PatchPlaced {
        turn: u32,
        counts: LineCounts,
        notes: Vec<String>,
    },
    /// A patch could not be placed; nothing was changed.
    PatchRefused {
        turn: u32,
        problems: Vec<String>,
    },
    /// The guard let the change pass; `flags` are for the reviewer.
    GuardPassed {
        counts: LineCounts,
        flags: Vec<String>,
    },
    /// The guard said no.
    GuardRefused {
        violations: Vec<String>,
    },
    /// The change became a commit object; no ref points to it yet.
    Committed {
        commit: CommitId,
        tree: TreeId,
    },
    CheckStarted {
        name: String,
        stage: Stage,
    },
    CheckFinished {
        result: CheckResult,
    },
    /// All required checks passed.
    Proven {
        commit: CommitId,
        strength: Strength,
    },
    /// Required checks are red.
    Unproven {
        red: Vec<String>,
    },
    /// An act is about to be done; the journal has it before the world.
    Acting {
        act: String,
    },
    Acted {
        act: String,
        receipt: Receipt,
    },
    /// The world was like that already.
    Kept {
        act: String,
        receipt: Receipt,
    },
    /// What a run without `--dry-run` would do now.
    WouldAct {
        act: String,
    },
    /// Something that is no reason to stop.
    Warning {
        text: String,
    },
    /// The work on an issue ended.
    IssueFinished {
        issue: IssueNumber,
        #[serde(flatten)]
        outcome: Outcome,
        reason: String,
        turns: u32,
        tokens: u64,
        #[serde(rename = "cost_micros")]
        cost: Option<Cost>,
        seconds: f64,
    },
    /// Published branch and address, for those who only wait for that.
    Result {
        issue: IssueNumber,
        branch: BurnBranch,
        url: Option<String>,
    },
    /// A recorded run was played again; `difference` says where it first came out otherwise.
    Replayed {
        run: RunId,
        same: bool,
        commits: Vec<CommitId>,
        difference: Option<String>,
    },
    /// The run ended with this exit status.
    RunFinished {
        run: RunId,
        exit: u8,
        at: Timestamp,
    },
    /// Something that happened in the work on one issue of a sprint. Its record is that of the inner event, with the
    /// issue's number.
    On {
        issue: IssueNumber,
        inner: Box<Event>,
    },
}

impl Event {
    /// Whether the event is only of interest while it happens.
    pub fn is_fleeting(&self) -> bool {
        if let Self::On { inner, .. } = self {
            return inner.is_fleeting();
        }
        matches!(self, Self::Answering { .. })
    }

    /// The event as one JSON object with its version first.
    pub fn record(&self) -> serde_json::Value {
        if let Self::On { issue, inner } = self {
            let mut record = inner.record();
            record["issue"] = issue.get().into();
            return record;
        }
        let mut record = serde_json::Map::new();
        record.insert("v".into(), VERSION.into());
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(fields)) => record.extend(fields),
            Ok(other) => drop(record.insert("event".into(), other)),
            Err(problem) => drop(record.insert("unwritable".into(), problem.to_string().into())),
        }
        serde_json::Value::Object(record)
    }
}

/// Where events go. The only trait of the program: a terminal, a stream of JSON lines, the journal, a `Vec` in tests.
pub trait Sink {
    /// Takes note of one event. An error ends the run: what cannot be recorded must not happen.
    fn emit(&mut self, event: &Event) -> anyhow::Result<()>;
}

impl Sink for Vec<Event> {
    fn emit(&mut self, event: &Event) -> anyhow::Result<()> {
        self.push(event.clone());
        Ok(())
    }
}

/// Several sinks as one; the journal first, so that nothing is shown that is not recorded.
pub struct Tee<'a>(pub Vec<&'a mut dyn Sink>);

impl Sink for Tee<'_> {
    fn emit(&mut self, event: &Event) -> anyhow::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.emit(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_carry_their_version_and_outcomes_are_flat() {
        let event = Event::IssueFinished {
            issue: IssueNumber::new(3).expect("a number"),
            outcome: Outcome::NotReady { why: "closed".into() },
            reason: "not ready: closed".into(),
            turns: 0,
            tokens: 0,
            cost: None,
            seconds: 0.5,
        };
        assert_eq!(
            event.record().to_string(),
            r#"{"v":1,"event":"issue_finished","issue":3,"outcome":"not_ready","why":"closed","reason":"not ready: closed","turns":0,"tokens":0,"cost_micros":null,"seconds":0.5}"#
        );
        let inner = Box::new(Event::Warning { text: "hm".into() });
        let event = Event::On { issue: IssueNumber::new(3).expect("a number"), inner };
        assert_eq!(event.record().to_string(), r#"{"v":1,"event":"warning","text":"hm","issue":3}"#);
    }
}
