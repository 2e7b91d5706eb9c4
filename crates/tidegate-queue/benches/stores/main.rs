//! What a store costs beside the same arithmetic with nothing around it, and what a long line costs.
//!
//! `./scripts/bench stores` runs this and judges it. It prints one JSON object.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a measurement that cannot be set up should fail; it tells what it saw"
)]

mod bare;
mod crowd;
mod peers;
mod server;

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tidegate_core::quota::{Dimension, Limit, Limits, OpId, Priority};
use tidegate_core::{Cost, LimitKey, Timestamp};
use tidegate_queue::{Ask, MemoryStore, QueueStore, Report, SqliteStore, Turn};
use tokio::time::Instant;

const ONE: Cost = Cost {
    requests: 1,
    input_tokens: 0,
    output_tokens: 0,
};

const AT_ONCE: u64 = 64;

/// So much that nobody waits.
fn plenty() -> Limits {
    let second = Duration::from_secs(1);
    Limits::UNKNOWN.with(
        Dimension::Requests,
        Limit::bucket(1_000_000, second, 1_000_000),
    )
}

fn key() -> LimitKey {
    LimitKey::new("vendor host account model")
}

const fn ask(op: u64) -> Ask {
    Ask {
        op: OpId(op),
        cost: ONE,
        priority: Priority::Interactive,
        seq: None,
        within: None,
    }
}

/// Microseconds for a reservation and its settlement: until it is done, and of processors. The quietest of some rounds:
/// what else the machine does only adds.
fn quietest(
    rounds: u32,
    pairs: u64,
    mut round: impl FnMut(std::ops::Range<u64>),
) -> serde_json::Value {
    let (mut wall, mut cpu) = (f64::INFINITY, f64::INFINITY);
    for number in 0..u64::from(rounds) {
        let (began, used) = (Instant::now(), cpu_us());
        round(number * pairs..(number + 1) * pairs);
        wall = wall.min(began.elapsed().as_secs_f64() * 1e6 / pairs as f64);
        cpu = cpu.min((cpu_us() - used) / pairs as f64);
    }
    json!({ "us": wall, "cpu_us": cpu })
}

/// Processor time of this process, all threads.
fn cpu_us() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

async fn pair(store: &dyn QueueStore, limits: &Limits, op: u64) {
    let (key, asks) = (key(), [ask(op)]);
    let now = Timestamp::from_secs(1_000).saturating_add(Duration::from_micros(op * 100));
    let turn = store.ask(&key, &asks, limits, now).await.unwrap();
    assert!(matches!(turn, Turn::Go { .. }), "{turn:?}");
    let settled = Report::Settled(ONE);
    store
        .report(&key, OpId(op), settled, limits, now)
        .await
        .unwrap();
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(future)
}

fn memory(rounds: u32) -> serde_json::Value {
    let (store, limits) = (MemoryStore::default(), plenty());
    let ours = quietest(rounds, 100_000, |ops| {
        block_on(async {
            for op in ops {
                pair(&store, &limits, op).await;
            }
        });
    });
    let mutex = bare::Mutexed::default();
    let bare = quietest(rounds, 100_000, |ops| {
        ops.for_each(|op| mutex.pair(op, &limits));
    });
    json!({ "store": ours, "bare": bare })
}

/// One after the other, and many at once.
fn sqlite(rounds: u32, place: &Path) -> serde_json::Value {
    let limits = plenty();
    let store = SqliteStore::open(&place.join("queue.db")).unwrap();
    let file = bare::File::create(&place.join("bare.db"));
    json!({
        "store": quietest(rounds, 2_000, |ops| block_on(async {
            for op in ops {
                pair(&store, &limits, op).await;
            }
        })),
        "bare": quietest(rounds, 2_000, |ops| ops.for_each(|_| {
            file.transaction();
            file.transaction();
        })),
        "store_64": quietest(rounds, AT_ONCE * 50, |ops| {
            block_on(crowd::by(AT_ONCE, ops, async |op| pair(&store, &limits, op + 1_000_000).await));
        }),
    })
}

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let first = words.next().unwrap_or_default();
    if first == "peer" {
        peers::serve(Path::new(&words.next().unwrap()));
        return;
    }
    let rounds = if first == "--quick" { 3 } else { 10 };
    let place = tempfile::tempdir().unwrap();
    let told = json!({
        "memory": memory(rounds),
        "sqlite": sqlite(rounds, place.path()),
        "redis": server::measure(rounds, place.path()),
        "line_1000": crowd::line(1_000),
        "line_100000": crowd::line(100_000),
        "peers": peers::shares(&place.path().join("shared.db")),
    });
    println!("{told}");
}
