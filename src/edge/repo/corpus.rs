//! Streams a tree and its history through the ranking: listing, blobs in parallel, commits, changed files.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use gix::objs::FindExt;

use super::{Repo, TreeFile, lineage, object_id};
use crate::core::names::{CommitId, RepoPath, TreeId};
use crate::core::rank::corpus::{Corpus, File};
use crate::core::rank::definitions::Kind;
use crate::core::rank::features::{Features, View, Workspace};
use crate::core::rank::language::{Language, is_opaque};
use crate::core::rank::lexicon::Lexicon;
use crate::core::rank::query::{Hits, Query};
use crate::core::rank::ranking::{self, Ranked};
use crate::core::rank::reading::Reading;
use crate::core::rank::words::Term;
use crate::edge::rank_index::{Index, Key};

/// A blob of more bytes is ranked by its path alone.
const LARGEST_BLOB: u64 = 2 << 20;

/// A picture or archive of at most so many bytes is looked into: it may be a text under a false name.
const SMALL_OPAQUE: u64 = 256;

/// Blobs that one thread takes at a time.
const BATCH: usize = 32;

/// How many threads read objects.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).clamp(1, 8)
}

impl Repo {
    /// All files of a commit's tree, best first for the query; the candidates among them with their texts.
    ///
    /// Works in bare repositories and without a checkout. Blobs that are missing (a partial clone) or large count by
    /// their path. `index` makes the next ranking of the same or a near tree fast; a failure to write it is ignored.
    ///
    /// # Errors
    /// The commit or one of its trees is missing or broken.
    pub fn rank(&self, commit: &CommitId, query: &Query, index: &Index) -> Result<Vec<Ranked>> {
        self.rank_from(&self.tree_of(commit)?, Some(object_id(commit.as_str())?), query, index)
    }

    /// The same for any revision; a tree has no history to learn from.
    ///
    /// # Errors
    /// It means nothing here, or leads to no tree.
    pub fn rank_revision(&self, revision: &str, query: &Query, index: &Index) -> Result<Vec<Ranked>> {
        match self.resolve(revision) {
            Ok(commit) => self.rank(&commit, query, index),
            Err(_) => self.rank_from(&self.resolve_tree(revision)?, None, query, index),
        }
    }

    fn rank_from(
        &self,
        tree: &TreeId,
        tip: Option<gix::ObjectId>,
        query: &Query,
        index: &Index,
    ) -> Result<Vec<Ranked>> {
        let listed: Vec<TreeFile> = self.files(tree)?.into_iter().filter(|file| file.kind.is_file()).collect();
        let paths = listed.iter().zip(0..).map(|(file, at)| (lineage::path_hash(file.path.as_bytes()), at)).collect();
        let ids: Vec<Item> = listed.iter().map(Item::of).collect();
        let shared = self.gix().clone().into_sync();
        let (past, mut sketches) = std::thread::scope(|scope| {
            let past = scope.spawn(|| tip.map(|tip| lineage::past(&shared, tip, query, index, &paths)));
            let sketches = sketches(&shared, &ids, query, index);
            (past.join().expect("reading history does not panic"), sketches)
        });
        let past = past.transpose().context("cannot read the history")?.unwrap_or_default();
        let (mut new, mut used) = (past.records, past.used);
        let keys = || ids.iter().map(Item::key);
        used.extend(keys());
        new.extend(keys().zip(&mut sketches).filter_map(|(key, sketch)| Some((key, sketch.record.take()?))));
        let files = listed.into_iter().zip(sketches).map(|(file, sketch)| sketch.file(file.path)).collect();
        let corpus = Corpus::new(files, past.commits);
        let (values, chosen) = ranking::look(query, &corpus);
        let wanted: Vec<Item> = chosen.iter().map(|at| ids[*at as usize]).collect();
        let ranked = ranking::rank(query, &corpus, values, &chosen, &readings(&shared, &wanted, query));
        // What cannot be kept is read again the next time.
        let _ = index.keep(&new, &used);
        Ok(ranked)
    }
}

/// A file to read.
#[derive(Clone, Copy)]
struct Item {
    id: gix::ObjectId,
    language: Language,
    /// See [`is_opaque`].
    opaque: bool,
}

impl Item {
    fn of(file: &TreeFile) -> Self {
        let path = file.path.as_bytes();
        Self { id: file.id, language: Language::of(path), opaque: is_opaque(path) }
    }

    fn key(&self) -> Key {
        Key::new(self.id.as_slice(), self.language as u8)
    }

    /// Its content, or something without words in its place; `None` as for [`blob`].
    fn text<'b>(&self, objects: &gix::OdbHandle, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        use gix::prelude::HeaderExt;
        match self.opaque && objects.header(self.id).ok()?.size() > SMALL_OPAQUE {
            true => Some(b"\0"),
            false => blob(objects, &self.id, buffer),
        }
    }
}

/// What the query keeps of one blob, and the record for the index where it is new.
#[derive(Default)]
struct Sketch {
    hits: Hits,
    lines: u32,
    definitions: Box<[(Term, Kind)]>,
    record: Option<Box<[u8]>>,
}

impl Sketch {
    fn of(query: &Query, view: &View<'_>) -> Self {
        Self { hits: query.hits(view), lines: view.lines, definitions: view.definitions().collect(), record: None }
    }

    fn file(self, path: RepoPath) -> File {
        File::of(path, self.hits, self.lines, self.definitions)
    }
}

fn sketches(shared: &gix::ThreadSafeRepository, items: &[Item], query: &Query, index: &Index) -> Vec<Sketch> {
    in_parallel(shared, items, |objects, buffer, workspace: &mut Workspace, item| {
        if let Some(view) = index.get(&item.key()).and_then(View::parse) {
            return Sketch::of(query, &view);
        }
        let Some(text) = item.text(objects, buffer) else { return Sketch::default() };
        let features = Features::of(item.language, text, workspace);
        Sketch { record: Some(features.as_bytes().into()), ..Sketch::of(query, &features.view()) }
    })
}

/// The candidates' texts, read.
fn readings(shared: &gix::ThreadSafeRepository, wanted: &[Item], query: &Query) -> Vec<Reading> {
    in_parallel(shared, wanted, |objects, buffer, lexicon: &mut Lexicon, item| {
        let text = blob(objects, &item.id, buffer).map_or_else(|| Arc::from([]), Arc::from);
        Reading::of(query, item.language, text, lexicon)
    })
}

/// A blob of at most [`LARGEST_BLOB`] bytes; `None` when it is missing, broken or larger.
fn blob<'b>(objects: &gix::OdbHandle, id: &gix::ObjectId, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
    use gix::prelude::HeaderExt;
    if objects.header(id).ok()?.size() > LARGEST_BLOB {
        return None;
    }
    objects.find_blob(id, buffer).ok().map(|blob| blob.data)
}

/// Runs `work` over all items on some threads, each with a view of the objects, a buffer and a state of its own; results in the items' order.
fn in_parallel<T: Sync, R: Send, S: Default>(
    shared: &gix::ThreadSafeRepository,
    items: &[T],
    work: impl Fn(&gix::OdbHandle, &mut Vec<u8>, &mut S, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut local = shared.to_thread_local();
        local.objects.refresh_never();
        let (mut buffer, mut state, mut done) = (Vec::new(), S::default(), Vec::new());
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(batch) = items.get(start..(start + BATCH).min(items.len())).filter(|batch| !batch.is_empty())
            else {
                return done;
            };
            let results: Vec<R> =
                batch.iter().map(|item| work(&local.objects, &mut buffer, &mut state, item)).collect();
            done.push((start, results));
        }
    };
    let mut all: Vec<(usize, Vec<R>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads()).map(|_| scope.spawn(run)).collect();
        let mut all = run();
        workers.into_iter().for_each(|worker| all.extend(worker.join().expect("a worker does not panic")));
        all
    });
    all.sort_unstable_by_key(|(start, _)| *start);
    all.into_iter().flat_map(|(_, results)| results).collect()
}
