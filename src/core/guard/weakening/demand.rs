//! What the issue asks for, as far as tests depend on it: a value that must come out, something that is to be removed.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern;
use super::whole::plain;
use crate::core::guard::policy::ReviewContext;

/// Whether the issue says that this value is right: it stands behind a word of demand and before a word of contrast.
///
/// "add(2, 3) should return 5 but returns -1" states 5, neither -1 nor 3.
pub(super) fn states(about: &ReviewContext<'_>, value: &str) -> bool {
    static DEMAND: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\b(?:should|must|shall|expect(?:ed|s)?|want(?:ed|s)?|needs?\s+to|ought\s+to|ha(?:s|ve)\s+to|required|supposed\s+to|correct\s+(?:value|result|answer|output)|(?:changed?|renamed?|raise|lower|increase|reduce|set|bump|updated?|switch|moved?)\b[^.\n]{0,80}?\bto|(?:is|are|be|becomes?)\s+now|now\s+(?:is|returns?|be)|instead\s+use|use)\b",
        )
    });
    static CONTRAST: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\b(?:but|instead\s+of|rather\s+than|currently|actual(?:ly)?|got|gets|however|while|whereas|and\s+not|not)\b|[;!?\n]|\.(?:\s|$)|,\s*(?:it|we|i|the|this|that|and\s+it)\b",
        )
    });
    let value = value.trim();
    if value.is_empty() {
        return false;
    }
    [about.title, about.body].into_iter().any(|text| {
        DEMAND.find_iter(text).any(|demand| {
            let rest = &text[demand.end()..];
            let end = CONTRAST.find(rest).map_or(rest.len(), |contrast| contrast.start());
            has_token(&rest[..end], value)
        })
    })
}

/// Whether a value stands in a text as a word of its own.
fn has_token(text: &str, value: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(value).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let mut after = text[start + value.len()..].chars();
        let next = after.next();
        let decimal = next == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit());
        !before.is_some_and(|c| word(c) || c == '.') && !next.is_some_and(word) && !decimal
    })
}

/// Whether the issue asks for something to be removed that is named like this, or for tests to be removed.
pub(super) fn asks_to_remove(about: &ReviewContext<'_>, name: &str) -> bool {
    static REMOVE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\b(?:remov(?:e[sd]?|al|ing)|delet(?:e[sd]?|ing)|drop(?:s|ped|ping)?|revert(?:s|ed|ing)?|retir(?:e|ed|ing)|get\s+rid\s+of|deprecat\w*|no\s+longer\s+(?:needed|supported|used|required|necessary|relevant|maintained)|obsolete|unused|redundant|duplicate[ds]?)\b((?:[^.\n]|\.\S)*)",
        )
    });
    let name = plain(name);
    let name = name.trim_start_matches("test").trim_end_matches("test");
    let named = |words: &str| {
        let tests = words
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| ["test", "tests", "testing"].contains(&word.to_lowercase().as_str()));
        tests
            || name.len() > 2
                && words
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .map(plain)
                    .any(|word| word.len() > 3 && (name.contains(&word) || word.contains(name)))
    };
    [about.title, about.body].into_iter().any(|text| REMOVE.captures_iter(text).any(|found| named(&found[1])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_demanded_is_stated() {
        let states = |body: &str, value: &str| super::states(&ReviewContext { title: "", body, secrets: &[] }, value);
        let issue = "add(2, 3) should return 5 but returns -1.";
        assert!(states(issue, "5"));
        assert!(!states(issue, "-1") && !states(issue, "3") && !states(issue, "1"));
        assert!(states("The specification changed: sub(5, 3) must return 3. Update the tests.", "3"));
        assert!(!states("sub(5, 3) must return 2", "3"));
        assert!(states("Returns -1, expected 5", "5") && !states("Expected 5, got -1", "-1"));
        assert!(states("Currently it returns 2. It must be 3.14 instead of 2", "3.14"));
        assert!(!states("It must be 3.14", "3"));
        assert!(states("Rename the label from `old name` to `new name`", "new name"));
        assert!(!states("the value is -1", "-1"));
    }

    #[test]
    fn removal_names_its_object() {
        let asks = |title: &str, name: &str| asks_to_remove(&ReviewContext { title, body: "", secrets: &[] }, name);
        assert!(asks("Remove the legacy parser", "legacyparser"));
        assert!(!asks("Remove the legacy parser", "app"));
        assert!(asks("Remove the py.path hook", "test_hookproxy_warnings"));
        assert!(!asks("Remove the legacy parser. Keep the hook.", "test_hookproxy_warnings"));
        assert!(!asks("add() subtracts", "app"));
        // What no longer works is to be mended.
        assert!(!asks("parse() no longer takes empty input", "test_parse_empty"));
    }
}
