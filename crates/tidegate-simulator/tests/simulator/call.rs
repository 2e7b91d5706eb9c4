//! Calls of a simulator's router, without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use axum::response::Response;
use serde_json::{Value, json};
use tidegate_simulator::{Settings, Simulator};
use tower::ServiceExt;

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The text of a good answer.
    pub(crate) fn text(&self) -> String {
        let body = self.json();
        body["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

pub(crate) fn scripted(script: &str) -> Simulator {
    Simulator::new(Settings::scripted(script).unwrap())
}

/// A chat request of one user message.
pub(crate) fn chat(prompt: &str) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": prompt}]})
}

pub(crate) fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/json");
    request.body(body.into()).unwrap()
}

pub(crate) async fn respond(router: &Router, request: Request<Body>) -> Response {
    router.clone().oneshot(request).await.unwrap()
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Reply {
    let (parts, body) = respond(router, request).await.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// Sends a chat request with that body.
pub(crate) async fn complete(simulator: &Simulator, body: &Value) -> Reply {
    send(
        &simulator.router(),
        post("/v1/chat/completions", body.to_string()),
    )
    .await
}

/// Sends a chat request of one message.
pub(crate) async fn ask(simulator: &Simulator) -> Reply {
    complete(simulator, &chat("Hello")).await
}

/// The statuses of so many requests, one after another.
pub(crate) async fn statuses(simulator: &Simulator, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(ask(simulator).await.status);
    }
    statuses
}
