//! Arguments of the commands that look: list, show, rank; and the choice of issues that others share.

use std::path::PathBuf;

use clap::Args;

use crate::cli::values;
use crate::core::names::IssueNumber;

/// Which issues are meant; every condition must hold.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Picking")]
pub struct Pick {
    /// Only issues with this label (repeat or comma: all of them)
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    pub label: Vec<String>,
    /// No issue with this label
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub not_label: Vec<String>,
    /// Only issues of this person
    #[arg(short, long, value_name = "LOGIN")]
    pub assignee: Option<String>,
    /// Only issues of this milestone
    #[arg(short, long, value_name = "TITLE")]
    pub milestone: Option<String>,
    /// Only issues with at least this triage score (0-9)
    #[arg(long, value_name = "SCORE", value_parser = values::whole::<u8>(0..=9, "the triage score that an issue needs"))]
    pub min_score: Option<u8>,
    /// At most this many
    #[arg(short = 'L', long, value_name = "COUNT", value_parser = values::whole::<usize>(0..=u64::MAX, "at most so many"))]
    pub limit: Option<usize>,
}

/// Arguments of `git burn list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub pick: Pick,
    /// Also issues that are not ready for work
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `git burn rank`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("about").required(true)))]
pub struct Rank {
    /// The issue on the forge
    #[arg(value_name = "N", group = "about")]
    pub number: Option<IssueNumber>,
    /// A file with the issue: its title on the first line, then its text (`-`: standard input)
    #[arg(long, value_name = "FILE", group = "about")]
    pub issue_file: Option<PathBuf>,
    /// The commit or tree to look in
    #[arg(short = 'B', long, value_name = "REV", default_value = "HEAD")]
    pub base: String,
    /// At most this many paths
    #[arg(short = 'L', long, value_name = "COUNT", value_parser = values::whole::<usize>(0..=u64::MAX, "at most so many"))]
    pub limit: Option<usize>,
    /// Say what each place rests on, and which lines
    #[arg(long)]
    pub explain: bool,
    /// Print what a model would be shown within this many tokens (4 bytes each) instead
    #[arg(long, value_name = "TOKENS", value_parser = values::whole::<usize>(0..=u64::MAX, "so many tokens"))]
    pub pack: Option<usize>,
}

/// Arguments of `git burn show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The issue
    #[arg(value_name = "N")]
    pub number: IssueNumber,
    /// Say line by line where the score comes from
    #[arg(long)]
    pub explain: bool,
}

/// Arguments of `git burn status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Of all repositories in `burn.repo`, from their records alone
    #[arg(long)]
    pub all_repos: bool,
}

/// Arguments of `git burn report`.
#[derive(Debug, Args)]
pub struct Report {
    /// How far back, as 12h, 7d or 30d
    #[arg(long, value_name = "TIME", default_value = "7d")]
    pub since: String,
}

/// Arguments of `git burn log`.
#[derive(Debug, Args)]
pub struct Log {
    /// Only what was done about this issue
    #[arg(value_name = "N")]
    pub number: Option<IssueNumber>,
    /// At most this many issues, newest first
    #[arg(short = 'L', long, value_name = "COUNT", default_value_t = 30, value_parser = values::whole::<usize>(0..=u64::MAX, "at most so many"))]
    pub limit: usize,
    /// Lines of `seconds|repository|#issue|status`, oldest first
    #[arg(long)]
    pub csv: bool,
}
