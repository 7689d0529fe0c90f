//! `git burn triage`: what is to be done about each issue, and, with `--apply`, doing it.

use serde::Serialize;

use super::args::work::{Triage, Work};
use super::context::Context;
use super::error::Exit;
use super::pager;
use super::render::json::line;
use super::render::table::{Cell, Reader, Table};
use super::session::{Models, Session};
use super::settings::triage as settings;
use super::terminal::Style;
use crate::core::closing::OldSummaries;
use crate::core::names::IssueNumber;
use crate::core::text::one_line;
use crate::core::triage::{Assessment, Decision, Done, Taken, describe_cycle};
use crate::flow::triage::{Labels, Report, Round, Summary, Writing, triage};

/// Runs one round.
pub fn run(args: &Triage, context: &Context) -> anyhow::Result<Exit> {
    let session = Session::open(context, &Work::default(), args.pick.min_score, Models::NotAsked)?;
    let routing = settings::routing(&session.config, &session.settings.rules)?;
    let pick = settings::pick(&args.pick);
    let round = Round {
        pick: &pick,
        only: &args.numbers,
        routing: &routing,
        writing: if args.apply { Writing::Apply } else { Writing::Tell },
        labels: if args.create_labels { Labels::Create } else { Labels::Existing },
        summary: if args.summary && args.apply { Summary::Post } else { Summary::None },
        old_summaries: match session.config.boolean("closeSummaries")? {
            Some(true) => OldSummaries::Close,
            Some(false) | None => OldSummaries::Stay,
        },
    };
    let report = session.run(context, "triage", |shop| triage(shop, &round))?;
    for cycle in &report.survey.order.cycles {
        context.tell(&format!("warning: these issues wait for each other: {}", describe_cycle(cycle)));
    }
    let limit = args.pick.limit.unwrap_or(usize::MAX);
    let text = match (context.common.json, args.summary && !args.apply) {
        (true, _) => records(&report, limit),
        (false, true) => report.summary.clone(),
        (false, false) => {
            let paint = context.paint_out(Some(&session.repo));
            table(&report, round.writing, limit).render(Reader::of(context.terminal), paint)
        }
    };
    pager::page(context, &session.repo, &text)?;
    let failed = report.taken.iter().any(|taken| matches!(taken.done, Done::Failed { .. }));
    session.finish(context, if failed { Exit::No } else { Exit::Done })
}

fn assessment<'r>(report: &'r Report, taken: &Taken) -> Option<&'r Assessment> {
    report.survey.assessments.iter().find(|assessment| assessment.number == taken.issue)
}

fn table(report: &Report, writing: Writing, limit: usize) -> Table {
    let mut table = Table::new(&["#", "score", "tier", "kind", "decision", "title"]);
    for taken in report.taken.iter().take(limit) {
        let Some(one) = assessment(report, taken) else { continue };
        let (words, style) = decision(taken, writing);
        table.row(vec![
            Cell::figure(one.number).styled(Style::Name),
            Cell::figure(one.total),
            Cell::text(one.tier.to_string()),
            Cell::text(one.kind.to_string()),
            Cell::text(words).styled(style),
            Cell::text(&one.title),
        ]);
    }
    table
}

fn decision(taken: &Taken, writing: Writing) -> (String, Style) {
    let summary = one_line(&taken.decision.summary());
    let failed = match writing {
        Writing::Apply => "failed",
        Writing::Tell => "would fail",
    };
    match (&taken.done, &taken.decision) {
        (Done::Failed { problem }, _) => (format!("{summary} ({failed}: {})", one_line(problem)), Style::Bad),
        (Done::Undone, _) => (format!("{summary} (undone by a person)"), Style::Careful),
        (Done::Before, _) => (format!("{summary} (said before)"), Style::Faint),
        (Done::Nothing, _) => (summary, Style::Faint),
        (Done::Now, Decision::Route { .. }) => (summary, Style::Good),
        (Done::Now, Decision::Flag { .. } | Decision::Clarify { .. } | Decision::Leave { .. }) => {
            (summary, Style::Careful)
        }
    }
}

fn records(report: &Report, limit: usize) -> String {
    report.taken.iter().take(limit).map(|taken| line("triaged", &Record::of(taken, report))).collect()
}

/// One issue for `--json`.
#[derive(Serialize)]
struct Record<'r> {
    issue: IssueNumber,
    #[serde(flatten)]
    decision: &'r Decision,
    done: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    assessment: Option<&'r Assessment>,
}

impl<'r> Record<'r> {
    fn of(taken: &'r Taken, report: &'r Report) -> Self {
        Self {
            issue: taken.issue,
            decision: &taken.decision,
            done: word(&taken.done),
            assessment: assessment(report, taken),
        }
    }
}

fn word(done: &Done) -> &str {
    match done {
        Done::Now => "now",
        Done::Before => "before",
        Done::Undone => "undone",
        Done::Nothing => "nothing",
        Done::Failed { .. } => "failed",
    }
}
