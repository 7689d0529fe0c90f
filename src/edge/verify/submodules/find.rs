//! Where the user's clone keeps a submodule: looked at, never written to, and never run with its configuration.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::core::names::RepoPath;
use crate::core::submodules::SubmoduleName;
use crate::edge::repo::Repo;
use crate::edge::repo::config::Config;
use crate::edge::repo::layout::{linked_git_dirs, path_in};

/// The places where one level keeps its submodules: those of the project, or those of one of its submodules.
#[derive(Debug)]
pub(super) struct Home {
    /// Folders that may hold a `modules` folder, best first.
    git_dirs: Vec<PathBuf>,
    /// The user's checkout, in which older git left a `.git` folder in each submodule.
    checkout: Option<PathBuf>,
}

impl Home {
    /// The clone. Each of its linked worktrees has submodules of its own.
    pub(super) fn of(repo: &Repo) -> Self {
        let common = repo.common_dir();
        let near = [repo.git_dir().to_owned(), common.to_owned()];
        Self {
            git_dirs: near.into_iter().chain(linked_git_dirs(common)).collect(),
            checkout: repo.work_tree().map(Path::to_owned),
        }
    }

    /// The level below a submodule that was found.
    pub(super) fn below(&self, path: &RepoPath, module: &Module) -> Self {
        let git_dirs = vec![module.git_dir.clone(), module.common_dir.clone()];
        Self { git_dirs, checkout: self.folder(path) }
    }

    /// What may be the submodule, best first.
    pub(super) fn candidates(&self, path: &RepoPath, name: Option<&SubmoduleName>) -> Vec<Module> {
        let named = name.map(|name| Path::new("modules").join(name.as_str()));
        let absorbed = named.iter().flat_map(|named| self.git_dirs.iter().map(move |dir| dir.join(named)));
        let checked_out = self.folder(path).and_then(|folder| git_dir_of(&folder));
        absorbed.chain(checked_out).filter_map(Module::at).collect()
    }

    /// The submodule's folder in the user's checkout. A link on the way would lead to somewhere else.
    fn folder(&self, path: &RepoPath) -> Option<PathBuf> {
        real_folder(self.checkout.as_deref()?, path)
    }
}

/// A repository of a submodule.
#[derive(Debug, Clone)]
pub(super) struct Module {
    pub git_dir: PathBuf,
    /// Another folder if the submodule is a linked worktree.
    pub common_dir: PathBuf,
}

impl Module {
    fn at(git_dir: PathBuf) -> Option<Self> {
        let git_dir = git_dir.canonicalize().ok()?;
        let shared = fs::read(git_dir.join("commondir")).ok().map(|content| git_dir.join(path_in(&content)));
        let common_dir = shared.unwrap_or_else(|| git_dir.clone());
        common_dir.join("objects").is_dir().then_some(Self { git_dir, common_dir })
    }

    /// The object database, which may borrow from others.
    pub(super) fn objects(&self) -> PathBuf {
        self.common_dir.join("objects")
    }
}

/// A folder below `top`, if no part of the way is a link or anything else than a folder.
pub(super) fn real_folder(top: &Path, path: &RepoPath) -> Option<PathBuf> {
    let mut folder = top.to_owned();
    for part in path.as_bytes().split(|byte| *byte == b'/') {
        folder.push(OsStr::from_bytes(part));
        if !fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir()) {
            return None;
        }
    }
    Some(folder)
}

/// What `.git` in a folder is, or says.
fn git_dir_of(folder: &Path) -> Option<PathBuf> {
    let dot_git = folder.join(".git");
    match fs::symlink_metadata(&dot_git).ok()? {
        kind if kind.is_dir() => Some(dot_git),
        kind if kind.is_file() && kind.len() < 8192 => {
            let content = fs::read(&dot_git).ok()?;
            content.strip_prefix(b"gitdir: ").map(|target| folder.join(path_in(target)))
        }
        _ => None,
    }
}

/// What a `.gitmodules` says: names by path. All of it is a stranger's text.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_path: BTreeMap<String, Result<SubmoduleName, String>>,
    /// Paths at which no submodule can stand, with what is wrong with them.
    refused: Vec<(String, String)>,
}

impl Names {
    /// Reads it. A file that is not of git's syntax names nothing.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut names = Self::default();
        let Ok(config) = Config::parse(".gitmodules", bytes) else { return names };
        for setting in config.section("submodule") {
            let name = setting.key.split_once('.').and_then(|(_, rest)| rest.strip_suffix(".path"));
            let (Some(name), Some(path)) = (name, setting.value.as_deref()) else { continue };
            let path = path.trim_end_matches('/');
            match RepoPath::parse(path) {
                Ok(_) => drop(names.by_path.insert(path.to_owned(), checked(name))),
                Err(error) => names.refused.push((path.to_owned(), format!("its path {}", error.problem))),
            }
        }
        names
    }

    /// The name of the submodule at a path; `None`: it has none.
    ///
    /// # Errors
    /// Why the name is refused.
    pub(super) fn of(&self, path: &RepoPath) -> Result<Option<&SubmoduleName>, String> {
        match self.by_path.get(&*path.to_text()) {
            Some(name) => name.as_ref().map(Some).map_err(Clone::clone),
            None => Ok(None),
        }
    }

    /// Paths that are refused, and why.
    pub(super) fn refused(&self) -> &[(String, String)] {
        &self.refused
    }
}

fn checked(name: &str) -> Result<SubmoduleName, String> {
    SubmoduleName::parse(name).map_err(|problem| format!("its name `{name}` {problem}"))
}
