//! What was done in a span of time: how issues ended, what each day cost, what waits for people. In Markdown and as data.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::budget::Cost;
use super::history::{Chapter, Story};
use super::names::{IssueNumber, Timestamp};
use super::text;

/// The endings of a span of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Period {
    pub from: Timestamp,
    pub to: Timestamp,
    /// By the word of the outcome.
    pub outcomes: BTreeMap<String, Sum>,
    /// By the UTC day on which the run began.
    pub days: BTreeMap<String, Sum>,
    pub total: Sum,
    /// Newest first, each issue once.
    pub published: Vec<Entry>,
    /// Issues whose last ending asks for a person, newest first.
    pub waiting: Vec<Entry>,
}

/// Work added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// Endings: an issue that was worked on twice counts twice.
    pub endings: usize,
    /// Of them pull requests.
    pub published: usize,
    pub tokens: u64,
    /// Millionths of a dollar.
    pub cost: Cost,
    pub seconds: u64,
}

/// One issue of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub issue: IssueNumber,
    pub title: String,
    pub url: Option<String>,
    pub reason: String,
}

impl Sum {
    fn add(&mut self, chapter: &Chapter) {
        self.endings += 1;
        self.published += usize::from(chapter.outcome == "published");
        self.tokens += chapter.tokens;
        self.cost += chapter.cost;
        self.seconds += chapter.seconds;
    }
}

impl Period {
    /// Adds up the runs that began at `from` or later, before `to`. `stories` come oldest first. What was left alone or
    /// taken by another run is no work.
    pub fn of<'s>(stories: impl IntoIterator<Item = &'s Story>, from: Timestamp, to: Timestamp) -> Self {
        let mut period = Self {
            from,
            to,
            outcomes: BTreeMap::new(),
            days: BTreeMap::new(),
            total: Sum::default(),
            published: Vec::new(),
            waiting: Vec::new(),
        };
        let within = |story: &&Story| story.started.is_some_and(|at| from <= at && at < to);
        let stories: Vec<&Story> = stories.into_iter().filter(within).collect();
        for (story, chapter) in stories.iter().flat_map(|story| story.issues.iter().map(move |one| (story, one))) {
            period.add(story, chapter);
        }
        let last = stories.iter().rev().flat_map(|story| story.issues.iter().rev()).filter(|one| is_work(one));
        period.list(last);
        period
    }

    fn add(&mut self, story: &Story, chapter: &Chapter) {
        if !is_work(chapter) {
            return;
        }
        self.total.add(chapter);
        self.outcomes.entry(chapter.outcome.clone()).or_default().add(chapter);
        let day = story.started.map(Timestamp::date).unwrap_or_default();
        self.days.entry(day).or_default().add(chapter);
    }

    /// The last ending of an issue is how it stands.
    fn list<'c>(&mut self, newest_first: impl Iterator<Item = &'c Chapter>) {
        let mut seen = BTreeSet::new();
        for chapter in newest_first.filter(|chapter| seen.insert(chapter.issue)) {
            let Chapter { issue, title, url, reason, .. } = chapter.clone();
            let entry = Entry { issue, title, url, reason };
            match (chapter.outcome.as_str(), chapter.exit_code()) {
                ("published", _) => self.published.push(entry),
                (_, 0) => {}
                (_, _) => self.waiting.push(entry),
            }
        }
    }

    /// For people, and fit for a forge: nothing in it pings or closes.
    pub fn markdown(&self) -> String {
        let Self { from, to, total, .. } = self;
        let mut out = format!("# Work from {} to {}\n\n", from.date(), to.date());
        if total.endings == 0 {
            out.push_str("Nothing was done.\n");
            return out;
        }
        let Sum { endings, published, tokens, cost, .. } = total;
        let _ = writeln!(
            out,
            "{}, {}, {tokens} tokens, {cost}, {:.1} minutes.",
            counted(*endings, "ending"),
            counted(*published, "pull request"),
            minutes(total)
        );
        table(&mut out, "outcome", self.outcomes.iter().map(|(word, sum)| (word.replace('_', " "), sum)));
        table(&mut out, "day", self.days.iter().map(|(day, sum)| (day.clone(), sum)));
        entries(&mut out, "Published", &self.published, |entry| entry.url.clone().unwrap_or_default());
        entries(&mut out, "Waits for people", &self.waiting, |entry| safe(&entry.reason));
        out
    }
}

/// Whether anything was tried.
fn is_work(chapter: &Chapter) -> bool {
    !matches!(chapter.outcome.as_str(), "not_ready" | "taken")
}

/// `1 ending`, `2 endings`.
fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn minutes(sum: &Sum) -> f64 {
    sum.seconds as f64 / 60.0
}

fn table<'s>(out: &mut String, head: &str, rows: impl Iterator<Item = (String, &'s Sum)>) {
    let _ =
        writeln!(out, "\n| {head} | endings | pull requests | tokens | cost | minutes |\n|---|---|---|---|---|---|");
    for (name, sum) in rows {
        let Sum { endings, published, tokens, cost, .. } = sum;
        let _ = writeln!(out, "| {name} | {endings} | {published} | {tokens} | {cost} | {:.1} |", minutes(sum));
    }
}

fn entries(out: &mut String, head: &str, entries: &[Entry], more: impl Fn(&Entry) -> String) {
    if entries.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## {head}\n");
    for entry in entries {
        let line = format!("- #{} {}: {}", entry.issue, safe(&entry.title), more(entry));
        let _ = writeln!(out, "{}", line.trim_end_matches([' ', ':']));
    }
}

fn safe(text: &str) -> String {
    text::for_line(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::names::RunId;

    fn story(run: &str, at: &str, issues: &[(u64, &str)]) -> Story {
        let chapter = |(number, outcome): &(u64, &str)| Chapter {
            issue: IssueNumber::new(*number).expect("a number"),
            title: "Fix it".into(),
            outcome: (*outcome).into(),
            reason: format!("because of {outcome}"),
            url: (*outcome == "published").then(|| format!("https://f/{number}")),
            tokens: 1000,
            cost: Cost::from_micros(250_000),
            seconds: 30,
        };
        Story {
            run: RunId::parse(run).expect("a run id"),
            command: "sprint".into(),
            started: Timestamp::parse(at),
            exit: Some(0),
            issues: issues.iter().map(chapter).collect(),
            unfinished: None,
        }
    }

    #[test]
    fn a_period_adds_up_what_was_tried_and_says_how_each_issue_stands() {
        let stories = [
            story("r0", "2026-11-01T00:00:00Z", &[(9, "published")]),
            story("r1", "2026-11-24T10:00:00Z", &[(1, "checks_red"), (2, "held"), (3, "not_ready")]),
            story("r2", "2026-11-25T10:00:00Z", &[(1, "published"), (4, "taken"), (5, "already_fixed")]),
        ];
        let time = |text: &str| Timestamp::parse(text).expect("a time");
        let period = Period::of(&stories, time("2026-11-20T00:00:00Z"), time("2026-11-26T00:00:00Z"));
        assert_eq!((period.total.endings, period.total.published, period.total.tokens), (4, 1, 4000));
        expect_test::expect![[r#"
            # Work from 2026-11-20 to 2026-11-26

            4 endings, 1 pull request, 4000 tokens, $1.00, 2.0 minutes.

            | outcome | endings | pull requests | tokens | cost | minutes |
            |---|---|---|---|---|---|
            | already fixed | 1 | 0 | 1000 | $0.25 | 0.5 |
            | checks red | 1 | 0 | 1000 | $0.25 | 0.5 |
            | held | 1 | 0 | 1000 | $0.25 | 0.5 |
            | published | 1 | 1 | 1000 | $0.25 | 0.5 |

            | day | endings | pull requests | tokens | cost | minutes |
            |---|---|---|---|---|---|
            | 2026-11-24 | 2 | 0 | 2000 | $0.50 | 1.0 |
            | 2026-11-25 | 2 | 1 | 2000 | $0.50 | 1.0 |

            ## Published

            - #1 Fix it: https://f/1

            ## Waits for people

            - #2 Fix it: because of held
        "#]]
        .assert_eq(&period.markdown());
        assert_eq!(safe("Fix @ada").matches("@ada").count(), 0);
        let none = Period::of(&stories, time("2026-11-10T00:00:00Z"), time("2026-11-11T00:00:00Z"));
        assert!(none.markdown().ends_with("Nothing was done.\n"));
    }
}
