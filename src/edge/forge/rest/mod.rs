//! Gitea and GitHub over HTTP: reads. The traps named here were found in Gitea's source and GitHub's documentation.

mod activity;
mod labels;
mod pages;
mod pulls;
mod reviews;
mod wire;
mod write;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::de::DeserializeOwned;

use self::pages::{Listed, Total};
use self::wire::{Permission, User, WireComment, WireEvent, WireIssue, WireRepository};
use super::{Dialect, ForgeError, Found, Listing, Me, Repository, Result, Trouble};
use crate::core::issue::{Comment, Pick, Role};
use crate::core::names::{IssueNumber, Slug, Timestamp};
use crate::edge::http::{Http, HttpError, Method, Request, encode};

/// One repository on a server.
pub(super) struct Rest {
    dialect: Dialect,
    http: Http,
    slug: Slug,
    me: OnceLock<Me>,
    roles: Mutex<HashMap<String, Role>>,
    labels: Mutex<HashMap<labels::Shelf, Vec<labels::Known>>>,
}

impl Rest {
    pub(super) fn new(dialect: Dialect, http: Http, slug: Slug) -> Self {
        let (roles, labels) = (Mutex::default(), Mutex::default());
        Self { dialect, http, slug, me: OnceLock::new(), roles, labels }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn http(&self) -> &Http {
        &self.http
    }

    /// A path below the repository.
    fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{}{rest}", encode(&self.slug.owner), encode(&self.slug.name))
    }

    fn error(&self, doing: &str, error: HttpError) -> ForgeError {
        ForgeError::from_http(format!("{doing} ({})", self.slug), self.http.origin().to_string(), error)
    }

    fn trouble(&self, doing: &str, trouble: Trouble) -> ForgeError {
        ForgeError::new(doing, self.slug.to_string(), trouble)
    }

    fn call<T: DeserializeOwned>(&self, doing: &str, request: &Request) -> Result<T> {
        self.http.json(&self.dressed(request)).map(|(value, _)| value).map_err(|error| self.error(doing, error))
    }

    /// For calls whose answer does not matter, or is empty.
    fn tell(&self, doing: &str, request: &Request) -> Result<()> {
        self.http.send(&self.dressed(request)).map(drop).map_err(|error| self.error(doing, error))
    }

    /// With the headers that say which form of the API is meant. GitHub's own server wants its version named; older
    /// enterprise servers refuse versions that they do not know.
    fn dressed(&self, request: &Request) -> Request {
        let mut request = request.clone();
        match self.dialect {
            Dialect::Gitea => request.headers.push(("accept", "application/json".into())),
            Dialect::Github => request.headers.push(("accept", "application/vnd.github+json".into())),
        }
        if self.http.origin().host == "api.github.com" {
            request.headers.push(("x-github-api-version", "2022-11-28".into()));
        }
        request
    }

    pub(super) fn me(&self) -> Result<Me> {
        if let Some(me) = self.me.get() {
            return Ok(me.clone());
        }
        let doing = "find out whose credential this is";
        let me = match self.call::<User>(doing, &Request::get("/user")) {
            Ok(user) => Me { id: user.id.and_then(|id| u64::try_from(id).ok()), login: wire::login(&user) },
            // A workflow's GITHUB_TOKEN belongs to an application, which REST does not show to itself.
            Err(error) if self.dialect == Dialect::Github && error.status() == Some(403) => {
                self.viewer().ok_or(error)?
            }
            Err(error) => return Err(error),
        };
        Ok(self.me.get_or_init(|| me).clone())
    }

    fn viewer(&self) -> Option<Me> {
        let question = serde_json::json!({ "query": "query { viewer { login } }" });
        let (answer, _) = self.http.json::<serde_json::Value>(&Request::question("/graphql", &question)).ok()?;
        let login = answer.pointer("/data/viewer/login")?.as_str()?.to_owned();
        Some(Me { id: None, login })
    }

    pub(super) fn repository(&self) -> Result<Repository> {
        let found: WireRepository = self.call("read the repository", &Request::get(self.path("")))?;
        let my_role = match found.permissions.and_then(|permissions| permissions.push) {
            Some(true) => Role::Writer,
            Some(false) => Role::Outsider,
            None => Role::Unknown,
        };
        Ok(Repository {
            name: found.full_name.unwrap_or_else(|| self.slug.to_string()),
            default_branch: found.default_branch.filter(|name| !name.is_empty()),
            owner: found.owner.as_ref().map_or_else(|| self.slug.owner.clone(), wire::login),
            archived: found.archived.unwrap_or(false),
            my_role,
            url: wire::page(found.html_url),
        })
    }

    pub(super) fn issues(&self, pick: &Pick, limit: usize) -> Result<Listing> {
        let mut listing = Listing::default();
        let listed =
            Listed { query: self.issue_query(pick), ..Listed::of("list the open issues", self.path("/issues")) };
        let mut unreadable = Vec::new();
        let remarks = self.visit_pages(
            &listed,
            |issue: &WireIssue| issue.number,
            |issue| {
                if issue.is_pull() {
                    return ControlFlow::Continue(());
                }
                match issue.into_issue() {
                    Ok(issue) if pick.admits(&issue) => listing.issues.push(issue),
                    Ok(_) => {}
                    Err(problem) => unreadable.push(format!("an issue cannot be read: {problem}")),
                }
                if listing.issues.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            },
        )?;
        listing.remarks = remarks.into_iter().chain(unreadable).collect();
        listing.issues.retain(|issue| issue.state == crate::core::issue::State::Open);
        listing.issues.sort_by_key(|issue| issue.number);
        Ok(listing)
    }

    /// What the server may filter, to save pages. The result is filtered again in any case.
    fn issue_query(&self, pick: &Pick) -> Vec<(&'static str, String)> {
        let mut query = vec![("state", "open".to_owned())];
        match self.dialect {
            // Knows no order: always the newest first.
            Dialect::Gitea => query.push(("type", "issues".into())),
            Dialect::Github => query.extend([("sort", "created".to_owned()), ("direction", "asc".to_owned())]),
        }
        // A comma separates labels, so a label with one cannot be asked for.
        let labels: Vec<&str> = pick.labels.iter().map(String::as_str).filter(|name| !name.contains(',')).collect();
        if !labels.is_empty() {
            query.push(("labels", labels.join(",")));
        }
        query
    }

    pub(super) fn issue(&self, number: IssueNumber) -> Result<Found> {
        match self.call::<WireIssue>(&format!("read issue {number}"), &self.issue_request(number)) {
            // GitHub redirects to the new place of an issue that was moved to another repository.
            Ok(issue) if u64::try_from(issue.number) != Ok(number.get()) => Ok(Found::Missing),
            Ok(issue) if issue.is_pull() => Ok(Found::PullRequest),
            Ok(issue) => match issue.into_issue() {
                Ok(issue) => Ok(Found::Issue(issue)),
                Err(problem) => Err(self.trouble(&format!("read issue {number}"), Trouble::Malformed { problem })),
            },
            Err(error) if error.trouble == Trouble::Missing => Ok(Found::Missing),
            Err(error) => Err(error),
        }
    }

    fn issue_request(&self, number: IssueNumber) -> Request {
        Request::get(self.path(&format!("/issues/{number}")))
    }

    pub(super) fn comments(&self, number: IssueNumber) -> Result<Vec<Comment>> {
        Ok(self.wire_comments(number)?.into_iter().map(WireComment::into_comment).collect())
    }

    fn wire_comments(&self, number: IssueNumber) -> Result<Vec<WireComment>> {
        let doing = format!("read the comments of issue {number}");
        let path = self.path(&format!("/issues/{number}/comments"));
        let mut comments = match self.dialect {
            Dialect::Gitea => self.all_comments(&doing, number, path)?,
            Dialect::Github => {
                self.all_pages(&Listed::of(&doing, path), |comment: &WireComment| comment.id.cast_signed())?
            }
        };
        comments.sort_by_key(|comment| comment.id);
        Ok(comments)
    }

    /// Gitea sends all comments at once, and answers 500 for an issue that does not exist.
    fn all_comments(&self, doing: &str, number: IssueNumber, path: String) -> Result<Vec<WireComment>> {
        let patient = Request::get(path);
        let hasty = Request { is_final: |refused| refused.status == 500, ..patient.clone() };
        let answer = match self.call::<Option<Vec<WireComment>>>(doing, &hasty) {
            Err(error) if error.status() == Some(500) => match self.issue(number)? {
                Found::Missing => return Err(self.trouble(doing, Trouble::Missing)),
                Found::Issue(_) | Found::PullRequest => self.call(doing, &patient)?,
            },
            answer => answer?,
        };
        Ok(answer.unwrap_or_default())
    }

    /// When the issue was last opened again, by the forge's own record of it.
    pub(super) fn reopened(&self, number: IssueNumber) -> Result<Option<Timestamp>> {
        let doing = format!("read the history of issue {number}");
        let list = match self.dialect {
            Dialect::Gitea => "timeline",
            Dialect::Github => "events",
        };
        let listed = Listed {
            doing: &doing,
            path: self.path(&format!("/issues/{number}/{list}")),
            query: Vec::new(),
            total: Total::OfPage,
        };
        let mut last = None;
        self.visit_pages(
            &listed,
            |event: &WireEvent| event.id,
            |event| {
                last = last.max(event.reopening());
                ControlFlow::Continue(())
            },
        )?;
        Ok(last)
    }

    pub(super) fn own_comment(&self, number: IssueNumber, marker: &str) -> Result<Option<Comment>> {
        self.find_own(number, |body| body.contains(marker))
    }

    fn find_own(&self, number: IssueNumber, fits: impl Fn(&str) -> bool) -> Result<Option<Comment>> {
        let me = self.me()?;
        let comments = self.wire_comments(number)?;
        let mine = comments.into_iter().filter(|comment| comment.user.as_ref().is_some_and(|user| is_me(&me, user)));
        let fitting = mine.filter(|comment| fits(comment.body.as_deref().unwrap_or_default()));
        Ok(fitting.last().map(WireComment::into_comment))
    }

    pub(super) fn permission(&self, login: &str) -> Result<Role> {
        let known = self.roles.lock().unwrap_or_else(PoisonError::into_inner).get(login).copied();
        if let Some(role) = known {
            return Ok(role);
        }
        let role = self.ask_permission(login)?;
        self.roles.lock().unwrap_or_else(PoisonError::into_inner).insert(login.to_owned(), role);
        Ok(role)
    }

    fn ask_permission(&self, login: &str) -> Result<Role> {
        if login.eq_ignore_ascii_case(&self.slug.owner) {
            return Ok(Role::Writer);
        }
        let path = self.path(&format!("/collaborators/{}/permission", encode(login)));
        match self.call::<Permission>(&format!("ask what `{login}` may do"), &Request::get(path)) {
            Ok(answer) => Ok(match answer.permission.as_deref() {
                Some("owner" | "admin" | "write" | "maintain") => Role::Writer,
                Some("read" | "triage" | "none") => Role::Outsider,
                _ => Role::Unknown,
            }),
            Err(error) => match error.trouble {
                Trouble::Missing | Trouble::Refused { .. } => Ok(Role::Outsider),
                Trouble::Forbidden { .. } => Ok(Role::Unknown),
                Trouble::Credentials
                | Trouble::RateLimited { .. }
                | Trouble::Unreachable
                | Trouble::NotAnApi
                | Trouble::Conflict
                | Trouble::UnknownLabel { .. }
                | Trouble::NotAssignable { .. }
                | Trouble::Busy
                | Trouble::Malformed { .. } => Err(error),
            },
        }
    }

    fn edit(&self, doing: &str, path: &str, body: &serde_json::Value) -> Result<()> {
        self.tell(doing, &Request::write(Method::Patch, self.path(path), Some(body)))
    }
}

fn is_me(me: &Me, user: &User) -> bool {
    match (me.id, user.id) {
        (Some(mine), Some(theirs)) => i64::try_from(mine) == Ok(theirs),
        _ => user.login.as_deref().is_some_and(|login| login.eq_ignore_ascii_case(&me.login)),
    }
}
