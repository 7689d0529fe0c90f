//! Finishes what an earlier run pushed but did not live to report: the same commit is judged and proven again, no model
//! is asked.

use super::dialogue::Proven;
use super::gate::Picked;
use super::prove::{Prover, Verdict};
use super::shop::{Shop, Stop};
use crate::core::guard::ReviewContext;
use crate::core::names::CommitId;
use crate::core::outcome::Outcome;
use crate::core::report::About;

/// The proven change of an earlier run whose branch is on the remote; `None`: there is no such branch.
///
/// # Errors
/// [`Stop::Ended`] when the branch is somebody else's, or its change does not stand up any more.
pub(super) fn earlier(shop: &mut Shop<'_>, picked: &Picked, about: About<'_>) -> Result<Option<Proven>, Stop> {
    let Some(remote) = shop.remote else { return Ok(None) };
    let refs = shop.repo.remote_refs(remote, shop.push_credential, &[picked.branch.full()])?;
    let Some((_, commit)) = refs.into_iter().next() else { return Ok(None) };
    let Some(model) = made_by_us(shop, &commit) else {
        let by = format!("the branch {} exists on {} and is not git-burn's", picked.branch, remote.name);
        return Err(Outcome::Taken { by }.into());
    };
    prove_again(shop, about, commit, model).map(Some)
}

/// The model that the commit's trailer names, if git-burn made it here on the base that is current.
fn made_by_us(shop: &Shop<'_>, commit: &CommitId) -> Option<String> {
    let found = shop.repo.commit_at(commit).ok()?;
    let trailer = found.message.lines().rev().find_map(|line| line.strip_prefix("Assisted-by: git-burn:"))?;
    let on_base = found.parents == [shop.base.commit.clone()];
    (on_base && found.message.contains("\nBurn-Run: ")).then(|| trailer.to_owned())
}

fn prove_again(shop: &mut Shop<'_>, about: About<'_>, commit: CommitId, model: String) -> Result<Proven, Stop> {
    let tree = shop.repo.tree_of(&commit)?;
    let change = shop.repo.change_between(&shop.base.tree, &tree)?;
    let context = ReviewContext { title: &about.issue.title, body: &about.issue.body, secrets: shop.secrets };
    let approved = shop.settings.policy.review(change, &context).map_err(|violations| {
        let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
        Outcome::Held { why: format!("the branch that an earlier run pushed is refused now: {}", lines.join("; ")) }
    })?;
    let checks = shop.settings.checks.clone();
    match Prover::new(&checks).prove(shop, &commit, &tree, &approved)? {
        Verdict::Proven(verified) => Ok(Proven { approved, verified, claim: String::new(), notes: Vec::new(), model }),
        Verdict::Red(_) => {
            let why = "the branch that an earlier run pushed does not pass the checks now".to_owned();
            Err(Outcome::Held { why }.into())
        }
    }
}
