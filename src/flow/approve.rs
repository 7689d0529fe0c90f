//! A change that the guard held, published on a person's word for exactly that change.

use super::dialogue::Proven;
use super::gate::{self, Clarity, Picked};
use super::prove::{Prover, Verdict};
use super::publish;
use super::shop::{Shop, Stop};
use super::{adopt, burn};
use crate::core::act::Act;
use crate::core::guard::ReviewContext;
use crate::core::held::{Approval, HeldNote};
use crate::core::issue::State;
use crate::core::names::IssueNumber;
use crate::core::outcome::Outcome;
use crate::core::report::{About, pull};

/// Publishes the held change of an issue, if `typed` names it.
///
/// # Errors
/// There is no such change, the digits name another one, or something broke. Every expected ending is an [`Outcome`].
pub fn approve(shop: &mut Shop<'_>, number: IssueNumber, typed: &str, by: &str) -> anyhow::Result<Outcome> {
    burn::until_the_end(shop, number, |shop, _| {
        shop.repo.check_identity()?;
        let picked = pick(shop, number)?;
        // Nothing to publish: the issue is not claimed for that.
        shop.draft(number)?.ok_or_else(|| none_held(number))?;
        burn::on_claim(shop, picked, |shop, picked, about| publish_held(shop, picked, about, typed, by))
    })
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
    typed: &str,
    by: &str,
) -> Result<Outcome, Stop> {
    let number = picked.issue.number;
    let none = || none_held(number);
    let kept = adopt::kept(shop, picked)?.ok_or_else(none)?;
    let note = HeldNote::parse(&kept.commit.message).ok_or_else(none)?;
    let approval = Approval::given(by, typed, &kept.commit.id).map_err(anyhow::Error::from)?;
    if note.issue != picked.issue.fingerprint().digest() {
        let why =
            format!("#{number} was edited since the change was made for it; git burn abort {number}, and run it again");
        return Err(Outcome::Changed { why }.into());
    }
    let base = kept.base.clone();
    let mut shop = shop.on(&base);
    let proven = prove(&mut shop, about, &kept, &note, &approval)?;
    let outcome = publish::publish(&mut shop, picked, about, &proven)?;
    let label = shop.settings.labels.blocked.clone();
    if picked.issue.has_label(&label) {
        shop.try_perform(&Act::RemoveLabel { issue: number, label })?;
    }
    Ok(outcome)
}

fn none_held(number: IssueNumber) -> anyhow::Error {
    anyhow::anyhow!("no change of #{number} is held for a person here\nhint: git burn status")
}

/// The change as a commit of its own, judged with the person's word and proven by the checks like any other.
fn prove(
    shop: &mut Shop<'_>,
    about: About<'_>,
    kept: &adopt::Kept,
    note: &HeldNote,
    approval: &Approval,
) -> Result<Proven, Stop> {
    let change = shop.repo.change_between(&shop.base.tree, &kept.tree)?;
    let context = ReviewContext { title: &about.issue.title, body: &about.issue.body, secrets: shop.secrets };
    let approved = shop.settings.policy.review_with(change, &context, approval).map_err(|violations| {
        let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
        Outcome::Refused { violations: lines }
    })?;
    let origins = pull::Origins { model: &note.model, run: &shop.run, answers: &[] };
    let message = pull::commit_message(&pull::subject(about, shop.subject_style), approved.change(), origins);
    let base = shop.base.commit.clone();
    let committed = shop.repo.commit(&base, &approved, &message, shop.now())?;
    let checks = shop.settings.checks.clone();
    match Prover::new(&checks).prove(shop, &committed.commit, &committed.tree, &approved)? {
        Verdict::Proven(verified) => {
            let notes = approved.waivers().iter().map(ToString::to_string).collect();
            Ok(Proven { approved, verified, claim: String::new(), notes, model: note.model.clone() })
        }
        Verdict::Red(results) => Err(Outcome::ChecksRed { checks: super::dialogue::red_names(&results) }.into()),
    }
}
