//! Files of JSON lines that survive crashes: appended to in whole lines, read without a torn end.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// When a line has to be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sync {
    Now,
    /// When the system gets to it: a crash of the machine may lose it, a crash of the program does not.
    Later,
}

/// An open file to which lines are added.
#[derive(Debug)]
pub(super) struct LineFile {
    path: PathBuf,
    file: File,
}

impl LineFile {
    /// Opens or makes the file, for this user only.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut options = File::options();
        options.create(true).read(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Keeps other processes from writing it as long as the value lives.
    pub(super) fn own(&self) -> Result<()> {
        match self.file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => bail!("{} is locked", self.path.display()),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", self.path.display()))
            }
        }
    }

    /// As [`LineFile::own`], but waits for its turn.
    pub(super) fn wait_for(&self) -> Result<()> {
        self.file.lock().with_context(|| format!("cannot lock {}", self.path.display()))
    }

    /// Adds one line. A line that a crash has torn is closed first, so that only it is lost.
    pub(super) fn append(&mut self, line: &str, sync: Sync) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut bytes = Vec::with_capacity(line.len() + 2);
            if self.is_torn()? {
                bytes.push(b'\n');
            }
            bytes.extend(line.bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }));
            bytes.push(b'\n');
            self.file.write_all(&bytes)?;
            match sync {
                Sync::Now => self.file.sync_data(),
                Sync::Later => Ok(()),
            }
        };
        let mut write = write;
        write().with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn is_torn(&mut self) -> io::Result<bool> {
        if self.file.seek(SeekFrom::End(0))? == 0 {
            return Ok(false);
        }
        self.file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        self.file.read_exact(&mut last)?;
        Ok(last != *b"\n")
    }
}

impl Drop for LineFile {
    /// Closing the file is not enough: a process that another thread is just starting may hold a copy of it.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// The whole lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    pub lines: Vec<String>,
    /// What stands behind the last line end: written by a process that was stopped in the middle, or is at it.
    pub torn: Option<String>,
}

/// Reads a file of lines; none where there is no file.
///
/// # Errors
/// The file is there but cannot be read.
pub fn read_lines(path: &Path) -> Result<Lines> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let text = String::from_utf8_lossy(&bytes);
    let (whole, torn) = text.rsplit_once('\n').unwrap_or(("", &text));
    let lines = whole.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    Ok(Lines { lines, torn: (!torn.is_empty()).then(|| torn.to_owned()) })
}

/// Makes a folder, with those above it, for this user only.
pub(super) fn private_dir(dir: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).with_context(|| format!("cannot make the folder {}", dir.display()))
}
