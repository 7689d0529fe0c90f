//! Which parts of a Markdown text are code, decided so that no forge can disagree in the dangerous direction.

/// A stretch of Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Rendered as text: mentions, references and HTML work here.
    Text(&'a str),
    /// A code span or the lines of a fenced block, with its marks.
    Code(&'a str),
}

/// The text in parts, and the fence that is still open at the end, if any.
pub(super) struct Parts<'a> {
    pub(super) parts: Vec<Part<'a>>,
    pub(super) open_fence: Option<&'a str>,
}

/// Splits a text. Only what every renderer takes for code counts as code: fences that start a line with at most three
/// spaces, and code spans that begin and end on one line, hold no `|` (a table would split there) and follow no
/// backslash. In doubt a stretch is text, which costs looks, never safety.
pub(super) fn parts(text: &str) -> Parts<'_> {
    let mut parts = Vec::new();
    let mut open: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let mark = fence_mark(line);
        match (open, mark) {
            (None, Some(mark)) => {
                open = Some(mark);
                parts.push(Part::Code(line));
            }
            (None, None) => split_spans(line, &mut parts),
            (Some(fence), mark) => {
                parts.push(Part::Code(line));
                let closes = |mark: &str| mark.starts_with(fence) && line.trim().len() == mark.len();
                if mark.is_some_and(closes) {
                    open = None;
                }
            }
        }
    }
    Parts { parts, open_fence: open }
}

/// The run of at least three backticks or tildes that starts a line.
fn fence_mark(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(' ');
    let sign = rest.chars().next().filter(|sign| matches!(sign, '`' | '~'))?;
    let mark = &rest[..rest.len() - rest.trim_start_matches(sign).len()];
    // An info string of a backtick fence has no backtick: "```a```" is a code span.
    let spans = sign == '`' && rest[mark.len()..].contains('`');
    (line.len() - rest.len() <= 3 && mark.len() >= 3 && !spans).then_some(mark)
}

/// Splits one line outside of fences into text and code spans.
fn split_spans<'a>(line: &'a str, parts: &mut Vec<Part<'a>>) {
    let mut done = 0;
    let mut at = 0;
    while let Some(start) = line[at..].find('`').map(|found| at + found) {
        let run = line[start..].len() - line[start..].trim_start_matches('`').len();
        let escaped = line[..start].ends_with('\\');
        match closing_run(line, start + run, run) {
            Some(end) if !escaped && !line[start..end].contains('|') => {
                parts.push(Part::Text(&line[done..start]));
                parts.push(Part::Code(&line[start..end]));
                done = end;
                at = end;
            }
            Some(_) | None => at = start + run,
        }
    }
    parts.push(Part::Text(&line[done..]));
}

/// The end of the next run of exactly `length` backticks.
fn closing_run(line: &str, from: usize, length: usize) -> Option<usize> {
    let mut at = from;
    while let Some(start) = line[at..].find('`').map(|found| at + found) {
        let run = line[start..].len() - line[start..].trim_start_matches('`').len();
        if run == length {
            return Some(start + run);
        }
        at = start + run;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<String> {
        let code = |part: &Part| match part {
            Part::Code(code) => Some((*code).to_owned()),
            Part::Text(_) => None,
        };
        parts(text).parts.iter().filter_map(code).collect()
    }

    #[test]
    fn only_undoubted_code_is_code() {
        assert_eq!(code("a `b` c ``d`e`` f"), ["`b`", "``d`e``"]);
        assert_eq!(code("a ` b\nc ` d"), Vec::<String>::new());
        assert_eq!(code("| `a | @x` |"), Vec::<String>::new());
        assert_eq!(code(r"\`@x` y"), Vec::<String>::new());
        assert_eq!(code("```rust\nx\n```\ny"), ["```rust\n", "x\n", "```\n"]);
        assert_eq!(code("    ```\n@x\n    ```"), Vec::<String>::new());
        assert_eq!(code("````\n```\n````\n").len(), 3);
        assert_eq!(parts("~~~~ x\nopen").open_fence, Some("~~~~"));
        let text = "a `b` \n```\nc\n``` \nd";
        let whole: String = parts(text)
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(t) | Part::Code(t) => *t,
            })
            .collect();
        assert_eq!(whole, text);
    }
}
