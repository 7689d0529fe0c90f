//! Real git in a temporary folder: no user or system configuration, fixed names and dates.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder that goes away with its owner; holds repositories, a private HOME and whatever a test needs.
pub struct Room {
    dir: tempfile::TempDir,
}

impl Room {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("git-burn-test-").tempdir().expect("a temporary folder");
        std::fs::create_dir(dir.path().join("home")).expect("a private home");
        Self { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Any program with a hermetic environment: only PATH, a private HOME, fixed identity and dates.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, cwd: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(cwd).env_clear();
        command.env("PATH", std::env::var_os("PATH").expect("PATH"));
        command.env("HOME", self.path().join("home")).env("XDG_CACHE_HOME", self.path().join("cache"));
        command.env("LANG", "C.UTF-8").env("TZ", "UTC").env("TMPDIR", std::env::temp_dir());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ada Tester").env(format!("GIT_{role}_EMAIL"), "ada@example.org");
            command.env(format!("GIT_{role}_DATE"), "2026-01-02T03:04:05+00:00");
        }
        command
    }

    /// A new repository with a `main` branch and no commit.
    pub fn init(&self, name: &str) -> Repo<'_> {
        let path = self.path().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        let repo = Repo { room: self, path };
        repo.git(&["init", "-q", "-b", "main"]);
        repo
    }

    /// A bare repository for pushing to.
    pub fn init_bare(&self, name: &str) -> Repo<'_> {
        let path = self.path().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        let repo = Repo { room: self, path };
        repo.git(&["init", "-q", "--bare", "-b", "main"]);
        repo
    }
}

/// A repository in a [`Room`].
pub struct Repo<'room> {
    pub room: &'room Room,
    pub path: PathBuf,
}

impl Repo<'_> {
    /// Runs git and returns its trimmed standard output; panics with everything it said when it fails.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        let output = self.try_git(args);
        assert!(output.status.success(), "git {args:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout).trim_end().to_owned()
    }

    /// Runs git and lets the test look at how it ended.
    pub fn try_git(&self, args: &[&str]) -> Output {
        self.room.command("git", &self.path).args(args).output().expect("git runs")
    }

    /// Writes a file, with its folders.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let file = self.path.join(path);
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("folders");
        std::fs::write(file, content).expect("a file");
    }

    /// Adds everything and commits; returns the commit id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// Bytes as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
