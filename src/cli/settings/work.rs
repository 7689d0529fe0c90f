//! How one run works on issues: the flags on top of the configuration, as the flow wants it.

use anyhow::{Context as _, bail};

use super::{checks, limits, policy, triage};
use crate::cli::args::work::Work;
use crate::cli::config::{Config, Side};
use crate::cli::error::{Exit, Explained};
use crate::core::act::Ripeness;
use crate::core::change::Entry;
use crate::core::closing::Closing;
use crate::core::names::{RepoPath, TreeId};
use crate::core::report::Templates;
use crate::edge::git::Environment;
use crate::edge::repo::{Found, Repo};
use crate::edge::sandbox::{Network, SandboxMode, SandboxOptions};
use crate::flow::{Labels, Publishing, Settings};

/// Template of the branch's name, where nothing else is configured.
const BRANCH: &str = "agent/ticket-{number}";

/// Largest template, in bytes.
const LARGEST_TEMPLATE: u64 = 64 * 1024;

/// Puts the flags on top of what is configured.
pub fn add_flags(config: &mut Config, work: &Work) {
    let Work {
        dry_run: _,
        model,
        base,
        draft: _,
        reviewer,
        max_turns,
        max_tokens,
        max_cost,
        timeout,
        no_push: _,
        issues,
    } = work;
    let one = [
        ("--base", "base", base.clone()),
        ("--max-turns", "maxTurns", max_turns.map(|count| count.to_string())),
        ("--max-tokens", "maxTokens", max_tokens.map(|count| count.to_string())),
        ("--max-cost", "maxCost", max_cost.clone()),
        ("--timeout", "timeout", timeout.clone()),
    ];
    for (flag, key, value) in one {
        value.into_iter().for_each(|value| config.add_flag(flag, key, value));
    }
    if let Some(folder) = issues {
        config.add_flag("--features", "forge", "files");
        config.add_flag("--features", "url", folder.to_string_lossy());
    }
    model.iter().for_each(|name| config.add_flag("--model", "model", name));
    reviewer.iter().for_each(|login| config.add_flag("--reviewer", "reviewer", login));
}

/// Everything that the flow has to know. The flags must have been added to `config`.
pub fn settings(
    config: &Config,
    repo: &Repo,
    base: &TreeId,
    work: &Work,
    min_score: Option<u8>,
) -> anyhow::Result<Settings> {
    Ok(Settings {
        labels: labels(config, min_score),
        rules: triage::rules(config, min_score),
        branch: config.text("branch").unwrap_or(BRANCH).to_owned(),
        checks: checks::checks(config)?,
        policy: policy::policy(config)?,
        limits: limits::limits(config)?,
        templates: templates(config, repo, base)?,
        reviewers: config.texts("reviewer"),
        owner: config.text("owner").map(str::to_owned),
        ripeness: if work.draft { Ripeness::Draft } else { Ripeness::Ready },
        publishing: if work.no_push { Publishing::Keep } else { Publishing::Push },
        closing: config.one("close").map(|setting| setting.read(closing)).transpose()?.unwrap_or(Closing::Never),
        context_tokens: limits::context(config)?,
    })
}

fn labels(config: &Config, min_score: Option<u8>) -> Labels {
    let rules = triage::rules(config, min_score);
    Labels {
        ready: rules.ready_label,
        review: triage::review_label(config),
        clarify: rules.clarify_label,
        blocked: rules.blocked_label,
        reopened: rules.reopened_label,
    }
}

/// The built-in texts, replaced by files of the folder `burn.templates` of the base tree.
fn templates(config: &Config, repo: &Repo, base: &TreeId) -> anyhow::Result<Templates> {
    let mut templates = Templates::default();
    let Some(folder) = config.text("templates") else { return Ok(templates) };
    let mut found = false;
    for name in Templates::NAMES {
        let path = RepoPath::parse(format!("{}/{name}", folder.trim_end_matches('/')))
            .with_context(|| format!("burn.templates `{folder}`"))?;
        match repo.read(base, &path, LARGEST_TEMPLATE)? {
            Found::Entry(Entry::File(file)) => templates.replace(name, &String::from_utf8_lossy(&file.bytes))?,
            Found::TooLarge { .. } => bail!("burn.templates: `{path}` has more than {} KiB", LARGEST_TEMPLATE >> 10),
            Found::Entry(_) | Found::Missing { .. } | Found::Below(_) => continue,
        }
        found = true;
    }
    if found { Ok(templates) } else { Err(no_templates(folder).into()) }
}

fn no_templates(folder: &str) -> Explained {
    let problem = format!("burn.templates: the folder `{folder}` is not on the base branch, or holds no template");
    Explained::new(Exit::Fatal, problem)
        .hint(format!("it may hold {}", Templates::NAMES.join(", ")))
        .hint("what counts is the base branch on the remote: commit and push the folder, correct its name, or unset burn.templates")
}

/// `burn.sandbox` and `burn.network`: how checks are confined.
pub fn sandbox(config: &Config, environment: &Environment) -> anyhow::Result<SandboxOptions> {
    let mode = config.one("sandbox").map(|setting| setting.read(mode)).transpose()?.unwrap_or(SandboxMode::Auto);
    let open = config.boolean("network")?.unwrap_or(false);
    for (key, wanted) in [("sandbox", "require"), ("network", "false")] {
        if config.texts_of(key, Side::Team).iter().any(|text| !text.eq_ignore_ascii_case(wanted)) {
            let problem = format!(".gitburn can set burn.{key} to `{wanted}` only");
            return Err(Explained::new(Exit::Fatal, problem)
                .hint("to loosen it, use your own git configuration")
                .into());
        }
    }
    Ok(SandboxOptions {
        mode,
        network: if open { Network::Open } else { Network::Cut },
        environment: environment.clone(),
        keep: Vec::new(),
        read: Vec::new(),
    })
}

fn closing(text: &str) -> Result<Closing, String> {
    match text {
        "never" => Ok(Closing::Never),
        "after-merge" => Ok(Closing::AfterMerge),
        _ => Err(format!("`{text}` is not never or after-merge")),
    }
}

fn mode(text: &str) -> Result<SandboxMode, String> {
    match text {
        "auto" => Ok(SandboxMode::Auto),
        "require" => Ok(SandboxMode::Require),
        "off" => Ok(SandboxMode::Off),
        _ => Err(format!("`{text}` is not auto, require or off")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::testing::config;

    #[test]
    fn flags_are_stronger_than_configuration() {
        let mut config = config("", &[("model", "ollama/x"), ("maxTurns", "3")]);
        let work = Work { model: vec!["a/b".into(), "c/d".into()], max_turns: Some(7), ..Work::default() };
        add_flags(&mut config, &work);
        assert_eq!(config.texts("model"), ["a/b", "c/d"]);
        assert_eq!(limits::limits(&config).unwrap().turns, 7);
    }

    #[test]
    fn the_team_file_cannot_open_the_sandbox() {
        let environment = Environment::default();
        for loose in ["sandbox = off", "sandbox = auto", "network = true"] {
            let team = format!("[burn]\n{loose}\n");
            assert!(sandbox(&config(&team, &[]), &environment).is_err(), "{loose}");
        }
        let strict = sandbox(&config("[burn]\nsandbox = require\n", &[]), &environment).unwrap();
        assert_eq!((strict.mode, strict.network), (SandboxMode::Require, Network::Cut));
        assert_eq!(sandbox(&config("", &[("sandbox", "off")]), &environment).unwrap().mode, SandboxMode::Off);
    }
}
