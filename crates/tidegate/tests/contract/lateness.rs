//! How late the machine is, apart from the engine.
//!
//! A delay is too long because the engine waits too long, or because a busy machine had no time for this process. A
//! ticker beside the engine tells the two apart: it wants nothing but to be woken, so whatever it is late by is the
//! machine's doing. Without it, rows in real time would judge the machine they run on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

const EVERY: Duration = Duration::from_millis(1);

/// What a timer may be late by on an idle machine.
const RESOLUTION: Duration = Duration::from_millis(2);

/// Ticks from its start until it is stopped.
pub(crate) struct Ticker {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Lateness>,
}

impl Ticker {
    pub(crate) fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(tick(Arc::clone(&stop)));
        Self { stop, task }
    }

    /// Stops with its next tick, which covers what came before.
    pub(crate) async fn stop(self) -> Lateness {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

async fn tick(stop: Arc<AtomicBool>) -> Lateness {
    let mut late = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let due = Instant::now() + EVERY;
        tokio::time::sleep_until(due).await;
        let woken = Instant::now();
        if woken > due + RESOLUTION {
            late.push((due, woken));
        }
    }
    Lateness(late)
}

/// From when until when nobody was woken who should have been. Empty under a paused clock, which is never late.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lateness(Vec<(Instant, Instant)>);

impl Lateness {
    /// How much of the time between two moments it was.
    pub(crate) fn between(&self, from: Instant, to: Instant) -> Duration {
        let overlap = |&(due, woken): &(Instant, Instant)| woken.min(to) - due.max(from).min(to);
        self.0.iter().map(overlap).sum()
    }
}
