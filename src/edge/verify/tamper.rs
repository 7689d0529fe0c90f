//! Notices when a check changed what makes git run programs or go elsewhere.

use std::path::{Path, PathBuf};

/// Digests of the files that a check must leave alone, taken before and after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seal(Vec<(PathBuf, String)>);

/// What is watched beside the worktree's own link to the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watch {
    /// Hooks and `info/`; the configuration is out of the check's reach, and people change it while checks run (`git
    /// push -u` does).
    Confined,
    /// The configuration too: nothing but this look protects it.
    Unconfined,
}

impl Seal {
    /// Reads what is to be watched.
    pub(super) fn take(common_dir: &Path, worktree_git_dir: &Path, tree: &Path, watch: Watch) -> Self {
        let mut files = vec![
            tree.join(".git"),
            worktree_git_dir.join("gitdir"),
            worktree_git_dir.join("commondir"),
            worktree_git_dir.join("config.worktree"),
        ];
        if watch == Watch::Unconfined {
            files.push(common_dir.join("config"));
            files.push(worktree_git_dir.join("HEAD"));
        }
        files.extend(inside(&common_dir.join("hooks")));
        // Not `info/refs`, which `git gc` writes.
        files.extend(
            ["attributes", "exclude", "sparse-checkout", "grafts"].map(|name| common_dir.join("info").join(name)),
        );
        Self(files.into_iter().map(|file| (file.clone(), fingerprint(&file))).collect())
    }

    /// With what makes git run programs in submodules; a confined check does not see their repositories.
    pub(super) fn and_modules(mut self, modules: &[PathBuf], watch: Watch) -> Self {
        if watch == Watch::Unconfined {
            let parts = modules
                .iter()
                .flat_map(|module| inside(&module.join("hooks")).into_iter().chain([module.join("config")]));
            self.0.extend(parts.map(|file| (file.clone(), fingerprint(&file))));
        }
        self
    }

    /// The first file that is not as it was.
    pub(super) fn broken(&self, now: &Self) -> Option<PathBuf> {
        let before = self.0.iter().find(|file| !now.0.contains(file));
        let after = now.0.iter().find(|file| !self.0.contains(file));
        before.or(after).map(|(path, _)| path.clone())
    }
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// Kind, mode and content; links are not followed.
fn fingerprint(file: &Path) -> String {
    let Ok(metadata) = std::fs::symlink_metadata(file) else { return "missing".to_owned() };
    #[cfg(unix)]
    let mode = std::os::unix::fs::MetadataExt::mode(&metadata);
    #[cfg(not(unix))]
    let mode = u32::from(metadata.permissions().readonly());
    let content = if metadata.is_file() {
        std::fs::read(file).unwrap_or_default()
    } else {
        std::fs::read_link(file).map(|target| target.into_os_string().into_encoded_bytes()).unwrap_or_default()
    };
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha256);
    hasher.update(&content);
    let digest = hasher.try_finalize().map(|digest| digest.to_string()).unwrap_or_default();
    format!("{mode:o} {digest}")
}
