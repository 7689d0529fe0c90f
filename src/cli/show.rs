//! `git burn show`: one issue with its triage, and on request where every point of its score comes from.

use super::args::look::Show;
use super::connect::{self, Connected};
use super::context::{Context, now};
use super::error::{Exit, Explained};
use super::terminal::{Paint, Style};
use super::{list, pager};
use crate::core::issue::{Issue, State};
use crate::core::names::IssueNumber;
use crate::core::text::{for_terminal, one_line};
use crate::core::triage::Assessment;
use crate::edge::forge::Found;
use crate::flow::gate::score;

/// Prints the issue.
pub fn run(args: &Show, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let config = context.config_here(&repo)?;
    let connected = connect::connect(context, &repo, &config)?;
    let issue = issue(&connected, args.number)?;
    let rules = connected.rules(&config, None);
    let assessment = score(&connected.forge, &issue, &rules, now())?;
    if context.common.json {
        context.terminal.write_out(list::records(std::slice::from_ref(&assessment)).as_bytes())?;
        return Ok(Exit::Done);
    }
    let text = render(&issue, &assessment, args, context.paint_out(Some(&repo)));
    pager::page(context, &repo, &text)?;
    Ok(Exit::Done)
}

/// The issue itself, or what its number is instead.
pub fn issue(connected: &Connected, number: IssueNumber) -> anyhow::Result<Issue> {
    let problem = match connected.forge.issue(number)? {
        Found::Issue(issue) => return Ok(issue),
        Found::PullRequest => format!("#{number} is a pull request, not an issue"),
        Found::Missing => format!("there is no issue #{number} in {}", connected.about),
    };
    Err(Explained::new(Exit::Fatal, problem).hint("`git burn list --all` shows the open ones").into())
}

fn render(issue: &Issue, assessment: &Assessment, args: &Show, paint: Paint) -> String {
    let state = match issue.state {
        State::Open => paint.paint(Style::Good, "open"),
        State::Closed => paint.paint(Style::Bad, "closed"),
    };
    let title = paint.paint(Style::Strong, &one_line(&issue.title));
    let mut out = format!("{} {title}\n", paint.paint(Style::Name, &format!("#{}", issue.number)));
    out += &format!("{state} · by {} · {}\n", one_line(&issue.author), issue.created);
    let labels: Vec<String> = issue.labels.iter().map(|label| one_line(label)).collect();
    let lines = [
        ("labels", labels.join(", ")),
        ("assigned", issue.assignees.iter().map(|login| one_line(login)).collect::<Vec<_>>().join(", ")),
        ("milestone", issue.milestone.as_deref().map(one_line).unwrap_or_default()),
        (
            "triage",
            format!(
                "{} {} {} · score {} of 9",
                assessment.readiness.word(),
                assessment.tier,
                assessment.kind,
                assessment.total
            ),
        ),
        ("page", one_line(&issue.url)),
    ];
    let told = lines.iter().filter(|(_, text)| !text.is_empty());
    out.extend(told.map(|(name, text)| format!("{:<10} {text}\n", paint.paint(Style::Faint, name))));
    if args.explain {
        out += &format!(
            "\n{}\n",
            assessment.explain().iter().map(|line| for_terminal(line)).collect::<Vec<_>>().join("\n")
        );
    }
    if !issue.body.trim().is_empty() {
        out += &format!("\n{}\n", for_terminal(issue.body.trim_end()));
    }
    out
}
