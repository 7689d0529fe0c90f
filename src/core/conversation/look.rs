//! Look-ups that a model may ask for: their grammar, and what is wrong with those that cannot be answered.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::core::names::RepoPath;

/// One question about the repository, answered from the draft's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// A file, or some of its lines.
    Read { path: RepoPath, lines: Option<LineRange> },
    /// Lines that match a regular expression (syntax of the `regex` crate, checked), in files that match a glob.
    /// A glob without `/` is meant for file names in any folder.
    Search { regex: String, glob: Option<String> },
    /// Paths that match a glob; a folder's name stands for everything below it.
    List { glob: String },
    /// Commits that changed a file or folder.
    Log { path: RepoPath },
    /// Who changed these lines last.
    Blame { path: RepoPath, lines: LineRange },
}

/// Lines of a file, counted from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRange {
    pub from: u32,
    /// `None`: to the end of the file.
    pub to: Option<u32>,
}

impl fmt::Display for LineRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) => write!(f, "{}-{to}", self.from),
            None => write!(f, "{}-", self.from),
        }
    }
}

impl fmt::Display for Look {
    /// The line as the grammar has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, lines: Some(lines) } => write!(f, "read {path}:{lines}"),
            Self::Read { path, lines: None } => write!(f, "read {path}"),
            Self::Search { regex, glob } => {
                let quote = if regex.contains(char::is_whitespace) || glob.is_some() { "/" } else { "" };
                write!(f, "search {quote}{regex}{quote}")?;
                glob.as_ref().map_or(Ok(()), |glob| write!(f, " {glob}"))
            }
            Self::List { glob } => write!(f, "list {glob}"),
            Self::Log { path } => write!(f, "log {path}"),
            Self::Blame { path, lines } => write!(f, "blame {path}:{lines}"),
        }
    }
}

impl Serialize for Look {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A line of a look block that cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookProblem {
    /// The line as the model wrote it, cut at 200 characters.
    pub line: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl fmt::Display for LookProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.line, self.problem)
    }
}

impl LookProblem {
    pub(super) fn new(line: &str, problem: impl Into<String>) -> Self {
        Self { line: line.chars().take(200).collect(), problem: problem.into() }
    }
}

impl Look {
    /// Reads one line of a look block.
    pub fn parse(line: &str) -> Result<Self, LookProblem> {
        let line = strip_list_mark(line.trim());
        let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let look = match verb.trim_end_matches(':').to_ascii_lowercase().as_str() {
            "read" => target(rest).map(|(path, lines)| Self::Read { path, lines }),
            "search" => search(rest),
            "list" => list(rest),
            "log" => target(rest).map(|(path, _)| Self::Log { path }),
            "blame" => target(rest).and_then(|(path, lines)| match lines {
                Some(lines) => Ok(Self::Blame { path, lines }),
                None => Err(format!("say which lines: `blame {path}:FROM-TO`")),
            }),
            _ => Err(format!("there is no look-up of this name; they are {VERBS}")),
        };
        look.map_err(|problem| LookProblem::new(line, problem))
    }
}

/// The grammar in one line, for messages.
const VERBS: &str = "`read PATH[:FROM-TO]`, `search REGEX [GLOB]`, `list GLOB`, `log PATH`, `blame PATH:FROM-TO`";

/// `- read x`, `1. read x` and `$ read x` are what models make of a list.
fn strip_list_mark(line: &str) -> &str {
    let unnumbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = if unnumbered.len() < line.len() { unnumbered.strip_prefix(['.', ')']) } else { None };
    let bare = numbered.or_else(|| line.strip_prefix(['-', '*', '$', '>'])).filter(|rest| rest.starts_with(' '));
    bare.unwrap_or(line).trim_start()
}

/// A path with an optional range: `a/b.rs`, `a/b.rs:3`, `a/b.rs:3-9`, `a/b.rs#L3-L9`, `a/b.rs 3-9`.
fn target(text: &str) -> Result<(RepoPath, Option<LineRange>), String> {
    let text = unquote(text);
    if text.is_empty() {
        return Err("a path is missing".to_owned());
    }
    let (path, lines) = match split_range(text) {
        Some((path, lines)) => (path, Some(lines?)),
        None => (text, None),
    };
    let path = unquote(path.trim());
    let path = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
    let path = RepoPath::parse(path).map_err(|error| format!("{error}; paths are relative to the repository's top"))?;
    Ok((path, lines))
}

/// Parts a range off; `None` if there is none.
fn split_range(text: &str) -> Option<(&str, Result<LineRange, String>)> {
    let cut = text.rfind([':', '#', ' '])?;
    let (path, range) = (&text[..cut], &text[cut + 1..]);
    let shape = |c: char| c.is_ascii_digit() || matches!(c, '-' | ',' | 'L' | 'l');
    let is_range = range.contains(|c: char| c.is_ascii_digit()) && range.chars().all(shape);
    (is_range && !path.is_empty()).then(|| (path, line_range(range)))
}

fn line_range(text: &str) -> Result<LineRange, String> {
    let wrong = || format!("`{text}` is not a range of lines such as `10-40`");
    let number = |part: &str| part.trim_start_matches(['L', 'l']).parse::<u32>().map_err(|_| wrong());
    let (from, to) = match text.split_once(['-', ',']) {
        None => (number(text)?, Some(number(text)?)),
        Some((from, "")) => (number(from)?, None),
        Some((from, to)) => (number(from)?, Some(number(to)?)),
    };
    if from == 0 {
        return Err("lines are counted from 1".to_owned());
    }
    match to {
        Some(to) if to < from => Err(format!("line {to} comes before line {from}")),
        Some(_) | None => Ok(LineRange { from, to }),
    }
}

fn search(text: &str) -> Result<Look, String> {
    let (regex, glob) = match quoted(text) {
        Some((regex, glob)) => (regex, Some(glob).filter(|glob| !glob.is_empty())),
        None => match text.rsplit_once(char::is_whitespace) {
            Some((regex, glob)) if looks_like_glob(glob) => (regex.trim_end(), Some(glob)),
            Some(_) | None => (text, None),
        },
    };
    if regex.is_empty() {
        return Err("a regular expression is missing".to_owned());
    }
    let limited = regex::RegexBuilder::new(regex).size_limit(1 << 20).build();
    limited.map_err(|error| format!("not a regular expression that can be searched for: {}", last_line(&error)))?;
    let glob = glob.map(|glob| checked_glob(unquote(glob))).transpose()?;
    Ok(Look::Search { regex: regex.to_owned(), glob })
}

/// `regex` prints the pattern with a pointer over several lines; its last line says what is wrong.
fn last_line(error: &regex::Error) -> String {
    error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// `"two words" *.rs` or `/two words/ *.rs`: the quoted part and the trimmed rest.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`' | '/'))?;
    let inner = &text[1..];
    let end = inner.match_indices(quote).map(|(at, _)| at).find(|at| {
        let rest = &inner[at + 1..];
        !inner[..*at].ends_with('\\') && (rest.is_empty() || rest.starts_with(char::is_whitespace))
    })?;
    let rest = inner[end + 1..].trim();
    (!rest.contains(char::is_whitespace)).then(|| (&inner[..end], rest))
}

/// Whether the last word of an unquoted search is meant as a glob and not as a part of the regular expression.
fn looks_like_glob(word: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "_-./*?{},[]!".contains(c);
    let extension = word
        .rsplit_once('.')
        .is_some_and(|(_, end)| (1..=8).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    word.chars().all(plain) && !word.contains(".*") && (word.contains('/') || word.starts_with('*') || extension)
}

fn list(text: &str) -> Result<Look, String> {
    let text = unquote(text);
    let text = text.strip_prefix("./").unwrap_or(text);
    let glob = match text {
        "" | "." | "/" => "*".to_owned(),
        folder if folder.ends_with('/') => format!("{folder}**"),
        glob => glob.to_owned(),
    };
    checked_glob(&glob).map(|glob| Look::List { glob })
}

fn checked_glob(glob: &str) -> Result<String, String> {
    match globset::Glob::new(glob) {
        Ok(_) => Ok(glob.to_owned()),
        Err(error) => Err(format!("not a glob: {error}")),
    }
}

fn unquote(text: &str) -> &str {
    let text = text.trim();
    let inner = ['"', '\'', '`'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    inner.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(line: &str, expected: &str) {
        assert_eq!(Look::parse(line).map(|look| look.to_string()).map_err(|p| p.problem), Ok(expected.to_owned()));
    }

    #[track_caller]
    fn refuses(line: &str, expected: &str) {
        let problem = Look::parse(line).expect_err("a problem").problem;
        assert!(problem.contains(expected), "{problem}");
    }

    #[test]
    fn ranges_are_read_in_every_usual_spelling() {
        reads("read src/a.rs", "read src/a.rs");
        reads("- READ ./src/a.rs:3-9", "read src/a.rs:3-9");
        reads("1. read `src/a.rs#L3-L9`", "read src/a.rs:3-9");
        reads("read: \"a b.txt\" 5", "read a b.txt:5-5");
        reads("read a:b.txt:5-", "read a:b.txt:5-");
        reads("read v1.2-3", "read v1.2-3");
        reads("blame x.c:1,2", "blame x.c:1-2");
        reads("log src/", "log src");
    }

    #[test]
    fn searches_part_the_glob_off_only_where_it_is_one() {
        reads("search fn main", "search /fn main/");
        reads("search fn main *.rs", "search /fn main/ *.rs");
        reads("search a.*b c.*d", "search /a.*b c.*d/");
        reads(r#"search "two words" src/**/*.py"#, "search /two words/ src/**/*.py");
        reads("search /def \\w+\\(/ lib.py", "search /def \\w+\\(/ lib.py");
        reads("search a/b", "search a/b");
        reads("search x", "search x");
    }

    #[test]
    fn folders_can_be_listed() {
        reads("list", "list *");
        reads("list src/", "list src/**");
        reads("list **/*.rs", "list **/*.rs");
    }

    #[test]
    fn problems_say_what_would_be_right() {
        refuses("cat x", "`read PATH[:FROM-TO]`");
        refuses("read", "a path is missing");
        refuses("read /etc/passwd", "is absolute; paths are relative");
        refuses("read ../x", "leaves the repository");
        refuses("read .git/config", ".git");
        refuses("read x:9-3", "line 3 comes before line 9");
        refuses("read x:0", "counted from 1");
        refuses("read x:99999999999", "not a range");
        refuses("blame x", "say which lines");
        refuses("search (", "unclosed group");
        refuses("search x {a", "regular expression");
        refuses("list [", "not a glob");
    }
}
