//! The comments on an issue.

use std::fmt::Write as _;

use super::facts::{About, Ending, Findings, Place, Stopped};
use super::proof::{plain, proof_table, safe, verification_table};
use super::template::{Templates, fill};
use crate::core::change::Change;
use crate::core::checks::{Check, Verified};
use crate::core::names::{BurnBranch, CommitId};
use crate::core::text::{code_block, code_span as code, for_line, login};
use crate::core::triage::Assessment;
use crate::core::verification::{Finding, Standing, Verification};

/// Characters of the reporter's words that the analysis quotes.
const QUOTED: usize = 1200;

/// The seven-part analysis that is posted before the work, from the issue and the ranking alone.
pub fn analysis(
    templates: &Templates,
    about: About<'_>,
    base: &CommitId,
    findings: Findings<'_>,
    checks: &[Check],
) -> String {
    let Findings { places, hints } = findings;
    let values = [
        ("problem", quote(&about.issue.body)),
        ("cause", format!("{}{}", causes(places), earlier(hints))),
        ("components", components(places)),
        ("solution", solution(places, checks)),
        ("risks", risks(checks)),
        ("files", file_list(places)),
        ("out_of_scope", OUT_OF_SCOPE.to_owned()),
        ("base", base.short().to_owned()),
    ];
    filled(&templates.analysis, about, &values)
}

const OUT_OF_SCOPE: &str = "The following actions will NOT be performed by the agent:\n\n\
    - Database schema migrations that drop tables or truncate data\n\
    - Deletion of persistent storage or user data\n\
    - Changes to CI, hooks, repository control files or other protected paths\n\
    - Merging, force-pushing, or direct closure of this ticket";

/// Questions to the reporter.
pub fn clarification(templates: &Templates, about: About<'_>, questions: &[String], ready_label: &str) -> String {
    let mut list = String::new();
    for (index, question) in questions.iter().enumerate() {
        let _ = writeln!(list, "{}. {}", index + 1, safe(question).trim());
    }
    filled(&templates.clarification, about, &[("questions", list), ("ready_label", plain(ready_label))])
}

/// Where the change can be reviewed.
#[derive(Debug, Clone, Copy)]
pub struct Review<'a> {
    pub branch: &'a BurnBranch,
    /// Address or number of the pull request.
    pub pull: &'a str,
    pub reviewer: Option<&'a str>,
}

/// The comment with the proof, after the pull request was opened.
pub fn review_request(
    templates: &Templates,
    about: About<'_>,
    review: Review<'_>,
    verified: &Verified,
    change: &Change,
) -> String {
    let Review { branch, pull, reviewer } = review;
    let values = [
        ("pull", pull.to_owned()),
        ("branch", branch.to_string()),
        ("commit", verified.commit().short().to_owned()),
        ("changes", super::pull::change_table(change)),
        ("proof", proof_table(verified.proof(), verified.strength())),
        ("reviewer", reviewer.map_or_else(String::new, |name| format!("Review was requested from {}.", login(name)))),
    ];
    filled(&templates.proof, about, &values)
}

/// Why nothing was published. The details may hold text of models and programs: it is shown as code.
pub fn ending(templates: &Templates, about: About<'_>, stopped: Stopped<'_>, way_out: &str) -> String {
    let Stopped { ending, why, details } = stopped;
    let template = match ending {
        Ending::Failed => &templates.failed,
        Ending::Held => &templates.held,
    };
    let values = [("reason", safe(why)), ("details", fenced(details)), ("way_out", way_out.to_owned())];
    filled(template, about, &values)
}

/// Why the work was not begun: each line of evidence names a commit, a branch or a pull request.
pub fn already_fixed(templates: &Templates, about: About<'_>, evidence: &[String], ready_label: &str) -> String {
    let list = evidence.iter().map(|line| format!("- {}\n", safe(line).trim())).collect::<String>();
    filled(&templates.already_fixed, about, &[("details", list), ("ready_label", plain(ready_label))])
}

/// What a second look at the fix of an issue showed.
pub fn verification(templates: &Templates, about: About<'_>, seen: &Verification, ready_label: &str) -> String {
    let problems = match &seen.standing {
        Standing::OnBase | Standing::OnBranch => String::new(),
        Standing::Overwritten { problems } => format!("\n\nWhat is different now:\n\n{}", fenced(problems)),
    };
    let result = match seen.finding() {
        Finding::Holds => "the fix holds",
        Finding::Unshown => "nothing shows that the fix works",
        Finding::Overwritten => "the fix is not there any more as it was made",
        Finding::Red { .. } => "the checks do not pass",
        Finding::Unchecked => "nothing was checked",
    };
    let way_out = match seen.finding() {
        Finding::Holds => format!(
            "The agent recommends closure but will NOT close this ticket. The assigned reviewer is requested to verify \
             and to close at their discretion. If the problem is still there, say how it can be seen and add the label \
             `{}` again: the agent then works on it anew.",
            plain(ready_label)
        ),
        Finding::Unshown | Finding::Overwritten | Finding::Red { .. } | Finding::Unchecked => {
            "A new change is needed, with a test that fails without it.".to_owned()
        }
    };
    let values = [
        ("result", result.to_owned()),
        ("details", format!("{}.{problems}", capitalised(&safe(&seen.sentence())))),
        ("proof", verification_table(&seen.proof)),
        ("way_out", way_out),
    ];
    filled(&templates.verification, about, &values)
}

/// That the issue is closed, after its change was merged.
pub fn closed(templates: &Templates, about: About<'_>, pull: u64, merged: &CommitId) -> String {
    let details = format!("Its change came into the base branch as `{}` with pull request #{pull}.", merged.short());
    filled(&templates.closed, about, &[("details", details)])
}

fn capitalised(text: &str) -> String {
    let mut letters = text.trim().chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Fills a template with what every text is about, and with its own values.
pub(super) fn filled(template: &str, about: About<'_>, values: &[(&str, String)]) -> String {
    let number = about.issue.number.to_string();
    let title = for_line(&about.issue.title);
    let kind = about.assessment.map_or_else(String::new, |found| found.kind.to_string());
    let severity = about.assessment.map_or_else(String::new, Assessment::severity);
    let date = about.now.to_string();
    let mut all = vec![
        ("number", number.as_str()),
        ("title", title.as_str()),
        ("kind", kind.as_str()),
        ("severity", severity.as_str()),
        ("date", date.as_str()),
    ];
    all.extend(values.iter().map(|(name, value)| (*name, value.as_str())));
    fill(template, &all)
}

fn quote(body: &str) -> String {
    let cut: String = body.chars().take(QUOTED).collect();
    if cut.trim().is_empty() {
        return "The ticket has a title only.".to_owned();
    }
    let mut quoted: String = safe(&cut).trim().lines().map(|line| format!("> {line}\n")).collect();
    if cut.len() < body.len() {
        quoted.push_str("> […]\n");
    }
    quoted
}

fn causes(places: &[Place]) -> String {
    if places.is_empty() {
        return "No file of the repository matches the ticket's words; the cause has to be found by reading."
            .to_owned();
    }
    let lines = places.iter().take(5).map(|place| format!("- {}: {}\n", location(place), safe(&place.why)));
    format!("Most likely places, by what they define and mention:\n\n{}", lines.collect::<String>())
}

/// What was done about it before.
fn earlier(hints: &[String]) -> String {
    if hints.is_empty() {
        return String::new();
    }
    let lines: String = hints.iter().map(|hint| format!("- {}\n", safe(hint).trim())).collect();
    format!("\n\nBefore this:\n\n{lines}")
}

fn location(place: &Place) -> String {
    match place.lines {
        Some((first, last)) => code(&format!("{}:{first}-{last}", place.path)),
        None => code(&place.path.to_string()),
    }
}

fn components(places: &[Place]) -> String {
    let mut table = String::from("| Component | File / Module | Impact Level |\n|---|---|---|\n");
    for (index, place) in places.iter().take(8).enumerate() {
        let component = place.path.parent().map_or_else(|| "(top level)".to_owned(), |folder| folder.to_string());
        let impact = match index {
            0 => "high",
            1 | 2 => "medium",
            _ => "low",
        };
        let _ = writeln!(table, "| {} | {} | {impact} |", code(&component), code(&place.path.to_string()));
    }
    table
}

fn solution(places: &[Place], checks: &[Check]) -> String {
    let first =
        places.first().map_or_else(String::new, |place| format!(", beginning with {}", code(&place.path.to_string())));
    let names: Vec<String> = checks.iter().map(|check| code(&check.name)).collect();
    let proof = match names.as_slice() {
        [] => "3. No check is configured: nothing can be proven, and nothing will be published.".to_owned(),
        names => format!("3. Run {} without and with the change; publish only what passes.", names.join(", ")),
    };
    format!(
        "1. Change the smallest set of lines that solves the ticket{first}.\n\
         2. Add or extend a test that fails without the change, where the project has tests.\n{proof}"
    )
}

fn risks(checks: &[Check]) -> String {
    let checks =
        if checks.is_empty() { "none configured" } else { "the configured checks run on base and on the change" };
    format!(
        "| Risk | Mitigation |\n|---|---|\n\
         | The change breaks something else | {checks} |\n\
         | The change does not solve the ticket | the pull request shows whether a check went from red to green |\n\
         | Harmful or unrelated edits | protected paths, forbidden content and size limits are enforced before any commit |"
    )
}

fn file_list(places: &[Place]) -> String {
    if places.is_empty() {
        return "- not known yet".to_owned();
    }
    places.iter().take(5).map(|place| format!("- {} — {}\n", code(&place.path.to_string()), safe(&place.why))).collect()
}

fn fenced(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { code_block(&lines.join("\n"), "text") }
}
