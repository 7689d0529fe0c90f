//! Finds and opens the repository, or says in one sentence why it cannot be used.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Repo;
use super::config::dequote;
use crate::core::text::shell_word;
use crate::edge::git::{Environment, Git};

/// Where to look for the repository, and what overrides its configuration.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The absolute folder that the search starts in and that relative paths count from.
    pub cwd: PathBuf,
    /// `GIT_DIR`, `GIT_INDEX_FILE`, `GIT_CONFIG_PARAMETERS`, the identity and the dates are taken from here.
    pub environment: Environment,
    /// `--git-dir`; stronger than `GIT_DIR`.
    pub git_dir: Option<PathBuf>,
    /// `KEY=VALUE`, stronger than every other configuration.
    pub settings: Vec<String>,
    pub config: ConfigScope,
}

/// Which configuration counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigScope {
    /// All that git would read.
    Everything,
    /// Only the repository's own, and the settings given: for tests and for repositories that git-burn makes.
    RepositoryOnly,
}

impl OpenOptions {
    /// Opens what git would find from this folder.
    pub fn new(cwd: impl Into<PathBuf>, environment: Environment) -> Self {
        let config = ConfigScope::Everything;
        Self { cwd: cwd.into(), environment, git_dir: None, settings: Vec::new(), config }
    }

    /// `--git-dir` or `GIT_DIR`, absolute.
    fn asked_git_dir(&self) -> Option<PathBuf> {
        let named = self.git_dir.as_deref().map(Path::as_os_str).or_else(|| self.environment.get("GIT_DIR"));
        named.map(|dir| self.cwd.join(dir))
    }

    fn gix_options(&self) -> Result<gix::open::Options> {
        let options = match self.config {
            ConfigScope::Everything => gix::open::Options::default(),
            ConfigScope::RepositoryOnly => gix::open::Options::isolated(),
        };
        let mut overrides: Vec<Vec<u8>> = Vec::new();
        // `git -c` arrives quoted in this variable, which gix does not read.
        if let Some(parameters) = self.environment.get("GIT_CONFIG_PARAMETERS") {
            let parameters = parameters.as_encoded_bytes();
            overrides.extend(dequote(parameters).context("GIT_CONFIG_PARAMETERS is not quoted as git quotes it")?);
        }
        overrides.extend(self.settings.iter().map(|setting| setting.clone().into_bytes()));
        for (variable, key) in IDENTITY {
            if let Some(value) = self.environment.get(variable) {
                overrides.push([key.as_bytes(), b"=", value.as_encoded_bytes()].concat());
            }
        }
        Ok(options.cli_overrides(overrides.into_iter().map(gix::bstr::BString::from)))
    }
}

/// The environment's identity as the configuration keys that it is stronger than.
const IDENTITY: [(&str, &str); 4] = [
    ("GIT_AUTHOR_NAME", "author.name"),
    ("GIT_AUTHOR_EMAIL", "author.email"),
    ("GIT_COMMITTER_NAME", "committer.name"),
    ("GIT_COMMITTER_EMAIL", "committer.email"),
];

impl Repo {
    /// Opens the repository that git would work on.
    ///
    /// # Errors
    /// There is none, it belongs to somebody else, it is bare without having been asked for, or it uses a format that
    /// git-burn cannot work with.
    pub fn open(options: &OpenOptions) -> Result<Self> {
        let asked = options.asked_git_dir();
        let gix = match &asked {
            Some(git_dir) => open_at(git_dir, options.gix_options()?)?,
            None => discover(options)?,
        };
        if asked.is_none() && gix.is_bare() {
            let dir = gix.git_dir().display();
            bail!("`{dir}` is a bare repository\nhint: to work on it all the same, say `git --git-dir={dir} burn ...`");
        }
        refuse_unsupported(&gix)?;
        let named_index = options.environment.get("GIT_INDEX_FILE").map(|file| options.cwd.join(file));
        let index_file = named_index.unwrap_or_else(|| gix.git_dir().join("index"));
        let mut repo = Self { gix, git: Git::new(options.environment.clone()), index_file };
        repo.gix.object_cache_size_if_unset(16 * 1024 * 1024);
        repo.git = repo.git.carrying(repo.carried_settings());
        Ok(repo)
    }
}

fn open_at(git_dir: &Path, options: gix::open::Options) -> Result<gix::Repository> {
    // Named on purpose, so it is trusted whoever owns it: git's rule for GIT_DIR.
    let options = options.with(gix::sec::Trust::Full).open_path_as_is(true);
    match gix::ThreadSafeRepository::open_opts(git_dir, options) {
        Ok(repository) => Ok(repository.into()),
        Err(error) if error.is_not_found() => bail!("`{}` is not a git repository", git_dir.display()),
        Err(error) => Err(error).with_context(|| format!("cannot open the repository `{}`", git_dir.display())),
    }
}

fn discover(options: &OpenOptions) -> Result<gix::Repository> {
    let cwd = options.cwd.as_path();
    if !cwd.is_dir() {
        bail!("`{}` is not a folder", cwd.display());
    }
    let opening = options.gix_options()?.bail_if_untrusted(true);
    let trust = gix::sec::trust::Mapping { full: opening.clone(), reduced: opening };
    let mut upwards = gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
    if let Some(ceilings) = options.environment.get("GIT_CEILING_DIRECTORIES") {
        upwards.ceiling_dirs = std::env::split_paths(ceilings).filter(|dir| dir.is_absolute()).collect();
    }
    match gix::ThreadSafeRepository::discover_opts(cwd, upwards, trust) {
        Ok(repository) => Ok(repository.into()),
        Err(error) if error.is_permission_denied() => {
            let folder = shell_word(&repository_around(cwd).to_string_lossy());
            let hint = format!("hint: if you trust it: git config --global --add safe.directory {folder}");
            bail!("the repository at `{}` belongs to another user: {error}\n{hint}", cwd.display())
        }
        Err(error) if error.is_not_found() || error.is_validation() => {
            bail!("not in a git repository: `{}`\nhint: cd into a clone, or say -C FOLDER", cwd.display())
        }
        Err(error) => Err(error).with_context(|| format!("cannot open the repository at `{}`", cwd.display())),
    }
}

/// The folder by which git knows a repository that it is not to look into: the one that holds `.git`, or a bare one itself.
fn repository_around(cwd: &Path) -> &Path {
    let is_repository =
        |dir: &&Path| dir.join(".git").exists() || (dir.join("HEAD").is_file() && dir.join("objects").is_dir());
    cwd.ancestors().find(is_repository).unwrap_or(cwd)
}

/// Formats in which some part of the work would fail later, with a less clear message.
fn refuse_unsupported(gix: &gix::Repository) -> Result<()> {
    let config = gix.config_snapshot();
    let is =
        |key: &str, wanted: &str| config.string(key).is_some_and(|value| value.eq_ignore_ascii_case(wanted.as_bytes()));
    if is("extensions.refStorage", "reftable") {
        bail!(
            "this repository keeps its refs as a reftable, which git-burn cannot read\n\
             hint: git refs migrate --ref-format=files"
        );
    }
    let names = gix.remote_names();
    let filters = names.iter().filter_map(|name| config.string(format!("remote.{name}.partialclonefilter").as_str()));
    if let Some(filter) = filters.into_iter().find(|filter| filter.starts_with(b"tree:")) {
        bail!(
            "this clone lacks trees (partial clone with `{filter}`), which git-burn needs\n\
             hint: clone with --filter=blob:none instead, or without a filter"
        );
    }
    Ok(())
}
