//! What the simulator says it saw.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tidegate_simulator::{Outcome, Simulator};
use tokio::time::advance;

use crate::call::{ask, chat, complete, post, respond, scripted, send};

async fn stats(simulator: &Simulator) -> Value {
    let request = Request::get("/stats").body(Body::empty()).unwrap();
    send(&simulator.router(), request).await.json()
}

#[tokio::test(start_paused = true)]
async fn tells_each_request_in_order_of_arrival() {
    let simulator = scripted("503; ok");
    ask(&simulator).await;
    advance(Duration::from_micros(1_500_250)).await;
    let mut request = post("/v1/chat/completions", {
        let mut body = chat(&"é".repeat(100));
        body["stream"] = json!(true);
        body.to_string()
    });
    request
        .headers_mut()
        .insert("authorization", "Bearer sk-1".parse().unwrap());
    send(&simulator.router(), request).await;
    let stats = stats(&simulator).await;
    assert_eq!(stats["requests"], 2);
    assert_eq!(stats["answers"], json!({"200": 1, "503": 1}));
    let (first, second) = (&stats["seen"][0], &stats["seen"][1]);
    assert_eq!(
        (&first["at_us"], &first["status"], &first["authorized"]),
        (&json!(0), &json!(503), &json!(false))
    );
    assert_eq!(second["at_us"], 1_500_250);
    assert_eq!(
        (&second["streamed"], &second["authorized"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(second["last_user"], "é".repeat(80));
    assert_eq!(second["prompt_chars"], 100);
    assert_eq!(second["model"], "gpt-4o");
    assert_ne!(first["prompt_hash"], second["prompt_hash"]);
}

#[tokio::test(start_paused = true)]
async fn equal_prompts_have_equal_hashes() {
    let simulator = scripted("");
    complete(&simulator, &chat("same")).await;
    complete(&simulator, &chat("same")).await;
    let seen = simulator.stats().seen;
    assert_eq!(seen[0].prompt_hash, seen[1].prompt_hash);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_in_flight_until_its_body_is_gone() {
    let simulator = scripted("ok");
    let mut body = chat("Hello");
    body["stream"] = json!(true);
    let response = respond(
        &simulator.router(),
        post("/v1/chat/completions", body.to_string()),
    )
    .await;
    assert_eq!(simulator.stats().in_flight, 1);
    drop(response);
    let stats = simulator.stats();
    assert_eq!((stats.in_flight, stats.max_in_flight), (0, 1));
    assert_eq!(stats.seen[0].status, Outcome::Status(200));
}

#[tokio::test(start_paused = true)]
async fn counts_how_many_were_in_flight_at_once() {
    let simulator = scripted("ok,times=3,delay=1s");
    tokio::join!(ask(&simulator), ask(&simulator), ask(&simulator));
    ask(&simulator).await;
    assert_eq!(simulator.stats().max_in_flight, 3);
}

#[tokio::test(start_paused = true)]
async fn a_reset_forgets_the_counts_and_keeps_the_script() {
    let simulator = scripted("503; 503; ok=last");
    ask(&simulator).await;
    let reply = send(&simulator.router(), post("/stats/reset", "")).await;
    assert_eq!(reply.status, 204);
    let stats = stats(&simulator).await;
    assert_eq!(
        (&stats["requests"], &stats["seen"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(stats["script_remaining"], 2);
    assert_eq!(ask(&simulator).await.status, 503);
}
