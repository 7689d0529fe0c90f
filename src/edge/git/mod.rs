//! Runs the `git` executable with a scrubbed environment, limits and captured output.

mod credential;
mod environment;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub use credential::{Credential, Login};
pub use environment::Environment;

use super::process::{self, Ending, Finished, ProcessLimits};

/// Switches off everything by which a repository can make git run a program, ask a question or go elsewhere.
const SETTINGS: [&str; 14] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.pager=cat",
    "http.followRedirects=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "push.followTags=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "safe.bareRepository=explicit",
    "color.ui=false",
    "log.showSignature=false",
];

/// Starts git processes that all see the same environment and settings.
#[derive(Debug, Clone)]
pub struct Git {
    environment: Environment,
    /// Settings of the user's clone that a process in another repository needs as well (`http.*`, `url.*`, ...). They
    /// may hold a token (`http.extraHeader`), so they travel in the environment, not in argv.
    carried: Vec<(String, String)>,
}

impl Git {
    /// A runner that works with this environment.
    pub fn new(environment: Environment) -> Self {
        Self { environment, carried: Vec::new() }
    }

    /// The same, with settings that count as if they stood in the user's configuration (`git -c` still wins).
    #[must_use]
    pub fn carrying(&self, settings: Vec<(String, String)>) -> Self {
        Self { environment: self.environment.clone(), carried: settings }
    }

    /// The environment that the processes inherit from, before it is scrubbed.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// `git` outside of any repository.
    pub fn anywhere(&self) -> GitCommand<'_> {
        GitCommand::new(self, Path::new("/"))
    }

    /// `git --git-dir=DIR`: what stands around the folder, or in a `.git` file, is not looked at.
    pub fn at(&self, git_dir: &Path) -> GitCommand<'_> {
        let mut option = OsString::from("--git-dir=");
        option.push(git_dir);
        GitCommand::new(self, git_dir).option(option)
    }

    /// `git --git-dir=DIR --work-tree=FOLDER`, started in the folder.
    pub fn in_worktree(&self, git_dir: &Path, folder: &Path) -> GitCommand<'_> {
        let mut option = OsString::from("--work-tree=");
        option.push(folder);
        let mut command = self.at(git_dir).option(option);
        command.cwd = folder.to_owned();
        command
    }
}

/// One call of git, being put together.
#[derive(Debug)]
#[must_use]
pub struct GitCommand<'a> {
    git: &'a Git,
    cwd: PathBuf,
    options: Vec<OsString>,
    args: Vec<OsString>,
    variables: Vec<(String, OsString)>,
    input: Option<Vec<u8>>,
    limits: ProcessLimits,
}

impl<'a> GitCommand<'a> {
    fn new(git: &'a Git, cwd: &Path) -> Self {
        let limits = ProcessLimits { time: Duration::from_secs(60), output: 256 * 1024 * 1024 };
        let (options, args, variables) = (Vec::new(), Vec::new(), Vec::new());
        Self { git, cwd: cwd.to_owned(), options, args, variables, input: None, limits }
    }

    fn option(mut self, option: OsString) -> Self {
        self.options.push(option);
        self
    }

    /// One more `-c NAME=VALUE`. Never for secrets: argv can be read by every user of the machine.
    pub fn setting(self, setting: &str) -> Self {
        self.option("-c".into()).option(setting.into())
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// One more environment variable, for this process and what it starts.
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// What it reads on standard input; without this, nothing.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Time from start to exit, 60 s unless told; then the whole process group is killed.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.limits.time = time;
        self
    }

    /// Bytes on standard output, 256 MiB unless told; then the whole process group is killed.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.limits.output = bytes;
        self
    }

    /// Runs it and gives what it printed.
    ///
    /// # Errors
    /// It cannot be started, takes too long, prints too much, is killed, or exits with anything but 0.
    pub fn stdout(self) -> Result<Vec<u8>, GitError> {
        let name = self.name();
        let answer = self.answer()?;
        if answer.code == 0 {
            return Ok(answer.stdout);
        }
        Err(GitError { command: name, how: GitFailure::Exit(answer.code), stderr: answer.stderr })
    }

    /// Runs it and gives what it printed as text, without the final line end.
    ///
    /// # Errors
    /// As [`GitCommand::stdout`].
    pub fn text(self) -> Result<String, GitError> {
        self.stdout().map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    /// Runs it and lets the caller judge the exit code.
    ///
    /// # Errors
    /// It cannot be started, takes too long, prints too much, or is killed by a signal.
    pub fn answer(self) -> Result<GitAnswer, GitError> {
        let command = self.name();
        let fail = |how, stderr: &[u8]| GitError { command: command.clone(), how, stderr: printable(stderr) };
        let mut child = self.command();
        let Finished { ended, stdout, stderr } = process::run(&mut child, self.input, self.limits)
            .map_err(|error| fail(GitFailure::NotStarted(error.to_string()), b""))?;
        match ended {
            Ending::TimedOut => Err(fail(GitFailure::TimedOut(self.limits.time), &stderr)),
            Ending::TooMuchOutput => Err(fail(GitFailure::TooMuchOutput(self.limits.output), &stderr)),
            Ending::Exited(status) => match status.code() {
                Some(code) => Ok(GitAnswer { code, stdout, stderr: printable(&stderr) }),
                None => Err(fail(GitFailure::Killed, &stderr)),
            },
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.cwd).env_clear().envs(self.git.environment.for_git());
        command.env("LC_MESSAGES", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
        command.env("GIT_PAGER", "cat").env("GIT_EDITOR", "false").env("GIT_ADVICE", "0");
        if let Some(ssh) = self.ssh_command() {
            command.env("GIT_SSH_COMMAND", ssh);
        }
        command.env("SSH_ASKPASS_REQUIRE", "never");
        self.carry(&mut command);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        // An askpass program answers without a person in CI; where there is none, nobody is to be asked.
        if self.git.environment.get("GIT_ASKPASS").is_none() {
            command.args(["-c", "credential.interactive=false"]);
        }
        command.args(&self.options).args(&self.args);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The user's ssh, told not to ask; `None` where `GIT_SSH` names a program that takes no options.
    fn ssh_command(&self) -> Option<String> {
        let environment = &self.git.environment;
        let carried = || self.git.carried.iter().rev().find(|(name, _)| name == "core.sshcommand");
        let own = environment.text("GIT_SSH_COMMAND").or_else(|| carried().map(|(_, command)| command.as_str()));
        if own.is_none() && environment.get("GIT_SSH").is_some() {
            return None;
        }
        let own = own.unwrap_or("ssh");
        let program = own.split(' ').next().unwrap_or_default();
        let is_ssh = program == "ssh" || program.ends_with("/ssh");
        Some(if is_ssh { format!("{own} -oBatchMode=yes") } else { own.to_owned() })
    }

    /// Puts the carried settings before those that the environment holds already, which thus win.
    fn carry(&self, command: &mut Command) {
        let environment = &self.git.environment;
        let inherited: usize = environment.text("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or(0);
        let own = (0..inherited).filter_map(|index| {
            let name = environment.text(&format!("GIT_CONFIG_KEY_{index}"))?;
            let value = environment.raw(&format!("GIT_CONFIG_VALUE_{index}"))?;
            Some((name.to_owned(), value.to_owned()))
        });
        let carried = self.git.carried.iter().map(|(name, value)| (name.clone(), OsString::from(value)));
        let mut count = 0;
        for (name, value) in carried.chain(own) {
            command.env(format!("GIT_CONFIG_KEY_{count}"), name).env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
    }

    /// `git push` and the like, for messages: options and arguments may be long or hold names from outside.
    fn name(&self) -> String {
        self.args.first().map_or_else(|| "git".to_owned(), |first| format!("git {}", first.to_string_lossy()))
    }
}

/// What a git process that came to an exit said.
#[derive(Debug)]
pub struct GitAnswer {
    pub code: i32,
    pub stdout: Vec<u8>,
    /// Safe for a terminal.
    pub stderr: String,
}

/// A git process that did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitError {
    /// `git` and its subcommand.
    pub command: String,
    pub how: GitFailure,
    /// What it said, safe for a terminal.
    pub stderr: String,
}

/// How a git process failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitFailure {
    NotStarted(String),
    Exit(i32),
    Killed,
    TimedOut(Duration),
    TooMuchOutput(usize),
}

impl fmt::Display for GitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = &self.command;
        match &self.how {
            GitFailure::NotStarted(problem) => write!(f, "cannot start `{command}`: {problem}")?,
            GitFailure::Exit(code) => write!(f, "`{command}` failed (exit {code})")?,
            GitFailure::Killed => write!(f, "`{command}` was killed by a signal")?,
            GitFailure::TimedOut(time) => write!(f, "`{command}` took longer than {} s", time.as_secs())?,
            GitFailure::TooMuchOutput(bytes) => write!(f, "`{command}` printed more than {bytes} bytes")?,
        }
        match self.stderr.trim() {
            "" => Ok(()),
            said => write!(f, ": {said}"),
        }
    }
}

impl std::error::Error for GitError {}

/// A server's message may drive the terminal (git passes it through): control characters become visible.
fn printable(bytes: &[u8]) -> String {
    crate::core::text::for_terminal(String::from_utf8_lossy(bytes).trim_end())
}
