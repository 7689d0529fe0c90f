//! Definitions by light patterns: what a line of source introduces (class, function, constant), its name and how deep it stands.
//!
//! One line at a time, no parsing: modifiers are skipped, then the first word decides (`KEYWORDS`), else a rule of the
//! language's family looks for a function without keyword (`int main(`, `name = (a) =>`, `name <- function`). A wrong
//! guess costs a little rank, never more, so the patterns prefer short and fast over complete.

use std::ops::Range;

use super::language::Language;
use super::words::is_word_byte;

/// What kind of thing is defined; the order is how strongly it ties a name to its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A method, or a function inside something.
    Member = 1,
    /// A constant, variable or alias at the top level.
    Value = 2,
    /// A function at the top level.
    Function = 3,
    /// A class, struct, enum, trait, interface, module.
    Type = 4,
    /// Belongs to a type that is defined elsewhere (`impl X`, `extension X`); encloses, but does not define.
    Block = 0,
}

impl Kind {
    /// The kind with this number, as the index stores it.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Block, Self::Member, Self::Value, Self::Function, Self::Type]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }
}

/// One definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Byte range of the name in the text.
    pub name: Range<usize>,
    pub kind: Kind,
    /// From 0.
    pub line: usize,
    /// Columns before the first character, a tab counting four.
    pub indent: usize,
}

/// All definitions of a text, in order.
pub fn scan(language: Language, text: &[u8]) -> Vec<Definition> {
    let mut found = Vec::new();
    if language == Language::Other {
        return found;
    }
    let mut start = 0;
    for (number, end) in memchr::memchr_iter(b'\n', text).chain([text.len()]).enumerate() {
        if let Some((name, kind, indent)) = definition_in(language, &text[start..end]) {
            found.push(Definition { name: start + name.start..start + name.end, kind, line: number, indent });
        }
        start = end + 1;
    }
    found
}

/// Columns before the text, and where the text starts.
pub fn indent_of(line: &[u8]) -> (usize, usize) {
    let mut columns = 0;
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4,
            _text => return (columns, at),
        }
    }
    (columns, line.len())
}

fn definition_in(language: Language, line: &[u8]) -> Option<(Range<usize>, Kind, usize)> {
    let (indent, start) = indent_of(line);
    let first = *line.get(start)?;
    if line.len() > 400 || !(first.is_ascii_alphabetic() || b"_(@\"$~#".contains(&first)) {
        return None;
    }
    if first == b'#' && !matches!(language, Language::C | Language::Cpp) {
        return None;
    }
    let (name, kind) = by_keyword(language, line, start).or_else(|| by_family(language, line, start, indent))?;
    let kind = if kind == Kind::Function && indent > 0 { Kind::Member } else { kind };
    if kind == Kind::Value && indent > 0 {
        return None;
    }
    Some((name, kind, indent))
}

/// Words before the one that decides, sorted: every line of every file is looked up here.
const MODIFIERS: &[&str] = &[
    "@objc",
    "CREATE",
    "OR",
    "REPLACE",
    "abstract",
    "actual",
    "async",
    "case",
    "const",
    "convenience",
    "crate",
    "create",
    "data",
    "declare",
    "default",
    "expect",
    "export",
    "extern",
    "external",
    "factory",
    "file",
    "fileprivate",
    "final",
    "implicit",
    "indirect",
    "infix",
    "inline",
    "inner",
    "internal",
    "lateinit",
    "lazy",
    "local",
    "mutating",
    "native",
    "new",
    "nonisolated",
    "open",
    "operator",
    "or",
    "override",
    "partial",
    "private",
    "protected",
    "pub",
    "public",
    "readonly",
    "replace",
    "required",
    "sealed",
    "static",
    "suspend",
    "synchronized",
    "tailrec",
    "transparent",
    "typedef",
    "unsafe",
    "value",
    "virtual",
];

/// Every word of [`keyword`].
const KEYWORDS: &[&str] = &[
    "FUNCTION",
    "PROCEDURE",
    "TABLE",
    "TRIGGER",
    "VIEW",
    "actor",
    "annotation",
    "class",
    "def",
    "defimpl",
    "defmacro",
    "defmodule",
    "defp",
    "defprotocol",
    "enum",
    "extension",
    "fn",
    "fun",
    "func",
    "function",
    "function*",
    "impl",
    "init",
    "instance",
    "interface",
    "let",
    "macro",
    "macro_rules",
    "mixin",
    "module",
    "my",
    "namespace",
    "newtype",
    "object",
    "our",
    "package",
    "procedure",
    "protocol",
    "record",
    "struct",
    "sub",
    "table",
    "trait",
    "type",
    "union",
    "val",
    "var",
    "view",
];

/// For each first byte, a bit for each length of a keyword or modifier that starts with it: most lines start with a word
/// that is neither, and need no comparison.
const SHAPES: [u32; 256] = {
    let mut shapes = [0; 256];
    let mut list = 0;
    while list < 2 {
        let words = if list == 0 { KEYWORDS } else { MODIFIERS };
        let mut at = 0;
        while at < words.len() {
            let word = words[at].as_bytes();
            shapes[word[0] as usize] |= 1 << word.len();
            at += 1;
        }
        list += 1;
    }
    shapes
};

/// Whether a word can be a keyword or modifier, by its first byte and length.
fn has_shape(word: &[u8]) -> bool {
    word.len() < 32 && SHAPES[usize::from(word[0])] >> word.len() & 1 == 1
}

/// Keyword, kind, and for which languages (empty: all that use the word so).
fn keyword(language: Language, word: &[u8]) -> Option<Kind> {
    use Language as L;
    let kind = match word {
        b"class" | b"struct" | b"enum" | b"interface" | b"trait" | b"union" | b"record" | b"protocol" | b"actor" => {
            Kind::Type
        }
        b"namespace" | b"module" | b"object" | b"mixin" | b"defmodule" | b"defprotocol" | b"newtype" | b"package"
        | b"annotation" => Kind::Type,
        b"type" if language != L::Python => Kind::Type,
        b"impl" | b"extension" | b"instance" | b"defimpl" => Kind::Block,
        b"def" | b"fn" | b"func" | b"function" | b"fun" | b"sub" | b"macro" | b"defp" | b"defmacro" | b"function*"
        | b"macro_rules" | b"init" | b"procedure" | b"PROCEDURE" | b"FUNCTION" | b"TRIGGER" => Kind::Function,
        b"TABLE" | b"VIEW" | b"table" | b"view" if language == L::Sql => Kind::Type,
        b"let" | b"var" | b"val" | b"my" | b"our" => Kind::Value,
        _word => return None,
    };
    let fits = match word {
        b"package" => matches!(language, L::Perl),
        b"module" => matches!(language, L::Ruby | L::Julia | L::TypeScript | L::JavaScript),
        b"object" => matches!(language, L::Scala | L::Kotlin),
        b"init" => matches!(language, L::Swift),
        b"sub" => matches!(language, L::Perl),
        b"record" => matches!(language, L::Java | L::CSharp),
        b"annotation" => matches!(language, L::Java | L::Kotlin),
        b"macro" => matches!(language, L::Julia),
        b"instance" => matches!(language, L::Haskell),
        b"let" | b"var" => matches!(language, L::JavaScript | L::TypeScript | L::Swift | L::Go),
        b"val" => matches!(language, L::Scala | L::Kotlin),
        b"my" | b"our" => matches!(language, L::Perl),
        b"fun" => matches!(language, L::Kotlin),
        b"func" => matches!(language, L::Go | L::Swift),
        b"fn" => matches!(language, L::Rust | L::Zig),
        _word => true,
    };
    fits.then_some(kind)
}

fn by_keyword(language: Language, line: &[u8], start: usize) -> Option<(Range<usize>, Kind)> {
    let mut at = start;
    let mut constant = false;
    for _ in 0..8 {
        let word = word_at(line, at)?;
        let text = &line[word.clone()];
        if !has_shape(text) {
            break;
        }
        if let Some(kind) = keyword(language, text) {
            return name_after(language, line, word.end, text).map(|name| (name, kind));
        }
        if MODIFIERS.binary_search_by(|modifier| modifier.as_bytes().cmp(text)).is_err() {
            break;
        }
        constant |= matches!(text, b"const" | b"static");
        at = skip_spaces(line, skip_group(line, word.end));
        if line.get(at) == Some(&b'"') {
            at = skip_spaces(line, line[at + 1..].iter().position(|byte| *byte == b'"')? + at + 2);
        }
    }
    let named = matches!(
        language,
        Language::Rust | Language::Go | Language::JavaScript | Language::TypeScript | Language::Php | Language::Zig
    );
    (constant && named).then(|| word_at(line, at)).flatten().map(|name| (name, arrow_or_value(line)))
}

/// `const f = (a) => ..` and `const f = function` are functions, other constants values.
fn arrow_or_value(line: &[u8]) -> Kind {
    let has = |needle: &[u8]| line.windows(needle.len()).any(|window| window == needle);
    if has(b"=>") || has(b"= function") || has(b"= async") { Kind::Function } else { Kind::Value }
}

fn skip_spaces(line: &[u8], at: usize) -> usize {
    at + line[at.min(line.len())..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Past `(..)` or `<..>` that follows at once: `pub(crate)`, `impl<T>`.
fn skip_group(line: &[u8], at: usize) -> usize {
    let close = match line.get(at) {
        Some(b'(') => b')',
        Some(b'<') => b'>',
        _other => return at,
    };
    let mut depth = 0;
    for (offset, byte) in line[at..].iter().enumerate() {
        if *byte == line[at] {
            depth += 1;
        } else if *byte == close {
            depth -= 1;
            if depth == 0 {
                return at + offset + 1;
            }
        }
    }
    at
}

fn word_at(line: &[u8], at: usize) -> Option<Range<usize>> {
    let at = if line.get(at) == Some(&b'@') { at + 1 } else { at };
    let length = line.get(at..)?.iter().take_while(|byte| is_word_byte(**byte) || **byte == b'$').count();
    (length > 0 && !line[at].is_ascii_digit()).then_some(at..at + length)
}

/// The name that a keyword introduces: receivers, type parameters and qualifiers before it are skipped.
fn name_after(language: Language, line: &[u8], at: usize, keyword: &[u8]) -> Option<Range<usize>> {
    let mut at = skip_spaces(line, skip_group(line, at));
    if keyword == b"init" {
        return None;
    }
    if matches!(line.get(at), Some(b'*' | b'!' | b'&')) {
        at = skip_spaces(line, at + 1);
    }
    if matches!(line.get(at), Some(b'(' | b'<')) {
        at = skip_spaces(line, skip_group(line, at));
    }
    let mut name = word_at(line, at)?;
    if keyword == b"enum" && matches!(&line[name.clone()], b"class" | b"struct") {
        name = word_at(line, skip_spaces(line, name.end))?;
    }
    if keyword == b"TABLE" || keyword == b"table" {
        name = last_of(line, name);
    }
    if keyword == b"impl" {
        name = implemented(line, name);
    }
    let qualified = matches!(
        language,
        Language::Ruby | Language::Lua | Language::Elixir | Language::Kotlin | Language::Julia | Language::Cpp
    );
    let name = if qualified { last_of(line, name) } else { name };
    let follows = line.get(skip_spaces(line, name.end)).copied();
    // `class` in prose, `type(x)`, `struct foo *bar;` and the like are no definitions.
    match keyword {
        b"struct" | b"enum" | b"union" if matches!(language, Language::C | Language::Cpp) => {
            matches!(follows, None | Some(b'{' | b':' | b'\r')).then_some(name)
        }
        b"type" => (!matches!(follows, Some(b',' | b')' | b'.'))).then_some(name),
        _keyword => Some(name),
    }
}

/// `impl Trait for Type` belongs to `Type`.
fn implemented(line: &[u8], first: Range<usize>) -> Range<usize> {
    let rest = &line[first.end..];
    let target = rest.windows(5).position(|window| window == b" for ").and_then(|at| word_at(line, first.end + at + 5));
    last_of(line, target.unwrap_or(first))
}

/// The last component of `a.b`, `a::b`, `a:b`.
fn last_of(line: &[u8], mut name: Range<usize>) -> Range<usize> {
    while matches!(line.get(name.end), Some(b'.' | b':')) {
        let next = name.end + line[name.end..].iter().take_while(|byte| matches!(byte, b'.' | b':')).count();
        match word_at(line, next) {
            Some(word) => name = word,
            None => break,
        }
    }
    name
}

/// Functions and values without a keyword.
fn by_family(language: Language, line: &[u8], start: usize, indent: usize) -> Option<(Range<usize>, Kind)> {
    use Language as L;
    match language {
        L::C | L::Cpp | L::Java | L::CSharp | L::Dart => {
            preprocessor(line, start).or_else(|| c_function(language, line, start, indent))
        }
        L::JavaScript | L::TypeScript => script_method(line, start, indent),
        L::Python | L::Ruby | L::R | L::Lua | L::Julia => assignment(line, start, indent),
        L::Shell => shell_function(line, start),
        L::Haskell => signature(line, start),
        L::Php
        | L::Go
        | L::Rust
        | L::Kotlin
        | L::Swift
        | L::Scala
        | L::Perl
        | L::Elixir
        | L::Zig
        | L::Sql
        | L::Other => None,
    }
}

/// `#define NAME`.
fn preprocessor(line: &[u8], start: usize) -> Option<(Range<usize>, Kind)> {
    let rest = line[start..].strip_prefix(b"#")?;
    let word = skip_spaces(line, line.len() - rest.len());
    line[word..]
        .starts_with(b"define")
        .then(|| word_at(line, skip_spaces(line, word + 6)))
        .flatten()
        .map(|name| (name, Kind::Value))
}

/// Words that stand before `(` without being a function's name.
const CONTROL: &[&str] = &[
    "if", "for", "while", "switch", "return", "catch", "else", "do", "sizeof", "new", "throw", "case", "using", "lock",
    "foreach", "await", "assert", "delete", "yield", "when", "goto", "typeof", "super", "this", "base", "elif", "with",
    "defined",
];

/// `type name(args) {`: two words or more, no statement, no call.
fn c_function(language: Language, line: &[u8], start: usize, indent: usize) -> Option<(Range<usize>, Kind)> {
    let deepest = if language == Language::C { 0 } else { 8 };
    let trimmed = line.trim_ascii_end();
    let open = trimmed.iter().position(|byte| *byte == b'(')?;
    let statement = trimmed.ends_with(b";") || trimmed[..open].contains(&b'=') || trimmed[..open].contains(&b'"');
    if indent > deepest || statement || open <= start {
        return None;
    }
    let before = trimmed[..open].trim_ascii_end();
    let length = before.iter().rev().take_while(|byte| is_word_byte(**byte)).count();
    let name = before.len() - length..before.len();
    let first = word_at(line, start)?;
    let control = |word: &[u8]| CONTROL.iter().any(|one| one.as_bytes() == word);
    let constructor = first == name && language != Language::C && trimmed.ends_with(b"{");
    let typed = name.start > first.end || constructor;
    (length > 1 && typed && !control(&line[first]) && !control(&line[name.clone()])).then_some((name, Kind::Function))
}

/// `name(args) {` inside a class, `name: function`, `a.b = function`.
fn script_method(line: &[u8], start: usize, indent: usize) -> Option<(Range<usize>, Kind)> {
    let trimmed = line.trim_ascii_end();
    let name = last_of(line, word_at(line, start)?);
    let rest = line[name.end..].trim_ascii_start();
    let control = CONTROL.iter().any(|one| one.as_bytes() == &line[name.clone()]);
    let function = rest.starts_with(b"= function") || rest.starts_with(b": function") || rest.starts_with(b"= async");
    let method = indent > 0 && rest.starts_with(b"(") && trimmed.ends_with(b"{") && !line[..name.start].contains(&b'.');
    let arrow = (rest.starts_with(b"= (") || rest.starts_with(b": (")) && trimmed.ends_with(b"=> {");
    ((function || method || arrow) && !control).then_some((name, Kind::Function))
}

/// `NAME = ..` at the top level; `name <- function` and `M.name = function` are functions.
fn assignment(line: &[u8], start: usize, indent: usize) -> Option<(Range<usize>, Kind)> {
    let name = word_at(line, start)?;
    let last = last_of(line, name.clone());
    let rest = line[last.end..].trim_ascii_start();
    let value =
        rest.strip_prefix(b"<-").or_else(|| rest.strip_prefix(b"=").filter(|after| after.first() != Some(&b'=')));
    let annotated = rest.first() == Some(&b':') && rest.contains(&b'=') && last == name;
    let function = value.is_some_and(|value| value.trim_ascii_start().starts_with(b"function"));
    if function {
        return Some((last, Kind::Function));
    }
    (indent == 0 && last == name && (value.is_some() || annotated)).then_some((name, Kind::Value))
}

/// `name() {`.
fn shell_function(line: &[u8], start: usize) -> Option<(Range<usize>, Kind)> {
    let length = line[start..].iter().take_while(|byte| is_word_byte(**byte) || b"-:.".contains(byte)).count();
    let name = start..start + length;
    (length > 0 && line[name.end..].trim_ascii_start().starts_with(b"()")).then_some((name, Kind::Function))
}

/// `name :: Type`.
fn signature(line: &[u8], start: usize) -> Option<(Range<usize>, Kind)> {
    let name = word_at(line, start)?;
    line[name.end..].trim_ascii_start().starts_with(b"::").then_some((name, Kind::Function))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(language: Language, text: &str) -> Vec<String> {
        let show = |definition: &Definition| format!("{:?} {}", definition.kind, &text[definition.name.clone()]);
        scan(language, text.as_bytes()).iter().map(show).collect()
    }

    #[test]
    fn every_language_names_its_definitions() {
        use Language as L;
        let table: &[(L, &str, &[&str])] = &[
            (
                L::Python,
                "class A(B):\n    async def run(self):\nLIMIT: int = 3\ndef top():\n    x = 1",
                &["Type A", "Member run", "Value LIMIT", "Function top"],
            ),
            (
                L::Rust,
                "pub(crate) struct A<T>;\nimpl<T> Display for A<T> {\n    pub const fn new() {}\n}\nmacro_rules! check {\nstatic MAX: u8 = 1;",
                &["Type A", "Block A", "Member new", "Function check", "Value MAX"],
            ),
            (
                L::Go,
                "type Repo struct {\nfunc (r *Repo) Open(x int) error {\nfunc main() {\nvar ErrX = 1",
                &["Type Repo", "Function Open", "Function main", "Value ErrX"],
            ),
            (
                L::Java,
                "public final class A {\n  @Override\n  public static <T> List<T> of(T a) {\n    if (a) {\n    foo(a);\n  A(int x) {",
                &["Type A", "Member of"],
            ),
            (
                L::C,
                "static int parse_line(char *s)\n{\n\tif (x) {\nstruct node {\n#define LIMIT 3\nint x = f(3);",
                &["Function parse_line", "Type node", "Value LIMIT"],
            ),
            (
                L::Cpp,
                "namespace fmt {\ntemplate <typename T>\nvoid Buffer::grow(size_t n) {\nenum class color {",
                &["Type fmt", "Function grow", "Type color"],
            ),
            (
                L::CSharp,
                "namespace A.B\npublic class JsonReader : X\n    protected override Task<int> ReadAsync(Token t)\n    return Read(t);",
                &["Type A", "Type JsonReader", "Member ReadAsync"],
            ),
            (
                L::JavaScript,
                "export default class A {\n  render() {\n    if (x) {\nconst useX = (a) => {\nexports.run = function (x) {\nfunction* gen() {",
                &["Type A", "Member render", "Function useX", "Function run", "Function gen"],
            ),
            (
                L::TypeScript,
                "export interface Props<T> {\nexport type X = A | B\nexport async function load() {",
                &["Type Props", "Type X", "Function load"],
            ),
            (
                L::Php,
                "abstract class A\n    public static function make(array $x)\n    const LIMIT = 3;",
                &["Type A", "Member make"],
            ),
            (
                L::Ruby,
                "module Deliver\n  class Runner\n    def self.start(x)\nLIMIT = 3",
                &["Type Deliver", "Type Runner", "Member start", "Value LIMIT"],
            ),
            (
                L::Kotlin,
                "data class A(val x: Int)\nfun String.shout(): String {\nobject Cache {",
                &["Type A", "Function shout", "Type Cache"],
            ),
            (
                L::Swift,
                "public extension View {\n    func frame(x: Int) -> X {\nprotocol P {",
                &["Block View", "Member frame", "Type P"],
            ),
            (
                L::Scala,
                "sealed trait T\ncase class A(x: Int)\n  def go(x: Int) = 1\nobject O {",
                &["Type T", "Type A", "Member go", "Type O"],
            ),
            (L::Dart, "class A extends B {\n  Widget build(BuildContext c) {", &["Type A", "Member build"]),
            (
                L::Lua,
                "local function f(x)\nfunction M.util:go()\nM.run = function()",
                &["Function f", "Function go", "Function run"],
            ),
            (L::Perl, "package A::B;\nsub new {", &["Type A", "Function new"]),
            (L::Shell, "build_all() {\nfunction clean {\necho x", &["Function build_all", "Function clean"]),
            (L::R, "fit.model <- function(x) {\nlimit <- 3", &["Function model", "Value limit"]),
            (
                L::Julia,
                "module Foo\nfunction bar(x)\nstruct Baz\nmacro go(x)",
                &["Type Foo", "Function bar", "Type Baz", "Function go"],
            ),
            (
                L::Elixir,
                "defmodule A.Parser do\n  def parse(x) do\n  defp help(x), do: x",
                &["Type Parser", "Member parse", "Member help"],
            ),
            (
                L::Haskell,
                "module Main where\ndata Tree a = Leaf\nparse :: String -> Int\nclass Show a where",
                &["Function parse", "Type Show"],
            ),
            (L::Zig, "pub fn main() !void {\nconst Node = struct {", &["Function main", "Value Node"]),
            (
                L::Sql,
                "CREATE TABLE app.users (\nCREATE OR REPLACE FUNCTION touch() RETURNS",
                &["Type users", "Function touch"],
            ),
        ];
        let wrong: Vec<_> =
            table.iter().filter(|(language, text, expected)| found(*language, text) != *expected).collect();
        let shown: Vec<_> = wrong.iter().map(|(language, text, _)| (language, found(*language, text))).collect();
        assert!(wrong.is_empty(), "{wrong:#?}\nfound {shown:#?}");
    }

    #[test]
    fn modifiers_are_sorted_for_the_search() {
        assert!(MODIFIERS.is_sorted());
    }

    #[test]
    fn every_keyword_has_its_shape() {
        let source = include_str!("definitions.rs");
        let body = &source[source.find("fn keyword(").unwrap()..source.find("fn by_keyword(").unwrap()];
        let written = regex::Regex::new("b\"([^\"]+)\"").unwrap();
        let words: Vec<&str> = written.captures_iter(body).map(|found| found.get(1).unwrap().as_str()).collect();
        assert!(words.len() > KEYWORDS.len());
        assert!(words.iter().all(|word| KEYWORDS.contains(word)), "{words:?}");
        assert!(KEYWORDS.iter().chain(MODIFIERS).all(|word| has_shape(word.as_bytes())));
        assert!(!has_shape(b"self") && !has_shape(b"raise"));
    }

    #[test]
    fn prose_and_calls_are_no_definitions() {
        assert_eq!(found(Language::Python, "# class of things\n  call(x)\nx == 3\nreturn x"), Vec::<String>::new());
        assert_eq!(found(Language::C, "struct foo *bar;\nreturn f(x)\nprintf(\"(\");"), Vec::<String>::new());
    }
}
