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

/// Ticks from its start until it is stopped.
pub(crate) struct Ticker {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Ticks>,
}

impl Ticker {
    pub(crate) fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(tick(Arc::clone(&stop)));
        Self { stop, task }
    }

    /// Stops, with as many ticks behind this moment as [`Ticks`] looks ahead.
    pub(crate) async fn stop(self) -> Ticks {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

async fn tick(stop: Arc<AtomicBool>) -> Ticks {
    let (mut ticks, mut left) = (Vec::new(), 3);
    while left > 0 {
        if stop.load(Ordering::Relaxed) {
            left -= 1;
        }
        tokio::time::sleep(EVERY).await;
        ticks.push(Instant::now());
    }
    Ticks(ticks)
}

/// When the ticker was woken. No ticks, as under a paused clock, is a machine that is never late.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticks(Vec<Instant>);

impl Ticks {
    /// When a timer set at `from` can have been served: woken, and brought to an end what it was woken for.
    pub(crate) fn served(&self, from: Instant, after: Duration) -> Instant {
        self.done(self.done(from) + after)
    }

    /// When whoever had something to do at that moment has done it: he may miss the next tick by a hair, and be under
    /// way at the second.
    fn done(&self, moment: Instant) -> Instant {
        let mut ticks = self.0.iter().filter(|tick| **tick >= moment);
        ticks.nth(2).copied().unwrap_or(moment)
    }
}
