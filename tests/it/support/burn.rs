//! Runs the real program the way people do: `git burn ...`, found by git through PATH.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::git::{Repo, Room, text};

/// The program under test.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_git-burn"))
}

/// PATH with the program's folder first.
pub fn path_with_program() -> std::ffi::OsString {
    let folder = program().parent().expect("a folder").to_owned();
    let rest = std::env::var_os("PATH").expect("PATH");
    let all: Vec<PathBuf> = std::iter::once(folder).chain(std::env::split_paths(&rest)).collect();
    std::env::join_paths(all).expect("plain folders")
}

impl Room {
    /// `git ARGS` in a folder, with `git burn` in PATH.
    pub fn git_with_burn(&self, cwd: &Path, args: &[&str]) -> Command {
        let mut command = self.command("git", cwd);
        command.args(args).env("PATH", path_with_program()).stdin(Stdio::null());
        command
    }

    /// `git burn ARGS` in a folder.
    pub fn burn_in(&self, cwd: &Path, args: &[&str]) -> Ended {
        let mut command = self.git_with_burn(cwd, &["burn"]);
        Ended::of(command.args(args))
    }
}

impl Repo<'_> {
    /// `git burn ARGS` at the top of the repository.
    pub fn burn(&self, args: &[&str]) -> Ended {
        self.room.burn_in(&self.path, args)
    }

    /// `git burn ARGS` with something on standard input.
    pub fn burn_with_input(&self, args: &[&str], input: &[u8]) -> Ended {
        let file = self.room.path().join("input");
        std::fs::write(&file, input).expect("a file");
        let mut command = self.room.git_with_burn(&self.path, &["burn"]);
        Ended::of(command.args(args).stdin(std::fs::File::open(&file).expect("a file")))
    }
}

/// How a program ended and what it printed.
#[derive(Debug)]
#[must_use]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Runs the command to its end.
    pub fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().expect("the program runs");
        Self { code: status.code(), stdout: text(&stdout), stderr: text(&stderr) }
    }

    /// Asserts the exit status; shows everything otherwise.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Asserts that standard error holds each of these.
    #[track_caller]
    pub fn tells(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in stderr: {}", self.stderr);
        }
        self
    }

    /// Asserts that standard output holds these words.
    #[track_caller]
    pub fn prints_with(self, words: &str) -> Self {
        assert!(self.stdout.contains(words), "`{words}` is not in stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Asserts what standard output is, but for blanks at its ends.
    #[track_caller]
    pub fn prints(self, expected: &str) -> Self {
        assert_eq!(self.stdout.trim(), expected.trim(), "stderr: {}", self.stderr);
        self
    }
}
