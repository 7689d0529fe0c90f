//! `git burn init`: looks at the clone, asks where it is unsure, and writes the settings with `git config`.

mod checks;

use std::fs;
use std::io::{self, BufRead};

use anyhow::Context as _;

use super::args::start::Init;
use super::args::work::Work;
use super::config::shared;
use super::context::{Context, Network, Questions};
use super::error::{Exit, Explained};
use super::session::{Models, Session};
use crate::core::text::one_line;
use crate::edge::forge::detect;
use crate::edge::http::HttpOptions;
use crate::edge::repo::Repo;
use crate::flow::labels::create_missing;

/// A setting that is proposed, and why.
struct Proposal {
    /// Without `burn.`.
    key: String,
    value: String,
    /// What was seen that suggests it.
    because: String,
    question: &'static str,
    holder: Holder,
}

/// Where a setting belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// The team can share it.
    Team,
    /// It is each person's own.
    Own,
}

/// Proposes, asks, writes.
pub fn run(args: &Init, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let Some(top) = repo.work_tree().map(ToOwned::to_owned) else {
        return Err(Explained::new(Exit::Fatal, "a bare repository cannot be set up").hint("use a clone").into());
    };
    let config = context.personal_config(&repo)?;
    let mut proposals = forge(context, &repo)?;
    proposals.extend(model(context));
    proposals.extend(checks::detect(&top).into_iter().map(|check| Proposal {
        key: format!("check.{}.command", check.name),
        value: check.command,
        because: check.because,
        question: "What must pass before anything is published?",
        holder: Holder::Team,
    }));
    proposals.retain(|proposal| config.one(&proposal.key).is_none());
    let asks = !args.yes && context.questions == Questions::Allowed;
    let mut chosen = Vec::new();
    for proposal in proposals {
        let value = if asks { ask(context, &proposal)? } else { Some(proposal.value.clone()) };
        chosen.extend(value.map(|value| Proposal { value, ..proposal }));
    }
    write(args, context, &repo, &chosen)?;
    if args.create_labels {
        create_labels(context)?;
    }
    context.tell("`git burn doctor` says what is still missing");
    Ok(Exit::Done)
}

/// With everything opened anew: the settings that were just written count.
fn create_labels(context: &Context) -> anyhow::Result<()> {
    let session = Session::open(context, &Work::default(), None, Models::NotAsked)?;
    let made = session.run(context, "init", create_missing)?;
    if made.is_empty() {
        context.tell("all labels are there");
    }
    session.finish(context, Exit::Done).map(drop)
}

/// The forge behind the remote, or a folder that looks like a backlog.
fn forge(context: &Context, repo: &Repo) -> anyhow::Result<Vec<Proposal>> {
    let remote = repo.remote(None).ok().flatten();
    let seen = remote.as_ref().and_then(|remote| detect::remote(&remote.url));
    let own = |key: &str, value: &str, because: String| Proposal {
        key: key.into(),
        value: value.into(),
        because,
        question: "Where are the issues?",
        holder: Holder::Own,
    };
    if let Some(seen) = seen {
        if context.network == Network::Offline {
            context.tell(&format!("{} was not asked which forge it is: --offline", seen.web));
            return Ok(Vec::new());
        }
        let options = HttpOptions { proxies: super::connect::proxies(context), ..HttpOptions::new(&seen.web) };
        return Ok(match detect::probe(&seen.web, &options) {
            Ok(found) => {
                let name = found.dialect.word();
                vec![own("forge", name, format!("{} answers as {name}", seen.web))]
            }
            Err(problem) => {
                context.tell(&format!("warning: {}", one_line(&problem.to_string())));
                Vec::new()
            }
        });
    }
    let top = repo.top();
    let folder = ["issues", "backlog/tasks", ".issues"].into_iter().find(|folder| top.join(folder).is_dir());
    Ok(folder.map_or_else(Vec::new, |folder| {
        let because = format!("no remote is on a forge, and there is a folder `{folder}`");
        vec![own("forge", "files", because.clone()), own("url", folder, because)]
    }))
}

/// Variables and programs that mean that a model can be used, best first.
const MODELS: [(&str, &str); 5] = [
    ("ANTHROPIC_API_KEY", "anthropic/claude-sonnet-5-5"),
    ("OPENAI_API_KEY", "openai/gpt-6.1-sol"),
    ("OPENROUTER_API_KEY", "openrouter/anthropic/claude-sonnet-5"),
    ("NOUS_API_KEY", "nous/Hermes-4-405B"),
    ("OLLAMA_HOST", "ollama/qwen2.5-coder:14b"),
];

fn model(context: &Context) -> Option<Proposal> {
    let (variable, model) = MODELS.into_iter().find(|(variable, _)| context.environment.get(variable).is_some())?;
    Some(Proposal {
        key: "model".into(),
        value: model.into(),
        because: format!("{variable} is set"),
        question: "Which model is asked for patches?",
        holder: Holder::Own,
    })
}

/// Shows a proposal; an empty answer takes it, `-` leaves it out, anything else takes its place.
fn ask(context: &Context, proposal: &Proposal) -> anyhow::Result<Option<String>> {
    let Proposal { key, value, because, question, .. } = proposal;
    let text =
        format!("{question} ({})\n  burn.{} [{}, - for none]: ", one_line(because), one_line(key), one_line(value));
    context.terminal.write_err(text.as_bytes());
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("reading the answer")?;
    Ok(match answer.trim() {
        "" => Some(value.clone()),
        "-" => None,
        other => Some(other.to_owned()),
    })
}

fn write(args: &Init, context: &Context, repo: &Repo, chosen: &[Proposal]) -> anyhow::Result<()> {
    let (team, own): (Vec<&Proposal>, Vec<&Proposal>) =
        chosen.iter().partition(|proposal| args.shared && proposal.holder == Holder::Team);
    if args.shared {
        write_shared(context, repo, &team)?;
    }
    for Proposal { key, value, .. } in own {
        let key = format!("burn.{key}");
        repo.git().at(repo.git_dir()).args(["config", "--local", &key, value]).stdout()?;
        context.configured(&key, value)?;
    }
    Ok(())
}

/// Makes `.gitburn`. One that is there already is the team's, and not for a program to change.
fn write_shared(context: &Context, repo: &Repo, team: &[&Proposal]) -> anyhow::Result<()> {
    let file = repo.top().join(shared::FILE);
    if file.symlink_metadata().is_ok() {
        let problem = format!("{} is there already", file.display());
        return Err(Explained::new(Exit::No, problem).hint("edit it; gitburn(5) describes the keys").into());
    }
    let mut text = String::from("# Settings of git-burn for everybody who works here; see gitburn(5).\n");
    text += "[burn]\n\tbranch = agent/ticket-{number}\n";
    for Proposal { key, value, .. } in team {
        let (section, variable) = key.rsplit_once('.').unwrap_or(("", key));
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        text += &format!("[burn \"{section}\"]\n\t{variable} = \"{value}\"\n");
    }
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    context.written(&file)?;
    context.tell("commit it, and run `git burn trust` to let its checks count");
    Ok(())
}
