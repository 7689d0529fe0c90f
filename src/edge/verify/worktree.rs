//! Warm worktrees: linked to the repository, kept outside of it, used by one process at a time.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::core::names::CommitId;
use crate::edge::git::Environment;
use crate::edge::repo::Repo;
use crate::edge::repo::layout::{linked_git_dirs, path_in};

/// A worktree and what belongs to it, locked as long as the value lives:
///
/// ```text
/// CACHE/git-burn/NAME-HASH/1/lock     held by the process that uses the slot
///                            NAME/    the worktree
///                            home/    HOME of the checks; only `.cache` outlasts a commit
///                            tmp/     emptied before each check
///                            submodules/ what is known of those that are filled
/// ```
#[derive(Debug)]
pub(super) struct Slot {
    pub dir: PathBuf,
    pub tree: PathBuf,
    /// `.git/worktrees/ID` of the repository.
    pub git_dir: PathBuf,
    _lock: SlotLock,
}

/// The right to use a slot.
#[derive(Debug)]
struct SlotLock(File);

/// A slot on disk, for listing and cleaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotOnDisk {
    pub dir: PathBuf,
    pub state: SlotState,
}

/// Whether a slot may be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotState {
    InUse,
    Idle,
}

/// What becomes of files that the commit does not know, and that are not ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untracked {
    /// The check before made them for the next one of the same commit.
    Keep,
    Remove,
}

/// More checks at once than this is a mistake.
const MOST_SLOTS: u32 = 64;

/// `$XDG_CACHE_HOME/git-burn`, or `~/.cache/git-burn`.
///
/// # Errors
/// Neither variable is set to an absolute path.
pub fn cache_dir(environment: &Environment) -> Result<PathBuf> {
    let absolute = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("git-burn")).context(
        "no place for worktrees: neither XDG_CACHE_HOME nor HOME is set to an absolute folder\n\
         hint: export XDG_CACHE_HOME=/FOLDER/FOR/CACHES, or HOME",
    )
}

/// The folder of all repositories' slots below [`cache_dir`].
///
/// # Errors
/// As [`cache_dir`].
pub fn worktrees_dir(environment: &Environment) -> Result<PathBuf> {
    Ok(cache_dir(environment)?.join("worktrees"))
}

/// The folder of this repository's slots.
fn slots_dir(repo: &Repo, cache: &Path) -> Result<PathBuf> {
    let common = repo.common_dir().canonicalize().context("the repository is gone")?;
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(common.as_os_str().as_encoded_bytes());
    let hash = hasher.try_finalize()?.to_string();
    Ok(cache.join(format!("{}-{}", project_name(&common), &hash[..12])))
}

/// The name of the folder that holds `.git`, in plain characters: tools show it, and some derive names from it.
fn project_name(common: &Path) -> String {
    let named = match common.file_name() {
        Some(name) if name == ".git" => common.parent().and_then(Path::file_name),
        other => other,
    };
    let name = named.map_or_else(|| "repo".into(), |name| name.to_string_lossy());
    let name = name.trim_end_matches(".git");
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' }).collect();
    if plain.trim_matches('-').is_empty() { "repo".to_owned() } else { plain }
}

impl Slot {
    /// Takes the first slot that no other process uses and makes its worktree if it has none.
    ///
    /// # Errors
    /// The folders or the worktree cannot be made.
    pub(super) fn take(repo: &Repo, cache: &Path, commit: &CommitId) -> Result<Self> {
        let slots = slots_dir(repo, cache)?;
        for number in 1..=MOST_SLOTS {
            let dir = slots.join(number.to_string());
            private_dir(&dir)?;
            if let Some(lock) = try_lock(&dir)? {
                return Self::ready(repo, dir, lock, commit);
            }
        }
        bail!("{MOST_SLOTS} worktrees are in use in {}", slots.display())
    }

    fn ready(repo: &Repo, dir: PathBuf, lock: SlotLock, commit: &CommitId) -> Result<Self> {
        let common = repo.common_dir().canonicalize()?;
        let tree = dir.join(project_name(&common));
        private_dir(&dir.join("home"))?;
        let git_dir = match registered(&common, &tree) {
            Some(git_dir) if is_intact(&tree, &git_dir) => git_dir,
            _ => create(repo, &common, &tree, commit)?,
        };
        // A git that was killed in this worktree leaves its lock; we hold the slot, so nobody else can be at work.
        let _ = fs::remove_file(git_dir.join("index.lock"));
        Ok(Self { dir, tree, git_dir, _lock: lock })
    }

    /// HOME of the checks.
    pub(super) fn home(&self) -> PathBuf {
        self.dir.join("home")
    }

    /// TMPDIR of the checks.
    pub(super) fn tmp(&self) -> PathBuf {
        self.dir.join("tmp")
    }

    /// A file of the slot that checks may read but not write.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Makes the worktree's files those of the commit. Ignored ones (build results, installed dependencies) stay.
    ///
    /// # Errors
    /// git cannot do it: the disk is full, the commit is gone.
    pub(super) fn reset(&self, repo: &Repo, commit: &CommitId, untracked: Untracked) -> Result<()> {
        if untracked == Untracked::Remove {
            // git knows of a file only whether it is executable, and of a folder nothing.
            open_up(&self.tree);
        }
        let git = || {
            let command = repo.git().in_worktree(&self.git_dir, &self.tree);
            let strict = command.setting("core.trustctime=true").setting("core.checkStat=default");
            strict.setting("core.sparseCheckout=false").deadline(std::time::Duration::from_secs(1800))
        };
        git().args(["reset", "--hard", "--quiet", commit.as_str()]).stdout().context("cannot fill the worktree")?;
        match untracked {
            Untracked::Keep => Ok(()),
            Untracked::Remove => git().args(["clean", "-ffdq"]).stdout().context("cannot clean the worktree").map(drop),
        }
    }

    /// Empties `home` but for `.cache`: what a check leaves in a tool's settings is not to change the next commit's.
    ///
    /// # Errors
    /// Something in it cannot be removed.
    pub(super) fn empty_home(&self) -> Result<()> {
        let entries = fs::read_dir(self.home()).context("cannot read the checks' home")?;
        for entry in entries.flatten().filter(|entry| entry.file_name() != ".cache") {
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => remove_all(&entry.path())?,
                false => fs::remove_file(entry.path()).context("cannot empty the checks' home")?,
            }
        }
        Ok(())
    }

    /// Empties `tmp`.
    ///
    /// # Errors
    /// Something in it cannot be removed.
    pub(super) fn empty_tmp(&self) -> Result<()> {
        remove_all(&self.tmp()).and_then(|()| private_dir(&self.tmp()))
    }

    /// Gives the worktree up: a check did to it what none may.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub(super) fn discard(self, repo: &Repo) -> Result<()> {
        remove(repo, &self.dir, &self.tree)
    }
}

impl Drop for SlotLock {
    /// Closing the file is not enough: a process that another thread is just starting may hold a copy of it.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// `None`: another process has it.
fn try_lock(dir: &Path) -> Result<Option<SlotLock>> {
    let path = dir.join("lock");
    let opened = File::options().create(true).append(true).open(&path);
    let file = opened.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(SlotLock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

pub(super) fn private_dir(dir: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).with_context(|| format!("cannot make the folder {}", dir.display()))
}

/// The repository's record of the worktree. The worktree's own `.git` file is not asked: a check may have written it.
fn registered(common: &Path, tree: &Path) -> Option<PathBuf> {
    let wanted = tree.join(".git");
    linked_git_dirs(common).into_iter().find(|dir| {
        let recorded = path_in(&fs::read(dir.join("gitdir")).unwrap_or_default());
        recorded == wanted || dir.join(recorded) == wanted
    })
}

/// Whether the worktree links back to its record, and was not left half made.
fn is_intact(tree: &Path, git_dir: &Path) -> bool {
    let link = fs::read(tree.join(".git")).unwrap_or_default();
    let target = link.strip_prefix(b"gitdir: ").map(|target| tree.join(path_in(target)));
    let target = target.and_then(|target| target.canonicalize().ok());
    let reason = fs::read_to_string(git_dir.join("locked")).unwrap_or_default();
    target.is_some() && target == git_dir.canonicalize().ok() && reason.trim() != "initializing"
}

fn create(repo: &Repo, common: &Path, tree: &Path, commit: &CommitId) -> Result<PathBuf> {
    if let Some(dir) = tree.parent() {
        remove(repo, dir, tree)?;
    }
    let add = repo.git().at(common).args(["worktree", "add", "--quiet", "--detach", "--no-checkout"]);
    let add = add.args(["--lock", "--reason", "used by git burn for checks; `git burn clean` removes it"]);
    add.arg(tree).arg(commit.as_str()).stdout().context("cannot make a worktree for the checks")?;
    registered(common, tree).with_context(|| format!("git made the worktree {} and lost it", tree.display()))
}

/// Removes the worktree's files and its record; `home` and `tmp` too.
fn remove(repo: &Repo, dir: &Path, tree: &Path) -> Result<()> {
    for folder in [tree, &dir.join("tmp"), &dir.join("home"), &dir.join("submodules")] {
        remove_all(folder)?;
    }
    let common = repo.common_dir().canonicalize()?;
    if registered(&common, tree).is_some() {
        // Twice: it is locked, by us or by a `git worktree add` that was killed.
        let remove = repo.git().at(&common).args(["worktree", "remove", "--force", "--force"]).arg(tree);
        remove.stdout().context("cannot remove the record of a worktree")?;
    }
    private_dir(&dir.join("home"))
}

/// Removes a folder of our own making, however a check left it. Links are removed, not followed.
pub(super) fn remove_all(folder: &Path) -> Result<()> {
    let removed = match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            open_up(folder);
            fs::remove_dir_all(folder)
        }
        other => other,
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Gives back what a check, or Go's module cache, took from the owner of folders and files. Links are not followed.
pub(super) fn open_up(folder: &Path) {
    allow(folder, 0o700);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => open_up(&entry.path()),
            Ok(kind) if kind.is_file() => allow(&entry.path(), 0o600),
            Ok(_) | Err(_) => {}
        }
    }
}

fn allow(path: &Path, bits: u32) {
    #[cfg(unix)]
    if let Ok(metadata) = fs::symlink_metadata(path) {
        use std::os::unix::fs::PermissionsExt;
        let mut permissions = metadata.permissions();
        if permissions.mode() & bits != bits {
            permissions.set_mode(permissions.mode() | bits);
            let _ = fs::set_permissions(path, permissions);
        }
    }
}

/// The slots of this repository.
///
/// # Errors
/// The folder of the slots cannot be read.
pub fn slots(repo: &Repo, cache: &Path) -> Result<Vec<SlotOnDisk>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(slots_dir(repo, cache)?) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error).context("cannot read the folder of worktrees"),
    };
    for entry in entries {
        let dir = entry?.path();
        let state = if try_lock(&dir)?.is_some() { SlotState::Idle } else { SlotState::InUse };
        found.push(SlotOnDisk { dir, state });
    }
    found.sort_by(|one, other| one.dir.cmp(&other.dir));
    Ok(found)
}

/// Removes an idle slot with all it holds; says whether it was idle.
///
/// # Errors
/// Something cannot be removed.
pub fn remove_slot(repo: &Repo, slot: &SlotOnDisk) -> Result<SlotState> {
    let Some(_lock) = try_lock(&slot.dir)? else { return Ok(SlotState::InUse) };
    let tree = slot.dir.join(project_name(&repo.common_dir().canonicalize()?));
    remove(repo, &slot.dir, &tree)?;
    remove_all(&slot.dir)?;
    Ok(SlotState::Idle)
}
