//! What happened before: the log of a path, who wrote a line, which commits speak of an issue.

use anyhow::{Context, Result, bail};
use gix::bstr::ByteSlice;
use gix::revision::walk::Sorting;

use super::{Commit, Repo, commit_id};
use crate::core::names::{CommitId, IssueNumber, RepoPath, Timestamp};

/// One commit of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub commit: CommitId,
    pub when: Timestamp,
    pub author: String,
    pub subject: String,
}

/// One line and the commit that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlamedLine {
    /// From 1.
    pub line: u32,
    pub commit: CommitId,
    pub when: Timestamp,
    pub author: String,
    pub subject: String,
    pub text: String,
}

/// A commit whose message names an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub entry: LogEntry,
    /// Whether the message says that the commit closes it, in a word that forges act on.
    pub kind: MentionKind,
}

/// What a commit message says about an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MentionKind {
    Names,
    Closes,
}

const LOG_FORMAT: &str = "--format=%H%x00%ct%x00%an%x00%s";

impl Repo {
    /// The newest commits that changed a file, followed through renames.
    ///
    /// # Errors
    /// git cannot tell, or takes too long.
    pub fn log(&self, from: &CommitId, path: &RepoPath, limit: usize) -> Result<Vec<LogEntry>> {
        let count = format!("--max-count={limit}");
        let path = String::from_utf8_lossy(path.as_bytes()).into_owned();
        self.log_entries(&["--follow", &count, from.as_str(), "--", &path])
    }

    /// The commits since a time that changed one of the files (or a file in one of the folders), newest first.
    ///
    /// # Errors
    /// git cannot tell, or takes too long.
    pub fn commits_touching(&self, from: &CommitId, paths: &[RepoPath], since: Timestamp) -> Result<Vec<LogEntry>> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        // Without the zone git takes small numbers for something else.
        let since = format!("--since=@{} +0000", since.seconds().max(0));
        let paths: Vec<String> =
            paths.iter().map(|path| String::from_utf8_lossy(path.as_bytes()).into_owned()).collect();
        let mut args = vec!["--full-history", &since, "--max-count=1000", from.as_str(), "--"];
        args.extend(paths.iter().map(String::as_str));
        self.log_entries(&args)
    }

    fn log_entries(&self, args: &[&str]) -> Result<Vec<LogEntry>> {
        let log = self.git.at(self.git_dir()).variable("GIT_LITERAL_PATHSPECS", "1");
        let log = log.args(["log", "--no-show-signature", "--no-decorate", "--no-patch", LOG_FORMAT]).args(args);
        let text = log.text()?;
        text.lines().map(|line| log_entry(line).with_context(|| format!("git log printed `{line}`"))).collect()
    }

    /// Who wrote these lines of a file, 1-based and inclusive. By `git blame`: it is two to three times as fast as gix's
    /// and works in shallow clones.
    ///
    /// # Errors
    /// The file or the lines are not there.
    pub fn blame(&self, at: &CommitId, path: &RepoPath, from: u32, to: u32) -> Result<Vec<BlamedLine>> {
        let range = format!("{},{}", from.max(1), to.max(from).max(1));
        let blame = self.git.at(self.git_dir()).setting("blame.ignoreRevsFile=");
        let path = String::from_utf8_lossy(path.as_bytes()).into_owned();
        let raw = blame.args(["blame", "--porcelain", "-L", &range, at.as_str(), "--", &path]).stdout()?;
        read_blame(&raw)
    }

    /// The commits whose message names the issue, newest first; stops after `limit` of them.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn mentions(&self, from: &CommitId, issue: IssueNumber, limit: usize) -> Result<Vec<Mention>> {
        let walk = self.gix.rev_walk([self.id(from.as_str())?]).sorting(Sorting::ByCommitTime(Default::default()));
        let needle = format!("#{issue}");
        let mut mentions = Vec::new();
        for info in walk.all().context("cannot walk the history")? {
            let commit = info.and_then(|info| info.object()).context("the history is broken")?;
            let message = commit.message_raw_sloppy();
            let Some(kind) = mention_kind(message, needle.as_bytes()) else { continue };
            let (author, subject) = (commit.author()?.name.to_string(), commit.message()?.summary().to_string());
            let when = Timestamp::from_seconds(commit.time()?.seconds);
            mentions.push(Mention { entry: LogEntry { commit: commit_id(commit.id), when, author, subject }, kind });
            if mentions.len() == limit {
                break;
            }
        }
        Ok(mentions)
    }

    /// The commits that `head` has on top of `base`, newest first, at most `limit`.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn commits_between(&self, base: &CommitId, head: &CommitId, limit: usize) -> Result<Vec<Commit>> {
        let walk = self.gix.rev_walk([self.id(head.as_str())?]).with_hidden([self.id(base.as_str())?]);
        let found = walk.sorting(Sorting::ByCommitTime(Default::default())).all().context("cannot walk the history")?;
        found.take(limit).map(|info| self.commit_at(&commit_id(info.context("the history is broken")?.id))).collect()
    }

    /// The newest commit along the first parents that is not younger than a time: what the branch was at then.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn commit_before(&self, from: &CommitId, time: Timestamp) -> Result<Option<CommitId>> {
        let walk = self.gix.rev_walk([self.id(from.as_str())?]).first_parent_only();
        for info in walk.all().context("cannot walk the history")? {
            let commit = info.and_then(|info| info.object()).context("the history is broken")?;
            if commit.time()?.seconds <= time.seconds() {
                return Ok(Some(commit_id(commit.id)));
            }
        }
        Ok(None)
    }

    /// Subjects of the newest commits along the first parents, at most `limit`.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn subjects(&self, from: &CommitId, limit: usize) -> Result<Vec<String>> {
        let walk = self.gix.rev_walk([self.id(from.as_str())?]).first_parent_only();
        let mut subjects = Vec::new();
        for info in walk.all().context("cannot walk the history")?.take(limit) {
            let commit = info.and_then(|info| info.object()).context("the history is broken")?;
            subjects.push(commit.message()?.summary().to_string());
        }
        Ok(subjects)
    }
}

fn log_entry(line: &str) -> Option<LogEntry> {
    let mut fields = line.splitn(4, '\0');
    let commit = CommitId::parse(fields.next()?)?;
    let when = Timestamp::from_seconds(fields.next()?.parse().ok()?);
    let (author, subject) = (fields.next()?.to_owned(), fields.next()?.to_owned());
    Some(LogEntry { commit, when, author, subject })
}

/// The strongest thing that the message says about `#N`. Another repository's `owner/name#N` does not count.
fn mention_kind(message: &[u8], needle: &[u8]) -> Option<MentionKind> {
    let mentions = message.find_iter(needle).filter_map(|start| {
        let (before, after) = (&message[..start], &message[start + needle.len()..]);
        let foreign = before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"&_-".contains(byte));
        let longer = after.first().is_some_and(u8::is_ascii_digit);
        (!foreign && !longer)
            .then(|| if ends_with_closing_word(before) { MentionKind::Closes } else { MentionKind::Names })
    });
    mentions.max()
}

/// GitHub's and Gitea's words.
fn ends_with_closing_word(text: &[u8]) -> bool {
    let text = text.trim_end_with(|c| c == ' ' || c == ':');
    let start = text.rfind_byteset(b" \t\n([").map_or(0, |end| end + 1);
    let word = text[start..].to_ascii_lowercase();
    let closing: [&[u8]; 9] =
        [b"close", b"closes", b"closed", b"fix", b"fixes", b"fixed", b"resolve", b"resolves", b"resolved"];
    closing.contains(&word.as_slice())
}

/// Reads `git blame --porcelain`: what is known of a commit stands only at its first line.
fn read_blame(raw: &[u8]) -> Result<Vec<BlamedLine>> {
    let mut known: std::collections::HashMap<String, (Timestamp, String, String)> = std::collections::HashMap::new();
    let mut lines = Vec::new();
    let mut current = (String::new(), 0);
    for line in raw.lines() {
        if let Some(text) = line.strip_prefix(b"\t") {
            let (commit, number) = &current;
            let Some((when, author, subject)) = known.get(commit).cloned() else { bail!("git blame named no commit") };
            let commit = CommitId::parse(commit).context("git blame named no commit")?;
            lines.push(BlamedLine { line: *number, commit, when, author, subject, text: text.to_str_lossy().into() });
            continue;
        }
        let text = line.to_str_lossy();
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        if CommitId::parse(word).is_some() {
            let number =
                rest.split(' ').nth(1).and_then(|number| number.parse().ok()).context("git blame lacks a line")?;
            current = (word.to_owned(), number);
            known.entry(word.to_owned()).or_insert((Timestamp::from_seconds(0), String::new(), String::new()));
        } else if let Some(about) = known.get_mut(&current.0) {
            match word {
                "committer-time" => about.0 = Timestamp::from_seconds(rest.parse().unwrap_or(0)),
                "author" => about.1 = rest.to_owned(),
                "summary" => about.2 = rest.to_owned(),
                _ => {}
            }
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_told_from_look_alikes() {
        let kind = |message: &str| mention_kind(message.as_bytes(), b"#42");
        assert_eq!(kind("Fix the parser (#42)"), Some(MentionKind::Names));
        assert_eq!(kind("parser\n\nFixes: #42\n"), Some(MentionKind::Closes));
        assert_eq!(kind("see #42, closes #42"), Some(MentionKind::Closes));
        assert_eq!(kind("closes #421"), None);
        assert_eq!(kind("fixes other/repo#42"), None);
        assert_eq!(kind("prefix #42"), Some(MentionKind::Names));
    }
}
