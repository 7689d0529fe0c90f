//! What only a confused writer does: placeholders, conflict markers, endless lines, the loss of most of a file.

use std::collections::HashSet;

use bstr::ByteSlice;

use super::place::split::is_ellipsis;
use super::refusal::{Problem, ProblemKind};
use crate::core::names::RepoPath;

/// Added lines longer than this are data, not code.
const LONGEST_LINE: usize = 1_000_000;

/// Looks at every line that the result has and the base has not.
pub(super) fn check(path: &RepoPath, before: &[u8], after: &[u8]) -> Vec<Problem> {
    let known: HashSet<&[u8]> = before.lines().collect();
    let added: Vec<(usize, &[u8])> = after.lines().enumerate().filter(|(_, line)| !known.contains(line)).collect();
    let mut problems = Vec::new();
    for (number, line) in &added {
        if line.len() > LONGEST_LINE {
            let what = format!(
                "line {} of the result is too long: {} bytes, the limit is {LONGEST_LINE}",
                number + 1,
                line.len()
            );
            problems.push(Problem::new(ProblemKind::Limit, what));
        } else if is_placeholder(line) {
            let what =
                format!("line {} of the result stands for text that was left out: {}", number + 1, super::shown(line));
            let hint = "write the text itself, or leave the lines out of the patch: what it does not show stays";
            problems.push(Problem::new(ProblemKind::Placeholder, what).hint(hint));
        }
    }
    if !is_prose(path) && has_conflict(&added) {
        let what = "the added text holds conflict markers (`<<<<<<<`, `=======`, `>>>>>>>`)";
        problems.push(Problem::new(ProblemKind::ConflictMarker, what).hint("decide for one side"));
    }
    problems
}

/// A path that a model makes up and that no honest project holds: it works only by what some system takes it for.
pub(super) fn check_new_path(path: &RepoPath) -> Option<Problem> {
    let text = path.to_text();
    let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
    let what = if text.split('/').any(|part| part.len() > 255) {
        "has a name longer than 255 bytes"
    } else if text.contains('\\') {
        "holds a backslash, which is a separator elsewhere"
    } else if drive || text.starts_with("~/") {
        "is absolute on some systems"
    } else if text.chars().any(super::is_hidden) {
        "holds invisible or direction-changing characters"
    } else {
        return None;
    };
    let what = format!("path `{}` {what}", super::shown(path.as_bytes()));
    Some(Problem::new(ProblemKind::BadPath, what).hint("use a plain relative path"))
}

/// A file given whole that lacks most of what stood there.
pub(super) fn check_replacement(before: &[u8], after: &[u8]) -> Option<Problem> {
    let lost = before.lines().count().saturating_sub(after.lines().count());
    let most = before.lines().count() * 3 / 4;
    (lost >= 40 && lost > most).then(|| {
        let what = format!("the new file has {lost} lines less than the {} of the old one", before.lines().count());
        Problem::new(ProblemKind::MassDeletion, what)
            .hint("send a unified diff that removes these lines, if that is meant")
    })
}

/// A comment that begins or ends with an ellipsis and speaks of what exists or is unchanged.
fn is_placeholder(line: &[u8]) -> bool {
    let text = line.trim();
    let lower = text.to_ascii_lowercase();
    let comment = ["#", "//", "--", ";", "/*", "<!--", "%", "*", "{/*", "(", "["]
        .iter()
        .any(|sign| text.starts_with(sign.as_bytes()));
    let bare = text.starts_with(b"...") || text.starts_with("…".as_bytes());
    if !comment && !bare {
        return false;
    }
    let dots = text.contains_str("...") || text.contains_str("…");
    let speaks = [
        "existing code",
        "rest of the",
        "rest of file",
        "remains unchanged",
        "remain unchanged",
        "unchanged",
        "same as before",
        "existing implementation",
        "previous code",
        "remaining code",
        "other methods",
        "code omitted",
        "omitted for brevity",
    ]
    .iter()
    .any(|words| lower.contains_str(words));
    dots && speaks && (bare || is_ellipsis(text) || text.len() <= 100)
}

fn is_prose(path: &RepoPath) -> bool {
    let name = path.to_text().to_ascii_lowercase();
    [".md", ".markdown", ".rst", ".txt", ".adoc", ".patch", ".diff", ".snap"].iter().any(|end| name.ends_with(end))
}

/// git's own markers at the margin, all three in order.
fn has_conflict(added: &[(usize, &[u8])]) -> bool {
    let mut wanted = [&b"<<<<<<<"[..], b"=======", b">>>>>>>"].into_iter().peekable();
    for (_, line) in added {
        let Some(marker) = wanted.peek() else { break };
        let rest = line.strip_prefix(*marker);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b" ") || rest == b"\r") {
            wanted.next();
        }
    }
    wanted.peek().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_code() {
        for bad in [
            "# ... rest of the file unchanged ...",
            "  // ... existing code ...",
            "... (rest of file)",
            "/* … unchanged … */",
        ] {
            assert!(is_placeholder(bad.as_bytes()), "{bad}");
        }
        for good in [
            "    ...",
            "# TODO...",
            "def f(self): ...",
            "let rest = [...existing];",
            "// see the rest of the file",
            "- item ...",
        ] {
            assert!(!is_placeholder(good.as_bytes()), "{good}");
        }
    }

    #[test]
    fn conflict_markers_count_together_and_in_order() {
        let path = RepoPath::parse("a.rs").unwrap();
        let kinds =
            |after: &str| check(&path, b"", after.as_bytes()).iter().map(|problem| problem.kind).collect::<Vec<_>>();
        assert_eq!(kinds("<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n"), [ProblemKind::ConflictMarker]);
        assert!(kinds("=======\nTitle\n=======\n").is_empty());
        assert!(kinds("    <<<<<<< HEAD\n    =======\n    >>>>>>> x\n").is_empty());
        assert!(check(&RepoPath::parse("doc.md").unwrap(), b"", b"<<<<<<< a\n=======\n>>>>>>> b\n").is_empty());
    }
}
