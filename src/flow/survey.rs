//! The whole backlog, read and judged: what triage, `next`, sprints, `list` and `status` go by.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::replies::recent_overrides;
use super::shop::Shop;
use super::sprint::Candidate;
use crate::core::issue::{Issue, Pick};
use crate::core::names::{IssueNumber, Timestamp};
use crate::core::triage::{Assessment, Order, Override, Rules, Surroundings, assess, order, summary_day};
use crate::edge::forge::Forge;

/// Issues that are read at most.
pub const MOST: usize = 10_000;

/// The open issues, judged.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Without git-burn's own summaries.
    pub issues: Vec<Issue>,
    /// Of the issues at the same place.
    pub assessments: Vec<Assessment>,
    pub order: Order,
    /// All open issues, also those that were not picked: what an issue may depend on.
    pub open: BTreeSet<IssueNumber>,
    /// What may be missing, for people.
    pub remarks: Vec<String>,
    /// git-burn's own summaries that are open.
    pub summaries: Vec<Issue>,
    /// What people with write access replied lately.
    pub overrides: BTreeMap<IssueNumber, Override>,
}

/// Reads and judges all open issues; `pick` narrows the result, but not what counts as an open dependency.
///
/// # Errors
/// The forge cannot be read.
pub fn survey(forge: &Forge, pick: &Pick, rules: &Rules, now: Timestamp) -> Result<Survey> {
    let listing = forge.issues(&Pick::default(), MOST)?;
    let open: BTreeSet<IssueNumber> = listing.issues.iter().map(|issue| issue.number).collect();
    let discussed = listing.issues.iter().filter(|issue| issue.comments > 0).map(|issue| issue.number).collect();
    let overrides = recent_overrides(forge, &discussed, now)?;
    let around = Surroundings { open, overrides, ..Surroundings::default() };
    let (summaries, issues): (Vec<Issue>, Vec<Issue>) =
        listing.issues.into_iter().partition(|issue| summary_day(issue).is_some());
    let issues: Vec<Issue> = issues.into_iter().filter(|issue| pick.admits(issue)).collect();
    let assessments: Vec<Assessment> = issues.iter().map(|issue| assess(issue, rules, &around, now)).collect();
    Ok(Survey {
        order: order(&assessments),
        open: around.open,
        summaries,
        overrides: around.overrides,
        issues,
        assessments,
        remarks: listing.remarks,
    })
}

/// As [`survey`], by the settings of a run, which tells what may be missing.
///
/// # Errors
/// The forge cannot be read.
pub(super) fn survey_and_tell(shop: &mut Shop<'_>, pick: &Pick) -> Result<Survey> {
    let survey = survey(shop.forge, pick, &shop.settings.rules, shop.now())?;
    for remark in &survey.remarks {
        shop.warn(remark.as_str())?;
    }
    Ok(survey)
}

impl Survey {
    /// How many issues could be worked on.
    pub fn ready(&self) -> usize {
        self.assessments.iter().filter(|assessment| assessment.readiness.is_workable()).count()
    }

    /// All of them, best first.
    pub fn ranked(&self) -> impl Iterator<Item = &Assessment> {
        self.order.indices.iter().map(|index| &self.assessments[*index])
    }

    /// What a sprint looks at, best first: what is ready, and what people have to be asked about.
    pub fn candidates(&self) -> Vec<Candidate> {
        let worth = self.ranked().filter(|one| one.readiness.is_workable() || one.readiness.is_unclear());
        worth.map(|one| Candidate { issue: one.number, title: one.title.clone() }).collect()
    }
}
