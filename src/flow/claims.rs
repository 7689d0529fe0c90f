//! Takes, renews and gives back the claim of an issue: how runs on different machines keep out of each other's way.

use std::time::Duration;

use anyhow::Result;

use crate::core::claim::{Claim, Peer, Standing, claim_ref, decide};
use crate::core::names::{CommitId, IssueNumber, RunId, Timestamp};
use crate::edge::git::Credential;
use crate::edge::repo::{Claimed, Remote, RemoteClaim, RemoteError, Repo, nonce};

/// Who claims, where, and for how long.
#[derive(Clone, Copy)]
pub struct Claimant<'a> {
    pub repo: &'a Repo,
    pub remote: &'a Remote,
    pub credential: Option<&'a Credential>,
    /// The account that git-burn works for.
    pub holder: &'a str,
    pub host: &'a str,
    pub pid: u32,
    pub run: &'a RunId,
    /// After this time without renewal others may take the issue.
    pub lease: Duration,
    pub now: fn() -> Timestamp,
    /// Whether the run behind a claim is known to be gone.
    pub peer: &'a dyn Fn(&Claim) -> Peer,
}

/// A claim that this run holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub claim: Claim,
    /// What the ref on the remote is at.
    pub commit: CommitId,
}

/// What this run holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Holding {
    #[default]
    Nothing,
    Lock(Held),
    /// The remote refuses claims; this comment tells others, and stops nobody.
    Note(Note),
}

/// An advisory claim that was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub claim: Claim,
    /// The forge's id of the comment.
    pub comment: u64,
}

impl Holding {
    /// When others may take the issue; `None`: nothing is held.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        match self {
            Self::Nothing => None,
            Self::Lock(held) => Some(held.claim.expires),
            Self::Note(note) => Some(note.claim.expires),
        }
    }
}

/// What became of an attempt to take an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taking {
    Held(Held),
    /// Somebody else has it.
    Taken {
        by: String,
    },
    /// The remote takes no such refs from us: only an advisory comment is possible.
    NoLock {
        reason: String,
    },
}

/// A claim that changes while it is looked at is looked at again, this often in all.
const LOOKS: u32 = 4;

impl Claimant<'_> {
    /// Takes the issue if nobody has it, or if who had it is gone.
    ///
    /// # Errors
    /// A [`RemoteError`], or git cannot be run.
    pub fn take(&self, issue: IssueNumber) -> Result<Taking> {
        let claim = self.claim(issue);
        let commit = self.repo.claim_commit(&claim)?;
        let mut seen = None;
        for _ in 0..LOOKS {
            let pushed = match self.standing(seen.as_ref()) {
                Standing::Free => self.repo.take_claim(&commit, self.remote, self.credential)?,
                Standing::Stale(_) => {
                    let at = seen.as_ref().map_or(commit.commit(), |seen: &RemoteClaim| &seen.commit);
                    self.repo.swap_claim(at, &commit, self.remote, self.credential)?
                }
                Standing::Ours(claim) => {
                    let commit = seen.map_or_else(|| commit.commit().clone(), |seen| seen.commit);
                    return Ok(Taking::Held(Held { claim, commit }));
                }
                Standing::Held(claim) => return Ok(Taking::Taken { by: claim.to_string() }),
                Standing::Unreadable(problem) => {
                    let way_out = format!("git push {} :{}", self.remote.name, claim_ref(issue));
                    return Ok(Taking::Taken { by: format!("something else ({problem}; `{way_out}` removes it)") });
                }
            };
            match pushed {
                Claimed::Done => return Ok(Taking::Held(Held { claim, commit: commit.commit().clone() })),
                Claimed::Refused { reason } => return Ok(Taking::NoLock { reason }),
                Claimed::Unreachable { reason } => return Err(self.unreachable(reason)),
                Claimed::Lost { .. } => seen = self.look(issue)?,
            }
        }
        Ok(Taking::Taken { by: "other runs, one after the other".into() })
    }

    /// Holds on to an issue for another lease.
    ///
    /// # Errors
    /// A [`RemoteError`], or git cannot be run.
    pub fn renew(&self, held: &Held) -> Result<Taking> {
        let claim = Claim { taken: held.claim.taken, ..self.claim(held.claim.issue) };
        let commit = self.repo.claim_commit(&claim)?;
        match self.repo.swap_claim(&held.commit, &commit, self.remote, self.credential)? {
            Claimed::Done => Ok(Taking::Held(Held { claim, commit: commit.commit().clone() })),
            Claimed::Lost { .. } => Ok(Taking::Taken { by: "another run: our claim was over".into() }),
            Claimed::Refused { reason } => Ok(Taking::NoLock { reason }),
            Claimed::Unreachable { reason } => Err(self.unreachable(reason)),
        }
    }

    /// Gives an issue back; fine when somebody else has it by now.
    ///
    /// # Errors
    /// The remote does not answer, or refuses: the claim stays until it is over.
    pub fn release(&self, held: &Held) -> Result<()> {
        let issue = held.claim.issue;
        match self.repo.release_claim(issue, &held.commit, self.remote, self.credential)? {
            Claimed::Done | Claimed::Lost { .. } => Ok(()),
            Claimed::Refused { reason } | Claimed::Unreachable { reason } => Err(self.unreachable(reason)),
        }
    }

    /// What a claim of this run says, taken now.
    pub(super) fn claim(&self, issue: IssueNumber) -> Claim {
        let taken = (self.now)();
        let lease = i64::try_from(self.lease.as_secs()).unwrap_or(i64::MAX);
        Claim {
            issue,
            holder: self.holder.to_owned(),
            host: self.host.to_owned(),
            pid: self.pid,
            run: self.run.clone(),
            taken,
            expires: Timestamp::from_seconds(taken.seconds().saturating_add(lease)),
            nonce: nonce(),
        }
    }

    /// Whether the run behind a claim is known to be gone.
    pub fn is_gone(&self, claim: &Claim) -> bool {
        (self.peer)(claim) == Peer::Dead
    }

    fn look(&self, issue: IssueNumber) -> Result<Option<RemoteClaim>> {
        let claims = self.repo.claims(self.remote, self.credential)?;
        Ok(claims.into_iter().find(|claim| claim.issue == issue))
    }

    fn standing(&self, seen: Option<&RemoteClaim>) -> Standing {
        let message = seen.map(|seen| seen.message.as_str());
        let peer = message
            .and_then(|message| Claim::parse(message).ok())
            .map_or(Peer::MayBeAlive, |claim| (self.peer)(&claim));
        decide(message, self.run, peer, (self.now)())
    }

    fn unreachable(&self, reason: String) -> anyhow::Error {
        RemoteError::new(self.remote, reason).into()
    }
}
