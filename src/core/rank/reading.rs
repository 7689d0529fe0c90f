//! What reading a candidate adds to the index: its best pieces, quoted text, and the modules that it imports.

use std::ops::Range;
use std::sync::Arc;

use super::features::TEXT_LIMIT;
use super::language::Language;
use super::outline::Outline;
use super::query::{Hits, Query, run_hash};
use super::words::words;

/// A candidate after reading.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The whole text.
    pub text: Arc<[u8]>,
    /// The pieces that have any term of the query.
    pub pieces: Vec<PieceHits>,
    /// How many pieces the file has, and how many terms they have together: for the mean length.
    pub piece_count: u32,
    /// Runs of three words that the issue has too, each once, sorted.
    pub runs: Vec<u64>,
    /// Modules that it imports, `/`-separated, as written (a leading `.` counts folders up).
    pub imports: Vec<String>,
}

/// A piece that has something to do with the query.
#[derive(Debug, Clone)]
pub struct PieceHits {
    /// From 0, end exclusive.
    pub lines: Range<usize>,
    pub hits: Hits,
}

impl Reading {
    /// Reads a candidate's text (whole, as in the tree).
    pub fn of(query: &Query, language: Language, whole: Arc<[u8]>) -> Self {
        if crate::core::change::is_binary(&whole) {
            return Self {
                text: Arc::new([]),
                pieces: Vec::new(),
                piece_count: 0,
                runs: Vec::new(),
                imports: Vec::new(),
            };
        }
        let text = &whole[..whole.len().min(TEXT_LIMIT)];
        let outline = Outline::of(language, text);
        let mut pieces = Vec::new();
        for piece in &outline.pieces {
            let hits = query.hits_in(outline.text(text, &piece.lines));
            if !hits.terms.is_empty() {
                pieces.push(PieceHits { lines: piece.lines.clone(), hits });
            }
        }
        let piece_count = outline.pieces.len() as u32;
        let (runs, imports) = (runs(query, text), super::imports::imports(language, text));
        Self { pieces, piece_count, runs, imports, text: whole }
    }
}

fn runs(query: &Query, text: &[u8]) -> Vec<u64> {
    let mut found = Vec::new();
    let mut window: [&[u8]; 3] = [&[], &[], &[]];
    for range in words(text) {
        window = [window[1], window[2], &text[range]];
        let hash = run_hash(window);
        if query.runs.contains_key(&hash) {
            found.push(hash);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
