//! The rate of a limit nobody told us, found from its refusals.

use tidegate_core::quota::{Answer, Lease, QuotaState, Waiting};

use super::account::{Account, MINUTE, ONE, SECOND, START};

const TENTH: u64 = SECOND / 10;

#[track_caller]
fn paced(account: &Account, per_second: f64) {
    let pace = account.standing().pace.expect("a rate was found");
    let off = (pace / per_second - 1.0).abs();
    assert!(off < 1e-6, "{pace} a second, not {per_second}");
}

/// So many leave and are let in, this far apart, from now on; the one after them is refused with its answer.
fn refused_after(account: &mut Account, count: u64, apart: u64, hint: u64) -> Lease {
    let from = account.now;
    for number in 0..count {
        let lease = account.at(from + number * apart).send(ONE);
        account.done(&lease);
    }
    let lease = account.at(from + count * apart).send(ONE);
    account.refused(&lease, Some(hint));
    lease
}

/// The one sent ahead leaves when the barrier falls, and is let in.
fn opened(account: &mut Account) {
    if let Some(falls) = account.standing().barrier {
        account.at(falls);
    }
    let probe = account.send(ONE);
    account.done(&probe);
}

/// Ten a second were let in, then one was refused, and the way is open again.
fn ten_a_second() -> Account {
    let mut account = Account::unknown();
    refused_after(&mut account, 10, TENTH, 0);
    opened(&mut account);
    account
}

#[test]
fn the_first_measure_is_used_to_seven_tenths_reached_after_five_seconds_and_looked_beyond() {
    let mut account = ten_a_second();
    let since = account.now;
    for (after, per_second) in [
        (0, 7.0),
        (2_500_000, 10.0 - 3.0 / 8.0),
        (5_000_000, 10.0),
        (7_500_000, 10.0 + 3.0 / 8.0),
        (10_000_000, 13.0),
        (35_000_000, 10.0 + 3.0 * 216.0),
        (60_000_000, 10.0 + 3.0 * 216.0),
    ] {
        account.at(since + after);
        paced(&account, per_second);
    }
}

#[test]
fn attempts_leave_one_gap_apart() {
    let mut account = ten_a_second();
    let wait = account.wait(ONE);
    assert_eq!((wait.why, wait.gap), (Waiting::Pace, Some(142_857)));
    account.at(wait.until).send(ONE);
    let gap = account.wait(ONE).gap.unwrap();
    assert_eq!(account.wait(ONE).until, wait.until + gap);
}

#[test]
fn a_timers_lateness_is_made_up_for_but_no_more() {
    for (late, made_up) in [(0, 0), (15_000, 15_000), (20_000, 20_000), (30_000, 20_000)] {
        let mut account = ten_a_second();
        let due = account.wait(ONE).until;
        account.at(due + late).send(ONE);
        let wait = account.wait(ONE);
        assert_eq!(wait.until, due + late + wait.gap.unwrap() - made_up);
    }
}

#[test]
fn the_first_measure_is_one_a_minute_at_least() {
    // One an hour would be too slow to find out more.
    let mut account = Account::unknown();
    refused_after(&mut account, 1, 60 * MINUTE, 0);
    paced(&account, 0.7 / 60.0);
}

#[test]
fn those_who_left_at_once_were_let_in_within_a_hundredth_of_a_second() {
    let mut account = Account::unknown();
    refused_after(&mut account, 3, 1, 0);
    paced(&account, 0.7 * 300.0);
}

#[test]
fn nothing_that_was_let_in_counts_as_one() {
    let mut account = Account::unknown();
    let first = account.send(ONE);
    account.at(START + SECOND).refused(&first, Some(0));
    paced(&account, 0.7 * 100.0);
}

/// Attempts leave as the pace allows, for so long. The next one is refused, and the way opens again.
fn cut_after(account: &mut Account, time: u64) {
    let end = account.now + time;
    loop {
        let ask = account.new_ask(ONE);
        if let Answer::Wait { until, .. } = account.ask(&[ask]) {
            account.at(until);
        }
        let (_, lease) = account.sent(&[ask]);
        assert!(lease.serial < 10_000, "nobody is kept");
        if account.now >= end {
            account.refused(&lease, Some(0));
            break;
        }
        account.done(&lease);
    }
    opened(account);
}

/// Whether the measured rate is reached after so long, from 0.93 of it.
fn has_patience(account: &mut Account, patience: u64) -> bool {
    let since = account.now;
    let mut pace = |at| account.at(at).standing().pace.unwrap();
    let dip = pace(since) / pace(since + patience);
    account.at(since);
    (dip - 0.93).abs() < 1e-6
}

#[test]
fn each_measure_that_confirms_the_last_one_doubles_the_patience_up_to_eighty_seconds() {
    let mut account = ten_a_second();
    let mut patience = 5 * SECOND;
    for next in [10, 20, 40, 80, 80] {
        // As much under the rate as over it.
        cut_after(&mut account, 2 * patience);
        patience = next * SECOND;
        assert!(has_patience(&mut account, patience), "{next}");
    }
}

#[test]
fn a_measure_a_tenth_off_confirms_nothing() {
    for (time, patience) in [(2_500_000, 5), (5_000_000, 10), (15_000_000, 5)] {
        let mut account = ten_a_second();
        cut_after(&mut account, time);
        assert!(has_patience(&mut account, patience * SECOND), "{time}");
    }
}

#[test]
fn a_cut_takes_four_fifths_away_at_most() {
    let mut account = ten_a_second();
    account.at(account.now + 5 * SECOND);
    let lease = account.send(ONE);
    account.refused(&lease, Some(0));
    paced(&account, 2.0 * 0.93);
}

/// From now on ten leave in three seconds. The last is refused.
fn ten_in_three_seconds(account: &mut Account) {
    account.at(account.now + 300_000);
    refused_after(account, 9, 300_000, 0);
}

#[test]
fn of_the_time_behind_a_barrier_two_seconds_count_as_time_in_which_the_limit_regained() {
    for (hint, counted) in [(0, 0.0), (1, 1.0), (2, 2.0), (10, 2.0)] {
        let mut account = Account::unknown();
        refused_after(&mut account, 10, TENTH, hint * SECOND);
        opened(&mut account);
        ten_in_three_seconds(&mut account);
        paced(&account, 10.0 / (3.0 + counted) * 0.93);
    }
}

#[test]
fn time_behind_earlier_barriers_is_no_part_of_a_measure_that_begins_with_the_last_one() {
    let mut account = Account::unknown();
    refused_after(&mut account, 10, TENTH, 20 * SECOND);
    let falls = account.standing().barrier.unwrap();
    let probe = account.at(falls).send(ONE);
    account.refused(&probe, Some(20 * SECOND));
    opened(&mut account);
    ten_in_three_seconds(&mut account);
    paced(&account, 10.0 / (3.0 + 2.0) * 0.93);
}

#[test]
fn after_a_reset_a_measure_begins_with_the_next_that_leaves() {
    let mut account = Account::unknown();
    let lease = account.send(ONE);
    account.done(&lease);
    account.state.reset();
    account.at(START + MINUTE);
    refused_after(&mut account, 10, TENTH, 0);
    paced(&account, 0.7 * 10.0);
}

#[test]
fn a_measure_begins_with_the_last_of_those_that_were_refused_together() {
    let mut account = Account::unknown();
    for number in 0..10 {
        let lease = account.at(START + number * TENTH).send(ONE);
        account.done(&lease);
    }
    let mut together = Vec::new();
    for number in 10..13 {
        together.push(account.at(START + number * TENTH).send(ONE));
    }
    account.at(account.now + TENTH);
    for lease in [together[0], together[2], together[1]] {
        account.refused(&lease, Some(0));
    }
    paced(&account, 0.7 * 10.0);
    opened(&mut account);
    ten_in_three_seconds(&mut account);
    paced(&account, 10.0 / 3.1 * 0.93);
}

#[test]
fn a_rate_that_is_written_and_read_again_is_the_same_to_the_last_bit() {
    let mut account = Account::unknown();
    refused_after(&mut account, 7, TENTH / 3, 0);
    let text = serde_json::to_string(&account.state).unwrap();
    let read: QuotaState = serde_json::from_str(&text).unwrap();
    assert_eq!(read, account.state);
}

#[test]
fn after_ten_minutes_without_an_attempt_what_was_found_is_forgotten() {
    for (idle, is_known) in [(10 * MINUTE, true), (10 * MINUTE + 1, false)] {
        let mut account = ten_a_second();
        account.at(account.now + idle).send(ONE);
        assert_eq!(account.standing().pace.is_some(), is_known, "{idle}");
    }
}
