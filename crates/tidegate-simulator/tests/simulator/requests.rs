//! What a request must be, and the headers of every response.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tidegate_simulator::{ApiKey, Settings, Simulator};

use crate::call::{Reply, ask, chat, complete, post, scripted, send};

async fn with_key(simulator: &Simulator, header: Option<&str>) -> Reply {
    let mut request = post("/v1/chat/completions", chat("Hello").to_string());
    if let Some(header) = header {
        request
            .headers_mut()
            .insert("authorization", header.parse().unwrap());
    }
    send(&simulator.router(), request).await
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn locked() -> Simulator {
    Simulator::new(Settings {
        api_key: Some(ApiKey::new("sk-right")),
        ..Settings::scripted("ok=in").unwrap()
    })
}

#[tokio::test(start_paused = true)]
async fn refuses_a_wrong_or_missing_key_with_the_real_body_and_without_repeating_it() {
    let simulator = locked();
    for header in [None, Some("Bearer sk-wrong"), Some("Basic sk-right")] {
        let reply = with_key(&simulator, header).await;
        assert_eq!(reply.status, 401);
        assert_eq!(reply.json()["error"]["code"], "invalid_api_key");
        assert!(!reply.body.contains("sk-wrong"));
    }
    assert_eq!(
        with_key(&simulator, Some("Bearer sk-right")).await.text(),
        "in"
    );
    let stats = serde_json::to_string(&simulator.stats()).unwrap();
    assert!(!stats.contains("sk-"), "{stats}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_takes_no_answer_from_the_script() {
    let simulator = scripted("ok=first");
    let reply = send(&simulator.router(), post("/v1/chat/completions", "{nope")).await;
    assert_eq!(reply.status, 400);
    let reply = complete(&simulator, &json!({"model": "gpt-4o"})).await;
    assert_eq!(reply.json()["error"]["param"], "messages");
    assert_eq!(ask(&simulator).await.text(), "first");
}

#[tokio::test(start_paused = true)]
async fn every_response_carries_the_providers_headers() {
    let simulator = scripted("ok; 503");
    let (first, second) = (ask(&simulator).await, ask(&simulator).await);
    for reply in [&first, &second] {
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("openai-processing-ms"), Some("0"));
        assert!(reply.header("date").unwrap().ends_with(" GMT"));
        assert_eq!(
            reply.header("x-ratelimit-limit-requests"),
            None,
            "no limit, no header"
        );
    }
    let id = first.header("x-request-id").unwrap();
    assert!(id.starts_with("req_") && id.len() == 36, "{id}");
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}

#[tokio::test(start_paused = true)]
async fn usage_is_about_a_token_for_four_characters() {
    let reply = complete(&scripted("ok=one two"), &chat(&"x".repeat(400))).await;
    let usage = reply.json()["usage"].clone();
    assert_eq!(usage["prompt_tokens"], 103);
    assert_eq!(usage["completion_tokens"], 2);
    assert_eq!(usage["total_tokens"], 105);
}

#[tokio::test(start_paused = true)]
async fn lists_its_models_to_those_who_have_the_key() {
    let reply = send(&scripted("").router(), get("/v1/models")).await;
    assert_eq!(reply.json()["data"][0]["id"], "simulated");
    assert_eq!(
        send(&locked().router(), get("/v1/models")).await.status,
        401
    );
}

#[tokio::test(start_paused = true)]
async fn unknown_urls_and_methods_get_the_providers_errors() {
    let router = scripted("").router();
    let reply = send(&router, get("/v1/nothing")).await;
    assert_eq!(reply.status, 404);
    assert_eq!(
        reply.json()["error"]["message"],
        "Invalid URL (GET /v1/nothing)"
    );
    let reply = send(&router, get("/v1/chat/completions")).await;
    assert_eq!(reply.status, 405);
    assert_eq!(reply.json()["error"]["code"], "method_not_supported");
}

#[tokio::test(start_paused = true)]
async fn a_model_without_prefill_refuses_only_conversations_that_end_with_one() {
    let simulator = Simulator::new(Settings {
        rejects_prefill: true,
        ..Settings::default()
    });
    let mut request = chat("Hello");
    assert_eq!(complete(&simulator, &request).await.status, 200);
    let messages = request["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": "The answer is"}));
    assert_eq!(complete(&simulator, &request).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn prompts_of_many_megabytes_are_read() {
    let prompt = "word ".repeat(1 << 20);
    let reply = complete(&scripted(""), &chat(&prompt)).await;
    assert!(
        reply.text().contains("5242880 characters"),
        "{}",
        reply.text()
    );
}
