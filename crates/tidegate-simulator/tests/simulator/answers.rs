//! What good answers consist of, on both wires: reasoning, text, tool calls, JSON, cached tokens.

use serde_json::{Value, json};
use tidegate_simulator::Simulator;

use crate::call::{Reply, ask, chat, complete, post, scripted, send};

const CALLS: &str =
    r#"ok,tool="weather:{\"city\":\"Rome\",\"unit\":\"C\"}",tool=now,reasoning=Let me see"#;

async fn say(simulator: &Simulator, change: Value) -> Reply {
    let mut body = json!({"model": "claude-x", "max_tokens": 1000,
        "messages": [{"role": "user", "content": "Hello"}]});
    let Value::Object(change) = change else {
        unreachable!("an object: {change}");
    };
    body.as_object_mut().unwrap().extend(change);
    let mut request = post("/v1/messages", body.to_string());
    let version = "2023-06-01".parse().unwrap();
    request.headers_mut().insert("anthropic-version", version);
    send(&simulator.router(), request).await
}

/// The data of a stream's events.
fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn tools_are_called_in_parallel_on_openais_wire() {
    let reply = ask(&scripted(CALLS)).await.json();
    let choice = &reply["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    let message = &choice["message"];
    assert_eq!(
        (&message["content"], &message["reasoning_content"]),
        (&Value::Null, &json!("Let me see"))
    );
    let calls = message["tool_calls"].as_array().unwrap();
    let first = &calls[0]["function"];
    assert_eq!(
        (&first["name"], &first["arguments"]),
        (&json!("weather"), &json!(r#"{"city":"Rome","unit":"C"}"#))
    );
    assert_eq!(calls[1]["function"]["arguments"], "{}");
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    assert_eq!(
        reply["usage"]["completion_tokens_details"]["reasoning_tokens"],
        3
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_tool_calls_in_pieces() {
    let mut body = chat("Hello");
    body["stream"] = json!(true);
    let reply = complete(&scripted(CALLS), &body).await;
    let deltas: Vec<_> = events(&reply.body)
        .into_iter()
        .map(|event| event["choices"][0]["delta"].clone())
        .collect();
    let calls: Vec<_> = deltas
        .iter()
        .filter_map(|delta| delta["tool_calls"].get(0))
        .collect();
    assert_eq!(
        calls.iter().filter(|call| call["id"].is_string()).count(),
        2
    );
    let arguments = |index: u64| -> String {
        let calls = calls.iter().filter(|call| call["index"] == index);
        calls
            .map(|call| call["function"]["arguments"].as_str().unwrap())
            .collect()
    };
    assert_eq!(arguments(0), r#"{"city":"Rome","unit":"C"}"#);
    assert_eq!(arguments(1), "{}");
    assert!(calls.len() > 4, "in pieces: {calls:?}");
    let reasoning: String = deltas
        .iter()
        .filter_map(|delta| delta["reasoning_content"].as_str())
        .collect();
    assert_eq!(reasoning, "Let me see");
}

#[tokio::test(start_paused = true)]
async fn tools_and_thinking_are_blocks_on_anthropics_wire() {
    let reply = say(&scripted(CALLS), json!({})).await.json();
    assert_eq!(reply["stop_reason"], "tool_use");
    let blocks = reply["content"].as_array().unwrap();
    let types: Vec<_> = blocks
        .iter()
        .map(|block| block["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["thinking", "tool_use", "tool_use"]);
    assert_eq!(blocks[0]["thinking"], "Let me see");
    assert!(blocks[0]["signature"].is_string());
    assert_eq!(blocks[1]["input"], json!({"city": "Rome", "unit": "C"}));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_blocks_adds_up_to_the_whole() {
    let reply = say(&scripted(CALLS), json!({"stream": true})).await;
    let events = events(&reply.body);
    let said = |index: u64, field: &str| -> String {
        let events = events.iter().filter(|event| event["index"] == index);
        events
            .filter_map(|event| event["delta"][field].as_str())
            .collect()
    };
    assert_eq!(said(0, "thinking"), "Let me see");
    assert!(!said(0, "signature").is_empty());
    assert_eq!(said(1, "partial_json"), r#"{"city":"Rome","unit":"C"}"#);
    assert_eq!(said(2, "partial_json"), "{}");
    let begun: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "content_block_start")
        .collect();
    assert_eq!(begun[1]["content_block"]["name"], "weather");
    assert_eq!(begun[1]["content_block"]["input"], json!({}));
    let ended = events
        .iter()
        .filter(|event| event["type"] == "content_block_stop");
    assert_eq!((begun.len(), ended.count()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_break_in_the_middle_of_arguments() {
    let script = r#"ok,tool="f:{\"text\":\"a long argument\"}",end=2"#;
    let reply = say(&scripted(script), json!({"stream": true})).await;
    let events = events(&reply.body);
    let pieces: String = events
        .iter()
        .filter_map(|event| event["delta"]["partial_json"].as_str())
        .collect();
    assert_eq!(pieces, r#"{"text":"a long "#);
}

#[tokio::test(start_paused = true)]
async fn each_wire_counts_cached_tokens_in_its_own_way() {
    let simulator = scripted("ok=x,cached=60,cache-written=30,times=2");
    let usage = ask(&simulator).await.json()["usage"].clone();
    assert_eq!(usage["prompt_tokens"], 90, "the cached are a part of it");
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 60);
    let usage = say(&simulator, json!({})).await.json()["usage"].clone();
    assert_eq!(usage["input_tokens"], 0, "the cached are counted apart");
    assert_eq!(
        (
            &usage["cache_read_input_tokens"],
            &usage["cache_creation_input_tokens"]
        ),
        (&json!(60), &json!(30))
    );
}

#[tokio::test(start_paused = true)]
async fn structured_output_fits_the_schema_that_was_asked_for() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}, "people": {"type": "integer"}}});
    let want = json!({"city": "text", "people": 1});
    let mut body = chat("Hello");
    body["response_format"] =
        json!({"type": "json_schema", "json_schema": {"name": "c", "schema": schema}});
    let text = complete(&scripted(""), &body).await.text();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), want);
    let format = json!({"type": "json_schema", "schema": schema});
    for change in [
        json!({"output_config": {"format": format}}),
        json!({"output_format": format}),
    ] {
        let reply = say(&scripted(""), change).await.json();
        let text = reply["content"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), want);
    }
    body["response_format"] = json!({"type": "json_object"});
    let text = complete(&scripted(""), &body).await.text();
    assert!(serde_json::from_str::<Value>(&text).unwrap().is_object());
    assert_eq!(
        complete(&scripted("ok=as written"), &body).await.text(),
        "as written"
    );
}

async fn embed(simulator: &Simulator, body: Value) -> Reply {
    send(
        &simulator.router(),
        post("/v1/embeddings", body.to_string()),
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn embeddings_are_the_same_for_the_same_input() {
    let simulator = scripted("");
    let reply = embed(
        &simulator,
        json!({"model": "e", "input": ["one", "two", "one"], "dimensions": 5}),
    )
    .await
    .json();
    let data = reply["data"].as_array().unwrap();
    assert_eq!(data[0]["embedding"].as_array().unwrap().len(), 5);
    assert_eq!(data[0]["embedding"], data[2]["embedding"]);
    assert_ne!(data[0]["embedding"], data[1]["embedding"]);
    assert_eq!(
        (&data[1]["index"], &reply["model"]),
        (&json!(1), &json!("e"))
    );
    assert_eq!(
        reply["usage"]["prompt_tokens"],
        reply["usage"]["total_tokens"]
    );
    let packed = embed(
        &simulator,
        json!({"model": "e", "input": "one", "encoding_format": "base64"}),
    )
    .await
    .json();
    assert_eq!(
        packed["data"][0]["embedding"].as_str().unwrap().len(),
        44,
        "eight floats"
    );
    assert_eq!(simulator.stats().seen[0].route, "/v1/embeddings");
}

#[tokio::test(start_paused = true)]
async fn embeddings_obey_the_same_script_and_refuse_what_is_wrong() {
    let simulator = scripted("429,retry-after=2; ok,end=1; ok,model=e-2");
    let good = || json!({"model": "e", "input": [1, 2, 3]});
    let limited = embed(&simulator, good()).await;
    assert_eq!(
        (limited.status, limited.header("retry-after")),
        (429, Some("2"))
    );
    let cut = embed(&simulator, good()).await;
    assert!(
        serde_json::from_str::<Value>(&cut.body).is_err(),
        "{}",
        cut.body
    );
    assert_eq!(embed(&simulator, good()).await.json()["model"], "e-2");
    let table = [
        (json!({"model": "e"}), "missing_required_parameter"),
        (json!({"model": "e", "input": []}), "empty_array"),
        (json!({"model": "e", "input": 7}), "invalid_type"),
        (
            json!({"model": "e", "input": "x", "dimensions": 0}),
            "invalid_type",
        ),
    ];
    for (body, code) in table {
        let reply = embed(&simulator, body).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]["code"]),
            (400, &json!(code))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn tools_of_a_script_may_be_written_as_json_and_may_be_bad() {
    let simulator = scripted("");
    let script = json!([{"answer": "ok", "tools": [{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": "{bad"}]}]);
    send(&simulator.router(), post("/script", script.to_string())).await;
    let reply = ask(&simulator).await.json();
    let calls = &reply["choices"][0]["message"]["tool_calls"];
    assert_eq!(calls[0]["function"]["arguments"], r#"{"a":1}"#);
    assert_eq!(calls[1]["function"]["arguments"], "{bad");
}
