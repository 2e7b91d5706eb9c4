//! What is metered, and how much of it is allowed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Cost;

/// What a provider counts. Each dimension has a limit of its own, and an attempt needs room in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Requests.
    Requests,
    /// Tokens, read and written together.
    Tokens,
    /// Tokens read.
    InputTokens,
    /// Tokens written.
    OutputTokens,
}

impl Dimension {
    /// Every dimension, in the order of arrays over them.
    pub const ALL: [Self; 4] = [
        Self::Requests,
        Self::Tokens,
        Self::InputTokens,
        Self::OutputTokens,
    ];

    /// Its place in arrays over all dimensions.
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl Cost {
    /// The share of one dimension.
    pub const fn of(self, dimension: Dimension) -> u64 {
        match dimension {
            Dimension::Requests => self.requests,
            Dimension::Tokens => self.input_tokens.saturating_add(self.output_tokens),
            Dimension::InputTokens => self.input_tokens,
            Dimension::OutputTokens => self.output_tokens,
        }
    }
}

/// How a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metering {
    /// A token bucket: what was used grows back evenly.
    Bucket,
    /// A window: everything is free again when the next one begins.
    Window,
}

/// The limit of one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Units allowed per period. At least 1.
    pub units: u64,
    /// The period, in microseconds. At least 1.
    pub per: u64,
    /// Units that may leave at once from a full bucket; for a window, all of them.
    pub burst: u64,
    /// How it counts.
    pub metering: Metering,
}

impl Limit {
    /// The part of a minute's requests that a bucket holds unless told otherwise: a second's worth.
    pub const REQUESTS_AT_ONCE: u64 = 60;
    /// The part of a minute's tokens that a bucket holds unless told otherwise: ten seconds' worth.
    pub const TOKENS_AT_ONCE: u64 = 6;

    /// A bucket that regains `units` evenly over `per` and holds `burst`. Zeros count as 1.
    pub fn bucket(units: u64, per: Duration, burst: u64) -> Self {
        Self {
            units: units.max(1),
            per: micros(per).max(1),
            burst: burst.max(1),
            metering: Metering::Bucket,
        }
    }

    /// A bucket with room for one second's worth at once.
    ///
    /// Providers publish a rate and keep the size of their bucket to themselves. Some hold a minute's worth, others
    /// judge a minute's limit by the second; a second's worth is refused by neither for long.
    ///
    /// # Examples
    /// ```
    /// # use tidegate_core::quota::Limit;
    /// assert_eq!(Limit::per_minute(600).burst, 10);
    /// assert_eq!(Limit::per_minute(5).burst, 1);
    /// ```
    pub fn per_minute(units: u64) -> Self {
        Self::bucket(
            units,
            Duration::from_secs(60),
            units / Self::REQUESTS_AT_ONCE,
        )
    }

    /// As [`per_minute`](Self::per_minute), for tokens: with room for ten seconds' worth, since one request takes
    /// thousands at once.
    pub fn tokens_per_minute(units: u64) -> Self {
        Self::bucket(units, Duration::from_secs(60), units / Self::TOKENS_AT_ONCE)
    }

    /// `units` in every window of that length. Zeros count as 1.
    pub fn window(units: u64, length: Duration) -> Self {
        Self {
            units: units.max(1),
            per: micros(length).max(1),
            burst: units.max(1),
            metering: Metering::Window,
        }
    }

    /// The part of the limit that `share` thousandths leave to us.
    #[must_use]
    pub fn shared(self, share: u32) -> Self {
        let part = |units: u64| {
            let part = u128::from(units) * u128::from(share) / 1000;
            u64::try_from(part).unwrap_or(u64::MAX).max(1)
        };
        match self.metering {
            _ if share >= 1000 => self,
            Metering::Window => Self {
                units: part(self.units),
                burst: part(self.burst),
                ..self
            },
            Metering::Bucket => Self {
                per: self.per.saturating_mul(1000) / u64::from(share.max(1)),
                burst: part(self.burst),
                ..self
            },
        }
    }

    /// How much longer the first attempt may be on its way than those that follow it, in microseconds.
    ///
    /// The provider's bucket begins to refill when the first attempt arrives, which has a connection to make. Whoever
    /// follows exactly at the limit, over a connection that is there, comes too early by the difference. A bucket of one
    /// has nothing to spare for that.
    pub(super) fn journey(self) -> u64 {
        (self.span(self.burst.saturating_sub(1)) / JOURNEYS).min(LONGEST_JOURNEY)
    }

    /// The time in which `units` grow back, in microseconds, rounded up.
    ///
    /// In floating point, so that a store which knows no other numbers comes to the same.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times stay far below 2^53 microseconds; beyond, saturating is right"
    )]
    pub(super) fn span(self, units: u64) -> u64 {
        (units as f64 * self.per as f64 / self.units as f64).ceil() as u64
    }
}

/// A journey counts as at most such a part of the time in which a bucket fills, and as at most that long: three turns over
/// half the world.
const JOURNEYS: u64 = 10;
pub(super) const LONGEST_JOURNEY: u64 = 100_000;

/// What applies to one limit key, as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// By dimension, in the order of [`Dimension::ALL`]. `None`: not configured, so what the provider tells applies.
    pub dimensions: [Option<Limit>; 4],
    /// Attempts under way at once. `None`: no bound of ours.
    pub max_concurrency: Option<u32>,
    /// How much of the limits is ours, in thousandths: 1000 unless others use the account too.
    pub share: u32,
}

impl Limits {
    /// Nothing configured, nothing left to others.
    pub const UNKNOWN: Self = Self {
        dimensions: [None; 4],
        max_concurrency: None,
        share: 1000,
    };

    /// With a limit for one dimension.
    #[must_use]
    pub const fn with(mut self, dimension: Dimension, limit: Limit) -> Self {
        self.dimensions[dimension.index()] = Some(limit);
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
