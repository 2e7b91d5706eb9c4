use serde_json::{Value, json};

use super::*;
use crate::completion::Input;
use crate::fault::{ErrorKind, Part};
use crate::prompt::Tokens;
use crate::refusal::Says;

fn read_text(text: &str) -> Result<Prompt, Refusal> {
    request::read(text.as_bytes())
}

fn body(refusal: &Refusal) -> Value {
    let Says::Error(error) = &refusal.says else {
        unreachable!("not in the envelope: {refusal:?}");
    };
    serde_json::from_str(&OpenAi.envelope(error, "req_1")).unwrap()
}

fn error_of(text: &str) -> Value {
    let refusal = read_text(text).unwrap_err();
    assert_eq!(refusal.status, 400);
    body(&refusal)["error"].clone()
}

fn completion(text: &str) -> Completion {
    Completion {
        number: 1,
        created: 7,
        model: "m\"x".into(),
        input: Input {
            tokens: 5,
            ..Input::default()
        },
        reasoning: Tokens::new("", None, None),
        text: Tokens::new(text, None, None),
        calls: Vec::new(),
        vectors: None,
        finish: Finish::Stop,
    }
}

fn stream(completion: Completion, with_usage: bool) -> Vec<Value> {
    chunks::events(completion, with_usage)
        .filter(|event| event.part != Part::Done)
        .map(|event| {
            let text = std::str::from_utf8(&event.bytes).unwrap().to_owned();
            let data = text
                .strip_prefix("data: ")
                .unwrap()
                .strip_suffix("\n\n")
                .unwrap();
            serde_json::from_str(data).unwrap()
        })
        .collect()
}

#[test]
fn reads_text_parts_escapes_and_absent_content() {
    let request = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"max_tokens":9,"messages":[
        {"role":"user","content":"say \"hi\""},
        {"role":"assistant","content":null,"tool_calls":[]},
        {"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}},{"type":"text","text":"b"}]}]}"#;
    let prompt = read_text(request).unwrap();
    assert!(prompt.streamed && prompt.wants_usage);
    assert_eq!(prompt.max_tokens, Some(9));
    assert_eq!((prompt.messages, prompt.chars), (3, 10));
    assert_eq!(prompt.last_user, "ab");
}

#[test]
fn names_what_is_wrong_with_a_request() {
    assert!(
        error_of("{nope")["message"]
            .as_str()
            .unwrap()
            .starts_with("We could not parse")
    );
    assert_eq!(
        error_of(r#"{"messages":[]}"#)["message"],
        "you must provide a model parameter"
    );
    assert_eq!(
        error_of(r#"{"model":"m"}"#)["code"],
        "missing_required_parameter"
    );
    assert_eq!(
        error_of(r#"{"model":"m","messages":[]}"#)["code"],
        "empty_array"
    );
    let wrong = error_of(r#"{"model":"m","messages":"hi"}"#);
    assert_eq!(
        (&wrong["code"], &wrong["param"]),
        (&json!("invalid_type"), &json!("messages"))
    );
    assert_eq!(
        error_of(r#"{"model":7,"messages":[]}"#)["code"],
        "invalid_type"
    );
    assert!(
        error_of("[]")["message"]
            .as_str()
            .unwrap()
            .starts_with("We could not parse")
    );
}

#[test]
fn a_whole_answer_has_the_providers_form() {
    let body: Value = serde_json::from_slice(&OpenAi.whole(&completion("Hello world"))).unwrap();
    let choice = json!({
        "index": 0,
        "message": {"role": "assistant", "content": "Hello world", "refusal": null, "annotations": []},
        "logprobs": null,
        "finish_reason": "stop",
    });
    assert_eq!(body["choices"], json!([choice]));
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["model"], "m\"x");
    assert_eq!(body["usage"]["total_tokens"], 7);
}

#[test]
fn a_stream_opens_with_the_role_and_closes_with_the_reason() {
    let chunks = stream(completion("Hello \"world\""), false);
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(
        chunks[1]["choices"][0]["delta"],
        json!({"content": "Hello"})
    );
    assert_eq!(
        chunks[2]["choices"][0]["delta"],
        json!({"content": " \"world\""})
    );
    assert_eq!(chunks[3]["choices"][0]["delta"], json!({}));
    assert_eq!(chunks[3]["choices"][0]["finish_reason"], "stop");
    assert_eq!(chunks.len(), 4);
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["object"] == "chat.completion.chunk")
    );
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()));
}

#[test]
fn a_stream_tells_its_usage_last_when_asked() {
    let chunks = stream(completion("Hello world"), true);
    assert_eq!(chunks[1]["usage"], Value::Null);
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], 2);
}

#[test]
fn every_kind_of_error_has_a_body_that_fits_its_status() {
    for kind in ErrorKind::all() {
        let refusal = OpenAi.refusal(Why::Kind(kind), "gpt-4o");
        assert_eq!(refusal.status, kind.status(), "{kind:?}");
        if let Says::Text(content_type, text) = &refusal.says {
            assert!(text.starts_with("<html>") || *content_type == "application/json");
            continue;
        }
        let body = body(&refusal);
        assert!(body["error"]["message"].is_string(), "{kind:?}");
        assert!(body["error"]["type"].is_string(), "{kind:?}");
    }
}

#[test]
fn the_codes_that_clients_judge_by_are_the_real_ones() {
    let table = [
        (
            ErrorKind::ContextLength,
            "invalid_request_error",
            json!("context_length_exceeded"),
        ),
        (
            ErrorKind::ContentPolicy,
            "invalid_request_error",
            json!("content_policy_violation"),
        ),
        (
            ErrorKind::InvalidApiKey,
            "invalid_request_error",
            json!("invalid_api_key"),
        ),
        (
            ErrorKind::ModelNotFound,
            "invalid_request_error",
            json!("model_not_found"),
        ),
        (
            ErrorKind::RateLimit,
            "requests",
            json!("rate_limit_exceeded"),
        ),
        (
            ErrorKind::TokenLimit,
            "tokens",
            json!("rate_limit_exceeded"),
        ),
        (
            ErrorKind::RequestTooLarge,
            "tokens",
            json!("rate_limit_exceeded"),
        ),
        (
            ErrorKind::InsufficientQuota,
            "insufficient_quota",
            json!("insufficient_quota"),
        ),
        (ErrorKind::ServerError, "server_error", Value::Null),
        (
            ErrorKind::Overloaded,
            "service_unavailable_error",
            json!("server_is_overloaded"),
        ),
    ];
    for (kind, r#type, code) in table {
        let body = body(&OpenAi.refusal(Why::Kind(kind), "m"));
        assert_eq!(
            (&body["error"]["type"], &body["error"]["code"]),
            (&json!(r#type), &code),
            "{kind:?}"
        );
    }
}
