//! What is played: a provider's limits, the runs that come to it, and what Tidegate is told beforehand.

use std::time::Duration;

use tidegate_simulator::{
    Charging, Cost, Form, Hint, Limit, Limiter, Metered, Service, Settings, Verdict, Wait,
};

/// Time from a request's arrival to its refusal, and on top of every answer's own time.
const LATENCY: Duration = Duration::from_millis(150);
const MINUTE: Duration = Duration::from_secs(60);
/// Runs of a case, all there from the start.
pub(crate) const RUNS: usize = 500;
/// Tokens that an answer may have, and has.
pub(crate) const MAX_TOKENS: u32 = 100;

/// One row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) provider: Limited,
    /// What the endpoint's configuration says of the limits.
    pub(crate) configured: &'static str,
}

/// A provider with limits, and the runs that come to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limited {
    pub(crate) limits: Vec<Limit>,
    pub(crate) rejects_cost: bool,
    pub(crate) hint: Hint,
    pub(crate) tells: bool,
    pub(crate) charging: Charging,
    pub(crate) runs: usize,
    /// The median time of an answer, in milliseconds.
    pub(crate) median: u64,
    /// A quarter of the prompts is twenty times as long as the others.
    pub(crate) mixed: bool,
}

impl Limited {
    fn by(limit: Limit) -> Self {
        Self {
            limits: vec![limit],
            rejects_cost: false,
            hint: Hint::Seconds,
            tells: false,
            charging: Charging::Corrected,
            runs: RUNS,
            median: 2_000,
            mixed: false,
        }
    }

    fn bare(self) -> Self {
        Self {
            hint: Hint::None,
            ..self
        }
    }

    fn costly(self) -> Self {
        Self {
            rejects_cost: true,
            ..self
        }
    }

    fn telling(self) -> Self {
        Self {
            tells: true,
            ..self
        }
    }

    fn drawn(&self) -> String {
        format!("lognormal:{}ms:0.5", self.median)
    }

    fn service(&self) -> Service {
        self.drawn().parse().unwrap()
    }

    /// The simulator that is this provider; its times are drawn from `seed`.
    pub(crate) fn settings(&self, seed: u64) -> Settings {
        Settings {
            limits: self.limits.clone(),
            rejects_cost: self.rejects_cost,
            charging: self.charging,
            hint: self.hint,
            ratelimit_headers: self.tells,
            latency: LATENCY,
            service: self.service(),
            seed,
            tokens: Some(MAX_TOKENS),
            ..Settings::default()
        }
    }

    /// The same, as the simulator's flags.
    pub(crate) fn flags(&self, seed: u64) -> Vec<String> {
        let limits = self
            .limits
            .iter()
            .flat_map(|limit| ["--limit".into(), limit.to_string()]);
        let others = [
            (
                "--hint",
                if self.hint == Hint::None {
                    "none"
                } else {
                    "seconds"
                }
                .to_owned(),
            ),
            (
                "--headers",
                if self.tells { "native" } else { "none" }.to_owned(),
            ),
            ("--latency", format!("{}ms", LATENCY.as_millis())),
            ("--service", self.drawn()),
            ("--seed", seed.to_string()),
            ("--tokens", MAX_TOKENS.to_string()),
        ];
        let others = others
            .into_iter()
            .flat_map(|(flag, value)| [flag.to_owned(), value]);
        limits.chain(others).collect()
    }

    pub(crate) fn limiter(&self) -> Limiter {
        Limiter::new(&self.limits)
            .rejects_cost(self.rejects_cost)
            .charging(self.charging)
    }

    /// The prompts in the order of their runs. Each begins with its run's number.
    pub(crate) fn prompts(&self, seed: u64) -> Vec<String> {
        let mut dice = fastrand::Rng::with_seed(seed);
        let prompt = |run| {
            let long = self.mixed && dice.f64() < 0.25;
            let tokens = if long { 6_000 } else { 300 } * usize::from(self.mixed);
            let pad = (tokens * 4).saturating_sub(8);
            format!("{run:<8}{:.<pad$}", "")
        };
        (0..self.runs).map(prompt).collect()
    }

    /// What the provider will charge a prompt.
    pub(crate) fn cost(prompt: &str) -> Cost {
        let tokens = prompt.len().div_ceil(4) as u64;
        Cost::of(tokens + 3, MAX_TOKENS.into())
    }

    /// The best makespan: all runs in order, each let in as soon as the limits allow, and nobody refused. Where several
    /// things are metered, no order can do better than the scarcest of them, and the last answer comes after that.
    pub(crate) fn optimum(&self, prompts: &[String], seed: u64) -> Duration {
        let service = |nth| LATENCY + self.service().draw(seed, nth);
        let last = prompts.len() as u64 - 1;
        let costs: Vec<Cost> = prompts.iter().map(|prompt| Self::cost(prompt)).collect();
        let by_limit = self.limits.iter().map(|limit| match limit.metered() {
            Metered::Requests => first_to_last(*limit, last)
                .zip(0..)
                .map(|(at, nth)| at + service(nth))
                .max()
                .unwrap(),
            _ => spent(*limit, &costs) + service(last),
        });
        by_limit.max().unwrap()
    }
}

/// When each of so many requests is let in at the earliest.
fn first_to_last(limit: Limit, last: u64) -> impl Iterator<Item = Duration> {
    let (mut limiter, mut now) = (Limiter::new(&[limit]), Duration::ZERO);
    (0..=last).map(move |_| {
        while let Verdict::Refused(refused) = limiter.admit(now, Cost::REQUEST) {
            let Wait::Exactly(wait) = refused.wait else {
                return now;
            };
            now += wait;
        }
        now
    })
}

/// When a bucket of tokens has given out all of this at the earliest.
fn spent(limit: Limit, costs: &[Cost]) -> Duration {
    let Form::Bucket { units, per, burst } = limit.form() else {
        return Duration::ZERO;
    };
    let all: u64 = costs
        .iter()
        .map(|cost| cost.input_tokens + cost.output_tokens)
        .sum();
    per.mul_f64(all.saturating_sub(burst) as f64 / units as f64)
}

/// 300 a minute, ten at once.
fn bucket() -> Limited {
    Limited::by(Limit::per_minute(300, 10))
}

fn window() -> Limited {
    Limited::by(Limit::window(300, MINUTE))
}

fn both() -> Limited {
    let tokens = Limit::bucket(450_000, MINUTE, 75_000).on(Metered::Tokens);
    Limited {
        limits: vec![Limit::per_minute(300, 10), tokens],
        mixed: true,
        ..bucket()
    }
}

/// 50 at once, five in every second: the storm that other clients lose runs in.
pub(crate) fn storm() -> Limited {
    Limited {
        runs: 50,
        median: 300,
        ..Limited::by(Limit::window(5, Duration::from_secs(1)))
    }
}

/// What processes share, in real time: 50 a second, a second's worth at once.
pub(crate) fn fifty_a_second() -> Limited {
    Limited {
        median: 300,
        ..Limited::by(Limit::per_second(50, 50))
    }
}

/// Every row, in the order of the table.
pub(crate) fn all() -> Vec<Case> {
    let case = |name, provider, configured| Case {
        name,
        provider,
        configured,
    };
    let window_known = "rpm = 300\nmetering = \"window\"";
    vec![
        case("bucket configured", bucket(), "rpm = 300"),
        case(
            "bucket configured, rejects cost",
            bucket().bare().costly(),
            "rpm = 300",
        ),
        case("window configured as window", window(), window_known),
        case("bucket told by headers", bucket().telling(), ""),
        case("window told by headers", window().telling(), ""),
        case("bucket unknown, integer Retry-After", bucket(), ""),
        case("bucket unknown, bare 429", bucket().bare(), ""),
        case(
            "bucket unknown, bare 429, rejects cost",
            bucket().bare().costly(),
            "",
        ),
        case("fixed window unknown, integer Retry-After", window(), ""),
        case(
            "sliding log unknown",
            Limited::by(Limit::log(300, MINUTE)),
            "",
        ),
        case("believed limit 25 % too high", bucket(), "rpm = 375"),
        case(
            "believed limit 25 % too high, bare, rejects cost",
            bucket().bare().costly(),
            "rpm = 375",
        ),
        case(
            "requests and tokens, sizes mixed",
            both(),
            "rpm = 300\ntpm = 450000",
        ),
        case("storm of 50 at 5 a second", storm(), ""),
    ]
}
