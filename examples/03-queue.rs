//! Five runs that are limited together return one after the other, one backoff apart, in order.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::time::Duration;

use tidegate::config::{Config, Environment};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate::{Executor, Request, RunRequest};

const CONFIG: &str = r#"
    [providers.child]
    type = "command"
    argv = ["answer", "{prompt}"]

    [endpoints.limited]
    provider = "child"
    model = "any"
    max_retries = 1
    retry_base_delay = "50ms"
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limited = (0..5).map(|_| Step::process(1, "", "HTTP 429 Too Many Requests"));
    let served = (0..5).map(|_| Step::process(0, "OK", ""));
    let transport = Arc::new(ScriptedTransport::new(limited.chain(served)));
    let executor = Executor::builder(Config::from_toml(CONFIG, None, Environment::of([]))?)
        .transport(Arc::clone(&transport) as _)
        .build();
    let runs = (1..=5).map(|run| {
        let request = Request::prompt(format!("req-{run}"));
        executor.run(RunRequest {
            request,
            ..RunRequest::default()
        })
    });
    for outcome in futures_util::future::join_all(runs).await {
        println!(
            "{} after {} attempts",
            outcome.result?.text,
            outcome.attempts.len()
        );
    }
    let retries: Vec<_> = transport
        .sent()
        .into_iter()
        .skip(5)
        .map(|sent| sent.at)
        .collect();
    let apart: Vec<Duration> = retries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    println!("retries left {apart:?} apart");
    Ok(())
}
