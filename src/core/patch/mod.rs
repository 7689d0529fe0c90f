//! The patch engine: text in any accepted format in, a [`Change`](super::change::Change) or precise reasons out.
//!
//! It is pure and all-or-nothing. A reply is parsed into one internal form (`form`), whatever format it is in:
//!
//! - unified diffs, with all of git's extended headers and binary patches (`unified`, `hunk`, `binary`);
//! - SEARCH/REPLACE blocks (`search_replace`);
//! - `*** Begin Patch` envelopes (`envelope`);
//! - whole files, `*** Full File: PATH` (`whole`).
//!
//! Then every hunk is placed against the *base* text of its file, never against what another hunk made of it; overlaps are
//! refused; and the file is spliced together from base text and added lines, so that whatever the patch does not change keeps
//! its bytes. The ladder by which a hunk is found is documented at [`Rung`], the evidence that decides among several places
//! at [`Choice`]. What was moved or loosened is reported as [`Placement`]s.
//!
//! Refusing is always safe, guessing never: two places that fit equally are refused with both line ranges, removed lines
//! must stand in the file as they are (blanks at their ends aside), and nothing is ever applied in part.

mod apply;
mod binary;
mod care;
mod comparison;
mod content;
mod envelope;
mod form;
mod hunk;
mod names;
mod place;
mod refusal;
mod reply;
mod resolve;
mod respell;
mod rows;
mod search_replace;
mod splice;
mod tree;
mod unified;
mod whole;
mod write;

use std::collections::BTreeSet;

use bstr::ByteSlice;

use super::change::Snapshot;
use super::names::RepoPath;
pub use apply::{Applied, Placement};
pub use comparison::{Comparison, Row, same_but_for_blanks};
use form::{Body, FilePatch, Verb};
pub use place::{Choice, Rung};
pub use refusal::{Block, Candidate, Numbered, Problem, ProblemKind, Refusal};
pub use respell::Level;
use rows::Counts;
pub use write::{Binaries, Style, write_diff};

/// Whether the reply that holds the patch is known to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// The API's stop reason or an unbroken pipe says so.
    Complete,
    /// Nobody knows: an end that looks cut off is refused.
    Unknown,
}

/// Whether a near line number may decide between places that fit equally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineNumbers {
    /// The writer saw the file with line numbers.
    Shown,
    /// It did not: its numbers are guesses.
    Hidden,
}

/// How much is refused beyond what cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// A model wrote it: conflict markers, placeholders for left-out text, endless lines and the loss of most of a file
    /// are refused.
    Model,
    /// A tool wrote it: what it says is meant. Paths are checked all the same.
    Tool,
}

/// How a patch is applied.
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    pub line_numbers: LineNumbers,
    pub care: Care,
    /// Files that the model has seen; changes to others are refused. `None`: all.
    pub seen: Option<BTreeSet<RepoPath>>,
}

/// A patch as it was written: valid in its format and with safe paths, not yet held against any tree.
#[derive(Debug, Clone)]
pub struct Patch {
    text: Vec<u8>,
    files: Vec<FilePatch>,
    /// The same text where a miscounted hunk would have swallowed the header of the next file: tried when the first
    /// reading does not apply. Empty where there is no doubt.
    other_reading: Vec<FilePatch>,
}

/// Replies larger than this are refused unread.
const LARGEST_REPLY: usize = 1 << 28;
/// More hunks than this in one patch are refused: no review could follow them.
const MOST_HUNKS: usize = 200_000;
/// More files than this in one patch are refused.
const MOST_FILES: usize = 100_000;

impl Patch {
    /// Finds the patch in a whole chat reply, in any accepted format.
    ///
    /// # Errors
    /// Every broken rule of the format and every unsafe path. No patch at all is [`ProblemKind::NoPatch`].
    pub fn parse(text: &[u8], completeness: Completeness) -> Result<Self, Refusal> {
        if text.len() > LARGEST_REPLY {
            let what = format!("the reply of {} bytes is larger than {LARGEST_REPLY}", text.len());
            return Err(Problem::new(ProblemKind::Limit, what).into());
        }
        let rows = rows::rows(text);
        let source = rows::Source { text, rows: &rows, counts: Counts::Believed };
        let files = reply::parse(source, completeness).map_err(Refusal::of)?;
        let hunks: usize = files.iter().map(|file| hunks_of(file).len()).sum();
        if hunks > MOST_HUNKS || files.len() > MOST_FILES {
            let what = format!(
                "the patch has {} files and {hunks} hunks; at most {MOST_FILES} and {MOST_HUNKS} are read",
                files.len()
            );
            return Err(Problem::new(ProblemKind::Limit, what).hint("send it in parts").into());
        }
        let swallows = files.iter().flat_map(hunks_of).any(|hunk| hunk.marks.swallows_header);
        let doubted = rows::Source { counts: Counts::Doubted, ..source };
        let other_reading = match swallows {
            true => reply::parse(doubted, completeness).unwrap_or_default(),
            false => Vec::new(),
        };
        Ok(Self { text: text.to_vec(), files, other_reading })
    }

    /// Every path worth reading before [`Patch::apply`]: old and new names, copy sources, with and without `a/` or `b/`.
    pub fn candidates(&self) -> BTreeSet<RepoPath> {
        self.names().flat_map(|name| name.readings.iter().cloned()).collect()
    }

    /// The same, with the files of the tree that a wrongly written path can mean.
    pub fn candidates_in(&self, listing: &[RepoPath]) -> BTreeSet<RepoPath> {
        let mut paths = self.candidates();
        for name in self.names() {
            paths.extend(name.by_suffix(listing).into_iter().take(8).cloned());
        }
        paths
    }

    /// Whether a listing of all files could repair a path that names nothing in `base`.
    pub fn wants_listing(&self, base: &Snapshot) -> bool {
        base.listing.is_none()
            && self.files.iter().chain(&self.other_reading).any(|file| resolve::needs_listing(file, base))
    }

    fn names(&self) -> impl Iterator<Item = &names::Name> {
        self.files.iter().chain(&self.other_reading).flat_map(|file| file.old.iter().chain(file.new.iter()))
    }
}

fn hunks_of(file: &FilePatch) -> &[form::Hunk] {
    match &file.body {
        Body::Hunks(hunks) => hunks,
        Body::Nothing | Body::Binary(_) | Body::Whole(_) => &[],
    }
}

/// A line for a message: printable, at most 160 characters.
fn shown(line: &[u8]) -> String {
    printable(line).replace('\t', "    ")
}

/// The same with its tabs, for texts whose blanks matter.
fn printable(line: &[u8]) -> String {
    let text = line.to_str_lossy();
    let mut out = String::new();
    for c in text.chars().take(160) {
        if c != '\t' && (c.is_control() || is_hidden(c)) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(160).is_some() {
        out.push('…');
    }
    out
}

/// Characters that change how a terminal or an editor shows the text around them.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn is_creation(file: &FilePatch) -> bool {
    matches!(file.verb, Verb::Create)
}
