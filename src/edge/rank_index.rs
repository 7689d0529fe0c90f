//! The index that ranking keeps between runs: what a blob or commit says, by its id, in files that are never changed.
//!
//! A folder holds *segments*: files written once under a name made of their content, then only read or deleted. A
//! record's key is an object id and what the record is, so no record is ever stale. Two processes can use one folder:
//! each writes segments of its own; a segment that vanishes while another reads is just not there. A segment that is
//! cut, damaged or of another version is ignored and deleted by the next process that writes.

use std::collections::HashSet;
use std::fs;
use std::io::{BufWriter, Seek, SeekFrom, Write};
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

/// Finds damage, not malice: who can write the folder can do worse.
fn checksum(bytes: &[u8]) -> u64 {
    let mut sum = Checksum::default();
    sum.add(bytes);
    sum.finish()
}

/// Lanes of a [`Checksum`]: each waits for its own last multiplication only.
const LANES: usize = 4;

/// Bytes of all lanes together.
const BLOCK: usize = 8 * LANES;

/// Eight bytes at a time into lanes in turn, however the bytes are cut into calls of [`Checksum::add`].
#[derive(Debug, Default)]
struct Checksum {
    lanes: [u64; LANES],
    /// What did not fill a block, as many bytes as `length` is above a multiple of one.
    rest: [u8; BLOCK],
    length: usize,
}

impl Checksum {
    fn add(&mut self, mut bytes: &[u8]) {
        let filled = self.length % BLOCK;
        self.length += bytes.len();
        if filled > 0 {
            let taken = (BLOCK - filled).min(bytes.len());
            self.rest[filled..filled + taken].copy_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if filled + taken < BLOCK {
                return;
            }
            self.blocks(&self.rest.clone());
        }
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % BLOCK);
        self.blocks(whole);
        self.rest[..rest.len()].copy_from_slice(rest);
    }

    fn blocks(&mut self, bytes: &[u8]) {
        let (words, _) = bytes.as_chunks::<8>();
        for block in words.as_chunks::<LANES>().0 {
            for (lane, word) in self.lanes.iter_mut().zip(block) {
                *lane = (lane.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
        }
    }

    fn finish(mut self) -> u64 {
        self.rest[self.length % BLOCK..].fill(0);
        self.blocks(&self.rest.clone());
        let all = self.lanes.iter().fold(self.length as u64, |all, lane| {
            (all.rotate_left(29) ^ lane ^ (lane >> 31)).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
        });
        all ^ (all >> 29)
    }
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

/// Writes under a temporary name, then renames: a reader sees all of it or nothing. Record after record, so that the
/// whole stands in memory only once.
fn write_segment(folder: &Path, records: &[(Key, &[u8])]) -> Result<PathBuf> {
    let file = tempfile::Builder::new().prefix(".segment-").tempfile_in(folder).context("cannot write the index")?;
    let sum = write_records(file.as_file(), records).context("cannot write the index")?;
    let path = folder.join(format!("{sum:016x}.segment"));
    file.persist(&path).context("cannot write the index")?;
    Ok(path)
}

/// Writes header, table and records; returns the checksum.
fn write_records(mut file: &fs::File, records: &[(Key, &[u8])]) -> std::io::Result<u64> {
    let mut header = MAGIC.to_vec();
    header.extend(VERSION.to_le_bytes());
    header.extend((records.len() as u32).to_le_bytes());
    let mut out = Summed { out: BufWriter::with_capacity(1 << 18, file), sum: Checksum::default() };
    out.out.write_all(&header)?;
    out.out.write_all(&[0; 8])?;
    let mut offset = 0_u32;
    for (key, record) in records {
        let mut entry = [0; ENTRY];
        entry[..33].copy_from_slice(&key.bytes());
        entry[33..37].copy_from_slice(&offset.to_le_bytes());
        entry[37..].copy_from_slice(&(record.len() as u32).to_le_bytes());
        out.write(&entry)?;
        offset += record.len() as u32;
    }
    records.iter().try_for_each(|(_, record)| out.write(record))?;
    out.out.flush()?;
    let sum = out.sum.finish();
    drop(out.out);
    file.seek(SeekFrom::Start(header.len() as u64))?;
    file.write_all(&sum.to_le_bytes())?;
    Ok(sum)
}

/// A writer that keeps the checksum of what was written.
struct Summed<'f> {
    out: BufWriter<&'f fs::File>,
    sum: Checksum,
}

impl Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.sum.add(bytes);
        self.out.write_all(bytes)
    }
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
    fn a_checksum_does_not_depend_on_how_the_bytes_come() {
        let bytes: Vec<u8> = (0..1000_u32).map(|number| (number * 7) as u8).collect();
        for step in [1, 3, 32, 33, 999] {
            let mut sum = Checksum::default();
            bytes.chunks(step).for_each(|chunk| sum.add(chunk));
            assert_eq!(sum.finish(), checksum(&bytes), "{step}");
        }
        assert_ne!(checksum(&bytes), checksum(&bytes[..999]));
        assert_ne!(checksum(&[0]), checksum(&[0, 0]));
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
