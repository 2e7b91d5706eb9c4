//! The token bucket, as the time at which it is full again.
//!
//! One number is the whole state. It counts in nanoseconds times units, so that 7 units a minute are exactly that and
//! no rounding adds up.

use super::Wait;
use super::counter::Count;
use std::time::Duration;

#[derive(Debug, Clone)]
pub(super) struct Bucket {
    /// Units that grow back in each `per`.
    units: u128,
    /// Nanoseconds; on the scale of `full_at` what one unit weighs.
    per: u128,
    burst: u64,
    /// When it is full again, in nanoseconds times `units`.
    full_at: u128,
}

impl Bucket {
    pub(super) fn new(units: u64, per: u64, burst: u64) -> Self {
        Self {
            units: units.into(),
            per: per.into(),
            burst,
            full_at: 0,
        }
    }

    fn scaled(&self, now: u64) -> u128 {
        u128::from(now) * self.units
    }

    fn weight(&self, units: u64) -> u128 {
        u128::from(units) * self.per
    }

    /// When it were full again after so many units more.
    fn after(&self, now: u64, units: u64) -> u128 {
        self.full_at.max(self.scaled(now)) + self.weight(units)
    }

    fn duration(&self, scaled: u128) -> u64 {
        u64::try_from(scaled.div_ceil(self.units)).unwrap_or(u64::MAX)
    }
}

impl Count for Bucket {
    fn wait(&self, now: u64, units: u64) -> Wait {
        if units > self.burst {
            return Wait::Never;
        }
        let empty_at = self.scaled(now) + self.weight(self.burst);
        let over = self.after(now, units).saturating_sub(empty_at);
        Wait::Exactly(Duration::from_nanos(self.duration(over)))
    }

    fn charge(&mut self, now: u64, units: u64) {
        self.full_at = self.after(now, units);
    }

    /// The debt of refused requests is bounded by the burst.
    fn punish(&mut self, now: u64, units: u64) {
        let deepest = self.scaled(now) + 2 * self.weight(self.burst);
        let punished = self.after(now, units).min(deepest);
        self.full_at = self.full_at.max(punished);
    }

    fn refund(&mut self, _: u64, _: u64, units: u64) {
        self.full_at = self.full_at.saturating_sub(self.weight(units));
    }

    fn left(&self, now: u64) -> (u64, u64) {
        let missing = self.full_at.saturating_sub(self.scaled(now));
        let used = u64::try_from(missing.div_ceil(self.per)).unwrap_or(u64::MAX);
        (self.burst.saturating_sub(used), self.duration(missing))
    }
}
