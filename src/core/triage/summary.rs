//! The daily summary: one issue for each UTC day that says what is ready, what was done and what was left alone.

use std::fmt::Write as _;

use crate::core::issue::Issue;
use crate::core::names::{IssueNumber, Timestamp};
use crate::core::text;

use super::audit::describe_cycle;
use super::{Assessment, Decision, Order, Readiness};

/// How many ready issues are listed.
const TOP: usize = 10;
/// How many skipped ones.
const SKIPPED: usize = 5;

/// A decision of this cycle, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub issue: IssueNumber,
    pub decision: Decision,
    pub done: Done,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Posted and carried out now; in a dry run: it would have been.
    Now,
    /// Posted earlier and in force.
    Before,
    /// Posted earlier, but its label or assignee is not there: undone by a person, or interrupted.
    Undone,
    /// Nothing to do.
    Nothing,
    Failed {
        problem: String,
    },
}

/// The title, which holds the day.
pub fn summary_title(now: Timestamp) -> String {
    format!("[Triage] Daily backlog summary — {}", now.date())
}

/// The day (`2026-11-24`) of a summary that git-burn posted; `None` for all other issues. Summaries are not triaged.
pub fn summary_day(issue: &Issue) -> Option<&str> {
    issue.body.split_once("<!-- git-burn summary=")?.1.split_once(" -->").map(|(day, _)| day)
}

/// The body; numbers are linked by the forge, titles are made harmless.
pub fn summary_body(now: Timestamp, assessments: &[Assessment], order: &Order, taken: &[Taken]) -> String {
    let mut body = format!("# Backlog on {}\n\n{}\n", now.date(), counts(assessments, taken));
    top(&mut body, assessments, order);
    actions(&mut body, taken);
    skipped(&mut body, taken);
    if !order.cycles.is_empty() {
        body.push_str("\n## Issues that wait for each other\n\n");
        body.extend(order.cycles.iter().map(|cycle| format!("- {}\n", describe_cycle(cycle))));
    }
    let _ = write!(
        body,
        "\nTo change a decision, reply on its issue with `/override`.\n\n<!-- git-burn summary={} -->\n",
        now.date()
    );
    body
}

fn counts(assessments: &[Assessment], taken: &[Taken]) -> String {
    let count = |wanted: fn(&Assessment) -> bool| assessments.iter().filter(|assessment| wanted(assessment)).count();
    let acted = taken.iter().filter(|taken| taken.done == Done::Now).count();
    format!(
        "**Open:** {} | **Ready:** {} | **Blocked:** {} | **Unclear:** {} | **Decided today:** {acted}",
        assessments.len(),
        count(|assessment| assessment.readiness.is_workable()),
        count(|assessment| matches!(assessment.readiness, Readiness::Blocked { .. })),
        count(|assessment| matches!(assessment.readiness, Readiness::Unclear { .. })),
    )
}

fn top(body: &mut String, assessments: &[Assessment], order: &Order) {
    let ready = order.indices.iter().map(|index| &assessments[*index]).filter(|ready| ready.readiness.is_workable());
    let rows: Vec<String> = ready
        .take(TOP)
        .map(|Assessment { number, title, total, kind, tier, age_days, .. }| {
            let title = text::for_line(title).replace('|', "\\|");
            format!("| #{number} | {tier} | {total} | {kind} | {age_days} d | {title} |\n")
        })
        .collect();
    body.push_str("\n## Ready, in the order of work\n\n");
    if rows.is_empty() {
        body.push_str("Nothing is ready.\n");
        return;
    }
    body.push_str("| issue | tier | score | kind | age | title |\n|---|---|---|---|---|---|\n");
    body.extend(rows);
}

fn actions(body: &mut String, taken: &[Taken]) {
    let rows: Vec<String> = taken.iter().filter_map(action).collect();
    if !rows.is_empty() {
        body.push_str("\n## Decisions\n\n");
        body.extend(rows);
    }
}

fn action(taken: &Taken) -> Option<String> {
    let note = match &taken.done {
        Done::Now => String::new(),
        Done::Undone => " (decided earlier; undone since, and left so)".to_owned(),
        Done::Failed { problem } => format!(" (failed: {})", text::for_forge(problem, text::Closing::Nothing)),
        Done::Before | Done::Nothing => return None,
    };
    let decision = text::for_forge(&taken.decision.summary(), text::Closing::Nothing);
    Some(format!("- #{}: {decision}{note}\n", taken.issue))
}

fn skipped(body: &mut String, taken: &[Taken]) {
    let left: Vec<(IssueNumber, &String)> = taken
        .iter()
        .filter_map(|taken| match &taken.decision {
            Decision::Leave { why } => Some((taken.issue, why)),
            Decision::Route { .. } | Decision::Flag { .. } | Decision::Clarify { .. } => None,
        })
        .collect();
    if left.is_empty() {
        return;
    }
    let _ = write!(body, "\n## Left alone ({})\n\n", left.len());
    for (number, why) in left.iter().take(SKIPPED) {
        let _ = writeln!(body, "- #{number}: {}", text::for_forge(why, text::Closing::Nothing));
    }
    if left.len() > SKIPPED {
        let _ = writeln!(body, "- … and {} more", left.len() - SKIPPED);
    }
}
