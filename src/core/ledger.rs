//! The cost ledger as a value: lines that reserve and settle money, and their sums by run, day and issue.
//!
//! A line is written and synced before the call that it pays for, another one when the bill is known. A reservation
//! that was never settled (a crash, a lost connection) counts in full, so that no sum is ever below the bill.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::budget::{Cost, Reservation, Usage};
use super::names::{IssueNumber, RunId, Timestamp};

/// One line of `ledger.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// Before a call.
    Reserved {
        run: RunId,
        /// Counts the calls of the run.
        call: u32,
        issue: IssueNumber,
        model: String,
        at: Timestamp,
        #[serde(flatten)]
        reservation: Reservation,
    },
    /// The provider said what was used.
    Settled {
        run: RunId,
        call: u32,
        #[serde(flatten)]
        usage: Usage,
        cost: Cost,
    },
    /// The call was never made or surely not billed: refused, unreachable.
    Cancelled { run: RunId, call: u32 },
}

/// A line as it is read: fields of all entries.
#[derive(Deserialize)]
struct Line {
    entry: String,
    run: String,
    call: u32,
    issue: Option<u64>,
    model: Option<String>,
    at: Option<String>,
    prompt: Option<u64>,
    #[serde(flatten)]
    usage: LooseUsage,
    cost: Option<Cost>,
}

#[derive(Deserialize)]
struct LooseUsage {
    #[serde(default)]
    input: u64,
    #[serde(default)]
    cached: u64,
    #[serde(default)]
    cache_written: u64,
    #[serde(default)]
    output: u64,
}

impl Entry {
    /// One line of JSON with its version, without the line end.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::json!({ "v": 1 });
        if let (Some(line), Ok(serde_json::Value::Object(fields))) = (line.as_object_mut(), serde_json::to_value(self))
        {
            line.extend(fields);
        }
        line.to_string()
    }

    /// `None` for a line that is torn or of a later version.
    pub fn parse(line: &str) -> Option<Self> {
        let Line { entry, run, call, issue, model, at, prompt, usage, cost } = serde_json::from_str(line).ok()?;
        let run = RunId::parse(&run)?;
        match entry.as_str() {
            "reserved" => Some(Self::Reserved {
                run,
                call,
                issue: IssueNumber::new(issue?)?,
                model: model?,
                at: Timestamp::parse(&at?)?,
                reservation: Reservation { prompt: prompt?, output: usage.output, cost: cost? },
            }),
            "settled" => {
                let LooseUsage { input, cached, cache_written, output } = usage;
                let usage = Usage { input, cached, cache_written, output };
                Some(Self::Settled { run, call, usage, cost: cost? })
            }
            "cancelled" => Some(Self::Cancelled { run, call }),
            _ => None,
        }
    }
}

/// All calls that the ledger knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    calls: BTreeMap<(RunId, u32), Call>,
    /// Lines that could not be read: torn by a crash, or of a later version.
    pub unreadable: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    at: Timestamp,
    reservation: Reservation,
    /// `None`: still open.
    bill: Option<(Usage, Cost)>,
}

/// Which calls are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    All,
    /// The UTC day of this moment.
    Day(Timestamp),
}

/// What some calls cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    pub calls: u32,
    /// Of these, calls whose end nobody saw, counted at their reservation.
    pub open: u32,
    pub tokens: u64,
    pub cost: Cost,
}

impl Ledger {
    /// Reads lines in the order in which they were written. A bill without a reservation is as unreadable as no JSON.
    pub fn fold<'l>(lines: impl IntoIterator<Item = &'l str>) -> Self {
        let mut ledger = Self::default();
        for line in lines.into_iter().filter(|line| !line.trim().is_empty()) {
            let known = Entry::parse(line).and_then(|entry| ledger.book(entry));
            ledger.unreadable += usize::from(known.is_none());
        }
        ledger
    }

    fn book(&mut self, entry: Entry) -> Option<()> {
        match entry {
            Entry::Reserved { run, call, issue: _, model: _, at, reservation } => {
                self.calls.insert((run, call), Call { at, reservation, bill: None });
            }
            Entry::Settled { run, call, usage, cost } => {
                self.calls.get_mut(&(run, call))?.bill = Some((usage, cost));
            }
            Entry::Cancelled { run, call } => {
                self.calls.remove(&(run, call))?;
            }
        }
        Some(())
    }

    /// Adds up the calls of a scope.
    pub fn sum(&self, scope: Scope) -> Sum {
        let of_scope = self.calls.iter().filter(|(_, call)| match scope {
            Scope::All => true,
            Scope::Day(wanted) => call.at.day() == wanted.day(),
        });
        of_scope.fold(Sum::default(), |sum, (_, call)| sum.with(call))
    }
}

impl Sum {
    fn with(self, call: &Call) -> Self {
        let Reservation { prompt, output, cost } = call.reservation;
        let (tokens, cost) = match &call.bill {
            Some((usage, cost)) => (usage.total(), *cost),
            None => (prompt.saturating_add(output), cost),
        };
        Self {
            calls: self.calls + 1,
            open: self.open + u32::from(call.bill.is_none()),
            tokens: self.tokens.saturating_add(tokens),
            cost: self.cost + cost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str) -> RunId {
        RunId::parse(id).unwrap()
    }

    fn reserved(id: &str, call: u32, issue: u64, day: i64) -> Entry {
        Entry::Reserved {
            run: run(id),
            call,
            issue: IssueNumber::new(issue).unwrap(),
            model: "anthropic/x".into(),
            at: Timestamp::from_seconds(day * 86_400 + 86_399),
            reservation: Reservation { prompt: 100, output: 50, cost: Cost::from_micros(1000) },
        }
    }

    fn settled(id: &str, call: u32) -> Entry {
        let usage = Usage { input: 60, cached: 30, cache_written: 0, output: 10 };
        Entry::Settled { run: run(id), call, usage, cost: Cost::from_micros(300) }
    }

    #[test]
    fn lines_survive_and_are_an_interface() {
        for entry in [reserved("r1", 1, 42, 0), settled("r1", 1), Entry::Cancelled { run: run("r1"), call: 1 }] {
            assert_eq!(Entry::parse(&entry.to_line()), Some(entry));
        }
        expect_test::expect![[r#"{"v":1,"entry":"reserved","run":"r1","call":1,"issue":42,"model":"anthropic/x","at":"1970-01-01T23:59:59Z","prompt":100,"output":50,"cost":1000}"#]]
            .assert_eq(&reserved("r1", 1, 42, 0).to_line());
    }

    #[test]
    fn open_reservations_count_in_full_and_torn_lines_lose_nothing_else() {
        let entries = [
            reserved("r1", 1, 42, 0),
            settled("r1", 1),
            reserved("r2", 1, 42, 0), // another process, at the same time
            reserved("r1", 2, 42, 1),
            reserved("r1", 3, 7, 1),
            Entry::Cancelled { run: run("r1"), call: 3 },
        ];
        let mut text: String = entries.iter().map(|entry| entry.to_line() + "\n").collect();
        text.push_str(r#"{"v":1,"entry":"settled","run":"r1","call":2,"inp"#);
        let ledger = Ledger::fold(text.lines());
        assert_eq!(ledger.unreadable, 1);
        let cost = |scope: Scope| ledger.sum(scope).cost.micros();
        assert_eq!(cost(Scope::All), 2300);
        assert_eq!(cost(Scope::Day(Timestamp::from_seconds(5))), 1300);
        assert_eq!(ledger.sum(Scope::All), Sum { calls: 3, open: 2, tokens: 400, cost: Cost::from_micros(2300) });
    }
}
