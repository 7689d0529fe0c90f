//! One Markdown file of a `files` forge: front matter, text, comments; read forgivingly, edited in place.
//!
//! The front matter is the part of YAML that people write: `key: value`, lists in brackets or on lines of their own,
//! quotes, comments, folded text. Edits change the bytes of one value and nothing else.

use std::ops::Range;

use super::yaml::{self, Value};

/// A file's text with what was found in it.
#[derive(Debug, Clone)]
pub(super) struct Document {
    text: String,
    fields: Vec<Field>,
    /// Where a new field goes: the start of the closing `---`. `None` without front matter.
    front_end: Option<usize>,
    body: Range<usize>,
    sections: Vec<Section>,
}

/// A key of the front matter.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) value: Value,
    /// The value's bytes, without the key and a comment at the line's end.
    span: Range<usize>,
}

/// A comment below the text.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// Counts within the file, from 1.
    pub(super) number: u64,
    pub(super) author: String,
    pub(super) created: String,
    /// What else the marker says: `review=`, `path=`, `line=`.
    attributes: String,
    /// From after the marker line to the next marker.
    span: Range<usize>,
}

impl Section {
    /// What the marker says under that name.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        attribute(&self.attributes, name)
    }
}

/// Why a file cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// From 1.
    pub(super) line: usize,
    pub(super) what: String,
}

/// Starts a comment; the marker line is HTML so that it does not show where Markdown is rendered.
const MARKER: &str = "<!-- git-burn:comment ";

impl Document {
    pub(super) fn parse(text: String) -> Result<Self, Problem> {
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let (fields, front_end, body_start) = match yaml::fence(&text, start) {
            Some(open_end) => {
                let (fields, close) = fields(&text, open_end)?;
                (fields, Some(close), line_end(&text, close))
            }
            None => (Vec::new(), None, start),
        };
        let (body, sections) = sections(&text, body_start)?;
        Ok(Self { text, fields, front_end, body, sections })
    }

    /// A new file with these fields and this text.
    pub(super) fn write(fields: &[(&str, Value)], body: &str) -> Self {
        let mut text = String::from("---\n");
        for (key, value) in fields {
            text.push_str(&format!("{key}: {}\n", yaml::write(value)));
        }
        text.push_str("---\n\n");
        text.push_str(&shielded(body.trim_end()));
        text.push('\n');
        Self::parse(text).expect("what is written here can be read here")
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn has_front_matter(&self) -> bool {
        self.front_end.is_some()
    }

    /// The first of these keys that is there and not empty.
    pub(super) fn field(&self, keys: &[&str]) -> Option<&Field> {
        let named = |key: &&str| self.fields.iter().find(|field| field.key.eq_ignore_ascii_case(key));
        keys.iter().filter_map(named).find(|field| !field.value.is_empty())
    }

    pub(super) fn word(&self, keys: &[&str]) -> Option<String> {
        self.field(keys).map(|field| field.value.text())
    }

    pub(super) fn list(&self, keys: &[&str]) -> Vec<String> {
        self.field(keys).map(|field| field.value.items()).unwrap_or_default()
    }

    /// The text between front matter and comments.
    pub(super) fn body(&self) -> String {
        plain(self.text[self.body.clone()].trim())
    }

    /// The first `# heading` of the text.
    pub(super) fn heading(&self) -> Option<String> {
        let heading = |line: &str| line.strip_prefix("# ").map(|title| title.trim().to_owned());
        self.text[self.body.clone()].lines().find_map(heading)
    }

    pub(super) fn sections(&self) -> &[Section] {
        &self.sections
    }

    pub(super) fn section_text(&self, section: &Section) -> String {
        plain(self.text[section.span.clone()].trim_matches(['\n', '\r']))
    }

    /// Sets a value, in the spelling of the key that is there (the first of `keys`), or as a new field.
    pub(super) fn set(&mut self, keys: &[&str], value: &Value) {
        let there = self.fields.iter().find(|field| keys.iter().any(|key| field.key.eq_ignore_ascii_case(key)));
        match (there, self.front_end) {
            (Some(field), _) => {
                let span = field.span.clone();
                let before = if self.text[..span.start].ends_with([' ', '\t']) { "" } else { " " };
                let after = if self.text[span.end..].starts_with('#') { " " } else { "" };
                self.splice(span, &format!("{before}{}{after}", yaml::write(value)));
            }
            (None, Some(end)) => {
                let line = format!("{}: {}{}", keys[0], yaml::write(value), self.newline());
                self.splice(end..end, &line);
            }
            (None, None) => {
                let start = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
                let end = self.newline();
                let front = format!("---{end}{}: {}{end}---{end}{end}", keys[0], yaml::write(value));
                self.splice(start..start, &front);
            }
        }
    }

    /// Replaces the text between front matter and comments, leaving the blank lines around it.
    pub(super) fn set_body(&mut self, body: &str) {
        let old = &self.text[self.body.clone()];
        let start = self.body.start + (old.len() - old.trim_start().len());
        let span = if old.trim().is_empty() { self.body.clone() } else { start..start + old.trim().len() };
        let gap = if old.trim().is_empty() { self.newline() } else { "" };
        let end = if old.trim().is_empty() { self.newline() } else { "" };
        // At the very start of a file, `---` would open a front matter.
        let gap = if self.front_end.is_none() && body.trim().starts_with("---") { self.newline() } else { gap };
        self.splice(span, &format!("{gap}{}{end}", self.native(&shielded(body.trim()))));
    }

    /// Adds a comment at the end; returns its number.
    pub(super) fn append(&mut self, author: &str, created: &str, body: &str) -> u64 {
        let number = self.sections.iter().map(|section| section.number).max().unwrap_or(0) + 1;
        let gap = if self.text.is_empty() || self.text.ends_with('\n') { "\n" } else { "\n\n" };
        let author: String = author.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '<' | '>')).collect();
        let marker = format!("{MARKER}id={number} author=\"{author}\" created={created} -->");
        let section = self.native(&format!("{gap}{marker}\n\n{}\n", shielded(body.trim_end())));
        let end = self.text.len();
        self.splice(end..end, &section);
        number
    }

    /// Replaces the text of a comment; `false` when there is none of this number.
    pub(super) fn edit_section(&mut self, number: u64, body: &str) -> bool {
        let Some(section) = self.sections.iter().find(|section| section.number == number) else { return false };
        let old = &self.text[section.span.clone()];
        let inner = old.trim_matches(['\n', '\r']);
        let start = section.span.start + (old.len() - old.trim_start_matches(['\n', '\r']).len());
        let text = self.native(&shielded(body.trim_end()));
        self.splice(start..start + inner.len(), &text);
        true
    }

    /// Changes bytes and finds everything anew.
    fn splice(&mut self, span: Range<usize>, with: &str) {
        let mut text = std::mem::take(&mut self.text);
        text.replace_range(span, with);
        *self = Self::parse(text).expect("a value was exchanged for a well-formed one");
    }

    fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Lines ended as the file ends its own.
    fn native(&self, text: &str) -> String {
        text.replace("\r\n", "\n").replace('\n', self.newline())
    }
}

/// The fields from `start` to the closing fence, and where that begins.
fn fields(text: &str, start: usize) -> Result<(Vec<Field>, usize), Problem> {
    let mut fields: Vec<Field> = Vec::new();
    let mut at = start;
    loop {
        if at >= text.len() {
            return Err(Problem { line: 1, what: "the front matter is not closed by `---`".into() });
        }
        let end = line_end(text, at);
        let line = text[at..end].trim_end();
        if line == "---" || line == "..." {
            return Ok((fields, at));
        }
        if line.trim_start().is_empty() || line.trim_start().starts_with('#') {
            at = end;
            continue;
        }
        let problem = |what: String| Problem { line: text[..at].matches('\n').count() + 1, what };
        let (key, offset) = yaml::key(line).ok_or_else(|| problem(format!("`{}` is not `key: value`", shown(line))))?;
        let until = yaml::value_end(text, end);
        let (value, span) = yaml::value(text, at + offset, end, until).map_err(problem)?;
        if fields.iter().any(|field| field.key == key) {
            return Err(problem(format!("`{key}` is there twice")));
        }
        fields.push(Field { key, value, span });
        at = until;
    }
}

fn shown(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// Byte after the line that starts at `at`, its end included.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// The body, and the comments after it.
fn sections(text: &str, start: usize) -> Result<(Range<usize>, Vec<Section>), Problem> {
    let mut body = start..text.len();
    let mut sections: Vec<Section> = Vec::new();
    let mut at = start;
    while at < text.len() {
        let end = line_end(text, at);
        if let Some(attributes) = text[at..end].trim_end().strip_prefix(MARKER) {
            match sections.last_mut() {
                Some(last) => last.span.end = at,
                None => body.end = at,
            }
            let problem =
                || Problem { line: text[..at].matches('\n').count() + 1, what: "a comment without `id=`".into() };
            let number = attribute(attributes, "id").and_then(|id| id.parse().ok()).ok_or_else(problem)?;
            let named = |name| attribute(attributes, name).unwrap_or_default();
            let (author, created) = (named("author"), named("created"));
            let attributes = attributes.to_owned();
            sections.push(Section { number, author, created, attributes, span: end..text.len() });
        }
        at = end;
    }
    Ok((body, sections))
}

/// `name=value` or `name="value"` out of a marker.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let start = format!(" {attributes}").find(&format!(" {name}=")).map(|at| at + name.len() + 1)?;
    let rest = &attributes[start..];
    let value = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split(' ').next()?,
    };
    (!value.is_empty()).then(|| value.to_owned())
}

/// Text whose lines cannot be taken for a marker: one backslash before those that could.
fn shielded(text: &str) -> String {
    per_line(text, |line| if is_marker_like(line) { format!("\\{line}") } else { line.to_owned() })
}

/// Undoes [`shielded`].
fn plain(text: &str) -> String {
    per_line(text, |line| match line.strip_prefix('\\') {
        Some(rest) if is_marker_like(rest) => rest.to_owned(),
        _ => line.to_owned(),
    })
}

fn is_marker_like(line: &str) -> bool {
    line.trim_start_matches('\\').starts_with(MARKER.trim_end())
}

fn per_line(text: &str, change: impl Fn(&str) -> String) -> String {
    if text.contains(MARKER.trim_end()) {
        text.split('\n').map(change).collect::<Vec<_>>().join("\n")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of front matter as people write them, well or badly; each is a `labels` field or stands beside one.
    const LABELS: &[&str] = &[
        "",
        "labels:",
        "labels: ",
        "labels: # none yet",
        "labels: []",
        "labels: [] # none",
        "labels: [a, 'b, c', \"d # e\"]",
        "labels: [a,\n  b]   # two lines",
        "labels: a, b",
        "labels:\n- a\n- b # why",
        "labels:\n  - a\n\n  - b",
        "labels:   a   ",
        "labels: null",
        "labels: 'it''s'",
        "Labels:\t[a]",
        "labels: >-\n  a\n  b",
    ];
    const BESIDE: &[&str] = &["", "# note", "x: |\n  text: [\n  more", "y: {a: b}", "\n", "z: \"q: # [\""];

    /// All ways of putting them together, with both kinds of line ends and three kinds of text below.
    fn documents() -> Vec<String> {
        let mut all = Vec::new();
        for labels in LABELS {
            for beside in BESIDE {
                for body in ["", "\nText\n", "\n---\n# Title\n\n<!-- git-burn:comment id=1 author=a -->\n\nhi"] {
                    let text = format!("---\nnumber: 1\n{beside}\n{labels}\ntitle: t\n---\n{body}");
                    all.push(text.replace('\n', "\r\n"));
                    all.push(text);
                }
            }
        }
        all
    }

    #[test]
    fn any_value_can_be_exchanged_and_nothing_else_changes() {
        let list = Value::List(vec!["in review".into(), "a: b".into(), "c # d".into(), "\"q\"".into()]);
        for text in documents() {
            let before = Document::parse(text.clone()).unwrap_or_else(|problem| panic!("{problem:?} in {text:?}"));
            let mut after = before.clone();
            after.set(&["labels"], &list);
            assert_eq!(after.list(&["labels"]), list.items(), "{text:?}");
            after.set(&["labels"], &Value::List(Vec::new()));
            assert_eq!(after.list(&["labels"]), [""; 0], "{text:?}");
            for key in ["number", "title", "x", "y", "z"] {
                assert_eq!(after.word(&[key]), before.word(&[key]), "{text:?}");
            }
            assert_eq!(after.body(), before.body(), "{text:?}");
            assert_eq!(after.sections().len(), before.sections().len(), "{text:?}");
        }
    }

    #[test]
    fn texts_and_comments_come_back_as_they_were_given() {
        let texts = [
            "plain",
            "---\nnumber: 9\n---",
            "<!-- git-burn:comment id=7 -->\n\\<!-- git-burn:comment",
            "a\n\n\nb",
            "# x",
        ];
        let bare = ["", "\n", "no front matter\n", "\u{feff}bom"].map(str::to_owned);
        for text in documents().into_iter().chain(bare) {
            for given in texts {
                let mut document = Document::parse(text.clone()).unwrap();
                let comments = document.sections().len();
                document.set_body(given);
                let number = document.append("ada", "2026-01-02T03:04:05Z", given);
                assert!(document.edit_section(number, given));
                let same = |there: String| assert_eq!(there.replace("\r\n", "\n"), given, "{text:?}");
                same(document.body());
                assert_eq!(document.sections().len(), comments + 1, "{text:?}");
                same(document.section_text(&document.sections()[comments]));
            }
        }
    }
}
