//! A Gitea and a GitHub in memory, with their real servers' habits, and git over HTTP; for tests of whole flows.
//!
//! ```ignore
//! let fake = FakeForge::start(Flavour::Gitea);
//! let number = fake.add_issue("Empty input crashes", "steps ...", &["ready-for-agent"]);
//! fake.serve_git(&bare.path);                       // pushes to fake.git_url() need the token
//! fake.fault("POST", "/comments", Fault::StoreThenReset, 1);
//! let forge = fake.forge();                         // a real `Forge`, without real pauses
//! ... run the flow ...
//! assert_eq!(fake.state().comments.len(), 1);
//! assert_eq!(fake.mutations(), ["POST /repos/acme/demo/issues/1/comments"]);
//! ```
//! Everything that a real server would ignore silently (unknown query parameters, unknown body fields) is a failure of
//! the test when the fake goes away.

mod git;
mod gitea;
mod github;
mod reviews;
mod routes;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use git_burn::core::names::{Secret, Slug, Timestamp};
use git_burn::edge::forge::{Dialect, Forge};
use git_burn::edge::http::{Ambient, Credential, CredentialHeader, Http, HttpOptions, Pace};
use serde_json::Value;

pub use self::reviews::{Remark, Review};
use super::server::{Answer, Seen, Server};

/// Whose habits it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    Gitea,
    Github,
}

/// The repository on it.
pub const OWNER: &str = "acme";
pub const NAME: &str = "demo";
/// Whose token it is, and the token.
pub const BOT: &str = "burner";
pub const TOKEN: &str = "fake-token-0123456789abcdef";

/// A running fake.
pub struct FakeForge {
    pub flavour: Flavour,
    server: Server,
    world: Arc<Mutex<World>>,
}

/// The state and what is to happen to it.
struct World {
    flavour: Flavour,
    state: State,
    faults: Vec<Planned>,
    hooks: Vec<Hook>,
    log: Vec<Logged>,
    /// What a strict server would have refused.
    violations: Vec<String>,
    base: String,
}

/// What the forge knows. Change it freely between requests.
pub struct State {
    pub users: Vec<User>,
    pub labels: Vec<Label>,
    /// Issues and the issue side of pull requests, by number.
    pub issues: Vec<Issue>,
    pub comments: Vec<Comment>,
    pub pulls: Vec<Pull>,
    pub reviews: Vec<Review>,
    pub remarks: Vec<Remark>,
    /// Numbers of issues that were opened again, with the time in seconds.
    pub reopenings: Vec<(u64, i64)>,
    pub default_branch: String,
    pub archived: bool,
    /// The bare repository behind the git URL.
    pub bare: Option<PathBuf>,
    /// Whether reads need the token too.
    pub private: bool,
    next_id: u64,
}

#[derive(Debug, Clone)]
pub struct User {
    pub id: u64,
    pub login: String,
    /// `admin`, `write`, `read` or `none`.
    pub permission: &'static str,
}

#[derive(Debug, Clone)]
pub struct Label {
    pub id: u64,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct Issue {
    pub number: u64,
    pub title: String,
    pub body: Option<String>,
    pub open: bool,
    pub labels: Vec<String>,
    pub assignees: Vec<String>,
    pub author: String,
    pub locked: bool,
    pub is_pull: bool,
    pub created: i64,
}

#[derive(Debug, Clone)]
pub struct Comment {
    pub id: u64,
    pub issue: u64,
    pub author: String,
    pub body: String,
    /// Seconds since 1970, by the real clock: programs under test ask for what is new.
    pub written: i64,
}

#[derive(Debug, Clone)]
pub struct Pull {
    pub number: u64,
    pub head: String,
    pub head_commit: String,
    pub base: String,
    pub draft: bool,
    pub merged: bool,
    pub reviewers: Vec<String>,
}

/// A request and how it was answered.
#[derive(Debug, Clone)]
pub struct Logged {
    pub seen: Seen,
    /// 0 when no answer was given.
    pub status: u16,
}

/// What goes wrong with the next requests that match.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This answer instead of doing anything.
    Answer(Answer),
    /// Does it, then ends the connection without an answer.
    StoreThenReset,
    /// Does it, then answers with this status.
    StoreThenStatus(u16),
    /// Does it, then sends only so many bytes of the answer.
    StoreThenCut(usize),
}

struct Planned {
    method: String,
    part: String,
    fault: Fault,
    times: usize,
}

struct Hook {
    method: String,
    part: String,
    change: Box<dyn FnOnce(&mut State) + Send>,
}

/// Seconds of the first issue's creation.
const EPOCH: i64 = 1_767_323_045;

impl FakeForge {
    /// An empty repository `acme/demo` with the people `burner` (the token's owner, may write), `acme` (owner), `ada`
    /// (writer) and `mallory` (nobody).
    pub fn start(flavour: Flavour) -> Self {
        let world = World {
            flavour,
            state: State::new(),
            faults: Vec::new(),
            hooks: Vec::new(),
            log: Vec::new(),
            violations: Vec::new(),
            base: String::new(),
        };
        let world = Arc::new(Mutex::new(world));
        let for_server = Arc::clone(&world);
        let server = Server::start(move |seen| handle(&for_server, seen));
        world.lock().expect("no panic").base = server.url();
        Self { flavour, server, world }
    }

    /// The server's root: what a person would configure as `burn.url`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The API's base URL.
    pub fn api(&self) -> String {
        match self.flavour {
            Flavour::Gitea => format!("{}/api/v1", self.url()),
            Flavour::Github => format!("{}/api/v3", self.url()),
        }
    }

    /// The remote to clone from and push to. Pushing needs `TOKEN` as password, cloning only when `private`.
    pub fn git_url(&self) -> String {
        format!("{}/{OWNER}/{NAME}.git", self.url())
    }

    /// Puts a bare repository behind [`FakeForge::git_url`]; pull requests are then checked against its branches.
    pub fn serve_git(&self, bare: &Path) {
        self.state().bare = Some(bare.to_owned());
    }

    /// A real client for it: right token, no pace, pauses of a thousandth.
    pub fn forge(&self) -> Forge {
        self.forge_with(|_| {})
    }

    /// As [`FakeForge::forge`], with other options.
    pub fn forge_with(&self, change: impl FnOnce(&mut HttpOptions)) -> Forge {
        let mut options = self.options();
        change(&mut options);
        let dialect = match self.flavour {
            Flavour::Gitea => Dialect::Gitea,
            Flavour::Github => Dialect::Github,
        };
        let slug = Slug { owner: OWNER.into(), name: NAME.into() };
        Forge::server(dialect, Http::new(options).expect("a loopback URL"), slug)
    }

    /// Options of a client for it.
    pub fn options(&self) -> HttpOptions {
        let secret = Secret::new(TOKEN).expect("a token");
        HttpOptions {
            credential: Some(Credential { header: CredentialHeader::Token, secret }),
            pace: Pace::FREE.into(),
            ambient: hasty(),
            ..HttpOptions::new(self.api())
        }
    }

    /// The state, to look at or to change. Do not hold it while a request runs.
    pub fn state(&self) -> StateGuard<'_> {
        StateGuard(self.locked())
    }

    /// Panics, rather than hangs, when a test holds the state while it asks for it again.
    fn locked(&self) -> MutexGuard<'_, World> {
        for _ in 0..5000 {
            match self.world.try_lock() {
                Ok(world) => return world,
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
                Err(TryLockError::Poisoned(_)) => panic!("the fake forge panicked"),
            }
        }
        panic!("the state of the fake forge is held twice: let a `state()` guard go before the next");
    }

    /// An open issue by `ada`; its labels are created where missing. Returns the number.
    pub fn add_issue(&self, title: &str, body: &str, labels: &[&str]) -> u64 {
        let mut state = self.state();
        for label in labels {
            state.add_label(label);
        }
        state.add_issue(title, Some(body), "ada", labels)
    }

    /// Somebody's comment. Returns its id.
    pub fn add_comment(&self, issue: u64, author: &str, body: &str) -> u64 {
        self.state().add_comment(issue, author, body)
    }

    /// Lets the next `times` requests with this method whose target contains `part` go wrong.
    pub fn fault(&self, method: &str, part: &str, fault: Fault, times: usize) {
        let planned = Planned { method: method.into(), part: part.into(), fault, times };
        self.locked().faults.push(planned);
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.locked().faults.clear();
    }

    /// Changes the state just before the next matching request is answered: somebody else was faster.
    pub fn before(&self, method: &str, part: &str, change: impl FnOnce(&mut State) + Send + 'static) {
        let hook = Hook { method: method.into(), part: part.into(), change: Box::new(change) };
        self.locked().hooks.push(hook);
    }

    /// All API requests so far, those of git left out.
    pub fn log(&self) -> Vec<Logged> {
        self.locked().log.clone()
    }

    /// `METHOD /path` of all API requests that write and were answered with success, without the API's base path.
    pub fn mutations(&self) -> Vec<String> {
        let asks = |seen: &Seen| seen.method == "GET" || below_api(seen.path()) == "/graphql";
        let done = |logged: &Logged| !asks(&logged.seen) && (200..300).contains(&logged.status);
        let line = |logged: &Logged| format!("{} {}", logged.seen.method, below_api(logged.seen.path()));
        self.log().iter().filter(|logged| done(logged)).map(line).collect()
    }
}

impl Drop for FakeForge {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let violations = &self.world.lock().expect("no panic").violations;
            assert!(violations.is_empty(), "a strict server would have refused:\n{}", violations.join("\n"));
        }
    }
}

/// The state behind a lock.
pub struct StateGuard<'a>(MutexGuard<'a, World>);

impl std::ops::Deref for StateGuard<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0.state
    }
}

impl std::ops::DerefMut for StateGuard<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.0.state
    }
}

/// The real clock, and pauses of a thousandth, so that retries and waits do not hold up tests.
pub fn hasty() -> Ambient {
    fn sleep(wait: Duration) {
        std::thread::sleep(wait / 1000);
    }
    Ambient { sleep, ..Ambient::system() }
}

impl State {
    fn new() -> Self {
        let user = |id, login: &str, permission| User { id, login: login.into(), permission };
        let users =
            vec![user(1, OWNER, "admin"), user(2, BOT, "write"), user(3, "ada", "write"), user(4, "mallory", "none")];
        Self {
            users,
            labels: Vec::new(),
            issues: Vec::new(),
            comments: Vec::new(),
            pulls: Vec::new(),
            reviews: Vec::new(),
            remarks: Vec::new(),
            reopenings: Vec::new(),
            default_branch: "main".into(),
            archived: false,
            bare: None,
            private: false,
            next_id: 100,
        }
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub fn add_label(&mut self, name: &str) {
        if !self.labels.iter().any(|label| label.name == name) {
            let id = self.id();
            self.labels.push(Label { id, name: name.into() });
        }
    }

    pub fn add_issue(&mut self, title: &str, body: Option<&str>, author: &str, labels: &[&str]) -> u64 {
        let number = self.issues.len() as u64 + 1;
        self.issues.push(Issue {
            number,
            title: title.into(),
            body: body.map(str::to_owned),
            open: true,
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            assignees: Vec::new(),
            author: author.into(),
            locked: false,
            is_pull: false,
            created: EPOCH + 60 * i64::try_from(number).expect("a small number"),
        });
        number
    }

    pub fn add_comment(&mut self, issue: u64, author: &str, body: &str) -> u64 {
        let id = self.id();
        let written = now();
        self.comments.push(Comment { id, issue, author: author.into(), body: body.into(), written });
        id
    }

    /// A pull request by `author`; returns its number.
    pub fn add_pull(&mut self, title: &str, body: &str, author: &str, head: &str, base: &str) -> u64 {
        let number = self.add_issue(title, Some(body), author, &[]);
        self.issue_mut(number).is_pull = true;
        let head_commit = self.branch(head).unwrap_or_else(|| "0".repeat(40));
        let (head, base) = (head.to_owned(), base.to_owned());
        let draft = title.starts_with("WIP:");
        self.pulls.push(Pull { number, head, head_commit, base, draft, merged: false, reviewers: Vec::new() });
        number
    }

    /// Merges or refuses a pull request.
    pub fn end_pull(&mut self, number: u64, merged: bool) {
        self.issue_mut(number).open = false;
        self.pulls.iter_mut().filter(|pull| pull.number == number).for_each(|pull| pull.merged = merged);
    }

    /// A person opens an issue again.
    pub fn reopen(&mut self, number: u64, at: i64) {
        self.issue_mut(number).open = true;
        self.reopenings.push((number, at));
    }

    /// Panics for a number that does not exist.
    pub fn issue_mut(&mut self, number: u64) -> &mut Issue {
        self.issues.iter_mut().find(|issue| issue.number == number).expect("an issue of this number")
    }

    /// Panics for a number that does not exist.
    pub fn issue(&self, number: u64) -> &Issue {
        self.issues.iter().find(|issue| issue.number == number).expect("an issue of this number")
    }

    fn user(&self, login: &str) -> Option<&User> {
        self.users.iter().find(|user| user.login.eq_ignore_ascii_case(login))
    }

    /// The commit of a branch of the bare repository.
    fn branch(&self, name: &str) -> Option<String> {
        git::branch(self.bare.as_deref()?, name)
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("before the year 292 billion")
}

/// The path without `/api/v1` or `/api/v3`.
fn below_api(path: &str) -> &str {
    path.strip_prefix("/api/v1").or_else(|| path.strip_prefix("/api/v3")).unwrap_or(path)
}

fn matches(method: &str, part: &str, seen: &Seen) -> bool {
    seen.method == method && seen.target.contains(part)
}

fn handle(world: &Mutex<World>, seen: &Seen) -> Answer {
    if !seen.path().starts_with("/api/") {
        let (bare, private) = {
            let world = world.lock().expect("no panic");
            (world.state.bare.clone(), world.state.private)
        };
        return git::answer(seen, bare.as_deref(), private);
    }
    let mut world = world.lock().expect("no panic");
    let answer = world.answer(seen);
    world.log.push(Logged { seen: seen.clone(), status: answer.status });
    answer
}

impl World {
    fn answer(&mut self, seen: &Seen) -> Answer {
        if let Some(at) = self.hooks.iter().position(|hook| matches(&hook.method, &hook.part, seen)) {
            let hook = self.hooks.remove(at);
            (hook.change)(&mut self.state);
        }
        match self.next_fault(seen) {
            None => self.route(seen),
            Some(Fault::Answer(answer)) => answer,
            Some(Fault::StoreThenReset) => {
                self.route(seen);
                Answer::reset()
            }
            Some(Fault::StoreThenStatus(status)) => {
                self.route(seen);
                Answer::json(status, &serde_json::json!({ "message": "something broke" }))
            }
            Some(Fault::StoreThenCut(bytes)) => self.route(seen).delivered(super::server::Manner::Cut(bytes)),
        }
    }

    fn next_fault(&mut self, seen: &Seen) -> Option<Fault> {
        let planned =
            self.faults.iter_mut().find(|fault| fault.times > 0 && matches(&fault.method, &fault.part, seen))?;
        planned.times -= 1;
        Some(planned.fault.clone())
    }

    fn violation(&mut self, seen: &Seen, what: &str) {
        self.violations.push(format!("{}: {what}", seen.line()));
    }

    /// A URL of this server.
    fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn time(seconds: i64) -> Value {
    Timestamp::from_seconds(seconds).to_string().into()
}
