//! One issue, from reading it to the report: the spine of the program.

use super::adopt::{self, Earlier};
use super::asking::Asker;
use super::briefing;
use super::dialogue::{Dialogue, Footing, Start};
use super::gate::{self, Picked};
use super::prove::Prover;
use super::publish::{self, move_labels};
use super::reopened;
use super::shop::{Shop, Stop};
use crate::core::act::{Act, Step};
use crate::core::budget::Spent;
use crate::core::conversation::feedback;
use crate::core::event::Event;
use crate::core::freshness::Insistence;
use crate::core::names::{IssueNumber, TreeId};
use crate::core::outcome::Outcome;
use crate::core::report::{self, About, Ending, Told, pull};
use crate::core::task::{TASK, Task};

/// Works on one issue until it is published or cannot be.
///
/// # Errors
/// Something broke. Every expected ending is an [`Outcome`].
pub fn burn(shop: &mut Shop<'_>, number: IssueNumber, insistence: Insistence) -> anyhow::Result<Outcome> {
    shop.tape.note(TASK, &Task::of_issue(number, insistence));
    until_the_end(shop, number, |shop, spent| {
        shop.repo.check_identity()?;
        gate::refuse_branchless(shop)?;
        let picked = gate::pick(shop, number, insistence)?;
        on_claim(shop, picked, |shop, picked, about| attempt(shop, picked, about, insistence, spent))
    })
}

/// Does some work on an issue, and tells how it ended and what it cost.
///
/// # Errors
/// Something broke.
pub(super) fn until_the_end(
    shop: &mut Shop<'_>,
    number: IssueNumber,
    work: impl FnOnce(&mut Shop<'_>, &mut Spent) -> Result<Outcome, Stop>,
) -> anyhow::Result<Outcome> {
    shop.begin();
    let mut spent = Spent::default();
    let outcome = match work(shop, &mut spent) {
        Ok(outcome) | Err(Stop::Ended(outcome)) => outcome,
        Err(Stop::Broke(error)) => return Err(error),
    };
    tell_finished(shop, number, &outcome, &spent)?;
    Ok(outcome)
}

/// Tells how the work on an issue ended and what it cost.
pub(super) fn tell_finished(
    shop: &mut Shop<'_>,
    issue: IssueNumber,
    outcome: &Outcome,
    spent: &Spent,
) -> anyhow::Result<()> {
    shop.emit(Event::IssueFinished {
        issue,
        reason: outcome.sentence(),
        outcome: outcome.clone(),
        turns: spent.turns,
        tokens: spent.tokens(),
        cost: Some(spent.cost),
        seconds: shop.time_used().as_secs_f64(),
    })
}

/// Does something with an issue's claim held, which is given back whatever happens.
///
/// # Errors
/// [`Stop::Ended`] when somebody else has it; [`Stop::Broke`] otherwise.
pub(super) fn claimed<T>(
    shop: &mut Shop<'_>,
    issue: IssueNumber,
    work: impl FnOnce(&mut Shop<'_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    shop.perform(&Act::Claim { issue })?;
    let result = work(shop);
    shop.try_perform(&Act::Release { issue })?;
    result
}

/// Does the work with the issue's claim held, which is given back whatever happens, and says on the issue how it ended.
///
/// # Errors
/// [`Stop::Ended`] when somebody else has it; [`Stop::Broke`] otherwise.
pub(super) fn on_claim(
    shop: &mut Shop<'_>,
    mut picked: Picked,
    work: impl FnOnce(&mut Shop<'_>, &mut Picked, About<'_>) -> Result<Outcome, Stop>,
) -> Result<Outcome, Stop> {
    announce(shop, &picked)?;
    let (issue, assessment) = (picked.issue.clone(), picked.assessment.clone());
    let about = About { issue: &issue, assessment: Some(&assessment), now: shop.now() };
    claimed(shop, issue.number, |shop| match work(shop, &mut picked, about) {
        Err(Stop::Ended(outcome)) => tell_ending(shop, &picked, about, &outcome).map(|()| outcome),
        other => other,
    })
}

fn announce(shop: &mut Shop<'_>, picked: &Picked) -> anyhow::Result<()> {
    let Picked { issue, assessment, .. } = picked;
    shop.emit(Event::IssueStarted {
        issue: issue.number,
        title: issue.title.clone(),
        url: issue.url.clone(),
        kind: assessment.kind.to_string(),
        score: u32::from(assessment.total),
    })?;
    let branch = shop.base.branch.clone().unwrap_or_default();
    shop.emit(Event::BaseChosen { branch, commit: shop.base.commit.clone() })
}

/// The work itself: finish what an earlier run pushed, or begin.
fn attempt(
    shop: &mut Shop<'_>,
    picked: &mut Picked,
    about: About<'_>,
    insistence: Insistence,
    spent: &mut Spent,
) -> Result<Outcome, Stop> {
    if let gate::Clarity::Unclear(questions) = &picked.clarity {
        return Err(Outcome::NeedsClarification { questions: questions.clone() }.into());
    }
    gate::refuse_changed(shop, picked)?;
    gate::refuse_uncheckable(shop)?;
    if let Some(earlier) = adopt::earlier(shop, picked, insistence)? {
        return finish(shop, picked, about, earlier);
    }
    gate::refuse_stale(shop, picked, insistence)?;
    reopened::look_back(shop, picked, about, insistence)?;
    let Some(draft) = adopt::draft(shop, picked)? else { return begin(shop, picked, about, spent, None) };
    let mut shop = shop.on(&draft.base);
    match adopt::finished(&mut shop, about, &draft, Vec::new())? {
        Some(proven) => publish::publish(&mut shop, picked, about, &proven),
        None => begin(&mut shop, picked, about, spent, Some(draft.tree)),
    }
}

/// Asks a model, from the base or from a draft that an earlier run left.
fn begin(
    shop: &mut Shop<'_>,
    picked: &Picked,
    about: About<'_>,
    spent: &mut Spent,
    draft: Option<TreeId>,
) -> Result<Outcome, Stop> {
    let asker = Asker::ready(shop)?;
    let prover = Prover::rehearsed(shop)?;
    let brief = briefing::prepare(shop, picked)?;
    let analysis = report::analysis(
        &shop.settings.templates,
        about,
        &shop.base.commit,
        brief.findings(&picked.hints),
        &shop.settings.checks,
    );
    shop.perform(&Act::Comment { on: picked.issue.number, step: Step::Analysis, body: analysis })?;
    let mut opening = brief.opening;
    feedback::red_before(prover.base_results(), &shop.nonce).into_iter().for_each(|red| opening.push(red));
    let start = Start {
        opening,
        shown: brief.shown,
        subject: pull::subject(about, shop.subject_style),
        demand: picked.issue.body.clone(),
        footing: Footing::base(shop.base),
        prover,
    };
    let mut dialogue = Dialogue::new(shop, about, spent, start, asker);
    if let Some(draft) = draft {
        dialogue.resume(draft)?;
    }
    let proven = dialogue.run()?;
    publish::publish(shop, picked, about, &proven)
}

/// Brings the branch that an earlier run pushed to its reviewers.
fn finish(shop: &mut Shop<'_>, picked: &Picked, about: About<'_>, earlier: Earlier) -> Result<Outcome, Stop> {
    adopt::refuse_approved(shop, picked.issue.number, &earlier.commit)?;
    let proven = adopt::prove_again(shop, about, earlier)?;
    publish::publish(shop, picked, about, &proven)
}

/// Says on the issue how it ended, where that helps somebody.
fn tell_ending(shop: &mut Shop<'_>, picked: &Picked, about: About<'_>, outcome: &Outcome) -> Result<(), Stop> {
    let Some(told) = Told::of(outcome) else { return Ok(()) };
    let (templates, labels) = (&shop.settings.templates, &shop.settings.labels);
    let (step, body) = match told {
        Told::Questions(questions) => {
            (Step::Clarify, report::clarification(templates, about, questions, &labels.ready))
        }
        Told::Fixed(evidence) => {
            (Step::AlreadyFixed, report::already_fixed(templates, about, std::slice::from_ref(evidence), &labels.ready))
        }
        Told::Stopped(why) => (why.ending.step(), report::ending(templates, about, why, way_out(why.ending))),
    };
    shop.perform(&Act::Comment { on: picked.issue.number, step, body })?;
    match told {
        Told::Questions(_) => Ok(move_labels(shop, picked, &labels.clarify, &[&labels.ready])?),
        // What failed as well: the next scheduled run would only pay for the same again.
        Told::Stopped(_) => Ok(move_labels(shop, picked, &labels.blocked, &[&labels.ready])?),
        Told::Fixed(_) => Ok(()),
    }
}

fn way_out(ending: Ending) -> &'static str {
    match ending {
        Ending::Failed => "Make the ticket more precise, or take it over by hand.",
        Ending::Held => "Decide, then remove the label that holds it and add the ready label again.",
    }
}
