//! Shows long texts in the user's pager, chosen as git chooses it.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

use super::context::Context;
use crate::edge::repo::Repo;

/// What git sets for its pager (`PAGER_ENV`), where the user says nothing else.
const PAGER_ENVIRONMENT: [(&str, &str); 2] = [("LESS", "FRX"), ("LV", "-c")];

/// Prints the text, through a pager if standard output is a terminal that git has not put one behind yet.
pub fn page(context: &Context, repo: &Repo, text: &str) -> anyhow::Result<()> {
    match command(context, repo) {
        Some(pager) => through(&pager, context, text),
        None => Ok(context.terminal.write_out(text.as_bytes())?),
    }
}

/// The pager's command line. `None`: there is none, or it is not wanted.
fn command(context: &Context, repo: &Repo) -> Option<String> {
    let config = repo.config();
    let unwanted = config.last("pager.burn").and_then(|setting| setting.value.as_deref()) == Some("false");
    if !context.terminal.out_is_tty || unwanted || context.environment.text("GIT_PAGER_IN_USE").is_some() {
        return None;
    }
    let pager = repo.git().at(repo.git_dir()).args(["var", "GIT_PAGER"]).text().ok()?;
    (!pager.is_empty() && pager != "cat").then_some(pager)
}

fn through(pager: &str, context: &Context, text: &str) -> anyhow::Result<()> {
    let mut shell = Command::new("sh");
    shell.args(["-c", pager]).stdin(Stdio::piped());
    for (name, value) in PAGER_ENVIRONMENT {
        if context.environment.get(name).is_none() {
            shell.env(name, value);
        }
    }
    let Ok(mut child) = shell.spawn() else { return Ok(context.terminal.write_out(text.as_bytes())?) };
    if let Some(mut input) = child.stdin.take() {
        match input.write_all(text.as_bytes()) {
            // The reader has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            other => other?,
        }
    }
    child.wait()?;
    Ok(())
}
