//! A target that is down is passed by while somebody else can serve, over several runs of one executor.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tidegate::config::{Config, Environment};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate::{Executor, Request, RunRequest};
use tidegate_providers::{Call, ReplyHead};
use tokio::time::advance;

use crate::pieces::refusal;

const CONFIG: &str = r#"
    [providers.vendor]
    type = "openai-compatible"
    base_url = "http://127.0.0.1:1/v1"
    [endpoints.first]
    provider = "vendor"
    model = "first"
    fallbacks = ["second"]
    [endpoints.second]
    provider = "vendor"
    model = "second"
    [endpoints.alone]
    provider = "vendor"
    model = "first"
"#;

/// Answers or fails as it is told, and knows whom it was asked for.
struct Stage {
    executor: Executor,
    transport: Arc<ScriptedTransport>,
}

impl Stage {
    fn of(steps: Vec<Step>) -> Self {
        let config = Config::from_toml(CONFIG, None, Environment::of([])).unwrap();
        let transport = Arc::new(ScriptedTransport::new(steps));
        let executor = Executor::builder(config)
            .transport(Arc::clone(&transport) as _)
            .build();
        Self {
            executor,
            transport,
        }
    }

    /// The models that this run asks.
    async fn asks(&self, endpoint: &str) -> Vec<String> {
        let before = self.transport.sent().len();
        let request = RunRequest {
            endpoint: Some(endpoint.into()),
            request: Request::prompt("hi"),
            ..RunRequest::default()
        };
        drop(self.executor.run(request).await);
        let sent = self.transport.sent();
        sent[before..]
            .iter()
            .map(|sent| model(&sent.call))
            .collect()
    }
}

fn model(call: &Call) -> String {
    let Call::Http(call) = call else {
        panic!("not over HTTP")
    };
    let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
    body["model"].as_str().unwrap().to_owned()
}

fn answer() -> Step {
    let head = ReplyHead::Http {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
    };
    let body = serde_json::json!({ "choices": [{ "message": { "content": "OK" }, "finish_reason": "stop" }] });
    Step::reply(head, body.to_string())
}

/// Five runs that find the first down and go to the second.
fn five_failures() -> Vec<Step> {
    (0..5).flat_map(|_| [refusal(503, "x"), answer()]).collect()
}

#[tokio::test(start_paused = true)]
async fn after_five_failures_runs_go_straight_to_the_other_and_one_probes_after_ten_seconds() {
    let mut steps = five_failures();
    steps.extend([answer(), refusal(503, "x"), answer(), answer()]);
    let stage = Stage::of(steps);
    for _ in 0..5 {
        assert_eq!(stage.asks("first").await, ["first", "second"]);
    }
    assert_eq!(stage.asks("first").await, ["second"]);
    advance(Duration::from_secs(10)).await;
    assert_eq!(stage.asks("first").await, ["first", "second"], "a probe");
    assert_eq!(stage.asks("first").await, ["second"], "which failed");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_nowhere_else_to_go_is_always_let_through() {
    let mut steps = five_failures();
    steps.extend([refusal(503, "x"), answer()]);
    let stage = Stage::of(steps);
    for _ in 0..5 {
        stage.asks("first").await;
    }
    assert_eq!(stage.asks("alone").await, ["first"]);
    assert_eq!(stage.asks("alone").await, ["first"]);
}

#[tokio::test(start_paused = true)]
async fn where_all_are_down_the_first_is_tried_and_what_was_passed_by_may_still_be() {
    let mut steps = five_failures();
    let both = |_| [refusal(503, "x"), refusal(503, "x")];
    steps.extend((0..6).flat_map(both));
    let stage = Stage::of(steps);
    for _ in 0..5 {
        stage.asks("first").await;
    }
    for _ in 0..5 {
        assert_eq!(stage.asks("first").await, ["second", "first"]);
    }
    assert_eq!(
        stage.asks("first").await,
        ["first", "second"],
        "both are down"
    );
}
