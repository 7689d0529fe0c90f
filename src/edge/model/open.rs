//! From a model's name and the settings to a [`Model`] that can be asked.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::command::Program;
use super::listing::Listing;
use super::provider::{KeyNeed, ModelName, Provider, ProviderSettings, WireFormat};
use super::{Model, Script, Wire, anthropic, background, ollama, openai, remote};
use crate::core::names::Secret;
use crate::edge::http::{Credential, CredentialHeader, Http, HttpOptions, Pace};

/// What is needed to make a [`Model`].
#[derive(Clone, Copy)]
pub struct OpenModel<'a> {
    pub name: &'a ModelName,
    /// `burn.provider.NAME.*` of its provider.
    pub settings: &'a ProviderSettings,
    /// The environment, read by the caller: keys, base URLs, and what a command is given of it.
    pub variables: &'a [(String, String)],
    /// Proxies, clock and permission for plain http are taken from here; the rest is the model's own.
    pub http: &'a HttpOptions,
    /// What the name of a script is relative to.
    pub folder: &'a Path,
}

impl OpenModel<'_> {
    /// Connects to nothing. A missing key is no error yet: it is told when the model is asked, so that the next one of
    /// a [`super::Lineup`] gets its turn.
    pub fn open(&self) -> anyhow::Result<Model> {
        let provider = Provider::of(self.name, self.settings, &|name| self.variable(name));
        let provider = provider.map_err(anyhow::Error::msg).with_context(|| format!("model `{}`", self.name))?;
        let key = provider.key_env.iter().find_map(|name| self.variable(name)).and_then(|text| Secret::new(&text));
        let wire = self.wire(&provider, key.clone()).with_context(|| format!("model `{}`", self.name))?;
        Ok(Model {
            name: self.name.to_string(),
            bare_name: self.name.name.clone(),
            price: provider.price,
            context: provider.context,
            longest_answer: provider.longest_answer,
            key,
            recorder: None,
            wire: Arc::new(wire),
        })
    }

    /// A variable that is set and not empty.
    fn variable(&self, name: &str) -> Option<String> {
        let found = self.variables.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    }

    fn wire(&self, provider: &Provider, key: Option<Secret>) -> anyhow::Result<Wire> {
        match provider.wire {
            WireFormat::Replay => return Ok(Wire::Replay(Script::open(&self.folder.join(&self.name.name))?)),
            WireFormat::Command => return self.command(provider),
            WireFormat::Anthropic | WireFormat::OpenAi | WireFormat::Ollama => {}
        }
        if key.is_none() && provider.key == KeyNeed::Required {
            return Ok(Wire::Keyless { problem: format!("{} is not set", provider.key_env.join(" or ")) });
        }
        let http = Http::new(self.options(provider, key))?;
        Ok(match provider.wire {
            WireFormat::Anthropic => Wire::Anthropic(http),
            WireFormat::Ollama => Wire::Ollama { http, context: ollama::Context::default() },
            WireFormat::OpenAi | WireFormat::Command | WireFormat::Replay => {
                let (habits, listing) = (openai::Habits::of(&provider.name), Listing::default());
                Wire::OpenAi { http, habits, listing }
            }
        })
    }

    fn command(&self, provider: &Provider) -> anyhow::Result<Wire> {
        let setting = format!("burn.provider.{}.run", provider.name);
        let line = provider.run.as_deref().with_context(|| format!("{setting} is not set"))?;
        let program = Program::new(line, &provider.key_env, self.variables.iter().cloned());
        Ok(Wire::Command(program.map_err(anyhow::Error::msg).context(setting)?))
    }

    fn options(&self, provider: &Provider, key: Option<Secret>) -> HttpOptions {
        let is_anthropic = provider.wire == WireFormat::Anthropic;
        let header = if is_anthropic { CredentialHeader::ApiKey } else { CredentialHeader::Bearer };
        HttpOptions {
            base: provider.url.clone(),
            credential: key.map(|secret| Credential { header, secret }),
            headers: if is_anthropic { vec![("anthropic-version", anthropic::VERSION.to_owned())] } else { Vec::new() },
            timeouts: remote::TIMEOUTS,
            retry: remote::RETRY,
            pace: Pace::FREE.into(),
            body_limit: remote::BODY_LIMIT,
            observer: Some(Arc::new(background::observe)),
            ..self.http.clone()
        }
    }
}
