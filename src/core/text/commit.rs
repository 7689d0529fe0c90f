//! Commit messages out of a stranger's and a model's words: a fixed skeleton, trailers only from git-burn.

use super::characters::strip_hidden;
use super::forge::without_marks;
use super::{Closing, Pattern, for_title, pattern};

/// Longest subject in characters, as git's own documentation and forges' lists have it.
const SUBJECT: usize = 72;

/// One line for the top of a commit message.
pub fn commit_subject(text: &str) -> String {
    let title = for_title(text, Closing::Nothing);
    let title = title.trim_start_matches(['#', '-', '+', '@', '>', ' ']);
    // `fixup! x` and `squash! x` are commands of `git rebase --autosquash`, `From ` starts a message in a mailbox.
    let title = title.trim_start_matches("fixup!").trim_start_matches("squash!").trim_start_matches("amend!").trim();
    let title = quoted(title);
    match title.char_indices().nth(SUBJECT) {
        Some((cut, _)) => {
            let head = &title[..cut];
            let end = head.rfind(' ').filter(|end| *end > cut / 2).unwrap_or(cut);
            format!("{}…", head[..end].trim_end())
        }
        None if title.is_empty() => "change".to_owned(),
        None => title,
    }
}

/// Subject, a body that is only prose, and trailers (name, value), in git's layout.
///
/// In the body a line that `patch` or `git am` would apply, cut at or take for a header, and a line that looks like a
/// trailer, is quoted with `> `; references and marks lose their effect as in [`super::for_forge`]. At most 100 lines.
pub fn commit_message(subject: &str, body: &str, trailers: &[(&str, String)]) -> String {
    let mut message = commit_subject(subject);
    message.push('\n');
    let visible = strip_hidden(&body.replace("\r\n", "\n").replace('\r', "\n"), |_| {});
    let lines: Vec<String> = visible.trim().lines().take(100).map(body_line).collect();
    if !lines.is_empty() {
        message.push('\n');
        message.push_str(&lines.join("\n"));
        message.push('\n');
    }
    if !trailers.is_empty() {
        message.push('\n');
    }
    for (name, value) in trailers {
        message.push_str(&format!("{name}: {}\n", value.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    message
}

/// One line of the body.
fn body_line(line: &str) -> String {
    let line = line.trim_end();
    let indent = &line[..line.len() - line.trim_start().len()];
    let safe = super::forge::without_effect(line.trim_start());
    quoted(&format!("{indent}{}", without_marks(&safe)))
}

/// Puts `> ` before a line that a tool would read as something else than prose. Indenting is not enough: GNU patch
/// strips it.
fn quoted(line: &str) -> String {
    static TOOL: Pattern = Pattern::new(|| {
        pattern(
            r"(?i)^\s*(?:diff |---|\+\+\+|\*\*\*|@@|Index:|index [0-9a-f]|Only in |Binary files |GIT binary|rename |copy |old mode|new mode|deleted file|new file|similarity |={7}|<{7}|>{7}|\d+(?:,\d+)?[acd]\d|From |-- *$|-- *>8|[a-z0-9]+(?:-[a-z0-9]+)+\s*[:=]|(?:refs|cc|fixes|closes|bug|link|see|resolves|ref|issue|skip)\s*:)",
        )
    });
    if TOOL.is_match(line) { format!("> {line}") } else { line.to_owned() }
}

#[cfg(test)]
#[allow(clippy::invisible_characters, reason = "they are what the function puts in")]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_message_acts() {
        let body = "Example:\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+evil\n\nSigned-off-by: L <l@x>\nCo-authored-by: octocat <o@g>\nfixes #7 [skip ci] @1w\nskip-checks: true\n\u{1b}[31m";
        let message =
            commit_message("fix: add [skip ci] @octocat\nsecond", body, &[("Burn-Run", "a\nb: c".to_owned())]);
        expect_test::expect![[r#"
            fix: add (skip ci) @⁠octocat second

            Example:

            > diff --git a/x b/x
            > --- a/x
            > +++ b/x
            > @@ -0,0 +1 @@
            +evil

            > Signed-off-by: L <l@x>
            > Co-authored-by: octocat <o@g>
            fixes #⁠7 (skip ci) @⁠1w
            > skip-checks = true
            [31m

            Burn-Run: a b: c
        "#]]
        .assert_eq(&message);
    }

    #[test]
    fn subjects_are_short_plain_lines() {
        assert_eq!(commit_subject("-- > fixup! the thing"), "the thing");
        assert_eq!(commit_subject("\u{202e}\0"), "change");
        assert_eq!(commit_subject(&"word ".repeat(40)).chars().count(), 70);
        assert_eq!(commit_subject("Only in tests: bug"), "> Only in tests: bug");
        assert_eq!(commit_subject("cli: add the --json flag"), "cli: add the --json flag");
    }
}
