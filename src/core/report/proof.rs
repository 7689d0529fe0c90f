//! The proof table: each check on base, on base with the patch's tests, and on the whole patch.

use std::fmt::Write as _;

use crate::core::checks::{CheckResult, Need, Proof, Stage, Strength};
use crate::core::text::{Closing, code_span as code, for_forge, for_line};

/// A Markdown table with one row a check, then what was not proven.
pub fn proof_table(proof: &Proof, strength: Strength) -> String {
    let mut out = rows(proof, ["base", "base + tests", "with the change"]);
    let _ = writeln!(out, "\n{}", verdict(strength));
    let _ = writeln!(
        out,
        "\nRun on tree `{}`, compared with commit `{}`{}.",
        proof.tree.short(),
        proof.base.short(),
        sandbox(proof)
    );
    out
}

/// The results of a fix that is looked at again, on today's base without it and as it is.
pub(super) fn verification_table(proof: &Proof) -> String {
    let mut out = rows(proof, ["without the fix", "without it, with its tests", "today"]);
    let _ = writeln!(out, "\nRun on tree `{}`{}.", proof.tree.short(), sandbox(proof));
    out
}

/// One row a check that ran on the whole, with what it showed on the three states of the code.
fn rows(proof: &Proof, states: [&str; 3]) -> String {
    let [base, with_tests, head] = states;
    let mut out = format!("| check | command | {base} | {with_tests} | {head} |\n|---|---|---|---|---|\n");
    for result in proof.results.iter().filter(|result| result.stage == Stage::Head) {
        let cell = |stage| cell(&proof.results, &result.name, stage);
        let need = match result.need {
            Need::Required => "",
            Need::Advisory => " (advisory)",
        };
        let _ = writeln!(
            out,
            "| {}{need} | {} | {} | {} | **{}** |",
            plain(&result.name),
            code(&result.command),
            cell(Stage::Base),
            cell(Stage::WithTests),
            cell(Stage::Head),
        );
    }
    out
}

fn verdict(strength: Strength) -> &'static str {
    match strength {
        Strength::RedToGreen => "Red before, green now: a required check failed without the change and passes with it.",
        Strength::StaysGreen => {
            "**Not proven to solve the ticket**: all required checks pass, and they passed before as well. No check fails without the change."
        }
    }
}

fn sandbox(proof: &Proof) -> String {
    let mut levels: Vec<&str> = proof.results.iter().map(|result| result.sandbox.as_str()).collect();
    levels.sort_unstable();
    levels.dedup();
    match levels.as_slice() {
        [] => String::new(),
        levels => format!("; confinement: {}", levels.join(", ")),
    }
}

fn cell(results: &[CheckResult], name: &str, stage: Stage) -> String {
    let result = results.iter().find(|result| result.stage == stage && result.name == name);
    result.map_or_else(
        || "not run".to_owned(),
        |result| format!("{}, {:.1} s", plain(&result.ended.to_string()), result.took.as_secs_f64()),
    )
}

/// Markdown of a stranger or a model without any effect.
pub(super) fn safe(text: &str) -> String {
    for_forge(text, Closing::Nothing)
}

/// One line that cannot break out of a table cell.
pub(super) fn plain(text: &str) -> String {
    for_line(&text.replace('`', "'")).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::checks::Ended;
    use crate::core::names::{CommitId, TreeId};

    fn result(stage: Stage, ended: Ended) -> CheckResult {
        CheckResult {
            name: "test".into(),
            command: "make test | tee log".into(),
            need: Need::Required,
            stage,
            ended,
            took: Duration::from_millis(1234),
            output: String::new(),
            sandbox: "bubblewrap".into(),
        }
    }

    #[test]
    fn the_table_shows_every_stage_and_says_what_did_not_run() {
        let proof = Proof {
            base: CommitId::parse(&"a".repeat(40)).expect("an id"),
            tree: TreeId::parse(&"b".repeat(40)).expect("an id"),
            results: vec![result(Stage::Base, Ended::Failed { code: 2 }), result(Stage::Head, Ended::Passed)],
        };
        let table = proof_table(&proof, Strength::RedToGreen);
        assert!(
            table.contains("| test | `make test \\| tee log` | failed (exit 2), 1.2 s | not run | **passed, 1.2 s** |"),
            "{table}"
        );
        assert!(table.contains("Red before, green now") && table.contains("bubblewrap"));
    }
}
