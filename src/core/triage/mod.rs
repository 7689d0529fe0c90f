//! Scores, kinds, tiers and readiness of issues: which of them a run may take, in which order, and why.
//!
//! The points are those of the backlog triage that git-burn grew out of (scope, acceptance and alignment, 0 to 3 each,
//! ready at 5); its known mistakes are not: only explicit dependencies block, only explicit tags make a P0, and words
//! of all common languages count as files, functions and tests.

mod audit;
mod evidence;
mod explain;
mod order;
mod questions;
mod reply;
mod route;
mod score;
mod summary;
mod tags;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

pub use audit::{audit_comment, describe_cycle, marked, was_posted};
pub use evidence::dependencies;
pub use order::{Order, order, rank};
pub use reply::{holds_command, read as read_overrides, unknown_speakers};
pub use route::{Decision, Route, Routing, decide};
pub use score::{Reason, Score};
pub use summary::{Done, Taken, summary_body, summary_day, summary_title};

use super::issue::{Issue, State};
use super::names::{IssueNumber, Timestamp};
use evidence::Evidence;
use tags::Tags;

/// Labels and limits that triage decides by (`burn.label.*`, `burn.exclude`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Set by a person who vouches for the issue: it needs no score, but it must still be understandable.
    pub ready_label: String,
    /// Questions were asked; taken away or overruled by the ready label.
    pub clarify_label: String,
    pub blocked_label: String,
    pub reopened_label: String,
    /// Hands off, whatever the score. Compared with labels and title tags, and with the last part of scoped labels.
    pub exclude: Vec<String>,
    /// Least total (of 9) that makes an issue ready without the label.
    pub threshold: u8,
    /// What a person who picks asks for: no issue below it is ready, whoever vouches for it.
    pub least: Option<u8>,
    /// Logins that git-burn works for: an issue assigned to one of them is not somebody else's.
    pub own_logins: Vec<String>,
}

impl Rules {
    /// The defaults of design.md section 4.
    pub fn builtin() -> Self {
        let exclude = "in-review blocked epic study wontfix duplicate invalid question no-bot needs-more-info";
        Self {
            ready_label: "ready-for-agent".into(),
            clarify_label: "awaiting-clarification".into(),
            blocked_label: "blocked".into(),
            reopened_label: "reopened".into(),
            exclude: exclude.split(' ').map(str::to_owned).collect(),
            threshold: 5,
            least: None,
            own_logins: Vec::new(),
        }
    }
}

/// What else is known when an issue is judged.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Numbers of open issues; a dependency that is not among them is done. For a single issue: those of its
    /// [`dependencies`] that are open.
    pub open: BTreeSet<IssueNumber>,
    /// Issues that the forge's history says were closed and opened again.
    pub reopened: BTreeSet<IssueNumber>,
    /// What people with write access replied to earlier decisions.
    pub overrides: BTreeMap<IssueNumber, Override>,
}

/// A person's correction of what triage decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Override {
    pub tier: Option<Tier>,
    pub standing: Option<Standing>,
    /// Login to assign instead of the routed one.
    pub assign: Option<String>,
    /// Who said it last.
    pub by: String,
}

/// Whether a person wants an issue worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Ready,
    Skip,
}

/// What sort of work an issue asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Bug,
    Research,
    Feature,
    Refactor,
    /// Philosophy, discussion, questions: nothing to program.
    Meta,
    Unknown,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bug => "bug",
            Self::Research => "research",
            Self::Feature => "feature",
            Self::Refactor => "refactor",
            Self::Meta => "meta",
            Self::Unknown => "unknown",
        })
    }
}

/// Urgency, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Tier {
    /// Security, data loss, critical, blocking: only by tag or label.
    P0,
    /// Bugs.
    P1,
    /// Improvements.
    P2,
    /// Someday or never: not picked.
    P3,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::P0 => "P0",
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
        })
    }
}

/// Whether a run may take an issue, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Readiness {
    Ready,
    /// Closed and opened again: the earlier fix is verified first.
    Reopened,
    /// Vouched for, but nobody could tell what to do.
    Unclear {
        questions: Vec<String>,
    },
    NotReady {
        total: u8,
        threshold: u8,
    },
    Blocked {
        /// Open issues that it says it depends on.
        by: Vec<IssueNumber>,
        /// The blocked label as the forge spells it.
        label: Option<String>,
    },
    Excluded {
        label: String,
    },
    Held(Hold),
}

/// Why an issue is left to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Hold {
    Closed,
    Locked,
    Assigned {
        to: Vec<String>,
    },
    AwaitingClarification,
    /// P3.
    Someday,
    /// A person with write access said so.
    Skipped {
        by: String,
    },
}

impl Readiness {
    /// Whether `next` and `sprint` take it.
    pub fn is_workable(&self) -> bool {
        match self {
            Self::Ready | Self::Reopened => true,
            Self::Unclear { .. }
            | Self::NotReady { .. }
            | Self::Blocked { .. }
            | Self::Excluded { .. }
            | Self::Held(_) => false,
        }
    }

    /// Whether the reporter has to be asked first.
    pub fn is_unclear(&self) -> bool {
        matches!(self, Self::Unclear { .. })
    }

    /// One word for a column.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Reopened => "reopened",
            Self::Unclear { .. } => "unclear",
            Self::NotReady { .. } => "not-ready",
            Self::Blocked { .. } => "blocked",
            Self::Excluded { .. } => "excluded",
            Self::Held(_) => "held",
        }
    }
}

/// What triage found out about one issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assessment {
    pub number: IssueNumber,
    /// Without its `[tags]`.
    pub title: String,
    pub scope: Score,
    pub acceptance: Score,
    pub alignment: Score,
    /// Sum of the three, 0 to 9.
    pub total: u8,
    pub kind: Kind,
    pub tier: Tier,
    /// What made the tier: a tag, the kind, or the person who overrode it.
    pub tier_reason: String,
    /// Lower case, from labels and title brackets; scoped labels also by their last part.
    pub tags: BTreeSet<String>,
    pub age_days: i64,
    pub created: Timestamp,
    /// Every issue that the text names as a dependency, open or not.
    pub depends_on: Vec<IssueNumber>,
    pub readiness: Readiness,
}

impl Assessment {
    /// The tier and what it rests on, as reports show it: `P1 (kind bug)`.
    pub fn severity(&self) -> String {
        format!("{} ({})", self.tier, self.tier_reason)
    }
}

/// Judges one issue.
pub fn assess(issue: &Issue, rules: &Rules, around: &Surroundings, now: Timestamp) -> Assessment {
    let tags = Tags::of(&issue.title, &issue.labels);
    let evidence = Evidence::gather(issue, tags.clean_title());
    let [scope, acceptance, alignment] = score::scores(&tags, &evidence);
    let total = scope.points + acceptance.points + alignment.points;
    let kind = tags.kind();
    let said = around.overrides.get(&issue.number);
    let (tier, tier_reason) = tier(&tags, kind, said);
    let facts = Facts { issue, rules, around, tags: &tags, evidence: &evidence, said, total, tier };
    let readiness = facts.readiness();
    Assessment {
        number: issue.number,
        title: tags.clean_title().to_owned(),
        scope,
        acceptance,
        alignment,
        total,
        kind,
        tier,
        tier_reason,
        age_days: now.days_since(issue.created),
        created: issue.created,
        depends_on: evidence.depends_on,
        readiness,
        tags: tags.into_set(),
    }
}

/// A person's word first, then an explicit tag, then the kind.
fn tier(tags: &Tags, kind: Kind, said: Option<&Override>) -> (Tier, String) {
    if let Some((tier, said)) = said.and_then(|said| Some((said.tier?, said))) {
        return (tier, format!("set by {}", said.by));
    }
    if let Some((tier, tag)) = tags.explicit_tier() {
        return (tier, format!("tagged `{tag}`"));
    }
    let tier = match kind {
        Kind::Bug => Tier::P1,
        Kind::Research | Kind::Feature | Kind::Refactor | Kind::Unknown => Tier::P2,
        Kind::Meta => Tier::P3,
    };
    (tier, format!("kind {kind}"))
}

/// Everything that readiness rests on.
struct Facts<'a> {
    issue: &'a Issue,
    rules: &'a Rules,
    around: &'a Surroundings,
    tags: &'a Tags,
    evidence: &'a Evidence,
    said: Option<&'a Override>,
    total: u8,
    tier: Tier,
}

impl Facts<'_> {
    /// What people decided comes before what the text says, and what forbids before what allows.
    fn readiness(&self) -> Readiness {
        let standing = self.said.and_then(|said| said.standing);
        if let Some(hold) = self.hold(standing) {
            return Readiness::Held(hold);
        }
        if let Some(blocked) = self.blocked() {
            return blocked;
        }
        if let Some(label) = self.rules.exclude.iter().find(|label| self.tags.has(label)) {
            return Readiness::Excluded { label: label.clone() };
        }
        if summary_day(self.issue).is_some() {
            return Readiness::Excluded { label: "daily summary".into() };
        }
        if let Some(least) = self.rules.least.filter(|least| self.total < *least) {
            return Readiness::NotReady { total: self.total, threshold: least };
        }
        let vouched = self.issue.has_label(&self.rules.ready_label) || standing == Some(Standing::Ready);
        if self.issue.has_label(&self.rules.clarify_label) && !vouched {
            return Readiness::Held(Hold::AwaitingClarification);
        }
        if self.issue.has_label(&self.rules.reopened_label) || self.around.reopened.contains(&self.issue.number) {
            return Readiness::Reopened;
        }
        if self.tier == Tier::P3 {
            return Readiness::Held(Hold::Someday);
        }
        match vouched {
            true => self.understood(),
            false if self.total >= self.rules.threshold => Readiness::Ready,
            false => Readiness::NotReady { total: self.total, threshold: self.rules.threshold },
        }
    }

    fn hold(&self, standing: Option<Standing>) -> Option<Hold> {
        if self.issue.state == State::Closed {
            return Some(Hold::Closed);
        }
        if self.issue.locked {
            return Some(Hold::Locked);
        }
        if let (Some(Standing::Skip), Some(said)) = (standing, self.said) {
            return Some(Hold::Skipped { by: said.by.clone() });
        }
        let own = |login: &String| self.rules.own_logins.iter().any(|own| own.eq_ignore_ascii_case(login));
        let others = !self.issue.assignees.is_empty() && !self.issue.assignees.iter().any(own);
        others.then(|| Hold::Assigned { to: self.issue.assignees.clone() })
    }

    /// Only by label, or by a dependency that is open.
    fn blocked(&self) -> Option<Readiness> {
        let label = self.tags.label(&self.rules.blocked_label);
        let open = |number: &&IssueNumber| self.around.open.contains(*number);
        let by: Vec<IssueNumber> = self.evidence.depends_on.iter().filter(open).copied().collect();
        (label.is_some() || !by.is_empty()).then(|| Readiness::Blocked { by, label: label.map(str::to_owned) })
    }

    fn understood(&self) -> Readiness {
        let questions = questions::questions(self.tags.kind(), self.evidence);
        if questions.is_empty() { Readiness::Ready } else { Readiness::Unclear { questions } }
    }
}
