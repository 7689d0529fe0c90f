//! Which pull request is meant, whether it is git-burn's, and how its branch stands.

use anyhow::{Context, anyhow};

use super::super::perform::moved;
use super::super::shop::{Shop, Stop};
use super::super::whole;
use crate::core::act::issue_of_pull;
use crate::core::issue::{Issue, Pull, PullState, State};
use crate::core::names::{BurnBranch, CommitId, IssueNumber};
use crate::core::outcome::Outcome;
use crate::core::report::pull::is_ours;
use crate::edge::forge::PullFilter;
use crate::edge::repo::{Base, Commit};

/// A pull request that git-burn opened, and what it is for.
pub(super) struct Subject {
    pub pull: Pull,
    /// The pull request's own number.
    pub number: IssueNumber,
    pub issue: IssueNumber,
    pub branch: BurnBranch,
}

/// How its branch stands.
pub(super) struct Branch {
    pub head: Commit,
    /// Where it leaves the base branch.
    pub base: Base,
    /// Its own commits, newest first.
    pub commits: Vec<Commit>,
}

impl Branch {
    /// Its commits from that one down to the base, newest first. A branch that is not read to its beginning has none:
    /// nobody could say who brought in what stands there.
    pub(super) fn line(&self, from: &CommitId) -> Vec<Commit> {
        if self.commits.len() < COMMITS { whole::line(&self.commits, from) } else { Vec::new() }
    }
}

/// Open pull requests that are looked through, and commits of one branch.
const PULLS: usize = 200;
const COMMITS: usize = 200;

/// Issues that were opened again have branches with a number at the end.
const MOST_TIMES: u32 = 20;

/// The pull request of that number, or the open one of the issue of that number.
///
/// # Errors
/// [`Stop::Ended`] when it is not git-burn's, or has had its answer.
pub(super) fn subject(shop: &Shop<'_>, number: IssueNumber) -> Result<Subject, Stop> {
    let pull = match shop.forge.pull(number.get()).map_err(anyhow::Error::from)? {
        Some(pull) => pull,
        None => of_issue(shop, number)?,
    };
    let id = pull.number;
    let no = |why: String| Err(Outcome::NotReady { why }.into());
    let Some((branch, issue)) = branch_of(&shop.settings.branch, &pull.head) else {
        return no(format!(
            "pull request #{id} is not git-burn's: its branch `{}` does not fit burn.branch",
            pull.head
        ));
    };
    if issue_of_pull(&pull.body) != Some(issue) {
        return no(format!("pull request #{id} is not git-burn's: its text has no mark for #{issue}"));
    }
    match pull.state {
        PullState::Open => {}
        PullState::Merged => return no(format!("pull request #{id} is merged; open the issue again for more")),
        PullState::Refused => return no(format!("pull request #{id} is closed; open it again first")),
    }
    let base = shop.base.branch.as_deref().unwrap_or_default();
    if pull.base != base {
        return no(format!("pull request #{id} goes into `{}`, not into `{base}`: give --base {0}", pull.base));
    }
    let number = IssueNumber::new(id).context("a pull request has a number")?;
    Ok(Subject { pull, number, issue, branch })
}

fn of_issue(shop: &Shop<'_>, issue: IssueNumber) -> Result<Pull, Stop> {
    let pulls = shop.forge.pulls(PullFilter::Open, PULLS).map_err(anyhow::Error::from)?;
    let of_it = |pull: &Pull| {
        let branch = branch_of(&shop.settings.branch, &pull.head);
        issue_of_pull(&pull.body) == Some(issue) && branch.is_some_and(|(_, number)| number == issue)
    };
    if let Some(pull) = pulls.into_iter().find(of_it) {
        return Ok(pull);
    }
    // A number that names nothing is said to do so; the hint would fail for it.
    super::super::gate::read(shop, issue)?;
    Err(Stop::Broke(anyhow!("#{issue} is no pull request and no issue with an open one\nhint: git burn issue {issue}")))
}

fn branch_of(template: &str, head: &str) -> Option<(BurnBranch, IssueNumber)> {
    let again = (2..=MOST_TIMES).find_map(|times| BurnBranch::of_template(&format!("{template}-{times}"), head));
    BurnBranch::of_template(template, head).or(again)
}

/// The issue, which must be open.
///
/// # Errors
/// [`Stop::Ended`] when it is closed or locked.
pub(super) fn issue(shop: &Shop<'_>, number: IssueNumber) -> Result<Issue, Stop> {
    let issue = super::super::gate::read(shop, number)?;
    match (issue.state, issue.locked) {
        (State::Open, false) => Ok(issue),
        (State::Closed, _) => Err(Outcome::NotReady { why: format!("issue #{number} is closed") }.into()),
        (State::Open, true) => Err(Outcome::NotReady { why: format!("issue #{number} is locked") }.into()),
    }
}

/// Reads the branch from the remote.
///
/// # Errors
/// [`Stop::Ended`] when it is gone, or holds nothing of git-burn's.
pub(super) fn branch(shop: &Shop<'_>, subject: &Subject) -> Result<Branch, Stop> {
    let Some(head) = tip(shop, subject)? else {
        return Err(Outcome::NotReady { why: format!("the branch {} is gone", subject.branch) }.into());
    };
    let fork = shop.repo.merge_base(&head, &shop.base.commit)?;
    let commits = shop.repo.commits_between(&fork, &head, COMMITS)?;
    if !commits.iter().any(|commit| is_ours(&commit.message)) {
        let why = format!("the branch {} has no commit of git-burn's", subject.branch);
        return Err(Outcome::NotReady { why }.into());
    }
    let base = Base { tree: shop.repo.tree_of(&fork)?, commit: fork, branch: shop.base.branch.clone() };
    Ok(Branch { head: shop.repo.commit_at(&head)?, base, commits })
}

fn tip(shop: &Shop<'_>, subject: &Subject) -> anyhow::Result<Option<CommitId>> {
    shop.remote_tip(subject.branch.as_str())
}

/// Looks again, before anything is paid for and before anything is published.
///
/// # Errors
/// [`Stop::Ended`] when the branch was pushed to, or the pull request was merged or closed.
pub(super) fn refuse_moved(shop: &Shop<'_>, subject: &Subject, head: &CommitId) -> Result<(), Stop> {
    let now = tip(shop, subject)?;
    if now.as_ref() != Some(head) {
        return Err(moved(&subject.branch, now.as_ref()).into());
    }
    let pull = shop.forge.pull(subject.pull.number).map_err(anyhow::Error::from)?;
    match pull.map(|pull| pull.state) {
        Some(PullState::Open) => Ok(()),
        Some(PullState::Merged | PullState::Refused) | None => {
            let why = format!("pull request #{} was merged or closed while the work went on", subject.number);
            Err(Outcome::Changed { why }.into())
        }
    }
}

/// What others pushed to the branch, for people. Who may push may do so; the new commit goes on top.
pub(super) fn commits_of_others(branch: &Branch) -> Vec<String> {
    let others = branch.commits.iter().filter(|commit| !is_ours(&commit.message));
    let line = |commit: &Commit| {
        let subject = commit.message.lines().next().unwrap_or_default();
        format!("{} by {} is part of the branch: {subject}", commit.id.short(), commit.author.0)
    };
    others.map(line).collect()
}
