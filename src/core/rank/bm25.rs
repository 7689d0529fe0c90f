//! BM25 over hits, with the weights of a query's terms (Robertson & Zaragoza 2009, the plus-one form of the idf).

use super::query::{Hits, Query};

/// Term frequency saturates at this rate.
const K1: f32 = 1.2;

/// Saturation of a term's weight in the query.
const QUERY_SATURATION: f32 = 6.0;

/// A collection's statistics: how rare each query term is in it, and how long its texts are.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// By position in [`Query::terms`].
    pub rarity: Vec<f32>,
    /// Mean length of a text, at least 1.
    pub mean_length: f32,
    /// How much a long text is held against it, 0 to 1.
    pub length_penalty: f32,
}

impl Statistics {
    /// Counts a collection.
    pub fn of<'a>(query: &Query, texts: impl Iterator<Item = &'a Hits>, length_penalty: f32) -> Self {
        let mut containing = vec![0_u32; query.terms.len()];
        let (mut count, mut total) = (0_u32, 0_u64);
        for text in texts {
            count += 1;
            total += u64::from(text.length);
            text.terms.iter().for_each(|(term, _)| containing[*term as usize] += 1);
        }
        let all = count as f32;
        let rarity =
            containing.iter().map(|n| (1.0 + (all - *n as f32 + 0.5).max(0.0) / (*n as f32 + 0.5)).ln()).collect();
        Self { rarity, mean_length: (total as f32 / all.max(1.0)).max(1.0), length_penalty }
    }

    /// The score of a text, each term weighted by `weight` (by position).
    pub fn score(&self, text: &Hits, weight: impl Fn(usize) -> f32) -> f32 {
        let relative = text.length as f32 / self.mean_length;
        let norm = K1 * (1.0 - self.length_penalty + self.length_penalty * relative);
        let one = |(term, count): &(u16, u8)| {
            let count = f32::from(*count);
            self.rarity[*term as usize] * weight(*term as usize) * count * (K1 + 1.0) / (count + norm)
        };
        text.terms.iter().map(one).sum()
    }
}

/// A term's weight in the whole issue, saturated.
pub fn issue_weight(query: &Query) -> impl Fn(usize) -> f32 + '_ {
    |term| saturate(query.terms[term].weight)
}

/// A term's weight in the title.
pub fn title_weight(query: &Query) -> impl Fn(usize) -> f32 + '_ {
    |term| query.terms[term].title
}

/// Repeating a word in an issue says less each time.
pub fn saturate(weight: f32) -> f32 {
    weight * (QUERY_SATURATION + 1.0) / (weight + QUERY_SATURATION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_terms_and_short_texts_score_higher() {
        let query = Query::new("parser crash", "");
        let texts = ["parser one two", "crash parser", "parser", "other words parser here and there and everywhere"];
        let hits: Vec<Hits> = texts.iter().map(|text| query.hits_in(text.as_bytes())).collect();
        let statistics = Statistics::of(&query, hits.iter(), 0.6);
        let scores: Vec<f32> = hits.iter().map(|text| statistics.score(text, issue_weight(&query))).collect();
        assert!(scores[1] > scores[2] && scores[2] > scores[0] && scores[0] > scores[3], "{scores:?}");
    }
}
