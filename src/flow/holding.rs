//! What a run holds: the lock of an issue on the remote or, where the remote takes no such refs, a comment that only asks
//! others to keep off.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context as _;

use super::claims::{Claimant, Holding, Note, Taking};
use super::perform::Done;
use super::shop::{Shop, Stop};
use crate::core::act::{Marker, Receipt, Step};
use crate::core::claim::{Claim, Standing, advisory, advisory_comment, advisory_speakers, released_comment};
use crate::core::issue::Role;
use crate::core::names::{IssueNumber, RunId, Timestamp};
use crate::core::outcome::Outcome;
use crate::edge::forge::{Forge, Trouble};

/// A claim is renewed when less than this would be left of it after the next step: what is published after a check must
/// not outlive it either.
const SPARE: Duration = Duration::from_secs(300);

/// A comment that claims is edited as long as the run works: one that nobody touched for two days, in seconds, is over.
const LATELY: i64 = 2 * 86_400;

/// Comments that are read at most to find those that claim.
const MOST_COMMENTS: usize = 1000;

impl Shop<'_> {
    /// Takes the issue's lock.
    ///
    /// # Errors
    /// [`Stop::Ended`] when somebody else has it.
    pub(super) fn claim(&mut self, issue: IssueNumber) -> Result<Done, Stop> {
        let Some(claimant) = self.claimant else { return Ok(Done::ALREADY) };
        match claimant.take(issue)? {
            Taking::Held(held) => self.progress.holding = Holding::Lock(held),
            Taking::Taken { by } => return Err(Outcome::Taken { by }.into()),
            Taking::NoLock { reason } => {
                let said = "the remote takes no claims, so that a comment claims the issue, which is only advisory";
                self.warn(format!("{said}: {reason}"))?;
                self.progress.holding = Holding::Note(self.post_note(&claimant, issue)?);
            }
        }
        Ok(Done::NEW)
    }

    /// Makes sure that what is held covers the next step, which takes that long at most.
    ///
    /// # Errors
    /// [`Stop::Ended`] when somebody else has the issue by now. A remote that does not answer is a warning, as long as
    /// the claim holds: before anything is published it is asked again.
    pub(super) fn keep_claim(&mut self, ahead: Duration) -> Result<(), Stop> {
        let Some(expires) = self.progress.holding.expires() else { return Ok(()) };
        let left = expires.seconds().saturating_sub(self.now().seconds());
        let needed = i64::try_from((ahead + SPARE).as_secs()).unwrap_or(i64::MAX);
        if left >= needed {
            return Ok(());
        }
        match self.renew_claim() {
            Err(Stop::Broke(problem)) if left > 0 => {
                Ok(self.warn(format!("the claim could not be renewed: {problem:#}"))?)
            }
            other => other,
        }
    }

    /// Renews what is held, before something that cannot be taken back.
    ///
    /// # Errors
    /// [`Stop::Ended`] when it was over and somebody else has the issue now.
    pub(super) fn renew_claim(&mut self) -> Result<(), Stop> {
        let Some(claimant) = self.claimant else { return Ok(()) };
        match &self.progress.holding {
            Holding::Nothing => Ok(()),
            Holding::Lock(held) => match claimant.renew(held)? {
                Taking::Held(held) => {
                    self.progress.holding = Holding::Lock(held);
                    Ok(())
                }
                Taking::Taken { by } => Err(Outcome::Taken { by }.into()),
                Taking::NoLock { reason } => Ok(self.warn(format!("the claim could not be renewed: {reason}"))?),
            },
            Holding::Note(note) => {
                let note = note.clone();
                let paused = self.tape.pause();
                let renewed = self.renew_note(&claimant, note);
                drop(paused);
                self.progress.holding = Holding::Note(renewed?);
                Ok(())
            }
        }
    }

    /// Gives back what is held.
    ///
    /// # Errors
    /// Remote or forge do not answer: what was held stays until it is over.
    pub(super) fn release(&mut self) -> anyhow::Result<Done> {
        let holding = std::mem::take(&mut self.progress.holding);
        match (self.claimant, holding) {
            (Some(claimant), Holding::Lock(held)) => {
                claimant.release(&held)?;
                Ok(Done::NEW)
            }
            (_, Holding::Note(note)) => {
                self.end_note(&note)?;
                Ok(Done::NEW)
            }
            (None, Holding::Lock(_)) | (_, Holding::Nothing) => Ok(Done::ALREADY),
        }
    }

    /// Posts the comment unless another run's counts, and looks again: of two runs that post at once, the one whose
    /// comment the forge has first goes on.
    fn post_note(&mut self, claimant: &Claimant<'_>, issue: IssueNumber) -> Result<Note, Stop> {
        if let Standing::Held(other) = self.notes(issue)? {
            return Err(Outcome::Taken { by: other.to_string() }.into());
        }
        let claim = anonymous(claimant.claim(issue));
        let posted = self.forge.comment(issue, &self.signed(&claim, &advisory_comment(&claim)));
        let note = Note { claim, comment: posted.map_err(anyhow::Error::from)?.id };
        match self.notes(issue)? {
            Standing::Ours(_) => Ok(note),
            Standing::Held(other) => {
                self.end_note(&note)?;
                Err(Outcome::Taken { by: other.to_string() }.into())
            }
            Standing::Free | Standing::Stale(_) | Standing::Unreadable(_) => {
                self.end_note(&note)?;
                Err(anyhow::anyhow!("the comment that claims #{issue} is not there although it was posted").into())
            }
        }
    }

    fn renew_note(&mut self, claimant: &Claimant<'_>, note: Note) -> Result<Note, Stop> {
        if let Standing::Held(other) = self.notes(note.claim.issue)? {
            return Err(Outcome::Taken { by: other.to_string() }.into());
        }
        let claim = Claim { taken: note.claim.taken, ..anonymous(claimant.claim(note.claim.issue)) };
        let text = self.signed(&claim, &advisory_comment(&claim));
        self.forge.edit_comment(note.comment, &text).map_err(anyhow::Error::from)?;
        Ok(Note { claim, ..note })
    }

    fn end_note(&self, note: &Note) -> anyhow::Result<Receipt> {
        let text = self.signed(&note.claim, &released_comment(&note.claim));
        self.forge.edit_comment(note.comment, &text).context("cannot end the comment that claims the issue")?;
        Ok(Receipt::default())
    }

    fn signed(&self, claim: &Claim, text: &str) -> String {
        Marker { issue: claim.issue, step: Step::Claim, run: self.run.clone() }.sign(text)
    }

    fn notes(&self, issue: IssueNumber) -> anyhow::Result<Standing> {
        notes(self.forge, issue, &self.run, self.now())
    }
}

/// The claims that comments make, on issues where somebody said or renewed one lately; for any run that makes none.
///
/// # Errors
/// The forge cannot be read. One that does not list comments over all issues has none.
pub fn noted_claims(forge: &Forge, run: &RunId, now: Timestamp) -> anyhow::Result<Vec<Claim>> {
    let since = Timestamp::from_seconds(now.seconds().saturating_sub(LATELY));
    let recent = match forge.recent_comments(since, MOST_COMMENTS) {
        Err(error) if error.trouble == Trouble::Missing => Vec::new(),
        recent => recent?,
    };
    let claiming = recent.into_iter().filter(|(issue, comment)| {
        let said = std::slice::from_ref(comment);
        !advisory_speakers(said, *issue).is_empty()
    });
    let issues: BTreeSet<IssueNumber> = claiming.map(|(issue, _)| issue).collect();
    let mut claims = Vec::new();
    for issue in issues {
        match notes(forge, issue, run, now)? {
            Standing::Held(claim) | Standing::Ours(claim) => claims.push(claim),
            Standing::Free | Standing::Stale(_) | Standing::Unreadable(_) => {}
        }
    }
    Ok(claims)
}

/// Whose comment counts now. Strangers' are not heard, but the own account's are, whatever it may do.
fn notes(forge: &Forge, issue: IssueNumber, run: &RunId, now: Timestamp) -> anyhow::Result<Standing> {
    let comments = forge.comments(issue)?;
    let me = forge.me()?.login;
    let mut roles = BTreeMap::from([(me, Role::Writer)]);
    for login in advisory_speakers(&comments, issue) {
        if !roles.contains_key(login) {
            roles.insert(login.to_owned(), forge.permission(login)?);
        }
    }
    Ok(advisory(&comments, &roles, issue, run, now))
}

/// Comments are public: they do not say on which machine the run is.
fn anonymous(claim: Claim) -> Claim {
    Claim { host: String::new(), pid: 0, ..claim }
}
