//! GitHub's habits that Gitea has no part in: adding assignees, how an author belongs.

use serde_json::{Value, json};

use super::super::server::{Answer, Seen};
use super::{Flavour, OWNER, World};

impl World {
    /// People who cannot be assigned are ignored with 201.
    pub(super) fn add_assignees(&mut self, seen: &Seen, number: u64) -> Answer {
        self.strict(seen, &[], &["assignees"]);
        let names: Vec<String> = serde_json::from_value(seen.json()["assignees"].clone()).unwrap_or_default();
        for name in names {
            let fit = self.state.user(&name).is_some_and(|user| user.permission != "none");
            let issue = self.state.issue_mut(number);
            if fit && !issue.assignees.contains(&name) {
                issue.assignees.push(name);
            }
        }
        Answer::json(201, &self.issue_json(number))
    }

    pub(super) fn association(&self, login: &str) -> &'static str {
        match self.state.user(login) {
            _ if login == OWNER => "OWNER",
            Some(user) if user.permission != "none" => "COLLABORATOR",
            _ => "NONE",
        }
    }

    /// The pull request on GitHub, the list of reviews on Gitea.
    pub(super) fn reviewers_json(&self, number: u64) -> Value {
        match self.flavour {
            Flavour::Github => self.pull_json(number),
            Flavour::Gitea => {
                let pull = self.state.pulls.iter().find(|pull| pull.number == number).expect("it exists");
                pull.reviewers
                    .iter()
                    .map(|login| json!({ "user": self.user_json(login), "state": "REQUEST_REVIEW" }))
                    .collect()
            }
        }
    }
}
