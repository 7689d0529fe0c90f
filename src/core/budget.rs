//! Limits of turns, tokens, money and time: what may still be spent is decided before each call to a model.
//!
//! The most that a call can cost is reserved before it is made: every token of the prompt at the full input price plus
//! the largest answer at the output price. A call whose worst case does not fit is not made, or is made with a smaller
//! answer. What a call really cost replaces its reservation afterwards; a call whose end nobody saw (a crash, a lost
//! connection) keeps its reservation, so that the sum is never below the bill.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod prices;

pub use prices::{Known, known};

/// Money in millionths of a US dollar, so that sums are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cost(u64);

impl Cost {
    /// From millionths of a dollar.
    pub fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Reads an amount in dollars such as `2.50` or `$2.50`; at most 6 decimals, below a million.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an amount in dollars such as 2.50");
        let number = text.trim().strip_prefix('$').unwrap_or(text.trim());
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let sized = whole.len() <= 6 && fraction.len() <= 6 && whole.len() + fraction.len() > 0;
        if !digits(whole) || !digits(fraction) || !sized {
            return Err(wrong());
        }
        let micros: u64 = format!("0{whole}{fraction:0<6}").parse().map_err(|_| wrong())?;
        Ok(Self(micros))
    }

    /// Millionths of a dollar.
    pub fn micros(self) -> u64 {
        self.0
    }

    /// What is left of it, never below nothing.
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Cost {
    /// Cents, and more digits below ten cents: `$1.25`, `$0.0042`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.0 as f64 / 1e6;
        let decimals = if self.0 == 0 || self.0 >= 100_000 { 2 } else { 4 };
        write!(f, "${dollars:.decimals$}")
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Self::add)
    }
}

/// Tokens of one call or of many, as the provider counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Prompt tokens at the full price.
    pub input: u64,
    /// Prompt tokens read from the provider's cache.
    pub cached: u64,
    /// Prompt tokens written to the provider's cache (Anthropic charges more for them).
    pub cache_written: u64,
    /// Answer tokens, hidden reasoning included.
    pub output: u64,
}

impl Usage {
    /// All tokens, cached or not: what a token limit counts.
    pub fn total(&self) -> u64 {
        self.prompt().saturating_add(self.output)
    }

    /// All prompt tokens, cached or not: what stood in the context.
    pub fn prompt(&self) -> u64 {
        self.input.saturating_add(self.cached).saturating_add(self.cache_written)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        let Self { input, cached, cache_written, output } = other;
        self.input = self.input.saturating_add(input);
        self.cached = self.cached.saturating_add(cached);
        self.cache_written = self.cache_written.saturating_add(cache_written);
        self.output = self.output.saturating_add(output);
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in", self.prompt())?;
        if self.cached > 0 {
            write!(f, " ({} cached)", self.cached)?;
        }
        write!(f, ", {} out", self.output)
    }
}

/// Prices for a million tokens each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    pub input: Cost,
    /// Input that is read from the provider's cache.
    pub cached: Cost,
    /// Input that is written to it.
    pub cache_written: Cost,
    pub output: Cost,
}

/// What a model costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    pub base: Rates,
    /// Some providers charge the whole request at higher rates when its prompt is long.
    pub long: Option<LongPrompt>,
}

/// Rates of requests whose prompt has more tokens than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongPrompt {
    pub over: u64,
    pub rates: Rates,
}

impl Price {
    /// Runs on the user's own machine, or plays a recording.
    pub const FREE: Self = Self::flat(Cost(0), Cost(0));

    /// A price list without a discount for cached input.
    pub const fn flat(input: Cost, output: Cost) -> Self {
        Self { base: Rates { input, cached: input, cache_written: input, output }, long: None }
    }

    /// The rates of a request with a prompt of this many tokens.
    fn rates(&self, prompt: u64) -> &Rates {
        match &self.long {
            Some(long) if prompt > long.over => &long.rates,
            Some(_) | None => &self.base,
        }
    }

    /// What the tokens of one request cost, rounded up.
    pub fn of(&self, usage: &Usage) -> Cost {
        let Rates { input, cached, cache_written, output } = *self.rates(usage.prompt());
        let parts = [
            (usage.input, input),
            (usage.cached, cached),
            (usage.cache_written, cache_written),
            (usage.output, output),
        ];
        let sum: u128 = parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(price.0)).sum();
        Cost(u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }

    /// The most that a request can cost: nothing cached, everything written to the cache, the longest answer.
    pub fn at_most(&self, prompt: u64, output: u64) -> Cost {
        let rates = self.rates(prompt);
        let dearest = Rates { input: rates.input.max(rates.cache_written), ..*rates };
        Self { base: dearest, long: None }.of(&Usage { input: prompt, output, ..Usage::default() })
    }
}

/// What one issue may spend. `None`: no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Answers of the model.
    pub turns: u32,
    /// Tokens in and out, over all turns.
    pub tokens: u64,
    pub cost: Option<Cost>,
    /// Wall-clock time, checks included.
    #[serde(serialize_with = "seconds")]
    pub time: Duration,
    /// Patches that were proposed and did not end as a green, approved change.
    pub attempts: u32,
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

/// What was spent so far on one issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Spent {
    pub turns: u32,
    pub usage: Usage,
    /// Bills of finished calls and reservations of calls whose end nobody saw.
    pub cost: Cost,
    /// Tokens reserved by calls whose end nobody saw.
    pub lost_tokens: u64,
    #[serde(serialize_with = "seconds")]
    pub time: Duration,
    pub attempts: u32,
}

impl Spent {
    /// Books an answer. A provider that reports no usage is booked with the reservation.
    pub fn book(&mut self, reserved: &Reservation, usage: Option<Usage>, price: Option<&Price>) {
        self.turns += 1;
        match usage {
            Some(usage) => {
                self.usage += usage;
                self.cost += price.map_or(Cost::default(), |price| price.of(&usage));
            }
            None => self.lose(reserved),
        }
    }

    /// Books a call whose end nobody saw at its full reservation.
    pub fn lose(&mut self, reserved: &Reservation) {
        self.lost_tokens = self.lost_tokens.saturating_add(reserved.prompt).saturating_add(reserved.output);
        self.cost += reserved.cost;
    }

    /// What the token limit counts.
    pub fn tokens(&self) -> u64 {
        self.usage.total().saturating_add(self.lost_tokens)
    }
}

/// The call that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask<'a> {
    /// Estimated or counted tokens of the prompt.
    pub prompt: u64,
    /// The largest answer that is worth asking for.
    pub output: u64,
    /// The smallest largest answer with which a call makes sense at all.
    pub least_output: u64,
    /// Tokens that fit into the model's context, prompt and answer together; `None`: unknown.
    pub context: Option<u64>,
    /// `None`: unknown.
    pub price: Option<&'a Price>,
}

/// The most that a call can use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    pub prompt: u64,
    /// To be sent as the request's output limit.
    pub output: u64,
    /// 0 where the price is unknown and no cost limit is set.
    pub cost: Cost,
}

/// Whether a call may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Go(Reservation),
    Stop(Exhausted),
}

/// Which limit a call would exceed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "exhausted", rename_all = "snake_case")]
pub enum Exhausted {
    Turns {
        limit: u32,
    },
    Attempts {
        limit: u32,
    },
    Time {
        limit_seconds: u64,
    },
    Tokens {
        limit: u64,
        spent: u64,
        needed: u64,
    },
    Cost {
        limit: Cost,
        spent: Cost,
        needed: Cost,
    },
    /// A cost limit is set and the model's price is not known.
    UnknownPrice,
    /// The prompt leaves no room for an answer in the model's context.
    Context {
        size: u64,
        prompt: u64,
    },
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turns { limit } => write!(f, "all {limit} turns are used up (burn.maxTurns)"),
            Self::Attempts { limit } => write!(f, "{limit} patches did not work out (burn.maxAttempts)"),
            Self::Time { limit_seconds } => write!(f, "the time of {limit_seconds} s is used up (burn.timeout)"),
            Self::Tokens { limit, spent, needed } => {
                write!(f, "{spent} of {limit} tokens are used, the next call may need {needed} (burn.maxTokens)")
            }
            Self::Cost { limit, spent, needed } => {
                write!(f, "{spent} of {limit} are spent, the next call may cost {needed} (burn.maxCost)")
            }
            Self::UnknownPrice => write!(
                f,
                "a cost limit is set and the model's price is unknown: set burn.provider.NAME.inputPrice and outputPrice"
            ),
            Self::Context { size, prompt } => {
                write!(f, "the prompt of {prompt} tokens leaves no room for an answer in a context of {size}")
            }
        }
    }
}

/// Decides about the next call: `Go` with the largest answer that all limits allow, or the first limit that forbids it.
pub fn decide(limits: &Limits, spent: &Spent, ask: &Ask<'_>) -> Decision {
    match room(limits, spent, ask) {
        Ok(output) => {
            let cost = ask.price.map_or(Cost::default(), |price| price.at_most(ask.prompt, output));
            Decision::Go(Reservation { prompt: ask.prompt, output, cost })
        }
        Err(why) => Decision::Stop(why),
    }
}

/// Tokens that the answer may have.
fn room(limits: &Limits, spent: &Spent, ask: &Ask<'_>) -> Result<u64, Exhausted> {
    let Limits { turns, tokens, cost, time, attempts } = limits;
    if spent.turns >= *turns {
        return Err(Exhausted::Turns { limit: *turns });
    }
    if spent.attempts >= *attempts {
        return Err(Exhausted::Attempts { limit: *attempts });
    }
    if spent.time >= *time {
        return Err(Exhausted::Time { limit_seconds: time.as_secs() });
    }
    let least = ask.prompt.saturating_add(ask.least_output);
    let left = tokens.saturating_sub(spent.tokens());
    if least > left {
        return Err(Exhausted::Tokens { limit: *tokens, spent: spent.tokens(), needed: least });
    }
    let context = ask.context.unwrap_or(u64::MAX);
    if least > context {
        return Err(Exhausted::Context { size: context, prompt: ask.prompt });
    }
    let room = ask.output.min(left.min(context) - ask.prompt);
    match cost {
        Some(limit) => affordable(*limit, spent.cost, ask, room),
        None => Ok(room),
    }
}

/// The largest answer up to `room` that the cost limit still pays for.
fn affordable(limit: Cost, spent: Cost, ask: &Ask<'_>, room: u64) -> Result<u64, Exhausted> {
    let price = ask.price.ok_or(Exhausted::UnknownPrice)?;
    let left = limit.less(spent);
    let needed = price.at_most(ask.prompt, ask.least_output.min(room));
    if needed > left {
        return Err(Exhausted::Cost { limit, spent, needed });
    }
    let for_output = u128::from(left.less(price.at_most(ask.prompt, 0)).0) * 1_000_000;
    let tokens = for_output.checked_div(u128::from(price.rates(ask.prompt).output.0)).unwrap_or(u128::MAX);
    Ok(room.min(u64::try_from(tokens).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(text: &str) -> Cost {
        Cost::parse(text).unwrap()
    }

    fn price() -> Price {
        let base = Rates {
            input: dollars("3"),
            cached: dollars("0.30"),
            cache_written: dollars("3.75"),
            output: dollars("15"),
        };
        Price { base, long: None }
    }

    fn limits() -> Limits {
        Limits { turns: 3, tokens: 100_000, cost: Some(dollars("1")), time: Duration::from_secs(60), attempts: 2 }
    }

    fn ask(price: Option<&Price>) -> Ask<'_> {
        Ask { prompt: 10_000, output: 16_000, least_output: 1_000, context: Some(200_000), price }
    }

    #[test]
    fn amounts_are_exact() {
        for (text, micros, shown) in [
            ("2.50", 2_500_000, "$2.50"),
            ("$0.1", 100_000, "$0.10"),
            (".5", 500_000, "$0.50"),
            ("0.0042", 4_200, "$0.0042"),
            ("0", 0, "$0.00"),
        ] {
            let cost = dollars(text);
            assert_eq!((cost.micros(), cost.to_string().as_str()), (micros, shown));
        }
        for bad in ["", "-1", "1e3", "1.2345678", "1000000", "1,5", "$", ".", "NaN"] {
            assert!(Cost::parse(bad).is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn a_bill_counts_each_kind_of_token_and_rounds_up() {
        let usage = Usage { input: 1_000, cached: 10_000, cache_written: 2_000, output: 500 };
        assert_eq!(price().of(&usage).micros(), 3_000 + 3_000 + 7_500 + 7_500);
        assert_eq!(price().of(&Usage { cached: 1, ..Usage::default() }).micros(), 1);
        assert_eq!(price().at_most(1_000, 0).micros(), 3_750);
        assert_eq!(Price::FREE.of(&usage), Cost::default());
        let dear = Rates { input: dollars("6"), ..price().base };
        let long = Price { long: Some(LongPrompt { over: 1_000, rates: dear }), ..price() };
        assert_eq!(long.of(&Usage { input: 1_000, ..Usage::default() }).micros(), 3_000);
        assert_eq!(long.of(&Usage { input: 1_000, cached: 1, ..Usage::default() }).micros(), 6_001);
        assert_eq!(long.at_most(2_000, 0).micros(), 12_000);
        let huge = Usage { input: u64::MAX, cached: u64::MAX, cache_written: 0, output: u64::MAX };
        assert_eq!(price().of(&huge).micros(), u64::MAX);
    }

    #[test]
    fn a_call_goes_with_the_largest_answer_that_all_limits_allow() {
        let price = price();
        let mut spent = Spent::default();
        let go = |output, micros| Decision::Go(Reservation { prompt: 10_000, output, cost: Cost::from_micros(micros) });
        assert_eq!(decide(&limits(), &spent, &ask(Some(&price))), go(16_000, 37_500 + 240_000));
        spent.usage.input = 80_000;
        assert_eq!(decide(&limits(), &spent, &ask(Some(&price))), go(10_000, 37_500 + 150_000));
        spent.cost = dollars("0.90");
        assert_eq!(decide(&limits(), &spent, &ask(Some(&price))), go(4_166, 37_500 + 62_490));
        let small = Ask { context: Some(12_000), ..ask(Some(&price)) };
        assert_eq!(decide(&limits(), &Spent::default(), &small), go(2_000, 37_500 + 30_000));
    }

    #[track_caller]
    fn stops(limits: &Limits, spent: &Spent, ask: &Ask<'_>, expected: &str) {
        match decide(limits, spent, ask) {
            Decision::Stop(why) => assert!(why.to_string().contains(expected), "{why}"),
            Decision::Go(reservation) => panic!("went with {reservation:?}"),
        }
    }

    #[test]
    fn each_limit_stops_a_call_whose_worst_case_does_not_fit() {
        let price = price();
        let spent = Spent::default();
        stops(&limits(), &Spent { turns: 3, ..spent.clone() }, &ask(Some(&price)), "burn.maxTurns");
        stops(&limits(), &Spent { attempts: 2, ..spent.clone() }, &ask(Some(&price)), "burn.maxAttempts");
        stops(&limits(), &Spent { time: Duration::from_secs(60), ..spent.clone() }, &ask(Some(&price)), "burn.timeout");
        stops(&limits(), &Spent { lost_tokens: 89_001, ..spent.clone() }, &ask(Some(&price)), "may need 11000");
        stops(&limits(), &Spent { cost: dollars("0.95"), ..spent.clone() }, &ask(Some(&price)), "$0.95 of $1.00");
        stops(&limits(), &spent, &ask(None), "price is unknown");
        stops(&limits(), &spent, &Ask { context: Some(10_500), ..ask(Some(&price)) }, "no room");
        let unlimited = Limits { cost: None, ..limits() };
        assert!(matches!(decide(&unlimited, &spent, &ask(None)), Decision::Go(_)));
    }

    #[test]
    fn a_call_that_nobody_saw_end_keeps_its_reservation() {
        let price = price();
        let reserved = Reservation { prompt: 1_000, output: 2_000, cost: dollars("0.5") };
        let mut spent = Spent::default();
        spent.book(&reserved, Some(Usage { input: 100, output: 10, ..Usage::default() }), Some(&price));
        assert_eq!((spent.turns, spent.tokens(), spent.cost.micros()), (1, 110, 450));
        spent.book(&reserved, None, Some(&price));
        spent.lose(&reserved);
        assert_eq!((spent.turns, spent.tokens(), spent.cost.micros()), (2, 6_110, 1_000_450));
    }
}
