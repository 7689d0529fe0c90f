//! What the index keeps of one blob, whatever the question: its terms with counts, and the names that it defines.

use super::definitions::{Kind, scan};
use super::language::Language;
use super::vocabulary::{Span, Vocabulary, each_number};
use super::words::{Term, terms_of};

/// The query-independent content of one file, in the form that is written to the cache. A pure function of the bytes
/// and the language, so that a blob's id and language are its key for ever.
///
/// Layout, little endian: `length u32, lines u32, terms u32, definitions u32`, then the term hashes (u32, ascending), their
/// counts (u8, saturating), the names' hashes (u32) and their kinds (u8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features(Box<[u8]>);

/// Changes whenever a blob's [`Features`] would come out differently; part of the cache's file header.
pub const VERSION: u32 = 3;

/// Text of a file beyond this many bytes is not indexed: it is a table or made by a program.
pub const TEXT_LIMIT: usize = 512 << 10;

/// The same for files that are not program text.
pub const DATA_LIMIT: usize = 48 << 10;

const HEADER: usize = 16;

/// Reused between blobs: which terms each word has (splitting and stemming once per distinct word), and the counts of
/// the blob at hand.
#[derive(Default)]
pub struct Workspace {
    words: Vocabulary,
    known: KnownWords,
    touched: Vec<u32>,
    counted: Vec<(Term, u32)>,
}

/// What a [`Workspace`] knows of its words.
#[derive(Default)]
struct KnownWords {
    /// By word number.
    words: Vec<KnownWord>,
    /// Terms of all known words.
    terms: Vec<Term>,
    buffer: Vec<u8>,
}

/// A word: its terms as a part of [`KnownWords::terms`], and how often it stands in the blob at hand.
struct KnownWord {
    terms: Span,
    count: u32,
}

/// Words that are remembered before the memory is emptied: bounds it to some 20 MiB.
const KNOWN_LIMIT: usize = 150_000;

impl Workspace {
    /// The terms of `text` in ascending order with their counts, and how many there are with repetitions.
    fn count(&mut self, text: &[u8]) -> (&[(Term, u32)], u32) {
        if self.words.len() > KNOWN_LIMIT {
            self.words.clear();
            self.known.clear();
        }
        let Self { words, known, touched, counted } = self;
        each_number(words, text, known, KnownWords::learn, |known, number| {
            let word = &mut known.words[number];
            if word.count == 0 {
                touched.push(number as u32);
            }
            word.count += 1;
        });
        counted.clear();
        for number in touched.drain(..) {
            let word = &mut known.words[number as usize];
            let times = std::mem::take(&mut word.count);
            counted.extend(known.terms[word.terms.range()].iter().map(|term| (*term, times)));
        }
        let length = counted.iter().map(|(_, times)| times).sum();
        counted.sort_unstable_by_key(|(term, _)| *term);
        counted.dedup_by(|later, first| {
            let same = later.0 == first.0;
            first.1 += if same { later.1 } else { 0 };
            same
        });
        (counted, length)
    }
}

impl KnownWords {
    fn learn(&mut self, word: &[u8]) {
        let Self { words, terms, buffer } = self;
        let before = terms.len();
        terms_of(word, buffer, |term| terms.push(term));
        words.push(KnownWord { terms: Span::since(before, terms), count: 0 });
    }

    /// Forgets all words, and keeps the memory.
    fn clear(&mut self) {
        self.words.clear();
        self.terms.clear();
    }
}

/// A hasher for keys that need no protection against chosen collisions: a repository's author can at worst make the
/// ranking of that repository slow.
#[derive(Default, Clone)]
pub struct FastHasher(u64);

/// See [`FastHasher`].
pub type Fast = std::hash::BuildHasherDefault<FastHasher>;

impl std::hash::Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

impl Features {
    /// Reads a blob. Binary content has no features.
    pub fn of(language: Language, text: &[u8], workspace: &mut Workspace) -> Self {
        if crate::core::change::is_binary(text) {
            return Self::build(0, 0, &[], &[]);
        }
        let limit = if language == Language::Other { DATA_LIMIT } else { TEXT_LIMIT };
        let text = &text[..text.len().min(limit)];
        let mut definitions: Vec<(Term, Kind)> = scan(language, text)
            .into_iter()
            .filter(|definition| definition.kind != Kind::Block && definition.name.len() > 1)
            .map(|definition| (Term::of(&text[definition.name]), definition.kind))
            .collect();
        definitions.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        definitions.dedup_by_key(|definition| definition.0);
        let lines = memchr::memchr_iter(b'\n', text).count() as u32;
        let (terms, length) = workspace.count(text);
        Self::build(length, lines, terms, &definitions)
    }

    fn build(length: u32, lines: u32, terms: &[(Term, u32)], definitions: &[(Term, Kind)]) -> Self {
        let mut bytes = Vec::with_capacity(HEADER + 5 * (terms.len() + definitions.len()));
        for number in [length, lines, terms.len() as u32, definitions.len() as u32] {
            bytes.extend(number.to_le_bytes());
        }
        terms.iter().for_each(|(term, _)| bytes.extend(term.0.to_le_bytes()));
        bytes.extend(terms.iter().map(|(_, count)| u8::try_from(*count).unwrap_or(u8::MAX)));
        definitions.iter().for_each(|(name, _)| bytes.extend(name.0.to_le_bytes()));
        bytes.extend(definitions.iter().map(|(_, kind)| *kind as u8));
        Self(bytes.into())
    }

    /// The bytes for the cache.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For reading.
    pub fn view(&self) -> View<'_> {
        View::parse(&self.0).expect("built by `build`, which writes what `parse` reads")
    }
}

/// Borrowed [`Features`], as they stand in a cache file.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Term occurrences.
    pub length: u32,
    /// Line ends.
    pub lines: u32,
    terms: &'a [u8],
    counts: &'a [u8],
    names: &'a [u8],
    kinds: &'a [u8],
}

impl<'a> View<'a> {
    /// `None` when the bytes are not a record.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let (length, lines, terms, definitions) = (number(0)?, number(4)?, number(8)? as usize, number(12)? as usize);
        let rest = bytes.get(HEADER..)?;
        if rest.len() != terms.checked_mul(5)?.checked_add(definitions.checked_mul(5)?)? {
            return None;
        }
        let (term_bytes, rest) = rest.split_at(terms * 4);
        let (counts, rest) = rest.split_at(terms);
        let (names, kinds) = rest.split_at(definitions * 4);
        Some(Self { length, lines, terms: term_bytes, counts, names, kinds })
    }

    /// Terms in ascending order with their counts.
    pub fn terms(&self) -> impl Iterator<Item = (Term, u8)> + use<'a> {
        hashes(self.terms).zip(self.counts.iter().copied())
    }

    /// Names that the file defines, hashed as they are written.
    pub fn definitions(&self) -> impl Iterator<Item = (Term, Kind)> + use<'a> {
        hashes(self.names).zip(self.kinds).filter_map(|(name, kind)| Some((name, Kind::from_number(*kind)?)))
    }
}

fn hashes(bytes: &[u8]) -> impl Iterator<Item = Term> {
    bytes.as_chunks::<4>().0.iter().map(|chunk| Term(u32::from_le_bytes(*chunk)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(text: &str) -> Features {
        Features::of(Language::Python, text.as_bytes(), &mut Workspace::default())
    }

    #[test]
    fn terms_are_counted_and_names_kept() {
        let features = features("class Query:\n    def set_limits(self): self.set_limits()\n");
        let view = features.view();
        let count = |word: &[u8]| view.terms().find(|(term, _)| *term == Term::of(word)).map(|(_, count)| count);
        assert_eq!(
            (count(b"limit"), count(b"set_limits"), count(b"query"), count(b"absent")),
            (Some(2), Some(2), Some(1), None)
        );
        assert!(view.definitions().any(|definition| definition == (Term::of(b"Query"), Kind::Type)));
        assert_eq!(view.lines, 2);
    }

    #[test]
    fn a_workspace_carries_nothing_from_one_blob_to_the_next() {
        let mut workspace = Workspace::default();
        Features::of(Language::Rust, b"fn alpha() {}", &mut workspace);
        let second = Features::of(Language::Rust, b"fn beta() {}", &mut workspace);
        assert_eq!(second, Features::of(Language::Rust, b"fn beta() {}", &mut Workspace::default()));
    }

    #[test]
    fn binary_content_is_empty_and_cut_records_are_refused() {
        let binary = Features::of(Language::C, b"a\0b", &mut Workspace::default());
        assert_eq!(binary.view().terms().count(), 0);
        let whole = features("def f(): pass");
        for cut in 0..whole.as_bytes().len() {
            assert!(View::parse(&whole.as_bytes()[..cut]).is_none());
        }
    }
}
