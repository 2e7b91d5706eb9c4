//! What a limit makes of the headers that tell of it.

use std::time::Duration;

use tidegate_core::ObservedLimits;
use tidegate_core::quota::{Dimension, Limit, Limits, Metering, Observed};

use super::account::{Account, MINUTE, ONE, SECOND, START};

pub(crate) const DAY: u64 = 24 * 60 * MINUTE;

/// `used` of `limit` requests are out, and all are back after so many microseconds.
pub(crate) fn told(limit: u64, used: u64, reset: u64) -> ObservedLimits {
    requests(Observed {
        limit,
        remaining: limit - used,
        reset: Some(Duration::from_micros(reset)),
    })
}

pub(crate) fn requests(seen: Observed) -> ObservedLimits {
    ObservedLimits {
        requests: Some(seen),
        ..ObservedLimits::default()
    }
}

/// What is learned of requests when attempts, all sent at the start, are told this one after the other.
fn learned(seen: &[ObservedLimits]) -> Option<Limit> {
    let mut account = Account::unknown();
    let lease = account.send(ONE);
    for seen in seen {
        account.observed(&lease, seen);
    }
    account.standing().limits[0]
}

#[track_caller]
pub(crate) fn period(seen: &[ObservedLimits]) -> (Metering, u64) {
    let limit = learned(seen).expect("a limit is learned");
    (limit.metering, limit.per)
}

/// The gap that is told to one who has to wait, once one of the first was answered with this.
fn gap(seen: &ObservedLimits) -> Option<u64> {
    let mut account = Account::unknown();
    let lease = account.send(ONE);
    account.observed(&lease, seen);
    account.send_all();
    account.wait(ONE).gap
}

#[test]
fn a_window_that_has_not_shown_itself_is_told_nobody_as_a_slow_bucket() {
    assert_eq!(gap(&told(300, 1, MINUTE)), None);
    assert_eq!(gap(&told(20, 4, MINUTE)), None);
}

#[test]
fn the_gap_of_a_bucket_by_the_minute_or_the_day_is_told() {
    assert_eq!(gap(&told(300, 300, MINUTE)), Some(200_000));
    assert_eq!(gap(&told(14_400, 14_400, DAY)), Some(6_000_000));
}

#[test]
fn units_that_have_grown_back_in_part_do_not_shorten_the_period() {
    // Ten in two seconds. The last unit of the first observation is half back, and nothing is of the second.
    let seen = [(3, 500_000), (2, 400_000), (4, 700_000)];
    let seen = seen.map(|(used, reset)| told(10, used, reset));
    assert_eq!(period(&seen), (Metering::Bucket, 2 * SECOND));
}

#[test]
fn numbers_that_do_not_fit_together_teach_nothing() {
    for (limit, remaining) in [(10, 11), (0, 0)] {
        let seen = Observed {
            limit,
            remaining,
            reset: Some(Duration::from_secs(1)),
        };
        assert_eq!(learned(&[requests(seen)]), None, "{remaining} of {limit}");
    }
    // A sentinel does not undo what is known.
    let sentinel = Observed {
        limit: 0,
        remaining: 0,
        reset: None,
    };
    let seen = [told(10, 5, SECOND), requests(sentinel)];
    assert_eq!(period(&seen), (Metering::Bucket, 2 * SECOND));
}

#[test]
fn without_a_reset_a_limit_is_by_the_minute() {
    let seen = Observed {
        limit: 300,
        remaining: 200,
        reset: None,
    };
    assert_eq!(
        learned(&[requests(seen)]),
        Some(Limit {
            units: 300,
            per: MINUTE,
            burst: 300,
            metering: Metering::Bucket
        })
    );
    let seen = [told(300, 30, SECOND), requests(seen)];
    assert_eq!(
        period(&seen),
        (Metering::Bucket, 10 * SECOND),
        "it was told"
    );
}

#[test]
fn a_full_bucket_tells_nothing_of_its_period() {
    assert_eq!(learned(&[told(10, 0, SECOND)]), None);
    let seen = [told(10, 5, SECOND), told(10, 0, SECOND)];
    assert_eq!(period(&seen), (Metering::Bucket, 2 * SECOND));
}

#[test]
fn where_a_minute_fits_within_rounding_it_is_a_minute() {
    // 250 of 300 take 50 s a minute. Told in seconds, a second less or more is rounding; told exactly, 10 ms.
    for (reset, per) in [
        (50 * SECOND, MINUTE),
        (51 * SECOND, MINUTE),
        (49 * SECOND, MINUTE),
        (52 * SECOND, 62_400_000),
        (48 * SECOND, 57_600_000),
        (50_010_000, MINUTE),
        (49_990_000, MINUTE),
        (50_010_005, 60_012_006),
        (49_989_995, 59_987_994),
    ] {
        let seen = [told(300, 250, reset)];
        assert_eq!(period(&seen), (Metering::Bucket, per), "{reset}");
    }
}

#[test]
fn another_limit_than_the_one_that_was_known_is_learned_anew() {
    let seen = [told(10, 5, SECOND), told(20, 5, SECOND)];
    assert_eq!(period(&seen), (Metering::Bucket, 4 * SECOND));
}

#[test]
fn the_more_was_used_the_better_an_observation_in_whole_seconds() {
    // Ten in 7 s: one takes 0.7 s and is told as one, three take 2.1 s and are told as three.
    let (one, three) = (told(10, 1, SECOND), told(10, 3, 3 * SECOND));
    assert_eq!(period(&[one, three]), (Metering::Bucket, 10 * SECOND));
    let nine = told(10, 9, 7 * SECOND);
    assert_eq!(period(&[one, three, nine]).1, 7_777_777);
    // What was seen with more used stands, as far as the others allow.
    assert_eq!(period(&[nine, one]).1, 7_777_777);
}

#[test]
fn an_observation_in_whole_seconds_allows_for_a_second_of_rounding() {
    // Of a hundred, forty take 20 s, or a little more than 19.
    let known = told(100, 40, 20 * SECOND);
    let (low, high) = (told(100, 20, 12 * SECOND), told(100, 30, 14 * SECOND));
    assert_eq!(period(&[known]).1, 50 * SECOND);
    assert_eq!(period(&[known, low]).1, 55 * SECOND, "at least 11 s for 20");
    assert_eq!(
        period(&[known, high]).1,
        14 * SECOND * 100 / 29,
        "at most 14 s for 29"
    );
}

#[test]
fn as_much_used_again_changes_a_period_no_more_than_it_must() {
    let seen = [3, 4].map(|reset| told(10, 5, reset * SECOND));
    assert_eq!(period(&seen), (Metering::Bucket, 6 * SECOND));
}

pub(crate) fn without_reset(limit: u64, used: u64) -> ObservedLimits {
    requests(Observed {
        limit,
        remaining: limit - used,
        reset: None,
    })
}

#[test]
fn what_is_used_of_a_day_is_not_held_against_a_configured_minute() {
    let limits = Limits::UNKNOWN.with(Dimension::Requests, Limit::per_minute(30));
    let mut account = Account::with(limits);
    let lease = account.send(ONE);
    account.observed(&lease, &told(14_400, 14_000, 14_000 * 6 * SECOND));
    assert_eq!(account.wait(ONE).until, START + 2 * SECOND);
    assert_eq!(account.standing().limits[0], limits.dimensions[0]);
}

#[test]
fn a_configured_limit_is_paced_where_headers_tell_of_another_and_believed_where_they_confirm_it() {
    for (limit, is_paced) in [(14_400, true), (300, false)] {
        let limits = Limits::UNKNOWN.with(Dimension::Requests, Limit::per_minute(300));
        let mut account = Account::with(limits);
        let lease = account.send(ONE);
        account.observed(&lease, &without_reset(limit, 1));
        account.refused(&lease, None);
        assert_eq!(account.standing().pace.is_some(), is_paced, "{limit}");
    }
}

#[test]
fn what_others_used_of_a_bucket_is_missing() {
    let mut account = Account::unknown();
    let leases = account.send_all();
    // A hundred in ten seconds. Ninety were out when the first was answered, and three have left since.
    account.observed(&leases[0], &told(100, 90, 9 * SECOND + 1));
    let left = account.send_all().len();
    assert_eq!(left, 6, "of the seven that are left, one is kept back");
}

#[test]
fn what_is_out_of_a_bucket_stays_out_in_units_when_its_limit_changes() {
    // A hundred in ten seconds, half of them out; and then two hundred.
    let mut account = Account::unknown();
    let lease = account.send(ONE);
    account.observed(&lease, &told(100, 50, 5 * SECOND));
    account.observed(&lease, &told(200, 10, SECOND / 2));
    assert_eq!(account.send_all().len(), 150);
}

#[test]
fn an_observation_that_changes_nothing_moves_nothing_however_often_it_is_made() {
    let mut account = Account::unknown();
    let lease = account.send(ONE);
    let seen = told(7, 7, 2 * SECOND);
    account.observed(&lease, &seen);
    let before = account.wait(ONE).until;
    for _ in 0..1_000 {
        account.observed(&lease, &seen);
    }
    assert_eq!(account.wait(ONE).until, before);
}
