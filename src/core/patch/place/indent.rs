//! The indentation rung: the old text stands in the file but for leading blanks, and the blanks of one map consistently
//! to those of the other, so that added lines can be indented like the text they join.

use std::collections::BTreeMap;

use super::super::form::Hunk;
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

/// Added lines with the file's indentation, when there is exactly one way to give it to them.
pub(super) fn reindent(hunk: &Hunk, reply: &[u8], window: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
    let mut outcomes: Vec<Vec<Vec<u8>>> = Vec::new();
    for map in maps(hunk, reply, window) {
        let lines: Option<Vec<Vec<u8>>> = hunk.added().map(|line| map.apply(line.text(reply))).collect();
        if let Some(lines) = lines
            && !outcomes.contains(&lines)
        {
            outcomes.push(lines);
        }
    }
    if outcomes.len() == 1 { outcomes.pop() } else { None }
}

fn maps(hunk: &Hunk, reply: &[u8], window: &[&[u8]]) -> Vec<Map> {
    let mut seen: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for (line, file) in hunk.old().zip(window) {
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
    let shifts = |longer: fn((&Vec<u8>, &Vec<u8>)) -> Option<Vec<u8>>| -> Option<Vec<u8>> {
        let mut shift = seen.iter().map(longer);
        let first = shift.next()??;
        shift.all(|other| other.as_ref() == Some(&first)).then_some(first)
    };
    let deeper = shifts(|(patch, file)| file.strip_suffix(patch.as_slice()).map(<[u8]>::to_vec));
    let shallower = shifts(|(patch, file)| patch.strip_suffix(file.as_slice()).map(<[u8]>::to_vec));
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
    let fits = |(from, to): (&Vec<u8>, &Vec<u8>)| {
        let steps = to.len() / file.len();
        *to == file.repeat(steps) && *from == patch.repeat(steps)
    };
    seen.iter().all(fits) && seen.keys().any(|lead| !lead.is_empty())
}

impl Map {
    fn apply(&self, line: &[u8]) -> Option<Vec<u8>> {
        if Compare::Trim.key(line).is_empty() {
            return Some(line.to_vec());
        }
        let (lead, rest) = line.split_at(lead(line).len());
        let lead = match self {
            Self::Unit { patch, file } => {
                let steps = lead.len() / patch.len();
                (lead == patch.repeat(steps)).then(|| file.repeat(steps))?
            }
            Self::Deeper(prefix) => [prefix.as_slice(), lead].concat(),
            Self::Shallower(prefix) => lead.strip_prefix(prefix.as_slice())?.to_vec(),
            Self::Seen(seen) => seen.get(lead)?.clone(),
        };
        Some([lead.as_slice(), rest].concat())
    }
}
