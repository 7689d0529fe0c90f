//! Reservations, bookings and decisions.

use super::*;

fn dollars(text: &str) -> Cost {
    Cost::parse(text).unwrap()
}

fn price() -> Price {
    let base =
        Rates { input: dollars("3"), cached: dollars("0.30"), cache_written: dollars("3.75"), output: dollars("15") };
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
