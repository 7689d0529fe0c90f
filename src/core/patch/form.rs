//! The one internal form that all four formats are parsed into.

use bstr::BString;

use super::binary::Binary;
use super::names::Name;

/// What is to happen to one file.
#[derive(Debug, Clone)]
pub(super) struct FilePatch {
    /// Where it starts in the reply, from 1.
    pub line: u32,
    /// The fenced block that it came from; equal for all files of one block.
    pub fence: u32,
    /// The name before; `None` when it is created, or when only the new name is known.
    pub old: Option<Name>,
    /// The name after; `None` when it is deleted.
    pub new: Option<Name>,
    pub verb: Verb,
    pub modes: Modes,
    pub body: Body,
}

/// What kind of change the patch says it is. Whether the tree agrees is decided when it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Edit,
    Create,
    Delete,
    Rename,
    Copy,
    /// A whole file given as text: created, or replaced if the option allows it.
    Replace,
}

/// Modes named in extended headers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Modes {
    pub old: Option<Mode>,
    pub new: Option<Mode>,
}

/// git's file modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Plain,
    Executable,
    Symlink,
    Submodule,
}

impl Mode {
    /// Reads the octal digits of an extended header; group-writable modes of old repositories count as plain files.
    pub(super) fn parse(digits: &[u8]) -> Option<Self> {
        match digits {
            b"100644" | b"100664" | b"100600" | b"100640" => Some(Self::Plain),
            b"100755" | b"100775" | b"100700" => Some(Self::Executable),
            b"120000" => Some(Self::Symlink),
            b"160000" => Some(Self::Submodule),
            _ => None,
        }
    }
}

/// How the new content is given.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Nothing but names and modes.
    Nothing,
    Hunks(Vec<Hunk>),
    Binary(Binary),
    Whole(BString),
}

/// Lines to find and what to make of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Hunk {
    /// Where it starts in the reply, from 1.
    pub line: u32,
    pub numbers: Option<Numbers>,
    /// Text that the header gives to find the place: the function after `@@`, or an envelope's anchors.
    pub section: Option<BString>,
    pub lines: Vec<Line>,
    /// Every way to read a SEARCH block whose divider occurs several times, the shortest search first; `lines` is that
    /// one. Empty where there is no doubt.
    pub readings: Vec<Vec<Line>>,
    /// `\ No newline at end of file` after the last old line.
    pub old_unended: bool,
    /// The same after the last new line.
    pub new_unended: bool,
    /// The format says that these are the file's last lines.
    pub at_end: bool,
    pub marks: Marks,
}

/// `@@ -old,old_count +new,new_count @@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    pub old: u64,
    pub old_count: u64,
    pub new: u64,
    pub new_count: u64,
}

/// What the parser had to assume about a hunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Within its counted lines stand some that could be the header of the next file.
    pub swallows_header: bool,
    /// The counts of its header were not believed.
    pub recounted: bool,
    /// It has fewer lines than its header says.
    pub short: bool,
    /// It is the last hunk of a reply that may have been cut off.
    pub last: bool,
    /// The reply stops in the middle of its last line.
    pub midline: bool,
    /// It was cut out of a larger hunk at a `...` line.
    pub elided: bool,
    /// It is a SEARCH block, whose text ends where it says.
    pub searched: bool,
    /// An earlier block for the same place was dropped in its favour.
    pub supersedes: bool,
}

/// One line of a hunk: a span of the reply, without the column that says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub tag: Tag,
    pub start: u32,
    pub end: u32,
    /// It came without that column.
    pub bare: bool,
}

/// What a line of a hunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Context,
    Remove,
    Add,
}

impl Line {
    pub(super) fn text<'t>(&self, reply: &'t [u8]) -> &'t [u8] {
        &reply[self.start as usize..self.end as usize]
    }

    /// The row as it stands in the reply: the reading under which its column was left out.
    pub(super) fn uncut(&self) -> Self {
        if self.bare || self.start == 0 { *self } else { Self { start: self.start - 1, ..*self } }
    }

    pub(super) fn is_old(&self) -> bool {
        match self.tag {
            Tag::Context | Tag::Remove => true,
            Tag::Add => false,
        }
    }

    pub(super) fn is_context(&self) -> bool {
        self.tag == Tag::Context
    }
}

impl Hunk {
    /// Context and removed lines: what must stand in the file.
    pub(super) fn old_lines(&self) -> impl DoubleEndedIterator<Item = &Line> + Clone {
        self.lines.iter().filter(|line| line.is_old())
    }

    /// Context and added lines: what stands there afterwards.
    pub(super) fn new_lines(&self) -> impl DoubleEndedIterator<Item = &Line> + Clone {
        self.lines.iter().filter(|line| line.tag != Tag::Remove)
    }

    /// The number of a line in the reply, from 1.
    pub(super) fn number_of(&self, line: &Line, reply: &[u8]) -> u32 {
        let before = self.lines.first().and_then(|first| reply.get(first.start as usize..line.start as usize));
        self.line + 1 + memchr::memchr_iter(b'\n', before.unwrap_or_default()).count() as u32
    }

    pub(super) fn added(&self) -> impl DoubleEndedIterator<Item = &Line> + Clone {
        self.lines.iter().filter(|line| line.tag == Tag::Add)
    }

    pub(super) fn changes(&self) -> bool {
        self.lines.iter().any(|line| !line.is_context())
    }

    /// The header's counts are there and the body has exactly as many lines.
    pub(super) fn counts_hold(&self) -> bool {
        self.numbers.is_some_and(|numbers| {
            numbers.old_count == self.old_lines().count() as u64 && numbers.new_count == self.new_lines().count() as u64
        })
    }

    /// The stated first old line as an index from 0, when the header has numbers.
    pub(super) fn stated(&self) -> Option<usize> {
        let numbers = self.numbers?;
        let first = if numbers.old_count == 0 { numbers.old } else { numbers.old.saturating_sub(1) };
        usize::try_from(first).ok()
    }
}
