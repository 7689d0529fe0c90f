//! What a change does besides the test at hand: where tests went, what the code lost, in which words it changed.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::super::kind::Kind;
use super::super::policy::ReviewContext;
use super::super::view::View;
use super::assertions::assertion_at;
use super::cases::Case;
use super::pairing::kept;
use super::{TestFile, calls, carry, demand, manner, pattern};

/// The change as a whole. What only an odd case asks for is found out when it does.
pub(super) struct Whole<'v, 'a> {
    /// What was asked for.
    pub(super) about: &'v ReviewContext<'v>,
    /// Names of cases that are new in their file, and whether they demand something.
    new_cases: HashMap<&'v str, bool>,
    /// New assertions of all tests.
    pub(super) added: HashSet<String>,
    /// Names of functions that are called in new lines of tests that run.
    called: BTreeSet<&'v str>,
    /// How many cases the files of tests have more than before, without new ones that are switched off.
    pub(super) balance: isize,
    /// The same of those that assert something.
    pub(super) demanding: isize,
    files: &'v [TestFile<'v, 'a>],
    /// The changed files of code.
    code: Vec<&'v View<'a>>,
    carried: OnceCell<carry::Carried<'v>>,
    gone: OnceCell<BTreeSet<String>>,
    vanished: OnceCell<HashSet<String>>,
    words: OnceCell<(HashSet<String>, HashSet<String>)>,
}

impl<'v, 'a> Whole<'v, 'a> {
    pub(super) fn new(views: &'v [View<'a>], files: &'v [TestFile<'v, 'a>], about: &'v ReviewContext<'v>) -> Self {
        let mut new_cases: HashMap<&str, bool> = HashMap::new();
        let (mut balance, mut demanding) = (0, 0);
        for file in files {
            for case in file.live() {
                let demands = file.demands(case);
                *new_cases.entry(&case.name).or_default() |= demands;
                balance += 1;
                demanding += isize::from(demands);
            }
            for case in file.lost() {
                balance -= 1;
                demanding -= isize::from(file.demanded(case));
            }
        }
        let called: BTreeSet<&str> = files.iter().flat_map(called_by_tests).collect();
        Self {
            about,
            new_cases,
            added: files.iter().flat_map(|file| new_assertions(file, &called)).collect(),
            called,
            balance,
            demanding,
            files,
            carried: OnceCell::new(),
            code: views.iter().filter(|view| !view.role.is_test && view.role.kind != Kind::Lock).collect(),
            gone: OnceCell::new(),
            vanished: OnceCell::new(),
            words: OnceCell::new(),
        }
    }

    /// Whether a test of this name is new in another file and one carries on what this one was about, if it demanded
    /// something.
    pub(super) fn is_moved(&self, case: &Case, file: &TestFile<'_, '_>) -> bool {
        let demands = self.new_cases.get(case.name.as_str());
        demands.is_some_and(|demands| !file.demanded(case) || (*demands && self.is_carried(case, file)))
    }

    /// Whether a test that is gone and demanded something has one in its place that is about the same.
    pub(super) fn is_carried(&self, case: &Case, file: &TestFile<'_, '_>) -> bool {
        let carried = self.carried.get_or_init(|| carry::carried(self.files, &self.unexplained()));
        carried.contains(&(file.view.path, case.line))
    }

    /// Tests that are gone, demanded something and are not about what goes away. One that is joined to others takes its
    /// place like any other, so that nobody else does.
    fn unexplained(&self) -> Vec<(&'v TestFile<'v, 'a>, &'v Case)> {
        let lost = self.files.iter().flat_map(|file| file.lost().map(move |case| (file, case)));
        let asked = |case: &Case| demand::asks_to_remove(self.about, &case.name);
        lost.filter(|(file, case)| file.demanded(case) && !self.went_with(case, file) && !asked(case)).collect()
    }

    /// Whether a test of the old text is about something that is gone.
    pub(super) fn went_with(&self, case: &Case, file: &TestFile<'_, '_>) -> bool {
        self.explains(&case.name) || self.takes_subject(&file.view.before[case.lines.clone()])
    }

    /// Whether all that a test asserts and calls stands in new lines of tests that run, or where it was in a test that
    /// began above it, as when tests are joined.
    pub(super) fn absorbs(&self, case: &Case, file: &TestFile<'_, '_>) -> bool {
        let view = file.view;
        let runs = |now: usize| file.runs_at(now) == Some(true);
        let left = |index: &usize| !kept(view, *index).is_some_and(runs);
        let body = (case.line + 1..case.lines.end).filter(left).map(|index| view.before[index]);
        file.demanded(case)
            && file.asserted(case).all(|(index, found)| !left(&index) || self.added.contains(&found.text))
            && calls::called(body).is_subset(&self.called)
    }

    /// Whether a file of code is deleted that a file of tests is named after.
    pub(super) fn deletes_subject(&self, of: &str) -> bool {
        let deleted = self.code.iter().filter(|view| view.file.after.is_none()).map(|view| stem(&view.path.to_text()));
        of.len() > 2 && deleted.into_iter().any(|gone| gone.len() > 2 && (of.contains(&gone) || gone.contains(of)))
    }

    /// Whether a test with this name, or an assertion of this text, is about something that goes away with it.
    pub(super) fn explains(&self, text: &str) -> bool {
        let whole = plain(text);
        let is_word = |name: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| plain(word) == name);
        let defined =
            |name: &String| (name.len() > 3 && whole.contains(name.as_str())) || (name.len() == 3 && is_word(name));
        let vanished = self.vanished.get_or_init(|| vanished_words(&self.code));
        self.gone().iter().any(defined)
            || words_of(text).any(|word| word.len() > 3 && vanished.contains(&word))
            || vanished.iter().any(|word| word.len() > 5 && whole.contains(word.as_str()))
    }

    /// Whether the lines of a test use a function or type that goes away.
    pub(super) fn takes_subject(&self, lines: &[&str]) -> bool {
        let gone = self.gone();
        let identifiers =
            |line: &&str| line.split(|c: char| !c.is_alphanumeric() && c != '_').map(plain).collect::<Vec<_>>();
        !gone.is_empty() && lines.iter().flat_map(identifiers).any(|name| name.len() > 3 && gone.contains(&name))
    }

    /// Whether the code itself changes in the same words: those that are new in the value are new in the code, and those
    /// that are gone from it are gone from the code. Numbers of one or two digits prove nothing.
    pub(super) fn mirrors(&self, old: &str, new: &str) -> bool {
        let (old_words, new_words): (HashSet<String>, HashSet<String>) =
            (words_of(old).collect(), words_of(new).collect());
        let gone: Vec<&String> = old_words.difference(&new_words).collect();
        let added: Vec<&String> = new_words.difference(&old_words).collect();
        if gone.is_empty() && added.is_empty() {
            // Punctuation and capitals of a text.
            return new_words.iter().any(|word| word.len() > 2 && word.chars().all(char::is_alphabetic));
        }
        let (code_gone, code_added) = self.words.get_or_init(|| changed_words(&self.code));
        gone.iter().chain(&added).any(|word| word.len() > 2)
            && gone.iter().all(|word| code_gone.contains(*word))
            && added.iter().all(|word| code_added.contains(*word))
    }

    /// Names of functions and types that the change takes out of the code, in lower case without separators.
    fn gone(&self) -> &BTreeSet<String> {
        self.gone.get_or_init(|| gone_definitions(&self.code))
    }
}

/// Names of functions that are called in new lines of tests that run.
fn called_by_tests<'v>(file: &'v TestFile<'v, '_>) -> BTreeSet<&'v str> {
    let added = file.view.added().filter(|(index, _)| file.runs_at(*index) == Some(true));
    calls::called(added.map(|(_, line)| line))
}

/// The texts of assertions that begin in an added line of a test that runs, or of a function that one of them calls.
fn new_assertions(file: &TestFile<'_, '_>, called: &BTreeSet<&str>) -> Vec<String> {
    let view = file.view;
    let manner = manner(view);
    let is_called =
        |index: usize| calls::function_of(view, index).is_none_or(|name| called.contains(name) || is_fixture(name));
    let runs = |index: usize| file.runs_at(index).unwrap_or_else(|| is_called(index));
    let found = view.added().filter_map(|(index, _)| Some((index, assertion_at(&view.after[index..], manner)?)));
    found.filter(|(index, _)| runs(*index)).map(|(_, found)| found.text).collect()
}

/// Whether the framework calls a function of this name around tests.
fn is_fixture(name: &str) -> bool {
    ["set", "tear", "before", "after"].iter().any(|start| name.to_lowercase().starts_with(start))
}

/// Letters and digits between other characters, in lower case.
fn words_of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Lower case, letters and digits only: `HTTPServer`, `http_server` and `test-http-server` compare.
pub(super) fn plain(words: &str) -> String {
    words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The name of a file without folder, extension and the marks of a test.
pub(super) fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.rsplit_once('.').map_or(name, |(name, _)| name).to_lowercase();
    let name = name.trim_end_matches(".test").trim_end_matches(".spec");
    let name = name.trim_start_matches("test_").trim_end_matches("_test").trim_end_matches("_spec");
    plain(name.trim_end_matches("tests").trim_end_matches("test"))
}

/// Words of removed and of added lines.
fn changed_words(views: &[&View<'_>]) -> (HashSet<String>, HashSet<String>) {
    let removed = views.iter().flat_map(|view| view.removed()).flat_map(|(_, line)| words_of(line)).collect();
    let added = views.iter().flat_map(|view| view.added()).flat_map(|(_, line)| words_of(line)).collect();
    (removed, added)
}

/// Words of the files of code before the change that none of them has after it.
fn vanished_words(views: &[&View<'_>]) -> HashSet<String> {
    let removed = views.iter().flat_map(|view| view.removed().take_while(|(index, _)| *index < code_end(&view.before)));
    let mut vanished: HashSet<String> = removed.flat_map(|(_, line)| words_of(line)).collect();
    for line in views.iter().flat_map(|view| &view.after[..code_end(&view.after)]) {
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
fn gone_definitions(views: &[&View<'_>]) -> BTreeSet<String> {
    static DEFINITION: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"\b(?:def|fn|func|function|class|struct|enum|trait|interface|type|const|module|static|macro_rules!|#define)\s+(?:\([^)]*\)\s*)?(\w+)|^\s*(?:public|private|protected|internal|static|export)\s[^=;(]*\b(\w+)\s*\(",
        )
    });
    let names = |line: &str| {
        let found = DEFINITION
            .captures_iter(line)
            .filter_map(|found| found.get(1).or(found.get(2)).map(|name| plain(name.as_str())));
        found.collect::<Vec<_>>()
    };
    let (mut gone, mut added) = (BTreeSet::new(), BTreeSet::new());
    for view in views {
        let tests = code_end(&view.before);
        gone.extend(view.removed().take_while(|(index, _)| *index < tests).flat_map(|(_, line)| names(line)));
        added.extend(view.added().flat_map(|(_, line)| names(line)));
    }
    gone.difference(&added).cloned().collect()
}
