//! The simulator in process, as a transport and as a plain call.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tidegate::transport::{Incoming, Sending, Transport};
use tidegate::{Network, Timeouts};
use tidegate_providers::{Call, ReplyHead};
use tidegate_simulator::Simulator;
use tower::ServiceExt as _;

use crate::case::{Limited, MAX_TOKENS};
use crate::watch::{Played, Watch};

/// A provider with limits, and somebody who watches its door.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    router: Router,
    watch: Arc<Mutex<Watch>>,
}

impl Provider {
    /// Its time begins now.
    pub(crate) fn open(limited: &Limited, seed: u64) -> Self {
        let prompts = limited.prompts(seed);
        let costs = prompts.iter().map(|prompt| Limited::cost(prompt)).collect();
        Self {
            router: Simulator::new(limited.settings(seed)).router(),
            watch: Arc::new(Mutex::new(Watch::new(costs, limited.limiter()))),
        }
    }

    pub(crate) fn played(&self) -> Played {
        self.watch().played()
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap()
    }

    /// One attempt, made by hand: the answer's status and headers.
    pub(crate) async fn attempt(&self, run: usize, prompt: &str) -> (StatusCode, HeaderMap) {
        let body = json!({
            "model": "gpt-4o",
            "messages": [{ "role": "user", "content": prompt }],
            "max_tokens": MAX_TOKENS,
        });
        let (status, headers, _) = self
            .carry(run, HeaderMap::new(), body.to_string().into())
            .await;
        (status, headers)
    }

    async fn carry(
        &self,
        run: usize,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, HeaderMap, Bytes) {
        self.watch().left(run);
        let mut request = Request::post("/v1/chat/completions")
            .body(Body::from(body))
            .unwrap();
        *request.headers_mut() = headers;
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        match head.status {
            StatusCode::OK => self.watch().answered(),
            StatusCode::TOO_MANY_REQUESTS => self.watch().refused(run),
            other => panic!("{other}: {body:?}"),
        }
        (head.status, head.headers, body)
    }
}

impl Transport for Provider {
    fn send<'a>(&'a self, call: &'a Call, _: &'a Timeouts, _: &'a Network) -> Sending<'a> {
        let Call::Http(call) = call else {
            panic!("the endpoint is one of HTTP");
        };
        Box::pin(async {
            let run = run_of(&call.body);
            let headers = call.headers.clone();
            let (status, headers, body) = self.carry(run, headers, call.body.clone()).await;
            Ok(Incoming::whole(ReplyHead::Http { status, headers }, body))
        })
    }
}

/// Which run a request is of: its prompt begins with the number.
fn run_of(body: &[u8]) -> usize {
    let body: Value = serde_json::from_slice(body).unwrap();
    let prompt = body["messages"][0]["content"].as_str().unwrap();
    prompt[..8].trim_end().parse().unwrap()
}
