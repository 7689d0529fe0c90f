//! A revision that the guard held: it waits on the head of its branch, and is published on a person's word for it.

use super::super::adopt::{Kept, is_made_of, prove_approved, refuse_replaced};
use super::super::dialogue::Proven;
use super::super::shop::{Publishing, Shop, Stop};
use super::super::whole::{self, Support, refused};
use super::find::{Branch, Subject, refuse_moved};
use super::wishes::{Untold, Wishes};
use super::{Matter, Round, find, on_claim, publish, talk, wishes, with_demand};
use crate::core::act::Act;
use crate::core::guard::{Approved, ReviewContext, Words};
use crate::core::held::{Approval, HeldNote};
use crate::core::names::{CommitId, IssueNumber, TreeId};
use crate::core::outcome::Outcome;
use crate::core::report::pull;
use crate::core::review::Answers;
use crate::edge::repo::Draft;

/// What an earlier run kept on the head of the branch. A revision that waits for a person's decision is left alone while
/// nobody says or pushes anything else.
///
/// # Errors
/// [`Stop::Ended`] when it waits; [`Stop::Broke`] when it cannot be read.
pub(super) fn kept(shop: &mut Shop<'_>, round: &Round<'_>) -> Result<Option<Kept>, Stop> {
    let issue = round.subject.issue;
    let Some(draft) = shop.draft(issue)? else { return Ok(None) };
    let is_on_head = draft.base == round.branch.head.id;
    let Some(note) = HeldNote::parse(&draft.note) else {
        let commit = || shop.repo.commit_at(&draft.commit);
        let kept = |commit| Kept { commit, base: shop.base.clone(), tree: draft.tree.clone() };
        return Ok(is_on_head.then(commit).transpose()?.map(kept));
    };
    let Some(answers) = &note.answers else { return Ok(None) };
    let wanted = talk::keys(&round.wishes.concerns);
    let why = if round.branch.commits.iter().any(|commit| is_made_of(commit, &draft)) {
        return Ok(None);
    } else if !is_on_head {
        "the branch was pushed to since"
    } else if note.issue != round.about.issue.fingerprint().digest() {
        "the issue was edited since"
    } else if !wanted.iter().all(|key| answers.keys.contains(key)) {
        "more was said since"
    } else {
        return Err(Outcome::Held { why: note.reason(issue, &draft.commit) }.into());
    };
    shop.warn(format!("the revision {} that was held is not used: {why}", draft.commit.short()))?;
    Ok(None)
}

/// A held revision and a person's word for it.
struct Word<'w> {
    draft: &'w Draft,
    note: &'w HeldNote,
    answers: &'w Answers,
    approval: &'w Approval,
}

/// Proves and publishes a held revision that a person lets pass.
///
/// # Errors
/// [`Stop::Ended`] when its pull request, branch or issue are not as they were; [`Stop::Broke`] otherwise.
pub(in super::super) fn approve(
    shop: &mut Shop<'_>,
    draft: &Draft,
    note: &HeldNote,
    answers: &Answers,
    approval: &Approval,
) -> Result<Outcome, Stop> {
    let subject = find::subject(shop, answers.pull)?;
    let issue = find::issue(shop, subject.issue)?;
    let branch = find::branch(shop, &subject)?;
    let place = place(&subject, &branch, draft)?;
    let heed = match place {
        Place::Waits if note.issue != issue.fingerprint().digest() => {
            return Err(edited(subject.issue, answers.pull).into());
        }
        Place::Waits => Untold::Later,
        // It was pushed while the word held: it only has to be told.
        Place::Pushed => Untold::First,
    };
    let wishes = wishes::read(shop, &subject, &issue, &branch, heed)?.only(&answers.keys);
    let word = Word { draft, note, answers, approval };
    match (place, &wishes.untold) {
        (Place::Pushed, None) => told(shop, &subject, &branch, draft),
        (Place::Waits | Place::Pushed, _) => {
            on_claim(shop, Matter { subject, issue, branch, wishes }, |shop, round| publish_held(shop, round, &word))
        }
    }
}

fn edited(issue: IssueNumber, pull: IssueNumber) -> Outcome {
    let why = format!("#{issue} was edited since the revision was made; `git burn revise {pull}` makes a new one");
    Outcome::Changed { why }
}

/// Where a held revision is.
enum Place {
    /// On the head of its branch, as a draft.
    Waits,
    /// It is the head of its branch: an earlier run pushed it on the same word.
    Pushed,
}

/// # Errors
/// [`Stop::Ended`] when the branch has grown otherwise. The revision stays where it is kept.
fn place(subject: &Subject, branch: &Branch, draft: &Draft) -> Result<Place, Stop> {
    if branch.head.id == draft.base {
        return Ok(Place::Waits);
    }
    if is_made_of(&branch.head, draft) {
        return Ok(Place::Pushed);
    }
    let (name, id, pull) = (&subject.branch, draft.commit.short(), subject.number);
    let why = match branch.commits.iter().find(|commit| is_made_of(commit, draft)) {
        Some(pushed) => format!(
            "the revision {id} is part of the branch {name} already, as {}; `git burn abort {}` drops the draft",
            pushed.id.short(),
            subject.issue
        ),
        None => format!(
            "the branch {name} was pushed to since the revision {id} was made (it is at {}, not at {}): nothing was \
             pushed; `git burn revise {pull}` makes a new one on top, or take it by hand: `git cherry-pick {id}`",
            branch.head.id.short(),
            draft.base.short()
        ),
    };
    Err(Outcome::Changed { why }.into())
}

/// An earlier run came to its last step: only the draft is left of it.
fn told(shop: &mut Shop<'_>, subject: &Subject, branch: &Branch, draft: &Draft) -> Result<Outcome, Stop> {
    refuse_replaced(shop, subject.issue, draft)?;
    shop.perform(&Act::DropDraft { issue: subject.issue })?;
    publish::tell_result(shop, subject)?;
    let evidence =
        format!("{} is on the branch {}, and its reviewers were told", branch.head.id.short(), subject.branch);
    Ok(Outcome::AlreadyFixed { evidence })
}

/// With the claim held: proven, pushed on top, told; or only told where an earlier run pushed it.
fn publish_held(shop: &mut Shop<'_>, round: &Round<'_>, word: &Word<'_>) -> Result<Outcome, Stop> {
    refuse_replaced(shop, round.subject.issue, word.draft)?;
    refuse_moved(shop, round.subject, &round.branch.head.id)?;
    if let Some(reviewed) = &round.wishes.untold {
        let judged = judge(shop, round, word, &shop.repo.tree_of(reviewed)?)?;
        let proven = prove(shop, word, judged, &round.branch.head.id, &round.wishes)?;
        return publish::tell(shop, round, &proven, reviewed);
    }
    let judged = judge(shop, round, word, &round.branch.head.tree)?;
    let commit = commit(shop, round, word, &judged)?;
    let proven = prove(shop, word, judged, &commit, &round.wishes)?;
    match shop.settings.publishing {
        // The draft stays as it is: it can be approved again.
        Publishing::Keep => Ok(Outcome::KeptLocal { commit, strength: proven.verified.strength() }),
        Publishing::Push => publish::publish(shop, round, &proven),
    }
}

/// What a person's word lets pass.
struct Judged {
    /// Everything since the base branch.
    whole: Approved,
    /// What the commit itself changes.
    step: Approved,
}

/// The guard's look at both, with the word: what ends a run is refused all the same.
fn judge(shop: &Shop<'_>, round: &Round<'_>, word: &Word<'_>, head: &TreeId) -> Result<Judged, Stop> {
    let asked = with_demand(round);
    let context = ReviewContext { title: &asked.title, body: &asked.body, secrets: shop.secrets };
    let tree = &word.draft.tree;
    let branch = round.branch.line(&word.draft.base);
    let support = Support { branch: &branch, approval: Some(word.approval) };
    let whole = whole::review(shop, tree, &context, support)?.map_err(|violations| refused(&violations))?;
    let step = shop.repo.change_between(head, tree)?;
    let words = Words { branch: &[], approval: Some(word.approval) };
    let step = shop.settings.policy.review_with(step, &context, words).map_err(|violations| refused(&violations))?;
    Ok(Judged { whole, step })
}

/// The revision as a commit of its own, on the head of its branch.
fn commit(shop: &Shop<'_>, round: &Round<'_>, word: &Word<'_>, judged: &Judged) -> anyhow::Result<CommitId> {
    let origins = pull::Origins {
        model: &word.note.model,
        run: &shop.run,
        answers: &word.answers.keys,
        approval: Some(word.approval),
    };
    let subject = pull::revision_subject(round.about, shop.subject_style);
    let message = pull::commit_message(&subject, judged.step.change(), origins);
    Ok(shop.repo.commit(&round.branch.head.id, &judged.step, &message, shop.now())?.commit)
}

fn prove(
    shop: &mut Shop<'_>,
    word: &Word<'_>,
    judged: Judged,
    commit: &CommitId,
    wishes: &Wishes,
) -> Result<Proven, Stop> {
    let Judged { whole: approved, step } = judged;
    let verified = prove_approved(shop, &approved, commit, &word.draft.tree)?;
    let waivers =
        approved.waivers().iter().chain(step.waivers().iter().filter(|one| !approved.waivers().contains(one)));
    let notes = waivers.map(ToString::to_string).collect();
    Ok(Proven { claim: claim(word, wishes), approved, verified, notes, model: word.note.model.clone() })
}

/// The model's words name the points by their place in the list, which must be the same list.
fn claim(word: &Word<'_>, wishes: &Wishes) -> String {
    let mut keys = talk::keys(&wishes.concerns);
    keys.sort_unstable();
    if keys == word.answers.keys { word.note.claim.clone() } else { String::new() }
}
