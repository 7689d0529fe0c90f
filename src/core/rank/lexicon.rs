//! Words of candidates looked up once: which query terms a word has.

use std::collections::HashMap;

use super::features::Fast;
use super::query::{Hits, Query, word_hash};
use super::words::{terms_of, words};

/// What is known of one word.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// See [`word_hash`].
    pub(super) hash: u64,
    /// Positions in the query's terms.
    positions: Box<[u16]>,
    /// How many terms it has, those of the query and others.
    terms: u32,
}

/// Words seen so far, for one query; one for each thread. Grows with the distinct words of what is read.
#[derive(Debug, Default)]
pub struct Lexicon {
    known: HashMap<Box<[u8]>, Word, Fast>,
    counts: Vec<u8>,
    touched: Vec<u16>,
    length: u32,
}

impl Lexicon {
    /// Counts the query's terms of a text; `each` sees every word's hash in order.
    pub fn hits(&mut self, query: &Query, text: &[u8], mut each: impl FnMut(u64)) -> Hits {
        self.counts.resize(query.terms.len(), 0);
        let Self { known, counts, touched, length } = self;
        for range in words(text).filter(|range| range.len() <= 80) {
            let word = &text[range];
            // One look-up for a word that is known, which nearly all are.
            let known = match known.get(word) {
                Some(known) => known,
                None => known.entry(word.into()).or_insert_with(|| learn(query, word)),
            };
            each(known.hash);
            *length += known.terms;
            for position in &known.positions {
                let count = &mut counts[usize::from(*position)];
                if *count == 0 {
                    touched.push(*position);
                }
                *count = count.saturating_add(1);
            }
        }
        self.take()
    }

    fn take(&mut self) -> Hits {
        self.touched.sort_unstable();
        let counts = &mut self.counts;
        let terms = self.touched.drain(..).map(|at| (at, std::mem::take(&mut counts[usize::from(at)]))).collect();
        Hits { terms, length: std::mem::take(&mut self.length) }
    }
}

fn learn(query: &Query, word: &[u8]) -> Word {
    let (mut positions, mut terms, mut buffer) = (Vec::new(), 0, Vec::new());
    terms_of(word, &mut buffer, |term| {
        terms += 1;
        positions.extend(query.position(term));
    });
    Word { hash: word_hash(word), positions: positions.into(), terms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_the_query_itself_does() {
        let query = Query::new("parse the HTTPRequest", "`set_limits` fails");
        let text = b"def set_limits(request): parse(request); parsed = http_request(limit)";
        let mut lexicon = Lexicon::default();
        let mut seen = 0;
        let hits = lexicon.hits(&query, text, |_| seen += 1);
        assert_eq!(hits, query.hits_in(text));
        assert_eq!(seen, words(text).count());
        assert_eq!(lexicon.hits(&query, b"", |_| ()), Hits::default());
    }
}
