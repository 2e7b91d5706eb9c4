//! The second wire, from outside: the same scripts, limits and faults in other words.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tidegate_simulator::{ApiKey, Limit, Settings, Simulator};

use crate::call::{Reply, ask, post, scripted, send};

fn messages(stream: bool) -> Value {
    json!({"model": "claude-x", "max_tokens": 1000, "stream": stream,
        "messages": [{"role": "user", "content": "Hello"}]})
}

fn request(body: &Value) -> Request<Body> {
    let mut request = post("/v1/messages", body.to_string());
    let version = "2023-06-01".parse().unwrap();
    request.headers_mut().insert("anthropic-version", version);
    request
}

async fn say(simulator: &Simulator, stream: bool) -> Reply {
    send(&simulator.router(), request(&messages(stream))).await
}

fn text(reply: &Reply) -> String {
    reply.json()["content"][0]["text"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(start_paused = true)]
async fn one_script_answers_both_wires_in_order() {
    let simulator = scripted("ok=one; 529; ok=three; 503");
    assert_eq!(text(&say(&simulator, false).await), "one");
    let overloaded = say(&simulator, false).await;
    assert_eq!(overloaded.status, 529);
    assert_eq!(overloaded.json()["error"]["type"], "overloaded_error");
    assert_eq!(ask(&simulator).await.text(), "three");
    assert_eq!(ask(&simulator).await.status, 503);
    let seen = simulator.stats().seen;
    let wires: Vec<_> = seen.iter().map(|seen| (seen.wire, seen.route)).collect();
    let (ours, theirs) = (
        ("anthropic", "/v1/messages"),
        ("openai", "/v1/chat/completions"),
    );
    assert_eq!(wires, [ours, ours, theirs, theirs]);
}

#[tokio::test(start_paused = true)]
async fn an_error_repeats_the_id_of_the_request() {
    let reply = say(&scripted("500"), false).await;
    let id = reply.header("request-id").unwrap().to_owned();
    let want = json!({"type": "error", "request_id": id,
        "error": {"type": "api_error", "message": "Internal server error"}});
    assert_eq!(reply.json(), want);
    assert_eq!(reply.header("x-request-id"), None);
    assert_eq!(reply.header("openai-version"), None);
}

#[tokio::test(start_paused = true)]
async fn a_request_needs_a_version_that_exists() {
    let simulator = scripted("ok=in");
    let bare = post("/v1/messages", messages(false).to_string());
    let reply = send(&simulator.router(), bare).await;
    assert_eq!(reply.status, 400);
    let message = &reply.json()["error"]["message"];
    assert_eq!(message, "anthropic-version: header is required");
    let mut wrong = request(&messages(false));
    let version = "2023-06-01, 2023-06-01".parse().unwrap();
    wrong.headers_mut().insert("anthropic-version", version);
    let reply = send(&simulator.router(), wrong).await;
    assert!(
        reply.body.contains("is not a valid version"),
        "{}",
        reply.body
    );
    assert_eq!(
        text(&say(&simulator, false).await),
        "in",
        "took nothing from the script"
    );
}

#[tokio::test(start_paused = true)]
async fn the_key_comes_in_its_own_header_or_as_a_bearer() {
    let simulator = Simulator::new(Settings {
        api_key: Some(ApiKey::new("sk-ant-right")),
        ..Settings::default()
    });
    let table = [
        ("x-api-key", "sk-ant-right", 200),
        ("authorization", "Bearer sk-ant-right", 200),
        ("x-api-key", "sk-ant-wrong", 401),
        ("x-other", "sk-ant-right", 401),
    ];
    for (name, value, status) in table {
        let mut request = request(&messages(false));
        request.headers_mut().insert(name, value.parse().unwrap());
        let reply = send(&simulator.router(), request).await;
        assert_eq!(reply.status, status, "{name}: {value}");
        assert!(!reply.body.contains("sk-ant"), "{}", reply.body);
    }
    let reply = say(&simulator, false).await;
    assert_eq!(reply.json()["error"]["type"], "authentication_error");
}

#[tokio::test(start_paused = true)]
async fn the_headers_tell_every_limit_with_a_time_that_is_not_too_early() {
    let simulator = Simulator::new(Settings {
        limits: vec![Limit::window(1, Duration::from_millis(2_400))],
        ..Settings::default()
    });
    let reply = say(&simulator, false).await;
    let at = |field: &str| {
        reply
            .header(&format!("anthropic-ratelimit-{field}"))
            .unwrap()
    };
    assert_eq!((at("requests-limit"), at("requests-remaining")), ("1", "0"));
    for metered in ["tokens", "input-tokens", "output-tokens"] {
        assert_eq!(
            at(&format!("{metered}-limit")),
            at(&format!("{metered}-remaining"))
        );
        assert!(at(&format!("{metered}-reset")).ends_with('Z'));
    }
    let second = |text: &str, from: usize| text[from..from + 2].parse::<u32>().unwrap();
    let reset = second(at("requests-reset"), 17);
    let date = second(reply.header("date").unwrap(), 23);
    assert!(
        (3..=4).contains(&((reset + 60 - date) % 60)),
        "{reset} after {date}"
    );
    let limited = say(&simulator, false).await;
    assert_eq!(
        (limited.status, limited.header("retry-after")),
        (429, Some("3"))
    );
    assert_eq!(limited.json()["error"]["type"], "rate_limit_error");
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_fail_like_any_other() {
    let reply = say(&scripted("ok=a b c,error=1:provider_overloaded"), true).await;
    let last = reply.body.trim_end().rsplit("\n\n").next().unwrap();
    assert!(
        last.starts_with("event: error\ndata: {\"type\":\"error\""),
        "{last}"
    );
    assert!(
        last.contains("overloaded_error") && last.contains("\"request_id\":\"req_"),
        "{last}"
    );
    let reply = say(&scripted("ok=a b c,malformed=2"), true).await;
    assert!(
        reply
            .body
            .ends_with("data: {\"type\":\"message_stop\"}\n\n")
    );
    let data = reply
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    let bad = data.filter(|data| serde_json::from_str::<Value>(data).is_err());
    assert_eq!(
        bad.count(),
        1,
        "the event is whole and its JSON is not: {}",
        reply.body
    );
    let reply = say(&scripted("ok=a,no-done"), true).await;
    assert!(reply.body.contains("message_delta") && !reply.body.contains("message_stop"));
    let reply = say(&scripted("ok=a,first-token=5s,ping=2s"), true).await;
    assert!(
        reply
            .body
            .starts_with("event: ping\ndata: {\"type\": \"ping\"}\n\nevent: ping"),
        "{}",
        reply.body
    );
}

#[tokio::test(start_paused = true)]
async fn answers_end_for_the_reason_the_script_or_the_request_gives() {
    let mut short = messages(false);
    short["max_tokens"] = json!(1);
    let simulator = scripted("ok=a b; ok=a b,finish=refusal; ok=a b,finish=tools");
    for want in ["max_tokens", "refusal", "tool_use"] {
        let reply = send(&simulator.router(), request(&short)).await;
        assert_eq!(reply.json()["stop_reason"], want);
    }
}

#[tokio::test(start_paused = true)]
async fn shared_urls_answer_on_the_wire_that_the_headers_show() {
    let simulator = scripted("");
    let get = |path: &str| {
        let request = Request::get(path).header("anthropic-version", "2023-06-01");
        request.body(Body::empty()).unwrap()
    };
    let models = send(&simulator.router(), get("/v1/models")).await.json();
    assert_eq!(models["data"][0]["display_name"], "simulated");
    assert_eq!(
        (&models["has_more"], &models["last_id"]),
        (&json!(false), &json!("simulated"))
    );
    let nothing = send(&simulator.router(), get("/v1/nothing")).await;
    assert_eq!(nothing.json()["error"]["type"], "not_found_error");
}

#[tokio::test(start_paused = true)]
async fn the_answer_names_the_model_asked_for_or_the_one_that_was_set() {
    let simulator = Simulator::new(Settings {
        served_model: Some("big-1".into()),
        ..Settings::scripted("ok,model=small-2; ok").unwrap()
    });
    assert_eq!(ask(&simulator).await.json()["model"], "small-2");
    assert_eq!(say(&simulator, false).await.json()["model"], "big-1");
    assert_eq!(
        say(&scripted("ok"), false).await.json()["model"],
        "claude-x"
    );
}
