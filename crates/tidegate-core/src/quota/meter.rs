//! How far one dimension of a limit is used up.

use serde::{Deserialize, Serialize};

use super::limits::{Limit, Metering};

/// A bucket's or a window's standing. Both are kept as one number of time and one of units, so that a limit may turn
/// out to be the other kind without losing what is known. Times are microseconds of the store's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Meter {
    /// Bucket: when it is full again (GCRA's theoretical arrival time).
    pub(super) full_at: u64,
    /// Window: when the current one began.
    pub(super) opened: u64,
    /// Window: units used in it.
    pub(super) used: u64,
}

impl Meter {
    /// The earliest time, not before `now`, at which `units` may leave. More units than the limit ever holds at once
    /// leave when it is full.
    pub(super) fn start(&self, limit: Limit, units: u64, now: u64) -> u64 {
        match limit.metering {
            Metering::Bucket => {
                let missing = limit.span(limit.burst.saturating_sub(units));
                now.max(self.full_at.saturating_sub(missing))
            }
            Metering::Window => {
                let now = now.max(self.opened);
                let fits = self.used_at(limit, now) + units.min(limit.units) <= limit.units;
                if fits { now } else { self.next_window(limit) }
            }
        }
    }

    /// Counts `units` that leave at `at`.
    pub(super) fn take(&mut self, limit: Limit, units: u64, at: u64) {
        match limit.metering {
            Metering::Bucket => {
                // What leaves a full bucket counts as used a little later: see `Limit::journey`.
                let arrives = at.saturating_add(limit.journey());
                self.full_at = self.full_at.max(arrives) + limit.span(units);
            }
            Metering::Window => {
                if self.is_over(limit, at) {
                    self.opened = at;
                    self.used = 0;
                }
                self.used = self.used.saturating_add(units);
            }
        }
    }

    /// Corrects what an attempt sent at `sent_at` was reserved for to what it used.
    pub(super) fn correct(&mut self, limit: Limit, reserved: u64, actual: u64, sent_at: u64) {
        match limit.metering {
            Metering::Bucket if actual > reserved => {
                let more = limit.span(actual - reserved);
                self.full_at = self.full_at.max(sent_at).saturating_add(more);
            }
            Metering::Bucket => {
                let less = limit.span(reserved - actual);
                self.full_at = self.full_at.saturating_sub(less);
            }
            Metering::Window if sent_at >= self.opened => {
                self.used = (self.used + actual).saturating_sub(reserved);
            }
            Metering::Window => {}
        }
    }

    /// Carries what was counted under one limit over to another. A bucket's units are kept as time, which is worth less
    /// or more of them from now on; a bucket and a window have nothing in common.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times stay far below 2^53 microseconds"
    )]
    pub(super) fn convert(&mut self, from: Option<Limit>, to: Limit, now: u64) {
        match from {
            Some(from) if from.metering != to.metering => *self = Self::default(),
            Some(from) if from != to => {
                let out = self.full_at.saturating_sub(now) as f64;
                let each = to.per as f64 / to.units as f64 * from.units as f64 / from.per as f64;
                self.full_at = now.saturating_add((out * each).ceil() as u64);
            }
            Some(_) | None => {}
        }
    }

    /// The provider says it is empty, whatever was counted here.
    pub(super) fn empty(&mut self, limit: Limit, now: u64) {
        match limit.metering {
            Metering::Bucket => {
                let full_at = now.saturating_add(limit.span(limit.burst));
                self.full_at = self.full_at.max(full_at);
            }
            Metering::Window => {
                if self.is_over(limit, now) {
                    self.opened = now;
                }
                self.used = self.used.max(limit.units);
            }
        }
    }

    fn used_at(&self, limit: Limit, at: u64) -> u64 {
        if self.is_over(limit, at) {
            0
        } else {
            self.used
        }
    }

    fn is_over(&self, limit: Limit, at: u64) -> bool {
        at >= self.opened.saturating_add(limit.per)
    }

    /// A thousandth late: a request that took longer to arrive at the last window's beginning than this one at the
    /// next would otherwise find the old window still open.
    fn next_window(&self, limit: Limit) -> u64 {
        self.opened
            .saturating_add(limit.per)
            .saturating_add(limit.per / 1000)
    }
}
