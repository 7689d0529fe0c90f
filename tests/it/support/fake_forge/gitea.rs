//! Gitea's habits: labels by number, null lists, filters that vanish, 409 for a second pull request.

use serde_json::{Value, json};

use super::super::server::{Answer, Seen};
use super::routes::{invalid, missing};
use super::{Flavour, NAME, OWNER, World, time};

impl World {
    /// Gitea drops names that do not exist, and with the last of them the whole filter.
    pub(super) fn filter_labels(&self, wanted: Vec<&str>) -> Vec<String> {
        let exists =
            |name: &&str| self.flavour == Flavour::Github || self.state.labels.iter().any(|label| label.name == *name);
        wanted.into_iter().filter(exists).map(str::to_owned).collect()
    }

    pub(super) fn create_label(&mut self, seen: &Seen) -> Answer {
        self.strict(seen, &[], &["name", "color", "description"]);
        let body = seen.json();
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        let color = body["color"].as_str().unwrap_or_default();
        let exists = self.state.labels.iter().any(|label| label.name == name);
        match self.flavour {
            Flavour::Gitea if color.is_empty() => return invalid("color is required"),
            Flavour::Github if color.starts_with('#') => return invalid("color is invalid"),
            Flavour::Github if exists => return invalid("already_exists"),
            // Gitea makes a second one.
            Flavour::Gitea | Flavour::Github => {}
        }
        let id = self.state.id();
        self.state.labels.push(super::Label { id, name: name.clone() });
        Answer::json(201, &json!({ "id": id, "name": name }))
    }

    pub(super) fn add_labels(&mut self, seen: &Seen, number: u64) -> Answer {
        self.strict(seen, &[], &["labels"]);
        let body = seen.json();
        let wanted = body["labels"].as_array().cloned().unwrap_or_default();
        if wanted.iter().any(Value::is_number) && wanted.iter().any(Value::is_string) {
            return Answer::json(400, &json!({ "message": "labels must be all names or all numbers" }));
        }
        for label in &wanted {
            let known = self
                .state
                .labels
                .iter()
                .find(|there| Some(there.id) == label.as_u64() || Some(there.name.as_str()) == label.as_str());
            let name = match (known, self.flavour) {
                (Some(known), _) => known.name.clone(),
                (None, Flavour::Gitea) => continue,
                // GitHub creates it.
                (None, Flavour::Github) => {
                    let name = label.as_str().unwrap_or_default().to_owned();
                    self.state.add_label(&name);
                    name
                }
            };
            let issue = self.state.issue_mut(number);
            if !issue.labels.contains(&name) {
                issue.labels.push(name);
            }
        }
        Answer::json(200, &self.labels_json(number))
    }

    pub(super) fn remove_label(&mut self, number: u64, which: &str) -> Answer {
        let known = match self.flavour {
            Flavour::Gitea => match which.parse::<u64>() {
                Ok(id) => self.state.labels.iter().find(|label| label.id == id),
                Err(_) => return invalid("the label's number is needed"),
            },
            Flavour::Github => self.state.labels.iter().find(|label| label.name.eq_ignore_ascii_case(which)),
        };
        let Some(name) = known.map(|label| label.name.clone()) else { return missing() };
        let issue = self.state.issue_mut(number);
        if self.flavour == Flavour::Github && !issue.labels.contains(&name) {
            return missing();
        }
        issue.labels.retain(|there| *there != name);
        match self.flavour {
            Flavour::Gitea => Answer::new(204, ""),
            Flavour::Github => Answer::json(200, &self.labels_json(number)),
        }
    }

    pub(super) fn labels_json(&self, number: u64) -> Value {
        let label = |name: &String| {
            let id = self.state.labels.iter().find(|label| label.name == *name).map(|label| label.id);
            json!({ "id": id, "name": name })
        };
        Value::Array(self.state.issue(number).labels.iter().map(label).collect())
    }

    pub(super) fn issue_json(&self, number: u64) -> Value {
        let issue = self.state.issue(number);
        let comments = self.state.comments.iter().filter(|comment| comment.issue == number).count();
        let kind = if issue.is_pull { "pulls" } else { "issues" };
        let people: Vec<Value> = issue.assignees.iter().map(|login| self.user_json(login)).collect();
        let mut value = json!({
            "id": 1000 + number,
            "number": number,
            "title": issue.title,
            "body": issue.body,
            "state": if issue.open { "open" } else { "closed" },
            "labels": self.labels_json(number),
            "user": self.user_json(&issue.author),
            "milestone": null,
            "comments": comments,
            "created_at": time(issue.created),
            "updated_at": time(issue.created),
            "closed_at": null,
            "html_url": self.link(&format!("/{OWNER}/{NAME}/{kind}/{number}")),
        });
        match self.flavour {
            Flavour::Gitea => {
                // Null, not empty.
                value["assignees"] = if people.is_empty() { Value::Null } else { people.into() };
                value["assignee"] = Value::Null;
                value["is_locked"] = issue.locked.into();
                value["pull_request"] = if issue.is_pull { json!({ "merged": false }) } else { Value::Null };
            }
            Flavour::Github => {
                value["assignees"] = people.into();
                value["locked"] = issue.locked.into();
                value["author_association"] = self.association(&issue.author).into();
                if issue.is_pull {
                    value["pull_request"] = json!({ "url": self.link("/x") });
                }
            }
        }
        value
    }

    pub(super) fn pull_json(&self, number: u64) -> Value {
        let issue = self.state.issue(number);
        let pull = self.state.pulls.iter().find(|pull| pull.number == number).expect("it exists");
        let repo = json!({ "id": 77, "full_name": format!("{OWNER}/{NAME}"), "owner": self.user_json(OWNER) });
        let (head, repo_of_head) = match pull.head.split_once(':') {
            Some((owner, branch)) => {
                (branch, json!({ "id": 78, "full_name": format!("{owner}/{NAME}"), "owner": { "login": owner } }))
            }
            None => (pull.head.as_str(), repo.clone()),
        };
        let mut value = json!({
            "id": 2000 + number,
            "number": number,
            "title": issue.title,
            "body": issue.body,
            "state": if issue.open { "open" } else { "closed" },
            "draft": pull.draft,
            "user": self.user_json(&issue.author),
            "head": { "ref": head, "sha": self.state.branch(head).unwrap_or_else(|| pull.head_commit.clone()), "repo": repo_of_head },
            "base": { "ref": pull.base, "sha": "0".repeat(40), "repo": repo },
            "merged_at": if pull.merged { time(issue.created) } else { Value::Null },
            "html_url": self.link(&format!("/{OWNER}/{NAME}/pulls/{number}")),
        });
        if self.flavour == Flavour::Gitea {
            value["merged"] = pull.merged.into();
        }
        value
    }

    pub(super) fn pull_exists(&self, number: u64) -> Answer {
        match self.flavour {
            Flavour::Gitea => Answer::json(
                409,
                &json!({ "message": format!("pull request already exists for these targets [id: {number}]") }),
            ),
            Flavour::Github => invalid("A pull request already exists for acme:x."),
        }
    }

    pub(super) fn no_such_branch(&self) -> Answer {
        match self.flavour {
            Flavour::Gitea => missing(),
            Flavour::Github => invalid("head is invalid"),
        }
    }

    pub(super) fn create_issue(&mut self, seen: &Seen) -> Answer {
        self.strict(seen, &[], &["title", "body", "labels"]);
        let body = seen.json();
        let Some(title) = body["title"].as_str().filter(|title| !title.is_empty()) else {
            return invalid("title is required");
        };
        let mut names: Vec<String> = Vec::new();
        for label in body["labels"].as_array().into_iter().flatten() {
            let known = self.state.labels.iter().find(|there| Some(there.id) == label.as_u64());
            match (self.flavour, known, label.as_str()) {
                (Flavour::Gitea, Some(known), _) => names.push(known.name.clone()),
                (Flavour::Github, _, Some(name)) => names.push(name.to_owned()),
                _ => return invalid("labels"),
            }
        }
        names.iter().for_each(|name| self.state.add_label(name));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let number = self.state.add_issue(title, body["body"].as_str(), super::BOT, &names);
        Answer::json(201, &self.issue_json(number))
    }
}
