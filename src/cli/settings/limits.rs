//! `burn.max*` and `burn.timeout`: what one issue may use up.

use std::time::Duration;

use crate::cli::config::Config;
use crate::cli::values;
use crate::core::budget::Limits;

/// The limits of one issue.
pub fn limits(config: &Config) -> anyhow::Result<Limits> {
    Ok(Limits {
        turns: config.limit("maxTurns", 20, small)?,
        tokens: config.limit("maxTokens", 500_000, values::number)?,
        cost: config.cost("maxCost")?,
        time: config.limit("timeout", Duration::from_secs(30 * 60), values::duration)?,
        attempts: config.limit("maxAttempts", 4, small)?,
    })
}

/// Issues of one sprint.
pub fn issues(config: &Config) -> anyhow::Result<u32> {
    config.limit("maxIssues", 10, small)
}

/// Tokens of the excerpts in the first message: where fewer would show fewer of the right lines, and more cost every request.
/// Of the lines that real fixes changed 8,000, 16,000 and 32,000 tokens of excerpts hold 71, 77 and 83 % (`cargo bench
/// --profile quick -- rank open`). To stop earlier where the first files are believed surely shows no more for the same
/// mean number of tokens (tried on 705 issues), so it is one number for all.
pub fn context(config: &Config) -> anyhow::Result<u64> {
    config.limit("contextTokens", 16_000, values::number)
}

/// A count that fits.
fn small(text: &str) -> Result<u32, String> {
    u32::try_from(values::number(text)?).map_err(|_| format!("`{text}` is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::testing::config;

    #[test]
    fn limits_have_defaults_and_are_read_with_units() {
        let found = limits(&config("", &[("timeout", "1h"), ("maxCost", "2.50"), ("maxTokens", "1m")])).unwrap();
        assert_eq!((found.turns, found.attempts, found.tokens), (20, 4, 1 << 20));
        assert_eq!(found.time, Duration::from_secs(3600));
        assert_eq!(found.cost.map(|cost| cost.to_string()).as_deref(), Some("$2.50"));
        assert_eq!(context(&config("", &[])).unwrap(), 16_000);
        assert_eq!(context(&config("", &[("contextTokens", "8k")])).unwrap(), 8 << 10);
        let problem = limits(&config("", &[("maxTurns", "many")])).unwrap_err().to_string();
        assert!(problem.starts_with("burn.maxTurns (config:2): `many` is not a number"), "{problem}");
    }
}
