//! Words of source text: identifiers, their parts, a light stem, and the 32-bit names under which the index keeps them.

/// The 32-bit name of a term. Two terms may share one (about one pair in four thousand million): then a file scores a
/// little too high, nothing worse, and the index needs no dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub u32);

impl Term {
    /// FNV-1a over the bytes as they stand, then a final mix so that low bits spread.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = 0x811c_9dc5_u32;
        for byte in bytes {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
        hash ^= hash >> 15;
        hash = hash.wrapping_mul(0x2c1b_3c6d);
        Self(hash ^ (hash >> 12))
    }
}

/// Whether a byte may stand inside an identifier or word. Bytes from 0x80 count: words in any script stay whole.
pub fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Words that start with digits are longer than this only by chance (`1234567abc` of a checksum): their letters alone
/// stay.
pub(super) const LONGEST_NUMBERED: usize = 7;

/// Identifiers and words in order, as ranges: a letter, `_` or non-ASCII byte, then also digits; and short words that
/// start with digits (`3d`, `2to3`). Numbers alone are no words.
pub fn words(text: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            while at < text.len() && !is_word_byte(text[at]) {
                at += 1;
            }
            if at == text.len() {
                return None;
            }
            let start = at;
            while at < text.len() && is_word_byte(text[at]) {
                at += 1;
            }
            let digits = text[start..at].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if start + digits < at {
                let skipped = if at - start <= LONGEST_NUMBERED { 0 } else { digits };
                return Some(start + skipped..at);
            }
        }
    })
}

/// Parts of an identifier at `_`, digits and camel-case humps (`HTTPServer2` is `HTTP`, `Server`, `2`).
pub fn parts(word: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < word.len() && word[at] == b'_' {
            at += 1;
        }
        let start = at;
        let first = *word.get(at)?;
        at = start + part_length(&word[start..], first);
        Some(&word[start..at])
    })
}

/// How many bytes of `rest` belong to the part that starts with `first`.
fn part_length(rest: &[u8], first: u8) -> usize {
    let run = |from: usize, inside: fn(&u8) -> bool| from + rest[from..].iter().take_while(|byte| inside(byte)).count();
    if first.is_ascii_digit() {
        return run(0, u8::is_ascii_digit);
    }
    if !first.is_ascii_uppercase() {
        return run(0, |byte| byte.is_ascii_lowercase() || *byte >= 0x80);
    }
    let capitals = run(0, u8::is_ascii_uppercase);
    let followed = rest.get(capitals).is_some_and(u8::is_ascii_lowercase);
    match (capitals, followed) {
        (1, _) => run(1, |byte| byte.is_ascii_lowercase() || *byte >= 0x80),
        (_, true) => capitals - 1,
        (_, false) => capitals,
    }
}

/// Lower-cases a part and cuts inflection off in place; the result is for comparing only, not for reading.
pub fn stem(part: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend(part.iter().map(u8::to_ascii_lowercase));
    if out.len() > 4 && out.ends_with(b"ies") {
        out.truncate(out.len() - 3);
        out.push(b'y');
        return;
    }
    if out.len() > 3 && out.ends_with(b"s") && !out.ends_with(b"ss") {
        out.pop();
    }
    if out.len() > 5 && out.ends_with(b"ing") {
        out.truncate(out.len() - 3);
    } else if out.len() > 4 && out.ends_with(b"ed") {
        out.truncate(out.len() - 2);
    }
}

/// A number and the letters beside it of at most this many bytes together are a term: `3d` of `mplot3d`, `e108`, `utf8`
/// name what neither does alone. Measured: two more of SWE-bench Lite's 100 open instances among the first five; on
/// 450 commits of other projects 0 more at five, 1 fewer at ten.
const LONGEST_PAIR: usize = 5;

/// Calls `found` with the terms of one identifier: each stemmed part of two bytes or more, each short pair of a number
/// and letters, then, when it has several parts, the whole in lower case without outer underscores.
pub fn terms_of(word: &[u8], buffer: &mut Vec<u8>, mut found: impl FnMut(Term)) {
    let (mut count, mut pairs) = (0, 0);
    let mut before: &[u8] = b"";
    for part in parts(word) {
        count += 1;
        if is_pair(before, part) {
            pairs += 1;
            buffer.clear();
            buffer.extend(before.iter().chain(part).map(u8::to_ascii_lowercase));
            found(Term::of(buffer));
        }
        before = part;
        stem(part, buffer);
        if buffer.len() > 1 {
            found(Term::of(buffer));
        }
    }
    let is_whole_found = count == 2 && pairs == 1;
    if count > 1 && !is_whole_found {
        found(whole_term(trim_underscores(word), buffer));
    }
}

fn is_pair(left: &[u8], right: &[u8]) -> bool {
    let is_number = |part: &[u8]| part.first().is_some_and(u8::is_ascii_digit);
    !left.is_empty() && is_number(left) != is_number(right) && left.len() + right.len() <= LONGEST_PAIR
}

/// The identifier without the underscores around it.
pub fn trim_underscores(word: &[u8]) -> &[u8] {
    let start = word.iter().take_while(|byte| **byte == b'_').count();
    let end = word.iter().rev().take_while(|byte| **byte == b'_').count();
    &word[start..word.len().saturating_sub(end).max(start)]
}

/// The term of a whole identifier, in lower case.
fn whole_term(word: &[u8], buffer: &mut Vec<u8>) -> Term {
    buffer.clear();
    buffer.extend(word.iter().map(u8::to_ascii_lowercase));
    Term::of(buffer)
}

/// Words of issue reports that say nothing about where the fault is.
pub fn is_stop_word(stemmed: &[u8]) -> bool {
    STOP_WORDS.binary_search(&std::str::from_utf8(stemmed).unwrap_or("")).is_ok()
}

/// Sorted, and in stemmed form where the stem differs.
const STOP_WORDS: &[&str] = &[
    "about",
    "actual",
    "add",
    "after",
    "all",
    "also",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "been",
    "before",
    "behavior",
    "bug",
    "but",
    "by",
    "can",
    "code",
    "could",
    "did",
    "do",
    "doe",
    "does",
    "e",
    "error",
    "example",
    "expect",
    "expected",
    "false",
    "file",
    "fix",
    "follow",
    "following",
    "for",
    "from",
    "get",
    "had",
    "has",
    "have",
    "how",
    "if",
    "import",
    "in",
    "into",
    "is",
    "issue",
    "it",
    "its",
    "just",
    "like",
    "line",
    "make",
    "me",
    "more",
    "my",
    "new",
    "no",
    "none",
    "not",
    "now",
    "of",
    "on",
    "one",
    "only",
    "or",
    "other",
    "out",
    "problem",
    "python",
    "result",
    "see",
    "should",
    "so",
    "some",
    "than",
    "that",
    "the",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "true",
    "two",
    "us",
    "use",
    "using",
    "version",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "why",
    "will",
    "with",
    "work",
    "would",
    "yes",
    "you",
    "your",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn split(word: &str) -> Vec<String> {
        parts(word.as_bytes()).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
    }

    #[test]
    fn identifiers_split_at_humps_underscores_and_digits() {
        assert_eq!(split("HTTPServer2"), ["HTTP", "Server", "2"]);
        assert_eq!(split("__get_xTicks__"), ["get", "x", "Ticks"]);
        assert_eq!(split("IO"), ["IO"]);
        assert_eq!(split("größeÄnderung"), ["größeÄnderung"]);
        assert_eq!(split("Pix2Sky_TAN"), ["Pix", "2", "Sky", "TAN"]);
    }

    #[test]
    fn words_have_a_letter_and_short_ones_keep_their_digits() {
        let text = b"3D x1 1234 _a-b 12345678abc \xc3\xbcber";
        let found: Vec<_> = words(text).map(|range| String::from_utf8_lossy(&text[range]).into_owned()).collect();
        assert_eq!(found, ["3D", "x1", "_a", "b", "abc", "über"]);
    }

    #[test]
    fn inflections_share_a_stem() {
        let stemmed = |word: &str| {
            let mut out = Vec::new();
            stem(word.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(stemmed("Queries"), "query");
        assert_eq!(stemmed("parsed"), stemmed("parsing"));
        assert_eq!(stemmed("class"), "class");
    }

    #[test]
    fn stop_words_are_sorted_for_the_search() {
        assert!(STOP_WORDS.is_sorted());
        assert!(is_stop_word(b"the") && !is_stop_word(b"thread"));
    }

    #[test]
    fn an_identifier_is_its_parts_and_its_whole() {
        let mut found = Vec::new();
        terms_of(b"set_xticks", &mut Vec::new(), |term| found.push(term));
        assert_eq!(found, [Term::of(b"set"), Term::of(b"xtick"), Term::of(b"set_xticks")]);
    }

    #[test]
    fn a_number_and_its_letters_are_found_together() {
        let terms = |word: &str| {
            let mut found = Vec::new();
            terms_of(word.as_bytes(), &mut Vec::new(), |term| found.push(term));
            found
        };
        let shared = |a: &str, b: &str| terms(a).iter().any(|term| terms(b).contains(term));
        assert!(shared("3d", "mplot3d") && shared("3d", "Axes3D") && shared("E108", "e108"));
        assert!(!shared("E108", "F210") && !shared("3d", "d"));
    }
}
