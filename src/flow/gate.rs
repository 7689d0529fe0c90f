//! Whether an issue may be worked on now: read it, judge it, and look whether somebody was faster. All before the first
//! paid token.

use anyhow::{Context as _, anyhow};

use super::replies::override_in;
use super::shop::{Publishing, Shop, Stop};
use super::touches::touches;
use crate::core::act::is_signed;
use crate::core::checks::Need;
use crate::core::freshness::{self, Facts, Freshness, Insistence, Mention, Stale};
use crate::core::issue::{Comment, Issue, Pull, PullState, Role, State};
use crate::core::names::{BurnBranch, IssueNumber, Timestamp};
use crate::core::outcome::Outcome;
use crate::core::triage::{Assessment, Hold, Readiness, Rules, Surroundings, assess, dependencies};
use crate::edge::forge::{Forge, Found, PullFilter};

/// An issue that may be worked on, and what was read to decide that.
#[derive(Debug, Clone)]
pub struct Picked {
    pub issue: Issue,
    pub assessment: Assessment,
    /// Only those of people who are heard: the reporter and people who may push.
    pub comments: Vec<Comment>,
    pub branch: BurnBranch,
    pub clarity: Clarity,
    /// What speaks for looking twice; goes into the analysis.
    pub hints: Vec<String>,
}

/// Whether it says enough to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clarity {
    Clear,
    /// What the reporter has to be asked.
    Unclear(Vec<String>),
}

/// Pull requests and mentions that are looked through.
const PULLS: usize = 200;
const MENTIONS: usize = 20;

/// Reads and judges one issue.
///
/// # Errors
/// [`Stop::Ended`] when it is not for git-burn now; [`Stop::Broke`] when it is no issue, or cannot be read.
pub fn pick(shop: &mut Shop<'_>, number: IssueNumber, insistence: Insistence) -> Result<Picked, Stop> {
    let issue = read(shop, number)?;
    let comments = comments(shop.forge, &issue)?;
    let assessment = judge_with(shop, &issue, &comments)?;
    let clarity = refuse_unready(&assessment.readiness, insistence)?;
    let branch = branch(shop, &issue, &assessment)?;
    let comments = heard(shop, &issue, comments)?;
    Ok(Picked { issue, assessment, comments, branch, clarity, hints: Vec::new() })
}

/// The issue of that number.
///
/// # Errors
/// It does not exist, is a pull request, or cannot be read.
pub fn read(shop: &Shop<'_>, number: IssueNumber) -> anyhow::Result<Issue> {
    match shop.forge.issue(number)? {
        Found::Issue(issue) => Ok(issue),
        Found::PullRequest => {
            Err(anyhow!("#{number} is a pull request, not an issue\nhint: give the number of the issue that it is for"))
        }
        Found::Missing => Err(anyhow!("there is no issue #{number}\nhint: git burn list")),
    }
}

/// Scores the issue with what is known around it.
///
/// # Errors
/// Its comments, its history or an issue that it depends on cannot be read.
pub fn judge(shop: &Shop<'_>, issue: &Issue) -> anyhow::Result<Assessment> {
    judge_with(shop, issue, &comments(shop.forge, issue)?)
}

/// What was said on it; nothing is asked where the forge counts no comment.
pub(super) fn comments(forge: &Forge, issue: &Issue) -> anyhow::Result<Vec<Comment>> {
    Ok(if issue.comments > 0 { forge.comments(issue.number)? } else { Vec::new() })
}

fn judge_with(shop: &Shop<'_>, issue: &Issue, comments: &[Comment]) -> anyhow::Result<Assessment> {
    let mut around = surroundings(shop.forge, issue, comments)?;
    around.reopened.extend(was_reopened(shop, issue)?.then_some(issue.number));
    Ok(assess(issue, &shop.settings.rules, &around, shop.now()))
}

/// Scores an issue with what the forge alone knows around it.
///
/// # Errors
/// Its comments or an issue that it depends on cannot be read.
pub fn score(forge: &Forge, issue: &Issue, rules: &Rules, now: Timestamp) -> anyhow::Result<Assessment> {
    let around = surroundings(forge, issue, &comments(forge, issue)?)?;
    Ok(assess(issue, rules, &around, now))
}

fn surroundings(forge: &Forge, issue: &Issue, comments: &[Comment]) -> anyhow::Result<Surroundings> {
    let mut around = Surroundings::default();
    for number in dependencies(issue) {
        if let Found::Issue(dependency) = forge.issue(number)?
            && dependency.state == State::Open
        {
            around.open.insert(number);
        }
    }
    around.overrides.extend(override_in(forge, comments)?.map(|said| (issue.number, said)));
    Ok(around)
}

/// Whether the forge's history says that it was opened again after its fix. Without a fix nothing could be verified, and
/// the history does not matter.
fn was_reopened(shop: &Shop<'_>, issue: &Issue) -> anyhow::Result<bool> {
    match freshness::newest_fix(&mentions(shop, issue.number)?, issue) {
        Some(fix) => Ok(shop.forge.reopened(issue.number)?.is_some_and(|reopened| reopened > fix.at)),
        None => Ok(false),
    }
}

/// What a person names (`git burn issue 42`) needs no score and no label, but what is blocked, closed or excluded stays so.
fn refuse_unready(readiness: &Readiness, insistence: Insistence) -> Result<Clarity, Stop> {
    match (readiness, insistence) {
        (Readiness::Ready | Readiness::Reopened, _) | (Readiness::NotReady { .. }, Insistence::Named) => {
            Ok(Clarity::Clear)
        }
        (Readiness::Held(Hold::Someday | Hold::Assigned { .. } | Hold::AwaitingClarification), Insistence::Named) => {
            Ok(Clarity::Clear)
        }
        (Readiness::Unclear { questions }, _) => Ok(Clarity::Unclear(questions.clone())),
        (other, _) => Err(Outcome::NotReady { why: other.to_string() }.into()),
    }
}

/// Whether somebody fixed it, is about to, or said no.
///
/// # Errors
/// [`Stop::Ended`] when the work would be in vain.
pub fn refuse_stale(shop: &mut Shop<'_>, picked: &mut Picked, insistence: Insistence) -> Result<(), Stop> {
    let pulls = shop.forge.pulls(PullFilter::All, PULLS).map_err(anyhow::Error::from)?;
    let mentions = mentions(shop, picked.issue.number)?;
    let touches = match touches(shop, &picked.issue) {
        Ok(touches) => touches,
        Err(problem) => {
            shop.warn(format!("whether the code has changed since the issue was filed is not known: {problem:#}"))?;
            Vec::new()
        }
    };
    let facts = Facts {
        issue: &picked.issue,
        picked: None,
        own_logins: &shop.settings.rules.own_logins,
        branch: picked.branch.as_str(),
        pulls: &pulls,
        mentions: &mentions,
        touches: &touches,
        insistence,
    };
    match freshness::decide(&facts) {
        Freshness::Fresh { hints } => {
            picked.hints = hints;
            Ok(())
        }
        Freshness::Stale(stale) => match earlier_work(shop, picked, &stale) {
            Some(hint) => {
                picked.hints = vec![hint];
                Ok(())
            }
            None => Err(ending(&stale).into()),
        },
    }
}

/// For an issue that was opened again, a fix on the base is what was not enough: said to the reviewers, and no reason to
/// stop. Nor is a closed pull request, where a person has set the label.
fn earlier_work(shop: &Shop<'_>, picked: &Picked, stale: &Stale) -> Option<String> {
    let reopened = picked.assessment.readiness == Readiness::Reopened;
    let no_reason = match stale {
        Stale::FixedOnBase { .. } | Stale::PerhapsFixed { .. } => reopened,
        Stale::Declined { .. } => reopened && is_labelled_reopened(shop, &picked.issue),
        Stale::Closed | Stale::Locked | Stale::Edited | Stale::PullOpen { .. } | Stale::Assigned { .. } => false,
    };
    no_reason.then(|| format!("it was opened again although {stale}"))
}

/// The branch of the work: for an issue that was opened again a new one, since the old one has had its pull request.
///
/// # Errors
/// The template makes no good name, or the pull requests cannot be read.
pub(super) fn branch(shop: &Shop<'_>, issue: &Issue, assessment: &Assessment) -> anyhow::Result<BurnBranch> {
    let named = |template: &str| {
        BurnBranch::for_issue(template, issue.number, &issue.title).map_err(|problem| anyhow!(problem))
    };
    let first = named(&shop.settings.branch)?;
    if assessment.readiness != Readiness::Reopened {
        return Ok(first);
    }
    let again = format!("{first}-");
    let ours = |pull: &Pull| pull.head == first.as_str() || pull.head.starts_with(&again);
    let pulls = shop.forge.pulls(PullFilter::All, PULLS)?;
    let ended: Vec<&Pull> = pulls.iter().filter(|pull| ours(pull) && pull.state != PullState::Open).collect();
    let times = match ended.iter().max_by_key(|pull| pull.number) {
        None => return Ok(first),
        // A "no" that came after the issue was opened again holds, unless a person has set the label since.
        Some(last) if last.state == PullState::Refused && !is_labelled_reopened(shop, issue) => ended.len(),
        Some(_) => ended.len() + 1,
    };
    if times == 1 { Ok(first) } else { named(&format!("{}-{times}", shop.settings.branch)) }
}

fn is_labelled_reopened(shop: &Shop<'_>, issue: &Issue) -> bool {
    issue.has_label(&shop.settings.labels.reopened)
}

/// Commits on the base branch that name the issue, newest first.
///
/// # Errors
/// The history cannot be read.
pub(super) fn mentions(shop: &Shop<'_>, number: IssueNumber) -> anyhow::Result<Vec<Mention>> {
    let found = shop.repo.mentions(&shop.base.commit, number, MENTIONS)?;
    let mention = |found: crate::edge::repo::Mention| {
        let message = shop.repo.commit_at(&found.entry.commit)?.message;
        Ok(Mention { commit: found.entry.commit, message, at: found.entry.when })
    };
    found.into_iter().map(mention).collect()
}

fn ending(stale: &Stale) -> Outcome {
    match stale {
        Stale::Closed | Stale::Locked | Stale::Assigned { .. } | Stale::Declined { .. } => {
            Outcome::NotReady { why: stale.to_string() }
        }
        Stale::Edited => Outcome::Changed { why: stale.to_string() },
        Stale::FixedOnBase { .. } | Stale::PerhapsFixed { .. } | Stale::PullOpen { .. } => {
            Outcome::AlreadyFixed { evidence: stale.to_string() }
        }
    }
}

/// Reads the issue again, just before the world is changed.
///
/// # Errors
/// [`Stop::Ended`] when it was edited, closed or locked since it was picked.
pub fn refuse_changed(shop: &Shop<'_>, picked: &Picked) -> Result<(), Stop> {
    let now = match shop.forge.issue(picked.issue.number).map_err(anyhow::Error::from)? {
        Found::Issue(issue) => issue,
        Found::PullRequest | Found::Missing => {
            return Err(Outcome::NotReady { why: "the issue is gone".into() }.into());
        }
    };
    if now.fingerprint() == picked.issue.fingerprint() {
        return Ok(());
    }
    let why = "the issue was edited, closed or locked while the work went on; run it again".to_owned();
    Err(Outcome::Changed { why }.into())
}

/// Without a required check nothing can be proven, and nothing may be paid for.
///
/// # Errors
/// [`Stop::Ended`] when none is configured.
pub(super) fn refuse_uncheckable(shop: &Shop<'_>) -> Result<(), Stop> {
    if shop.settings.checks.iter().any(|check| check.need == Need::Required) {
        return Ok(());
    }
    let why = "no required check is configured, so nothing could be proven: \
               git config burn.check.test.command 'the command that runs your tests'";
    Err(Outcome::NotReady { why: why.to_owned() }.into())
}

/// Without a branch that a pull request goes into nothing can be published, and nothing may be paid for.
///
/// # Errors
/// The base is only a commit, and the change is not to be kept here.
pub(super) fn refuse_branchless(shop: &Shop<'_>) -> anyhow::Result<()> {
    match shop.settings.publishing {
        Publishing::Push => pull_base(shop).map(drop),
        Publishing::Keep => Ok(()),
    }
}

/// The branch that a pull request goes into.
///
/// # Errors
/// The base is only a commit.
pub(super) fn pull_base<'a>(shop: &Shop<'a>) -> anyhow::Result<&'a str> {
    let problem = "a pull request needs a branch to go into, and the base is only a commit\n\
                   hint: give --base BRANCH, or keep the change here with --no-push";
    shop.base.branch.as_deref().context(problem)
}

/// Keeps the reporter's comments and those of people who may push: others could be anybody.
///
/// # Errors
/// The forge does not say what somebody may do.
pub(super) fn heard(shop: &Shop<'_>, issue: &Issue, comments: Vec<Comment>) -> anyhow::Result<Vec<Comment>> {
    let mut heard = Vec::new();
    for comment in comments.into_iter().filter(|comment| !is_signed(&comment.body)) {
        let role = match comment.author_role {
            Role::Unknown if comment.author != issue.author => shop.forge.permission(&comment.author)?,
            known @ (Role::Writer | Role::Outsider | Role::Unknown) => known,
        };
        if comment.author == issue.author || role == Role::Writer {
            heard.push(comment);
        }
    }
    Ok(heard)
}
