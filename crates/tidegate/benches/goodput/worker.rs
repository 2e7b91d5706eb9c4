//! One of the processes that share a provider: a share of the runs, through its own executor over HTTP.
//!
//! `goodput worker URL STORE CONFIGURED RUN...`: writes a line when it is ready, waits for a line, and writes what became of
//! its runs. `STORE` is a file, the URL of a Redis, or `memory`.

use std::io::{Write as _, stdin, stdout};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidegate::{Secret, Timestamp};
use tidegate_queue::{Guarded, QueueStore, RedisOptions, RedisStore, SqliteStore};
use tokio::task::JoinSet;

use crate::executor;

/// What a worker tells at its end.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) answered: u64,
    pub(crate) lost: u64,
    /// Runs whose first attempt left after that of a later run.
    pub(crate) overtaken: u64,
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn serve(mut words: impl Iterator<Item = String>) {
    let mut word = || words.next().unwrap();
    let (url, store, configured) = (word(), word(), word());
    let mut builder = executor::builder(&format!("{url}/v1"), &configured);
    if let Some(store) = shared(&store) {
        builder = builder.store(Arc::new(Guarded::new(store)));
    }
    let executor = builder.build();
    line("ready");
    stdin().read_line(&mut String::new()).unwrap();
    let mut runs = JoinSet::new();
    for run in words {
        let executor = executor.clone();
        runs.spawn(async move {
            let outcome = executor.run(executor::request(format!("{run:<8}"))).await;
            let first = outcome.attempts.first().map(|attempt| attempt.started);
            (run.parse::<usize>().unwrap(), first, outcome.result)
        });
    }
    let (mut told, mut left) = (Told::default(), Vec::new());
    while let Some(run) = runs.join_next().await {
        let (run, first, result) = run.unwrap();
        left.push((run, first));
        match result {
            Ok(_) => told.answered += 1,
            Err(_) => told.lost += 1,
        }
    }
    told.overtaken = overtaken(left);
    line(&serde_json::to_string(&told).unwrap());
}

fn shared(name: &str) -> Option<Arc<dyn QueueStore>> {
    if name.starts_with("redis://") {
        let options = RedisOptions::new(Secret::new(name));
        return Some(Arc::new(RedisStore::connect(&options).unwrap()));
    }
    (name != "memory").then(|| Arc::new(SqliteStore::open(Path::new(name)).unwrap()) as _)
}

fn overtaken(mut left: Vec<(usize, Option<Timestamp>)>) -> u64 {
    left.sort();
    let mut first = Timestamp::from_micros(u64::MAX);
    let mut count = 0;
    for (_, at) in left.into_iter().rev() {
        let Some(at) = at else { continue };
        count += u64::from(at > first);
        first = first.min(at);
    }
    count
}

fn line(text: &str) {
    println!("{text}");
    stdout().flush().unwrap();
}
