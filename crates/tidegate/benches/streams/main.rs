//! Many streams at once in one process, over real sockets: the memory and the processor time they take.
//!
//! `streams URL COUNT`. The server sends slowly, so that all of them are under way at the same time; memory is looked at
//! when each has brought its first piece. Prints one JSON object. `./scripts/bench stream` starts the server.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be set up should fail"
)]
#![expect(clippy::print_stdout, reason = "the figures are its output")]

#[path = "../memory/resident.rs"]
mod resident;

use std::sync::Arc;

use resident::resident_kb;
use serde_json::json;
use tidegate::config::{Config, Environment};
use tidegate::{Delta, Executor, Request, RunRequest};
use tokio::sync::Semaphore;

/// Connections that may be coming up at the same time: more would overrun the server's backlog.
const CONNECTING: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let (Some(url), Some(count)) = (arguments.next(), arguments.next()) else {
        println!("usage: streams URL COUNT");
        return;
    };
    let count = count.parse().unwrap();
    let executor = executor(&url);
    // What the first call brings to life stays: the client, its pool, the allocator's own.
    read(&executor, || ()).await;
    let before = resident_kb();
    let (connecting, begun) = (Semaphore::new(CONNECTING), Semaphore::new(0));
    let (connecting, begun) = (Arc::new(connecting), Arc::new(begun));
    let mut tasks = Vec::new();
    for _ in 0..count {
        let turn = Arc::clone(&connecting).acquire_owned().await.unwrap();
        let (executor, begun) = (executor.clone(), Arc::clone(&begun));
        tasks.push(tokio::spawn(async move {
            let first = || {
                drop(turn);
                begun.add_permits(1);
            };
            read(&executor, first).await
        }));
    }
    drop(begun.acquire_many(count).await.unwrap());
    let during = resident_kb();
    let mut pieces = 0;
    for task in tasks {
        pieces += task.await.unwrap();
    }
    println!(
        "{}",
        json!({ "streams": count, "pieces": pieces, "before_kb": before, "during_kb": during })
    );
}

fn executor(url: &str) -> Executor {
    let text = format!(
        "
        [providers.vendor]
        type = \"openai-compatible\"
        base_url = \"{url}/v1\"
        [endpoints.chat]
        provider = \"vendor\"
        model = \"gpt-4o\"
        "
    );
    Executor::new(Config::from_toml(&text, None, Environment::of([])).unwrap())
}

/// Reads one stream to its end and counts its pieces of text. `first` is called once, at the first.
async fn read(executor: &Executor, first: impl FnOnce()) -> usize {
    let mut stream = executor.stream(RunRequest {
        endpoint: Some("chat".into()),
        request: Request::prompt("Say something long"),
        ..RunRequest::default()
    });
    let (mut pieces, mut first) = (0, Some(first));
    while let Some(delta) = stream.next().await {
        if let Delta::Text(_) = delta {
            pieces += 1;
            first.take().into_iter().for_each(|first| first());
        }
    }
    stream.finish().await.result.unwrap();
    pieces
}
