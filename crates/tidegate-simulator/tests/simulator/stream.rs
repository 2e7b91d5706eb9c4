//! Streamed answers and what goes wrong in them, in process on paused time.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tidegate_simulator::Simulator;
use tokio::time::{Instant, timeout};

use crate::call::{chat, post, respond, scripted};

/// The body of a streamed answer, not yet read.
async fn open(simulator: &Simulator) -> BodyDataStream {
    let mut request = chat("Hello");
    request["stream"] = json!(true);
    request["stream_options"] = json!({"include_usage": true});
    let response = respond(
        &simulator.router(),
        post("/v1/chat/completions", request.to_string()),
    )
    .await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    Body::into_data_stream(response.into_body())
}

/// What arrived, and whether the body broke or fell silent.
#[derive(Debug, PartialEq)]
enum End {
    Whole,
    Broken,
    Silent,
}

async fn read(mut body: BodyDataStream) -> (String, End) {
    let mut text = String::new();
    loop {
        match timeout(Duration::from_secs(3_600), body.next()).await {
            Err(_) => return (text, End::Silent),
            Ok(None) => return (text, End::Whole),
            Ok(Some(Err(_))) => return (text, End::Broken),
            Ok(Some(Ok(bytes))) => text.push_str(std::str::from_utf8(&bytes).unwrap()),
        }
    }
}

/// The pieces of content in a stream; `None` for data that is no JSON.
fn contents(text: &str) -> Vec<Option<String>> {
    let data = text
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "));
    let data = data.filter(|data| *data != "[DONE]");
    let content = data.map(|data| {
        let json: Value = serde_json::from_str(data).ok()?;
        Some(
            json["choices"][0]["delta"]["content"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    });
    content
        .filter(|piece| piece.as_deref() != Some(""))
        .collect()
}

async fn played(script: &str) -> (String, End) {
    read(open(&scripted(script)).await).await
}

fn some(pieces: &[&str]) -> Vec<Option<String>> {
    pieces
        .iter()
        .map(|piece| Some((*piece).to_owned()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_good_stream_has_role_content_reason_usage_and_done() {
    let (text, end) = played("ok=Hello brave world").await;
    assert_eq!(end, End::Whole);
    assert_eq!(contents(&text), some(&["Hello", " brave", " world"]));
    let events: Vec<_> = text.trim_end().split("\n\n").collect();
    assert_eq!(events.len(), 7);
    assert!(events[0].contains(r#""role":"assistant""#));
    assert!(events[4].contains(r#""finish_reason":"stop""#));
    assert!(events[5].contains(r#""completion_tokens":3"#));
    assert_eq!(events[6], "data: [DONE]");
}

#[tokio::test(start_paused = true)]
async fn a_cut_stream_breaks_after_its_tokens() {
    let (text, end) = played("ok=a b c,cut=2").await;
    assert_eq!((contents(&text), end), (some(&["a", " b"]), End::Broken));
    assert!(!text.contains("finish_reason\":\"stop"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_end_politely_in_the_middle() {
    let (text, end) = played("ok=a b c,end=1").await;
    assert_eq!((contents(&text), end), (some(&["a"]), End::Whole));
    assert!(!text.contains("[DONE]"));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_stream_says_nothing_more() {
    let (text, end) = played("ok=a b c,stall=2").await;
    assert_eq!((contents(&text), end), (some(&["a", " b"]), End::Silent));
}

#[tokio::test(start_paused = true)]
async fn one_event_may_be_bad_json_and_the_rest_good() {
    let (text, end) = played("ok=a b c,malformed=2").await;
    let mut want = some(&["a", "", " c"]);
    want[1] = None;
    assert_eq!((contents(&text), end), (want, End::Whole));
    assert!(text.ends_with("data: [DONE]\n\n"));
}

#[tokio::test(start_paused = true)]
async fn an_error_event_ends_the_stream() {
    let (text, end) = played("ok=a b c,error=1:overloaded").await;
    assert_eq!(end, End::Whole);
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    let error: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "server_is_overloaded");
}

#[tokio::test(start_paused = true)]
async fn done_may_be_left_out_with_usage_present() {
    let (text, end) = played("ok=a,no-done").await;
    assert_eq!(end, End::Whole);
    assert!(text.contains("\"completion_tokens\":1") && !text.contains("[DONE]"));
    let (text, end) = played("ok=a,no-done,hold").await;
    assert_eq!(end, End::Silent);
    assert!(text.contains("\"completion_tokens\":1"));
}

#[tokio::test(start_paused = true)]
async fn headers_come_at_once_and_tokens_at_their_pace() {
    let start = Instant::now();
    let simulator = scripted("ok=a b c d,first-token=20s,token-delay=300us");
    let mut body = open(&simulator).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    body.next().await.unwrap().unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(20));
    read(body).await;
    let spent = start.elapsed().saturating_sub(Duration::from_secs(20));
    assert!(
        spent <= Duration::from_millis(1),
        "delays do not round up one by one: {spent:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn comments_fill_the_silence_when_asked_for() {
    let (text, _) = played("ok=a b,first-token=3500ms,ping=1s").await;
    assert!(
        text.starts_with(": keep-alive\n\n: keep-alive\n\n: keep-alive\n\ndata: "),
        "{text}"
    );
    assert_eq!(text.matches("keep-alive").count(), 3);
    let mut body = open(&scripted("ok=a,stall=1,ping=1s")).await;
    let mut comments = 0;
    while comments < 100 {
        comments += usize::from(body.next().await.unwrap().unwrap().starts_with(b":"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_stream_is_made_as_it_is_read() {
    let (text, end) = played("ok=word,tokens=20000").await;
    assert_eq!(end, End::Whole);
    assert_eq!(contents(&text).len(), 20_000);
    assert!(text.contains("\"completion_tokens\":20000"));
}
