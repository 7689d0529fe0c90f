//! `git burn status`: what goes on, what was left unfinished, how the last issues went, what today cost, what waits.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::args::look::Status as Args;
use super::config::Config;
use super::connect;
use super::context::{Context, Network, now};
use super::error::Exit;
use super::log::{name, stories};
use super::models;
use super::render::json::line;
use super::settings::models as model_settings;
use crate::core::claim::Claim;
use crate::core::history::{Record, Story};
use crate::core::issue::Pick;
use crate::core::ledger::{Scope, Sum};
use crate::core::names::{IssueNumber, Timestamp};
use crate::core::text::one_line;
use crate::edge::journal::{LedgerFile, RunState};
use crate::edge::model::ModelName;
use crate::edge::repo::{OpenOptions, Repo};
use crate::flow::resume::{Waiting, unfinished, waiting};
use crate::flow::survey::survey;

/// Runs whose endings are counted.
const RECENT: usize = 20;
/// A run that goes on for longer may be stuck.
const LONG_SECONDS: i64 = 2 * 3600;

/// What is known about one repository.
#[derive(Debug, Serialize)]
struct Status {
    repository: String,
    /// Living runs.
    running: Vec<Running>,
    /// Runs that were killed, with the issue that each was at.
    killed: Vec<Story>,
    /// Issues with a draft that can be gone on with.
    unfinished: Vec<IssueNumber>,
    /// What the guard holds until a person decides.
    held: Vec<Waiting>,
    recent: Record,
    last: Option<Story>,
    today: Sum,
    total: Sum,
    /// `None`: the forge was not asked.
    forge: Option<ForgeStatus>,
    /// In the order in which they are asked; empty where they were not looked for.
    models: Vec<ModelStatus>,
}

#[derive(Debug, Serialize)]
struct Running {
    #[serde(flatten)]
    story: Story,
    seconds: i64,
    /// It goes on for so long that it may be stuck.
    long: bool,
}

/// Whether a model could be asked. Looking costs nothing.
#[derive(Debug, Serialize)]
struct ModelStatus {
    model: String,
    answers: bool,
    /// What is there, or why it cannot be asked.
    about: String,
}

/// What the forge and the remote say, or why they say nothing.
#[derive(Debug, Serialize)]
struct ForgeStatus {
    about: String,
    open: Option<usize>,
    ready: Option<usize>,
    claims: Vec<Claim>,
    problems: Vec<String>,
}

/// Prints it.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let here = context.open_repo()?;
    let mut all = Vec::new();
    match args.all_repos {
        false => {
            let config = context.config_here(&here)?;
            let forge = ask_forge(context, &here, &config);
            all.push(Status { forge, models: ask_models(context, &here, &config), ..local(&here)? });
        }
        true => {
            for path in super::schedule::registered(&here)? {
                let options = OpenOptions::new(Path::new(&path), context.environment.clone());
                match Repo::open(&options).and_then(|repo| local(&repo)) {
                    Ok(status) => all.push(status),
                    Err(error) => context.tell(&format!("warning: {}: {error:#}", one_line(&path))),
                }
            }
        }
    }
    let text: String = match context.common.json {
        true => all.iter().map(|status| line("status", status)).collect(),
        false => all.iter().map(describe).collect::<Vec<_>>().join("\n"),
    };
    context.terminal.write_out(text.as_bytes())?;
    Ok(Exit::Done)
}

/// From the records of this machine alone.
fn local(repo: &Repo) -> anyhow::Result<Status> {
    let now = now();
    let (running, over): (Vec<_>, Vec<_>) =
        stories(repo)?.into_iter().partition(|(run, _)| run.state == RunState::GoingOn);
    let over: Vec<Story> = over.into_iter().map(|(_, story)| story).collect();
    let ledger = LedgerFile::of(&repo.burn_dir()).read()?;
    let held = waiting(repo)?;
    let is_held = |issue: &IssueNumber| held.iter().any(|waiting| waiting.issue == *issue);
    let mut working = over.iter().filter(|story| !story.issues.is_empty());
    Ok(Status {
        repository: name(repo),
        running: running.into_iter().map(|(_, story)| long(story, now)).collect(),
        killed: over.iter().filter(|story| story.exit.is_none() && story.unfinished.is_some()).cloned().collect(),
        unfinished: unfinished(repo)?.into_iter().filter(|issue| !is_held(issue)).collect(),
        held,
        recent: Record::of(working.clone().rev().take(RECENT)),
        last: working.next_back().cloned(),
        today: ledger.sum(Scope::Day(now)),
        total: ledger.sum(Scope::All),
        forge: None,
        models: Vec::new(),
    })
}

fn long(story: Story, now: Timestamp) -> Running {
    let seconds = story.started.map_or(0, |started| now.seconds() - started.seconds());
    Running { story, seconds, long: seconds > LONG_SECONDS }
}

/// Whatever of it answers.
fn ask_forge(context: &Context, repo: &Repo, config: &Config) -> Option<ForgeStatus> {
    if context.network == Network::Offline && config.text("forge") != Some("files") {
        return None;
    }
    let mut status =
        ForgeStatus { about: String::new(), open: None, ready: None, claims: Vec::new(), problems: Vec::new() };
    let connected = match connect::connect(context, repo, config) {
        Ok(connected) => connected,
        Err(error) => {
            status.problems.push(format!("{error:#}"));
            return Some(status);
        }
    };
    status.about.clone_from(&connected.about);
    let rules = connected.rules(config, None);
    match survey(&connected.forge, &Pick::default(), &rules, now()) {
        Ok(survey) => {
            status.open = Some(survey.issues.len());
            status.ready = Some(survey.ready());
        }
        Err(error) => status.problems.push(format!("{error:#}")),
    }
    if let Some(remote) = &connected.remote {
        match repo.claims(remote, connected.push.as_ref()) {
            Ok(claims) => status.claims.extend(claims.iter().filter_map(|claim| Claim::parse(&claim.message).ok())),
            Err(error) => status.problems.push(format!("{error:#}")),
        }
    }
    Some(status)
}

fn ask_models(context: &Context, repo: &Repo, config: &Config) -> Vec<ModelStatus> {
    // Without any there is nothing to say here; `doctor` does.
    let names = model_settings::names(config).unwrap_or_default();
    let ask = |name: &ModelName| models::open(context, repo, config, name).and_then(|model| Ok(model.probe()?));
    let status = |name: &ModelName| match ask(name) {
        Ok(about) => ModelStatus { model: name.to_string(), answers: true, about },
        Err(problem) => ModelStatus { model: name.to_string(), answers: false, about: format!("{problem:#}") },
    };
    names.iter().map(status).collect()
}

fn describe(status: &Status) -> String {
    let Status { repository, running, killed, unfinished, held, recent, last, today, total, forge, models } = status;
    let mut out = format!("{}\n", one_line(repository));
    let mut line = |name: &str, text: String| {
        let _ = writeln!(out, "  {name:<11} {text}");
    };
    for one in running {
        line("running", describe_running(one));
    }
    for story in killed {
        let at = story.unfinished.map_or_else(String::new, |issue| format!(" at #{issue}"));
        line("killed", format!("{} {}{at}", story.run, one_line(&story.command)));
    }
    for issue in unfinished {
        line("unfinished", format!("#{issue}: `git burn continue {issue}` goes on, `git burn abort {issue}` gives up"));
    }
    for waiting in held {
        line("held", describe_held(waiting));
    }
    if let Some(last) = last {
        let ended: Vec<String> =
            last.issues.iter().map(|one| format!("#{} {}", one.issue, one_line(&one.outcome))).collect();
        line(
            "last run",
            format!("{} {}", last.started.map_or_else(String::new, |at| at.to_string()), ended.join(", ")),
        );
    }
    line("recent", recent.to_string());
    let open = if today.open > 0 { format!(", {} calls without a bill", today.open) } else { String::new() };
    line("today", format!("{}, {} tokens{open}", today.cost, today.tokens));
    line("in all", format!("{}, {} tokens", total.cost, total.tokens));
    if let Some(forge) = forge {
        describe_forge(forge, &mut line);
    }
    for ModelStatus { model, answers, about } in models {
        let words = if *answers { "answers" } else { "does not answer" };
        line("model", format!("{} {words}: {}", one_line(model), one_line(about)));
    }
    out
}

fn describe_running(running: &Running) -> String {
    let Running { story, seconds, long } = running;
    let at = story.unfinished.map_or_else(String::new, |issue| format!(", at #{issue}"));
    let stuck = if *long { ", perhaps stuck" } else { "" };
    format!("{} {}{at}, since {seconds} s{stuck}", story.run, one_line(&story.command))
}

fn describe_held(waiting: &Waiting) -> String {
    let Waiting { issue, pull, commit } = waiting;
    let (what, id) = (pull.map_or_else(String::new, |pull| format!(", revision of #{pull}")), commit.short());
    format!("#{issue}{what}: see `git show {id}`, then `git burn approve {issue} {id}` or `git burn abort {issue}`")
}

fn describe_forge(forge: &ForgeStatus, line: &mut dyn FnMut(&str, String)) {
    let ForgeStatus { about, open, ready, claims, problems } = forge;
    if let (Some(open), Some(ready)) = (open, ready) {
        line("issues", format!("{open} open, {ready} ready ({})", one_line(about)));
    }
    for claim in claims {
        line("claim", format!("#{} {}", claim.issue, one_line(&claim.to_string())));
    }
    for problem in problems {
        line("problem", one_line(problem));
    }
}
