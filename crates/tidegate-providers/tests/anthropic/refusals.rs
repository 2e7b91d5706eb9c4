//! Requests that cannot be read: which field, and why.

use serde_json::{Value, json};
use tidegate_core::{Part, ToolChoice};
use tidegate_providers::dialect::anthropic_messages::server::{self, Refusal};

fn body(field: &str, value: &Value) -> Value {
    let mut body =
        json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": "hi" }] });
    body[field] = value.clone();
    body
}

fn refused(body: &Value) -> Refusal {
    server::read(body.to_string().as_bytes()).unwrap_err()
}

fn block(block: &Value) -> Value {
    json!([{ "role": "user", "content": [{ "type": "text", "text": "a" }, block] }])
}

/// The field, its value, and what is said of it.
type Row = (&'static str, Value, &'static str);

fn check(rows: Vec<Row>, known: bool) {
    for (field, value, message) in rows {
        let refusal = refused(&body(field, &value));
        assert_eq!(refusal.message, message);
        assert_eq!(refusal.is_known, known, "{message}");
    }
}

#[test]
fn a_wrong_message_is_refused_by_its_place() {
    let rows = vec![
        (
            "messages",
            json!("hi"),
            "messages: Input should be a valid list",
        ),
        (
            "messages",
            json!(["hi"]),
            "messages.0: Input should be an object",
        ),
        (
            "messages",
            json!([{ "content": "hi" }]),
            "messages.0.role: Field required",
        ),
        (
            "messages",
            json!([{ "role": "system", "content": "hi" }]),
            "messages.0.role: Input should be 'user' or 'assistant'",
        ),
        (
            "messages",
            json!([{ "role": "user" }]),
            "messages.0.content: Field required",
        ),
        (
            "messages",
            json!([{ "role": "user", "content": 7 }]),
            "messages.0.content: Input should be a valid list",
        ),
        (
            "messages",
            block(&json!({ "text": "a" })),
            "messages.0.content.1.type: Field required",
        ),
        (
            "messages",
            block(&json!({ "type": "text" })),
            "messages.0.content.1.text: Field required",
        ),
        (
            "messages",
            block(&json!({ "type": "image", "source": { "type": "url" } })),
            "messages.0.content.1.source.url: Field required",
        ),
        (
            "messages",
            block(&json!({ "type": "tool_use", "id": "a", "name": "b", "input": [] })),
            "messages.0.content.1.input: Input should be an object",
        ),
        (
            "messages",
            block(
                &json!({ "type": "tool_result", "tool_use_id": "a", "content": [{ "type": "text" }] }),
            ),
            "messages.0.content.1.content.0.text: Field required",
        ),
    ];
    check(rows, false);
}

#[test]
fn a_wrong_parameter_is_refused_by_its_name() {
    let rows = vec![
        ("model", json!(null), "model: Field required"),
        ("model", json!(7), "model: Input should be a valid string"),
        ("max_tokens", json!(null), "max_tokens: Field required"),
        (
            "max_tokens",
            json!(-1),
            "max_tokens: Input should be a valid integer",
        ),
        ("messages", json!(null), "messages: Field required"),
        (
            "system",
            json!([{ "type": "thinking", "thinking": "", "signature": "" }]),
            "system.0: Input should be a text block",
        ),
        (
            "temperature",
            json!("hot"),
            "temperature: Input should be a valid number",
        ),
        (
            "stream",
            json!("yes"),
            "stream: Input should be a valid boolean",
        ),
        (
            "stop_sequences",
            json!([1]),
            "stop_sequences.0: Input should be a valid string",
        ),
        (
            "tools",
            json!([{ "name": "a" }]),
            "tools.0.input_schema: Field required",
        ),
        (
            "tool_choice",
            json!({ "type": "some" }),
            "tool_choice: Input should be 'auto', 'any', 'tool' or 'none'",
        ),
        (
            "tool_choice",
            json!({ "type": "tool" }),
            "tool_choice.name: Field required",
        ),
        (
            "output_config",
            json!({ "format": { "type": "json" } }),
            "output_config.format: Input should be of the type 'json_schema'",
        ),
    ];
    check(rows, false);
}

#[test]
fn what_the_vocabulary_has_no_word_for_is_refused_as_known() {
    let rows = vec![
        (
            "messages",
            block(&json!({ "type": "document", "source": {} })),
            "messages.0.content.1: a block of type `document` is not supported here",
        ),
        (
            "messages",
            block(&json!({ "type": "image", "source": { "type": "file", "file_id": "f" } })),
            "messages.0.content.1.source: a source of type `file` is not supported here",
        ),
        (
            "messages",
            block(&json!({ "type": "text", "text": "a", "mood": "good" })),
            "messages.0.content.1.mood: it is not supported here",
        ),
        (
            "tools",
            json!([{ "type": "web_search_20250305", "name": "web_search" }]),
            "tools.0: a tool of type `web_search_20250305` is not supported here",
        ),
        (
            "tools",
            json!([{ "name": "a", "input_schema": {}, "defer_loading": true }]),
            "tools.0.defer_loading: it is not supported here",
        ),
    ];
    check(rows, true);
}

#[test]
fn what_is_no_object_is_refused_as_a_whole() {
    for text in ["", "[]", "hi", "{\"model\": "] {
        let refusal = server::read(text.as_bytes()).unwrap_err();
        assert_eq!(refusal.message, "The request body is not a JSON object");
    }
}

#[test]
fn a_body_that_nests_without_end_is_refused_at_the_second_level() {
    let depth = 100_000;
    let open = "[{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":";
    let nested = format!("{}[]{}", open.repeat(depth), "}]".repeat(depth));
    let text = format!(
        "{{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{{\"role\":\"user\",\"content\":{nested}}}]}}"
    );
    let refusal = server::read(text.as_bytes()).unwrap_err();
    assert_eq!(
        refusal.message,
        "messages.0.content.0.content.0: a block of type `tool_result` is not supported here"
    );
}

#[test]
fn a_refusal_becomes_a_reply_of_its_dialect() {
    let refusal = refused(&json!({}));
    let reply = refusal.reply();
    let body: Value = serde_json::from_slice(&reply.body()).unwrap();
    assert_eq!(reply.status, 400);
    assert_eq!(
        body,
        json!({ "type": "error", "error": { "type": "invalid_request_error", "message": "model: Field required" } })
    );
}

#[test]
fn what_changes_nothing_of_the_question_is_left_out() {
    let marked = json!({ "type": "text", "text": "a", "cache_control": { "type": "ephemeral" }, "citations": null });
    let value = json!({
        "model": "m", "max_tokens": 1, "system": [marked, marked], "messages": [{ "role": "user", "content": [marked] }],
        "tools": [{ "type": "custom", "name": "t", "input_schema": {}, "cache_control": { "type": "ephemeral" } }],
        "tool_choice": { "type": "any" }, "thinking": { "type": "adaptive" }, "top_k": null,
    });
    let request = server::read(value.to_string().as_bytes()).unwrap().request;
    assert_eq!(request.system.as_deref(), Some("a\n\na"));
    assert_eq!(request.messages[0].parts, [Part::text("a")]);
    assert_eq!(request.tools[0].name, "t");
    assert_eq!(request.tool_choice, Some(ToolChoice::Required));
    assert_eq!(
        request.extra,
        json!({ "thinking": { "type": "adaptive" } })
            .as_object()
            .unwrap()
            .clone()
    );
}
