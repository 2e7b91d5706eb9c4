//! The queue's arithmetic against models of providers' limits, in virtual time: what a limit costs in time and in
//! refused attempts, told as parts of the best that is possible.
//!
//! A refusal comes back after 0.15 s, an answer after a time drawn for it with a median of 2 s, and what an answer's head
//! tells comes with its end. All runs are there from the start.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a simulation that cannot go on should fail its test, and its numbers are small"
)]

#[path = "simulated/server.rs"]
mod server;
#[path = "simulated/world.rs"]
mod world;

use std::time::Duration;

use tidegate_core::Cost;
use tidegate_core::quota::{Dimension, Limit, Limits};

use self::server::{Hint, Model, SECOND, Server, Tokens};
use self::world::{Run, START, World};

const SEEDS: u64 = 5;

/// A repeatable source of chance.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 + 0.5) / (1u64 << 31) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.roll().ln()).sqrt() * (std::f64::consts::TAU * self.roll()).cos()
    }
}

fn runs(count: usize, seed: u64, median: f64) -> Vec<Run> {
    let mut dice = Dice(seed);
    let one = Cost {
        requests: 1,
        ..Cost::default()
    };
    let takes = std::iter::repeat_with(|| (median * (0.5 * dice.normal()).exp() * 1e6) as u64);
    let run = |takes| Run { cost: one, takes };
    takes.take(count).map(run).collect()
}

/// A quarter of them twenty times as large as the others.
fn mixed(count: usize, seed: u64) -> Vec<Run> {
    let (mut all, mut dice) = (runs(count, seed, 2.0), Dice(seed + 1000));
    for run in &mut all {
        run.cost.input_tokens = if dice.roll() < 0.25 { 6_000 } else { 300 };
    }
    all
}

/// The best makespan: everyone in order, as early as the server lets him in; with several budgets, the largest.
fn optimum(runs: &[Run], server: &Server) -> u64 {
    if let Some(tokens) = &server.tokens {
        let all: u64 = runs.iter().map(|run| run.cost.input_tokens).sum();
        let by_tokens = (all - tokens.burst) * SECOND / tokens.per_second;
        let by_requests = (runs.len() as u64 - 10) * SECOND / 5;
        return by_tokens.max(by_requests) + runs.last().unwrap().takes;
    }
    let mut server = Server {
        rejects_cost: false,
        hint: Hint::Exact,
        ..server.clone()
    };
    let (mut now, mut end) = (START, START);
    for run in runs {
        while let Err(after) = server.admit(run.cost, now) {
            now += after.unwrap();
        }
        end = end.max(now + run.takes);
    }
    end - START
}

/// Makespan in parts of the best, and attempts per run: means over the seeds, for so many processes.
#[track_caller]
fn costs(
    server: &Server,
    limits: Limits,
    processes: usize,
    runs: impl Fn(u64) -> Vec<Run>,
) -> (f64, f64) {
    let (mut time, mut attempts) = (0.0, 0.0);
    for seed in 0..SEEDS {
        let runs = runs(seed);
        let outcome = World::new(&runs, processes, limits, server.clone()).play();
        assert_eq!(outcome.done, runs.len(), "lost");
        if server.tokens.is_none() {
            assert_eq!(outcome.out_of_order, 0, "overtaken");
        }
        time += outcome.makespan as f64 / optimum(&runs, server) as f64;
        attempts += outcome.attempts as f64 / runs.len() as f64;
    }
    (time / SEEDS as f64, attempts / SEEDS as f64)
}

#[track_caller]
fn within(server: &Server, limits: Limits, most: (f64, f64)) {
    for processes in [1, 4, 16] {
        let (time, attempts) = costs(server, limits, processes, |seed| runs(500, seed, 2.0));
        assert!(
            time <= most.0 && attempts <= most.1,
            "{processes} processes: {time:.3} of the best time, {attempts:.3} attempts; at most {most:?}"
        );
    }
}

/// 300 a minute, ten at once.
fn bucket() -> Model {
    Model::bucket(SECOND / 5, 10)
}

fn rpm(rpm: u64) -> Limits {
    Limits::UNKNOWN.with(Dimension::Requests, Limit::per_minute(rpm))
}

fn costly(server: Server) -> Server {
    Server {
        rejects_cost: true,
        ..server
    }
}

fn telling(requests: Model) -> Server {
    Server {
        tells: true,
        ..Server::of(requests, Hint::Seconds)
    }
}

#[test]
fn a_configured_bucket_is_used_to_its_limit_and_refuses_nobody() {
    within(&Server::of(bucket(), Hint::Seconds), rpm(300), (1.02, 1.0));
    within(
        &costly(Server::of(bucket(), Hint::Bare)),
        rpm(300),
        (1.02, 1.0),
    );
}

#[test]
fn a_configured_window_is_used_to_its_limit() {
    let minute = Duration::from_secs(60);
    let limits = Limits::UNKNOWN.with(Dimension::Requests, Limit::window(300, minute));
    within(
        &Server::of(Model::window(300, 60 * SECOND), Hint::Seconds),
        limits,
        (1.02, 1.0),
    );
}

#[test]
fn a_limit_that_headers_tell_is_as_good_as_a_configured_one() {
    within(&telling(bucket()), Limits::UNKNOWN, (1.03, 1.03));
    within(
        &telling(Model::window(300, 60 * SECOND)),
        Limits::UNKNOWN,
        (1.03, 1.0),
    );
}

#[test]
fn the_rate_of_an_unknown_bucket_is_found_whatever_its_refusals_say() {
    for hint in [Hint::Exact, Hint::Seconds, Hint::Bare, Hint::Lie(0)] {
        within(&Server::of(bucket(), hint), Limits::UNKNOWN, (1.08, 1.03));
    }
    within(
        &costly(Server::of(bucket(), Hint::Bare)),
        Limits::UNKNOWN,
        (1.10, 1.03),
    );
}

#[test]
fn unknown_windows_and_logs_cost_little() {
    let window = Server::of(Model::window(300, 60 * SECOND), Hint::Seconds);
    within(&window, Limits::UNKNOWN, (1.15, 1.045));
    let log = Server::of(Model::log(300, 60 * SECOND), Hint::Seconds);
    within(&log, Limits::UNKNOWN, (1.45, 1.05));
}

#[test]
fn a_believed_limit_a_quarter_too_high_is_corrected() {
    for server in [
        Server::of(bucket(), Hint::Seconds),
        costly(Server::of(bucket(), Hint::Bare)),
    ] {
        within(&server, rpm(375), (1.04, 1.02));
    }
}

#[test]
fn requests_and_tokens_are_both_used_though_sizes_differ() {
    let server = Server {
        tokens: Some(Tokens {
            per_second: 7_500,
            burst: 75_000,
            full_at: 0,
        }),
        ..Server::of(bucket(), Hint::Seconds)
    };
    let limits = rpm(300).with(Dimension::Tokens, Limit::tokens_per_minute(450_000));
    for processes in [1, 4, 16] {
        let (time, attempts) = costs(&server, limits, processes, |seed| mixed(500, seed));
        assert!(
            time <= 1.05 && attempts <= 1.0,
            "{processes}: {time:.3}, {attempts:.3}"
        );
    }
}

#[test]
fn a_storm_of_fifty_at_five_a_second_loses_nobody() {
    let server = Server::of(Model::window(5, SECOND), Hint::Seconds);
    for processes in [1, 4, 16] {
        let (_, attempts) = costs(&server, Limits::UNKNOWN, processes, |seed| {
            runs(50, seed, 0.3)
        });
        assert!(attempts <= 1.2, "{processes}: {attempts:.3} attempts a run");
    }
}
