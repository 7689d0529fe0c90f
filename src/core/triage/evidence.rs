//! What an issue's text offers to work with: one linear pass over title and body, no regular expressions.
//!
//! Hidden text (HTML comments of issue templates) counts for nothing, an unfilled section is none, code blocks give
//! files and tests but no statements, quotes and code give no dependencies.

use bstr::ByteSlice;

use crate::core::issue::Issue;
use crate::core::names::IssueNumber;

use super::vocabulary::{self, Announces};

/// Bytes of a body that are looked at; the rest is a log that somebody pasted.
const MOST: usize = 64 * 1024;
/// Statements that are kept; more change no score.
const ENOUGH: usize = 3;
/// Bytes on each side of a word that are taken for one path; a bound, so that no line costs more than linear time.
const LONGEST_PATH: usize = 200;
/// Longest word that any list holds.
const LONGEST: usize = 20;

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
        let trimmed = line.trim_start();
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
        match self.comment || trimmed.contains_str("<!--") {
            true => {
                let visible = self.without_comments(line);
                self.prose(&visible);
            }
            false => self.prose(line),
        }
    }

    fn prose(&mut self, line: &[u8]) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return;
        }
        if let Some(heading) = heading(trimmed) {
            let first = heading.fields().next().unwrap_or_default();
            let word = lower(first.trim_with(|c| !c.is_alphanumeric()));
            let named = vocabulary::is_section(word.as_bytes()) || heading.to_lowercase().contains_str("reproduce");
            self.section = named.then(|| shown(heading));
        } else if checklist_item(trimmed) {
            self.state("- [ ]");
            self.fill_section(trimmed);
        } else {
            self.fill_section(trimmed);
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
        let mut words = Words { line, at: 0, in_code: place == Place::Code };
        let mut before: Option<Word> = None;
        while let Some(word) = words.next_word() {
            self.evidence.words = (self.evidence.words + 1).min(1000);
            self.evidence.code |= word.in_code;
            self.word(line, &word, before.as_ref(), place);
            before = Some(word);
        }
    }

    fn word(&mut self, line: &[u8], word: &Word, before: Option<&Word>, place: Place) {
        if self.evidence.file.is_none() {
            self.evidence.file = file(line, word);
        }
        if self.evidence.function.is_none() {
            self.evidence.function = function(line, word, before);
        }
        if self.evidence.test.is_none() && is_test(line, word, before) {
            self.evidence.test = Some(shown(word.of(line)));
        }
        if place == Place::Code {
            return;
        }
        let two_words = word.lower() == b"case" && before.is_some_and(|before| before.lower() == b"test");
        if two_words || vocabulary::is_statement(word.lower()) {
            self.state(if two_words { "test case" } else { word.text() });
        }
        if place == Place::Prose && !word.in_code {
            self.dependency(line, word, before);
        }
    }

    /// `blocked by` and `depends on` with what they list, but not `no longer blocked by`.
    fn dependency(&mut self, line: &[u8], word: &Word, before: Option<&Word>) {
        let rest = match word.lower() {
            b"blocked" => after_word(&line[word.end..], &["by", "on"]),
            b"depends" | b"dependent" => after_word(&line[word.end..], &["on", "upon"]),
            _ => return,
        };
        let struck = word.start > 1 && line[..word.start].ends_with(b"~~");
        let denied =
            before.is_some_and(|before| matches!(before.lower(), b"not" | b"longer" | b"never" | b"was" | b"t"));
        if let (Some(rest), false) = (rest, struck || denied) {
            self.evidence.depends_on.extend(references(rest, own_issues(&self.issue.url)));
        }
    }
}

/// A maximal run of letters, digits and `_`, with its lower case if any list could hold it.
struct Word {
    start: usize,
    end: usize,
    /// In backticks or a code block.
    in_code: bool,
    lower: [u8; LONGEST],
    length: usize,
}

impl Word {
    fn of<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        &line[self.start..self.end]
    }

    /// Empty for a word longer than any list holds.
    fn lower(&self) -> &[u8] {
        &self.lower[..self.length]
    }

    fn text(&self) -> &str {
        self.lower().to_str().unwrap_or_default()
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
        self.at += self.line[start..].iter().take_while(|byte| is_word(**byte)).count();
        let mut word = Word { start, end: self.at, in_code: self.in_code, lower: [0; LONGEST], length: 0 };
        let bytes = word.end - start;
        if bytes <= LONGEST {
            word.length = bytes;
            word.lower[..bytes].copy_from_slice(&self.line[start..word.end]);
            word.lower[..bytes].make_ascii_lowercase();
        }
        (bytes > 0).then_some(word)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// A path with a known ending, a path through a code folder, or a file known by its name.
fn file(line: &[u8], word: &Word) -> Option<String> {
    let next = line.get(word.end).copied();
    let dotted = word.start > 1 && line[word.start - 1] == b'.' && is_word(line[word.start - 2]);
    let ending = dotted && vocabulary::is_extension(word.lower()) && next != Some(b'(');
    let in_folder = next == Some(b'/')
        && vocabulary::is_code_folder(word.lower())
        && line.get(word.end + 1).is_some_and(|byte| is_word(*byte));
    let whole = vocabulary::is_whole_file_name(word.lower()) && line[word.start].is_ascii_uppercase();
    if !ending && !in_folder && !whole {
        return None;
    }
    let (start, token) = token(line, word);
    let stem =
        line[start..word.start].rsplit(|byte| b"./\\".contains(byte)).find(|part| !part.is_empty()).unwrap_or_default();
    let short = ending && word.length == 1 && stem.len() < 2 && !matches!(word.lower(), b"c" | b"h");
    let product = ending && vocabulary::is_product(lower(stem).as_bytes());
    let page = token.contains_str("://") && !token.contains_str("/blob/") && !token.contains_str("/src/branch/");
    (!short && !product && !page).then(|| shown(token))
}

/// What people write without blanks around a word (a path, a URL), and where it starts.
fn token<'l>(line: &'l [u8], word: &Word) -> (usize, &'l [u8]) {
    let part = |byte: &&u8| is_word(**byte) || b"./-+@:~\\".contains(byte);
    let start = word.start - line[..word.start].iter().rev().take(LONGEST_PATH).take_while(part).count();
    let end = word.end + line[word.end..].iter().take(LONGEST_PATH).take_while(part).count();
    (start, line[start..end].trim_end_with(|c| "./-:".contains(c)))
}

/// `name()`, `a::b`, `fn name`, `class Name`, `` the `name` function ``, `` `some_name` ``.
fn function(line: &[u8], word: &Word, before: Option<&Word>) -> Option<String> {
    let name = word.of(line);
    if !name[0].is_ascii_alphabetic() && name[0] != b'_' {
        return None;
    }
    let rest = &line[word.end..];
    let called = rest.starts_with(b"()") || (word.in_code && rest.starts_with(b"("));
    let qualified = rest.starts_with(b"::") && rest.get(2).is_some_and(|byte| is_word(*byte));
    if called || qualified || (word.in_code && looks_like_code(name)) {
        return Some(shown(if qualified { token(line, word).1 } else { name }));
    }
    let before = before.filter(|before| line[before.end..word.start].iter().all(|byte| b" `".contains(byte)))?;
    let announced = match vocabulary::announces(before.lower()) {
        Announces::AnyName => true,
        Announces::CodeLike => looks_like_code(name) || word.in_code || name[0].is_ascii_uppercase(),
        Announces::Nothing => false,
    };
    if announced {
        return Some(shown(name));
    }
    let naming = vocabulary::announces(word.lower()) == Announces::CodeLike;
    let earlier = before.of(line);
    (naming && (looks_like_code(earlier) || before.in_code)).then(|| shown(earlier))
}

/// `snake_case`, `camelCase`, `PascalCase`: a shape that no word of prose has.
fn looks_like_code(name: &[u8]) -> bool {
    let inner = &name[1..];
    let mixed = || inner.iter().any(u8::is_ascii_uppercase) && name.iter().any(u8::is_ascii_lowercase);
    name[0].is_ascii_alphabetic() && (inner.contains(&b'_') || mixed())
}

fn is_test(line: &[u8], word: &Word, before: Option<&Word>) -> bool {
    let lower = word.lower();
    let qualified = || before.is_some_and(|before| vocabulary::qualifies_test(before.lower()));
    let dotted = || word.start > 0 && line[word.start - 1] == b'.' && line.get(word.end) == Some(&b'.');
    match lower {
        b"test" | b"tests" => qualified() || dotted(),
        b"spec" => dotted(),
        _ => vocabulary::is_test_word(lower),
    }
}

/// The text of a `## heading`, of a `**bold line**`, or of a line that ends with a colon.
fn heading(trimmed: &[u8]) -> Option<&[u8]> {
    let text = trimmed.trim_start_with(|c| c == '#');
    if text.len() < trimmed.len() {
        let number = text.first().is_some_and(u8::is_ascii_digit);
        return (!number).then(|| text.trim());
    }
    let bold = trimmed.strip_prefix(b"**").and_then(|text| text.trim_end_with(|c| c == ':').strip_suffix(b"**"));
    bold.or_else(|| trimmed.strip_suffix(b":").filter(|text| text.len() < 60))
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
    let rest = rest.trim_start_with(|c| c == ' ' || c == '-' || c == '_');
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
