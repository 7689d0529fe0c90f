//! Everything that git-burn does to the world outside, as values: one [`Act`] each, carried out by one function of the flow.

use serde::Serialize;

use super::checks::{Successor, Verified};
use super::closing::ClosePermit;
use super::names::{BurnBranch, CommitId, IssueNumber, RunId};

/// A change to the forge, the remote or the local refs. What is not here, git-burn cannot do: it never merges, never
/// forces, never re-opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Says something on an issue or a pull request (both are numbers of one series), once per [`Step`].
    Comment {
        on: IssueNumber,
        step: Step,
        body: String,
    },
    AddLabel {
        issue: IssueNumber,
        label: String,
    },
    RemoveLabel {
        issue: IssueNumber,
        label: String,
    },
    CreateLabel {
        label: String,
    },
    /// Adds one login to the assignees.
    Assign {
        issue: IssueNumber,
        login: String,
    },
    /// Publishes the commit as a new branch; an existing branch is never moved.
    Push {
        verified: Verified,
        branch: BurnBranch,
    },
    /// Lets a branch grow by one commit. It is a plain push, which the server refuses unless it is a fast-forward.
    Advance {
        successor: Successor,
        branch: BurnBranch,
    },
    OpenPull(NewPull),
    /// Replaces the text of a pull request of git-burn's own.
    EditPull {
        pull: IssueNumber,
        body: String,
    },
    /// Tells reviewers what became of their words, once for each head that they reviewed.
    Answer {
        pull: IssueNumber,
        round: CommitId,
        body: String,
    },
    /// Asks one person to review the pull request of that branch.
    RequestReview {
        branch: BurnBranch,
        login: String,
    },
    OpenIssue {
        title: String,
        body: String,
        labels: Vec<String>,
    },
    CloseIssue {
        issue: IssueNumber,
        permit: ClosePermit,
    },
    /// Takes the lock of an issue on the remote, for this run.
    Claim {
        issue: IssueNumber,
    },
    /// Gives the lock back, if this run still holds it.
    Release {
        issue: IssueNumber,
    },
    /// Keeps an unfinished change as the local ref `refs/burn/draft/N`.
    KeepDraft {
        issue: IssueNumber,
        commit: CommitId,
    },
    DropDraft {
        issue: IssueNumber,
    },
    /// Removes a branch of git-burn's own from the remote, if it still is at that commit.
    DeleteBranch {
        branch: BurnBranch,
        at: CommitId,
    },
    /// Removes somebody's claim from the remote, if it still is that one: it is over, or a person says so.
    BreakClaim {
        issue: IssueNumber,
        at: CommitId,
    },
}

/// A pull request to be opened from a pushed [`BurnBranch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPull {
    pub issue: IssueNumber,
    pub branch: BurnBranch,
    /// The branch it is to go into, without `refs/heads/`.
    pub base: String,
    pub title: String,
    pub body: String,
    pub ripeness: Ripeness,
}

/// Whether a pull request asks for review or is only to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ripeness {
    Draft,
    Ready,
}

/// Which of git-burn's comments a comment is; with the issue's number it finds the one that was posted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// What is known before the work starts.
    Analysis,
    /// Questions for the reporter.
    Clarify,
    /// The pull request and its proof.
    Proof,
    /// The guard refused the change, or no change came of it.
    Failed,
    /// A person has to decide.
    Held,
    /// The issue seems to be fixed already.
    AlreadyFixed,
    /// The issue was opened again, and its fix was proven anew.
    Verified,
    /// A triage decision.
    Triage,
    /// The claim of a run that may not push refs.
    Claim,
    /// The issue is being closed, and why.
    Closed,
}

impl Step {
    /// The word in the hidden marker.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Analysis => "analysis",
            Self::Clarify => "clarify",
            Self::Proof => "proof",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::AlreadyFixed => "already-fixed",
            Self::Verified => "verified",
            Self::Triage => "triage",
            Self::Claim => "claim",
            Self::Closed => "closed",
        }
    }

    /// Whether a later run edits the earlier comment; otherwise it adds one, since people must be told anew.
    pub fn repeat(self) -> Repeat {
        match self {
            Self::Analysis | Self::Proof | Self::Claim => Repeat::Edit,
            Self::Clarify
            | Self::Failed
            | Self::Held
            | Self::AlreadyFixed
            | Self::Verified
            | Self::Triage
            | Self::Closed => Repeat::AddIfNew,
        }
    }
}

/// What becomes of a comment that an earlier run posted for the same [`Step`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It is brought up to date.
    Edit,
    /// It stays; another one is added if it says something else.
    AddIfNew,
}

/// What the marker of an answer to reviewers begins with, whichever run wrote it.
pub fn round_key(pull: IssueNumber, round: &CommitId) -> String {
    format!("{MARK}issue={pull} step=round round={round} ")
}

/// The issue that a pull request of git-burn's is for, as its text says.
pub fn issue_of_pull(body: &str) -> Option<IssueNumber> {
    let marks = body.split(MARK).skip(1).filter_map(|mark| {
        let (issue, rest) = mark.strip_prefix("issue=")?.split_once(' ')?;
        rest.starts_with("step=proof ").then(|| issue.parse().ok())?
    });
    marks.last()
}

/// The hidden last line of every text that git-burn writes on a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    pub issue: IssueNumber,
    pub step: Step,
    pub run: RunId,
}

impl Marker {
    /// What all markers of that issue and step begin with, whichever run wrote them.
    pub fn key(issue: IssueNumber, step: Step) -> String {
        format!("{MARK}issue={issue} step={} ", step.as_str())
    }

    /// `body` with its marker, on a line of its own.
    pub fn sign(&self, body: &str) -> String {
        format!("{}\n\n{self}\n", body.trim_end())
    }
}

impl std::fmt::Display for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}run={} -->", Self::key(self.issue, self.step), self.run)
    }
}

/// What every marker begins with.
const MARK: &str = "<!-- git-burn v=1 ";

/// Whether a text carries git-burn's marker. Anybody can paste one: it makes a text unheard, and never ours.
pub fn is_signed(body: &str) -> bool {
    body.contains(MARK)
}

/// What a signed text says, to compare two runs: without its marker, and without the lines that give the date.
pub fn said(body: &str) -> String {
    let text = body.rfind(MARK).map_or(body, |start| &body[..start]);
    let lines = text.lines().map(str::trim_end).filter(|line| !line.starts_with("**Date"));
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

/// What came of an [`Act`]. In a dry run, and where a forge has no pages, the address is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Receipt {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Receipt {
    /// Of something that has a number or a page, or both; an empty address is none.
    pub fn of(number: Option<u64>, url: String) -> Self {
        Self { number, url: Some(url).filter(|url| !url.is_empty()) }
    }
}

impl Act {
    /// One line for people and for the journal: what will be done to what.
    pub fn summary(&self) -> String {
        match self {
            Self::Comment { on, step, .. } => format!("comment on #{on} ({})", step.as_str()),
            Self::AddLabel { issue, label } => format!("label #{issue} `{label}`"),
            Self::RemoveLabel { issue, label } => format!("remove label `{label}` from #{issue}"),
            Self::CreateLabel { label } => format!("create the label `{label}`"),
            Self::Assign { issue, login } => format!("assign #{issue} to {login}"),
            Self::Push { verified, branch } => format!("push {} as new branch {branch}", verified.commit().short()),
            Self::Advance { successor, branch } => {
                format!("push {} on top of {branch} at {}", successor.commit().short(), successor.head().short())
            }
            Self::EditPull { pull, .. } => format!("bring the text of pull request #{pull} up to date"),
            Self::Answer { pull, round, .. } => format!("answer the review of #{pull} at {}", round.short()),
            Self::OpenPull(NewPull { branch, base, ripeness, .. }) => {
                let kind = match ripeness {
                    Ripeness::Draft => "draft pull request",
                    Ripeness::Ready => "pull request",
                };
                format!("open a {kind} from {branch} into {base}")
            }
            Self::RequestReview { branch, login } => format!("ask {login} to review {branch}"),
            Self::OpenIssue { title, .. } => format!("open an issue: {title}"),
            Self::CloseIssue { issue, permit } => format!("close #{issue}: {permit}"),
            Self::Claim { issue } => format!("claim #{issue}"),
            Self::Release { issue } => format!("release the claim of #{issue}"),
            Self::KeepDraft { issue, commit } => format!("keep {} as the draft of #{issue}", commit.short()),
            Self::DropDraft { issue } => format!("drop the draft of #{issue}"),
            Self::DeleteBranch { branch, at } => format!("delete the branch {branch} at {}", at.short()),
            Self::BreakClaim { issue, at } => format!("remove the claim {} of #{issue}", at.short()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue() -> IssueNumber {
        IssueNumber::new(42).expect("a number")
    }

    #[test]
    fn a_marker_is_found_by_issue_and_step_whatever_the_run() {
        let marker = Marker { issue: issue(), step: Step::Proof, run: RunId::parse("20261124-r1").expect("a run id") };
        let signed = marker.sign("All green.\n\n");
        assert_eq!(signed, "All green.\n\n<!-- git-burn v=1 issue=42 step=proof run=20261124-r1 -->\n");
        assert!(signed.contains(&Marker::key(issue(), Step::Proof)));
        assert!(!signed.contains(&Marker::key(issue(), Step::Analysis)));
        assert!(!signed.contains(&Marker::key(IssueNumber::new(4).expect("a number"), Step::Proof)));
        assert_eq!(said(&signed), "All green.");
        assert_eq!(said("a\n**Date:** 1\nb"), said("a\n**Date:** 2\nb\n"));
    }

    #[test]
    fn a_pull_request_names_its_issue_in_its_last_marker() {
        let mark = |step: &str| format!("{MARK}issue=42 step={step} run=r -->");
        assert_eq!(issue_of_pull(&format!("text\n\n{}\n", mark("proof"))), Some(issue()));
        assert_eq!(issue_of_pull(&mark("round round=abc")), None);
        assert_eq!(issue_of_pull("<!-- git-burn v=1 issue=x step=proof -->"), None);
        assert_eq!(issue_of_pull("Closes #42"), None);
    }
}
