//! `git burn rank`: the files that most likely have to change for an issue, best first, without asking a model.

use std::ops::Range;

use serde_json::json;

use super::args::look::Rank;
use super::context::Context;
use super::error::{self, Exit};
use super::render::json as records;
use super::{connect, patches, show};
use crate::core::rank::pack::pack;
use crate::core::rank::query::Query;
use crate::core::rank::ranking::Ranked;
use crate::core::text::one_line;
use crate::edge::rank_index::Index;
use crate::edge::repo::Repo;

/// Prints the ranking, or what a model would be shown of it.
pub fn run(args: &Rank, context: &Context) -> anyhow::Result<Exit> {
    let repo = context.open_repo()?;
    let query = query(args, context, &repo)?;
    let index = index(context, &repo);
    let ranked = repo.rank_revision(&args.base, &query, &index)?;
    let found = ranked.iter().take(args.limit.unwrap_or(usize::MAX));
    let text = match args.pack {
        Some(tokens) => packed(&ranked, tokens, context),
        None if context.common.json => found.map(record).collect(),
        None => found.map(|one| line(one, args)).collect(),
    };
    context.terminal.write_out(text.as_bytes())?;
    Ok(Exit::Done)
}

/// The issue from the file, or from the forge.
fn query(args: &Rank, context: &Context, repo: &Repo) -> anyhow::Result<Query> {
    match (&args.issue_file, args.number) {
        (Some(file), _) => {
            let bytes = patches::read(context, file)?;
            let text = String::from_utf8_lossy(&bytes);
            let (title, body) = text.split_once('\n').unwrap_or((&text, ""));
            Ok(Query::new(title.trim_end(), body))
        }
        (None, Some(number)) => {
            let config = context.config_here(repo)?;
            let issue = show::issue(&connect::connect(context, repo, &config)?, number)?;
            Ok(Query::new(&issue.title, &issue.body))
        }
        (None, None) => Err(error::usage("an issue number or --issue-file is needed")),
    }
}

/// The index of this repository; without a cache folder everything is read anew.
fn index(context: &Context, repo: &Repo) -> Index {
    match crate::edge::verify::cache_dir(&context.environment) {
        Ok(cache) => Index::open(&Index::folder(&cache, repo.common_dir())),
        Err(_) => Index::none(),
    }
}

/// A path, and with `--explain` its score, its best lines and what they rest on.
fn line(one: &Ranked, args: &Rank) -> String {
    let path = one_line(&one.path.to_string());
    if !args.explain {
        return format!("{path}\n");
    }
    let why: Vec<String> = one.reasons().iter().map(|(why, added)| format!("{why} {added:+.2}")).collect();
    let lines: Vec<String> = lines(one).iter().map(|(from, to)| format!("{from}-{to}")).collect();
    format!("{:.2}  {path}  {}\n      {}\n", one.score, lines.join(","), why.join(", "))
}

/// The three best pieces, lines from 1.
fn lines(one: &Ranked) -> Vec<(usize, usize)> {
    one.pieces.iter().take(3).map(|(lines, _)| (lines.start + 1, lines.end)).collect()
}

fn record(one: &Ranked) -> String {
    let reasons: Vec<_> = one.reasons().into_iter().map(|(why, added)| json!({ "why": why, "added": added })).collect();
    let about = json!({ "path": one.path, "score": one.score, "lines": lines(one), "reasons": reasons });
    records::line("ranked", &about)
}

fn packed(ranked: &[Ranked], tokens: usize, context: &Context) -> String {
    let pack = pack(ranked, tokens);
    if !context.common.json {
        return pack.text();
    }
    let excerpts = pack.excerpts.iter().map(|one| {
        let lines: Vec<_> = one.regions.iter().map(|region| (region.start + 1, region.end)).collect();
        let about = json!({ "path": one.path, "lines": lines, "of": one.total_lines, "text": one.text });
        records::line("excerpt", &about)
    });
    let leads = pack.leads.iter().map(|one| {
        let definition =
            |(name, lines): &(String, Range<usize>)| json!({ "name": name, "lines": [lines.start + 1, lines.end] });
        let definitions: Vec<_> = one.definitions.iter().map(definition).collect();
        records::line("lead", &json!({ "path": one.path, "definitions": definitions }))
    });
    excerpts.chain(leads).collect()
}
