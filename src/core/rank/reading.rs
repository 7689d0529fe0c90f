//! What reading a candidate adds to the index: its best pieces, the names in it, and quoted text.

use std::ops::Range;
use std::sync::Arc;

use super::definitions::Kind;
use super::features::TEXT_LIMIT;
use super::language::Language;
use super::lexicon::Lexicon;
use super::outline::{Outline, Piece};
use super::query::{Hits, Query, run_hash};
use crate::core::change::is_binary;

/// A candidate after reading.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The whole text; empty for binary content.
    pub text: Arc<[u8]>,
    /// The pieces that have any term of the query.
    pub pieces: Vec<PieceHits>,
    /// How many pieces the file has.
    pub piece_count: u32,
    /// Terms of the query in the names that the file defines.
    pub named: Hits,
    /// Runs of three words that the issue has too, each once, sorted.
    pub runs: Vec<u64>,
}

/// A piece that has something to do with the query.
#[derive(Debug, Clone)]
pub struct PieceHits {
    /// From 0, end exclusive.
    pub lines: Range<usize>,
    pub hits: Hits,
    /// How much the issue speaks of the names that the piece defines or belongs to, 0 to 2; see [`Query::names`].
    pub named: f32,
}

impl Reading {
    /// Reads a candidate's text (whole, as in the tree).
    pub fn of(query: &Query, language: Language, whole: Arc<[u8]>, lexicon: &mut Lexicon) -> Self {
        let whole = if is_binary(&whole) { Arc::new([]) } else { whole };
        let text = &whole[..whole.len().min(TEXT_LIMIT)];
        let outline = Outline::of(language, text);
        let named = named(query, &outline, text, lexicon);
        let (mut pieces, mut runs, mut window) = (Vec::new(), Vec::new(), [0; 3]);
        for piece in &outline.pieces {
            let hits = lexicon.hits(query, outline.text(text, &piece.lines), |word| {
                window = [window[1], window[2], word];
                let hash = run_hash(window);
                if query.runs.contains(&hash) {
                    runs.push(hash);
                }
            });
            if !hits.terms.is_empty() {
                let named = names_of(query, &outline, text, piece);
                pieces.push(PieceHits { lines: piece.lines.clone(), hits, named });
            }
        }
        runs.sort_unstable();
        runs.dedup();
        Self { pieces, piece_count: outline.pieces.len() as u32, named, runs, text: whole }
    }
}

/// The query's terms in the names of a file's definitions.
fn named(query: &Query, outline: &Outline, text: &[u8], lexicon: &mut Lexicon) -> Hits {
    let mut names = Vec::new();
    for definition in outline.definitions.iter().filter(|one| one.kind != Kind::Block) {
        names.extend_from_slice(&text[definition.name.clone()]);
        names.push(b' ');
    }
    lexicon.hits(query, &names, |_| ())
}

/// The weight of the piece's own name in the issue, or half of that of what it stands in.
fn names_of(query: &Query, outline: &Outline, text: &[u8], piece: &Piece) -> f32 {
    let weight = |at: usize| {
        let name = std::str::from_utf8(&text[outline.definitions[at].name.clone()]).unwrap_or_default();
        query.names.get(name).copied().unwrap_or(0.0)
    };
    let Some(own) = piece.definition else { return 0.0 };
    let around = outline.enclosing(outline.definitions[own].line).filter(|at| *at != own);
    around.map(weight).fold(0.0, f32::max).mul_add(0.5, 0.0).max(weight(own))
}
