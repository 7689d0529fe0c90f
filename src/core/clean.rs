//! What may be cleaned up: of the refs, branches, claims, worktrees and records that git-burn made, those that nobody needs.
//!
//! Nothing is done here. Each decision has its reason, and every removal of a ref names the value that it must have, so
//! that what changed in the meantime stays.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::claim::{Claim, is_over};
use super::issue::{Pull, PullState, State};
use super::names::{BurnBranch, CommitId, IssueNumber, RunId, Timestamp};

/// What only this machine knows of.
#[derive(Debug, Clone, Default)]
pub struct Here {
    pub worktrees: Vec<Worktree>,
    /// Temporary folders that processes which are gone left.
    pub folders: Vec<String>,
    /// Folders under `runs/`, in any order.
    pub runs: Vec<RunRecord>,
}

/// What was made for issues, and what is known about these.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// `refs/burn/draft/N`, locally.
    pub drafts: Vec<(IssueNumber, CommitId)>,
    /// Branches on the remote that the template made, all pages of them.
    pub branches: Vec<RemoteBranch>,
    /// `refs/burn/claims/N` on the remote.
    pub claims: Vec<FoundClaim>,
    /// Issues that could be read; a number that is missing is unknown, and what belongs to it stays.
    pub issues: BTreeMap<IssueNumber, State>,
    pub pulls: Vec<Pull>,
}

/// A branch on the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteBranch {
    pub name: BurnBranch,
    pub issue: IssueNumber,
    pub head: CommitId,
}

/// A claim on the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundClaim {
    pub issue: IssueNumber,
    pub commit: CommitId,
    /// `None`: the commit is no claim of git-burn's.
    pub claim: Option<Claim>,
}

/// A throw-away worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worktree {
    pub path: String,
    pub use_: Use,
}

/// Whether a worktree or a run's record is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A living process holds its lock.
    Running,
    /// Nobody does; a worktree whose making was interrupted counts as well.
    Idle,
}

/// A run's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    pub run: RunId,
    pub started: Timestamp,
    pub use_: Use,
    /// Bytes of its exchanges, which go first: they are large.
    pub has_exchanges: bool,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Newest runs whose events stay (`burn.keepLogs`).
    pub logs: usize,
    /// Newest runs whose exchanges with model and forge stay, for `replay` (`burn.keepRuns`).
    pub runs: usize,
}

/// Whether the remote is cleaned as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Local,
    Remote,
}

/// Something made for an issue that may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Removal {
    Draft { issue: IssueNumber, commit: CommitId },
    Branch { name: BurnBranch, issue: IssueNumber, head: CommitId },
    Claim { issue: IssueNumber, commit: CommitId },
}

/// Something that only this machine knows of and that may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Leftover {
    /// An idle worktree, unlocked first.
    Worktree { path: String },
    /// A temporary folder.
    Folder { path: String },
    /// The exchanges of a run; its events stay.
    Exchanges { run: RunId },
    /// The whole folder of a run.
    Run { run: RunId },
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Draft { issue, commit } => write!(f, "draft of #{issue} ({})", commit.short()),
            Self::Branch { name, head, .. } => write!(f, "branch {name} ({})", head.short()),
            Self::Claim { issue, commit } => write!(f, "claim of #{issue} ({})", commit.short()),
        }
    }
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worktree { path } => write!(f, "worktree {path}"),
            Self::Folder { path } => write!(f, "temporary folder {path}"),
            Self::Exchanges { run } => write!(f, "exchanges of run {run}"),
            Self::Run { run } => write!(f, "run {run}"),
        }
    }
}

/// What goes and what stays, each with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CleanPlan<What> {
    pub remove: Vec<(What, String)>,
    /// Only what somebody might have expected to go.
    pub keep: Vec<(String, String)>,
}

/// Decides over what only this machine knows of.
pub fn plan_here(here: &Here, keep: Keep) -> CleanPlan<Leftover> {
    let mut plan = CleanPlan::empty();
    for worktree in &here.worktrees {
        plan.decide(Leftover::Worktree { path: worktree.path.clone() }, worktree_goes(worktree));
    }
    for path in &here.folders {
        plan.decide(Leftover::Folder { path: path.clone() }, Ok("a command that was killed left it".into()));
    }
    plan.runs(&here.runs, keep);
    plan
}

/// Decides over what was made for issues.
pub fn plan(inventory: &Inventory, reach: Reach, now: Timestamp) -> CleanPlan<Removal> {
    let mut plan = CleanPlan::empty();
    for (issue, commit) in &inventory.drafts {
        plan.decide(Removal::Draft { issue: *issue, commit: commit.clone() }, draft(inventory, *issue));
    }
    match reach {
        Reach::Local => {}
        Reach::Remote => {
            for branch in &inventory.branches {
                let RemoteBranch { name, issue, head } = branch.clone();
                plan.decide(Removal::Branch { name, issue, head }, branch_goes(inventory, branch));
            }
            for FoundClaim { issue, commit, claim } in &inventory.claims {
                let goes = claim_goes(inventory, *issue, claim.as_ref(), now);
                plan.decide(Removal::Claim { issue: *issue, commit: commit.clone() }, goes);
            }
        }
    }
    plan
}

/// `Ok`: the reason why it goes; `Err`: the reason why it stays.
type Verdict = Result<String, String>;

impl<What: fmt::Display> CleanPlan<What> {
    fn empty() -> Self {
        Self { remove: Vec::new(), keep: Vec::new() }
    }

    fn decide(&mut self, what: What, verdict: Verdict) {
        match verdict {
            Ok(why) => self.remove.push((what, why)),
            Err(why) => self.keep.push((what.to_string(), why)),
        }
    }
}

impl CleanPlan<Leftover> {
    /// The newest stay, and whatever is running.
    fn runs(&mut self, runs: &[RunRecord], keep: Keep) {
        let mut runs: Vec<&RunRecord> = runs.iter().collect();
        runs.sort_by(|left, right| (right.started, &right.run).cmp(&(left.started, &left.run)));
        for (record, place) in runs.into_iter().zip(1..).filter(|(record, _)| record.use_ != Use::Running) {
            let run = record.run.clone();
            if place > keep.logs {
                self.remove
                    .push((Leftover::Run { run }, format!("older than the newest {} (burn.keepLogs)", keep.logs)));
            } else if place > keep.runs && record.has_exchanges {
                let why = format!("older than the newest {} (burn.keepRuns)", keep.runs);
                self.remove.push((Leftover::Exchanges { run }, why));
            }
        }
    }
}

fn draft(inventory: &Inventory, issue: IssueNumber) -> Verdict {
    match inventory.issues.get(&issue) {
        Some(State::Closed) => Ok("the issue is closed".into()),
        Some(State::Open) => Err("the issue is open: `git burn continue` can go on with it".into()),
        None => Err("the issue could not be read".into()),
    }
}

/// Merged or refused, and nothing was pushed to it that the pull request did not see.
fn branch_goes(inventory: &Inventory, branch: &RemoteBranch) -> Verdict {
    let mut pulls: Vec<&Pull> = inventory.pulls.iter().filter(|pull| pull.head == branch.name.as_str()).collect();
    pulls.sort_by_key(|pull| pull.number);
    if pulls.iter().any(|pull| pull.state == PullState::Open) {
        return Err("its pull request is open".into());
    }
    let Some(last) = pulls.last() else {
        return match inventory.issues.get(&branch.issue) {
            Some(State::Closed) => Ok("it has no pull request and the issue is closed".into()),
            Some(State::Open) => Err("it has no pull request yet".into()),
            None => Err("it has no pull request and the issue could not be read".into()),
        };
    };
    if last.head_commit.as_ref() != Some(&branch.head) {
        return Err(format!("it is not where pull request #{} left it", last.number));
    }
    match last.state {
        PullState::Merged => Ok(format!("pull request #{} is merged", last.number)),
        PullState::Refused => Ok(format!("pull request #{} was closed", last.number)),
        PullState::Open => Err("its pull request is open".into()),
    }
}

fn claim_goes(inventory: &Inventory, issue: IssueNumber, claim: Option<&Claim>, now: Timestamp) -> Verdict {
    let Some(claim) = claim else {
        return Err("it is no claim of git-burn: remove it by hand if it should go".into());
    };
    let closed = inventory.issues.get(&issue) == Some(&State::Closed);
    match is_over(claim, now) {
        true => Ok(format!("it ended at {}", claim.expires)),
        false if closed => Ok("the issue is closed".into()),
        false => Err(format!("held by {claim}")),
    }
}

fn worktree_goes(worktree: &Worktree) -> Verdict {
    match worktree.use_ {
        Use::Running => Err("a run uses it".into()),
        Use::Idle => Ok("no run uses it".into()),
    }
}

#[cfg(test)]
mod tests;
