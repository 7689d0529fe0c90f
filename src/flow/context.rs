//! The context pack: the files most likely to matter for the issue, ranked without a model.

use anyhow::Result;

use super::shop::Shop;
use crate::core::conversation::{LineRange, Passage, tokens};
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
    /// The next best files by name, a line each.
    pub leads: Vec<String>,
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
    let (pack, passages) = fitting(&ranked, shop.settings.context_tokens);
    Ok(Context {
        files: pack.excerpts.iter().map(|excerpt| excerpt.path.clone()).collect(),
        leads: leads(&pack),
        overview: pack.map,
        places: ranked.iter().take(PLACES).filter(|one| one.score > 0.0).map(place).collect(),
        passages,
    })
}

/// The pack that takes at most so many tokens as the model sees it. A pack counts bytes of files; numbers before the lines
/// and short lines make a prompt longer than that, so the pack is made smaller until it fits.
fn fitting(ranked: &[Ranked], budget: u64) -> (Pack, Vec<Passage>) {
    let packed = |size: u64| rank::pack::pack(ranked, usize::try_from(size).unwrap_or(usize::MAX));
    let (mut pack, mut size) = (packed(budget), budget);
    // The map is that of the whole budget whatever the issue: it stands in the part that providers cache.
    let map = std::mem::take(&mut pack.map);
    loop {
        let passages = passages(ranked, &pack);
        let shown: u64 = passages.iter().map(Passage::tokens).sum();
        let needed = tokens(&map) + shown + tokens(&leads(&pack).join("\n"));
        if needed <= budget || passages.is_empty() {
            return (Pack { map, ..pack }, passages);
        }
        size = smaller(size, budget, needed);
        pack = packed(size);
    }
}

fn leads(pack: &Pack) -> Vec<String> {
    pack.leads.iter().map(ToString::to_string).collect()
}

/// A size below `size` at which about `budget` is needed, if `size` needs `needed`, which is more.
fn smaller(size: u64, budget: u64, needed: u64) -> u64 {
    let share = u128::from(size) * u128::from(budget) / u128::from(needed.max(1));
    u64::try_from(share).unwrap_or(size).min(size.saturating_sub(1))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::rank::language::{Language, Role};
    use crate::core::rank::signals::Values;

    fn ranked(path: &str, text: &str) -> Ranked {
        Ranked {
            path: RepoPath::parse(path).unwrap(),
            language: Language::of(path.as_bytes()),
            role: Role::of(path.as_bytes()),
            score: 1.0,
            values: Values::NONE,
            pieces: vec![(0..40, 1.0)],
            text: Some(Arc::from(text.as_bytes())),
        }
    }

    #[test]
    fn the_budget_holds_for_what_the_model_sees_and_is_used() {
        let functions: String = (0..900).map(|at| format!("def f{at}(x):\n    y = x + 1\n    return y\n\n")).collect();
        let files = [ranked("src/a.py", &functions), ranked("src/b.py", &functions)];
        for budget in [500, 2_000, 8_000] {
            let (pack, passages) = fitting(&files, budget);
            let shown: u64 = passages.iter().map(Passage::tokens).sum();
            let needed = tokens(&pack.map) + shown + tokens(&leads(&pack).join("\n"));
            assert!(needed <= budget && needed > budget / 2, "{needed} of {budget}");
        }
        assert!(fitting(&files, 0).1.is_empty());
    }

    #[test]
    fn the_map_is_the_same_for_every_issue() {
        let wide =
            |text: &str| -> Vec<Ranked> { (0..60).map(|at| ranked(&format!("folder_{at}/a.py"), text)).collect() };
        let (short_lines, long_lines) = ("x\n".repeat(400), format!("{}\n", "word ".repeat(40)).repeat(10));
        let maps = [short_lines, long_lines].map(|text| fitting(&wide(&text), 8_000).0.map);
        assert!(!maps[0].is_empty());
        assert_eq!(maps[0], maps[1]);
    }
}
