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
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use self::assertions::{Assertion, Manner, Strength, assertion, assertion_at};
use self::cases::{Case, cases, compares_by_hand, holds_tests, is_of_unknown_framework};
use self::whole::{Whole, stem};
use super::kind::Kind;
use super::pattern::pattern;
use super::policy::ReviewContext;
use super::view::{Hunk, View};
use super::violation::{Rule, Violation, excerpt};
use crate::core::change::Origin;

/// Looks at all files together, since tests move between files.
pub(super) fn check(views: &[View<'_>], about: &ReviewContext<'_>, violations: &mut Vec<Violation>) {
    let files: Vec<TestFile<'_, '_>> = views.iter().filter(|view| holds_tests(view)).map(TestFile::new).collect();
    let whole = Whole::new(views, &files, about);
    for file in &files {
        file.check(&whole, violations);
    }
    for view in views {
        runner::check(view, violations);
        special::check(view, about, violations);
    }
}

/// A file with tests, before and after.
struct TestFile<'v, 'a> {
    view: &'v View<'a>,
    before: Vec<Case>,
    after: Vec<Case>,
}

impl<'v, 'a> TestFile<'v, 'a> {
    fn new(view: &'v View<'a>) -> Self {
        let path = view.path.to_text();
        Self { view, before: cases(&path, &view.before), after: cases(&path, &view.after) }
    }

    fn check(&self, whole: &Whole<'_, '_>, violations: &mut Vec<Violation>) {
        let Self { view, before, after } = self;
        if view.file.before.is_none() || matches!(view.file.origin, Some(Origin::Copied(_))) {
            return skips::check_focus(view, violations);
        }
        if view.file.after.is_none() {
            return check_deleted_file(self, whole, violations);
        }
        check_deleted_cases(self, whole, violations);
        skips::check(view, before, after, violations);
        skips::check_focus(view, violations);
        for (old, new) in self.changed_cases() {
            Comparison::new(view, old, new).check(whole, violations);
        }
        let unknown = is_of_unknown_framework(&view.path.to_text()) && before.is_empty() && after.is_empty();
        if unknown && view.role.is_test && view.role.kind == Kind::Code {
            let everything = |lines: &[&str]| Case { name: String::new(), line: 0, lines: 0..lines.len() };
            Comparison::new(view, &everything(&view.before), &everything(&view.after)).check(whole, violations);
        }
    }

    /// Cases that are there before and after, with a difference.
    fn changed_cases(&self) -> impl Iterator<Item = (&Case, &Case)> {
        let by_name: BTreeMap<&str, &Case> = self.before.iter().map(|case| (case.name.as_str(), case)).collect();
        self.after.iter().filter_map(move |new| {
            let old = *by_name.get(new.name.as_str())?;
            let removed = |hunk: &Hunk| hunk.removed.start < old.lines.end && old.lines.start < hunk.removed.end;
            (self.view.touches(&new.lines) || self.view.hunks.iter().any(removed)).then_some((old, new))
        })
    }
}

/// A literal without its quotes.
fn bare(literal: &str) -> &str {
    literal.trim_start_matches(['r', 'b', 'f', 'u']).trim_matches(['"', '\'', '`'])
}

/// A file of tests that is gone: fine if its tests are elsewhere now, or if what they tested is gone too.
fn check_deleted_file(file: &TestFile<'_, '_>, whole: &Whole<'_, '_>, violations: &mut Vec<Violation>) {
    let TestFile { view, before, after: _ } = file;
    let path = view.path.to_text();
    let asserts = || view.before.iter().any(|line| assertion(line, Manner::ByCall).is_some());
    if before.is_empty() && !(view.role.kind == Kind::Code && is_of_unknown_framework(&path) && asserts()) {
        return;
    }
    let lost: Vec<&Case> = before.iter().filter(|case| is_lost(case, view, whole)).collect();
    let all_moved = !before.is_empty() && lost.is_empty();
    let stem = stem(&path);
    if !(all_moved || whole.deletes_subject(&stem) || demand::asks_to_remove(whole.about, &stem)) {
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

/// Whether a test of the old text is neither in another file now, nor about something that is gone.
fn is_lost(case: &Case, view: &View<'_>, whole: &Whole<'_, '_>) -> bool {
    let moved = whole.new_cases.contains(case.name.as_str());
    !moved && !whole.explains(&case.name) && !whole.takes_subject(&view.before[case.lines.clone()])
}

/// Tests that are gone from a file that stays. As many new tests, here or in other files, make a rename of it.
fn check_deleted_cases(file: &TestFile<'_, '_>, whole: &Whole<'_, '_>, violations: &mut Vec<Violation>) {
    if whole.balance >= 0 {
        return;
    }
    let names =
        |cases: &[Case]| -> BTreeSet<String> { cases.iter().map(|case| skips::without_mark(&case.name)).collect() };
    let (old, new) = (names(&file.before), names(&file.after));
    let added = new.difference(&old).count();
    let lost = file.before.iter().filter(|case| !new.contains(&skips::without_mark(&case.name)));
    let unexplained =
        lost.filter(|case| is_lost(case, file.view, whole) && !demand::asks_to_remove(whole.about, &case.name));
    for case in unexplained.skip(added) {
        let what = format!("the test {} is gone", excerpt(&case.name));
        violations.push(Violation::at(Rule::TestDeleted, file.view.path, None, what));
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

/// How the tests of a file fail.
fn manner(view: &View<'_>) -> Manner {
    if compares_by_hand(&view.path.to_text()) { Manner::ByHand } else { Manner::ByCall }
}

impl<'v, 'a> Comparison<'v, 'a> {
    fn new(view: &'v View<'a>, old: &Case, new: &'v Case) -> Self {
        let manner = manner(view);
        let assertions = |lines: &[&'a str], range: std::ops::Range<usize>| {
            let end = range.end;
            range.filter_map(|index| Some((index, assertion_at(&lines[index..end], manner)?))).collect()
        };
        Self {
            view,
            before: assertions(&view.before, old.lines.clone()),
            after: assertions(&view.after, new.lines.clone()),
            new,
        }
    }

    fn check(&self, whole: &Whole<'_, '_>, violations: &mut Vec<Violation>) {
        let assertions: Vec<usize> = self.after.iter().map(|(line, _)| *line).collect();
        skips::check_switched_off(self.view, self.new, &assertions, violations);
        let (gone, new) = (missing(&self.before, &self.after), missing(&self.after, &self.before));
        let mut free: Vec<&(usize, Assertion)> = new;
        let mut unmatched = Vec::new();
        for (place, old) in gone {
            let same =
                free.iter().position(|(_, new)| new.subject == old.subject && new.expected.len() == old.expected.len());
            match same.map(|place| free.remove(place)) {
                Some((line, new)) => self.check_value(*line, old, new, whole, violations),
                None => unmatched.push((*place, old)),
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
        whole: &Whole<'_, '_>,
        violations: &mut Vec<Violation>,
    ) {
        let changed = old.expected.iter().zip(&new.expected).filter(|(old, new)| old != new);
        let unexplained = changed
            .filter(|(old, new)| !demand::states(whole.about, bare(new)) && !whole.mirrors(bare(old), bare(new)));
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
        gone: &[(usize, &Assertion)],
        new: &[&(usize, Assertion)],
        whole: &Whole<'_, '_>,
        violations: &mut Vec<Violation>,
    ) {
        let exact = |assertions: &mut dyn Iterator<Item = &Assertion>| {
            assertions.filter(|assertion| assertion.strength == Strength::Exact).count()
        };
        let any = |assertions: &mut dyn Iterator<Item = &Assertion>| {
            assertions.filter(|assertion| assertion.strength != Strength::Trivial).count()
        };
        let lost: Vec<&Assertion> = gone
            .iter()
            .filter(|(line, old)| old.strength != Strength::Trivial && !self.is_explained(*line, old, whole))
            .map(|(_, old)| *old)
            .collect();
        let new_any = any(&mut new.iter().map(|(_, assertion)| assertion));
        let new_exact = exact(&mut new.iter().map(|(_, assertion)| assertion));
        let lost_exact = exact(&mut lost.iter().copied());
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

    /// Whether an assertion moved to another test, or what is removed with it is about something that goes away.
    fn is_explained(&self, line: usize, old: &Assertion, whole: &Whole<'_, '_>) -> bool {
        /// More lines hold too many words by chance.
        const LONGEST: usize = 40;
        let with_it = self
            .view
            .hunks
            .iter()
            .find(|hunk| hunk.removed.contains(&line))
            .filter(|hunk| hunk.removed.len() <= LONGEST);
        let removed = with_it.map_or(&[][..], |hunk| &self.view.before[hunk.removed.clone()]);
        whole.added.contains(&old.text) || whole.explains(&old.text) || removed.iter().any(|line| whole.explains(line))
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

#[cfg(test)]
mod tests;
