//! `git burn trust`: lets the keys of the team's `.gitburn` that run programs or send data count.

use std::fmt::Write as _;

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
    let listed = list(&lines, trusted);
    if listed.is_empty() {
        context.tell("nothing in .gitburn needs trust");
        return Ok(Exit::Done);
    }
    context.terminal.write_out(listed.as_bytes())?;
    Ok(if trusted == Trust::Given { Exit::Done } else { Exit::No })
}

/// The lines that need trust.
fn list(lines: &[Line], trusted: Trust) -> String {
    let needing = lines.iter().filter(|line| line.name.key().is_some_and(|key| key.sharing == Sharing::Trusted));
    let word = match trusted {
        Trust::Given => "trusted",
        Trust::Missing => "not trusted",
    };
    needing.fold(String::new(), |mut out, Line { name, value, line }| {
        let value = one_line(value.as_deref().unwrap_or("true"));
        let _ = writeln!(out, "{word}\t{}:{line}\t{name} = {value}", shared::FILE);
        out
    })
}
