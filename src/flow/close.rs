//! Closes the issues whose change is merged, where the user wants that: once for each change, and never one that a person
//! opened again.

use std::collections::BTreeMap;

use anyhow::Result;

use super::gate;
use super::shop::{Shop, Stop};
use crate::core::act::{Act, Marker, Step};
use crate::core::closing::{ClosePermit, Closing};
use crate::core::freshness::{self, Mention};
use crate::core::issue::{Issue, Pick, PullState};
use crate::core::names::{BurnBranch, IssueNumber};
use crate::core::report::{self, About};
use crate::edge::forge::PullFilter;

/// Issues and pull requests that are read at most.
const MOST: usize = 10_000;

/// Closes what may be closed, and returns the numbers. In a dry run it only tells.
///
/// # Errors
/// The forge or the repository cannot be read, or the forge refuses.
pub fn close_merged(shop: &mut Shop<'_>) -> Result<Vec<IssueNumber>> {
    if shop.settings.closing == Closing::Never {
        return Ok(Vec::new());
    }
    let merged = merged_pulls(shop)?;
    let mut closed = Vec::new();
    for issue in shop.forge.issues(&Pick::default(), MOST)?.issues {
        let Some(pull) = merged.get(&issue.number) else { continue };
        if close_one(shop, &issue, *pull)? {
            closed.push(issue.number);
        }
    }
    Ok(closed)
}

/// The newest merged pull request of each issue that git-burn worked on, into the base branch.
fn merged_pulls(shop: &Shop<'_>) -> Result<BTreeMap<IssueNumber, u64>> {
    let base = shop.base.branch.as_deref().unwrap_or_default();
    let mut merged = BTreeMap::new();
    for pull in shop.forge.pulls(PullFilter::Closed, MOST)? {
        let branch = BurnBranch::of_template(&shop.settings.branch, &pull.head);
        if let Some((_, issue)) = branch.filter(|_| pull.state == PullState::Merged && pull.base == base) {
            let newest = merged.entry(issue).or_insert(pull.number);
            *newest = (*newest).max(pull.number);
        }
    }
    Ok(merged)
}

fn close_one(shop: &mut Shop<'_>, issue: &Issue, pull: u64) -> Result<bool> {
    let mentions = gate::mentions(shop, issue.number)?;
    let Some(fix) = freshness::newest_fix(&mentions, issue) else { return Ok(false) };
    let permit = ClosePermit::judge(shop.settings.closing, Some(&fix.commit));
    let Some(permit) = permit.filter(|_| !issue.has_label(&shop.settings.labels.reopened)) else { return Ok(false) };
    if opened_again(shop, issue, fix)? {
        return Ok(false);
    }
    let about = About { issue, assessment: None, now: shop.now() };
    let body = report::closed(&shop.settings.templates, about, pull, &fix.commit);
    shop.perform(&Act::Comment { on: issue.number, step: Step::Closed, body }).map_err(Stop::into_error)?;
    shop.perform(&Act::CloseIssue { issue: issue.number, permit }).map_err(Stop::into_error)?;
    Ok(true)
}

/// Whether it was closed for this change before, by git-burn or by the forge, and people disagreed.
fn opened_again(shop: &Shop<'_>, issue: &Issue, fix: &Mention) -> Result<bool> {
    if shop.forge.keeps_history() {
        return Ok(shop.forge.reopened(issue.number)?.is_some_and(|at| at >= fix.at));
    }
    // The comment is all that tells of an earlier closing. Where there is a history it says nothing: a run that ended
    // between comment and closing left it too.
    let said = shop.forge.own_comment(issue.number, &Marker::key(issue.number, Step::Closed))?;
    Ok(said.is_some_and(|comment| comment.body.contains(fix.commit.short())))
}
