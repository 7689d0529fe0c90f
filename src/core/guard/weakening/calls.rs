//! Functions that tests call, and whether assertions in them take the place of those in the test.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::assertions::{Assertion, Manner, Strength, assertion};
use super::{indent, pattern};
use crate::core::guard::view::View;

/// A line that begins a function, with its name.
static FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:def|fn|func|function|sub|void|proc|const|let|fun)\s+(?:\([^)]*\)\s*)?(\w+)"));

/// How many lines of a function are looked at.
const BODY: usize = 40;

/// Names of functions that are called in these lines; Ruby calls one without arguments by its name alone.
pub(super) fn called<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    static CALL: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(\w{3,})!?\s*\(|^\s*(\w{3,})[?!]?\s*$"));
    lines
        .flat_map(|line| CALL.captures_iter(line))
        .filter_map(|found| found.get(1).or(found.get(2)).map(|name| name.as_str()))
        .collect()
}

/// The functions of a file outside of these lines that one of the called names means and that assert something.
pub(super) fn asserting<'a>(
    view: &'a View<'_>,
    outside: &Range<usize>,
    called: &BTreeSet<&str>,
) -> impl Iterator<Item = &'a [&'a str]> {
    let defines = |line: &str| FUNCTION.captures(line).is_some_and(|found| called.contains(&found[1]));
    let starts: Vec<usize> = (0..view.after.len())
        .filter(|index| !outside.contains(index) && defines(view.after[*index]))
        .map(|index| index + 1)
        .collect();
    let body = |start: usize| &view.after[start..view.after.len().min(start + BODY)];
    let demands =
        |line: &&str| assertion(line, Manner::ByHand).is_some_and(|assertion| assertion.strength != Strength::Trivial);
    starts.into_iter().map(body).filter(move |body| body.iter().any(demands))
}

/// Whether what an assertion expects and looks at stands in new lines of the file or in one of the functions.
pub(super) fn take_over(view: &View<'_>, bodies: &[&[&str]], lost: &Assertion) -> bool {
    let stands = |text: &str| {
        view.added().any(|(_, line)| line.contains(text))
            || bodies.iter().any(|body| body.iter().any(|line| line.contains(text)))
    };
    let mut looked_at = lost.subject.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| name.len() > 2);
    lost.expected.iter().all(|value| stands(value.trim_start_matches('-'))) && looked_at.any(stands)
}

/// The name of the function that a line stands in, by the lines above that stand less deep.
pub(super) fn function_of<'a>(view: &View<'a>, index: usize) -> Option<&'a str> {
    let own = indent(view.after[index]);
    let above = view.after[..index].iter().rev().take(BODY).filter(|line| indent(line) < own);
    above.filter_map(|line| FUNCTION.captures(line)).find_map(|found| Some(found.get(1)?.as_str()))
}
