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

/// Tokens of the excerpts in the first message, which every request repeats.
///
/// On 24 tasks with a scripted model that asks for the lines that it has not seen (`tests/bench/conversation_cost.py --count 24
/// --context N`; requests and tokens a task, 22 tasks solved with each):
///
/// | N | 16,000 | 12,000 | 8,000 | 6,000 | 4,000 | 3,000 | 2,000 |
/// |---|---|---|---|---|---|---|---|
/// | requests | 1.17 | 1.17 | 1.25 | 1.33 | 1.46 | 1.50 | 1.62 |
/// | tokens | 21,156 | 16,550 | 12,846 | 11,047 | 9,143 | 7,908 | 7,079 |
///
/// A model that reads may need more of what stands around the lines than the script does.
///
/// To stop earlier where the first files are surely the right ones shows no more of the lines that fixes changed for the same
/// mean number of tokens (tried on 705 issues), so it is one number for all.
pub fn context(config: &Config) -> anyhow::Result<u64> {
    config.limit("contextTokens", 8_000, values::number)
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
        assert_eq!(context(&config("", &[])).unwrap(), 8_000);
        assert_eq!(context(&config("", &[("contextTokens", "4k")])).unwrap(), 4 << 10);
        let problem = limits(&config("", &[("maxTurns", "many")])).unwrap_err().to_string();
        assert!(problem.starts_with("burn.maxTurns (config:2): `many` is not a number"), "{problem}");
    }
}
