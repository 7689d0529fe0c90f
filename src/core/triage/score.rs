//! The points: scope, acceptance and alignment, 0 to 3 each, with the reason of every point.

use std::fmt;

use serde::Serialize;

use super::evidence::Evidence;
use super::tags::Tags;

/// One of the three scores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// 0 to 3.
    pub points: u8,
    pub reasons: Vec<Reason>,
}

/// Why points were given or taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub points: i8,
    /// The rule, as a clause: "names a file".
    pub rule: &'static str,
    /// What in the issue matched it; the issue's own words, not yet sanitised.
    pub matched: Option<String>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+} {}", self.points, self.rule)?;
        match &self.matched {
            Some(matched) => write!(f, ": `{matched}`"),
            None => Ok(()),
        }
    }
}

/// Scope, acceptance, alignment.
pub(super) fn scores(tags: &Tags, evidence: &Evidence) -> [Score; 3] {
    [scope(tags, evidence), acceptance(tags, evidence), alignment(tags)]
}

/// A title of this many characters or more says that the issue is about more than one thing.
const LONG_TITLE: usize = 80;

fn scope(tags: &Tags, evidence: &Evidence) -> Score {
    let mut tally = Tally::default();
    tally.found(1, "names a file", evidence.file.as_deref());
    tally.found(1, "names a function or type", evidence.function.as_deref());
    let length = tags.clean_title().chars().count();
    if (1..LONG_TITLE).contains(&length) {
        tally.add(1, "title is short", Some(format!("{length} characters")));
    }
    tally.found(-2, "not about code", tags.meta());
    tally.score()
}

fn acceptance(tags: &Tags, evidence: &Evidence) -> Score {
    let mut tally = Tally::default();
    let words = || Some(evidence.statements.join(", "));
    match evidence.statements.len() {
        0 => {}
        1 | 2 => tally.add(1, "says what must hold", words()),
        _ => tally.add(2, "says in several places what must hold", words()),
    }
    tally.found(1, "names a test", evidence.test.as_deref());
    tally.found(1, "has a filled section", evidence.section.as_deref());
    tally.found(-1, "not about code", tags.meta());
    tally.score()
}

fn alignment(tags: &Tags) -> Score {
    let mut tally = Tally::default();
    if let Some(tag) = tags.bug() {
        tally.add(3, "is a bug", Some(tag.to_owned()));
        return tally.score();
    }
    if let Some(tag) = tags.meta() {
        tally.add(0, "not about code", Some(tag.to_owned()));
        return tally.score();
    }
    tally.found(2, "keeps the code healthy", tags.refactor());
    tally.found(2, "adds a capability", tags.feature());
    tally.found(1, "filed by a loop", tags.loop_tag());
    tally.score()
}

#[derive(Default)]
struct Tally {
    reasons: Vec<Reason>,
}

impl Tally {
    fn add(&mut self, points: i8, rule: &'static str, matched: Option<String>) {
        self.reasons.push(Reason { points, rule, matched });
    }

    fn found(&mut self, points: i8, rule: &'static str, matched: Option<&str>) {
        if let Some(matched) = matched {
            self.add(points, rule, Some(matched.to_owned()));
        }
    }

    fn score(self) -> Score {
        let sum: i8 = self.reasons.iter().map(|reason| reason.points).sum();
        Score { points: sum.clamp(0, 3).unsigned_abs(), reasons: self.reasons }
    }
}
