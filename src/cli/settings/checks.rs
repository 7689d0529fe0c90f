//! `burn.check.NAME.*`: what must pass, in the order of first appearance.

use std::time::Duration;

use crate::cli::config::Config;
use crate::cli::error::{Exit, Explained};
use crate::core::checks::{Check, Need};

/// Time for a check that says nothing else.
const TIMEOUT: Duration = Duration::from_secs(600);

/// All configured checks.
pub fn checks(config: &Config) -> anyhow::Result<Vec<Check>> {
    config.members("check").into_iter().map(|name| check(config, name)).collect()
}

fn check(config: &Config, name: &str) -> anyhow::Result<Check> {
    let key = |variable: &str| format!("check.{name}.{variable}");
    let Some(command) = config.text(&key("command")) else {
        let problem = format!("the check `{name}` has no command");
        let hint = format!("git config burn.check.{name}.command 'make test'");
        return Err(Explained::new(Exit::Fatal, problem).hint(hint).into());
    };
    Ok(Check {
        name: name.to_owned(),
        command: command.to_owned(),
        timeout: config.duration(&key("timeout"))?.unwrap_or(TIMEOUT),
        when: config.many(&key("when")).into_iter().map(|setting| setting.read(glob)).collect::<Result<_, _>>()?,
        need: if config.boolean(&key("required"))?.unwrap_or(true) { Need::Required } else { Need::Advisory },
    })
}

/// A pattern for paths; one that is none would never match, and the check would silently be skipped.
fn glob(text: &str) -> Result<String, String> {
    globset::Glob::new(text).map(|_| text.to_owned()).map_err(|problem| format!("`{text}` is no glob: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::testing::config;

    #[test]
    fn checks_keep_their_order_and_need_a_command() {
        let own = [
            ("check.unit.command", "make unit"),
            ("check.lint.command", "make lint"),
            ("check.unit.timeout", "5m"),
            ("check.lint.required", "false"),
        ];
        let found = checks(&config("", &own)).unwrap();
        let told: Vec<_> = found.iter().map(|c| (c.name.as_str(), c.timeout.as_secs(), c.need)).collect();
        assert_eq!(told, [("unit", 300, Need::Required), ("lint", 600, Need::Advisory)]);
        let problem = checks(&config("", &[("check.x.timeout", "5m")])).unwrap_err().to_string();
        assert_eq!(problem, "the check `x` has no command");
    }
}
