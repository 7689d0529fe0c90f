//! The place where issues live: Gitea (also Forgejo), GitHub, or a folder of Markdown files.
//!
//! One struct for all three; what differs is inside. The forge's JSON and the files' layout do not leave this module.
//! Reads are called freely. Writes are called by the one place that performs acts; each of them is safe to repeat
//! after a lost answer, because it looks before it creates a second one.

pub mod detect;
mod error;
mod files;
mod rest;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::act::Ripeness;
use crate::core::issue::{Comment, Issue, Pick, Pull, PullState, Role};
use crate::core::names::{IssueNumber, Slug, Timestamp};
use crate::core::review::Reading;

use super::http::{Ambient, Http};
use super::tape::Tape;

pub use error::{ForgeError, Trouble};

/// Result of a call to a forge.
pub type Result<T> = std::result::Result<T, ForgeError>;

/// A forge with one repository on it.
#[derive(Clone)]
pub struct Forge {
    backend: Arc<Backend>,
    tape: Arc<Tape>,
}

enum Backend {
    Rest(Box<rest::Rest>),
    Files(files::Folder),
    /// A recorded forge: what it answers is on the tape, and nothing can be changed.
    Played(Kind),
}

/// How a server speaks. The calls are nearly the same; the traps are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialect {
    /// Gitea and Forgejo.
    Gitea,
    /// GitHub, GitHub Enterprise.
    Github,
}

impl Dialect {
    /// The value of `burn.forge` that means it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gitea => "gitea",
            Self::Github => "github",
        }
    }
}

/// Which kind of forge it is; see [`Forge::kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Rest(Dialect),
    Files,
}

/// Whose credential it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// `None` where the forge does not tell: an application's token, a folder of files.
    pub id: Option<u64>,
    pub login: String,
}

/// The repository as the forge has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// `OWNER/NAME`, as the forge spells it now; the folder of a `files` forge.
    pub name: String,
    /// `None` for a `files` forge, which knows no branches.
    pub default_branch: Option<String>,
    /// Login of the owner, empty for a `files` forge.
    pub owner: String,
    /// Read-only: nothing can be pushed or posted.
    pub archived: bool,
    /// Whether this credential may push; `Unknown` where the forge does not say.
    pub my_role: Role,
    /// Page for people.
    pub url: String,
}

/// What a number stands for.
#[expect(clippy::large_enum_variant, reason = "one at a time, and taken apart at once")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Found {
    Issue(Issue),
    /// The number of a pull request, not of an issue.
    PullRequest,
    /// Never existed, was deleted, or moved to another repository.
    Missing,
}

/// Issues that were asked for, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    pub issues: Vec<Issue>,
    /// Why something may be missing, for people: an unreadable issue, pages that repeat themselves.
    pub remarks: Vec<String>,
}

/// Which pull requests to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullFilter {
    Open,
    /// Merged or refused.
    Closed,
    All,
}

impl PullFilter {
    fn admits(self, state: PullState) -> bool {
        match self {
            Self::All => true,
            Self::Open => state == PullState::Open,
            Self::Closed => state != PullState::Open,
        }
    }
}

/// A pull request to be opened, from a branch of the same repository.
#[derive(Debug, Clone, Copy)]
pub struct NewPull<'a> {
    pub title: &'a str,
    pub body: &'a str,
    /// Branch names.
    pub head: &'a str,
    pub base: &'a str,
    pub ripeness: Ripeness,
}

/// How [`Forge::open_pull`] ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    Created(Pull),
    /// There is one for these branches already: compare its head before calling it ours.
    Existed(Pull),
}

impl Opened {
    /// The pull request, whichever way.
    pub fn pull(&self) -> &Pull {
        match self {
            Self::Created(pull) | Self::Existed(pull) => pull,
        }
    }
}

/// A label to be created.
#[derive(Debug, Clone, Copy)]
pub struct NewLabel<'a> {
    pub name: &'a str,
    /// Six hexadecimal digits.
    pub color: &'a str,
    pub description: &'a str,
}

/// An issue to be opened.
#[derive(Debug, Clone, Copy)]
pub struct NewIssue<'a> {
    pub title: &'a str,
    pub body: &'a str,
    /// Must exist.
    pub labels: &'a [String],
}

/// Largest part of an issue's or comment's text that is kept, in bytes: GitHub's own limit. The rest is replaced by a
/// note, so that ten thousand issues fit into memory.
pub const BODY_LIMIT: usize = 64 << 10;

/// Wait before looking whether a write with a lost answer took effect: replicas lag.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

macro_rules! each_backend {
    ($self:ident, $backend:ident => $call:expr) => {
        match &*$self.backend {
            Backend::Rest($backend) => $call,
            Backend::Files($backend) => $call,
            Backend::Played(_) => Err(unchangeable()),
        }
    };
}

impl Forge {
    /// A server; `http` is bound to its API: `https://HOST/api/v1`, `https://api.github.com`, `https://HOST/api/v3`.
    pub fn server(dialect: Dialect, http: Http, slug: Slug) -> Self {
        Self::over(Backend::Rest(Box::new(rest::Rest::new(dialect, http, slug))))
    }

    /// A folder of issues; `login` is the name under which comments are written there. Nothing is read yet.
    pub fn files(folder: PathBuf, login: String, ambient: Ambient) -> Self {
        Self::over(Backend::Files(files::Folder::new(folder, login, ambient)))
    }

    /// A forge that answers what the tape holds, and asks nobody.
    pub fn played(kind: Kind, tape: Arc<Tape>) -> Self {
        Self { tape, ..Self::over(Backend::Played(kind)) }
    }

    fn over(backend: Backend) -> Self {
        Self { backend: Arc::new(backend), tape: Arc::new(Tape::off()) }
    }

    /// The same forge, whose answers are recorded.
    pub fn recorded_by(&self, tape: Arc<Tape>) -> Self {
        Self { backend: Arc::clone(&self.backend), tape }
    }

    /// What this is.
    pub fn kind(&self) -> Kind {
        match &*self.backend {
            Backend::Rest(rest) => Kind::Rest(rest.dialect()),
            Backend::Files(_) => Kind::Files,
            Backend::Played(kind) => *kind,
        }
    }

    /// Whose credential is in use. Asked once.
    pub fn me(&self) -> Result<Me> {
        self.tape.read("me", || each_backend!(self, backend => backend.me()))
    }

    /// The repository. The call to begin with: it finds out whether server, name and credential are right.
    pub fn repository(&self) -> Result<Repository> {
        self.tape.read("repository", || each_backend!(self, backend => backend.repository()))
    }

    /// Open issues that `pick` admits, by number; reading stops once `limit` of them were found.
    pub fn issues(&self, pick: &Pick, limit: usize) -> Result<Listing> {
        self.tape.read(
            &format!("issues {} {limit}", words(pick)),
            || each_backend!(self, backend => backend.issues(pick, limit)),
        )
    }

    /// One issue, open or closed.
    pub fn issue(&self, number: IssueNumber) -> Result<Found> {
        self.tape.read(&format!("issue {number}"), || each_backend!(self, backend => backend.issue(number)))
    }

    /// All comments on an issue or pull request, oldest first.
    pub fn comments(&self, number: IssueNumber) -> Result<Vec<Comment>> {
        self.tape.read(&format!("comments {number}"), || each_backend!(self, backend => backend.comments(number)))
    }

    /// Whether it records when an issue was closed and opened again.
    pub fn keeps_history(&self) -> bool {
        match self.kind() {
            Kind::Rest(_) => true,
            Kind::Files => false,
        }
    }

    /// When an issue was last opened again; `None`: never, or nobody kept a record.
    pub fn reopened(&self, number: IssueNumber) -> Result<Option<Timestamp>> {
        self.tape.read(&format!("reopened {number}"), || each_backend!(self, backend => backend.reopened(number)))
    }

    /// Comments on issues that were written or edited since a time, in no certain order; about `limit` at most.
    pub fn recent_comments(&self, since: Timestamp, limit: usize) -> Result<Vec<(IssueNumber, Comment)>> {
        each_backend!(self, backend => backend.recent_comments(since, limit))
    }

    /// The latest comment that this credential's own user wrote with `marker` in it. Others may have pasted the marker.
    pub fn own_comment(&self, number: IssueNumber, marker: &str) -> Result<Option<Comment>> {
        self.tape.read(
            &format!("own comment {number} {marker}"),
            || each_backend!(self, backend => backend.own_comment(number, marker)),
        )
    }

    /// Pull requests, newest first; the head of one from a fork is `OWNER:BRANCH`. Reads at most about `limit`.
    pub fn pulls(&self, filter: PullFilter, limit: usize) -> Result<Vec<Pull>> {
        self.tape
            .read(&format!("pulls {filter:?} {limit}"), || each_backend!(self, backend => backend.pulls(filter, limit)))
    }

    /// One pull request, `None` when there is none of this number.
    pub fn pull(&self, number: u64) -> Result<Option<Pull>> {
        self.tape.read(&format!("pull {number}"), || each_backend!(self, backend => backend.pull(number)))
    }

    /// The pull request from a branch of this repository into `base`: an open one, or else the newest that was closed.
    pub fn pull_for_branch(&self, head: &str, base: &str) -> Result<Option<Pull>> {
        self.tape.read(
            &format!("pull from {head} into {base}"),
            || each_backend!(self, backend => backend.pull_for_branch(head, base)),
        )
    }

    /// What reviewers said about a pull request, apart from the comments below it. Reviews that were only asked for, or
    /// that are still being written, are none.
    pub fn reviews(&self, pull: u64) -> Result<Reading> {
        self.tape.read(&format!("reviews {pull}"), || each_backend!(self, backend => backend.reviews(pull)))
    }

    /// Names of the labels that exist.
    pub fn labels(&self) -> Result<Vec<String>> {
        self.tape.read("labels", || each_backend!(self, backend => backend.labels()))
    }

    /// What a person may do in this repository; `Unknown` when this credential may not ask. Asked once per login.
    pub fn permission(&self, login: &str) -> Result<Role> {
        self.tape.read(&format!("permission {login}"), || each_backend!(self, backend => backend.permission(login)))
    }

    /// Posts a comment, also on pull requests. After a lost answer it looks for it before posting again.
    pub fn comment(&self, number: IssueNumber, body: &str) -> Result<Comment> {
        each_backend!(self, backend => backend.comment(number, body))
    }

    /// Replaces the text of a comment.
    pub fn edit_comment(&self, id: u64, body: &str) -> Result<Comment> {
        each_backend!(self, backend => backend.edit_comment(id, body))
    }

    /// Adds one label and leaves the others. [`Trouble::UnknownLabel`] when it does not exist: it is never created here.
    pub fn add_label(&self, number: IssueNumber, name: &str) -> Result<()> {
        each_backend!(self, backend => backend.add_label(number, name))
    }

    /// Removes one label and leaves the others; fine when it is not there.
    pub fn remove_label(&self, number: IssueNumber, name: &str) -> Result<()> {
        each_backend!(self, backend => backend.remove_label(number, name))
    }

    /// Creates a label; fine when it exists.
    pub fn create_label(&self, label: &NewLabel<'_>) -> Result<()> {
        each_backend!(self, backend => backend.create_label(label))
    }

    /// Opens a pull request, or finds the one that is open for these branches.
    pub fn open_pull(&self, pull: &NewPull<'_>) -> Result<Opened> {
        each_backend!(self, backend => backend.open_pull(pull))
    }

    /// Replaces the text of a pull request.
    pub fn edit_pull(&self, number: u64, body: &str) -> Result<()> {
        each_backend!(self, backend => backend.edit_pull(number, body))
    }

    /// Asks one person to review a pull request.
    pub fn request_reviewer(&self, pull: u64, login: &str) -> Result<()> {
        each_backend!(self, backend => backend.request_reviewer(pull, login))
    }

    /// Adds one assignee and leaves the others.
    pub fn assign(&self, number: IssueNumber, login: &str) -> Result<()> {
        each_backend!(self, backend => backend.assign(number, login))
    }

    /// Opens an issue. After a lost answer it looks for it before opening a second one.
    pub fn open_issue(&self, issue: &NewIssue<'_>) -> Result<Issue> {
        each_backend!(self, backend => backend.open_issue(issue))
    }

    /// Closes an issue; fine when it is closed.
    pub fn close_issue(&self, number: IssueNumber) -> Result<()> {
        each_backend!(self, backend => backend.close_issue(number))
    }
}

/// A filter in words, for the record.
fn words(pick: &Pick) -> String {
    let Pick { labels, not_labels, assignee, milestone } = pick;
    format!("{labels:?} {not_labels:?} {assignee:?} {milestone:?}")
}

fn unchangeable() -> ForgeError {
    let message = "a recorded forge takes no changes".to_owned();
    ForgeError::new("change anything", "the record of a run", Trouble::Refused { message })
}

/// Cuts a text at [`BODY_LIMIT`] and says so.
fn bounded(text: String) -> String {
    if text.len() <= BODY_LIMIT {
        return text;
    }
    let end = (0..=BODY_LIMIT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}\n\n[git-burn: cut here, the whole text has {} bytes]", &text[..end], text.len())
}

/// Compares texts as forges keep them: line ends and blanks at the ends may differ.
fn same_text(left: &str, right: &str) -> bool {
    let lines = |text: &str| text.trim().replace("\r\n", "\n");
    lines(left) == lines(right)
}
