//! When to try again: backoff with full jitter, and what a server says about waiting.

use std::time::Duration;

use super::names::Timestamp;

/// How often and how long a request may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, the first one included.
    pub tries: u32,
    /// Upper end of the first random delay; it doubles with every try.
    pub base: Duration,
    /// Upper end of every random delay.
    pub cap: Duration,
    /// Time for all tries and waits together. A server that asks for a longer wait is not waited for.
    pub budget: Duration,
}

impl RetryPolicy {
    /// Five tries within five minutes, delays up to 0.5, 1, 2 and 4 seconds.
    pub const STANDARD: Self = Self {
        tries: 5,
        base: Duration::from_millis(500),
        cap: Duration::from_secs(30),
        budget: Duration::from_secs(300),
    };

    /// One try only.
    pub const NONE: Self =
        Self { tries: 1, base: Duration::ZERO, cap: Duration::ZERO, budget: Duration::from_secs(300) };

    /// The delay before try number `done + 1`, or `None` when it is time to give up.
    ///
    /// `done` tries failed so far and took `elapsed`; `asked` is the server's own wish, which replaces the random
    /// delay; `random` is any number, evenly spread.
    pub fn delay(&self, done: u32, elapsed: Duration, asked: Option<Duration>, random: u64) -> Option<Duration> {
        if done >= self.tries {
            return None;
        }
        let delay = asked.unwrap_or_else(|| self.jitter(done, random));
        (elapsed.saturating_add(delay) <= self.budget).then_some(delay)
    }

    /// "Full jitter": evenly between nothing and the doubled base, so that many clients do not come back in step
    /// (Marc Brooker, "Exponential Backoff and Jitter").
    fn jitter(&self, done: u32, random: u64) -> Duration {
        let doubled = self.base.saturating_mul(1_u32.checked_shl(done.saturating_sub(1)).unwrap_or(u32::MAX));
        let share = random as f64 / u64::MAX as f64;
        doubled.min(self.cap).mul_f64(share)
    }
}

/// The headers in which a server says how long to stay away.
#[derive(Debug, Clone, Copy, Default)]
pub struct WaitHeaders<'a> {
    /// `Retry-After`: seconds, seconds with a fraction, or an HTTP date.
    pub retry_after: Option<&'a str>,
    /// `retry-after-ms`, as OpenAI and Anthropic send it.
    pub retry_after_ms: Option<&'a str>,
    /// `X-RateLimit-Remaining`: requests left in this window.
    pub remaining: Option<&'a str>,
    /// `X-RateLimit-Reset`: end of the window, seconds since 1970.
    pub reset: Option<&'a str>,
    /// `Date`: the server's clock, against which its times count.
    pub date: Option<&'a str>,
}

/// Shortest wait that is kept where a server asks for one: a time in the past or `0` still means "not at once".
pub const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// What a wait that cannot be read counts as.
pub const UNREADABLE_WAIT: Duration = Duration::from_secs(60);

impl WaitHeaders<'_> {
    /// How long the server wants to be left alone; `None` when it does not say. `now` is used where it sends no clock.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let now = self.date.and_then(http_date).unwrap_or(now);
        if let Some(milliseconds) = self.retry_after_ms.and_then(|text| text.trim().parse::<f64>().ok()) {
            return Some(bounded(milliseconds / 1000.0));
        }
        if let Some(text) = self.retry_after {
            return Some(retry_after(text, now));
        }
        if self.remaining.is_none_or(|left| left.trim() != "0") {
            return None;
        }
        let reset: i64 = self.reset?.trim().parse().ok()?;
        Some(bounded(reset.saturating_sub(now.seconds()) as f64))
    }
}

fn retry_after(text: &str, now: Timestamp) -> Duration {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return bounded(seconds);
    }
    match http_date(text) {
        Some(time) => bounded(time.seconds().saturating_sub(now.seconds()) as f64),
        None => UNREADABLE_WAIT,
    }
}

/// Seconds as a duration between [`SHORTEST_WAIT`] and a year; NaN counts as unreadable.
fn bounded(seconds: f64) -> Duration {
    if seconds.is_nan() {
        return UNREADABLE_WAIT;
    }
    Duration::from_secs_f64(seconds.clamp(SHORTEST_WAIT.as_secs_f64(), 365.0 * 86_400.0))
}

/// Reads the date form of HTTP headers: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(text: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(Timestamp::from_seconds(zoned.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "Tue, 24 Nov 2026 12:00:00 GMT";

    #[track_caller]
    fn waits(headers: WaitHeaders, seconds: Option<f64>) {
        let now = http_date(NOW).unwrap();
        assert_eq!(headers.wait(now), seconds.map(Duration::from_secs_f64));
    }

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let after = |text| WaitHeaders { retry_after: Some(text), ..WaitHeaders::default() };
        waits(after("7"), Some(7.0));
        waits(after("2.5"), Some(2.5));
        waits(after("Tue, 24 Nov 2026 12:00:30 GMT"), Some(30.0));
        waits(after("soon"), Some(60.0));
        waits(after("NaN"), Some(60.0));
        waits(after("-5"), Some(1.0));
        waits(after("0"), Some(1.0));
        waits(after("Tue, 24 Nov 2020 12:00:30 GMT"), Some(1.0));
        waits(after("1e300"), Some(365.0 * 86_400.0));
        waits(WaitHeaders::default(), None);
        waits(
            WaitHeaders { retry_after_ms: Some("1500"), retry_after: Some("9"), ..WaitHeaders::default() },
            Some(1.5),
        );
    }

    #[test]
    fn the_reset_counts_only_when_nothing_is_left_and_by_the_servers_clock() {
        let reset = (http_date(NOW).unwrap().seconds() + 90).to_string();
        let with =
            |remaining| WaitHeaders { remaining: Some(remaining), reset: Some(&reset), ..WaitHeaders::default() };
        waits(with("0"), Some(90.0));
        waits(with("12"), None);
        let skewed = WaitHeaders { date: Some("Tue, 24 Nov 2026 12:01:00 GMT"), ..with("0") };
        waits(skewed, Some(30.0));
    }

    #[test]
    fn delays_grow_stay_random_and_end() {
        let policy = RetryPolicy::STANDARD;
        let no_time = Duration::ZERO;
        let longest: Vec<_> = (1..=5).map(|done| policy.delay(done, no_time, None, u64::MAX)).collect();
        let ms = |n| Some(Duration::from_millis(n));
        assert_eq!(longest, [ms(500), ms(1000), ms(2000), ms(4000), None]);
        assert_eq!(policy.delay(3, no_time, None, 0), Some(Duration::ZERO));
        assert_eq!(policy.delay(60, no_time, None, u64::MAX), None);
        let many = RetryPolicy { tries: 100, ..policy };
        assert_eq!(many.delay(60, no_time, None, u64::MAX), Some(policy.cap));
    }

    #[test]
    fn a_servers_wish_is_kept_up_to_the_budget() {
        let policy = RetryPolicy::STANDARD;
        let asked = Some(Duration::from_secs(200));
        assert_eq!(policy.delay(1, Duration::from_secs(10), asked, 7), asked);
        assert_eq!(policy.delay(1, Duration::from_secs(101), asked, 7), None);
    }
}
