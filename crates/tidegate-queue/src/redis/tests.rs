//! The arithmetic in Lua against the one in Rust, the whole state after every step.
#[expect(dead_code, reason = "these tests start a server, others do more to it")]
#[path = "../../tests/conformance/server.rs"]
mod server;

use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;
use tidegate_core::quota::{Dimension, Limit, Observed, Priority, QuotaState, Refusal};
use tidegate_core::{Cost, ObservedLimits};

use super::*;
use crate::memory::Limited;

const MINUTE: u64 = 60_000_000;

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
        let Ok(Done::Rows(rows)) = self.store.order(What::Status).await else {
            panic!("it tells its state")
        };
        let row = rows.into_iter().find(|row| row.key == self.key.as_str());
        row.map(|row| row.state).unwrap_or_default()
    }
}

/// How a provider meters, and what it tells of it.
#[derive(Debug, Clone, Copy)]
enum Provider {
    Silent,
    Bucket { units: u64, per: u64 },
    Window { units: u64, per: u64 },
    Liar,
}

/// What has happened so far.
struct Story {
    dice: Rng,
    provider: Provider,
    rounds: bool,
    waiting: Vec<Ask>,
    under_way: Vec<u64>,
    last: u64,
    used: u64,
    used_at: u64,
}

impl Story {
    fn new(seed: u64, provider: Provider) -> Self {
        let mut dice = Rng::with_seed(seed);
        Self {
            rounds: dice.bool(),
            dice,
            provider,
            waiting: Vec::new(),
            under_way: Vec::new(),
            last: 0,
            used: 0,
            used_at: 0,
        }
    }

    async fn step(&mut self, pair: &mut Pair) {
        match self.dice.u8(0..20) {
            0..=8 => self.ask(pair).await,
            9 => {
                let op = self.dice.u64(1..=self.last + 1);
                let report = self.report(pair.now().as_micros());
                pair.report(op, report).await;
                self.under_way.retain(|it| *it != op || !report.ends());
            }
            _ if self.under_way.is_empty() => {}
            _ => {
                let index = self.dice.usize(0..self.under_way.len());
                let report = self.report(pair.now().as_micros());
                pair.report(self.under_way[index], report).await;
                if report.ends() {
                    self.under_way.swap_remove(index);
                }
            }
        }
        let time = match self.dice.u16(0..300) {
            0 => 700_000_000,
            1..=8 => self.dice.u64(0..40_000_000),
            9..=60 => self.dice.u64(0..3000) * 1000,
            61..=160 => 0,
            _ => self.dice.u64(0..300_000),
        };
        pair.now.fetch_add(time, Ordering::SeqCst);
    }

    /// Mostly somebody who waits asks again, with those behind him.
    async fn ask(&mut self, pair: &mut Pair) {
        while self.waiting.len() < 3 || (self.waiting.len() < 60 && self.dice.u8(0..4) == 0) {
            let ask = self.newcomer();
            self.waiting.push(ask);
        }
        let first = self.dice.usize(0..self.waiting.len());
        let asks: Vec<Ask> = self.waiting[first..].iter().take(4).copied().collect();
        match pair.ask(&asks).await {
            Turn::Go { index, .. } => {
                let gone = self.waiting.remove(first + index);
                self.under_way.push(gone.op.0);
            }
            Turn::Refused { after: None } => drop(self.waiting.remove(first)),
            _ if self.dice.u8(0..6) == 0 => {
                let op = self.waiting.remove(first).op;
                pair.report(op.0, Report::Left).await;
            }
            _ => {}
        }
    }

    fn newcomer(&mut self) -> Ask {
        self.last += 1;
        let dice = &mut self.dice;
        let is_big = dice.u8(0..4) == 0;
        Ask {
            op: OpId(self.last),
            cost: Cost {
                requests: 1,
                input_tokens: dice.u64(0..if is_big { 12_000 } else { 300 }),
                output_tokens: dice.u64(0..300),
            },
            priority: if dice.u8(0..5) == 0 {
                Priority::Batch
            } else {
                Priority::Interactive
            },
            seq: (dice.u8(0..8) == 0).then(|| dice.u64(1..=self.last)),
            within: (dice.u8(0..5) == 0).then(|| Duration::from_micros(dice.u64(0..5_000_000))),
        }
    }

    fn report(&mut self, now: u64) -> Report {
        let hint = (self.dice.bool()).then(|| self.dice.u64(1..3_000_000));
        match self.dice.u8(0..24) {
            0..=9 => Report::Accepted(self.headers(now)),
            10..=13 => Report::Settled(Cost {
                requests: 1,
                input_tokens: self.dice.u64(0..9000),
                output_tokens: self.dice.u64(0..900),
            }),
            14..=16 => Report::Ended,
            17..=19 => Report::Refused(Refusal::RateLimited { after: hint }),
            20 => Report::Refused(Refusal::Overloaded { after: hint }),
            21 => Report::Refused(Refusal::Exhausted {
                after: self.dice.u64(0..3_000_000),
            }),
            22 => Report::Unsent,
            _ => Report::Left,
        }
    }

    fn headers(&mut self, now: u64) -> ObservedLimits {
        let more = self.dice.u64(0..6);
        let (limit, used, reset) = match self.provider {
            Provider::Silent => return ObservedLimits::default(),
            Provider::Bucket { units, per } => {
                let back = (now - self.used_at) * units / per;
                self.used = (self.used.saturating_sub(back) + more).min(units);
                self.used_at = now;
                (units, self.used, self.used * per / units)
            }
            Provider::Window { units, per } => {
                if now / per != self.used_at / per {
                    self.used = 0;
                }
                self.used = (self.used + more).min(units);
                self.used_at = now;
                (units, self.used, per - now % per)
            }
            Provider::Liar => {
                let limit = [0, 60, 60, 14_400, 200_000][self.dice.usize(0..5)];
                let used = self.dice.u64(0..=limit);
                (limit, used, self.dice.u64(0..100_000_000))
            }
        };
        let reset = if self.rounds {
            reset.div_ceil(1_000_000) * 1_000_000
        } else {
            reset
        };
        let observed = Observed {
            limit,
            remaining: limit - used,
            reset: (self.dice.u8(0..12) > 0).then(|| Duration::from_micros(reset)),
        };
        let mut told = ObservedLimits {
            requests: Some(observed),
            ..ObservedLimits::default()
        };
        if self.dice.u8(0..6) == 0 {
            told.tokens = told.requests.take();
        }
        told
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
        requests(Limit::per_minute(600)).with(Dimension::Tokens, tokens),
        requests(Limit::window(7, 3 * second))
            .with(Dimension::InputTokens, Limit::window(9_000, 10 * second)),
        Limits {
            share: 713,
            ..requests(Limit::bucket(70, 7 * second, 5))
                .with(Dimension::OutputTokens, Limit::window(3_001, 5 * second))
        },
    ]
}

fn providers() -> [Provider; 8] {
    [
        Provider::Silent,
        Provider::Bucket {
            units: 60,
            per: MINUTE,
        },
        Provider::Bucket {
            units: 37,
            per: 11_000_000,
        },
        Provider::Window {
            units: 60,
            per: MINUTE,
        },
        Provider::Window {
            units: 50,
            per: 10_000_000,
        },
        Provider::Window {
            units: 12,
            per: 1_000_000,
        },
        Provider::Window {
            units: 4_000,
            per: 24 * 60 * MINUTE,
        },
        Provider::Liar,
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
