//! What look-ups found, and the message that tells the model.

use std::fmt::Write as _;

use super::passage::{Passage, cut_line};
use super::reply::Looks;
use super::{Cache, Label, Look, Message, Role, Topic};
use crate::core::names::{CommitId, RepoPath, Timestamp};
use crate::core::text::one_line;

/// A look-up with its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    pub look: Look,
    pub found: Found,
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Lines(Passage),
    /// A file that is no text, of this many bytes.
    Binary {
        bytes: u64,
    },
    /// Lines that match, and how many more there are.
    Matches {
        matches: Vec<Match>,
        more: u64,
    },
    /// Paths, and how many more there are.
    Paths {
        paths: Vec<RepoPath>,
        more: u64,
    },
    /// Commits, newest first.
    Commits(Vec<CommitLine>),
    Blame(Vec<BlameLine>),
    /// No such file; these have similar names.
    Missing {
        similar: Vec<RepoPath>,
    },
    /// It could not be answered.
    Problem(String),
}

/// A line that matches a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub path: RepoPath,
    pub line: u32,
    pub text: String,
}

/// A commit in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitLine {
    pub id: CommitId,
    pub time: Timestamp,
    pub subject: String,
}

/// A line and who changed it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlameLine {
    pub line: u32,
    pub id: CommitId,
    pub time: Timestamp,
    pub text: String,
}

/// Bytes of one message of results; what comes after is told to be asked again.
const MOST_BYTES: usize = 200_000;

/// The results, in the order of the questions, with what was not understood and what was set aside.
pub fn looked(results: &[Looked], asked: &Looks) -> Message {
    let mut out = String::new();
    for Looked { look, found } in results {
        let _ = writeln!(out, "## {}\n", one_line(&look.to_string()));
        if out.len() < MOST_BYTES {
            found.write(&mut out);
        } else {
            out.push_str("(not shown, this message is full: ask again)\n");
        }
        out.push('\n');
    }
    if !asked.problems.is_empty() {
        out.push_str("Not answered:\n");
        asked.problems.iter().for_each(|problem| {
            let _ = writeln!(out, "- {}", one_line(&problem.to_string()));
        });
    }
    let patch_aside = asked.set_aside.contains(&Label::Patch);
    if patch_aside {
        out.push_str("Your patch was not applied: it came together with look-ups. Send it now, or a better one.\n");
    }
    let topic = Topic::Looked(results.iter().map(|looked| looked.look.clone()).collect());
    Message { role: Role::User, text: out, cache: Cache::Keep, topic }
}

impl Found {
    /// Files of which lines were shown.
    pub fn shown(&self) -> impl Iterator<Item = &RepoPath> {
        let (passage, matches) = match self {
            Self::Lines(passage) => (Some(&passage.path), [].as_slice()),
            Self::Matches { matches, more: _ } => (None, matches.as_slice()),
            Self::Binary { .. }
            | Self::Paths { .. }
            | Self::Commits(_)
            | Self::Blame(_)
            | Self::Missing { .. }
            | Self::Problem(_) => (None, [].as_slice()),
        };
        passage.into_iter().chain(matches.iter().map(|found| &found.path))
    }

    fn write(&self, out: &mut String) {
        // Writing to a string cannot fail, here and below.
        let _ = match self {
            Self::Lines(passage) => {
                passage.write(out);
                Ok(())
            }
            Self::Binary { bytes } => writeln!(out, "(not a text file; {bytes} bytes)"),
            Self::Matches { matches, more } => write_matches(matches, *more, out),
            Self::Paths { paths, more } => write_paths(paths, *more, out),
            Self::Commits(commits) if commits.is_empty() => writeln!(out, "(no commit)"),
            Self::Commits(commits) => commits.iter().try_for_each(|commit| {
                let CommitLine { id, time, subject } = commit;
                writeln!(out, "{} {} {}", id.short(), day(*time), cut_line(&one_line(subject)))
            }),
            Self::Blame(lines) => lines.iter().try_for_each(|blame| {
                let BlameLine { line, id, time, text } = blame;
                writeln!(out, "{} {} {line}|{}", id.short(), day(*time), cut_line(text))
            }),
            Self::Missing { similar } if similar.is_empty() => writeln!(out, "(there is no such file)"),
            Self::Missing { similar } => writeln!(out, "(there is no such file; similar: {})", names(similar, ", ")),
            Self::Problem(problem) => writeln!(out, "({})", one_line(problem)),
        };
    }
}

fn write_matches(matches: &[Match], more: u64, out: &mut String) -> std::fmt::Result {
    if matches.is_empty() {
        return writeln!(out, "(no match)");
    }
    for chunk in matches.chunk_by(|one, next| one.path == next.path) {
        writeln!(out, "{}:", names(&[chunk[0].path.clone()], ""))?;
        for Match { line, text, .. } in chunk {
            writeln!(out, "{line}|{}", cut_line(text))?;
        }
    }
    if more > 0 { writeln!(out, "(and {more} more matching lines: narrow the search)") } else { Ok(()) }
}

fn write_paths(paths: &[RepoPath], more: u64, out: &mut String) -> std::fmt::Result {
    if paths.is_empty() {
        return writeln!(out, "(no file)");
    }
    writeln!(out, "{}", names(paths, "\n"))?;
    if more > 0 { writeln!(out, "(and {more} more files: narrow the glob)") } else { Ok(()) }
}

fn names(paths: &[RepoPath], between: &str) -> String {
    let names: Vec<String> = paths.iter().map(|path| one_line(&path.to_text())).collect();
    names.join(between)
}

/// The date without the time of day.
fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::core::conversation::LookProblem;

    #[test]
    fn results_are_told_in_the_order_of_the_questions() {
        let path = |text| RepoPath::parse(text).expect("a path");
        let id = CommitId::parse(&"0123456789".repeat(4)).expect("an id");
        let time = Timestamp::from_seconds(1_700_000_000);
        let line = |n, text: &str| Match { path: path("a.rs"), line: n, text: text.into() };
        let found = [
            ("read a.rs", Found::Lines(Passage::of(path("a.rs"), "x\ny\n", None))),
            ("read b.png", Found::Binary { bytes: 12 }),
            ("read c.rs", Found::Missing { similar: vec![path("src/c.rs")] }),
            ("search x", Found::Matches { matches: vec![line(1, "x"), line(7, "xx")], more: 3 }),
            ("search z", Found::Matches { matches: vec![], more: 0 }),
            ("list *", Found::Paths { paths: vec![path("a.rs"), path("b.png")], more: 1 }),
            ("log a.rs", Found::Commits(vec![CommitLine { id: id.clone(), time, subject: "a: \u{1b}[31mfix".into() }])),
            ("blame a.rs:2", Found::Blame(vec![BlameLine { line: 2, id, time, text: "y".into() }])),
            ("read d", Found::Problem("the object is missing".into())),
        ];
        let results: Vec<Looked> =
            found.into_iter().map(|(look, found)| Looked { look: Look::parse(look).expect("a look"), found }).collect();
        let asked = Looks {
            wanted: vec![],
            problems: vec![LookProblem::new("cat x", "no such look-up")],
            set_aside: vec![Label::Patch],
        };
        let shown: Vec<String> =
            results.iter().flat_map(|result| result.found.shown()).map(RepoPath::to_string).collect();
        assert_eq!(shown, ["a.rs", "a.rs", "a.rs"], "the file that was read, and two matches");
        let message = looked(&results, &asked);
        expect![[r#"
            ## read a.rs

            a.rs (all 2 lines):
            1|x
            2|y

            ## read b.png

            (not a text file; 12 bytes)

            ## read c.rs

            (there is no such file; similar: src/c.rs)

            ## search x

            a.rs:
            1|x
            7|xx
            (and 3 more matching lines: narrow the search)

            ## search z

            (no match)

            ## list *

            a.rs
            b.png
            (and 1 more files: narrow the glob)

            ## log a.rs

            0123456789 2023-11-14 a: \u{1b}[31mfix

            ## blame a.rs:2-2

            0123456789 2023-11-14 2|y

            ## read d

            (the object is missing)

            Not answered:
            - `cat x`: no such look-up
            Your patch was not applied: it came together with look-ups. Send it now, or a better one.
        "#]]
        .assert_eq(&message.text);
    }
}
