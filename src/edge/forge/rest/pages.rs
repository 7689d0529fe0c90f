//! Listings in pages: until they end, never twice the same entry, never for ever, never to another host.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::ControlFlow;

use serde::de::DeserializeOwned;
use ureq::http::HeaderMap;

use super::super::{Dialect, Result};
use super::Rest;
use super::wire::Entry;
use crate::edge::http::{Request, Toll, encode};

/// More pages than any honest backlog has.
const MOST_PAGES: u32 = 1000;
/// A server that sends this many pages in a row with nothing new is going round in circles.
const STALE_PAGES: u32 = 2;

/// Which listing: a path below the repository and a filter.
pub(super) struct Listed<'a> {
    pub(super) doing: &'a str,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) total: Total,
}

/// What Gitea's `X-Total-Count` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    OfList,
    /// The timeline's: only what stands on the page itself, so that it never says whether there are more pages.
    OfPage,
}

impl<'a> Listed<'a> {
    /// All of a listing, whose total the server knows.
    pub(super) fn of(doing: &'a str, path: String) -> Self {
        Self { doing, path, query: Vec::new(), total: Total::OfList }
    }

    fn page(&self, dialect: Dialect, page: u32) -> Request {
        let size = match dialect {
            // Gitea's own upper limit; more is cut silently.
            Dialect::Gitea => ("limit", 50),
            Dialect::Github => ("per_page", 100),
        };
        let mut path = format!("{}?{}={}&page={page}", self.path, size.0, size.1);
        for (name, value) in &self.query {
            path.push_str(&format!("&{name}={}", encode(value)));
        }
        Request { toll: if page == 1 { Toll::Read } else { Toll::NextPage }, ..Request::get(path) }
    }
}

impl Rest {
    /// Every entry of a listing, once.
    pub(super) fn all_pages<T: DeserializeOwned, K: Eq + Hash>(
        &self,
        listed: &Listed<'_>,
        key: impl Fn(&T) -> K,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        self.visit_pages(listed, key, |one| {
            all.push(one);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// Visits every entry once, page by page, until `visit` breaks. Returns remarks about what may be missing.
    ///
    /// Pages are counted, not linked: a `Link` header's URL is whatever the server believes its name to be, and is
    /// only asked whether there is a next page.
    pub(super) fn visit_pages<T: DeserializeOwned, K: Eq + Hash>(
        &self,
        listed: &Listed<'_>,
        key: impl Fn(&T) -> K,
        mut visit: impl FnMut(T) -> ControlFlow<()>,
    ) -> Result<Vec<String>> {
        let mut seen = HashSet::new();
        let mut remarks = Vec::new();
        let mut received = 0;
        let mut stale = 0;
        for page in 1..=MOST_PAGES {
            let answer = self.http().json::<Option<Vec<Entry<T>>>>(&self.dressed(&listed.page(self.dialect(), page)));
            let (entries, headers) = answer.map_err(|error| self.error(listed.doing, error))?;
            let entries = entries.unwrap_or_default();
            received += entries.len();
            let before = seen.len() + remarks.len();
            let ended = entries.is_empty() || self.is_last(listed.total, &headers, received);
            for entry in entries {
                match entry {
                    Entry::Good(value) if seen.insert(key(&value)) => {
                        if visit(value).is_break() {
                            return Ok(remarks);
                        }
                    }
                    Entry::Good(_) => {}
                    Entry::Bad(value) => note(&mut remarks, unreadable::<T>(value)),
                }
            }
            if ended {
                return Ok(remarks);
            }
            stale = if seen.len() + remarks.len() == before { stale + 1 } else { 0 };
            if stale == STALE_PAGES {
                break;
            }
        }
        note(&mut remarks, format!("{} repeats its pages; the list may be incomplete", self.http().origin()));
        Ok(remarks)
    }

    /// Whether the server says that nothing follows. Not told by a short page: a server may have a smaller limit than
    /// asked.
    fn is_last(&self, total: Total, headers: &HeaderMap, received: usize) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(link) = header("link") {
            return !link.contains("rel=\"next\"");
        }
        match (self.dialect(), total) {
            (Dialect::Github, _) => true,
            (Dialect::Gitea, Total::OfPage) => false,
            (Dialect::Gitea, Total::OfList) => {
                let all = header("x-total-count").and_then(|total| total.parse().ok());
                all.is_some_and(|all: usize| received >= all)
            }
        }
    }
}

fn note(remarks: &mut Vec<String>, remark: String) {
    if !remarks.contains(&remark) {
        remarks.push(remark);
    }
}

/// Names the entry by its number and says what about it cannot be read.
fn unreadable<T: DeserializeOwned>(value: serde_json::Value) -> String {
    let number = value.get("number").or_else(|| value.get("id")).map_or("?".to_owned(), ToString::to_string);
    let problem = serde_json::from_value::<T>(value).err().map_or_else(String::new, |error| format!(": {error}"));
    let problem: String = problem.chars().filter(|c| !c.is_control()).take(200).collect();
    format!("entry {number} cannot be read{problem}")
}
