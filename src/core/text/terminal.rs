//! Text for terminals and logs: nothing in it can move the cursor, colour, reorder or command a CI runner.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::characters::{Hidden, hidden};
use super::{Pattern, pattern};

/// Shows control and reordering characters as `\u{..}`; tabs and line breaks stay.
///
/// Hidden characters without an effect on a terminal (joiners, marks, selectors) are left alone, since
/// Persian text and emoji need them.
pub fn for_terminal(text: &str) -> String {
    escape(text, |character| match hidden(character) {
        Some(Hidden::Control | Hidden::Bidi | Hidden::Tag | Hidden::Filler) => true,
        Some(Hidden::ZeroWidth) => true,
        Some(Hidden::BidiMark | Hidden::Joiner | Hidden::Variation) => false,
        None => character == '\r',
    })
}

/// [`for_terminal`] for a title, a name, a path: line breaks and tabs become single spaces.
pub fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split(['\n', '\r', '\t']).map(str::trim).filter(|word| !word.is_empty()).collect();
    for_terminal(&words.join(" "))
}

/// [`for_terminal`] for the output of a CI job: a line that a runner would take for a command no longer looks like one.
///
/// GitHub trims a line before it looks for `::`, and searches `##[` (also Azure's `##vso[`, TeamCity's) anywhere.
pub fn for_ci_log(text: &str) -> String {
    static COMMAND: Pattern = Pattern::new(|| pattern(r"(?m)^([\s\p{Cf}]*):(:)|#(#(?:vso|teamcity)?\[)"));
    let safe = for_terminal(text);
    let broken =
        COMMAND.replace_all(&safe, |found: &regex::Captures| match (found.get(1), found.get(2), found.get(3)) {
            (Some(indent), Some(_), None) => format!("{}: :", indent.as_str()),
            (_, _, Some(rest)) => format!("# {}", rest.as_str()),
            (_, _, None) => found[0].to_owned(),
        });
    match broken {
        Cow::Borrowed(_) => safe,
        Cow::Owned(text) => text,
    }
}

/// A word as people, or `sh`, are to type it.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Writes the chosen characters as `\u{..}`; `\r\n` counts as a line feed.
fn escape(text: &str, chosen: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\r' && characters.peek() == Some(&'\n') {
            continue;
        }
        if chosen(character) {
            write!(out, "\\u{{{:x}}}", u32::from(character)).expect("a string takes everything");
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_drives_a_terminal_survives() {
        let hostile = "add \u{1b}]0;pwn\u{7}\u{1b}[2J\u{9b}31m\u{202e}txt.exe\u{202c}\r over\r\nnext\tcolumn\0";
        let safe = for_terminal(hostile);
        assert_eq!(
            safe,
            "add \\u{1b}]0;pwn\\u{7}\\u{1b}[2J\\u{9b}31m\\u{202e}txt.exe\\u{202c}\\u{d} over\nnext\tcolumn\\u{0}"
        );
        for honest in ["Corrigé : l’addition ✅ 数学", "می‌خواهم", "👨‍👩‍👧 ⚠️"] {
            assert_eq!(for_terminal(honest), honest);
        }
        assert_eq!(one_line("a\r\n  b\tc\u{1b}"), "a b c\\u{1b}");
    }

    #[test]
    fn every_control_character_is_escaped() {
        let all: String = ('\0'..'\u{3000}').collect();
        let safe = for_terminal(&all);
        assert!(!safe.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "a control character survived");
        assert!(!safe.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')));
    }

    #[test]
    fn workflow_commands_are_broken() {
        let log = for_ci_log(
            "::add-mask::x\n  ::set-output name=a::b\nok ::not a command\n##[command]x\nx ##vso[task.set]y\n",
        );
        assert_eq!(
            log,
            ": :add-mask::x\n  : :set-output name=a::b\nok ::not a command\n# #[command]x\nx # #vso[task.set]y\n"
        );
        assert_eq!(for_ci_log("std::vec::Vec"), "std::vec::Vec");
    }
}
