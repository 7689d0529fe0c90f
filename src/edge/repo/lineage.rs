//! The commits that led to a tree, for the ranking: their messages, and which files the recent and the resembling ones changed.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use gix::objs::{FindExt, TreeRefIter};

use crate::core::rank::corpus::Past;
use crate::core::rank::evidence::similar_commits;
use crate::core::rank::features::{Fast, Features, View, Workspace};
use crate::core::rank::language::Language;
use crate::core::rank::query::{Hits, Query};
use crate::edge::rank_index::{Index, Key};

/// Commits whose messages are compared with the issue.
const MESSAGES: usize = 6000;

/// Commits whose changes tell what is worked on lately.
const RECENT: usize = 500;

/// A message is compared up to this many bytes.
const MESSAGE_LIMIT: usize = 1500;

/// Records of the index: a message's terms, and the hashes of the paths that a commit changed.
/// Also the walk from a tip, as pairs of a commit and its first parent.
const STEPS_PART: u8 = 253;
const MESSAGE_PART: u8 = 254;
const CHANGES_PART: u8 = 255;

/// A commit that changes more files than this is not read further.
const WIDEST: usize = 200;

/// What the history gives to the ranking and to the index.
#[derive(Default)]
pub(super) struct Gathered {
    /// Newest first, merges left out.
    pub(super) commits: Vec<Past>,
    pub(super) records: Vec<(Key, Box<[u8]>)>,
    pub(super) used: HashSet<Key, Fast>,
}

/// A commit and its first parent.
type Step = (gix::ObjectId, Option<gix::ObjectId>);

/// Walks back from `tip`. A history that ends early (shallow clone) is a short history. `paths` gives the place of a
/// path in the tree by its [`path_hash`].
pub(super) fn past(
    shared: &gix::ThreadSafeRepository,
    tip: gix::ObjectId,
    query: &Query,
    index: &Index,
    paths: &HashMap<u64, u32, Fast>,
) -> Result<Gathered> {
    let mut repository = shared.to_thread_local();
    repository.object_cache_size_if_unset(32 << 20);
    repository.objects.refresh_never();
    let mut gathered = Gathered::default();
    let steps = steps(&repository, tip, index, &mut gathered)?;
    let mut workspace = Workspace::default();
    let messages: Vec<Hits> =
        steps.iter().map(|(id, _)| message(&repository, *id, query, index, &mut workspace, &mut gathered)).collect();
    let similar = similar_commits(query, &messages);
    let wanted: HashSet<usize> = (0..RECENT.min(steps.len())).chain(similar.iter().map(|(at, _)| *at)).collect();
    for (at, (hits, (id, parent))) in messages.into_iter().zip(steps).enumerate() {
        let files = wanted.contains(&at).then(|| changed(&repository, id, parent, index, &mut gathered)).flatten();
        let files = files.map(|hashes| hashes.iter().filter_map(|hash| paths.get(hash).copied()).collect());
        gathered.commits.push(Past { hits, files });
    }
    Ok(gathered)
}

/// The commits, newest first, merges left out.
fn steps(
    repository: &gix::Repository,
    tip: gix::ObjectId,
    index: &Index,
    gathered: &mut Gathered,
) -> Result<Vec<Step>> {
    let key = Key::new(tip.as_slice(), STEPS_PART);
    gathered.used.insert(key);
    let size = tip.as_slice().len();
    if let Some(known) = index.get(&key) {
        let id = |bytes: &[u8]| gix::ObjectId::try_from(bytes).ok();
        let step = |bytes: &[u8]| Some((id(&bytes[..size])?, id(&bytes[size..]).filter(|parent| !parent.is_null())));
        return Ok(known.chunks_exact(2 * size).filter_map(step).collect());
    }
    let sorting = gix::revision::walk::Sorting::ByCommitTime(Default::default());
    let walk = repository.rev_walk([tip]).sorting(sorting).all()?;
    let single = walk.map_while(Result::ok).filter(|info| info.parent_ids.len() < 2).take(MESSAGES);
    let steps: Vec<Step> = single.map(|info| (info.id, info.parent_ids.first().copied())).collect();
    let null = gix::ObjectId::null(tip.kind());
    let record =
        steps.iter().flat_map(|(id, parent)| [id.as_slice(), parent.as_ref().unwrap_or(&null).as_slice()].concat());
    gathered.records.push((key, record.collect()));
    Ok(steps)
}

/// The hits of a commit's message.
fn message(
    repository: &gix::Repository,
    id: gix::ObjectId,
    query: &Query,
    index: &Index,
    workspace: &mut Workspace,
    gathered: &mut Gathered,
) -> Hits {
    let key = Key::new(id.as_slice(), MESSAGE_PART);
    gathered.used.insert(key);
    if let Some(view) = index.get(&key).and_then(View::parse) {
        return query.hits(&view);
    }
    let Ok(commit) = repository.find_commit(id) else { return Hits::default() };
    let whole = commit.message_raw_sloppy();
    let text = &whole[..whole.len().min(MESSAGE_LIMIT)];
    let features = Features::of(Language::Other, text, workspace);
    gathered.records.push((key, features.as_bytes().into()));
    query.hits(&features.view())
}

/// Hashes of the paths that a commit changed against its first parent; `None` when that cannot be said.
fn changed(
    repository: &gix::Repository,
    id: gix::ObjectId,
    parent: Option<gix::ObjectId>,
    index: &Index,
    gathered: &mut Gathered,
) -> Option<Vec<u64>> {
    let key = Key::new(id.as_slice(), CHANGES_PART);
    gathered.used.insert(key);
    if let Some(record) = index.get(&key) {
        return Some(record.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect());
    }
    let tree = |id: gix::ObjectId| Some(repository.find_commit(id).ok()?.tree_id().ok()?.detach());
    let (old, new) = (tree(parent?)?, tree(id)?);
    let mut found = Vec::new();
    compare(repository, Some(old), Some(new), &mut Vec::new(), &mut found)?;
    gathered.records.push((key, found.iter().flat_map(|hash| hash.to_le_bytes()).collect()));
    Some(found)
}

/// The name of a path in the index.
pub(super) fn path_hash(path: &[u8]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = crate::core::rank::features::FastHasher::default();
    hasher.write(path);
    hasher.write_usize(path.len());
    hasher.finish()
}

/// An entry of a tree: name, whether it is a folder, id.
type Entry = (gix::bstr::BString, bool, gix::ObjectId);

fn entries(repository: &gix::Repository, tree: Option<gix::ObjectId>) -> Option<Vec<Entry>> {
    let Some(tree) = tree else { return Some(Vec::new()) };
    let mut buffer = Vec::new();
    let iter: TreeRefIter<'_> = repository.objects.find_tree_iter(&tree, &mut buffer).ok()?;
    iter.map(|entry| entry.ok().map(|entry| (entry.filename.to_owned(), entry.mode.is_tree(), entry.oid.to_owned())))
        .collect()
}

/// Collects the hashes of all paths that differ. `None` when a tree is missing.
fn compare(
    repository: &gix::Repository,
    old: Option<gix::ObjectId>,
    new: Option<gix::ObjectId>,
    folder: &mut Vec<u8>,
    found: &mut Vec<u64>,
) -> Option<()> {
    let old: HashMap<(gix::bstr::BString, bool), gix::ObjectId> =
        entries(repository, old)?.into_iter().map(|(name, is_folder, id)| ((name, is_folder), id)).collect();
    let mut new: Vec<Entry> = entries(repository, new)?;
    let mut gone = old.clone();
    new.retain(|(name, is_folder, id)| {
        let key = (name.clone(), *is_folder);
        gone.remove(&key);
        old.get(&key) != Some(id)
    });
    let removed = gone.into_iter().map(|((name, is_folder), id)| (name, is_folder, Some(id), None));
    let changed = new.into_iter().map(|(name, is_folder, id)| {
        let before = old.get(&(name.clone(), is_folder)).copied();
        (name, is_folder, before, Some(id))
    });
    for (name, is_folder, before, after) in changed.chain(removed) {
        let length = folder.len();
        if length > 0 {
            folder.push(b'/');
        }
        folder.extend_from_slice(&name);
        if !is_folder {
            found.push(path_hash(folder));
        } else if found.len() < WIDEST {
            compare(repository, before, after, folder, found)?;
        }
        folder.truncate(length);
    }
    Some(())
}
