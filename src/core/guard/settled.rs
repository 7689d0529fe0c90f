//! What people let stand on a branch already, so that a commit on top of it is not held for it again.
//!
//! A finding about everything since the base is settled when a person's word is behind it and what they saw is still
//! exactly what is there:
//!
//! - About a file: the whole finding (rule, line, words) is the same without the new commit, and the file has the same
//!   content and mode. Where a commit touches a file at all, every finding about it counts anew, whichever lines it
//!   touches: what a line means depends on the lines around it, and an old origin or character excuses a new one of its
//!   kind in the same file. So a line that is moved or copied is never settled, nor a test beside one that is changed.
//! - About the size: the change is not larger, in what the limit counts, than it was at the newest commit that people
//!   approved or pushed.
//!
//! The word is an approval of any commit since the finding stands there, for an approval is about everything up to its
//! commit; or the push of the commit that brought it in. Pushing on top of it is no word. Nor did anybody see what the
//! machine published while the guard had less against it. What ends a run is never settled.

use super::policy::Word;
use super::violation::{Ending, Rule, Violation};
use crate::core::change::{Change, Entry};
use crate::core::held::Hand;
use crate::core::names::{CommitId, RepoPath};

/// A commit that stands on a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub commit: CommitId,
    pub hand: Hand,
    /// Everything from the base up to it.
    pub change: Change,
}

/// What a review found about a change, as far as it can be compared with another one.
pub(super) struct Found<'a> {
    pub(super) change: &'a Change,
    pub(super) violations: &'a [Violation],
    pub(super) size: Size,
}

/// What the limits count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) files: usize,
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

/// A published commit with what would be found about it now.
pub(super) struct Layer<'a> {
    pub(super) published: &'a Published,
    pub(super) found: Found<'a>,
}

/// By whose word a finding stands, on a branch with these commits below, newest first.
pub(super) fn word(violation: &Violation, now: &Found<'_>, branch: &[Layer<'_>]) -> Option<Word> {
    match (violation.ending, &violation.path) {
        (Ending::Abort, _) => None,
        (Ending::Retry | Ending::Escalate, Some(path)) => of_file(violation, path, now, branch),
        (Ending::Retry | Ending::Escalate, None) => of_size(violation.rule, now, branch),
    }
}

fn of_file(violation: &Violation, path: &RepoPath, now: &Found<'_>, branch: &[Layer<'_>]) -> Option<Word> {
    let stands = |layer: &&Layer<'_>| {
        layer.found.violations.contains(violation) && state(layer.found.change, path) == state(now.change, path)
    };
    let since: Vec<&Layer<'_>> = branch.iter().take_while(stands).collect();
    let approved = since.iter().find(|layer| matches!(layer.published.hand, Hand::Approved { .. }));
    // The last of them brought it in.
    approved.or(since.last()).and_then(|layer| word_of(layer.published))
}

fn of_size(rule: Rule, now: &Found<'_>, branch: &[Layer<'_>]) -> Option<Word> {
    let (layer, word) = branch.iter().find_map(|layer| Some((layer, word_of(layer.published)?)))?;
    let is_no_larger = counted(rule, now.size)? <= counted(rule, layer.found.size)?;
    is_no_larger.then_some(word)
}

fn word_of(published: &Published) -> Option<Word> {
    let commit = published.commit.clone();
    match &published.hand {
        Hand::Machine => None,
        Hand::Approved { by } => Some(Word::Approved { by: by.clone(), commit }),
        Hand::Pushed { by } => Some(Word::Pushed { by: by.clone(), commit }),
    }
}

/// What a change makes of a path: `None`: it leaves it alone; `Some(None)`: it is gone.
fn state<'a>(change: &'a Change, path: &RepoPath) -> Option<Option<&'a Entry>> {
    match change.files.get(path) {
        Some(file) => Some(file.after.as_ref()),
        None => change.paths().any(|touched| touched == path).then_some(None),
    }
}

/// The part of a size that a rule limits.
fn counted(rule: Rule, size: Size) -> Option<usize> {
    match rule {
        Rule::MaxFiles => Some(size.files),
        Rule::MaxLines => Some(size.lines),
        Rule::MaxBytes => Some(size.bytes),
        Rule::ProtectedPath
        | Rule::AllowList
        | Rule::OddPath
        | Rule::Symlink
        | Rule::Submodule
        | Rule::Binary
        | Rule::MaxLineBytes
        | Rule::Forbidden
        | Rule::BuildScript
        | Rule::DependencySource
        | Rule::TestDeleted
        | Rule::TestSkipped
        | Rule::TestWeakened
        | Rule::ExpectedValue
        | Rule::TestRun
        | Rule::TestSpecialCase
        | Rule::Secret
        | Rule::OwnSecret
        | Rule::HiddenUnicode
        | Rule::Homoglyph
        | Rule::ControlCharacter
        | Rule::ConflictMarker
        | Rule::Placeholder => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::change;
    use super::super::{Policy, ReviewContext, Tightening, Words};
    use super::*;

    /// Path, before (on the base), after; an empty text means that there is no such file.
    type Files<'a> = &'a [(&'a str, &'a str, &'a str)];

    const DATA: (&str, &str, &str) = ("data/a.csv", "1\n2\n", "1\n");

    fn approved() -> Hand {
        Hand::Approved { by: "ada".into() }
    }

    fn pushed() -> Hand {
        Hand::Pushed { by: "bob".into() }
    }

    /// The branch, newest first: its commits are `ccc…`, `bbb…` and `aaa…`.
    fn branch(commits: &[(Hand, Files<'_>)]) -> Vec<Published> {
        let ids = ["c", "b", "a"];
        let published = |((hand, files), id): (&(Hand, Files<'_>), &str)| Published {
            commit: CommitId::parse(&id.repeat(40)).unwrap(),
            hand: hand.clone(),
            change: change(files),
        };
        commits.iter().zip(ids).map(published).collect()
    }

    /// What is held, and by whose word the rest stands.
    fn judged(policy: &Policy, commits: &[(Hand, Files<'_>)], now: Files<'_>) -> Result<Vec<Word>, Vec<Rule>> {
        let about = ReviewContext { title: "t", body: "b", secrets: &[] };
        let words = Words { branch: &branch(commits), approval: None };
        let reviewed = policy.review_with(change(now), &about, words);
        reviewed
            .map(|approved| approved.waivers().iter().map(|waiver| waiver.word.clone()).collect())
            .map_err(|violations| violations.iter().map(|violation| violation.rule).collect())
    }

    fn by_ada(id: &str) -> Word {
        Word::Approved { by: "ada".into(), commit: CommitId::parse(&id.repeat(40)).unwrap() }
    }

    fn by_bob(id: &str) -> Word {
        Word::Pushed { by: "bob".into(), commit: CommitId::parse(&id.repeat(40)).unwrap() }
    }

    #[test]
    fn what_a_person_published_is_not_held_again_while_it_stays_as_it_is() {
        let policy = Policy::builtin();
        let more = ("a.py", "", "x = 1\n");
        let [code, again] = [&[DATA, more][..], &[DATA, ("a.py", "", "x = 2\n")]];
        for (commits, word) in [
            (&[(approved(), &[DATA][..])][..], by_ada("c")),
            (&[(pushed(), &[DATA])], by_bob("c")),
            // The word reaches through the machine's own commits on top.
            (&[(Hand::Machine, code), (approved(), &[DATA])], by_ada("b")),
            (&[(Hand::Machine, code), (pushed(), &[DATA]), (Hand::Machine, &[more])], by_bob("b")),
            // A word for a later commit is one for everything below it.
            (&[(approved(), code), (Hand::Machine, &[DATA])], by_ada("c")),
        ] {
            assert_eq!(judged(&policy, commits, again), Ok(vec![word]), "{commits:?}");
        }
    }

    #[test]
    fn what_nobody_let_pass_is_held_however_long_it_stands() {
        let policy = Policy::builtin();
        let code = ("a.py", "", "x = 1\n");
        let now: Files<'_> = &[DATA, ("a.py", "", "x = 2\n")];
        for commits in [
            &[][..],
            &[(Hand::Machine, &[DATA][..])],
            // To push on top of it is no word for it, nor is an approval from before it.
            &[(pushed(), &[DATA, code]), (Hand::Machine, &[DATA])],
            &[(Hand::Machine, &[DATA, code]), (approved(), &[code])],
            // It was taken back in between.
            &[(Hand::Machine, &[DATA]), (Hand::Machine, &[code]), (approved(), &[DATA])],
            // It stands with other content, mode or place.
            &[(approved(), &[("data/a.csv", "1\n2\n", "2\n")])],
            &[(approved(), &[("data/b.csv", "1\n2\n", "1\n")])],
            &[(approved(), &[("data/a.csv", "1\n2\n", "")])],
        ] {
            assert_eq!(judged(&policy, commits, now), Err(vec![Rule::ProtectedPath]), "{commits:?}");
        }
    }

    #[test]
    fn a_file_that_is_touched_at_all_counts_anew() {
        let key = format!("token = 'ghp_{}'\n", "k3Jq9ZtW2bXv7RmP4sLd8HfGc1NyEa6UoTi5");
        let policy = Policy::builtin();
        let [kept, moved, beside] = [format!("x = 1\n{key}"), format!("{key}x = 1\n"), format!("x = 1\n{key}y = 2\n")];
        let before: (Hand, Files<'_>) = (approved(), &[("a.py", "x = 1\n", &kept)]);
        let other = ("b.py", "", "z = 1\n");
        assert_eq!(
            judged(&policy, std::slice::from_ref(&before), &[("a.py", "x = 1\n", &kept), other]),
            Ok(vec![by_ada("c")])
        );
        for after in [moved, beside, kept.repeat(2)] {
            let held = judged(&policy, std::slice::from_ref(&before), &[("a.py", "x = 1\n", &after), other]);
            assert!(held.as_ref().is_err_and(|rules| rules.contains(&Rule::Secret)), "{after}: {held:?}");
        }
        // The same in another file is no part of what was let pass.
        let copied = [("a.py", "x = 1\n", kept.as_str()), ("b.py", "x = 1\n", kept.as_str())];
        assert_eq!(judged(&policy, std::slice::from_ref(&before), &copied), Err(vec![Rule::Secret]));
    }

    #[test]
    fn weakened_tests_are_settled_only_in_a_file_that_stays() {
        let policy = Policy::builtin();
        let test = |a: u8, more: &str| format!("def test_a():\n    assert a() == {a}\n{more}");
        let second = "\n\ndef test_b():\n    assert b() == 1\n";
        let [base, weak, both, third] = [test(1, ""), test(2, ""), test(2, second), test(3, "")];
        let before: (Hand, Files<'_>) = (approved(), &[("tests/test_a.py", &base, &weak)]);
        let judged = |now: Files<'_>| judged(&policy, std::slice::from_ref(&before), now);
        let code = ("a.py", "", "x = 1\n");
        assert_eq!(judged(&[("tests/test_a.py", &base, &weak), code]), Ok(vec![by_ada("c")]));
        for after in [both, third] {
            assert_eq!(judged(&[("tests/test_a.py", &base, &after), code]), Err(vec![Rule::ExpectedValue]), "{after}");
        }
    }

    #[test]
    fn what_is_found_in_an_untouched_file_only_now_is_held() {
        let policy = Policy::builtin();
        let first = |value: u8| format!("def test_a():\n    assert a() == {value}\n");
        let second = "def test_b():\n    assert b() == 1\n";
        let both = format!("{}\n\n{second}", first(1));
        let [one, other] = [first(2), "def helper():\n    return 1\n".to_owned()];
        // A test has moved to another file; then it goes from there.
        let moved = [("tests/test_a.py", both.as_str(), one.as_str()), ("tests/test_b.py", "", second)];
        let gone = [moved[0], ("tests/test_b.py", "", other.as_str())];
        let before: [(Hand, Files<'_>); 1] = [(approved(), &moved)];
        assert_eq!(judged(&policy, &before, &moved), Ok(vec![by_ada("c")]));
        assert_eq!(judged(&policy, &before, &gone), Err(vec![Rule::TestDeleted]));
    }

    #[test]
    fn a_limit_holds_again_only_what_is_larger_than_people_let_it_be() {
        let mut policy = Policy::builtin();
        let limits = Tightening { max_lines: Some(2), ..Tightening::default() };
        policy.tighten(&limits).unwrap();
        let lines = |count: usize| "x\n".repeat(count);
        let [two, four, five] = [lines(2), lines(4), lines(5)];
        let four: Files<'_> = &[("a.txt", "", &four)];
        let five: Files<'_> = &[("a.txt", "", &five)];
        let two: Files<'_> = &[("a.txt", "", &two)];
        let held = || Err(vec![Rule::MaxLines]);
        assert_eq!(judged(&policy, &[(approved(), four)], four), Ok(vec![by_ada("c")]));
        assert_eq!(judged(&policy, &[(pushed(), five)], four), Ok(vec![by_bob("c")]));
        assert_eq!(judged(&policy, &[(approved(), four)], five), held());
        assert_eq!(judged(&policy, &[(Hand::Machine, five), (approved(), four)], five), held());
        assert_eq!(judged(&policy, &[(approved(), two), (approved(), five)], four), held());
        assert_eq!(judged(&policy, &[(Hand::Machine, four)], four), held());
    }

    #[test]
    fn what_ends_a_run_is_never_settled() {
        let policy = Policy::builtin();
        let wipes = ("a.py", "", "db.run('DROP TABLE users')\n");
        for hand in [approved(), pushed()] {
            assert_eq!(judged(&policy, &[(hand, &[DATA, wipes])], &[DATA, wipes]), Err(vec![Rule::Forbidden]));
        }
    }
}
