//! What the fields of a file mean, in git-burn's own layout and in Backlog.md's.

use std::path::Path;

use super::super::bounded;
use super::COMMENTS;
use super::document::Document;
use super::store::Page;
use crate::core::issue::{Comment, Issue, Pull, PullState, Role, State};
use crate::core::names::{CommitId, IssueNumber, Timestamp};

/// Keys in the order of preference; the first is written where none is there.
pub(super) const LABELS: &[&str] = &["labels", "label", "tags"];
pub(super) const ASSIGNEES: &[&str] = &["assignees", "assignee"];
pub(super) const TITLE: &[&str] = &["title"];
pub(super) const STATE: &[&str] = &["state", "status"];
const CREATED: &[&str] = &["created", "created_at", "created_date", "date"];
const UPDATED: &[&str] = &["updated", "updated_at", "updated_date"];
const DEPENDS: &[&str] = &["depends", "dependencies", "depends_on", "blocked_by"];

/// The number: of the front matter, or else of the file's name.
pub(super) fn number(page: &Page) -> Option<IssueNumber> {
    match page.document.word(&["number", "id"]) {
        Some(word) => trailing_number(&word),
        None => number_in_name(&page.path),
    }
}

/// Whether the front matter looks like an issue's although it has no number.
pub(super) fn claims_to_be_one(page: &Page) -> bool {
    page.document.has_front_matter() && page.document.field(&["number", "id", "title", "state", "status"]).is_some()
}

/// `42.md`, `042-title.md`, `#42 title.md`, `issue-42.md`, `task-42 - Title.md`.
pub(super) fn number_in_name(path: &Path) -> Option<IssueNumber> {
    let name = path.file_stem()?.to_str()?;
    let digits = name.trim_start_matches("issue-").trim_start_matches("task-").trim_start_matches('#');
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (number, rest) = digits.split_at(end);
    let apart = rest.chars().next().is_none_or(|c| matches!(c, '-' | '_' | ' ' | '.'));
    if apart { number.parse().ok().and_then(IssueNumber::new) } else { None }
}

/// `42`, `#42`, `task-42`, `BACK-42`.
fn trailing_number(word: &str) -> Option<IssueNumber> {
    let digits = word.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().and_then(IssueNumber::new)
}

/// Names without regard to case and Backlog.md's `@`.
pub(super) fn same_name(left: &str, right: &str) -> bool {
    left.trim_start_matches('@').eq_ignore_ascii_case(right.trim_start_matches('@'))
}

pub(super) fn state(document: &Document) -> State {
    let word = document.word(STATE).unwrap_or_default().to_ascii_lowercase();
    let ended = matches!(
        word.as_str(),
        "closed" | "done" | "complete" | "completed" | "resolved" | "fixed" | "cancelled" | "merged"
    );
    if ended { State::Closed } else { State::Open }
}

pub(super) fn read(page: &Page, number: IssueNumber) -> Issue {
    let document = &page.document;
    let stem = || page.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let created = time(document, CREATED);
    let locked = document.word(&["locked"]).is_some_and(|word| word == "true");
    let completed = page.path.parent().is_some_and(|folder| folder.ends_with("completed"));
    Issue {
        number,
        title: bounded(document.word(TITLE).or_else(|| document.heading()).unwrap_or_else(stem)),
        body: bounded(body(document)),
        state: if completed { State::Closed } else { state(document) },
        labels: document.list(LABELS),
        assignees: document.list(ASSIGNEES).iter().map(|name| name.trim_start_matches('@').to_owned()).collect(),
        author: document.word(&["author", "reporter"]).unwrap_or_else(|| "ghost".into()),
        author_role: Role::Unknown,
        milestone: document.word(&["milestone"]),
        locked,
        comments: document.sections().len() as u64,
        created,
        updated: time(document, UPDATED).max(created),
        url: String::new(),
    }
}

/// The text, with the dependencies of the front matter as a sentence that the rest of the program understands.
fn body(document: &Document) -> String {
    let on: Vec<String> = document
        .list(DEPENDS)
        .iter()
        .filter_map(|word| trailing_number(word))
        .map(|n| format!("depends on #{n}"))
        .collect();
    let text = document.body();
    match (on.is_empty(), text.is_empty()) {
        (true, _) => text,
        (false, true) => on.join(", "),
        (false, false) => format!("{text}\n\n{}", on.join(", ")),
    }
}

fn time(document: &Document, keys: &[&str]) -> Timestamp {
    let word = document.word(keys).unwrap_or_default();
    moment(&word).unwrap_or(Timestamp::from_seconds(0))
}

/// RFC 3339, or a date with or without a time of day, taken as UTC.
pub(super) fn moment(word: &str) -> Option<Timestamp> {
    let word = word.trim();
    let with = |rest: &str| Timestamp::parse(&format!("{}{rest}", word.replacen(' ', "T", 1)));
    Timestamp::parse(word).or_else(|| with("Z")).or_else(|| with(":00Z")).or_else(|| with("T00:00:00Z"))
}

pub(super) fn comments(document: &Document, number: IssueNumber) -> Vec<Comment> {
    let comment = |section: &super::document::Section| {
        let created = moment(&section.created).unwrap_or(Timestamp::from_seconds(0));
        Comment {
            id: number.get() * COMMENTS + section.number,
            author: if section.author.is_empty() { "ghost".into() } else { section.author.clone() },
            author_role: Role::Unknown,
            body: bounded(document.section_text(section)),
            created,
            updated: created,
            url: String::new(),
        }
    };
    document.sections().iter().filter(|section| !super::review::is_part(section)).map(comment).collect()
}

pub(super) fn read_pull(document: &Document, number: u64) -> Pull {
    let word = |key| document.word(&[key]).unwrap_or_default();
    let state = match word("state").to_ascii_lowercase().as_str() {
        "merged" => PullState::Merged,
        "closed" | "refused" => PullState::Refused,
        _ => PullState::Open,
    };
    Pull {
        number,
        title: bounded(document.word(TITLE).or_else(|| document.heading()).unwrap_or_default()),
        body: bounded(document.body()),
        state,
        head: word("head"),
        head_commit: CommitId::parse(&word("head_commit")),
        base: word("base"),
        author: document.word(&["author"]).unwrap_or_else(|| "ghost".into()),
        draft: word("draft") == "true",
        url: String::new(),
    }
}
