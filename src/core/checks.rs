//! What must pass, what came of it, and the proof that follows: only [`Verified::judge`] makes a [`Verified`].

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::names::{CommitId, TreeId};

/// One of the project's own checks (`burn.check.NAME.*`), run by a shell in a throw-away worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The NAME of its configuration section.
    pub name: String,
    /// A command line for `sh -c`.
    pub command: String,
    pub timeout: Duration,
    /// Glob patterns: it runs only if a changed path matches one. Empty: always.
    pub when: Vec<String>,
    /// Whether the change can be published without it passing.
    pub need: Need,
}

/// Whether a check decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    Required,
    Advisory,
}

/// Which state of the code a check ran on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The base commit: what was red or green before.
    Base,
    /// The base with only the patch's test files: must be red for a red-to-green proof.
    WithTests,
    /// The whole patch: must be green.
    Head,
}

/// Every way in which a check can end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Ended {
    Passed,
    Failed {
        code: i32,
    },
    Killed {
        signal: i32,
    },
    /// The time limit; the whole process tree was ended.
    TimedOut {
        #[serde(serialize_with = "seconds", deserialize_with = "of_seconds")]
        after: Duration,
    },
    /// More output than the limit; the whole process tree was ended.
    Flooded {
        bytes: u64,
    },
    /// It wrote where it must not: into `.git`, or its worktree's link to it. The run is void.
    Tampered {
        what: String,
    },
    /// The shell or the sandbox could not be started.
    NotStarted {
        problem: String,
    },
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

fn of_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Passed => write!(f, "passed"),
            Self::Failed { code } => write!(f, "failed (exit {code})"),
            Self::Killed { signal } => write!(f, "killed by signal {signal}"),
            Self::TimedOut { after } => write!(f, "timed out after {:.0} s", after.as_secs_f64()),
            Self::Flooded { bytes } => write!(f, "stopped after {} MiB of output", bytes / (1024 * 1024)),
            Self::Tampered { what } => write!(f, "void: it changed {what}"),
            Self::NotStarted { problem } => write!(f, "not started: {problem}"),
        }
    }
}

/// One run of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    pub name: String,
    pub command: String,
    pub need: Need,
    pub stage: Stage,
    pub ended: Ended,
    #[serde(serialize_with = "seconds", deserialize_with = "of_seconds")]
    pub took: Duration,
    /// Head and tail of what it printed (both streams, in order), cut in the middle; not yet sanitised.
    #[serde(skip)]
    pub output: String,
    /// How the code was confined: `bubblewrap`, `off`, ...
    pub sandbox: String,
}

impl CheckResult {
    /// Whether it has to pass and did not.
    pub fn is_red(&self) -> bool {
        self.need == Need::Required && self.ended != Ended::Passed
    }

    /// Whether it says nothing about the code: nothing was started, or the shell says so (126: found, but no program; 127: not
    /// found).
    pub fn could_not_run(&self) -> bool {
        matches!(self.ended, Ended::NotStarted { .. } | Ended::Failed { code: 126 | 127 })
    }

    /// Whether the same check failed without the change, as far as `results` know.
    pub fn was_red_before(&self, results: &[Self]) -> bool {
        let same = |other: &Self| other.name == self.name && other.stage == Stage::Base;
        results.iter().any(|other| same(other) && matches!(other.ended, Ended::Failed { .. }))
    }
}

/// All runs behind one proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    pub base: CommitId,
    /// The tree that the checks ran on as [`Stage::Head`].
    pub tree: TreeId,
    pub results: Vec<CheckResult>,
}

impl Proof {
    /// What the results show, if at least one required check ran on the tree and all of them passed there.
    ///
    /// # Errors
    /// [`Unproven::NothingRan`] or [`Unproven::Red`].
    pub fn strength(&self) -> Result<Strength, Unproven> {
        let required = |stage| {
            let of_stage = move |result: &&CheckResult| result.stage == stage && result.need == Need::Required;
            self.results.iter().filter(of_stage)
        };
        if required(Stage::Head).next().is_none() {
            return Err(Unproven::NothingRan);
        }
        let red: Vec<CheckResult> = required(Stage::Head).filter(|result| result.is_red()).cloned().collect();
        if !red.is_empty() {
            return Err(Unproven::Red(red));
        }
        let was_red = |stage| required(stage).any(|result| matches!(result.ended, Ended::Failed { .. }));
        Ok(match was_red(Stage::Base) || was_red(Stage::WithTests) {
            true => Strength::RedToGreen,
            false => Strength::StaysGreen,
        })
    }
}

/// How much a green proof says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// A required check was red before (on base, or on base with the patch's tests) and is green now.
    RedToGreen,
    /// Green before and after: nothing broke, but nothing shows that the issue is solved. Published as a draft, saying so.
    StaysGreen,
}

/// A commit whose required checks passed; the only thing that can be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    commit: CommitId,
    proof: Proof,
    strength: Strength,
}

impl Verified {
    /// Accepts a commit when at least one required check ran on its tree and all of them passed there.
    ///
    /// `tree` is the tree of `commit`: results of another tree prove nothing and are refused as well.
    pub fn judge(commit: CommitId, tree: &TreeId, proof: Proof) -> Result<Self, Unproven> {
        if *tree != proof.tree {
            return Err(Unproven::OtherTree);
        }
        let strength = proof.strength()?;
        Ok(Self { commit, proof, strength })
    }

    pub fn commit(&self) -> &CommitId {
        &self.commit
    }

    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    pub fn strength(&self) -> Strength {
        self.strength
    }
}

/// A verified commit whose only parent is the head that a branch was seen at: the only thing by which a branch grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    verified: Verified,
    head: CommitId,
}

impl Successor {
    /// `parents` are the commit's own; `None` when it stands on anything else than that head alone.
    pub fn judge(verified: Verified, parents: &[CommitId], head: &CommitId) -> Option<Self> {
        (parents == [head.clone()] && verified.commit != *head).then(|| Self { verified, head: head.clone() })
    }

    pub fn commit(&self) -> &CommitId {
        &self.verified.commit
    }

    /// Where the branch must be for it to be pushed.
    pub fn head(&self) -> &CommitId {
        &self.head
    }
}

/// Why a commit is not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// The results belong to another tree.
    OtherTree,
    /// No required check is configured, or none matched the changed paths.
    NothingRan,
    /// These required checks did not pass on the whole patch.
    Red(Vec<CheckResult>),
}
