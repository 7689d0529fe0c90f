//! `git burn hook`: runs the guard before every commit of this repository.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::args::guard::HookAction;
use super::context::Context;
use super::error::{Exit, Explained};
use super::values;
use crate::edge::repo::Repo;
use crate::edge::repo::config::HooksDir;

/// git runs hooks that are named in the configuration from this version on.
const CONFIGURED_HOOKS: (u32, u32) = (2, 54);

const NAME: &str = "pre-commit";
const COMMAND: &str = "git burn guard --staged";
/// How the script begins, in every version.
const OURS: &str = "#!/bin/sh\n# written by `git burn hook install`\n";

/// Ends the commit where the program is gone; git's own words for that name neither the hook nor a way out.
fn needs_program(removal: &str) -> String {
    format!(
        "command -v git-burn >/dev/null || {{ echo \"error: this repository's pre-commit hook needs git-burn, which is not in PATH: \
         add its folder to PATH, or skip the hook: git commit --no-verify; for good: {removal}\" >&2; exit 1; }}"
    )
}

fn script() -> String {
    format!("{OURS}{}\nexec {COMMAND}\n", needs_program("rm $0"))
}

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
    let command = format!("{}; {COMMAND}", needs_program("git config --remove-section hook.burn-guard"));
    for (key, value) in [("hook.burn-guard.command", command.as_str()), ("hook.burn-guard.event", NAME)] {
        repo.git().at(repo.git_dir()).args(["config", "--local", key, value]).stdout()?;
        context.configured(key, value)?;
    }
    Ok(())
}

fn write_script(repo: &Repo, context: &Context) -> anyhow::Result<()> {
    let (place, folder) = match repo.hooks_dir()? {
        HooksDir::Nowhere => {
            let hint = format!("git config --unset core.hooksPath, or say `{COMMAND}` yourself before you commit");
            return Err(Explained::new(Exit::No, "core.hooksPath is empty: git runs no hooks here").hint(hint).into());
        }
        HooksDir::Own(folder) => (Place::Own, folder),
        HooksDir::Elsewhere(folder) => (Place::Elsewhere, folder),
    };
    let file = folder.join(NAME);
    match (fs::read_to_string(&file), place) {
        (Ok(text), Place::Own) if text.starts_with(OURS) => write_own(&folder, &file)?,
        (Ok(text), Place::Elsewhere) if text.starts_with(OURS) => {}
        (Ok(_), _) => {
            let problem = format!("there is a pre-commit hook already: {}", file.display());
            return Err(Explained::new(Exit::No, problem).hint(format!("add this line to it: {COMMAND}")).into());
        }
        (Err(_), Place::Elsewhere) => {
            let problem = format!("core.hooksPath is {}, which is not this repository's alone", folder.display());
            let hint = format!("make a {NAME} hook there yourself, with the line: {COMMAND}");
            return Err(Explained::new(Exit::No, problem).hint(hint).into());
        }
        (Err(_), Place::Own) => write_own(&folder, &file)?,
    }
    context.written(&file)
}

/// Whose folder of hooks it is.
#[derive(Clone, Copy)]
enum Place {
    Own,
    Elsewhere,
}

fn write_own(folder: &Path, file: &Path) -> anyhow::Result<()> {
    let write = || {
        fs::create_dir_all(folder)?;
        fs::write(file, script())?;
        fs::set_permissions(file, fs::Permissions::from_mode(0o755))
    };
    write().with_context(|| format!("writing {}", file.display()))
}

fn remove(repo: &Repo, context: &Context) -> anyhow::Result<()> {
    let configured = repo.config().section("hook.burn-guard").count() > 0;
    if configured {
        let section = ["config", "--local", "--remove-section", "hook.burn-guard"];
        repo.git().at(repo.git_dir()).args(section).stdout()?;
    }
    // git may look elsewhere by now than when it was installed.
    let mut written = false;
    for folder in [Some(repo.own_hooks()), folder(repo.hooks_dir()?)].into_iter().flatten() {
        let file = folder.join(NAME);
        if fs::read_to_string(&file).is_ok_and(|text| text.starts_with(OURS)) {
            fs::remove_file(&file).context("removing the hook")?;
            written = true;
        }
    }
    if !configured && !written {
        context.tell("git burn has installed no hook here");
    }
    Ok(())
}

/// The folder that git looks into for hooks.
fn folder(dir: HooksDir) -> Option<PathBuf> {
    match dir {
        HooksDir::Own(folder) | HooksDir::Elsewhere(folder) => Some(folder),
        HooksDir::Nowhere => None,
    }
}

/// Whether the guard runs before commits here.
pub fn is_installed(repo: &Repo) -> bool {
    let calls_us = |dir: PathBuf| fs::read_to_string(dir.join(NAME)).is_ok_and(|text| text.contains(COMMAND));
    repo.config().section("hook.burn-guard").count() > 0 || repo.hooks_dir().ok().and_then(folder).is_some_and(calls_us)
}
