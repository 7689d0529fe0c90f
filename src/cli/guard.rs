//! `git burn guard`: judges what is staged, a range of commits or a patch by the policy of the base commit.

use serde_json::json;

use super::args::guard::{Format, Guard};
use super::context::Context;
use super::error::{Exit, Explained};
use super::patches::{self, Reading};
use super::render::{findings, json as records};
use super::settings::{credentials, policy};
use crate::core::change::Change;
use crate::core::guard::{Approved, ReviewContext, Violation};
use crate::core::names::TreeId;
use crate::core::patch::{Care, Level};
use crate::edge::repo::Repo;

/// A change and the tree whose policy counts.
struct Subject {
    change: Change,
    policy_at: Option<TreeId>,
}

/// Judges, prints, and exits with 1 if there are findings.
pub fn run(args: &Guard, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let Subject { change, policy_at } = subject(args, context, &repo)?;
    let config = context.config(&repo, policy_at.as_ref())?;
    let secrets = credentials::secrets(&context.environment, &config);
    let about = ReviewContext { title: "", body: "", secrets: &secrets };
    let judged = policy::policy(&config)?.review(change, &about);
    let format = args.format.unwrap_or_else(|| fitting(context));
    match &judged {
        Ok(approved) => passed(approved, format, context)?,
        Err(violations) => refused(violations, format, context, &repo)?,
    }
    Ok(if judged.is_ok() { Exit::Done } else { Exit::No })
}

fn subject(args: &Guard, context: &Context, repo: &Repo) -> anyhow::Result<Subject> {
    let asked = args.base.as_deref().map(|revision| repo.resolve_tree(revision)).transpose()?;
    if let Some(range) = &args.range {
        let range = repo.range(range)?;
        let policy_at = asked.map_or_else(|| repo.tree_of(&range.from), Ok)?;
        return Ok(Subject { change: repo.range_change(&range)?, policy_at: Some(policy_at) });
    }
    if let Some(file) = &args.patch {
        let base = asked.map_or_else(|| repo.resolve_tree("HEAD"), Ok)?;
        let reading = Reading { care: Care::Tool, level: Level::default() };
        let placed = patches::place(context, repo, &base, std::slice::from_ref(file), &reading)?;
        return Ok(Subject { change: placed.change, policy_at: Some(base) });
    }
    if repo.work_tree().is_none() {
        let problem = "a bare repository has no staged changes";
        return Err(Explained::new(Exit::Fatal, problem).hint("use --range A..B there").into());
    }
    let head = repo.head()?.map(|head| repo.tree_of(&head)).transpose()?;
    Ok(Subject { change: repo.staged_change()?, policy_at: asked.or(head) })
}

/// The format that the caller shows best.
fn fitting(context: &Context) -> Format {
    match context.environment.text("GITHUB_ACTIONS") {
        _ if context.common.json => Format::Json,
        // Gitea and Forgejo set it too, but show no annotations.
        Some("true") if context.environment.text("GITEA_ACTIONS").is_none() => Format::Github,
        Some(_) | None => Format::Text,
    }
}

fn refused(violations: &[Violation], format: Format, context: &Context, repo: &Repo) -> anyhow::Result<()> {
    let out = match format {
        Format::Text => findings::text(violations, context.paint_out(Some(repo))),
        Format::Json => {
            findings::json(violations)
                + &records::line("guard", &json!({ "outcome": "refused", "findings": violations.len() }))
        }
        Format::Github => findings::github(violations),
        Format::Sarif => findings::sarif(violations),
    };
    context.terminal.write_out(out.as_bytes())?;
    let plural = if violations.len() == 1 { "" } else { "s" };
    context.tell(&format!("guard: {} finding{plural}", violations.len()));
    Ok(())
}

fn passed(approved: &Approved, format: Format, context: &Context) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let about = json!({ "outcome": "passed", "counts": approved.counts(), "flags": approved.flags() });
            context.terminal.write_out(records::line("guard", &about).as_bytes())?;
        }
        Format::Sarif => context.terminal.write_out(findings::sarif(&[]).as_bytes())?,
        Format::Text | Format::Github => {
            for flag in approved.flags() {
                context.tell(&format!("note: {}", findings::flag(flag)));
            }
            context.tell(&format!("guard: clean ({})", approved.counts()));
        }
    }
    Ok(())
}
