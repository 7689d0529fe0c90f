//! Words of candidates looked up once: which query terms a word has.

use super::query::{Hits, Query, word_hash};
use super::vocabulary::{Span, Vocabulary, each_number};
use super::words::terms_of;

/// What is known of one word.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// See [`word_hash`].
    hash: u64,
    /// The query's terms that it has, as a part of [`Terms::positions`].
    positions: Span,
    /// How many terms it has, those of the query and others.
    terms: u32,
}

/// Words seen so far, for one query; one for each thread. Grows with the distinct words of what is read.
#[derive(Debug, Default)]
pub struct Lexicon {
    words: Vocabulary,
    terms: Terms,
    counts: Vec<u8>,
    touched: Vec<u16>,
}

/// What a [`Lexicon`] knows of its words.
#[derive(Debug, Default)]
struct Terms {
    /// By word number.
    known: Vec<Known>,
    /// Positions in the query's terms.
    positions: Vec<u16>,
    buffer: Vec<u8>,
}

impl Lexicon {
    /// Counts the query's terms of a text; `each` sees every word's hash in order.
    pub fn hits(&mut self, query: &Query, text: &[u8], mut each: impl FnMut(u64)) -> Hits {
        self.counts.resize(query.terms.len(), 0);
        let Self { words, terms, counts, touched } = self;
        let mut length = 0;
        let learn = |terms: &mut Terms, word: &[u8]| terms.learn(query, word);
        each_number(words, text, terms, learn, |terms, number| {
            let known = terms.known[number];
            each(known.hash);
            length += known.terms;
            for position in &terms.positions[known.positions.range()] {
                let count = &mut counts[usize::from(*position)];
                if *count == 0 {
                    touched.push(*position);
                }
                *count = count.saturating_add(1);
            }
        });
        self.take(length)
    }

    fn take(&mut self, length: u32) -> Hits {
        self.touched.sort_unstable();
        let counts = &mut self.counts;
        let terms = self.touched.drain(..).map(|at| (at, std::mem::take(&mut counts[usize::from(at)]))).collect();
        Hits { terms, length }
    }
}

impl Terms {
    fn learn(&mut self, query: &Query, word: &[u8]) {
        let (before, mut terms) = (self.positions.len(), 0);
        let Self { positions, buffer, .. } = self;
        terms_of(word, buffer, |term| {
            terms += 1;
            positions.extend(query.position(term));
        });
        let positions = Span::since(before, &self.positions);
        self.known.push(Known { hash: word_hash(word), positions, terms });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rank::words::words;

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
