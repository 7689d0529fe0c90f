//! An issue that was opened again, or that somebody asks about: the fix that was made for it is proven anew, on the code
//! as it is today with and without the fix, before anybody works on it a second time.

use anyhow::Result;

use super::gate::{self, Picked};
use super::prove::Prover;
use super::publish::move_labels;
use super::shop::{Shop, Stop};
use super::{adopt, patching};
use crate::core::act::{Act, Marker, Step};
use crate::core::checks::Proof;
use crate::core::freshness::{self, Insistence};
use crate::core::issue::Issue;
use crate::core::names::{IssueNumber, TreeId};
use crate::core::outcome::Outcome;
use crate::core::patch::{self, ApplyOptions, Care, Completeness, LineNumbers, Patch, Refusal};
use crate::core::report::{self, About};
use crate::core::triage::Readiness;
use crate::core::verification::{Finding, Standing, Verification};
use crate::edge::repo::{Base, Commit};

/// A second look, and the report of it.
pub struct Verified {
    pub verification: Verification,
    /// In Markdown.
    pub report: String,
}

/// Proves again what was made for an issue: the commit on its branch, else the newest fix on the base branch. `None`:
/// there is neither.
///
/// # Errors
/// The issue or the repository cannot be read, or the work was interrupted.
pub fn verify(shop: &mut Shop<'_>, number: IssueNumber) -> Result<Option<Verified>> {
    let issue = gate::read(shop, number)?;
    let assessment = gate::judge(shop, &issue)?;
    let branch = gate::branch(shop, &issue, &assessment)?;
    let verification = match adopt::unmerged(shop, &branch)? {
        Some((commit, base)) => on_branch(&mut shop.on(&base), &commit),
        None => match fixes_on_base(shop, &issue)?.as_slice() {
            [newest, older @ ..] => on_base(shop, newest, older),
            [] => return Ok(None),
        },
    };
    let verification = verification.map_err(Stop::into_error)?;
    let about = About { issue: &issue, assessment: Some(&assessment), now: shop.now() };
    let report = report::verification(&shop.settings.templates, about, &verification, &shop.settings.labels.ready);
    Ok(Some(Verified { verification, report }))
}

/// Before an issue that was opened again is worked on anew: what was merged for it is proven on today's base. If it
/// holds, that is reported, once for each fix, and people decide; what was found otherwise goes into the analysis.
///
/// A person who names the issue has decided already.
///
/// # Errors
/// [`Stop::Ended`] when the fix holds.
pub(super) fn look_back(
    shop: &mut Shop<'_>,
    picked: &mut Picked,
    about: About<'_>,
    insistence: Insistence,
) -> Result<(), Stop> {
    if picked.assessment.readiness != Readiness::Reopened {
        return Ok(());
    }
    let fixes = fixes_on_base(shop, &picked.issue)?;
    let [fix, older @ ..] = fixes.as_slice() else { return Ok(()) };
    if was_reported(shop, picked.issue.number, fix)? {
        let before = format!("the fix {} was verified before, and people want it looked at again", fix.id.short());
        picked.hints.push(before);
        return Ok(());
    }
    let seen = on_base(shop, fix, older)?;
    picked.hints.push(seen.sentence());
    match (seen.finding(), insistence) {
        (Finding::Holds, Insistence::Picked) => {
            report_it(shop, picked, about, &seen)?;
            Err(Outcome::FixHolds { fix: fix.id.clone() }.into())
        }
        (Finding::Holds, Insistence::Named)
        | (Finding::Unshown | Finding::Overwritten | Finding::Red { .. } | Finding::Unchecked, _) => Ok(()),
    }
}

/// Says that the fix holds, and hands the issue to its reviewers.
fn report_it(shop: &mut Shop<'_>, picked: &Picked, about: About<'_>, seen: &Verification) -> Result<(), Stop> {
    let labels = &shop.settings.labels;
    let body = report::verification(&shop.settings.templates, about, seen, &labels.ready);
    shop.perform(&Act::Comment { on: picked.issue.number, step: Step::Verified, body })?;
    Ok(move_labels(shop, picked, &labels.review, &[&labels.ready, &labels.reopened])?)
}

fn was_reported(shop: &Shop<'_>, number: IssueNumber, fix: &Commit) -> Result<bool> {
    let report = shop.forge.own_comment(number, &Marker::key(number, Step::Verified))?;
    Ok(report.is_some_and(|report| report.body.contains(fix.id.short())))
}

/// The commits on the base branch that were made to solve the issue and changed something, newest first: a pull request
/// that was revised may have been merged as several.
fn fixes_on_base(shop: &Shop<'_>, issue: &Issue) -> Result<Vec<Commit>> {
    let mentions = gate::mentions(shop, issue.number)?;
    let mut fixes = Vec::new();
    for mention in freshness::fixes(&mentions, issue) {
        let fix = shop.repo.commit_at(&mention.commit)?;
        if tree_before(shop, &fix)? != fix.tree {
            fixes.push(fix);
        }
    }
    Ok(fixes)
}

/// The tree that a commit was made on; for a merge that of the branch which it went into, for a root commit its own.
fn tree_before(shop: &Shop<'_>, commit: &Commit) -> Result<TreeId> {
    commit.parents.first().map_or_else(|| Ok(commit.tree.clone()), |parent| shop.repo.tree_of(parent))
}

/// The proof of a commit that is not merged, against what it was made on (`shop.base`).
fn on_branch(shop: &mut Shop<'_>, fix: &Commit) -> Result<Verification, Stop> {
    let change = shop.repo.change_between(&shop.base.tree, &fix.tree)?;
    let results = Prover::new(&shop.settings.checks).measure(shop, &fix.id, &change)?;
    let proof = Proof { base: shop.base.commit.clone(), tree: fix.tree.clone(), results };
    Ok(of(fix, Standing::OnBranch, proof))
}

/// Takes the fix back from today's base, in the object database, and compares the two. Older parts of it go as well, as
/// far as they are still there.
fn on_base(shop: &mut Shop<'_>, fix: &Commit, older: &[Commit]) -> Result<Verification, Stop> {
    let today = shop.base.clone();
    let mut prover = Prover::new(&shop.settings.checks);
    let (standing, base, results) = match without(shop, &today.tree, fix)? {
        Ok(mut tree) => {
            for part in older {
                let Ok(rest) = without(shop, &tree, part)? else { break };
                tree = rest;
            }
            let note = format!("the base without {}", fix.id.short());
            let commit = shop.repo.draft_commit(&today.commit, &tree, &note)?;
            let base = Base { commit, tree, branch: today.branch.clone() };
            let change = shop.repo.change_between(&base.tree, &today.tree)?;
            let results = prover.measure(&mut shop.on(&base), &today.commit, &change)?;
            (Standing::OnBase, base.commit, results)
        }
        Err(refusal) => {
            let problems = refusal.problems.iter().map(ToString::to_string).collect();
            let before = tree_before(shop, fix)?;
            let change = shop.repo.change_between(&before, &fix.tree)?;
            let results = prover.measure_whole(shop, &today.commit, &change)?;
            (Standing::Overwritten { problems }, today.commit.clone(), results)
        }
    };
    Ok(of(fix, standing, Proof { base, tree: today.tree, results }))
}

/// A tree without what a commit changed, if all of that is still there.
fn without(shop: &Shop<'_>, tree: &TreeId, fix: &Commit) -> Result<Result<TreeId, Refusal>> {
    let before = tree_before(shop, fix)?;
    let undo = shop.repo.change_between(&fix.tree, &before)?;
    let diff = patch::write_diff(&undo, patch::Style { context: 3, binaries: patch::Binaries::Data });
    let options = ApplyOptions { line_numbers: LineNumbers::Shown, care: Care::Tool, seen: None };
    let applied = match Patch::parse(&diff, Completeness::Complete) {
        Ok(patch) => patching::apply(shop.repo, tree, &patch, &options)?,
        Err(refusal) => Err(refusal),
    };
    match applied {
        Ok(applied) => Ok(Ok(shop.repo.write_change(tree, &applied.change)?)),
        Err(refusal) => Ok(Err(refusal)),
    }
}

fn of(fix: &Commit, standing: Standing, proof: Proof) -> Verification {
    Verification { fix: fix.id.clone(), subject: freshness::subject(&fix.message), standing, proof }
}
