//! The context pack: the files most likely to matter for the issue, ranked without a model.

use anyhow::Result;

use super::gate::Picked;
use super::shop::Shop;
use crate::core::conversation::{LineRange, Passage, tokens};
use crate::core::names::RepoPath;
use crate::core::rank::query::Query;
use crate::core::rank::ranking::Ranked;
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
pub(super) fn pack(shop: &Shop<'_>, picked: &Picked) -> Result<Context> {
    let query = Query::new(&picked.issue.title, &picked.issue.body);
    let ranked = shop.repo.rank(&shop.base.commit, &query, shop.index)?;
    let passages = passages(&ranked, shop.settings.context_tokens);
    Ok(Context {
        files: passages.iter().map(|passage| passage.path.clone()).collect(),
        overview: String::new(),
        places: ranked.iter().take(PLACES).filter(|one| one.score > 0.0).map(place).collect(),
        passages,
    })
}

/// Whole small files and the best pieces of large ones, each file at most half of what is left.
fn passages(ranked: &[Ranked], budget: u64) -> Vec<Passage> {
    let mut left = budget;
    let mut passages = Vec::new();
    for one in ranked {
        let Some(text) = one.text.as_deref().and_then(|text| std::str::from_utf8(text).ok()) else { continue };
        let share = left / 2;
        let size = tokens(text);
        if size <= share {
            left -= size;
            passages.push(Passage::of(one.path.clone(), text, None));
            continue;
        }
        let Some((lines, _)) = one.pieces.first() else { continue };
        let range = LineRange { from: lines.start as u32 + 1, to: Some(lines.end as u32) };
        let passage = Passage::of(one.path.clone(), text, Some(range));
        let size = passage.lines.iter().map(|line| tokens(line) + 1).sum::<u64>();
        if size <= share {
            left -= size;
            passages.push(passage);
        }
    }
    passages
}

fn place(ranked: &Ranked) -> Place {
    let why: Vec<&str> =
        ranked.reasons().into_iter().filter(|(_, added)| *added > 0.0).map(|(why, _)| why).take(3).collect();
    let lines = ranked.pieces.first().map(|(lines, _)| (lines.start + 1, lines.end));
    Place { path: ranked.path.clone(), lines, why: why.join(", ") }
}
