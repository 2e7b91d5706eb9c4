//! A real limit over real HTTP: what is refused together comes back one after the other, and is served.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use tidegate::config::{Config, Environment};
use tidegate::{Executor, Request, RunRequest};
use tidegate_simulator::{Hint, Limit, Settings, Simulator};

/// Twenty runs at once against five requests per second and a burst of five; retries leave four per second.
async fn attempts_of_twenty(hint: Hint, rejects_cost: bool) -> u64 {
    let limits = vec![Limit::per_second(5, 5)];
    let settings = Settings {
        limits,
        hint,
        rejects_cost,
        ..Settings::default()
    };
    let provider = Simulator::start(settings).await.unwrap();
    let text = format!(
        "[providers.sim]\ntype = \"openai-compatible\"\nbase_url = \"{}/v1\"\n\
         [endpoints.ep]\nprovider = \"sim\"\nmodel = \"any\"\nmax_retries = 8\nretry_base_delay = \"250ms\"\n\
         retry_max_delay = \"250ms\"\n",
        provider.url()
    );
    let executor = Executor::new(Config::from_toml(&text, None, Environment::of([])).unwrap());
    let runs = (0..20).map(|run| {
        let request = Request::prompt(format!("run {run}"));
        executor.run(RunRequest {
            request,
            ..RunRequest::default()
        })
    });
    let outcomes = futures_util::future::join_all(runs).await;
    for outcome in &outcomes {
        assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    }
    provider.simulator().stats().requests
}

#[tokio::test]
async fn what_a_bucket_refuses_is_served_at_the_second_attempt() {
    let attempts = attempts_of_twenty(Hint::None, false).await;
    assert!(
        attempts <= 37,
        "five are served at once, fifteen at their retry: {attempts}"
    );
}

#[tokio::test]
async fn a_hint_moves_everybody_back_and_herds_nobody() {
    let attempts = attempts_of_twenty(Hint::Seconds, false).await;
    assert!(attempts <= 37, "{attempts}");
}

#[tokio::test]
async fn a_provider_that_charges_for_refusals_serves_all_the_same() {
    let attempts = attempts_of_twenty(Hint::None, true).await;
    assert!(attempts <= 100, "{attempts}");
}
