//! The committed file `.gitburn`: git-config syntax, keys checked, every problem told with its line.

use std::fmt;

use super::keys::Name;
use crate::edge::repo::config as git_config;

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
    let entries = git_config::Config::parse(FILE, bytes).map_err(|error| Problems(vec![error.to_string()]))?;
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    for entry in entries.iter() {
        let place = &entry.origin;
        match Name::of_git_key(&entry.key) {
            Some(name) if name.key().is_some() => {
                lines.push(Line { name, value: entry.value.clone(), line: line_of(place) });
            }
            Some(name) => problems.push(unknown(&name, &place.to_string())),
            None => problems.push(format!("{place}: `{}` is not a key of the section `burn`", entry.key)),
        }
    }
    match problems.is_empty() {
        true => Ok(lines),
        false => Err(Problems(problems)),
    }
}

fn line_of(origin: &git_config::Origin) -> usize {
    match origin {
        git_config::Origin::Committed { line, .. } => *line,
        git_config::Origin::System(_)
        | git_config::Origin::Global(_)
        | git_config::Origin::Local(_)
        | git_config::Origin::Environment
        | git_config::Origin::CommandLine => 0,
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
    fn lines_are_kept() {
        let text = "# team

[burn]
	base = trunk ; here
[burn \"check.Test\"]
  required
";
        assert_eq!(read(text), ["4 burn.base Some(\"trunk\")", "6 burn.check.Test.required None"]);
    }

    #[test]
    fn all_unknown_keys_are_named_with_their_lines() {
        let text = "[burn]\nmodle = x\n[burn \"guard\"]\nmaxFiles = 3\nnope = 1\n[include]\npath = /etc/passwd\n";
        expect_test::expect![[r#"
            [
                ".gitburn:2: unknown key `burn.modle` (did you mean `burn.model`?)",
                ".gitburn:5: unknown key `burn.guard.nope`",
                ".gitburn:7: `include.path` is not a key of the section `burn`",
            ]
        "#]]
        .assert_debug_eq(&read(text));
        assert_eq!(read("[burn\n").len(), 1);
    }
}
