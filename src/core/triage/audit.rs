//! The comment that stands before every change that triage makes, and how it is found again.

use crate::core::issue::Comment;
use crate::core::names::IssueNumber;
use crate::core::text;

use super::{Assessment, Decision};

/// The hidden line by which a decision is known again.
fn mark(decision: &Decision) -> String {
    format!("<!-- git-burn decision={} -->", decision.digest())
}

/// Another text that announces a decision, with the hidden line by which it is known again.
pub fn marked(body: &str, decision: &Decision) -> String {
    format!("{}\n\n{}", body.trim_end(), mark(decision))
}

/// What is said on the issue before anything is changed. The same decision gives the same text on every day.
pub fn audit_comment(assessment: &Assessment, decision: &Decision) -> String {
    let Assessment { scope, acceptance, alignment, total, kind, tier, tier_reason, .. } = assessment;
    let scores = [("scope", scope), ("acceptance", acceptance), ("alignment", alignment)];
    let lines = scores.iter().flat_map(|(name, score)| {
        let head = format!("{name} {} of 3", score.points);
        std::iter::once(head).chain(score.reasons.iter().map(|reason| format!("  {reason}")))
    });
    let points = text::code_block(&lines.collect::<Vec<_>>().join("\n"), "text");
    format!(
        "### Triage\n\n\
         **Decision:** {}\n\n\
         **Why:** {kind}, {tier} ({}), score {total} of 9.\n\n\
         <details><summary>Score</summary>\n\n{points}\n</details>\n\n\
         To change this, reply with a line that starts with `/override` and goes on with `p0` to `p3`, `ready`, `skip`, \
         `assign LOGIN` or `none`. Replies of people with write access count, the latest wins.\n\n{}",
        announcement(decision),
        text::for_forge(tier_reason, text::Closing::Nothing),
        mark(decision)
    )
}

fn announcement(decision: &Decision) -> String {
    match decision {
        Decision::Route { assign, label } => {
            let assign = assign.iter().map(|login| format!("assign it to {}.", text::login(login)));
            let label = label.iter().map(|label| format!("add the label `{}`.", label.replace('`', "'")));
            assign.chain(label).collect::<Vec<_>>().join(" ")
        }
        Decision::Flag { owner, by, label } => {
            let owner = owner.as_ref().map_or(String::new(), |owner| format!(" @{}, please look:", text::login(owner)));
            let numbers = by.iter().map(|number| format!("#{number}"));
            let label = label.iter().map(|label| format!("the label `{}`", label.replace('`', "'")));
            let blockers: Vec<String> = numbers.chain(label).collect();
            format!("left to people.{owner} it would be ready, but {} blocks it.", blockers.join(", "))
        }
        Decision::Clarify { questions } => {
            let list: String = questions.iter().map(|question| format!("\n- {question}")).collect();
            format!("ask before anything is done.\n{list}")
        }
        Decision::Leave { why } => format!("leave it alone: {}.", text::for_forge(why, text::Closing::Nothing)),
    }
}

/// Whether git-burn said the same on this issue before; only comments of its own account count.
pub fn was_posted(decision: &Decision, comments: &[Comment], own_login: &str) -> bool {
    let mark = mark(decision);
    comments.iter().any(|comment| comment.author.eq_ignore_ascii_case(own_login) && comment.body.contains(&mark))
}

/// For messages: `#4 -> #7 -> #4`.
pub fn describe_cycle(cycle: &[IssueNumber]) -> String {
    let numbers = cycle.iter().chain(cycle.first()).map(|number| format!("#{number}"));
    numbers.collect::<Vec<_>>().join(" -> ")
}
