//! Answers a review: what people want of a pull request of git-burn's becomes a new commit on top of its branch.
//!
//! The branch only grows, by a plain push. Commits that others pushed to it stay and are built upon: who may push to a
//! branch of git-burn's may push to the repository. What a round answers stands in its commit's trailer and in its
//! comment, so that nothing is answered twice.

mod find;
mod held;
mod publish;
mod talk;
mod wishes;

use super::adopt;
use super::asking::Asker;
use super::burn;
use super::dialogue::{Dialogue, Proven};
use super::gate::{self, Clarity, Picked};
use super::shop::{Shop, Stop};
use crate::core::act::{Act, Step};
use crate::core::budget::Spent;
use crate::core::event::Event;
use crate::core::guard::ReviewContext;
use crate::core::issue::Issue;
use crate::core::names::{IssueNumber, TreeId};
use crate::core::outcome::Outcome;
use crate::core::report::{self, About, Ending, Told, revision};
use crate::core::review;
use crate::core::task::{TASK, Task};

use self::find::{Branch, Subject};
use self::wishes::{Untold, Wishes};

pub(super) use self::held::approve;

/// One round of review on its way through the flow.
struct Round<'r> {
    subject: &'r Subject,
    branch: Branch,
    picked: Picked,
    about: About<'r>,
    wishes: Wishes,
}

/// How a round came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revised {
    /// Nobody who is heard wants anything that was not answered.
    Nothing {
        why: String,
    },
    Ended(Outcome),
}

/// Answers what reviewers of a pull request want; `number` is its own or that of its issue.
///
/// # Errors
/// Something broke. Every expected ending is an [`Outcome`].
pub fn revise(shop: &mut Shop<'_>, number: IssueNumber) -> anyhow::Result<Revised> {
    shop.tape.note(TASK, &Task::Revise { number });
    shop.begin();
    let (mut spent, mut issue) = (Spent::default(), number);
    let outcome = match work(shop, number, &mut issue, &mut spent) {
        Ok(Revised::Nothing { why }) => return Ok(Revised::Nothing { why }),
        Ok(Revised::Ended(outcome)) | Err(Stop::Ended(outcome)) => outcome,
        Err(Stop::Broke(error)) => return Err(error),
    };
    burn::tell_finished(shop, issue, &outcome, &spent)?;
    Ok(Revised::Ended(outcome))
}

fn work(
    shop: &mut Shop<'_>,
    number: IssueNumber,
    issue_number: &mut IssueNumber,
    spent: &mut Spent,
) -> Result<Revised, Stop> {
    shop.repo.check_identity()?;
    let subject = find::subject(shop, number)?;
    *issue_number = subject.issue;
    let issue = find::issue(shop, subject.issue)?;
    let branch = find::branch(shop, &subject)?;
    let wishes = wishes::read(shop, &subject, &issue, &branch, Untold::First)?;
    if let Some(why) = wishes.nothing {
        shop.emit(Event::IssueSkipped { issue: subject.issue, reason: why.clone() })?;
        return Ok(Revised::Nothing { why });
    }
    on_claim(shop, Matter { subject, issue, branch, wishes }, |shop, round| attempt(shop, round, spent))
        .map(Revised::Ended)
}

/// What a round is about, as it was read.
struct Matter {
    subject: Subject,
    issue: Issue,
    branch: Branch,
    wishes: Wishes,
}

/// Works on a round with the issue's claim held, which is given back whatever happens, and says on the pull request how
/// it ended. The shop that the work is given stands where the branch begins.
fn on_claim(
    shop: &mut Shop<'_>,
    matter: Matter,
    work: impl FnOnce(&mut Shop<'_>, &Round<'_>) -> Result<Outcome, Stop>,
) -> Result<Outcome, Stop> {
    let Matter { subject, issue, branch, wishes } = matter;
    gate::refuse_uncheckable(shop)?;
    let picked = picked(shop, &subject, issue.clone())?;
    let assessment = picked.assessment.clone();
    let about = About { issue: &issue, assessment: Some(&assessment), now: shop.now() };
    let base = branch.base.clone();
    let round = Round { subject: &subject, branch, picked, about, wishes };
    announce(shop, &round)?;
    burn::claimed(&mut shop.on(&base), subject.issue, |shop| match work(shop, &round) {
        Err(Stop::Ended(outcome)) => tell_ending(shop, &round, &outcome).map(|()| outcome),
        other => other,
    })
}

/// The issue as it would be picked, although its label says that it is in review.
fn picked(shop: &Shop<'_>, subject: &Subject, issue: Issue) -> anyhow::Result<Picked> {
    let assessment = gate::judge(shop, &issue)?;
    let comments = gate::heard(shop, &issue, shop.forge.comments(issue.number)?)?;
    let branch = subject.branch.clone();
    Ok(Picked { issue, assessment, comments, branch, clarity: Clarity::Clear, hints: Vec::new() })
}

fn announce(shop: &mut Shop<'_>, round: &Round<'_>) -> anyhow::Result<()> {
    let Round { subject, branch, picked, wishes, .. } = round;
    shop.emit(Event::IssueStarted {
        issue: subject.issue,
        title: picked.issue.title.clone(),
        url: subject.pull.url.clone(),
        kind: picked.assessment.kind.to_string(),
        score: u32::from(picked.assessment.total),
    })?;
    let (base, commit) = (branch.base.branch.clone().unwrap_or_default(), branch.base.commit.clone());
    shop.emit(Event::BaseChosen { branch: base, commit })?;
    let points = wishes.concerns.iter().map(|concern| {
        let place = concern.place.as_ref().map_or_else(|| "the whole".to_owned(), ToString::to_string);
        let who = concern.said.last().map_or("ghost", |said| &said.author);
        format!("{who}, {place} ({})", review::listed(&concern.keys))
    });
    let (pull, head, points) = (subject.number, branch.head.id.clone(), points.collect());
    shop.emit(Event::ReviewRead { pull, head, points })?;
    for other in find::commits_of_others(branch) {
        shop.warn(other)?;
    }
    Ok(())
}

/// The work itself: tell of what an earlier run pushed, or publish what it kept, or ask a model.
fn attempt(shop: &mut Shop<'_>, round: &Round<'_>, spent: &mut Spent) -> Result<Outcome, Stop> {
    find::refuse_moved(shop, round.subject, &round.branch.head.id)?;
    if let Some(reviewed) = &round.wishes.untold {
        adopt::refuse_approved(shop, round.subject.issue, &round.branch.head)?;
        let earlier = adopt::of_commit(&round.branch.head, shop.base, round.branch.line(&round.branch.head.id));
        let earlier = earlier.ok_or_else(|| anyhow::anyhow!("the head commit has lost its trailers"))?;
        let asked = with_demand(round);
        let proven = adopt::prove_again(shop, About { issue: &asked, ..round.about }, earlier)?;
        return publish::tell(shop, round, &proven, reviewed);
    }
    let kept = held::kept(shop, round)?;
    if let Some(kept) = &kept
        && let Some(proven) = finished(shop, round, kept)?
    {
        return publish::publish(shop, round, &proven);
    }
    let Round { subject, branch, picked, about, wishes } = round;
    let asker = Asker::ready(shop)?;
    let start = talk::start(shop, picked, *about, subject, branch, &wishes.concerns)?;
    let mut dialogue = Dialogue::new(shop, *about, spent, start, asker);
    if let Some(kept) = kept {
        dialogue.resume(kept.tree)?;
    }
    let proven = dialogue.run()?;
    publish::publish(shop, round, &proven)
}

/// What an earlier run kept, if it answers just this round and the guard and the checks let it pass now.
fn finished(shop: &mut Shop<'_>, round: &Round<'_>, kept: &adopt::Kept) -> Result<Option<Proven>, Stop> {
    let answers: Vec<_> = review::answered_by(&kept.commit.message).into_iter().collect();
    let mut wanted = talk::keys(&round.wishes.concerns);
    wanted.sort_unstable();
    if answers != wanted || !step_passes(shop, round, &kept.tree)? {
        return Ok(None);
    }
    let asked = with_demand(round);
    let branch = round.branch.line(&round.branch.head.id);
    adopt::finished(shop, About { issue: &asked, ..round.about }, kept, branch)
}

/// The guard's word on the step alone; the whole is judged where it is proven.
fn step_passes(shop: &Shop<'_>, round: &Round<'_>, tree: &TreeId) -> anyhow::Result<bool> {
    let step = shop.repo.change_between(&round.branch.head.tree, tree)?;
    let asked = with_demand(round);
    let context = ReviewContext { title: &asked.title, body: &asked.body, secrets: shop.secrets };
    Ok(shop.settings.policy.review(step, &context).is_ok())
}

/// The issue with the reviewers' words, for decisions that depend on what people ask for.
fn with_demand(round: &Round<'_>) -> Issue {
    let issue = round.about.issue;
    Issue { body: talk::demand(&issue.body, &round.wishes.concerns), ..issue.clone() }
}

/// Says on the pull request how it ended, where that helps somebody.
fn tell_ending(shop: &mut Shop<'_>, round: &Round<'_>, outcome: &Outcome) -> Result<(), Stop> {
    let Some(told) = Told::of(outcome) else { return Ok(()) };
    let stopped = match told {
        Told::Questions(questions) => {
            let body = revision::questions(round.about, &round.wishes.concerns, questions);
            return shop.perform(&Act::Comment { on: round.subject.number, step: Step::Clarify, body }).map(drop);
        }
        Told::Fixed(evidence) => return publish::tell_unchanged(shop, round, evidence),
        Told::Stopped(stopped) => stopped,
    };
    let way_out = match stopped.ending {
        Ending::Failed => "Push what is wanted to the branch by hand, or say more precisely what it is.",
        Ending::Held => {
            "Decide in the clone that made it, push what is wanted to the branch by hand, or say more precisely what it is."
        }
    };
    let body = report::ending(&shop.settings.templates, round.about, stopped, way_out);
    shop.perform(&Act::Comment { on: round.subject.number, step: stopped.ending.step(), body }).map(drop)
}
