//! What an issue's text offers to work with: one linear pass over title and body, no regular expressions.
//!
//! Hidden text (HTML comments of issue templates) counts for nothing, an unfilled section is none, code blocks give
//! files and tests but no statements, quotes and code give no dependencies.

use bstr::ByteSlice;

use crate::core::issue::Issue;
use crate::core::names::IssueNumber;

use super::vocabulary as words;

/// Bytes of a body that are looked at; the rest is a log that somebody pasted.
const MOST: usize = 64 * 1024;
/// Statements that are kept; more change no score.
const ENOUGH: usize = 3;
/// Bytes on each side of a word that are taken for one path; a bound, so that no line costs more than linear time.
const LONGEST_PATH: usize = 200;

/// See the module. Every text is the issue's own, cut short.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    pub(super) file: Option<String>,
    pub(super) function: Option<String>,
    /// The first few words that say what must hold.
    pub(super) statements: Vec<String>,
    pub(super) test: Option<String>,
    /// Heading of the first filled section.
    pub(super) section: Option<String>,
    /// Some code, error output or `code span` was shown.
    pub(super) code: bool,
    /// Visible words of the body, saturating at 1000.
    pub(super) words: usize,
    pub(super) depends_on: Vec<IssueNumber>,
}

/// Issues of the same repository that the text says it waits for: `blocked by #1`, `depends on #2 and #3`, or their URLs.
pub fn dependencies(issue: &Issue) -> Vec<IssueNumber> {
    Evidence::gather(issue, &issue.title).depends_on
}

impl Evidence {
    /// Reads the tagless title and the body.
    pub(super) fn gather(issue: &Issue, title: &str) -> Self {
        let mut reader = Reader { issue, evidence: Self::default(), fence: None, comment: false, section: None };
        reader.words(&title.as_bytes()[..title.len().min(MOST)], Place::Prose);
        reader.evidence.words = 0;
        let body = issue.body.as_bytes();
        for line in body[..body.len().min(MOST)].lines() {
            reader.line(line);
        }
        let mut evidence = reader.evidence;
        evidence.depends_on.retain(|number| *number != issue.number);
        evidence.depends_on.sort_unstable();
        evidence.depends_on.dedup();
        evidence
    }
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Prose,
    Quote,
    /// Between code fences.
    Code,
}

struct Reader<'i> {
    issue: &'i Issue,
    evidence: Evidence,
    /// The character of the open fence.
    fence: Option<u8>,
    /// Inside `<!-- -->`.
    comment: bool,
    /// A heading that waits for its first line.
    section: Option<String>,
}

impl Reader<'_> {
    fn line(&mut self, line: &[u8]) {
        let trimmed = line.trim_ascii_start();
        if !self.comment
            && let Some(mark) = fence_mark(trimmed)
            && self.fence.is_none_or(|open| open == mark)
        {
            self.fence = if self.fence.is_some() { None } else { Some(mark) };
            self.evidence.code = true;
            return;
        }
        if self.fence.is_some() {
            self.fill_section(trimmed);
            return self.words(line, Place::Code);
        }
        match self.comment || (trimmed.contains(&b'<') && trimmed.contains_str("<!--")) {
            true => {
                let visible = self.without_comments(line);
                self.prose(&visible);
            }
            false => self.prose(line),
        }
    }

    fn prose(&mut self, line: &[u8]) {
        let trimmed = line.trim_ascii();
        if trimmed.is_empty() {
            return;
        }
        match heading(trimmed) {
            Some(heading) => self.section = opens_section(heading).then(|| shown(heading)),
            None => self.fill_section(trimmed),
        }
        if checklist_item(trimmed) {
            self.state("- [ ]");
        }
        let place = if trimmed[0] == b'>' { Place::Quote } else { Place::Prose };
        self.words(line, place);
    }

    /// Takes `<!-- -->` out of a line, also when it began on an earlier one.
    fn without_comments(&mut self, line: &[u8]) -> Vec<u8> {
        let mut visible = Vec::new();
        let mut rest = line;
        loop {
            let (mark, skip) = if self.comment { ("-->", 3) } else { ("<!--", 4) };
            let Some(at) = rest.find(mark) else { break };
            if !self.comment {
                visible.extend_from_slice(&rest[..at]);
            }
            rest = &rest[at + skip..];
            self.comment = !self.comment;
        }
        if !self.comment {
            visible.extend_from_slice(rest);
        }
        visible
    }

    /// The first line below a heading makes it a filled section, unless a form says that nothing was answered.
    fn fill_section(&mut self, line: &[u8]) {
        if line.is_empty() || line == b"_No response_" {
            return;
        }
        if let Some(section) = self.section.take() {
            self.evidence.section.get_or_insert(section);
        }
    }

    fn state(&mut self, word: &str) {
        if self.evidence.statements.len() < ENOUGH {
            self.evidence.statements.push(word.to_owned());
        }
    }

    /// Goes over the words of one line.
    fn words(&mut self, line: &[u8], place: Place) {
        let mut rest = Words { line, at: 0, in_code: place == Place::Code };
        let mut before: Option<Word> = None;
        let mut count = 0;
        while let Some(word) = rest.next_word() {
            count += words_in(word.of(line));
            self.evidence.code |= word.in_code;
            self.word(line, &word, before.as_ref(), place);
            before = Some(word);
        }
        self.evidence.words = (self.evidence.words + count).min(1000);
    }

    fn word(&mut self, line: &[u8], word: &Word, before: Option<&Word>, place: Place) {
        let name = word.of(line);
        if self.evidence.file.is_none() {
            self.evidence.file = file(line, word);
        }
        if self.evidence.function.is_none() {
            self.evidence.function = function(line, word, before);
        }
        if self.evidence.test.is_none() && is_test(line, word, before) {
            self.evidence.test = Some(shown(name));
        }
        if place == Place::Code {
            return;
        }
        if words::STATEMENTS.has(name) {
            self.state(&lower(name));
        } else if name.eq_ignore_ascii_case(b"case")
            && before.is_some_and(|before| before.of(line).eq_ignore_ascii_case(b"test"))
        {
            self.state("test case");
        }
        if place == Place::Prose && !word.in_code && words::WAITING.has(name) {
            self.dependency(line, word, before);
        }
    }

    /// `blocked by` and `depends on` with what they list, but not `no longer blocked by`.
    fn dependency(&mut self, line: &[u8], word: &Word, before: Option<&Word>) {
        let struck = line[..word.start].ends_with(b"~~");
        let denied = before.is_some_and(|before| words::DENIALS.has(before.of(line)));
        if let (Some(rest), false) = (after_word(&line[word.end..], &["by", "on", "upon"]), struck || denied) {
            self.evidence.depends_on.extend(references(rest, own_issues(&self.issue.url)));
        }
    }
}

/// A maximal run of letters, digits and `_`.
#[derive(Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
    /// In backticks or a code block.
    in_code: bool,
}

impl Word {
    fn of<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        &line[self.start..self.end]
    }
}

struct Words<'l> {
    line: &'l [u8],
    at: usize,
    in_code: bool,
}

impl Words<'_> {
    fn next_word(&mut self) -> Option<Word> {
        while self.at < self.line.len() && !is_word(self.line[self.at]) {
            self.in_code ^= self.line[self.at] == b'`';
            self.at += 1;
        }
        let start = self.at;
        while self.at < self.line.len() && is_word(self.line[self.at]) {
            self.at += 1;
        }
        (self.at > start).then_some(Word { start, end: self.at, in_code: self.in_code })
    }
}

/// Chinese, Japanese and Korean are written without spaces: two characters count as a word. Their first bytes are E3 to ED.
fn words_in(run: &[u8]) -> usize {
    (run.iter().filter(|byte| (0xe3..=0xed).contains(*byte)).count() / 2).max(1)
}

/// Which bytes make words: ASCII letters and digits, `_`, and everything that is not ASCII.
static WORD_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte >= 128 || (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

fn is_word(byte: u8) -> bool {
    WORD_BYTES[usize::from(byte)]
}

/// A path with a known ending, a path through a code folder, or a file known by its name.
fn file(line: &[u8], word: &Word) -> Option<String> {
    let (name, next) = (word.of(line), line.get(word.end).copied());
    let dotted = word.start > 1 && line[word.start - 1] == b'.' && is_word(line[word.start - 2]);
    let ending = dotted && next != Some(b'(') && words::EXTENSIONS.has(name);
    let in_folder = next == Some(b'/')
        && line.get(word.end + 1).is_some_and(|byte| is_word(*byte))
        && words::CODE_FOLDERS.has(name);
    let whole = name[0].is_ascii_uppercase() && words::FILE_NAMES.has(name);
    if !ending && !in_folder && !whole {
        return None;
    }
    let (start, token) = token(line, word);
    let mut parts = line[start..word.start].rsplit(|byte| b"./\\".contains(byte));
    let stem = parts.find(|part| !part.is_empty()).unwrap_or_default();
    let short = ending && name.len() == 1 && stem.len() < 2 && !b"chCH".contains(&name[0]);
    let product = ending && words::PRODUCTS.has(stem);
    let page = token.contains(&b':')
        && token.contains_str("://")
        && !token.contains_str("/blob/")
        && !token.contains_str("/src/branch/");
    (!short && !product && !page).then(|| shown(token))
}

/// What people write without blanks around a word (a path, a URL), and where it starts.
fn token<'l>(line: &'l [u8], word: &Word) -> (usize, &'l [u8]) {
    let part = |byte: &&u8| is_word(**byte) || b"./-+@:~\\".contains(byte);
    let start = word.start - line[..word.start].iter().rev().take(LONGEST_PATH).take_while(part).count();
    let end = word.end + line[word.end..].iter().take(LONGEST_PATH).take_while(part).count();
    let kept = line[start..end].iter().rposition(|byte| !b"./-:".contains(byte)).map_or(start, |at| start + at + 1);
    (start, &line[start..kept])
}

/// `name()`, `a::b`, `fn name`, `class Name`, `` the `name` function ``, `` `some_name` ``.
fn function(line: &[u8], word: &Word, before: Option<&Word>) -> Option<String> {
    let (name, rest) = (word.of(line), &line[word.end..]);
    if !name[0].is_ascii_alphabetic() && name[0] != b'_' {
        return None;
    }
    let qualified = rest.starts_with(b"::") && rest.get(2).is_some_and(|byte| is_word(*byte));
    if qualified {
        return Some(shown(token(line, word).1));
    }
    let called = rest.starts_with(b"()") || (word.in_code && rest.starts_with(b"("));
    if called || (word.in_code && looks_like_code(name)) {
        return Some(shown(name));
    }
    announced(line, word, before?)
}

/// A name next to the word that says what it is.
fn announced(line: &[u8], word: &Word, before: &Word) -> Option<String> {
    let (name, earlier) = (word.of(line), before.of(line));
    let side_by_side = || line[before.end..word.start].iter().all(|byte| b" `".contains(byte));
    let code = |word: &Word| word.in_code || looks_like_code(word.of(line));
    let follows =
        words::KEYWORDS.has(earlier) || (words::NOUNS.has(earlier) && (code(word) || name[0].is_ascii_uppercase()));
    if follows && side_by_side() {
        return Some(shown(name));
    }
    (words::NOUNS.has(name) && code(before) && side_by_side()).then(|| shown(earlier))
}

/// `snake_case`, `camelCase`, `PascalCase`: a shape that no word of prose has.
fn looks_like_code(name: &[u8]) -> bool {
    let inner = &name[1..];
    let mixed = || inner.iter().any(u8::is_ascii_uppercase) && name.iter().any(u8::is_ascii_lowercase);
    name[0].is_ascii_alphabetic() && (inner.contains(&b'_') || mixed())
}

fn is_test(line: &[u8], word: &Word, before: Option<&Word>) -> bool {
    let name = word.of(line);
    if words::is_test_word(name) {
        return true;
    }
    if !matches!(name, b"test" | b"tests" | b"Test" | b"Tests" | b"spec") {
        return false;
    }
    let qualified = name != b"spec" && before.is_some_and(|before| words::TEST_QUALIFIERS.has(before.of(line)));
    let dotted = word.start > 0 && line[word.start - 1] == b'.' && line.get(word.end) == Some(&b'.');
    qualified || dotted
}

/// The text of a `## heading`, of a `**bold line**`, or of a line that ends with a colon.
fn heading(trimmed: &[u8]) -> Option<&[u8]> {
    if trimmed[0] == b'#' {
        let text = &trimmed[trimmed.iter().take_while(|byte| **byte == b'#').count()..];
        return (!text.first().is_some_and(u8::is_ascii_digit)).then(|| text.trim_ascii());
    }
    if let Some(text) = trimmed.strip_prefix(b"**") {
        return text.strip_suffix(b":").unwrap_or(text).strip_suffix(b"**");
    }
    trimmed.strip_suffix(b":").filter(|text| text.len() < 60)
}

/// Whether a heading asks for what a report needs.
fn opens_section(heading: &[u8]) -> bool {
    let mut listed = heading.split(|byte| !is_word(*byte)).filter(|word| !word.is_empty());
    listed.next().is_some_and(|word| words::SECTIONS.has(word))
        || listed.any(|word| word.eq_ignore_ascii_case(b"reproduce"))
}

fn fence_mark(trimmed: &[u8]) -> Option<u8> {
    let mark = *trimmed.first()?;
    ((mark == b'`' || mark == b'~') && trimmed.len() > 2 && trimmed[1] == mark && trimmed[2] == mark).then_some(mark)
}

/// `- [ ] something` or `* [x] something`.
fn checklist_item(trimmed: &[u8]) -> bool {
    let item = trimmed.strip_prefix(b"- [").or_else(|| trimmed.strip_prefix(b"* ["));
    item.is_some_and(|item| item.len() > 3 && item[1] == b']' && b" xX".contains(&item[0]))
}

/// What follows one of the words, if one of them is next.
fn after_word<'l>(rest: &'l [u8], words: &[&str]) -> Option<&'l [u8]> {
    let rest = rest.trim_start_with(|c| c == ' ' || c == '-');
    words.iter().find_map(|word| {
        let head = rest.get(..word.len())?;
        let next = rest.get(word.len()).copied().unwrap_or(b' ');
        (head.eq_ignore_ascii_case(word.as_bytes()) && !is_word(next)).then(|| &rest[word.len()..])
    })
}

/// Numbers of a list such as `: #1, #2 and #3`; ends at the first thing that is not part of the list.
fn references<'l>(rest: &'l [u8], own: Option<&'l str>) -> impl Iterator<Item = IssueNumber> + 'l {
    let mut pieces = rest.fields().take(20);
    std::iter::from_fn(move || {
        loop {
            let piece = pieces.next()?.trim_with(|c| ":;,.()*_[]".contains(c));
            let digits = piece.strip_prefix(b"#").or_else(|| piece.strip_prefix(own?.as_bytes()));
            let number = digits.and_then(|digits| digits.to_str().ok()?.parse().ok()).and_then(IssueNumber::new);
            let glue = matches!(piece, b"" | b"and" | b"&" | b"or" | b"issue" | b"issues" | b"both" | b"on" | b"by");
            match number {
                Some(number) => return Some(number),
                None if glue => {}
                None => return None,
            }
        }
    })
}

/// What the URLs of the repository's issues begin with, out of the issue's own.
fn own_issues(url: &str) -> Option<&str> {
    let end = url.rfind('/')? + 1;
    url[..end].contains("://").then_some(&url[..end])
}

fn lower(bytes: &[u8]) -> String {
    bytes.to_str_lossy().to_ascii_lowercase()
}

/// At most 60 characters, without control characters.
fn shown(bytes: &[u8]) -> String {
    bytes.to_str_lossy().chars().filter(|c| !c.is_control()).take(60).collect()
}
