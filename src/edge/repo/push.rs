//! Publishes commits: create-only pushes of verified commits, from a private repository that no check has touched.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::layout::{self, WorkTree};
use super::{Remote, RemoteError, RemoteTrouble, Repo};
use crate::core::checks::{Successor, Verified};
use crate::core::names::{BurnBranch, CommitId};
use crate::edge::git::{Credential, GitAnswer, GitCommand, GitError, GitFailure};
use crate::edge::scratch::Scratch;

/// How long a push or a look at the remote may take.
const NETWORK: Duration = Duration::from_secs(180);

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// The branch is new, and ours.
    Created,
    /// The branch was there already, at our commit: an earlier attempt got through.
    AlreadyOurs,
    /// The branch is there, at another commit.
    Taken { by: CommitId },
    /// The name cannot exist beside this branch: one is a folder of the other.
    BlockedBy { branch: String },
    /// The server refuses: protected branch, hook, quota. Its words, safe for a terminal.
    Rejected { reason: String },
    /// The credential is missing or not good enough.
    Denied { reason: String },
    /// No answer from the server; whether the branch is there now is not known. The next run looks first.
    Unreachable { reason: String },
}

/// What became of a push on top of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advanced {
    Done,
    /// The branch is at our commit: an earlier attempt got through.
    AlreadyOurs,
    /// The branch is elsewhere by now; `None`: it is gone.
    Moved {
        now: Option<CommitId>,
    },
    /// As for [`Pushed`].
    Rejected {
        reason: String,
    },
    Denied {
        reason: String,
    },
    Unreachable {
        reason: String,
    },
}

/// The value that a ref on the remote must have for a push to it to succeed.
pub(super) enum Expected<'a> {
    Absent,
    At(&'a CommitId),
    /// Any that the commit descends from: the server's own rule for a push without a lease.
    Ancestor,
}

/// How one ref fared in `git push --porcelain`.
pub(super) enum RefPushed {
    Done,
    Same,
    Refused(String),
    /// git never came to speak about the ref.
    Failed(String),
}

impl Repo {
    /// Publishes a verified commit as a new branch. An existing branch is never moved: there is no way to say that here.
    ///
    /// # Errors
    /// The private repository cannot be made, or git cannot be run. What the remote says is a value of [`Pushed`].
    pub fn push(
        &self,
        verified: &Verified,
        branch: &BurnBranch,
        remote: &Remote,
        credential: Option<&Credential>,
    ) -> Result<Pushed> {
        let outpost = Outpost::new(self, remote, credential)?;
        let name = branch.full();
        let refusal = match outpost.push(Some(verified.commit()), &name, Expected::Absent)? {
            RefPushed::Done => return Ok(Pushed::Created),
            RefPushed::Same => return Ok(Pushed::AlreadyOurs),
            RefPushed::Refused(reason) | RefPushed::Failed(reason) => reason,
        };
        // The answer may have been lost, and git words a race, a taken name and a blocked one alike: look.
        let there = match outpost.look(branch)? {
            Ok(there) => there,
            Err(problem) => return Ok(unanswered(&refusal, &problem)),
        };
        if let Some((_, id)) = there.iter().find(|(other, _)| *other == name) {
            let ours = id == verified.commit();
            return Ok(if ours { Pushed::AlreadyOurs } else { Pushed::Taken { by: id.clone() } });
        }
        Ok(match there.into_iter().next() {
            Some((other, _)) => Pushed::BlockedBy { branch: other.trim_start_matches("refs/heads/").to_owned() },
            None if is_denial(&refusal) => Pushed::Denied { reason: refusal },
            None => Pushed::Rejected { reason: refusal },
        })
    }

    /// Lets a branch grow by a verified commit that stands on its head. Nothing is forced: a branch that has moved stays.
    ///
    /// # Errors
    /// As [`Repo::push`].
    pub fn advance(
        &self,
        successor: &Successor,
        branch: &BurnBranch,
        remote: &Remote,
        credential: Option<&Credential>,
    ) -> Result<Advanced> {
        let outpost = Outpost::new(self, remote, credential)?;
        let name = branch.full();
        // A plain push would make a branch anew that was deleted meanwhile, so that it is looked for first.
        let there = outpost.list(std::slice::from_ref(&name))?;
        if let Some(ended) = standing(successor, there) {
            return Ok(ended);
        }
        let refusal = match outpost.push(Some(successor.commit()), &name, Expected::Ancestor)? {
            RefPushed::Done => return Ok(Advanced::Done),
            RefPushed::Same => return Ok(Advanced::AlreadyOurs),
            RefPushed::Refused(reason) | RefPushed::Failed(reason) => reason,
        };
        let there = outpost.list(&[name])?;
        Ok(standing(successor, there).unwrap_or_else(|| match is_denial(&refusal) {
            true => Advanced::Denied { reason: refusal },
            false => Advanced::Rejected { reason: refusal },
        }))
    }

    /// Removes a branch of git-burn's own from the remote, if it is at `seen`. Says whether it is gone: a branch that was
    /// pushed to meanwhile stays.
    ///
    /// # Errors
    /// git cannot be run, or the remote refuses or does not answer.
    pub fn delete_branch(
        &self,
        branch: &BurnBranch,
        seen: &CommitId,
        remote: &Remote,
        credential: Option<&Credential>,
    ) -> Result<bool> {
        let outpost = Outpost::new(self, remote, credential)?;
        let name = branch.full();
        let reason = match outpost.push(None, &name, Expected::At(seen))? {
            RefPushed::Done | RefPushed::Same => return Ok(true),
            RefPushed::Refused(reason) | RefPushed::Failed(reason) => reason,
        };
        match outpost.list(std::slice::from_ref(&name))? {
            Ok(there) if there.is_empty() => Ok(true),
            Ok(there) if there.iter().any(|(_, id)| id != seen) => Ok(false),
            Ok(_) | Err(_) => Err(anyhow::anyhow!("the remote `{}` did not delete {branch}: {reason}", remote.name)),
        }
    }

    /// Branches of the remote, by full ref name; only those that are asked for, exactly.
    ///
    /// # Errors
    /// git cannot be run, or a [`RemoteError`].
    pub fn remote_refs(
        &self,
        remote: &Remote,
        credential: Option<&Credential>,
        names: &[String],
    ) -> Result<Vec<(String, CommitId)>> {
        let found = Outpost::new(self, remote, credential)?.list(names)?;
        found.map_err(|reason| RemoteError::new(remote, reason).into())
    }
}

/// What the branch's value says about a push on top of it; `None`: it is where it should be before the push.
fn standing(successor: &Successor, there: Result<Vec<(String, CommitId)>, String>) -> Option<Advanced> {
    let now = match there {
        Ok(there) => there.into_iter().next().map(|(_, id)| id),
        Err(reason) if is_denial(&reason) => return Some(Advanced::Denied { reason }),
        Err(reason) => return Some(Advanced::Unreachable { reason }),
    };
    match now {
        Some(id) if id == *successor.head() => None,
        Some(id) if id == *successor.commit() => Some(Advanced::AlreadyOurs),
        now => Some(Advanced::Moved { now }),
    }
}

/// The push failed and the look afterwards did too.
fn unanswered(refusal: &str, problem: &str) -> Pushed {
    let reason = if problem.is_empty() { refusal } else { problem }.to_owned();
    match is_denial(&reason) {
        true => Pushed::Denied { reason },
        false => Pushed::Unreachable { reason },
    }
}

fn is_denial(said: &str) -> bool {
    RemoteTrouble::of(said) == RemoteTrouble::Denied
}

/// An answer that did not come in time is one that says so.
pub(super) fn in_time(answer: Result<GitAnswer, GitError>) -> Result<GitAnswer, GitError> {
    match answer {
        Err(error) if matches!(error.how, GitFailure::TimedOut(_)) => {
            Ok(GitAnswer { code: 128, stdout: Vec::new(), stderr: error.to_string() })
        }
        other => other,
    }
}

/// A private, empty, bare repository whose objects are the clone's, and which knows nothing of the clone's
/// configuration but what was read when the clone was opened. It goes away with the value.
pub(super) struct Outpost<'a> {
    repo: &'a Repo,
    url: &'a str,
    credential: Option<&'a Credential>,
    dir: tempfile::TempDir,
}

impl<'a> Outpost<'a> {
    pub(super) fn new(repo: &'a Repo, remote: &'a Remote, credential: Option<&'a Credential>) -> Result<Self> {
        let url = remote.push_url()?;
        let dir = Scratch::Push.folder().context("cannot make a temporary folder to push from")?;
        fill(dir.path(), repo).context("cannot make a private repository to push from")?;
        Ok(Self { repo, url, credential, dir })
    }

    pub(super) fn git(&self) -> GitCommand<'_> {
        let command = self.repo.git.at(self.dir.path()).deadline(NETWORK);
        match self.credential {
            Some(credential) => command.credential(credential),
            None => command,
        }
    }

    /// `None` deletes the ref. Unforced: the lease alone decides.
    pub(super) fn push(&self, commit: Option<&CommitId>, name: &str, expected: Expected<'_>) -> Result<RefPushed> {
        let lease = match expected {
            Expected::Absent => Some(""),
            Expected::At(id) => Some(id.as_str()),
            Expected::Ancestor => None,
        };
        let refspec = format!("{}:{name}", commit.map_or("", CommitId::as_str));
        let push = self.git().args(["push", "--porcelain", "--no-progress", "--no-verify", "--no-follow-tags"]);
        let push = push.args(["--recurse-submodules=no", "--no-signed", "--atomic"]);
        let push = push.args(lease.map(|value| format!("--force-with-lease={name}:{value}")));
        let push = push.arg("--").arg(self.url()).arg(&refspec);
        // Whether it got through in time is found out by looking.
        Ok(read_porcelain(&in_time(push.answer())?, name))
    }

    /// The exact branch, and those that are a folder of its name or have it as a folder.
    fn look(&self, branch: &BurnBranch) -> Result<Result<Vec<(String, CommitId)>, String>> {
        let full = branch.full();
        let mut names = vec![full.clone()];
        let parents = full.match_indices('/').skip(2).map(|(end, _)| full[..end].to_owned());
        names.extend(parents);
        names.push(format!("{full}/*"));
        self.list(&names)
    }

    /// Refs of the remote by full name; `/*` at the end means everything below. The inner error is the remote's.
    pub(super) fn list(&self, names: &[String]) -> Result<Result<Vec<(String, CommitId)>, String>> {
        let answer = self.git().args(["ls-remote", "--refs", "--"]).arg(self.url()).args(names).answer();
        let answer = in_time(answer)?;
        if answer.code != 0 {
            return Ok(Err(answer.stderr));
        }
        // git's patterns match at the end of a name as well: `x/refs/heads/a` for `refs/heads/a`.
        let wanted = |name: &str| {
            names.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(folder) => name.starts_with(folder),
                None => name == pattern,
            })
        };
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let refs = text.lines().filter_map(|line| {
            let (id, name) = line.split_once('\t')?;
            Some((name.to_owned(), CommitId::parse(id)?)).filter(|_| wanted(name))
        });
        Ok(Ok(refs.collect()))
    }

    pub(super) fn url(&self) -> OsString {
        self.repo.absolute(self.url)
    }
}

/// A bare repository that borrows the clone's objects and knows its shallow boundary.
fn fill(dir: &Path, repo: &Repo) -> Result<()> {
    layout::init(dir, repo.gix.object_hash(), WorkTree::None)?;
    let objects: PathBuf = repo.common_dir().join("objects").canonicalize()?;
    std::fs::write(dir.join("objects/info/alternates"), alternates_line(&objects))?;
    let shallow = repo.common_dir().join("shallow");
    if shallow.exists() {
        std::fs::copy(shallow, dir.join("shallow"))?;
    }
    Ok(())
}

/// A path as git reads it in its list of alternates: as it is, but for one that would be two lines.
fn alternates_line(objects: &Path) -> Vec<u8> {
    let path = objects.as_os_str().as_encoded_bytes();
    if !path.contains(&b'\n') {
        return [path, b"\n"].concat();
    }
    let quoted = path.iter().flat_map(|byte| match byte {
        b'\n' => b"\\n".to_vec(),
        b'"' | b'\\' => vec![b'\\', *byte],
        other => vec![*other],
    });
    [b"\"".to_vec(), quoted.collect(), b"\"\n".to_vec()].concat()
}

/// Reads `FLAG TAB FROM:TO TAB SUMMARY`. Success is the flag of a new, deleted or moved ref, nothing else.
fn read_porcelain(answer: &GitAnswer, name: &str) -> RefPushed {
    let text = String::from_utf8_lossy(&answer.stdout);
    let record = text.lines().find_map(|line| {
        let mut fields = line.splitn(3, '\t');
        let (flag, refs, summary) = (fields.next()?, fields.next()?, fields.next()?);
        (refs.rsplit_once(':')?.1 == name).then_some((flag, summary))
    });
    let said = || match answer.stderr.trim() {
        "" => "git push said nothing".to_owned(),
        said => said.to_owned(),
    };
    match record {
        Some(("*" | "-" | "+" | " ", _)) if answer.code == 0 => RefPushed::Done,
        Some(("=", _)) if answer.code == 0 => RefPushed::Same,
        Some((_, summary)) => RefPushed::Refused(format!("{summary}\n{}", said())),
        None => RefPushed::Failed(said()),
    }
}
