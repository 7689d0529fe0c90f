//! Reviews of a pull request: verdicts, remarks at lines, and which of these are settled.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::{Dialect, Result, bounded};
use super::Rest;
use super::pages::Listed;
use super::wire::{self, User};
use crate::core::names::RepoPath;
use crate::core::review::{Place, Reading, Remark, Review, Side, Standing, Verdict};
use crate::edge::http::Request;

/// Characters of a hunk that are kept, from its end: forges send all lines from the hunk's start to the remark's.
const HUNK: usize = 4_000;

/// Conversations whose standing GitHub is asked for; more than any reviewer keeps in mind.
const THREADS: usize = 100;

#[derive(Deserialize)]
struct WireReview {
    id: u64,
    user: Option<User>,
    author_association: Option<String>,
    body: Option<String>,
    state: Option<String>,
    /// Gitea, which says so beside the state.
    dismissed: Option<bool>,
    /// Gitea.
    comments_count: Option<u64>,
    submitted_at: Option<String>,
    html_url: Option<String>,
}

impl WireReview {
    /// `None` for what is no review: one that was asked for, or that its author still writes.
    fn verdict(&self) -> Option<Verdict> {
        if self.dismissed == Some(true) {
            return Some(Verdict::Dismissed);
        }
        match self.state.as_deref() {
            Some("APPROVED") => Some(Verdict::Approved),
            Some("REQUEST_CHANGES" | "CHANGES_REQUESTED") => Some(Verdict::ChangesRequested),
            Some("COMMENT" | "COMMENTED") => Some(Verdict::Commented),
            Some("DISMISSED") => Some(Verdict::Dismissed),
            Some(_) | None => None,
        }
    }

    fn into_review(self) -> Option<Review> {
        Some(Review {
            id: self.id,
            verdict: self.verdict()?,
            author: wire::author(self.user.as_ref()),
            author_role: wire::role(self.author_association.as_deref()),
            body: bounded(self.body.unwrap_or_default()),
            submitted: wire::time(self.submitted_at.as_deref()),
            url: wire::page(self.html_url),
        })
    }
}

#[derive(Deserialize)]
struct WireRemark {
    id: u64,
    user: Option<User>,
    author_association: Option<String>,
    body: Option<String>,
    path: Option<String>,
    diff_hunk: Option<String>,
    pull_request_review_id: Option<u64>,
    /// GitHub; `null` when the line is not part of the diff any more.
    line: Option<u32>,
    original_line: Option<u32>,
    side: Option<String>,
    subject_type: Option<String>,
    in_reply_to_id: Option<u64>,
    /// Gitea: a line of the new file, else 0.
    position: Option<u32>,
    /// Gitea: a line of the old file, else 0.
    original_position: Option<u32>,
    /// Gitea: who marked the conversation as settled.
    resolver: Option<User>,
    created_at: Option<String>,
    html_url: Option<String>,
}

impl WireRemark {
    fn into_remark(self, dialect: Dialect) -> Remark {
        let (line, side) = self.line(dialect);
        let path = self.path.as_deref().and_then(|path| RepoPath::parse(path).ok());
        let hunk = tail(self.diff_hunk.as_deref().unwrap_or_default());
        Remark {
            id: self.id,
            thread: self.in_reply_to_id.unwrap_or(self.id),
            review: self.pull_request_review_id,
            author: wire::author(self.user.as_ref()),
            author_role: wire::role(self.author_association.as_deref()),
            standing: self.standing(dialect),
            body: bounded(self.body.unwrap_or_default()),
            place: path.map(|path| Place { path, line, side, hunk }),
            created: wire::time(self.created_at.as_deref()),
            url: wire::page(self.html_url),
        }
    }

    fn line(&self, dialect: Dialect) -> (Option<u32>, Side) {
        let counted = |line: Option<u32>| line.filter(|line| *line > 0);
        match dialect {
            Dialect::Gitea => match (counted(self.position), counted(self.original_position)) {
                (Some(line), _) => (Some(line), Side::New),
                (None, old) => (old, Side::Old),
            },
            Dialect::Github => {
                let side = if self.side.as_deref() == Some("LEFT") { Side::Old } else { Side::New };
                (counted(self.line).or(counted(self.original_line)), side)
            }
        }
    }

    /// Gitea keeps to itself whether a remark is outdated; the caller has the code to look at.
    fn standing(&self, dialect: Dialect) -> Standing {
        let of_file = self.subject_type.as_deref() == Some("file");
        match dialect {
            _ if self.resolver.is_some() => Standing::Resolved,
            Dialect::Github if self.line.is_none() && !of_file => Standing::Outdated,
            Dialect::Github | Dialect::Gitea => Standing::Open,
        }
    }
}

/// The last lines of a hunk: the remark stands at its end.
fn tail(hunk: &str) -> String {
    let from = hunk.len().saturating_sub(HUNK);
    match hunk[..].char_indices().find(|(at, c)| *at >= from && (from == 0 || *c == '\n')) {
        Some((at, _)) => hunk[at..].trim_start_matches('\n').to_owned(),
        None => String::new(),
    }
}

impl Rest {
    pub(in super::super) fn reviews(&self, pull: u64) -> Result<Reading> {
        let doing = format!("read the reviews of pull request {pull}");
        let wire = self.listed::<WireReview>(&doing, format!("/pulls/{pull}/reviews"), |review| review.id)?;
        let mut reading = match self.dialect {
            Dialect::Gitea => self.gitea_remarks(pull, &wire)?,
            Dialect::Github => self.github_remarks(pull)?,
        };
        reading.reviews = wire.into_iter().filter_map(WireReview::into_review).collect();
        reading.reviews.sort_by_key(|review| (review.submitted, review.id));
        reading.remarks.sort_by_key(|remark| (remark.created, remark.id));
        Ok(reading)
    }

    fn listed<T: DeserializeOwned>(&self, doing: &str, path: String, key: impl Fn(&T) -> u64) -> Result<Vec<T>> {
        self.all_pages(&Listed::of(doing, self.path(&path)), key)
    }

    /// Gitea sends the remarks of one review at once. Replies are further remarks of the same review at the same place.
    fn gitea_remarks(&self, pull: u64, reviews: &[WireReview]) -> Result<Reading> {
        let mut reading = Reading::default();
        let has_remarks = |review: &&WireReview| review.verdict().is_some() && review.comments_count != Some(0);
        for review in reviews.iter().filter(has_remarks) {
            let doing = format!("read the remarks of review {} on pull request {pull}", review.id);
            let path = self.path(&format!("/pulls/{pull}/reviews/{}/comments", review.id));
            let mut remarks: Vec<WireRemark> = self.call::<Option<_>>(&doing, &Request::get(path))?.unwrap_or_default();
            remarks.sort_by_key(|remark| remark.id);
            let mut firsts = HashMap::new();
            for mut remark in remarks {
                let place = (remark.path.clone(), remark.position, remark.original_position);
                let first = *firsts.entry(place).or_insert(remark.id);
                remark.in_reply_to_id = Some(first);
                remark.pull_request_review_id = Some(review.id);
                reading.remarks.push(remark.into_remark(self.dialect));
            }
        }
        Ok(reading)
    }

    fn github_remarks(&self, pull: u64) -> Result<Reading> {
        let doing = format!("read the remarks on pull request {pull}");
        let remarks = self.listed::<WireRemark>(&doing, format!("/pulls/{pull}/comments"), |remark| remark.id)?;
        let remarks = remarks.into_iter().map(|remark| remark.into_remark(self.dialect)).collect();
        let mut reading = Reading { remarks, ..Reading::default() };
        if reading.remarks.is_empty() {
            return Ok(reading);
        }
        match self.settled(pull) {
            Some(settled) => {
                let is_settled = |remark: &&mut Remark| settled.contains(&remark.thread);
                reading.remarks.iter_mut().filter(is_settled).for_each(|remark| remark.standing = Standing::Resolved);
            }
            None => reading.notes.push(format!(
                "{} does not say which conversations are resolved: all of them count as open",
                self.http().origin()
            )),
        }
        Ok(reading)
    }

    /// First remarks of the resolved conversations, which only GraphQL knows; `None`: it does not answer. (An enterprise
    /// server has it beside its REST API, where this client does not go.)
    fn settled(&self, pull: u64) -> Option<HashSet<u64>> {
        let query = "query($owner: String!, $name: String!, $number: Int!, $first: Int!) { \
                     repository(owner: $owner, name: $name) { pullRequest(number: $number) { \
                     reviewThreads(first: $first) { nodes { isResolved comments(first: 1) { nodes { databaseId } } } } } } }";
        let variables = json!({ "owner": self.slug.owner, "name": self.slug.name, "number": pull, "first": THREADS });
        let question = Request::question("/graphql", &json!({ "query": query, "variables": variables }));
        let (answer, _) = self.http.json::<Value>(&self.dressed(&question)).ok()?;
        let threads = answer.pointer("/data/repository/pullRequest/reviewThreads/nodes")?.as_array()?;
        let resolved = threads.iter().filter(|thread| thread["isResolved"] == true);
        Some(resolved.filter_map(|thread| thread.pointer("/comments/nodes/0/databaseId")?.as_u64()).collect())
    }
}
