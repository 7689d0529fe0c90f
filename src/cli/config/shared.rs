//! The committed file `.gitburn`: git-config syntax, keys checked, every problem told with its line.

use std::fmt;

use bstr::ByteSlice;
use gix::config::parse::{EventRef, Events};

use super::keys::Name;

/// Its path, at the top of the repository.
pub const FILE: &str = ".gitburn";

/// One line of the file that sets a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub name: Name,
    /// `None`: the key stands alone, which means true.
    pub value: Option<String>,
    /// From 1.
    pub line: usize,
}

/// Everything that is wrong with the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// Reads the file. Includes are not followed: a key of any other section than `burn` is a problem.
pub fn parse(bytes: &[u8]) -> Result<Vec<Line>, Problems> {
    let events = Events::from_bytes(bytes, None).map_err(|error| Problems(vec![format!("{FILE}: {error}")]))?;
    let mut reader = Reader { line: 1, ..Reader::default() };
    // `Events::iter` leaves out the headers.
    events.frontmatter().for_each(|event| reader.take(event));
    for section in events.sections() {
        reader.take(section.header());
        section
            .iter()
            .filter(|event| !matches!(event, EventRef::SectionHeader { .. }))
            .for_each(|event| reader.take(event));
    }
    reader.finish_value();
    match reader.problems.is_empty() {
        true => Ok(reader.lines),
        false => Err(Problems(reader.problems)),
    }
}

/// Where in the file the reading stands.
#[derive(Default)]
struct Reader {
    line: usize,
    section: Option<(String, Option<String>)>,
    /// The key being read: its name, the line it began on, and the value so far (`None`: no `=` yet).
    open: Option<(String, usize, Option<Vec<u8>>)>,
    lines: Vec<Line>,
    problems: Vec<String>,
}

impl Reader {
    fn take(&mut self, event: EventRef<'_>) {
        match event {
            EventRef::SectionHeader { name, subsection_name, .. } => {
                self.finish_value();
                self.section =
                    Some((name.to_str_lossy().into(), subsection_name.map(|name| name.to_str_lossy().into())));
            }
            EventRef::SectionValueName(name) => {
                self.finish_value();
                self.open = Some((name.to_str_lossy().into(), self.line, None));
            }
            EventRef::KeyValueSeparator => self.open.iter_mut().for_each(|(_, _, value)| *value = Some(Vec::new())),
            EventRef::Value(bytes) | EventRef::ValueNotDone(bytes) | EventRef::ValueDone(bytes) => self.append(bytes),
            EventRef::Newline(newlines) => self.line += newlines.find_iter(b"\n").count(),
            EventRef::Comment { .. } | EventRef::Whitespace(_) => {}
        }
    }

    /// A key without `=` has an empty value event all the same; it must stay `None`.
    fn append(&mut self, bytes: &[u8]) {
        if let Some((_, _, Some(value))) = &mut self.open {
            value.extend_from_slice(bytes);
        }
    }

    fn finish_value(&mut self) {
        let Some((variable, line, value)) = self.open.take() else { return };
        let value = value.map(|raw| gix::config::value::normalize(raw.as_bstr()).to_str_lossy().into_owned());
        let (section, subsection) = self.section.clone().unwrap_or_default();
        let name = Name { subsection, variable };
        match (section.eq_ignore_ascii_case("burn"), name.key()) {
            (true, Some(_)) => self.lines.push(Line { name, value, line }),
            (true, None) => self.problems.push(unknown(&name, &format!("{FILE} line {line}"))),
            (false, _) => self.problems.push(format!("{FILE} line {line}: section `{section}` is not `burn`")),
        }
    }
}

/// What is said about a key that is not in the table.
pub fn unknown(name: &Name, place: &str) -> String {
    let guess = name.nearest().map_or_else(String::new, |key| format!(" (did you mean `{key}`?)"));
    format!("{place}: unknown key `{name}`{guess}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        match parse(text.as_bytes()) {
            Ok(lines) => lines.iter().map(|line| format!("{} {} {:?}", line.line, line.name, line.value)).collect(),
            Err(Problems(problems)) => problems,
        }
    }

    #[test]
    fn lines_are_counted_through_comments_and_continuations() {
        let text = "# team\n\n[burn]\n\tbase = trunk ; here\n\texclude = a\\\nb\n[burn \"check.test\"]\n  required\n  command = \"x # y\"\n";
        expect_test::expect![[r#"
            [
                "4 burn.base Some(\"trunk\")",
                "5 burn.exclude Some(\"ab\")",
                "8 burn.check.test.required None",
                "9 burn.check.test.command Some(\"x # y\")",
            ]
        "#]]
        .assert_debug_eq(&read(text));
    }

    #[test]
    fn all_unknown_keys_are_named_with_their_lines() {
        let text = "[burn]\nmodle = x\n[burn \"guard\"]\nmaxFiles = 3\nnope = 1\n[include]\npath = /etc/passwd\n";
        expect_test::expect![[r#"
            [
                ".gitburn line 2: unknown key `burn.modle` (did you mean `burn.model`?)",
                ".gitburn line 5: unknown key `burn.guard.nope`",
                ".gitburn line 7: section `include` is not `burn`",
            ]
        "#]]
        .assert_debug_eq(&read(text));
        assert_eq!(read("[burn\n").len(), 1);
    }
}
