//! A sprint as a value: when to go on, when to stop, and what came of it.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::budget::Cost;
use super::names::IssueNumber;
use super::outcome::Outcome;
use super::text;

/// What a whole sprint may use up. `None`: no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub issues: u32,
    pub tokens: Option<u64>,
    pub cost: Option<Cost>,
    pub time: Option<Duration>,
    /// The same failure as many times in a row stops the sprint: something is wrong that no further issue repairs.
    pub same_failures: u32,
}

/// What one issue may spend. `None`: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    pub tokens: Option<u64>,
    pub cost: Option<Cost>,
}

impl Share {
    /// The smaller one of each.
    pub fn and(self, other: Self) -> Self {
        fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
            one.into_iter().chain(other).min()
        }
        Self { tokens: least(self.tokens, other.tokens), cost: least(self.cost, other.cost) }
    }
}

/// How one issue of the sprint went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Burned {
    pub issue: IssueNumber,
    pub title: String,
    #[serde(flatten)]
    pub ended: Ended,
    pub tokens: u64,
    pub cost: Cost,
    pub seconds: u64,
    /// Refused patches and red checks that it took until a green change.
    pub setbacks: u32,
}

/// How the work on an issue ended, as the sprint sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Ended {
    Outcome(Outcome),
    /// Something broke; the sprint went on.
    Broken {
        broken: String,
        /// The exit status that the error would have alone: 4 credentials, 8 unreachable, 128 else.
        exit: u8,
    },
}

impl Ended {
    /// The exit status of the issue alone.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Outcome(outcome) => outcome.exit_code(),
            Self::Broken { exit, .. } => *exit,
        }
    }

    /// One line for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Outcome(outcome) => outcome.sentence(),
            Self::Broken { broken, .. } => format!("broke: {broken}"),
        }
    }

    /// What makes two failures the same, whatever issue they happened to; `None`: it is no failure.
    fn failure(&self) -> Option<String> {
        match self {
            Self::Broken { broken, .. } => Some(without_numbers(broken)),
            Self::Outcome(Outcome::ChecksRed { checks }) => Some(format!("checks stayed red: {}", checks.join(", "))),
            Self::Outcome(Outcome::NoPatch { why }) => Some(format!("no usable patch: {}", without_numbers(why))),
            Self::Outcome(
                Outcome::Published { .. }
                | Outcome::KeptLocal { .. }
                | Outcome::AlreadyFixed { .. }
                | Outcome::FixHolds { .. }
                | Outcome::NeedsClarification { .. }
                | Outcome::Held { .. }
                | Outcome::NotReady { .. }
                | Outcome::Changed { .. }
                | Outcome::Refused { .. }
                | Outcome::CheckoutChanged { .. }
                | Outcome::OutOfBudget { .. }
                | Outcome::Taken { .. }
                | Outcome::Interrupted,
            ) => None,
        }
    }

    /// Whether the work came to what was wanted.
    fn is_completed(&self) -> bool {
        match self {
            Self::Outcome(
                Outcome::Published { .. }
                | Outcome::KeptLocal { .. }
                | Outcome::AlreadyFixed { .. }
                | Outcome::FixHolds { .. },
            ) => true,
            Self::Outcome(
                Outcome::NeedsClarification { .. }
                | Outcome::Held { .. }
                | Outcome::NotReady { .. }
                | Outcome::Changed { .. }
                | Outcome::Refused { .. }
                | Outcome::CheckoutChanged { .. }
                | Outcome::ChecksRed { .. }
                | Outcome::NoPatch { .. }
                | Outcome::OutOfBudget { .. }
                | Outcome::Taken { .. }
                | Outcome::Interrupted,
            )
            | Self::Broken { .. } => false,
        }
    }
}

/// Issue numbers, ports and counts differ between two failures of one cause.
fn without_numbers(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>().replace("00", "0")
}

/// Why a sprint took no further issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "stopped", rename_all = "snake_case")]
pub enum Stop {
    /// Nothing is left to be picked.
    NothingLeft,
    Issues {
        limit: u32,
    },
    Tokens {
        limit: u64,
    },
    Cost {
        limit: Cost,
    },
    Time {
        limit_seconds: u64,
    },
    /// The circuit breaker.
    SameFailure {
        times: u32,
        failure: String,
    },
    Interrupted,
    /// Every further issue would run the same check.
    CheckoutChanged {
        check: String,
    },
    /// Forge or model are out of reach or refuse the credentials: every further issue would end the same way.
    Unreachable {
        problem: String,
        exit: u8,
    },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingLeft => f.write_str("nothing is left to do"),
            Self::Issues { limit: 1 } => f.write_str("1 issue was worked on (burn.maxIssues)"),
            Self::Issues { limit } => write!(f, "{limit} issues were worked on (burn.maxIssues)"),
            Self::Tokens { limit } => write!(f, "{limit} tokens are used up"),
            Self::Cost { limit } => write!(f, "{limit} are spent"),
            Self::Time { limit_seconds } => write!(f, "{limit_seconds} s are over"),
            Self::SameFailure { times, failure } => write!(f, "the same failure {times} times in a row: {failure}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::CheckoutChanged { check } => write!(f, "the check {check} changes the checkout"),
            Self::Unreachable { problem, .. } => write!(f, "out of reach: {problem}"),
        }
    }
}

/// What a sprint has done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub burned: Vec<Burned>,
}

impl Tally {
    /// Issues that cost work; those that were found taken or stale do not count towards the limit.
    fn worked_on(&self) -> u32 {
        let idle = |ended: &Ended| {
            matches!(ended, Ended::Outcome(Outcome::Taken { .. } | Outcome::NotReady { .. } | Outcome::Changed { .. }))
        };
        let count = self.burned.iter().filter(|burned| !idle(&burned.ended)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn tokens(&self) -> u64 {
        self.burned.iter().map(|burned| burned.tokens).sum()
    }

    fn cost(&self) -> Cost {
        self.burned.iter().map(|burned| burned.cost).sum()
    }

    /// Whether another issue may be started; `running` are started and not ended yet.
    pub fn stop(&self, limits: &Limits, running: u32, elapsed: Duration) -> Option<Stop> {
        let Limits { issues, tokens, cost, time, same_failures } = limits;
        let last = self.burned.last().map(|burned| &burned.ended);
        if let Some(Ended::Outcome(Outcome::Interrupted)) = last {
            return Some(Stop::Interrupted);
        }
        let changed = |burned: &Burned| match &burned.ended {
            Ended::Outcome(Outcome::CheckoutChanged { check, .. }) => {
                Some(Stop::CheckoutChanged { check: check.clone() })
            }
            Ended::Outcome(_) | Ended::Broken { .. } => None,
        };
        if let Some(stop) = self.burned.iter().find_map(changed) {
            return Some(stop);
        }
        if let Some(Ended::Broken { broken, exit: exit @ (4 | 8) }) = last {
            return Some(Stop::Unreachable { problem: broken.clone(), exit: *exit });
        }
        self.same_failure(*same_failures)
            .or_else(|| tokens.filter(|limit| self.tokens() >= *limit).map(|limit| Stop::Tokens { limit }))
            .or_else(|| cost.filter(|limit| self.cost() >= *limit).map(|limit| Stop::Cost { limit }))
            .or_else(|| {
                time.filter(|limit| elapsed >= *limit).map(|limit| Stop::Time { limit_seconds: limit.as_secs() })
            })
            .or_else(|| (self.worked_on() + running >= *issues).then_some(Stop::Issues { limit: *issues }))
    }

    /// What the next issue may spend: of what is left after the shares of those that run, an equal part for each of so
    /// many free workers. `None`: nothing is left.
    pub fn share<'s>(
        &self,
        limits: &Limits,
        running: impl Iterator<Item = &'s Share> + Clone,
        free: usize,
    ) -> Option<Share> {
        let workers = u64::try_from(free.max(1)).unwrap_or(u64::MAX);
        let part = |limit: u64, spent: u64, reserved: u64| {
            let left = limit.saturating_sub(spent).saturating_sub(reserved);
            (left > 0).then(|| (left / workers).max(1))
        };
        let tokens = match limits.tokens {
            Some(limit) => {
                let reserved = running.clone().filter_map(|share| share.tokens).sum();
                Some(part(limit, self.tokens(), reserved)?)
            }
            None => None,
        };
        let cost = match limits.cost {
            Some(limit) => {
                let reserved: Cost = running.filter_map(|share| share.cost).sum();
                Some(Cost::from_micros(part(limit.micros(), self.cost().micros(), reserved.micros())?))
            }
            None => None,
        };
        Some(Share { tokens, cost })
    }

    fn same_failure(&self, times: u32) -> Option<Stop> {
        let failure = self.burned.last()?.ended.failure()?;
        let run = self.burned.iter().rev().take_while(|burned| burned.ended.failure().as_ref() == Some(&failure));
        let count = u32::try_from(run.count()).unwrap_or(u32::MAX);
        (count >= times).then_some(Stop::SameFailure { times: count, failure })
    }

    /// The result object. `total` counts the issues that were ready when the sprint began.
    pub fn result(self, stop: Stop, total: usize, elapsed: Duration) -> SprintResult {
        let completed = self.burned.iter().filter(|burned| burned.ended.is_completed()).count();
        let recovered = self.burned.iter().filter(|burned| burned.ended.is_completed() && burned.setbacks > 0).count();
        SprintResult {
            success: completed == total && stop == Stop::NothingLeft,
            completed,
            total,
            tokens: self.tokens(),
            cost: self.cost(),
            recovered,
            minutes: elapsed.as_secs_f64() / 60.0,
            stop,
            issues: self.burned,
        }
    }
}

/// What came of a sprint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SprintResult {
    /// Everything that was ready is done.
    pub success: bool,
    pub completed: usize,
    pub total: usize,
    pub tokens: u64,
    /// Millionths of a dollar.
    pub cost: Cost,
    /// Completed issues that had a refused patch or red checks on the way.
    pub recovered: usize,
    pub minutes: f64,
    #[serde(flatten)]
    pub stop: Stop,
    pub issues: Vec<Burned>,
}

impl SprintResult {
    /// Interruption, unreachability and limits come before what single issues ended with; "taken by another run" is no
    /// failure of a sprint.
    pub fn exit_code(&self) -> u8 {
        let of_stop = match &self.stop {
            Stop::Interrupted => 130,
            Stop::Unreachable { exit, .. } => *exit,
            Stop::Tokens { .. } | Stop::Cost { .. } | Stop::Time { .. } => 6,
            Stop::SameFailure { .. } => 1,
            Stop::CheckoutChanged { .. } => 5,
            Stop::NothingLeft | Stop::Issues { .. } => 0,
        };
        let of_issues = || self.issues.iter().map(|burned| burned.ended.exit_code());
        let worst = [128, 4, 8, 6, 1, 5].into_iter().find(|code| of_issues().any(|exit| exit == *code));
        if of_stop == 0 { worst.unwrap_or(0) } else { of_stop }
    }

    /// The final report in Markdown. `report` may go to a forge, so nothing in it pings or closes.
    pub fn report(&self) -> String {
        let Self { completed, total, tokens, cost, recovered, minutes, stop, issues, .. } = self;
        let safe = |text: &str| text::for_line(text).replace('|', "\\|");
        let mut report = format!(
            "# Sprint\n\n{completed} of {total} completed ({recovered} after setbacks) in {minutes:.1} minutes, {tokens} \
             tokens, {cost}. Stopped: {}.\n",
            safe(&stop.to_string())
        );
        if !issues.is_empty() {
            report.push_str("\n| issue | title | how it ended | tokens | cost | time |\n|---|---|---|---|---|---|\n");
        }
        report.extend(issues.iter().map(|Burned { issue, title, ended, tokens, cost, seconds, .. }| {
            let ended = safe(&ended.sentence());
            format!("| #{issue} | {} | {ended} | {tokens} | {cost} | {seconds} s |\n", safe(title))
        }));
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burned(number: u64, ended: Ended) -> Burned {
        let issue = IssueNumber::new(number).unwrap();
        let cost = Cost::from_micros(250_000);
        Burned { issue, title: "t @x".into(), ended, tokens: 1000, cost, seconds: 60, setbacks: 1 }
    }

    fn limits() -> Limits {
        let cost = Some(Cost::from_micros(1_000_000));
        Limits { issues: 10, tokens: Some(10_000), cost, time: Some(Duration::from_secs(600)), same_failures: 3 }
    }

    fn fixed() -> Ended {
        Ended::Outcome(Outcome::AlreadyFixed { evidence: "e".into() })
    }

    fn broken(text: &str) -> Ended {
        Ended::Broken { broken: text.into(), exit: 128 }
    }

    fn stop(all: Vec<Ended>) -> Option<String> {
        let tally = Tally { burned: all.into_iter().zip(1..).map(|(ended, number)| burned(number, ended)).collect() };
        tally.stop(&limits(), 0, Duration::from_secs(1)).map(|stop| stop.to_string())
    }

    #[test]
    fn limits_and_the_breaker_stop() {
        let red = || Ended::Outcome(Outcome::ChecksRed { checks: vec!["test".into()] });
        let taken = || Ended::Outcome(Outcome::Taken { by: "r".into() });
        assert_eq!(stop(vec![fixed(), red(), red(), fixed()]), Some("$1.00 are spent".into()));
        assert_eq!(stop(vec![red(), red(), fixed()]), None);
        assert_eq!(
            stop(vec![broken("issue 7: no route"), broken("issue 81: no route"), broken("issue 9: no route")]),
            Some("the same failure 3 times in a row: issue 0: no route".into())
        );
        let unreachable = Ended::Broken { broken: "429".into(), exit: 8 };
        assert_eq!(stop(vec![unreachable]), Some("out of reach: 429".into()));
        let tally = Tally { burned: vec![burned(1, taken()), burned(2, fixed())] };
        let two = Limits { issues: 2, ..limits() };
        assert_eq!(tally.stop(&two, 0, Duration::ZERO), None);
        assert_eq!(tally.stop(&two, 1, Duration::ZERO), Some(Stop::Issues { limit: 2 }));
        assert_eq!(tally.stop(&two, 0, Duration::from_secs(600)), Some(Stop::Time { limit_seconds: 600 }));
    }

    #[test]
    fn what_is_left_is_shared_among_the_free_workers() {
        let tally = Tally { burned: vec![burned(1, fixed())] }; // $0.25 and 1000 tokens of $1 and 10000
        let share = |running: &[Share], free| tally.share(&limits(), running.iter(), free);
        let dollars = |micros| Some(Cost::from_micros(micros));
        assert_eq!(share(&[], 1), Some(Share { tokens: Some(9000), cost: dollars(750_000) }));
        let third = Share { tokens: Some(3000), cost: dollars(250_000) };
        assert_eq!(share(&[], 3), Some(third));
        assert_eq!(share(&[third, third], 1), Some(third));
        assert_eq!(share(&[third, third, third], 1), None);
        assert_eq!(third.and(Share { tokens: Some(5000), cost: dollars(1) }).cost, dollars(1));
        let unlimited = Limits { tokens: None, cost: None, ..limits() };
        assert_eq!(tally.share(&unlimited, [third].iter(), 2), Some(Share::default()));
    }

    #[test]
    fn the_result_adds_up_and_reports() {
        let tally = Tally { burned: vec![burned(1, fixed()), burned(2, broken("it | broke"))] };
        let result = tally.result(Stop::NothingLeft, 2, Duration::from_secs(90));
        assert_eq!((result.completed, result.recovered, result.success, result.exit_code()), (1, 1, false, 128));
        let report = result.report();
        assert!(report.contains("1 of 2 completed (1 after setbacks) in 1.5 minutes, 2000 tokens, $0.50."), "{report}");
        assert!(report.contains(r"broke: it \| broke"), "{report}");
        assert!(!report.contains("@x"), "{report}");
        let json = serde_json::to_value(&result).unwrap();
        assert_eq!(json["stopped"], "nothing_left");
        assert_eq!(json["issues"][0]["outcome"], "already_fixed");
        assert_eq!(json["issues"][1]["broken"], "it | broke");
    }
}
