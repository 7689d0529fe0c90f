//! `git burn report`: what was done lately and what it cost, in Markdown, from the records of the runs.

use super::args::look::Report;
use super::context::{Context, now};
use super::error::{Exit, usage};
use super::log::stories;
use super::render::json::line;
use super::{pager, values};
use crate::core::history::Story;
use crate::core::names::Timestamp;
use crate::core::period::Period;

/// Prints the report.
pub fn run(args: &Report, context: &Context) -> anyhow::Result<Exit> {
    let span = values::duration(&args.since).map_err(usage)?;
    let repo = context.open_repo()?;
    let now = now();
    let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    let from = Timestamp::from_seconds(now.seconds().saturating_sub(seconds));
    let stories: Vec<Story> = stories(&repo)?.into_iter().map(|(_, story)| story).collect();
    // What began this second belongs to it as well.
    let period = Period::of(&stories, from, Timestamp::from_seconds(now.seconds() + 1));
    let text = if context.common.json { line("report", &period) } else { period.markdown() };
    pager::page(context, &repo, &text)?;
    Ok(Exit::Done)
}
