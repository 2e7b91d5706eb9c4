//! Streams of `openai-chat` as a script plays them.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode};
use tidegate::transport::Body;
use tidegate::transport::scripted::Step;
use tidegate_providers::ReplyHead;

fn head() -> ReplyHead {
    let mut headers = HeaderMap::new();
    headers.insert(
        "content-type",
        HeaderValue::from_static("text/event-stream"),
    );
    ReplyHead::Http {
        status: StatusCode::OK,
        headers,
    }
}

pub(crate) fn text(text: &str) -> String {
    format!(
        "data: {}\n\n",
        serde_json::json!({ "choices": [{ "delta": { "content": text } }] })
    )
}

pub(crate) fn thought(text: &str) -> String {
    format!(
        "data: {}\n\n",
        serde_json::json!({ "choices": [{ "delta": { "reasoning_content": text } }] })
    )
}

pub(crate) fn end() -> String {
    let finish = serde_json::json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] });
    format!("data: {finish}\n\ndata: [DONE]\n\n")
}

/// A stream of pieces, each after its seconds; then it closes, or stays open and silent.
pub(crate) fn pieces(pieces: Vec<(u64, String)>, closes: bool) -> Step {
    let sent = stream::iter(pieces).then(|(seconds, piece)| async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok(Bytes::from(piece))
    });
    let body: Body = if closes {
        Box::pin(sent)
    } else {
        Box::pin(sent.chain(stream::pending()))
    };
    Step::stream(head(), body)
}

/// An error of the provider, with its status and code.
pub(crate) fn refusal(status: u16, code: &str) -> Step {
    let head = ReplyHead::Http {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
    };
    let body = serde_json::json!({ "error": { "message": "no", "type": code, "code": code } });
    Step::reply(head, body.to_string())
}
