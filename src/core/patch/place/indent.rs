//! The indentation rung: the old text stands in the file but for leading blanks, and the blanks of one map consistently
//! to those of the other, so that added lines can be indented like the text they join.

use std::collections::BTreeMap;

use bstr::ByteSlice;

use super::super::form::{Hunk, Tag};
use super::lines::Compare;

/// How leading blanks of the patch become those of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Map {
    /// Each `patch` unit is one `file` unit.
    Unit { patch: Vec<u8>, file: Vec<u8> },
    /// The file has this in front of what the patch has.
    Deeper(Vec<u8>),
    /// The patch has this in front of what the file has.
    Shallower(Vec<u8>),
    /// Only what was seen is known.
    Seen(BTreeMap<Vec<u8>, Vec<u8>>),
}

fn lead(line: &[u8]) -> &[u8] {
    let length = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &line[..length]
}

/// Added lines with the indentation that they get in the file.
pub(super) struct Reindented {
    pub lines: Vec<Vec<u8>>,
    /// By another unit, not only deeper or shallower as a whole.
    pub rescaled: bool,
}

/// Added lines with the file's indentation, when there is exactly one way to give it to them. Text inside a string that
/// spans lines may keep the patch's unit where the file has it somewhere too: nothing says then which it is.
pub(super) fn reindent(hunk: &Hunk, reply: &[u8], window: &[&[u8]], file: &[&[u8]]) -> Option<Reindented> {
    let mut outcomes: Vec<Reindented> = Vec::new();
    for map in maps(hunk, reply, window) {
        let lines: Option<Vec<Vec<u8>>> = hunk.added().map(|line| map.apply(line.text(reply))).collect();
        let rescaled = matches!(map, Map::Unit { .. } | Map::Seen(_));
        if let Some(lines) = lines.filter(|_| !map.is_doubtful(file) || !adds_to_string(hunk, reply))
            && !outcomes.iter().any(|outcome| outcome.lines == lines)
        {
            outcomes.push(Reindented { lines, rescaled });
        }
    }
    if outcomes.len() == 1 { outcomes.pop() } else { None }
}

/// Whether indented lines are added inside a string that spans lines.
fn adds_to_string(hunk: &Hunk, reply: &[u8]) -> bool {
    let mut inside = false;
    hunk.new_lines().any(|line| {
        let text = line.text(reply);
        let found = inside && line.tag == Tag::Add && !lead(text).is_empty();
        inside ^= ["`", "\"\"\"", "'''"].iter().any(|sign| text.find_iter(sign).count() % 2 == 1);
        found
    })
}

/// Whether added lines are indented while nothing of the old text is, so that only other hunks tell whether this one's
/// indentation is the file's.
pub(super) fn is_unanchored(hunk: &Hunk, reply: &[u8]) -> bool {
    let indented = |line: &super::super::form::Line| {
        !Compare::Trim.key(line.text(reply)).is_empty() && !lead(line.text(reply)).is_empty()
    };
    hunk.added().any(indented) && !hunk.old_lines().any(indented)
}

fn maps(hunk: &Hunk, reply: &[u8], window: &[&[u8]]) -> Vec<Map> {
    let mut seen: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for (line, file) in hunk.old_lines().zip(window) {
        let text = line.text(reply);
        if Compare::Trim.key(text).is_empty() {
            continue;
        }
        let known = seen.entry(lead(text).to_vec()).or_insert_with(|| lead(file).to_vec());
        if known != lead(file) {
            return Vec::new();
        }
    }
    let mut maps: Vec<Map> = units()
        .filter(|(patch, file)| fits_unit(&seen, patch, file))
        .map(|(patch, file)| Map::Unit { patch, file })
        .collect();
    let deeper = shift(seen.iter().map(|(patch, file)| file.strip_suffix(patch.as_slice())));
    let shallower = shift(seen.iter().map(|(patch, file)| patch.strip_suffix(file.as_slice())));
    // One blank more or less is a lost or doubled diff column, which added lines need not share.
    if deeper.as_deref() == Some(b" ") || shallower.as_deref() == Some(b" ") {
        return maps;
    }
    maps.extend(deeper.map(Map::Deeper).or(shallower.map(Map::Shallower)));
    if maps.is_empty() && is_one_to_one(&seen) {
        maps.push(Map::Seen(seen));
    }
    maps
}

/// What all lines have in front, if it is the same for all.
fn shift<'s>(mut shifts: impl Iterator<Item = Option<&'s [u8]>>) -> Option<Vec<u8>> {
    let first = shifts.next()??;
    shifts.all(|other| other == Some(first)).then(|| first.to_vec())
}

/// Every indentation has its own counterpart, and all or none of them are the same on both sides.
fn is_one_to_one(seen: &BTreeMap<Vec<u8>, Vec<u8>>) -> bool {
    let mut files: Vec<&Vec<u8>> = seen.values().collect();
    files.sort_unstable();
    files.dedup();
    let mut indented = seen.iter().filter(|(patch, _)| !patch.is_empty());
    !seen.is_empty() && files.len() == seen.len() && indented.all(|(patch, file)| patch != file)
}

/// Pairs of indentation units that editors and models convert between.
fn units() -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let spaces = |count: usize| vec![b' '; count];
    let tabs = [2, 3, 4, 8]
        .into_iter()
        .flat_map(move |count| [(spaces(count), b"\t".to_vec()), (b"\t".to_vec(), spaces(count))]);
    tabs.chain([(2, 4), (4, 2), (8, 4), (4, 8)].map(|(patch, file)| (spaces(patch), spaces(file))))
}

fn fits_unit(seen: &BTreeMap<Vec<u8>, Vec<u8>>, patch: &[u8], file: &[u8]) -> bool {
    seen.iter().all(|(from, to)| convert(from, patch, file).as_ref() == Some(to))
        && seen.keys().any(|lead| !lead.is_empty())
}

/// Leading blanks with each unit of the patch as one of the file. Between tabs and spaces, spaces that are less than a
/// unit stay: they align.
fn convert(lead: &[u8], patch: &[u8], file: &[u8]) -> Option<Vec<u8>> {
    let mut rest = lead;
    let mut out = Vec::new();
    while let Some(after) = rest.strip_prefix(patch) {
        out.extend_from_slice(file);
        rest = after;
    }
    let aligns = (patch == b"\t" || file == b"\t") && rest.iter().all(|byte| *byte == b' ');
    if !rest.is_empty() && !aligns {
        return None;
    }
    out.extend_from_slice(rest);
    Some(out)
}

impl Map {
    /// Whether the file has lines that are indented by the patch's unit already.
    fn is_doubtful(&self, file: &[&[u8]]) -> bool {
        let has = |lead: &[u8]| file.iter().any(|line| self::lead(line) == lead && lead.len() < line.len());
        match self {
            Self::Unit { patch, .. } => has(patch),
            Self::Seen(seen) => seen.keys().any(|lead| !lead.is_empty() && has(lead)),
            Self::Deeper(_) | Self::Shallower(_) => false,
        }
    }

    fn apply(&self, line: &[u8]) -> Option<Vec<u8>> {
        if Compare::Trim.key(line).is_empty() {
            let unit = match self {
                Self::Unit { patch, file } => convert(line, patch, file),
                Self::Deeper(_) | Self::Shallower(_) | Self::Seen(_) => None,
            };
            return Some(unit.unwrap_or_else(|| line.to_vec()));
        }
        let (lead, rest) = line.split_at(lead(line).len());
        let lead = match self {
            Self::Unit { patch, file } => convert(lead, patch, file)?,
            Self::Deeper(prefix) => [prefix.as_slice(), lead].concat(),
            Self::Shallower(prefix) => lead.strip_prefix(prefix.as_slice())?.to_vec(),
            Self::Seen(seen) => seen.get(lead)?.clone(),
        };
        Some([lead.as_slice(), rest].concat())
    }
}
