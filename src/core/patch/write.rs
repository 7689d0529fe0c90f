//! Writing a [`Change`] as a unified diff in git's own form, which git and this engine apply to the same tree.

use bstr::ByteSlice;
use gix::diff::blob::{Algorithm, Diff, InternedInput};

use super::binary;
use super::content::text_of;
use super::names::quote;
use crate::core::change::{Change, Entry, FileChange, Origin, is_binary};
use crate::core::names::RepoPath;

/// How a diff is written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Context lines around each change; git's own is 3.
    pub context: u32,
    pub binaries: Binaries,
}

/// What is written for content that is not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binaries {
    /// The whole content, in both directions: the diff can be applied.
    Data,
    /// One line that says so: for people.
    Named,
}

/// Writes all files in the order of their paths.
pub fn write_diff(change: &Change, style: Style) -> Vec<u8> {
    let mut out = Vec::new();
    for (path, file) in &change.files {
        match (&file.before, &file.after) {
            // git writes a change of type as a deletion and a creation.
            (Some(before), Some(after)) if type_of(before) != type_of(after) => {
                let old = path_before(path, file);
                write_file(
                    old,
                    &FileChange { before: file.before.clone(), after: None, origin: None },
                    style,
                    &mut out,
                );
                write_file(
                    path,
                    &FileChange { before: None, after: file.after.clone(), origin: None },
                    style,
                    &mut out,
                );
            }
            _ => write_file(path, file, style, &mut out),
        }
    }
    out
}

fn path_before<'c>(path: &'c RepoPath, file: &'c FileChange) -> &'c RepoPath {
    file.origin.as_ref().map_or(path, Origin::path)
}

fn type_of(entry: &Entry) -> &'static str {
    &entry.mode()[..3]
}

fn write_file(path: &RepoPath, file: &FileChange, style: Style, out: &mut Vec<u8>) {
    let old = quote("a/", path_before(path, file).as_bytes());
    let new = quote("b/", path.as_bytes());
    line(out, &[b"diff --git ", &old, b" ", &new]);
    write_extended(path, file, out);
    let text = |entry: Option<&Entry>| entry.map(text_of).unwrap_or_default();
    let (before, after) = (text(file.before.as_ref()), text(file.after.as_ref()));
    if !differs(file) {
        return;
    }
    let is_opaque = [&file.before, &file.after].into_iter().flatten().any(|entry| matches!(entry, Entry::Large(_)));
    let is_data = style.binaries == Binaries::Data && (is_binary(&before) || is_binary(&after));
    if is_data || !is_file(file.before.as_ref()) || !is_file(file.after.as_ref()) {
        write_index(file, out);
    }
    let missing = quote("", b"/dev/null");
    let old = if file.before.is_some() { old } else { missing.clone() };
    let new = if file.after.is_some() { new } else { missing };
    if is_opaque || is_binary(&before) || is_binary(&after) {
        match style.binaries {
            Binaries::Data if !is_opaque => {
                line(out, &[b"GIT binary patch"]);
                binary::write_literal(&after, out);
                binary::write_literal(&before, out);
            }
            Binaries::Data | Binaries::Named => {
                line(out, &[b"Binary files ", &old, b" and ", &new, b" differ"]);
            }
        }
        return;
    }
    let body = hunks(&before, &after, style.context as usize);
    if !body.is_empty() {
        // A name with a blank needs the tab that tells it from a time stamp.
        let tab: fn(&[u8]) -> &[u8] = |name| if name.contains(&b' ') { b"\t" } else { b"" };
        line(out, &[b"--- ", &old, tab(&old)]);
        line(out, &[b"+++ ", &new, tab(&new)]);
        out.extend_from_slice(&body);
    }
}

/// Whether there is more to say than modes and places.
fn differs(file: &FileChange) -> bool {
    match (&file.before, &file.after) {
        (Some(before @ Entry::Large(_)), Some(after)) => !before.has_content_of(after),
        (Some(before), Some(after @ Entry::Large(_))) => !before.has_content_of(after),
        (Some(before), Some(after)) => text_of(before) != text_of(after),
        (Some(_), None) | (None, Some(_)) => true,
        (None, None) => false,
    }
}

/// Whether an entry, if there is one, is a file; of others the index line alone may tell what they are.
fn is_file(entry: Option<&Entry>) -> bool {
    match entry {
        None | Some(Entry::File(_) | Entry::Large(_) | Entry::Directory) => true,
        Some(Entry::Symlink(_) | Entry::Submodule(_)) => false,
    }
}

/// `index OLD..NEW MODE`, without which git takes no binary patch and nobody can tell a changed symlink from a file.
fn write_index(file: &FileChange, out: &mut Vec<u8>) {
    let id = |entry: Option<&Entry>| match entry {
        None => "0".repeat(40),
        Some(Entry::Submodule(commit)) => commit.clone(),
        Some(Entry::Large(large)) => large.id.clone(),
        Some(entry @ (Entry::File(_) | Entry::Symlink(_) | Entry::Directory)) => blob_id(entry.bytes()),
    };
    let (old, new) = (id(file.before.as_ref()), id(file.after.as_ref()));
    let mode = match (&file.before, &file.after) {
        (Some(before), Some(after)) if before.mode() == after.mode() => format!(" {}", before.mode()),
        (Some(_) | None, Some(_) | None) => String::new(),
    };
    line(out, &[b"index ", old.as_bytes(), b"..", new.as_bytes(), mode.as_bytes()]);
}

/// The name of a blob in a repository with SHA-1, which is what git reads in a patch nearly everywhere.
fn blob_id(bytes: &[u8]) -> String {
    let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, bytes);
    id.map_or_else(|_| "0".repeat(40), |id| id.to_string())
}

/// Modes and where it came from.
fn write_extended(path: &RepoPath, file: &FileChange, out: &mut Vec<u8>) {
    match (&file.before, &file.after) {
        (None, Some(after)) => line(out, &[b"new file mode ", after.mode().as_bytes()]),
        (Some(before), None) => line(out, &[b"deleted file mode ", before.mode().as_bytes()]),
        (Some(before), Some(after)) if before.mode() != after.mode() => {
            line(out, &[b"old mode ", before.mode().as_bytes()]);
            line(out, &[b"new mode ", after.mode().as_bytes()]);
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let (verb, from) = match &file.origin {
        Some(Origin::Renamed(from)) => (&b"rename"[..], from),
        Some(Origin::Copied(from)) => (&b"copy"[..], from),
        None => return,
    };
    line(out, &[verb, b" from ", &quote("", from.as_bytes())]);
    line(out, &[verb, b" to ", &quote("", path.as_bytes())]);
}

fn line(out: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out.push(b'\n');
}

/// All hunks between two texts, with context.
pub(super) fn hunks(before: &[u8], after: &[u8], context: usize) -> Vec<u8> {
    let (old, new): (Vec<&[u8]>, Vec<&[u8]>) =
        (before.lines_with_terminator().collect(), after.lines_with_terminator().collect());
    let mut input: InternedInput<&[u8]> = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let changes: Vec<_> = diff.hunks().map(|hunk| (range(hunk.before), range(hunk.after))).collect();
    let mut out = Vec::new();
    let mut from = 0;
    while from < changes.len() {
        let mut to = from + 1;
        while to < changes.len() && changes[to].0.start - changes[to - 1].0.end <= 2 * context {
            to += 1;
        }
        write_hunk(&old, &new, &changes[from..to], context, &mut out);
        from = to;
    }
    out
}

type Pair = (std::ops::Range<usize>, std::ops::Range<usize>);

fn range(range: std::ops::Range<u32>) -> std::ops::Range<usize> {
    range.start as usize..range.end as usize
}

fn write_hunk(old: &[&[u8]], new: &[&[u8]], changes: &[Pair], context: usize, out: &mut Vec<u8>) {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return };
    let lead = first.0.start.min(context);
    let tail = (old.len() - last.0.end).min(context);
    let span = |start: usize, end: usize| match end - start {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        count => format!("{},{count}", start + 1),
    };
    let before = span(first.0.start - lead, last.0.end + tail);
    let after = span(first.1.start - lead, last.1.end + tail);
    out.extend_from_slice(format!("@@ -{before} +{after} @@\n").as_bytes());
    let mut at = first.0.start - lead;
    for (removed, added) in changes {
        old[at..removed.start].iter().for_each(|line| write_line(b' ', line, out));
        old[removed.clone()].iter().for_each(|line| write_line(b'-', line, out));
        new[added.clone()].iter().for_each(|line| write_line(b'+', line, out));
        at = removed.end;
    }
    old[at..at + tail].iter().for_each(|line| write_line(b' ', line, out));
}

fn write_line(sign: u8, line: &[u8], out: &mut Vec<u8>) {
    out.push(sign);
    out.extend_from_slice(line);
    if !line.ends_with(b"\n") {
        out.extend_from_slice(b"\n\\ No newline at end of file\n");
    }
}
