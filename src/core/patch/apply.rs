//! Applying a parsed patch to a snapshot: every file, then the tree as a whole; all of it or nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::Serialize;

use super::content::{created_text, entry_of, is_undone, mode_of, text_of, whole_like};
use super::form::{Body, FilePatch, Hunk, Mode, Tag};
use super::place::{Choice, Place, Rung, Target};
use super::refusal::{Block, Problem, ProblemKind, Refusal};
use super::resolve::{self, Deed, resolve};
use super::tree::Tree;
use super::{ApplyOptions, Care, Patch, care, place, refusal, splice};
use crate::core::change::{Change, Entry, FileChange, Origin, Snapshot};
use crate::core::names::RepoPath;

/// The change that a patch makes, and how its blocks found their places.
#[derive(Debug, Clone)]
pub struct Applied {
    pub change: Change,
    pub placements: Vec<Placement>,
}

/// How one block found its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placement {
    pub file: RepoPath,
    /// The block's number within the file, from 1.
    pub block: usize,
    /// How its lines were compared.
    pub rung: Rung,
    /// Why there.
    pub choice: Choice,
    /// First and last line of the base text that it covers, from 1; the last is one less than the first for an insertion
    /// into an empty file.
    pub first: usize,
    pub last: usize,
    /// The first line that its header states, when that is another one.
    pub stated: Option<usize>,
}

impl Placement {
    /// Whether it is worth telling a reviewer: moved, or compared by a loosened rung.
    pub fn is_loose(&self) -> bool {
        self.stated.is_some() || self.rung != Rung::Exact
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, block {}: lines {}-{}", self.file, self.block, self.first, self.last)?;
        if let Some(stated) = self.stated {
            write!(f, ", stated at {stated}")?;
        }
        let rung = match self.rung {
            Rung::Exact => "",
            Rung::LineEnding => ", without regard to line endings",
            Rung::TrailingBlanks => ", without regard to blanks at line ends",
            Rung::EdgeBlanks => ", without blank lines at its edges",
            Rung::Column => ", with context lines that lacked their column",
            Rung::LostPlus => ", with a line that had lost its `+`",
            Rung::Indentation => ", re-indented",
            Rung::Anchors => ", by its changed lines and what context is there",
        };
        let choice = match self.choice {
            Choice::Stated | Choice::Only => "",
            Choice::AtEnd => ", at the end of the file",
            Choice::Shift => ", moved like the file's other blocks",
            Choice::Order => ", by the order of the blocks",
            Choice::Section => ", by the heading it names",
            Choice::Near => ", nearest to its stated line",
        };
        write!(f, "{rung}{choice}")
    }
}

impl Patch {
    /// Applies the patch to what `base` holds; nothing is changed in part.
    ///
    /// # Errors
    /// Every problem of every block, with the blocks that are fine. [`Refusal::already_applied`] tells a patch whose result
    /// is already there from one that is wrong.
    pub fn apply(&self, base: &Snapshot, options: &ApplyOptions) -> Result<Applied, Refusal> {
        let first = self.apply_reading(&self.files, base, options);
        match (&first, self.other_reading.as_slice()) {
            (Ok(_), _) | (Err(_), []) => first,
            (Err(_), other) => self.apply_reading(other, base, options),
        }
    }

    fn apply_reading(
        &self,
        reading: &[FilePatch],
        base: &Snapshot,
        options: &ApplyOptions,
    ) -> Result<Applied, Refusal> {
        let mut run = Run {
            patch: self,
            reading,
            base,
            options,
            files: BTreeMap::new(),
            placements: Vec::new(),
            problems: Vec::new(),
            fine: Vec::new(),
            gone: BTreeSet::new(),
        };
        run.files();
        if run.problems.is_empty() {
            run.problems = Tree { base: run.base, files: &run.files, gone: &run.gone }.problems();
        }
        if !run.problems.is_empty() {
            return Err(Refusal::with_fine(run.problems, run.fine));
        }
        Ok(Applied { change: Change { files: run.files }, placements: run.placements })
    }
}

struct Run<'p> {
    patch: &'p Patch,
    reading: &'p [FilePatch],
    base: &'p Snapshot,
    options: &'p ApplyOptions,
    files: BTreeMap<RepoPath, FileChange>,
    /// Old names of renames.
    gone: BTreeSet<RepoPath>,
    placements: Vec<Placement>,
    problems: Vec<Problem>,
    fine: Vec<Block>,
}

/// Files of the patch that belong to one deed.
struct Group<'p> {
    deed: Deed,
    patches: Vec<&'p FilePatch>,
}

impl<'p> Run<'p> {
    fn files(&mut self) {
        for group in self.groups() {
            let first = group.patches[0];
            let block = Block { file: group.deed.target().to_string(), number: None, line: first.line };
            match self.file(&group) {
                Ok(change) => {
                    self.fine.push(block);
                    self.store(&group.deed, change);
                }
                Err(problems) => {
                    let placed = problems.into_iter().map(|problem| match problem.block {
                        Some(_) => problem,
                        None => problem.at(block.clone()),
                    });
                    self.problems.extend(placed);
                }
            }
        }
    }

    /// Settles names and brings together what changes the same file.
    fn groups(&mut self) -> Vec<Group<'p>> {
        let mut groups: Vec<Group<'p>> = Vec::new();
        let mut edits: HashMap<RepoPath, usize> = HashMap::new();
        for file in self.reading {
            match resolve(file, self.base) {
                Ok(deed @ Deed::Edit(_)) => match edits.get(deed.target()) {
                    Some(group) => groups[*group].patches.push(file),
                    None => {
                        edits.insert(deed.target().clone(), groups.len());
                        groups.push(Group { deed, patches: vec![file] });
                    }
                },
                Ok(deed) => groups.push(Group { deed, patches: vec![file] }),
                Err(problem) => {
                    let name = file.new.as_ref().or(file.old.as_ref());
                    let file_name = name.map_or_else(String::new, super::names::Name::shown);
                    self.problems.push(problem.at(Block { file: file_name, number: None, line: file.line }));
                }
            }
        }
        groups
    }

    fn file(&mut self, group: &Group<'p>) -> Result<FileChange, Vec<Problem>> {
        let before = match group.deed.source() {
            Some(path) => Some(self.source(path, group).map_err(|problem| vec![problem])?),
            None => None,
        };
        let first = group.patches[0];
        let after = match &group.deed {
            Deed::Create(path) => Some(self.created(path, first).map_err(|problem| vec![problem])?),
            Deed::Delete(path) => {
                self.deletable(path, first, before)?;
                None
            }
            Deed::Edit(path) | Deed::Replace(path) => Some(self.edited(path, group, before)?),
            Deed::Rename { to, .. } | Deed::Copy { to, .. } => Some(self.edited(to, group, before)?),
        };
        let origin = match &group.deed {
            Deed::Rename { from, .. } => Some(Origin::Renamed(from.clone())),
            Deed::Copy { from, .. } => Some(Origin::Copied(from.clone())),
            Deed::Edit(_) | Deed::Create(_) | Deed::Delete(_) | Deed::Replace(_) => None,
        };
        if let Some(after) = &after
            && self.options.care == Care::Model
        {
            let old = before.map_or(&[][..], Entry::bytes);
            let mut problems = care::check(group.deed.target(), old, after.bytes());
            if before.is_none() || origin.is_some() {
                problems.extend(care::check_new_path(group.deed.target()));
            }
            if !problems.is_empty() {
                return Err(problems);
            }
        }
        Ok(FileChange { before: before.cloned(), after, origin })
    }

    /// The entry that is changed, if it may be.
    fn source(&self, path: &RepoPath, group: &Group<'_>) -> Result<&'p Entry, Problem> {
        let Some(entry) = self.base.entries.get(path) else {
            return Err(resolve::no_such_file(&path.to_string(), Some(path), self.base));
        };
        if self.options.seen.as_ref().is_some_and(|seen| !seen.contains(path)) {
            let what = format!("`{path}` was never shown: a change of it would be made up");
            return Err(Problem::new(ProblemKind::Unseen, what).hint(format!("look at it first: `read {path}`")));
        }
        let stated = group.patches[0].modes.old;
        let named = |mode| stated == Some(mode);
        match entry {
            Entry::File(_) if named(Mode::Symlink) || named(Mode::Submodule) => {
                Err(Problem::new(ProblemKind::Mode, format!("`{path}` is a file, not what the patch says")))
            }
            Entry::File(_) => Ok(entry),
            Entry::Large(large) => {
                let what = format!("`{path}` has {} MiB: too large to be changed by a patch", large.bytes >> 20);
                Err(Problem::new(ProblemKind::NotAFile, what))
            }
            Entry::Symlink(_) if named(Mode::Symlink) => Ok(entry),
            Entry::Submodule(_) if named(Mode::Submodule) => Ok(entry),
            Entry::Symlink(_) => Err(Problem::new(ProblemKind::NotAFile, format!("`{path}` is a symlink, not a file"))),
            Entry::Submodule(_) => {
                Err(Problem::new(ProblemKind::NotAFile, format!("`{path}` is a submodule, not a file")))
            }
            Entry::Directory => {
                Err(Problem::new(ProblemKind::NotAFile, format!("`{path}` is a directory, not a file")))
            }
        }
    }

    fn created(&self, path: &RepoPath, file: &FilePatch) -> Result<Entry, Problem> {
        let content = match &file.body {
            Body::Nothing => Vec::new(),
            Body::Whole(text) => text.to_vec(),
            Body::Binary(binary) => {
                binary.forward.apply(&[]).map_err(|what| Problem::new(ProblemKind::Binary, what))?
            }
            Body::Hunks(hunks) => created_text(hunks, &self.patch.text)?,
        };
        let entry = entry_of(file.modes.new.unwrap_or(Mode::Plain), content)?;
        match self.base.entries.get(path) {
            Some(Entry::File(old)) if old.bytes.is_empty() && file.modes.new.is_none() => Ok(entry),
            Some(old) if *old == entry => {
                Err(Problem::new(ProblemKind::AlreadyApplied, format!("`{path}` is there already, as it should be")))
            }
            _ => Ok(entry),
        }
    }

    /// The text that a deletion shows must be the file's.
    fn deletable(&self, path: &RepoPath, file: &FilePatch, before: Option<&Entry>) -> Result<(), Vec<Problem>> {
        let bytes = before.map(text_of).unwrap_or_default();
        let problem = match &file.body {
            Body::Hunks(hunks) => {
                let removed: Vec<u8> = hunks
                    .iter()
                    .flat_map(Hunk::old_lines)
                    .flat_map(|line| [line.text(&self.patch.text), b"\n"])
                    .flatten()
                    .copied()
                    .collect();
                let plain = |text: &[u8]| -> Vec<u8> { text.iter().copied().filter(|byte| *byte != b'\r').collect() };
                let added = hunks.iter().flat_map(|hunk| &hunk.lines).any(|line| line.tag == Tag::Add);
                let (removed, file_text) = (plain(&removed), &bytes);
                let bytes = plain(&bytes);
                let same =
                    removed.strip_suffix(b"\n").unwrap_or(&removed) == bytes.strip_suffix(b"\n").unwrap_or(&bytes);
                (!same || added).then(|| {
                    let what = format!("`{path}` is to be deleted, but its text is not the one that the patch shows");
                    let target = Target::new(&self.patch.text, file_text);
                    let comparison = hunks.first().and_then(|hunk| place::difference(hunk, &target)).map(Box::new);
                    Problem { comparison, ..Problem::new(ProblemKind::NotFound, what) }
                })
            }
            Body::Binary(binary) => match binary.forward.apply(&bytes) {
                Ok(rest) if rest.is_empty() && is_undone(binary, &rest, &bytes) => None,
                _ => Some(Problem::new(
                    ProblemKind::Binary,
                    format!("`{path}` is not the file that the binary patch was made for"),
                )),
            },
            Body::Nothing | Body::Whole(_) => None,
        };
        problem.map_or(Ok(()), |problem| Err(vec![problem]))
    }

    fn edited(&mut self, path: &RepoPath, group: &Group<'p>, before: Option<&'p Entry>) -> Result<Entry, Vec<Problem>> {
        let Some(before) = before else {
            return Err(vec![Problem::new(ProblemKind::NoSuchFile, "there is nothing to change")]);
        };
        let text = text_of(before);
        let file = group.patches[0];
        let content = match &file.body {
            Body::Whole(whole) => {
                if self.options.care == Care::Model
                    && let Some(problem) = care::check_replacement(&text, whole)
                {
                    return Err(vec![problem]);
                }
                whole_like(&text, whole)
            }
            Body::Binary(binary) => match binary.forward.apply(&text) {
                Ok(new) if is_undone(binary, &new, &text) => new,
                Ok(_) | Err(_) => {
                    let what = format!("`{path}` is not the file that the binary patch was made for");
                    return Err(vec![Problem::new(ProblemKind::Binary, what)]);
                }
            },
            Body::Nothing | Body::Hunks(_) => self.hunks(path, &group.patches, &text)?,
        };
        let mode = file.modes.new.unwrap_or(mode_of(before));
        let after = entry_of(mode, content).map_err(|problem| vec![problem])?;
        if after == *before && matches!(group.deed, Deed::Edit(_) | Deed::Replace(_)) {
            return Err(vec![Problem::new(ProblemKind::NoChange, "the file would stay as it is")]);
        }
        Ok(after)
    }

    /// Places and makes the hunks of all patches for one file.
    fn hunks(&mut self, path: &RepoPath, patches: &[&'p FilePatch], text: &[u8]) -> Result<Vec<u8>, Vec<Problem>> {
        let target = Target::new(&self.patch.text, text);
        let name = path.to_string();
        let hunks = standing(patches, &target, self.options, &name);
        if hunks.is_empty() {
            return Ok(text.to_vec());
        }
        target.explain(refusal::MOST.saturating_sub(self.problems.len()));
        let places = place::place(&hunks, &target, self.options.line_numbers, &name).map_err(|misplaced| {
            let blocks = misplaced.fine.iter().map(|index| Block {
                file: name.clone(),
                number: Some(index + 1),
                line: hunks[*index].line,
            });
            self.fine.extend(blocks);
            misplaced.problems
        })?;
        self.placements.extend(places.iter().map(|place| placement(path, place, &hunks)));
        Ok(splice::splice(text, &target.file, &places, &hunks))
    }

    fn store(&mut self, deed: &Deed, change: FileChange) {
        if let Deed::Rename { from, .. } = deed
            && !self.gone.insert(from.clone())
        {
            self.problems.push(Problem::new(ProblemKind::Overlap, format!("`{from}` is renamed twice")));
        }
        let target = deed.target().clone();
        match self.files.remove(&target) {
            None => {
                self.files.insert(target, change);
            }
            // A deletion and a creation of one path are a change of its type or whole content.
            Some(earlier) if earlier.after.is_none() != change.after.is_none() => {
                let (before, after) = (earlier.before.or(change.before), earlier.after.or(change.after));
                self.files.insert(target, FileChange { before, after, origin: earlier.origin.or(change.origin) });
            }
            Some(earlier) => {
                let what = format!("`{target}` is changed twice, as a whole or by renames");
                self.problems.push(Problem::new(ProblemKind::Overlap, what));
                self.files.insert(target, earlier);
            }
        }
    }
}

/// The hunks that count. Several fenced blocks for one file are parts of one change if they keep their distance; else
/// they are corrections, and the last one stands.
fn standing(patches: &[&FilePatch], target: &Target<'_>, options: &ApplyOptions, name: &str) -> Vec<Hunk> {
    let all = |fence: Option<u32>| -> Vec<Hunk> {
        let of = patches.iter().filter(|file| fence.is_none_or(|fence| file.fence == fence));
        of.flat_map(|file| super::hunks_of(file)).cloned().collect()
    };
    let last = patches.iter().map(|file| file.fence).max().unwrap_or(0);
    if patches.iter().all(|file| file.fence == last) {
        return all(None);
    }
    let mut spans: Vec<(usize, usize, u32)> = Vec::new();
    for file in patches {
        match place::place(super::hunks_of(file), target, options.line_numbers, name) {
            Ok(places) => spans.extend(places.iter().map(|place| (place.first, place.end, file.fence))),
            Err(_) => spans.push((0, usize::MAX, u32::MAX)),
        }
    }
    spans.sort_unstable();
    let apart = spans.windows(2).all(|pair| pair[0].2 == pair[1].2 || pair[1].0 >= pair[0].1.saturating_add(4));
    if apart && spans.iter().all(|span| span.2 != u32::MAX) {
        return all(None);
    }
    let mut hunks = all(Some(last));
    for hunk in &mut hunks {
        hunk.marks.supersedes = true;
    }
    hunks
}

fn placement(path: &RepoPath, place: &Place<'_>, hunks: &[Hunk]) -> Placement {
    let stated = hunks[place.hunk].stated().filter(|stated| *stated != place.first).map(|stated| stated + 1);
    Placement {
        file: path.clone(),
        block: place.hunk + 1,
        rung: place.rung,
        choice: place.choice,
        first: place.first + 1,
        last: place.end,
        stated,
    }
}
