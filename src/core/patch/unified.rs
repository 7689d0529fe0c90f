//! Unified diffs: file headers with git's extended ones, lenient about everything that does not say what to change.

use bstr::ByteSlice;

use super::binary::{Binary, Half};
use super::form::{Body, FilePatch, Mode, Modes, Verb};
use super::hunk;
use super::names::{Name, unquote};
use super::refusal::{Block, Problem, ProblemKind};
use super::rows::Source;
use crate::core::names::PathError;

/// Where a block of rows came from, which decides how strictly what lies between hunks is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// A fenced block: everything in it belongs to the patch.
    Fenced(u32),
    /// The whole reply, with prose around the patch.
    Open,
}

impl Setting {
    fn fence(self) -> u32 {
        match self {
            Self::Fenced(number) => number,
            Self::Open => 0,
        }
    }
}

/// Reads all files of one block. An empty list means that there is no diff in it.
pub(super) fn parse(source: Source<'_>, setting: Setting) -> Result<Vec<FilePatch>, Vec<Problem>> {
    let mut reader =
        Reader { source, setting, at: 0, files: Vec::new(), header: Header::default(), problems: Vec::new() };
    while reader.at < source.len() {
        reader.step();
    }
    reader.finish_header();
    if reader.problems.is_empty() { Ok(reader.files) } else { Err(reader.problems) }
}

/// Whether rows `at` and `at + 1` are `--- ` and `+++ `.
pub(super) fn is_file_header(source: Source<'_>, at: usize) -> bool {
    source.get(at).starts_with(b"--- ") && source.get(at + 1).starts_with(b"+++ ")
}

/// What the header lines of one file have said so far.
#[derive(Debug, Clone, Default)]
struct Header {
    line: u32,
    /// Raw names of `diff --git`, as far as they can be told apart.
    git: Option<(Vec<u8>, Vec<u8>)>,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
    from: Option<Vec<u8>>,
    to: Option<Vec<u8>>,
    verb: Option<Verb>,
    modes: Modes,
    binary: Option<Binary>,
    /// Something was read that makes it a file even without hunks.
    says_something: bool,
    /// A [`FilePatch`] was made of it.
    done: bool,
}

struct Reader<'t> {
    source: Source<'t>,
    setting: Setting,
    at: usize,
    files: Vec<FilePatch>,
    header: Header,
    problems: Vec<Problem>,
}

const DEV_NULL: &[u8] = b"/dev/null";
const MODE_LINES: [&str; 4] = ["new file mode ", "deleted file mode ", "old mode ", "new mode "];

impl Reader<'_> {
    fn step(&mut self) {
        let row = self.source.get(self.at);
        if let Some(names) = row.strip_prefix(b"diff --git ") {
            self.finish_header();
            self.header = Header { line: self.source.number(self.at), git: git_names(names), ..Header::default() };
        } else if is_file_header(self.source, self.at) {
            self.names(row[4..].into(), self.source.get(self.at + 1)[4..].into());
            self.at += 1;
        } else if row.starts_with(b"+++ ") && self.source.get(self.at + 1).starts_with(b"@@") {
            self.names(row[4..].into(), row[4..].into());
        } else if row.starts_with(b"@@") {
            return self.hunk();
        } else if self.header.git.is_some() && !self.header.done && self.extended(row) {
            return;
        } else {
            self.between(row);
        }
        self.at += 1;
    }

    /// `--- OLD` and `+++ NEW`. They open a new file unless `diff --git` has just done so.
    fn names(&mut self, old: Vec<u8>, new: Vec<u8>) {
        if self.header.git.is_none() || self.header.done || self.header.new.is_some() {
            self.finish_header();
            self.header = Header { line: self.source.number(self.at), ..Header::default() };
        }
        self.header.old = Some(clean(&old));
        self.header.new = Some(clean(&new));
    }

    fn hunk(&mut self) {
        let line = self.source.number(self.at);
        let has_file = self.header.done || self.header.git.is_some() || self.header.new.is_some();
        if !self.header.done {
            self.make_file();
        }
        let (hunk, next) = hunk::parse(self.source, self.at);
        self.at = next;
        let hunk = match hunk {
            Ok(hunk) => hunk,
            Err(problem) => return self.problems.push(problem),
        };
        match self.files.last_mut() {
            Some(FilePatch { body: Body::Hunks(hunks), .. }) if has_file => {
                if !hunk.lines.is_empty() {
                    hunks.push(hunk);
                }
            }
            Some(FilePatch { body: body @ Body::Nothing, .. }) if has_file => *body = Body::Hunks(vec![hunk]),
            _ => {
                let what = format!("the hunk at line {line} has no file header above it");
                self.problems
                    .push(Problem::new(ProblemKind::Malformed, what).hint("begin with `--- a/PATH` and `+++ b/PATH`"));
            }
        }
    }

    /// Extended header lines of git. Returns whether `row` was one and has been consumed.
    fn extended(&mut self, row: &[u8]) -> bool {
        let header = &mut self.header;
        let value = |prefix: &str| row.strip_prefix(prefix.as_bytes()).map(<[u8]>::to_vec);
        if let Some(mode) = value("new file mode ") {
            (header.verb, header.modes.new) = (Some(Verb::Create), Mode::parse(&mode));
        } else if let Some(mode) = value("deleted file mode ") {
            (header.verb, header.modes.old) = (Some(Verb::Delete), Mode::parse(&mode));
        } else if let Some(mode) = value("old mode ") {
            header.modes.old = Mode::parse(&mode);
        } else if let Some(mode) = value("new mode ") {
            header.modes.new = Mode::parse(&mode);
        } else if let Some(path) = value("rename from ") {
            (header.verb, header.from) = (Some(Verb::Rename), Some(bare_name(&path)));
        } else if let Some(path) = value("rename to ") {
            (header.verb, header.to) = (Some(Verb::Rename), Some(bare_name(&path)));
        } else if let Some(path) = value("copy from ") {
            (header.verb, header.from) = (Some(Verb::Copy), Some(bare_name(&path)));
        } else if let Some(path) = value("copy to ") {
            (header.verb, header.to) = (Some(Verb::Copy), Some(bare_name(&path)));
        } else if row == b"GIT binary patch" {
            header.says_something = true;
            self.binary();
            return true;
        } else if row.starts_with(b"Binary files ") {
            self.refuse(ProblemKind::Binary, "the diff only says that binary files differ", "use `git diff --binary`");
        } else if row.starts_with(b"index ") {
            // Of a file it says nothing that counts, but a symlink or submodule that stays one is named here alone.
            let mode = row.rsplit_str(" ").next().and_then(Mode::parse);
            let special = mode.filter(|mode| matches!(mode, Mode::Symlink | Mode::Submodule));
            header.modes.old = header.modes.old.or(special);
        } else if !row.starts_with(b"similarity index ") && !row.starts_with(b"dissimilarity ") {
            return false;
        }
        if MODE_LINES.iter().any(|prefix| row.starts_with_str(prefix)) && header_mode(row).is_none() {
            let what = format!("`{}` names a mode that git does not know", super::shown(row));
            self.refuse(ProblemKind::Mode, &what, "use 100644 or 100755");
        }
        self.header.says_something |= !row.starts_with(b"index ") && !row.contains_str("similarity index ");
        self.at += 1;
        true
    }

    fn binary(&mut self) {
        let start = self.at + 1;
        let rows = |from: usize| (from..self.source.len()).map(|index| self.source.get(index));
        let parsed = Half::parse(&mut rows(start)).and_then(|(forward, used)| {
            let next = start + used;
            let reverse = match self.source.get(next) {
                row if row.starts_with(b"literal ") || row.starts_with(b"delta ") => {
                    Some(Half::parse(&mut rows(next))?)
                }
                _ => None,
            };
            let used = used + reverse.as_ref().map_or(0, |(_, used)| *used);
            Ok((Binary { forward, reverse: reverse.map(|(half, _)| half) }, used))
        });
        match parsed {
            Ok((binary, used)) => {
                self.at = start + used;
                self.header.binary = Some(binary);
            }
            Err(error) => {
                self.at = start;
                self.refuse(
                    ProblemKind::Binary,
                    &format!("the binary patch is damaged: {error}"),
                    "use `git diff --binary`",
                );
            }
        }
    }

    /// A row between hunks: prose or blank, but never what looks like a line of a change.
    fn between(&mut self, row: &[u8]) {
        let after_hunk = self.header.done && matches!(self.files.last(), Some(FilePatch { body: Body::Hunks(_), .. }));
        let removed = matches!(self.setting, Setting::Fenced(_)) && row.starts_with(b"-") && !row.starts_with(b"--");
        let added = row.starts_with(b"+") && !row.starts_with(b"+++ ");
        if after_hunk && (added || removed) {
            let line = self.source.number(self.at);
            let what = format!("line {line} of the patch, `{}`, is outside every hunk", super::shown(row));
            let problem = Problem::new(ProblemKind::Malformed, what).hint("give it a hunk header of its own");
            self.problems.push(problem);
        }
    }

    fn refuse(&mut self, kind: ProblemKind, what: &str, hint: &str) {
        let file = self.header.git.as_ref().map_or_else(String::new, |(_, new)| new.escape_ascii().to_string());
        let block = Block { file, number: None, line: self.header.line };
        self.problems.push(Problem::new(kind, what).at(block).hint(hint));
    }

    /// A header without hunks still counts when it renames, copies, creates, deletes, changes a mode or is binary.
    fn finish_header(&mut self) {
        if !self.header.done && self.header.says_something {
            self.make_file();
        }
    }

    fn make_file(&mut self) {
        self.header.done = true;
        let header = &self.header;
        if header.git.is_none() && header.new.is_none() {
            return;
        }
        match resolve(header) {
            Ok((old, new, verb)) => self.files.push(FilePatch {
                line: header.line,
                fence: self.setting.fence(),
                old,
                new,
                verb,
                modes: header.modes,
                body: header.binary.clone().map_or(Body::Nothing, Body::Binary),
            }),
            Err(problem) => {
                // A file of its own, so that its hunks do not fall to the one before.
                let block = Block { file: super::shown(header.any_name()), number: None, line: header.line };
                self.problems.push(problem.at(block));
                self.files.push(FilePatch {
                    line: header.line,
                    fence: self.setting.fence(),
                    old: None,
                    new: None,
                    verb: Verb::Edit,
                    modes: Modes::default(),
                    body: Body::Nothing,
                });
            }
        }
    }
}

impl Header {
    fn any_name(&self) -> &[u8] {
        self.new
            .as_deref()
            .or(self.old.as_deref())
            .or(self.git.as_ref().map(|(_, new)| new.as_slice()))
            .unwrap_or_default()
    }
}

/// The names and the verb that all header lines of one file agree on.
fn resolve(header: &Header) -> Result<(Option<Name>, Option<Name>, Verb), Problem> {
    let bad = |error: PathError| Problem::new(ProblemKind::BadPath, error.to_string());
    if let (Some(verb @ (Verb::Rename | Verb::Copy)), Some(from), Some(to)) = (header.verb, &header.from, &header.to) {
        // These lines carry no prefix.
        return Ok((Some(Name::plain(from).map_err(bad)?), Some(Name::plain(to).map_err(bad)?), verb));
    }
    let git = header.git.as_ref().map(|(old, new)| Name::pair(old, new)).transpose().map_err(bad)?;
    let old_is_null = header.old.as_deref() == Some(DEV_NULL);
    let new_is_null = header.new.as_deref() == Some(DEV_NULL);
    let verb = match (header.verb, old_is_null, new_is_null) {
        (Some(verb), _, _) => verb,
        (None, true, true) => {
            return Err(Problem::new(ProblemKind::Malformed, "both sides of the header are /dev/null"));
        }
        (None, true, false) => Verb::Create,
        (None, false, true) => Verb::Delete,
        (None, false, false) => Verb::Edit,
    };
    let (old, new) = match (&header.old, &header.new) {
        (Some(old), Some(new)) if !old_is_null && !new_is_null => {
            let (old, new) = Name::pair(old, new).map_err(bad)?;
            (Some(old), Some(new))
        }
        (Some(old), Some(_)) if !old_is_null => (Some(Name::prefixed(old).map_err(bad)?), None),
        (Some(_), Some(new)) => (None, Some(Name::prefixed(new).map_err(bad)?)),
        _ => {
            let (old, new) =
                git.clone().ok_or_else(|| Problem::new(ProblemKind::Malformed, "the header names no file"))?;
            (Some(old), Some(new))
        }
    };
    if let Some((git_old, git_new)) = &git {
        agree(git_old, old.as_ref())?;
        agree(git_new, new.as_ref())?;
    }
    Ok(match verb {
        Verb::Create => (None, new.or(old), verb),
        Verb::Delete => (old.or(new), None, verb),
        Verb::Edit | Verb::Rename | Verb::Copy | Verb::Replace => (old, new, verb),
    })
}

/// `diff --git` and `---`/`+++` must mean the same file: a review that reads one and an applier that believes the
/// other are how a change is smuggled in.
fn agree(git: &Name, other: Option<&Name>) -> Result<(), Problem> {
    let Some(other) = other else { return Ok(()) };
    if git.readings.iter().any(|reading| other.readings.contains(reading)) || git.written == other.written {
        return Ok(());
    }
    let what = format!("`diff --git` says `{}` but `---`/`+++` say `{}`: they disagree", git.shown(), other.shown());
    Err(Problem::new(ProblemKind::BadPath, what))
}

/// The two names of `diff --git`. Unquoted names with blanks can only be told apart when both are the same.
fn git_names(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    if text.starts_with(b"\"") {
        let (old, rest) = unquote(text)?;
        let rest = rest.strip_prefix(b" ")?;
        let new = if rest.starts_with(b"\"") { unquote(rest)?.0.into() } else { rest.to_vec() };
        return Some((old.into(), new));
    }
    if let Some(quote) = text.find(b" \"") {
        return Some((text[..quote].to_vec(), unquote(&text[quote + 1..])?.0.into()));
    }
    let halves = text.len() / 2;
    if text.len() % 2 == 1 && text[halves] == b' ' && text.len() > 4 {
        let (old, new) = (&text[..halves], &text[halves + 1..]);
        let same = old == new || (old[1..2] == *b"/" && new[1..2] == *b"/" && old[2..] == new[2..]);
        if same {
            return Some((old.to_vec(), new.to_vec()));
        }
    }
    let mut words = text.split_str(" ");
    match (words.next(), words.next(), words.next()) {
        (Some(old), Some(new), None) => Some((old.to_vec(), new.to_vec())),
        _ => text.find(" b/").map(|at| (text[..at].to_vec(), text[at + 1..].to_vec())),
    }
}

/// A name of `---` or `+++`: unquoted, without the time stamp that GNU diff adds after a tab.
fn clean(text: &[u8]) -> Vec<u8> {
    if text.starts_with(b"\"") {
        return unquote(text).map_or_else(|| text.to_vec(), |(path, _)| path.into());
    }
    let name = text.split_str("\t").next().unwrap_or_default();
    let name = name.trim_end_with(|c| c == ' ');
    match time_stamp(name) {
        Some(at) => name[..at].trim_end().to_vec(),
        None => name.to_vec(),
    }
}

/// Where ` 2024-01-31 ` begins, for headers that lost their tab.
fn time_stamp(name: &[u8]) -> Option<usize> {
    name.find_iter(" ").find(|at| {
        let date = &name[at + 1..];
        date.len() > 10
            && date[4] == b'-'
            && date[7] == b'-'
            && matches!(date[10], b' ' | b'T')
            && date[..10].iter().all(|byte| byte.is_ascii_digit() || *byte == b'-')
    })
}

/// A name of `rename from` and the like: quoted or as it is.
fn bare_name(text: &[u8]) -> Vec<u8> {
    if text.starts_with(b"\"") {
        unquote(text).map_or_else(|| text.to_vec(), |(path, _)| path.into())
    } else {
        text.to_vec()
    }
}

/// The mode at the end of an extended header line.
fn header_mode(row: &[u8]) -> Option<Mode> {
    Mode::parse(row.rsplit_str(" ").next().unwrap_or_default())
}
