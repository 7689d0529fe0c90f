//! Tests that check less than before: deleted, switched off, emptied, loosened, expecting something else.
//!
//! The model is assumed to take the shortest way to green, so a test that was there before a change must still demand what
//! it demanded. A test that is gone counts as renamed, moved or written anew only where a new one carries on what it was
//! about (the module `carry`). What honest work does to tests is told apart by what else the change does: tests that move,
//! tests of code that goes away with them, values that change in the code in the same way, values that the issue states.

mod assertions;
mod calls;
mod carry;
mod cases;
mod demand;
mod pairing;
mod runner;
mod skips;
mod special;
mod subject;
mod whole;

use std::collections::BTreeMap;

use self::assertions::{Assertion, Manner, Strength, assertion, assertion_at};
use self::cases::{Case, cases, compares_by_hand, holds_tests, is_of_unknown_framework};
use self::pairing::{Pairs, pairs};
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
    /// Which of the cases after do not run, or run for nothing.
    off: Vec<bool>,
    pairs: Pairs,
}

impl<'v, 'a> TestFile<'v, 'a> {
    fn new(view: &'v View<'a>) -> Self {
        let path = view.path.to_text();
        let (before, after) = (cases(&path, &view.before), cases(&path, &view.after));
        let off = after.iter().map(|case| skips::is_off(view, case)).collect();
        let pairs = pairs(view, &before, &after);
        Self { view, before, after, off, pairs }
    }

    fn check(&self, whole: &Whole<'_, '_>, violations: &mut Vec<Violation>) {
        let Self { view, before, after, off: _, pairs: _ } = self;
        if view.file.before.is_none() || matches!(view.file.origin, Some(Origin::Copied(_))) {
            return skips::check_focus(view, violations);
        }
        if view.file.after.is_none() {
            return check_deleted_file(self, whole, violations);
        }
        check_deleted_cases(self, whole, violations);
        skips::check(self, violations);
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
        self.pairs.both.iter().filter_map(move |(old, new)| {
            let (old, new) = (&self.before[*old], &self.after[*new]);
            let removed = |hunk: &Hunk| hunk.removed.start < old.lines.end && old.lines.start < hunk.removed.end;
            (self.view.touches(&new.lines) || self.view.hunks.iter().any(removed)).then_some((old, new))
        })
    }

    /// Whether the case that a new line stands in runs; `None`: it stands in none.
    fn runs_at(&self, index: usize) -> Option<bool> {
        self.after.iter().position(|case| case.lines.contains(&index)).map(|case| !self.off[case])
    }

    /// Cases that are no longer here.
    fn lost(&self) -> impl Iterator<Item = &Case> {
        self.pairs.lost.iter().map(|index| &self.before[*index])
    }

    /// Cases that were not here, but for those that are switched off: they take no test's place.
    fn live(&self) -> impl Iterator<Item = &Case> {
        self.pairs.new.iter().map(|index| &self.after[*index]).filter(|case| !skips::is_newly_off(self.view, case))
    }

    /// What a case that is gone asserted, with the lines.
    fn asserted(&self, case: &Case) -> impl Iterator<Item = (usize, Assertion)> {
        let found =
            |index: usize| Some((index, assertion_at(&self.view.before[index..case.lines.end], manner(self.view))?));
        case.lines.clone().filter_map(found).filter(|(_, found)| found.strength != Strength::Trivial)
    }

    /// Whether a case that is gone demanded something, as far as its lines show.
    fn demanded(&self, case: &Case) -> bool {
        self.asserted(case).next().is_some()
    }

    /// Whether a new case demands something, itself or by a function that it calls.
    fn demands(&self, case: &Case) -> bool {
        let view = self.view;
        let found = |index: usize| assertion_at(&view.after[index..case.lines.end], manner(view));
        let called = || calls::called(view.after[case.lines.clone()].iter().copied());
        case.lines.clone().filter_map(found).any(|found| found.strength != Strength::Trivial)
            || calls::asserting(view, &case.lines, &called()).next().is_some()
    }
}

/// How deep a line stands.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A literal without its quotes.
fn bare(literal: &str) -> &str {
    literal.trim_start_matches(['r', 'b', 'f', 'u']).trim_matches(['"', '\'', '`'])
}

/// A file of tests that is gone: fine if its tests are elsewhere now, or if what they tested is gone too.
fn check_deleted_file(file: &TestFile<'_, '_>, whole: &Whole<'_, '_>, violations: &mut Vec<Violation>) {
    let TestFile { view, before, .. } = file;
    let path = view.path.to_text();
    let asserts = || view.before.iter().any(|line| assertion(line, Manner::ByCall).is_some());
    if before.is_empty() && !(view.role.kind == Kind::Code && is_of_unknown_framework(&path) && asserts()) {
        return;
    }
    let lost: Vec<&Case> = before.iter().filter(|case| is_lost(case, file, whole)).collect();
    let all_moved = !before.is_empty() && lost.is_empty();
    let stem = stem(&path);
    if !(all_moved || whole.deletes_subject(&stem) || demand::asks_to_remove(whole.about, &stem)) {
        let names: Vec<String> = lost.iter().take(3).map(|case| format!("`{}`", case.name)).collect();
        let what = format!(
            "the file of tests is deleted, with {} of {} tests nowhere else ({}); keep it, or move its tests",
            lost.len(),
            before.len(),
            names.join(", ")
        );
        violations.push(Violation::at(Rule::TestDeleted, view.path, None, what));
    }
}

/// Whether a test of the old text is neither in another file or test now, nor about something that is gone.
fn is_lost(case: &Case, file: &TestFile<'_, '_>, whole: &Whole<'_, '_>) -> bool {
    !whole.is_moved(case, file) && !whole.absorbs(case, file) && !whole.went_with(case, file)
}

/// Tests that are gone from a file that stays. A rename of one that demands something is a new test, here or in another
/// file, that carries on what it was about; and there are as many new ones as are gone.
fn check_deleted_cases(file: &TestFile<'_, '_>, whole: &Whole<'_, '_>, violations: &mut Vec<Violation>) {
    let unexplained =
        file.lost().filter(|case| is_lost(case, file, whole) && !demand::asks_to_remove(whole.about, &case.name));
    let (demanding, others): (Vec<&Case>, Vec<&Case>) = unexplained.partition(|case| file.demanded(case));
    let (carried, dropped): (Vec<&Case>, Vec<&Case>) = demanding.iter().partition(|case| whole.is_carried(case, file));
    let (mut spare, mut left) = (carried.len(), others.len());
    if whole.balance < 0 || whole.demanding < 0 {
        spare = file.live().filter(|case| file.demands(case)).count();
        left = file.live().count().saturating_sub(demanding.len().min(spare));
    }
    for case in dropped {
        let what = format!(
            "the test {} is gone, and no new test asserts what it was about; keep it, or rename or move it with what it asserts",
            excerpt(&case.name)
        );
        violations.push(Violation::at(Rule::TestDeleted, file.view.path, None, what));
    }
    for case in carried.iter().skip(spare).chain(others.iter().skip(left)) {
        let what =
            format!("the test {} is gone; keep it, or rename or move it with what it asserts", excerpt(&case.name));
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
        let (gone, new) = (missing(&self.before, &self.after), missing(&self.after, &self.before));
        skips::check_switched_off(self.view, self.new, &self.at_risk(&gone), violations);
        let mut free: Vec<&(usize, Assertion)> = new;
        let mut unmatched = Vec::new();
        for this in gone {
            let (_, old) = this;
            let same =
                free.iter().position(|(_, new)| new.subject == old.subject && new.expected.len() == old.expected.len());
            match same.map(|place| free.remove(place)) {
                Some((line, new)) => self.check_value(*line, old, new, whole, violations),
                None => unmatched.push(this),
            }
        }
        self.check_strength(&one_by_one(unmatched), &one_by_one(free), whole, violations);
    }

    /// The lines of assertions that may not be lost: the old ones, and where one is gone all that could replace it.
    fn at_risk(&self, gone: &[&(usize, Assertion)]) -> Vec<usize> {
        let old = |new: &Assertion| self.before.iter().any(|(_, old)| old.text == new.text);
        let counts = |new: &Assertion| !gone.is_empty() || old(new);
        self.after.iter().filter(|(_, new)| counts(new)).map(|(line, _)| *line).collect()
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
                "{} expected {} before; the issue does not state {}{}; keep the old value",
                excerpt(&new.text),
                excerpt(was),
                excerpt(is),
                self.of_test()
            );
            violations.push(Violation::at(Rule::ExpectedValue, self.view.path, Some(line + 1), what));
        }
    }

    /// Which test it is about, for a message.
    fn of_test(&self) -> String {
        if self.new.name.is_empty() { String::new() } else { format!(", in the test {}", excerpt(&self.new.name)) }
    }

    /// Assertions that are gone without one that demands as much.
    fn check_strength(
        &self,
        gone: &[&(usize, Assertion)],
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
            .map(|(_, old)| old)
            .collect();
        let new_any = any(&mut new.iter().map(|(_, assertion)| assertion));
        let new_exact = exact(&mut new.iter().map(|(_, assertion)| assertion));
        let lost_exact = exact(&mut lost.iter().copied());
        let what = if lost.is_empty() || self.delegates(&lost) {
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
        let what = format!("{what}{}; keep it, or demand as much", self.of_test());
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

    /// Whether the test now calls a function of the same file that asserts what these did, as when common assertions
    /// are moved to one.
    fn delegates(&self, lost: &[&Assertion]) -> bool {
        let view = self.view;
        let lines =
            self.new.lines.clone().filter(|index| *index != self.new.line && view.touches(&(*index..index + 1)));
        let called = calls::called(lines.map(|index| view.after[index]));
        let bodies: Vec<&[&str]> = calls::asserting(view, &self.new.lines, &called).collect();
        !bodies.is_empty() && lost.iter().all(|lost| calls::take_over(view, &bodies, lost))
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

/// Comparisons by hand and the failing call behind each, both gone or both new, are one assertion.
fn one_by_one(these: Vec<&(usize, Assertion)>) -> Vec<&(usize, Assertion)> {
    let mut kept: Vec<&(usize, Assertion)> = Vec::new();
    for this in these {
        let belongs = |last: &&(usize, Assertion)| last.1.text.starts_with("if ") && this.0 - last.0 <= 3;
        if !(this.1.is_failure() && kept.last().is_some_and(belongs)) {
            kept.push(this);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
