//! Times as people write them: with their unit.
//!
//! A bare `timeout = 5` is read as seconds by half of its readers and as milliseconds by the other half, and both find
//! out under load. So a time without a unit is an error that offers both.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};
use tidegate_core::Spell;

/// A time: `500ms`, `1.5s`, `2m 30s`, `1h`.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use tidegate::config::Time;
/// assert_eq!("2m 30s".parse(), Ok(Time(Duration::from_secs(150))));
/// assert_eq!("5".parse::<Time>().unwrap_err().to_string(), "`5` has no unit: say 5ms or 5s");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Duration);

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// A number without a unit.
    #[error("`{text}` has no unit: say {text}ms or {text}s")]
    NoUnit {
        /// What was written.
        text: String,
    },
    /// A time before now.
    #[error("`{text}` is negative: say a time of zero or more, such as 500ms or 2m 30s")]
    Negative {
        /// What was written.
        text: String,
    },
    /// A time that nobody lives to see pass.
    #[error("`{text}` is longer than a year")]
    TooLong {
        /// What was written.
        text: String,
    },
    /// Anything else.
    #[error("`{text}` is not a time: say it with its unit, such as 500ms, 1.5s, 2m 30s or 1h")]
    Unreadable {
        /// What was written.
        text: String,
    },
}

impl Time {
    /// A year: nobody means more, and clocks can add it without overflowing.
    pub const LONGEST: Duration = Duration::from_secs(365 * 86_400);
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let text = text.trim();
        let owned = || text.to_owned();
        if let Ok(number) = text.parse::<f64>() {
            return Err(if number < 0.0 {
                TimeError::Negative { text: owned() }
            } else if number.is_finite() {
                TimeError::NoUnit { text: owned() }
            } else {
                TimeError::Unreadable { text: owned() }
            });
        }
        let signed: SignedDuration = text
            .parse()
            .map_err(|_| TimeError::Unreadable { text: owned() })?;
        let time = Duration::try_from(signed).map_err(|_| TimeError::Negative { text: owned() })?;
        if time > Self::LONGEST {
            return Err(TimeError::TooLong { text: owned() });
        }
        Ok(Self(time))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Spell(self.0).fmt(f)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Result<u128, TimeError> {
        text.parse::<Time>().map(|time| time.0.as_millis())
    }

    #[test]
    fn reads_times_as_people_write_them() {
        for (text, wanted) in [
            ("500ms", 500),
            ("1.5s", 1_500),
            ("2m 30s", 150_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            (" 5s ", 5_000),
            ("0s", 0),
        ] {
            assert_eq!(millis(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn a_bare_number_is_an_error_that_offers_both_units() {
        let error = millis("100").unwrap_err().to_string();
        assert_eq!(error, "`100` has no unit: say 100ms or 100s");
    }

    #[test]
    fn refuses_what_is_no_time_or_lies_in_the_past() {
        for text in ["", "soon", "5 apples", "inf", "NaN", "1d", "5s s"] {
            assert!(
                matches!(millis(text), Err(TimeError::Unreadable { .. })),
                "{text}"
            );
        }
        for text in ["-5s", "-5", "5s ago"] {
            assert!(
                matches!(millis(text), Err(TimeError::Negative { .. })),
                "{text}"
            );
        }
    }
}
