//! How long to wait before a retry.
//!
//! Doubling gives an ailing server room; jitter keeps callers that failed together from coming back together. The
//! dice are an argument, so that a delay can be asserted to the microsecond.

use std::time::Duration;

use serde::Serialize;

use crate::duration::as_millis;

/// Exponential backoff: `base * 2^n`, capped, spread downwards by jitter.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use tidegate_core::Backoff;
/// let backoff = Backoff::exact(Duration::from_millis(100));
/// assert_eq!(backoff.delay(0, 0.5), Duration::from_millis(100));
/// assert_eq!(backoff.delay(2, 0.5), Duration::from_millis(400));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Backoff {
    /// The delay before the first retry.
    #[serde(rename = "base_ms", serialize_with = "as_millis")]
    pub base: Duration,
    /// The longest delay.
    #[serde(rename = "cap_ms", serialize_with = "as_millis")]
    pub cap: Duration,
    /// The share of a delay left to the dice, 0.0 to 1.0: none at 0, "full jitter" at 1.
    pub jitter: f64,
}

impl Backoff {
    /// The base nobody chose: between the 0.5 s of the OpenAI and Anthropic clients and Google's 1 s, on the side
    /// that spares the server.
    pub const DEFAULT_BASE: Duration = Duration::from_secs(1);
    /// The cap nobody chose. Longer waits are the server's to ask for.
    pub const DEFAULT_CAP: Duration = Duration::from_secs(60);
    /// The jitter when nobody chose a base: full, the least total work (AWS Architecture Blog, 2015).
    pub const DEFAULT_JITTER: f64 = 1.0;

    /// Exactly the asked-for delays: no jitter, the default cap.
    pub const fn exact(base: Duration) -> Self {
        Self {
            base,
            cap: Self::DEFAULT_CAP,
            jitter: 0.0,
        }
    }

    /// The delay before retry number `retry` (0 is the first), with `roll` in 0.0..1.0 from the dice.
    pub fn delay(&self, retry: u32, roll: f64) -> Duration {
        let doubled = match 2u32.checked_pow(retry) {
            // Twice nothing is nothing, however often.
            _ if self.base.is_zero() => Some(Duration::ZERO),
            factor => factor.and_then(|factor| self.base.checked_mul(factor)),
        };
        let full = doubled.map_or(self.cap, |delay| delay.min(self.cap));
        full.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) * roll.clamp(0.0, 1.0))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Self::DEFAULT_BASE,
            cap: Self::DEFAULT_CAP,
            jitter: Self::DEFAULT_JITTER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_until_the_cap() {
        let backoff = Backoff {
            cap: Duration::from_secs(3),
            ..Backoff::exact(Duration::from_secs(1))
        };
        let delays: Vec<_> = (0..4)
            .map(|retry| backoff.delay(retry, 0.0).as_secs())
            .collect();
        assert_eq!(delays, [1, 2, 3, 3]);
    }

    #[test]
    fn an_absurd_retry_number_is_the_cap_and_not_an_overflow() {
        assert_eq!(
            Backoff::exact(Duration::from_secs(1)).delay(u32::MAX, 0.0),
            Backoff::DEFAULT_CAP
        );
        assert_eq!(
            Backoff::exact(Duration::MAX).delay(31, 0.0),
            Backoff::DEFAULT_CAP
        );
    }

    #[test]
    fn jitter_takes_away_its_share_and_no_more() {
        let backoff = Backoff {
            jitter: 0.5,
            ..Backoff::exact(Duration::from_secs(2))
        };
        assert_eq!(backoff.delay(0, 0.0), Duration::from_secs(2));
        assert_eq!(backoff.delay(0, 1.0), Duration::from_secs(1));
    }

    #[test]
    fn a_base_of_zero_retries_at_once_however_often() {
        for retry in [0, 5, 32, u32::MAX] {
            let delay = Backoff::exact(Duration::ZERO).delay(retry, 0.3);
            assert_eq!(delay, Duration::ZERO, "{retry}");
        }
    }
}
