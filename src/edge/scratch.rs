//! Temporary folders of git-burn's own, and what processes that were killed left of them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// What a temporary folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scratch {
    /// The private repository that pushes leave from.
    Push,
    /// Where a model's command line program runs.
    Model,
    /// The state of a replay.
    Replay,
}

/// No use of a folder lasts so long, by far: what is older belongs to a process that is gone.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

impl Scratch {
    const ALL: [Self; 3] = [Self::Push, Self::Model, Self::Replay];

    fn prefix(self) -> &'static str {
        match self {
            Self::Push => "git-burn-push-",
            Self::Model => "git-burn-model-",
            Self::Replay => "git-burn-replay-",
        }
    }

    /// Makes a folder that goes away with the value. A process that is killed leaves its folder; those go here, when old.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn folder(self) -> io::Result<TempDir> {
        let folder = tempfile::Builder::new().prefix(self.prefix()).tempdir()?;
        if let Some(parent) = folder.path().parent() {
            for left in leftovers(parent, us(), SystemTime::now()) {
                // Another process may be at it as well; what stays is looked at again the next time.
                drop(std::fs::remove_dir_all(left));
            }
        }
        Ok(folder)
    }
}

/// Temporary folders that processes which were killed left.
pub fn left_over() -> Vec<PathBuf> {
    leftovers(&std::env::temp_dir(), us(), SystemTime::now())
}

/// Removes one of [`left_over`], if it still is one.
///
/// # Errors
/// It cannot be removed.
pub fn remove_left_over(folder: &Path) -> io::Result<()> {
    match left_over().iter().any(|left| left == folder) {
        true => std::fs::remove_dir_all(folder),
        false => Ok(()),
    }
}

/// Folders that bear a name of git-burn's, belong to that user, and are old. Never a link to one.
fn leftovers(parent: &Path, user: Owner, now: SystemTime) -> Vec<PathBuf> {
    let Ok(entries) = parent.read_dir() else { return Vec::new() };
    let entries = entries.filter_map(Result::ok);
    let named = entries.filter(|entry| {
        let name = entry.file_name();
        Scratch::ALL.iter().any(|scratch| name.as_encoded_bytes().starts_with(scratch.prefix().as_bytes()))
    });
    let paths = named.map(|entry| entry.path());
    paths.filter(|path| is_old_folder(path, now) && owner_is(path, user)).collect()
}

fn is_old_folder(path: &Path, now: SystemTime) -> bool {
    let Ok(about) = path.symlink_metadata() else { return false };
    let age = about.modified().ok().and_then(|modified| now.duration_since(modified).ok());
    about.is_dir() && age.is_some_and(|age| age > OLD)
}

fn owner_is(path: &Path, expected: Owner) -> bool {
    owner(path).is_ok_and(|owner| owner == expected)
}

#[cfg(unix)]
type Owner = u32;

#[cfg(unix)]
fn us() -> Owner {
    rustix::process::geteuid().as_raw()
}

#[cfg(unix)]
fn owner(path: &Path) -> io::Result<Owner> {
    path.symlink_metadata().map(|about| std::os::unix::fs::MetadataExt::uid(&about))
}

/// Elsewhere the temporary folder is the user's own.
#[cfg(not(unix))]
type Owner = ();

#[cfg(not(unix))]
fn us() -> Owner {}

#[cfg(not(unix))]
fn owner(_path: &Path) -> io::Result<Owner> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &[PathBuf]) -> Vec<String> {
        let mut names: Vec<String> =
            found.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_old_folders_of_ours_are_left_over() {
        let room = tempfile::tempdir().unwrap();
        for name in ["git-burn-push-a", "git-burn-model-b", "git-burn-replay-c", "another"] {
            std::fs::create_dir(room.path().join(name)).unwrap();
        }
        std::fs::write(room.path().join("git-burn-push-file"), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("another", room.path().join("git-burn-push-link")).unwrap();

        let now = SystemTime::now();
        assert_eq!(names(&leftovers(room.path(), us(), now)), [""; 0], "a folder of today is in use");
        let found = leftovers(room.path(), us(), now + OLD + Duration::from_secs(60));
        assert_eq!(names(&found), ["git-burn-model-b", "git-burn-push-a", "git-burn-replay-c"]);
        assert_eq!(names(&leftovers(room.path(), us() + 1, now + OLD + Duration::from_secs(60))), [""; 0], "of others");
    }
}
