//! When git-burn may close an issue: never by default, else after the merge; and its own daily summaries, once they are old.

use std::fmt;

use super::issue::Issue;
use super::names::{CommitId, Timestamp};
use super::triage::summary_day;

/// `burn.close`: whether git-burn may close the issues that it worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    Never,
    AfterMerge,
}

/// `burn.closeSummaries`: what becomes of the daily summaries of days gone by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldSummaries {
    /// People close them.
    Stay,
    Close,
}

/// The right to close an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosePermit {
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Merged(CommitId),
    /// A summary of that day.
    Outdated(String),
}

impl ClosePermit {
    /// `merged_on_base` is the commit that carries the fix, found on the base branch; `None`: not merged.
    pub fn judge(closing: Closing, merged_on_base: Option<&CommitId>) -> Option<Self> {
        match closing {
            Closing::Never => None,
            Closing::AfterMerge => merged_on_base.map(|merged| Self { why: Why::Merged(merged.clone()) }),
        }
    }

    /// For a daily summary that one of these logins posted before today (UTC).
    pub fn outdated(wanted: OldSummaries, summary: &Issue, own_logins: &[String], now: Timestamp) -> Option<Self> {
        let own = own_logins.iter().any(|login| login.eq_ignore_ascii_case(&summary.author));
        let day = summary_day(summary).filter(|day| own && *day < now.date().as_str())?;
        match wanted {
            OldSummaries::Stay => None,
            OldSummaries::Close => Some(Self { why: Why::Outdated(day.to_owned()) }),
        }
    }
}

impl fmt::Display for ClosePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Merged(commit) => write!(f, "its change is merged as {}", commit.short()),
            Why::Outdated(day) => write!(f, "the summary of {day} is old"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_needs_both_the_setting_and_the_merge() {
        let commit = CommitId::parse(&"a".repeat(40)).expect("an id");
        assert_eq!(ClosePermit::judge(Closing::Never, Some(&commit)), None);
        assert_eq!(ClosePermit::judge(Closing::AfterMerge, None), None);
        let permit = ClosePermit::judge(Closing::AfterMerge, Some(&commit)).expect("a permit");
        assert_eq!(permit.to_string(), "its change is merged as aaaaaaaaaa");
    }

    #[test]
    fn only_own_summaries_of_other_days_may_go() {
        let now = Timestamp::parse("2026-11-25T00:00:01Z").expect("a time");
        let summary =
            |author: &str, body: &str| Issue { author: author.into(), body: body.into(), ..Issue::sample("[Triage]") };
        let of = |day: &str| format!("x\n<!-- git-burn summary={day} -->");
        let may = |wanted, author: &str, body: &str| {
            ClosePermit::outdated(wanted, &summary(author, body), &["Burner".to_owned()], now).is_some()
        };
        assert!(may(OldSummaries::Close, "burner", &of("2026-11-24")));
        assert!(!may(OldSummaries::Stay, "burner", &of("2026-11-24")));
        assert!(!may(OldSummaries::Close, "burner", &of("2026-11-25")));
        assert!(!may(OldSummaries::Close, "mallory", &of("2026-11-24")));
        assert!(!may(OldSummaries::Close, "burner", "no summary"));
    }
}
