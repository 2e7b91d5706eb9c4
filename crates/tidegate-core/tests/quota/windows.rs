//! Windows that show themselves by the headers of replies, and configured ones.

use std::time::Duration;

use tidegate_core::ObservedLimits;
use tidegate_core::quota::{Answer, Dimension, Lease, Limit, Limits, Metering};

use super::account::{Account, MINUTE, ONE, SECOND, START};
use super::headers::{DAY, period, told, without_reset};

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
    for after in [30 * SECOND, 45 * SECOND] {
        let (mut account, _) = window(30 * SECOND);
        account.at(START + after);
        let leases: Vec<_> = (0..60).map(|_| account.send(ONE)).collect();
        account.observed(&leases[59], &told(100, 0, MINUTE));
        assert_eq!(account.send_all().len(), 40, "{after}");
    }
}

#[test]
fn what_was_counted_while_a_window_was_taken_for_a_slow_bucket_is_forgotten_with_it() {
    let mut account = Account::unknown();
    let first = account.send(ONE);
    account.observed(&first, &told(300, 1, MINUTE));
    for _ in 0..200 {
        account.send(ONE);
    }
    account.observed(&first, &told(300, 60, MINUTE));
    assert_eq!(account.standing().limits[0].unwrap().per, MINUTE);
    let lease = account.at(START + 30 * SECOND).send(ONE);
    account.observed(&lease, &told(600, 10, MINUTE));
    assert_eq!(account.send_all().len(), 590, "as the provider tells it");
}
