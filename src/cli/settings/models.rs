//! `burn.model` and `burn.provider.NAME.*`: which models are asked, in which order.

use crate::cli::config::Config;
use crate::cli::error::{Exit, Explained};
use crate::core::budget::Cost;
use crate::edge::model::{ModelName, ProviderSettings, WireFormat};

/// The models in the order in which they are asked.
///
/// # Errors
/// None is configured, or a name is not understood.
pub fn names(config: &Config) -> anyhow::Result<Vec<ModelName>> {
    let providers = config.members("provider");
    let read = |text: &str| ModelName::parse(text, &providers);
    let names: Vec<ModelName> =
        config.many("model").into_iter().map(|setting| setting.read(read)).collect::<Result<_, _>>()?;
    match names.is_empty() {
        false => Ok(names),
        true => Err(Explained::new(Exit::Fatal, "no model is configured")
            .hint("git config --global burn.model anthropic/NAME (or openai/, openrouter/, ollama/NAME, ...)")
            .hint("or let `git burn init` look for one")
            .into()),
    }
}

/// What the user says about a provider.
pub fn provider(config: &Config, name: &str) -> anyhow::Result<ProviderSettings> {
    let key = |variable: &str| format!("provider.{name}.{variable}");
    let text = |variable: &str| config.text(&key(variable)).map(str::to_owned);
    let price = |variable: &str| -> anyhow::Result<Option<Cost>> { config.cost(&key(variable)) };
    Ok(ProviderSettings {
        url: text("url"),
        wire: config.one(&key("wire")).map(|setting| setting.read(WireFormat::parse)).transpose()?,
        key_env: text("keyEnv"),
        context: config.number(&key("context"))?,
        input_price: price("inputPrice")?,
        output_price: price("outputPrice")?,
        run: text("run"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::testing::config;

    #[test]
    fn models_keep_their_order_and_providers_their_settings() {
        let own = [
            ("model", "mine/big"),
            ("model", "ollama/small"),
            ("provider.mine.url", "https://models.example/v1"),
            ("provider.mine.wire", "openai"),
            ("provider.mine.inputPrice", "1.25"),
        ];
        let config = config("", &own);
        let told: Vec<String> = names(&config).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(told, ["mine/big", "ollama/small"]);
        let mine = provider(&config, "mine").unwrap();
        assert_eq!((mine.url.as_deref(), mine.wire), (Some("https://models.example/v1"), Some(WireFormat::OpenAi)));
        assert_eq!(mine.input_price, Some(Cost::from_micros(1_250_000)));
    }

    #[test]
    fn missing_and_unknown_models_are_told() {
        assert_eq!(names(&config("", &[])).unwrap_err().to_string(), "no model is configured");
        let problem = names(&config("", &[("model", "antropic/x")])).unwrap_err().to_string();
        assert!(problem.starts_with("burn.model (config:2): provider `antropic` is unknown"), "{problem}");
    }
}
