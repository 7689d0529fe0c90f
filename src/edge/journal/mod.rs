//! The record of a run: its events, written before what they announce is done; its exchanges; locks; the cost ledger.
//!
//! Everything is in git-burn's folder inside `.git`, for this user only. The record explains, resumes and replays; it
//! never overrules the world: refs and forge are the state.

mod lines;
mod lock;
mod runs;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

pub use lines::{Lines, read_lines};
pub use lock::{Lock, Locked};
pub use runs::{RunOnDisk, RunState, new_run_id, remove_exchanges, remove_run, runs};

use self::lines::{LineFile, Sync};
use self::runs::{EVENTS, EXCHANGES};
use crate::core::event::{Event, Sink};
use crate::core::ledger::{Entry, Ledger};
use crate::core::names::RunId;

/// One run's record, `runs/ID/`, open for writing by this process alone.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    events: LineFile,
}

impl Journal {
    /// Begins the record of a run, or goes on with the one of an earlier process (`git burn continue`).
    ///
    /// # Errors
    /// The folder cannot be written to, or another process still writes that record.
    pub fn open(burn_dir: &Path, run: &RunId) -> Result<Self> {
        let dir = runs::run_dir(burn_dir, run);
        lines::private_dir(&dir)?;
        let events = LineFile::open(&dir.join(EVENTS))?;
        events.own().with_context(|| format!("the run {run} is still going on in another process"))?;
        Ok(Self { dir, events })
    }

    /// The run's folder, for files of its own such as whole check logs.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where this run's exchanges are written; for those who make them, on whatever thread.
    pub fn exchanges(&self) -> Exchanges {
        Exchanges { path: self.dir.join(EXCHANGES), file: Mutex::default() }
    }
}

/// `runs/ID/exchanges.jsonl`: what was asked and answered, for `git burn replay`. Made at the first exchange.
#[derive(Debug)]
pub struct Exchanges {
    path: PathBuf,
    file: Mutex<Option<LineFile>>,
}

impl Exchanges {
    /// Adds one exchange with a model or a forge, a JSON value as text. Secrets must have been redacted.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, record: &str) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match &mut *file {
            Some(open) => open,
            none => none.insert(LineFile::open(&self.path)?),
        };
        open.append(record, Sync::Later)
    }
}

impl Sink for Journal {
    /// What announces an act is on disk when this returns: after a crash the next run knows what may have been done.
    fn emit(&mut self, event: &Event) -> Result<()> {
        if event.is_fleeting() {
            return Ok(());
        }
        let announces = matches!(event, Event::Acting { .. } | Event::Asking { .. });
        self.events.append(&event.record().to_string(), if announces { Sync::Now } else { Sync::Later })
    }
}

/// The ledger of all runs, `ledger.jsonl`; many processes may use it at once.
#[derive(Debug, Clone)]
pub struct LedgerFile {
    path: PathBuf,
}

impl LedgerFile {
    /// The ledger in git-burn's folder. It need not exist.
    pub fn of(burn_dir: &Path) -> Self {
        Self { path: burn_dir.join("ledger.jsonl") }
    }

    /// Reads it.
    ///
    /// # Errors
    /// It is there but cannot be read.
    pub fn read(&self) -> Result<Ledger> {
        let Lines { lines, .. } = read_lines(&self.path)?;
        Ok(Ledger::fold(lines.iter().map(String::as_str)))
    }

    /// Decides on an entry by all that is booked, and books it, in one step that no other process can come between: two
    /// runs cannot both spend the last cent. The entry is on disk when this returns.
    ///
    /// # Errors
    /// The outer one: it cannot be read or written. The inner one is the decision not to book.
    pub fn book<Refusal>(
        &self,
        decide: impl FnOnce(&Ledger) -> Result<Entry, Refusal>,
    ) -> Result<Result<Entry, Refusal>> {
        lines::private_dir(self.path.parent().context("the ledger has a folder")?)?;
        let mut file = LineFile::open(&self.path)?;
        // Given back when the file is closed, also by the end of the process.
        file.wait_for()?;
        let entry = match decide(&self.read()?) {
            Ok(entry) => entry,
            Err(refusal) => return Ok(Err(refusal)),
        };
        file.append(&entry.to_line(), Sync::Now)?;
        Ok(Ok(entry))
    }

    /// Books an entry that depends on nothing: a bill, a cancellation.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(&self, entry: Entry) -> Result<()> {
        let booked = self.book(|_| Ok::<_, std::convert::Infallible>(entry))?;
        booked.map(drop).map_err(|never| match never {})
    }
}
