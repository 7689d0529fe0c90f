//! `git burn clean`: removes what git-burn made and nobody needs any more.

use serde_json::json;

use super::args::keep::Clean;
use super::args::work::Work;
use super::context::Context;
use super::error::Exit;
use super::render::json::line;
use super::session::{Models, Session};
use crate::core::clean::{CleanPlan, Keep, Reach, Removal};
use crate::core::text::one_line;
use crate::flow::clean::{clean, look};
use crate::flow::close::close_merged;

/// Runs and of logs that are kept where nothing else is configured.
const KEEP: Keep = Keep { logs: 100, runs: 24 };

/// Cleans up, or tells what would go.
pub fn run(args: &Clean, context: &Context) -> anyhow::Result<Exit> {
    let work = Work { dry_run: args.dry_run, ..Work::default() };
    let session = Session::open(context, &work, None, Models::NotAsked)?;
    let count = |key: &str, otherwise: usize| -> anyhow::Result<usize> {
        Ok(session.config.number(key)?.map_or(otherwise, |count| usize::try_from(count).unwrap_or(usize::MAX)))
    };
    let keep = Keep { logs: count("keepLogs", KEEP.logs)?, runs: count("keepRuns", KEEP.runs)? };
    let reach = if args.remote { Reach::Remote } else { Reach::Local };
    let cache = session.worktrees().to_owned();
    let (plan, failed) = session.run(context, "clean", |shop| {
        // First: what belongs to a closed issue may go as well.
        match reach {
            Reach::Remote => drop(close_merged(shop)?),
            Reach::Local => {}
        }
        let plan = look(shop, &cache, keep, reach)?;
        let failed = if args.dry_run { Vec::new() } else { clean(shop, &cache, &plan) };
        Ok((plan, failed))
    })?;
    context.terminal.write_out(told(&plan, &failed, args, context.common.json).as_bytes())?;
    for (kept, why) in &plan.keep {
        if context.common.verbose > 0 {
            context.tell(&format!("kept {}: {}", one_line(kept), one_line(why)));
        }
    }
    for (removal, problem) in &failed {
        context.tell(&format!("error: {} stays: {}", one_line(&removal.to_string()), one_line(problem)));
    }
    session.finish(context, if failed.is_empty() { Exit::Done } else { Exit::No })
}

/// What went, one a line.
fn told(plan: &CleanPlan, failed: &[(Removal, String)], args: &Clean, json: bool) -> String {
    let word = if args.dry_run { "would remove" } else { "removed" };
    let gone = plan.remove.iter().filter(|(removal, _)| !failed.iter().any(|(kept, _)| kept == removal));
    let told = |(removal, why): &(Removal, String)| match json {
        true => line("removed", &json!({ "dry_run": args.dry_run, "removal": removal, "why": why })),
        false => format!("{word} {}: {}\n", one_line(&removal.to_string()), one_line(why)),
    };
    gone.map(told).collect()
}
