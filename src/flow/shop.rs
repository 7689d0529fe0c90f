//! What every flow works with: the edges, the settings, the one stream of events, and how a flow stops.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::claims::{Claimant, Holding};
use crate::core::act::Ripeness;
use crate::core::budget::Limits;
use crate::core::checks::Check;
use crate::core::closing::Closing;
use crate::core::event::{Event, Sink};
use crate::core::guard::Policy;
use crate::core::names::{CommitId, IssueNumber, RunId, Secret, Timestamp};
use crate::core::outcome::Outcome;
use crate::core::report::Templates;
use crate::core::report::pull::SubjectStyle;
use crate::core::triage::Rules;
use crate::edge::forge::Forge;
use crate::edge::git::Credential;
use crate::edge::journal::LedgerFile;
use crate::edge::model::Lineup;
use crate::edge::rank_index::Index;
use crate::edge::repo::{Base, Draft, Remote, Repo};
use crate::edge::sandbox::{Sandbox, SandboxOptions};
use crate::edge::tape::Tape;
use crate::edge::verify::Bench;

/// The edges and settings of one run.
pub struct Shop<'a> {
    pub forge: &'a Forge,
    pub repo: &'a Repo,
    /// Where branches are pushed to; `None`: the clone has no remote, nothing can be published.
    pub remote: Option<&'a Remote>,
    /// For pushes over HTTP, bound to the remote's host.
    pub push_credential: Option<&'a Credential>,
    pub base: &'a Base,
    /// `None`: this run asks no model.
    pub models: Option<&'a Lineup>,
    pub index: &'a Index,
    /// Where what is read of the world is written down, or played from.
    pub tape: &'a Tape,
    /// Who takes claims on the remote; `None` without a remote.
    pub claimant: Option<Claimant<'a>>,
    pub progress: &'a mut Progress,
    pub ledger: &'a LedgerFile,
    pub workshop: &'a Workshop,
    pub sink: &'a mut dyn Sink,
    pub settings: &'a Settings,
    /// How the repository words its commit subjects.
    pub subject_style: SubjectStyle,
    /// The run's own credentials, which may not turn up in a change.
    pub secrets: &'a [Secret],
    /// A word that authors of issues cannot know; fences their texts in prompts.
    pub nonce: String,
    pub mode: Mode,
    pub run: RunId,
    pub clock: Clock,
    /// Set by a signal: the work ends in order at the next step.
    pub stop: &'a AtomicBool,
}

/// What a run has come to, on whatever base it works.
#[derive(Debug, Default)]
pub struct Progress {
    pub holding: Holding,
    /// Calls of models so far, for the ledger.
    pub calls: u32,
    /// Remarks on the worktree of the checks that were told.
    pub remarks: BTreeSet<String>,
    /// When the work on the issue began, on the run's clock.
    pub began: Duration,
}

/// Where checks run, made when the first one has to.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// Folder of the warm worktrees, outside the repository.
    pub cache: PathBuf,
    pub sandbox: SandboxOptions,
}

impl Workshop {
    /// A worktree for that base and what is made of it.
    ///
    /// # Errors
    /// It cannot be made, or code cannot be confined as the settings demand.
    pub fn open(&self, repo: &Repo, base: &CommitId) -> anyhow::Result<Bench> {
        Bench::open(repo, self.cache.clone(), Sandbox::new(self.sandbox.clone())?, base)
    }
}

/// Whether the world is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Real,
    /// Reads, thinks, checks, and tells what it would do.
    DryRun,
}

/// Time, as functions so that core and flow never ask the system for it.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub now: fn() -> Timestamp,
    /// Since the program began.
    pub elapsed: fn() -> Duration,
}

/// What the work on one issue needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    pub labels: Labels,
    pub rules: Rules,
    /// Template of `burn.branch`.
    pub branch: String,
    pub checks: Vec<Check>,
    /// As the base commit and the user have it.
    pub policy: Policy,
    pub limits: Limits,
    pub templates: Templates,
    /// Logins that reviews are asked of in turn.
    pub reviewers: Vec<String>,
    /// Who is asked when there is no pool; from the forge if unset.
    pub owner: Option<String>,
    /// How pull requests are opened when the proof is red-to-green; others are always drafts.
    pub ripeness: Ripeness,
    pub publishing: Publishing,
    /// Whether issues are closed once their change is merged.
    pub closing: Closing,
    /// Estimated tokens of the excerpts and the map in the opening message.
    pub context_tokens: u64,
}

/// Whether what is proven leaves this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publishing {
    Push,
    /// `--no-push`: the commit is kept as a draft.
    Keep,
}

/// The labels that git-burn moves (`burn.label.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    pub ready: String,
    pub review: String,
    pub clarify: String,
    pub blocked: String,
    pub reopened: String,
}

/// Why a flow does not go on: an expected ending, or something broke.
#[derive(Debug)]
pub enum Stop {
    Ended(Outcome),
    Broke(anyhow::Error),
}

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::Ended(outcome)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Broke(error)
    }
}

impl Stop {
    /// For acts that no run can hold: whatever stops them is a failure.
    pub fn into_error(self) -> anyhow::Error {
        match self {
            Self::Ended(outcome) => Stopped(outcome).into(),
            Self::Broke(error) => error,
        }
    }
}

/// An ending of what has none of its own to give, on its way to whoever knows the exit status.
#[derive(Debug)]
pub struct Stopped(pub Outcome);

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.sentence())
    }
}

impl std::error::Error for Stopped {}

impl Shop<'_> {
    /// The same shop on another base.
    pub fn on<'b>(&'b mut self, base: &'b Base) -> Shop<'b> {
        Shop {
            base,
            sink: &mut *self.sink,
            progress: &mut *self.progress,
            nonce: self.nonce.clone(),
            run: self.run.clone(),
            ..*self
        }
    }

    /// A commit as the base of work for the same branch.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn base_at(&self, commit: CommitId) -> anyhow::Result<Base> {
        Ok(Base { tree: self.repo.tree_of(&commit)?, commit, branch: self.base.branch.clone() })
    }

    /// The tip of a branch of the remote, brought into the object database; `None`: there is no such branch, or no
    /// remote.
    ///
    /// # Errors
    /// The remote does not answer.
    pub(super) fn remote_tip(&self, branch: &str) -> anyhow::Result<Option<CommitId>> {
        self.tape.read(&format!("tip of {branch}"), || match self.remote {
            Some(remote) => self.repo.fetch_branch(remote, self.push_credential, branch),
            None => Ok(None),
        })
    }

    /// The issue's draft.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn draft(&self, issue: IssueNumber) -> anyhow::Result<Option<Draft>> {
        self.tape.read(&format!("draft {issue}"), || self.repo.draft(issue))
    }

    /// Tells everybody.
    pub fn emit(&mut self, event: Event) -> anyhow::Result<()> {
        self.sink.emit(&event)
    }

    /// Tells everybody about something that is no reason to stop.
    pub fn warn(&mut self, text: impl Into<String>) -> anyhow::Result<()> {
        self.emit(Event::Warning { text: text.into() })
    }

    /// The time by the user's clock.
    pub fn now(&self) -> Timestamp {
        (self.clock.now)()
    }

    /// The time of an issue begins to run.
    pub(super) fn begin(&mut self) {
        self.progress.began = (self.clock.elapsed)();
    }

    /// What the work on the issue took so far.
    pub(super) fn time_used(&self) -> Duration {
        (self.clock.elapsed)().saturating_sub(self.progress.began)
    }

    /// What is left of the issue's time: no call of a model and no check takes longer.
    pub(super) fn time_left(&self) -> Duration {
        self.settings.limits.time.saturating_sub(self.time_used())
    }

    /// Ends the flow in order if somebody wants it to end.
    pub fn heed_signals(&self) -> Result<(), Stop> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(Outcome::Interrupted.into()),
            false => Ok(()),
        }
    }
}
