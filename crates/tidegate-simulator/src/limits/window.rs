//! The fixed window: cheap to keep, hence common. Twice its number passes across an edge.

use std::time::Duration;

use super::Wait;
use super::counter::Count;

#[derive(Debug, Clone)]
pub(super) struct Window {
    units: u64,
    length: u64,
    /// When the window that `used` counts began.
    began: u64,
    used: u64,
}

impl Window {
    pub(super) fn new(units: u64, length: u64) -> Self {
        Self {
            units,
            length,
            began: 0,
            used: 0,
        }
    }

    fn beginning(&self, now: u64) -> u64 {
        now - now % self.length
    }

    /// What is used of the window that holds `now`.
    fn used(&self, now: u64) -> u64 {
        if self.beginning(now) == self.began {
            self.used
        } else {
            0
        }
    }

    fn rest(&self, now: u64) -> u64 {
        self.length - now % self.length
    }
}

impl Count for Window {
    fn wait(&self, now: u64, units: u64) -> Wait {
        if units > self.units {
            Wait::Never
        } else if self.used(now).saturating_add(units) <= self.units {
            Wait::NONE
        } else {
            Wait::Exactly(Duration::from_nanos(self.rest(now)))
        }
    }

    fn charge(&mut self, now: u64, units: u64) {
        self.used = self.used(now).saturating_add(units);
        self.began = self.beginning(now);
    }

    /// Forgotten at the end of the window.
    fn punish(&mut self, now: u64, units: u64) {
        self.charge(now, units);
    }

    fn refund(&mut self, _: u64, at: u64, units: u64) {
        if self.beginning(at) == self.began {
            self.used = self.used.saturating_sub(units);
        }
    }

    fn left(&self, now: u64) -> (u64, u64) {
        (self.units.saturating_sub(self.used(now)), self.rest(now))
    }
}
