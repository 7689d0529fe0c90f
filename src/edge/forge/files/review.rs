//! Reviews in a pull request's file: comments whose marker says what they are.
//!
//! `review=changes-requested` (or `approved`, `commented`, `dismissed`) makes a comment a review. `path="src/a.rs"` with
//! `line=12` makes it a remark at that line (`side=old`: of the file before the change); `reply=3` joins it to comment 3,
//! and `resolved` says that it is settled: `resolved=yes`.

use super::super::bounded;
use super::COMMENTS;
use super::document::{Document, Section};
use super::issue::moment;
use crate::core::issue::Role;
use crate::core::names::{RepoPath, Timestamp};
use crate::core::review::{Place, Reading, Remark, Review, Side, Standing, Verdict};

/// Whether a section belongs to a review and is no plain comment.
pub(super) fn is_part(section: &Section) -> bool {
    section.attribute("review").is_some() || section.attribute("path").is_some()
}

pub(super) fn read(document: &Document, pull: u64) -> Reading {
    let mut reading = Reading::default();
    for section in document.sections().iter().filter(|section| is_part(section)) {
        let body = bounded(document.section_text(section));
        match section.attribute("path") {
            Some(path) => match RepoPath::parse(&*path) {
                Ok(path) => reading.remarks.push(remark(section, pull, path, body)),
                Err(problem) => reading.notes.push(format!("comment {}: {problem}", section.number)),
            },
            None => match verdict(&section.attribute("review").unwrap_or_default()) {
                Some(verdict) => reading.reviews.push(review(section, pull, verdict, body)),
                None => reading.notes.push(format!(
                    "comment {}: `review=` is changes-requested, approved, commented or dismissed",
                    section.number
                )),
            },
        }
    }
    reading
}

fn verdict(word: &str) -> Option<Verdict> {
    match word.to_ascii_lowercase().replace('_', "-").as_str() {
        "changes-requested" | "request-changes" => Some(Verdict::ChangesRequested),
        "approved" => Some(Verdict::Approved),
        "commented" | "comment" => Some(Verdict::Commented),
        "dismissed" => Some(Verdict::Dismissed),
        _ => None,
    }
}

fn review(section: &Section, pull: u64, verdict: Verdict, body: String) -> Review {
    Review {
        id: pull * COMMENTS + section.number,
        author: author(section),
        author_role: Role::Unknown,
        verdict,
        body,
        submitted: time(section),
        url: String::new(),
    }
}

fn remark(section: &Section, pull: u64, path: RepoPath, body: String) -> Remark {
    let id = |number: u64| pull * COMMENTS + number;
    let side = if section.attribute("side").as_deref() == Some("old") { Side::Old } else { Side::New };
    let line = section.attribute("line").and_then(|line| line.parse().ok()).filter(|line| *line > 0);
    let is_settled = matches!(section.attribute("resolved").as_deref(), Some("yes" | "true"));
    Remark {
        id: id(section.number),
        thread: id(section.attribute("reply").and_then(|number| number.parse().ok()).unwrap_or(section.number)),
        review: None,
        author: author(section),
        author_role: Role::Unknown,
        body,
        place: Some(Place { path, line, side, hunk: String::new() }),
        standing: if is_settled { Standing::Resolved } else { Standing::Open },
        created: time(section),
        url: String::new(),
    }
}

fn author(section: &Section) -> String {
    if section.author.is_empty() { "ghost".into() } else { section.author.clone() }
}

fn time(section: &Section) -> Timestamp {
    moment(&section.created).unwrap_or(Timestamp::from_seconds(0))
}
