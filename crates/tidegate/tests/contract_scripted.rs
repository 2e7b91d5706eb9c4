//! The contract over a scripted transport, under a paused clock: each row alone, and all in any order.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot set up its case should fail the test"
)]

#[path = "contract/rows.rs"]
mod rows;

use std::sync::Arc;
use std::time::Duration;

use rows::{Answer, Heard, Stage};
use tidegate::Executor;
use tidegate::config::{Config, Environment};
use tidegate::transport::scripted::{ScriptedTransport, Step};
use tidegate_providers::TransportError;
use tidegate_queue::{Clock, MemoryStore, Queue};

/// One queue for all rows: what one run leaves behind is there for the next.
struct Scripted {
    queue: Queue,
}

impl Scripted {
    fn new() -> Self {
        Self {
            queue: Queue::new(Arc::new(MemoryStore::default()), Clock::system()),
        }
    }
}

fn config() -> Config {
    let text = "
        [queue]
        pacing = \"spaced\"
        [providers.child]
        type = \"command\"
        argv = [\"answer\", \"{prompt}\"]
        [endpoints.ep-1]
        provider = \"child\"
        model = \"gpt-4o\"
    ";
    Config::from_toml(text, None, Environment::of([])).unwrap()
}

fn step(answer: Answer) -> Step {
    match answer {
        Answer::Ok => Step::process(0, "OK\n", ""),
        Answer::Status(status) => {
            Step::process(1, "", &format!("HTTP {status} {}", reason(status)))
        }
        Answer::Broken => Step::fail(TransportError::Disconnected("socket hang up".into())),
        Answer::Hang => Step::hang(),
    }
}

fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .unwrap()
        .canonical_reason()
        .unwrap()
}

impl Stage for Scripted {
    async fn set(&self, runs: usize, answers: &[Answer], heard: Heard) -> Executor {
        let steps = answers
            .iter()
            .flat_map(|answer| std::iter::repeat_n(*answer, runs))
            .map(step);
        let transport = Arc::new(ScriptedTransport::new(steps));
        Executor::builder(config())
            .transport(transport)
            .queue(self.queue.clone())
            .event_sink(heard.sink())
            .build()
    }

    fn hang_timeout(&self) -> (Option<Duration>, Duration) {
        (None, Duration::from_secs(240))
    }

    async fn stopped(&self) -> Option<(usize, usize)> {
        None
    }

    fn ticker(&self) -> Option<rows::Ticker> {
        None
    }
}

macro_rules! rows {
    ($($row:ident)*) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $row() {
                rows::$row(&Scripted::new()).await;
            }
        )*
    };
}

rows! {
    row_01_one_503_is_retried
    row_02_delays_of_503_double
    row_03_and_04_refused_credentials_are_final
    row_05_a_broken_connection_is_retried
    row_06_a_503_for_ever_ends_after_the_retries
    row_07_limited_runs_return_one_after_the_other
    row_08_delays_of_429_double_every_time
    row_09_a_429_for_ever_ends_after_the_retries
    row_10_the_time_out_counts_per_attempt
    row_11_no_retries_unless_asked_for
}

#[tokio::test(start_paused = true)]
async fn the_rows_hold_in_any_order_ten_times_in_a_row() {
    let stage = Scripted::new();
    for first in 0..10 {
        rows::all_from(&stage, first).await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_05_a_command_that_does_not_exist_is_not_retried() {
    let missing = TransportError::CommandNotFound {
        program: "answer".into(),
        reason: "not found".into(),
    };
    let transport = Arc::new(ScriptedTransport::new([
        Step::fail(missing),
        Step::process(0, "OK", ""),
    ]));
    let executor = Executor::builder(config())
        .transport(Arc::clone(&transport) as _)
        .build();
    let settings = tidegate::config::Settings {
        max_retries: Some(tidegate::config::Sourced {
            value: 3,
            origin: tidegate::config::Origin::Default,
        }),
        ..Default::default()
    };
    let request = tidegate::Request::prompt("hi");
    let endpoint = Some("ep-1".to_owned());
    let outcome = executor
        .run(tidegate::RunRequest {
            endpoint,
            request,
            settings,
            ..Default::default()
        })
        .await;
    assert!(outcome.result.is_err());
    assert_eq!(transport.sent().len(), 1);
}
