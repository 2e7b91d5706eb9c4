//! The cap on requests at once. Nobody can say how long it takes until one of them ends.

use super::Wait;
use super::counter::Count;

#[derive(Debug, Clone)]
pub(super) struct Concurrency {
    cap: u64,
    in_flight: u64,
}

impl Concurrency {
    pub(super) fn new(cap: u64) -> Self {
        Self { cap, in_flight: 0 }
    }
}

impl Count for Concurrency {
    fn wait(&self, _: u64, _: u64) -> Wait {
        if self.in_flight < self.cap {
            Wait::NONE
        } else {
            Wait::Unknown
        }
    }

    fn charge(&mut self, _: u64, _: u64) {
        self.in_flight += 1;
    }

    /// A refused request is not in flight.
    fn punish(&mut self, _: u64, _: u64) {}

    fn refund(&mut self, _: u64, _: u64, _: u64) {}

    fn finish(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    fn left(&self, _: u64) -> (u64, u64) {
        (self.cap.saturating_sub(self.in_flight), 0)
    }
}
