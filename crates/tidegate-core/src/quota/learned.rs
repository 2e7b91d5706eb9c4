//! What a provider's headers tell of one dimension, made sense of.
//!
//! Headers are a hint with traps: `reset` means "full again", not "one more"; the period is rarely named; some vendors
//! round to seconds, some send sentinels, some count by the day under a name that others count by the minute. So a
//! limit is believed only where its numbers fit together.

use serde::{Deserialize, Serialize};

use super::Observed;
use super::limits::{Limit, Metering, micros};

/// The period of published limits: requests and tokens per minute.
const MINUTE: u64 = 60_000_000;
const SECOND: u64 = 1_000_000;
const DAY: u64 = 24 * 60 * MINUTE;
/// Periods that windows are known to have: a second and ten (Azure), a minute, an hour, a day.
const WINDOWS: [u64; 5] = [SECOND, 10 * SECOND, MINUTE, 60 * MINUTE, DAY];

/// One dimension as the provider tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Learned {
    pub(super) limit: Limit,
    /// The observation the period was taken from: the more was used, the less rounding matters.
    used: u64,
    /// The first observation of the present run of equal resets, as a point in time; 0 for none.
    reset_at: u64,
    used_then: u64,
}

impl Learned {
    /// What an observation adds to what was known. `None`: it makes no sense.
    pub(super) fn from(before: Option<Self>, seen: Observed, sent_at: u64) -> Option<Self> {
        let used = seen.limit.checked_sub(seen.remaining)?;
        if seen.limit == 0 {
            return None;
        }
        let reset = seen.reset.map(micros);
        let changed = before.is_some_and(|before| before.limit.units != seen.limit);
        let before = before.filter(|_| !changed);
        let Some(reset) = reset.filter(|_| used > 0) else {
            // Without a reset there is nothing to tell the period from. Per minute is what the word stands for.
            let fallback = || Self::bucket(seen.limit, MINUTE, 0);
            return before.or_else(|| seen.reset.is_none().then(fallback));
        };
        let told = Self {
            reset_at: sent_at.saturating_add(reset),
            used_then: used,
            ..Self::bucket(seen.limit, period(seen.limit, used, reset), used)
        };
        Some(before.map_or(told, |before| before.after(told, reset)))
    }

    fn bucket(units: u64, per: u64, used: u64) -> Self {
        let limit = Limit {
            units,
            per: per.max(1),
            burst: units,
            metering: Metering::Bucket,
        };
        Self {
            limit,
            used,
            reset_at: 0,
            used_then: 0,
        }
    }

    /// This, corrected by a later observation.
    fn after(self, told: Self, reset: u64) -> Self {
        if self.limit.metering == Metering::Window {
            let is_next = told.reset_at > self.reset_at.saturating_add(self.limit.per / 2);
            let reset_at = if is_next {
                told.reset_at
            } else {
                self.reset_at
            };
            // However little is left of it, it is as long as it was.
            return Self { reset_at, ..self }.window(self.limit.per.max(length(reset)));
        }
        let grown = told.used_then.saturating_sub(self.used_then);
        // A bucket's reset moves on by one unit's time with every unit used; a window's stands still.
        let moves_on = told.limit.span(grown);
        let moved = told.reset_at.abs_diff(self.reset_at);
        let rounding = rounding(reset);
        let stands_still = moved <= rounding.max(moves_on / 8);
        if grown >= 3 && stands_still && moves_on > 4 * rounding {
            return self.window(length(reset));
        }
        // Where the reset has moved, the comparison starts anew from here.
        let (reset_at, used_then) = if stands_still {
            (self.reset_at, self.used_then)
        } else {
            (told.reset_at, told.used_then)
        };
        let better = is_coarse(reset) && told.used > self.used;
        let per = if better {
            told.limit.per
        } else {
            self.corrected(told, reset)
        };
        let limit = Limit { per, ..self.limit };
        Self {
            limit,
            used: told.used.max(self.used),
            reset_at,
            used_then,
        }
    }

    /// The period, as far as another observation allows. What is used is told in whole units, the last of which may have
    /// grown back in part: `used` units take at least the reset, and one less takes at most that long. So observations
    /// raise the period until it is the limit's own.
    fn corrected(self, told: Self, reset: u64) -> u64 {
        let least = if is_coarse(reset) {
            let shortest = reset.saturating_sub(SECOND);
            scaled(shortest, told.limit.units, told.used)
        } else {
            told.limit.per
        };
        let most = match told.used {
            0 | 1 => u64::MAX,
            used => scaled(reset, told.limit.units, used - 1),
        };
        self.limit.per.min(most).max(least).max(1)
    }

    fn window(self, per: u64) -> Self {
        let limit = Limit {
            per,
            metering: Metering::Window,
            ..self.limit
        };
        Self { limit, ..self }
    }

    /// Whether the period is one that limits have. A bucket of another one is, as a rule, a window that has not shown
    /// itself: taken for a bucket's, the minute that one of 300 resets in means five hours for all of them.
    pub(super) fn is_plain(self) -> bool {
        let period = self.limit.per;
        self.limit.metering == Metering::Window || period <= MINUTE || period == DAY
    }

    /// When the window of such a limit began that an attempt was sent in, where its end is known.
    pub(super) fn opened(self, limit: Limit, sent_at: u64) -> Option<u64> {
        let opened = self.reset_at.saturating_sub(limit.per);
        (self.reset_at > sent_at).then(|| opened.min(sent_at))
    }
}

/// The period of a bucket of `limit` that is full again in `reset` when `used` are out. Where a minute fits within
/// rounding, it is a minute.
fn period(limit: u64, used: u64, reset: u64) -> u64 {
    let by_the_minute = scaled(MINUTE, used, limit);
    if by_the_minute.abs_diff(reset) <= rounding(reset) {
        return MINUTE;
    }
    scaled(reset, limit, used)
}

/// The shortest usual window that so much may be left of, or be told to be left for want of a finer clock.
fn length(reset: u64) -> u64 {
    let rounding = rounding(reset);
    let fits = |length: &u64| reset <= *length + rounding.min(*length / 10);
    WINDOWS.into_iter().find(fits).unwrap_or(reset)
}

/// Whether a time looks rounded to a second.
const fn is_coarse(reset: u64) -> bool {
    reset.is_multiple_of(SECOND)
}

const fn rounding(reset: u64) -> u64 {
    if is_coarse(reset) {
        SECOND
    } else {
        SECOND / 100
    }
}

/// `time` times `by`, divided by `of`.
fn scaled(time: u64, by: u64, of: u64) -> u64 {
    let scaled = u128::from(time) * u128::from(by) / u128::from(of.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}
