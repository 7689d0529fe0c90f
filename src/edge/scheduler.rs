//! The machine's own schedulers: the user's crontab and systemd's user timers.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::git::Environment;
use super::process::{self, Ending, Finished, ProcessLimits};
use crate::core::schedule::UNIT;

/// Which scheduler of the machine is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduler {
    /// `systemctl --user`.
    Systemd,
    Crontab,
}

/// The user's schedulers, as the environment of the program finds them.
#[derive(Debug, Clone, Copy)]
pub struct Schedulers<'a> {
    pub environment: &'a Environment,
}

/// Schedulers answer at once or not at all.
const LIMITS: ProcessLimits = ProcessLimits { time: Duration::from_secs(20), output: 1024 * 1024 };

impl Schedulers<'_> {
    /// The one to use when none is asked for: systemd where the user's instance answers, else cron where it is installed.
    pub fn detect(&self) -> Option<Scheduler> {
        let answers = |program, args: &[&str]| {
            let finished = self.run(program, args, None);
            finished.is_ok_and(|finished| matches!(finished.ended, Ending::Exited(status) if status.success()))
        };
        if answers("systemctl", &["--user", "show-environment"]) {
            return Some(Scheduler::Systemd);
        }
        self.find("crontab").map(|_| Scheduler::Crontab)
    }

    /// The full path of a program, as a shell would find it.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        let folders = self.environment.get("PATH")?;
        std::env::split_paths(folders).map(|folder| folder.join(program)).find(|path| path.is_file())
    }

    /// The user's crontab, empty if there is none.
    ///
    /// # Errors
    /// cron is not installed, or does not let the user in.
    pub fn crontab(&self) -> Result<String> {
        let Finished { ended, stdout, stderr } = self.run("crontab", &["-l"], None)?;
        let said = String::from_utf8_lossy(&stderr);
        match ended {
            Ending::Exited(status) if status.success() => String::from_utf8(stdout).context("the crontab is not UTF-8"),
            Ending::Exited(_) if said.contains("no crontab") => Ok(String::new()),
            Ending::Exited(_) | Ending::TimedOut | Ending::TooMuchOutput => {
                bail!("`crontab -l` failed: {}", said.trim())
            }
        }
    }

    /// Replaces the user's crontab.
    ///
    /// # Errors
    /// cron refuses it; the old one stays.
    pub fn set_crontab(&self, text: &str) -> Result<()> {
        self.succeed("crontab", &["-"], Some(text.as_bytes().to_vec()))
    }

    /// Writes the units and starts the timer.
    ///
    /// # Errors
    /// A file cannot be written, or systemd refuses.
    pub fn start_units(&self, service: &str, timer: &str) -> Result<()> {
        let folder = self.units()?;
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (kind, text) in [("service", service), ("timer", timer)] {
            let file = folder.join(format!("{UNIT}.{kind}"));
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        self.succeed("systemctl", &["--user", "daemon-reload"], None)?;
        self.succeed("systemctl", &["--user", "enable", "--now", &format!("{UNIT}.timer")], None)
    }

    /// Stops the timer and removes the units; fine when there are none.
    ///
    /// # Errors
    /// A file cannot be removed, or systemd refuses.
    pub fn stop_units(&self) -> Result<()> {
        let folder = self.units()?;
        if !folder.join(format!("{UNIT}.timer")).exists() {
            return Ok(());
        }
        self.succeed("systemctl", &["--user", "disable", "--now", &format!("{UNIT}.timer")], None)?;
        for kind in ["service", "timer"] {
            remove(&folder.join(format!("{UNIT}.{kind}")))?;
        }
        self.succeed("systemctl", &["--user", "daemon-reload"], None)
    }

    /// The installed timer's text.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn timer(&self) -> Result<Option<String>> {
        let file = self.units()?.join(format!("{UNIT}.timer"));
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    fn units(&self) -> Result<PathBuf> {
        let configured = self.environment.get("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let home = || Some(PathBuf::from(self.environment.get("HOME")?).join(".config"));
        let folder = configured.or_else(home).context("neither XDG_CONFIG_HOME nor HOME is set")?;
        Ok(folder.join("systemd/user"))
    }

    fn succeed(&self, program: &str, args: &[&str], input: Option<Vec<u8>>) -> Result<()> {
        let finished = self.run(program, args, input)?;
        match finished.ended {
            Ending::Exited(status) if status.success() => Ok(()),
            Ending::Exited(_) | Ending::TimedOut | Ending::TooMuchOutput => {
                bail!("`{program} {}` failed: {}", args.join(" "), String::from_utf8_lossy(&finished.stderr).trim())
            }
        }
    }

    fn run(&self, program: &str, args: &[&str], input: Option<Vec<u8>>) -> Result<Finished> {
        let mut command = Command::new(self.find(program).with_context(|| format!("`{program}` is not installed"))?);
        command.args(args).current_dir("/").env_clear().envs(self.environment.iter()).env("LC_ALL", "C");
        process::run(&mut command, input, LIMITS).with_context(|| format!("cannot start `{program}`"))
    }
}

fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A minute of the week, by the system's random numbers.
pub fn random_minute() -> u32 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let minute = RandomState::new().build_hasher().finish() % (7 * 24 * 60);
    u32::try_from(minute).unwrap_or(0)
}
