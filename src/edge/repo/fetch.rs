//! The newest state of a remote branch, as objects: no ref of the clone moves, `FETCH_HEAD` is not written.

use std::time::Duration;

use anyhow::{Context, Result};

use super::{Remote, Repo};
use crate::core::names::CommitId;
use crate::edge::git::Credential;

/// How long a fetch may take.
const NETWORK: Duration = Duration::from_secs(600);

impl Repo {
    /// Brings the tip of a branch of the remote into the object database; `None`: the remote has no such branch.
    ///
    /// # Errors
    /// The remote does not answer, or git cannot be run.
    pub fn fetch_branch(
        &self,
        remote: &Remote,
        credential: Option<&Credential>,
        branch: &str,
    ) -> Result<Option<CommitId>> {
        let full = format!("refs/heads/{branch}");
        let refs = self.remote_refs(remote, credential, std::slice::from_ref(&full))?;
        let Some((_, tip)) = refs.into_iter().find(|(name, _)| *name == full) else { return Ok(None) };
        if self.commit_at(&tip).is_ok() {
            return Ok(Some(tip));
        }
        let fetch = self.git.at(self.git_dir()).deadline(NETWORK);
        let fetch = credential.iter().fold(fetch, |fetch, credential| fetch.credential(credential));
        let fetch = fetch.args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap="]);
        let fetch = fetch.args(["--no-auto-maintenance", "--recurse-submodules=no", "--", &remote.name, &full]);
        fetch.stdout().with_context(|| format!("cannot fetch `{branch}` from `{}`", remote.name))?;
        Ok(Some(tip))
    }
}
