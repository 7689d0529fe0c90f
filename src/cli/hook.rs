//! `git burn hook`: runs the guard before every commit of this repository.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::Context as _;

use super::args::guard::HookAction;
use super::context::Context;
use super::error::{Exit, Explained};
use super::values;
use crate::edge::repo::Repo;

/// git runs hooks that are named in the configuration from this version on.
const CONFIGURED_HOOKS: (u32, u32) = (2, 54);

const NAME: &str = "pre-commit";
const COMMAND: &str = "git burn guard --staged";
const SCRIPT: &str = "#!/bin/sh\n# written by `git burn hook install`\nexec git burn guard --staged\n";

/// Installs or removes it.
pub fn run(action: HookAction, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    match action {
        HookAction::Install if has_configured_hooks(&repo) => configure(&repo, context)?,
        HookAction::Install => write_script(&repo, context)?,
        HookAction::Uninstall => remove(&repo, context)?,
    }
    Ok(Exit::Done)
}

fn has_configured_hooks(repo: &Repo) -> bool {
    let version = repo.git().anywhere().arg("version").text();
    version.is_ok_and(|text| {
        values::version(text.trim_start_matches("git version ")).is_some_and(|it| it >= CONFIGURED_HOOKS)
    })
}

/// Both ways leave the user's other hooks alone.
fn configure(repo: &Repo, context: &Context) -> anyhow::Result<()> {
    for (key, value) in [("hook.burn-guard.command", COMMAND), ("hook.burn-guard.event", NAME)] {
        repo.git().at(repo.git_dir()).args(["config", "--local", key, value]).stdout()?;
        context.terminal.write_out(format!("git config {key} '{value}'\n").as_bytes())?;
    }
    Ok(())
}

fn write_script(repo: &Repo, context: &Context) -> anyhow::Result<()> {
    let folder = repo.hooks_dir()?;
    let file = folder.join(NAME);
    match fs::read_to_string(&file) {
        Ok(text) if text == SCRIPT => {}
        Ok(_) => {
            let problem = format!("there is a pre-commit hook already: {}", file.display());
            return Err(Explained::new(Exit::No, problem).hint(format!("add this line to it: {COMMAND}")).into());
        }
        // It may serve every repository of the user, or be a part of the working tree.
        Err(_) if folder != repo.common_dir().join("hooks") => {
            let problem = format!("core.hooksPath is {}, which is not this repository's alone", folder.display());
            let hint = format!("make a {NAME} hook there yourself, with the line: {COMMAND}");
            return Err(Explained::new(Exit::No, problem).hint(hint).into());
        }
        Err(_) => {
            let write = || {
                fs::create_dir_all(&folder)?;
                fs::write(&file, SCRIPT)?;
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755))
            };
            write().with_context(|| format!("writing {}", file.display()))?;
        }
    }
    context.terminal.write_out(format!("{}\n", file.display()).as_bytes())?;
    Ok(())
}

fn remove(repo: &Repo, context: &Context) -> anyhow::Result<()> {
    let configured = repo.config().section("hook.burn-guard").count() > 0;
    if configured {
        let section = ["config", "--local", "--remove-section", "hook.burn-guard"];
        repo.git().at(repo.git_dir()).args(section).stdout()?;
    }
    let file = repo.hooks_dir()?.join(NAME);
    let written = fs::read_to_string(&file).is_ok_and(|text| text == SCRIPT);
    if written {
        fs::remove_file(&file).context("removing the hook")?;
    }
    if !configured && !written {
        context.tell("git burn has installed no hook here");
    }
    Ok(())
}

/// Whether the guard runs before commits here.
pub fn is_installed(repo: &Repo) -> bool {
    repo.config().section("hook.burn-guard").count() > 0
        || repo.hooks_dir().is_ok_and(|dir| fs::read_to_string(dir.join(NAME)).is_ok_and(|text| text.contains(COMMAND)))
}
