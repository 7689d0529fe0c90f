//! `git burn list`: the backlog with its triage, in the order in which it would be worked on.

use super::args::look::List;
use super::connect;
use super::context::{Context, now};
use super::error::Exit;
use super::pager;
use super::render::json;
use super::render::table::{Cell, Reader, Table, cut};
use super::settings::triage;
use super::terminal::Style;
use crate::core::text::one_line;
use crate::core::triage::Assessment;
use crate::edge::repo::Repo;
use crate::flow::survey::survey;

/// Columns of a reason in the table for people.
const WIDEST_REASON: usize = 44;

/// Prints the issues that are ready, or all.
pub fn run(args: &List, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let config = context.config_here(&repo)?;
    context.warn_untrusted(&config);
    let connected = connect::connect(context, &repo, &config)?;
    let rules = connected.rules(&config, args.pick.min_score);
    let survey = survey(&connected.forge, &triage::pick(&args.pick), &rules, now())?;
    for remark in &survey.remarks {
        context.tell(&format!("warning: {}", one_line(remark)));
    }
    let wanted = survey.ranked().filter(|one| args.all || one.readiness.is_workable());
    let wanted: Vec<Assessment> = wanted.take(args.pick.limit.unwrap_or(usize::MAX)).cloned().collect();
    match context.common.json {
        true => context.terminal.write_out(records(&wanted).as_bytes())?,
        false => show(&wanted, args, context, &repo)?,
    }
    Ok(Exit::Done)
}

fn show(wanted: &[Assessment], args: &List, context: &Context, repo: &Repo) -> anyhow::Result<()> {
    if wanted.is_empty() {
        let all = if args.all { "" } else { "; `git burn list --all` says why the others are not" };
        context.tell(&format!("no issue is ready for work{all}"));
        return Ok(());
    }
    let reader = Reader::of(context.terminal);
    let text = table(wanted, args, reader).render(reader, context.paint_out(Some(repo)));
    pager::page(context, repo, &text)
}

/// With `--all` people read why an issue is not ready where the word stands, and programs in a column of its own.
fn table(assessments: &[Assessment], args: &List, reader: Reader) -> Table {
    let last = args.all && reader == Reader::Program;
    let headings = ["#", "score", "tier", "kind", "ready", "title", "why"];
    let mut table = Table::new(if last { &headings } else { &headings[..6] });
    for one in assessments {
        let is_ready = one.readiness.is_workable();
        let why = if is_ready { String::new() } else { one.readiness.to_string() };
        let readiness = match (reader, args.all && !is_ready) {
            (Reader::Person { .. }, true) => Cell::text(cut(&why, WIDEST_REASON)),
            (Reader::Person { .. } | Reader::Program, _) => Cell::text(one.readiness.word()),
        };
        let style = if is_ready { Style::Good } else { Style::Careful };
        let mut row = vec![
            Cell::figure(one.number).styled(Style::Name),
            Cell::figure(one.total),
            Cell::text(one.tier.to_string()),
            Cell::text(one.kind.to_string()),
            readiness.styled(style),
            Cell::text(&one.title),
        ];
        row.extend(last.then(|| Cell::text(why)));
        table.row(row);
    }
    table
}

/// One JSON object for each issue.
pub fn records(assessments: &[Assessment]) -> String {
    assessments.iter().map(|one| json::line("issue", one)).collect()
}
