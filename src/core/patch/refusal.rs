//! Why a patch is not applied: every problem with its place in the reply and in the file, for the model and for people.

use std::fmt;

use serde::Serialize;

use super::comparison::Comparison;

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
    /// What it expects beside the place that is most like it: the first of the candidates.
    pub comparison: Option<Box<Comparison>>,
    /// Places of the file that were meant, or could have been, likeliest first.
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
    /// Where it starts in the reply, from 1; 0 where no line of its own is to blame.
    pub line: u32,
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
    /// The line above that tells this place from others, such as the head of its function.
    pub under: Option<Numbered>,
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
    /// A symlink, submodule or folder where a file is needed, or above it; or a file that is too large to be read.
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
        Self { kind, block: None, what: what.into(), comparison: None, candidates: Vec::new(), hint: None }
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
pub(super) const MOST: usize = 100;

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::of(vec![problem])
    }
}

impl std::error::Error for Refusal {}

/// For the model, which pays for every token: people get the same with more around it (`cli::render::refusal`).
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problems.iter().any(|problem| problem.comparison.is_some()) {
            writeln!(f, "In the excerpts, `-` is what the patch expects and `+` what the file has:")?;
        }
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        if !self.fine.is_empty() {
            write!(f, "\nfine as they are: {}", Block::list(&self.fine))?;
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
        let others = match (&self.comparison, self.candidates.as_slice()) {
            (Some(comparison), [nearest, others @ ..]) => {
                write!(f, "; most like it: {nearest}{comparison}")?;
                others
            }
            (Some(comparison), []) => {
                write!(f, "{comparison}")?;
                &[]
            }
            (None, all) => all,
        };
        for candidate in others {
            write!(f, "\n  {candidate}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, alike, under } = self;
        if first == last {
            write!(f, "line {first}")?;
        } else {
            write!(f, "lines {first}-{last}")?;
        }
        if *alike < 100 {
            write!(f, " ({alike} % alike)")?;
        }
        match under {
            Some(under) => write!(f, ", under line {}: {}", under.line, under.text.trim_start()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(number) = self.number {
            write!(f, ", block {number}")?;
        }
        if self.line > 0 { write!(f, " (line {} of the patch)", self.line) } else { Ok(()) }
    }
}

impl Block {
    /// Blocks by file, their numbers in ranges: `a.rs, b.rs blocks 1-3, 5`.
    pub fn list(blocks: &[Self]) -> String {
        let mut files: Vec<(&str, Vec<usize>)> = Vec::new();
        for block in blocks {
            match files.iter_mut().find(|(file, _)| *file == block.file) {
                Some((_, numbers)) => numbers.extend(block.number),
                None => files.push((&block.file, block.number.into_iter().collect())),
            }
        }
        let mut shown: Vec<String> = files.iter().take(MOST_FINE).map(|(file, numbers)| named(file, numbers)).collect();
        if let Some(more) = files.len().checked_sub(MOST_FINE).filter(|more| *more > 0) {
            shown.push(format!("and {more} more files"));
        }
        shown.join(", ")
    }
}

/// Files of which it is said that they are fine.
const MOST_FINE: usize = 20;

fn named(file: &str, numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let one = |(first, last): &(usize, usize)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    let ranges: Vec<String> = ranges.iter().map(one).collect();
    match numbers {
        [] => file.to_owned(),
        [_] => format!("{file} block {}", ranges.join(", ")),
        _ => format!("{file} blocks {}", ranges.join(", ")),
    }
}
