//! Durations as people and programs read them.
//!
//! Events and errors carry many durations; one spelling for all keeps them comparable: milliseconds as a number in
//! JSON, the shortest honest form in text.

use std::fmt;
use std::time::Duration;

use serde::Serializer;

/// Serializes a duration as whole and fractional milliseconds.
pub(crate) fn as_millis<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(millis(*value))
}

/// Serializes an optional duration as milliseconds, or null.
#[expect(clippy::ref_option, reason = "serde hands the field over by reference")]
pub(crate) fn as_optional_millis<S: Serializer>(
    value: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => as_millis(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// Milliseconds with microsecond precision: finer digits are timer noise.
fn millis(value: Duration) -> f64 {
    let micros =
        u32::try_from(value.as_micros()).map_or_else(|_| value.as_secs_f64() * 1e6, f64::from);
    micros.round() / 1e3
}

/// A duration in the shortest form a person would write: `40ms`, `1.5s`, `240s`, `12m 5s`, `1h 30m`.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use tidegate_core::Spell;
/// assert_eq!(Spell(Duration::from_millis(12_400)).to_string(), "12.4s");
/// assert_eq!(Spell(Duration::from_secs(240)).to_string(), "240s");
/// assert_eq!(Spell(Duration::from_secs(3_600)).to_string(), "1h");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell(pub Duration);

impl fmt::Display for Spell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match millis {
            0 if self.0.is_zero() => f.write_str("0s"),
            0..1_000 => write!(f, "{millis}ms"),
            1_000..600_000 => write!(f, "{}", Seconds(self.0)),
            600_000..3_600_000 => two(f, millis / 60_000, 'm', millis / 1_000 % 60, 's'),
            _ => two(f, millis / 3_600_000, 'h', millis / 60_000 % 60, 'm'),
        }
    }
}

/// Seconds with one digit after the point, and none when it is zero.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0.as_millis() + 50) / 100;
        match tenths % 10 {
            0 => write!(f, "{}s", tenths / 10),
            tenth => write!(f, "{}.{tenth}s", tenths / 10),
        }
    }
}

fn two(
    f: &mut fmt::Formatter<'_>,
    big: u128,
    unit: char,
    small: u128,
    small_unit: char,
) -> fmt::Result {
    match small {
        0 => write!(f, "{big}{unit}"),
        _ => write!(f, "{big}{unit} {small}{small_unit}"),
    }
}
