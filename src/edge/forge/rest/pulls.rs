//! Pull requests: found, opened once, given reviewers.

use std::ops::ControlFlow;

use serde_json::json;

use super::super::{Dialect, NewPull, Opened, PullFilter, Result, Trouble};
use super::pages::Listed;
use super::wire::WirePull;
use super::{Rest, write};
use crate::core::act::Ripeness;
use crate::core::issue::{Pull, PullState};
use crate::edge::http::{Method, Request, encode};

impl Rest {
    pub(in super::super) fn pulls(&self, filter: PullFilter, limit: usize) -> Result<Vec<Pull>> {
        let state = match filter {
            PullFilter::Open => "open",
            PullFilter::Closed => "closed",
            PullFilter::All => "all",
        };
        let mut query = vec![("state", state.to_owned())];
        if self.dialect == Dialect::Github {
            query.extend([("sort", "created".to_owned()), ("direction", "desc".to_owned())]);
        }
        let mut pulls = Vec::new();
        self.visit_pulls(query, |pull| {
            if filter.admits(pull.state) {
                pulls.push(pull);
            }
            if pulls.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        pulls.sort_by_key(|pull| std::cmp::Reverse(pull.number));
        Ok(pulls)
    }

    fn visit_pulls(
        &self,
        query: Vec<(&'static str, String)>,
        mut visit: impl FnMut(Pull) -> ControlFlow<()>,
    ) -> Result<()> {
        let listed = Listed { query, ..Listed::of("list the pull requests", self.path("/pulls")) };
        let visit = |pull: WirePull| pull.into_pull().map_or(ControlFlow::Continue(()), &mut visit);
        self.visit_pages(&listed, WirePull::number, visit).map(drop)
    }

    pub(in super::super) fn pull(&self, number: u64) -> Result<Option<Pull>> {
        let path = self.path(&format!("/pulls/{number}"));
        match self.call::<WirePull>(&format!("read pull request {number}"), &Request::get(path)) {
            Ok(pull) => Ok(pull.into_pull()),
            Err(error) if error.trouble == Trouble::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(in super::super) fn pull_for_branch(&self, head: &str, base: &str) -> Result<Option<Pull>> {
        match self.dialect {
            Dialect::Github => self.search_pulls(head, base, "all"),
            Dialect::Gitea => {
                // One call that tells for sure when there is none; of several it returns any.
                let path = self.path(&format!("/pulls/{}/{}", encode(base), encode(head)));
                let found = match self.call::<WirePull>("look for a pull request", &Request::get(path)) {
                    Err(error) if error.trouble == Trouble::Missing => return Ok(None),
                    found => found?.into_pull().filter(|pull| pull.head == head),
                };
                match found {
                    Some(pull) if pull.state == PullState::Open => Ok(Some(pull)),
                    found => Ok(self.search_pulls(head, base, "open")?.or(found)),
                }
            }
        }
    }

    /// Goes through the list; an open one first, else the newest.
    fn search_pulls(&self, head: &str, base: &str, state: &str) -> Result<Option<Pull>> {
        let mut query = vec![("state", state.to_owned())];
        if self.dialect == Dialect::Github {
            query.push(("head", format!("{}:{head}", self.slug.owner)));
        }
        let mut best: Option<Pull> = None;
        self.visit_pulls(query, |pull| {
            let rank = |pull: &Pull| (pull.state == PullState::Open, pull.number);
            let fits = pull.head == head && pull.base == base;
            if fits && best.as_ref().is_none_or(|best| rank(&pull) > rank(best)) {
                best = Some(pull);
            }
            ControlFlow::Continue(())
        })?;
        Ok(best)
    }

    pub(in super::super) fn open_pull(&self, pull: &NewPull<'_>) -> Result<Opened> {
        let doing = format!("open a pull request from `{}`", pull.head);
        let request = Request::write(Method::Post, self.path("/pulls"), Some(&self.pull_body(pull)));
        let created = || self.call::<WirePull>(&doing, &request);
        let created = match created() {
            Err(error) if error.effect_unknown() => {
                write::pause(self.http());
                match self.open_twin(pull)? {
                    Some(there) => return Ok(there),
                    None => created()?,
                }
            }
            // 409 from Gitea, 422 from GitHub: there is one, or the branches make none possible.
            Err(error) if matches!(error.status(), Some(409 | 422)) => {
                return self.open_twin(pull)?.ok_or(error);
            }
            result => result?,
        };
        let created = created.into_pull();
        let problem = "the answer names no pull request".to_owned();
        created.map(Opened::Created).ok_or_else(|| self.trouble(&doing, Trouble::Malformed { problem }))
    }

    fn open_twin(&self, pull: &NewPull<'_>) -> Result<Option<Opened>> {
        Ok(self.search_pulls(pull.head, pull.base, "open")?.map(Opened::Existed))
    }

    fn pull_body(&self, pull: &NewPull<'_>) -> serde_json::Value {
        let NewPull { title, body, head, base, ripeness } = *pull;
        match (self.dialect, ripeness) {
            (Dialect::Gitea, Ripeness::Draft) => {
                json!({ "title": format!("WIP: {title}"), "body": body, "head": head, "base": base })
            }
            (Dialect::Github, Ripeness::Draft) => {
                json!({ "title": title, "body": body, "head": head, "base": base, "draft": true })
            }
            (Dialect::Gitea | Dialect::Github, Ripeness::Ready) => {
                json!({ "title": title, "body": body, "head": head, "base": base })
            }
        }
    }

    pub(in super::super) fn edit_pull(&self, number: u64, body: &str) -> Result<()> {
        let body = json!({ "body": body });
        self.edit(&format!("edit pull request {number}"), &format!("/pulls/{number}"), &body)
    }

    pub(in super::super) fn request_reviewer(&self, pull: u64, login: &str) -> Result<()> {
        let path = self.path(&format!("/pulls/{pull}/requested_reviewers"));
        // Asking the same person twice is asking once.
        let repeat = crate::edge::http::Repeat::Idempotent;
        let body = json!({ "reviewers": [login] });
        let request = Request { repeat, ..Request::write(Method::Post, path, Some(&body)) };
        self.tell(&format!("ask `{login}` to review pull request {pull}"), &request)
    }
}
