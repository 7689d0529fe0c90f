//! Arguments of the commands that keep things in order: clean, claim, schedule, replay.

use clap::{Args, Subcommand, ValueEnum};

use crate::core::names::IssueNumber;

/// Arguments of `git burn clean`.
#[derive(Debug, Args)]
pub struct Clean {
    /// Only print what would be removed
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Also branches and claims on the remote
    #[arg(long)]
    pub remote: bool,
}

/// Arguments of `git burn claim`.
#[derive(Debug, Args)]
pub struct Claim {
    #[command(subcommand)]
    pub action: ClaimAction,
}

/// What to do with claims.
#[derive(Debug, Subcommand)]
pub enum ClaimAction {
    /// Show who works on what
    List,
    /// Remove the claim of an issue whose time is over or whose run is gone
    Release {
        /// The issue
        #[arg(value_name = "N")]
        number: IssueNumber,
        /// Also if its run may still be going on
        #[arg(short, long)]
        force: bool,
    },
}

/// Arguments of `git burn replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The run, as `git burn log --json` and the records of events name it; its beginning is enough
    #[arg(value_name = "RUN")]
    pub run: String,
}

/// Arguments of `git burn schedule`.
#[derive(Debug, Args)]
pub struct Schedule {
    #[command(subcommand)]
    pub action: ScheduleAction,
}

/// What to do with the schedule.
#[derive(Debug, Subcommand)]
pub enum ScheduleAction {
    /// Run regularly in this repository, and in all others that were started
    Start(ScheduleStart),
    /// Do not run in this repository any more; the last one takes the schedule away
    Stop(ScheduleStop),
    /// Show what is scheduled, and for which repositories
    List,
}

/// Arguments of `git burn schedule start`.
#[derive(Debug, Args)]
pub struct ScheduleStart {
    /// How often: 5m to 30m, hourly, 2h to 12h, daily, weekly
    #[arg(long, value_name = "INTERVAL", default_value = "hourly")]
    pub every: String,
    /// Which scheduler of the machine
    #[arg(long, value_name = "NAME", value_enum, default_value = "auto")]
    pub scheduler: SchedulerName,
    /// End a run after this time, as 90s, 30m or 2h
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub time_limit: String,
    /// Print what would be written, and write nothing
    #[arg(long)]
    pub print: bool,
    /// The command to run instead of `next`
    #[arg(value_name = "COMMAND", last = true)]
    pub command: Vec<String>,
}

/// Arguments of `git burn schedule stop`.
#[derive(Debug, Args)]
pub struct ScheduleStop {
    /// Take the schedule away whatever other repositories are started
    #[arg(long)]
    pub all: bool,
}

/// A scheduler by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchedulerName {
    Auto,
    Systemd,
    Crontab,
}
