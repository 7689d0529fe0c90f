//! What triage does about an issue: to whom it goes, who is told, or why it is left alone. Values; nothing is done here.

use serde::Serialize;

use crate::core::issue::Issue;
use crate::core::names::{IssueNumber, fnv1a};

use super::{Assessment, Hold, Kind, Override, Readiness, Rules};

/// Where ready issues of some sort go (`burn.route.NAME.*`). The first route that matches decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The NAME of its configuration section.
    pub name: String,
    /// Tags, kinds or tiers, any of which is enough; `*` is every issue.
    pub matches: Vec<String>,
    pub assign: Option<String>,
    pub label: Option<String>,
}

impl Route {
    fn takes(&self, assessment: &Assessment) -> bool {
        self.matches.iter().map(|word| word.trim().to_lowercase()).any(|word| {
            word == "*"
                || assessment.tags.contains(&word)
                || word == assessment.kind.to_string()
                || word == assessment.tier.to_string().to_lowercase()
        })
    }
}

/// Who gets what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    pub routes: Vec<Route>,
    /// Is told about blocked issues (`burn.owner`).
    pub owner: Option<String>,
}

impl Routing {
    /// Without configured routes every ready issue but research gets the ready label, by which `next` finds it.
    pub fn builtin(rules: &Rules) -> Self {
        let matches = [Kind::Bug, Kind::Feature, Kind::Refactor, Kind::Unknown];
        let route = Route {
            name: "default".into(),
            matches: matches.iter().map(ToString::to_string).collect(),
            assign: None,
            label: Some(rules.ready_label.clone()),
        };
        Self { routes: vec![route], owner: None }
    }
}

/// What is to be done about an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// At least one of the two is set.
    Route {
        assign: Option<String>,
        label: Option<String>,
    },
    /// It would be ready but is blocked; the owner is told.
    Flag {
        owner: Option<String>,
        by: Vec<IssueNumber>,
        label: Option<String>,
    },
    /// The reporter is asked, and the ready label comes off.
    Clarify {
        questions: Vec<String>,
    },
    Leave {
        why: String,
    },
}

impl Decision {
    /// A short name of the decision, the same for the same decision: it tells whether it was posted before.
    ///
    /// Scores and ages are left out; an issue whose score changed is not decided anew.
    pub fn digest(&self) -> String {
        let none = String::new();
        let text = match self {
            Self::Route { assign, label } => {
                format!("route\0{}\0{}", assign.as_ref().unwrap_or(&none), label.as_ref().unwrap_or(&none))
            }
            Self::Flag { by, label, .. } => format!("flag\0{by:?}\0{}", label.as_ref().unwrap_or(&none)),
            Self::Clarify { questions } => format!("clarify\0{}", questions.join("\0")),
            Self::Leave { why } => format!("leave\0{why}"),
        };
        format!("{:016x}", fnv1a(text.as_bytes()))
    }

    /// For a table: `assign ada`, `label ready-for-agent`, `flag`, `ask`, `leave`.
    pub fn summary(&self) -> String {
        match self {
            Self::Route { assign, label } => {
                let assign = assign.iter().map(|login| format!("assign {login}"));
                let label = label.iter().map(|label| format!("label {label}"));
                assign.chain(label).collect::<Vec<_>>().join(", ")
            }
            Self::Flag { owner: Some(owner), .. } => format!("flag for {owner}"),
            Self::Flag { owner: None, .. } => "flag".to_owned(),
            Self::Clarify { questions } if questions.len() == 1 => "ask 1 question".to_owned(),
            Self::Clarify { questions } => format!("ask {} questions", questions.len()),
            Self::Leave { why } => format!("leave: {why}"),
        }
    }
}

/// Decides about one issue. Acts only on what nobody else has decided: assigned and labelled issues are left alone.
pub fn decide(
    assessment: &Assessment,
    issue: &Issue,
    rules: &Rules,
    routing: &Routing,
    said: Option<&Override>,
) -> Decision {
    match &assessment.readiness {
        Readiness::Ready => route(assessment, issue, routing, said),
        Readiness::Blocked { by, label } => {
            let wanted = assessment.total >= rules.threshold || issue.has_label(&rules.ready_label);
            match wanted {
                true => Decision::Flag { owner: routing.owner.clone(), by: by.clone(), label: label.clone() },
                false => Decision::Leave { why: assessment.readiness.to_string() },
            }
        }
        Readiness::Unclear { questions } => Decision::Clarify { questions: questions.clone() },
        Readiness::Reopened | Readiness::NotReady { .. } | Readiness::Excluded { .. } => {
            Decision::Leave { why: assessment.readiness.to_string() }
        }
        Readiness::Held(hold) => Decision::Leave { why: held(hold) },
    }
}

fn held(hold: &Hold) -> String {
    match hold {
        Hold::Assigned { to } => format!("already assigned to {}", to.join(", ")),
        Hold::Closed | Hold::Locked | Hold::AwaitingClarification | Hold::Someday | Hold::Skipped { .. } => {
            hold.to_string()
        }
    }
}

fn route(assessment: &Assessment, issue: &Issue, routing: &Routing, said: Option<&Override>) -> Decision {
    let Some(route) = routing.routes.iter().find(|route| route.takes(assessment)) else {
        return Decision::Leave { why: format!("no route takes it (kind {}, {})", assessment.kind, assessment.tier) };
    };
    let wanted = said.and_then(|said| said.assign.as_ref()).or(route.assign.as_ref());
    let is_assigned = |login: &&String| issue.assignees.iter().any(|name| name.eq_ignore_ascii_case(login));
    let assign = wanted.filter(|login| !is_assigned(login)).cloned();
    let label = route.label.as_ref().filter(|label| !issue.has_label(label)).cloned();
    match (&assign, &label) {
        (None, None) => Decision::Leave { why: format!("already routed ({})", route.name) },
        _ => Decision::Route { assign, label },
    }
}
