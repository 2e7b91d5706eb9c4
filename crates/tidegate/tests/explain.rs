//! `explain`: what is said of a failure is what a run does about it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

use std::sync::Arc;
use std::time::Duration;

use tidegate::config::{Config, Environment, Settings};
use tidegate::explain::{BadEvidence, Explanation, Judge, command_reply, http_reply};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate::{Decision, Executor, FailureKind, GiveUp, Request, RunRequest, Status, Timestamp};
use tidegate_providers::Reply;

const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

fn config(retries: u32, fallbacks: &str) -> Config {
    let text = format!(
        "[queue]\npacing = \"spaced\"\n[defaults]\nmax_retries = {retries}\nretry_base_delay = \"1s\"\n\
         [providers.mine]\ntype = \"openai-compatible\"\nbase_url = \"http://llm.example/v1\"\napi_key = \"sk-secret-42\"\n\
         [providers.other]\ntype = \"openai-compatible\"\nbase_url = \"http://other.example/v1\"\n\
         [endpoints.first]\nprovider = \"mine\"\nmodel = \"m\"\n{fallbacks}\n\
         [endpoints.second]\nprovider = \"other\"\nmodel = \"m\"\n"
    );
    Config::from_toml(&text, None, Environment::default()).unwrap()
}

fn explained(config: &Config, reply: &Reply) -> Option<Explanation> {
    let judge = Judge::of(config, Some("mine"), false, Settings::default()).unwrap();
    judge.explain(reply, NOW)
}

fn of_http(text: &str, status: Option<u16>, headers: &[&str]) -> Explanation {
    let headers: Vec<_> = headers.iter().map(|&header| header.to_owned()).collect();
    let reply = http_reply(text.as_bytes(), status, &headers).unwrap();
    explained(&config(2, ""), &reply).unwrap()
}

#[track_caller]
fn assert_says(explanation: &Explanation, kind: FailureKind, rule: &str) {
    let said = (explanation.failure.kind, explanation.rule.to_string());
    assert_eq!(said, (kind, rule.to_owned()));
}

#[test]
fn each_judgement_comes_with_the_rule_that_made_it() {
    use FailureKind as Kind;
    let quota = r#"{"error": {"code": "insufficient_quota", "message": "no"}}"#;
    let phrase = r#"{"error": {"code": "x", "message": "Your credit balance is too low."}}"#;
    let google = r#"{"error": {"code": 429, "message": "Quota exceeded", "details":
        [{"violations": [{"quotaId": "RequestsPerDay"}]}]}}"#;
    let generic = r#"{"error": {"type": "invalid_request_error", "message": "no"}}"#;
    let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: {\"error\":{\"code\":\"overloaded_error\"}}\n\n";
    for (text, status, kind, rule) in [
        (
            quota,
            Some(429),
            Kind::QuotaExhausted,
            "the code `insufficient_quota`",
        ),
        (
            phrase,
            Some(400),
            Kind::QuotaExhausted,
            "the phrase \"credit balance is too low\" in its message",
        ),
        (
            google,
            Some(429),
            Kind::QuotaExhausted,
            "`requestsperday` among its details",
        ),
        (
            generic,
            None,
            Kind::InvalidRequest,
            "the type `invalid_request_error`, with no status beside it",
        ),
        (
            google,
            None,
            Kind::QuotaExhausted,
            "`requestsperday` among its details",
        ),
        (
            r#"{"error": {"code": "rate_limit_exceeded"}}"#,
            Some(401),
            Kind::AuthFailed,
            "the status 401, whatever its body says",
        ),
        (
            "<html>",
            Some(529),
            Kind::Overloaded,
            "the status 529; its body says nothing known",
        ),
        (
            r#"{"error": "boom"}"#,
            None,
            Kind::ServerError,
            "an error inside a success that does not say of which kind",
        ),
        ("<html>", None, Kind::Malformed, "the answer itself"),
        (
            stream,
            None,
            Kind::Overloaded,
            "the code `overloaded_error`",
        ),
    ] {
        assert_says(&of_http(text, status, &[]), kind, rule);
    }
}

#[test]
fn a_commands_words_are_judged_with_their_rule_too() {
    use FailureKind as Kind;
    let judge = Judge::of(&Config::default(), None, true, Settings::default()).unwrap();
    for (words, exit, kind, rule) in [
        (
            "Error code: 429",
            1,
            Kind::RateLimited,
            "the number 429, which its words call a status",
        ),
        (
            "litellm.AuthenticationError: no",
            1,
            Kind::AuthFailed,
            "the exception `authenticationerror`",
        ),
        (
            "read ECONNRESET",
            1,
            Kind::Disconnected,
            "the words \"econnreset\"",
        ),
        (
            "HTTP 429 insufficient_quota",
            1,
            Kind::QuotaExhausted,
            "the code `insufficient_quota`",
        ),
        (
            "",
            124,
            Kind::AttemptTimeout,
            "exit code 124; its words say nothing known",
        ),
    ] {
        let reply = command_reply(words.into(), exit);
        assert_says(&judge.explain(&reply, NOW).unwrap(), kind, rule);
    }
}

#[test]
fn a_response_is_read_as_curl_prints_it_whatever_stands_before_it() {
    let text = "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\
                HTTP/2 429 \r\nRetry-After: 7\r\ncontent-type: application/json\r\n\r\n\
                {\"error\": {\"code\": \"slow_down\"}}\n\nmore";
    for text in [text.to_owned(), text.replace('\r', "")] {
        let explanation = of_http(&text, None, &[]);
        assert_eq!(explanation.failure.status, Some(Status::Http(429)));
        assert_eq!(
            explanation.failure.retry_after,
            Some(Duration::from_secs(7))
        );
        assert_eq!(explanation.wait_header.as_deref(), Some("retry-after"));
    }
    let explanation = of_http(
        &text.replace("\n\nmore", ""),
        Some(503),
        &["retry-after: 9"],
    );
    assert_says(
        &explanation,
        FailureKind::RateLimited,
        "the code `slow_down`",
    );
    assert_eq!(
        explanation.failure.retry_after,
        Some(Duration::from_secs(9))
    );
}

#[test]
fn a_wait_is_told_with_the_place_that_asks_for_it() {
    let reset = [
        "x-ratelimit-remaining-tokens: 0",
        "x-ratelimit-reset-tokens: 6s",
    ];
    let explanation = of_http("", Some(429), &reset);
    assert_eq!(
        explanation.wait_header.as_deref(),
        Some("x-ratelimit-reset-tokens")
    );
    let words = r#"{"error": {"message": "Please try again in 20s"}}"#;
    let explanation = of_http(words, Some(429), &[]);
    assert_eq!(explanation.wait_header, None);
    assert_eq!(
        explanation.failure.retry_after,
        Some(Duration::from_secs(20))
    );
}

#[test]
fn what_is_no_failure_and_what_is_no_evidence() {
    let answer = r#"{"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}"#;
    let reply = http_reply(answer.as_bytes(), None, &[]).unwrap();
    assert!(explained(&config(0, ""), &reply).is_none());
    for status in [99, 600] {
        assert_eq!(
            http_reply(b"", Some(status), &[]).unwrap_err(),
            BadEvidence::Status(status)
        );
    }
    let header = "no header".to_owned();
    let error = http_reply(b"", None, std::slice::from_ref(&header)).unwrap_err();
    assert_eq!(error, BadEvidence::Header(header));
    let unknown = Judge::of(
        &Config::default(),
        Some("opnai"),
        false,
        Settings::default(),
    );
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("did you mean `openai`?")
    );
}

#[test]
fn the_credential_of_a_configured_provider_is_taken_out_of_what_it_said() {
    let explanation = of_http("you sent sk-secret-42", Some(400), &[]);
    assert_eq!(explanation.failure.detail.as_str(), "you sent [redacted]");
}

#[test]
fn output_that_came_before_a_break_is_told() {
    let cut = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n";
    let explanation = of_http(cut, None, &[]);
    assert_eq!(explanation.failure.kind, FailureKind::StreamBroken);
    assert!(explanation.output_started);
    assert!(!of_http("", Some(503), &[]).output_started);
}

#[test]
fn a_course_that_never_ends_is_cut() {
    let reply = http_reply(b"", Some(503), &[]).unwrap();
    let mut config = config(u32::MAX, "");
    config.defaults.retry_base_delay.as_mut().unwrap().value.0 = Duration::ZERO;
    let course = explained(&config, &reply).unwrap().alone;
    assert_eq!((course.waits.len(), course.end), (100, None));
}

/// What a run did about one reply that came every time: the waits at its first target, and what followed.
async fn done(config: Config, reply: &Reply) -> (Vec<Duration>, Decision) {
    let steps = std::iter::repeat_with(|| Step::reply(reply.head.clone(), reply.body.clone()));
    let transport = Arc::new(ScriptedTransport::new(steps.take(20)));
    let executor = Executor::builder(config).transport(transport).build();
    let request = RunRequest {
        endpoint: Some("first".into()),
        request: Request::prompt("hi"),
        ..RunRequest::default()
    };
    let outcome = executor.run(request).await;
    let mut waits = Vec::new();
    for (_, decision) in outcome
        .attempts
        .iter()
        .filter_map(|attempt| attempt.failed.as_ref())
    {
        match decision {
            Decision::Retry { after } | Decision::Requeue { after, .. } => waits.push(*after),
            end => return (waits, *end),
        }
    }
    panic!("the run has no end: {outcome:?}");
}

#[test]
fn where_a_queue_knows_the_limit_a_refusal_is_no_retry() {
    let reply = http_reply(b"", Some(429), &["retry-after: 3".to_owned()]).unwrap();
    let mut config = config(0, "");
    config.queue.pacing = None;
    let course = explained(&config, &reply).unwrap().alone;
    assert!(course.queued && course.waits.is_empty(), "{course:?}");
    assert!(
        matches!(course.end, Some(Decision::Requeue { .. })),
        "{course:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_does_what_the_explanation_says() {
    for (status, headers) in [
        (429, &[][..]),
        (429, &["retry-after: 3"]),
        (429, &["retry-after: 3600"]),
        (503, &[]),
        (503, &["x-should-retry: false"]),
        (401, &[]),
        (400, &[]),
        (404, &[]),
        (200, &[]),
    ] {
        let headers: Vec<_> = headers.iter().map(|&header| header.to_owned()).collect();
        let reply = http_reply(b"<html>", Some(status), &headers).unwrap();
        for retries in [0, 3] {
            let said = explained(&config(retries, ""), &reply).unwrap();
            let alone = done(config(retries, ""), &reply).await;
            assert_eq!(
                (said.alone.waits, said.alone.end),
                (alone.0, Some(alone.1)),
                "{status} {headers:?}"
            );
            let fallbacks = "fallbacks = [\"second\"]";
            let with = done(config(retries, fallbacks), &reply).await;
            let said = said.with_fallback;
            assert_eq!(
                (said.waits, said.end),
                (with.0, Some(with.1)),
                "{status} {headers:?}"
            );
        }
    }
}

#[test]
fn the_deadline_ends_a_course_as_it_ends_a_run() {
    let reply = http_reply(b"", Some(429), &["retry-after: 60".to_owned()]).unwrap();
    let mut config = config(9, "");
    config.defaults.deadline = Some(tidegate::config::Sourced::default_of(
        "90s".parse().unwrap(),
    ));
    let course = explained(&config, &reply).unwrap().alone;
    let why = GiveUp::DeadlineTooClose;
    assert_eq!(course.waits, [Duration::from_secs(60)]);
    assert_eq!(course.end, Some(Decision::GiveUp { why }));
}
