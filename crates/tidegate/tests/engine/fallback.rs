//! Where a run goes when a target does not answer, by the list of events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use tidegate::config::{Config, Environment};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate::{Event, EventKind, Executor, FailureKind, GiveUp, Outcome, Request, RunRequest};
use tidegate_providers::{Call, ReplyHead};
use tokio::time::Instant;

use crate::pieces::refusal;

const PROVIDER: &str = "
    [providers.vendor]
    type = \"openai-compatible\"
    base_url = \"http://127.0.0.1:1/v1\"
    [endpoints.small]
    provider = \"vendor\"
    model = \"small\"
    retry_base_delay = \"1s\"
    max_retries = 1
    timeout = \"30s\"
";

const OTHERS: &str = "
    [endpoints.steady]
    provider = \"vendor\"
    model = \"steady\"
    [endpoints.large]
    provider = \"vendor\"
    model = \"large\"
";

fn answer() -> Step {
    let head = ReplyHead::Http {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
    };
    let body = serde_json::json!({ "choices": [{ "message": { "content": "OK" }, "finish_reason": "stop" }] });
    Step::reply(head, body.to_string())
}

fn limited(seconds: &'static str) -> Step {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static(seconds));
    let head = ReplyHead::Http {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers,
    };
    Step::reply(head, r#"{"error": {"code": "rate_limit_exceeded"}}"#)
}

/// Runs at `small` with these fallbacks: the models asked in order, the falls told, and what became of it.
async fn run(fallbacks: &str, steps: Vec<Step>) -> (Vec<String>, Vec<(String, String)>, Outcome) {
    let text = format!("{PROVIDER}\nfallbacks = {fallbacks}\n{OTHERS}");
    let config = Config::from_toml(&text, None, Environment::of([])).unwrap();
    let transport = Arc::new(ScriptedTransport::new(steps));
    let falls = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&falls);
    let executor = Executor::builder(config)
        .transport(Arc::clone(&transport) as _)
        .event_sink(Arc::new(move |event: &Event| {
            if let EventKind::FellBack { from, to } = &event.kind {
                told.lock().unwrap().push((from.clone(), to.clone()));
            }
        }))
        .build();
    let request = RunRequest {
        endpoint: Some("small".into()),
        request: Request::prompt("hi"),
        ..RunRequest::default()
    };
    let outcome = executor.run(request).await;
    let model = |call: &Call| match call {
        Call::Http(call) => {
            let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
            body["model"].as_str().unwrap().to_owned()
        }
        _ => panic!("not over HTTP"),
    };
    let asked = transport
        .sent()
        .iter()
        .map(|sent| model(&sent.call))
        .collect();
    let falls = falls.lock().unwrap().clone();
    (asked, falls, outcome)
}

fn kind(outcome: &Outcome) -> FailureKind {
    let error = outcome.result.as_ref().unwrap_err();
    error.failure().unwrap().kind
}

const WITH_LARGE: &str = r#"["steady", { endpoint = "large", on = ["context_too_long"] }]"#;

#[tokio::test(start_paused = true)]
async fn an_outage_is_retried_here_and_then_goes_to_the_next() {
    let steps = vec![refusal(503, "x"), refusal(503, "x"), answer()];
    let (asked, falls, outcome) = run(WITH_LARGE, steps).await;
    assert_eq!(asked, ["small", "small", "steady"]);
    assert_eq!(
        falls,
        [(
            "small (vendor/small)".to_owned(),
            "steady (vendor/steady)".to_owned()
        )]
    );
    assert_eq!(outcome.target.as_deref(), Some("steady (vendor/steady)"));
    let failed: Vec<_> = outcome
        .attempts
        .iter()
        .map(|a| a.failed.is_some())
        .collect();
    assert_eq!(
        failed,
        [true, true, false],
        "every attempt is accounted for"
    );
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_is_too_long_goes_to_the_larger_model_past_the_next() {
    let steps = vec![refusal(400, "context_length_exceeded"), answer()];
    let (asked, _, outcome) = run(WITH_LARGE, steps).await;
    assert_eq!(
        asked,
        ["small", "large"],
        "exactly one attempt at the small one"
    );
    assert!(outcome.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_fallback_for_one_failure_is_left_out_of_others() {
    let only_large = r#"[{ endpoint = "large", on = ["context_too_long"] }]"#;
    let (asked, _, outcome) = run(only_large, vec![refusal(503, "x"), refusal(503, "x")]).await;
    assert_eq!(asked, ["small", "small"]);
    assert_eq!(
        outcome.result.unwrap_err().gave_up(),
        Some(GiveUp::AttemptsExhausted)
    );
}

#[tokio::test(start_paused = true)]
async fn refused_content_is_not_routed_round_unless_the_endpoint_allows_it() {
    let refused = || refusal(400, "content_policy_violation");
    let (asked, falls, outcome) = run(r#"["steady", "large"]"#, vec![refused()]).await;
    assert_eq!((asked.len(), falls.len()), (1, 0));
    assert_eq!(kind(&outcome), FailureKind::ContentFiltered);
    let allowed = r#"["large", { endpoint = "steady", on = ["content_filtered"] }]"#;
    let (asked, _, outcome) = run(allowed, vec![refused(), answer()]).await;
    assert_eq!(asked, ["small", "steady"]);
    assert!(outcome.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_request_goes_nowhere_whatever_is_allowed() {
    let all = r#"[{ endpoint = "large", on = ["context_too_long", "content_filtered", "unusable"] }, "steady"]"#;
    let (asked, _, outcome) = run(all, vec![refusal(400, "invalid_request_error")]).await;
    assert_eq!(asked, ["small"]);
    assert_eq!(kind(&outcome), FailureKind::InvalidRequest);
}

#[tokio::test(start_paused = true)]
async fn silence_is_not_asked_twice_while_someone_else_can_answer() {
    let started = Instant::now();
    let (asked, _, outcome) = run(r#"["steady"]"#, vec![Step::hang(), answer()]).await;
    assert_eq!(asked, ["small", "steady"]);
    assert_eq!(
        started.elapsed(),
        Duration::from_secs(30),
        "one full time-out"
    );
    assert!(outcome.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_short_wait_is_waited_and_a_long_one_goes_elsewhere_at_once() {
    let started = Instant::now();
    let (asked, ..) = run(r#"["steady"]"#, vec![limited("2"), answer()]).await;
    assert_eq!(
        (asked.len(), started.elapsed()),
        (2, Duration::from_secs(2))
    );
    assert_eq!(asked, ["small", "small"]);
    let started = Instant::now();
    let (asked, ..) = run(r#"["steady"]"#, vec![limited("6"), answer()]).await;
    assert_eq!(asked, ["small", "steady"]);
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn no_target_is_visited_twice_and_the_last_failure_is_the_error() {
    let down = || refusal(503, "x");
    let steps = vec![down(), down(), down(), refusal(401, "invalid_api_key")];
    let (asked, falls, outcome) = run(r#"["steady", "large"]"#, steps).await;
    assert_eq!(asked, ["small", "small", "steady", "large"]);
    assert_eq!(falls.len(), 2);
    assert_eq!(kind(&outcome), FailureKind::AuthFailed);
}

#[tokio::test(start_paused = true)]
async fn after_the_larger_model_fails_the_untried_one_is_still_there() {
    let steps = vec![
        refusal(400, "context_length_exceeded"),
        refusal(503, "x"),
        answer(),
    ];
    let (asked, ..) = run(WITH_LARGE, steps).await;
    assert_eq!(asked, ["small", "large", "steady"]);
}

#[tokio::test]
async fn a_fallback_that_cannot_be_used_is_an_error_before_anything_is_sent() {
    let text = format!("{PROVIDER}\nfallbacks = [\"openai/gpt-4o\"]\n{OTHERS}");
    let config = Config::from_toml(&text, None, Environment::of([])).unwrap();
    let transport = Arc::new(ScriptedTransport::new([]));
    let executor = Executor::builder(config)
        .transport(Arc::clone(&transport) as _)
        .build();
    let outcome = executor
        .run(RunRequest {
            endpoint: Some("small".into()),
            request: Request::prompt("hi"),
            ..RunRequest::default()
        })
        .await;
    let error = outcome.result.unwrap_err().to_string();
    assert!(
        error.contains("a fallback of endpoint `small`") && error.contains("OPENAI_API_KEY"),
        "{error}"
    );
    assert!(transport.sent().is_empty());
}
