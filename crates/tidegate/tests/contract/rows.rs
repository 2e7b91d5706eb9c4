//! The eleven rows of the contract, written once and played on three stages: a scripted transport, real child
//! processes, real HTTP.
//!
//! A row says what the provider answers to each run and what must come of it. Delays are taken between an attempt's
//! failure and the start of the next one; what the machine itself was late by meanwhile is not the engine's.

#[path = "lateness.rs"]
mod lateness;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate::config::{Origin, Settings, Sourced, Time};
use tidegate::{Event, EventKind, Executor, FailureKind, Outcome, Request, RunRequest};
use tokio::time::Instant;

pub(crate) use self::lateness::Ticker;
use self::lateness::Ticks;

/// What the provider does with one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Ok,
    Status(u16),
    /// The connection breaks, or the attempt cannot be started: "socket hang up".
    Broken,
    Hang,
}

/// A way to meet a provider.
pub(crate) trait Stage {
    /// An executor whose every run of a new prompt meets `answers` in order; `runs` of them will run at once.
    async fn set(&self, runs: usize, answers: &[Answer], heard: Heard) -> Executor;

    /// The time-out of attempts that hang, and what it is set by: `None` stands for the default.
    fn hang_timeout(&self) -> (Option<Duration>, Duration);

    /// The attempts of the last set that could tell when they were told to stop (SIGTERM), and how many were told.
    async fn stopped(&self) -> Option<(usize, usize)>;

    /// What notes how late the machine is, where time is real.
    fn ticker(&self) -> Option<Ticker> {
        Some(Ticker::start())
    }
}

/// Everything heard of a row's runs, with the time it was heard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    events: Arc<Mutex<Vec<(Instant, Event)>>>,
    ticks: Ticks,
}

/// From when until when something took.
type Span = (Instant, Instant);

impl Heard {
    pub(crate) fn sink(&self) -> Arc<dyn tidegate::EventSink> {
        let heard = Arc::clone(&self.events);
        Arc::new(move |event: &Event| heard.lock().unwrap().push((Instant::now(), event.clone())))
    }

    fn times(&self, wanted: impl Fn(&EventKind) -> bool) -> Vec<(Instant, Event)> {
        self.events
            .lock()
            .unwrap()
            .iter()
            .filter(|(_, event)| wanted(&event.kind))
            .cloned()
            .collect()
    }

    fn starts(&self) -> Vec<(Instant, Event)> {
        self.times(|kind| matches!(kind, EventKind::AttemptStarted { .. }))
    }

    fn failures(&self) -> Vec<(Instant, Event)> {
        self.times(|kind| matches!(kind, EventKind::AttemptFailed { .. }))
    }

    /// From each failure to the start that followed it.
    fn delays(&self) -> Vec<Span> {
        spans(&self.failures(), self.starts().get(1..).unwrap_or_default())
    }

    /// From each start to the failure that followed it.
    fn failed_attempts(&self) -> Vec<Span> {
        spans(&self.starts(), &self.failures())
    }

    /// That something took as long as it should, within 20 %, or within what the machine allowed.
    fn within(&self, what: &str, (from, to): Span, expected: Duration) {
        let (low, high) = (expected.mul_f64(0.8), expected.mul_f64(1.2));
        let (actual, machine) = (to - from, self.ticks.served(from, expected) - from);
        assert!(
            actual >= low && actual <= high.max(machine),
            "{what}: {actual:?} is not within 20 % of {expected:?}, for which the machine took at most {machine:?}"
        );
    }
}

fn spans(from: &[(Instant, Event)], to: &[(Instant, Event)]) -> Vec<Span> {
    let pairs = from.iter().zip(to);
    pairs.map(|((from, _), (to, _))| (*from, *to)).collect()
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn settings(max_retries: Option<u32>, base: Option<Duration>) -> Settings {
    let retry_base_delay = base.map(|base| sourced(Time(base)));
    Settings {
        max_retries: max_retries.map(sourced),
        retry_base_delay,
        ..Settings::default()
    }
}

fn sourced<T>(value: T) -> Sourced<T> {
    Sourced {
        value,
        origin: Origin::Default,
    }
}

fn request(prompt: &str, settings: Settings) -> RunRequest {
    let endpoint = Some("ep-1".to_owned());
    RunRequest {
        endpoint,
        request: Request::prompt(prompt),
        settings,
        ..RunRequest::default()
    }
}

/// One run against `answers`.
async fn one<S: Stage>(stage: &S, answers: &[Answer], settings: Settings) -> (Outcome, Heard) {
    let mut heard = Heard::default();
    let executor = stage.set(1, answers, heard.clone()).await;
    let ticker = stage.ticker();
    let outcome = executor.run(request("hi", settings)).await;
    if let Some(ticker) = ticker {
        heard.ticks = ticker.stop().await;
    }
    executor.settled().await;
    (outcome, heard)
}

fn answered(row: &str, outcome: &Outcome, attempts: usize) {
    match &outcome.result {
        Ok(response) => assert_eq!(response.text, "OK", "{row}: the answer"),
        Err(error) => panic!("{row}: expected the answer OK, got the error {error}"),
    }
    assert_eq!(outcome.attempts.len(), attempts, "{row}: attempts");
}

fn failed(row: &str, outcome: &Outcome, attempts: usize, names: &str) {
    let error = match &outcome.result {
        Ok(response) => panic!(
            "{row}: expected an error, got the answer {:?}",
            response.text
        ),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        outcome.attempts.len(),
        attempts,
        "{row}: attempts ({error})"
    );
    assert!(
        error.contains(names),
        "{row}: the error does not name {names:?}: {error}"
    );
}

pub(crate) async fn row_01_one_503_is_retried<S: Stage>(stage: &S) {
    let answers = [Answer::Status(503), Answer::Ok];
    let (outcome, _) = one(stage, &answers, settings(Some(1), Some(ms(10)))).await;
    answered("row 1", &outcome, 2);
}

pub(crate) async fn row_02_delays_of_503_double<S: Stage>(stage: &S) {
    let answers = [
        Answer::Status(503),
        Answer::Status(503),
        Answer::Status(503),
        Answer::Ok,
    ];
    let (outcome, heard) = one(stage, &answers, settings(Some(3), Some(ms(100)))).await;
    answered("row 2", &outcome, 4);
    doubling("row 2", &heard);
}

fn doubling(row: &str, heard: &Heard) {
    let delays = heard.delays();
    assert_eq!(delays.len(), 3, "{row}: delays {delays:?}");
    for (delay, expected) in delays.into_iter().zip([100, 200, 400]) {
        heard.within(row, delay, ms(expected));
    }
}

pub(crate) async fn row_03_and_04_refused_credentials_are_final<S: Stage>(stage: &S) {
    for status in [401, 403] {
        let (outcome, _) = one(
            stage,
            &[Answer::Status(status)],
            settings(Some(3), Some(ms(10))),
        )
        .await;
        failed("rows 3 and 4", &outcome, 1, &status.to_string());
    }
}

pub(crate) async fn row_05_a_broken_connection_is_retried<S: Stage>(stage: &S) {
    let (outcome, _) = one(
        stage,
        &[Answer::Broken, Answer::Ok],
        settings(Some(1), Some(ms(10))),
    )
    .await;
    answered("row 5", &outcome, 2);
}

pub(crate) async fn row_06_a_503_for_ever_ends_after_the_retries<S: Stage>(stage: &S) {
    let (outcome, _) = one(
        stage,
        &[Answer::Status(503); 4],
        settings(Some(2), Some(ms(10))),
    )
    .await;
    failed("row 6", &outcome, 3, "503");
}

pub(crate) async fn row_07_limited_runs_return_one_after_the_other<S: Stage>(stage: &S) {
    let (base, heard) = (ms(50), Heard::default());
    let executor = stage
        .set(5, &[Answer::Status(429), Answer::Ok], heard.clone())
        .await;
    let prompts: Vec<_> = (1..=5).map(|run| format!("req-{run}")).collect();
    let runs = prompts
        .iter()
        .map(|prompt| executor.run(request(prompt, settings(Some(1), Some(base)))));
    let outcomes = futures_util::future::join_all(runs).await;
    executor.settled().await;
    for outcome in &outcomes {
        answered("row 7", outcome, 2);
    }
    assert_eq!(heard.starts().len(), 10, "row 7: attempts in all");
    // Departures: a machine may be late to tell of one, and then two that were apart are told of together.
    let departure = |outcome: &Outcome| (outcome.attempts[1].started, outcome.run);
    let mut seconds: Vec<_> = outcomes.iter().map(departure).collect();
    seconds.sort_by_key(|(left, _)| *left);
    for pair in seconds.windows(2) {
        let apart = pair[1].0.saturating_since(pair[0].0);
        assert!(
            apart >= base.mul_f64(0.8),
            "row 7: second attempts only {apart:?} apart"
        );
    }
    let queued = heard.times(|kind| matches!(kind, EventKind::Queued { .. }));
    let came: Vec<_> = queued.iter().map(|(_, event)| event.run).collect();
    let left: Vec<_> = seconds.iter().map(|(_, run)| *run).collect();
    assert_eq!(left, came, "row 7: not in the order of arrival");
}

pub(crate) async fn row_08_delays_of_429_double_every_time<S: Stage>(stage: &S) {
    let answers = [
        Answer::Status(429),
        Answer::Status(429),
        Answer::Status(429),
        Answer::Ok,
    ];
    for time in ["row 8", "row 8, right after"] {
        let (outcome, heard) = one(stage, &answers, settings(Some(3), Some(ms(100)))).await;
        answered(time, &outcome, 4);
        doubling(time, &heard);
    }
}

pub(crate) async fn row_09_a_429_for_ever_ends_after_the_retries<S: Stage>(stage: &S) {
    let (outcome, _) = one(
        stage,
        &[Answer::Status(429); 5],
        settings(Some(3), Some(ms(10))),
    )
    .await;
    failed("row 9", &outcome, 4, "429");
}

pub(crate) async fn row_10_the_time_out_counts_per_attempt<S: Stage>(stage: &S) {
    let (set, limit) = stage.hang_timeout();
    let timeout = set.map(|limit| sourced(Time(limit)));
    let wanted = Settings {
        timeout,
        ..settings(Some(2), Some(Duration::ZERO))
    };
    let (outcome, heard) = one(stage, &[Answer::Hang; 3], wanted).await;
    failed("row 10", &outcome, 3, "timed out");
    for took in heard.failed_attempts() {
        heard.within("row 10: a full time-out per attempt", took, limit);
    }
    for attempt in &outcome.attempts {
        let kind = attempt.failed.as_ref().map(|(failure, _)| failure.kind);
        assert_eq!(kind, Some(FailureKind::AttemptTimeout), "row 10");
    }
    if let Some((listening, told)) = stage.stopped().await {
        assert!(
            told >= listening,
            "row 10: {told} of {listening} children got SIGTERM"
        );
    }
}

pub(crate) async fn row_11_no_retries_unless_asked_for<S: Stage>(stage: &S) {
    let (outcome, _) = one(
        stage,
        &[Answer::Status(503), Answer::Ok],
        settings(None, None),
    )
    .await;
    failed("row 11", &outcome, 1, "503");
}

/// All rows, from the given one on and round.
pub(crate) async fn all_from<S: Stage>(stage: &S, first: usize) {
    for row in (0..10).map(|row| (row + first) % 10) {
        match row {
            0 => row_01_one_503_is_retried(stage).await,
            1 => row_02_delays_of_503_double(stage).await,
            2 => row_03_and_04_refused_credentials_are_final(stage).await,
            3 => row_05_a_broken_connection_is_retried(stage).await,
            4 => row_06_a_503_for_ever_ends_after_the_retries(stage).await,
            5 => row_07_limited_runs_return_one_after_the_other(stage).await,
            6 => row_08_delays_of_429_double_every_time(stage).await,
            7 => row_09_a_429_for_ever_ends_after_the_retries(stage).await,
            8 => row_10_the_time_out_counts_per_attempt(stage).await,
            _ => row_11_no_retries_unless_asked_for(stage).await,
        }
    }
}
