//! Writes on issues: comments that are posted once, assignees, opening and closing.

use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::super::{Dialect, LOOK_AGAIN, NewIssue, Result, Trouble, same_text};
use super::Rest;
use super::pages::Listed;
use super::wire::{WireComment, WireIssue};
use crate::core::issue::{Comment, Issue};
use crate::core::names::IssueNumber;
use crate::edge::http::{Http, Method, Repeat, Request};

/// Waits until a write whose answer was lost should be visible.
pub(super) fn pause(http: &Http) {
    (http.ambient().sleep)(LOOK_AGAIN);
}

impl Rest {
    pub(in super::super) fn comment(&self, number: IssueNumber, body: &str) -> Result<Comment> {
        let doing = format!("comment on issue {number}");
        let path = self.path(&format!("/issues/{number}/comments"));
        let request = Request::write(Method::Post, path, Some(&json!({ "body": body })));
        let post = || self.call::<WireComment>(&doing, &request);
        match post() {
            Err(error) if error.effect_unknown() => {
                pause(self.http());
                match self.find_own(number, |there| same_text(there, body))? {
                    Some(there) => Ok(there),
                    None => Ok(post()?.into_comment()),
                }
            }
            result => Ok(result?.into_comment()),
        }
    }

    pub(in super::super) fn edit_comment(&self, id: u64, body: &str) -> Result<Comment> {
        let path = self.path(&format!("/issues/comments/{id}"));
        let request = Request::write(Method::Patch, path, Some(&json!({ "body": body })));
        Ok(self.call::<WireComment>(&format!("edit comment {id}"), &request)?.into_comment())
    }

    pub(in super::super) fn assign(&self, number: IssueNumber, login: &str) -> Result<()> {
        let doing = format!("assign `{login}` to issue {number}");
        let request = match self.dialect {
            Dialect::Github => {
                let path = self.path(&format!("/issues/{number}/assignees"));
                let body = json!({ "assignees": [login] });
                Request { repeat: Repeat::Idempotent, ..Request::write(Method::Post, path, Some(&body)) }
            }
            // Gitea has no call that adds one: the list is replaced, so it is read first.
            Dialect::Gitea => {
                let issue: WireIssue = self.call(&doing, &self.issue_request(number))?;
                let mut names = issue.assignee_names();
                if names.iter().any(|name| name.eq_ignore_ascii_case(login)) {
                    return Ok(());
                }
                names.push(login.to_owned());
                let path = self.path(&format!("/issues/{number}"));
                Request::write(Method::Patch, path, Some(&json!({ "assignees": names })))
            }
        };
        // GitHub ignores people who cannot be assigned and says 201.
        let issue: WireIssue = self.call(&doing, &request)?;
        let there = issue.assignee_names().iter().any(|name| name.eq_ignore_ascii_case(login));
        if there { Ok(()) } else { Err(self.trouble(&doing, Trouble::NotAssignable { login: login.to_owned() })) }
    }

    pub(in super::super) fn open_issue(&self, issue: &NewIssue<'_>) -> Result<Issue> {
        let doing = "open an issue";
        let known = issue.labels.iter().map(|name| self.known_label(doing, name)).collect::<Result<Vec<_>>>()?;
        let labels = match self.dialect {
            Dialect::Gitea => Value::from_iter(known.iter().filter_map(|label| label.id)),
            Dialect::Github => Value::from_iter(known.iter().map(|label| label.name.as_str())),
        };
        let body = json!({ "title": issue.title, "body": issue.body, "labels": labels });
        let request = Request::write(Method::Post, self.path("/issues"), Some(&body));
        let post = || self.call::<WireIssue>(doing, &request);
        let opened = match post() {
            Err(error) if error.effect_unknown() => {
                pause(self.http());
                match self.twin_issue(issue)? {
                    Some(there) => return Ok(there),
                    None => post()?,
                }
            }
            result => result?,
        };
        opened.into_issue().map_err(|problem| self.trouble(doing, Trouble::Malformed { problem }))
    }

    /// The open issue with the same title and body that this user wrote, among the latest.
    fn twin_issue(&self, issue: &NewIssue<'_>) -> Result<Option<Issue>> {
        let me = self.me()?;
        let mut query = vec![("state", "open".to_owned())];
        match self.dialect {
            Dialect::Gitea => query.push(("type", "issues".into())),
            Dialect::Github => query.extend([("sort", "created".to_owned()), ("direction", "desc".to_owned())]),
        }
        let mut twin = None;
        let mut looked = 0;
        let listed = Listed { query, ..Listed::of("look for the new issue", self.path("/issues")) };
        self.visit_pages(
            &listed,
            |issue: &WireIssue| issue.number,
            |there| {
                looked += 1;
                let found = there.into_issue().ok().filter(|there| {
                    let same = same_text(&there.title, issue.title) && same_text(&there.body, issue.body);
                    same && there.author.eq_ignore_ascii_case(&me.login)
                });
                twin = found;
                if twin.is_some() || looked >= 50 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        )?;
        Ok(twin)
    }

    pub(in super::super) fn close_issue(&self, number: IssueNumber) -> Result<()> {
        self.edit(&format!("close issue {number}"), &format!("/issues/{number}"), &json!({ "state": "closed" }))
    }
}
