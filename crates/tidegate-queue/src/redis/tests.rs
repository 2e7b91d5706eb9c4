//! The arithmetic in Lua against the one in Rust, the whole state after every step.
#[expect(dead_code, reason = "these tests start a server, others do more to it")]
#[path = "../../tests/conformance/server.rs"]
mod server;
mod story;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;
use tidegate_core::quota::{Dimension, Limit, Observed, Priority, QuotaState, Refusal};
use tidegate_core::{Cost, ObservedLimits};

use self::story::{Story, providers};
use super::*;
use crate::memory::Limited;

/// A store on a server and the arithmetic in Rust, asked the same by the same clock.
struct Pair {
    store: RedisStore,
    limited: Limited,
    now: Arc<AtomicU64>,
    limits: Limits,
    key: LimitKey,
}

impl Pair {
    fn new(server: &server::Server, name: String, limits: Limits) -> Self {
        let now = Arc::new(AtomicU64::new(100_000_000));
        let clock = Arc::clone(&now);
        let options = RedisOptions {
            ttl: Duration::from_secs(1_000_000),
            ..server.options()
        };
        let clock = move || Timestamp::from_micros(clock.load(Ordering::SeqCst));
        Self {
            store: RedisStore::connect_by(&options, clock).unwrap(),
            limited: Limited::default(),
            now,
            limits,
            key: LimitKey::new(name),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    async fn ask(&mut self, asks: &[Ask]) -> Turn {
        let now = self.now();
        let theirs = self.store.ask(&self.key, asks, &self.limits, now).await;
        let ours = self.limited.ask(asks, &self.limits, now);
        assert_eq!(theirs.unwrap(), ours);
        ours
    }

    async fn report(&mut self, op: u64, report: Report) {
        let (op, now) = (OpId(op), self.now());
        let told = self.store.report(&self.key, op, report, &self.limits, now);
        told.await.unwrap();
        self.limited.report(op, report, &self.limits, now);
    }

    /// The state there; begun anew where nothing was asked yet.
    async fn state(&self) -> QuotaState {
        let Ok(rows) = self.store.orders.rows().await else {
            panic!("it tells its state")
        };
        let row = rows.into_iter().find(|row| row.key == self.key.as_str());
        row.map(|row| row.state).unwrap_or_default()
    }
}

fn settings() -> Vec<Limits> {
    let second = Duration::from_secs(1);
    let requests = |limit| Limits::UNKNOWN.with(Dimension::Requests, limit);
    let tokens = Limit::tokens_per_minute(60_000);
    vec![
        Limits::UNKNOWN,
        Limits {
            max_concurrency: Some(5),
            ..Limits::UNKNOWN
        },
        Limits {
            share: 337,
            ..Limits::UNKNOWN
        },
        requests(Limit::bucket(60, 60 * second, 10)).with(Dimension::Tokens, tokens),
        requests(Limit::window(12, 3 * second))
            .with(Dimension::InputTokens, Limit::window(9_000, 10 * second)),
        Limits {
            share: 713,
            ..requests(Limit::bucket(70, 7 * second, 5))
                .with(Dimension::OutputTokens, Limit::window(3_001, 5 * second))
        },
    ]
}

#[tokio::test]
async fn the_state_is_the_same_after_every_step() {
    let server = server::Server::start();
    for (number, limits) in (0..).zip(settings()) {
        for (other, provider) in (0..).zip(providers()) {
            let seed = number * 100 + other;
            let mut story = Story::new(seed, provider);
            let mut pair = Pair::new(&server, format!("{seed}"), limits);
            for step in 0..450 {
                if step == 400 {
                    assert!(pair.store.reset(&pair.key).await.unwrap());
                    pair.limited.reset();
                }
                story.step(&mut pair).await;
                let at = format!("{limits:?}, {provider:?}, step {step}");
                assert_eq!(pair.state().await, *pair.limited.state(), "{at}");
            }
        }
    }
}

fn attempt(op: u64, tokens: u64) -> Ask {
    Ask {
        op: OpId(op),
        cost: Cost {
            requests: 1,
            input_tokens: tokens,
            output_tokens: 0,
        },
        priority: Priority::Interactive,
        seq: None,
        within: None,
    }
}

#[tokio::test]
async fn a_pace_is_measured_alike_again_and_again() {
    let server = server::Server::start();
    let mut pair = Pair::new(&server, "k".to_owned(), Limits::UNKNOWN);
    let (mut dice, mut full_at, mut refused) = (Rng::with_seed(1), 0, 0);
    for op in 0..1500 {
        while let Turn::Wait { after, .. } = pair.ask(&[attempt(op, 0)]).await {
            let after = u64::try_from(after.as_micros()).unwrap();
            pair.now.fetch_add(after, Ordering::SeqCst);
        }
        // A bucket of five, ten a second.
        let now = pair.now().as_micros();
        if full_at.max(now) + 100_000 > now + 500_000 {
            refused += 1;
            let refusal = Refusal::RateLimited { after: None };
            pair.report(op, Report::Refused(refusal)).await;
        } else {
            full_at = full_at.max(now) + dice.u64(100_000..120_000);
            pair.report(op, Report::Accepted(ObservedLimits::default()))
                .await;
            pair.report(op, Report::Ended).await;
        }
        assert_eq!(pair.state().await, *pair.limited.state(), "attempt {op}");
    }
    assert!(refused > 5, "{refused}");
}

#[tokio::test]
async fn a_big_one_is_gone_by_as_often() {
    let server = server::Server::start();
    let limits = Limits::UNKNOWN.with(Dimension::Tokens, Limit::tokens_per_minute(60_000));
    let mut pair = Pair::new(&server, "k".to_owned(), limits);
    assert!(matches!(
        pair.ask(&[attempt(1, 9_000)]).await,
        Turn::Go { .. }
    ));
    let big = attempt(2, 10_000);
    let mut passed = 0;
    for op in 3..60 {
        if let Turn::Go { index: 1, .. } = pair.ask(&[big, attempt(op, 20)]).await {
            passed += 1;
        }
        pair.now.fetch_add(1_000, Ordering::SeqCst);
        assert_eq!(pair.state().await, *pair.limited.state(), "attempt {op}");
    }
    assert_eq!(passed, 32);
}

#[tokio::test]
async fn a_place_lapses_at_the_same_moment() {
    let server = server::Server::start();
    let limits = Limits::UNKNOWN.with(Dimension::Requests, Limit::per_minute(60));
    for late in [1_999_999, 2_000_000, 2_000_001] {
        let mut pair = Pair::new(&server, format!("{late}"), limits);
        pair.ask(&[attempt(1, 0)]).await;
        let Turn::Wait { after, .. } = pair.ask(&[attempt(2, 0)]).await else {
            panic!("it waits")
        };
        let after = u64::try_from(after.as_micros()).unwrap();
        pair.now.fetch_add(after + late, Ordering::SeqCst);
        pair.ask(&[attempt(3, 0)]).await;
        assert_eq!(pair.state().await, *pair.limited.state(), "{late}");
    }
}

#[tokio::test]
async fn the_length_of_a_window_is_learned_alike() {
    let server = server::Server::start();
    let tenths = [
        9, 20, 21, 100, 110, 120, 500, 600, 610, 620, 36_010, 900_000, 2_000_000,
    ];
    for (first, then) in tenths
        .iter()
        .flat_map(|first| tenths.map(|then| (*first, then)))
    {
        let mut pair = Pair::new(&server, format!("{first} {then}"), Limits::UNKNOWN);
        pair.ask(&[attempt(1, 0)]).await;
        for (used, reset) in [(1, first), (60, first), (61, then), (90, then)] {
            let requests = Some(Observed {
                limit: 100,
                remaining: 100 - used,
                reset: Some(Duration::from_millis(reset * 100)),
            });
            let told = ObservedLimits {
                requests,
                ..ObservedLimits::default()
            };
            pair.report(1, Report::Accepted(told)).await;
            let (theirs, ours) = (pair.state().await, pair.limited.state());
            assert_eq!(theirs, *ours, "{first}, {then}: {used}");
        }
    }
}
