//! Makes the commit of an approved change: objects only, with git's identity rules and the user's signature.

use anyhow::{Context, Result, anyhow, bail};
use gix::bstr::{BStr, ByteSlice};
use gix::date::time::Format;
use serde::{Deserialize, Serialize};

use super::{Repo, commit_id, tree_id};
use crate::core::guard::Approved;
use crate::core::names::{CommitId, Timestamp, TreeId};
use crate::core::text::one_line;

/// A commit that no ref holds yet, and its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    pub commit: CommitId,
    pub tree: TreeId,
}

/// Who made a commit, and when: what two runs that do the same differ in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Making {
    pub commit: CommitId,
    pub tree: TreeId,
    /// As in the object: `Name <e-mail> SECONDS +ZONE`.
    pub author: String,
    pub committer: String,
    /// Whether it is signed: then nobody else can make it again.
    pub signed: bool,
}

/// A name, an e-mail address and a time, as they stand in a commit.
struct Person {
    name: String,
    email: String,
    /// `SECONDS +ZONE`.
    time: String,
}

/// The two people that git puts into a commit.
#[derive(Clone, Copy)]
enum Role {
    Author,
    Committer,
}

impl Repo {
    /// Commits what the guard has approved on top of `parent`. No ref, index or working tree changes. The author and
    /// the committer are the ones that `git commit` would take; `commit.gpgSign` is honoured, by git itself.
    ///
    /// # Errors
    /// The change does not fit the parent's tree, no identity is configured, or the signature cannot be made.
    pub fn commit(&self, parent: &CommitId, approved: &Approved, message: &str, when: Timestamp) -> Result<Committed> {
        let base = self.tree_of(parent)?;
        let tree = self.write_change(&base, approved.change())?;
        if tree == base {
            bail!("the change leaves the tree as it was: there is nothing to commit");
        }
        let (author, committer) = (self.person(Role::Author, when)?, self.person(Role::Committer, when)?);
        let commit = if self.signs()? {
            self.signed_commit(Some(parent), &tree, message, [&author, &committer])?
        } else {
            let (tree, parent) = (self.id(tree.as_str())?, self.id(parent.as_str())?);
            let commit = self.gix.new_commit_as(committer.signature(), author.signature(), message, tree, [parent]);
            commit_id(commit.context("cannot write the commit")?.id)
        };
        Ok(Committed { commit, tree })
    }

    /// Whether a commit could be made here, for checking before anything is spent: where commits are signed, an empty one
    /// is, so that a locked key asks now.
    ///
    /// # Errors
    /// No identity is configured, or the signature cannot be made; the message says how to.
    pub fn check_identity(&self) -> Result<()> {
        let now = Timestamp::from_seconds(0);
        let (author, committer) = (self.person(Role::Author, now)?, self.person(Role::Committer, now)?);
        if self.signs()? {
            let empty = tree_id(self.gix.empty_tree().id);
            self.signed_commit(None, &empty, "git-burn: can commits be signed?", [&author, &committer])?;
        }
        Ok(())
    }

    fn signs(&self) -> Result<bool> {
        let signs = self.gix.config_snapshot().try_boolean("commit.gpgSign").context("commit.gpgSign is no boolean")?;
        Ok(signs == Some(true))
    }

    /// Who made a commit, and when.
    ///
    /// # Errors
    /// There is no such commit.
    pub fn making(&self, id: &CommitId) -> Result<Making> {
        let commit = self.gix.find_commit(self.id(id.as_str())?)?;
        let header = |name: &str| headers(&commit.data).find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        Ok(Making {
            commit: id.clone(),
            tree: self.tree_of(id)?,
            author: header("author ").to_owned(),
            committer: header("committer ").to_owned(),
            signed: headers(&commit.data).any(|line| line.starts_with("gpgsig")),
        })
    }

    /// The id that a commit would have if it had been made by those people at that time. Nothing is written.
    ///
    /// # Errors
    /// There is no such commit.
    pub fn id_as_made(&self, id: &CommitId, making: &Making) -> Result<CommitId> {
        let commit = self.gix.find_commit(self.id(id.as_str())?)?;
        let text = String::from_utf8_lossy(&commit.data);
        let (head, message) = text.split_once("\n\n").context("a commit has a message")?;
        let lines = head.lines().map(|line| match line.split_once(' ') {
            Some(("author", _)) => format!("author {}\n", making.author),
            Some(("committer", _)) => format!("committer {}\n", making.committer),
            Some(_) | None => format!("{line}\n"),
        });
        let data = format!("{}\n{message}", lines.collect::<String>());
        let hash = gix::objs::compute_hash(self.gix.object_hash(), gix::objs::Kind::Commit, data.as_bytes());
        Ok(commit_id(hash.context("the id cannot be computed")?))
    }

    fn person(&self, role: Role, when: Timestamp) -> Result<Person> {
        let (found, who, variable) = match role {
            Role::Author => (self.gix.author(), "author", "GIT_AUTHOR_DATE"),
            Role::Committer => (self.gix.committer(), "committer", "GIT_COMMITTER_DATE"),
        };
        let Some(found) = found.transpose().with_context(|| format!("the {who} identity is broken"))? else {
            bail!(
                "git does not know who the {who} is: user.name and user.email are not both set\n\
                 hint: git config --global user.name \"Your Name\"; git config --global user.email you@example.org"
            );
        };
        let (name, email) = (self.utf_8(found.name, who)?, self.utf_8(found.email, who)?);
        let (name, email) = (without_crud(&name), without_crud(&email));
        if name.is_empty() || email.is_empty() {
            bail!("the {who}'s name or e-mail address is empty\nhint: set user.name and user.email");
        }
        let time = match self.environment().text(variable) {
            Some(date) => gix::date::parse(date, Some(gix::date::Zoned::now()))
                .with_context(|| format!("{variable} `{date}` is not a date"))?,
            None => gix::date::Time::new(when.seconds(), gix::date::Time::now_local_or_utc().offset),
        };
        let time = time.format_or_unix(Format::Raw);
        Ok(Person { name, email, time })
    }

    /// A name or an address in the encoding of the commits that are made here. What is not UTF-8 is read as Latin-1, as
    /// git does, unless the user has told git that it is something else.
    fn utf_8(&self, text: &BStr, who: &str) -> Result<String> {
        let encoding = self.gix.config_snapshot().string("i18n.commitEncoding");
        let encoding = encoding.as_deref().map(|name| name.to_str_lossy()).unwrap_or_default();
        let is_known = ENCODINGS.iter().any(|known| encoding.eq_ignore_ascii_case(known));
        if text.to_str().is_err() && !is_known {
            bail!(
                "the {who}'s name or e-mail address is not UTF-8, and i18n.commitEncoding is {}\n\
                 hint: set user.name and user.email in UTF-8: commits are made in it",
                one_line(&encoding)
            );
        }
        Ok(from_latin_1(text))
    }

    fn signed_commit(
        &self,
        parent: Option<&CommitId>,
        tree: &TreeId,
        message: &str,
        [author, committer]: [&Person; 2],
    ) -> Result<CommitId> {
        let parent = parent.iter().flat_map(|parent| ["-p", parent.as_str()]);
        let mut command = self.git.at(self.git_dir()).args(["commit-tree", "-S"]).args(parent).arg(tree.as_str());
        for (role, person) in [("AUTHOR", author), ("COMMITTER", committer)] {
            command = command
                .variable(&format!("GIT_{role}_NAME"), &person.name)
                .variable(&format!("GIT_{role}_EMAIL"), &person.email)
                .variable(&format!("GIT_{role}_DATE"), &person.time);
        }
        let id = command.input(message).text().map_err(|error| {
            anyhow!(
                "commit.gpgSign is set, but the commit could not be signed: {error}\n\
                 hint: unlock the key first (gpg-agent or ssh-agent), or `git -c commit.gpgSign=false burn ...`"
            )
        })?;
        CommitId::parse(&id).with_context(|| format!("git commit-tree printed `{id}`"))
    }
}

/// Values of `i18n.commitEncoding` under which bytes that are not UTF-8 are Latin-1.
const ENCODINGS: [&str; 7] = ["", "utf-8", "utf8", "iso-8859-1", "iso8859-1", "latin1", "latin-1"];

/// UTF-8 as it is; each byte that is none as the character of Latin-1 that it is: git's own rule (`verify_utf8`).
pub(super) fn from_latin_1(text: &[u8]) -> String {
    let mut read = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        read.push_str(chunk.valid());
        read.extend(chunk.invalid().iter().copied().map(char::from));
    }
    read
}

/// A name or an address as git puts it into a commit: without what would end it there, and without what stands around it.
fn without_crud(text: &str) -> String {
    let is_crud = |c: char| c <= ' ' || matches!(c, ',' | ':' | ';' | '<' | '>' | '"' | '\\' | '\'');
    text.trim_matches(is_crud).replace(['\n', '<', '>'], "")
}

/// The lines before the message.
fn headers(commit: &[u8]) -> impl Iterator<Item = &str> {
    let end = commit.windows(2).position(|two| two == b"\n\n").unwrap_or(commit.len());
    std::str::from_utf8(&commit[..end]).unwrap_or_default().lines()
}

impl Person {
    fn signature(&self) -> gix::actor::SignatureRef<'_> {
        let Self { name, email, time } = self;
        gix::actor::SignatureRef { name: name.as_str().into(), email: email.as_str().into(), time }
    }
}
