//! Building the new text of a file out of its base text and the placed edits.

use std::borrow::Cow;

use super::form::Hunk;
use super::place::Place;
use super::place::lines::{Ending, FileLines};

/// Whether the result's last line has a line feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Ended,
    Unended,
}

/// The file with all edits made. Everything outside of them is copied byte for byte.
pub(super) fn splice(text: &[u8], file: &FileLines<'_>, places: &[Place<'_>], hunks: &[Hunk]) -> Vec<u8> {
    let mut edits: Vec<_> = places.iter().flat_map(|place| place.edits.iter()).collect();
    edits.sort_by_key(|edit| (edit.at, edit.remove));
    let growth: usize = edits.iter().flat_map(|edit| &edit.add).map(|line| line.len() + 1).sum();
    let mut out = Vec::with_capacity(text.len() + growth);
    let offset = |line: usize| match file.lines.get(line) {
        // Every line is a slice of `text`.
        Some(slice) => slice.as_ptr() as usize - text.as_ptr() as usize,
        None => text.len(),
    };
    let mut copied = 0;
    for edit in &edits {
        out.extend_from_slice(&text[offset(copied)..offset(edit.at)]);
        if !edit.add.is_empty() {
            // Lines may be added behind a last line that had no line feed.
            end(&mut out, file.ending);
        }
        for line in &edit.add {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
        copied = edit.at + edit.remove;
    }
    out.extend_from_slice(&text[offset(copied)..]);
    let touches_end = copied >= file.lines.len();
    if touches_end && let Some(last) = places.iter().max_by_key(|place| place.end) {
        let line = edits.last().and_then(|edit| edit.add.last());
        // A line that got the file's own ending gets none at the end; one taken as it is keeps its bytes.
        let fitted = matches!(line, Some(Cow::Owned(_)));
        match last_line(file, last, hunks) {
            Last::Ended => end(&mut out, file.ending),
            Last::Unended => {
                let ending: &[u8] = if fitted && out.ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
                out.truncate(out.strip_suffix(ending).map_or(out.len(), <[u8]>::len));
            }
        }
    }
    out
}

/// What the patch says about the end of the file, when it reaches it.
fn last_line(file: &FileLines<'_>, place: &Place<'_>, hunks: &[Hunk]) -> Last {
    let hunk = &hunks[place.hunk];
    if hunk.new_unended {
        return Last::Unended;
    }
    if hunk.old_unended || !file.unended {
        return Last::Ended;
    }
    // The file's last line has no line feed and the patch does not speak of it: models leave the marker out. The file
    // stays as it is, unless the only difference between a removed and an added line could be that line feed.
    let lines = &hunk.lines;
    let again = place.edits.iter().any(|edit| {
        edit.remove == edit.add.len()
            && (0..edit.remove).all(|line| file.lines.get(edit.at + line) == Some(&edit.add[line].as_ref()))
    });
    if again && !lines.is_empty() { Last::Ended } else { Last::Unended }
}

fn end(out: &mut Vec<u8>, ending: Ending) {
    if !out.is_empty() && out.last() != Some(&b'\n') {
        out.extend_from_slice(if ending == Ending::Crlf { b"\r\n" } else { b"\n" });
    }
}
