//! What a limit makes of the headers that tell of it.

use std::time::Duration;

use tidegate_core::ObservedLimits;
use tidegate_core::quota::{Answer, Dimension, Lease, Limit, Limits, Metering, Observed};

use super::account::{Account, MINUTE, ONE, SECOND, START};

const DAY: u64 = 24 * 60 * MINUTE;

/// `used` of `limit` requests are out, and all are back after so many microseconds.
fn told(limit: u64, used: u64, reset: u64) -> ObservedLimits {
    requests(Observed {
        limit,
        remaining: limit - used,
        reset: Some(Duration::from_micros(reset)),
    })
}

fn requests(seen: Observed) -> ObservedLimits {
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
fn period(seen: &[ObservedLimits]) -> (Metering, u64) {
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
fn a_reset_that_stands_still_while_more_is_used_belongs_to_a_window() {
    for (reset, length) in [
        (900_000, SECOND),
        (9_000_000, 10 * SECOND),
        (10 * SECOND, 10 * SECOND),
        (50_500_000, MINUTE),
        (3_000_500_000, 60 * MINUTE),
        (80_000_500_000, DAY),
        (2 * DAY, 2 * DAY),
    ] {
        let seen = [told(100, 1, reset), told(100, 60, reset)];
        assert_eq!(period(&seen), (Metering::Window, length), "{reset}");
    }
}

#[test]
fn a_reset_that_moves_on_with_what_is_used_belongs_to_a_bucket() {
    // A hundred in ten seconds.
    let seen = [1, 10, 60].map(|used| told(100, used, used * 100_000));
    assert_eq!(period(&seen), (Metering::Bucket, 10 * SECOND));
}

#[test]
fn a_reset_stands_still_that_moves_by_less_than_an_eighth_of_what_a_buckets_would() {
    // With 59 more, a bucket's would have moved on by 59/60 of 10.5 s.
    let eighth = 10_500_000 * 59 / 60 / 8;
    for (moved, metering) in [(eighth, Metering::Window), (eighth + 10, Metering::Bucket)] {
        let lease = |account: &mut Account, at: u64| account.at(at).send(ONE);
        let mut account = Account::unknown();
        let (first, later) = (
            lease(&mut account, START),
            lease(&mut account, START + moved),
        );
        account.observed(&first, &told(100, 1, 10_500_000));
        account.observed(&later, &told(100, 60, 10_500_000));
        let limit = account.standing().limits[0].unwrap();
        assert_eq!(limit.metering, metering, "{moved}");
    }
}

#[test]
fn a_window_shows_itself_only_by_more_than_rounding() {
    // With three more of four, a bucket's reset moves on by three quarters.
    for (reset, used, metering) in [
        (50_000, 5, Metering::Bucket),
        (50_002, 5, Metering::Window),
        (5 * SECOND, 5, Metering::Bucket),
        (6 * SECOND, 5, Metering::Window),
        (6 * SECOND, 3, Metering::Bucket),
        (60 * SECOND, 3, Metering::Bucket),
        (60 * SECOND, 4, Metering::Window),
    ] {
        let seen = [told(100, 1, reset), told(100, used, reset)];
        assert_eq!(period(&seen).0, metering, "{used} in {reset}");
    }
}

/// A hundred in every minute, known to be a window that ends so many microseconds after the start.
fn window(ends_after: u64) -> (Account, Vec<Lease>) {
    let mut account = Account::unknown();
    let leases = account.send_all();
    account.observed(&leases[0], &told(100, 1, ends_after));
    account.observed(&leases[0], &told(100, 60, ends_after));
    (account, leases)
}

#[test]
fn a_windows_units_are_free_when_the_one_that_was_told_of_ends() {
    let (mut account, _) = window(30 * SECOND);
    // Sixty were out when the first had left, and three have left since.
    assert_eq!(account.send_all().len(), 37);
    let next = START + 30 * SECOND + 60_000;
    assert_eq!(account.wait(ONE).until, next);
    assert_eq!(account.at(next).send_all().len(), 100);
}

/// As [`learned`], of attempts that are sent so many microseconds after the start, each let in before the next.
fn learned_at(seen: &[(u64, ObservedLimits)]) -> Limit {
    let mut account = Account::unknown();
    for (after, seen) in seen {
        account.at(START + after);
        let lease = loop {
            let ask = account.new_ask(ONE);
            match account.ask(&[ask]) {
                Answer::Go { lease, .. } => break lease,
                Answer::Wait { until, .. } => {
                    assert!(until < START + after + SECOND, "it leaves too late");
                    account.state.leave(ask.op);
                    account.at(until);
                }
                other => panic!("{other:?}"),
            }
        };
        account.observed(&lease, seen);
        account.settled(&lease, ONE);
    }
    account.standing().limits[0].unwrap()
}

#[test]
fn a_windows_length_does_not_shrink_with_what_is_left_of_it() {
    let minute = [(0, 1, 60), (5, 100, 55), (55, 290, 5)];
    let minute =
        minute.map(|(after, used, reset)| (after * SECOND, told(300, used, reset * SECOND)));
    let limit = learned_at(&minute);
    assert_eq!((limit.metering, limit.per), (Metering::Window, MINUTE));
}

#[test]
fn a_window_is_no_shorter_than_what_is_left_of_it() {
    // It shows itself with eight seconds left, and then the next one begins.
    let seen = [(0, 1, 8), (0, 60, 8), (9, 1, 59)];
    let seen = seen.map(|(after, used, reset)| (after * SECOND, told(300, used, reset * SECOND)));
    assert_eq!(learned_at(&seen[..2]).per, 10 * SECOND);
    assert_eq!(learned_at(&seen).per, MINUTE);
}

#[test]
fn what_is_left_of_a_window_may_be_told_too_long_by_rounding() {
    for (reset, length) in [
        (1_010_000, SECOND),
        (1_010_001, 10 * SECOND),
        (11 * SECOND, 10 * SECOND),
        (12 * SECOND, MINUTE),
        (61 * SECOND, MINUTE),
        (62 * SECOND, 60 * MINUTE),
    ] {
        let seen = [1, 60].map(|used| told(100, used, reset));
        assert_eq!(period(&seen), (Metering::Window, length), "{reset}");
    }
}

#[test]
fn two_seconds_are_not_left_of_one() {
    let seen = [(1, 900_000), (60, 900_000), (1, 2 * SECOND)];
    let seen = seen.map(|(used, reset)| told(100, used, reset));
    assert_eq!(period(&seen[..2]), (Metering::Window, SECOND));
    assert_eq!(period(&seen), (Metering::Window, 10 * SECOND));
}

#[test]
fn a_reset_that_moves_by_half_a_window_at_most_is_of_the_same_one() {
    for (reset, ends) in [(59, 30), (60, 30), (61, 60)] {
        let (mut account, _) = window(30 * SECOND);
        let lease = account.send(ONE);
        account.observed(&lease, &told(100, 64, reset * SECOND));
        account.send_all();
        let next = START + ends * SECOND + 60_000;
        assert_eq!(account.wait(ONE).until, next, "{reset}");
    }
}

#[test]
fn as_much_used_again_changes_a_period_no_more_than_it_must() {
    let seen = [3, 4].map(|reset| told(10, 5, reset * SECOND));
    assert_eq!(period(&seen), (Metering::Bucket, 6 * SECOND));
}

#[test]
fn an_observation_of_the_same_window_takes_nothing_back() {
    let (mut account, leases) = window(30 * SECOND);
    account.send_all();
    account.observed(&leases[1], &told(100, 5, 30 * SECOND));
    assert_eq!(account.send_all().len(), 0);
}

#[test]
fn the_next_window_begins_with_the_first_that_is_told_of_it() {
    let (mut account, _) = window(30 * SECOND);
    account.at(START + 45 * SECOND);
    let lease = account.send(ONE);
    // Others have used it too, and it began before we knew.
    account.observed(&lease, &told(100, 81, 50 * SECOND));
    assert_eq!(account.send_all().len(), 19);
    let next = START + 95 * SECOND + 60_000;
    assert_eq!(account.wait(ONE).until, next);
}

/// Ten a minute, configured as a window; six have left.
fn configured_window() -> (Account, Vec<Lease>) {
    let limit = Limit::window(10, Duration::from_secs(60));
    let mut account = Account::with(Limits::UNKNOWN.with(Dimension::Requests, limit));
    let leases = (0..6).map(|_| account.send(ONE)).collect();
    (account, leases)
}

fn without_reset(limit: u64, used: u64) -> ObservedLimits {
    requests(Observed {
        limit,
        remaining: limit - used,
        reset: None,
    })
}

#[test]
fn what_was_counted_of_a_configured_window_stays_counted_whatever_headers_tell() {
    for seen in [told(10, 1, 50 * SECOND), without_reset(10, 1)] {
        let (mut account, leases) = configured_window();
        account.observed(&leases[0], &seen);
        assert_eq!(account.send_all().len(), 4, "{seen:?}");
    }
}

#[test]
fn a_configured_window_ends_when_headers_tell_so() {
    let (mut account, leases) = configured_window();
    account.observed(&leases[5], &told(10, 9, 50 * SECOND));
    assert_eq!(account.send_all().len(), 1, "others have used it too");
    assert_eq!(account.wait(ONE).until, START + 50 * SECOND + 60_000);
}

#[test]
fn what_is_told_late_of_an_earlier_window_is_not_counted_in_the_next() {
    let (mut account, leases) = configured_window();
    account.at(START + 2 * MINUTE).send(ONE);
    account.observed(&leases[5], &without_reset(10, 8));
    assert_eq!(account.send_all().len(), 9);
    let lease = account.at(START + 4 * MINUTE).send(ONE);
    account.observed(&lease, &without_reset(10, 8));
    assert_eq!(account.send_all().len(), 2, "of its own it is");
}

#[test]
fn a_reply_that_tells_of_no_use_reopens_no_window() {
    let (mut account, _) = window(30 * SECOND);
    account.at(START + 45 * SECOND);
    let leases: Vec<_> = (0..60).map(|_| account.send(ONE)).collect();
    account.observed(&leases[0], &told(100, 0, MINUTE));
    assert_eq!(account.send_all().len(), 40);
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
