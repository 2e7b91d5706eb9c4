//! The rate of a limit nobody told us, found from its refusals.
//!
//! Between two refusals a bucket gives out exactly what it regains, so what was accepted in between *is* the rate. The
//! pace starts a little under it, comes back to it slowly, stays there for a while and then looks for more: the curve
//! of CUBIC (RFC 9438), stretched over the rate instead of over a window, because rates here differ by a factor of a
//! thousand. Each measure that confirms the last one doubles the patience.

use serde::{Deserialize, Serialize};

/// Where a pace starts after a first measure, which holds the burst of a full bucket and is too high.
const AFTER_THE_FIRST: f64 = 0.7;
/// Where it starts after a later one, which is right for a bucket.
const AFTER_A_LATER: f64 = 0.93;
/// The time until the measured rate is reached again, at first and at most, in microseconds.
const PATIENCE: u64 = 5_000_000;
const MOST_PATIENCE: u64 = 80_000_000;
/// A cut takes at most this away: a short time between two refusals is a bad measure.
const DEEPEST: f64 = 0.2;
/// The slowest pace: one a minute.
const SLOWEST: f64 = 1.0 / 60.0;
/// Timers wake a little late, each time; so much lateness is made up for.
const CATCH_UP: u64 = 20_000;
/// How far the curve climbs, in patiences beyond the plateau.
const FARTHEST: f64 = 6.0;

/// A rate that was found, and how it is approached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Pace {
    /// The measured rate, per second.
    #[serde(with = "bits")]
    pub(super) rate: f64,
    /// The part of it that is used at `since`.
    #[serde(with = "bits")]
    pub(super) dip: f64,
    /// When the curve begins.
    pub(super) since: u64,
    /// How long it takes to be at `rate` again.
    pub(super) patience: u64,
    /// When the next attempt may leave.
    pub(super) next: u64,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times stay far below 2^53 microseconds"
)]
impl Pace {
    /// The pace after a cut: `accepted` attempts in `during` microseconds.
    pub(super) fn measured(before: Option<Self>, accepted: u64, during: u64, now: u64) -> Self {
        let measured = accepted.max(1) as f64 * 1e6 / during.max(1) as f64;
        let least = before.map_or(SLOWEST, |before| before.at(now) * DEEPEST);
        let rate = measured.max(least);
        let (dip, patience) = match before {
            None => (AFTER_THE_FIRST, PATIENCE),
            Some(before) if (rate / before.rate - 1.0).abs() <= 0.1 => (
                AFTER_A_LATER,
                before.patience.saturating_mul(2).min(MOST_PATIENCE),
            ),
            Some(_) => (AFTER_A_LATER, PATIENCE),
        };
        Self {
            rate,
            dip,
            since: now,
            patience,
            next: now,
        }
    }

    /// Begins the curve.
    pub(super) const fn reopen(&mut self, now: u64) {
        self.since = now;
    }

    /// The rate at `at`, per second.
    pub(super) fn at(&self, at: u64) -> f64 {
        let passed = at.saturating_sub(self.since) as f64;
        let x = ((passed - self.patience as f64) / self.patience as f64).min(FARTHEST);
        self.rate * (1.0 + (1.0 - self.dip) * x * x * x)
    }

    /// The time between two attempts at `at`, in microseconds.
    pub(super) fn gap(&self, at: u64) -> u64 {
        (1e6 / self.at(at)).round() as u64
    }

    /// Counts an attempt that leaves at `at`.
    pub(super) fn take(&mut self, at: u64) {
        let from = self.next.max(at.saturating_sub(CATCH_UP)).min(at);
        self.next = from.saturating_add(self.gap(at));
    }
}

/// Numbers that are written and read again as they are: decimal text is exact only for those who take care of it.
mod bits {
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands over a reference"
    )]
    pub(super) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(number.to_bits())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}
