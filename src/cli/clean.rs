//! `git burn clean`: removes what git-burn made and nobody needs any more.

use super::args::keep::Clean;
use super::args::work::Work;
use super::context::Context;
use super::error::Exit;
use super::session::{Models, Session};
use crate::core::clean::{Keep, Reach};
use crate::core::text::one_line;
use crate::flow::clean::{Cleaned, clean};
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
    let cleaned = session.run(context, "clean", |shop| {
        // First: what belongs to a closed issue may go as well.
        match reach {
            Reach::Remote => drop(close_merged(shop)?),
            Reach::Local => {}
        }
        clean(shop, &cache, keep, reach)
    })?;
    context.terminal.write_out(told(&cleaned, args, context.common.json).as_bytes())?;
    for (kept, why) in &cleaned.plan.keep {
        if context.common.verbose > 0 {
            context.tell(&format!("kept {}: {}", one_line(kept), one_line(why)));
        }
    }
    for (removal, problem) in &cleaned.failed {
        context.tell(&format!("error: {} stays: {}", one_line(&removal.to_string()), one_line(problem)));
    }
    session.finish(context, if cleaned.failed.is_empty() { Exit::Done } else { Exit::No })
}

/// What went, one a line.
fn told(cleaned: &Cleaned, args: &Clean, json: bool) -> String {
    let word = if args.dry_run { "would remove" } else { "removed" };
    let gone =
        cleaned.plan.remove.iter().filter(|(removal, _)| !cleaned.failed.iter().any(|(kept, _)| kept == removal));
    let line = |(removal, why): &(crate::core::clean::Removal, String)| match json {
        true => format!(
            "{}\n",
            serde_json::json!({ "v": 1, "event": "removed", "dry_run": args.dry_run, "removal": removal, "why": why })
        ),
        false => format!("{word} {}: {}\n", one_line(&removal.to_string()), one_line(why)),
    };
    gone.map(line).collect()
}
