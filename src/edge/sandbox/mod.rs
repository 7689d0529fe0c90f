//! Confines what checks run: bubblewrap where it is installed.
//!
//! Inside there is the system, the toolchains and the repository's `.git`, all read-only; the worktree, a private HOME
//! and a private /tmp to write to; no network, no process and no socket of the host. The environment is an allow-list in
//! every mode.

mod mounts;
mod toolchains;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::toolchains::Toolchains;
use super::git::Environment;
use super::process::{self, Ending, ProcessLimits};
use super::repo::nonce;

/// Whether checks may run without a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxMode {
    /// Confined where it is possible; where not, the result says so.
    Auto,
    /// Confined, or not at all.
    Require,
    /// Not confined: the user's own choice, never a repository's.
    Off,
}

/// Whether checks reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Cut,
    Open,
}

/// How checks are to be confined.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    pub mode: SandboxMode,
    pub network: Network,
    /// Where PATH, the language and the places of toolchains come from.
    pub environment: Environment,
    /// Names of further variables to hand on.
    pub keep: Vec<String>,
    /// Further folders that checks may read.
    pub read: Vec<PathBuf>,
}

/// How checks are confined in fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confinement {
    Bubblewrap(Network),
    /// Only the environment, HOME, time and output are limited.
    None {
        why: String,
    },
}

impl Confinement {
    /// Whether the sandbox works.
    pub fn is_confined(&self) -> bool {
        match self {
            Self::Bubblewrap(_) => true,
            Self::None { .. } => false,
        }
    }
}

impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bubblewrap(Network::Cut) => f.write_str("bubblewrap"),
            Self::Bubblewrap(Network::Open) => f.write_str("bubblewrap, network open"),
            Self::None { why } => write!(f, "off: {why}"),
        }
    }
}

/// The folders that a check works in and with.
#[derive(Debug, Clone)]
pub(super) struct Grounds {
    /// The worktree: it starts here, and may write here, but for the file `.git`.
    pub tree: PathBuf,
    /// Its HOME.
    pub home: PathBuf,
    /// Its /tmp.
    pub tmp: PathBuf,
    /// The repository's `.git`.
    pub common_dir: PathBuf,
    /// The user's checkout, of which installed dependencies are lent to the check, read-only.
    pub work_tree: Option<PathBuf>,
    /// Stands in for the repository's `config`, which may hold tokens.
    pub git_config: PathBuf,
}

/// A way to run checks.
#[derive(Debug)]
pub struct Sandbox {
    mode: SandboxMode,
    network: Network,
    program: Option<PathBuf>,
    confinement: Confinement,
    toolchains: Toolchains,
    /// Allowed variables, as they are outside.
    variables: Vec<(OsString, OsString)>,
    /// A variable by which processes are found that left their group.
    marker: String,
}

/// Parts of names of variables that hold credentials.
const CREDENTIALS: [&str; 8] = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "_KEY", "AUTH", "COOKIE"];

impl Sandbox {
    /// Looks for bubblewrap and for toolchains.
    ///
    /// # Errors
    /// The sandbox is required and bubblewrap is not installed, or a variable to be kept looks like a credential.
    pub fn new(options: SandboxOptions) -> Result<Self> {
        let SandboxOptions { mode, network, environment, keep, read } = options;
        if let Some(name) = keep.iter().find(|name| is_credential(name)) {
            bail!(
                "the variable {name} looks like a credential: checks run code that a model wrote, and must not see it"
            );
        }
        let program = match mode {
            SandboxMode::Off => None,
            SandboxMode::Auto | SandboxMode::Require => find_program("bwrap", &environment),
        };
        let confinement = match (&program, mode) {
            (Some(_), _) => Confinement::Bubblewrap(network),
            (None, SandboxMode::Off) => Confinement::None { why: "burn.sandbox is off".to_owned() },
            (None, SandboxMode::Auto) => Confinement::None { why: "bubblewrap is not installed".to_owned() },
            (None, SandboxMode::Require) => bail!(
                "burn.sandbox is `require`, but bubblewrap is not installed\n\
                 hint: apt install bubblewrap (or the like), or set burn.sandbox to `auto`"
            ),
        };
        let toolchains = Toolchains::find(&environment, read);
        let variables = allowed(&environment, &keep);
        Ok(Self { mode, network, program, confinement, toolchains, variables, marker: nonce() })
    }

    /// How checks are confined.
    pub fn confinement(&self) -> &Confinement {
        &self.confinement
    }

    /// Tries the sandbox once on these grounds, so that a sandbox that does not work is not taken for a red check.
    pub(super) fn settle(&mut self, grounds: &Grounds) -> Result<()> {
        if !self.confinement.is_confined() {
            return Ok(());
        }
        let limits = ProcessLimits { time: Duration::from_secs(20), output: 64 * 1024 };
        let mut command = self.command(grounds, "exit 7");
        let problem = match process::run(&mut command, None, limits) {
            Ok(finished) if matches!(finished.ended, Ending::Exited(status) if status.code() == Some(7)) => {
                return Ok(());
            }
            Ok(finished) => String::from_utf8_lossy(&finished.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        let problem = crate::core::text::one_line(&problem);
        match self.mode {
            SandboxMode::Require => bail!(
                "burn.sandbox is `require`, but bubblewrap does not work here: {problem}\n\
                 hint: unprivileged user namespaces may be switched off; see `git burn doctor`"
            ),
            SandboxMode::Auto | SandboxMode::Off => {
                self.confinement = Confinement::None { why: format!("bubblewrap does not work here: {problem}") };
                Ok(())
            }
        }
    }

    /// The command that runs `line` in a shell on these grounds.
    pub(super) fn command(&self, grounds: &Grounds, line: &str) -> Command {
        let shell: [&Path; 3] = [Path::new("/bin/sh"), Path::new("-c"), Path::new(line)];
        let mut command = match (&self.program, &self.confinement) {
            (Some(program), Confinement::Bubblewrap(network)) => {
                let mut command = nice(program);
                command.args(mounts::arguments(grounds, *network, &self.toolchains)).arg("--").args(shell);
                command.envs(self.toolchains.variables_inside()).env("HOME", mounts::HOME).env("TMPDIR", "/tmp");
                command
            }
            _ => {
                let mut command = nice(shell[0]);
                command.args(&shell[1..]).envs(self.toolchains.variables_outside());
                command.env("HOME", &grounds.home).env("TMPDIR", &grounds.tmp).env("GIT_BURN_CHECK", &self.marker);
                command
            }
        };
        command.envs(self.base_variables());
        if self.network == Network::Cut {
            command.env("CARGO_NET_OFFLINE", "true").env("GOPROXY", "off");
            command.env("npm_config_offline", "true").env("PIP_NO_INDEX", "1");
        }
        command.current_dir(&grounds.tree);
        command
    }

    /// By what the processes of an unconfined check can be found; `None` where none can get away.
    pub(super) fn marker(&self) -> Option<String> {
        (!self.confinement.is_confined()).then(|| format!("GIT_BURN_CHECK={}", self.marker))
    }

    fn base_variables(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.variables.iter().map(|(name, value)| (name, value))
    }
}

/// With the least priority, where the system has `nice`. It replaces itself by the program, so the process is the same.
fn nice(program: &Path) -> Command {
    let nice = Path::new("/usr/bin/nice");
    let mut command = Command::new(if nice.exists() { nice } else { program });
    // bubblewrap's own first process keeps the environment that it was started with, where the check can read it.
    command.env_clear();
    if nice.exists() {
        command.args(["-n", "10"]).arg(program);
    }
    command
}

fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    CREDENTIALS.iter().any(|part| name.contains(part))
}

/// Variables that say where things are and how to print, and those that are asked for; nothing else.
fn allowed(environment: &Environment, keep: &[String]) -> Vec<(OsString, OsString)> {
    let known = |name: &str| matches!(name, "PATH" | "LANG" | "TZ") || name.starts_with("LC_");
    let kept = environment.iter().filter(|(name, _)| {
        let name = name.to_string_lossy();
        known(&name) || keep.iter().any(|keep| *keep == name)
    });
    let mut variables: Vec<(OsString, OsString)> = kept.map(|(name, value)| (name.into(), value.into())).collect();
    let fixed = [
        ("TERM", "dumb"),
        ("NO_COLOR", "1"),
        ("CI", "true"),
        ("USER", "burn"),
        ("LOGNAME", "burn"),
        // Python tells stale bytecode by whole seconds and the file's size: two commits checked in one second would mix.
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ];
    variables.extend(fixed.map(|(name, value)| (name.into(), value.into())));
    variables
}

/// A program of the PATH, by its absolute path. Relative entries are passed over: they would search the user's project.
fn find_program(name: &str, environment: &Environment) -> Option<PathBuf> {
    let path = environment.get("PATH")?;
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Writes what checks see as the repository's configuration.
pub(super) fn write_git_config(grounds: &Grounds, text: &str) -> Result<()> {
    std::fs::write(&grounds.git_config, text).with_context(|| format!("cannot write {}", grounds.git_config.display()))
}
