//! Why a patch is not applied: every problem with its place in the reply and in the file, for the model and for people.

use std::fmt;

use serde::Serialize;

/// All reasons against a patch. Nothing of it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Never empty.
    pub problems: Vec<Problem>,
    /// Blocks that would apply as they are, so that only the others have to be sent again.
    pub fine: Vec<Block>,
}

/// One reason against a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub kind: ProblemKind,
    /// The part of the patch that it is about, if one.
    pub block: Option<Box<Block>>,
    /// What is wrong, as a clause.
    pub what: String,
    /// Where expectation and file part.
    pub mismatch: Option<Box<Mismatch>>,
    /// Places of the file that were meant, or could have been.
    pub candidates: Vec<Candidate>,
    /// The way out.
    pub hint: Option<String>,
}

/// A part of the patch: one hunk, one search block, one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Block {
    /// The path, printable.
    pub file: String,
    /// Its number among the blocks of that file, from 1; `None` for the file as a whole.
    pub number: Option<usize>,
    /// Where it starts in the reply, from 1.
    pub line: u32,
}

/// The first place where the patch's lines and the file part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The patch's line.
    pub expected: String,
    /// The file's line at that place with its number, or the end of the file.
    pub found: Option<Numbered>,
    /// The file around it.
    pub around: Vec<Numbered>,
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Numbered {
    /// From 1.
    pub line: u32,
    pub text: String,
}

/// A place in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// First line, from 1.
    pub first: u32,
    /// Last line.
    pub last: u32,
    /// How much of the expected text stands there, in percent.
    pub alike: u8,
}

/// What kind of reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// No patch in any accepted format.
    NoPatch,
    /// A format's rules are broken.
    Malformed,
    /// A path that leaves the tree, reaches into `.git` or is no path.
    BadPath,
    NoSuchFile,
    /// A path that could name several files.
    AmbiguousPath,
    /// A file is created where something stands.
    Exists,
    /// A symlink, submodule or folder where a file is needed, or above it.
    NotAFile,
    /// The new path differs from an existing one only in case.
    CaseCollision,
    /// The expected lines are not in the file.
    NotFound,
    /// The expected lines are there more than once.
    Ambiguous,
    /// Nothing says where added lines go.
    NoContext,
    /// What is to be added is there already.
    AlreadyApplied,
    /// The patch would change nothing.
    NoChange,
    /// Two blocks change the same lines.
    Overlap,
    /// The reply was cut off.
    Truncated,
    /// Added text stands for text that was left out.
    Placeholder,
    /// Added text holds conflict markers.
    ConflictMarker,
    /// Most of a file would go.
    MassDeletion,
    /// The file was never shown.
    Unseen,
    /// A binary patch that cannot be applied.
    Binary,
    /// The file's mode or type is not what the patch says.
    Mode,
    /// Indentation of added lines cannot be told.
    Indentation,
    /// Line endings of added lines cannot be told.
    LineEnding,
    /// Too large or too much work.
    Limit,
}

impl Problem {
    pub(super) fn new(kind: ProblemKind, what: impl Into<String>) -> Self {
        Self { kind, block: None, what: what.into(), mismatch: None, candidates: Vec::new(), hint: None }
    }

    pub(super) fn at(mut self, block: Block) -> Self {
        self.block = Some(Box::new(block));
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn candidates(mut self, candidates: Vec<Candidate>) -> Self {
        self.candidates = candidates;
        self
    }
}

impl Refusal {
    pub(super) fn of(problems: Vec<Problem>) -> Self {
        Self::with_fine(problems, Vec::new())
    }

    /// All problems, or the first hundred of a hopeless patch.
    pub(super) fn with_fine(mut problems: Vec<Problem>, fine: Vec<Block>) -> Self {
        debug_assert!(!problems.is_empty(), "a refusal has a reason");
        let more = problems.len().saturating_sub(MOST);
        if more > 0 {
            problems.truncate(MOST);
            problems.push(Problem::new(ProblemKind::Limit, format!("and {more} more problems")));
        }
        Self { problems, fine }
    }

    /// Whether the tree already holds the patch's result: an ending of its own, not a mistake.
    pub fn already_applied(&self) -> bool {
        self.problems.iter().all(|problem| problem.kind == ProblemKind::AlreadyApplied)
    }
}

/// Problems that are listed; what has more is to be written anew, not mended.
const MOST: usize = 100;

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::of(vec![problem])
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        if !self.fine.is_empty() {
            let fine: Vec<String> = self.fine.iter().map(ToString::to_string).collect();
            write!(f, "\nthese blocks are fine as they are: {}", fine.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(block) = &self.block {
            write!(f, "{block}: ")?;
        }
        f.write_str(&self.what)?;
        if let Some(mismatch) = &self.mismatch {
            write!(f, "\n  expected: {}", mismatch.expected)?;
            match &mismatch.found {
                Some(found) => write!(f, "\n  line {} is: {}", found.line, found.text)?,
                None => f.write_str("\n  the file ends there")?,
            }
            for line in &mismatch.around {
                write!(f, "\n  {:>6} | {}", line.line, line.text)?;
            }
        }
        if !self.candidates.is_empty() {
            let places: Vec<String> = self.candidates.iter().map(ToString::to_string).collect();
            write!(f, "\n  candidates: {}", places.join(", "))?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, alike } = self;
        if *alike == 100 {
            write!(f, "lines {first}-{last}")
        } else {
            write!(f, "lines {first}-{last} ({alike} % alike)")
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "{}, block {number} (line {} of the patch)", self.file, self.line),
            None => write!(f, "{} (line {} of the patch)", self.file, self.line),
        }
    }
}
