//! Opens the configured models; nothing is asked yet.

use super::config::Config;
use super::connect;
use super::context::{Context, Network};
use super::error::{Exit, Explained};
use super::settings::models;
use crate::edge::http::{HttpOptions, Origin};
use crate::edge::model::{Lineup, Model, ModelName, OpenModel, Provider, ProviderSettings};
use crate::edge::repo::Repo;

/// The models of one run, in the order in which they are asked.
pub fn lineup(context: &Context, repo: &Repo, config: &Config) -> anyhow::Result<Lineup> {
    let names = models::names(config)?;
    let open = |name: &ModelName| open(context, repo, config, name);
    let opened: Vec<Model> = names.iter().map(open).collect::<Result<_, _>>()?;
    Lineup::new(opened).ok_or_else(|| Explained::new(Exit::Fatal, "no model is configured").into())
}

/// One model.
pub fn open(context: &Context, repo: &Repo, config: &Config, name: &ModelName) -> anyhow::Result<Model> {
    let settings = models::provider(config, &name.provider)?;
    let url = provider(context, name, &settings)?.url;
    refuse_offline(context, name, &url)?;
    let variables: Vec<(String, String)> = texts(context);
    let http = HttpOptions {
        plain: connect::plain(config, &url),
        proxies: connect::proxies(context),
        ..HttpOptions::new(url)
    };
    let folder = repo.work_tree().unwrap_or(&context.cwd);
    OpenModel { name, settings: &settings, variables: &variables, http: &http, folder }.open()
}

/// What is known about a model's provider.
pub fn provider(context: &Context, name: &ModelName, settings: &ProviderSettings) -> anyhow::Result<Provider> {
    let variable = |name: &str| context.environment.text(name).map(str::to_owned);
    Provider::of(name, settings, &variable).map_err(|problem| {
        Explained::new(Exit::Fatal, format!("model `{name}`: {problem}"))
            .hint("gitburn(5), section \"The model\"")
            .into()
    })
}

/// Offline, models on this machine may be asked all the same.
fn refuse_offline(context: &Context, name: &ModelName, url: &str) -> anyhow::Result<()> {
    let is_here = url.is_empty() || Origin::of(url).is_ok_and(|origin| origin.is_loopback());
    match context.network {
        Network::Offline if !is_here => {
            let problem = format!("the model `{name}` cannot be asked: --offline");
            Err(Explained::new(Exit::Unreachable, problem).hint("name a model on this machine with --model").into())
        }
        Network::Offline | Network::Allowed => Ok(()),
    }
}

fn texts(context: &Context) -> Vec<(String, String)> {
    let text = |value: &std::ffi::OsStr| value.to_str().map(str::to_owned);
    context.environment.iter().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}
