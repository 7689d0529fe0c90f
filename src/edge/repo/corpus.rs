//! Streams a tree and its history through the ranking: listing, blobs in parallel, commits, changed files.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use gix::objs::FindExt;

use super::{Repo, object_id};
use crate::core::names::CommitId;
use crate::core::rank::corpus::{Corpus, File};
use crate::core::rank::features::{Fast, Features, View, Workspace};
use crate::core::rank::language::Language;
use crate::core::rank::query::{Hits, Query};
use crate::core::rank::ranking::{self, Ranked};
use crate::core::rank::reading::Reading;
use crate::edge::rank_index::{Index, Key};

use super::lineage;

/// A blob of more bytes is ranked by its path alone.
const LARGEST_BLOB: u64 = 2 << 20;

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
        let tree = self.tree_of(commit)?;
        let listed: Vec<_> = self.files(&tree)?.into_iter().filter(|file| file.kind.is_file()).collect();
        let tip = object_id(commit.as_str())?;
        let paths: HashMap<&[u8], u32, Fast> =
            listed.iter().zip(0..).map(|(file, at)| (file.path.as_bytes(), at)).collect();
        let ids: Vec<(gix::ObjectId, Language)> =
            listed.iter().map(|file| (file.id, Language::of(file.path.as_bytes()))).collect();
        let shared = self.gix().clone().into_sync();
        let (past, sketches) = std::thread::scope(|scope| {
            let past = scope.spawn(|| lineage::past(&shared, tip, query, index, &paths));
            let sketches = sketches(&shared, &ids, query, index);
            (past.join().expect("reading history does not panic"), sketches)
        });
        let (past, sketches) = (past.context("cannot read the history")?, sketches);
        let mut kept = past.records;
        let mut used: HashSet<Key, Fast> = past.used;
        used.extend(ids.iter().map(|(id, language)| Key::new(id.as_slice(), *language as u8)));
        let files = listed.into_iter().zip(sketches).map(|(file, sketch)| {
            let (hits, lines, definitions) = (sketch.hits, sketch.lines, sketch.definitions);
            kept.extend(
                sketch
                    .record
                    .map(|record| (Key::new(file.id.as_slice(), Language::of(file.path.as_bytes()) as u8), record)),
            );
            File::of(file.path, hits, lines, definitions)
        });
        let files: Vec<File> = files.collect();
        let corpus = Corpus::new(files, past.commits);
        let (values, chosen) = ranking::look(query, &corpus);
        let wanted: Vec<(gix::ObjectId, Language)> = chosen.iter().map(|at| ids[*at as usize]).collect();
        let readings = in_parallel(&shared, &wanted, |objects, buffer, (id, language)| {
            let text = blob(objects, id, buffer).map_or_else(|| Arc::from([]), Arc::from);
            Reading::of(query, *language, text)
        });
        let ranked = ranking::rank(query, &corpus, values, &chosen, &readings);
        let _ = index.keep(&kept, &used);
        Ok(ranked)
    }
}

/// What the query keeps of one blob, and the record for the index where it is new.
#[derive(Default)]
struct Sketch {
    hits: Hits,
    lines: u32,
    definitions: Box<[(crate::core::rank::words::Term, crate::core::rank::definitions::Kind)]>,
    record: Option<Box<[u8]>>,
}

impl Sketch {
    fn of(query: &Query, view: &View<'_>) -> Self {
        Self { hits: query.hits(view), lines: view.lines, definitions: view.definitions().collect(), record: None }
    }
}

thread_local! {
    static WORKSPACE: std::cell::RefCell<Workspace> = std::cell::RefCell::default();
}

fn sketches(
    shared: &gix::ThreadSafeRepository,
    ids: &[(gix::ObjectId, Language)],
    query: &Query,
    index: &Index,
) -> Vec<Sketch> {
    in_parallel(shared, ids, |objects, buffer, (id, language)| {
        let known = index.get(&Key::new(id.as_slice(), *language as u8)).and_then(View::parse);
        if let Some(view) = known {
            return Sketch::of(query, &view);
        }
        let Some(text) = blob(objects, id, buffer) else { return Sketch::default() };
        let features = WORKSPACE.with_borrow_mut(|workspace| Features::of(*language, text, workspace));
        Sketch { record: Some(features.as_bytes().into()), ..Sketch::of(query, &features.view()) }
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

/// Runs `work` over all items on some threads, each with a view of the objects of its own; results in the items' order.
fn in_parallel<T: Sync, R: Send>(
    shared: &gix::ThreadSafeRepository,
    items: &[T],
    work: impl Fn(&gix::OdbHandle, &mut Vec<u8>, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut local = shared.to_thread_local();
        local.objects.refresh_never();
        let (mut buffer, mut done) = (Vec::new(), Vec::new());
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(batch) = items.get(start..(start + BATCH).min(items.len())).filter(|batch| !batch.is_empty())
            else {
                return done;
            };
            let results: Vec<R> = batch.iter().map(|item| work(&local.objects, &mut buffer, item)).collect();
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
