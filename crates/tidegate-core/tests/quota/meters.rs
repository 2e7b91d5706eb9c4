//! How far a limit is used up: buckets and windows, by configured limits.

use std::time::Duration;

use tidegate_core::Cost;
use tidegate_core::quota::{Dimension, Limit, Limits, Waiting};

use super::account::{Account, MINUTE, ONE, SECOND, START, reading};

fn requests(limit: Limit) -> Account {
    Account::with(Limits::UNKNOWN.with(Dimension::Requests, limit))
}

/// So many a second, and so many at once.
fn bucket(units: u64, burst: u64) -> Account {
    requests(Limit::bucket(units, Duration::from_secs(1), burst))
}

fn input(limit: Limit) -> Account {
    Account::with(Limits::UNKNOWN.with(Dimension::InputTokens, limit))
}

/// A hundred tokens a second, a hundred at once.
fn tokens() -> Account {
    input(Limit::bucket(100, Duration::from_secs(1), 100))
}

/// Ten a minute.
fn window() -> Account {
    requests(Limit::window(10, Duration::from_secs(60)))
}

#[test]
fn a_full_bucket_keeps_back_a_tenth_of_its_time_and_a_tenth_of_a_second_at_most() {
    for (burst, at_once, next) in [
        (2, 1, 10_000),
        (6, 5, 50_000),
        (11, 10, 100_000),
        (100, 99, 100_000),
    ] {
        let mut account = bucket(10, burst);
        assert_eq!(account.send_all().len(), at_once);
        let wait = account.wait(ONE);
        assert_eq!(wait.until, START + next, "{burst}");
        assert_eq!((wait.why, wait.gap), (Waiting::Pace, Some(100_000)));
    }
}

#[test]
fn a_bucket_of_one_has_nothing_to_keep_back() {
    let mut account = bucket(10, 1);
    account.send(ONE);
    assert_eq!(account.wait(ONE).until, START + 100_000);
}

#[test]
fn a_bucket_regains_evenly_and_no_more_than_it_holds() {
    let mut account = bucket(10, 6);
    account.send_all();
    for (at, count) in [(50_000, 1), (249_999, 1), (250_000, 1), (650_000, 4)] {
        assert_eq!(account.at(START + at).send_all().len(), count, "{at}");
    }
    account.at(START + MINUTE);
    assert_eq!(account.send_all().len(), 5);
}

#[test]
fn a_units_time_is_rounded_up_so_that_nobody_is_early() {
    let mut account = bucket(3, 1);
    account.send(ONE);
    assert_eq!(account.wait(ONE).until, START + 333_334);
}

#[test]
fn tokens_estimated_and_not_used_are_there_for_the_next_one() {
    let mut account = tokens();
    let lease = account.send(reading(100));
    let before = account.wait(reading(100)).until;
    account.settled(&lease, reading(40));
    assert_eq!(before - account.wait(reading(100)).until, 600_000);
}

#[test]
fn tokens_used_and_not_estimated_are_missing_for_the_next_one() {
    let mut account = tokens();
    let lease = account.send(reading(100));
    let before = account.wait(reading(100)).until;
    account.settled(&lease, reading(130));
    assert_eq!(account.wait(reading(100)).until - before, 300_000);
}

#[test]
fn tokens_used_and_not_estimated_by_a_slow_one_were_used_when_it_was_sent() {
    let mut account = tokens();
    let lease = account.send(reading(1));
    account.at(START + 10 * SECOND);
    account.settled(&lease, reading(1_001));
    // A thousand take ten seconds, and those have passed since its own was back.
    let back = account.wait(reading(100)).until;
    assert_eq!(back, START + 99_000 + 10_000 + 10 * SECOND);
}

#[test]
fn an_attempt_that_used_what_was_estimated_ends_like_one_of_which_nothing_is_known() {
    let mut account = tokens();
    let early = account.send(reading(50));
    let late = account.at(START + SECOND).send(reading(1));
    // So much comes back that the bucket was full before the late one left.
    account.settled(&early, reading(0));
    let mut unknown = account.state.clone();
    unknown.expire();
    account.settled(&late, reading(1));
    assert_eq!(account.state, unknown);
}

#[test]
fn tokens_read_and_written_count_together_and_apart() {
    let cost = Cost {
        requests: 1,
        input_tokens: 30,
        output_tokens: 50,
    };
    for (dimension, units) in [
        (Dimension::Tokens, 80),
        (Dimension::InputTokens, 30),
        (Dimension::OutputTokens, 50),
    ] {
        let limit = Limit::bucket(100, Duration::from_secs(1), 1);
        let mut account = Account::with(Limits::UNKNOWN.with(dimension, limit));
        account.send(cost);
        assert_eq!(account.wait(cost).until, START + units * 10_000);
    }
}

#[test]
fn a_window_opens_with_the_first_and_the_next_one_a_thousandth_late() {
    let mut account = window();
    account.send(ONE);
    account.at(START + 30 * SECOND);
    assert_eq!(account.send_all().len(), 9);
    let next = START + MINUTE + MINUTE / 1000;
    assert_eq!(account.wait(ONE).until, next);
    account.at(next);
    assert_eq!(account.send_all().len(), 10, "all is free at once");
    assert_eq!(account.wait(ONE).until, next + MINUTE + MINUTE / 1000);
}

#[test]
fn a_window_is_over_when_its_time_is_up() {
    for (at, count) in [(START + MINUTE - 1, 4), (START + MINUTE, 10)] {
        let mut account = window();
        for _ in 0..6 {
            account.send(ONE);
        }
        account.at(at);
        assert_eq!(account.send_all().len(), count);
    }
}

#[test]
fn what_did_not_fit_a_window_waits_for_the_next_though_a_smaller_one_fits() {
    let mut account = input(Limit::window(100, Duration::from_secs(60)));
    account.send(reading(60));
    let next = START + MINUTE + MINUTE / 1000;
    let wait = account.wait(reading(41));
    assert_eq!((wait.until, wait.by_size), (next, true));
    account.send(reading(40));
    assert_eq!(account.wait(reading(1)).until, next);
}

#[test]
fn what_a_window_was_estimated_to_take_is_corrected_while_it_lasts() {
    let mut account = input(Limit::window(100, Duration::from_secs(60)));
    let (early, late) = (account.send(reading(60)), account.send(reading(40)));
    account.settled(&early, reading(20));
    account.send(reading(40));
    let next = START + MINUTE + MINUTE / 1000;
    assert_eq!(account.wait(reading(1)).until, next);
    account.at(next).send(reading(100));
    account.settled(&late, reading(0));
    let wait = account.wait(reading(1));
    assert_eq!(wait.until, next + MINUTE + MINUTE / 1000, "of the last one");
}

#[test]
fn an_attempt_that_was_never_sent_gives_back_all_of_it() {
    let mut account = bucket(1, 1);
    let lease = account.send(ONE);
    assert_eq!(account.wait(ONE).until, START + SECOND);
    account.state.refund(&lease, &account.limits);
    account.send(ONE);
}

#[test]
fn what_an_attempt_took_whose_holder_died_stays_taken() {
    let mut account = bucket(1, 1);
    account.send(ONE);
    account.state.expire();
    assert_eq!(account.wait(ONE).until, START + SECOND);
}
