//! The newest state of a remote branch, as objects: no ref of the clone moves, `FETCH_HEAD` is not written.

use std::time::Duration;

use anyhow::{Context, Result};

use super::push::in_time;
use super::{Remote, RemoteError, Repo};
use crate::core::names::CommitId;
use crate::edge::git::{Credential, GitCommand};

/// How long a fetch may take.
const NETWORK: Duration = Duration::from_secs(600);

impl Repo {
    /// Brings the tip of a branch of the remote into the object database; `None`: the remote has no such branch.
    ///
    /// # Errors
    /// git cannot be run, or a [`RemoteError`].
    pub fn fetch_branch(
        &self,
        remote: &Remote,
        credential: Option<&Credential>,
        branch: &str,
    ) -> Result<Option<CommitId>> {
        let (full, source) = (format!("refs/heads/{branch}"), self.fetch_source(remote));
        let git = || {
            let git = self.git.at(self.git_dir()).deadline(NETWORK);
            credential.iter().fold(git, |git, credential| git.credential(credential))
        };
        let look = git().args(["ls-remote", "--refs", "--", &source, &full]);
        let Some(tip) = tip(&answered(remote, look)?, &full) else { return Ok(None) };
        if self.commit_at(&tip).is_ok() {
            return Ok(Some(tip));
        }
        let fetch = git().args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap="]);
        let fetch = fetch.args(["--no-auto-maintenance", "--recurse-submodules=no", "--", &source, &full]);
        answered(remote, fetch).with_context(|| format!("cannot fetch `{branch}`"))?;
        Ok(Some(tip))
    }

    /// The remote's name, which brings its settings along; its URL where git would start from another folder, or find a
    /// password in its configuration and hand it to its transport as an argument.
    fn fetch_source(&self, remote: &Remote) -> String {
        let url = self.absolute(&remote.url);
        if url == remote.url && remote.credential.is_none() { remote.name.clone() } else { url }
    }
}

/// What git printed, or what is wrong with the remote.
pub(super) fn answered(remote: &Remote, command: GitCommand<'_>) -> Result<Vec<u8>> {
    let answer = in_time(command.answer())?;
    if answer.code != 0 {
        return Err(RemoteError::new(remote, answer.stderr).into());
    }
    Ok(answer.stdout)
}

/// The ref in a listing; git's patterns match at the end of longer names as well.
fn tip(listed: &[u8], full: &str) -> Option<CommitId> {
    let text = String::from_utf8_lossy(listed);
    let mut refs = text.lines().filter_map(|line| line.split_once('\t'));
    refs.find(|(_, name)| *name == full).and_then(|(id, _)| CommitId::parse(id))
}
