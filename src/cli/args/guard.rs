//! Arguments of the commands that judge and apply changes: guard, apply, hook.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::values;

/// Arguments of `git burn guard`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true)))]
pub struct Guard {
    /// Judge what `git commit` would commit
    #[arg(long, group = "what")]
    pub staged: bool,
    /// Judge the difference between two commits, as A..B or A...B
    #[arg(long, value_name = "RANGE", group = "what")]
    pub range: Option<String>,
    /// Judge a patch file (`-`: standard input) against HEAD
    #[arg(long, value_name = "FILE", group = "what")]
    pub patch: Option<PathBuf>,
    /// The commit that holds the policy, and that --patch applies to
    #[arg(short = 'B', long, value_name = "REV")]
    pub base: Option<String>,
    /// How to print findings (default: what the CI system at hand shows best)
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<Format>,
}

/// How `git burn guard` prints what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0 for code scanning
    Sarif,
}

/// Arguments of `git burn apply`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("result").required(true)))]
pub struct Apply {
    /// Patches in any accepted format, or whole replies that hold one; applied in order (`-`, or none: standard input)
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Only say whether it applies and passes the guard, and if not, why
    #[arg(long, group = "result")]
    pub check: bool,
    /// Print what it comes to as a plain diff, for `git apply`
    #[arg(long, group = "result")]
    pub diff: bool,
    /// Print the id of the resulting tree; nothing else changes
    #[arg(long, group = "result")]
    pub write_tree: bool,
    /// Commit the result on this new branch
    #[arg(long, value_name = "NAME", group = "result")]
    pub branch: Option<String>,
    /// The commit or tree to apply to
    #[arg(short = 'B', long, value_name = "REV", default_value = "HEAD")]
    pub base: String,
    /// Take N leading parts off every path, instead of finding out what it means
    #[arg(short = 'p', value_name = "N", value_parser = values::whole::<usize>(0..=u64::MAX, "so many leading parts of each path"))]
    pub strip: Option<usize>,
    /// Put this folder before every path (default: none, or the one that you are in where only that fits)
    #[arg(long = "directory", value_name = "FOLDER")]
    pub folder: Option<String>,
    /// Skip the guard's rules (never the safety of paths)
    #[arg(long, conflicts_with = "branch")]
    pub engine_only: bool,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT", requires = "branch")]
    pub message: Option<String>,
}

/// Arguments of `git burn hook`.
#[derive(Debug, Args)]
pub struct Hook {
    #[command(subcommand)]
    pub action: HookAction,
}

/// What to do with the guard's commit hook.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum HookAction {
    /// Run the guard before every commit in this repository
    Install,
    /// Stop doing so
    Uninstall,
}
