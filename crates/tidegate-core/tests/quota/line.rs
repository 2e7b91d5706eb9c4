//! Who leaves first.

use tidegate_core::quota::{Answer, Ask, Dimension, Limit, Limits, Priority};

use super::account::{Account, MINUTE, ONE, SECOND, START, reading};

/// A hundred tokens a second, a hundred at once.
fn tokens() -> Account {
    let limit = Limit::tokens_per_minute(6_000);
    let limit = Limit {
        burst: 100,
        ..limit
    };
    Account::with(Limits::UNKNOWN.with(Dimension::InputTokens, limit))
}

/// One a second.
fn requests() -> Account {
    Account::with(Limits::UNKNOWN.with(Dimension::Requests, Limit::per_minute(60)))
}

#[test]
fn one_that_is_watched_goes_before_all_that_nobody_watches_and_behind_its_like() {
    let mut account = requests();
    account.send(ONE);
    let watched = account.new_ask(ONE);
    let mut ahead = Vec::new();
    for priority in [
        Priority::Batch,
        Priority::Interactive,
        Priority::Batch,
        Priority::Interactive,
    ] {
        let ask = Ask {
            priority,
            ..account.new_ask(ONE)
        };
        ahead.push(account.waits(&[ask]).ahead);
    }
    assert_eq!(ahead, [0, 0, 2, 1]);
    assert_eq!(account.waits(&[watched]).ahead, 2);
}

#[test]
fn a_refused_one_comes_back_before_those_who_came_after_it() {
    let mut account = requests();
    let lease = account.send(ONE);
    let others = [account.new_ask(ONE), account.new_ask(ONE)];
    let numbers = others.map(|ask| account.waits(&[ask]).seq);
    assert_eq!(numbers, [lease.seq + 1, lease.seq + 2]);
    account.refused(&lease, None);
    let back = Ask {
        seq: Some(lease.seq),
        ..account.new_ask(ONE)
    };
    let wait = account.waits(&[back]);
    assert_eq!((wait.seq, wait.ahead), (lease.seq, 0));
}

#[test]
fn one_that_waited_elsewhere_goes_before_newcomers_to_a_state_that_was_begun_anew() {
    let mut account = requests();
    account.send(ONE);
    let waited = Ask {
        seq: Some(100),
        ..account.new_ask(ONE)
    };
    assert_eq!(account.waits(&[waited]).seq, 100);
    let newcomer = account.new_ask(ONE);
    let wait = account.waits(&[newcomer]);
    assert_eq!((wait.seq, wait.ahead), (101, 1));
}

#[test]
fn whoever_asks_again_has_the_place_and_the_number_it_had() {
    let mut account = requests();
    account.send(ONE);
    let (first, second) = (account.new_ask(ONE), account.new_ask(ONE));
    let (one, two) = (account.waits(&[first]), account.waits(&[second]));
    assert_eq!(account.waits(&[first]), one);
    assert_eq!(account.waits(&[second]), two);
    assert_eq!(account.standing().waiting, 2);
}

#[test]
fn a_place_is_kept_two_seconds_for_one_that_is_late_and_no_longer() {
    for (late, ahead) in [(1_999_999, 1), (2_000_000, 0)] {
        let mut account = requests();
        account.send(ONE);
        let first = account.new_ask(ONE);
        let due = account.waits(&[first]).until;
        account.at(due + late);
        let second = account.new_ask(ONE);
        match account.ask(&[second]) {
            Answer::Wait { ahead: places, .. } => assert_eq!((places, ahead), (1, 1)),
            Answer::Go { .. } => assert_eq!(ahead, 0, "nobody is before it"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn whoever_gives_up_its_place_holds_nobody_up() {
    let mut account = requests();
    account.send(ONE);
    let (first, second) = (account.new_ask(ONE), account.new_ask(ONE));
    account.waits(&[first]);
    assert_eq!(account.waits(&[second]).until, START + 2 * SECOND);
    account.state.leave(first.op);
    assert_eq!(account.waits(&[second]).until, START + SECOND);
}

#[test]
fn one_that_its_size_alone_holds_up_lets_a_smaller_one_go_by() {
    let mut account = tokens();
    account.send(reading(100));
    let asks = [account.new_ask(reading(100)), account.new_ask(reading(1))];
    let wait = account.waits(&asks);
    assert!(wait.by_size);
    account.at(wait.until);
    assert_eq!(account.sent(&asks).0, 1);
}

#[test]
fn one_that_waits_for_its_turn_is_not_held_up_by_its_size() {
    let mut account = requests();
    account.send(ONE);
    assert!(!account.wait(ONE).by_size, "a request without tokens");
    assert!(!account.wait(reading(100)).by_size, "tokens have no limit");
}

#[test]
fn whoever_goes_by_leaves_a_tenth_of_a_second_sooner_at_least() {
    for (sooner, goes_by) in [(100_001, true), (100_000, false)] {
        let mut account = tokens();
        account.send(reading(100));
        let big = account.new_ask(reading(100));
        let due = account.waits(&[big]).until;
        account.at(due - sooner);
        let small = account.new_ask(reading(1));
        assert_eq!(matches!(account.ask(&[small]), Answer::Go { .. }), goes_by);
    }
}

#[test]
fn one_that_fits_nowhere_is_refused_and_keeps_no_place() {
    let mut account = tokens();
    account.send(reading(100));
    let mut ask = account.new_ask(reading(100));
    account.waits(&[ask]);
    ask.cost = reading(6_001);
    assert_eq!(account.ask(&[ask]), Answer::Refused { earliest: None });
    assert_eq!(account.standing().waiting, 0);
    assert_eq!(account.ask(&[]), Answer::Refused { earliest: None });
}

#[test]
fn all_that_a_period_allows_leaves_when_the_bucket_is_full() {
    let mut account = tokens();
    account.send(reading(6_000));
    let full = account.wait(reading(6_000)).until;
    assert!(full >= START + MINUTE, "{full}");
    account.at(full);
    account.send(reading(6_000));
}

#[test]
fn whoever_could_leave_at_its_deadline_waits_and_a_microsecond_earlier_it_is_refused() {
    for (deadline, refused) in [(START + SECOND, false), (START + SECOND - 1, true)] {
        let mut account = requests();
        account.send(ONE);
        let ask = Ask {
            deadline: Some(deadline),
            ..account.new_ask(ONE)
        };
        let answer = account.ask(&[ask]);
        if refused {
            let earliest = Some(START + SECOND);
            assert_eq!(answer, Answer::Refused { earliest });
        } else {
            assert!(matches!(answer, Answer::Wait { .. }), "{answer:?}");
        }
        assert_eq!(account.standing().waiting, usize::from(!refused));
    }
}

#[test]
fn one_that_misses_its_deadline_is_told_so_at_once_though_a_smaller_one_could_leave_in_time() {
    let mut account = tokens();
    account.send(reading(100));
    let full = account.wait(reading(100)).until;
    let big = Ask {
        deadline: Some(full - 1),
        ..account.new_ask(reading(100))
    };
    let small = account.new_ask(reading(1));
    let earliest = Some(full);
    assert_eq!(account.ask(&[big, small]), Answer::Refused { earliest });
}
