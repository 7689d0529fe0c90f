//! One model of issues, comments and pull requests for all forges.

use serde::{Deserialize, Serialize};

use super::names::{CommitId, IssueNumber, Timestamp, fnv1a};

/// An issue as any forge has it; absent or null lists are empty here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    pub number: IssueNumber,
    pub title: String,
    pub body: String,
    pub state: State,
    /// Names as the forge spells them; compare with [`Issue::has_label`].
    pub labels: Vec<String>,
    /// Login names.
    pub assignees: Vec<String>,
    /// Login of the reporter, `ghost` for a deleted account.
    pub author: String,
    /// What the forge says about the reporter's rights; decides whose words are heard.
    pub author_role: Role,
    pub milestone: Option<String>,
    /// Conversation locked by a maintainer: hands off.
    pub locked: bool,
    pub comments: u64,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// Page for people; empty for a `files` forge.
    pub url: String,
}

impl Issue {
    /// Compares without regard to case, as forges and people do.
    pub fn has_label(&self, name: &str) -> bool {
        self.labels.iter().any(|label| label.eq_ignore_ascii_case(name))
    }

    /// What was read when the issue was picked; a difference later means that somebody edited it meanwhile.
    ///
    /// Only what a decision rests on: title, body, state and who it is for. Labels that git-burn itself changes and
    /// comment counts are left out.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint { title: self.title.clone(), body: self.body.clone(), state: self.state, locked: self.locked }
    }
}

/// See [`Issue::fingerprint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    title: String,
    body: String,
    state: State,
    locked: bool,
}

impl Fingerprint {
    /// In 16 hexadecimal digits, to be written down. Tells an edited text from an unedited one; it is no signature.
    pub fn digest(&self) -> String {
        let Self { title, body, state, locked } = self;
        format!("{:016x}", fnv1a(format!("{title}\0{body}\0{state:?}\0{locked}").as_bytes()))
    }
}

/// Open or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Open,
    Closed,
}

/// How much a person's words weigh. Gitea and a `files` forge do not say it on the issue: `Unknown` there until asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May push to the repository.
    Writer,
    /// Known to have no such right.
    Outsider,
    Unknown,
}

/// A comment on an issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The forge's id, for editing it.
    pub id: u64,
    pub author: String,
    pub author_role: Role,
    pub body: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub url: String,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub state: PullState,
    /// Branch name on the head side.
    pub head: String,
    /// The head's commit, where the forge says it.
    pub head_commit: Option<CommitId>,
    pub base: String,
    pub author: String,
    pub draft: bool,
    /// Page for people; of a `files` forge the file's path.
    pub url: String,
}

/// How a pull request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PullState {
    Open,
    Merged,
    /// Closed without merging: somebody said no.
    Refused,
}

/// Which issues `list`, `next` and `sprint` look at. All conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pick {
    /// Every one of these.
    pub labels: Vec<String>,
    /// None of these.
    pub not_labels: Vec<String>,
    pub assignee: Option<String>,
    pub milestone: Option<String>,
}

impl Pick {
    /// The filter itself. Servers are asked to filter too, to save pages, but never believed: Gitea drops a label
    /// filter whose label does not exist and then returns everything.
    pub fn admits(&self, issue: &Issue) -> bool {
        let same = |left: &str, right: &str| left.eq_ignore_ascii_case(right);
        self.labels.iter().all(|label| issue.has_label(label))
            && !self.not_labels.iter().any(|label| issue.has_label(label))
            && self.assignee.as_ref().is_none_or(|login| issue.assignees.iter().any(|name| same(name, login)))
            && self.milestone.as_ref().is_none_or(|title| issue.milestone.as_ref().is_some_and(|m| same(m, title)))
    }
}

#[cfg(test)]
impl Issue {
    /// An open issue #42 of ada's from 1970, for tests.
    pub fn sample(title: &str) -> Self {
        let time = Timestamp::from_seconds(0);
        Self {
            number: IssueNumber::new(42).expect("a number"),
            title: title.to_owned(),
            body: String::new(),
            state: State::Open,
            labels: Vec::new(),
            assignees: Vec::new(),
            author: "ada".to_owned(),
            author_role: Role::Unknown,
            milestone: None,
            locked: false,
            comments: 0,
            created: time,
            updated: time,
            url: String::new(),
        }
    }
}
