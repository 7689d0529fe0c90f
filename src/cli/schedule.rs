//! `git burn schedule`: regular runs without a daemon, by the machine's own scheduler, for all repositories in `burn.repo`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::args::keep::{Schedule, ScheduleAction, ScheduleStart, ScheduleStop, SchedulerName};
use super::context::Context;
use super::error::{Exit, Explained, usage};
use super::settings::credentials::FORGE_TOKENS;
use super::settings::models as model_settings;
use super::{args, models, values};
use crate::core::schedule::{
    Every, Job, UNIT, crontab_region, crontab_with, scheduled_line, systemd_service, systemd_timer,
};
use crate::edge::git::GitError;
use crate::edge::model::ModelName;
use crate::edge::repo::Repo;
use crate::edge::scheduler::{Scheduler, Schedulers, random_minute};

/// Starts, stops or shows.
pub fn run(args: &Schedule, context: &Context) -> anyhow::Result<Exit> {
    let schedulers = Schedulers { environment: &context.environment };
    match &args.action {
        ScheduleAction::Start(args) => start(args, context, schedulers),
        ScheduleAction::Stop(args) => stop(args, context, schedulers),
        ScheduleAction::List => list(context, schedulers),
    }
}

fn start(args: &ScheduleStart, context: &Context, schedulers: Schedulers<'_>) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let every = Every::parse(&args.every).map_err(usage)?;
    let job = job(args, schedulers)?;
    let minute = random_minute();
    let scheduler = choose(args.scheduler, schedulers)?;
    let region = crontab_region(&job, every, minute);
    let (service, timer) = (systemd_service(&job), systemd_timer(every, minute));
    if args.print {
        let text = match scheduler {
            Scheduler::Crontab => region,
            Scheduler::Systemd => format!("# {UNIT}.service\n{service}\n# {UNIT}.timer\n{timer}"),
        };
        context.terminal.write_out(text.as_bytes())?;
        return Ok(Exit::Done);
    }
    register(&repo)?;
    match scheduler {
        Scheduler::Crontab => {
            let crontab = crontab_with(&schedulers.crontab()?, Some(&region));
            schedulers.set_crontab(&crontab.map_err(anyhow::Error::msg)?)?;
        }
        Scheduler::Systemd => schedulers.start_units(&service, &timer)?,
    }
    let command = job.command.join(" ");
    context.tell(&format!("`git burn {command}` runs {every} in {}", repo.top().display()));
    warn_unseen(&credentials_here(context, &repo), scheduler, context);
    Ok(Exit::Done)
}

/// The variables with credentials that runs from this shell use. What is wrong with the settings, the runs will tell.
fn credentials_here(context: &Context, repo: &Repo) -> BTreeSet<String> {
    let Ok(config) = context.config_here(repo) else { return BTreeSet::new() };
    let key_of = |name: &ModelName| {
        let settings = model_settings::provider(&config, &name.provider).ok()?;
        Some(models::provider(context, name, &settings).ok()?.key_env)
    };
    let names = model_settings::names(&config).unwrap_or_default();
    let all = names.iter().filter_map(key_of).flatten().chain(FORGE_TOKENS.map(str::to_owned));
    all.filter(|name| context.environment.get(name).is_some()).collect()
}

/// A scheduler starts its jobs without what a shell's profile sets.
fn warn_unseen(credentials: &BTreeSet<String>, scheduler: Scheduler, context: &Context) {
    if credentials.is_empty() {
        return;
    }
    let names = credentials.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    context.tell(&format!("warning: scheduled runs do not see what only this shell has: {names}"));
    context.tell(match scheduler {
        Scheduler::Crontab => "hint: put NAME=VALUE lines at the top of `crontab -e`",
        Scheduler::Systemd => {
            "hint: put NAME=VALUE lines into ~/.config/environment.d/git-burn.conf, chmod 600, and run `systemctl --user daemon-reload`"
        }
    });
}

fn stop(args: &ScheduleStop, context: &Context, schedulers: Schedulers<'_>) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    unregister(&repo)?;
    let left = registered(&repo)?;
    if !left.is_empty() && !args.all {
        context.tell(&format!("not scheduled here any more; {} other repositories are", left.len()));
        return Ok(Exit::Done);
    }
    if schedulers.find("crontab").is_some() {
        let before = schedulers.crontab()?;
        let after = crontab_with(&before, None).map_err(anyhow::Error::msg)?;
        if after != before {
            schedulers.set_crontab(&after)?;
        }
    }
    if schedulers.find("systemctl").is_some() {
        schedulers.stop_units()?;
    }
    context.tell("nothing is scheduled any more");
    Ok(Exit::Done)
}

fn list(context: &Context, schedulers: Schedulers<'_>) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let crontab = match schedulers.find("crontab") {
        Some(_) => schedulers.crontab()?,
        None => String::new(),
    };
    let timer = schedulers.timer()?;
    let calendar = timer.iter().flat_map(|text| text.lines()).find_map(|line| line.strip_prefix("OnCalendar="));
    let scheduled = [("crontab", scheduled_line(&crontab)), ("systemd", calendar)];
    let scheduled: Vec<_> = scheduled.into_iter().filter_map(|(name, when)| Some((name, when?))).collect();
    for (scheduler, when) in &scheduled {
        let record = json!({ "scheduler": scheduler, "when": when });
        context.result("scheduled", &record, &format!("{scheduler}\t{when}\n"))?;
    }
    for path in registered(&repo)? {
        context.result("repository", &json!({ "path": path }), &format!("repository\t{path}\n"))?;
    }
    if scheduled.is_empty() {
        context.tell("nothing is scheduled; `git burn schedule start` does it");
    }
    Ok(Exit::Done)
}

fn job(args: &ScheduleStart, schedulers: Schedulers<'_>) -> anyhow::Result<Job> {
    let git = schedulers.find("git").context("git is not in PATH")?;
    let here = std::env::current_exe().context("where git-burn is installed")?;
    let folders = schedulers.environment.get("PATH").map(std::env::split_paths).into_iter().flatten();
    let all = here.parent().map(Path::to_owned).into_iter().chain(folders);
    let path = std::env::join_paths(all).context("a folder in PATH has a colon in its name")?;
    let command = match &args.command[..] {
        [] => vec!["next".to_owned()],
        command => runnable(command)?,
    };
    let limit = values::duration(&args.time_limit).map_err(usage)?;
    let text = |bytes: std::ffi::OsString| bytes.into_string().map_err(|_| anyhow::anyhow!("PATH is not UTF-8"));
    Ok(Job { git: text(git.into())?, path: text(path)?, command, limit_seconds: limit.as_secs() })
}

/// What git-burn itself would take: a slip of the pen would be told to nobody, each time.
fn runnable(command: &[String]) -> anyhow::Result<Vec<String>> {
    let line = std::iter::once("git-burn".to_owned()).chain(command.iter().cloned()).map(Into::into);
    let Err(told) = args::parse(line) else { return Ok(command.to_vec()) };
    let text = if told.use_stderr() { told.render().to_string() } else { "it only prints".to_owned() };
    let said = |start: &'static str| text.lines().map(str::trim).filter_map(move |line| line.strip_prefix(start));
    let why = said("error: ").next().unwrap_or(&text);
    let problem = format!("`git burn {}` cannot be scheduled: {why}", command.join(" "));
    Err(said("tip: ").fold(Explained::new(Exit::Usage, problem), Explained::hint).into())
}

fn choose(asked: SchedulerName, schedulers: Schedulers<'_>) -> anyhow::Result<Scheduler> {
    let none = || {
        Explained::new(Exit::Fatal, "neither systemd's user instance nor cron is there")
            .hint("`git burn schedule start --print --scheduler crontab` prints a line for another scheduler")
    };
    match asked {
        SchedulerName::Systemd => Ok(Scheduler::Systemd),
        SchedulerName::Crontab => Ok(Scheduler::Crontab),
        SchedulerName::Auto => schedulers.detect().ok_or_else(|| none().into()),
    }
}

/// All repositories in the user's `burn.repo`; names on a forge, which can stand there too, are none.
pub fn registered(repo: &Repo) -> Result<Vec<String>, GitError> {
    let answer = repo.git().anywhere().args(["config", "--global", "--get-all", "burn.repo"]).answer()?;
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    Ok(text.lines().filter(|line| line.starts_with('/')).map(str::to_owned).collect())
}

fn register(repo: &Repo) -> Result<(), GitError> {
    let path = repo.top().to_string_lossy().into_owned();
    if registered(repo)?.contains(&path) {
        return Ok(());
    }
    repo.git().anywhere().args(["config", "--global", "--add", "burn.repo", &path]).stdout().map(drop)
}

fn unregister(repo: &Repo) -> Result<(), GitError> {
    let path = repo.top().to_string_lossy().into_owned();
    if !registered(repo)?.contains(&path) {
        return Ok(());
    }
    let unset = ["config", "--global", "--fixed-value", "--unset-all", "burn.repo", &path];
    repo.git().anywhere().args(unset).stdout().map(drop)
}
