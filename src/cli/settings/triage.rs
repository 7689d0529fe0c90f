//! `burn.label.*` and `burn.exclude`: which issues are ready for work.

use crate::cli::args::look;
use crate::cli::config::Config;
use crate::cli::error::{Exit, Explained};
use crate::core::issue::Pick;
use crate::core::triage::{Route, Routing, Rules};

/// The rules of triage. `min_score` takes the place of the built-in threshold, and holds for issues that people vouch
/// for too.
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
        least: min_score,
        own_logins: builtin.own_logins,
    }
}

/// The label of issues whose pull request is open.
pub fn review_label(config: &Config) -> String {
    config.text("label.review").unwrap_or("in-review").to_owned()
}

/// `burn.route.NAME.*` in the order of first appearance, and `burn.owner`. Without a route there is a built-in one.
pub fn routing(config: &Config, rules: &Rules) -> anyhow::Result<Routing> {
    let owner = config.text("owner").map(str::to_owned);
    let routes: Vec<Route> =
        config.members("route").into_iter().map(|name| route(config, name)).collect::<Result<_, _>>()?;
    let builtin = Routing::builtin(rules);
    Ok(Routing { routes: if routes.is_empty() { builtin.routes } else { routes }, owner })
}

fn route(config: &Config, name: &str) -> anyhow::Result<Route> {
    let key = |variable: &str| format!("route.{name}.{variable}");
    let text = |variable: &str| config.text(&key(variable)).map(str::to_owned);
    let route = Route {
        name: name.to_owned(),
        matches: config.texts(&key("match")),
        assign: text("assign"),
        label: text("label"),
    };
    let problem = match &route {
        Route { matches, .. } if matches.is_empty() => "matches nothing: set its `match` to tags, kinds, tiers or `*`",
        Route { assign: None, label: None, .. } => "leads nowhere: set its `assign` or `label`",
        Route { .. } => return Ok(route),
    };
    Err(Explained::new(Exit::Fatal, format!("the route `{name}` {problem}")).into())
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
    fn routes_keep_their_order_and_must_lead_somewhere() {
        let own = [
            ("route.research.match", "research"),
            ("route.research.label", "kimi-ready"),
            ("route.rest.match", "*"),
            ("route.rest.assign", "claude"),
        ];
        let found = routing(&config("", &own), &Rules::builtin()).unwrap().routes;
        let told: Vec<_> = found.iter().map(|route| (route.name.as_str(), route.assign.as_deref())).collect();
        assert_eq!(told, [("research", None), ("rest", Some("claude"))]);
        let problem = |own: &[(&str, &str)]| routing(&config("", own), &Rules::builtin()).unwrap_err().to_string();
        assert!(problem(&[("route.x.label", "y")]).contains("matches nothing"));
        assert!(problem(&[("route.x.match", "y")]).contains("leads nowhere"));
        assert_eq!(routing(&config("", &[]), &Rules::builtin()).unwrap().routes.len(), 1);
    }

    #[test]
    fn exclusions_add_to_the_built_in_ones_unless_emptied() {
        let rules_of = |own: &[(&str, &str)]| rules(&config("[burn]\nexclude = wip\n", own), None).exclude;
        assert!(rules_of(&[]).contains(&"epic".to_owned()) && rules_of(&[]).contains(&"wip".to_owned()));
        assert_eq!(rules_of(&[("exclude", ""), ("exclude", "mine")]), ["mine"]);
    }
}
