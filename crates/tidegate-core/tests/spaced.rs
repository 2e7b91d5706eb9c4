//! The arithmetic of `spaced` pacing.

use std::time::Duration;

use proptest::prelude::*;
use tidegate_core::Timestamp;
use tidegate_core::quota::{Departure, OpId, SpacedState};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

#[test]
fn slots_stand_one_spacing_apart_in_the_order_they_were_taken() {
    let mut state = SpacedState::default();
    let slots: Vec<_> = (0..5)
        .map(|n| state.reserve(OpId(n), at(n), at(50 + n), ms(50)))
        .collect();
    assert_eq!(slots, [at(50), at(100), at(150), at(200), at(250)]);
}

#[test]
fn a_late_departure_pushes_the_next_one_back() {
    let mut state = SpacedState::default();
    state.reserve(OpId(1), at(0), at(50), ms(50));
    state.reserve(OpId(2), at(0), at(50), ms(50));
    assert_eq!(state.depart(OpId(1), at(99)), Departure::Go);
    assert_eq!(
        state.depart(OpId(2), at(148)),
        Departure::Wait { until: at(149) }
    );
    assert_eq!(state.depart(OpId(2), at(149)), Departure::Go);
}

#[test]
fn what_leaves_later_than_it_was_let_go_pushes_the_next_one_back() {
    let mut state = SpacedState::default();
    state.reserve(OpId(1), at(0), at(50), ms(50));
    assert_eq!(state.depart(OpId(1), at(50)), Departure::Go);
    state.left(at(80));
    assert_eq!(state.reserve(OpId(2), at(80), at(60), ms(50)), at(130));
}

#[test]
fn a_slot_nobody_waits_for_lapses() {
    let mut state = SpacedState::default();
    state.reserve(OpId(1), at(0), at(10_000), ms(50));
    state.release(OpId(1));
    assert_eq!(state.reserve(OpId(2), at(10), at(60), ms(50)), at(60));
}

#[test]
fn a_departure_in_the_past_does_not_delay_a_later_backoff() {
    let mut state = SpacedState::default();
    state.reserve(OpId(1), at(0), at(100), ms(100));
    state.depart(OpId(1), at(100));
    assert_eq!(
        state.reserve(OpId(2), at(110), at(310), ms(200)),
        at(310),
        "exactly its own backoff"
    );
}

#[test]
fn a_first_attempt_leaves_at_once_and_moves_nothing() {
    let mut state = SpacedState::default();
    state.reserve(OpId(1), at(0), at(500), ms(50));
    assert_eq!(state.depart(OpId(9), at(3)), Departure::Go);
    assert_eq!(state.reserve(OpId(2), at(3), at(0), ms(50)), at(550));
}

#[test]
fn a_clock_that_was_set_back_delays_nobody() {
    let mut state = SpacedState::default();
    state.reserve(OpId(1), at(900_000), at(900_000), ms(50));
    state.depart(OpId(1), at(900_000));
    assert_eq!(state.reserve(OpId(2), at(10), at(60), ms(50)), at(60));
    assert_eq!(state.depart(OpId(2), at(60)), Departure::Go);
}

proptest! {
    #[test]
    fn departures_are_never_closer_than_the_spacing(
        tickets in prop::collection::vec((0u64..200, 1u64..100, 0u64..80), 1..30)
    ) {
        let mut state = SpacedState::default();
        let (mut now, mut last) = (at(0), None::<Timestamp>);
        for (op, (backoff, spacing, late)) in tickets.into_iter().enumerate() {
            let op = OpId(op as u64);
            let not_before = now.saturating_add(ms(backoff));
            let mut slot = state.reserve(op, now, not_before, ms(spacing));
            loop {
                now = now.max(slot).saturating_add(ms(late));
                match state.depart(op, now) {
                    Departure::Go => break,
                    Departure::Wait { until } => slot = until,
                }
            }
            prop_assert!(now >= not_before);
            prop_assert!(last.is_none_or(|last| now >= last.saturating_add(ms(spacing))));
            last = Some(now);
        }
    }
}
