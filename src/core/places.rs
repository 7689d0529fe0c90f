//! Places in the code that an issue names, and whether they are still what they were when it was filed.

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::Serialize;

use super::names::RepoPath;
use super::rank::language::Language;
use super::rank::outline::Outline;
use super::rank::query::{Place, Query};
use super::text::pattern;

/// A file that an issue names, as it was written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub path: String,
    /// 1-based, both ends included; `None`: only the file.
    pub lines: Option<(u32, u32)>,
    /// The commit of a permanent link, in full or shortened.
    pub commit: Option<String>,
}

/// Which part of a file is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    File,
    /// 1-based, both ends included, as the issue numbers them.
    Lines(u32, u32),
    /// A function or type by its name.
    Definition(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Lines(from, to) if from == to => write!(f, "line {from}"),
            Self::Lines(from, to) => write!(f, "lines {from} to {to}"),
            Self::Definition(name) => write!(f, "`{name}`"),
        }
    }
}

/// `/blob/COMMIT/PATH#L10-L20` (GitHub), `/src/commit/COMMIT/PATH#L10-L20` (Gitea).
static PERMANENT: LazyLock<Regex> = LazyLock::new(|| link(r"/(?:blob|blame|src/commit)/([0-9a-f]{7,64})/"));
/// `PATH#L10-L20`.
static LINES: LazyLock<Regex> = LazyLock::new(|| link("()"));

fn link(commit: &str) -> Regex {
    pattern(&format!(r"{commit}([\w./@~+-]*\w\.\w+)#L(\d+)(?:-L?(\d+))?"))
}

/// A line alone may stand in many places: it is looked for with its neighbours.
const NEIGHBOURS: u32 = 1;
/// Lines of a link that are compared at most.
const LONGEST: u32 = 400;

/// What an issue names: permanent links first, then stack frames and paths.
pub fn named(query: &Query, body: &str) -> Vec<Named> {
    let mut all: Vec<Named> = PERMANENT.captures_iter(body).filter_map(|found| linked(&found)).collect();
    let lines = LINES.captures_iter(body).filter_map(|found| linked(&found));
    let places = query.places.iter().map(|Place { path, line }| {
        let path = path.clone();
        Named { path, lines: line.map(|line| (line, line)), commit: None }
    });
    for one in lines.chain(places) {
        if !all.iter().any(|known| known.covers(&one)) {
            all.push(one);
        }
    }
    all
}

fn linked(found: &Captures<'_>) -> Option<Named> {
    let number = |at: usize| found.get(at).and_then(|text| text.as_str().parse::<u32>().ok());
    let from = number(3)?.max(1);
    let to = number(4).unwrap_or(from).clamp(from, from.saturating_add(LONGEST));
    let commit = Some(found[1].to_owned()).filter(|commit| !commit.is_empty());
    Some(Named { path: found[2].to_owned(), lines: Some((from, to)), commit })
}

impl Named {
    /// Whether another one says nothing more.
    fn covers(&self, other: &Self) -> bool {
        let same_file = self.path.ends_with(&other.path) || other.path.ends_with(&self.path);
        let within = |(from, to): (u32, u32)| self.lines.is_some_and(|(first, last)| first <= from && to <= last);
        same_file && other.lines.is_none_or(within)
    }
}

/// The file that a path in an issue means: the only one that ends with it, or that it ends with.
pub fn resolve<'f>(path: &str, files: &'f [RepoPath]) -> Option<&'f RepoPath> {
    let ends = |long: &[u8], short: &[u8]| {
        long.strip_suffix(short).is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
    };
    let mut fitting = files.iter().filter(|file| ends(file.as_bytes(), path.as_bytes()));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => return Some(only),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    // A longer path: of an installed copy, of a build machine. The longest file that fits is the likeliest.
    let fitting = files.iter().filter(|file| file.as_bytes().contains(&b'/') && ends(path.as_bytes(), file.as_bytes()));
    fitting.max_by_key(|file| file.as_bytes().len())
}

/// The parts of a file that an issue names: lines, and definitions with names that look like code.
pub fn parts(query: &Query, path: &RepoPath, text: &[u8], lines: &[(u32, u32)]) -> Vec<Part> {
    let lines = lines.iter().map(|(from, to)| Part::Lines(*from, *to));
    let outline = Outline::of(Language::of(path.as_bytes()), text);
    let names = outline.definitions.iter().filter_map(|one| std::str::from_utf8(&text[one.name.clone()]).ok());
    let mut meant: Vec<&str> =
        names.filter(|name| query.names.get(*name).is_some_and(|weight| *weight >= 1.0)).collect();
    meant.sort_unstable();
    // Of several with one name it is not known which is meant.
    let unique = meant.chunk_by(|left, right| left == right).filter(|same| same.len() == 1).flatten();
    lines.chain(unique.map(|name| Part::Definition((*name).to_owned()))).collect()
}

/// The lines of a part, without blank ones; empty where the text has no such part.
pub fn cut<'t>(part: &Part, path: &RepoPath, text: &'t [u8]) -> Vec<&'t [u8]> {
    let outline = Outline::of(Language::of(path.as_bytes()), text);
    let range: Range<usize> = match part {
        Part::File => 0..outline.lines.len(),
        Part::Lines(from, to) => {
            let around = if from == to { NEIGHBOURS } else { 0 };
            (from.saturating_sub(around + 1) as usize)..(*to + around) as usize
        }
        Part::Definition(name) => {
            let is_it = |at: &usize| &text[outline.definitions[*at].name.clone()] == name.as_bytes();
            match (0..outline.definitions.len()).find(is_it) {
                Some(at) => outline.definitions[at].line..outline.ends[at],
                None => return Vec::new(),
            }
        }
    };
    let lines = outline.lines.iter().take(range.end).skip(range.start).map(|line| text[line.clone()].trim_ascii());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Whether a text still has these lines, one after the other. Indentation and blank lines do not matter.
pub fn holds(text: &[u8], lines: &[&[u8]]) -> bool {
    let there: Vec<&[u8]> =
        text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    lines.is_empty() || there.windows(lines.len()).any(|window| window == lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).unwrap()
    }

    #[test]
    fn links_frames_and_paths_are_found_once() {
        let body = "See https://git.example.org/o/r/src/commit/0123456789abcdef0123456789abcdef01234567/src/a.py#L10-L12\n\
                    and src/a.py:11, lib/b.rs#L7, `c.go`.\n  File \"/usr/lib/app/d.py\", line 5, in run\n";
        let found: Vec<String> = named(&Query::new("t", body), body)
            .into_iter()
            .map(|Named { path, lines, commit }| format!("{path} {lines:?} {}", commit.is_some()))
            .collect();
        assert_eq!(
            found,
            [
                "src/a.py Some((10, 12)) true",
                "lib/b.rs Some((7, 7)) false",
                "c.go None false",
                "usr/lib/app/d.py Some((5, 5)) false"
            ]
        );
    }

    #[test]
    fn a_path_means_one_file_or_none() {
        let files = ["a/x.py", "b/x.py", "c/app/d.py", "app/d.py", "e.py"].map(path);
        let look = |text: &str| resolve(text, &files).map(ToString::to_string);
        assert_eq!(look("x.py"), None);
        assert_eq!(look("a/x.py").as_deref(), Some("a/x.py"));
        assert_eq!(look("usr/lib/app/d.py").as_deref(), Some("app/d.py"));
        assert_eq!(look("home/e.py"), None, "a name alone is too little");
        assert_eq!(look("e.py").as_deref(), Some("e.py"));
    }

    #[test]
    fn parts_are_cut_and_found_again_wherever_they_moved() {
        let file = path("a.py");
        let then: &[u8] = b"import os\n\ndef mean(rows):\n    return sum(rows) / len(rows)\n\ndef other():\n    pass\n";
        let query = Query::new("`mean()` fails", "in a.py");
        let parts = parts(&query, &file, then, &[(4, 4)]);
        assert_eq!(parts, [Part::Lines(4, 4), Part::Definition("mean".into())]);
        let moved: &[u8] =
            b"# new\n\n\nclass A:\n    def mean(rows):\n        return sum(rows) / len(rows)\n    x = 1\n";
        let fixed: &[u8] = b"def mean(rows):\n    if not rows:\n        return 0\n    return sum(rows) / len(rows)\n";
        for part in &parts {
            let lines = cut(part, &file, then);
            assert!(!lines.is_empty() && holds(then, &lines) && holds(moved, &lines), "{part}");
            assert!(!holds(fixed, &lines), "{part}");
        }
        assert!(cut(&Part::Definition("gone".into()), &file, then).is_empty());
        assert!(cut(&Part::Lines(90, 99), &file, then).is_empty());
    }
}
