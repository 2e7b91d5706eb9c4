//! Runs under `adaptive` pacing: what waiting in the line of a limit means for a run.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use std::sync::Arc;
use std::time::Duration;

use tidegate::config::{Config, Environment};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate::{Executor, FailureKind, GiveUp, Outcome, Request, RunRequest};
use tokio::time::Instant;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ok(after: Duration) -> Step {
    Step::process(0, "OK", "").after(after)
}

fn failing(stderr: &str, after: Duration) -> Step {
    Step::process(1, "", stderr).after(after)
}

fn executor(settings: &str, steps: Vec<Step>) -> (Executor, Arc<ScriptedTransport>) {
    let text = format!(
        "[queue]\nmax_wait = \"60s\"\n\
         [providers.child]\ntype = \"command\"\nargv = [\"answer\", \"{{prompt}}\"]\n\
         [endpoints.first]\nprovider = \"child\"\nmodel = \"one\"\ntimeout = \"10m\"\n{settings}\n\
         [endpoints.second]\nprovider = \"child\"\nmodel = \"two\"\n"
    );
    let config = Config::from_toml(&text, None, Environment::of([])).unwrap();
    let transport = Arc::new(ScriptedTransport::new(steps));
    let executor = Executor::builder(config)
        .transport(Arc::clone(&transport) as _)
        .build();
    (executor, transport)
}

async fn run(executor: &Executor) -> Outcome {
    let request = RunRequest {
        endpoint: Some("first".into()),
        request: Request::prompt("hi"),
        ..RunRequest::default()
    };
    executor.run(request).await
}

#[tokio::test(start_paused = true)]
async fn a_refused_run_is_answered_though_no_retry_was_asked_for() {
    let limited = || failing("HTTP 429", seconds(0));
    let (executor, transport) = executor("", vec![limited(), limited(), ok(seconds(0))]);
    assert!(run(&executor).await.result.is_ok());
    assert_eq!(transport.sent().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_while_someone_else_can_answer() {
    let settings = "max_concurrency = 1\nfallbacks = [\"second\"]";
    let (executor, _) = executor(settings, vec![ok(seconds(300)), ok(seconds(0))]);
    let start = Instant::now();
    let second = async {
        tokio::task::yield_now().await;
        (run(&executor).await, start.elapsed())
    };
    let (first, (second, took)) = tokio::join!(run(&executor), second);
    assert!(first.result.is_ok() && second.result.is_ok());
    assert_eq!(second.attempts[0].target, "second (child/two)");
    assert!(
        (5..6).contains(&took.as_secs()),
        "after `fallback_after`: {took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_longest_is_told_as_a_limit_and_not_as_the_runs_deadline() {
    let (executor, _) = executor("max_concurrency = 1", vec![ok(seconds(300))]);
    let start = Instant::now();
    let second = async {
        tokio::task::yield_now().await;
        (run(&executor).await, start.elapsed())
    };
    let (first, (second, took)) = tokio::join!(run(&executor), second);
    assert!(first.result.is_ok());
    let error = second.result.unwrap_err();
    assert_eq!(error.failure().unwrap().kind, FailureKind::RateLimited);
    assert_eq!(error.gave_up(), Some(GiveUp::DeadlineTooClose));
    assert!((60..61).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_attempt_is_no_waiting() {
    let settings = "max_retries = 1\nretry_base_delay = \"1s\"\nrpm = 60";
    let steps = vec![
        failing("HTTP 503", seconds(180)),
        ok(seconds(0)),
        ok(seconds(0)),
    ];
    let (executor, _) = executor(settings, steps);
    let start = Instant::now();
    let meanwhile = async {
        tokio::time::sleep_until(start + Duration::from_millis(180_900)).await;
        run(&executor).await
    };
    let (first, _) = tokio::join!(run(&executor), meanwhile);
    assert!(
        first.result.is_ok(),
        "it had to wait once more: {:?}",
        first.result
    );
    assert!(first.queued > Duration::ZERO && first.queued < seconds(2));
}
