//! What a person is told of a limit.

use std::time::Duration;

use tidegate_core::quota::{Dimension, Limit, Limits, Refusal};

use super::account::{Account, MINUTE, ONE, SECOND, START};

#[test]
fn a_limit_that_nothing_happened_to_is_told_as_open() {
    let mut account = Account::unknown();
    let standing = account.at(START).standing();
    assert_eq!(standing.limits, [None; 4]);
    assert_eq!((standing.pace, standing.barrier), (None, None));
    assert_eq!((standing.closed_until, standing.last_refused), (None, None));
    assert_eq!(
        (standing.waiting, standing.in_flight, standing.epoch),
        (0, 0, 0)
    );
}

#[test]
fn who_waits_and_who_is_under_way_is_counted() {
    let mut account = Account::unknown();
    account.send_all();
    for _ in 0..3 {
        let ask = account.new_ask(ONE);
        account.waits(&[ask]);
    }
    let standing = account.standing();
    assert_eq!((standing.waiting, standing.in_flight), (3, 4));
}

#[test]
fn who_did_not_come_back_for_his_place_does_not_wait() {
    let mut account = Account::unknown();
    account.send_all();
    let ask = account.new_ask(ONE);
    let back = account.waits(&[ask]).until;
    assert_eq!(account.at(back).standing().waiting, 1);
    // Nobody asks meanwhile, so nobody has cleared the line.
    assert_eq!(account.at(back + MINUTE).standing().waiting, 0);
}

#[test]
fn our_part_of_the_limits_is_told() {
    let limit = Limit::window(100, Duration::from_secs(60));
    let mut limits = Limits::UNKNOWN.with(Dimension::Tokens, limit);
    limits.share = 250;
    let standing = Account::with(limits).standing();
    assert_eq!(standing.limits, [None, Some(limit.shared(250)), None, None]);
}

#[test]
fn a_barrier_is_told_until_it_falls() {
    let mut account = Account::unknown();
    let lease = account.send(ONE);
    account.at(START + 1).refused(&lease, Some(MINUTE));
    let falls = START + 1 + MINUTE;
    let standing = account.at(falls - 1).standing();
    assert_eq!(standing.barrier, Some(falls));
    assert_eq!(
        (standing.last_refused, standing.epoch),
        (Some(START + 1), 1)
    );
    assert_eq!(account.at(falls).standing().barrier, None);
}

#[test]
fn a_spent_quota_is_told_until_it_is_renewed() {
    let mut account = Account::unknown();
    let lease = account.send(ONE);
    let after = 3_600 * SECOND;
    account.failed(&lease, Refusal::Exhausted { after });
    let renewed = START + after;
    let standing = account.at(renewed - 1).standing();
    assert_eq!(standing.closed_until, Some(renewed));
    assert_eq!(account.at(renewed).standing().closed_until, None);
}
