//! Claims: one ref an issue on the remote, by which runs on different machines agree who works on what.

use anyhow::{Context, Result};

use super::fetch::answered;
use super::push::{Expected, Outpost, RefPushed};
use super::{Remote, Repo, commit_id};
use crate::core::claim::{Claim, claim_ref, claimed_issue};
use crate::core::names::{CommitId, IssueNumber};
use crate::edge::git::Credential;

/// A claim as a commit, the only form in which it goes to a remote. It is ours to push: only [`Repo::claim_commit`]
/// makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimCommit {
    issue: IssueNumber,
    commit: CommitId,
}

impl ClaimCommit {
    /// The commit's id: what the ref on the remote holds once the claim is taken.
    pub fn commit(&self) -> &CommitId {
        &self.commit
    }
}

/// A claim ref as it is on the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteClaim {
    pub issue: IssueNumber,
    pub commit: CommitId,
    /// What `core::claim::decide` judges.
    pub message: String,
}

/// What became of an attempt to take, take over or give back a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    Done,
    /// The ref is not where it was expected: somebody else was faster. `None`: it is gone.
    Lost {
        now: Option<CommitId>,
    },
    /// The server does not take such refs, or not from us.
    Refused {
        reason: String,
    },
    /// No answer.
    Unreachable {
        reason: String,
    },
}

impl Repo {
    /// Writes a claim as an object. Nothing is claimed yet.
    ///
    /// # Errors
    /// The object cannot be written.
    pub fn claim_commit(&self, claim: &Claim) -> Result<ClaimCommit> {
        let time = format!("{} +0000", claim.taken.seconds());
        let who = gix::actor::SignatureRef { name: "git-burn".into(), email: "git-burn@localhost".into(), time: &time };
        let tree = self.gix.write_object(gix::objs::Tree::empty())?;
        let parents: [gix::ObjectId; 0] = [];
        let commit = self.gix.new_commit_as(who, who, claim.message(), tree, parents)?;
        Ok(ClaimCommit { issue: claim.issue, commit: commit_id(commit.id) })
    }

    /// Takes a claim that nobody holds.
    ///
    /// # Errors
    /// git cannot be run.
    pub fn take_claim(&self, claim: &ClaimCommit, remote: &Remote, credential: Option<&Credential>) -> Result<Claimed> {
        let outpost = Outpost::new(self, remote, credential)?;
        outpost.claim(claim.issue, Some(&claim.commit), Expected::Absent)
    }

    /// Takes over (or renews) a claim that is at `seen`.
    ///
    /// # Errors
    /// git cannot be run.
    pub fn swap_claim(
        &self,
        seen: &CommitId,
        claim: &ClaimCommit,
        remote: &Remote,
        credential: Option<&Credential>,
    ) -> Result<Claimed> {
        let outpost = Outpost::new(self, remote, credential)?;
        outpost.claim(claim.issue, Some(&claim.commit), Expected::At(seen))
    }

    /// Gives back a claim that is at `seen`.
    ///
    /// # Errors
    /// git cannot be run.
    pub fn release_claim(
        &self,
        issue: IssueNumber,
        seen: &CommitId,
        remote: &Remote,
        credential: Option<&Credential>,
    ) -> Result<Claimed> {
        Outpost::new(self, remote, credential)?.claim(issue, None, Expected::At(seen))
    }

    /// All claim refs on the remote, in the order of their names.
    ///
    /// # Errors
    /// git cannot be run, or a [`RemoteError`](super::RemoteError).
    pub fn claims(&self, remote: &Remote, credential: Option<&Credential>) -> Result<Vec<RemoteClaim>> {
        let outpost = Outpost::new(self, remote, credential)?;
        let fetch = outpost.git().args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]);
        let fetch = fetch.args(["--no-auto-maintenance", "--"]).arg(outpost.url());
        let fetch = fetch.arg("+refs/burn/claims/*:refs/burn/claims/*");
        answered(remote, fetch).context("cannot read the claims")?;
        let format = "--format=%(refname)%00%(objectname)%00%(contents)%00";
        let raw = outpost.git().args(["for-each-ref", format, "refs/burn/claims/"]).text()?;
        let mut fields = raw.split('\0');
        let mut claims = Vec::new();
        while let (Some(name), Some(id), Some(message)) = (fields.next(), fields.next(), fields.next()) {
            if let (Some(issue), Some(commit)) = (claimed_issue(name.trim()), CommitId::parse(id)) {
                claims.push(RemoteClaim { issue, commit, message: message.to_owned() });
            }
        }
        Ok(claims)
    }
}

impl Outpost<'_> {
    fn claim(&self, issue: IssueNumber, commit: Option<&CommitId>, expected: Expected<'_>) -> Result<Claimed> {
        let name = claim_ref(issue);
        let reason = match self.push(commit, &name, expected)? {
            RefPushed::Done => return Ok(Claimed::Done),
            // Nobody else can have made this very commit: an earlier attempt of ours got through.
            RefPushed::Same => return Ok(Claimed::Done),
            RefPushed::Refused(reason) | RefPushed::Failed(reason) => reason,
        };
        let now = match self.list(&[name])? {
            Ok(refs) => refs.into_iter().next().map(|(_, id)| id),
            Err(reason) => return Ok(Claimed::Unreachable { reason }),
        };
        Ok(match (now, commit) {
            (now, wanted) if now.as_ref() == wanted => Claimed::Done,
            (Some(now), _) => Claimed::Lost { now: Some(now) },
            (None, _) if reason.contains("stale info") => Claimed::Lost { now: None },
            (None, _) => Claimed::Refused { reason },
        })
    }
}

/// A text that no other process, on any machine, at any time has: what makes a claim unique.
pub fn nonce() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let nanoseconds =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    // Seeded by the system's random numbers.
    let random = RandomState::new().build_hasher().finish();
    format!("{nanoseconds:x}-{:x}-{random:x}", std::process::id())
}
