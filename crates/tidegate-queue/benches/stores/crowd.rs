//! Many at once.

use std::ops::Range;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::json;
use tidegate_core::quota::Limits;
use tidegate_queue::{Admission, Clock, MemoryStore, Pacing, Queue, Wanted};
use tokio::time::Instant;

use crate::{ONE, block_on, key};

/// Does `each` for all of `ops`, in so many tasks.
pub(crate) async fn by(tasks: u64, ops: Range<u64>, each: impl AsyncFn(u64)) {
    let share = (ops.end - ops.start) / tasks;
    let one = async |task: u64| {
        let first = ops.start + task * share;
        for op in first..first + share {
            each(op).await;
        }
    };
    let mut open: FuturesUnordered<_> = (0..tasks).map(one).collect();
    while open.next().await.is_some() {}
}

/// A line of that length, where each leaves when the one before it has ended: its memory per waiter, and the time from
/// one departure to the next.
pub(crate) fn line(waiters: usize) -> serde_json::Value {
    block_on(async {
        let queue = Queue::new(Arc::new(MemoryStore::default()), Clock::system());
        let limits = Limits {
            max_concurrency: Some(1),
            ..Limits::UNKNOWN
        };
        let wanted = Wanted {
            cost: ONE,
            pacing: Pacing::Adaptive(Admission {
                limits,
                ..Admission::default()
            }),
            ..Wanted::default()
        };
        let before = resident_kb();
        let places: Vec<_> = (0..waiters).map(|_| queue.enter(&key(), wanted)).collect();
        let held = resident_kb() - before;
        let began = Instant::now();
        for place in places {
            place.permit().await.unwrap().settle(ONE).await.unwrap();
        }
        let each = began.elapsed().as_secs_f64() * 1e6 / waiters as f64;
        json!({ "us_per_grant": each, "bytes_per_waiter": held * 1024.0 / waiters as f64 })
    })
}

/// What the system says this process holds in memory; 0 where it does not tell.
fn resident_kb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap_or_default();
    let number = line.split_whitespace().next();
    number.and_then(|kb| kb.parse().ok()).unwrap_or_default()
}
