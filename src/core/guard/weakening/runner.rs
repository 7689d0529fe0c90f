//! The test run itself: filters that leave tests out, failures that are ignored, thresholds that are lowered.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern;
use crate::core::guard::kind::Kind;
use crate::core::guard::view::{Hunk, View};
use crate::core::guard::violation::{Rule, Violation, excerpt};

/// Commands that run tests.
static RUNNER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:py\.?test|jest|vitest|mocha|ava|tap|karma|jasmine|cypress|playwright|nose2?|unittest|tox|nox|rspec|minitest|phpunit|pest|ctest|gtest|bats|prove|cargo\s+(?:\+\S+\s+)?(?:nextest|test)|go\s+test|gotestsum|dotnet\s+test|mvn\w*\s+[^\n]*\b(?:test|verify)|gradlew?\s+[^\n]*\b(?:test|check)|npm\s+(?:run\s+)?(?:t|test)\b|yarn\s+(?:run\s+)?test|pnpm\s+(?:run\s+)?test|rails\s+test|rake\s+(?:test|spec)|manage\.py\s+test|runtests|bun\s+test|deno\s+test|zig\s+(?:build\s+)?test|swift\s+test|sbt\s+test|mix\s+test|node\s+--test|make\s+(?:test|check))\b",
    )
});

/// Arguments that leave tests out, forgive failures or accept that there are none.
static LEAVES_OUT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)--ignore(?:-glob)?[=\s]\S*test | --deselect\b | -k\s*["']?\s*not\b | -m\s*["']?\s*not\b | --passWithNoTests | --pass-with-no-tests | --no-tests[=\s]pass | testPathIgnorePatterns | --testPathIgnorePatterns | --testPathPattern[s=\s] | --testNamePattern
          | --exclude[=\s]\S*(?:test|spec) | \s--\s+(?:\S+\s+)*--skip\b | --skip[=\s]\S+ | -run\s*[=\s]\s*["']?(?:\^\$|XXX|NONE) | --exit-zero | --suppress-no-test-exit-code | -Dmaven\.test\.(?:skip|failure\.ignore) | -DskipTests | -x\s+test\b | --no-fail(?:\s|$) | --continue-on-failure
          | (?:\|\||;)\s*(?:true|:|exit\s+0|/bin/true)(?:\s|["']|$) | --allow-empty | --forceExit\s+\|\| | \|\s*cat\b | --maxfail[=\s]0 | --lf\b | --co(?:llect-only)?\b | --list-tests | --no-run\b | --dry-?run\b"#,
    )
});

/// Settings of test tools with the same effect.
static SETTING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)^\s*["']?(?:collect_ignore(?:_glob)?|testPathIgnorePatterns|norecursedirs|modulePathIgnorePatterns|passWithNoTests|failIfNoTests|testFailureIgnore|skipTests|ignoreFailures|haltonfailure)["']?\s*[=:+] | <(?:skipTests|testFailureIgnore|maven\.test\.skip)>\s*true | \bexclude\s*:\s*\[[^\]]*(?:test|spec) | \bcontinue-on-error\s*:\s*true | \ballow_failure\s*:\s*true"#,
    )
});

/// Code of a test run that decides its result by itself.
static FORCED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x)\bitems\s*(?:\[:\]\s*=|\.clear\(\)) | \bexitstatus\s*=\s*(?:0|ExitCode\.OK) | \bos\._exit\(\s*0?\s*\) | \bsys\.exit\(\s*0\s*\) | \bpytest\.exit\([^)]*returncode\s*=\s*0 | \boutcome\s*=\s*["']passed | \bprocess\.exit\(\s*0\s*\) | \bexitCode\s*=\s*0 | \bwas_?[pP]assed\s*=\s*[tT]rue"#,
    )
});

/// Numbers below which a run fails.
static THRESHOLD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)["']?\b(fail[_-]under|cov-fail-under|branches|functions|lines|statements|min(?:imum)?[_-]?coverage|coverage[_-]?threshold|check-coverage|minimum|threshold|target|minMsi|minCoveredMsi|mutation-?score|break|minimum_coverage\w*|COVERAGE_MIN)\b["']?(?:\s*[:=(\s]\s*)["']?(\d+(?:\.\d+)?)"#,
    )
});

/// Looks through the files that say how tests are run.
pub(super) fn check(view: &View<'_>, violations: &mut Vec<Violation>) {
    let name = String::from_utf8_lossy(view.path.name()).to_lowercase();
    let names_one = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let about_tests = names_one(&TOOLS);
    let script = [".sh", ".bash", ".ps1", ".bat"].iter().any(|ending| name.ends_with(ending));
    if !(view.role.runs_during_checks || about_tests || script || view.role.is_manifest)
        || view.role.kind == Kind::Prose
        || view.file.before.is_none() && script
    {
        return;
    }
    let file = RunFile {
        has_settings: view.role.runs_during_checks || about_tests,
        can_force: about_tests || names_one(&["conftest", "test", "spec", "playwright", "cypress", "noxfile"]),
        is_cargo: name == "cargo.toml",
    };
    for hunk in &view.hunks {
        check_lines(view, hunk, &file, violations);
        check_thresholds(view, hunk, violations);
        check_command_gone(view, hunk, violations);
    }
}

/// Words in the names of files that configure how tests are run and measured.
const TOOLS: [&str; 12] = [
    "coverage",
    "codecov",
    "nycrc",
    "jest",
    "vitest",
    "karma",
    "mocharc",
    "phpunit",
    "simplecov",
    "c8rc",
    "stryker",
    "infection",
];

/// What a file can do to the test run.
struct RunFile {
    has_settings: bool,
    /// It holds code that can decide the result.
    can_force: bool,
    is_cargo: bool,
}

fn check_lines(view: &View<'_>, hunk: &Hunk, file: &RunFile, violations: &mut Vec<Violation>) {
    let removed = &view.before[hunk.removed.clone()];
    for index in hunk.added.clone() {
        let line = view.after[index];
        let comment =
            line.trim_start().starts_with("//") || (line.trim_start().starts_with('#') && !line.starts_with("#!"));
        if comment || removed.iter().any(|old| old.trim() == line.trim()) {
            continue;
        }
        let untested = file.is_cargo && leaves_library_out(view, index);
        if let Some(why) = objection(line, removed, file).or(untested.then_some(FORCES)) {
            let what = format!("{} {why}", excerpt(line.trim()));
            violations.push(Violation::at(Rule::TestRun, view.path, Some(index + 1), what));
        }
    }
}

const FORCES: &str = "forces the result of the test run";

/// `test = false` in the section of the library, where its tests are.
fn leaves_library_out(view: &View<'_>, index: usize) -> bool {
    let off = view.after[index].split_once('=').is_some_and(|(key, value)| {
        ["test", "doctest", "autotests"].contains(&key.trim()) && value.trim().starts_with("false")
    });
    let section = view.after[..index].iter().rev().find(|line| line.trim_start().starts_with('['));
    off && section.is_some_and(|line| ["[lib]", "[package]"].contains(&line.trim()))
}

/// What a new line does to the test run.
fn objection(line: &str, removed: &[&str], file: &RunFile) -> Option<&'static str> {
    let new = |pattern: &Regex| pattern.is_match(line) && !removed.iter().any(|old| pattern.is_match(old));
    if RUNNER.is_match(line) {
        let left_out =
            LEAVES_OUT.find(line).is_some_and(|found| !removed.iter().any(|old| old.contains(found.as_str())));
        let forgiven = line.starts_with("\t-") && !removed.iter().any(|old| old.starts_with("\t-"));
        if left_out || forgiven {
            return Some("leaves tests out of the test run or ignores their failures");
        }
    }
    match (file.has_settings && new(&SETTING), file.can_force && new(&FORCED)) {
        (true, _) => Some("leaves tests out of the test run or forces its result"),
        (false, true) => Some(FORCES),
        (false, false) => None,
    }
}

/// Thresholds that are lower than the removed ones, or gone.
fn check_thresholds(view: &View<'_>, hunk: &Hunk, violations: &mut Vec<Violation>) {
    let thresholds = |lines: &[&str]| -> Vec<(String, f64)> {
        let found = lines.iter().flat_map(|line| THRESHOLD.captures_iter(line));
        found.filter_map(|found| Some((found[1].to_lowercase(), found[2].parse().ok()?))).collect()
    };
    let name = String::from_utf8_lossy(view.path.name()).to_lowercase();
    let text = |lines: &[&str]| {
        lines.iter().any(|line| line.contains("cov") || line.contains("fail_under") || line.contains("threshold"))
    };
    if !(text(&view.before) || name.contains("cov") || name.contains("nyc")) {
        return;
    }
    let new = thresholds(&view.after[hunk.added.clone()]);
    for (key, old) in thresholds(&view.before[hunk.removed.clone()]) {
        let now = new.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let generic = ["target", "minimum", "break", "lines", "functions", "threshold"].contains(&key.as_str());
        let what = match now {
            Some(now) if now < old => format!("the threshold `{key}` is lowered from {old} to {now}"),
            None if !generic => format!("the threshold `{key}` of {old} is gone"),
            Some(_) | None => continue,
        };
        violations.push(Violation::at(Rule::TestRun, view.path, Some(hunk.added.start + 1), what));
    }
}

/// A command that ran tests and is replaced by one that runs none.
fn check_command_gone(view: &View<'_>, hunk: &Hunk, violations: &mut Vec<Violation>) {
    static NOTHING: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"(?:^|[:=\t"'\s])(?:echo\b|true\b|exit\s+0|:\s*["']?,?$|@echo\b|/bin/true)"#));
    let ran = view.before[hunk.removed.clone()]
        .iter()
        .any(|line| RUNNER.is_match(line) && !line.trim_start().starts_with('#'));
    let runs = view.after[hunk.added.clone()].iter().any(|line| RUNNER.is_match(line));
    let nothing = hunk.added.clone().find(|index| NOTHING.is_match(view.after[*index]));
    if let (true, false, Some(index)) = (ran, runs, nothing) {
        let what = format!("{} takes the place of a command that ran tests", excerpt(view.after[index].trim()));
        violations.push(Violation::at(Rule::TestRun, view.path, Some(index + 1), what));
    }
}
