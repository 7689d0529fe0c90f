//! Reviews and remarks at lines, as the two servers show them.

use serde_json::{Value, json};

use super::super::server::{Answer, Seen};
use super::{Flavour, NAME, OWNER, State, World, time};

#[derive(Debug, Clone)]
pub struct Review {
    pub id: u64,
    pub pull: u64,
    pub author: String,
    /// In GitHub's words: `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`, `PENDING`.
    pub state: &'static str,
    pub body: String,
}

#[derive(Debug, Clone)]
pub struct Remark {
    pub id: u64,
    pub review: u64,
    pub author: String,
    pub path: String,
    pub line: u32,
    /// `RIGHT` or `LEFT`.
    pub side: &'static str,
    pub hunk: String,
    pub body: String,
    pub reply_to: Option<u64>,
    pub resolved: bool,
    pub outdated: bool,
}

impl State {
    /// Returns the id.
    pub fn add_review(&mut self, pull: u64, author: &str, state: &'static str, body: &str) -> u64 {
        let id = self.id();
        self.reviews.push(Review { id, pull, author: author.into(), state, body: body.into() });
        id
    }

    /// A remark of the review's author at a line of the new file. Returns the id.
    pub fn add_remark(&mut self, review: u64, path: &str, line: u32, body: &str) -> u64 {
        let id = self.id();
        let author = self.reviews.iter().find(|one| one.id == review).expect("the review").author.clone();
        self.remarks.push(Remark {
            id,
            review,
            author,
            path: path.into(),
            line,
            side: "RIGHT",
            hunk: format!("@@ -1,9 +1,9 @@\n context\n+line {line}"),
            body: body.into(),
            reply_to: None,
            resolved: false,
            outdated: false,
        });
        id
    }

    /// Panics for an id that does not exist.
    pub fn remark_mut(&mut self, id: u64) -> &mut Remark {
        self.remarks.iter_mut().find(|remark| remark.id == id).expect("a remark of this id")
    }
}

impl World {
    pub(super) fn list_reviews(&mut self, seen: &Seen, number: u64) -> Answer {
        self.strict(seen, &["page", "limit", "per_page"], &[]);
        let reviews = self.state.reviews.iter().filter(|review| review.pull == number);
        let values = reviews.map(|review| self.review_json(review)).collect();
        self.page(seen, values)
    }

    fn review_json(&self, review: &Review) -> Value {
        let at = time(super::EPOCH + 900_000 + i64::try_from(review.id).expect("a small number"));
        let mut value = json!({
            "id": review.id,
            "user": self.user_json(&review.author),
            "body": review.body,
            "state": review.state,
            "commit_id": "0".repeat(40),
            "submitted_at": at,
            "html_url": self.link(&format!("/{OWNER}/{NAME}/pulls/{}#issuecomment-{}", review.pull, review.id)),
        });
        match self.flavour {
            Flavour::Github => value["author_association"] = self.association(&review.author).into(),
            Flavour::Gitea => {
                // A dismissed review keeps its state.
                value["dismissed"] = (review.state == "DISMISSED").into();
                value["state"] = match review.state {
                    "CHANGES_REQUESTED" | "DISMISSED" => "REQUEST_CHANGES",
                    "COMMENTED" => "COMMENT",
                    other => other,
                }
                .into();
                let remarks = self.state.remarks.iter().filter(|remark| remark.review == review.id).count();
                value["comments_count"] = remarks.into();
            }
        }
        value
    }

    /// Gitea: all remarks of one review at once.
    pub(super) fn list_review_remarks(&mut self, seen: &Seen, review: u64) -> Answer {
        self.strict(seen, &[], &[]);
        let remarks = self.state.remarks.iter().filter(|remark| remark.review == review);
        let values: Vec<Value> = remarks
            .map(|remark| {
                let mut value = self.remark_json(remark);
                let (new, old) = if remark.side == "LEFT" { (0, remark.line) } else { (remark.line, 0) };
                value["position"] = new.into();
                value["original_position"] = old.into();
                value["resolver"] = if remark.resolved { self.user_json(OWNER) } else { Value::Null };
                value
            })
            .collect();
        Answer::json(200, &Value::Array(values))
    }

    /// GitHub: all remarks of all reviews in pages.
    pub(super) fn list_pull_remarks(&mut self, seen: &Seen, number: u64) -> Answer {
        self.strict(seen, &["page", "per_page", "sort", "direction", "since"], &[]);
        let values = self.remarks_of(number).map(|remark| {
            let mut value = self.remark_json(remark);
            value["line"] = if remark.outdated { Value::Null } else { remark.line.into() };
            value["original_line"] = remark.line.into();
            value["side"] = remark.side.into();
            value["subject_type"] = "line".into();
            value["author_association"] = self.association(&remark.author).into();
            if let Some(root) = remark.reply_to {
                value["in_reply_to_id"] = root.into();
            }
            value
        });
        let values = values.collect();
        self.page(seen, values)
    }

    fn remarks_of(&self, number: u64) -> impl Iterator<Item = &Remark> {
        let of_pull = move |id: u64| self.state.reviews.iter().any(|review| review.id == id && review.pull == number);
        self.state.remarks.iter().filter(move |remark| of_pull(remark.review))
    }

    fn remark_json(&self, remark: &Remark) -> Value {
        let at = time(super::EPOCH + 900_000 + i64::try_from(remark.id).expect("a small number"));
        json!({
            "id": remark.id,
            "pull_request_review_id": remark.review,
            "user": self.user_json(&remark.author),
            "body": remark.body,
            "path": remark.path,
            "diff_hunk": remark.hunk,
            "created_at": at,
            "html_url": self.link(&format!("/{OWNER}/{NAME}/pulls/1#r{}", remark.id)),
        })
    }

    /// GitHub's other interface: which conversations are resolved, and nothing else.
    pub(super) fn graphql(&self, seen: &Seen) -> Answer {
        let number = seen.json().pointer("/variables/number").and_then(Value::as_u64).unwrap_or(0);
        let first = |remark: &&Remark| remark.reply_to.is_none();
        let nodes: Vec<Value> = self
            .remarks_of(number)
            .filter(first)
            .map(|remark| {
                json!({ "isResolved": remark.resolved, "comments": { "nodes": [{ "databaseId": remark.id }] } })
            })
            .collect();
        let threads = json!({ "reviewThreads": { "nodes": nodes } });
        Answer::json(200, &json!({ "data": { "repository": { "pullRequest": threads } } }))
    }
}
