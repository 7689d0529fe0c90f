//! What a server's own list of models says about one of them: context, longest answer, price.
//!
//! Asked once, and only for models about which neither the user nor the built-in table says anything. OpenRouter lists
//! all three; vLLM, Mistral, Groq, Together and others list the context, each under a name of its own.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use super::remote::number;
use crate::core::budget::{Cost, Price, Rates};
use crate::edge::http::{Http, Repeat, Request};

/// How long a list may take; without it the work goes on with less knowledge.
const PATIENCE: Duration = Duration::from_secs(10);

/// The list's entry for one model, once it has been asked for.
#[derive(Debug, Default)]
pub(super) struct Listing(OnceLock<Listed>);

/// What an entry says; nothing where the server has no list, or other words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) context: Option<u64>,
    pub(super) longest_answer: Option<u64>,
    pub(super) price: Option<Price>,
}

impl Listing {
    pub(super) fn ask(&self, http: &Http, model: &str) -> &Listed {
        self.0.get_or_init(|| {
            let request = Request { repeat: Repeat::Never, total: Some(PATIENCE), ..Request::get("/models") };
            let list: Value = http.json(&request).map(|(list, _)| list).unwrap_or_default();
            let entries = list["data"].as_array().or(list.as_array());
            let entry = entries.into_iter().flatten().find(|entry| entry["id"] == model);
            entry.map(Listed::read).unwrap_or_default()
        })
    }
}

impl Listed {
    fn read(entry: &Value) -> Self {
        let first = |places: &[&str]| places.iter().find_map(|place| number(entry, place)).filter(|size| *size > 0);
        Self {
            context: first(&[
                "/context_length",
                "/max_model_len",
                "/context_window",
                "/max_context_length",
                "/meta/n_ctx",
            ]),
            longest_answer: first(&["/top_provider/max_completion_tokens", "/max_completion_tokens"]),
            price: price(&entry["pricing"]),
        }
    }
}

/// OpenRouter's prices: dollars for one token, as text.
fn price(pricing: &Value) -> Option<Price> {
    let rate = |name: &str| pricing[name].as_str().and_then(cost_of_million);
    let (input, output) = (rate("prompt")?, rate("completion")?);
    let cached = rate("input_cache_read").unwrap_or(input);
    let cache_written = rate("input_cache_write").unwrap_or(input);
    Some(Price { base: Rates { input, cached, cache_written, output }, long: None })
}

/// Dollars for one token to millionths of a dollar for a million tokens. OpenRouter says -1 where it cannot know.
fn cost_of_million(dollars: &str) -> Option<Cost> {
    let dollars: f64 = dollars.parse().ok()?;
    // Up to a dollar a token: beyond every real price, and far from what a float cannot hold.
    (0.0..=1.0).contains(&dollars).then(|| Cost::from_micros((dollars * 1e12).round() as u64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_servers_words_are_understood() {
        let context = |entry: Value| Listed::read(&entry).context;
        assert_eq!(context(json!({"id": "m", "max_model_len": 8192})), Some(8192));
        assert_eq!(
            context(json!({"id": "m", "context_window": 131072, "max_completion_tokens": 32768})),
            Some(131_072)
        );
        assert_eq!(context(json!({"id": "m", "context_length": null, "meta": {"n_ctx": 4096}})), Some(4096));
        assert_eq!(Listed::read(&json!({"id": "m", "object": "model"})), Listed::default());
    }

    #[test]
    fn prices_are_read_for_a_million_tokens() {
        let pricing = json!({"prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003"});
        let rates = price(&pricing).expect("a price").base;
        let told = [rates.input, rates.cached, rates.cache_written, rates.output].map(|cost| cost.to_string());
        assert_eq!(told, ["$3.00", "$0.30", "$3.00", "$15.00"]);
        assert_eq!(price(&json!({"prompt": "-1", "completion": "-1"})), None);
        assert_eq!(price(&json!({"prompt": 3, "completion": 15})), None);
    }
}
