//! Regular expressions of the rules: ASCII in what `\w`, `\d`, `\s` and `\b` mean.
//!
//! Programs and markers are ASCII, and only so are the fast engines of `regex` kept when a text has other characters:
//! a Unicode word boundary sends the search to an engine that is a hundred times slower. It also compiles faster.

use regex::{Regex, RegexBuilder};

/// Compiles a pattern that is a constant of this program.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(&ascii(text)).expect("patterns are constants that the tests compile")
}

/// [`pattern`] for many lines at once: without regard to case, `^` and `$` at lines.
pub(super) fn pattern_of_lines(text: &str) -> Regex {
    let regex = RegexBuilder::new(&ascii(text)).case_insensitive(true).multi_line(true).build();
    regex.expect("patterns are constants that the tests compile")
}

/// Spells out the Perl classes in ASCII, inside of brackets and outside.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut in_class = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '[' if !in_class => in_class = true,
            ']' => in_class = false,
            '\\' => {
                let escaped = characters.next().unwrap_or('\\');
                let class = match escaped {
                    'w' => Some(r"0-9A-Za-z_"),
                    'd' => Some("0-9"),
                    's' => Some(r"\t-\r\x20"),
                    _ => None,
                };
                match class {
                    Some(class) if in_class => out.push_str(class),
                    Some(class) => out.push_str(&format!("[{class}]")),
                    None if escaped == 'b' => out.push_str(r"(?-u:\b)"),
                    None => out.extend(['\\', escaped]),
                }
                continue;
            }
            _ => {}
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_spelled_out() {
        assert_eq!(
            ascii(r"\b\w+[\w.-]\s[^\s]\d\]\S"),
            r"(?-u:\b)[0-9A-Za-z_]+[0-9A-Za-z_.-][\t-\r\x20][^\t-\r\x20][0-9]\]\S"
        );
        assert!(!pattern(r"^\s*\w").is_match("é x ö") && pattern(r"\bx\b").is_match("é x ö"));
    }
}
