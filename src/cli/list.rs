//! `git burn list`: the backlog with its triage, in the order in which it would be worked on.

use std::collections::BTreeSet;

use super::args::look::List;
use super::connect::{self, Connected};
use super::context::Context;
use super::error::Exit;
use super::pager;
use super::render::json;
use super::render::table::{Cell, Reader, Table};
use super::settings::triage;
use super::terminal::Style;
use crate::core::issue::Issue;
use crate::core::text::one_line;
use crate::core::triage::{Assessment, Rules, Surroundings, assess, order};
use crate::edge::http::Ambient;
use crate::edge::repo::Repo;

/// Issues that are read at most; forges give 50 at a time.
const MOST: usize = 10_000;

/// Prints the issues that are ready, or all.
pub fn run(args: &List, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let config = context.config(&repo, context.policy_base(&repo, None)?.map(|base| base.tree).as_ref())?;
    context.warn_untrusted(&config);
    let connected = connect::connect(context, &repo, &config)?;
    let rules = triage::rules(&config, args.pick.min_score);
    let assessments = assess_all(&connected, &triage::pick(&args.pick), &rules, context)?;
    let wanted = assessments.into_iter().filter(|one| args.all || one.readiness.is_workable());
    let wanted: Vec<Assessment> = wanted.take(args.pick.limit.unwrap_or(usize::MAX)).collect();
    match context.common.json {
        true => context.terminal.write_out(records(&wanted).as_bytes())?,
        false => show(&wanted, args, context, &repo)?,
    }
    Ok(Exit::Done)
}

/// Reads and judges the open issues that `pick` admits, best first.
///
/// What an issue depends on may lie outside of `pick`, so all open issues are read.
fn assess_all(
    connected: &Connected,
    pick: &crate::core::issue::Pick,
    rules: &Rules,
    context: &Context,
) -> anyhow::Result<Vec<Assessment>> {
    let listing = connected.forge.issues(&crate::core::issue::Pick::default(), MOST)?;
    for remark in &listing.remarks {
        context.tell(&format!("warning: {}", one_line(remark)));
    }
    let open: BTreeSet<_> = listing.issues.iter().map(|issue| issue.number).collect();
    let around = Surroundings { open, ..Surroundings::default() };
    let now = (Ambient::system().wall)();
    let judge = |issue: &Issue| assess(issue, rules, &around, now);
    let all: Vec<Assessment> = listing.issues.iter().filter(|issue| pick.admits(issue)).map(judge).collect();
    let sorted = order(&all).indices;
    Ok(sorted.into_iter().map(|index| all[index].clone()).collect())
}

fn show(wanted: &[Assessment], args: &List, context: &Context, repo: &Repo) -> anyhow::Result<()> {
    if wanted.is_empty() {
        let all = if args.all { "" } else { "; `git burn list --all` says why the others are not" };
        context.tell(&format!("no issue is ready for work{all}"));
        return Ok(());
    }
    let reader = match context.terminal.out_is_tty {
        true => Reader::Person { width: context.terminal.width },
        false => Reader::Program,
    };
    let text = table(wanted).render(reader, context.paint_out(Some(repo)));
    pager::page(context, repo, &text)
}

fn table(assessments: &[Assessment]) -> Table {
    let mut table = Table::new(&["#", "score", "tier", "kind", "ready", "title"]);
    for one in assessments {
        let readiness = Cell::text(one.readiness.word());
        let style = if one.readiness.is_workable() { Style::Good } else { Style::Careful };
        table.row(vec![
            Cell::figure(one.number).styled(Style::Name),
            Cell::figure(one.total),
            Cell::text(one.tier.to_string()),
            Cell::text(one.kind.to_string()),
            readiness.styled(style),
            Cell::text(&one.title),
        ]);
    }
    table
}

/// One JSON object for each issue.
pub fn records(assessments: &[Assessment]) -> String {
    assessments.iter().map(|one| json::line("issue", one)).collect()
}
