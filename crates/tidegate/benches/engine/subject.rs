//! What is measured: a run over a transport that answers at once, and the same call made with nothing around it.
//!
//! The transport hands every call back to the scheduler once before it answers, as a socket would. So all runs of a
//! crowd have been sent, and hold what a run holds, before the first of them is answered.

use std::future::Future;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tidegate::config::{Config, Environment};
use tidegate::transport::{Incoming, Sending, Transport};
use tidegate::{Executor, Network, Request, RunRequest, Timeouts};
use tidegate_providers::{Call, HttpCall, ReplyHead};
use tokio::runtime::Runtime;

const CONFIG: &str = "
    [providers.vendor]
    type = \"openai-compatible\"
    base_url = \"http://127.0.0.1:1/v1\"
    api_key = \"sk-bench\"
    [endpoints.chat]
    provider = \"vendor\"
    model = \"gpt-4o\"
";
const PROMPT: &str = "Say hello";
const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1764000000,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Hello! How can I help you today?","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":18}}"#;

/// Answers every call with the same completion, and keeps nothing.
#[derive(Debug)]
struct Obliging {
    head: ReplyHead,
}

impl Obliging {
    fn new() -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("x-request-id", HeaderValue::from_static("req_1"));
        let head = ReplyHead::Http {
            status: StatusCode::OK,
            headers,
        };
        Self { head }
    }
}

impl Transport for Obliging {
    fn send<'a>(&'a self, _: &'a Call, _: &'a Timeouts, _: &'a Network) -> Sending<'a> {
        Box::pin(async {
            tokio::task::yield_now().await;
            let body = Bytes::from_static(ANSWER.as_bytes());
            Ok(Incoming::whole(self.head.clone(), body))
        })
    }
}

/// One thread: what is counted is work, not how many hands do it.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
}

/// The transport that answers at once.
pub(crate) fn transport() -> Arc<dyn Transport> {
    Arc::new(Obliging::new())
}

/// An executor over it. Wants a runtime.
pub(crate) fn executor() -> Executor {
    let config = Config::from_toml(CONFIG, None, Environment::of([])).unwrap();
    Executor::builder(config).transport(transport()).build()
}

pub(crate) fn request() -> RunRequest {
    RunRequest {
        endpoint: Some("chat".into()),
        request: Request::prompt(PROMPT),
        ..RunRequest::default()
    }
}

/// So many runs at once, each in a task of its own.
pub(crate) async fn runs(executor: &Executor, crowd: usize) {
    together(crowd, || {
        let executor = executor.clone();
        async move { executor.run(request()).await.result.unwrap().text }
    })
    .await;
}

/// The same calls made by hand, each in a task of its own.
pub(crate) async fn calls(transport: &Arc<dyn Transport>, crowd: usize) {
    together(crowd, || {
        let transport = Arc::clone(transport);
        async move { bare(&*transport).await }
    })
    .await;
}

async fn together<F>(crowd: usize, one: impl Fn() -> F)
where
    F: Future<Output = String> + Send + 'static,
{
    let tasks: Vec<_> = (0..crowd).map(|_| tokio::spawn(one())).collect();
    for task in tasks {
        assert!(task.await.unwrap().starts_with("Hello"));
    }
}

/// What a program does that only calls: a body of JSON, its headers, a boxed future, the answer out of its JSON. No
/// time-out, retry, queue, event or classification.
async fn bare(transport: &dyn Transport) -> String {
    let body = json!({
        "model": "gpt-4o",
        "messages": [{ "role": "user", "content": PROMPT }],
    });
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer sk-bench"));
    let call = Call::Http(HttpCall {
        url: "http://127.0.0.1:1/v1/chat/completions".into(),
        headers,
        body: serde_json::to_vec(&body).unwrap().into(),
    });
    let network = Network::default();
    let sent = transport.send(&call, &Timeouts::HTTP, &network);
    let mut reply = sent.await.unwrap();
    assert!(reply.head.is_success());
    let mut bytes = BytesMut::new();
    while let Some(chunk) = reply.body.next().await {
        bytes.extend_from_slice(&chunk.unwrap());
    }
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    let text = &answer["choices"][0]["message"]["content"];
    text.as_str().unwrap().to_owned()
}
