//! Carries out [`Act`]s: the only code that writes to the forge, the remote and the refs, and that knows of dry runs.
//!
//! Every act first looks whether the world is like that already, so that a run that was killed can simply be repeated.

use anyhow::{Context, bail};

use super::shop::{Mode, Shop, Stop};
use crate::core::act::{Act, Marker, NewPull, Receipt, Repeat, Step, round_key, said};
use crate::core::checks::{Successor, Verified};
use crate::core::event::{Event, Sink};
use crate::core::issue::{Comment, PullState};
use crate::core::names::{BurnBranch, CommitId, IssueNumber};
use crate::core::outcome::Outcome;
use crate::edge::forge::{self, NewLabel, Opened};
use crate::edge::repo::{Advanced, Claimed, Pushed, RefsEdited, Remote, RemoteError, RemoteTrouble, Repo};

/// How an act turned out.
pub(super) enum Done {
    New(Receipt),
    /// The world was like that already.
    Already(Receipt),
}

impl Done {
    pub(super) const NEW: Self = Self::New(Receipt { number: None, url: None });
    pub(super) const ALREADY: Self = Self::Already(Receipt { number: None, url: None });
}

impl Shop<'_> {
    /// Carries out one act, or tells that it would. The journal has it on disk before the world sees it.
    ///
    /// # Errors
    /// [`Stop::Ended`] when somebody else holds what the act needs (a branch); [`Stop::Broke`] otherwise.
    pub fn perform(&mut self, act: &Act) -> Result<Receipt, Stop> {
        let summary = act.summary();
        match self.mode {
            Mode::DryRun => {
                self.emit(Event::WouldAct { act: summary })?;
                return Ok(Receipt::default());
            }
            Mode::Real => self.emit(Event::Acting { act: summary.clone() })?,
        }
        let tape = self.tape;
        let paused = tape.pause();
        let carried_out = self.carry_out(act);
        drop(paused);
        let (event, receipt) = match carried_out? {
            Done::New(receipt) => (Event::Acted { act: summary, receipt: receipt.clone() }, receipt),
            Done::Already(receipt) => (Event::Kept { act: summary, receipt: receipt.clone() }, receipt),
        };
        self.emit(event)?;
        Ok(receipt)
    }

    /// As [`Shop::perform`] for acts that the result does not hang on: a failure is a warning.
    ///
    /// # Errors
    /// Only what cannot be recorded.
    pub fn try_perform(&mut self, act: &Act) -> anyhow::Result<()> {
        match self.perform(act) {
            Ok(_) => Ok(()),
            Err(Stop::Broke(error)) => self.warn(format!("could not {}: {error:#}", act.summary())),
            Err(Stop::Ended(outcome)) => self.warn(format!("could not {}: {}", act.summary(), outcome.sentence())),
        }
    }

    fn carry_out(&mut self, act: &Act) -> Result<Done, Stop> {
        let forge = self.forge;
        match act {
            Act::Comment { on, step, body } => Ok(self.say(*on, *step, body)?),
            Act::AddLabel { issue, label } => Ok(done(forge.add_label(*issue, label))?),
            Act::RemoveLabel { issue, label } => Ok(done(forge.remove_label(*issue, label))?),
            Act::CreateLabel { label } => Ok(done(forge.create_label(&new_label(label)))?),
            Act::Assign { issue, login } => Ok(done(forge.assign(*issue, login))?),
            Act::Push { verified, branch } => self.push(verified, branch),
            Act::Advance { successor, branch } => self.advance(successor, branch),
            Act::OpenPull(pull) => Ok(self.open_pull(pull)?),
            Act::EditPull { pull, body } => Ok(self.edit_pull(*pull, body)?),
            Act::Answer { pull, round, body } => Ok(self.answer(*pull, round, body)?),
            Act::RequestReview { branch, login } => Ok(self.request_review(branch, login)?),
            Act::OpenIssue { title, body, labels } => Ok(self.open_issue(title, body, labels)?),
            Act::CloseIssue { issue, permit: _ } => Ok(done(forge.close_issue(*issue))?),
            Act::Claim { issue } => self.claim(*issue),
            Act::Release { issue: _ } => Ok(self.release()?),
            Act::KeepDraft { issue, commit } => Ok(self.keep_draft(*issue, commit)?),
            Act::DropDraft { issue } => Ok(edited(self.repo.drop_draft(*issue)?)?),
            Act::DeleteBranch { branch, at } => Ok(self.delete_branch(branch, at)?),
            Act::BreakClaim { issue, at } => Ok(self.break_claim(*issue, at)?),
        }
    }

    /// Posts, edits or keeps the comment of that step.
    fn say(&self, on: IssueNumber, step: Step, body: &str) -> anyhow::Result<Done> {
        let signed = Marker { issue: on, step, run: self.run.clone() }.sign(body);
        self.post(on, &Marker::key(on, step), &signed, step.repeat())
    }

    /// As [`Shop::say`], for the answer to one round of review.
    fn answer(&self, pull: IssueNumber, round: &CommitId, body: &str) -> anyhow::Result<Done> {
        let key = round_key(pull, round);
        let signed = format!("{}\n\n{key}run={} -->\n", body.trim_end(), self.run);
        self.post(pull, &key, &signed, Repeat::Edit)
    }

    fn post(&self, on: IssueNumber, key: &str, signed: &str, repeat: Repeat) -> anyhow::Result<Done> {
        let earlier = self.forge.own_comment(on, key)?;
        match earlier {
            Some(comment) if said(&comment.body) == said(signed) => Ok(Done::Already(receipt(comment))),
            Some(comment) if repeat == Repeat::Edit => {
                Ok(Done::New(receipt(self.forge.edit_comment(comment.id, signed)?)))
            }
            Some(_) | None => Ok(Done::New(receipt(self.forge.comment(on, signed)?))),
        }
    }

    fn push(&self, verified: &Verified, branch: &BurnBranch) -> Result<Done, Stop> {
        let remote = self.remote.context(NO_REMOTE)?;
        match self.repo.push(verified, branch, remote, self.push_credential)? {
            Pushed::Created => Ok(Done::NEW),
            Pushed::AlreadyOurs => Ok(Done::ALREADY),
            Pushed::Taken { by } => {
                Err(Outcome::Taken { by: format!("the branch {branch} exists at {}", by.short()) }.into())
            }
            Pushed::BlockedBy { branch: other } => {
                let why = format!("the branch {branch} cannot exist beside the branch {other}: set burn.branch");
                Err(Outcome::Held { why }.into())
            }
            Pushed::Rejected { reason } => Err(rejected(remote, &reason)),
            Pushed::Denied { reason } => Err(denied(remote, reason)),
            Pushed::Unreachable { reason } => Err(unreachable(remote, reason)),
        }
    }

    fn advance(&self, successor: &Successor, branch: &BurnBranch) -> Result<Done, Stop> {
        let remote = self.remote.context(NO_REMOTE)?;
        match self.repo.advance(successor, branch, remote, self.push_credential)? {
            Advanced::Done => Ok(Done::NEW),
            Advanced::AlreadyOurs => Ok(Done::ALREADY),
            Advanced::Moved { now } => Err(moved(branch, now.as_ref()).into()),
            Advanced::Rejected { reason } => Err(rejected(remote, &reason)),
            Advanced::Denied { reason } => Err(denied(remote, reason)),
            Advanced::Unreachable { reason } => Err(unreachable(remote, reason)),
        }
    }

    fn edit_pull(&self, pull: IssueNumber, body: &str) -> anyhow::Result<Done> {
        let there = self.forge.pull(pull.get())?.with_context(|| format!("pull request #{pull} is gone"))?;
        if there.body.trim() == body.trim() {
            return Ok(Done::ALREADY);
        }
        done(self.forge.edit_pull(pull.get(), body))
    }

    fn open_pull(&self, pull: &NewPull) -> anyhow::Result<Done> {
        let NewPull { issue, branch, base, title, body, ripeness } = pull;
        let marker = Marker { issue: *issue, step: Step::Proof, run: self.run.clone() };
        let body = marker.sign(body);
        let new = forge::NewPull { title, body: &body, head: branch.as_str(), base, ripeness: *ripeness };
        let opened = self.forge.open_pull(&new)?;
        let found = opened.pull();
        if found.state != PullState::Open {
            bail!("pull request #{} of {branch} is closed: a person said no", found.number);
        }
        let receipt = Receipt::of(Some(found.number), found.url.clone());
        Ok(match opened {
            Opened::Created(_) => Done::New(receipt),
            Opened::Existed(_) => Done::Already(receipt),
        })
    }

    fn request_review(&self, branch: &BurnBranch, login: &str) -> anyhow::Result<Done> {
        let base = self.base.branch.as_deref().unwrap_or_default();
        let pull = self.forge.pull_for_branch(branch.as_str(), base)?;
        let pull = pull.with_context(|| format!("no pull request of {branch} into {base}"))?;
        done(self.forge.request_reviewer(pull.number, login))
    }

    fn open_issue(&self, title: &str, body: &str, labels: &[String]) -> anyhow::Result<Done> {
        let issue = self.forge.open_issue(&forge::NewIssue { title, body, labels })?;
        Ok(Done::New(Receipt::of(Some(issue.number.get()), issue.url)))
    }

    fn delete_branch(&self, branch: &BurnBranch, at: &CommitId) -> anyhow::Result<Done> {
        let remote = self.remote.context("this clone has no remote")?;
        match self.repo.delete_branch(branch, at, remote, self.push_credential)? {
            true => Ok(Done::NEW),
            false => bail!("{branch} was pushed to meanwhile, and stays"),
        }
    }

    fn break_claim(&self, issue: IssueNumber, at: &CommitId) -> anyhow::Result<Done> {
        let remote = self.remote.context("this clone has no remote")?;
        match self.repo.release_claim(issue, at, remote, self.push_credential)? {
            Claimed::Done => Ok(Done::NEW),
            Claimed::Lost { now: None } => Ok(Done::ALREADY),
            Claimed::Lost { now: Some(_) } => bail!("another run has taken #{issue} meanwhile"),
            Claimed::Refused { reason } | Claimed::Unreachable { reason } => {
                bail!("the remote `{}` did not remove the claim of #{issue}: {reason}", remote.name)
            }
        }
    }

    fn keep_draft(&self, issue: IssueNumber, commit: &CommitId) -> anyhow::Result<Done> {
        let seen = self.repo.draft(issue)?.map(|draft| draft.commit);
        if seen.as_ref() == Some(commit) {
            return Ok(Done::ALREADY);
        }
        edited(self.repo.keep_draft(issue, seen, commit.clone())?)
    }
}

/// Drops a draft where there is no shop: neither forge nor remote has a part in it, and it is in no run's record.
///
/// # Errors
/// The ref cannot be changed, or the act not be told.
pub fn drop_draft_here(repo: &Repo, issue: IssueNumber, sink: &mut dyn Sink) -> anyhow::Result<()> {
    let act = Act::DropDraft { issue }.summary();
    sink.emit(&Event::Acting { act: act.clone() })?;
    edited(repo.drop_draft(issue)?)?;
    sink.emit(&Event::Acted { act, receipt: Receipt::default() })
}

const NO_REMOTE: &str = "there is no remote to push to\nhint: git remote add origin URL, or leave out --offline";

/// The ending of work on a branch that somebody else pushed to, or deleted.
pub(super) fn moved(branch: &BurnBranch, now: Option<&CommitId>) -> Outcome {
    let why = match now {
        Some(now) => format!("the branch {branch} was pushed to meanwhile (it is at {}); run it again", now.short()),
        None => format!("the branch {branch} was deleted meanwhile"),
    };
    Outcome::Changed { why }
}

/// The remote did not accept the credential; exit status 4.
#[derive(Debug)]
pub struct Denied {
    pub remote: String,
    pub reason: String,
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { remote, reason } = self;
        write!(f, "the remote `{remote}` does not let us push: {reason}\nhint: give a token or key that may push")
    }
}

impl std::error::Error for Denied {}

fn rejected(remote: &Remote, reason: &str) -> Stop {
    Outcome::Held { why: format!("{} refused the push: {reason}", remote.name) }.into()
}

fn denied(remote: &Remote, reason: String) -> Stop {
    Stop::Broke(Denied { remote: remote.name.clone(), reason }.into())
}

/// Whatever git says about it: the branch may be there by now, and the next run looks.
fn unreachable(remote: &Remote, reason: String) -> Stop {
    let trouble = RemoteTrouble::Unreachable;
    Stop::Broke(RemoteError { remote: remote.name.clone(), trouble, reason }.into())
}

fn new_label(name: &str) -> NewLabel<'_> {
    NewLabel { name, color: "c5def5", description: "used by git-burn" }
}

fn done(result: forge::Result<()>) -> anyhow::Result<Done> {
    result?;
    Ok(Done::NEW)
}

fn edited(result: RefsEdited) -> anyhow::Result<Done> {
    result.done()?;
    Ok(Done::NEW)
}

fn receipt(comment: Comment) -> Receipt {
    Receipt::of(None, comment.url)
}
