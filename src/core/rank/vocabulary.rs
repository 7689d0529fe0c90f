//! Finds words eight bytes at a time, and numbers the distinct ones.
//!
//! Nearly all of a cold ranking's time that is not spent on unpacking goes into this. The words are those of
//! [`super::words::words`], which says the same slowly and is what the tests compare with.

use std::ops::Range;

use super::words::LONGEST_NUMBERED;

/// Words longer than this are no words: encoded data, or made by a program.
pub const LONGEST_WORD: usize = 80;

/// The highest bit of each byte.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// A byte in every place.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The highest bit of each byte of `block` that [`super::words::is_word_byte`] accepts.
fn word_bytes(block: u64) -> u64 {
    // Seven bits each, so that no sum reaches the next byte: adding `0x80 - x` sets the highest bit from `x` on.
    let low = block & !HIGH;
    let from = |bytes: u64, first: u8| bytes.wrapping_add(all(0x80 - first));
    let lower = low | all(0x20);
    let letter = from(lower, b'a') & !from(lower, b'z' + 1);
    let digit = from(low, b'0') & !from(low, b'9' + 1);
    let underscore = !(low ^ all(b'_')).wrapping_add(all(0x7f));
    (letter | digit | underscore | block) & HIGH
}

/// Eight bytes from `at`, zeros behind the end.
fn load(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    if let Some(chunk) = rest.first_chunk::<8>() {
        return u64::from_le_bytes(*chunk);
    }
    let mut padded = [0; 8];
    padded[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(padded)
}

/// How many of the first bytes of a block belong to a word.
fn leading(block: u64) -> usize {
    (!word_bytes(block) & HIGH).trailing_zeros() as usize / 8
}

/// How many words are found before they are looked up: the processor then waits for several slots at once.
const BATCH: usize = 64;

/// Calls `each` with the number of every word of at most [`LONGEST_WORD`] bytes, in order; new words first go to `learn`.
pub fn each_number<S>(
    vocabulary: &mut Vocabulary,
    text: &[u8],
    state: &mut S,
    learn: impl Fn(&mut S, &[u8]),
    mut each: impl FnMut(&mut S, usize),
) {
    let mut batch = [Word::default(); BATCH];
    let mut filled = 0;
    let mut look_up = |words: &[Word<'_>]| {
        for word in words {
            let (number, novelty) = vocabulary.number(word);
            if novelty == Novelty::New {
                learn(state, word.bytes);
            }
            each(state, number);
        }
    };
    each_word(text, |word| {
        batch[filled] = word;
        filled += 1;
        if filled == BATCH {
            look_up(&batch);
            filled = 0;
        }
    });
    look_up(&batch[..filled]);
}

/// Calls `each` with the words of at most [`LONGEST_WORD`] bytes, in order.
pub fn each_word<'t>(text: &'t [u8], mut each: impl FnMut(Word<'t>)) {
    let mut at = 0;
    while at < text.len() {
        let before = word_bytes(load(text, at)).trailing_zeros() as usize / 8;
        at += before;
        if before == 8 {
            continue;
        }
        let word = Word::starting(text, at);
        at += word.bytes.len() + 1;
        if word.bytes[0].is_ascii_digit() {
            // As `words` has it: numbers are none, short words keep their digits, long ones do not.
            let digits = word.bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let rest = &word.bytes[digits..];
            if !rest.is_empty() && word.bytes.len() <= LONGEST_NUMBERED {
                each(word);
            } else if (1..=LONGEST_WORD).contains(&rest.len()) {
                each(Word::of(rest));
            }
        } else if word.bytes.len() <= LONGEST_WORD {
            each(word);
        }
    }
}

/// A word with its first sixteen bytes as numbers, zeros behind its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Word<'t> {
    pub bytes: &'t [u8],
    low: u64,
    high: u64,
}

impl<'t> Word<'t> {
    /// These bytes, whatever they are.
    pub fn of(bytes: &'t [u8]) -> Self {
        Self { bytes, low: load(bytes, 0), high: load(bytes, 8) }
    }

    /// The word that starts at `start`.
    fn starting(text: &'t [u8], start: usize) -> Self {
        let low = load(text, start);
        let length = leading(low);
        if length < 8 {
            return Self { bytes: &text[start..start + length], low: first_bytes(low, length), high: 0 };
        }
        let high = load(text, start + 8);
        let more = leading(high);
        if more < 8 {
            return Self { bytes: &text[start..start + 8 + more], low, high: first_bytes(high, more) };
        }
        let mut end = start + 16;
        loop {
            let more = leading(load(text, end));
            end += more;
            if more < 8 {
                return Self { bytes: &text[start..end], low, high };
            }
        }
    }

    fn hash(&self) -> u64 {
        let tail = if self.bytes.len() > 16 { load(self.bytes, self.bytes.len() - 8) } else { 0 };
        let mixed = self.low.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ (self.high ^ tail.rotate_left(17)).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        (mixed ^ (mixed >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// `block` with zeros from the byte `length` on; `length` is below 8.
fn first_bytes(block: u64, length: usize) -> u64 {
    block & ((1 << (8 * length)) - 1)
}

/// Numbers of distinct words, from 0 in the order in which they came.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// A power of two of them, at most half of them used.
    slots: Vec<Slot>,
    count: u32,
    /// The bytes of words of more than sixteen.
    long: Vec<u8>,
}

/// Aligned so that none lies across two cache lines.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(32))]
struct Slot {
    low: u64,
    high: u64,
    /// Of the word, in bytes; 0 in an empty slot.
    length: u8,
    number: u32,
    /// Where a long word stands.
    long: u32,
}

impl Slot {
    fn word<'v>(&self, long: &'v [u8]) -> Option<&'v [u8]> {
        let start = self.long as usize;
        (self.length > 16).then(|| &long[start..start + usize::from(self.length)])
    }

    fn holds(&self, word: &Word<'_>, long: &[u8]) -> bool {
        self.low == word.low
            && self.high == word.high
            && usize::from(self.length) == word.bytes.len()
            && self.word(long).is_none_or(|bytes| bytes == word.bytes)
    }
}

/// Slots of a vocabulary that has its first word.
const FIRST_SLOTS: usize = 1 << 12;

impl Vocabulary {
    /// How many distinct words it has.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Forgets all words, and keeps the memory.
    pub fn clear(&mut self) {
        self.slots.fill(Slot::default());
        self.long.clear();
        self.count = 0;
    }

    /// The word's number, and whether it is new. The word is at most [`LONGEST_WORD`] bytes long.
    pub fn number(&mut self, word: &Word<'_>) -> (usize, Novelty) {
        if self.slots.len() < 2 * (self.count as usize + 1) {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = word.hash() as usize & mask;
        while self.slots[at].length > 0 {
            if self.slots[at].holds(word, &self.long) {
                return (self.slots[at].number as usize, Novelty::Known);
            }
            at = (at + 1) & mask;
        }
        self.slots[at] = self.slot(word);
        self.count += 1;
        (self.count as usize - 1, Novelty::New)
    }

    fn slot(&mut self, word: &Word<'_>) -> Slot {
        let long = self.long.len() as u32;
        if word.bytes.len() > 16 {
            self.long.extend_from_slice(word.bytes);
        }
        Slot { low: word.low, high: word.high, length: word.bytes.len() as u8, number: self.count, long }
    }

    fn grow(&mut self) {
        let wanted = (2 * self.slots.len()).max(FIRST_SLOTS);
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); wanted]);
        for slot in old.into_iter().filter(|slot| slot.length > 0) {
            let short = Word { bytes: &[], low: slot.low, high: slot.high };
            let hash = slot.word(&self.long).map_or(short, Word::of).hash();
            let mut at = hash as usize & (wanted - 1);
            while self.slots[at].length > 0 {
                at = (at + 1) & (wanted - 1);
            }
            self.slots[at] = slot;
        }
    }
}

/// Whether a word came for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    New,
    Known,
}

/// A range of a list that grows, as two numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// What was added to a list that had `before` entries.
    pub fn since<T>(before: usize, list: &[T]) -> Self {
        Self { start: before as u32, end: list.len() as u32 }
    }

    /// The entries.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rank::words::{is_word_byte, words};

    fn found(text: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        each_word(text, |word| {
            assert_eq!((word.low, word.high), (Word::of(word.bytes).low, Word::of(word.bytes).high));
            found.push(word.bytes.to_vec());
        });
        found
    }

    fn slowly(text: &[u8]) -> Vec<Vec<u8>> {
        words(text).filter(|range| range.len() <= LONGEST_WORD).map(|range| text[range].to_vec()).collect()
    }

    /// Numbers that look random and are the same every time.
    fn numbers(seed: u64) -> impl Iterator<Item = u64> {
        let mut state = seed;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        })
    }

    #[test]
    fn every_byte_is_judged_alike_in_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                for around in [b' ', b'a', 0xff, 0] {
                    let mut block = [around; 8];
                    block[place] = byte;
                    let marked = word_bytes(u64::from_le_bytes(block)).to_le_bytes();
                    let expected = block.map(|byte| if is_word_byte(byte) { 0x80 } else { 0 });
                    assert_eq!(marked, expected, "{block:?}");
                }
            }
        }
    }

    #[test]
    fn the_words_are_those_of_the_slow_way() {
        let alphabet = b"aZ_9 .\n-\xc3\x28b0";
        for seed in 0..2000 {
            let mut numbers = numbers(seed);
            let length = numbers.next().unwrap_or(0) as usize % 120;
            // Few separators in some texts, many in others.
            let span = 4 + seed as usize % (alphabet.len() - 3);
            let text: Vec<u8> = numbers.take(length).map(|number| alphabet[number as usize % span]).collect();
            assert_eq!(found(&text), slowly(&text), "{}", text.escape_ascii());
        }
        assert_eq!(found(&[b'a'; 81]), Vec::<Vec<u8>>::new());
        assert_eq!(found(&[b'a'; 80]).len(), 1);
    }

    #[test]
    fn distinct_words_have_distinct_numbers_also_after_growing() {
        let word = |at: usize| match at % 3 {
            0 => format!("w{at}"),
            1 => format!("a_longer_word_{at}"),
            _ => format!("a_word_of_many_more_bytes_than_sixteen_{at}_{}", "x".repeat(at % 30)),
        };
        let mut vocabulary = Vocabulary::default();
        for round in [Novelty::New, Novelty::Known] {
            for at in 0..20_000 {
                assert_eq!(vocabulary.number(&Word::of(word(at).as_bytes())), (at, round), "{}", word(at));
            }
        }
        assert_eq!(vocabulary.len(), 20_000);
    }
}
