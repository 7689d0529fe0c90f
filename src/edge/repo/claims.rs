//! Claims: one ref an issue on the remote, by which runs on different machines agree who works on what.

use std::fmt;

use anyhow::{Context, Result};

use super::push::{Expected, Outpost, RefPushed};
use super::{Remote, Repo, commit_id};
use crate::core::names::{CommitId, IssueNumber, Timestamp};
use crate::edge::git::Credential;

/// Who holds an issue, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub issue: IssueNumber,
    /// Machine and run, for people and for recognising one's own: one line.
    pub holder: String,
    pub taken: Timestamp,
    /// From then on anybody may take it over.
    pub expires: Timestamp,
}

/// A claim as a commit, the only form in which it goes to a remote. The commit is unique: it holds a number that no
/// other process has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimCommit {
    pub commit: CommitId,
    pub claim: Claim,
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

impl Claim {
    /// Whether it may be taken over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires
    }

    /// `refs/burn/claims/N`.
    pub fn ref_name(issue: IssueNumber) -> String {
        format!("refs/burn/claims/{issue}")
    }

    fn message(&self, nonce: &str) -> String {
        let Self { issue, holder, taken, expires } = self;
        let holder: String = holder.chars().filter(|c| !c.is_control()).collect();
        format!("git-burn claim on #{issue}\n\nholder: {holder}\ntaken: {taken}\nexpires: {expires}\nnonce: {nonce}\n")
    }

    fn read(issue: IssueNumber, message: &str) -> Option<Self> {
        let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let time = |name: &str| Timestamp::parse(field(name)?);
        Some(Self { issue, holder: field("holder")?.to_owned(), taken: time("taken")?, expires: time("expires")? })
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} held by {} until {}", self.issue, self.holder, self.expires)
    }
}

impl Repo {
    /// Writes a claim as an object. Nothing is claimed yet.
    ///
    /// # Errors
    /// The object cannot be written.
    pub fn claim_commit(&self, claim: Claim) -> Result<ClaimCommit> {
        let time = format!("{} +0000", claim.taken.seconds());
        let who = gix::actor::SignatureRef { name: "git-burn".into(), email: "git-burn@localhost".into(), time: &time };
        let tree = self.gix.write_object(gix::objs::Tree::empty())?;
        let parents: [gix::ObjectId; 0] = [];
        let commit = self.gix.new_commit_as(who, who, claim.message(&nonce()), tree, parents)?;
        Ok(ClaimCommit { commit: commit_id(commit.id), claim })
    }

    /// Takes a claim that nobody holds.
    ///
    /// # Errors
    /// git cannot be run.
    pub fn take_claim(&self, claim: &ClaimCommit, remote: &Remote, credential: Option<&Credential>) -> Result<Claimed> {
        let outpost = Outpost::new(self, remote, credential)?;
        outpost.claim(claim.claim.issue, Some(&claim.commit), Expected::Absent)
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
        outpost.claim(claim.claim.issue, Some(&claim.commit), Expected::At(seen))
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

    /// All claims on the remote. A ref that holds something else is left out: it blocks its issue, but says nothing.
    ///
    /// # Errors
    /// git cannot be run, or the remote does not answer.
    pub fn claims(&self, remote: &Remote, credential: Option<&Credential>) -> Result<Vec<ClaimCommit>> {
        let outpost = Outpost::new(self, remote, credential)?;
        let fetch = outpost.git().args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]);
        let fetch =
            fetch.args(["--no-auto-maintenance", "--", &outpost.url(), "+refs/burn/claims/*:refs/burn/claims/*"]);
        fetch.stdout().with_context(|| format!("cannot read the claims on `{}`", remote.name))?;
        let format = "--format=%(refname:lstrip=3)%00%(objectname)%00%(contents)%00";
        let raw = outpost.git().args(["for-each-ref", format, "refs/burn/claims/"]).text()?;
        let mut fields = raw.split('\0');
        let mut claims = Vec::new();
        while let (Some(number), Some(id), Some(message)) = (fields.next(), fields.next(), fields.next()) {
            let claim = number.trim().parse().ok().and_then(|issue| Claim::read(issue, message));
            if let (Some(claim), Some(commit)) = (claim, CommitId::parse(id)) {
                claims.push(ClaimCommit { commit, claim });
            }
        }
        Ok(claims)
    }
}

impl Outpost<'_> {
    fn claim(&self, issue: IssueNumber, commit: Option<&CommitId>, expected: Expected<'_>) -> Result<Claimed> {
        let name = Claim::ref_name(issue);
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

/// Makes a claim commit unique among processes, machines and moments.
fn nonce() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let nanoseconds =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    // Seeded by the system's random numbers.
    let random = RandomState::new().build_hasher().finish();
    format!("{nanoseconds:x}-{:x}-{random:x}", std::process::id())
}
