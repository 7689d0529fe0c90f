//! The texts of a review round: what became of each point, questions to the reviewers, the pull request's renewed tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::comments::filled;
use super::facts::About;
use super::proof::{proof_table, safe};
use super::pull::change_table;
use super::template::Templates;
use crate::core::change::{Change, Origin};
use crate::core::checks::Verified;
use crate::core::names::RepoPath;
use crate::core::review::{Concern, Key, Note};
use crate::core::text::{code_span as code, login};

/// Characters of a reviewer's words that are quoted.
const QUOTED: usize = 200;

/// What a round came to.
#[derive(Debug, Clone, Copy)]
pub enum Result<'a> {
    /// A commit on top: what it changes, and the proof of the whole change.
    Changed { step: &'a Change, whole: &'a Verified },
    /// The model holds everything for settled; this is its evidence, a commit that is part of the branch.
    Unchanged { evidence: &'a str },
}

/// What is told about a round.
#[derive(Debug, Clone, Copy)]
pub struct Round<'a> {
    pub concerns: &'a [Concern],
    /// What the model says it did, by the number of the point from 1; shown as such, never believed.
    pub statements: &'a BTreeMap<usize, String>,
    pub result: Result<'a>,
    /// What the reviewer should look at: the guard's flags, commits of others below.
    pub notes: &'a [String],
    /// Who is asked to review again.
    pub reviewers: &'a [String],
}

impl Round<'_> {
    fn keys(&self) -> Vec<Key> {
        keys(self.concerns)
    }
}

fn keys(concerns: &[Concern]) -> Vec<Key> {
    concerns.iter().flat_map(|concern| concern.keys.iter().copied()).collect()
}

/// The comment that answers a review, with a hidden note of what it answers.
pub fn answer(templates: &Templates, about: About<'_>, round: Round<'_>) -> String {
    let (commit, changes, proof) = match round.result {
        Result::Changed { step, whole } => {
            (code(whole.commit().short()), change_table(step), proof_table(whole.proof(), whole.strength()))
        }
        Result::Unchanged { evidence } => {
            let why = format!("Nothing. The model holds it for settled (its evidence: {}).", safe(evidence).trim());
            ("none".to_owned(), why, String::new())
        }
    };
    let reviewers: Vec<String> = round.reviewers.iter().map(|name| login(name)).collect();
    let asked = match reviewers.as_slice() {
        [] => String::new(),
        names => format!("Review was requested again from {}.", names.join(", ")),
    };
    let values = [
        ("points", points(&round)),
        ("commit", commit),
        ("changes", changes),
        ("proof", proof),
        ("notes", round.notes.iter().map(|note| format!("- {}\n", safe(note).trim())).collect()),
        ("reviewer", asked),
    ];
    let text = filled(&templates.revision, about, &values);
    format!("{}\n\n{}\n", text.trim_end(), Note::Answered.line(&round.keys()))
}

/// Each point: who wants what, where; what the model says; what can be seen.
fn points(round: &Round<'_>) -> String {
    let mut out = String::new();
    for (concern, number) in round.concerns.iter().zip(1..) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{number}. {}", heading(concern));
        if let Some(said) = concern.said.last() {
            let _ = writeln!(out, "   > {}", quote(&said.body));
        }
        out.push('\n');
        let statement = match (round.statements.get(&number), round.result) {
            (Some(statement), _) => format!("   The model says (not verified): {}\n\n", one_paragraph(statement)),
            (None, Result::Changed { .. }) => "   The model says nothing about it.\n\n".to_owned(),
            (None, Result::Unchanged { .. }) => String::new(),
        };
        out.push_str(&statement);
        let seen = match (&concern.place, round.result) {
            (Some(place), Result::Changed { step, .. }) if touches(step, &place.path) => {
                format!("   {} is changed by this commit.\n\n", code(&place.path.to_string()))
            }
            (Some(place), _) => format!("   {} is as it was.\n\n", code(&place.path.to_string())),
            (None, _) => String::new(),
        };
        out.push_str(&seen);
    }
    out
}

fn heading(concern: &Concern) -> String {
    let said = concern.said.last();
    let who = said.map_or_else(|| "ghost".to_owned(), |said| login(&said.author));
    let place = concern
        .place
        .as_ref()
        .map_or_else(|| "about the whole".to_owned(), |place| format!("at {}", code(&place.to_string())));
    match said.map(|said| said.url.as_str()) {
        Some(url) if !url.is_empty() => format!("[{who}, {place}]({url})"),
        Some(_) | None => format!("{who}, {place}"),
    }
}

/// The first words of a text, without effect.
fn quote(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(QUOTED).collect();
    let more = if cut.len() < line.len() { " […]" } else { "" };
    format!("{}{more}", one_paragraph(&cut))
}

fn one_paragraph(text: &str) -> String {
    safe(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn touches(step: &Change, path: &RepoPath) -> bool {
    let moved_from = |origin: &Option<Origin>| origin.as_ref().is_some_and(|origin| origin.path() == path);
    step.files.iter().any(|(changed, file)| changed == path || moved_from(&file.origin))
}

/// Questions to the reviewers, with a hidden note of what they are about.
pub fn questions(about: About<'_>, concerns: &[Concern], questions: &[String]) -> String {
    let list: String =
        questions.iter().zip(1..).map(|(question, number)| format!("{number}. {}\n", safe(question).trim())).collect();
    format!(
        "## Questions About the Review\n\n**Ticket:** #{}\n**Date:** {}\n\n---\n\n{list}\nPlease answer below, or in the \
         conversation at the line. Nothing was changed.\n\n{}\n",
        about.issue.number,
        about.now,
        Note::Asked.line(&keys(concerns))
    )
}

/// A pull request's text with its tables brought up to date and everything else as it is: people tick boxes in it.
/// `None`: the tables are not there any more.
pub fn renewed(body: &str, change: &Change, verified: &Verified) -> Option<String> {
    let counts = |line: &str| !line.trim().is_empty() && !line.starts_with('|');
    let body = with_block(body, "| file | what |", counts, &change_table(change))?;
    let end = |line: &str| line.starts_with("Run on tree `");
    let body = with_block(&body, "| check | command |", end, &proof_table(verified.proof(), verified.strength()))?;
    Some(body.replace("; reviewed by nobody yet.", "; revised after a review."))
}

/// Puts `block` in the place of the lines from the first that begins with `start` to the next that is the `end`.
fn with_block(body: &str, start: &str, end: impl Fn(&str) -> bool, block: &str) -> Option<String> {
    let lines: Vec<&str> = body.lines().collect();
    let first = lines.iter().position(|line| line.starts_with(start))?;
    let last = first + lines[first..].iter().position(|line| end(line))?;
    let kept = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    Some(format!("{}{}\n{}", kept(&lines[..first]), block.trim_end(), kept(&lines[last + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tables_of_a_pull_request_are_replaced() {
        let body = "Mine.\r\n\r\n| file | what | lines |\r\n|---|---|---|\r\n| old |\r\n\r\n1 file, +1 −0\r\n\r\n- [x] ticked\r\n";
        let counts = |line: &str| !line.trim().is_empty() && !line.starts_with('|');
        let new = with_block(body, "| file | what |", counts, "| new |\n\n2 files\n").unwrap();
        assert_eq!(new, "Mine.\n\n| new |\n\n2 files\n\n- [x] ticked\n");
        assert_eq!(with_block("nothing of the kind", "| file | what |", counts, "x"), None);
    }
}
