//! Text for comments and pull requests: readable, but unable to close, mention, command, hide or load anything.

use std::borrow::Cow;

use regex::Captures;

use super::characters::strip_hidden;
use super::markdown::{Part, parts};
use super::{Pattern, pattern};
use crate::core::names::IssueNumber;

/// The longest text that is sent, in characters. GitHub refuses bodies above 65,536; the rest is for what git-burn adds.
pub const FORGE_LIMIT: usize = 60_000;

/// What text that goes to a forge may close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    Nothing,
    /// Closing words before this issue work; before all others they do not.
    Only(IssueNumber),
}

/// Makes a stranger's or a model's Markdown safe to post.
///
/// Formatting, code, links and e-mail addresses stay. Mentions, closing words with a reference, CI-skip marks, time
/// tracking (`@1w`), slash and bot commands, HTML, character references and remote images become plain text; what
/// nobody sees goes; an open fence is closed; the text is cut at [`FORGE_LIMIT`].
pub fn for_forge(text: &str, closing: Closing) -> String {
    let text = shorten(&visible(text), FORGE_LIMIT);
    let split = parts(&text);
    let plain = |part: &Part| match part {
        Part::Text(text) => !text.contains(['`', '\\']),
        Part::Code(_) => true,
    };
    let shield = if split.parts.iter().all(plain) { Shield::CodeSpan } else { Shield::Joiner };
    let mut out = String::with_capacity(text.len() + 64);
    for part in &split.parts {
        let starts_line = out.is_empty() || out.ends_with('\n');
        match part {
            Part::Text(text) => out.push_str(&without_commands(&text_part(text, closing, shield), starts_line, "\\")),
            Part::Code(code) => out.push_str(&without_commands(&code_part(code), starts_line, JOINER)),
        }
    }
    if let Some(fence) = split.open_fence {
        close_fence(&mut out, fence);
    }
    out
}

/// A title: one line of at most 200 characters, as [`for_forge`] but without Markdown, which titles do not know.
pub fn for_title(text: &str, closing: Closing) -> String {
    let line = joined(text);
    let safe = without_references(&line, closing, Shield::Joiner);
    cut_title(without_marks(&safe))
}

/// A line within a comment, such as the title of an issue: as [`for_forge`], at most 200 characters. It may begin no
/// line of its own, so that what would open a fence there is text.
pub fn for_line(text: &str) -> String {
    let mut line = cut_title(joined(text).into());
    if parts(&line).open_fence.is_some() {
        line.insert_str(0, JOINER);
    }
    let safe = |part: &Part| match part {
        Part::Text(text) => text_part(text, Closing::Nothing, Shield::Joiner),
        Part::Code(code) => code_part(code),
    };
    parts(&line).parts.iter().map(safe).collect()
}

/// A code span, also for a cell of a table. Mentions and closing words do nothing there; what is read from the raw text
/// of a comment does not work either.
pub fn code_span(text: &str) -> String {
    format!("`{}`", code_part(&joined(text)).replace('|', "\\|").replace('`', "'"))
}

/// One line of what people would see.
fn joined(text: &str) -> String {
    visible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut_title(line: Cow<'_, str>) -> String {
    match line.char_indices().nth(200) {
        Some((cut, _)) => format!("{}…", line[..cut].trim_end()),
        None => line.into_owned(),
    }
}

/// A login as forges allow them; other characters, which only an attack brings, are dropped.
pub fn login(name: &str) -> String {
    let plain: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).take(64).collect();
    if plain.is_empty() { "ghost".to_owned() } else { plain }
}

/// A fenced block that nothing inside can end: for the output of checks, diffs and quoted files.
pub fn code_block(text: &str, language: &str) -> String {
    let text = code_part(&visible(text));
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let text = without_commands(&text, true, JOINER);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Cuts a text in the middle so that at most `limit` characters stay, and says so there. Beginning and end stay, since
/// the end of a log is what people look for.
pub fn shorten(text: &str, limit: usize) -> String {
    let total = text.chars().count();
    if total <= limit {
        return text.to_owned();
    }
    let note = |left_out: usize| format!("\n\n… shortened by git-burn: {left_out} characters left out …\n\n");
    let room = limit.saturating_sub(note(total).chars().count());
    let (head, tail) = (room - room / 4, room / 4);
    let place = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    let mut out = text[..place(head)].to_owned();
    if let Some(fence) = parts(&out).open_fence.map(str::to_owned) {
        close_fence(&mut out, &fence);
        out.truncate(out.len() - 1);
    }
    out + &note(total - room) + &text[place(total - tail)..]
}

/// Ends a fenced block.
fn close_fence(out: &mut String, fence: &str) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(fence);
    out.push('\n');
}

/// How a word is kept from meaning something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shield {
    /// In backticks; only where no other backtick or backslash could pair up with them.
    CodeSpan,
    /// By a word joiner after the sign that gives it meaning.
    Joiner,
}

/// U+2060: no width, no break; ends every forge's pattern.
const JOINER: &str = "\u{2060}";

impl Shield {
    fn cover(self, sign: &str, rest: &str) -> String {
        match self {
            Self::CodeSpan => format!("`{sign}{rest}`"),
            Self::Joiner => format!("{sign}{JOINER}{rest}"),
        }
    }
}

/// What people would see: no escape sequences, no hidden characters, line feeds only.
fn visible(text: &str) -> String {
    static ESCAPE_SEQUENCE: Pattern = Pattern::new(|| {
        pattern(
            r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]",
        )
    });
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    strip_hidden(&ESCAPE_SEQUENCE.replace_all(&lines, ""), |_| {})
}

/// Text outside of code.
fn text_part(text: &str, closing: Closing, shield: Shield) -> String {
    let safe = without_html(text);
    let safe = without_images(&safe);
    let safe = without_references(&safe, closing, shield);
    without_marks(&safe).into_owned()
}

/// Code: shown as it is, except for what is read from the raw text of a comment.
fn code_part(code: &str) -> String {
    static BOT: Pattern = Pattern::new(|| {
        pattern(
            r"(?i)@(everyone|all|here|channel|dependabot|renovate|copilot|claude|codex|gemini|cursor|bors|homu|rustbot|mergify|greenkeeper|pyup-?bot|snyk|imgbot|stale|k8s-ci-robot|[a-z0-9-]+-?bot|[a-z0-9-]+\[bot\])\b",
        )
    });
    let code = BOT.replace_all(code, |found: &Captures| Shield::Joiner.cover("@", &found[1]));
    let code = code.replace("<!--", "<\u{2060}!--");
    without_marks(&code).into_owned()
}

/// HTML becomes text; a browser sees `<` and the letters. Automatic links stay. So do the character references that only
/// stand for the characters of code; others could spell a mention.
fn without_html(text: &str) -> Cow<'_, str> {
    static HTML: Pattern =
        Pattern::new(|| pattern(r"<https?://[^\s<>@]+>|&(?:lt|gt|amp|quot|nbsp);|<([A-Za-z/!?])|&(#[0-9xX]|[A-Za-z])"));
    HTML.replace_all(text, |found: &Captures| match (found.get(1), found.get(2)) {
        (Some(rest), _) => format!("&lt;{}", rest.as_str()),
        (None, Some(rest)) if found[0].starts_with('&') && is_reference(text, found) => {
            format!("&amp;{}", rest.as_str())
        }
        (None, Some(_) | None) => found[0].to_owned(),
    })
}

/// Whether a `&` begins a character reference: `&` in `a && b` or in a URL does not.
fn is_reference(text: &str, found: &Captures) -> bool {
    let rest = &text[found.get(0).map_or(0, |whole| whole.start()) + 1..];
    let name = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '#').len();
    rest[name..].starts_with(';') && name < 33
}

/// Images become links, and links to scripts lose their scheme.
fn without_images(text: &str) -> Cow<'_, str> {
    static IMAGE: Pattern = Pattern::new(|| {
        pattern(r#"!+\[|(?i:(\]\s*\(\s*<?|\]:\s*<?|\b(?:href|src)\s*=\s*["']?)(?:javascript|data|vbscript|file)\s*:)"#)
    });
    IMAGE.replace_all(text, |found: &Captures| match found.get(1) {
        Some(before) => format!("{}unsafe-link-", before.as_str()),
        None => "[".to_owned(),
    })
}

/// Mentions, time tracking and closing words.
fn without_references<'a>(text: &'a str, closing: Closing, shield: Shield) -> Cow<'a, str> {
    let closed = without_closing(text, closing, shield);
    static MENTION: Pattern = Pattern::new(|| {
        pattern(
            r"https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d+)?(?:[/?#][^\s<>()\[\]`]*)?|(^|[^A-Za-z0-9_`/.\u{2060}]|[/.])@([A-Za-z0-9_][A-Za-z0-9_./,-]*)",
        )
    });
    let safe = MENTION.replace_all(&closed, |found: &Captures| match (found.get(1), found.get(2)) {
        (Some(before), Some(name)) => {
            let length = name.as_str().trim_end_matches(['.', ',', '-', '/']).len();
            let (name, after) = name.as_str().split_at(length);
            format!("{}{}{after}", before.as_str(), shield.cover("@", name))
        }
        (Some(_) | None, _) => found[0].to_owned(),
    });
    match safe {
        Cow::Borrowed(_) => closed,
        Cow::Owned(safe) => Cow::Owned(safe),
    }
}

/// References after a closing word of GitHub, Gitea or GitLab, also in lists (`closes #1, #2`).
fn without_closing<'a>(text: &'a str, closing: Closing, shield: Shield) -> Cow<'a, str> {
    static CLOSING: Pattern = Pattern::new(|| {
        pattern(
            r#"(?ix)\b(clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?|reopen(?:s|ed|ing)?)
               ([\s:*_~\[\("'\\-]|issues?\s|and\s|,|\#\s)*
               (?:https?://\S+/(?:issues|pulls?|merge_requests|work_items)/\d+|(?:[\w.-]+/[\w.-]+)?[\#!]\d+|\bGH-\d+)
               (?:(?:[\s,]|and|&)+(?:[\w.-]+/[\w.-]+)?[\#!]\d+)*"#,
        )
    });
    static REFERENCE: Pattern = Pattern::new(|| {
        pattern(
            r"(https?:)(//\S+/(?:issues|pulls?|merge_requests|work_items)/\d+)|((?:[\w.-]+/[\w.-]+)?[#!])(\d+)|(?i:\b(GH)(-\d+))",
        )
    });
    CLOSING.replace_all(text, |phrase: &Captures| {
        let cover = |reference: &Captures| {
            let group = |index: usize| reference.get(index).map_or("", |found| found.as_str());
            let own = match closing {
                Closing::Nothing => false,
                Closing::Only(number) => group(3) == "#" && group(4) == number.to_string(),
            };
            if own {
                return reference[0].to_owned();
            }
            let (sign, rest) = [1, 3, 5]
                .map(|at| (group(at), group(at + 1)))
                .into_iter()
                .find(|(sign, _)| !sign.is_empty())
                .unwrap_or(("", &reference[0]));
            shield.cover(sign, rest)
        };
        REFERENCE.replace_all(&phrase[0], cover).into_owned()
    })
}

/// One line of a commit message's body: no mention, closing word or time tracking has an effect.
pub(super) fn without_effect(line: &str) -> Cow<'_, str> {
    without_references(line, Closing::Nothing, Shield::Joiner)
}

/// Marks that CI systems look for in any text that may become a commit message.
pub(super) fn without_marks(text: &str) -> Cow<'_, str> {
    static MARK: Pattern = Pattern::new(|| {
        pattern(
            r"(?i)\[((?:skip|no)[ _-]*(?:ci|actions?|build|deploy|cd|review|[a-z]{2,20})|[a-z]{2,20}[ _-]+skip)\]|\*\*\*(NO_CI)\*\*\*|(skip-checks)\s*:",
        )
    });
    MARK.replace_all(text, |found: &Captures| match (found.get(1), found.get(2), found.get(3)) {
        (Some(mark), _, _) | (None, Some(mark), _) => format!("({})", mark.as_str()),
        (None, None, Some(word)) => format!("{} =", word.as_str()),
        (None, None, None) => found[0].to_owned(),
    })
}

/// Lines that are a slash command and nothing else for a bot (`/merge`, `/assign me`); paths are none.
fn without_commands<'a>(text: &'a str, starts_line: bool, shield: &str) -> Cow<'a, str> {
    static COMMAND: Pattern = Pattern::new(|| pattern(r"(?m)^([\s>]*)(/[A-Za-z][\w-]*)(\s|$)"));
    COMMAND.replace_all(text, |found: &Captures| {
        let at_start = found.get(0).is_some_and(|whole| whole.start() == 0);
        if at_start && !starts_line {
            return found[0].to_owned();
        }
        format!("{}{shield}{}{}", &found[1], &found[2], &found[3])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe(text: &str) -> String {
        for_forge(text, Closing::Nothing)
    }

    #[test]
    fn hostile_text_becomes_plain() {
        for (text, expected) in [
            ("Thanks @acme/security and @octocat!", "Thanks `@acme/security` and `@octocat`!"),
            ("(@a) /@b, @c-d. é@e", "(`@a`) /`@b`, `@c-d`. é`@e`"),
            ("Fixes #1, closes #2 and #3", "Fixes `#1`, closes `#2` and `#3`"),
            (
                "resolves acme/other#3: Fixes https://h.example/a/b/issues/4",
                "resolves `acme/other#3`: Fixes `https://h.example/a/b/issues/4`",
            ),
            ("Closes: **#7** FIXED GH-9", "Closes: **`#7`** FIXED `GH-9`"),
            ("Clo\u{200b}ses #1 and Fixes\u{a0}#2", "Closes `#1` and Fixes\u{a0}`#2`"),
            (
                "[skip ci] [CI skip] [no ci] ***NO_CI*** skip-checks: true",
                "(skip ci) (CI skip) (no ci) (NO_CI) skip-checks = true",
            ),
            ("fix add #42 @1w", "fix add #42 `@1w`"),
            ("/merge\n  /approve now\nsee /etc/passwd", "\\/merge\n  \\/approve now\nsee /etc/passwd"),
            (
                "ok ![x](https://e/p.png?d=abc) <img src=\"https://e/q.png\">",
                "ok [x](https://e/p.png?d=abc) &lt;img src=\"https://e/q.png\">",
            ),
            (
                "<!-- x --><script>1</script>[a](javascript:1)",
                "&lt;!-- x -->&lt;script>1&lt;/script>[a](unsafe-link-1)",
            ),
            ("&commat;octocat &#64;octocat a && b; &lt;", "&amp;commat;octocat &amp;#64;octocat a && b; &lt;"),
            (
                "\u{1b}[31mFAIL\u{1b}[0m\u{1b}]8;;http://e\u{1b}\\click\u{1b}]8;;\u{1b}\\\u{7}\r\0done",
                "FAILclick\ndone",
            ),
        ] {
            assert_eq!(safe(text), expected, "of {text:?}");
        }
    }

    #[test]
    fn a_line_within_a_comment_is_no_markup() {
        for (text, expected) in [
            (
                "a <!-- git-burn v=1 issue=1 step=proof run=r --> b",
                "a &lt;!-- git-burn v=1 issue=1 step=proof run=r --> b",
            ),
            ("![x](https://e/p.png) &#64;ada", "[x](https://e/p.png) &amp;#64;ada"),
            ("`Vec<T>` panics, @ada", "`Vec<T>` panics, @\u{2060}ada"),
            ("``` fixes #1", "\u{2060}``` fixes #\u{2060}1"),
            ("~~~ @ada", "\u{2060}~~~ @\u{2060}ada"),
            ("two\nlines", "two lines"),
        ] {
            assert_eq!(for_line(text), expected, "of {text:?}");
        }
        assert_eq!(code_span("a|b<!-- `c` @dependabot\n-->"), "`a\\|b<\u{2060}!-- 'c' @\u{2060}dependabot -->`");
    }

    #[test]
    fn where_backticks_could_pair_up_the_joiner_is_used() {
        assert_eq!(safe("a ` b @x"), "a ` b @\u{2060}x");
        assert_eq!(safe(r"\@x"), "\\@\u{2060}x");
        assert_eq!(safe("| `a | @x` |"), "| `a | @\u{2060}x` |");
        assert_eq!(safe(r"Fixes \#1"), "Fixes \\#\u{2060}1");
    }

    #[test]
    fn honest_text_stays_as_it_is() {
        for text in [
            "Uses `@types/node` and the `@property` decorator.",
            "Contact a@example.com, see https://fosstodon.org/@someone and <https://example.org/x>",
            "Corrigé : l’addition 2 + 3 = 5 ✅ 数学, #12 and acme/demo#3 are related",
            "```python\n@property\ndef x(self): ...  # a < b && c > d\n```\n",
            "a < b, 3 <= 4, x -> y, `Vec<u8>`, R&D, [link](https://e.example/a?b=1&c=2)",
            "- [x] done\n> quoted\n\n| a | b |\n|---|---|\n",
            "fixes the issue that 5 tests failed",
            "the prefix #3 and a suffix",
        ] {
            assert_eq!(safe(text), text);
        }
        assert_eq!(
            for_forge("Fixes #42, closes #4", Closing::Only(IssueNumber::new(42).unwrap())),
            "Fixes #42, closes `#4`"
        );
    }

    #[test]
    fn code_is_read_by_bots_too() {
        assert_eq!(
            safe("```\n@dependabot merge\n/merge\n[skip ci] <!-- git-burn v=1 -->"),
            "```\n@\u{2060}dependabot merge\n\u{2060}/merge\n(skip ci) <\u{2060}!-- git-burn v=1 -->\n```\n"
        );
        assert_eq!(code_block("a\n```\nb", "text"), "````text\na\n```\nb\n````\n");
    }

    #[test]
    fn doing_it_twice_changes_nothing_more() {
        for text in ["@x Fixes #1 <b> ![i](u) &#64;y\n/merge\n```\n@all", "a ` @x Fixes #1"] {
            assert_eq!(safe(&safe(text)), safe(text));
        }
    }

    #[test]
    fn long_text_is_cut_in_the_middle() {
        let text = format!("start\n```\n{}\nend", "x".repeat(300_000));
        let short = safe(&text);
        assert!(short.chars().count() <= FORGE_LIMIT + 16, "{}", short.chars().count());
        assert!(
            short.starts_with("start\n```\nxx") && short.contains("shortened by git-burn") && short.contains("end")
        );
        assert_eq!(for_title(&"ä".repeat(300), Closing::Nothing).chars().count(), 201);
        assert_eq!(for_title("bug @everyone\nFixes #1", Closing::Nothing), "bug @\u{2060}everyone Fixes #\u{2060}1");
        assert_eq!(login("a](https://evil.example) @everyone"), "ahttpsevil.exampleeveryone");
    }
}
