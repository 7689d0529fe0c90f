//! Characters that deceive the reader: hidden, reordering, confusable (Trojan Source, GlassWorm, Rules File Backdoor).
//!
//! Code may hold what its strings need (emoji, right-to-left text next to right-to-left letters); prose and translations
//! may hold what writing needs. Only what a change adds counts: as often as a character left, it may come back.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::confusables::{is_styled, skeleton};
use super::kind::Kind;
use super::view::View;
use super::violation::{Rule, Violation, excerpt};
use crate::core::text::{Hidden, hidden, is_flag_tag};

/// Looks through a file's added lines. `names`: identifiers in ASCII that the change's files use.
pub(super) fn check(view: &View<'_>, names: &HashSet<&str>, violations: &mut Vec<Violation>) {
    let returned = removed_characters(view);
    // Rust keeps tests beside the code.
    let tests = view.after.iter().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(usize::MAX);
    for (index, line) in view.added().filter(|(_, line)| is_unusual(line)) {
        let place = Place { kind: view.role.kind, first: index == 0, is_test: view.role.is_test || index > tests };
        let mut told = BTreeSet::new();
        for finding in findings(line, place) {
            let back = returned.get(&finding.character).is_some_and(|(removed, added)| removed >= added);
            if !back && told.insert(finding.rule) {
                violations.push(Violation::at(finding.rule, view.path, Some(index + 1), finding.what()));
            }
        }
    }
    if matches!(view.role.kind, Kind::Code | Kind::Config) {
        check_names(view, names, violations);
    }
}

/// Whether a line has anything but printable ASCII.
fn is_unusual(line: &str) -> bool {
    line.bytes().any(|byte| byte >= 0x7f || (byte < b' ' && !matches!(byte, b'\t' | b'\r' | 0x0c)))
}

/// How often each special character was removed and added in this file.
fn removed_characters(view: &View<'_>) -> BTreeMap<char, (usize, usize)> {
    let mut counts: BTreeMap<char, (usize, usize)> = BTreeMap::new();
    let special = |line: &'_ str| -> Vec<char> { line.chars().filter(|c| hidden(*c).is_some()).collect() };
    for (_, line) in view.removed().filter(|(_, line)| is_unusual(line)) {
        special(line).into_iter().for_each(|c| counts.entry(c).or_default().0 += 1);
    }
    for (_, line) in view.added().filter(|(_, line)| is_unusual(line)) {
        special(line).into_iter().for_each(|c| counts.entry(c).or_default().1 += 1);
    }
    counts
}

/// Where a line stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    kind: Kind,
    /// The first line of its file, where a byte order mark belongs.
    first: bool,
    is_test: bool,
}

/// One character that should not be there.
struct Finding {
    rule: Rule,
    character: char,
    why: &'static str,
}

impl Finding {
    fn what(&self) -> String {
        format!("U+{:04X} {}", u32::from(self.character), self.why)
    }
}

/// Every hidden character of a line that its surroundings do not explain.
fn findings(line: &str, place: Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    let characters: Vec<char> = line.trim_end_matches('\r').chars().collect();
    let right_to_left = characters.iter().any(|c| is_right_to_left(*c));
    let mut in_flag = false;
    for (at, character) in characters.iter().copied().enumerate() {
        in_flag = character == '\u{1f3f4}' || (in_flag && is_flag_tag(character));
        let Some(kind) = hidden(character) else { continue };
        let around = Around {
            before: at.checked_sub(1).map(|at| characters[at]),
            after: characters.get(at + 1).copied(),
            right_to_left,
            in_flag,
            at_start: at == 0 && place.first,
            balanced: is_balanced(&characters),
            colour: is_colour(&characters[at..]),
        };
        if let Some((rule, why)) = objection(kind, character, place, &around) {
            findings.push(Finding { rule, character, why });
        }
    }
    findings
}

/// What explains a hidden character.
struct Around {
    before: Option<char>,
    after: Option<char>,
    right_to_left: bool,
    in_flag: bool,
    at_start: bool,
    /// It begins an escape sequence that only sets a colour.
    colour: bool,
    /// Every embedding and isolate of the line is closed in it, and there is no override.
    balanced: bool,
}

fn objection(kind: Hidden, character: char, place: Place, around: &Around) -> Option<(Rule, &'static str)> {
    let read_by_people = matches!(place.kind, Kind::Prose | Kind::Translation);
    let letters_around = around.before.is_some_and(is_special_letter) && around.after.is_some_and(is_special_letter);
    let alone = around.before.is_none_or(|c| hidden(c).is_none()) && around.after.is_none_or(|c| hidden(c).is_none());
    let ok = match kind {
        // Form feeds separate pages in old sources; tests of terminal programs hold what terminals get.
        Hidden::Control => character == '\u{c}' || (place.is_test && (around.colour || place.kind != Kind::Code)),
        Hidden::Bidi => read_by_people && around.balanced,
        Hidden::BidiMark => read_by_people || around.right_to_left,
        Hidden::Joiner => letters_around || (read_by_people && alone),
        Hidden::ZeroWidth => around.at_start || (read_by_people && alone),
        Hidden::Variation => is_one_variant(character, around),
        Hidden::Filler => match character {
            '\u{2800}' => {
                [around.before, around.after].into_iter().flatten().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c))
                    || read_by_people
            }
            _ => read_by_people && alone,
        },
        Hidden::Tag => around.in_flag,
    };
    let objection = match kind {
        Hidden::Control => (Rule::ControlCharacter, "is a control character; write it as an escape"),
        Hidden::Bidi => (Rule::HiddenUnicode, "reorders the text after it (bidi control)"),
        Hidden::BidiMark => (Rule::HiddenUnicode, "is an invisible direction mark (bidi)"),
        Hidden::Joiner => (Rule::HiddenUnicode, "is an invisible joiner"),
        Hidden::ZeroWidth => (Rule::HiddenUnicode, "is invisible"),
        Hidden::Variation => (Rule::HiddenUnicode, "is an invisible variation selector"),
        Hidden::Filler => (Rule::HiddenUnicode, "is a letter that looks like a space (invisible)"),
        Hidden::Tag => (Rule::HiddenUnicode, "is an invisible tag character, with which text is hidden"),
    };
    (!ok).then_some(objection)
}

/// `ESC [ 1 ; 31 m`: harmless wherever it is printed.
fn is_colour(characters: &[char]) -> bool {
    let parameters = |c: &&char| c.is_ascii_digit() || **c == ';';
    let count = characters.iter().skip(2).take_while(parameters).count();
    characters.first() == Some(&'\u{1b}') && characters.get(1) == Some(&'[') && characters.get(2 + count) == Some(&'m')
}

/// Emoji and text style after a symbol, or one variant of a letter that has variants (ideographs, Mongolian, mathematics).
fn is_one_variant(character: char, around: &Around) -> bool {
    let Some(base) = around.before.filter(|base| hidden(*base).is_none()) else { return false };
    match character {
        '\u{fe0e}' | '\u{fe0f}' => !base.is_ascii() || matches!(base, '0'..='9' | '#' | '*'),
        _ => !base.is_ascii() && around.after.is_none_or(|after| hidden(after) != Some(Hidden::Variation)),
    }
}

/// Letters that joiners belong between, and emoji with their selectors.
fn is_special_letter(character: char) -> bool {
    !character.is_ascii()
        && !matches!(
            hidden(character),
            Some(
                Hidden::Control
                    | Hidden::Bidi
                    | Hidden::BidiMark
                    | Hidden::Joiner
                    | Hidden::ZeroWidth
                    | Hidden::Filler
                    | Hidden::Tag
            )
        )
}

/// Hebrew, Arabic and their neighbours.
fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Whether a line closes every direction that it opens, and overrides none.
fn is_balanced(characters: &[char]) -> bool {
    let mut open = Vec::new();
    for character in characters {
        match character {
            '\u{202d}' | '\u{202e}' => return false,
            '\u{202a}' | '\u{202b}' => open.push('\u{202c}'),
            '\u{2066}'..='\u{2068}' => open.push('\u{2069}'),
            '\u{202c}' | '\u{2069}' if open.pop() != Some(*character) => return false,
            _ => {}
        }
    }
    open.is_empty()
}

/// Names in added lines of code that pass for others.
fn check_names(view: &View<'_>, names: &HashSet<&str>, violations: &mut Vec<Violation>) {
    let genuine = genuine_scripts(view);
    for (index, line) in view.added().filter(|(_, line)| !line.is_ascii()) {
        let code = code_part(line);
        for word in words(line).filter(|word| !word.is_ascii()) {
            let Some(ascii) = skeleton(word) else { continue };
            let in_code = words(&code).any(|other| other == word);
            let mixed = word.chars().any(|c| c.is_ascii_alphabetic());
            let greek = word.chars().any(|c| ('\u{370}'..='\u{3ff}').contains(&c));
            let styled = word.chars().any(is_styled);
            let collides = names.contains(ascii.as_str()) && ascii.len() > 1;
            let alone = !word.chars().any(|c| genuine.contains(&script(c)));
            let suspicious = match (in_code, mixed) {
                (true, _) if styled => true,
                // Greek letters stand in formulas beside Latin ones.
                (true, true) => !greek || (collides && ascii.len() > 2),
                (true, false) => collides && ascii.len() > 2 || (alone && ascii.len() > 3),
                (false, true) => collides && !styled,
                (false, false) => collides && alone && ascii.len() > 3 && !styled,
            };
            if suspicious {
                let known = if collides { ", which is another name here" } else { "" };
                let what = format!(
                    "{} is not `{ascii}`{known}: a letter of another alphabet passes for an ASCII one",
                    excerpt(word)
                );
                violations.push(Violation::at(Rule::Homoglyph, view.path, Some(index + 1), what));
            }
        }
        if let Some(bad) = code.chars().find(|c| matches!(c, '\u{37e}' | '\u{1c3}' | '\u{a789}')) {
            let what = format!("U+{:04X} looks like an operator but is a letter or another sign", u32::from(bad));
            violations.push(Violation::at(Rule::Homoglyph, view.path, Some(index + 1), what));
        }
    }
}

/// Parts of identifiers: `α_rate` is two words.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Scripts in which the file really writes: they have a word that looks like no ASCII word.
fn genuine_scripts(view: &View<'_>) -> BTreeSet<u8> {
    let lines = view.after.iter().filter(|line| !line.is_ascii());
    lines
        .flat_map(|line| words(line))
        .filter(|word| !word.is_ascii() && skeleton(word).is_none())
        .flat_map(|word| word.chars().map(script))
        .collect()
}

/// A rough number for the alphabet of a letter; 0 for ASCII.
fn script(letter: char) -> u8 {
    match letter {
        '\0'..='\u{7f}' => 0,
        '\u{80}'..='\u{36f}' => 1,
        '\u{370}'..='\u{3ff}' => 2,
        '\u{400}'..='\u{52f}' => 3,
        '\u{530}'..='\u{58f}' => 4,
        _ => 5,
    }
}

/// The line without its strings and its comment, roughly: quotes are paired, `#`, `//`, `--`, `*` begin a comment.
fn code_part(line: &str) -> String {
    let trimmed = line.trim_start();
    if ["#", "//", "--", "*", "/*", ";", "%", "<!--"].iter().any(|mark| trimmed.starts_with(mark)) {
        return String::new();
    }
    let mut out = String::with_capacity(line.len());
    let mut quote = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            Some(_) if character == '\\' => {
                characters.next();
            }
            Some(open) => {
                if character == open {
                    quote = None;
                }
            }
            None if matches!(character, '"' | '\'' | '`') => quote = Some(character),
            None if character == '#'
                || (character == '/' && characters.peek() == Some(&'/'))
                || (character == '-' && characters.peek() == Some(&'-')) =>
            {
                break;
            }
            None if character == '/' && characters.peek() == Some(&'*') => break,
            None => out.push(character),
        }
    }
    out
}

/// Every ASCII identifier of the change's files before it, and of their unchanged and new lines.
pub(super) fn names<'a>(views: &[View<'a>]) -> HashSet<&'a str> {
    let any_unusual = views.iter().any(|view| view.added().any(|(_, line)| !line.is_ascii()));
    if !any_unusual {
        return HashSet::new();
    }
    let lines = views.iter().flat_map(|view| view.before.iter().chain(&view.after));
    lines.flat_map(|line| words(line)).filter(|word| word.is_ascii()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::guard::testing::review_one;

    fn rules(path: &str, before: &str, after: &str) -> Vec<Rule> {
        review_one(path, before, after, |views, violations| {
            let names = names(views);
            views.iter().for_each(|view| check(view, &names, violations));
        })
        .into_iter()
        .map(|violation| violation.rule)
        .collect()
    }

    #[test]
    fn deceptive_characters_are_found() {
        use Rule::{ControlCharacter, HiddenUnicode, Homoglyph};
        for (path, text, rule) in [
            ("a.py", "# check \u{202e} } \u{2066}if (u.is_admin)\u{2069} \u{2066} begin", HiddenUnicode),
            ("a.js", "if (l != \"user\u{202e} \u{2066}// only\u{2069} \u{2066}\") {", HiddenUnicode),
            ("a.py", "# ok \u{e0069}\u{e0067}", HiddenUnicode),
            ("docs/a.md", "ok \u{e0069}\u{e0067}", HiddenUnicode),
            ("docs/a.md", "see \u{202e}txt.exe", HiddenUnicode),
            ("docs/a.md", "a\u{200b}\u{200c}\u{200b}\u{200c}b", HiddenUnicode),
            ("a.js", "const x = \"\u{fe00}\u{e0100}\u{fe01}\u{e0101}\";", HiddenUnicode),
            ("a.js", "const \u{3164} = 1;", HiddenUnicode),
            ("a.py", "adm\u{200b}in = 1", HiddenUnicode),
            ("a.py", "x = 1\u{feff}", HiddenUnicode),
            ("a.py", "a\u{200f}b = 1", HiddenUnicode),
            ("a.py", "print(\"\u{1b}]0;pwn\u{7}\")", ControlCharacter),
            ("docs/a.md", "\u{1b}[2J", ControlCharacter),
            ("a.py", "def is_аdmin(u): pass", Homoglyph),
            ("a.py", "scope = 1\nѕсоре = 2", Homoglyph),
            ("a.py", "ѕсоре = 2", Homoglyph),
            ("a.py", "𝐞val('x')", Homoglyph),
            ("a.js", "admin(); check('аdmin')", Homoglyph),
            ("a.js", "if (environmentǃ=ENV) {", Homoglyph),
            ("a.c", "x = 1\u{37e}", Homoglyph),
        ] {
            assert!(rules(path, "", text).contains(&rule), "{rule} was not found in {text:?}");
        }
    }

    #[test]
    fn writing_in_any_language_is_left_alone() {
        for (path, text) in [
            ("locales/fa.json", "{\"x\": \"می‌خواهم\"}"),
            ("a.py", "# 计算总和\n总和 = 1 + 2"),
            ("a.py", "# Складывает два числа с СSV\nX = 1"),
            ("a.py", "x = 'а с о р'  # а"),
            ("docs/fr.md", "L’été « naïf » dure 5 µs."),
            ("a.py", "RED = \"\\x1b[31m\""),
            ("docs/flags.md", "\u{1f3f4}\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}"),
            ("docs/he.md", "שלום\u{200f} עולם \u{2067}x\u{2069}"),
            ("a.ts", "const family = '👨‍👩‍👧', warn = '⚠️', key = '1️⃣', s = '⠋⠙⠹⠀'"),
            ("a.py", "title = 'שלום\u{200f}!'"),
            ("a.jl", "α_rate = β * Δt + ρ"),
            ("a.cs", "\u{feff}class A {}"),
            ("a.c", "\u{c}\nint x;"),
            ("a.py", "name = 'Ｅｘａｍｐｌｅ'"),
            ("a.ts", "import π from 'x'; const naïve = 'é'"),
            ("tests/a.rs", "assert_eq!(out, \"\u{1b}[1;31mx\u{1b}[0m\");"),
        ] {
            assert_eq!(rules(path, "", text), [], "{text:?}");
        }
        assert_eq!(rules("a.cs", "x\n\u{feff}class A {}\n", "x\n\u{feff}class B {}\n"), []);
    }
}
