//! What every command starts from: the common flags, the environment, the terminal, the repository, the configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;

use super::args::Common;
use super::config::{Config, Trust, shared};
use super::error::{Exit, Explained};
use super::render::json;
use super::terminal::{Paint, Terminal};
use super::values;
use crate::core::change::Entry;
use crate::core::names::{CommitId, RepoPath, Timestamp, TreeId};
use crate::core::text::one_line;
use crate::edge::git::Environment;
use crate::edge::http::{Ambient, Pacers};
use crate::edge::journal::{Lock, Locked};
use crate::edge::repo::{Base, ConfigScope, Found, OpenOptions, Remote, Repo};
use crate::edge::trust::{Digest, TrustStore};
use crate::flow::Clock;

/// See the module.
pub struct Context {
    pub common: Common,
    pub environment: Environment,
    pub terminal: Terminal,
    /// Absolute; `-C` applied.
    pub cwd: PathBuf,
    /// `--offline` or `GIT_BURN_OFFLINE`.
    pub network: Network,
    /// `--no-input` or `GIT_BURN_NO_INPUT`, or nobody there.
    pub questions: Questions,
    /// Whose git configuration counts.
    pub scope: ConfigScope,
    /// The issues of a sprint share `burn.rate`, however many are worked on at once.
    pub pacers: Arc<Pacers>,
}

/// Whether servers may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Allowed,
    Offline,
}

/// Whether a person may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Questions {
    Allowed,
    Never,
}

/// Largest `.gitburn` that is read, in bytes.
const LARGEST_SHARED: u64 = 1024 * 1024;

impl Context {
    /// What the flags say in this environment.
    pub fn new(common: Common, environment: Environment) -> anyhow::Result<Self> {
        let terminal = Terminal::detect(&environment);
        let mut cwd = std::env::current_dir().context("the current folder cannot be read")?;
        cwd.extend(&common.directory);
        if !cwd.is_dir() {
            let hint = "give -C a folder that exists";
            return Err(Explained::new(Exit::Fatal, format!("no folder `{}`", cwd.display())).hint(hint).into());
        }
        let offline = common.offline || values::switch(&environment, "GIT_BURN_OFFLINE")?;
        let silent = common.no_input || values::switch(&environment, "GIT_BURN_NO_INPUT")? || !terminal.in_is_tty;
        let network = if offline { Network::Offline } else { Network::Allowed };
        let environment = match network {
            Network::Offline => environment.with("GIT_ALLOW_PROTOCOL", "file"),
            Network::Allowed => environment,
        };
        let questions = if silent { Questions::Never } else { Questions::Allowed };
        let scope = ConfigScope::Everything;
        let pacers = Arc::default();
        Ok(Self { common, environment, terminal, cwd, network, questions, scope, pacers })
    }

    /// The same person and terminal in another folder, with whatever repository is there.
    pub fn inside(&self, folder: &Path) -> Self {
        let of_here = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"];
        let kept = self.environment.iter().filter(|(name, _)| !of_here.iter().any(|here| name == here));
        Self {
            common: self.common.clone(),
            environment: Environment::new(kept),
            terminal: self.terminal,
            cwd: folder.to_owned(),
            network: self.network,
            questions: self.questions,
            scope: self.scope,
            pacers: Arc::clone(&self.pacers),
        }
    }

    /// Whether a remote can be asked and pushed to.
    pub fn reaches(&self, remote: &Remote) -> bool {
        match self.network {
            Network::Allowed => true,
            Network::Offline => remote.is_local(),
        }
    }

    /// The repository that git would find from here.
    pub fn open_repo(&self) -> anyhow::Result<Repo> {
        Repo::open(&OpenOptions { config: self.scope, ..OpenOptions::new(&self.cwd, self.environment.clone()) })
    }

    /// With `--alone` the lock of this repository, which one run at a time holds.
    pub fn alone(&self) -> anyhow::Result<Option<Lock>> {
        if !self.common.alone {
            return Ok(None);
        }
        let holder = format!("process {}", std::process::id());
        match Lock::take(&self.open_repo()?.burn_dir(), "lock", &holder)? {
            Locked::Taken(lock) => Ok(Some(lock)),
            Locked::Held { by } => {
                let problem = format!("another run goes on here ({})", one_line(&by));
                Err(Explained::new(Exit::Busy, problem).hint("leave out --alone to run beside it").into())
            }
        }
    }

    /// Everything that is configured, without `.gitburn`.
    pub fn personal_config(&self, repo: &Repo) -> anyhow::Result<Config> {
        let mut config = Config::default();
        config.add_git(&repo.config())?;
        config.add_environment(&self.environment)?;
        if let Some(slug) = &self.common.repo {
            config.add_flag("--repo", "repo", slug.to_string());
        }
        Ok(config)
    }

    /// The commit whose `.gitburn` counts: the asked one, else the tip of the base branch as far as it is known here,
    /// else HEAD. `None`: there is no commit.
    pub fn policy_base(&self, repo: &Repo, asked: Option<&str>) -> anyhow::Result<Option<Base>> {
        if let Some(revision) = asked {
            return base_at(repo, repo.resolve(revision)?).map(Some);
        }
        let config = self.personal_config(repo)?;
        let remote = repo.remote(config.text("remote"))?;
        match repo.base(config.text("base"), remote.as_ref(), None) {
            Ok(base) => Ok(Some(base)),
            Err(_) => repo.head()?.map(|head| base_at(repo, head)).transpose(),
        }
    }

    /// Everything that is configured, with the `.gitburn` of the base commit's tree.
    pub fn config(&self, repo: &Repo, base: Option<&TreeId>) -> anyhow::Result<Config> {
        let mut config = self.personal_config(repo)?;
        if let Some(bytes) = base.map(|base| shared_file(repo, base)).transpose()?.flatten() {
            let lines = shared::parse(&bytes).map_err(|problems| Explained::new(Exit::Fatal, problems.to_string()))?;
            config.add_shared(lines, self.trust(repo, &bytes)?)?;
        }
        Ok(config)
    }

    /// As [`Context::config`], with the base as far as it is known here.
    pub fn config_here(&self, repo: &Repo) -> anyhow::Result<Config> {
        self.config(repo, self.policy_base(repo, None)?.map(|base| base.tree).as_ref())
    }

    /// Whether the team's file counts in full: `GIT_BURN_TRUST=1`, or `git burn trust` for exactly this content.
    pub fn trust(&self, repo: &Repo, content: &[u8]) -> anyhow::Result<Trust> {
        let said = values::switch(&self.environment, "GIT_BURN_TRUST")?;
        let trusted = said || TrustStore::of(repo).contains(&Digest::of(content))?;
        Ok(if trusted { Trust::Given } else { Trust::Missing })
    }

    /// The result of a command, on standard output: a record for programs, or the text for people.
    pub fn result(&self, event: &str, record: &impl Serialize, text: &str) -> anyhow::Result<()> {
        let record = self.common.json.then(|| json::line(event, record));
        Ok(self.terminal.write_out(record.as_deref().unwrap_or(text).as_bytes())?)
    }

    /// What was put into git's configuration.
    pub fn configured(&self, key: &str, value: &str) -> anyhow::Result<()> {
        let text = format!("git config {key} '{}'\n", one_line(value));
        self.result("configured", &json!({ "key": key, "value": value }), &text)
    }

    /// A file that was written.
    pub fn written(&self, file: &Path) -> anyhow::Result<()> {
        let name = file.display().to_string();
        self.result("written", &json!({ "file": name }), &format!("{name}\n"))
    }

    /// Says something on standard error, unless only results are wanted.
    pub fn tell(&self, line: &str) {
        if !self.common.quiet {
            self.terminal.write_err(format!("{line}\n").as_bytes());
        }
    }

    /// Warns about settings of the team's file that do not count for want of trust.
    pub fn warn_untrusted(&self, config: &Config) {
        let names: Vec<String> = config.untrusted().iter().map(|setting| setting.name.to_string()).collect();
        if !names.is_empty() {
            let text =
                format!("warning: {} sets {}, which count after `git burn trust`", shared::FILE, names.join(", "));
            self.tell(&text);
        }
    }

    /// How to colour standard output.
    pub fn paint_out(&self, repo: Option<&Repo>) -> Paint {
        self.paint(repo, self.terminal.out_is_tty)
    }

    /// How to colour standard error.
    pub fn paint_err(&self, repo: Option<&Repo>) -> Paint {
        self.paint(repo, self.terminal.err_is_tty)
    }

    fn paint(&self, repo: Option<&Repo>, is_tty: bool) -> Paint {
        let config = repo.map(Repo::config).unwrap_or_default();
        let configured = config.last("color.burn").or_else(|| config.last("color.ui"));
        let configured = configured.map(|setting| setting.value.as_deref().unwrap_or("auto"));
        Paint::decide(self.common.color, &self.environment, configured, is_tty)
    }
}

/// The time by the system's clock.
pub fn now() -> Timestamp {
    (Ambient::system().wall)()
}

/// The system's clock, as the flows want it.
pub fn clock() -> Clock {
    let Ambient { wall, elapsed, .. } = Ambient::system();
    Clock { now: wall, elapsed }
}

fn base_at(repo: &Repo, commit: CommitId) -> anyhow::Result<Base> {
    Ok(Base { tree: repo.tree_of(&commit)?, commit, branch: None })
}

/// The content of `.gitburn` in a tree.
pub fn shared_file(repo: &Repo, tree: &TreeId) -> anyhow::Result<Option<Vec<u8>>> {
    let path = RepoPath::parse(shared::FILE).context("the name of the team's file")?;
    match repo.read(tree, &path, LARGEST_SHARED)? {
        Found::Entry(Entry::File(file)) => Ok(Some(file.bytes.to_vec())),
        Found::Missing { .. } => Ok(None),
        Found::Entry(_) | Found::TooLarge { .. } | Found::Below(_) => {
            let problem = format!("{} in {} is not a small regular file", shared::FILE, tree.short());
            Err(Explained::new(Exit::Fatal, problem).into())
        }
    }
}
