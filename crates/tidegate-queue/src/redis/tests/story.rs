//! What may happen to a limit, by chance.

use super::*;

const MINUTE: u64 = 60_000_000;

/// How a provider meters, and what it tells of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Provider {
    Silent,
    Bucket { units: u64, per: u64 },
    Window { units: u64, per: u64 },
    Liar,
}

/// What has happened so far.
pub(super) struct Story {
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
    pub(super) fn new(seed: u64, provider: Provider) -> Self {
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

    pub(super) async fn step(&mut self, pair: &mut Pair) {
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
            seq: (dice.u8(0..8) == 0).then(|| dice.u64(1..=self.last + 2)),
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

const fn window(units: u64, per: u64) -> Provider {
    Provider::Window { units, per }
}

const fn bucket(units: u64, per: u64) -> Provider {
    Provider::Bucket { units, per }
}

pub(super) fn providers() -> [Provider; 8] {
    [
        Provider::Silent,
        bucket(60, MINUTE),
        bucket(37, 11_000_000),
        window(60, MINUTE),
        window(50, 10_000_000),
        window(12, 1_000_000),
        window(4_000, 24 * 60 * MINUTE),
        Provider::Liar,
    ]
}
