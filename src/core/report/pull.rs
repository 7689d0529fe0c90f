//! The commit's message and the pull request's title and body.

use std::fmt::Write as _;

use super::facts::About;
use super::proof::{plain, proof_table, safe};
use super::template::{Templates, fill};
use crate::core::change::{Change, FileChange, Origin};
use crate::core::checks::Verified;
use crate::core::held::{self, Approval};
use crate::core::names::RunId;
use crate::core::review::{self, Key};
use crate::core::text::{self, Closing, code_span as code, for_line, for_title};
use crate::core::triage::Kind;

/// Longest commit subject, as git's own tools cut them.
const SUBJECT: usize = 72;

/// How the repository words its subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectStyle {
    /// `fix: title (#42)`
    Conventional,
    /// `Title (#42)`
    Plain,
}

impl SubjectStyle {
    /// Conventional if at least half of the recent subjects are.
    pub fn of<'a>(recent: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut conventional, mut all) = (0, 0);
        for subject in recent {
            all += 1;
            conventional += usize::from(is_conventional(subject));
        }
        if all > 0 && conventional * 2 >= all { Self::Conventional } else { Self::Plain }
    }
}

/// `type(scope)!: text` with one of the usual types.
fn is_conventional(subject: &str) -> bool {
    const TYPES: [&str; 11] =
        ["feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert"];
    let Some((head, _)) = subject.split_once(": ") else { return false };
    let head = head.strip_suffix('!').unwrap_or(head);
    let word = head.split_once('(').map_or(head, |(word, _)| word);
    TYPES.contains(&word)
}

/// Title of the commit and of the pull request, at most 72 characters with the issue's number at the end.
pub fn subject(about: About<'_>, style: SubjectStyle) -> String {
    let prefix = match (style, about.assessment.map(|found| found.kind)) {
        (SubjectStyle::Plain, _) => "",
        (SubjectStyle::Conventional, Some(Kind::Feature)) => "feat: ",
        (SubjectStyle::Conventional, Some(Kind::Refactor)) => "refactor: ",
        (SubjectStyle::Conventional, Some(Kind::Bug | Kind::Research | Kind::Meta | Kind::Unknown) | None) => "fix: ",
    };
    let suffix = format!(" (#{})", about.issue.number);
    let title = bare_title(&about.issue.title);
    let room = SUBJECT.saturating_sub(prefix.len() + suffix.len());
    format!("{prefix}{}{suffix}", shortened(&title, room))
}

/// The issue's title as one harmless line, without leading `[tags]` and a conventional prefix of its own.
fn bare_title(title: &str) -> String {
    let mut title = title.trim();
    while let Some(rest) = title.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        title = rest.1.trim_start();
    }
    if is_conventional(title) {
        title = title.split_once(": ").map_or(title, |(_, text)| text);
    }
    if title.trim().is_empty() { "work on the ticket".to_owned() } else { for_title(title, Closing::Nothing) }
}

fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let cut: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words))
}

/// Subject of a commit that answers a review.
pub fn revision_subject(about: About<'_>, style: SubjectStyle) -> String {
    let suffix = format!(" (#{})", about.issue.number);
    let subject = subject(about, style);
    let words = subject.strip_suffix(&suffix).unwrap_or(&subject);
    let suffix = format!(", after review{suffix}");
    format!("{}{suffix}", shortened(words, SUBJECT.saturating_sub(suffix.len())))
}

/// Where a commit comes from, for its trailers.
#[derive(Debug, Clone, Copy)]
pub struct Origins<'a> {
    pub model: &'a str,
    pub run: &'a RunId,
    /// The reviewers' words that it answers.
    pub answers: &'a [Key],
    /// The word without which the guard would hold it.
    pub approval: Option<&'a Approval>,
}

/// The commit's message: subject, what changed, trailers. Of the model's it holds only the paths of its change.
pub fn commit_message(subject: &str, change: &Change, origins: Origins<'_>) -> String {
    let mut body: Vec<String> =
        change.files.iter().take(20).map(|(path, file)| format!("* {} {path}", verb(file))).collect();
    if change.files.len() > 20 {
        body.push(format!("* and {} more files", change.files.len() - 20));
    }
    let model = format!("git-burn:{}", origins.model.split_whitespace().collect::<Vec<_>>().join("-"));
    let mut trailers = vec![("Assisted-by", model), ("Burn-Run", origins.run.to_string())];
    if !origins.answers.is_empty() {
        trailers.push((review::TRAILER, review::listed(origins.answers)));
    }
    if let Some(approval) = origins.approval {
        trailers.push((held::TRAILER, approval.by().to_owned()));
    }
    text::commit_message(subject, &body.join("\n"), &trailers)
}

/// Whether a commit's message has the trailers that only git-burn writes.
pub fn is_ours(message: &str) -> bool {
    model_of(message).is_some() && message.lines().any(|line| line.starts_with("Burn-Run: "))
}

/// The model of whose patch a commit with that message was made.
pub fn model_of(message: &str) -> Option<&str> {
    message.lines().rev().find_map(|line| line.strip_prefix("Assisted-by: git-burn:"))
}

fn verb(file: &FileChange) -> &'static str {
    match (&file.before, &file.after, &file.origin) {
        (_, _, Some(Origin::Renamed(_))) => "move to",
        (_, _, Some(Origin::Copied(_))) => "copy to",
        (None, _, None) => "add",
        (Some(_), None, None) => "remove",
        (Some(_), Some(_), None) => "change",
    }
}

/// What goes into a pull request's body.
#[derive(Debug, Clone, Copy)]
pub struct Contents<'a> {
    pub change: &'a Change,
    pub verified: &'a Verified,
    /// The model's own words about its patch; shown as such, never believed.
    pub claim: &'a str,
    /// What was moved or loosened to place the patch, and what the guard wants looked at.
    pub notes: &'a [String],
    pub model: &'a str,
    pub run: &'a RunId,
}

/// The pull request's body.
pub fn body(templates: &Templates, about: About<'_>, contents: Contents<'_>) -> String {
    let Contents { change, verified, claim, notes, model, run } = contents;
    let number = about.issue.number;
    let values = [
        ("summary", summary(about, claim)),
        ("changes", change_table(change)),
        ("proof", proof_table(verified.proof(), verified.strength())),
        ("notes", note_list(notes)),
        ("closes", format!("Closes #{number}")),
        ("model", plain(model)),
        ("run", run.to_string()),
        ("base", verified.proof().base.short().to_owned()),
        ("number", number.to_string()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fill(&templates.pull, &values)
}

/// Characters of the model's words that are shown.
const CLAIM: usize = 1500;

fn summary(about: About<'_>, claim: &str) -> String {
    let title = for_line(&about.issue.title);
    let mut out = format!("For #{}: {title}\n", about.issue.number);
    let cut: String = claim.trim().chars().take(CLAIM).collect();
    if !cut.is_empty() {
        out.push_str("\nThe model says (not verified):\n\n");
        out.extend(safe(&cut).lines().map(|line| format!("> {line}\n")));
    }
    out
}

fn note_list(notes: &[String]) -> String {
    notes.iter().map(|note| format!("- {}\n", safe(note).trim())).collect()
}

/// One row a file: what was done to it and how many lines.
pub fn change_table(change: &Change) -> String {
    let mut table = String::from("| file | what | lines |\n|---|---|---|\n");
    for (path, file) in change.files.iter().take(40) {
        let (added, removed) = file.line_counts();
        let from = file
            .origin
            .as_ref()
            .map_or_else(String::new, |origin| format!(" from {}", code(&origin.path().to_string())));
        let what = verb(file).trim_end_matches(" to");
        let _ = writeln!(table, "| {} | {what}{from} | +{added} −{removed} |", code(&path.to_string()));
    }
    let _ = writeln!(table, "\n{}", change.line_counts());
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::issue::Issue;

    #[track_caller]
    fn check(title: &str, style: SubjectStyle, expected: &str) {
        let issue = Issue::sample(title);
        let about = About { issue: &issue, assessment: None, now: issue.created };
        let subject = subject(about, style);
        assert_eq!(subject, expected);
        assert!(subject.chars().count() <= SUBJECT, "{subject}");
    }

    #[test]
    fn subjects_follow_the_repository_and_fit() {
        check("[bug] Crash on empty input", SubjectStyle::Conventional, "fix: Crash on empty input (#42)");
        check("fix: crash on empty input", SubjectStyle::Plain, "crash on empty input (#42)");
        check("  ", SubjectStyle::Plain, "work on the ticket (#42)");
        check(
            "A title that is much longer than any subject line of a commit has any right to be",
            SubjectStyle::Plain,
            "A title that is much longer than any subject line of a commit… (#42)",
        );
    }

    #[test]
    fn the_style_is_what_most_recent_subjects_have() {
        assert_eq!(SubjectStyle::of(["fix: a", "feat(x)!: b", "Merge c"]), SubjectStyle::Conventional);
        assert_eq!(SubjectStyle::of(["Fix: a", "note: b", "docs: c"]), SubjectStyle::Plain);
        assert_eq!(SubjectStyle::of([]), SubjectStyle::Plain);
    }
}
