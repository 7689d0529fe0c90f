//! The content of entries: as git diffs it, and as a patch gives it.

use std::sync::Arc;

use super::form::{Hunk, Mode, Tag};
use super::place::lines::{Ending, FileLines};
use super::refusal::{Problem, ProblemKind};
use crate::core::change::{Entry, File, LargeFile};

/// The text of a new file out of its hunks, which can only add.
pub(super) fn created_text(hunks: &[Hunk], reply: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut text = Vec::new();
    for hunk in hunks {
        if hunk.marks.last && (hunk.marks.midline || hunk.marks.short) {
            let what = "the new file is shorter than its header says, and the patch may be cut off";
            return Err(Problem::new(ProblemKind::Truncated, what).hint("send the whole patch again"));
        }
        for line in &hunk.lines {
            match line.tag {
                Tag::Add => text.extend([line.text(reply), b"\n"].concat()),
                Tag::Context | Tag::Remove if line.text(reply).iter().all(u8::is_ascii_whitespace) => {}
                Tag::Context | Tag::Remove => {
                    let what =
                        format!("a new file cannot have context or removed lines: {}", super::shown(line.text(reply)));
                    return Err(
                        Problem::new(ProblemKind::Malformed, what).hint("begin every line of a new file with `+`")
                    );
                }
            }
        }
    }
    if hunks.last().is_some_and(|hunk| hunk.new_unended) {
        text.pop();
    }
    Ok(text)
}

/// A whole file as text, with the line endings and the final line feed of what it replaces.
pub(super) fn whole_like(before: &[u8], whole: &[u8]) -> Vec<u8> {
    let old = FileLines::new(before);
    let mut text = match old.ending {
        Ending::Crlf if !whole.contains(&b'\r') => bstr::ByteSlice::replace(whole, "\n", "\r\n"),
        Ending::Lf | Ending::Crlf | Ending::Mixed => whole.to_vec(),
    };
    if old.unended && text.ends_with(b"\n") {
        text.pop();
        if old.ending == Ending::Crlf && text.ends_with(b"\r") {
            text.pop();
        }
    }
    text
}

pub(super) fn is_undone(binary: &super::binary::Binary, new: &[u8], old: &[u8]) -> bool {
    binary.reverse.as_ref().is_some_and(|reverse| reverse.apply(new).is_ok_and(|undone| undone == old))
}

/// What git diffs for an entry.
pub(super) fn text_of(entry: &Entry) -> Vec<u8> {
    match entry {
        Entry::Submodule(commit) => format!("Subproject commit {commit}\n").into_bytes(),
        Entry::File(_) | Entry::Large(_) | Entry::Symlink(_) | Entry::Directory => entry.bytes().to_vec(),
    }
}

pub(super) fn mode_of(entry: &Entry) -> Mode {
    match entry {
        Entry::File(File { executable: false, .. })
        | Entry::Large(LargeFile { executable: false, .. })
        | Entry::Directory => Mode::Plain,
        Entry::File(File { executable: true, .. }) | Entry::Large(LargeFile { executable: true, .. }) => {
            Mode::Executable
        }
        Entry::Symlink(_) => Mode::Symlink,
        Entry::Submodule(_) => Mode::Submodule,
    }
}

pub(super) fn entry_of(mode: Mode, content: Vec<u8>) -> Result<Entry, Problem> {
    let file = |content, executable| Ok(Entry::File(File { bytes: Arc::new(content), executable }));
    match mode {
        Mode::Plain => file(content, false),
        Mode::Executable => file(content, true),
        Mode::Symlink => Ok(Entry::Symlink(Arc::new(content))),
        Mode::Submodule => {
            let text = content
                .strip_prefix(b"Subproject commit ")
                .and_then(|text| std::str::from_utf8(text).ok())
                .map(str::trim_end);
            let is_id =
                |text: &&str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            let commit = text.filter(is_id).ok_or_else(|| {
                Problem::new(ProblemKind::Malformed, "a submodule's text is not `Subproject commit ID`")
            })?;
            Ok(Entry::Submodule(commit.to_owned()))
        }
    }
}
