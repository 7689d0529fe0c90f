//! What a review finds: the rule, the place, the words for people and models, and what happens next.

use std::fmt;

use serde::Serialize;

use crate::core::names::RepoPath;
use crate::core::text::one_line;

/// The rules, by the kebab-case names that people write in `burn.guard.permit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// CI, hooks, owners, agent instructions, tool configuration that runs code, secrets, data: not for a machine.
    ProtectedPath,
    /// Outside of the exclusive list `burn.guard.allow`.
    AllowList,
    /// A name that displays as another one or cannot be checked out everywhere.
    OddPath,
    /// A symbolic link is new, changed or followed.
    Symlink,
    /// A submodule is new or moved.
    Submodule,
    /// Content that no reviewer can read.
    Binary,
    MaxFiles,
    MaxLines,
    MaxBytes,
    MaxLineBytes,
    /// Destroys data or runs what it downloads; also the user's own `burn.guard.forbid`.
    Forbidden,
    /// A file that runs while the change is checked does more than building needs.
    BuildScript,
    /// Dependencies come from somewhere else, or are no longer pinned to the same content.
    DependencySource,
    /// A test or a file of tests is gone.
    TestDeleted,
    /// A test is switched off.
    TestSkipped,
    /// A test checks less than before.
    TestWeakened,
    /// A test expects something else, and the issue does not say so.
    ExpectedValue,
    /// The test run looks at fewer tests, or demands less of them.
    TestRun,
    /// The code behaves differently when it is tested.
    TestSpecialCase,
    /// A credential in an added line.
    Secret,
    /// A credential of this very run.
    OwnSecret,
    /// Characters that nobody sees or that reorder others.
    HiddenUnicode,
    /// A name that looks like another one.
    Homoglyph,
    /// Control characters in text.
    ControlCharacter,
    /// A merge conflict that nobody solved.
    ConflictMarker,
    /// "rest of the file unchanged" instead of the rest of the file.
    Placeholder,
}

impl Rule {
    /// All of them, for settings, documentation and reports.
    pub const ALL: [Self; 26] = [
        Self::ProtectedPath,
        Self::AllowList,
        Self::OddPath,
        Self::Symlink,
        Self::Submodule,
        Self::Binary,
        Self::MaxFiles,
        Self::MaxLines,
        Self::MaxBytes,
        Self::MaxLineBytes,
        Self::Forbidden,
        Self::BuildScript,
        Self::DependencySource,
        Self::TestDeleted,
        Self::TestSkipped,
        Self::TestWeakened,
        Self::ExpectedValue,
        Self::TestRun,
        Self::TestSpecialCase,
        Self::Secret,
        Self::OwnSecret,
        Self::HiddenUnicode,
        Self::Homoglyph,
        Self::ControlCharacter,
        Self::ConflictMarker,
        Self::Placeholder,
    ];

    /// The name in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProtectedPath => "protected-path",
            Self::AllowList => "allow-list",
            Self::OddPath => "odd-path",
            Self::Symlink => "symlink",
            Self::Submodule => "submodule",
            Self::Binary => "binary",
            Self::MaxFiles => "max-files",
            Self::MaxLines => "max-lines",
            Self::MaxBytes => "max-bytes",
            Self::MaxLineBytes => "max-line-bytes",
            Self::Forbidden => "forbidden",
            Self::BuildScript => "build-script",
            Self::DependencySource => "dependency-source",
            Self::TestDeleted => "test-deleted",
            Self::TestSkipped => "test-skipped",
            Self::TestWeakened => "test-weakened",
            Self::ExpectedValue => "expected-value",
            Self::TestRun => "test-run",
            Self::TestSpecialCase => "test-special-case",
            Self::Secret => "secret",
            Self::OwnSecret => "own-secret",
            Self::HiddenUnicode => "hidden-unicode",
            Self::Homoglyph => "homoglyph",
            Self::ControlCharacter => "control-character",
            Self::ConflictMarker => "conflict-marker",
            Self::Placeholder => "placeholder",
        }
    }

    /// What the rule is about, as the first words of a message.
    pub fn title(self) -> &'static str {
        match self {
            Self::ProtectedPath => "protected path",
            Self::AllowList => "path is not on the allow-list",
            Self::OddPath => "path with misleading characters",
            Self::Symlink => "symbolic link",
            Self::Submodule => "submodule",
            Self::Binary => "binary content",
            Self::MaxFiles => "too many files (limit)",
            Self::MaxLines => "too many lines (limit)",
            Self::MaxBytes => "too large (limit)",
            Self::MaxLineBytes => "line too long (limit)",
            Self::Forbidden => "forbidden content",
            Self::BuildScript => "build script does more than building",
            Self::DependencySource => "dependency source changes",
            Self::TestDeleted => "test deleted",
            Self::TestSkipped => "test skipped",
            Self::TestWeakened => "test weakened",
            Self::ExpectedValue => "expected value of a test changed",
            Self::TestRun => "test run weakened",
            Self::TestSpecialCase => "special case for the test run",
            Self::Secret => "secret",
            Self::OwnSecret => "secret of this run",
            Self::HiddenUnicode => "hidden unicode character",
            Self::Homoglyph => "confusable unicode (homoglyph)",
            Self::ControlCharacter => "control character (escape)",
            Self::ConflictMarker => "conflict marker",
            Self::Placeholder => "placeholder instead of content",
        }
    }

    /// What becomes of a run in which this rule is broken.
    pub fn ending(self) -> Ending {
        match self {
            // Irreversible or hostile: stop and tell (the seed's `abort_and_report`).
            Self::Forbidden | Self::OwnSecret => Ending::Abort,
            // Possibly right, but for a person to say (the seed's `pause_and_escalate`).
            Self::MaxFiles | Self::MaxLines | Self::MaxBytes | Self::DependencySource => Ending::Escalate,
            // The model can do without.
            Self::ProtectedPath
            | Self::AllowList
            | Self::OddPath
            | Self::Symlink
            | Self::Submodule
            | Self::Binary
            | Self::MaxLineBytes
            | Self::BuildScript
            | Self::TestDeleted
            | Self::TestSkipped
            | Self::TestWeakened
            | Self::ExpectedValue
            | Self::TestRun
            | Self::TestSpecialCase
            | Self::Secret
            | Self::HiddenUnicode
            | Self::Homoglyph
            | Self::ControlCharacter
            | Self::ConflictMarker
            | Self::Placeholder => Ending::Retry,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What happens after a violation; the gravest of a review counts, see [`ending`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Back to the model, once; if it happens again, a person decides.
    Retry,
    /// A person decides: comment and label.
    Escalate,
    /// The run ends and reports.
    Abort,
}

/// The gravest ending of these violations, `None` without any.
pub fn ending(violations: &[Violation]) -> Option<Ending> {
    violations.iter().map(|violation| violation.ending).max()
}

/// One breach of one rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    pub rule: Rule,
    /// `None`: it is about the change as a whole.
    pub path: Option<RepoPath>,
    /// From 1, on the new side of the file; of a deletion on the old side.
    pub line: Option<u32>,
    /// What was found, in words; safe to print.
    pub what: String,
    /// The setting, as `KEY = VALUE`, with which the user would allow it; `None` where nothing does.
    pub setting: Option<String>,
    pub ending: Ending,
}

impl Violation {
    /// About one file; allowed by `burn.guard.permit = RULE:PATH`.
    pub(super) fn at(rule: Rule, path: &RepoPath, line: Option<usize>, what: impl Into<String>) -> Self {
        let line = line.and_then(|line| u32::try_from(line).ok());
        let setting = Some(format!("burn.guard.permit = {rule}:{path}"));
        Self { rule, path: Some(path.clone()), line, what: what.into(), setting, ending: rule.ending() }
    }

    /// About the change as a whole.
    pub(super) fn of_change(rule: Rule, what: String, setting: String) -> Self {
        Self { rule, path: None, line: None, what, setting: Some(setting), ending: rule.ending() }
    }

    /// The same with another way to allow it.
    pub(super) fn allowed_by(self, setting: Option<String>) -> Self {
        Self { setting, ..self }
    }

    /// `PATH:LINE`, `PATH` or nothing.
    pub fn place(&self) -> String {
        match (&self.path, self.line) {
            (Some(path), Some(line)) => format!("{path}:{line}"),
            (Some(path), None) => path.to_string(),
            (None, _) => String::new(),
        }
    }
}

impl fmt::Display for Violation {
    /// `PATH:LINE: TITLE: WHAT [RULE]`, one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        let separator = if place.is_empty() { "" } else { ": " };
        write!(f, "{place}{separator}{}: {} [{}]", self.rule.title(), self.what, self.rule)
    }
}

/// A line of content for a message: one line, printable, at most 80 characters, in backticks.
pub(super) fn excerpt(line: &str) -> String {
    let line = one_line(line).replace('`', "'");
    match line.char_indices().nth(80) {
        Some((cut, _)) => format!("`{}…`", &line[..cut]),
        None => format!("`{line}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_serialize_and_the_list_is_whole() {
        let mut names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        for rule in Rule::ALL {
            assert_eq!(serde_json::to_string(&rule).unwrap(), format!("\"{}\"", rule.name()));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Rule::Placeholder as usize + 1);
    }

    #[test]
    fn a_violation_reads_as_one_printable_line() {
        let path = RepoPath::parse("src/a.py").unwrap();
        let violation = Violation::at(Rule::Forbidden, &path, Some(3), excerpt("rm -rf /\u{1b}[31m\n"));
        expect_test::expect!["src/a.py:3: forbidden content: `rm -rf /\\u{1b}[31m` [forbidden]"]
            .assert_eq(&violation.to_string());
        assert_eq!(ending(&[violation]), Some(Ending::Abort));
        assert_eq!(ending(&[]), None);
    }
}
