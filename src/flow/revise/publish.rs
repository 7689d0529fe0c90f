//! Brings a proven answer to its reviewers: the commit on top of the branch, renewed tables, the request, the answer. In
//! this order, so that what says that a round is over comes last; and every step finds what an earlier run did.

use std::collections::BTreeMap;

use anyhow::Context;

use super::super::dialogue::Proven;
use super::super::gate;
use super::super::publish::report_proof;
use super::super::shop::{Mode, Publishing, Shop, Stop};
use super::Round;
use super::find::{Subject, commits_of_others, refuse_moved};
use crate::core::act::{Act, Receipt};
use crate::core::change::Change;
use crate::core::checks::Successor;
use crate::core::conversation::statements;
use crate::core::event::Event;
use crate::core::names::CommitId;
use crate::core::outcome::Outcome;
use crate::core::report::revision::{self, Result as Came, renewed};

/// Pushes the commit and tells everybody.
///
/// # Errors
/// [`Stop::Ended`] when the issue, the pull request or its branch changed meanwhile.
pub(super) fn publish(shop: &mut Shop<'_>, round: &Round<'_>, proven: &Proven) -> Result<Outcome, Stop> {
    let (commit, strength) = (proven.verified.commit().clone(), proven.verified.strength());
    let head = &round.branch.head.id;
    match shop.settings.publishing {
        Publishing::Keep => {
            shop.perform(&Act::KeepDraft { issue: round.picked.issue.number, commit: commit.clone() })?;
            return Ok(Outcome::KeptLocal { commit, strength });
        }
        Publishing::Push => gate::refuse_changed(shop, &round.picked)?,
    }
    refuse_moved(shop, round.subject, head)?;
    shop.renew_claim()?;
    let parents = shop.repo.commit_at(&commit)?.parents;
    let successor = Successor::judge(proven.verified.clone(), &parents, head);
    let successor = successor.context("the commit does not stand on the head of the branch")?;
    shop.perform(&Act::Advance { successor, branch: round.subject.branch.clone() })?;
    tell(shop, round, proven, head)
}

/// Tells of a commit that is on the branch already. `reviewed` is the head below it.
///
/// # Errors
/// The forge does not take it.
pub(super) fn tell(
    shop: &mut Shop<'_>,
    round: &Round<'_>,
    proven: &Proven,
    reviewed: &CommitId,
) -> Result<Outcome, Stop> {
    let Round { subject, picked, .. } = round;
    renew(shop, round, proven)?;
    let reviewer = round.wishes.reviewers.first().map(String::as_str);
    let opened = Receipt { number: Some(subject.pull.number), url: Some(subject.pull.url.clone()) };
    report_proof(shop, picked, round.about, proven, &opened, reviewer)?;
    ask_again(shop, round)?;
    let before = shop.repo.tree_of(reviewed)?;
    let step = shop.repo.change_between(&before, &proven.verified.proof().tree)?;
    let body = answer(shop, round, proven, &step);
    shop.perform(&Act::Answer { pull: subject.number, round: reviewed.clone(), body })?;
    shop.try_perform(&Act::DropDraft { issue: picked.issue.number })?;
    let url = tell_result(shop, subject)?;
    let (commit, strength) = (proven.verified.commit().clone(), proven.verified.strength());
    Ok(Outcome::Published { branch: subject.branch.clone(), commit, pull: url, strength })
}

/// The run's result: the pull request's address, unless this is a dry run.
///
/// # Errors
/// Only what cannot be recorded.
pub(super) fn tell_result(shop: &mut Shop<'_>, subject: &Subject) -> anyhow::Result<Option<String>> {
    let url = Some(subject.pull.url.clone()).filter(|url| !url.is_empty() && shop.mode == Mode::Real);
    shop.emit(Event::Result { issue: subject.issue, branch: subject.branch.clone(), url: url.clone() })?;
    Ok(url)
}

/// The pull request's own tables. A text that people have written anew is theirs.
fn renew(shop: &mut Shop<'_>, round: &Round<'_>, proven: &Proven) -> anyhow::Result<()> {
    let pull = round.subject.number;
    match renewed(&round.subject.pull.body, proven.approved.change(), &proven.verified) {
        Some(body) => shop.try_perform(&Act::EditPull { pull, body }),
        None => shop.warn(format!("the tables are gone from the text of pull request #{pull}: it stays as it is")),
    }
}

fn ask_again(shop: &mut Shop<'_>, round: &Round<'_>) -> anyhow::Result<()> {
    for login in &round.wishes.reviewers {
        shop.try_perform(&Act::RequestReview { branch: round.subject.branch.clone(), login: login.clone() })?;
    }
    Ok(())
}

fn answer(shop: &Shop<'_>, round: &Round<'_>, proven: &Proven, step: &Change) -> String {
    let (statements, _) = statements(&proven.claim);
    let notes: Vec<String> = commits_of_others(&round.branch).into_iter().chain(proven.notes.iter().cloned()).collect();
    let told = revision::Round {
        concerns: &round.wishes.concerns,
        statements: &statements,
        result: Came::Changed { step, whole: &proven.verified },
        notes: &notes,
        reviewers: &round.wishes.reviewers,
    };
    revision::answer(&shop.settings.templates, round.about, told)
}

/// Says that nothing was changed, and why: once for each head.
///
/// # Errors
/// The forge does not take it.
pub(super) fn tell_unchanged(shop: &mut Shop<'_>, round: &Round<'_>, evidence: &str) -> Result<(), Stop> {
    let told = revision::Round {
        concerns: &round.wishes.concerns,
        statements: &BTreeMap::new(),
        result: Came::Unchanged { evidence },
        notes: &[],
        reviewers: &[],
    };
    let body = revision::answer(&shop.settings.templates, round.about, told);
    let reviewed = round.branch.head.id.clone();
    shop.perform(&Act::Answer { pull: round.subject.number, round: reviewed, body }).map(drop)
}
