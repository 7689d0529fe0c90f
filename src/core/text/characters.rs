//! Which characters people do not see, and what kind of trick each kind serves.

/// Why a character is not seen, or makes others be seen wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Hidden {
    /// C0 and C1 controls, DEL, line and paragraph separators; not tab, line feed and carriage return.
    Control,
    /// Embeddings, overrides and isolates: they reorder what follows (CVE-2021-42574).
    Bidi,
    /// Left-to-right, right-to-left and Arabic letter marks: ordinary in right-to-left prose.
    BidiMark,
    /// Zero-width joiner and non-joiner: ordinary in emoji and in Persian and Indic words.
    Joiner,
    /// Other characters without width: zero-width space, word joiner, soft hyphen, byte order mark, invisible operators.
    ZeroWidth,
    /// Selects a variant of the character before it; runs of them carry hidden data (GlassWorm).
    Variation,
    /// Blank letters (Hangul fillers, Braille blank), which compilers take for identifiers.
    Filler,
    /// Unicode tags: ASCII that nobody sees, but models read.
    Tag,
}

/// Tells what is hidden about a character, `None` for what everybody sees.
pub(crate) fn hidden(character: char) -> Option<Hidden> {
    Some(match character {
        '\t' | '\n' | '\r' => return None,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' => Hidden::Control,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Hidden::Bidi,
        '\u{61c}' | '\u{200e}' | '\u{200f}' => Hidden::BidiMark,
        '\u{200c}' | '\u{200d}' => Hidden::Joiner,
        '\u{ad}' | '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}' => {
            Hidden::ZeroWidth
        }
        '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' => Hidden::ZeroWidth,
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => Hidden::Variation,
        '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' => Hidden::Filler,
        '\u{e0000}'..='\u{e007f}' => Hidden::Tag,
        _ => return None,
    })
}

/// Removes what nobody sees from text that people and models are to read: everything of [`hidden`] but joiners between
/// letters that need them, marks, single variation selectors and the tags of a flag emoji.
///
/// Calls `found` for every character that goes.
pub(super) fn strip_hidden(text: &str, mut found: impl FnMut(Hidden)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_flag = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let before = out.chars().next_back();
        in_flag = character == '\u{1f3f4}' || (in_flag && is_flag_tag(character));
        let keep = match hidden(character) {
            None => true,
            Some(Hidden::BidiMark) => true,
            Some(Hidden::Joiner) => {
                before.is_some_and(|c| !c.is_ascii()) && characters.peek().is_some_and(|c| !c.is_ascii())
            }
            Some(Hidden::Variation) => before.is_some_and(|c| hidden(c).is_none() && !c.is_ascii_alphabetic()),
            Some(Hidden::Tag) => in_flag,
            Some(Hidden::Control | Hidden::Bidi | Hidden::ZeroWidth | Hidden::Filler) => false,
        };
        match hidden(character) {
            Some(kind) if !keep => found(kind),
            Some(_) | None => out.push(character),
        }
    }
    out
}

/// Letters, digits and the end mark of a subdivision flag (England, Wales), which follow a black flag.
pub(crate) fn is_flag_tag(character: char) -> bool {
    matches!(character, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}' | '\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_invisible_characters_stay_and_others_go() {
        let strip = |text: &str| strip_hidden(text, |_| {});
        for kept in [
            "می‌خواهم",
            "👨‍👩‍👧",
            "⚠️",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
            "שלום\u{200f}!",
            "a\tb\n",
        ] {
            assert_eq!(strip(kept), kept);
        }
        assert_eq!(strip("Clo\u{200b}ses\u{200d}x"), "Closesx");
        assert_eq!(strip("ok\u{e0069}\u{e0067}"), "ok");
        assert_eq!(strip("x\u{fe00}\u{e0100}"), "x");
        assert_eq!(strip("a\u{202e}b\u{7}\u{9b}c\u{2028}"), "abc");
    }
}
