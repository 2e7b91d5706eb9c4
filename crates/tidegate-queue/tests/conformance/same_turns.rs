//! A store in a file says what the store in memory says, whatever comes.
#![cfg(feature = "sqlite")]

use std::time::Duration;

use tidegate_core::quota::{Dimension, Limit, Limits, Refusal};
use tidegate_core::{Cost, ObservedLimits};
use tidegate_queue::Report;

use crate::desk::{Desk, a_second_each, sized};

#[tokio::test]
async fn random_sequences_get_the_same_turns() {
    let tokens = Limits::UNKNOWN.with(Dimension::Tokens, Limit::tokens_per_minute(60_000));
    for (seed, limits) in (1..).zip([Limits::UNKNOWN, a_second_each(), tokens]) {
        let mut dice = fastrand::Rng::with_seed(seed);
        let (one, other) = (Desk::memory(limits), Desk::sqlite(limits));
        for step in 0..600 {
            let op = dice.u64(1..20) + step / 40 * 20;
            if dice.bool() {
                let asks: Vec<_> = (0..dice.u64(1..4))
                    .map(|more| sized(op + more * 7, dice.u64(0..9000)))
                    .collect();
                assert_eq!(
                    one.ask(&asks).await,
                    other.ask(&asks).await,
                    "seed {seed}, step {step}"
                );
            } else {
                let report = report(&mut dice);
                one.report(op, report).await;
                other.report(op, report).await;
            }
            let passed = Duration::from_millis(dice.u64(0..400));
            one.hand.pass(passed);
            other.hand.pass(passed);
        }
        assert_eq!(one.in_flight().await, other.in_flight().await);
        assert_eq!(one.epoch().await, other.epoch().await);
    }
}

fn report(dice: &mut fastrand::Rng) -> Report {
    let hint = dice
        .bool()
        .then(|| Duration::from_millis(dice.u64(1..3000)));
    match dice.u8(0..8) {
        0 | 1 => Report::Accepted(ObservedLimits::default()),
        2 => Report::Settled(Cost {
            requests: 1,
            input_tokens: dice.u64(0..9000),
            output_tokens: 0,
        }),
        3 => Report::Ended,
        4 => Report::Refused(Refusal::limited(hint)),
        5 => Report::Refused(Refusal::Overloaded { after: None }),
        6 => Report::Unsent,
        _ => Report::Left,
    }
}
