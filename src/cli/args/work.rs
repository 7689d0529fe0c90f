//! Arguments of the commands that work on issues: next, issue, plan.

use std::num::NonZeroUsize;

use clap::Args;

use super::look::Pick;
use crate::cli::values;
use crate::core::names::IssueNumber;

/// How to work, for one run; each overrides its configuration key.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Working")]
pub struct Work {
    /// Read, think and check, but write nothing outside the object database; print what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// The model to ask, as PROVIDER/NAME (repeat: fallbacks in order)
    #[arg(short = 'M', long, value_name = "MODEL")]
    pub model: Vec<String>,
    /// The branch to start from and to open the pull request against
    #[arg(short = 'B', long, value_name = "BRANCH")]
    pub base: Option<String>,
    /// Open the pull request as a draft
    #[arg(long)]
    pub draft: bool,
    /// Ask this person to review (repeat: a pool, used in turn)
    #[arg(short, long, value_name = "LOGIN", value_delimiter = ',')]
    pub reviewer: Vec<String>,
    /// At most this many answers of the model for one issue
    #[arg(long, value_name = "COUNT", value_parser = values::whole::<u32>(0..=u32::MAX.into(), "so many answers of the model"))]
    pub max_turns: Option<u32>,
    /// At most this many tokens for one issue
    #[arg(long, value_name = "COUNT", value_parser = values::whole::<u64>(0..=u64::MAX, "so many tokens"))]
    pub max_tokens: Option<u64>,
    /// At most this much money for one issue, in US dollars
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<String>,
    /// At most this much time for one issue, as 90s, 30m or 2h
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// Commit on a local branch; push and open nothing
    #[arg(long)]
    pub no_push: bool,
    /// A folder of issues instead of the configured forge; set by `sprint --features`.
    #[arg(skip)]
    pub issues: Option<std::path::PathBuf>,
}

/// Arguments of `git burn next`.
#[derive(Debug, Args)]
pub struct Next {
    #[command(flatten)]
    pub pick: Pick,
    #[command(flatten)]
    pub work: Work,
    /// End with status 3 when there is nothing to do
    #[arg(long)]
    pub exit_code: bool,
}

/// Arguments of `git burn issue`.
#[derive(Debug, Args)]
pub struct Issue {
    /// The issues, worked on in this order
    #[arg(value_name = "N", required = true)]
    pub numbers: Vec<IssueNumber>,
    #[command(flatten)]
    pub work: Work,
}

/// Arguments of `git burn plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// The issue
    #[arg(value_name = "N")]
    pub number: IssueNumber,
    #[command(flatten)]
    pub work: Work,
}

/// Arguments of `git burn approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// The issue, or for a revision its pull request as well
    #[arg(value_name = "PR|N")]
    pub number: IssueNumber,
    /// The change that is held, by the first digits of its commit: at least seven
    #[arg(value_name = "DIGEST")]
    pub digest: String,
    #[command(flatten)]
    pub work: Work,
}

/// Arguments of `git burn verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The issue
    #[arg(value_name = "N")]
    pub number: IssueNumber,
    /// The branch that the fix was merged into
    #[arg(short = 'B', long, value_name = "BRANCH")]
    pub base: Option<String>,
}

impl Verify {
    /// As working options, of which it has one.
    pub fn work(&self) -> Work {
        Work { base: self.base.clone(), ..Work::default() }
    }
}

/// Arguments of `git burn revise`.
#[derive(Debug, Args)]
pub struct Revise {
    /// The pull request, or the issue that it is for
    #[arg(value_name = "PR|N")]
    pub number: IssueNumber,
    #[command(flatten)]
    pub work: Work,
    /// End with status 3 when there is nothing to do
    #[arg(long)]
    pub exit_code: bool,
}

/// Arguments of `git burn triage`.
#[derive(Debug, Args)]
pub struct Triage {
    /// Only these issues; an earlier decision that was undone is carried out again
    #[arg(value_name = "N")]
    pub numbers: Vec<IssueNumber>,
    #[command(flatten)]
    pub pick: Pick,
    /// Say the decisions on the issues and carry them out
    #[arg(long)]
    pub apply: bool,
    /// Create labels that do not exist
    #[arg(long, requires = "apply")]
    pub create_labels: bool,
    /// Post the summary of the day as an issue, once a day; without --apply print it
    #[arg(long)]
    pub summary: bool,
}

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let count = values::whole::<usize>(1..=u64::MAX, "so many issues at once")(text)?;
    Ok(NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN))
}

/// Arguments of `git burn sprint`.
#[derive(Debug, Clone, Args)]
pub struct Sprint {
    #[command(flatten)]
    pub pick: Pick,
    #[command(flatten)]
    pub work: Work,
    /// So many issues at once, each in a worktree of its own
    #[arg(short, long, value_name = "COUNT", default_value = "1", value_parser = jobs)]
    pub jobs: NonZeroUsize,
    /// Begin no further issue after this time, as 30m or 8h
    #[arg(long, value_name = "TIME")]
    pub for_time: Option<String>,
    /// Use so many tokens in all, shared among the issues
    #[arg(long, value_name = "COUNT", value_parser = values::whole::<u64>(0..=u64::MAX, "so many tokens"))]
    pub all_tokens: Option<u64>,
    /// Spend so much money in all, in US dollars, shared among the issues
    #[arg(long, value_name = "USD")]
    pub all_cost: Option<String>,
    /// Work on a JSON list of features with pass flags instead of the forge's issues
    #[arg(long, value_name = "FILE")]
    pub features: Option<std::path::PathBuf>,
    /// Write the final report in Markdown to this file
    #[arg(long, value_name = "FILE")]
    pub report: Option<std::path::PathBuf>,
}

/// Arguments of `git burn continue`.
#[derive(Debug, Args)]
pub struct Continue {
    /// The issue; not needed when only one is unfinished
    #[arg(value_name = "N")]
    pub number: Option<IssueNumber>,
    #[command(flatten)]
    pub work: Work,
}

/// Arguments of `git burn abort`.
#[derive(Debug, Args)]
pub struct Abort {
    /// The issue; not needed when only one is unfinished
    #[arg(value_name = "N")]
    pub number: Option<IssueNumber>,
}
