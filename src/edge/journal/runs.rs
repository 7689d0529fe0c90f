//! The folders of all runs: ids that sort by time, listing, removal.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::core::names::{RunId, Timestamp};

/// A run's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOnDisk {
    pub id: RunId,
    pub dir: PathBuf,
    pub started: Timestamp,
    /// Whether a living process writes it.
    pub state: RunState,
    /// Whether there is an `exchanges.jsonl`.
    pub has_exchanges: bool,
}

pub(super) const EVENTS: &str = "events.jsonl";
pub(super) const EXCHANGES: &str = "exchanges.jsonl";

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    GoingOn,
    Over,
}

pub(super) fn run_dir(burn_dir: &Path, run: &RunId) -> PathBuf {
    burn_dir.join("runs").join(run.as_str())
}

/// A new id: the time down to milliseconds, so that a listing is in order, and four random digits, so that no two are
/// equal.
pub fn new_run_id(now: Timestamp) -> RunId {
    let time: String = now.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let nonce = crate::edge::repo::nonce();
    let random = &nonce[nonce.len().saturating_sub(4)..];
    let part = milliseconds(now);
    RunId::parse(&format!("{}-{part:03}{random}", time.trim_end_matches('Z')))
        .expect("digits, T and hexadecimal digits")
}

/// How far the second of `now` has gone by the system's clock; the last one when it is over already.
fn milliseconds(now: Timestamp) -> u32 {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    if i64::try_from(clock.as_secs()) == Ok(now.seconds()) { clock.subsec_millis() } else { 999 }
}

/// All runs, oldest first.
///
/// # Errors
/// The folder is there but cannot be read.
pub fn runs(burn_dir: &Path) -> Result<Vec<RunOnDisk>> {
    let entries = match fs::read_dir(burn_dir.join("runs")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context("cannot read the folder of runs"),
    };
    let known = entries.flatten().filter_map(|entry| {
        let id = RunId::parse(entry.file_name().to_str()?)?;
        let dir = entry.path();
        let (state, has_exchanges) = (state(&dir), dir.join(EXCHANGES).exists());
        Some(RunOnDisk { started: started(&id, &dir), id, dir, state, has_exchanges })
    });
    let mut found: Vec<RunOnDisk> = known.collect();
    found.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(found)
}

/// The time in the id; for an id that somebody made up, that of the folder.
fn started(id: &RunId, dir: &Path) -> Timestamp {
    let digits = |from: usize, to: usize| id.as_str().get(from..to).unwrap_or("?");
    let date = [digits(0, 4), digits(4, 6), digits(6, 8)].join("-");
    let time = [digits(9, 11), digits(11, 13), digits(13, 15)].join(":");
    let changed = || {
        let since = fs::metadata(dir).and_then(|metadata| metadata.modified()).ok()?;
        i64::try_from(since.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()).ok()
    };
    Timestamp::parse(&format!("{date}T{time}Z")).unwrap_or_else(|| Timestamp::from_seconds(changed().unwrap_or(0)))
}

fn state(dir: &Path) -> RunState {
    let locked = File::open(dir.join(EVENTS)).map(|file| file.try_lock_shared());
    match locked {
        Ok(Err(TryLockError::WouldBlock)) => RunState::GoingOn,
        Ok(_) | Err(_) => RunState::Over,
    }
}

/// Removes the record of a run that is over.
///
/// # Errors
/// It goes on, or cannot be removed.
pub fn remove_run(burn_dir: &Path, run: &RunId) -> Result<()> {
    let dir = run_dir(burn_dir, run);
    if state(&dir) == RunState::GoingOn {
        bail!("the run {run} is still going on");
    }
    fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))
}

/// Removes the exchanges of a run that is over; its events stay.
///
/// # Errors
/// It goes on, or they cannot be removed.
pub fn remove_exchanges(burn_dir: &Path, run: &RunId) -> Result<()> {
    let dir = run_dir(burn_dir, run);
    if state(&dir) == RunState::GoingOn {
        bail!("the run {run} is still going on");
    }
    match fs::remove_file(dir.join(EXCHANGES)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove the exchanges of the run {run}"))
        }
        _ => Ok(()),
    }
}
