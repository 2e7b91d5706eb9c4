//! Answers as they come, under a paused clock: the clocks of a stream, and what follows when it breaks.

use std::sync::Arc;
use std::time::Duration;

use tidegate::config::{Config, Environment};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate::{Delta, Executor, FailureKind, GiveUp, Outcome, Request, RunRequest};

use crate::pieces::{end, pieces, text, thought};

const CONFIG: &str = "
    [providers.vendor]
    type = \"openai-compatible\"
    base_url = \"http://127.0.0.1:1/v1\"
    [endpoints.chat]
    provider = \"vendor\"
    model = \"thinker\"
    max_retries = 2
    retry_base_delay = \"1s\"
    first_token_timeout = \"60s\"
    idle_timeout = \"20s\"
";

fn executor(steps: Vec<Step>) -> (Executor, Arc<ScriptedTransport>) {
    let transport = Arc::new(ScriptedTransport::new(steps));
    let config = Config::from_toml(CONFIG, None, Environment::of([])).unwrap();
    (
        Executor::builder(config)
            .transport(Arc::clone(&transport) as _)
            .build(),
        transport,
    )
}

fn request() -> RunRequest {
    RunRequest {
        request: Request::prompt("hi"),
        ..RunRequest::default()
    }
}

async fn streamed(steps: Vec<Step>) -> (Outcome, usize) {
    let (executor, transport) = executor(steps);
    (
        executor.stream(request()).finish().await,
        transport.sent().len(),
    )
}

fn kind(outcome: &Outcome) -> Option<FailureKind> {
    outcome
        .result
        .as_ref()
        .err()
        .and_then(|error| Some(error.failure()?.kind))
}

#[tokio::test(start_paused = true)]
async fn a_model_that_thinks_aloud_is_waited_for() {
    let thinking = (0..10)
        .map(|_| (15, thought("hm")))
        .chain([(15, text("OK")), (0, end())])
        .collect();
    let (outcome, attempts) = streamed(vec![pieces(thinking, true)]).await;
    assert_eq!(outcome.result.unwrap().text, "OK");
    assert_eq!(attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_are_no_progress() {
    let heartbeats = || {
        (0..100)
            .map(|_| (5, ": keep-alive\n\n".to_owned()))
            .collect()
    };
    let steps = (0..3).map(|_| pieces(heartbeats(), true)).collect();
    let (outcome, attempts) = streamed(steps).await;
    assert_eq!(
        (kind(&outcome), attempts),
        (Some(FailureKind::FirstTokenTimeout), 3)
    );
    assert!(
        outcome
            .attempts
            .iter()
            .all(|attempt| attempt.took == Duration::from_secs(60))
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_goes_silent_ends_after_the_idle_time_out_and_is_not_retried() {
    let (outcome, attempts) = streamed(vec![pieces(vec![(1, text("half"))], false)]).await;
    assert_eq!(
        (kind(&outcome), attempts),
        (Some(FailureKind::IdleTimeout), 1)
    );
    assert_eq!(
        outcome.result.unwrap_err().gave_up(),
        Some(GiveUp::OutputStarted)
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_its_end_is_no_answer() {
    let (executor, _) = executor(vec![pieces(vec![(0, text("half"))], true)]);
    let mut stream = executor.stream(request());
    assert!(matches!(stream.next().await, Some(Delta::Text(text)) if text == "half"));
    assert_eq!(stream.next().await, None);
    assert_eq!(
        kind(&stream.finish().await),
        Some(FailureKind::StreamBroken)
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_before_any_output_is_retried() {
    let (broken, good) = (
        pieces(vec![], true),
        pieces(vec![(0, text("OK")), (0, end())], true),
    );
    let (outcome, attempts) = streamed(vec![broken, good]).await;
    assert_eq!((outcome.result.unwrap().text.as_str(), attempts), ("OK", 2));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_buffers_may_retry_after_output() {
    let steps = vec![
        pieces(vec![(0, text("half"))], true),
        pieces(vec![(0, text("OK")), (0, end())], true),
    ];
    let (executor, transport) = executor(steps);
    let outcome = executor.run(request()).await;
    assert_eq!(
        (
            outcome.result.unwrap().text.as_str(),
            transport.sent().len()
        ),
        ("OK", 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_ended_is_not_waited_for_though_the_connection_stays_open() {
    let started = tokio::time::Instant::now();
    let (outcome, _) = streamed(vec![pieces(vec![(0, text("OK")), (0, end())], false)]).await;
    assert!(outcome.result.is_ok() && started.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_run_ends_an_attempt_under_way() {
    let (executor, _) = executor(vec![Step::hang()]);
    let mut asked = request();
    asked.settings.deadline = Some(tidegate::config::Sourced::default_of(
        tidegate::config::Time(Duration::from_secs(9)),
    ));
    let outcome = executor.run(asked).await;
    assert_eq!(outcome.took, Duration::from_secs(9));
    assert_eq!(kind(&outcome), Some(FailureKind::RunTimeout));
    assert_eq!(
        outcome.result.unwrap_err().gave_up(),
        Some(GiveUp::DeadlineTooClose)
    );
}
