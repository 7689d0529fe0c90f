//! Tests that are switched off: markers, early returns, conditions that are never true, focus on other tests.

use std::sync::LazyLock;

use regex::Regex;

use super::cases::Case;
use super::{TestFile, indent, pattern};
use crate::core::guard::view::View;
use crate::core::guard::violation::{Rule, Violation, excerpt};

/// Markers that switch a test off whatever happens.
static SKIP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)@(?:pytest\.mark\.|unittest\.|mark\.)(?:skip|xfail|expectedFailure)\b(?:\s*$|\s*\(|\s*\#) | @(?:skip|xfail|expectedFailure|SkipTest)\b(?:\s*\(|\s*$) | \b(?:pytest|unittest)\.(?:skip|xfail)\( | \braise\s+(?:unittest\.)?SkipTest | \bself\.skipTest\(
          | pytestmark\s*=\s*\[?\s*pytest\.mark\.(?:skip|xfail)\b(?:\s*$|\() | \#\[ignore\b | \#\[cfg\((?:any\(\)|FALSE|feature\s*=\s*"(?:never|disabled)[^"]*")\)\]
          | \bt\.Skip(?:f|Now)?\( | \bb\.Skip(?:f|Now)?\(
          | \b(?:it|test|describe|context|suite|specify|bench)\.(?:skip|todo|fails|fixme)\b | \bx(?:it|describe|test|specify|context|scenario|example)\b\s*[\(\s'"] | \bthis\.skip\(\) | \btest\.fixme\b | \bpending\(
          | @(?:Ignore|Disabled|Ignored|DisabledTest)\b | \[(?:Ignore|Explicit)\b | \bSkip\s*=\s*" | \[Fact\([^)]*Skip | Assert\.(?:Ignore|Inconclusive)\( | \bmarkTest(?:Skipped|Incomplete)\( | @group\s+(?:skip|ignore|disabled)
          | \bXCTSkip\( | \.disabled\( | \bGTEST_SKIP\( | \bDISABLED_\w | \bSKIP\(\s*["\)] | \bpending\b\s*(?:['"]|$) | ^\s*skip\b\s*(?:['"]|$) | \bskip_test\b | :skip\s*=>\s*true | \bskip:\s*(?:true|['"]) | @tag\s+:skip | @moduletag\s+:skip
          | ^//go:build\s+ignore | ^//\s*\+build\s+ignore | \btest\.skip\b | @skip\b"#,
    )
});

/// Markers with a condition, and what a condition that decides nothing looks like.
static CONDITIONAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)skip_?if|skip_?unless|\bcfg_attr\(|EnabledOn|DisabledOn|DisabledIf|EnabledIf|assumeTrue|assumeThat|\bassume\(|skipIf|runIf|\bcondition\s*=",
    )
});
static CONSTANT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:skip_?if|run_?if|assume(?:True|That)?|skip_?unless)\s*\(\s*(?:!?\s*(?:true|false)|not\s+(?:true|false)|[01]|[01]\s*==\s*[01]|\x22[^\x22]*\x22)\s*[,)]|cfg_attr\(\s*(?:all\(\)|any\(\))",
    )
});

/// Focus on one test switches off all others.
static FOCUS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"^\s*(?:(?:it|test|describe|context|suite|specify)\.only\b|(?:fit|fdescribe|fcontext|fspecify)\s*\(|.*@focus\b|.*,\s*focus:\s*true|\[Focus)"#,
    )
});

/// Looks for markers in new lines of tests that were there before, and of whole files.
pub(super) fn check(file: &TestFile<'_, '_>, violations: &mut Vec<Violation>) {
    let view = file.view;
    let had: usize = view.removed().filter(|(_, line)| is_skip(line)).count();
    let mut returned = had;
    for (index, line) in view.added().filter(|(_, line)| is_skip(line)) {
        // A marker that only moved, or got another reason.
        if returned > 0 {
            returned -= 1;
            continue;
        }
        // An attribute over several lines stands above the lines of its case.
        let within = |case: &&Case| case.lines.contains(&index) || (index < case.line && case.line - index <= 6);
        let case = file.after.iter().position(|case| within(&case));
        let is_new = |case: usize| file.pairs.new.contains(&case);
        let existed = match case {
            Some(case) => !is_new(case),
            None => !file.before.is_empty() && !around(file, index).is_some_and(is_new),
        };
        let guarded = case.is_some() && is_guarded(view, index);
        if existed && !guarded {
            let name = case.map_or("the tests of this file".to_owned(), |case| {
                format!("the test {}", excerpt(&file.after[case].name))
            });
            let what = format!("{} switches off {name}; tests that were there have to run", excerpt(line.trim()));
            violations.push(Violation::at(Rule::TestSkipped, view.path, Some(index + 1), what));
        }
    }
}

/// The case that a line stands in by indentation alone, where what is within looked like the end of it: programs that a
/// test writes to files hold tests of their own.
fn around(file: &TestFile<'_, '_>, index: usize) -> Option<usize> {
    let lines = &file.view.after;
    let deeper = |case: &Case| {
        let own = indent(lines[case.line]);
        lines[case.line + 1..=index].iter().all(|line| line.trim().is_empty() || indent(line) > own)
    };
    file.after.iter().rposition(|case| case.line < index && deeper(case))
}

/// Ruby's condition behind a statement: `skip "needs it" unless available?`.
static ON_CONDITION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^\s*skip\b.*["')]\s+(?:if|unless)\s+[a-zA-Z]\w*[.:(?!]"#));

/// Whether a test does not run, or runs for nothing.
pub(super) fn is_off(view: &View<'_>, case: &Case) -> bool {
    case.lines.clone().any(|index| is_marked(view, index) || is_idle(view, index))
}

/// The same of a test that is new by its name: what it had before, in texts too, is no worse now.
pub(super) fn is_newly_off(view: &View<'_>, case: &Case) -> bool {
    let added = |index: usize| view.touches(&(index..index + 1));
    case.lines.clone().any(|index| is_marked(view, index) || (added(index) && is_idle(view, index)))
}

fn is_marked(view: &View<'_>, index: usize) -> bool {
    let line = view.after[index];
    is_skip(line) && !is_guarded(view, index) && !ON_CONDITION.is_match(line)
}

/// Whether a line leaves the assertions around it without effect.
fn is_idle(view: &View<'_>, index: usize) -> bool {
    let line = view.after[index];
    NEVER.is_match(line) || (SWALLOW.is_match(line) && is_emptied(view, index))
}

/// Whether a line switches a test off without a condition that decides anything.
fn is_skip(line: &str) -> bool {
    let trimmed = line.trim_start();
    let comment =
        (trimmed.starts_with("//") && !trimmed.starts_with("//go:build") && !trimmed.starts_with("// +build"))
            || (trimmed.starts_with('#') && !trimmed.starts_with("#["))
            || trimmed.starts_with('*');
    if comment {
        return false;
    }
    if CONDITIONAL.is_match(line) {
        return CONSTANT.is_match(line);
    }
    SKIP.is_match(line)
}

/// Whether a skipping call stands below a new or old condition on the surroundings, as `if testing.Short() { t.Skip() }`.
fn is_guarded(view: &View<'_>, index: usize) -> bool {
    static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^\s*(?:\}?\s*else\s+)?(?:if|unless|elif|except|catch|when|case|guard)\b|^\s*(?:\}\s*)?(?:rescue|catch|except)\b",
        )
    });
    static ALWAYS: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?i)^\s*if\s*\(?\s*(?:true|1|not\s+false|!false)\s*\)?\s*[:{]?\s*$"));
    let own = indent(view.after[index]);
    let inline = CONDITION.is_match(view.after[index]);
    let above = view.after[..index].iter().rev().take(12).find(|line| !line.trim().is_empty() && indent(line) < own);
    inline || above.is_some_and(|line| CONDITION.is_match(line) && !ALWAYS.is_match(line))
}

/// The name of a case without what switches it off.
pub(super) fn without_mark(name: &str) -> String {
    name.replace("DISABLED_", "")
}

/// Focus on single tests.
pub(super) fn check_focus(view: &View<'_>, violations: &mut Vec<Violation>) {
    for (index, line) in view.added().filter(|(_, line)| FOCUS.is_match(line)) {
        let what = format!("{} switches off all other tests", excerpt(line.trim()));
        violations.push(Violation::at(Rule::TestSkipped, view.path, Some(index + 1), what));
    }
}

/// Conditions that are never true.
static NEVER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^\s*(?:if\s*\(?\s*(?:false|0|not\s+true|!true)\s*\)?\s*[:{]?|#if\s+0|while\s+(?:false|0)\s*:)\s*$")
});

/// Ends of a test that pass it.
static RETURN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:return(?:\s+(?:None|nil|null|true|True|Ok\(\(\)\)))?|done\(\)|exit\s+0|exit\(0\)|process\.exit\(0\)|os\._exit\(0\)|sys\.exit\((?:0)?\))\s*;?\s*$",
    )
});

/// Handlers in which the failure of an assertion is lost.
static SWALLOW: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*except(?:\s+(?:\(?[\w., ]*(?:AssertionError|Exception|BaseException)[\w., ]*\)?)(?:\s+as\s+\w+)?)?\s*:\s*(?:pass|\.\.\.)?\s*$|^\s*\}?\s*catch\s*(?:\([^)]*\))?\s*\{\s*\}?\s*;?\s*$|suppress\((?:AssertionError|Exception|BaseException)|^\s*rescue\b.*$|\|\|\s*true\s*$|\.catch\(\(\)\s*=>\s*\{\s*\}\)",
    )
});

/// New lines in a test after which its assertions, which are on those lines, no longer count.
pub(super) fn check_switched_off(view: &View<'_>, case: &Case, assertions: &[usize], violations: &mut Vec<Violation>) {
    for index in case.lines.clone().filter(|index| view.touches(&(*index..index + 1))) {
        let line = view.after[index];
        let above_one = assertions.last().is_some_and(|last| index < *last);
        let below_one = assertions.iter().any(|assertion| (tried(view, case, index)..index).contains(assertion));
        let ends = above_one && RETURN.is_match(line) && !is_guarded(view, index) && is_body_level(view, case, index);
        let what = if NEVER.is_match(line) {
            "is never true"
        } else if ends {
            "ends the test before its assertions"
        } else if below_one && SWALLOW.is_match(line) && is_emptied(view, index) {
            "swallows failures of the assertions before it"
        } else {
            continue;
        };
        let what = format!("{} {what}", excerpt(line.trim()));
        violations.push(Violation::at(Rule::TestWeakened, view.path, Some(index + 1), what));
    }
}

/// Where the block begins whose failures a handler takes; the test itself where no line says so.
fn tried(view: &View<'_>, case: &Case, handler: usize) -> usize {
    let own = view.after[handler];
    let takes = ["}", "catch", "except"].iter().any(|start| own.trim_start().starts_with(start));
    let begins = |line: &str| line.trim_start().starts_with("try") && indent(line) == indent(own);
    let start = (case.line..handler).rev().find(|index| begins(view.after[*index]));
    start.filter(|_| takes).unwrap_or(case.line)
}

/// Whether a line stands as deep as the first line of its test, not in a function or a condition within.
fn is_body_level(view: &View<'_>, case: &Case, index: usize) -> bool {
    let body = view.after[case.line + 1..case.lines.end].iter().find(|line| !line.trim().is_empty());
    body.is_some_and(|first| indent(first) == indent(view.after[index]))
}

/// Whether what follows a `catch` or `except` does nothing.
fn is_emptied(view: &View<'_>, index: usize) -> bool {
    let line = view.after[index].trim();
    let done = line.ends_with("pass")
        || line.ends_with("{}")
        || line.ends_with("{ }")
        || line.contains("suppress(")
        || line.ends_with("true")
        || line.ends_with("})");
    let next = view.after.get(index + 1).map_or("", |line| line.trim());
    done || ["pass", "...", "}", "return", "return;", "nil", "end", "true"].contains(&next)
}
