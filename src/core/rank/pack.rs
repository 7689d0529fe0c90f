//! The context pack: the lines of the best files that fit a budget, the names of the next best, and a map of the repository.
//!
//! Every piece of a candidate has a value (how much its file is believed to be the place, shared among the file's
//! pieces) and a price (its bytes). Pieces are taken by value for price until the budget is spent; whole small files
//! come along whole. The same ranking and budget give the same bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use super::candidates::Candidates;
use super::definitions::Kind;
use super::language::{Language, Role};
use super::leads::{Lead, leads};
use super::outline::{Outline, Piece};
use super::ranking::Ranked;
use crate::core::names::RepoPath;

/// Bytes that count as one token, as in the published comparisons of localisation. Code takes 3.4 to 4.4 bytes a token
/// with today's tokenizers, so a pack is at most about a sixth larger than its budget says; what a whole prompt may cost
/// is reckoned with [`crate::core::conversation::tokens_at_most`].
pub const BYTES_PER_TOKEN: usize = 4;

/// A file of at most this many bytes is shown whole or not at all.
const SMALL_FILE: usize = 3000;

/// Bytes of better pieces that halve a piece's share where [`Policy::depth`] is 1.
const DEPTH_UNIT: f32 = 4000.0;

/// What goes into the opening message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Folders with what they hold; the same for every issue at one base, so it stands first and can be cached.
    pub map: String,
    /// Best file first.
    pub excerpts: Vec<Excerpt>,
    /// The next best files, by name.
    pub leads: Vec<Lead>,
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
        out.push_str(&list(&self.leads));
        out
    }
}

/// How a budget is shared; see [`Policy::USUAL`].
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// How sharply belief in a file falls with its score.
    pub sharpness: f32,
    /// How sharply a piece's share of its file falls with its score.
    pub focus: f32,
    /// The share that every piece of a file has at least, against the best one's 1.
    pub floor: f32,
    /// How strongly the price counts: 1 is the best use of a budget if values were exact, less trusts them less.
    pub thrift: f32,
    /// How sharply a piece's share falls with the bytes of the better pieces of its file: the eighth piece of the best
    /// file is less likely the place than the first of the second.
    pub depth: f32,
}

impl Policy {
    /// Chosen by `rank packs FILE...` of the benchmarks on lines that real fixes changed. Within 4k, 8k, 16k, 32k tokens the
    /// right lines of 55, 71, 79, 85 % of SWE-bench Lite's open instances are shown, of 52.7, 65.5, 75.2, 85.5 % of 605 issues of
    /// other Python projects and 41.5, 55.9, 69.3, 80.1 % of 417 in eight other languages; with `focus` 1, `floor` 0.05,
    /// `thrift` 0.6 and `depth` 1 they were of 55, 68, 77, 85 %, 52.4, 66.0, 76.4, 84.8 % and 40.5, 54.9, 68.8, 78.9 %.
    ///
    /// Rules fitted to the pieces of those 1,022 issues, tested by project (29 features: scores, places, sizes, who calls a piece,
    /// what stands beside it) and boosted trees over them showed more of those issues' lines and fewer of the open
    /// instances' than the rule of that time: within 8k and 16k 65.6 and 76.9 % of the 605 (the rule 65.1 and 75.7), 57.3 and
    /// 69.1 % of the 417 (53.5 and 66.4), 68 and 75 % of the 100 (71 and 75).
    pub const USUAL: Self = Self { sharpness: 9.0, focus: 0.7, floor: 0.1, thrift: 0.7, depth: 0.8 };
}

/// A piece of a candidate on its way into the pack.
struct Offer {
    file: usize,
    lines: Range<usize>,
    value: f32,
    price: usize,
}

/// Which lines of which candidates are shown, and what is left of the budget.
struct Shown {
    lines: BTreeMap<usize, Vec<bool>>,
    left: usize,
}

/// Packs the best of a ranking into a budget of tokens (see [`BYTES_PER_TOKEN`]), titles and map included.
pub fn pack(ranked: &[Ranked], tokens: usize) -> Pack {
    pack_by(ranked, tokens, &Policy::USUAL)
}

/// The same under another policy, for measuring.
pub fn pack_by(ranked: &[Ranked], tokens: usize, policy: &Policy) -> Pack {
    let budget = tokens.saturating_mul(BYTES_PER_TOKEN);
    let map = map(ranked, budget / MAP_SHARE);
    let candidates = Candidates::of(ranked);
    let for_leads = (budget / LEADS_SHARE).min(LEADS_MOST);
    let mut shown = Shown { lines: BTreeMap::new(), left: budget - map.len() - for_leads };
    candidates.offers(policy).iter().for_each(|offer| shown.take(&candidates, offer));
    let others = candidates.others(|file| shown.lines.contains_key(&file));
    let leads = leads(others, for_leads.saturating_sub(LEADS_HEADING.len()));
    shown.left += for_leads - list(&leads).len();
    shown.signatures(&candidates);
    let excerpts = shown.lines.iter().map(|(file, lines)| candidates.excerpt(*file, lines)).collect();
    Pack { map, excerpts, leads }
}

/// Stands where lines are left out.
const MARK: &str = "[...]\n";

/// Bytes that a title takes beside the path, with the mark at the end.
const TITLE: usize = 20;

/// Bytes that a region takes beside its lines: its range in the title, a mark before it, a missing last line end.
const REGION: usize = 22;

/// Stands above the leads.
const LEADS_HEADING: &str = "Other files that may matter, likeliest first, with the lines to look at:\n";

/// The leads take at most the budget's share of one in so many. Within 8k tokens the files that a fix changed are shown or
/// named for 94 instead of 81 % of SWE-bench Lite's open instances, for 91 instead of 77 % of 605 issues of other Python
/// projects and for 91 instead of 71 % of 417 in other languages; the changed lines are shown for 71, 64.8 and 52.3 %, without
/// leads for 71, 65.1 and 53.5 %.
const LEADS_SHARE: usize = 20;

/// Bytes of leads at most.
const LEADS_MOST: usize = 2400;

/// The map takes at most the budget's share of one in so many.
const MAP_SHARE: usize = 40;

impl Candidates<'_> {
    /// The pieces of all candidates, the best value for its price first.
    fn offers(&self, policy: &Policy) -> Vec<Offer> {
        let mut offers: Vec<Offer> = (0..self.files.len()).flat_map(|file| self.offers_of(file, policy)).collect();
        let density = |offer: &Offer| offer.value / (offer.price as f32 + REGION as f32).powf(policy.thrift);
        let place = |offer: &Offer| (offer.file, offer.lines.start);
        offers.sort_by(|a, b| density(b).total_cmp(&density(a)).then_with(|| place(a).cmp(&place(b))));
        offers
    }

    fn belief(&self, file: usize, policy: &Policy) -> f32 {
        (policy.sharpness * (self.files[file].score - self.files[0].score)).exp()
    }

    fn offers_of(&self, file: usize, policy: &Policy) -> Vec<Offer> {
        let (one, outline) = (self.files[file], &self.outlines[file]);
        let (text, belief) = (one.content(), self.belief(file, policy));
        if text.len() <= SMALL_FILE {
            return vec![Offer { file, lines: 0..outline.lines.len(), value: belief, price: text.len() }];
        }
        let shares = self.shares(file, policy);
        let total: f32 = shares.iter().sum();
        let offer = |(piece, share): (&Piece, f32)| {
            let price = outline.text(text, &piece.lines).len();
            Offer { file, lines: piece.lines.clone(), value: belief * share / total, price }
        };
        outline.pieces.iter().zip(shares).map(offer).collect()
    }

    /// How likely each piece of a file is the place, if the file is, in no unit.
    fn shares(&self, file: usize, policy: &Policy) -> Vec<f32> {
        let (one, outline) = (self.files[file], &self.outlines[file]);
        let scores: BTreeMap<usize, f32> = one.pieces.iter().map(|(lines, score)| (lines.start, *score)).collect();
        let best = one.pieces.first().map_or(1.0, |(_, score)| *score).max(f32::MIN_POSITIVE);
        let share =
            |start: usize| (scores.get(&start).copied().unwrap_or(0.0) / best + policy.floor).powf(policy.focus);
        let mut shares: Vec<f32> = outline.pieces.iter().map(|piece| share(piece.lines.start)).collect();
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]).then(a.cmp(b)));
        let mut before = 0;
        for at in order {
            shares[at] *= (1.0 + before as f32 / DEPTH_UNIT).powf(-policy.depth);
            before += outline.text(one.content(), &outline.pieces[at].lines).len();
        }
        shares
    }

    /// The excerpt of the lines that were chosen.
    fn excerpt(&self, file: usize, shown: &[bool]) -> Excerpt {
        let (one, outline) = (self.files[file], &self.outlines[file]);
        let regions = regions(shown);
        let mut out = String::new();
        for region in &regions {
            if region.start > 0 {
                out.push_str(MARK);
            }
            out.push_str(&String::from_utf8_lossy(outline.text(one.content(), region)));
        }
        if regions.last().is_some_and(|last| last.end < shown.len()) {
            out.push_str(MARK);
        }
        Excerpt { path: one.path.clone(), regions, total_lines: shown.len(), text: out }
    }
}

impl Shown {
    /// Shows an offer and the heads of what it stands in, if there is money left for it.
    fn take(&mut self, candidates: &Candidates<'_>, offer: &Offer) {
        let outline = &candidates.outlines[offer.file];
        let text = candidates.files[offer.file].content();
        let heads: Vec<usize> = outline.enclosing(offer.lines.start).map(|at| outline.definitions[at].line).collect();
        let shown = self.lines.get(&offer.file);
        let hidden = |line: &usize| !offer.lines.contains(line) && shown.is_none_or(|shown| !shown[*line]);
        let heads: Vec<usize> = heads.into_iter().filter(hidden).collect();
        let title = if shown.is_some() { 0 } else { candidates.files[offer.file].path.as_bytes().len() + TITLE };
        let head_price: usize = heads.iter().map(|line| outline.text(text, &(*line..*line + 1)).len() + REGION).sum();
        let price = price_of(text, outline, &offer.lines) + title + REGION + head_price;
        if price > self.left {
            return;
        }
        self.left -= price;
        let lines = self.lines.entry(offer.file).or_insert_with(|| vec![false; outline.lines.len()]);
        lines[offer.lines.clone()].fill(true);
        heads.into_iter().for_each(|line| lines[line] = true);
    }

    /// Spends what is left on the first lines of definitions that are not shown, in the files that are, best first.
    fn signatures(&mut self, candidates: &Candidates<'_>) {
        for (file, lines) in &mut self.lines {
            let (text, outline) = (candidates.files[*file].content(), &candidates.outlines[*file]);
            for definition in outline.definitions.iter().filter(|one| one.kind != Kind::Value) {
                let price = outline.text(text, &(definition.line..definition.line + 1)).len() + REGION;
                if !lines[definition.line] && price <= self.left {
                    self.left -= price;
                    lines[definition.line] = true;
                }
            }
        }
    }
}

/// The leads under their heading, or nothing.
fn list(leads: &[Lead]) -> String {
    let lines: String = leads.iter().map(|lead| format!("{lead}\n")).collect();
    if lines.is_empty() { lines } else { format!("{LEADS_HEADING}{lines}") }
}

/// Bytes of some lines; text that is not UTF-8 grows when it is shown.
fn price_of(text: &[u8], outline: &Outline, lines: &Range<usize>) -> usize {
    let shown = outline.text(text, lines);
    if shown.is_ascii() { shown.len() } else { String::from_utf8_lossy(shown).len() }
}

fn regions(shown: &[bool]) -> Vec<Range<usize>> {
    let mut regions: Vec<Range<usize>> = Vec::new();
    for (line, _) in shown.iter().enumerate().filter(|(_, shown)| **shown) {
        match regions.last_mut() {
            Some(last) if last.end == line => last.end += 1,
            _ => regions.push(line..line + 1),
        }
    }
    regions
}

/// Folders of program text with the number of their files, the largest that fit, in the order of their paths.
fn map(ranked: &[Ranked], budget: usize) -> String {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for one in ranked.iter().filter(|one| one.role == Role::Source && one.language != Language::Other) {
        let folder = one.path.parent().map_or_else(|| ".".to_owned(), |folder| folder.to_string());
        *folders.entry(folder).or_default() += 1;
    }
    let mut largest: Vec<(String, usize)> = folders.into_iter().collect();
    largest.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let heading = "Folders with program text and their number of files:\n";
    let mut left = budget.saturating_sub(heading.len() + 1);
    let mut lines = Vec::new();
    for (folder, count) in largest {
        let line = format!("{folder}/ {count}\n");
        if line.len() > left {
            break;
        }
        left -= line.len();
        lines.push(line);
    }
    lines.sort();
    if lines.is_empty() { String::new() } else { format!("{heading}{}\n", lines.concat()) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::expect;

    use super::*;
    use crate::core::rank::signals::Values;

    fn ranked(path: &str, score: f32, text: &str, pieces: Vec<(Range<usize>, f32)>) -> Ranked {
        Ranked {
            path: RepoPath::parse(path).unwrap(),
            language: Language::of(path.as_bytes()),
            role: Role::of(path.as_bytes()),
            score,
            values: Values::NONE,
            pieces,
            text: Some(Arc::from(text.as_bytes())),
        }
    }

    /// A file of 40 methods in one class, four lines each.
    fn large() -> Ranked {
        let methods = |at| format!("    def method_{at}(self):\n        # {}\n        return {at}\n\n", "x".repeat(80));
        let text = format!("class Large:\n{}", (0..40).map(methods).collect::<String>());
        ranked("src/large.py", 2.0, &text, vec![(41..45, 5.0), (81..85, 3.0)])
    }

    #[test]
    fn a_large_file_shows_its_best_pieces_under_the_heads_that_they_stand_in() {
        let files = [large(), ranked("src/small.py", 1.9, "def small():\n    pass\n", vec![(0..2, 1.0)])];
        let pack = pack(&files, 150);
        expect![[r#"
            ==> src/large.py:1-2,6-6,42-45,82-85 <==
            class Large:
                def method_0(self):
            [...]
                def method_1(self):
            [...]
                def method_10(self):
                    # xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                    return 10

            [...]
                def method_20(self):
                    # xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                    return 20

            [...]

            ==> src/small.py <==
            def small():
                pass

        "#]]
        .assert_eq(&pack.text());
    }

    #[test]
    fn no_budget_is_exceeded_and_no_line_is_cut() {
        let files = [large(), ranked("a.py", 1.9, &"y = 'ü'\n".repeat(300), vec![(0..40, 1.0)])];
        for tokens in [0, 1, 10, 60, 100, 333, 1000, 4000] {
            let pack = pack(&files, tokens);
            assert!(pack.text().len() <= tokens * BYTES_PER_TOKEN, "{tokens}");
            assert_eq!(pack, super::pack(&files, tokens));
        }
        let whole = pack(&files, 40_000);
        assert!(whole.excerpts.iter().all(Excerpt::is_whole));
        assert!(whole.map.contains("src/ 1\n"), "{}", whole.map);
    }
}
