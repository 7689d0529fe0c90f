//! `git burn trust`: lets the keys of the team's `.gitburn` that run programs or send data count.

use serde_json::json;

use super::args::start;
use super::config::Trust;
use super::config::keys::Sharing;
use super::config::shared::{self, Line};
use super::context::{Context, shared_file};
use super::error::{Exit, Explained};
use crate::core::text::one_line;
use crate::edge::trust::{Digest, TrustStore};

/// Shows what is to be trusted and remembers the file's digest, or forgets all.
pub fn run(args: &start::Trust, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let store = TrustStore::of(&repo);
    if args.revoke {
        let told =
            if store.clear()? { "no version of .gitburn is trusted any more\n" } else { "nothing was trusted\n" };
        context.terminal.write_err(told.as_bytes());
        return Ok(Exit::Done);
    }
    let base = context.policy_base(&repo, args.base.as_deref())?;
    let missing = || Explained::new(Exit::No, "there is no .gitburn in the base commit: nothing to trust");
    let base = base.ok_or_else(missing)?;
    let content = shared_file(&repo, &base.tree)?.ok_or_else(missing)?;
    let lines = shared::parse(&content)?;
    let before = context.trust(&repo, &content)?;
    if !args.show {
        store.add(&Digest::of(&content))?;
    }
    let trusted = if args.show { before } else { Trust::Given };
    let needing: Vec<&Line> = lines.iter().filter(|line| needs_trust(line)).collect();
    if needing.is_empty() {
        context.tell("nothing in .gitburn needs trust");
        return Ok(Exit::Done);
    }
    for line in needing {
        tell(line, trusted, context)?;
    }
    Ok(if trusted == Trust::Given { Exit::Done } else { Exit::No })
}

fn needs_trust(line: &Line) -> bool {
    line.name.key().is_some_and(|key| key.sharing == Sharing::Trusted)
}

fn tell(Line { name, value, line }: &Line, trusted: Trust, context: &Context) -> anyhow::Result<()> {
    let word = match trusted {
        Trust::Given => "trusted",
        Trust::Missing => "not trusted",
    };
    let value = value.as_deref().unwrap_or("true");
    let record = json!({ "line": line, "key": name.to_string(), "value": value, "trusted": trusted == Trust::Given });
    context.result("needs_trust", &record, &format!("{word}\t{}:{line}\t{name} = {}\n", shared::FILE, one_line(value)))
}
