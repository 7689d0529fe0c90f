//! Arguments of the commands that set things up: init, demo, doctor, trust, completion, man.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `git burn init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Take every detected default without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Write the settings to the team's file `.gitburn` instead of your own configuration
    #[arg(long)]
    pub shared: bool,
    /// Make the labels that git-burn moves where the forge does not have them
    #[arg(long)]
    pub create_labels: bool,
}

/// Arguments of `git burn demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The folder to make
    #[arg(value_name = "DIR", default_value = "burn-demo")]
    pub folder: PathBuf,
}

/// Arguments of `git burn trust`.
#[derive(Debug, Args)]
pub struct Trust {
    /// Take the trust back
    #[arg(long)]
    pub revoke: bool,
    /// Show the keys that need trust, and whether they have it
    #[arg(long, conflicts_with = "revoke")]
    pub show: bool,
    /// The commit whose `.gitburn` is meant (default: the base branch)
    #[arg(short = 'B', long, value_name = "REV")]
    pub base: Option<String>,
}

/// Arguments of `git burn completion`.
#[derive(Debug, Args)]
pub struct Completion {
    /// Which shell
    pub shell: Shell,
}

/// Shells with a tested completion script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Arguments of `git burn man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The page to print
    #[arg(value_enum, default_value = "git-burn", conflicts_with = "install")]
    pub page: Page,
    /// Put all pages where man finds them, so that `git burn --help` works
    #[arg(long)]
    pub install: bool,
    /// Put them below this folder instead of the found one
    #[arg(long, value_name = "DIR", requires = "install")]
    pub to: Option<PathBuf>,
}

/// The pages of the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Page {
    GitBurn,
    Gitburn,
    GitburnIssues,
    GitburnTutorial,
}
