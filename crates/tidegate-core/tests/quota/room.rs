//! Waiting for one of those under way to end, where nobody can wake those who wait.

use tidegate_core::quota::{Limits, Waiting};

use super::account::{Account, ONE, SECOND, START};

#[test]
fn of_an_unknown_limit_four_leave_at_once_and_one_more_with_each_that_was_let_in() {
    let mut account = Account::unknown();
    let left = account.send_all();
    assert_eq!(left.len(), 4);
    account.done(&left[0]);
    assert_eq!(account.send_all().len(), 2, "its place, and one more");
    account.settled(&left[1], ONE);
    assert_eq!(
        account.send_all().len(),
        1,
        "of it nobody knows how it went"
    );
    account.state.expire();
    assert_eq!(account.send_all().len(), 1, "its holder died");
    account.state.refund(&left[2], &Limits::UNKNOWN);
    assert_eq!(account.send_all().len(), 1, "it was never sent");
}

#[test]
fn no_more_are_under_way_than_configured_whatever_is_known_of_the_limit() {
    let mut account = Account::with(Limits {
        max_concurrency: Some(2),
        ..Limits::UNKNOWN
    });
    let left = account.send_all();
    assert_eq!(left.len(), 2);
    let wait = account.wait(ONE);
    assert_eq!((wait.why, wait.by_size), (Waiting::Room, false));
    account.done(&left[0]);
    assert_eq!(account.send_all().len(), 1);
}

#[test]
fn a_place_that_comes_free_belongs_to_the_first_in_line() {
    let mut account = Account::unknown();
    let left = account.send_all();
    let (first, second) = (account.new_ask(ONE), account.new_ask(ONE));
    assert_eq!(account.waits(&[first]).ahead, 0);
    assert_eq!(account.waits(&[second]).ahead, 1);
    account.settled(&left[0], ONE);
    let wait = account.waits(&[second]);
    assert_eq!((wait.why, wait.ahead), (Waiting::Room, 1));
    account.sent(&[first]);
    account.settled(&left[1], ONE);
    account.sent(&[second]);
}

#[test]
fn whoever_waits_for_room_looks_again_when_so_many_are_likely_to_have_ended() {
    let mut account = Account::unknown();
    let left = account.send_all();
    account
        .at(START + 400_000)
        .observed(&left[0], &<_>::default());
    account.send_all();
    // Five are under way, and each takes 0.4 s: one ends every 80 ms.
    let places: Vec<_> = (0..3)
        .map(|_| {
            let ask = account.new_ask(ONE);
            account.waits(&[ask]).until - account.now
        })
        .collect();
    assert_eq!(places, [80_000, 160_000, 240_000]);
}

#[test]
fn how_long_answers_take_is_a_mean_that_forgets_an_eighth_with_each() {
    let mut account = Account::unknown();
    let left = account.send_all();
    account
        .at(START + 400_000)
        .observed(&left[0], &<_>::default());
    account
        .at(START + 1_200_000)
        .observed(&left[1], &<_>::default());
    account.send_all();
    // 0.5 s = (7 * 0.4 + 1.2) / 8; six are under way.
    assert_eq!(account.wait(ONE).until - account.now, 500_000 / 6);
}

#[test]
fn nobody_looks_away_for_long_however_many_are_before_him_or_looks_all_the_time() {
    let mut account = Account::unknown();
    assert_eq!(account.send_all().len(), 4);
    let waits: Vec<_> = (0..200)
        .map(|_| {
            let ask = account.new_ask(ONE);
            account.waits(&[ask])
        })
        .collect();
    for wait in &waits {
        assert_eq!(wait.why, Waiting::Room);
        assert!(wait.until <= START + SECOND / 2, "{wait:?}");
    }
    assert_eq!(
        waits[0].until,
        START + 20_000,
        "nothing is known of answers"
    );
}
