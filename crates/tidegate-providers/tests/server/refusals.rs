//! Requests that cannot be read: which field, and why.

use serde_json::{Value, json};
use tidegate_providers::dialect::openai_chat::server::{self, Refusal};

fn refused(body: &Value) -> Refusal {
    match server::read(body.to_string().as_bytes()) {
        Err(refusal) => refusal,
        Ok(asked) => panic!("was read: {asked:?}"),
    }
}

/// A request with one field more, or another value for it.
fn with(field: &str, value: &Value) -> Value {
    let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "Hi." }] });
    body[field] = value.clone();
    body
}

/// A field, its value, and the parameter and code of the refusal.
type Row = (&'static str, Value, &'static str, &'static str);

fn check(rows: &[Row]) {
    for (field, value, param, code) in rows {
        let refusal = refused(&with(field, value));
        assert_eq!(refusal.param.as_deref(), Some(*param), "{refusal}");
        assert_eq!(refusal.code, Some(*code), "{refusal}");
        assert!(refusal.message.contains(&format!("'{param}'")), "{refusal}");
    }
}

#[test]
fn a_wrong_message_is_refused_by_its_place() {
    let user = |content: Value| json!([{ "role": "user", "content": content }]);
    check(&[
        ("model", json!(null), "model", "missing_required_parameter"),
        (
            "messages",
            json!(null),
            "messages",
            "missing_required_parameter",
        ),
        ("messages", json!([]), "messages", "invalid_value"),
        ("messages", json!({}), "messages", "invalid_type"),
        ("messages", json!(["x"]), "messages[0]", "invalid_type"),
        (
            "messages",
            json!([{}]),
            "messages[0].role",
            "missing_required_parameter",
        ),
        (
            "messages",
            json!([{ "role": "x" }]),
            "messages[0].role",
            "invalid_value",
        ),
        (
            "messages",
            json!([{ "role": "user" }]),
            "messages[0].content",
            "missing_required_parameter",
        ),
        (
            "messages",
            user(json!(1)),
            "messages[0].content",
            "invalid_type",
        ),
        (
            "messages",
            user(json!([1])),
            "messages[0].content[0]",
            "invalid_type",
        ),
        (
            "messages",
            user(json!([{ "type": "text" }])),
            "messages[0].content[0].text",
            "missing_required_parameter",
        ),
        (
            "messages",
            user(json!([{ "type": "file" }])),
            "messages[0].content[0].type",
            "unsupported_value",
        ),
        (
            "messages",
            user(json!([{ "type": "image_url", "image_url": { "detail": "low" } }])),
            "messages[0].content[0].image_url.url",
            "missing_required_parameter",
        ),
        (
            "messages",
            json!([{ "role": "user", "content": "" }, { "role": "system", "content": "" }]),
            "messages[1].role",
            "unsupported_value",
        ),
        (
            "messages",
            json!([{ "role": "tool", "content": "" }]),
            "messages[0].tool_call_id",
            "missing_required_parameter",
        ),
        (
            "messages",
            json!([{ "role": "assistant", "tool_calls": [{ "type": "custom" }] }]),
            "messages[0].tool_calls[0].type",
            "unsupported_value",
        ),
        (
            "messages",
            json!([{ "role": "assistant", "function_call": {} }]),
            "messages[0].function_call",
            "unsupported_value",
        ),
    ]);
}

#[test]
fn a_wrong_parameter_is_refused_by_its_name() {
    check(&[
        ("max_tokens", json!(-1), "max_tokens", "invalid_value"),
        ("max_tokens", json!("9"), "max_tokens", "invalid_type"),
        (
            "max_completion_tokens",
            json!(5_000_000_000_u64),
            "max_completion_tokens",
            "invalid_value",
        ),
        ("temperature", json!("hot"), "temperature", "invalid_type"),
        ("seed", json!(1.5), "seed", "invalid_value"),
        ("stop", json!([1]), "stop[0]", "invalid_type"),
        ("stream", json!("yes"), "stream", "invalid_type"),
        (
            "stream_options",
            json!(true),
            "stream_options",
            "invalid_type",
        ),
        ("n", json!(2), "n", "unsupported_value"),
        (
            "tools",
            json!([{ "type": "web_search" }]),
            "tools[0].type",
            "unsupported_value",
        ),
        (
            "tools",
            json!([{ "type": "function", "function": {} }]),
            "tools[0].function.name",
            "missing_required_parameter",
        ),
        ("tool_choice", json!("any"), "tool_choice", "invalid_value"),
        (
            "response_format",
            json!({ "type": "xml" }),
            "response_format.type",
            "invalid_value",
        ),
        (
            "response_format",
            json!({ "type": "json_schema", "json_schema": {} }),
            "response_format.json_schema.name",
            "missing_required_parameter",
        ),
    ]);
}

#[test]
fn what_is_no_object_is_refused_as_a_whole() {
    for body in ["", "{", "[]", "\"x\"", "null"] {
        let refusal = server::read(body.as_bytes()).unwrap_err();
        assert_eq!(refusal.param, None, "{body}");
    }
}

#[test]
fn a_refusal_becomes_a_reply_with_its_field_and_code() {
    let refusal = refused(&with("temperature", &json!("hot")));
    let body: Value = serde_json::from_slice(&refusal.reply().body()).unwrap();
    assert_eq!(
        body,
        json!({ "error": {
            "message": "Invalid type for 'temperature': expected a number, but got a string instead.",
            "type": "invalid_request_error", "param": "temperature", "code": "invalid_type",
        } })
    );
}

#[test]
fn what_clients_write_otherwise_is_read_as_it_is_meant() {
    let asked = server::read(
        json!({
            "model": "m",
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "developer", "content": [{ "type": "text", "text": "Be kind." }] },
                { "role": "user", "name": "ann", "content": [{ "type": "image_url", "image_url": "data:image/png;base64,AA==" }] },
                { "role": "assistant", "content": [{ "type": "refusal", "refusal": "No." }], "audio": null },
            ],
            "max_tokens": 5, "max_completion_tokens": 7, "stop": "END", "n": 1, "user": null, "store": true,
            "stream_options": { "include_usage": true },
            "response_format": { "type": "json_schema", "json_schema": { "name": "a", "description": "An answer." } },
        })
        .to_string()
        .as_bytes(),
    )
    .unwrap();
    let request = serde_json::to_value(&asked.request).unwrap();
    assert_eq!(request["system"], "Be brief.\n\nBe kind.");
    assert_eq!(request["max_tokens"], 7);
    assert_eq!(request["stop"], json!(["END"]));
    assert_eq!(request["extra"], json!({ "store": true }));
    assert_eq!(
        request["output"]["schema"],
        json!({ "description": "An answer." })
    );
    assert_eq!(
        request["messages"][0]["parts"][0]["source"]["data"],
        json!({ "media_type": "image/png", "base64": "AA==" })
    );
    assert_eq!(
        request["messages"][1]["parts"],
        json!([{ "type": "text", "text": "No." }])
    );
    assert!(asked.include_usage);
}
