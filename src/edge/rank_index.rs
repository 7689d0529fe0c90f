//! The index that ranking keeps between runs: what a blob or commit says, by its id, in files that are never changed.
//!
//! A folder holds *segments*: files written once under a name made of their content, then only read or deleted. A
//! record's key is an object id and what the record is, so no record is ever stale. Two processes can use one folder:
//! each writes segments of its own; a segment that vanishes while another reads is just not there. A segment that is
//! cut, damaged or of another version is ignored and deleted by the next process that writes.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
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

    /// As it stands in a table; its order is the order of the keys.
    fn bytes(&self) -> [u8; 33] {
        let mut bytes = [0; 33];
        bytes[..32].copy_from_slice(&self.id);
        bytes[32] = self.part;
        bytes
    }
}

const MAGIC: &[u8; 8] = b"gbrank\0\0";

/// Magic, version, number of records, checksum of all after the header.
const HEADER: usize = 24;

/// One entry of the table behind the header, sorted by key: id, part, offset behind the table, length.
const ENTRY: usize = 41;

/// More segments than this are put together into one.
const SEGMENTS: usize = 6;

/// A folder's records are kept up to this many bytes; then those that the last run did not use go. All of them are in
/// memory while a ranking runs.
const FOLDER_LIMIT: usize = 128 << 20;

/// The records of one repository.
#[derive(Debug, Default)]
pub struct Index {
    folder: Option<PathBuf>,
    segments: Vec<Segment>,
}

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    bytes: Vec<u8>,
    count: usize,
}

impl Segment {
    /// Reads a segment; `None` when it is not whole or of another version.
    fn read(path: PathBuf) -> Option<Self> {
        let bytes = fs::read(&path).ok()?;
        let count = valid(&bytes)?;
        Some(Self { path, bytes, count })
    }

    fn entry(&self, at: usize) -> (&[u8], &[u8]) {
        let start = HEADER + at * ENTRY;
        self.bytes[start..start + ENTRY].split_at(33)
    }

    fn record(&self, place: &[u8]) -> Option<&[u8]> {
        let number = |at: usize| Some(u32::from_le_bytes(place.get(at..at + 4)?.try_into().ok()?) as usize);
        let start = HEADER + self.count * ENTRY + number(0)?;
        self.bytes.get(start..start + number(4)?)
    }

    fn get(&self, key: &[u8; 33]) -> Option<&[u8]> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let (found, place) = self.entry(middle);
            match found.cmp(key) {
                std::cmp::Ordering::Equal => return self.record(place),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn all(&self) -> impl Iterator<Item = (Key, &[u8])> {
        (0..self.count).filter_map(|at| {
            let (key, place) = self.entry(at);
            Some((Key::new(&key[..32], key[32]), self.record(place)?))
        })
    }
}

impl Index {
    /// An index that remembers nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Where the records of a repository stand in git-burn's cache.
    pub fn folder(cache: &Path, common_dir: &Path) -> PathBuf {
        use std::os::unix::ffi::OsStrExt;
        let whole = common_dir.canonicalize().unwrap_or_else(|_| common_dir.to_owned());
        cache.join("rank").join(format!("{:016x}", checksum(whole.as_os_str().as_bytes())))
    }

    /// Reads what is in the folder. Whatever cannot be read is left out: then it is made again.
    pub fn open(folder: &Path) -> Self {
        let mut paths: Vec<PathBuf> = entries(folder).filter(|path| is_segment(path)).collect();
        paths.sort_unstable();
        let segments = paths.into_iter().filter_map(Segment::read).collect();
        Self { folder: Some(folder.to_owned()), segments }
    }

    /// A record.
    pub fn get(&self, key: &Key) -> Option<&[u8]> {
        let key = key.bytes();
        self.segments.iter().find_map(|segment| segment.get(&key))
    }

    /// Keeps new records for the next run. `used` are the keys that this run needed: when the folder is full, only
    /// they stay, as far as the limit allows.
    ///
    /// # Errors
    /// The folder cannot be written; the ranking itself does not depend on it.
    pub fn keep(&self, new: &[(Key, Box<[u8]>)], used: &HashSet<Key, Fast>) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        if new.is_empty() {
            return Ok(());
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        let mut all: Vec<(Key, &[u8])> = new.iter().map(|(key, record)| (*key, &**record)).collect();
        let held: usize = self.segments.iter().map(|segment| segment.bytes.len()).sum();
        let full = held + size_of_all(&all) > FOLDER_LIMIT;
        let merged = full || self.segments.len() >= SEGMENTS;
        if merged {
            let old = self.segments.iter().flat_map(Segment::all);
            all.extend(old.filter(|(key, _)| !full || used.contains(key)));
        }
        all.sort_by_key(|(key, _)| *key);
        all.dedup_by_key(|(key, _)| *key);
        let mut size = 0;
        all.retain(|(_, record)| {
            size += record.len() + ENTRY;
            size <= FOLDER_LIMIT
        });
        let written = write_segment(folder, &all)?;
        let known: HashSet<&Path> = self.segments.iter().map(|segment| segment.path.as_path()).collect();
        for path in entries(folder).filter(|path| is_segment(path) && *path != written) {
            let stale = if known.contains(path.as_path()) { merged } else { Segment::read(path.clone()).is_none() };
            if stale {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }
}

fn size_of_all(records: &[(Key, &[u8])]) -> usize {
    records.iter().map(|(_, record)| record.len() + ENTRY).sum()
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

/// How many records a segment has; `None` when it is not whole or of another version.
fn valid(bytes: &[u8]) -> Option<usize> {
    let version = u32::from_le_bytes(bytes.get(8..12)?.try_into().ok()?);
    let count = u32::from_le_bytes(bytes.get(12..16)?.try_into().ok()?) as usize;
    let sum = u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?);
    let table = HEADER.checked_add(count.checked_mul(ENTRY)?)?;
    (&bytes[..8] == MAGIC && version == VERSION && table <= bytes.len() && checksum(&bytes[HEADER..]) == sum)
        .then_some(count)
}

/// Writes under a temporary name, then renames: a reader sees all of it or nothing.
fn write_segment(folder: &Path, records: &[(Key, &[u8])]) -> Result<PathBuf> {
    let mut body = Vec::new();
    let mut offset = 0_u32;
    for (key, record) in records {
        body.extend(key.bytes());
        body.extend(offset.to_le_bytes());
        body.extend((record.len() as u32).to_le_bytes());
        offset += record.len() as u32;
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
