//! Runs the checks of a commit in a throw-away worktree and ends everything they started.
//!
//! The commit exists before the checks run and is what is published; the folder after the checks is never looked at.

mod checkout;
mod execute;
mod output;
mod submodules;
mod tamper;
mod worktree;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

pub use worktree::{SlotOnDisk, SlotState, cache_dir, remove_slot, slots, worktrees_dir};

use self::execute::{Execution, execute};
use self::submodules::{Filled, Job};
use self::tamper::{Seal, Watch};
use self::worktree::{Slot, Untracked};
use super::repo::Repo;
use super::sandbox::{Grounds, Sandbox, write_git_config};
use crate::core::checkout::{Checkout, Touched, judge};
use crate::core::checks::{Check, CheckResult, Ended, Stage};
use crate::core::names::CommitId;
use crate::core::submodules::EmptySubmodule;

/// A worktree at one commit at a time, in which checks can be run.
#[derive(Debug)]
pub struct Bench {
    repo: Repo,
    /// The repository's `.git`, without links in its path.
    common_dir: PathBuf,
    cache: PathBuf,
    sandbox: Sandbox,
    slot: Slot,
    at: Option<CommitId>,
    /// Its `.gitmodules` counts, whatever commit is checked.
    base: CommitId,
    submodules: Filled,
    /// When files were last written, in whole seconds since 1970.
    filled: u64,
    touched: Touched,
}

/// A check that took longer is not run again to find out what it does to the checkout: people change much in that time.
const SHORT: Duration = Duration::from_secs(30);

/// The checkout is watched without the check for at least so long: editors that save by themselves do it every second.
const QUIET: Duration = Duration::from_secs(2);

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Waits; `false`: `stop` was set.
fn rest(time: Duration, stop: &AtomicBool) -> bool {
    let end = Instant::now() + time;
    while Instant::now() < end && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
    }
    !stop.load(Ordering::Relaxed)
}

impl Bench {
    /// Takes a worktree from the cache folder (see [`cache_dir`]), or makes one, and tries the sandbox in it. Names of
    /// submodules are those of the base.
    ///
    /// # Errors
    /// There is no worktree to be had, or the sandbox is required and does not work here.
    pub fn open(repo: &Repo, cache: PathBuf, sandbox: Sandbox, base: &CommitId) -> Result<Self> {
        let slot = Slot::take(repo, &cache, base)?;
        slot.empty_tmp()?;
        let common_dir = repo.common_dir().canonicalize().context("the repository is gone")?;
        let (base, submodules) = (base.clone(), Filled::default());
        let (repo, touched) = (repo.clone(), Touched::default());
        let mut bench = Self { repo, common_dir, cache, sandbox, slot, at: None, base, submodules, filled: 0, touched };
        let grounds = bench.grounds();
        write_git_config(&grounds, &bench.repo.public_config())?;
        bench.sandbox.settle(&grounds)?;
        Ok(bench)
    }

    /// Runs one check on a commit. What it says about the code is in the result; so is that it could not be started.
    /// `None`: the check was ended, with all it had started, because `stop` was set (by a signal handler).
    ///
    /// # Errors
    /// The worktree cannot be brought to the commit.
    pub fn run(
        &mut self,
        commit: &CommitId,
        stage: Stage,
        check: &Check,
        stop: &AtomicBool,
    ) -> Result<Option<CheckResult>> {
        self.touched = Touched::default();
        let Some(before) = self.unprotected_checkout() else { return self.run_once(commit, stage, check, stop) };
        let Some(result) = self.run_once(commit, stage, check, stop)? else { return Ok(None) };
        let first = before.differences(&checkout::look_again(&self.repo, &before));
        if first.is_empty() {
            return Ok(Some(result));
        }
        if result.took > SHORT || !judge(&first, &[], &[]).by_check.is_empty() {
            self.touched = judge(&first, &[], &[]);
            return Ok(Some(result));
        }
        // People work in the checkout too. What changes with the check again, and does not without it, is the check's doing.
        let before = self.unprotected_checkout().unwrap_or_default();
        let Some(second) = self.run_once(commit, stage, check, stop)? else { return Ok(None) };
        let after = checkout::look_again(&self.repo, &before);
        if !rest(second.took.max(result.took).max(QUIET), stop) {
            return Ok(None);
        }
        let quiet = after.differences(&checkout::look_again(&self.repo, &after));
        self.touched = judge(&first, &before.differences(&after), &quiet);
        Ok(Some(result))
    }

    /// What became of the user's checkout during the last run, as far as nothing confined it.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }

    /// `None`: there is no checkout, or checks cannot reach it.
    fn unprotected_checkout(&self) -> Option<Checkout> {
        match self.sandbox.confinement().is_confined() {
            true => None,
            false => checkout::look(&self.repo),
        }
    }

    fn run_once(
        &mut self,
        commit: &CommitId,
        stage: Stage,
        check: &Check,
        stop: &AtomicBool,
    ) -> Result<Option<CheckResult>> {
        self.go_to(commit)?;
        self.slot.empty_tmp()?;
        let seal = self.seal();
        let command = self.sandbox.command(&self.grounds(), &check.command);
        let executed = execute(command, check.timeout, self.sandbox.marker().as_deref(), stop);
        let Some(Execution { mut ended, took, output }) = executed else { return Ok(None) };
        if let Some(path) = seal.broken(&self.seal()) {
            ended = Ended::Tampered { what: path.display().to_string() };
            self.replace_slot(commit)?;
        }
        let Check { name, command, need, .. } = check.clone();
        let sandbox = self.sandbox.confinement().to_string();
        Ok(Some(CheckResult { name, command, need, stage, ended, took, output, sandbox }))
    }

    /// Submodules of the commit that was checked last whose files are not there.
    pub fn empty_submodules(&self) -> &[EmptySubmodule] {
        &self.submodules.empty
    }

    /// Brings the worktree to a commit. A check may rewrite tracked files; the next one is to see the commit all the same.
    ///
    /// # Errors
    /// It cannot be brought there.
    pub fn go_to(&mut self, commit: &CommitId) -> Result<()> {
        let untracked = if self.at.as_ref() == Some(commit) { Untracked::Keep } else { Untracked::Remove };
        if self.at.as_ref().is_some_and(|at| at != commit) {
            self.await_next_second();
        }
        self.at = None;
        if self.bring(commit, untracked).is_err() {
            // A check may have left what git cannot remove: folders without permissions. Another worktree has none.
            self.replace_slot(commit)?;
            self.bring(commit, Untracked::Remove)?;
        }
        if untracked == Untracked::Remove {
            self.slot.empty_home()?;
        }
        self.at = Some(commit.clone());
        self.filled = seconds();
        Ok(())
    }

    fn bring(&mut self, commit: &CommitId, untracked: Untracked) -> Result<()> {
        let Slot { dir, tree, git_dir, .. } = &self.slot;
        submodules::clear(&self.repo, dir, tree, commit)?;
        self.slot.reset(&self.repo, commit, untracked)?;
        let job = Job { repo: &self.repo, slot: dir, tree, base: &self.base, untracked };
        self.submodules = submodules::fill(&job, &git_dir.join("index"))?;
        Ok(())
    }

    /// Many tools take a file for unchanged when its time is, in whole seconds: two commits must not share one.
    fn await_next_second(&self) {
        while seconds() == self.filled {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A worktree that was tampered with is not used again.
    fn replace_slot(&mut self, commit: &CommitId) -> Result<()> {
        self.at = None;
        let fresh = Slot::take(&self.repo, &self.cache, commit)?;
        std::mem::replace(&mut self.slot, fresh).discard(&self.repo)
    }

    fn seal(&self) -> Seal {
        let watch = match self.sandbox.confinement().is_confined() {
            true => Watch::Confined,
            false => Watch::Unconfined,
        };
        Seal::take(&self.common_dir, &self.slot.git_dir, &self.slot.tree, watch)
            .and_modules(&self.submodules.modules, watch)
    }

    fn grounds(&self) -> Grounds {
        Grounds {
            tree: self.slot.tree.clone(),
            home: self.slot.home(),
            tmp: self.slot.tmp(),
            common_dir: self.common_dir.clone(),
            work_tree: self.repo.work_tree().map(std::path::Path::to_path_buf),
            git_config: self.slot.file("git-config"),
        }
    }
}
