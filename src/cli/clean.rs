//! `git burn clean`: removes what git-burn made and nobody needs any more. What only this machine knows of goes without
//! any server; drafts go when the forge says that their issue is closed, branches and claims only on request.

use std::fmt::Display;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::args::keep::Clean;
use super::args::work::Work;
use super::config::Config;
use super::connect::NoFolder;
use super::context::Context;
use super::error::{Exit, Explained, Explanation, explain, is_rate_limit};
use super::render::json::line;
use super::session::{Models, Session};
use crate::core::clean::{CleanPlan, Keep, Leftover, Reach, Removal};
use crate::core::names::IssueNumber;
use crate::core::text::one_line;
use crate::edge::forge::{ForgeError, Trouble};
use crate::edge::repo::{RemoteError, RemoteTrouble, Repo};
use crate::edge::verify::worktrees_dir;
use crate::flow::Shop;
use crate::flow::clean::{clean, clean_here, look, look_here};
use crate::flow::close::close_merged;
use crate::flow::resume::unfinished;

/// Runs and of logs that are kept where nothing else is configured.
const KEEP: Keep = Keep { logs: 100, runs: 24 };

/// What went and what could not go.
struct Cleaned<What> {
    plan: CleanPlan<What>,
    failed: Vec<(What, String)>,
}

/// Cleans up, or tells what would go.
pub fn run(args: &Clean, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let base = context.policy_base(&repo, None)?;
    let keep = keep(&context.config(&repo, base.as_ref().map(|base| &base.tree))?)?;
    let cache = worktrees_dir(&context.environment)?;
    let here = tell(&here(args, &repo, &cache, keep)?, args, context)?;
    let drafts = unfinished(&repo)?;
    let there = match (reach(args), drafts.as_slice()) {
        (Reach::Local, []) => Exit::Done,
        (Reach::Local, drafts) => match with_forge(args, context) {
            Ok(exit) => exit,
            Err(problem) => not_looked_at(drafts, &problem, context)?,
        },
        (Reach::Remote, _) => with_forge(args, context)
            .map_err(|problem| out_of_reach(problem).context("branches, claims and drafts were not cleaned"))?,
    };
    Ok(if here == Exit::Done { there } else { here })
}

fn reach(args: &Clean) -> Reach {
    if args.remote { Reach::Remote } else { Reach::Local }
}

fn keep(config: &Config) -> anyhow::Result<Keep> {
    let count = |key: &str, otherwise: usize| -> anyhow::Result<usize> {
        Ok(config.number(key)?.map_or(otherwise, |count| usize::try_from(count).unwrap_or(usize::MAX)))
    };
    Ok(Keep { logs: count("keepLogs", KEEP.logs)?, runs: count("keepRuns", KEEP.runs)? })
}

/// What only this machine knows of.
fn here(args: &Clean, repo: &Repo, cache: &Path, keep: Keep) -> anyhow::Result<Cleaned<Leftover>> {
    let plan = look_here(repo, cache, keep)?;
    let failed = if args.dry_run { Vec::new() } else { clean_here(repo, cache, &plan) };
    Ok(Cleaned { plan, failed })
}

/// What the forge and the remote have to be asked about.
fn with_forge(args: &Clean, context: &Context) -> anyhow::Result<Exit> {
    let work = Work { dry_run: args.dry_run, ..Work::default() };
    let session = Session::open(context, &work, None, Models::NotAsked)?;
    match reach(args) {
        Reach::Remote => session.refuse_unreached()?,
        Reach::Local => {}
    }
    let cleaned = session.run(context, "clean", |shop| match (reach(args), there(args, shop)) {
        // It was not asked for in so many words: no failure of the run.
        (Reach::Local, cleaned) => Ok(cleaned),
        (Reach::Remote, cleaned) => cleaned.map(Ok).map_err(out_of_reach),
    })?;
    let exit = match &cleaned {
        Ok(cleaned) => tell(cleaned, args, context)?,
        Err(problem) => without_forge(problem),
    };
    let exit = session.finish(context, exit)?;
    cleaned.map(|_| exit)
}

fn there(args: &Clean, shop: &mut Shop<'_>) -> anyhow::Result<Cleaned<Removal>> {
    match reach(args) {
        // First: what belongs to a closed issue may go as well.
        Reach::Remote => drop(close_merged(shop)?),
        Reach::Local => {}
    }
    let plan = look(shop, reach(args))?;
    let failed = if args.dry_run { Vec::new() } else { clean(shop, &plan) };
    Ok(Cleaned { plan, failed })
}

/// A forge or a remote that is not there at all, a folder that is not mounted for one, is what the rest has to wait for.
fn out_of_reach(problem: anyhow::Error) -> anyhow::Error {
    let is_missing = problem.chain().any(|cause| {
        let remote = cause.downcast_ref::<RemoteError>().map(|remote| remote.trouble);
        let forge = cause.downcast_ref::<ForgeError>().map(|forge| &forge.trouble);
        remote == Some(RemoteTrouble::Missing) || forge == Some(&Trouble::Missing) || cause.is::<NoFolder>()
    });
    if !is_missing {
        return problem;
    }
    let Explanation { message, hints, .. } = explain(&problem);
    hints.into_iter().fold(Explained::new(Exit::Unreachable, message), Explained::hint).into()
}

/// Says which drafts stay for want of the forge.
fn not_looked_at(drafts: &[IssueNumber], problem: &anyhow::Error, context: &Context) -> anyhow::Result<Exit> {
    let why = explain(problem).message;
    if context.common.json {
        let skipped = line("skipped", &json!({ "what": "drafts", "issues": drafts, "why": why }));
        context.terminal.write_out(skipped.as_bytes())?;
    }
    let listed = drafts.iter().map(|issue| format!("#{issue}")).collect::<Vec<_>>().join(", ");
    let (what, are) =
        if drafts.len() == 1 { ("the draft of", "stays: its issue") } else { ("the drafts of", "stay: their issues") };
    context.tell(&format!("warning: {what} {listed} {are} could not be looked at: {why}"));
    context.tell("hint: run it again when the forge can be asked; `git burn abort N` drops a draft without it");
    Ok(without_forge(problem))
}

/// How the rest ends. That the forge wants less of us is never hidden from a scheduler.
fn without_forge(problem: &anyhow::Error) -> Exit {
    if is_rate_limit(problem) { Exit::Unreachable } else { Exit::Done }
}

/// Tells what went, what stays if somebody wants to know, and what could not go.
fn tell<What: Display + Serialize + PartialEq>(
    cleaned: &Cleaned<What>,
    args: &Clean,
    context: &Context,
) -> anyhow::Result<Exit> {
    let Cleaned { plan, failed } = cleaned;
    context.terminal.write_out(gone(plan, failed, args, context.common.json).as_bytes())?;
    for (kept, why) in &plan.keep {
        if context.common.verbose > 0 {
            context.tell(&format!("kept {}: {}", one_line(kept), one_line(why)));
        }
    }
    for (what, problem) in failed {
        context.tell(&format!("error: {} stays: {}", one_line(&what.to_string()), one_line(problem)));
    }
    Ok(if failed.is_empty() { Exit::Done } else { Exit::No })
}

/// What went, one a line.
fn gone<What: Display + Serialize + PartialEq>(
    plan: &CleanPlan<What>,
    failed: &[(What, String)],
    args: &Clean,
    json: bool,
) -> String {
    let word = if args.dry_run { "would remove" } else { "removed" };
    let gone = plan.remove.iter().filter(|(what, _)| !failed.iter().any(|(kept, _)| kept == what));
    let told = |(what, why): &(What, String)| match json {
        true => line("removed", &json!({ "dry_run": args.dry_run, "removal": what, "why": why })),
        false => format!("{word} {}: {}\n", one_line(&what.to_string()), one_line(why)),
    };
    gone.map(told).collect()
}
