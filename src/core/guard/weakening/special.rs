//! Code that knows that it is being tested: it asks for the test runner, equals everything, or answers one tested input.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern;
use crate::core::guard::kind::Kind;
use crate::core::guard::policy::ReviewContext;
use crate::core::guard::view::View;
use crate::core::guard::violation::{Rule, Violation, excerpt};

/// Signs of a test runner that a program has no other reason to look for. `NODE_ENV` and `Rails.env` are ordinary.
static RUNNER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)PYTEST_(?:CURRENT_TEST|VERSION|XDIST_WORKER) | ["'](?:pytest|_pytest|unittest|nose|doctest)["']\s+(?:not\s+)?in\s+sys\.modules | sys\.modules(?:\.get\(|\[)\s*["'](?:_?pytest|unittest|nose) | \bJEST_WORKER_ID\b | \bVITEST(?:_WORKER_ID|_POOL_ID)?\b | \bMOCHA_\w+\b
          | \btesting\.Testing\(\) | flag\.Lookup\(\s*"test\. | HasSuffix\(\s*os\.Args\[0\]\s*,\s*"\.test" | \bcfg!\(\s*test\s*\) | \bNEXTEST\b | XCTestConfigurationFilePath | NSClassFromString\(\s*@?"XCTest | Class\.forName\(\s*"org\.junit
          | \bPHPUNIT_(?:COMPOSER_INSTALL|TESTSUITE)\b | defined\?\(\s*(?:RSpec|Minitest) | \bsys\.argv\[0\][^\n]*(?:pytest|test) | \binspect\.stack\(\)[^\n]*test | getStackTrace\(\)[^\n]*[tT]est | typeof\s+(?:jest|vi|describe|it)\s*!==?\s*["']undefined | \bglobalThis\.(?:jest|__vitest|describe)\b"#,
    )
});

/// Comparison operators that always agree.
static ALWAYS_EQUAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"def\s+(?:__eq__|__ne__|__bool__|__instancecheck__|__contains__|==|eql\?|equal\?)\s*\(|\bfn\s+eq\s*\(&self|\bboolean\s+equals\s*\(\s*(?:final\s+)?Object|\boverride\s+bool\s+Equals\s*\(\s*object|\boperator\s*==\s*\(|\bfunc\s+==\s*\(",
    )
});

/// Looks through added lines of code that is no test.
pub(super) fn check(view: &View<'_>, about: &ReviewContext<'_>, violations: &mut Vec<Violation>) {
    if view.role.is_test || view.role.kind != Kind::Code {
        return;
    }
    let removed = |text: &str| view.before.iter().any(|line| line.contains(text));
    let mut push = |index: usize, why: &str| {
        let what = format!("{} {why}", excerpt(view.after[index].trim()));
        violations.push(Violation::at(Rule::TestSpecialCase, view.path, Some(index + 1), what));
    };
    for (index, line) in view.added() {
        let comment = ["#", "//", "*", "--"].iter().any(|mark| line.trim_start().starts_with(mark));
        if comment {
            continue;
        }
        if RUNNER.find(line).is_some_and(|found| !removed(found.as_str())) && !view.role.runs_during_checks {
            push(index, "asks whether it is being tested");
        } else if ALWAYS_EQUAL.is_match(line) && returns_true(view, index) {
            push(index, "is equal to everything");
        } else if answers_one_input(view, index, about) {
            push(index, "answers the input of the issue instead of solving it (hard-coded special case)");
        }
    }
}

/// Whether the first statement of a body is `return true`.
fn returns_true(view: &View<'_>, index: usize) -> bool {
    static TRUE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"^\s*(?:return\s+)?(?:True|true|1)\s*;?\s*\}?\s*$|[{:]\s*(?:return\s+)?(?:True|true)\s*;?\s*\}?\s*$")
    });
    let next = view.after[index + 1..].iter().find(|line| !line.trim().is_empty() && line.trim() != "{");
    TRUE.is_match(view.after[index]) || next.is_some_and(|line| TRUE.is_match(line))
}

/// A condition on literal arguments that the issue calls with, and the demanded literal behind it.
fn answers_one_input(view: &View<'_>, index: usize, about: &ReviewContext<'_>) -> bool {
    static IF: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:\}?\s*else\s+)?(?:if|elif|when|case)\b(.*)"));
    static LITERAL: LazyLock<Regex> = LazyLock::new(|| pattern(r#"-?\b\d+(?:\.\d+)?\b|"[^"]+"|'[^']+'"#));
    static ANSWER: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"^\s*return\s+(-?\d+(?:\.\d+)?|"[^"]*"|'[^']*')\s*;?\s*\}?\s*$"#));
    let Some(condition) = IF.captures(view.after[index]) else { return false };
    let inputs: Vec<&str> =
        LITERAL.find_iter(condition.get(1).map_or("", |rest| rest.as_str())).map(|found| found.as_str()).collect();
    let Some(answer) = view.after.get(index + 1).and_then(|line| ANSWER.captures(line)) else { return false };
    let call = format!("({})", inputs.join(", "));
    let asked = [about.title, about.body].iter().any(|text| text.contains(&call));
    !inputs.is_empty() && asked && super::demand::states(about, super::bare(&answer[1]))
}
