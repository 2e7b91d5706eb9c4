//! The one place that reads the clock.
//!
//! Everything above takes time as a number or waits on tokio's timer; both come from here, from one anchor, so that a
//! paused clock in a test moves wall time and waiting together.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidegate_core::Timestamp;
use tokio::time::Instant;

/// Wall time that follows tokio's timer from a common start. Steps of the system clock after that are not seen, which
/// is right for waiting: a wait must not end early because a clock was set.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Timestamp,
    anchor: Instant,
}

impl Clock {
    /// A clock that starts at the system's wall time.
    pub fn system() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the place the others are sent to"
        )]
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Self::starting_at(Timestamp::default().saturating_add(since_epoch))
    }

    /// A clock that shows `start` now.
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            start,
            anchor: Instant::now(),
        }
    }

    /// Wall time.
    pub fn now(&self) -> Timestamp {
        self.start.saturating_add(self.anchor.elapsed())
    }

    /// Waits until wall time has reached `at`; never ends early.
    pub async fn sleep_until(&self, at: Timestamp) {
        tokio::time::sleep_until(self.anchor + at.saturating_since(self.start)).await;
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}
