//! Which part of a change is tests: what the base is given before the proof that it fails them.

use super::change::{Change, FileChange, Origin};
use super::guard::is_test_file;
use super::names::RepoPath;

/// Folders whose files serve tests without being tests.
const TEST_DATA: [&str; 8] =
    ["testdata", "test-data", "test_data", "fixtures", "__fixtures__", "__snapshots__", "__mocks__", "golden"];

/// Whether the file holds tests, or data that only tests read, by the conventions of its language.
pub fn belongs_to_tests(path: &RepoPath) -> bool {
    is_test_file(path)
        || path.ancestors().any(|folder| {
            let name = folder.name().to_ascii_lowercase();
            TEST_DATA.iter().any(|known| known.as_bytes() == name)
        })
}

/// The change's test files alone, as a change of the same base. Empty where it has none.
///
/// A file that moves into the tests from elsewhere is an addition here: the base keeps the original.
pub fn tests_of(change: &Change) -> Change {
    let files = change.files.iter().filter(|(path, _)| belongs_to_tests(path)).map(|(path, file)| {
        let moves_in = match &file.origin {
            Some(Origin::Renamed(old)) => !belongs_to_tests(old),
            Some(Origin::Copied(_)) | None => false,
        };
        let file = match moves_in {
            true => FileChange { before: None, after: file.after.clone(), origin: None },
            false => file.clone(),
        };
        (path.clone(), file)
    });
    Change { files: files.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::change::Entry;

    #[test]
    fn tests_are_known_in_all_common_languages() {
        let belongs = |path: &str| belongs_to_tests(&RepoPath::parse(path).unwrap());
        for path in [
            "tests/it/repo.rs",
            "src/parser/tests.rs",
            "pkg/parse_test.go",
            "pkg/testdata/golden.txt",
            "test/unit/parser_test.rb",
            "spec/models/user_spec.rb",
            "src/App.test.tsx",
            "src/__tests__/app.js",
            "src/__snapshots__/app.snap",
            "tests/test_parser.py",
            "pkg/conftest.py",
            "src/test/java/org/x/ParserTest.java",
            "Tests/ParserTests.swift",
            "test/parser.exs",
            "t/fixtures/a.json",
        ] {
            assert!(belongs(path), "{path}");
        }
        for path in ["src/lib.rs", "contest.py", "src/latest.js", "README.md", "docs/testing.md", "attest/mod.go"] {
            assert!(!belongs(path), "{path}");
        }
    }

    #[test]
    fn moves_into_the_tests_leave_the_original_alone() {
        let moved = |from: &str| FileChange {
            before: Some(Entry::file("x\n")),
            after: Some(Entry::file("y\n")),
            origin: Some(Origin::Renamed(RepoPath::parse(from).unwrap())),
        };
        let change = Change {
            files: [
                (RepoPath::parse("src/a.rs").unwrap(), moved("src/b.rs")),
                (RepoPath::parse("tests/a.rs").unwrap(), moved("src/c.rs")),
                (RepoPath::parse("tests/d.rs").unwrap(), moved("tests/e.rs")),
            ]
            .into(),
        };
        let tests = tests_of(&change);
        let shown: Vec<_> = tests.files.iter().map(|(path, file)| (path.to_string(), file.origin.is_some())).collect();
        assert_eq!(shown, [("tests/a.rs".to_owned(), false), ("tests/d.rs".to_owned(), true)]);
    }
}
