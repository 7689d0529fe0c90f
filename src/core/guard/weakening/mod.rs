//! Tests that check less than before: deleted, switched off, emptied, loosened, expecting something else.
//!
//! The model is assumed to take the shortest way to green, so a test that was there before a change must still demand what
//! it demanded. What honest work does to tests is told apart by what else the change does: tests that move, tests of code
//! that goes away with them, values that change in the code in the same way, values that the issue states.

mod assertions;
mod cases;
mod demand;
mod runner;
mod skips;
mod special;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use self::assertions::{Assertion, Manner, Strength, assertion};
use self::cases::{Case, cases, compares_by_hand, holds_tests, is_of_unknown_framework};
use super::kind::Kind;
use super::policy::ReviewContext;
use super::view::View;
use super::violation::{Rule, Violation, excerpt};
use crate::core::change::Origin;

/// Looks at all files together, since tests move between files.
pub(super) fn check(views: &[View<'_>], about: &ReviewContext<'_>, violations: &mut Vec<Violation>) {
    let whole = Whole::new(views);
    for view in views {
        if holds_tests(view) {
            check_file(view, &whole, about, violations);
        }
        runner::check(view, violations);
        special::check(view, about, violations);
    }
}

/// What the change does elsewhere.
struct Whole<'a> {
    /// Names of cases that are new in their file.
    new_cases: HashSet<String>,
    /// Added lines of tests, trimmed.
    added: HashSet<&'a str>,
    /// Names of functions and types that the change takes out of the code, in lower case without separators.
    gone: BTreeSet<String>,
    /// Words that stood in the changed files of code and do not any more, in lower case.
    vanished: HashSet<String>,
    /// Stems of files of code that are deleted.
    gone_files: BTreeSet<String>,
    /// Words of removed and of added lines of code, in lower case.
    words: (HashSet<String>, HashSet<String>),
}

impl<'a> Whole<'a> {
    fn new(views: &[View<'a>]) -> Self {
        let tests = || views.iter().filter(|view| holds_tests(view));
        let code = || views.iter().filter(|view| !view.role.is_test && view.role.kind != Kind::Lock);
        let new_cases = tests().flat_map(|view| {
            let path = view.path.to_text();
            let before: HashSet<String> = cases(&path, &view.before).into_iter().map(|case| case.name).collect();
            cases(&path, &view.after)
                .into_iter()
                .map(|case| case.name)
                .filter(move |name| !before.contains(name))
                .collect::<Vec<_>>()
        });
        let all_words =
            |lines: &mut dyn Iterator<Item = (usize, &'a str)>| lines.flat_map(|(_, line)| words_of(line)).collect();
        Self {
            new_cases: new_cases.collect(),
            added: tests().flat_map(|view| view.added()).map(|(_, line)| line.trim()).collect(),
            gone: gone_definitions(code()),
            vanished: vanished_words(code()),
            gone_files: code()
                .filter(|view| view.file.after.is_none())
                .map(|view| stem(&view.path.to_text()))
                .collect(),
            words: (
                all_words(&mut code().flat_map(|view| view.removed())),
                all_words(&mut code().flat_map(|view| view.added())),
            ),
        }
    }

    /// Whether a test is about something that goes away with it.
    fn explains(&self, text: &str) -> bool {
        let whole = plain(text);
        let is_word = |name: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| plain(word) == name);
        let defined =
            |name: &String| (name.len() > 3 && whole.contains(name.as_str())) || (name.len() == 3 && is_word(name));
        self.gone.iter().any(defined)
            || words_of(text).any(|word| word.len() > 3 && self.vanished.contains(&word))
            || self.vanished.iter().any(|word| word.len() > 5 && whole.contains(word.as_str()))
    }

    /// Whether the code itself changes in the same words: those that are new in the value are new in the code, and those
    /// that are gone from it are gone from the code. Numbers of one or two digits prove nothing.
    fn mirrors(&self, old: &str, new: &str) -> bool {
        let (old_words, new_words): (HashSet<String>, HashSet<String>) =
            (words_of(bare(old)).collect(), words_of(bare(new)).collect());
        let gone: Vec<&String> = old_words.difference(&new_words).collect();
        let added: Vec<&String> = new_words.difference(&old_words).collect();
        if gone.is_empty() && added.is_empty() {
            // Punctuation and capitals of a text.
            return new_words.iter().any(|word| word.len() > 2 && word.chars().all(char::is_alphabetic));
        }
        let telling = |word: &&String| word.len() > 2;
        gone.iter().chain(&added).any(telling)
            && gone.iter().all(|word| self.words.0.contains(*word))
            && added.iter().all(|word| self.words.1.contains(*word))
    }
}

/// Letters and digits between other characters, in lower case.
fn words_of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// A literal without its quotes.
fn bare(literal: &str) -> &str {
    literal.trim_start_matches(['r', 'b', 'f', 'u']).trim_matches(['"', '\'', '`'])
}

/// Lower case, letters and digits only: `HTTPServer`, `http_server` and `test-http-server` compare.
fn plain(words: &str) -> String {
    words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The name of a file without folder, extension and the marks of a test.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.split('.').next().unwrap_or(name).to_lowercase();
    plain(
        name.trim_start_matches("test_")
            .trim_end_matches("_test")
            .trim_end_matches("_spec")
            .trim_end_matches("tests")
            .trim_end_matches("test"),
    )
}

/// Words of the files of code before the change that none of them has after it. Rust's tests beside the code do not count.
fn vanished_words<'v, 'a: 'v>(views: impl Iterator<Item = &'v View<'a>> + Clone) -> HashSet<String> {
    let removed =
        views.clone().flat_map(|view| view.removed().take_while(|(index, _)| *index < code_end(&view.before)));
    let mut vanished: HashSet<String> = removed.flat_map(|(_, line)| words_of(line)).collect();
    for line in views.flat_map(|view| &view.after[..code_end(&view.after)]) {
        if vanished.is_empty() {
            break;
        }
        words_of(line).for_each(|word| {
            vanished.remove(&word);
        });
    }
    vanished
}

/// Where Rust's tests beside the code begin; what stands there explains nothing.
fn code_end(lines: &[&str]) -> usize {
    lines.iter().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(lines.len())
}

/// Definitions in removed lines that no added line defines again.
fn gone_definitions<'v, 'a: 'v>(views: impl Iterator<Item = &'v View<'a>>) -> BTreeSet<String> {
    static DEFINITION: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:def|fn|func|function|class|struct|enum|trait|interface|type|const|module|static|macro_rules!|#define)\s+(?:\([^)]*\)\s*)?(\w+)|^\s*(?:public|private|protected|internal|static|export)\s[^=;(]*\b(\w+)\s*\(",
        )
    });
    let names = |line: &str| {
        DEFINITION
            .captures_iter(line)
            .filter_map(|found| found.get(1).or(found.get(2)).map(|name| plain(name.as_str())))
            .collect::<Vec<_>>()
    };
    let (mut gone, mut added) = (BTreeSet::new(), BTreeSet::new());
    for view in views {
        let tests = code_end(&view.before);
        gone.extend(view.removed().take_while(|(index, _)| *index < tests).flat_map(|(_, line)| names(line)));
        added.extend(view.added().flat_map(|(_, line)| names(line)));
    }
    gone.difference(&added).cloned().collect()
}

/// One file with tests.
fn check_file(view: &View<'_>, whole: &Whole<'_>, about: &ReviewContext<'_>, violations: &mut Vec<Violation>) {
    if view.file.before.is_none() || matches!(view.file.origin, Some(Origin::Copied(_))) {
        return skips::check_focus(view, violations);
    }
    let path = view.path.to_text();
    let (before, after) = (cases(&path, &view.before), cases(&path, &view.after));
    if view.file.after.is_none() {
        return check_deleted_file(view, &before, whole, about, violations);
    }
    check_deleted_cases(view, &before, &after, whole, about, violations);
    skips::check(view, &before, &after, violations);
    skips::check_focus(view, violations);
    let by_name: BTreeMap<&str, &Case> = before.iter().map(|case| (case.name.as_str(), case)).collect();
    for case in &after {
        let Some(old) = by_name.get(case.name.as_str()) else { continue };
        let changed = view.touches(&case.lines)
            || view.hunks.iter().any(|hunk| hunk.removed.start < old.lines.end && old.lines.start < hunk.removed.end);
        if changed {
            Comparison::new(view, old, case).check(whole, about, violations);
        }
    }
    let unknown = is_of_unknown_framework(&path) && before.is_empty() && after.is_empty();
    if unknown && view.role.is_test && view.role.kind == Kind::Code {
        let everything = |lines: &[&str]| Case { name: String::new(), line: 0, lines: 0..lines.len() };
        Comparison::new(view, &everything(&view.before), &everything(&view.after)).check(whole, about, violations);
    }
}

/// A file of tests that is gone: fine if its tests are elsewhere now, or if what they tested is gone too.
fn check_deleted_file(
    view: &View<'_>,
    before: &[Case],
    whole: &Whole<'_>,
    about: &ReviewContext<'_>,
    violations: &mut Vec<Violation>,
) {
    let path = view.path.to_text();
    let asserts = || view.before.iter().any(|line| assertion(line, Manner::ByCall).is_some());
    if before.is_empty() && !(view.role.kind == Kind::Code && is_of_unknown_framework(&path) && asserts()) {
        return;
    }
    let stem = stem(&path);
    let subject_gone = stem.len() > 2
        && whole.gone_files.iter().any(|gone| gone.len() > 2 && (stem.contains(gone.as_str()) || gone.contains(&stem)));
    let lost: Vec<&Case> =
        before.iter().filter(|case| !whole.new_cases.contains(&case.name) && !whole.explains(&case.name)).collect();
    let all_moved = !before.is_empty() && lost.is_empty();
    if !(subject_gone || all_moved || demand::asks_to_remove(about, &stem)) {
        let names: Vec<String> = lost.iter().take(3).map(|case| format!("`{}`", case.name)).collect();
        let what = format!(
            "the file of tests is deleted, with {} of {} tests nowhere else ({})",
            lost.len(),
            before.len(),
            names.join(", ")
        );
        violations.push(Violation::at(Rule::TestDeleted, view.path, None, what));
    }
}

/// Tests that are gone from a file that stays. A rename is as many new tests as lost ones.
fn check_deleted_cases(
    view: &View<'_>,
    before: &[Case],
    after: &[Case],
    whole: &Whole<'_>,
    about: &ReviewContext<'_>,
    violations: &mut Vec<Violation>,
) {
    let names =
        |cases: &[Case]| -> BTreeSet<String> { cases.iter().map(|case| skips::without_mark(&case.name)).collect() };
    let (old, new) = (names(before), names(after));
    let added = new.difference(&old).count();
    let lost: Vec<&String> = old.difference(&new).filter(|name| !whole.new_cases.contains(*name)).collect();
    let unexplained = lost.iter().filter(|name| !whole.explains(name) && !demand::asks_to_remove(about, name));
    for name in unexplained.skip(added) {
        violations.push(Violation::at(
            Rule::TestDeleted,
            view.path,
            None,
            format!("the test {} is gone", excerpt(name)),
        ));
    }
}

/// One test before and after.
struct Comparison<'v, 'a> {
    view: &'v View<'a>,
    /// Assertions with their lines, from 0.
    before: Vec<(usize, Assertion)>,
    after: Vec<(usize, Assertion)>,
    new: &'v Case,
}

impl<'v, 'a> Comparison<'v, 'a> {
    fn new(view: &'v View<'a>, old: &Case, new: &'v Case) -> Self {
        let manner = if compares_by_hand(&view.path.to_text()) { Manner::ByHand } else { Manner::ByCall };
        let assertions = |lines: &[&'a str], range: std::ops::Range<usize>| {
            range.filter_map(|index| Some((index, assertion(lines[index], manner)?))).collect()
        };
        Self {
            view,
            before: assertions(&view.before, old.lines.clone()),
            after: assertions(&view.after, new.lines.clone()),
            new,
        }
    }

    fn check(&self, whole: &Whole<'_>, about: &ReviewContext<'_>, violations: &mut Vec<Violation>) {
        skips::check_switched_off(self.view, self.new, self.after.iter().map(|(line, _)| *line).collect(), violations);
        let (gone, new) = (missing(&self.before, &self.after), missing(&self.after, &self.before));
        let mut free: Vec<&(usize, Assertion)> = new;
        let mut unmatched = Vec::new();
        for (_, old) in gone {
            let same =
                free.iter().position(|(_, new)| new.subject == old.subject && new.expected.len() == old.expected.len());
            match same.map(|place| free.remove(place)) {
                Some((line, new)) => self.check_value(*line, old, new, whole, about, violations),
                None => unmatched.push(old),
            }
        }
        self.check_strength(&unmatched, &free, whole, violations);
    }

    /// The same question with another answer.
    fn check_value(
        &self,
        line: usize,
        old: &Assertion,
        new: &Assertion,
        whole: &Whole<'_>,
        about: &ReviewContext<'_>,
        violations: &mut Vec<Violation>,
    ) {
        let changed = old.expected.iter().zip(&new.expected).filter(|(old, new)| old != new);
        let unexplained = changed.filter(|(old, new)| !demand::states(about, bare(new)) && !whole.mirrors(old, new));
        for (was, is) in unexplained {
            let what = format!(
                "{} expected {} before; the issue does not state {}",
                excerpt(&new.text),
                excerpt(was),
                excerpt(is)
            );
            violations.push(Violation::at(Rule::ExpectedValue, self.view.path, Some(line + 1), what));
        }
    }

    /// Assertions that are gone without one that demands as much.
    fn check_strength(
        &self,
        gone: &[&Assertion],
        new: &[&(usize, Assertion)],
        whole: &Whole<'_>,
        violations: &mut Vec<Violation>,
    ) {
        let exact = |assertions: &mut dyn Iterator<Item = &Assertion>| {
            assertions.filter(|assertion| assertion.strength == Strength::Exact).count()
        };
        let any = |assertions: &mut dyn Iterator<Item = &Assertion>| {
            assertions.filter(|assertion| assertion.strength != Strength::Trivial).count()
        };
        let lost: Vec<&&Assertion> = gone
            .iter()
            .filter(|old| {
                old.strength != Strength::Trivial
                    && !whole.added.contains(old.text.as_str())
                    && !whole.explains(&old.text)
            })
            .collect();
        let new_any = any(&mut new.iter().map(|(_, assertion)| assertion));
        let new_exact = exact(&mut new.iter().map(|(_, assertion)| assertion));
        let lost_exact = exact(&mut lost.iter().map(|assertion| **assertion));
        let what = if self.delegates() || lost.is_empty() {
            return;
        } else if self.after.iter().all(|(_, left)| left.strength == Strength::Trivial) {
            format!("nothing is asserted any more; {} is gone", excerpt(&lost[0].text))
        } else if lost.len() > new_any {
            format!("{} is gone without a replacement", excerpt(&lost[0].text))
        } else if lost_exact > new_exact {
            format!("{} is replaced by a looser assertion", excerpt(&lost[0].text))
        } else {
            return;
        };
        let line = new.first().map_or(self.new.line, |(line, _)| *line);
        violations.push(Violation::at(Rule::TestWeakened, self.view.path, Some(line + 1), what));
    }

    /// Whether the test now calls a function of the same file that asserts, as when common assertions are moved to one.
    fn delegates(&self) -> bool {
        static FUNCTION: LazyLock<Regex> = LazyLock::new(|| {
            pattern(r"\b(?:def|fn|func|function|sub|void|proc|const|let|fun)\s+(?:\([^)]*\)\s*)?(\w+)")
        });
        static CALL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(\w{3,})!?\s*\("));
        let view = self.view;
        let lines =
            self.new.lines.clone().filter(|index| *index != self.new.line && view.touches(&(*index..index + 1)));
        let called: BTreeSet<&str> = lines
            .flat_map(|index| CALL.captures_iter(view.after[index]))
            .filter_map(|found| found.get(1).map(|name| name.as_str()))
            .collect();
        view.after.iter().enumerate().filter(|(index, _)| !self.new.lines.contains(index)).any(|(index, line)| {
            let defines = FUNCTION.captures(line).is_some_and(|found| called.contains(&found[1]));
            defines && view.after.iter().skip(index + 1).take(40).any(|line| assertion(line, Manner::ByHand).is_some())
        })
    }
}

/// Assertions of one side that the other has not, as often as they are missing there.
fn missing<'s>(these: &'s [(usize, Assertion)], those: &[(usize, Assertion)]) -> Vec<&'s (usize, Assertion)> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, assertion) in those {
        *left.entry(&assertion.text).or_default() += 1;
    }
    these
        .iter()
        .filter(|(_, assertion)| match left.get_mut(assertion.text.as_str()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            Some(_) | None => true,
        })
        .collect()
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("patterns are constants that the tests compile")
}

#[cfg(test)]
mod tests;
