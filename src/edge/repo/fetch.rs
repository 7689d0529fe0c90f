//! The newest state of a remote branch, as objects: no ref of the clone moves, `FETCH_HEAD` is not written.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::config::Setting;
use super::push::in_time;
use super::{FileKind, Remote, RemoteError, Repo};
use crate::core::names::{CommitId, TreeId};
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
        let look = self.network_git(credential).args(["ls-remote", "--refs", "--"]).arg(&source).arg(&full);
        let Some(tip) = tip(&answered(remote, look)?, &full) else { return Ok(None) };
        if self.commit_at(&tip).is_ok() {
            return Ok(Some(tip));
        }
        let fetch = self.network_git(credential).args(FETCH).arg("--").arg(&source).arg(&full);
        answered(remote, fetch).with_context(|| format!("cannot fetch `{branch}`"))?;
        Ok(Some(tip))
    }

    /// Brings the files of a tree that a partial clone lacks into the object database, all at once: ranking and search
    /// pass over what is missing, and one by one each would be a request.
    ///
    /// # Errors
    /// As [`Repo::fetch_branch`].
    pub fn complete(&self, remote: &Remote, credential: Option<&Credential>, tree: &TreeId) -> Result<()> {
        let missing = self.missing(tree)?;
        if missing.is_empty() {
            return Ok(());
        }
        // Nothing that we have says anything about what the remote has.
        let git = self.network_git(credential).setting("fetch.negotiationAlgorithm=noop");
        let fetch = git.args(FETCH).args(["--stdin", "--"]).arg(self.fetch_source(remote)).input(missing);
        answered(remote, fetch).context("cannot fetch the files that this partial clone lacks")?;
        // Looking for them also makes the library see the new pack, which those who never refresh would not.
        match self.missing(tree)?.lines().count() {
            0 => Ok(()),
            left => bail!("this partial clone lacks {left} files that the remote `{}` does not send", remote.name),
        }
    }

    /// Ids of a tree's files that are not here, one a line; nothing in a clone that is not partial.
    fn missing(&self, tree: &TreeId) -> Result<String> {
        let config = self.config();
        let promises = |setting: &Setting| setting.key.starts_with("remote.") && setting.key.ends_with(".promisor");
        if !config.iter().any(promises) {
            return Ok(String::new());
        }
        let files = self.files(tree)?.into_iter().filter(|file| file.kind != FileKind::Submodule);
        Ok(files.filter(|file| !self.gix.has_object(file.id)).map(|file| format!("{}\n", file.id)).collect())
    }

    fn network_git(&self, credential: Option<&Credential>) -> GitCommand<'_> {
        let git = self.git.at(self.git_dir()).deadline(NETWORK);
        credential.iter().fold(git, |git, credential| git.credential(credential))
    }

    /// The remote's name, which brings its settings along; its URL where git would start from another folder, or find a
    /// password in its configuration and hand it to its transport as an argument.
    fn fetch_source(&self, remote: &Remote) -> OsString {
        let url = self.absolute(&remote.url);
        if url == *remote.url && remote.credential.is_none() { remote.name.clone().into() } else { url }
    }
}

/// Fetches objects and nothing else.
const FETCH: [&str; 7] = [
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--refmap=",
    "--no-auto-maintenance",
    "--recurse-submodules=no",
];

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
