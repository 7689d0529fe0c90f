//! What an unfinished edit leaves behind: conflict markers, and placeholders where content should be.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::kind::Kind;
use super::pattern::pattern;
use super::view::View;
use super::violation::{Rule, Violation, excerpt};

/// What a placeholder says was left out.
static LEFT_OUT: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?ix)\b(?:
        (?:rest|remainder)\ of | remaining\ \w+ | (?:unchanged|omitted|elided|truncated|snipped)
        | existing\ (?:code|content|imports?|methods?|functions?|implementation|logic|tests?|fields|props|styles|routes|config\w*)
        | (?:same|unchanged|exactly)\ as\ (?:before|above) | as\ before | for\ brevity
        | (?:code|implementation|content|logic)\ (?:continues|stays|goes|remains|unchanged|here)
        | (?:previous|original|other|same)\ (?:code|content|implementation|methods?|functions?|imports?|fields|tests?|lines?)
        | rest\ (?:here|stays|remains|unchanged|is\ unchanged|goes\ here)
        | code\ here
    )\b";
    pattern(text)
});

/// A whole comment that says, with an ellipsis at its beginning or end, that something was left out.
fn is_placeholder(line: &str) -> bool {
    let line = line.trim();
    let openers = ["{/*", "<!--", "/**", "/*", "///", "//", "--", "(*", "\"\"\"", "#", ";", "%", "*"];
    let Some(comment) = openers.iter().find_map(|mark| line.strip_prefix(mark)) else { return false };
    let closers = ["*/}", "-->", "*/", "*)", "\"\"\""];
    let comment = closers.iter().find_map(|mark| comment.strip_suffix(mark)).unwrap_or(comment);
    let brackets = ['(', ')', '[', ']', ' ', '\t', '<', '>', '{', '}', '-', '='];
    let text = comment.trim_matches(brackets);
    let bare = text.trim_matches(['.', '…']).trim_matches(brackets);
    let elided = |edge: &str| edge.contains("...") || edge.contains('…');
    let edges = text.split(bare).any(elided) || (!bare.is_empty() && elided(text) && !elided(bare));
    !bare.is_empty() && edges && bare.split_whitespace().count() <= 12 && LEFT_OUT.is_match(bare)
}

/// Looks through a file's added lines.
pub(super) fn check(view: &View<'_>, violations: &mut Vec<Violation>) {
    let kind = view.role.kind;
    let mut fence = false;
    for (index, line) in view.added() {
        let line = line.trim_end_matches('\r');
        fence ^= kind == Kind::Prose && line.starts_with("```");
        if is_marker(line) && !fence {
            violations.push(Violation::at(
                Rule::ConflictMarker,
                view.path,
                Some(index + 1),
                format!("{} is left over from a merge or an edit block", excerpt(line)),
            ));
        }
    }
    if matches!(kind, Kind::Code | Kind::Config) {
        placeholders(view, violations);
    }
}

/// `<<<<<<< NAME`, `>>>>>>> NAME`, `||||||| NAME`; not `=======`, which underlines headings.
fn is_marker(line: &str) -> bool {
    ["<<<<<<<", ">>>>>>>", "|||||||"].iter().any(|mark| {
        line.strip_prefix(mark).is_some_and(|rest| {
            rest.is_empty() || (rest.starts_with(' ') && rest.trim().len() > 1 && rest.trim().len() < 120)
        })
    })
}

/// Placeholders that were not there before.
fn placeholders(view: &View<'_>, violations: &mut Vec<Violation>) {
    let elided = |line: &str| line.contains("...") || line.contains('…');
    let added = || view.added().filter(|(_, line)| elided(line) && is_placeholder(line));
    let mut before: HashMap<&str, usize> = HashMap::new();
    if added().next().is_some() {
        for line in view.before.iter().filter(|line| elided(line) && is_placeholder(line)) {
            *before.entry(line.trim()).or_default() += 1;
        }
    }
    for (index, line) in added() {
        match before.get_mut(line.trim()) {
            Some(left) if *left > 0 => *left -= 1,
            Some(_) | None => {
                let what = format!(
                    "{} stands where the content itself should be (nothing may be omitted)",
                    excerpt(line.trim())
                );
                violations.push(Violation::at(Rule::Placeholder, view.path, Some(index + 1), what));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::guard::testing::review_one;

    fn rules(path: &str, before: &str, after: &str) -> Vec<Rule> {
        review_one(path, before, after, |views, violations| views.iter().for_each(|view| check(view, violations)))
            .into_iter()
            .map(|v| v.rule)
            .collect()
    }

    #[test]
    fn unfinished_edits_are_found() {
        for line in [
            "# ... rest of the file unchanged ...",
            "// ... existing code ...",
            "  // ...existing code...",
            "/* ... rest of the function ... */",
            "<!-- ... existing content ... -->",
            "{/* ... existing code ... */}",
            "# rest of the code remains the same...",
            "// … other methods unchanged …",
            "-- ... remaining columns ...",
            "# ... (code omitted for brevity) ...",
            "// [...] rest of implementation here",
            "# ... keep existing imports ...",
        ] {
            assert_eq!(rules("a.js", "", line), [Rule::Placeholder], "{line}");
        }
        assert_eq!(
            rules("a.py", "", "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other\n"),
            [Rule::ConflictMarker, Rule::ConflictMarker]
        );
        assert_eq!(rules("a.md", "", "text\n>>>>>>> REPLACE\n"), [Rule::ConflictMarker]);
    }

    #[test]
    fn ordinary_lines_are_left_alone() {
        for line in [
            "# TODO: handle the rest...",
            "// and so on...",
            "x = [1, 2, ...]  # the rest",
            "def f(*args, **kwargs): ...",
            "# Existing users keep their settings.",
            "// waits for the remaining workers",
            "print('... rest of the file unchanged ...')",
            "cat <<<<<<< x",
            "<<<<<<<",
            "# Loading...",
            "// Spread the rest: {...rest}",
        ] {
            let expected: &[Rule] = if line == "<<<<<<<" { &[Rule::ConflictMarker] } else { &[] };
            assert_eq!(rules("a.js", "", line), expected, "{line}");
        }
        assert_eq!(
            rules(
                "a.js",
                "// ... rest of the file unchanged ...\nold();\n",
                "  // ... rest of the file unchanged ...\nnew();\n"
            ),
            []
        );
        assert_eq!(rules("a.rst", "", "Title\n=======\n"), []);
        assert_eq!(rules("a.md", "", "```\n<<<<<<< HEAD\n```\n"), []);
    }
}
