//! `burn.guard.*`: the policy that every change is judged by.

use anyhow::Context;

use crate::cli::config::{Config, Side};
use crate::cli::error::{Exit, Explained};
use crate::cli::values;
use crate::core::guard::{Limits, Loosening, Policy, SettingError, Tightening};

/// The built-in rules, loosened by the user alone, tightened by the user and the team.
pub fn policy(config: &Config) -> anyhow::Result<Policy> {
    let mut policy = Policy::builtin();
    policy.loosen(&loosening(config)?).map_err(wrong)?;
    for side in [Side::Own, Side::Team] {
        policy.tighten(&tightening(config, side)?).map_err(wrong)?;
    }
    Ok(policy)
}

fn loosening(config: &Config) -> anyhow::Result<Loosening> {
    let size = |key| size(config, key, Side::Own);
    Ok(Loosening {
        unprotect: config.texts("guard.unprotect"),
        permit: config.texts("guard.permit"),
        max_files: size("guard.maxFiles")?,
        max_lines: size("guard.maxLines")?,
        max_bytes: size("guard.maxBytes")?,
        max_line_bytes: size("guard.maxLineBytes")?,
    })
}

/// The user's own limits are no tightening: they take the built-in ones' place, in either direction.
fn tightening(config: &Config, side: Side) -> anyhow::Result<Tightening> {
    let limit = |key, builtin: usize| match side {
        Side::Own => Ok(None),
        Side::Team => {
            config.limit(key, builtin as u64, values::number)?;
            size(config, key, Side::Team)
        }
    };
    Ok(Tightening {
        protect: config.texts_of("guard.protect", side),
        allow: config.texts_of("guard.allow", side),
        forbid: config.texts_of("guard.forbid", side),
        max_files: limit("guard.maxFiles", Limits::BUILTIN.files)?,
        max_lines: limit("guard.maxLines", Limits::BUILTIN.lines)?,
        max_bytes: limit("guard.maxBytes", Limits::BUILTIN.bytes)?,
        max_line_bytes: limit("guard.maxLineBytes", Limits::BUILTIN.line_bytes)?,
    })
}

fn size(config: &Config, key: &str, side: Side) -> anyhow::Result<Option<usize>> {
    let number = config.number_of(key, side)?;
    number.map(usize::try_from).transpose().with_context(|| format!("burn.{key} is too large"))
}

fn wrong(errors: Vec<SettingError>) -> anyhow::Error {
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    Explained::new(Exit::Fatal, told.join("\n")).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::testing::config;

    #[test]
    fn the_user_may_go_either_way_and_the_team_only_down() {
        let files = |team: &str, own: &[(&str, &str)]| policy(&config(team, own)).map(|policy| policy.limits().files);
        assert_eq!(files("", &[]).unwrap(), 20);
        assert_eq!(files("", &[("guard.maxFiles", "50")]).unwrap(), 50);
        assert_eq!(files("[burn \"guard\"]\nmaxFiles = 5\n", &[]).unwrap(), 5);
        assert_eq!(files("[burn \"guard\"]\nmaxFiles = 5\n", &[("guard.maxFiles", "50")]).unwrap(), 5);
        assert!(files("[burn \"guard\"]\nmaxFiles = 50\n", &[]).is_err());
    }

    #[test]
    fn broken_patterns_are_told() {
        let problem = policy(&config("", &[("guard.forbid", "(")])).unwrap_err().to_string();
        assert!(problem.starts_with("burn.guard.forbid: "), "{problem}");
    }
}
