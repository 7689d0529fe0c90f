//! Puts the files of submodules into the worktree of the checks, out of what the user's clone has of them.
//!
//! git works in a repository of our own, made for the occasion, whose objects are the submodule's: nothing is written to
//! the user's, nothing of its configuration counts, nothing is fetched. What was put where is kept beside the worktree:
//!
//! ```text
//! SLOT/submodules/git/        the repository of our own, made anew each time
//!                 HASH/path   one submodule that is filled
//!                      commit
//!                      index
//!                      inner/ the submodules in it, in the same form
//! ```

mod find;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::find::{Home, Module, Names, real_folder};
use super::worktree::{Untracked, open_up, private_dir, remove_all};
use crate::core::change::Entry;
use crate::core::names::{CommitId, PathError, RepoPath};
use crate::core::submodules::{EmptySubmodule, Lack};
use crate::edge::git::GitCommand;
use crate::edge::repo::layout::{self, WorkTree};
use crate::edge::repo::{Found, Repo};

/// A `.gitmodules` of more bytes is not read.
const LARGEST_NAMES: usize = 1 << 20;

/// What became of the submodules of one commit.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// Git folders of those that were put there.
    pub modules: Vec<PathBuf>,
    pub empty: Vec<EmptySubmodule>,
}

/// Takes submodules away that are not those of the commit, before git brings the worktree to it: git leaves a folder that
/// is not empty, and what another commit had in it would be seen.
///
/// # Errors
/// A folder cannot be removed.
pub(super) fn clear(repo: &Repo, slot: &Path, tree: &Path, commit: &CommitId) -> Result<()> {
    let records = Record::all(&slot.join("submodules"));
    if records.is_empty() {
        return Ok(());
    }
    let paths: Vec<RepoPath> = records.iter().filter_map(Record::path).collect();
    let next = repo.snapshot(&repo.tree_of(commit)?, &paths)?;
    for record in records {
        let Some(path) = record.path() else {
            record.forget()?;
            continue;
        };
        let wanted = matches!(next.entries.get(&path), Some(Entry::Submodule(id)) if record.is_at(id));
        if !wanted {
            if let Some(folder) = real_folder(tree, &path) {
                remove_all(&folder)?;
            }
            record.forget()?;
        }
    }
    Ok(())
}

/// Fills the submodules of the commit that the worktree has been brought to.
///
/// # Errors
/// The worktree's index cannot be read, or a folder cannot be written to.
pub(super) fn fill(job: &Job<'_>, index: &Path) -> Result<Filled> {
    let links = gitlinks(job.repo, index)?;
    let mut filled = Filled::default();
    if links.is_empty() {
        return Ok(filled);
    }
    let records = job.slot.join("submodules");
    make_repository(job.repo, &records.join("git"))?;
    let names = Names::parse(&names_at(job.repo, job.base)?);
    let level = Level { top: job.tree, outer: None, records, home: Home::of(job.repo), names };
    level.fill(job, links, &mut filled)?;
    Ok(filled)
}

/// What is to be done.
pub(super) struct Job<'a> {
    pub repo: &'a Repo,
    pub slot: &'a Path,
    pub tree: &'a Path,
    /// Its `.gitmodules` counts: that of a change is the change's own word.
    pub base: &'a CommitId,
    pub untracked: Untracked,
}

impl Job<'_> {
    /// git in the repository of our own, as if it were the submodule's.
    fn git(&self, module: &Module, spot: &Spot<'_>) -> GitCommand<'_> {
        let command = self.repo.git().in_worktree(&self.slot.join("submodules/git"), &spot.folder);
        let strict = command.setting("core.trustctime=true").setting("core.checkStat=default");
        let plain = strict.setting("core.sparseCheckout=false").setting("core.splitIndex=false");
        let plain =
            plain.variable("GIT_OBJECT_DIRECTORY", module.objects()).variable("GIT_INDEX_FILE", spot.record.index());
        // Neither git itself nor git-lfs is to go and get what the clone does not have.
        let alone = plain.variable("GIT_NO_LAZY_FETCH", "1").variable("GIT_LFS_SKIP_SMUDGE", "1");
        alone.deadline(Duration::from_secs(1800))
    }
}

/// One gitlink; the path counts from its level's top.
struct Link {
    path: Result<RepoPath, PathError>,
    commit: CommitId,
}

/// Where the files of one go.
struct Spot<'a> {
    path: &'a RepoPath,
    commit: &'a CommitId,
    folder: PathBuf,
    record: Record,
}

/// The submodules of the project, or of one submodule.
struct Level<'a> {
    top: &'a Path,
    /// Where it is, from the top of the project; `None`: there.
    outer: Option<RepoPath>,
    records: PathBuf,
    home: Home,
    names: Names,
}

impl Level<'_> {
    fn fill(&self, job: &Job<'_>, links: Vec<Link>, filled: &mut Filled) -> Result<()> {
        for (path, problem) in self.names.refused() {
            filled.empty.push(self.empty(path, Lack::Trust(problem.clone())));
        }
        for Link { path, commit } in links {
            match path {
                Ok(path) => self.one(job, &path, &commit, filled)?,
                Err(PathError { path, problem }) => {
                    filled.empty.push(self.empty(&path, Lack::Trust(format!("its path {problem}"))));
                }
            }
        }
        Ok(())
    }

    /// Fills one, with all that is in it, or sees to it that its folder is empty.
    fn one(&self, job: &Job<'_>, path: &RepoPath, commit: &CommitId, filled: &mut Filled) -> Result<()> {
        let record = Record::of(&self.records, path)?;
        let Some(folder) = folder(self.top, path)? else {
            let lack = Lack::Trust("a link or a file stands in its way".to_owned());
            filled.empty.push(self.empty(&path.to_text(), lack));
            return record.forget();
        };
        let spot = Spot { path, commit, folder, record };
        let put = match self.find(job.repo, path, commit) {
            Ok(module) => put(job, &module, &spot)?.map(|()| module),
            Err(lack) => Err(lack),
        };
        match put {
            Ok(module) => {
                self.inside(job, &spot, &module, filled)?;
                filled.modules.push(module.common_dir);
                Ok(())
            }
            Err(lack) => {
                filled.empty.push(self.empty(&path.to_text(), lack));
                give_up(job, &spot)
            }
        }
    }

    /// The first repository of the clone that is the submodule and has the commit.
    fn find(&self, repo: &Repo, path: &RepoPath, commit: &CommitId) -> Result<Module, Lack> {
        let name = self.names.of(path).map_err(Lack::Trust)?;
        let candidates = self.home.candidates(path, name);
        let lack = if candidates.is_empty() { Lack::Clone } else { Lack::Commit(commit.clone()) };
        candidates.into_iter().find(|module| has(repo, module, commit)).ok_or(lack)
    }

    /// Fills the submodules of one that has been filled.
    fn inside(&self, job: &Job<'_>, spot: &Spot<'_>, module: &Module, filled: &mut Filled) -> Result<()> {
        let links = gitlinks(job.repo, &spot.record.index())?;
        if links.is_empty() {
            return Ok(());
        }
        let names = job.git(module, spot).args(["cat-file", "blob", &format!("{}:.gitmodules", spot.commit)]);
        let names = Names::parse(&names.output_limit(LARGEST_NAMES).stdout().unwrap_or_default());
        let outer = RepoPath::parse(self.whole_path(&spot.path.to_text())).ok();
        let home = self.home.below(spot.path, module);
        Level { top: &spot.folder, outer, records: spot.record.inner(), home, names }.fill(job, links, filled)
    }

    fn empty(&self, path: &str, why: Lack) -> EmptySubmodule {
        EmptySubmodule { path: self.whole_path(path), outer: self.outer.clone(), why }
    }

    fn whole_path(&self, path: &str) -> String {
        match &self.outer {
            Some(outer) => format!("{}/{path}", outer.to_text()),
            None => path.to_owned(),
        }
    }
}

/// Makes a folder's files those of a commit. What is as it has to be is not written again.
///
/// # Errors
/// The folder cannot be emptied.
fn put(job: &Job<'_>, module: &Module, spot: &Spot<'_>) -> Result<Result<(), Lack>> {
    let git = |args: &[&str]| job.git(module, spot).args(args).stdout();
    let read = ["read-tree", "-u", "--reset", spot.commit.as_str()];
    // A git that was killed leaves its lock; the slot is ours alone.
    let _ = fs::remove_file(spot.record.index().with_extension("lock"));
    if spot.record.is_at(spot.commit.as_str()) {
        if git(&read).is_ok() {
            return tidy(job, &spot.folder, || git(&["clean", "-ffdq"]).map(drop)).map(Ok);
        }
        open_up(&spot.folder);
    }
    spot.record.begin(spot.path, spot.commit)?;
    empty(&spot.folder)?;
    Ok(git(&read).map(drop).map_err(|error| Lack::Files(format!("its files cannot be written: {error}"))))
}

/// Leaves no file of a submodule that cannot be filled. What a check made in its folder is for the next check of the same
/// commit, as everywhere.
fn give_up(job: &Job<'_>, spot: &Spot<'_>) -> Result<()> {
    if spot.record.exists() || job.untracked == Untracked::Remove {
        empty(&spot.folder)?;
    }
    spot.record.forget()
}

/// Takes away what a check made in a submodule's folder; what the submodule ignores stays, as in the worktree.
fn tidy<E>(job: &Job<'_>, folder: &Path, clean: impl FnOnce() -> Result<(), E>) -> Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match job.untracked {
        Untracked::Keep => Ok(()),
        Untracked::Remove => {
            // git does not look at it, and a check's git would.
            remove(&folder.join(".git"))?;
            clean().context("cannot clean a submodule")
        }
    }
}

/// The folder of a gitlink, made if it is gone; `None`: something else stands there or on the way.
fn folder(top: &Path, path: &RepoPath) -> Result<Option<PathBuf>> {
    let mut folder = top.to_owned();
    for part in path.as_bytes().split(|byte| *byte == b'/') {
        folder.push(OsStr::from_bytes(part));
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(None),
            Err(_) => fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?,
        }
    }
    Ok(Some(folder))
}

fn empty(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.flatten().try_for_each(|entry| remove(&entry.path()))
}

/// Removes what is there, whatever it is. Links are removed, not followed.
fn remove(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => remove_all(path),
        Ok(_) => fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display())),
        Err(_) => Ok(()),
    }
}

fn has(repo: &Repo, module: &Module, commit: &CommitId) -> bool {
    let Ok(id) = gix::ObjectId::from_hex(commit.as_str().as_bytes()) else { return false };
    let objects = gix::odb::at(module.objects(), repo.gix().object_hash());
    objects.is_ok_and(|objects| gix::objs::Exists::exists(&objects, &id))
}

/// The gitlinks of an index. It is the cheapest list of a commit's files, and there already.
fn gitlinks(repo: &Repo, index: &Path) -> Result<Vec<Link>> {
    let read = gix::index::File::at(index, repo.gix().object_hash(), true, gix::index::decode::Options::default());
    let index = read.map_err(|error| anyhow::anyhow!("cannot read {}: {error}", index.display()))?;
    let links = index.entries().iter().filter(|entry| entry.mode == gix::index::entry::Mode::COMMIT);
    let links = links.map(|entry| {
        let path = RepoPath::parse(entry.path(&index));
        let Some(commit) = CommitId::parse(&entry.id.to_string()) else { bail!("an index names no commit") };
        Ok(Link { path, commit })
    });
    links.collect()
}

/// The project's `.gitmodules`; nothing if there is none, or a link.
fn names_at(repo: &Repo, commit: &CommitId) -> Result<Vec<u8>> {
    let path = RepoPath::parse(".gitmodules")?;
    match repo.read(&repo.tree_of(commit)?, &path, LARGEST_NAMES as u64)? {
        Found::Entry(Entry::File(file)) => Ok(file.bytes.to_vec()),
        Found::Entry(_) | Found::TooLarge { .. } | Found::Missing { .. } | Found::Below(_) => Ok(Vec::new()),
    }
}

/// A repository without anything, made anew: an unconfined check may have written to the one before.
fn make_repository(repo: &Repo, dir: &Path) -> Result<()> {
    remove_all(dir)?;
    private_dir(dir)?;
    Ok(layout::init(dir, repo.gix().object_hash(), WorkTree::Given)?)
}

/// What is known of a submodule that was filled.
struct Record(PathBuf);

impl Record {
    fn of(records: &Path, path: &RepoPath) -> Result<Self> {
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
        hasher.update(path.as_bytes());
        Ok(Self(records.join(hasher.try_finalize()?.to_string())))
    }

    fn all(records: &Path) -> Vec<Self> {
        let entries = fs::read_dir(records).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name() != "git").map(|entry| Self(entry.path())).collect()
    }

    fn exists(&self) -> bool {
        self.0.exists()
    }

    fn path(&self) -> Option<RepoPath> {
        RepoPath::parse(fs::read(self.0.join("path")).ok()?).ok()
    }

    fn is_at(&self, commit: &str) -> bool {
        fs::read_to_string(self.0.join("commit")).is_ok_and(|recorded| recorded == commit)
    }

    fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    fn inner(&self) -> PathBuf {
        self.0.join("inner")
    }

    /// Written before the files are: a fill that is killed is found and finished, or taken away.
    fn begin(&self, path: &RepoPath, commit: &CommitId) -> Result<()> {
        self.forget()?;
        private_dir(&self.0)?;
        fs::write(self.0.join("path"), path.as_bytes())?;
        Ok(fs::write(self.0.join("commit"), commit.as_str())?)
    }

    fn forget(&self) -> Result<()> {
        remove_all(&self.0)
    }
}
