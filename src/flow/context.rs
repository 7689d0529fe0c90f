//! The context pack: the files most likely to matter for the issue, ranked without a model.

use anyhow::Result;

use super::shop::Shop;
use crate::core::conversation::{LineRange, Passage};
use crate::core::issue::Issue;
use crate::core::names::RepoPath;
use crate::core::rank::pack::Pack;
use crate::core::rank::query::Query;
use crate::core::rank::ranking::Ranked;
use crate::core::rank::{self};
use crate::core::report::Place;

/// What the opening shows of the repository.
pub(super) struct Context {
    /// Best first.
    pub files: Vec<RepoPath>,
    pub passages: Vec<Passage>,
    pub overview: String,
    pub places: Vec<Place>,
}

/// Ranked files that the analysis names.
const PLACES: usize = 8;

/// Ranks the files of the base for an issue and cuts the best passages to size.
///
/// # Errors
/// The base's tree cannot be read.
pub(super) fn pack(shop: &Shop<'_>, issue: &Issue) -> Result<Context> {
    let query = Query::new(&issue.title, &issue.body);
    let ranked = shop.repo.rank(&shop.base.commit, &query, shop.index)?;
    let pack = rank::pack::pack(&ranked, usize::try_from(shop.settings.context_tokens).unwrap_or(usize::MAX));
    let passages = passages(&ranked, &pack);
    Ok(Context {
        files: pack.excerpts.iter().map(|excerpt| excerpt.path.clone()).collect(),
        overview: pack.map,
        places: ranked.iter().take(PLACES).filter(|one| one.score > 0.0).map(place).collect(),
        passages,
    })
}

/// The excerpts as passages with line numbers, best file first.
fn passages(ranked: &[Ranked], pack: &Pack) -> Vec<Passage> {
    let mut passages = Vec::new();
    for excerpt in &pack.excerpts {
        let text = ranked.iter().find(|one| one.path == excerpt.path).and_then(|one| one.text.as_deref());
        let Some(text) = text.map(String::from_utf8_lossy) else { continue };
        for region in &excerpt.regions {
            let range = LineRange { from: line(region.start) + 1, to: Some(line(region.end)) };
            passages.push(Passage::of(excerpt.path.clone(), &text, Some(range)));
        }
    }
    passages
}

/// Files of more lines do not come here.
fn line(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn place(ranked: &Ranked) -> Place {
    let why: Vec<&str> =
        ranked.reasons().into_iter().filter(|(_, added)| *added > 0.0).map(|(why, _)| why).take(3).collect();
    let lines = ranked.pieces.first().map(|(lines, _)| (lines.start + 1, lines.end));
    Place { path: ranked.path.clone(), lines, why: why.join(", ") }
}
