//! Publishes what is proven: branch, pull request, report on the issue, labels, reviewer. In this order, so that what is
//! visible last is true; and every step finds what an earlier run did.

use super::dialogue::Proven;
use super::gate::{self, Picked};
use super::resume::{self, Unfinished};
use super::shop::{Mode, Publishing, Shop, Stop};
use crate::core::act::{Act, NewPull, Receipt, Ripeness, Step, is_signed};
use crate::core::checks::Strength;
use crate::core::event::Event;
use crate::core::names::IssueNumber;
use crate::core::outcome::Outcome;
use crate::core::report::{self, About, pull};
use crate::edge::forge::PullFilter;

/// Pull requests whose reviewers are counted to find whose turn it is.
const RECENT: usize = 100;

/// Brings a proven change to its reviewers.
///
/// # Errors
/// [`Stop::Ended`] when the issue changed meanwhile or the branch is taken.
pub(super) fn publish(
    shop: &mut Shop<'_>,
    picked: &Picked,
    about: About<'_>,
    proven: &Proven,
) -> Result<Outcome, Stop> {
    let (commit, strength) = (proven.verified.commit().clone(), proven.verified.strength());
    match shop.settings.publishing {
        Publishing::Keep => {
            shop.perform(&Act::KeepDraft { issue: picked.issue.number, commit: commit.clone() })?;
            return Ok(Outcome::KeptLocal { commit, strength });
        }
        Publishing::Push => gate::refuse_changed(shop, picked)?,
    }
    shop.renew_claim()?;
    shop.perform(&Act::Push { verified: proven.verified.clone(), branch: picked.branch.clone() })?;
    let opened = open_pull(shop, picked, about, proven)?;
    let reviewer = ask_for_review(shop, picked)?;
    report_proof(shop, picked, about, proven, &opened, reviewer.as_deref())?;
    relabel(shop, picked)?;
    drop_draft(shop, picked.issue.number)?;
    let url = opened.url.clone();
    shop.emit(Event::Result { issue: picked.issue.number, branch: picked.branch.clone(), url: url.clone() })?;
    Ok(Outcome::Published { branch: picked.branch.clone(), commit, pull: url, strength })
}

/// A draft that is an answer to a review stays: it is not what was published.
fn drop_draft(shop: &mut Shop<'_>, issue: IssueNumber) -> anyhow::Result<()> {
    match (shop.mode, resume::kind(shop.repo, issue)?) {
        (Mode::Real, Unfinished::Revision) => Ok(()),
        (Mode::Real, Unfinished::Change) | (Mode::DryRun, _) => shop.try_perform(&Act::DropDraft { issue }),
    }
}

fn open_pull(shop: &mut Shop<'_>, picked: &Picked, about: About<'_>, proven: &Proven) -> Result<Receipt, Stop> {
    let contents = pull::Contents {
        change: proven.approved.change(),
        verified: &proven.verified,
        claim: &proven.claim,
        notes: &proven.notes,
        model: &proven.model,
        run: &shop.run,
    };
    let body = pull::body(&shop.settings.templates, about, contents);
    let ripeness = match proven.verified.strength() {
        Strength::RedToGreen => shop.settings.ripeness,
        Strength::StaysGreen => Ripeness::Draft,
    };
    let base = gate::pull_base(shop)?.to_owned();
    let title = pull::subject(about, shop.subject_style);
    let branch = picked.branch.clone();
    shop.perform(&Act::OpenPull(NewPull { issue: picked.issue.number, branch, base, title, body, ripeness }))
}

/// Asks the one of the pool who was asked least; the owner where there is no pool. Nobody is no failure.
fn ask_for_review(shop: &mut Shop<'_>, picked: &Picked) -> anyhow::Result<Option<String>> {
    let Some(login) = next_reviewer(shop, picked)? else { return Ok(None) };
    shop.try_perform(&Act::RequestReview { branch: picked.branch.clone(), login: login.clone() })?;
    Ok(Some(login))
}

fn next_reviewer(shop: &Shop<'_>, picked: &Picked) -> anyhow::Result<Option<String>> {
    let me = shop.forge.me()?.login;
    let pool: Vec<&String> = shop.settings.reviewers.iter().filter(|login| **login != me).collect();
    if pool.is_empty() {
        let owner = match &shop.settings.owner {
            Some(owner) => owner.clone(),
            None => shop.forge.repository()?.owner,
        };
        return Ok(Some(owner).filter(|owner| !owner.is_empty() && *owner != me));
    }
    let pulls = shop.forge.pulls(PullFilter::All, RECENT)?;
    let turns = pulls.iter().filter(|pull| is_signed(&pull.body) && pull.head != picked.branch.as_str()).count();
    Ok(pool.get(turns % pool.len()).map(|login| (*login).clone()))
}

/// Brings the issue's comment with the proof up to date.
///
/// # Errors
/// It cannot be posted.
pub(super) fn report_proof(
    shop: &mut Shop<'_>,
    picked: &Picked,
    about: About<'_>,
    proven: &Proven,
    opened: &Receipt,
    reviewer: Option<&str>,
) -> Result<(), Stop> {
    let pull = match (&opened.url, opened.number) {
        (Some(url), _) => url.clone(),
        (None, Some(number)) => format!("#{number}"),
        (None, None) => "not opened yet".to_owned(),
    };
    let facts = report::Review { branch: &picked.branch, pull: &pull, reviewer };
    let change = proven.approved.change();
    let body = report::review_request(&shop.settings.templates, about, facts, &proven.verified, change);
    shop.perform(&Act::Comment { on: picked.issue.number, step: Step::Proof, body }).map(drop)
}

/// From ready to in-review; last, because it is what people look at first.
fn relabel(shop: &mut Shop<'_>, picked: &Picked) -> anyhow::Result<()> {
    let labels = &shop.settings.labels;
    move_labels(shop, picked, &labels.review, &[&labels.ready, &labels.clarify, &labels.reopened])
}

/// Removes labels that the issue has and adds one. In this order: an issue that has the new label is done, and a run
/// that was killed in between is finished by the next.
///
/// # Errors
/// Only what cannot be recorded: a label that the forge does not take is a warning.
pub(super) fn move_labels(shop: &mut Shop<'_>, picked: &Picked, add: &str, remove: &[&String]) -> anyhow::Result<()> {
    let issue = picked.issue.number;
    for label in picked.issue.labels.iter().filter(|label| remove.iter().any(|gone| gone.eq_ignore_ascii_case(label))) {
        shop.try_perform(&Act::RemoveLabel { issue, label: label.clone() })?;
    }
    if !picked.issue.has_label(add) {
        shop.try_perform(&Act::AddLabel { issue, label: add.to_owned() })?;
    }
    Ok(())
}
