//! Refusals: one barrier for all that were refused together, and one that is sent ahead of the others.

use std::time::Duration;

use tidegate_core::Cost;
use tidegate_core::quota::{Answer, Dimension, Lease, Limit, Limits, Observed, Refusal, Waiting};

use super::account::{Account, MINUTE, ONE, SECOND, START, reading};

const TENTH: u64 = SECOND / 10;

/// An unknown limit whose first attempts left at the start, and the first of whom was refused after a tenth of a second.
fn refused(after: Option<u64>) -> (Account, Vec<Lease>) {
    let mut account = Account::unknown();
    let leases = account.send_all();
    account.at(START + TENTH).refused(&leases[0], after);
    (account, leases)
}

#[test]
fn nobody_leaves_before_the_time_the_provider_asked_for() {
    let (mut account, _) = refused(Some(7 * SECOND));
    let falls = START + TENTH + 7 * SECOND;
    let wait = account.wait(ONE);
    assert_eq!((wait.until, wait.why), (falls, Waiting::Barrier));
    account.at(falls - 1).wait(ONE);
    account.at(falls).send(ONE);
}

#[test]
fn without_a_hint_the_barrier_is_five_times_what_one_attempt_takes() {
    // So many left before in ten seconds and were let in, one after the other; the pace is seven tenths of that.
    for (count, holds) in [(1, SECOND), (10, SECOND), (100, 714_285), (1_000, 200_000)] {
        let mut account = Account::unknown();
        for number in 0..count {
            let lease = account.at(START + number * 10 * SECOND / count).send(ONE);
            account.done(&lease);
        }
        let lease = account.at(START + 10 * SECOND).send(ONE);
        account.refused(&lease, None);
        let falls = account.standing().barrier.unwrap();
        assert!(
            (falls - account.now).abs_diff(holds) <= 5,
            "{count}: {falls}"
        );
    }
}

#[test]
fn the_barrier_doubles_with_each_refusal_of_the_one_sent_ahead_up_to_a_minute() {
    let (mut account, _) = refused(None);
    let mut holds = Vec::new();
    for _ in 0..12 {
        let falls = account.standing().barrier.unwrap();
        holds.push(falls - account.now);
        let lease = account.at(falls).send(ONE);
        account.refused(&lease, None);
    }
    let doubled: Vec<_> = (0..12).map(|n| (holds[0] << n).min(MINUTE)).collect();
    assert_eq!(holds, doubled);
    assert_eq!(holds[11], MINUTE);
}

#[test]
fn a_hint_is_believed_the_first_time_and_then_only_where_it_is_the_longer() {
    let (mut account, _) = refused(Some(0));
    let first = account.standing().barrier;
    assert_eq!(first, None, "it may leave at once");
    let lease = account.send(ONE);
    account.refused(&lease, Some(1));
    let own = account.standing().barrier.unwrap() - account.now;
    assert!(own >= 400_000, "{own}");
    account.at(account.now + own);
    let lease = account.send(ONE);
    account.refused(&lease, Some(30 * SECOND));
    let told = account.standing().barrier.unwrap() - account.now;
    assert_eq!(told, 30 * SECOND);
}

#[test]
fn a_success_begins_the_doubling_anew() {
    let (mut account, _) = refused(Some(SECOND));
    for _ in 0..2 {
        let falls = account.standing().barrier.unwrap();
        let lease = account.at(falls).send(ONE);
        account.refused(&lease, None);
    }
    let falls = account.standing().barrier.unwrap();
    let lease = account.at(falls).send(ONE);
    account.done(&lease);
    let lease = account.send(ONE);
    account.refused(&lease, Some(3));
    assert_eq!(account.standing().barrier, Some(falls + 3), "as at first");
}

#[test]
fn those_refused_together_make_one_cut_and_the_longest_hint_holds() {
    let (mut account, leases) = refused(Some(2 * SECOND));
    let falls = START + TENTH + 2 * SECOND;
    account.refused(&leases[1], Some(SECOND));
    assert_eq!(account.standing().barrier, Some(falls));
    account.refused(&leases[2], None);
    assert_eq!(account.standing().barrier, Some(falls));
    account.refused(&leases[3], Some(5 * SECOND));
    let standing = account.standing();
    assert_eq!(standing.barrier, Some(START + TENTH + 5 * SECOND));
    assert_eq!(standing.epoch, 1);
}

#[test]
fn one_that_is_refused_late_holds_nobody_up_once_the_way_was_tried_again() {
    let (mut account, leases) = refused(Some(SECOND));
    account.at(START + TENTH + SECOND);
    let probe = account.send(ONE);
    account.refused(&leases[1], Some(MINUTE));
    let wait = account.wait(ONE);
    assert_eq!(wait.why, Waiting::Probe);
    assert!(wait.until < account.now + MINUTE);
    account.done(&probe);
    account.refused(&leases[2], Some(MINUTE));
    account.send(ONE);
    let standing = account.standing();
    assert_eq!((standing.barrier, standing.epoch), (None, 1));
}

#[test]
fn one_goes_ahead_and_the_others_follow_when_it_was_let_in() {
    let (mut account, _) = refused(Some(SECOND));
    account.at(START + TENTH + SECOND);
    let probe = account.send(ONE);
    assert_eq!(account.wait(ONE).why, Waiting::Probe);
    account.done(&probe);
    account.send(ONE);
    assert_eq!(account.wait(ONE).why, Waiting::Pace);
}

#[test]
fn silence_of_thrice_the_time_that_refusals_take_is_a_verdict() {
    for (refused_after, verdict) in [
        (0, TENTH),
        (30_000, TENTH),
        (40_000, 120_000),
        (600_000, 1_800_000),
        (700_000, 2 * SECOND),
    ] {
        let mut account = Account::unknown();
        // Fast enough that the pace keeps nobody.
        for _ in 0..500 {
            let lease = account.send(ONE);
            account.done(&lease);
        }
        let lease = account.send(ONE);
        account
            .at(START + refused_after)
            .refused(&lease, Some(SECOND));
        let falls = account.now + SECOND;
        account.at(falls).send(ONE);
        let wait = account.wait(ONE);
        assert_eq!((wait.until, wait.why), (falls + verdict, Waiting::Probe));
        account.at(wait.until);
        for _ in 0..10 {
            account.send(ONE);
        }
    }
}

#[test]
fn those_who_wait_behind_the_one_to_be_sent_ahead_are_told_of_its_verdict() {
    let (mut account, _) = refused(Some(SECOND));
    let (first, second) = (account.new_ask(ONE), account.new_ask(ONE));
    let falls = account.now + SECOND;
    let wait = account.waits(&[first]);
    assert_eq!((wait.until, wait.why), (falls, Waiting::Barrier));
    // Refusals take a tenth of a second.
    let wait = account.waits(&[second]);
    assert_eq!((wait.until, wait.why), (falls + 3 * TENTH, Waiting::Probe));
}

#[test]
fn where_the_one_sent_ahead_was_never_sent_another_goes() {
    let (mut account, leases) = refused(Some(SECOND));
    account.at(START + TENTH + SECOND);
    let probe = account.send(ONE);
    account.state.refund(&leases[1], &Limits::UNKNOWN);
    account.wait(ONE);
    account.state.refund(&probe, &Limits::UNKNOWN);
    let probe = account.send(ONE);
    assert_eq!(account.wait(ONE).why, Waiting::Probe);
    // It is this one's verdict that counts now.
    account.refused(&probe, None);
    assert_eq!(account.standing().epoch, 2);
    assert!(account.standing().barrier.is_some());
}

#[test]
fn the_one_sent_ahead_at_the_moment_of_the_cut_opens_the_way() {
    let (mut account, _) = refused(Some(0));
    let probe = account.send(ONE);
    account.done(&probe);
    assert_eq!(account.wait(ONE).why, Waiting::Pace);
}

#[test]
fn a_refusal_of_one_that_left_at_the_moment_of_the_cut_belongs_to_it() {
    let mut account = Account::unknown();
    let leases = account.send_all();
    for lease in &leases {
        account.refused(lease, Some(SECOND));
    }
    assert_eq!(account.standing().epoch, 1);
}

#[test]
fn a_refusal_of_one_that_left_after_the_cut_is_a_new_one() {
    let (mut account, _) = refused(Some(0));
    let probe = account.send(ONE);
    account.done(&probe);
    let next = account.wait(ONE).until;
    let lease = account.at(next).send(ONE);
    account.refused(&lease, None);
    assert_eq!(account.standing().epoch, 2);
}

#[test]
fn who_was_refused_wrote_and_read_nothing_but_may_count_as_a_request() {
    let second = Duration::from_secs(1);
    let limits = Limits::UNKNOWN
        .with(
            Dimension::Requests,
            Limit::window(2, Duration::from_secs(60)),
        )
        .with(Dimension::InputTokens, Limit::bucket(100, second, 100));
    let mut account = Account::with(limits);
    let lease = account.send(reading(100));
    let refusal = Refusal::Overloaded { after: None };
    account.failed(&lease, refusal);
    account.send(reading(90));
    assert!(
        account.wait(ONE).until > START + MINUTE,
        "two were asked for"
    );
}

#[test]
fn a_refusal_empties_the_bucket_of_requests_and_no_other() {
    let second = Duration::from_secs(1);
    let limits = Limits::UNKNOWN
        .with(Dimension::Requests, Limit::bucket(10, second, 10))
        .with(Dimension::InputTokens, Limit::bucket(100, second, 100));
    let mut account = Account::with(limits);
    let lease = account.send(ONE);
    account.refused(&lease, Some(0));
    // The pace is no slower here than the bucket: three hundred a second.
    assert_eq!(account.wait(reading(100)).until, START + SECOND / 10);
}

#[test]
fn a_refusal_ends_a_configured_window() {
    let limit = Limit::window(10, Duration::from_secs(60));
    let limits = Limits::UNKNOWN.with(Dimension::Requests, limit);
    let mut account = Account::with(limits);
    account.send(ONE);
    let lease = account.at(START + 10 * SECOND).send(ONE);
    account.refused(&lease, Some(0));
    let next = START + MINUTE + MINUTE / 1000;
    assert_eq!(account.wait(ONE).until, next);
    // Where none was open, it begins with the refusal.
    account.at(next).send(ONE);
    let late = next + 10 * MINUTE;
    let lease = account.at(late - 1).send(ONE);
    account.at(late + MINUTE).refused(&lease, Some(0));
    let ends = late + 2 * MINUTE + MINUTE / 1000;
    assert_eq!(account.wait(ONE).until, ends);
}

#[test]
fn a_limit_that_headers_told_is_believed_and_paced_by_nothing_else() {
    let mut account = Account::unknown();
    let lease = account.send(ONE);
    let seen = Observed {
        limit: 100,
        remaining: 50,
        reset: Some(Duration::from_secs(5)),
    };
    let seen = tidegate_core::ObservedLimits {
        requests: Some(seen),
        ..<_>::default()
    };
    account.observed(&lease, &seen);
    let lease = account.send(ONE);
    account.refused(&lease, None);
    let standing = account.standing();
    assert_eq!(standing.pace, None);
    assert_eq!(standing.barrier, Some(START + SECOND));
}

#[test]
fn an_overloaded_provider_is_given_the_time_it_asks_for_and_half_the_attempts() {
    let mut account = Account::unknown();
    let leases = account.send_all();
    let after = Some(3 * SECOND);
    account.failed(&leases[0], Refusal::Overloaded { after });
    for lease in &leases[1..] {
        account.settled(lease, ONE);
    }
    let wait = account.wait(ONE);
    assert_eq!(
        (wait.until, wait.why),
        (START + 3 * SECOND, Waiting::Barrier)
    );
    let lesser = Refusal::Overloaded {
        after: Some(SECOND),
    };
    account.failed(&leases[1], lesser);
    assert_eq!(account.wait(ONE).until, START + 3 * SECOND);
    // Four, two, one, and never none.
    account.failed(&leases[2], Refusal::Overloaded { after: None });
    account.at(START + 3 * SECOND);
    assert_eq!(
        account.send_all().len(),
        1,
        "all leave at once again, no probe"
    );
    let standing = account.standing();
    assert_eq!((standing.epoch, standing.last_refused), (0, None));
}

#[test]
fn an_overloaded_provider_gets_half_as_many_at_once() {
    let mut account = Account::unknown();
    let leases = account.send_all();
    for lease in &leases[..3] {
        account.settled(lease, ONE);
    }
    account.failed(&leases[3], Refusal::Overloaded { after: None });
    assert_eq!(account.send_all().len(), 2);
}

#[test]
fn a_spent_quota_closes_the_limit_and_takes_the_place_of_whoever_asks() {
    let mut account = Account::unknown();
    let leases = account.send_all();
    let waiting = account.new_ask(ONE);
    account.waits(&[waiting]);
    for after in [MINUTE, SECOND] {
        account.failed(&leases[0], Refusal::Exhausted { after });
    }
    let until = START + MINUTE;
    let closed = Answer::Closed { until };
    assert_eq!(account.at(until - 1).ask(&[waiting]), closed);
    assert_eq!(account.standing().waiting, 0);
    account.at(until).send(ONE);
}

#[test]
fn a_reset_forgets_what_was_held_against_a_limit_and_keeps_those_who_use_it() {
    let (mut account, leases) = refused(Some(MINUTE));
    let waiting = account.new_ask(ONE);
    let seq = account.waits(&[waiting]).seq;
    account.failed(&leases[1], Refusal::Exhausted { after: MINUTE });
    account.state.reset();
    let standing = account.standing();
    assert_eq!((standing.barrier, standing.pace), (None, None));
    assert_eq!((standing.closed_until, standing.last_refused), (None, None));
    assert_eq!((standing.waiting, standing.in_flight), (1, 2));
    let (_, lease) = account.sent(&[waiting]);
    assert_eq!((lease.seq, lease.serial), (seq, 5));
    let next = account.new_ask(Cost::default());
    assert_eq!(account.sent(&[next]).1.seq, seq + 1);
}
