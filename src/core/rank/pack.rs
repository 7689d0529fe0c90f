//! The context pack: the lines of the best files that fit a budget, and a map of the repository where there is room.
//!
//! Every piece of a candidate has a value (how much its file is believed to be the place, shared among the file's
//! pieces) and a price (its bytes). Pieces are taken by value for price until the budget is spent; whole small files
//! come along whole. The same ranking and budget give the same bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use super::outline::Outline;
use super::ranking::Ranked;
use crate::core::names::RepoPath;

/// Bytes that count as one token. Code takes 3.0 to 3.8 bytes a token with today's tokenizers; 4 is what the published
/// comparisons of localisation count with. A caller who must not exceed a context gives a smaller budget.
pub const BYTES_PER_TOKEN: usize = 4;

/// Files that are looked at for excerpts.
const FILES: usize = 40;

/// A file of at most this many bytes is shown whole or not at all.
const SMALL_FILE: usize = 3000;

/// What goes into the opening message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Folders with what they hold; the same for every issue at one base, so it stands first and can be cached.
    pub map: String,
    /// Best file first.
    pub excerpts: Vec<Excerpt>,
}

/// Parts of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    pub path: RepoPath,
    /// Lines shown, from 0, end exclusive, ascending, apart from each other.
    pub regions: Vec<Range<usize>>,
    /// Lines of the file.
    pub total_lines: usize,
    /// The regions with a mark of what is left out between them.
    pub text: String,
}

impl Excerpt {
    /// Whether the whole file is shown.
    pub fn is_whole(&self) -> bool {
        self.regions.len() == 1 && self.regions[0] == (0..self.total_lines)
    }

    /// `src/a.rs` or `src/a.rs:10-20,35-60`, lines from 1.
    pub fn title(&self) -> String {
        if self.is_whole() {
            return self.path.to_string();
        }
        let lines: Vec<String> =
            self.regions.iter().map(|region| format!("{}-{}", region.start + 1, region.end)).collect();
        format!("{}:{}", self.path, lines.join(","))
    }
}

impl Pack {
    /// The pack as one text: the map, then each excerpt under its title.
    pub fn text(&self) -> String {
        let mut out = self.map.clone();
        for excerpt in &self.excerpts {
            out.push_str(&format!("==> {} <==\n{}\n", excerpt.title(), excerpt.text));
        }
        out
    }
}

/// A piece of a candidate on its way into the pack.
struct Offer {
    file: usize,
    lines: Range<usize>,
    value: f32,
    price: usize,
}

/// Packs the best of a ranking into a budget of tokens (see [`BYTES_PER_TOKEN`]), the titles included.
pub fn pack(ranked: &[Ranked], tokens: usize) -> Pack {
    let budget = tokens * BYTES_PER_TOKEN;
    let read: Vec<&Ranked> =
        ranked.iter().filter(|one| one.text.as_ref().is_some_and(|text| !text.is_empty())).take(FILES).collect();
    let outlines: Vec<Outline> = read.iter().map(|one| Outline::of(one.language, text_of(one))).collect();
    let mut offers: Vec<Offer> = Vec::new();
    for (file, (one, outline)) in read.iter().zip(&outlines).enumerate() {
        offers.extend(offers_of(file, one, outline, belief(&read, file)));
    }
    let density = |offer: &Offer| offer.value / (offer.price as f32 + 40.0).powf(PRICE_POWER);
    offers.sort_by(|a, b| {
        density(b).total_cmp(&density(a)).then(a.file.cmp(&b.file)).then(a.lines.start.cmp(&b.lines.start))
    });
    let mut shown: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
    let mut left = budget;
    for offer in &offers {
        let title = if shown.contains_key(&offer.file) { 0 } else { read[offer.file].path.as_bytes().len() + TITLE };
        let price = offer.price + title + REGION;
        if price > left {
            continue;
        }
        left -= price;
        let lines = shown.entry(offer.file).or_insert_with(|| vec![false; outlines[offer.file].lines.len()]);
        lines[offer.lines.clone()].fill(true);
    }
    let excerpts = shown.iter().map(|(file, lines)| excerpt(read[*file], &outlines[*file], lines)).collect();
    Pack { map: String::new(), excerpts }
}

const MARK: &str = "[...]\n";

/// Bytes that a title takes beside the path, with the mark at the end.
const TITLE: usize = 20;

/// Bytes that a region takes beside its lines: its range in the title, a mark before it, a missing last line end.
const REGION: usize = 22;

/// How strongly the price counts: 1 is the best use of a budget if values were exact, less trusts them less.
const PRICE_POWER: f32 = 0.6;

/// How sharply belief falls with the score.
const SHARPNESS: f32 = 6.0;

fn belief(read: &[&Ranked], file: usize) -> f32 {
    (SHARPNESS * (read[file].score - read[0].score)).exp()
}

fn text_of(one: &Ranked) -> &[u8] {
    one.text.as_deref().unwrap_or_default()
}

fn offers_of(file: usize, one: &Ranked, outline: &Outline, belief: f32) -> Vec<Offer> {
    let text = text_of(one);
    if text.len() <= SMALL_FILE {
        return vec![Offer { file, lines: 0..outline.lines.len(), value: belief, price: text.len() }];
    }
    let scores: BTreeMap<usize, f32> = one.pieces.iter().map(|(lines, score)| (lines.start, *score)).collect();
    let best = one.pieces.first().map_or(1.0, |(_, score)| *score).max(f32::MIN_POSITIVE);
    let weigh = |start: usize| (scores.get(&start).copied().unwrap_or(0.0) / best + 0.05).powi(2);
    let total: f32 = outline.pieces.iter().map(|piece| weigh(piece.lines.start)).sum();
    let offer = |lines: &Range<usize>| {
        let price = outline.text(text, lines).len();
        Offer { file, lines: lines.clone(), value: belief * weigh(lines.start) / total, price }
    };
    outline.pieces.iter().map(|piece| offer(&piece.lines)).collect()
}

/// The excerpt of the lines that were chosen.
fn excerpt(one: &Ranked, outline: &Outline, shown: &[bool]) -> Excerpt {
    let text = text_of(one);
    let mut regions: Vec<Range<usize>> = Vec::new();
    for (line, _) in shown.iter().enumerate().filter(|(_, shown)| **shown) {
        match regions.last_mut() {
            Some(last) if last.end == line => last.end += 1,
            _ => regions.push(line..line + 1),
        }
    }
    let mut out = String::new();
    for region in &regions {
        if region.start > 0 {
            out.push_str(MARK);
        }
        out.push_str(&String::from_utf8_lossy(outline.text(text, region)));
    }
    if regions.last().is_some_and(|last| last.end < shown.len()) {
        out.push_str(MARK);
    }
    Excerpt { path: one.path.clone(), regions, total_lines: shown.len(), text: out }
}
