//! The folder on disk: which files are issues, a lock against other writers, writes that are whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{ForgeError, Result, Trouble};
use super::document::Document;
use crate::edge::http::Ambient;

/// Larger files are no issues.
const LARGEST: u64 = 16 << 20;
/// How long another writer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Folders with one file an entry.
pub(super) struct Store {
    root: PathBuf,
    ambient: Ambient,
}

/// One file.
pub(super) struct Page {
    pub(super) path: PathBuf,
    pub(super) document: Document,
}

/// Held while a file is read, changed and written.
pub(super) struct Locked(#[expect(dead_code, reason = "dropping it releases the lock")] File);

impl Store {
    pub(super) fn new(root: PathBuf, ambient: Ambient) -> Self {
        Self { root, ambient }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Folders that hold issues: Backlog.md keeps them in `tasks` and `completed`, everybody else in the folder itself.
    pub(super) fn issue_folders(&self) -> Vec<PathBuf> {
        let tasks = self.root.join("tasks");
        if tasks.is_dir() { vec![tasks, self.root.join("completed")] } else { vec![self.root.clone()] }
    }

    pub(super) fn pull_folder(&self) -> PathBuf {
        self.root.join("pulls")
    }

    /// Markdown files of a folder, by name. Links are left out: they could lead anywhere.
    pub(super) fn names(&self, doing: &str, folder: &Path) -> Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder != self.root => return Ok(Vec::new()),
            entries => entries.map_err(|error| self.io(doing, folder, &error))?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.io(doing, folder, &error))?;
            let path = entry.path();
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md")) {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    pub(super) fn read(&self, doing: &str, path: &Path) -> Result<Page> {
        let problem = |what: String| self.malformed(doing, path, None, &what);
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| self.io(doing, path, &error))?;
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| self.io(doing, path, &error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(problem(format!("is larger than {} MiB", LARGEST >> 20)));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
            self.malformed(doing, path, Some(line), "is not UTF-8")
        })?;
        let document = Document::parse(text);
        let document = document.map_err(|error| self.malformed(doing, path, Some(error.line), &error.what))?;
        Ok(Page { path: path.to_owned(), document })
    }

    /// Waits for other writers, a few seconds at most.
    pub(super) fn lock(&self, doing: &str) -> Result<Locked> {
        // The folder itself is locked, so that no lock file turns up in anybody's `git status`.
        let path = &self.root;
        let file = File::open(path).map_err(|error| self.io(doing, path, &error))?;
        let start = (self.ambient.elapsed)();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Locked(file)),
                Err(fs::TryLockError::Error(error)) => return Err(self.io(doing, path, &error)),
                Err(fs::TryLockError::WouldBlock) if (self.ambient.elapsed)() - start < PATIENCE => {
                    (self.ambient.sleep)(Duration::from_millis(50));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(ForgeError::new(doing, self.root.display().to_string(), Trouble::Busy));
                }
            }
        }
    }

    /// Replaces a file, or makes it: written beside it, flushed, renamed.
    pub(super) fn write(&self, doing: &str, path: &Path, text: &str) -> Result<()> {
        self.replace(path, text).map_err(|error| self.io(doing, path, &error))
    }

    fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let mut draft = tempfile::Builder::new().prefix(".git-burn-").suffix(".tmp").tempfile_in(folder)?;
        draft.write_all(text.as_bytes())?;
        if let Ok(old) = fs::metadata(path) {
            draft.as_file().set_permissions(old.permissions())?;
        } else {
            readable(draft.as_file())?;
        }
        draft.as_file().sync_all()?;
        draft.persist(path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    }

    pub(super) fn now(&self) -> String {
        (self.ambient.wall)().to_string()
    }

    pub(super) fn malformed(&self, doing: &str, path: &Path, line: Option<usize>, what: &str) -> ForgeError {
        let place = path.strip_prefix(&self.root).unwrap_or(path).display();
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        let problem = format!("{place}{line}: {what}");
        ForgeError::new(doing, self.root.display().to_string(), Trouble::Malformed { problem })
    }

    fn io(&self, doing: &str, path: &Path, error: &io::Error) -> ForgeError {
        if error.kind() == io::ErrorKind::NotFound {
            return ForgeError::new(doing, path.display().to_string(), Trouble::Missing);
        }
        self.malformed(doing, path, None, &error.to_string())
    }
}

/// A temporary file is private; an issue is as open as any file.
#[cfg(unix)]
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &File) -> io::Result<()> {
    Ok(())
}
