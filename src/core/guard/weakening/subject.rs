//! What a test is about: the names and literals in its statements, and those of them that its assertions reach.
//!
//! Names of the language, of frameworks and of its own variables say nothing of a subject, nor do comments. What a text
//! contains is a literal, so that a name in it is no use of that name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::assertions::{Manner, Strength, assertion, body_in_line};
use super::cases::Case;
use super::{bare, indent, pattern};

/// A name, a number or the content of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Word<'a> {
    Name(&'a str),
    Text(&'a str),
}

impl Word<'_> {
    /// Whether it is the name of something, neither a number nor a text.
    pub(super) fn is_name(self) -> bool {
        matches!(self, Self::Name(name) if !name.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// Whether it is a number of one or two digits.
    pub(super) fn is_small_number(self) -> bool {
        matches!(self, Self::Name(name) if name.len() <= 2 && name.starts_with(|c: char| c.is_ascii_digit()))
    }
}

/// The words of a test.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Subject<'a> {
    pub(super) words: BTreeSet<Word<'a>>,
    /// Those in its assertions, and in the lines that name a variable that an assertion depends on.
    pub(super) asserted: BTreeSet<Word<'a>>,
}

/// A statement or a part of one.
struct Line<'a> {
    words: Vec<Word<'a>>,
    /// Variables of the test that it names.
    own: Vec<&'a str>,
}

/// So many letters of a line are read: an odd one takes the square of its length in time.
const LONGEST: usize = 2000;

/// Words that are in tests of anything.
const COMMON: [&str; 73] = [
    "self",
    "this",
    "cls",
    "def",
    "func",
    "function",
    "class",
    "async",
    "await",
    "return",
    "let",
    "const",
    "var",
    "mut",
    "new",
    "public",
    "private",
    "static",
    "final",
    "int",
    "string",
    "String",
    "bool",
    "boolean",
    "float",
    "double",
    "auto",
    "char",
    "else",
    "for",
    "while",
    "try",
    "catch",
    "except",
    "finally",
    "with",
    "import",
    "from",
    "raise",
    "throw",
    "throws",
    "not",
    "and",
    "None",
    "null",
    "nil",
    "nullptr",
    "NULL",
    "True",
    "False",
    "true",
    "false",
    "undefined",
    "end",
    "then",
    "have",
    "Some",
    "unwrap",
    "pub",
    "use",
    "mod",
    "struct",
    "lambda",
    "yield",
    "pass",
    "void",
    "describe",
    "Fact",
    "Override",
    "len",
    "str",
    "pytest",
    "unittest",
];

impl<'a> Subject<'a> {
    /// Reads the lines of a test that count; all of them tell what its assertions reach.
    pub(super) fn new(text: &[&'a str], case: &Case, manner: Manner, counts: impl Fn(usize) -> bool) -> Self {
        let in_line = |index: usize| body_in_line(text[index].trim());
        let is_body = |index: &usize| *index != case.line || case.lines.len() == 1 || in_line(*index).is_some();
        let body: Vec<usize> = case.lines.clone().filter(is_body).collect();
        let said = |index: &usize| in_line(*index).unwrap_or(text[*index]);
        let own = variables(body.iter().map(said));
        let lines = read(body.iter().map(said), &own);
        // What people are told when a test fails is no subject.
        let tells = |index: usize| assertion(text[index], manner).is_some_and(|found| found.is_failure());
        let reached = reached(text, &body, &lines, manner);
        let mut subject = Self::default();
        for (place, line) in lines.iter().enumerate().filter(|(place, _)| counts(body[*place]) && !tells(body[*place]))
        {
            subject.words.extend(&line.words);
            if reached.contains(&place) {
                subject.asserted.extend(&line.words);
            }
        }
        subject
    }
}

/// Names that a test gives to values.
fn variables<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^\s*(?:(?:let|const|var|auto|val|final|my)\s+(?:mut\s+)?|[\w<>\[\],:&*]+\s+)?(\w+)(?:\s*,\s*(\w+))?(?:\s*:\s*[\w<>\[\], &]+)?\s*:?=(?:[^=~>]|$)|\bfor\s+\(?(?:const\s+|let\s+|var\s+|auto\s+)?(\w+)|\bas\s+(\w+)\s*:\s*$|\bif\s+(?:let\s+)?(\w+)(?:\s*,\s*(\w+))?\s*:?=[^=]",
        )
    });
    let found = lines.flat_map(|line| GIVEN.captures_iter(beginning(line)));
    found.flat_map(|found| found.iter().skip(1).flatten().map(|name| name.as_str()).collect::<Vec<_>>()).collect()
}

/// What lines that follow each other say, without comments.
fn read<'a>(lines: impl Iterator<Item = &'a str>, own: &BTreeSet<&'a str>) -> Vec<Line<'a>> {
    let mut within: Option<&str> = None;
    let read_one = |line: &'a str| {
        let trimmed = line.trim();
        let was = within;
        for mark in ["\"\"\"", "'''"] {
            if within.is_none_or(|within| within == mark) && line.matches(mark).count() % 2 == 1 {
                within = if within.is_some() { None } else { Some(mark) };
            }
        }
        match was {
            None if within.is_none() && trimmed.starts_with("/*") && !trimmed.contains("*/") => {
                within = Some("*/");
                Line { words: Vec::new(), own: Vec::new() }
            }
            None => statement(line, own),
            Some("*/") => {
                within = was.filter(|_| !trimmed.contains("*/"));
                Line { words: Vec::new(), own: Vec::new() }
            }
            Some(_) => Line { words: vec![Word::Text(trimmed)], own: Vec::new() },
        }
    };
    lines.map(read_one).collect()
}

fn beginning(line: &str) -> &str {
    line.char_indices().nth(LONGEST).map_or(line, |(end, _)| &line[..end])
}

/// The words of one line of code.
fn statement<'a>(line: &'a str, own: &BTreeSet<&'a str>) -> Line<'a> {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"//.*|(?:^|\s)#[^\[!].*|/\*.*?\*/|^\s*(?:\*|--).*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\d[\w.]*|[A-Za-z_$]\w*"#,
        )
    });
    static FRAMEWORK: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?:assert|expect|should|must|require|check|refute|verify|(?i:test)|toBe|toEqual|EXPECT|ASSERT|CHECK|REQUIRE|[eE]quals?$)",
        )
    });
    let mut said = Line { words: Vec::new(), own: Vec::new() };
    for token in TOKEN.find_iter(beginning(line)).map(|token| token.as_str()) {
        if token.starts_with(['"', '\'', '`']) {
            said.words.extend(Some(bare(token)).filter(|text| !text.is_empty()).map(Word::Text));
        } else if token.starts_with(|c: char| c.is_ascii_digit()) {
            said.words.push(Word::Name(token));
        } else if own.contains(token) {
            said.own.push(token);
        } else if token.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$') {
            let says = token.len() > 2 && !COMMON.contains(&token) && !FRAMEWORK.is_match(token);
            said.words.extend(says.then_some(Word::Name(token)));
        }
    }
    said
}

/// The lines that assert something, what belongs to them, and all lines that name a variable that one of these names;
/// all lines where none is seen to assert, as when a function does it.
fn reached(text: &[&str], body: &[usize], lines: &[Line<'_>], manner: Manner) -> BTreeSet<usize> {
    let demands = |line: &str| {
        assertion(line, manner).is_some_and(|found| found.strength != Strength::Trivial && !found.is_failure())
    };
    let mut open: BTreeSet<usize> = (0..body.len()).filter(|place| demands(text[body[*place]])).collect();
    if open.is_empty() {
        return (0..body.len()).collect();
    }
    let mut naming: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, line) in lines.iter().enumerate() {
        line.own.iter().for_each(|name| naming.entry(name).or_default().push(place));
    }
    let mut reached = BTreeSet::new();
    while let Some(first) = open.pop_first() {
        if reached.contains(&first) {
            continue;
        }
        let together = first..end(text, body, first);
        let own = lines[together.clone()].iter().flat_map(|line| &line.own);
        open.extend(own.filter_map(|name| naming.remove(name)).flatten());
        reached.extend(together);
    }
    reached
}

/// Where the lines end that belong to one: those behind it that stand deeper or close it.
fn end(text: &[&str], body: &[usize], first: usize) -> usize {
    let own = indent(text[body[first]]);
    let belongs = |index: &&usize| {
        let line = text[**index];
        line.trim().is_empty() || indent(line) > own || line.trim_start().starts_with([')', ']', '}', '.'])
    };
    first + 1 + body[first + 1..].iter().take_while(belongs).count()
}
