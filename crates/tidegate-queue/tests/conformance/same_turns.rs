//! Every store says what the store in memory says, whatever comes.
#![cfg(any(feature = "sqlite", feature = "redis"))]

use std::time::Duration;

use fastrand::Rng;
use tidegate_core::quota::{Dimension, Limit, Limits, Observed, Priority, Refusal};
use tidegate_core::{Cost, ObservedLimits};
use tidegate_queue::{Ask, Report};

use crate::desk::{Desk, a_second_each, sized};

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_store_in_a_file_says_what_the_store_in_memory_says() {
    compare(Desk::sqlite).await;
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn a_store_on_a_server_says_what_the_store_in_memory_says() {
    compare(Desk::redis).await;
}

async fn compare(open: fn(Limits) -> Desk) {
    for (seed, limits) in (1..).zip(settings()) {
        for hints in [false, true] {
            let mut dice = Rng::with_seed(seed);
            let (one, other) = (Desk::memory(limits), open(limits));
            for step in 0..600 {
                let at = format!("seed {seed}, hints {hints}, step {step}");
                let op = dice.u64(1..20) + step / 40 * 20;
                if dice.bool() {
                    let asks: Vec<_> = (0..dice.u64(1..4))
                        .map(|more| question(&mut dice, op + more * 7))
                        .collect();
                    assert_eq!(one.ask(&asks).await, other.ask(&asks).await, "{at}");
                } else {
                    let report = report(&mut dice, hints);
                    one.report(op, report).await;
                    other.report(op, report).await;
                }
                if step % 10 == 0 {
                    assert_eq!(one.standing().await, other.standing().await, "{at}");
                }
                let passed = Duration::from_micros(dice.u64(0..400_000));
                one.hand.pass(passed);
                other.hand.pass(passed);
            }
        }
    }
}

fn settings() -> Vec<Limits> {
    let tokens = Limits::UNKNOWN.with(Dimension::Tokens, Limit::tokens_per_minute(60_000));
    let window = Limits::UNKNOWN
        .with(
            Dimension::Requests,
            Limit::window(7, Duration::from_secs(3)),
        )
        .with(
            Dimension::OutputTokens,
            Limit::window(9_000, Duration::from_secs(10)),
        );
    let three = Limits {
        max_concurrency: Some(3),
        ..Limits::UNKNOWN
    };
    let part = |limits: Limits| Limits {
        share: 337,
        ..limits
    };
    vec![
        Limits::UNKNOWN,
        a_second_each(),
        tokens,
        window,
        three,
        part(Limits::UNKNOWN),
        part(window),
        part(tokens),
    ]
}

fn question(dice: &mut Rng, op: u64) -> Ask {
    let mut ask = sized(op, dice.u64(0..9000));
    ask.cost.output_tokens = dice.u64(0..500);
    if dice.u8(0..5) == 0 {
        ask.priority = Priority::Batch;
    }
    if dice.u8(0..5) == 0 {
        ask.within = Some(Duration::from_micros(dice.u64(0..2_000_000)));
    }
    if dice.u8(0..6) == 0 {
        ask.seq = Some(dice.u64(1..60));
    }
    ask
}

fn report(dice: &mut Rng, hints: bool) -> Report {
    let hint = dice
        .bool()
        .then(|| Duration::from_millis(dice.u64(1..3000)));
    match dice.u8(0..25) {
        0..=5 if hints => Report::Accepted(told(dice)),
        0..=5 => Report::Accepted(ObservedLimits::default()),
        6..=8 => Report::Settled(Cost {
            requests: 1,
            input_tokens: dice.u64(0..9000),
            output_tokens: dice.u64(0..900),
        }),
        9..=11 => Report::Ended,
        12..=14 => Report::Refused(Refusal::limited(hint)),
        15..=17 => Report::Refused(Refusal::Overloaded {
            after: hint.map(|_| dice.u64(0..900_000)),
        }),
        18..=20 => Report::Unsent,
        21 => Report::Refused(Refusal::Exhausted {
            after: dice.u64(0..3_000_000),
        }),
        _ => Report::Left,
    }
}

/// What headers say: often sense, sometimes none.
fn told(dice: &mut Rng) -> ObservedLimits {
    let mut one = |limits: &[u64]| {
        let limit = limits[dice.usize(0..limits.len())];
        let reset = match dice.u8(0..4) {
            0 => None,
            1 => Some(Duration::from_secs(dice.u64(0..80))),
            _ => Some(Duration::from_micros(dice.u64(0..90_000_000))),
        };
        dice.bool().then_some(Observed {
            limit,
            remaining: dice.u64(0..=limit + limit / 9),
            reset,
        })
    };
    ObservedLimits {
        requests: one(&[0, 60, 60, 60, 14_400]),
        tokens: one(&[90_000, 90_000, 40_000_000_000]),
        input_tokens: one(&[30_000]),
        output_tokens: None,
    }
}
