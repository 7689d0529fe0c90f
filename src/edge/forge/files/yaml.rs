//! The part of YAML that people write into front matter, with the place of each value.

use std::ops::Range;

/// A value of the front matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<String>),
    /// Only written: what is read is a text.
    Flag(bool),
}

impl Value {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Flag(_) => false,
        }
    }

    /// As one text; a list joined by commas.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(items) => items.join(", "),
            Self::Flag(is_set) => is_set.to_string(),
        }
    }

    /// As a list; a text is split at commas.
    pub(super) fn items(&self) -> Vec<String> {
        match self {
            Self::Text(text) => {
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
            }
            Self::List(items) => items.clone(),
            Self::Flag(_) => vec![self.text()],
        }
    }
}

/// Where the front matter's first line begins, if the text opens with `---` at `start`.
pub(super) fn fence(text: &str, start: usize) -> Option<usize> {
    let line = text[start..].split_inclusive('\n').next()?;
    (line.trim_end() == "---" && line.ends_with('\n')).then_some(start + line.len())
}

/// The key of a line and where its value may begin.
pub(super) fn key(line: &str) -> Option<(String, usize)> {
    let colon = line.find(':')?;
    let key = line[..colon].trim_end();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
    let follows = line[colon + 1..].chars().next().is_none_or(char::is_whitespace);
    (follows && !key.is_empty() && !line.starts_with([' ', '\t', '-']) && key.chars().all(plain))
        .then(|| (key.to_owned(), colon + 1))
}

/// Where a value ends that starts on the line before `at`: after all lines that are indented, list items or blank lines
/// between those.
pub(super) fn value_end(text: &str, at: usize) -> usize {
    let mut end = at;
    let mut here = at;
    for line in text[at..].split_inclusive('\n') {
        here += line.len();
        let inside = line.starts_with([' ', '\t']) || line.starts_with("- ") || line.trim_end() == "-";
        if line.trim().is_empty() {
            continue;
        }
        if !inside {
            break;
        }
        end = here;
    }
    end
}

/// Reads the value between `start` (after the colon) and `until`; `line_end` ends the key's own line.
pub(super) fn value(text: &str, start: usize, line_end: usize, until: usize) -> Result<(Value, Range<usize>), String> {
    let first = &text[start..line_end];
    let from = start + (first.len() - first.trim_start_matches([' ', '\t']).len());
    let inline = uncommented(text[from..line_end].trim_end());
    let more = &text[line_end..until];
    let whole = from.min(line_end)..(line_end + more.trim_end().len());
    if inline.is_empty() && !more.trim().is_empty() {
        return Ok((block(more)?, start..whole.end));
    }
    if inline.starts_with(['|', '>']) {
        return Ok((Value::Text(folded(inline, more)), whole));
    }
    if inline.starts_with('[') {
        let joined =
            format!("{inline} {}", more.lines().map(|line| uncommented(line.trim())).collect::<Vec<_>>().join(" "));
        let end = if more.trim().is_empty() { from + inline.len() } else { whole.end };
        return Ok((Value::List(flow(joined.trim())?), from..end));
    }
    let value = scalar(inline)?;
    if more.trim().is_empty() {
        return Ok((Value::Text(value), from..from + inline.len()));
    }
    // A plain text that goes on, indented, on the next lines.
    let rest: Vec<&str> = more.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Ok((Value::Text(format!("{value} {}", rest.join(" "))), whole))
}

/// A list with an item on each line; other nested things are kept as text.
fn block(more: &str) -> Result<Value, String> {
    let lines = more.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<&str> = lines.collect();
    if !lines.iter().all(|line| line.starts_with("- ") || *line == "-") {
        return Ok(Value::Text(lines.join(" ")));
    }
    let items = lines.iter().map(|line| scalar(uncommented(line[1..].trim())));
    Ok(Value::List(items.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|item| !item.is_empty()).collect()))
}

/// `|` keeps the lines, `>` joins them.
fn folded(style: &str, more: &str) -> String {
    let lines: Vec<&str> = more.trim_end().lines().map(str::trim).collect();
    lines.join(if style.starts_with('|') { "\n" } else { " " })
}

/// `[a, "b, c"]`
fn flow(text: &str) -> Result<Vec<String>, String> {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inner = inner.ok_or("a list is not closed by `]`")?;
    let mut items = Vec::new();
    let mut start = 0;
    let mut quote = None;
    for (at, c) in inner.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') if inner[start..at].trim().is_empty() => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ',') => {
                items.push(scalar(inner[start..at].trim())?);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(scalar(inner[start..].trim())?);
    items.retain(|item| !item.is_empty());
    Ok(items)
}

/// A quoted or plain text; `null` and `~` are empty.
fn scalar(text: &str) -> Result<String, String> {
    if let Some(rest) = text.strip_prefix('\'') {
        let inner = rest.strip_suffix('\'').ok_or("a quote is not closed")?;
        return Ok(inner.replace("''", "'"));
    }
    if let Some(rest) = text.strip_prefix('"') {
        let inner = rest.strip_suffix('"').ok_or("a quote is not closed")?;
        return Ok(unescaped(inner));
    }
    Ok(if matches!(text, "null" | "~" | "Null" | "NULL") { String::new() } else { text.to_owned() })
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some(other)) => out.push(other),
            (c, _) => out.push(c),
        }
    }
    out
}

/// Without a comment at the end: ` #` outside of quotes.
fn uncommented(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') if matches!(before, ' ' | '[' | ',') => quote = Some(c),
            (Some(open), _) if open == c && before != '\\' => quote = None,
            (None, '#') if before.is_whitespace() => return line[..at].trim_end(),
            _ => {}
        }
        before = c;
    }
    line
}

/// Writes a value so that YAML and [`value`] read it back.
pub(super) fn write(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Flag(is_set) => is_set.to_string(),
        Value::List(items) => format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", ")),
    }
}

/// Quotes only what YAML would read as something else.
fn quoted(text: &str) -> String {
    let plain_start = text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '(' | '_'));
    let special = |c: char| c.is_control() || matches!(c, '"' | '\'' | '[' | ']' | '{' | '}' | ',' | '#' | '\\');
    let misread = matches!(text, "null" | "true" | "false" | "yes" | "no" | "on" | "off");
    let risky = text.contains(special) || text.contains(": ") || text.ends_with([' ', ':']);
    if plain_start && !risky && !misread {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
