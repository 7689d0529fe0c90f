//! How fast the clients of one server may go together: a bucket of requests a minute, and a pause between writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A speed limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Requests a minute; that many may also go out at once after a rest. 0 means no limit.
    pub per_minute: u32,
    /// Least time between the starts of two writes.
    pub between_writes: Duration,
}

impl Pace {
    /// Thirty requests a minute, half a second between writes.
    pub const FORGE: Self = Self { per_minute: 30, between_writes: Duration::from_millis(500) };
    /// As fast as the server answers; for models, whose providers limit by tokens.
    pub const FREE: Self = Self { per_minute: 0, between_writes: Duration::ZERO };
}

/// What a request costs under a [`Pace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toll {
    Read,
    /// A further page of a listing whose first page was paid for: one page at a time is no load, and thousands of
    /// issues would otherwise take minutes.
    NextPage,
    Write,
}

/// A [`Pace`] that is kept; its clones keep it together.
#[derive(Debug, Clone)]
pub struct Pacer(Arc<Mutex<Meter>>);

impl From<Pace> for Pacer {
    fn from(pace: Pace) -> Self {
        Self(Arc::new(Mutex::new(Meter::new(pace))))
    }
}

impl Pacer {
    /// Books a request and returns how long it has to wait from `now`. Time is counted from any fixed start.
    pub(super) fn book(&self, toll: Toll, now: Duration) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).book(toll, now)
    }
}

/// The pacers of a whole process, one for each server: several clients of it are no faster than one.
#[derive(Debug, Default)]
pub struct Pacers(Mutex<HashMap<String, Pacer>>);

impl Pacers {
    /// The pacer of a server, made with this pace when it is asked for the first time.
    pub fn of(&self, server: &str, pace: Pace) -> Pacer {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(server.to_owned()).or_insert_with(|| pace.into()).clone()
    }
}

/// What is left of the [`Pace`] now.
#[derive(Debug)]
struct Meter {
    pace: Pace,
    /// Requests that may start at once; below zero when callers have booked ahead.
    tokens: f64,
    filled: Duration,
    next_write: Duration,
}

impl Meter {
    fn new(pace: Pace) -> Self {
        Self { pace, tokens: f64::from(pace.per_minute), filled: Duration::ZERO, next_write: Duration::ZERO }
    }

    fn book(&mut self, toll: Toll, now: Duration) -> Duration {
        let mut start = now;
        if self.pace.per_minute > 0 && toll != Toll::NextPage {
            start += self.book_token(now);
        }
        if toll == Toll::Write {
            start = start.max(self.next_write);
            self.next_write = start + self.pace.between_writes;
        }
        start - now
    }

    fn book_token(&mut self, now: Duration) -> Duration {
        let full = f64::from(self.pace.per_minute);
        let per_second = full / 60.0;
        let since = now.saturating_sub(self.filled).as_secs_f64();
        self.tokens = (self.tokens + since * per_second).min(full) - 1.0;
        self.filled = now;
        Duration::from_secs_f64((-self.tokens).max(0.0) / per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_go_at_once_and_then_one_every_two_seconds() {
        let mut meter = Meter::new(Pace::FORGE);
        let start = Duration::from_secs(5);
        for number in 0..30 {
            assert_eq!(meter.book(Toll::Read, start), Duration::ZERO, "request {number}");
        }
        let waits: Vec<u128> = (0..3).map(|_| meter.book(Toll::Read, start).as_millis()).collect();
        assert_eq!(waits, [2000, 4000, 6000]);
        assert_eq!(meter.book(Toll::NextPage, start), Duration::ZERO);
        assert_eq!(meter.book(Toll::Read, start + Duration::from_secs(120)), Duration::ZERO);
    }

    #[test]
    fn several_clients_of_one_server_are_no_faster_than_one() {
        let pacers = Pacers::default();
        let (one, two, other) = (pacers.of("a", Pace::FORGE), pacers.of("a", Pace::FORGE), pacers.of("b", Pace::FORGE));
        let now = Duration::from_secs(5);
        (0..15).for_each(|_| assert_eq!(one.book(Toll::Read, now) + two.book(Toll::Read, now), Duration::ZERO));
        assert_eq!(two.book(Toll::Read, now), Duration::from_secs(2));
        assert_eq!(other.book(Toll::Read, now), Duration::ZERO);
    }

    #[test]
    fn writes_keep_their_distance() {
        let mut meter = Meter::new(Pace { per_minute: 0, ..Pace::FORGE });
        let now = Duration::from_secs(5);
        let waits: Vec<u128> = (0..3).map(|_| meter.book(Toll::Write, now).as_millis()).collect();
        assert_eq!(waits, [0, 500, 1000]);
        assert_eq!(meter.book(Toll::Read, now), Duration::ZERO);
        assert_eq!(meter.book(Toll::Write, now + Duration::from_secs(9)), Duration::ZERO);
    }
}
