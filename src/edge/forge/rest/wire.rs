//! JSON of Gitea and GitHub as it comes, and how it becomes our types. Null and missing mean empty.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::bounded;
use crate::core::issue::{Comment, Issue, Pull, PullState, Role, State};
use crate::core::names::{CommitId, IssueNumber, Timestamp};

/// One entry of a list; one that cannot be read does not spoil the page.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Entry<T> {
    Good(T),
    Bad(serde_json::Value),
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: Option<i64>,
    pub(super) login: Option<String>,
}

/// GitHub also lists labels as bare names.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Label {
    Full { id: Option<i64>, name: Option<String> },
    Name(String),
}

impl Label {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Full { name, .. } => name.as_deref().unwrap_or_default(),
            Self::Name(name) => name,
        }
    }

    pub(super) fn id(&self) -> Option<i64> {
        match self {
            Self::Full { id, .. } => *id,
            Self::Name(_) => None,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Milestone {
    title: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WireIssue {
    pub(super) number: i64,
    title: Option<String>,
    body: Option<String>,
    state: Option<String>,
    pub(super) labels: Option<Vec<Label>>,
    pub(super) assignees: Option<Vec<User>>,
    assignee: Option<User>,
    user: Option<User>,
    author_association: Option<String>,
    milestone: Option<Milestone>,
    /// GitHub.
    locked: Option<bool>,
    /// Gitea.
    is_locked: Option<bool>,
    comments: Option<u64>,
    created_at: Option<String>,
    updated_at: Option<String>,
    html_url: Option<String>,
    pull_request: Option<IgnoredAny>,
}

impl WireIssue {
    /// Whether this "issue" is the other face of a pull request.
    pub(super) fn is_pull(&self) -> bool {
        self.pull_request.is_some()
    }

    /// Logins of all assignees; Gitea's single `assignee` where the list is null.
    pub(super) fn assignee_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.assignees.iter().flatten().map(login).collect();
        names.extend(self.assignee.iter().map(login).filter(|name| !names.contains(name)).collect::<Vec<_>>());
        names
    }

    pub(super) fn into_issue(self) -> Result<Issue, String> {
        let number = u64::try_from(self.number).ok().and_then(IssueNumber::new);
        let number = number.ok_or_else(|| format!("{} is not an issue number", self.number))?;
        Ok(Issue {
            number,
            assignees: self.assignee_names(),
            title: bounded(self.title.unwrap_or_default()),
            body: bounded(self.body.unwrap_or_default()),
            state: if self.state.as_deref() == Some("closed") { State::Closed } else { State::Open },
            labels: self.labels.iter().flatten().map(|label| label.name().to_owned()).collect(),
            author: author(self.user.as_ref()),
            author_role: role(self.author_association.as_deref()),
            milestone: self.milestone.and_then(|milestone| milestone.title),
            locked: self.locked.or(self.is_locked).unwrap_or(false),
            comments: self.comments.unwrap_or(0),
            created: time(self.created_at.as_deref()),
            updated: time(self.updated_at.as_deref()),
            url: page(self.html_url),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct WireComment {
    pub(super) id: u64,
    pub(super) user: Option<User>,
    author_association: Option<String>,
    pub(super) body: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    html_url: Option<String>,
}

impl WireComment {
    pub(super) fn into_comment(self) -> Comment {
        Comment {
            id: self.id,
            author: author(self.user.as_ref()),
            author_role: role(self.author_association.as_deref()),
            body: bounded(self.body.unwrap_or_default()),
            created: time(self.created_at.as_deref()),
            updated: time(self.updated_at.as_deref()),
            url: page(self.html_url),
        }
    }
}

/// An entry of Gitea's timeline (`type`) or of GitHub's list of events (`event`).
#[derive(Deserialize)]
pub(super) struct WireEvent {
    pub(super) id: i64,
    #[serde(alias = "type")]
    event: Option<String>,
    created_at: Option<String>,
}

impl WireEvent {
    /// When it opened the issue again; `None`: it is something else.
    pub(super) fn reopening(&self) -> Option<Timestamp> {
        let reopens = matches!(self.event.as_deref(), Some("reopen" | "reopened"));
        reopens.then(|| time(self.created_at.as_deref()))
    }
}

#[derive(Deserialize)]
pub(super) struct Side {
    #[serde(rename = "ref")]
    name: Option<String>,
    sha: Option<String>,
    repo: Option<SideRepo>,
}

#[derive(Deserialize)]
struct SideRepo {
    id: Option<i64>,
    owner: Option<User>,
}

#[derive(Deserialize)]
pub(super) struct WirePull {
    number: i64,
    title: Option<String>,
    body: Option<String>,
    state: Option<String>,
    draft: Option<bool>,
    merged: Option<bool>,
    merged_at: Option<String>,
    head: Option<Side>,
    base: Option<Side>,
    user: Option<User>,
    html_url: Option<String>,
}

impl WirePull {
    pub(super) fn number(&self) -> i64 {
        self.number
    }

    /// `None` for a number that cannot be.
    pub(super) fn into_pull(self) -> Option<Pull> {
        let title = bounded(self.title.unwrap_or_default());
        let state = match self.state.as_deref() {
            _ if self.merged == Some(true) || self.merged_at.is_some() => PullState::Merged,
            Some("closed") => PullState::Refused,
            _ => PullState::Open,
        };
        let head = self.head.as_ref();
        Some(Pull {
            number: u64::try_from(self.number).ok().filter(|number| *number > 0)?,
            state,
            head: head_name(head, self.base.as_ref()),
            head_commit: head.and_then(|side| CommitId::parse(side.sha.as_deref()?)),
            base: self.base.and_then(|side| side.name).unwrap_or_default(),
            author: author(self.user.as_ref()),
            draft: self.draft.unwrap_or(false) || title.starts_with("WIP:") || title.starts_with("[WIP]"),
            title,
            body: bounded(self.body.unwrap_or_default()),
            url: page(self.html_url),
        })
    }
}

/// The branch of the same repository, or `OWNER:BRANCH` of another: anybody may open a pull request from a fork whose
/// branch is named like ours.
fn head_name(head: Option<&Side>, base: Option<&Side>) -> String {
    let branch = head.and_then(|side| side.name.clone()).unwrap_or_default();
    let repo = |side: Option<&Side>| side.and_then(|side| side.repo.as_ref()?.id);
    match (repo(head), repo(base)) {
        (Some(from), Some(into)) if from == into => branch,
        (Some(_), _) => {
            let owner = head.and_then(|side| side.repo.as_ref()?.owner.as_ref()).map(login);
            format!("{}:{branch}", owner.unwrap_or_else(|| "ghost".into()))
        }
        // The head's repository was deleted.
        (None, _) => format!("ghost:{branch}"),
    }
}

#[derive(Deserialize)]
pub(super) struct WireRepository {
    pub(super) full_name: Option<String>,
    pub(super) default_branch: Option<String>,
    pub(super) owner: Option<User>,
    pub(super) archived: Option<bool>,
    pub(super) permissions: Option<Permissions>,
    pub(super) html_url: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Permissions {
    pub(super) push: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Permission {
    pub(super) permission: Option<String>,
}

/// The page for people, if it is a plain web address: it is printed as a result and put into comments.
pub(super) fn page(url: Option<String>) -> String {
    let plain = |url: &String| {
        let web = url.starts_with("https://") || url.starts_with("http://");
        web && url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"`()\\".contains(&byte))
    };
    url.filter(plain).unwrap_or_default()
}

/// The login, `ghost` for a deleted account.
pub(super) fn author(user: Option<&User>) -> String {
    user.map_or_else(|| "ghost".into(), login)
}

pub(super) fn login(user: &User) -> String {
    user.login.clone().filter(|login| !login.is_empty()).unwrap_or_else(|| "ghost".into())
}

/// GitHub says how somebody belongs, not what they may do: a member or collaborator may be read-only, so those are
/// unknown until asked. Gitea says nothing here.
pub(super) fn role(association: Option<&str>) -> Role {
    match association {
        Some("OWNER") => Role::Writer,
        Some("CONTRIBUTOR" | "FIRST_TIMER" | "FIRST_TIME_CONTRIBUTOR" | "MANNEQUIN" | "NONE") => Role::Outsider,
        _ => Role::Unknown,
    }
}

/// 1970 for a date that cannot be read: old enough to sort first, and plainly wrong to a reader.
pub(super) fn time(text: Option<&str>) -> Timestamp {
    text.and_then(Timestamp::parse).unwrap_or(Timestamp::from_seconds(0))
}
