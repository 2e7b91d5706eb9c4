use serde_json::{Value, json};

use super::*;
use crate::completion::Input;
use crate::fault::{ErrorKind, Part};
use crate::prompt::Tokens;
use crate::refusal::Says;

fn error_of(request: &Value) -> String {
    let refusal = request::read(request.to_string().as_bytes()).unwrap_err();
    assert_eq!(refusal.status, 400);
    message_of(&refusal)
}

fn message_of(refusal: &Refusal) -> String {
    let Says::Error(error) = &refusal.says else {
        unreachable!("not in the envelope: {refusal:?}");
    };
    error.message.clone()
}

fn completion(text: &str) -> Completion {
    Completion {
        number: 1,
        created: 7,
        model: "m\"x".into(),
        input: Input {
            tokens: 12,
            cached: 5,
            cache_written: 4,
        },
        reasoning: Tokens::new("", None, None),
        text: Tokens::new(text, None, None),
        calls: Vec::new(),
        vectors: None,
        finish: Finish::Stop,
    }
}

/// The events of a stream: name and data.
fn stream(completion: Completion) -> Vec<(String, Value)> {
    let events = events::events(completion).map(|event| {
        let text = std::str::from_utf8(&event.bytes).unwrap().to_owned();
        let (name, data) = text.trim_end().split_once('\n').unwrap();
        let name = name.strip_prefix("event: ").unwrap().to_owned();
        let data = data.strip_prefix("data: ").unwrap();
        (name, serde_json::from_str(data).unwrap())
    });
    events.collect()
}

#[test]
fn reads_instructions_messages_and_blocks() {
    let request = json!({"model": "m", "max_tokens": 9, "stream": true,
    "system": [{"type": "text", "text": "be"}, {"type": "text", "text": " brief"}],
    "messages": [
        {"role": "user", "content": "say \"hi\""},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "n", "input": {}}]},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]});
    let prompt = request::read(request.to_string().as_bytes()).unwrap();
    assert!(prompt.streamed);
    assert_eq!(prompt.max_tokens, Some(9));
    assert_eq!((prompt.messages, prompt.chars), (3, 18));
    assert_eq!(prompt.last_user, "ab");
}

#[test]
fn names_what_is_wrong_with_a_request() {
    let user = json!([{"role": "user", "content": "Hi"}]);
    let table = [
        (
            json!({"max_tokens": 1, "messages": user}),
            "model: Field required",
        ),
        (
            json!({"model": "m", "messages": user}),
            "max_tokens: Field required",
        ),
        (
            json!({"model": "m", "max_tokens": 1}),
            "messages: Field required",
        ),
        (
            json!({"model": "m", "max_tokens": 0, "messages": user}),
            "max_tokens: Input should be greater than or equal to 1",
        ),
        (
            json!({"model": "m", "max_tokens": 1, "messages": []}),
            "messages: at least one message is required",
        ),
        (
            json!({"model": "m", "max_tokens": 1, "messages": "Hi"}),
            "messages: Input should be a valid list",
        ),
        (
            json!({"model": "m", "max_tokens": 1, "messages": [{"role": "tool", "content": "x"}]}),
            "messages.0.role: Input should be 'user' or 'assistant'",
        ),
    ];
    for (request, want) in table {
        assert_eq!(error_of(&request), want);
    }
    let system =
        json!({"model": "m", "max_tokens": 1, "messages": [{"role": "system", "content": "x"}]});
    assert!(error_of(&system).contains("Unexpected role \"system\""));
    let refusal = request::read(b"{nope").unwrap_err();
    assert!(message_of(&refusal).contains("not valid JSON"));
}

#[test]
fn a_whole_answer_has_the_providers_form() {
    let body: Value = serde_json::from_slice(&Anthropic.whole(&completion("Hello world"))).unwrap();
    let want = json!({
        "id": "msg_000000000001", "type": "message", "role": "assistant", "model": "m\"x",
        "content": [{"type": "text", "text": "Hello world"}],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 3, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 5,
            "output_tokens": 2, "service_tier": "standard"},
    });
    assert_eq!(body, want);
}

#[test]
fn a_stream_has_the_events_in_their_order_each_named_twice() {
    let events = stream(completion("Hello \"world\""));
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    let want = [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names, want);
    assert!(events.iter().all(|(name, data)| data["type"] == *name));
    let message = &events[0].1["message"];
    assert_eq!(
        (&message["content"], &message["stop_reason"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(message["usage"]["input_tokens"], 3);
    assert_eq!(
        events[1].1["content_block"],
        json!({"type": "text", "text": ""})
    );
    assert_eq!(
        events[4].1["delta"],
        json!({"type": "text_delta", "text": " \"world\""})
    );
    assert_eq!(events[6].1["delta"]["stop_reason"], "end_turn");
    assert_eq!(events[6].1["usage"]["output_tokens"], 2);
}

#[test]
fn an_answer_without_text_has_no_blocks() {
    let names: Vec<_> = stream(completion(""))
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["message_start", "message_delta", "message_stop"]);
}

#[test]
fn tokens_alone_count_as_content() {
    let parts: Vec<_> = events::events(completion("a b"))
        .map(|event| event.part)
        .collect();
    let want = [
        Part::Opening,
        Part::Frame,
        Part::Frame,
        Part::Token,
        Part::Token,
        Part::Frame,
        Part::Closing,
        Part::Done,
    ];
    assert_eq!(parts, want);
}

#[test]
fn a_kind_that_a_number_stands_for_has_that_status() {
    for kind in ErrorKind::all() {
        let refusal = Anthropic.refusal(Why::Kind(kind), "m");
        if ErrorKind::of_status(kind.status()) == Some(kind) {
            assert_eq!(refusal.status, kind.status(), "{kind:?}");
        }
    }
}

#[test]
fn the_types_that_clients_judge_by_are_the_real_ones() {
    let table = [
        (
            ErrorKind::InvalidRequest,
            400,
            "invalid_request_error",
            "temperature",
        ),
        (
            ErrorKind::ContextLength,
            400,
            "invalid_request_error",
            "prompt is too long: 212586 tokens > 200000 maximum",
        ),
        (
            ErrorKind::SpendLimit,
            400,
            "invalid_request_error",
            "reached your specified API usage limits",
        ),
        (
            ErrorKind::InsufficientQuota,
            400,
            "invalid_request_error",
            "credit balance is too low",
        ),
        (
            ErrorKind::InvalidApiKey,
            401,
            "authentication_error",
            "invalid x-api-key",
        ),
        (
            ErrorKind::InsufficientBalance,
            402,
            "billing_error",
            "billing",
        ),
        (
            ErrorKind::UnsupportedCountry,
            403,
            "permission_error",
            "not allowed",
        ),
        (
            ErrorKind::ModelNotFound,
            404,
            "not_found_error",
            "model: claude",
        ),
        (
            ErrorKind::PayloadTooLarge,
            413,
            "request_too_large",
            "maximum size",
        ),
        (
            ErrorKind::RateLimit,
            429,
            "rate_limit_error",
            "requests per minute",
        ),
        (
            ErrorKind::SlowDown,
            429,
            "rate_limit_error",
            "acceleration limit",
        ),
        (
            ErrorKind::ServerError,
            500,
            "api_error",
            "Internal server error",
        ),
        (ErrorKind::GatewayTimeout, 504, "timeout_error", "timed out"),
        (
            ErrorKind::ProviderOverloaded,
            529,
            "overloaded_error",
            "Overloaded",
        ),
    ];
    for (kind, status, r#type, message) in table {
        let refusal = Anthropic.refusal(Why::Kind(kind), "claude");
        let Says::Error(error) = &refusal.says else {
            unreachable!("{kind:?}");
        };
        assert_eq!((refusal.status, error.r#type), (status, r#type), "{kind:?}");
        assert!(error.message.contains(message), "{}", error.message);
    }
}
