//! The index that ranking keeps between runs: what a blob or commit says, by its id, in files that are never changed.
//!
//! A folder holds *segments*: files written once under a name made of their content, then only read or deleted. A
//! record's key is an object id and what the record is, so no record is ever stale. Two processes can use one folder:
//! each writes segments of its own; a segment that vanishes while another reads is just not there. A segment that is
//! cut, damaged or of another version is ignored and deleted by the next process that writes.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::core::rank::features::{Fast, VERSION};

/// What a record is about: the object's id, and which of its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The id's bytes, zeros after a SHA-1.
    id: [u8; 32],
    part: u8,
}

impl Key {
    /// The record `part` of an object.
    pub fn new(id: &[u8], part: u8) -> Self {
        let mut padded = [0; 32];
        padded[..id.len()].copy_from_slice(id);
        Self { id: padded, part }
    }
}

const MAGIC: &[u8; 8] = b"gbrank\0\0";

/// Magic, version, number of records, checksum of all after the header.
const HEADER: usize = 24;

/// One entry of the table behind the header: key, part, length.
const ENTRY: usize = 37;

/// More segments than this are put together into one.
const SEGMENTS: usize = 6;

/// A folder's records are kept up to this many bytes; then those that the last run did not use go.
const FOLDER_LIMIT: u64 = 192 << 20;

/// The records of one repository.
#[derive(Debug, Default)]
pub struct Index {
    folder: Option<PathBuf>,
    segments: Vec<Segment>,
    places: HashMap<Key, (u32, Range<usize>), Fast>,
}

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Index {
    /// An index that remembers nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads what is in the folder. Whatever cannot be read is left out: then it is made again.
    pub fn open(folder: &Path) -> Self {
        let mut index = Self { folder: Some(folder.to_owned()), ..Self::default() };
        let mut paths: Vec<PathBuf> = entries(folder).filter(|path| is_segment(path)).collect();
        paths.sort_unstable();
        for path in paths {
            let Ok(bytes) = fs::read(&path) else { continue };
            let Some(records) = records(&bytes) else { continue };
            let number = index.segments.len() as u32;
            index.places.extend(records.into_iter().map(|(key, range)| (key, (number, range))));
            index.segments.push(Segment { path, bytes });
        }
        index
    }

    /// A record.
    pub fn get(&self, key: &Key) -> Option<&[u8]> {
        let (segment, range) = self.places.get(key)?;
        self.segments[*segment as usize].bytes.get(range.clone())
    }

    /// Keeps new records for the next run. `used` are the keys that this run needed: when the folder is full, only
    /// they stay.
    ///
    /// # Errors
    /// The folder cannot be written; the ranking itself does not depend on it.
    pub fn keep(&self, new: &[(Key, Box<[u8]>)], used: &HashSet<Key, Fast>) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        if new.is_empty() {
            return Ok(());
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        let added: u64 = new.iter().map(|(_, record)| record.len() as u64 + ENTRY as u64).sum();
        let held: u64 = self.segments.iter().map(|segment| segment.bytes.len() as u64).sum();
        let full = held + added > FOLDER_LIMIT;
        let scattered = self.segments.len() >= SEGMENTS;
        let mut all: Vec<(Key, &[u8])> = new.iter().map(|(key, record)| (*key, &**record)).collect();
        if full || scattered {
            let old = self.places.keys().filter(|key| !full || used.contains(key));
            all.extend(old.filter_map(|key| Some((*key, self.get(key)?))));
        }
        all.sort_unstable_by_key(|(key, _)| *key);
        all.dedup_by_key(|(key, _)| *key);
        let written = write_segment(folder, &all)?;
        let merged = self.segments.iter().filter(|_| full || scattered).map(|segment| segment.path.clone());
        let known: HashSet<PathBuf> = self.segments.iter().map(|segment| segment.path.clone()).collect();
        let damaged = entries(folder).filter(|path| {
            is_segment(path) && !known.contains(path) && fs::read(path).is_ok_and(|bytes| records(&bytes).is_none())
        });
        for path in merged.chain(damaged).filter(|path| *path != written) {
            let _ = fs::remove_file(path);
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "segment")
}

/// Eight bytes at a time; finds damage, not malice: who can write the folder can do worse.
fn checksum(bytes: &[u8]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = crate::core::rank::features::FastHasher::default();
    hasher.write(bytes);
    hasher.write_usize(bytes.len());
    hasher.finish()
}

/// Keys and places of a segment's records; `None` when it is not whole.
fn records(bytes: &[u8]) -> Option<Vec<(Key, Range<usize>)>> {
    let version = u32::from_le_bytes(bytes.get(8..12)?.try_into().ok()?);
    let count = u32::from_le_bytes(bytes.get(12..16)?.try_into().ok()?) as usize;
    let sum = u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?);
    if &bytes[..8] != MAGIC || version != VERSION || checksum(&bytes[HEADER..]) != sum {
        return None;
    }
    let mut at = HEADER + count.checked_mul(ENTRY)?;
    let mut found = Vec::with_capacity(count);
    for entry in bytes.get(HEADER..at)?.chunks_exact(ENTRY) {
        let length = u32::from_le_bytes(entry[33..].try_into().ok()?) as usize;
        found.push((Key::new(&entry[..32], entry[32]), at..at + length));
        at += length;
    }
    (at == bytes.len()).then_some(found)
}

/// Writes under a temporary name, then renames: a reader sees all of it or nothing.
fn write_segment(folder: &Path, records: &[(Key, &[u8])]) -> Result<PathBuf> {
    let mut body = Vec::new();
    for (key, record) in records {
        body.extend(key.id);
        body.push(key.part);
        body.extend((record.len() as u32).to_le_bytes());
    }
    records.iter().for_each(|(_, record)| body.extend(*record));
    let sum = checksum(&body);
    let path = folder.join(format!("{sum:016x}.segment"));
    let mut file =
        tempfile::Builder::new().prefix(".segment-").tempfile_in(folder).context("cannot write the index")?;
    let mut header = MAGIC.to_vec();
    header.extend(VERSION.to_le_bytes());
    header.extend((records.len() as u32).to_le_bytes());
    header.extend(sum.to_le_bytes());
    file.write_all(&header).and_then(|()| file.write_all(&body)).context("cannot write the index")?;
    file.persist(&path).context("cannot write the index")?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u8) -> (Key, Box<[u8]>) {
        (Key::new(&[number; 20], 1), vec![number; usize::from(number)].into())
    }

    #[test]
    fn records_come_back_and_damage_is_rebuilt() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("index");
        let used = HashSet::default();
        Index::open(&folder).keep(&[record(3), record(5)], &used).unwrap();
        let index = Index::open(&folder);
        assert_eq!(index.get(&record(5).0), Some(&[5_u8; 5][..]));
        let segment = entries(&folder).next().unwrap();
        let mut bytes = fs::read(&segment).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&segment, &bytes).unwrap();
        let index = Index::open(&folder);
        assert_eq!(index.get(&record(5).0), None);
        index.keep(&[record(5)], &used).unwrap();
        assert!(!segment.exists());
        assert_eq!(Index::open(&folder).get(&record(5).0), Some(&[5_u8; 5][..]));
    }

    #[test]
    fn many_segments_become_one() {
        let folder = tempfile::tempdir().unwrap();
        for number in 1..=SEGMENTS as u8 + 1 {
            Index::open(folder.path()).keep(&[record(number)], &HashSet::default()).unwrap();
        }
        assert_eq!(entries(folder.path()).count(), 1);
        let index = Index::open(folder.path());
        assert!((1..=SEGMENTS as u8 + 1).all(|number| index.get(&record(number).0).is_some()));
    }
}
