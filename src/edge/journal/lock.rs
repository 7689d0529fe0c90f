//! Locks between processes of one machine, which end with their process, and say who holds them.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// A held lock. It is given back when the value goes, and by the system when the process does.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Closing the file is not enough: a process that another thread is just starting may hold a copy of it.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// What became of the attempt to take a lock.
#[derive(Debug)]
pub enum Locked {
    Taken(Lock),
    /// Another process has it; this is what it said about itself.
    Held {
        by: String,
    },
}

impl Lock {
    /// Takes the lock `burn_dir/NAME`, and writes `holder` (one line: command, process, since when) into it.
    ///
    /// # Errors
    /// The file cannot be made or written.
    pub fn take(burn_dir: &Path, name: &str, holder: &str) -> Result<Locked> {
        super::lines::private_dir(burn_dir)?;
        let path = burn_dir.join(name);
        let say = || format!("cannot lock {}", path.display());
        // Not truncated on opening: that would wipe out what a living holder wrote.
        let mut options = File::options();
        let mut file = options.create(true).truncate(false).read(true).write(true).open(&path).with_context(say)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).with_context(say)?;
                Ok(Locked::Taken(Self { file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut by = String::new();
                file.read_to_string(&mut by).with_context(say)?;
                Ok(Locked::Held { by })
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(say),
        }
    }
}
