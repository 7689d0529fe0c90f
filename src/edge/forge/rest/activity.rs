//! What was said lately, on all issues of the repository.

use std::ops::ControlFlow;

use serde::Deserialize;

use super::super::Result;
use super::Rest;
use super::pages::Listed;
use super::wire::WireComment;
use crate::core::issue::Comment;
use crate::core::names::{IssueNumber, Timestamp};

/// A comment of a listing over all issues.
#[derive(Deserialize)]
struct Placed {
    #[serde(flatten)]
    comment: WireComment,
    /// Gitea leaves it empty for pull requests.
    issue_url: Option<String>,
}

impl Rest {
    pub(in super::super) fn recent_comments(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<(IssueNumber, Comment)>> {
        let query = vec![("since", since.to_string())];
        let listed = Listed { query, ..Listed::of("read the latest comments", self.path("/issues/comments")) };
        let mut found = Vec::new();
        self.visit_pages(
            &listed,
            |one: &Placed| one.comment.id,
            |Placed { comment, issue_url }| {
                let number = issue_url.as_deref().and_then(|url| url.rsplit('/').next()?.parse().ok());
                found.extend(number.and_then(IssueNumber::new).map(|number| (number, comment.into_comment())));
                if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            },
        )?;
        Ok(found)
    }
}
