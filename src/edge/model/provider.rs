//! Providers as data: where they are, which wire format they speak, which variable holds the key.

use std::fmt;

use crate::core::budget::{Cost, Known, Price, known};

/// `PROVIDER/NAME`, as in `burn.model`; a command needs no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    pub provider: String,
    /// As the provider spells it, slashes included; empty for a command.
    pub name: String,
}

impl ModelName {
    /// Reads a model's name. `configured` are the names of providers with settings of their own.
    pub fn parse(text: &str, configured: &[&str]) -> Result<Self, String> {
        let text = text.trim();
        let (provider, name) = text.split_once('/').unwrap_or((text, ""));
        let built_in = PROVIDERS.iter().find(|entry| entry.name == provider);
        if built_in.is_none() && !configured.contains(&provider) {
            return Err(unknown_provider(provider, configured));
        }
        let needs_name = built_in.is_some_and(|entry| entry.wire != WireFormat::Command);
        if needs_name && name.is_empty() {
            return Err(format!("`{text}` names no model: write {provider}/NAME"));
        }
        Ok(Self { provider: provider.to_owned(), name: name.to_owned() })
    }
}

fn unknown_provider(name: &str, configured: &[&str]) -> String {
    let known: Vec<&str> = PROVIDERS.iter().map(|entry| entry.name).chain(configured.iter().copied()).collect();
    format!(
        "provider `{name}` is unknown; there are {}; for another one set burn.provider.{name}.url and wire",
        known.join(", ")
    )
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.provider)?;
        if self.name.is_empty() { Ok(()) } else { write!(f, "/{}", self.name) }
    }
}

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFormat {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI chat completions.
    OpenAi,
    /// Ollama's own, which alone can set the context size.
    Ollama,
    /// A program on this machine.
    Command,
    /// A script.
    Replay,
}

impl WireFormat {
    /// Reads `burn.provider.NAME.wire`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "anthropic" => Ok(Self::Anthropic),
            "openai" => Ok(Self::OpenAi),
            "ollama" => Ok(Self::Ollama),
            "command" => Ok(Self::Command),
            _ => Err(format!("`{text}` is no wire format: anthropic, openai, ollama or command")),
        }
    }
}

/// What the user says about a provider: `burn.provider.NAME.*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderSettings {
    pub url: Option<String>,
    pub wire: Option<WireFormat>,
    /// The variable that holds the key; for a command, the one variable that is passed on besides the harmless ones.
    pub key_env: Option<String>,
    /// Tokens.
    pub context: Option<u64>,
    /// For a million tokens, as the output price.
    pub input_price: Option<Cost>,
    pub output_price: Option<Cost>,
    /// A command line, split like a shell's words, run without a shell.
    pub run: Option<String>,
}

/// Everything about a provider that is needed to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    pub name: String,
    pub wire: WireFormat,
    /// Without a slash at the end.
    pub url: String,
    /// Variables that may hold the key; the first that is set counts.
    pub key_env: Vec<String>,
    pub key: KeyNeed,
    pub context: Option<u64>,
    pub price: Option<Price>,
    /// Tokens of the longest answer.
    pub longest_answer: Option<u64>,
    pub run: Option<String>,
}

/// Whether a provider wants a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyNeed {
    Required,
    /// Servers on the user's own machine.
    Optional,
}

/// A built-in provider: name, wire format, URL, variable that replaces the URL, variables of the key.
struct BuiltIn {
    name: &'static str,
    wire: WireFormat,
    url: &'static str,
    url_env: &'static str,
    key_env: &'static [&'static str],
    key: KeyNeed,
}

const fn hosted(name: &'static str, url: &'static str, key_env: &'static [&'static str]) -> BuiltIn {
    BuiltIn { name, wire: WireFormat::OpenAi, url, url_env: "", key_env, key: KeyNeed::Required }
}

const fn local(name: &'static str, url: &'static str) -> BuiltIn {
    BuiltIn { name, wire: WireFormat::OpenAi, url, url_env: "", key_env: &[], key: KeyNeed::Optional }
}

const PROVIDERS: &[BuiltIn] = &[
    BuiltIn {
        wire: WireFormat::Anthropic,
        url_env: "ANTHROPIC_BASE_URL",
        ..hosted("anthropic", "https://api.anthropic.com", &["ANTHROPIC_API_KEY"])
    },
    BuiltIn { url_env: "OPENAI_BASE_URL", ..hosted("openai", "https://api.openai.com/v1", &["OPENAI_API_KEY"]) },
    hosted("openrouter", "https://openrouter.ai/api/v1", &["OPENROUTER_API_KEY"]),
    hosted("nous", "https://inference-api.nousresearch.com/v1", &["NOUS_API_KEY"]),
    hosted("gemini", "https://generativelanguage.googleapis.com/v1beta/openai", &["GEMINI_API_KEY", "GOOGLE_API_KEY"]),
    hosted("deepseek", "https://api.deepseek.com/v1", &["DEEPSEEK_API_KEY"]),
    hosted("groq", "https://api.groq.com/openai/v1", &["GROQ_API_KEY"]),
    hosted("mistral", "https://api.mistral.ai/v1", &["MISTRAL_API_KEY"]),
    hosted("moonshot", "https://api.moonshot.ai/v1", &["MOONSHOT_API_KEY"]),
    hosted("together", "https://api.together.xyz/v1", &["TOGETHER_API_KEY"]),
    hosted("xai", "https://api.x.ai/v1", &["XAI_API_KEY"]),
    BuiltIn { wire: WireFormat::Ollama, url_env: "OLLAMA_HOST", ..local("ollama", "http://127.0.0.1:11434") },
    local("llamacpp", "http://127.0.0.1:8080/v1"),
    local("lmstudio", "http://127.0.0.1:1234/v1"),
    local("vllm", "http://127.0.0.1:8000/v1"),
    BuiltIn { wire: WireFormat::Command, ..local("command", "") },
    BuiltIn { wire: WireFormat::Replay, ..local("replay", "") },
];

impl Provider {
    /// The provider of a model: built-in data, replaced by the environment, replaced by settings.
    ///
    /// `variable` reads the environment; an empty value counts as unset.
    pub fn of(
        model: &ModelName,
        settings: &ProviderSettings,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let ModelName { provider: name, name: of_model } = model;
        let built_in = PROVIDERS.iter().find(|entry| entry.name == name);
        let url_env = built_in.filter(|entry| !entry.url_env.is_empty()).and_then(|entry| variable(entry.url_env));
        let url = settings.url.clone().or(url_env.filter(|url| !url.is_empty()));
        let wire = settings.wire.or(settings.run.as_ref().map(|_| WireFormat::Command));
        let wire = wire.or(built_in.map(|entry| entry.wire)).or(url.as_ref().map(|_| WireFormat::OpenAi));
        let Some(wire) = wire else {
            return Err(format!("provider `{name}` needs burn.provider.{name}.url, or .run for a command"));
        };
        let url = url.or(built_in.map(|entry| entry.url.to_owned())).unwrap_or_default();
        let key_env = match (&settings.key_env, built_in) {
            (Some(variable), _) => vec![variable.clone()],
            (None, Some(entry)) => entry.key_env.iter().map(|name| (*name).to_owned()).collect(),
            (None, None) => Vec::new(),
        };
        let key = if key_env.is_empty() { KeyNeed::Optional } else { built_in.map_or(KeyNeed::Required, |e| e.key) };
        let known = known(name, of_model);
        Ok(Self {
            name: name.clone(),
            wire,
            url: tidy_url(&url, wire),
            key_env,
            key,
            context: settings.context.or(known.as_ref().map(|known| known.context)),
            price: price(settings, wire, known.as_ref())?,
            longest_answer: known.as_ref().map(|known| known.output),
            run: settings.run.clone(),
        })
    }
}

/// The base URL in the form that the wire format appends its paths to.
fn tidy_url(url: &str, wire: WireFormat) -> String {
    let url = url.trim().trim_end_matches('/');
    match wire {
        WireFormat::Anthropic => url.strip_suffix("/v1").unwrap_or(url).to_owned(),
        WireFormat::OpenAi => url.strip_suffix("/chat/completions").unwrap_or(url).to_owned(),
        WireFormat::Ollama => ollama_url(url),
        WireFormat::Command | WireFormat::Replay => String::new(),
    }
}

/// `OLLAMA_HOST` may lack scheme and port, and may be the address that the server listens on.
fn ollama_url(host: &str) -> String {
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", host));
    let rest = rest.strip_suffix("/api").or_else(|| rest.strip_suffix("/v1")).unwrap_or(rest);
    let rest = match rest.strip_prefix("0.0.0.0") {
        Some(port) => format!("127.0.0.1{port}"),
        None => rest.to_owned(),
    };
    let has_port = rest.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    match has_port || scheme == "https" || rest.contains('/') {
        true => format!("{scheme}://{rest}"),
        false => format!("{scheme}://{rest}:11434"),
    }
}

/// Settings first, then the table; what runs on the user's own machine is free unless the user says otherwise.
fn price(settings: &ProviderSettings, wire: WireFormat, known: Option<&Known>) -> Result<Option<Price>, String> {
    match (settings.input_price, settings.output_price) {
        (Some(input), Some(output)) => Ok(Some(Price::flat(input, output))),
        (None, None) => Ok(match wire {
            WireFormat::Ollama | WireFormat::Replay => Some(Price::FREE),
            WireFormat::Anthropic | WireFormat::OpenAi | WireFormat::Command => known.map(|known| known.price),
        }),
        (Some(_), None) | (None, Some(_)) => Err("inputPrice and outputPrice must be set together".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(model: &str, settings: &ProviderSettings, set: &[(&str, &str)]) -> Result<Provider, String> {
        let variable = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Provider::of(&ModelName::parse(model, &["mine"])?, settings, &variable)
    }

    #[test]
    fn names_are_read_and_unknown_providers_named() {
        let name = ModelName::parse("openrouter/anthropic/claude-sonnet-4-5", &[]).unwrap();
        assert_eq!((name.provider.as_str(), name.name.as_str()), ("openrouter", "anthropic/claude-sonnet-4-5"));
        assert_eq!(ModelName::parse("command", &[]).unwrap().to_string(), "command");
        let error = ModelName::parse("antropic/x", &["mine"]).unwrap_err();
        assert!(error.contains("there are anthropic, openai") && error.contains("replay, mine;"), "{error}");
        assert!(ModelName::parse("anthropic", &[]).unwrap_err().contains("write anthropic/NAME"));
    }

    #[test]
    fn settings_replace_the_environment_and_that_the_built_in_data() {
        let none = ProviderSettings::default();
        let plain = provider("anthropic/claude-opus-5", &none, &[]).unwrap();
        assert_eq!((plain.url.as_str(), plain.context), ("https://api.anthropic.com", Some(1_000_000)));
        let set = [("ANTHROPIC_BASE_URL", "https://proxy.example/v1/")];
        assert_eq!(provider("anthropic/x", &none, &set).unwrap().url, "https://proxy.example");
        let mine = ProviderSettings { url: Some("https://other.example".into()), ..none.clone() };
        assert_eq!(provider("anthropic/x", &mine, &set).unwrap().url, "https://other.example");
        assert!(provider("mine/x", &none, &[]).unwrap_err().contains("burn.provider.mine.url"));
        let own = provider("mine/x", &mine, &[]).unwrap();
        assert_eq!((own.wire, own.key, own.price), (WireFormat::OpenAi, KeyNeed::Optional, None));
        let run = ProviderSettings { run: Some("claude -p".into()), ..none };
        assert_eq!(provider("mine", &run, &[]).unwrap().wire, WireFormat::Command);
    }

    #[test]
    fn ollama_hosts_are_completed() {
        for (host, url) in [
            ("", "http://127.0.0.1:11434"),
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("box:1234", "http://box:1234"),
            ("https://o.example.org", "https://o.example.org"),
            ("http://box:11434/v1/", "http://box:11434"),
        ] {
            let set = [("OLLAMA_HOST", host)];
            assert_eq!(provider("ollama/x", &ProviderSettings::default(), &set).unwrap().url, url);
        }
    }

    #[test]
    fn half_a_price_is_refused() {
        let half = ProviderSettings { input_price: Some(Cost::from_micros(1)), ..ProviderSettings::default() };
        assert!(provider("openai/x", &half, &[]).unwrap_err().contains("together"));
        assert_eq!(provider("ollama/x", &ProviderSettings::default(), &[]).unwrap().price, Some(Price::FREE));
    }
}
