//! Finishes what an earlier run pushed but did not live to report: the same commit is judged and proven again, no model
//! is asked.

use super::dialogue::{Proven, red_names};
use super::gate::Picked;
use super::prove::{Prover, Verdict};
use super::shop::{Shop, Stop};
use super::whole::{self, Support};
use crate::core::act::{Marker, Step};
use crate::core::checks::Verified;
use crate::core::freshness::Insistence;
use crate::core::guard::{Approved, ReviewContext};
use crate::core::held::HeldNote;
use crate::core::issue::PullState;
use crate::core::names::{BurnBranch, CommitId, IssueNumber, TreeId};
use crate::core::outcome::Outcome;
use crate::core::report::About;
use crate::core::report::pull::{is_ours, model_of};
use crate::edge::repo::{Base, Commit, Draft};

/// A commit of git-burn's that an earlier run pushed.
pub(super) struct Earlier {
    pub commit: Commit,
    model: String,
    /// What it was made on, and is proven against: the base branch may have moved since.
    pub base: Base,
    /// Published commits whose people's words count for it, newest first.
    pub branch: Vec<Commit>,
}

/// The commit of an earlier run whose branch is on the remote; `None`: there is no such branch.
///
/// # Errors
/// [`Stop::Ended`] when the branch is somebody else's; [`Stop::Broke`] when the remote does not answer.
pub(super) fn earlier(shop: &Shop<'_>, picked: &Picked, insistence: Insistence) -> Result<Option<Earlier>, Stop> {
    let Some(tip) = shop.remote_tip(picked.branch.as_str())? else { return Ok(None) };
    let commit = shop.repo.commit_at(&tip)?;
    refuse_answered(shop, picked, insistence)?;
    let base = match commit.parents.as_slice() {
        [parent] if is_ours(&commit.message) && is_on_base(shop, parent) => parent.clone(),
        [] | [_] | [_, ..] => {
            return Err(Outcome::Taken { by: taken(shop, picked, &tip)? }.into());
        }
    };
    let model = model_of(&commit.message).unwrap_or_default().to_owned();
    Ok(Some(Earlier { commit, model, base: shop.base_at(base)?, branch: Vec::new() }))
}

/// What a branch is that holds something else than one commit of git-burn's.
fn taken(shop: &Shop<'_>, picked: &Picked, tip: &CommitId) -> anyhow::Result<String> {
    let (branch, number) = (&picked.branch, picked.issue.number);
    Ok(match own_part(shop, tip)? {
        Some(_) => format!("the branch {branch} has grown: `git burn revise {number}` works on it"),
        None => format!("the branch {branch} exists on the remote and is not git-burn's"),
    })
}

/// Commits of one branch that are looked through.
const COMMITS: usize = 200;

/// Where a branch leaves the base branch, if it is not merged and git-burn made some of it.
fn own_part(shop: &Shop<'_>, tip: &CommitId) -> anyhow::Result<Option<CommitId>> {
    let fork = shop.repo.merge_base(tip, &shop.base.commit)?;
    let commits = shop.repo.commits_between(&fork, tip, COMMITS)?;
    Ok(commits.iter().any(|commit| is_ours(&commit.message)).then_some(fork))
}

/// The head of a branch of git-burn's that is not merged yet, and where it leaves the base branch.
///
/// # Errors
/// The remote does not answer.
pub(super) fn unmerged(shop: &Shop<'_>, branch: &BurnBranch) -> anyhow::Result<Option<(Commit, Base)>> {
    let Some(tip) = shop.remote_tip(branch.as_str())? else { return Ok(None) };
    let commit = shop.repo.commit_at(&tip)?;
    let Some(fork) = own_part(shop, &tip)? else { return Ok(None) };
    Ok(Some((commit, shop.base_at(fork)?)))
}

/// A pull request of that branch that is merged or closed has had its answer, and one that is open with its report is
/// waiting for it: nobody picks it again.
fn refuse_answered(shop: &Shop<'_>, picked: &Picked, insistence: Insistence) -> Result<(), Stop> {
    let base = shop.base.branch.as_deref().unwrap_or_default();
    let pull = shop.forge.pull_for_branch(picked.branch.as_str(), base).map_err(anyhow::Error::from)?;
    let Some(pull) = pull else { return Ok(()) };
    match (pull.state, insistence) {
        (PullState::Open, Insistence::Named) => Ok(()),
        (PullState::Open, Insistence::Picked) => refuse_reported(shop, picked, pull.number),
        (PullState::Merged, _) => {
            Err(Outcome::AlreadyFixed { evidence: format!("pull request #{} was merged", pull.number) }.into())
        }
        (PullState::Refused, _) => {
            let why = format!(
                "pull request #{} was closed without merging; delete the branch {} to let it be tried again",
                pull.number, picked.branch
            );
            Err(Outcome::NotReady { why }.into())
        }
    }
}

fn refuse_reported(shop: &Shop<'_>, picked: &Picked, pull: u64) -> Result<(), Stop> {
    let number = picked.issue.number;
    let report = shop.forge.own_comment(number, &Marker::key(number, Step::Proof)).map_err(anyhow::Error::from)?;
    match report {
        Some(_) => Err(Outcome::NotReady { why: format!("its pull request #{pull} waits for review") }.into()),
        None => Ok(()),
    }
}

/// Whether a commit is on the base branch: what stands below a pushed commit would come into the pull request unseen.
fn is_on_base(shop: &Shop<'_>, commit: &CommitId) -> bool {
    shop.repo.merge_base(commit, &shop.base.commit).is_ok_and(|found| found == *commit)
}

/// What an earlier run kept here, on the base that it was made on.
pub(super) struct Kept {
    pub commit: Commit,
    pub base: Base,
    pub tree: TreeId,
}

/// What can be gone on with. A change that waits for a person's decision is left alone while the issue is the same.
///
/// # Errors
/// [`Stop::Ended`] when it waits; [`Stop::Broke`] when it cannot be read.
pub(super) fn draft(shop: &mut Shop<'_>, picked: &Picked) -> Result<Option<Kept>, Stop> {
    let Some(kept) = kept(shop, picked)? else { return Ok(None) };
    let Some(note) = HeldNote::parse(&kept.commit.message) else { return Ok(Some(kept)) };
    if note.issue == picked.issue.fingerprint().digest() {
        return Err(Outcome::Held { why: note.reason(picked.issue.number, &kept.commit.id) }.into());
    }
    let id = kept.commit.id.short();
    shop.warn(format!("the change {id} that was held is not used: the issue was edited since"))?;
    Ok(None)
}

/// The issue's draft, if its base is still part of the base branch.
///
/// # Errors
/// It cannot be read.
pub(super) fn kept(shop: &mut Shop<'_>, picked: &Picked) -> anyhow::Result<Option<Kept>> {
    let Some(Draft { commit, base, tree, .. }) = shop.draft(picked.issue.number)? else { return Ok(None) };
    if !is_on_base(shop, &base) {
        shop.warn(format!(
            "the draft {} was made on {}, which the base branch no longer has: not used",
            commit.short(),
            base.short()
        ))?;
        return Ok(None);
    }
    Ok(Some(Kept { commit: shop.repo.commit_at(&commit)?, base: shop.base_at(base)?, tree }))
}

/// Looks again whether a change is still the one that is kept, when nobody else works on the issue any more: a person's
/// word is for that one.
///
/// # Errors
/// [`Stop::Ended`] when another one, or none, is kept by now.
pub(super) fn refuse_replaced(shop: &Shop<'_>, issue: IssueNumber, seen: &Draft) -> Result<(), Stop> {
    let now = shop.repo.draft(issue)?;
    if now.is_some_and(|now| now.commit == seen.commit) {
        return Ok(());
    }
    let id = seen.commit.short();
    let why = format!(
        "another run dropped or replaced the change {id} of #{issue} meanwhile: `git burn status` shows what is held"
    );
    Err(Outcome::Changed { why }.into())
}

/// Whether a commit was made of that draft on a person's word: the same tree on the same parent, with other trailers.
pub(super) fn is_made_of(commit: &Commit, draft: &Draft) -> bool {
    is_ours(&commit.message) && commit.parents == [draft.base.clone()] && commit.tree == draft.tree
}

/// The checks' word on a change that a person let pass.
///
/// # Errors
/// [`Stop::Ended`] when they are red.
pub(super) fn prove_approved(
    shop: &mut Shop<'_>,
    approved: &Approved,
    commit: &CommitId,
    tree: &TreeId,
) -> Result<Verified, Stop> {
    match Prover::new(&shop.settings.checks).prove(shop, commit, tree, approved)? {
        Verdict::Proven(verified) => Ok(verified),
        Verdict::Red(results) => Err(Outcome::ChecksRed { checks: red_names(&results) }.into()),
    }
}

/// A held change that was approved and pushed, but not told of, is only finished by the same word: the guard would
/// refuse it anew.
///
/// # Errors
/// [`Stop::Ended`] when the commit is such a change.
pub(super) fn refuse_approved(shop: &Shop<'_>, issue: IssueNumber, commit: &Commit) -> Result<(), Stop> {
    let Some(draft) = shop.draft(issue)? else { return Ok(()) };
    if HeldNote::parse(&draft.note).is_none() || !is_made_of(commit, &draft) {
        return Ok(());
    }
    let (id, pushed) = (draft.commit.short(), commit.id.short());
    let why = format!(
        "the approved change is pushed as {pushed}, but not told of yet; finish it: `git burn approve {issue} {id}`"
    );
    Err(Outcome::Held { why }.into())
}

/// A commit of git-burn's on that base, with that branch, to be proven again; `None`: somebody else made it.
pub(super) fn of_commit(commit: &Commit, base: &Base, branch: Vec<Commit>) -> Option<Earlier> {
    let model = model_of(&commit.message).filter(|_| is_ours(&commit.message))?.to_owned();
    Some(Earlier { commit: commit.clone(), model, base: base.clone(), branch })
}

/// The draft as a proven change, if it is one: a whole commit on that branch that the guard and the checks let pass now.
///
/// # Errors
/// Something broke.
pub(super) fn finished(
    shop: &mut Shop<'_>,
    about: About<'_>,
    kept: &Kept,
    branch: Vec<Commit>,
) -> Result<Option<Proven>, Stop> {
    let Some(earlier) = of_commit(&kept.commit, &kept.base, branch) else { return Ok(None) };
    match prove_again(shop, about, earlier) {
        Ok(proven) => Ok(Some(proven)),
        Err(Stop::Ended(Outcome::Held { why })) => {
            shop.warn(format!("the draft is not published as it is: {why}"))?;
            Ok(None)
        }
        Err(stop) => Err(stop),
    }
}

/// Judges and proves it as if it had just been made, on what it was made on.
///
/// # Errors
/// [`Stop::Ended`] when it does not stand up any more.
pub(super) fn prove_again(shop: &mut Shop<'_>, about: About<'_>, earlier: Earlier) -> Result<Proven, Stop> {
    let Earlier { commit: Commit { id, tree, .. }, model, base, branch } = earlier;
    let shop = &mut shop.on(&base);
    let context = ReviewContext { title: &about.issue.title, body: &about.issue.body, secrets: shop.secrets };
    let support = Support { branch: &branch, approval: None };
    let approved = whole::review(shop, &tree, &context, support)?.map_err(|violations| {
        let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
        Outcome::Held { why: format!("what an earlier run made is refused now: {}", lines.join("; ")) }
    })?;
    match Prover::new(&shop.settings.checks).prove(shop, &id, &tree, &approved)? {
        Verdict::Proven(verified) => {
            let notes = approved.waivers().iter().map(ToString::to_string).collect();
            Ok(Proven { approved, verified, claim: String::new(), notes, model })
        }
        Verdict::Red(_) => {
            let why = "what an earlier run made does not pass the checks now".to_owned();
            Err(Outcome::Held { why }.into())
        }
    }
}
