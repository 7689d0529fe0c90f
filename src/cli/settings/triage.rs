//! `burn.label.*` and `burn.exclude`: which issues are ready for work.

use crate::cli::args::look;
use crate::cli::config::Config;
use crate::core::issue::Pick;
use crate::core::triage::Rules;

/// The rules of triage. `min_score` takes the place of the built-in threshold.
pub fn rules(config: &Config, min_score: Option<u8>) -> Rules {
    let builtin = Rules::builtin();
    let label = |key: &str, otherwise: String| config.text(key).map_or(otherwise, str::to_owned);
    let excluded_before = if config.is_emptied("exclude") { Vec::new() } else { builtin.exclude };
    Rules {
        ready_label: label("label.ready", builtin.ready_label),
        clarify_label: label("label.clarify", builtin.clarify_label),
        blocked_label: label("label.blocked", builtin.blocked_label),
        reopened_label: label("label.reopened", builtin.reopened_label),
        exclude: excluded_before.into_iter().chain(config.texts("exclude")).collect(),
        threshold: min_score.unwrap_or(builtin.threshold),
        own_logins: builtin.own_logins,
    }
}

/// The label of issues whose pull request is open.
pub fn review_label(config: &Config) -> String {
    config.text("label.review").unwrap_or("in-review").to_owned()
}

/// What the picking flags ask for.
pub fn pick(args: &look::Pick) -> Pick {
    let look::Pick { label, not_label, assignee, milestone, min_score: _, limit: _ } = args;
    Pick {
        labels: label.clone(),
        not_labels: not_label.clone(),
        assignee: assignee.clone(),
        milestone: milestone.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config::testing::config;

    #[test]
    fn exclusions_add_to_the_built_in_ones_unless_emptied() {
        let rules_of = |own: &[(&str, &str)]| rules(&config("[burn]\nexclude = wip\n", own), None).exclude;
        assert!(rules_of(&[]).contains(&"epic".to_owned()) && rules_of(&[]).contains(&"wip".to_owned()));
        assert_eq!(rules_of(&[("exclude", ""), ("exclude", "mine")]), ["mine"]);
    }
}
