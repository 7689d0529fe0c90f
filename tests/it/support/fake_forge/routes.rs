//! Which request does what; the same for both flavours where the servers agree.

use git_burn::core::names::Timestamp;
use serde_json::{Value, json};

use super::super::server::{Answer, Seen, decode};
use super::{BOT, Comment, Flavour, NAME, OWNER, TOKEN, World, below_api, time};

impl World {
    pub(super) fn route(&mut self, seen: &Seen) -> Answer {
        let prefix = match self.flavour {
            Flavour::Gitea => "/api/v1/",
            Flavour::Github => "/api/v3/",
        };
        if !seen.path().starts_with(prefix) {
            return missing();
        }
        let segments: Vec<String> = below_api(seen.path()).split('/').skip(1).map(decode).collect();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        if let Some(refusal) = self.refuse(seen, &parts) {
            return refusal;
        }
        match parts.as_slice() {
            ["version"] if self.flavour == Flavour::Gitea => Answer::json(200, &json!({ "version": "1.25.1" })),
            ["meta"] if self.flavour == Flavour::Github => Answer::json(200, &json!({ "installed_version": "3.18.0" })),
            ["graphql"] if self.flavour == Flavour::Github => self.graphql(seen),
            ["user"] => Answer::json(200, &self.user_json(BOT)),
            ["repos", owner, name, rest @ ..] if *owner == OWNER && *name == NAME => self.repository(seen, rest),
            _ => missing(),
        }
    }

    /// What is said before anything else: who is asking?
    fn refuse(&self, seen: &Seen, parts: &[&str]) -> Option<Answer> {
        let token = seen.header("authorization").and_then(|value| value.split_once(' ')).map(|(_, token)| token);
        match token {
            Some(TOKEN) => None,
            Some(_) => Some(Answer::json(401, &json!({ "message": "Bad credentials" }))),
            None if parts.first() == Some(&"version") => None,
            None if seen.method != "GET" || parts.first() == Some(&"user") => {
                Some(Answer::json(401, &json!({ "message": "token is required" })))
            }
            None => self.state.private.then(missing),
        }
    }

    fn repository(&mut self, seen: &Seen, rest: &[&str]) -> Answer {
        match (seen.method.as_str(), rest) {
            ("GET", []) => Answer::json(200, &self.repository_json()),
            (_, ["issues", ..]) => self.issues(seen, &rest[1..]),
            (_, ["pulls", ..]) => self.pulls(seen, &rest[1..]),
            ("GET", ["labels"]) => {
                self.strict(seen, &["page", "limit", "per_page"], &[]);
                let labels =
                    self.state.labels.iter().map(|label| json!({ "id": label.id, "name": label.name })).collect();
                self.page(seen, labels)
            }
            ("POST", ["labels"]) => self.create_label(seen),
            ("GET", ["collaborators", login, "permission"]) => match self.state.user(login) {
                Some(user) => {
                    Answer::json(200, &json!({ "permission": user.permission, "user": self.user_json(login) }))
                }
                None => missing(),
            },
            _ => missing(),
        }
    }

    fn issues(&mut self, seen: &Seen, rest: &[&str]) -> Answer {
        let number = rest.first().and_then(|number| number.parse().ok()).unwrap_or(0);
        let exists = self.state.issues.iter().any(|issue| issue.number == number);
        match (seen.method.as_str(), rest) {
            ("GET", []) => self.list_issues(seen),
            ("POST", []) => self.create_issue(seen),
            ("GET", ["comments"]) => self.list_all_comments(seen),
            ("PATCH", ["comments", id]) => self.edit_comment(seen, id.parse().unwrap_or(0)),
            ("GET", [_, "comments"]) if !exists && self.flavour == Flavour::Gitea => {
                Answer::json(500, &json!({ "message": "issue does not exist", "url": "" }))
            }
            _ if !exists => missing(),
            ("GET", [_]) => Answer::json(200, &self.issue_json(number)),
            ("PATCH", [_]) => self.edit_issue(seen, number),
            ("GET", [_, "comments"]) => self.list_comments(seen, number),
            ("POST", [_, "comments"]) => self.create_comment(seen, number),
            ("GET", [_, "timeline"]) if self.flavour == Flavour::Gitea => {
                self.list_events(seen, number, "type", "reopen")
            }
            ("GET", [_, "events"]) if self.flavour == Flavour::Github => {
                self.list_events(seen, number, "event", "reopened")
            }
            ("POST", [_, "labels"]) => self.add_labels(seen, number),
            ("DELETE", [_, "labels", which]) => self.remove_label(number, which),
            ("POST", [_, "assignees"]) if self.flavour == Flavour::Github => self.add_assignees(seen, number),
            _ => missing(),
        }
    }

    fn list_issues(&mut self, seen: &Seen) -> Answer {
        match self.flavour {
            Flavour::Gitea => {
                self.strict(seen, &["state", "labels", "type", "page", "limit", "milestones", "assigned_by"], &[]);
            }
            Flavour::Github => {
                self.strict(seen, &["state", "labels", "sort", "direction", "page", "per_page", "assignee"], &[]);
            }
        }
        let query = seen.query();
        let asked = |name: &str| query.iter().find(|(there, _)| there == name).map(|(_, value)| value.clone());
        let mut issues = self.state.issues.clone();
        match asked("state").as_deref() {
            Some("all") => {}
            state => issues.retain(|issue| issue.open != (state == Some("closed"))),
        }
        let wanted = asked("labels").unwrap_or_default();
        let wanted = self.filter_labels(wanted.split(',').filter(|name| !name.is_empty()).collect());
        issues.retain(|issue| wanted.iter().all(|name| issue.labels.contains(name)));
        if self.flavour == Flavour::Gitea && asked("type").as_deref() == Some("issues") {
            issues.retain(|issue| !issue.is_pull);
        }
        let oldest_first = self.flavour == Flavour::Github && asked("direction").as_deref() == Some("asc");
        issues.sort_by_key(|issue| if oldest_first { issue.created } else { -issue.created });
        let values = issues.iter().map(|issue| self.issue_json(issue.number)).collect();
        self.page(seen, values)
    }

    fn edit_issue(&mut self, seen: &Seen, number: u64) -> Answer {
        self.strict(seen, &[], &["title", "body", "state", "assignees"]);
        let body = seen.json();
        let issue = self.state.issue_mut(number);
        if let Some(title) = body["title"].as_str() {
            title.clone_into(&mut issue.title);
        }
        if let Some(text) = body["body"].as_str() {
            issue.body = Some(text.to_owned());
        }
        if let Some(state) = body["state"].as_str() {
            issue.open = state == "open";
        }
        if let Some(names) = body["assignees"].as_array() {
            issue.assignees = names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        }
        let status = if self.flavour == Flavour::Gitea { 201 } else { 200 };
        Answer::json(status, &self.issue_json(number))
    }

    fn list_comments(&mut self, seen: &Seen, number: u64) -> Answer {
        let of_issue: Vec<Comment> =
            self.state.comments.iter().filter(|comment| comment.issue == number).cloned().collect();
        let values: Vec<Value> = of_issue.iter().map(|comment| self.comment_json(comment)).collect();
        match self.flavour {
            Flavour::Gitea => {
                self.strict(seen, &["since", "before"], &[]);
                Answer::json(200, &Value::Array(values))
            }
            Flavour::Github => {
                self.strict(seen, &["since", "page", "per_page"], &[]);
                self.page(seen, values)
            }
        }
    }

    /// Everything that happened to an issue: of each kind one that says nothing, then the reopenings.
    fn list_events(&mut self, seen: &Seen, number: u64, key: &str, reopened: &str) -> Answer {
        self.strict(seen, &["page", "limit", "per_page"], &[]);
        let event = |id: usize, what: &str, at: i64| json!({ "id": id, key: what, "created_at": time(at) });
        let mut events = vec![event(1, "label", super::EPOCH), event(2, "close", super::EPOCH)];
        let ours = self.state.reopenings.iter().filter(|(issue, _)| *issue == number);
        events.extend(ours.zip(3..).map(|((_, at), id)| event(id, reopened, *at)));
        let mut answer = self.page(seen, events);
        if self.flavour == Flavour::Gitea {
            // As in its source: no link, and the number of entries on this page as the total.
            let on_page = serde_json::from_slice::<Vec<Value>>(&answer.body).map_or(0, |page| page.len());
            answer.headers.retain(|(name, _)| name != "link" && name != "x-total-count");
            answer = answer.with("x-total-count", on_page.to_string());
        }
        answer
    }

    fn list_all_comments(&mut self, seen: &Seen) -> Answer {
        match self.flavour {
            Flavour::Gitea => self.strict(seen, &["since", "before", "page", "limit"], &[]),
            Flavour::Github => self.strict(seen, &["since", "sort", "direction", "page", "per_page"], &[]),
        }
        let since = since(seen);
        let recent: Vec<Comment> =
            self.state.comments.iter().filter(|comment| comment.written >= since).cloned().collect();
        let values = recent.iter().map(|comment| {
            let mut value = self.comment_json(comment);
            let place = self.link(&format!("/{OWNER}/{NAME}/issues/{}", comment.issue));
            let is_pull = self.state.issue(comment.issue).is_pull;
            value["issue_url"] = if is_pull && self.flavour == Flavour::Gitea { "".into() } else { place.into() };
            value
        });
        let values = values.collect();
        self.page(seen, values)
    }

    fn create_comment(&mut self, seen: &Seen, number: u64) -> Answer {
        self.strict(seen, &[], &["body"]);
        let Some(text) = seen.json()["body"].as_str().map(str::to_owned) else { return invalid("body is required") };
        if text.trim().is_empty() {
            return invalid("body is required");
        }
        let id = self.state.add_comment(number, BOT, &text);
        Answer::json(201, &self.comment_by_id(id))
    }

    fn edit_comment(&mut self, seen: &Seen, id: u64) -> Answer {
        self.strict(seen, &[], &["body"]);
        let text = seen.json()["body"].as_str().unwrap_or_default().to_owned();
        match self.state.comments.iter_mut().find(|comment| comment.id == id) {
            Some(comment) if comment.author == BOT => comment.body = text,
            Some(_) => return Answer::json(403, &json!({ "message": "not your comment" })),
            None => return missing(),
        }
        Answer::json(200, &self.comment_by_id(id))
    }

    fn pulls(&mut self, seen: &Seen, rest: &[&str]) -> Answer {
        let number = rest.first().and_then(|number| number.parse().ok()).unwrap_or(0);
        let exists = self.state.pulls.iter().any(|pull| pull.number == number);
        match (seen.method.as_str(), rest) {
            ("GET", []) => self.list_pulls(seen),
            ("POST", []) => self.create_pull(seen),
            ("GET", [base, head]) if !exists && self.flavour == Flavour::Gitea => {
                let found = self.state.pulls.iter().find(|pull| pull.base == *base && pull.head == *head);
                found.map_or_else(missing, |pull| Answer::json(200, &self.pull_json(pull.number)))
            }
            _ if !exists => missing(),
            ("GET", [_]) => Answer::json(200, &self.pull_json(number)),
            ("PATCH", [_]) => {
                self.edit_issue(seen, number);
                Answer::json(200, &self.pull_json(number))
            }
            ("GET", [_, "reviews"]) => self.list_reviews(seen, number),
            ("GET", [_, "reviews", review, "comments"]) if self.flavour == Flavour::Gitea => {
                self.list_review_remarks(seen, review.parse().unwrap_or(0))
            }
            ("GET", [_, "comments"]) if self.flavour == Flavour::Github => self.list_pull_remarks(seen, number),
            ("POST", [_, "requested_reviewers"]) => self.request_reviewers(seen, number),
            _ => missing(),
        }
    }

    fn list_pulls(&mut self, seen: &Seen) -> Answer {
        match self.flavour {
            Flavour::Gitea => self.strict(seen, &["state", "page", "limit", "sort", "base_branch"], &[]),
            Flavour::Github => {
                self.strict(seen, &["state", "head", "base", "sort", "direction", "page", "per_page"], &[]);
            }
        }
        let query = seen.query();
        let asked = |name: &str| query.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str());
        let mut pulls = self.state.pulls.clone();
        match asked("state") {
            Some("all") => {}
            state => pulls.retain(|pull| self.state.issue(pull.number).open != (state == Some("closed"))),
        }
        if let Some(head) = asked("head") {
            pulls.retain(|pull| head == format!("{OWNER}:{}", pull.head));
        }
        let mut values: Vec<Value> = pulls.iter().map(|pull| self.pull_json(pull.number)).collect();
        values.reverse();
        self.page(seen, values)
    }

    fn create_pull(&mut self, seen: &Seen) -> Answer {
        let draft: &[&str] = if self.flavour == Flavour::Github { &["draft"] } else { &[] };
        self.strict(seen, &[], &[&["title", "body", "head", "base"], draft].concat());
        let body = seen.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (head, base) = (text("head"), text("base"));
        let open = |number: u64| self.state.issue(number).open;
        let twin = self.state.pulls.iter().find(|pull| pull.head == head && pull.base == base && open(pull.number));
        if let Some(twin) = twin {
            return self.pull_exists(twin.number);
        }
        if head == base || head.is_empty() || base.is_empty() {
            return invalid("head and base must be two branches");
        }
        if self.state.bare.is_some() && (self.state.branch(&head).is_none() || self.state.branch(&base).is_none()) {
            return self.no_such_branch();
        }
        let number = self.state.add_pull(&text("title"), &text("body"), BOT, &head, &base);
        if body["draft"] == true {
            self.state.pulls.last_mut().expect("it was added").draft = true;
        }
        Answer::json(201, &self.pull_json(number))
    }

    fn request_reviewers(&mut self, seen: &Seen, number: u64) -> Answer {
        self.strict(seen, &[], &["reviewers"]);
        let names: Vec<String> = serde_json::from_value(seen.json()["reviewers"].clone()).unwrap_or_default();
        let unfit = |name: &String| {
            self.state.user(name).is_none_or(|user| user.permission == "none")
                || *name == self.state.issue(number).author
        };
        if names.iter().any(unfit) {
            return invalid("Reviews may only be requested from collaborators");
        }
        let pull = self.state.pulls.iter_mut().find(|pull| pull.number == number).expect("it exists");
        // Who is asked already is passed over (Gitea: AddReviewRequest).
        let new: Vec<String> = names.into_iter().filter(|name| !pull.reviewers.contains(name)).collect();
        pull.reviewers.extend(new);
        Answer::json(201, &self.reviewers_json(number))
    }

    fn comment_by_id(&self, id: u64) -> Value {
        self.comment_json(self.state.comments.iter().find(|comment| comment.id == id).expect("it was just written"))
    }

    fn comment_json(&self, comment: &Comment) -> Value {
        let mut value = json!({
            "id": comment.id,
            "user": self.user_json(&comment.author),
            "body": comment.body,
            "created_at": time(super::EPOCH + 1_000_000),
            "updated_at": time(super::EPOCH + 1_000_000),
            "html_url": self.link(&format!("/{OWNER}/{NAME}/issues/{}#issuecomment-{}", comment.issue, comment.id)),
        });
        if self.flavour == Flavour::Github {
            value["author_association"] = self.association(&comment.author).into();
        }
        value
    }

    pub(super) fn user_json(&self, login: &str) -> Value {
        match self.state.user(login) {
            Some(user) => json!({ "id": user.id, "login": user.login }),
            None => Value::Null,
        }
    }

    fn repository_json(&self) -> Value {
        json!({
            "id": 77,
            "name": NAME,
            "full_name": format!("{OWNER}/{NAME}"),
            "owner": self.user_json(OWNER),
            "default_branch": self.state.default_branch,
            "archived": self.state.archived,
            "private": self.state.private,
            "permissions": { "admin": false, "push": true, "pull": true },
            "html_url": self.link(&format!("/{OWNER}/{NAME}")),
        })
    }

    /// One page of a listing, with the headers that say whether more follows.
    pub(super) fn page(&self, seen: &Seen, all: Vec<Value>) -> Answer {
        let (name, usual, most) = match self.flavour {
            Flavour::Gitea => ("limit", 30, 50),
            Flavour::Github => ("per_page", 30, 100),
        };
        let query = seen.query();
        let asked =
            |name: &str| query.iter().find(|(there, _)| there == name).and_then(|(_, value)| value.parse().ok());
        let size: usize = asked(name).unwrap_or(usual).clamp(1, most);
        let page = asked("page").unwrap_or(1).max(1);
        let total = all.len();
        let values: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
        let mut answer = Answer::json(200, &Value::Array(values));
        if page * size < total {
            let link = |page: usize, what: &str| format!("<{}?page={page}>; rel=\"{what}\"", self.link(seen.path()));
            answer = answer.with("link", format!("{},{}", link(page + 1, "next"), link(total.div_ceil(size), "last")));
        } else if page > 1 {
            answer = answer.with("link", format!("<{}?page=1>; rel=\"first\"", self.link(seen.path())));
        }
        if self.flavour == Flavour::Gitea { answer.with("x-total-count", total.to_string()) } else { answer }
    }

    /// Notes parameters and fields that a real server would ignore without a word.
    pub(super) fn strict(&mut self, seen: &Seen, query: &[&str], fields: &[&str]) {
        for (name, _) in seen.query() {
            if !query.contains(&name.as_str()) {
                self.violation(seen, &format!("unknown parameter `{name}`"));
            }
        }
        for name in seen.json().as_object().into_iter().flat_map(|object| object.keys()) {
            if !fields.contains(&name.as_str()) {
                self.violation(seen, &format!("unknown field `{name}`"));
            }
        }
    }
}

/// The `since` that was asked for, in seconds since 1970.
fn since(seen: &Seen) -> i64 {
    let asked = seen.query().into_iter().find(|(name, _)| name == "since").map(|(_, value)| value);
    asked.map_or(0, |text| Timestamp::parse(&text).expect("a time").seconds())
}

pub(super) fn missing() -> Answer {
    Answer::json(404, &json!({ "message": "Not Found" }))
}

pub(super) fn invalid(message: &str) -> Answer {
    Answer::json(422, &json!({ "message": "Validation Failed", "errors": [{ "message": message }] }))
}
