//! When a streamed answer is handed over, and what can be mended then.

use std::sync::Arc;
use std::time::Duration;

use tidegate::config::{Config, DeliveryMode, Environment, Settings, Sourced};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate::{
    Delta, Executor, FailureKind, FinishReason, GiveUp, Outcome, Request, Response, RunRequest,
};
use tokio::time::Instant;

use crate::pieces::{end, pieces, text};

const CONFIG: &str = "
    [providers.vendor]
    type = \"openai-compatible\"
    base_url = \"http://127.0.0.1:1/v1\"
    [endpoints.first]
    provider = \"vendor\"
    model = \"first\"
    max_retries = 1
    retry_base_delay = \"1s\"
    idle_timeout = \"20s\"
    fallbacks = [\"second\"]
    [endpoints.second]
    provider = \"vendor\"
    model = \"second\"
";

/// Streams a request through the script: the pieces handed over, and what became of the run.
async fn streamed(mode: DeliveryMode, steps: Vec<Step>) -> (Vec<Delta>, Outcome) {
    let transport = Arc::new(ScriptedTransport::new(steps));
    let config = Config::from_toml(CONFIG, None, Environment::of([])).unwrap();
    let executor = Executor::builder(config).transport(transport).build();
    let mut stream = executor.stream(RunRequest {
        endpoint: Some("first".into()),
        request: Request::prompt("hi"),
        settings: Settings {
            delivery: Some(Sourced::default_of(mode)),
            ..Settings::default()
        },
        ..RunRequest::default()
    });
    let mut handed = Vec::new();
    while let Some(delta) = stream.next().await {
        handed.push(delta);
    }
    (handed, stream.finish().await)
}

fn usage() -> String {
    let usage = serde_json::json!({ "choices": [], "usage": { "prompt_tokens": 3, "completion_tokens": 2 } });
    format!("data: {usage}\n\n")
}

fn finished() -> String {
    let finish = serde_json::json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] });
    format!("data: {finish}\n\n")
}

fn sum(deltas: &[Delta]) -> Response {
    let mut response = Response::default();
    for delta in deltas {
        response.add(delta);
    }
    response
}

#[tokio::test(start_paused = true)]
async fn live_ends_a_broken_stream_in_an_error_that_holds_what_was_received() {
    let cut = pieces(vec![(0, text("two ")), (0, text("halves"))], true);
    let (handed, outcome) = streamed(DeliveryMode::Live, vec![cut]).await;
    assert_eq!(sum(&handed).text, "two halves");
    let error = outcome.result.unwrap_err();
    assert_eq!(error.failure().unwrap().kind, FailureKind::StreamBroken);
    assert_eq!(error.gave_up(), Some(GiveUp::OutputStarted));
    assert_eq!(error.received().unwrap().text, "two halves");
    assert_eq!(
        outcome.attempts.len(),
        1,
        "what was handed over cannot be taken back"
    );
    assert!(outcome.attempts[0].may_be_billed > 0);
}

#[tokio::test(start_paused = true)]
async fn whole_hands_nothing_over_before_the_answer_is_whole_and_mends_every_break() {
    let steps = vec![
        pieces(vec![(0, text("lost"))], true),
        pieces(vec![(0, text("lost again"))], false),
        pieces(
            vec![(1, text("who")), (1, text("le")), (0, usage()), (0, end())],
            true,
        ),
    ];
    let (handed, outcome) = streamed(DeliveryMode::Whole, steps).await;
    let kinds: Vec<_> = outcome
        .attempts
        .iter()
        .filter_map(|attempt| attempt.failed.as_ref())
        .map(|(failure, _)| failure.kind)
        .collect();
    assert_eq!(
        kinds,
        [FailureKind::StreamBroken, FailureKind::IdleTimeout],
        "a broken stream is tried again here, silence goes elsewhere at once"
    );
    assert_eq!(outcome.target.as_deref(), Some("second (vendor/second)"));
    let response = outcome.result.unwrap();
    assert_eq!(response.text, "whole");
    assert_eq!(sum(&handed), response, "every piece of it, once");
}

#[tokio::test(start_paused = true)]
async fn whole_retries_a_live_provider_until_nothing_is_left_and_hands_nothing_over() {
    let cut = || pieces(vec![(0, text("half"))], true);
    let (handed, outcome) = streamed(DeliveryMode::Whole, vec![cut(), cut(), cut()]).await;
    assert!(handed.is_empty(), "{handed:?}");
    let error = outcome.result.unwrap_err();
    assert_eq!(error.gave_up(), Some(GiveUp::AttemptsExhausted));
    assert_eq!(error.received().unwrap().text, "half");
    assert_eq!(
        outcome.attempts.len(),
        3,
        "two here and one at the fallback"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_whole_to_who_wants_pieces_is_handed_over_once() {
    let head = tidegate_providers::ReplyHead::Http {
        status: http::StatusCode::OK,
        headers: http::HeaderMap::new(),
    };
    let body = serde_json::json!({
        "id": "r1", "model": "first",
        "choices": [{ "message": { "content": "all at once" }, "finish_reason": "length" }],
    });
    for mode in [DeliveryMode::Live, DeliveryMode::Whole] {
        let (handed, outcome) =
            streamed(mode, vec![Step::reply(head.clone(), body.to_string())]).await;
        let response = outcome.result.unwrap();
        assert_eq!(response.finish_reason, FinishReason::Length);
        assert_eq!(sum(&handed), response);
        let texts = handed.iter().filter(|delta| delta.is_output()).count();
        assert_eq!(texts, 1, "{mode}: {handed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_complete_is_not_waited_for_when_its_end_marker_never_comes() {
    for (last, longest) in [
        (vec![(0, finished()), (0, usage())], 1),
        (vec![(0, finished())], 5),
    ] {
        let started = Instant::now();
        let all = [(0, text("OK"))].into_iter().chain(last).collect();
        let (_, outcome) = streamed(DeliveryMode::Live, vec![pieces(all, false)]).await;
        assert_eq!(outcome.result.unwrap().text, "OK");
        assert_eq!(started.elapsed(), Duration::from_secs(longest));
    }
}

#[tokio::test(start_paused = true)]
async fn heartbeats_do_not_keep_a_complete_answer_waiting() {
    let started = Instant::now();
    let heartbeats = (0..50).map(|_| (1, ": keep-alive\n\n".to_owned()));
    let all = [(0, text("OK")), (0, finished())]
        .into_iter()
        .chain(heartbeats)
        .collect();
    let (_, outcome) = streamed(DeliveryMode::Live, vec![pieces(all, false)]).await;
    assert!(outcome.result.is_ok());
    assert_eq!(started.elapsed(), Duration::from_secs(5));
}
