//! Anthropic without a file: a key in the environment is all it needs, and a variable points elsewhere.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use tidegate::config::{Config, Environment};
use tidegate::plan::{built_in, plan};
use tidegate::{Executor, Outcome, Request, RunRequest, Usage};
use tidegate_simulator::{ApiKey, Running, Settings, Simulator};

const KEY: &str = "sk-ant-test-4711";

fn config(variables: &[(&str, &str)]) -> Config {
    Config::from_toml("", None, Environment::of(variables.iter().copied())).unwrap()
}

fn request() -> RunRequest {
    RunRequest {
        endpoint: Some("anthropic/claude-sonnet-4-5".into()),
        request: Request::prompt("Say hello"),
        ..RunRequest::default()
    }
}

#[test]
fn a_key_in_the_environment_is_all_it_needs() {
    let config = config(&[("ANTHROPIC_API_KEY", KEY)]);
    let plan = plan(&config, built_in, &request()).unwrap();
    let target = &plan.targets[0].target;
    assert_eq!(target.provider, "anthropic");
    assert_eq!(target.model, "claude-sonnet-4-5");
    assert_eq!(
        target.base_url.as_deref(),
        Some("https://api.anthropic.com/v1")
    );
    assert!(target.credential.is_some());
}

#[test]
fn a_missing_key_names_the_variable_to_set() {
    let error = plan(&config(&[]), built_in, &request()).unwrap_err();
    assert!(error.to_string().contains("ANTHROPIC_API_KEY"), "{error}");
}

/// A provider that is overloaded once and then answers.
async fn simulator() -> (Running, String) {
    let settings = Settings {
        api_key: Some(ApiKey::new(KEY)),
        ..Settings::scripted("529; ok=Hello there").unwrap()
    };
    let provider = Simulator::start(settings).await.unwrap();
    let url = provider.url().clone();
    (provider, url)
}

fn executor(url: &str) -> Executor {
    let mut config = config(&[("ANTHROPIC_API_KEY", KEY), ("ANTHROPIC_BASE_URL", url)]);
    let text = "[defaults]\nmax_retries = 1\nretry_base_delay = \"1ms\"\n";
    config.defaults = Config::from_toml(text, None, Environment::of([]))
        .unwrap()
        .defaults;
    Executor::new(config)
}

fn answers(outcome: Outcome) {
    let response = outcome.result.unwrap();
    assert_eq!(response.text, "Hello there");
    assert!(response.usage.unwrap().output_tokens > 0);
    assert_eq!(outcome.attempts.len(), 2);
    assert_ne!(response.usage, Some(Usage::default()));
}

#[tokio::test]
async fn a_base_url_works_with_its_version_and_without() {
    for version in ["", "/v1", "/v1/"] {
        let (_provider, url) = simulator().await;
        answers(executor(&format!("{url}{version}")).run(request()).await);
    }
}

#[tokio::test]
async fn a_streamed_answer_is_the_same() {
    let (_provider, url) = simulator().await;
    answers(executor(&url).stream(request()).finish().await);
}
