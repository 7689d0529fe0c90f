//! Whether an issue still needs work: decided before the first token is paid for, and again before each publication.

use std::fmt;

use serde::Serialize;

use super::issue::{Fingerprint, Issue, Pull, PullState, State};
use super::names::{CommitId, IssueNumber, RepoPath, Timestamp};
use super::places::Part;

/// What was looked up about an issue.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// As it is now.
    pub issue: &'a Issue,
    /// As it was when it was picked; `None`: it is being picked now.
    pub picked: Option<&'a Fingerprint>,
    /// Logins that git-burn works for.
    pub own_logins: &'a [String],
    /// git-burn's branch for the issue.
    pub branch: &'a str,
    /// Open, merged and closed pull requests that could have to do with it.
    pub pulls: &'a [Pull],
    /// Commits on the base branch whose message mentions the number.
    pub mentions: &'a [Mention],
    /// Commits since the issue was filed that touched the lines it names.
    pub touches: &'a [Touch],
    pub insistence: Insistence,
}

/// Whether a person asked for exactly this issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insistence {
    /// Picked from a list by a program: every doubt stops.
    Picked,
    /// Named by a person (`git burn issue 42`): an earlier "no" and somebody's assignment are told, but do not stop.
    Named,
}

/// A commit that mentions an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mention {
    pub commit: CommitId,
    pub message: String,
    pub at: Timestamp,
}

/// A commit that changed a place that the issue names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Touch {
    pub commit: CommitId,
    pub subject: String,
    pub path: RepoPath,
    pub part: Part,
    pub at: Timestamp,
}

impl fmt::Display for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            Part::File => write!(f, "{}", self.path),
            part @ (Part::Lines(..) | Part::Definition(_)) => write!(f, "{part} of {}", self.path),
        }
    }
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "freshness", rename_all = "snake_case")]
pub enum Freshness {
    /// Work on it; the hints are for the model and the analysis comment.
    Fresh {
        hints: Vec<String>,
    },
    Stale(Stale),
}

/// Why there is nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Stale {
    Closed,
    Locked,
    /// Somebody edited it since it was picked.
    Edited,
    FixedOnBase {
        commit: CommitId,
        subject: String,
    },
    /// A commit that names the issue changed just what the issue names.
    PerhapsFixed {
        commit: CommitId,
        subject: String,
        touched: String,
    },
    /// Somebody's pull request is open.
    PullOpen {
        pull: u64,
        author: String,
        url: String,
    },
    /// git-burn's pull request was closed without merging: a person said no.
    Declined {
        pull: u64,
        url: String,
    },
    Assigned {
        to: Vec<String>,
    },
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the issue is closed"),
            Self::Locked => f.write_str("the conversation is locked"),
            Self::Edited => f.write_str("the issue was edited since it was picked; run it again"),
            Self::FixedOnBase { commit, subject } => {
                write!(f, "fixed on the base branch by {}: {subject}", commit.short())
            }
            Self::PerhapsFixed { commit, subject, touched } => write!(
                f,
                "perhaps fixed on the base branch by {}, which names the issue and changed {touched}: {subject}",
                commit.short()
            ),
            Self::PullOpen { pull, author, .. } => write!(f, "pull request #{pull} by {author} is open"),
            Self::Declined { pull, .. } => write!(
                f,
                "pull request #{pull} was closed without merging; name the issue (`git burn issue N`) to try again"
            ),
            Self::Assigned { to } => write!(f, "assigned to {}", to.join(", ")),
        }
    }
}

/// Decides; the first reason counts, from the most certain to the least.
pub fn decide(facts: &Facts<'_>) -> Freshness {
    if let Some(stale) = state(facts).or_else(|| fixed(facts)).or_else(|| open_pull(facts)) {
        return Freshness::Stale(stale);
    }
    match (facts.insistence, perhaps_fixed(facts).or_else(|| declined(facts)).or_else(|| assigned(facts))) {
        (Insistence::Picked, Some(stale)) => Freshness::Stale(stale),
        (Insistence::Named, doubt) => Freshness::Fresh { hints: hints(facts, doubt.as_ref()) },
        (Insistence::Picked, None) => Freshness::Fresh { hints: hints(facts, None) },
    }
}

fn state(facts: &Facts<'_>) -> Option<Stale> {
    let edited = facts.picked.is_some_and(|picked| *picked != facts.issue.fingerprint());
    match (facts.issue.state, facts.issue.locked) {
        (State::Closed, _) => Some(Stale::Closed),
        (State::Open, true) => Some(Stale::Locked),
        (State::Open, false) => edited.then_some(Stale::Edited),
    }
}

/// Only a commit that says so, and is younger than the issue: a mere mention may be about anything, and a forge that was
/// moved may count its issues anew.
fn fixed(facts: &Facts<'_>) -> Option<Stale> {
    let says_so = |mention: &&Mention| {
        mention.at >= facts.issue.created && names(&mention.message, facts.issue.number) == Named::AsClosed
    };
    let mention = facts.mentions.iter().find(says_so)?;
    Some(Stale::FixedOnBase { commit: mention.commit.clone(), subject: subject(&mention.message) })
}

/// A mention in passing and a change to the named lines are little each; both in one commit are enough to leave the
/// issue to people.
fn perhaps_fixed(facts: &Facts<'_>) -> Option<Stale> {
    let named = |touch: &&Touch| {
        touch.part != Part::File && touch.at >= facts.issue.created && {
            facts.mentions.iter().any(|mention| mention.commit == touch.commit)
        }
    };
    let touch = facts.touches.iter().find(named)?;
    let subject = subject(&touch.subject);
    Some(Stale::PerhapsFixed { commit: touch.commit.clone(), subject, touched: touch.to_string() })
}

/// The newest of the [`fixes`].
pub fn newest_fix<'m>(mentions: &'m [Mention], issue: &Issue) -> Option<&'m Mention> {
    fixes(mentions, issue).into_iter().next()
}

/// The commits that were made to solve the issue, by what they say, newest first: a closing word, or git-burn's own
/// trailer beside the number. A commit that takes another back solves nothing.
pub fn fixes<'m>(mentions: &'m [Mention], issue: &Issue) -> Vec<&'m Mention> {
    let solves = |mention: &&Mention| {
        let named = names(&mention.message, issue.number);
        let ours = named != Named::Not && mention.message.lines().any(|line| line.starts_with("Burn-Run: "));
        let reverts = mention.message.starts_with("Revert ");
        mention.at >= issue.created && !reverts && (ours || named == Named::AsClosed)
    };
    let mut fixes: Vec<&Mention> = mentions.iter().filter(solves).collect();
    // Of one second, as they come: the log has the newest first.
    fixes.sort_by_key(|mention| std::cmp::Reverse(mention.at));
    fixes
}

fn open_pull(facts: &Facts<'_>) -> Option<Stale> {
    let pull = facts.pulls.iter().find(|pull| pull.state == PullState::Open && is_for(pull, facts))?;
    Some(Stale::PullOpen { pull: pull.number, author: pull.author.clone(), url: pull.url.clone() })
}

/// A "no" is one to git-burn's own proposal; a contributor's abandoned attempt is none.
fn declined(facts: &Facts<'_>) -> Option<Stale> {
    let own = |pull: &&Pull| pull.head == facts.branch && pull.state == PullState::Refused;
    let pull = facts.pulls.iter().filter(own).max_by_key(|pull| pull.number)?;
    Some(Stale::Declined { pull: pull.number, url: pull.url.clone() })
}

fn assigned(facts: &Facts<'_>) -> Option<Stale> {
    let assignees = &facts.issue.assignees;
    let own = |login: &String| facts.own_logins.iter().any(|own| own.eq_ignore_ascii_case(login));
    (!assignees.is_empty() && !assignees.iter().any(own)).then(|| Stale::Assigned { to: assignees.clone() })
}

/// Whether a pull request is meant to solve the issue: by its branch, its title, or a closing word in its text.
fn is_for(pull: &Pull, facts: &Facts<'_>) -> bool {
    let number = facts.issue.number;
    pull.head == facts.branch
        || names(&pull.title, number) != Named::Not
        || names(&pull.body, number) == Named::AsClosed
}

fn hints(facts: &Facts<'_>, doubt: Option<&Stale>) -> Vec<String> {
    let doubt = doubt.map(|stale| format!("although {stale}"));
    let mentions =
        facts.mentions.iter().map(|m| format!("commit {} mentions it: {}", m.commit.short(), subject(&m.message)));
    let touches = facts.touches.iter().map(|touch| {
        format!("commit {} changed {touch} since it was filed: {}", touch.commit.short(), subject(&touch.subject))
    });
    let others = facts.pulls.iter().filter(|pull| pull.head != facts.branch && pull.state != PullState::Open);
    let others = others.filter(|pull| is_for(pull, facts)).map(|pull| {
        let ended = if pull.state == PullState::Merged { "was merged" } else { "was closed without merging" };
        format!("pull request #{} by {} {ended}", pull.number, pull.author)
    });
    doubt.into_iter().chain(others).chain(mentions.take(5)).chain(touches.take(5)).collect()
}

/// A commit's first line, fit to be shown.
pub fn subject(message: &str) -> String {
    message.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(100).collect()
}

/// How a text names an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Not,
    InPassing,
    /// After a closing word: `fixes #42`, `Closes: #42`, `resolved #42`.
    AsClosed,
}

/// Finds `#42` but neither `#421` nor `other/repo#42`.
fn names(text: &str, issue: IssueNumber) -> Named {
    let needle = format!("#{issue}");
    let mut found = Named::Not;
    for (at, _) in text.match_indices(&needle) {
        let (before, after) = (&text[..at], &text[at + needle.len()..]);
        let longer = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let elsewhere = before.ends_with(|c: char| c.is_ascii_alphanumeric() || "_-./&".contains(c));
        if longer || elsewhere {
            continue;
        }
        let before = before.trim_end_matches([' ', ':', '\t']);
        let word = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_lowercase();
        found = found.max(if is_closing_word(&word) { Named::AsClosed } else { Named::InPassing });
    }
    found
}

/// The words that Gitea and GitHub share.
fn is_closing_word(word: &str) -> bool {
    matches!(word, "close" | "closes" | "closed" | "fix" | "fixes" | "fixed" | "resolve" | "resolves" | "resolved")
}

#[cfg(test)]
mod tests;
