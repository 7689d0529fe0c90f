//! `git burn log`: how the work on issues ended, from the records of the runs.

use serde::Serialize;

use super::args::look::Log;
use super::context::Context;
use super::error::Exit;
use super::pager;
use super::render::json::line;
use super::render::table::{Cell, Reader, Table};
use super::terminal::Style;
use crate::core::history::{Chapter, Story};
use crate::core::names::{RunId, Timestamp};
use crate::core::text::one_line;
use crate::edge::journal::{RunOnDisk, read_lines, runs};
use crate::edge::repo::Repo;

/// Prints the endings, newest first, or the results file of old.
pub fn run(args: &Log, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let stories: Vec<Story> = stories(&repo)?.into_iter().map(|(_, story)| story).collect();
    let text = match (args.csv, context.common.json) {
        (true, _) => csv(&stories, args, &name(&repo)),
        (false, true) => records(&stories, args),
        (false, false) => table(&stories, args).render(Reader::of(context.terminal), context.paint_out(Some(&repo))),
    };
    pager::page(context, &repo, &text)?;
    Ok(Exit::Done)
}

/// The records of all runs, oldest first.
pub fn stories(repo: &Repo) -> anyhow::Result<Vec<(RunOnDisk, Story)>> {
    let read = |run: RunOnDisk| {
        let lines = read_lines(&run.dir.join("events.jsonl"))?.lines;
        let story = Story::fold(run.id.clone(), lines.iter().map(String::as_str));
        Ok((run, story))
    };
    runs(&repo.burn_dir())?.into_iter().map(read).collect()
}

/// What the repository is called in lists: `OWNER/NAME` as configured, or its folder.
pub fn name(repo: &Repo) -> String {
    let configured = repo.config().last("burn.repo").and_then(|setting| setting.value.clone());
    let folder = repo.top().to_string_lossy().into_owned();
    configured.filter(|name| !name.starts_with('/')).unwrap_or(folder)
}

/// Newest first.
fn chapters<'s>(stories: &'s [Story], args: &Log) -> impl Iterator<Item = (&'s Story, &'s Chapter)> {
    let number = args.number;
    let all = stories.iter().rev().flat_map(|story| story.issues.iter().rev().map(move |one| (story, one)));
    all.filter(move |(_, one)| number.is_none_or(|number| one.issue == number)).take(args.limit)
}

fn table(stories: &[Story], args: &Log) -> Table {
    let mut table = Table::new(&["when", "#", "outcome", "tokens", "cost", "reason"]);
    for (story, one) in chapters(stories, args) {
        let style = if one.exit_code() == 0 { Style::Good } else { Style::Careful };
        table.row(vec![
            Cell::text(story.started.map_or_else(String::new, |at| at.to_string())),
            Cell::figure(one.issue).styled(Style::Name),
            Cell::text(one_line(&one.outcome)).styled(style),
            Cell::figure(one.tokens),
            Cell::figure(one.cost),
            Cell::text(one_line(&one.reason)),
        ]);
    }
    table
}

fn records(stories: &[Story], args: &Log) -> String {
    let record = |(story, one): (&Story, &Chapter)| {
        let Story { run, command, started, .. } = story;
        line("logged", &Logged { run, command, at: *started, exit: one.exit_code(), chapter: one })
    };
    chapters(stories, args).map(record).collect()
}

/// One ending as a record.
#[derive(Serialize)]
struct Logged<'s> {
    run: &'s RunId,
    command: &'s str,
    at: Option<Timestamp>,
    exit: u8,
    #[serde(flatten)]
    chapter: &'s Chapter,
}

fn csv(stories: &[Story], args: &Log, repository: &str) -> String {
    let wanted = |line: &&str| args.number.is_none_or(|number| line.contains(&format!("|#{number}|")));
    let all: String = stories.iter().map(|story| story.csv(repository)).collect();
    all.lines().filter(wanted).map(|line| format!("{line}\n")).collect()
}
