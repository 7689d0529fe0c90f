//! Many issues, one after the other or side by side: picked in order, each on its own, until nothing is left or a limit says
//! stop. One failure never stops the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;

use super::shop::Clock;
use crate::core::claim::candidate;
use crate::core::event::{Event, Sink};
use crate::core::names::{IssueNumber, RunId};
use crate::core::outcome::Outcome;
use crate::core::sprint::{Burned, Ended, Limits, Share, SprintResult, Stop, Tally};
use crate::edge::workers::{Turn, drive};

/// An issue that may be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub issue: IssueNumber,
    pub title: String,
}

/// How a sprint is run.
#[derive(Clone, Copy)]
pub struct Sprint<'a> {
    pub limits: &'a Limits,
    /// What one issue may spend in any case.
    pub each: Share,
    /// Issues that are worked on at once, each in a worktree of its own.
    pub jobs: usize,
    /// Scatters the tries of many machines.
    pub run: &'a RunId,
    pub clock: Clock,
    /// Set by a signal: no further issue is begun.
    pub stop: &'a AtomicBool,
}

/// What a sprint works with.
pub struct Team<'a> {
    /// Lists what is ready now, best first. Asked at the beginning, and again when everything listed was tried.
    pub list: &'a mut dyn FnMut() -> Result<Vec<Candidate>>,
    /// Works on one issue within its share, in whatever thread; never fails, but tells how it ended.
    pub work: &'a (dyn Fn((Candidate, Share)) -> Burned + Sync),
    /// Is told about each issue that ended.
    pub told: &'a mut dyn FnMut(&Burned),
}

/// Runs a sprint.
///
/// # Errors
/// The first listing failed; later ones only end the sprint.
pub fn sprint(plan: Sprint<'_>, team: Team<'_>) -> Result<SprintResult> {
    let Team { list, work, told } = team;
    let queue = list()?;
    let started = (plan.clock.elapsed)();
    let mut state = State {
        plan,
        started,
        total: queue.len(),
        tried: queue.iter().map(|candidate| candidate.issue).collect(),
        queue,
        tally: Tally::default(),
        losses: 0,
        running: BTreeMap::new(),
        used_up: None,
        ended: None,
    };
    drive(
        plan.jobs,
        &mut |turn| match turn {
            Turn::Free { busy } => state.next(busy, list),
            Turn::Done(burned) => {
                told(&burned);
                state.note(burned);
                None
            }
        },
        work,
    );
    let elapsed = state.elapsed();
    Ok(state.tally.result(state.ended.unwrap_or(Stop::NothingLeft), state.total, elapsed))
}

struct State<'a> {
    plan: Sprint<'a>,
    started: Duration,
    /// Ready issues that were ever listed.
    total: usize,
    tried: BTreeSet<IssueNumber>,
    queue: Vec<Candidate>,
    tally: Tally,
    /// Lost races since the last issue that was ours.
    losses: u32,
    /// What those may spend that are worked on.
    running: BTreeMap<IssueNumber, Share>,
    /// An issue ended because nothing was left of what the sprint may spend.
    used_up: Option<Stop>,
    ended: Option<Stop>,
}

impl State<'_> {
    fn elapsed(&self) -> Duration {
        (self.plan.clock.elapsed)().saturating_sub(self.started)
    }

    /// The next issue, unless something says stop.
    fn next(&mut self, busy: usize, list: &mut dyn FnMut() -> Result<Vec<Candidate>>) -> Option<(Candidate, Share)> {
        let running = u32::try_from(busy).unwrap_or(u32::MAX);
        let interrupted = self.plan.stop.load(Ordering::Relaxed).then_some(Stop::Interrupted);
        let stop = interrupted
            .or_else(|| self.used_up.clone())
            .or_else(|| self.tally.stop(self.plan.limits, running, self.elapsed()));
        if let Some(stop) = stop {
            // A limit that only running issues reach may turn out not to be reached.
            self.ended = Some(stop);
            return None;
        }
        self.ended = None;
        if self.queue.is_empty() && busy == 0 && !self.tally.burned.is_empty() {
            self.refill(list);
        }
        if self.queue.is_empty() {
            return None;
        }
        let free = self.plan.jobs.saturating_sub(busy);
        // Where nothing is left, the running ones may yet leave something.
        let share = self.tally.share(self.plan.limits, self.running.values(), free)?.and(self.plan.each);
        let place = candidate(self.plan.run, self.losses, self.queue.len());
        let next = self.queue.remove(place);
        self.running.insert(next.issue, share);
        Some((next, share))
    }

    /// The sprint's limit that a share came from; `None`: the issue had all that one may have in any case.
    fn limit_behind(&self, share: Share) -> Option<Stop> {
        let Share { tokens, cost } = self.plan.each;
        let by_cost = self.plan.limits.cost.filter(|_| share.cost != cost).map(|limit| Stop::Cost { limit });
        let by_tokens = self.plan.limits.tokens.filter(|_| share.tokens != tokens).map(|limit| Stop::Tokens { limit });
        by_cost.or(by_tokens)
    }

    /// What became ready meanwhile. A listing that fails is as good as an empty one: the sprint has done its work.
    fn refill(&mut self, list: &mut dyn FnMut() -> Result<Vec<Candidate>>) {
        let fresh = list().unwrap_or_default();
        self.queue = fresh.into_iter().filter(|candidate| self.tried.insert(candidate.issue)).collect();
        self.total += self.queue.len();
    }

    fn note(&mut self, burned: Burned) {
        let share = self.running.remove(&burned.issue).unwrap_or_default();
        if matches!(burned.ended, Ended::Outcome(Outcome::OutOfBudget { .. })) {
            self.used_up = self.used_up.take().or_else(|| self.limit_behind(share));
        }
        match burned.ended {
            Ended::Outcome(Outcome::Taken { .. }) => {
                self.losses = self.losses.saturating_add(1);
                // Somebody else's work is not ours to complete.
                self.total = self.total.saturating_sub(1);
            }
            Ended::Outcome(_) | Ended::Broken { .. } => self.losses = 0,
        }
        self.tally.burned.push(burned);
    }
}

/// Listens to the events of one issue's work and passes them on; afterwards it knows what a sprint wants to know.
pub struct Listener<'a> {
    pub sink: &'a mut dyn Sink,
    burned: Burned,
}

impl<'a> Listener<'a> {
    /// Listens for one issue.
    pub fn new(candidate: Candidate, sink: &'a mut dyn Sink) -> Self {
        let Candidate { issue, title } = candidate;
        let ended = Ended::Broken { broken: "it never ended".into(), exit: 128 };
        let cost = crate::core::budget::Cost::default();
        Self { sink, burned: Burned { issue, title, ended, tokens: 0, cost, seconds: 0, setbacks: 0 } }
    }

    /// What was heard, with how the work ended.
    pub fn finish(self, ended: Ended) -> Burned {
        Burned { ended, ..self.burned }
    }
}

impl Sink for Listener<'_> {
    fn emit(&mut self, event: &Event) -> Result<()> {
        if matches!(event, Event::PatchRefused { .. } | Event::GuardRefused { .. } | Event::Unproven { .. }) {
            self.burned.setbacks += 1;
        }
        // An issue that breaks never finishes; what it cost counts all the same.
        if let Event::Answered { input_tokens, output_tokens, cost, .. } = event {
            self.burned.tokens += input_tokens + output_tokens;
            self.burned.cost += cost.unwrap_or_default();
        }
        if let Event::IssueFinished { tokens, cost, seconds, .. } = event {
            self.burned.tokens = *tokens;
            self.burned.cost = cost.unwrap_or_default();
            self.burned.seconds = seconds.round() as u64;
        }
        self.sink.emit(event)
    }
}
