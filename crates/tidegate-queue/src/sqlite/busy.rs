//! Waiting for the transaction of another process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tidegate_core::Timestamp;

use super::clock::{BootClock, HostClock};

/// How long another process's transaction is waited for. They take a fraction of a millisecond.
const LONGEST: Duration = Duration::from_secs(2);

/// Whether a connection waits at all. Whoever must not hold up a runtime asks it not to.
#[derive(Debug, Clone)]
pub(super) struct Patience(Arc<AtomicBool>);

impl Default for Patience {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Patience {
    /// Does something without waiting.
    pub(super) fn without<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.store(false, Ordering::Relaxed);
        let done = work();
        self.0.store(true, Ordering::Relaxed);
        done
    }

    /// What `SQLite` asks, with the number of times it asked before: whether to try once more.
    pub(super) fn handler(&self) -> impl FnMut(i32) -> bool + Send + 'static {
        let (patience, mut wait) = (self.clone(), Wait::default());
        move |tries| patience.0.load(Ordering::Relaxed) && wait.a_moment(tries)
    }
}

/// One wait. `SQLite`'s own handler sleeps longer the longer somebody has waited, so that newcomers overtake him.
#[derive(Debug, Default)]
pub(super) struct Wait {
    since: Timestamp,
}

impl Wait {
    /// False when it was long enough.
    pub(super) fn a_moment(&mut self, tries: i32) -> bool {
        let now = BootClock.now();
        if tries == 0 {
            self.since = now;
        }
        if now.saturating_since(self.since) > LONGEST {
            return false;
        }
        if tries < 4 {
            std::thread::yield_now();
        } else {
            let spread = u64::from(now.as_micros().to_le_bytes()[0]) * 400 / 255;
            std::thread::park_timeout(Duration::from_micros(100 + spread));
        }
        true
    }
}
