//! Prices and sizes of well-known models, taken from the providers' published lists (as collected in litellm 1.110.2) on
//! 2026-11-24. Configuration overrides every figure.

use super::{Cost, LongPrompt, Price, Rates};

/// What is known about a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub price: Price,
    /// Tokens that fit into its context.
    pub context: u64,
    /// Tokens of its longest answer.
    pub output: u64,
}

/// What is known about a provider's model. A date or `-latest` after the name of a known one is the same model.
pub fn known(provider: &str, model: &str) -> Option<Known> {
    let of_provider = || TABLE.iter().filter(|row| row.0 == provider);
    let row = of_provider().find(|row| row.1 == model).or_else(|| of_provider().find(|row| row.1 == undated(model)))?;
    let (_, _, base, long, context, output) = row;
    let long = long.map(|(thousands, dear)| LongPrompt { over: thousands * 1000, rates: rates(dear) });
    Some(Known { price: Price { base: rates(*base), long }, context: context * 1000, output: output * 1000 })
}

/// The name without `-20250929`, `-2025-09-29` or `-latest`.
fn undated(model: &str) -> &str {
    if let Some(name) = model.strip_suffix("-latest") {
        return name;
    }
    let name = model.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let digits = model[name.len()..].bytes().filter(u8::is_ascii_digit).count();
    let cut = model.char_indices().rev().filter(|(_, c)| c.is_ascii_digit()).nth(7).map(|(at, _)| at);
    match cut {
        Some(at) if digits >= 8 && model[..at].ends_with('-') => &model[..at - 1],
        Some(_) | None => model,
    }
}

fn rates([input, cached, cache_written, output]: Mills) -> Rates {
    let cost = |mills: u64| Cost::from_micros(mills * 1000);
    Rates { input: cost(input), cached: cost(cached), cache_written: cost(cache_written), output: cost(output) }
}

/// Thousandths of a dollar for a million tokens: input, cached input, input written to the cache, output.
type Mills = [u64; 4];

/// Provider, model, prices, prices of prompts over so many thousand tokens, thousands of tokens in context and answer.
type Row = (&'static str, &'static str, Mills, Option<(u64, Mills)>, u64, u64);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("anthropic", "claude-fable-5", [10000, 1000, 12500, 50000], None, 1000, 128),
    ("anthropic", "claude-fable-5-1", [10000, 250, 12500, 50000], None, 1000, 128),
    ("anthropic", "claude-mythos-5", [10000, 1000, 12500, 50000], None, 1000, 128),
    ("anthropic", "claude-mythos-5-1", [10000, 250, 12500, 50000], None, 1000, 128),
    ("anthropic", "claude-opus-5-5", [4000, 200, 5000, 20000], None, 1000, 128),
    ("anthropic", "claude-opus-5", [5000, 500, 6250, 25000], None, 1000, 128),
    ("anthropic", "claude-opus-4-8", [5000, 500, 6250, 25000], None, 1000, 128),
    ("anthropic", "claude-opus-4-7", [5000, 500, 6250, 25000], None, 1000, 128),
    ("anthropic", "claude-opus-4-6", [5000, 500, 6250, 25000], None, 1000, 128),
    ("anthropic", "claude-opus-4-5", [5000, 500, 6250, 25000], None, 200, 64),
    ("anthropic", "claude-sonnet-5-5", [2000, 100, 2500, 10000], None, 1000, 128),
    ("anthropic", "claude-sonnet-5", [2000, 200, 2500, 10000], None, 1000, 128),
    ("anthropic", "claude-sonnet-4-6", [3000, 300, 3750, 15000], None, 1000, 128),
    ("anthropic", "claude-sonnet-4-5", [3000, 300, 3750, 15000], None, 200, 64),
    ("anthropic", "claude-haiku-5-5", [100, 10, 125, 500], Some((100, [500, 50, 625, 2500])), 1000, 128),
    ("anthropic", "claude-haiku-4-5", [1000, 100, 1250, 5000], None, 200, 64),
    ("openai", "gpt-6-astra", [10000, 1000, 12500, 50000], Some((272, [20000, 2000, 25000, 75000])), 922, 128),
    ("openai", "gpt-6.1-sol", [2000, 100, 2500, 10000], Some((272, [4000, 200, 5000, 15000])), 922, 128),
    ("openai", "gpt-6.1-terra", [1000, 50, 1250, 5000], Some((272, [2000, 100, 2500, 7500])), 922, 128),
    ("openai", "gpt-6-sol", [2000, 200, 2500, 10000], Some((272, [4000, 400, 5000, 15000])), 922, 128),
    ("openai", "gpt-6-luna", [100, 10, 125, 500], Some((272, [200, 20, 250, 750])), 922, 128),
    ("openai", "gpt-5.6-sol", [4000, 400, 5000, 20000], Some((272, [8000, 800, 10000, 30000])), 922, 128),
    ("openai", "gpt-5.6-terra", [2000, 200, 2500, 12000], Some((272, [4000, 400, 5000, 18000])), 922, 128),
    ("openai", "gpt-5.6-luna", [200, 20, 250, 1200], Some((272, [400, 40, 500, 1800])), 922, 128),
    ("openai", "gpt-5.5", [5000, 500, 5000, 30000], Some((272, [10000, 1000, 10000, 45000])), 1050, 128),
    ("openai", "gpt-5.4", [2500, 250, 2500, 15000], Some((272, [5000, 500, 5000, 22500])), 1050, 128),
    ("openai", "gpt-5.4-mini", [750, 75, 750, 4500], None, 272, 128),
    ("openai", "gpt-5.4-nano", [200, 20, 200, 1250], None, 272, 128),
    ("openai", "gpt-5.2", [1750, 175, 1750, 14000], None, 272, 128),
    ("openai", "gpt-5.1", [1250, 125, 1250, 10000], None, 272, 128),
    ("openai", "gpt-5", [1250, 125, 1250, 10000], None, 272, 128),
    ("openai", "gpt-5-mini", [250, 25, 250, 2000], None, 272, 128),
    ("openai", "gpt-5-nano", [50, 5, 50, 400], None, 272, 128),
    ("openai", "gpt-4.1", [2000, 500, 2000, 8000], None, 1047, 32),
    ("openai", "gpt-4.1-mini", [400, 100, 400, 1600], None, 1047, 32),
    ("openai", "gpt-4.1-nano", [100, 25, 100, 400], None, 1047, 32),
    ("openai", "gpt-4o", [2500, 1250, 2500, 10000], None, 128, 16),
    ("openai", "gpt-4o-mini", [150, 75, 150, 600], None, 128, 16),
    ("openai", "o3", [2000, 500, 2000, 8000], None, 200, 100),
    ("openai", "o4-mini", [1100, 275, 1100, 4400], None, 200, 100),
    ("deepseek", "deepseek-v4-pro", [1320, 44, 1320, 3960], None, 1000, 393),
    ("deepseek", "deepseek-v4-flash", [300, 6, 300, 1200], None, 1000, 393),
    ("deepseek", "deepseek-chat", [280, 28, 280, 420], None, 131, 8),
    ("deepseek", "deepseek-reasoner", [280, 28, 280, 420], None, 131, 65),
    ("gemini", "gemini-4-argon", [2000, 100, 2000, 10000], None, 1048, 1048),
    ("gemini", "gemini-4-hydrogen", [1500, 75, 1500, 7500], None, 1048, 1048),
    ("gemini", "gemini-3.8-flash", [750, 75, 750, 3750], None, 1048, 65),
    ("gemini", "gemini-3.5-flash", [1500, 150, 1500, 9000], None, 1048, 65),
    ("gemini", "gemini-2.5-pro", [1250, 125, 1250, 10000], Some((200, [2500, 250, 2500, 15000])), 1048, 65),
    ("gemini", "gemini-2.5-flash", [300, 30, 300, 2500], None, 1048, 65),
    ("mistral", "mistral-large-4", [700, 70, 700, 2100], None, 1048, 1048),
    ("mistral", "mistral-large-latest", [500, 50, 500, 1500], None, 262, 262),
    ("mistral", "mistral-medium-latest", [1500, 150, 1500, 7500], None, 262, 262),
    ("mistral", "mistral-small-latest", [150, 15, 150, 600], None, 262, 262),
    ("mistral", "mistral-code-agent-latest", [400, 40, 400, 2000], None, 256, 256),
    ("xai", "grok-4.7", [2000, 500, 2000, 6000], Some((200, [4000, 1000, 4000, 12000])), 500, 500),
    ("xai", "grok-4.6", [2000, 500, 2000, 6000], Some((200, [4000, 1000, 4000, 12000])), 500, 500),
    ("xai", "grok-4.5", [2000, 300, 2000, 6000], Some((200, [4000, 600, 4000, 12000])), 500, 500),
    ("xai", "grok-4.3", [1250, 200, 1250, 2500], Some((200, [2500, 400, 2500, 5000])), 1000, 1000),
    ("xai", "grok-code-fast-1", [1000, 200, 1000, 2000], Some((200, [2000, 400, 2000, 4000])), 256, 256),
    ("groq", "openai/gpt-oss-120b", [150, 75, 150, 600], None, 131, 65),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dated_names_are_the_same_model_and_others_are_not() {
        let known_name = |model| known("anthropic", model).map(|known| known.price.base.input.to_string());
        assert_eq!(known_name("claude-sonnet-4-5").as_deref(), Some("$3.00"));
        assert_eq!(known_name("claude-sonnet-4-5-20250929").as_deref(), Some("$3.00"));
        assert_eq!(known_name("claude-sonnet-4"), None);
        assert_eq!(known_name("claude-sonnet-4-5-turbo"), None);
        assert!(known("openai", "gpt-4.1-2025-04-14").is_some());
        assert!(known("openai", "claude-sonnet-4-5").is_none());
    }

    #[test]
    fn every_row_is_plausible() {
        for (provider, model, base, long, context, output) in TABLE {
            let [input, cached, written, out] = base;
            assert!(cached <= input && input <= written && out >= input, "{provider}/{model}");
            assert!(long.is_none_or(|(over, dear)| over < *context && dear[0] > *input), "{provider}/{model}");
            assert!(output <= context && *output >= 4, "{provider}/{model}");
        }
    }
}
