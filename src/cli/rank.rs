//! `git burn rank`: the files that most likely have to change for an issue, without asking a model.

use std::path::Path;

use serde_json::json;

use super::args::look::Rank;
use super::context::Context;
use super::error::Exit;
use super::patches;
use super::render::json as records;
use crate::core::rank::query::Query;
use crate::core::rank::ranking::Ranked;
use crate::edge::rank_index::Index;
use crate::edge::verify::cache_dir;

/// Where what is known about blobs is kept, inside git-burn's cache folder.
pub const FOLDER: &str = "rank";

/// Prints paths, best first.
pub fn run(args: &Rank, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let commit = repo.resolve(&args.base)?;
    let query = query(context, &args.issue_file)?;
    // Without a place for a cache it works all the same, from the objects.
    let index =
        cache_dir(&context.environment).map_or_else(|_| Index::none(), |cache| Index::open(&cache.join(FOLDER)));
    let ranked = repo.rank(&commit, &query, &index)?;
    let wanted = ranked.iter().take(args.limit.unwrap_or(usize::MAX));
    let text: String = match context.common.json {
        true => wanted.map(record).collect(),
        false => wanted.map(|one| format!("{}\n", one.path)).collect(),
    };
    context.terminal.write_out(text.as_bytes())?;
    Ok(Exit::Done)
}

/// The first line is the title, the rest the body.
fn query(context: &Context, file: &Path) -> anyhow::Result<Query> {
    let bytes = patches::read(context, file)?;
    let text = String::from_utf8_lossy(&bytes);
    let (title, body) = text.split_once('\n').unwrap_or((&text, ""));
    Ok(Query::new(title.trim(), body))
}

fn record(one: &Ranked) -> String {
    let reasons: Vec<_> = one.reasons().into_iter().map(|(why, added)| json!({ "why": why, "added": added })).collect();
    records::line("ranked", &json!({ "path": one.path, "score": one.score, "reasons": reasons }))
}
