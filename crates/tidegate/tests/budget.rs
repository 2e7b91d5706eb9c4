//! The retry budget: what bounds the retries of all runs together.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use std::sync::Arc;
use std::time::Duration;

use tidegate::config::{Config, Environment};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate::{Executor, GiveUp, Request, RetryBudget, RunRequest};

const CONFIG: &str = "
    [queue]
    pacing = \"spaced\"
    [providers.child]
    type = \"command\"
    argv = [\"answer\", \"{prompt}\"]
    [endpoints.ep]
    provider = \"child\"
    model = \"any\"
    max_retries = 2
    retry_base_delay = \"100ms\"
";

/// Twenty runs at once that all fail with `stderr`; how many attempts they make in all, and why they stop.
async fn storm(budget: Option<RetryBudget>, stderr: &str) -> (usize, Vec<Option<GiveUp>>) {
    let transport =
        Arc::new(ScriptedTransport::new((0..100).map(|_| {
            Step::process(1, "", stderr).after(Duration::from_millis(10))
        })));
    let config = Config::from_toml(CONFIG, None, Environment::of([])).unwrap();
    let builder = Executor::builder(config).transport(Arc::clone(&transport) as _);
    let executor = match budget {
        Some(budget) => builder.retry_budget(budget).build(),
        None => builder.build(),
    };
    let runs = (0..20).map(|_| {
        executor.run(RunRequest {
            request: Request::prompt("hi"),
            ..Default::default()
        })
    });
    let outcomes = futures_util::future::join_all(runs).await;
    let whys = outcomes
        .into_iter()
        .map(|outcome| outcome.result.unwrap_err().gave_up())
        .collect();
    (transport.sent().len(), whys)
}

#[tokio::test(start_paused = true)]
async fn a_budget_stops_the_retries_of_an_outage() {
    let (attempts, whys) = storm(Some(RetryBudget::default()), "HTTP 503").await;
    let refused = whys
        .iter()
        .filter(|why| **why == Some(GiveUp::BudgetExhausted))
        .count();
    assert_eq!(refused, 16, "four of twenty may retry");
    assert_eq!(attempts, 20 + 4 * 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_every_run_makes_all_its_retries() {
    assert_eq!(storm(None, "HTTP 503").await.0, 60);
}

#[tokio::test(start_paused = true)]
async fn rate_limits_are_not_charged_to_the_budget() {
    let (attempts, whys) = storm(Some(RetryBudget::default()), "HTTP 429").await;
    assert_eq!(attempts, 60);
    assert!(
        whys.iter()
            .all(|why| *why == Some(GiveUp::AttemptsExhausted))
    );
}
