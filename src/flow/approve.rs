//! A change that the guard held, published on a person's word for exactly that change.

use super::dialogue::Proven;
use super::gate::{self, Clarity, Picked};
use super::publish;
use super::revise;
use super::shop::{Publishing, Shop, Stop};
use super::whole::{self, Support};
use super::{adopt, burn};
use crate::core::act::Act;
use crate::core::guard::{Approved, ReviewContext};
use crate::core::held::{Approval, HeldNote};
use crate::core::issue::State;
use crate::core::names::{CommitId, IssueNumber};
use crate::core::outcome::Outcome;
use crate::core::report::{About, pull};
use crate::edge::repo::Draft;

/// Publishes the held change of an issue, if `typed` names it: its first one, or a revision of its pull request, whose
/// own number will do as well.
///
/// # Errors
/// There is no such change, the digits name another one, or something broke. Every expected ending is an [`Outcome`].
pub fn approve(shop: &mut Shop<'_>, number: IssueNumber, typed: &str, by: &str) -> anyhow::Result<Outcome> {
    // Before anything is claimed or asked: there may be nothing to publish.
    let Held { issue, draft, note } = held(shop, number)?;
    let approval = Approval::given(by, typed, &draft.commit)?;
    burn::until_the_end(shop, issue, |shop, _| {
        shop.repo.check_identity()?;
        if let Some(answers) = &note.answers {
            return revise::approve(shop, &draft, &note, answers, &approval);
        }
        gate::refuse_branchless(shop)?;
        gate::refuse_uncheckable(shop)?;
        let picked = pick(shop, issue)?;
        burn::on_claim(shop, picked, |shop, picked, about| {
            adopt::refuse_replaced(shop, issue, &draft)?;
            publish_held(shop, picked, about, &note, &approval)
        })
    })
}

/// A change that waits, and whose.
struct Held {
    issue: IssueNumber,
    draft: Draft,
    note: HeldNote,
}

fn held(shop: &Shop<'_>, number: IssueNumber) -> anyhow::Result<Held> {
    let of = |issue: IssueNumber| -> anyhow::Result<Option<Held>> {
        let Some(draft) = shop.draft(issue)? else { return Ok(None) };
        Ok(HeldNote::parse(&draft.note).map(|note| Held { issue, draft, note }))
    };
    if let Some(held) = of(number)? {
        return Ok(held);
    }
    for (issue, _) in shop.repo.drafts()? {
        let held = of(issue)?;
        if let Some(held) = held.filter(|held| held.note.answers.as_ref().is_some_and(|one| one.pull == number)) {
            return Ok(held);
        }
    }
    Err(none_held(number))
}

/// The issue as it is, whatever its labels say: they say that it waits for this.
fn pick(shop: &mut Shop<'_>, number: IssueNumber) -> Result<Picked, Stop> {
    let issue = gate::read(shop, number)?;
    if issue.state == State::Closed || issue.locked {
        return Err(Outcome::NotReady { why: format!("#{number} is closed or locked") }.into());
    }
    let assessment = gate::judge(shop, &issue)?;
    let branch = gate::branch(shop, &issue, &assessment)?;
    Ok(Picked { issue, assessment, comments: Vec::new(), branch, clarity: Clarity::Clear, hints: Vec::new() })
}

fn publish_held(
    shop: &mut Shop<'_>,
    picked: &mut Picked,
    about: About<'_>,
    note: &HeldNote,
    approval: &Approval,
) -> Result<Outcome, Stop> {
    let number = picked.issue.number;
    let kept = adopt::kept(shop, picked)?.ok_or_else(|| none_held(number))?;
    let pushed = pushed(shop, picked)?;
    // What is pushed already was so while the word held: it only has to be told.
    if pushed.is_none() && note.issue != picked.issue.fingerprint().digest() {
        let why = format!(
            "#{number} was edited since the change was made for it; `git burn abort {number}`, and run it again"
        );
        return Err(Outcome::Changed { why }.into());
    }
    let base = kept.base.clone();
    let mut shop = shop.on(&base);
    let approved = judge(&shop, about, &kept, approval)?;
    let commit = pushed.map_or_else(|| commit(&shop, about, note, &approved, approval), Ok)?;
    let verified = adopt::prove_approved(&mut shop, &approved, &commit, &kept.tree)?;
    let notes = approved.waivers().iter().map(ToString::to_string).collect();
    let proven = Proven { approved, verified, claim: note.claim.clone(), notes, model: note.model.clone() };
    let outcome = match shop.settings.publishing {
        // The draft stays as it is: it can be approved again.
        Publishing::Keep => return Ok(Outcome::KeptLocal { commit, strength: proven.verified.strength() }),
        Publishing::Push => publish::publish(&mut shop, picked, about, &proven)?,
    };
    let label = shop.settings.labels.blocked.clone();
    if picked.issue.has_label(&label) {
        shop.try_perform(&Act::RemoveLabel { issue: number, label })?;
    }
    Ok(outcome)
}

fn none_held(number: IssueNumber) -> anyhow::Error {
    anyhow::anyhow!("no change of #{number} is held for a person in this clone\nhint: `git burn status` shows what is")
}

/// What an earlier run pushed on the same word, and did not live to tell of.
fn pushed(shop: &Shop<'_>, picked: &Picked) -> anyhow::Result<Option<CommitId>> {
    let Some(tip) = shop.remote_tip(picked.branch.as_str())? else { return Ok(None) };
    let (tip, draft) = (shop.repo.commit_at(&tip)?, shop.draft(picked.issue.number)?);
    Ok(draft.filter(|draft| adopt::is_made_of(&tip, draft)).map(|_| tip.id))
}

/// The guard's look with the person's word: what ends a run is refused all the same.
fn judge(shop: &Shop<'_>, about: About<'_>, kept: &adopt::Kept, approval: &Approval) -> Result<Approved, Stop> {
    let context = ReviewContext { title: &about.issue.title, body: &about.issue.body, secrets: shop.secrets };
    let support = Support { branch: &[], approval: Some(approval) };
    whole::review(shop, &kept.tree, &context, support)?.map_err(|violations| whole::refused(&violations).into())
}

/// The change as a commit of its own.
fn commit(
    shop: &Shop<'_>,
    about: About<'_>,
    note: &HeldNote,
    approved: &Approved,
    approval: &Approval,
) -> anyhow::Result<CommitId> {
    let origins = pull::Origins { model: &note.model, run: &shop.run, answers: &[], approval: Some(approval) };
    let message = pull::commit_message(&pull::subject(about, shop.subject_style), approved.change(), origins);
    Ok(shop.repo.commit(&shop.base.commit, approved, &message, shop.now())?.commit)
}
