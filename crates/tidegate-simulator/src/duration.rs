//! Durations as scripts and headers spell them.
//!
//! A bare number in a script would be milliseconds to one reader and seconds to the next, so a unit is required. The
//! headers of the provider use the spelling of Go, which rounds up here: a client that obeys it is never early.

use std::fmt;
use std::time::Duration;

/// The units a duration may carry, with their length in seconds; the longer names come first.
const UNITS: [(&str, f64); 6] = [
    ("ms", 1e-3),
    ("us", 1e-6),
    ("ns", 1e-9),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3_600.0),
];

/// The longest duration that is read, in seconds: some thirty years, so that no sum of times overflows.
const LONGEST: f64 = 1e9;

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationError {
    text: String,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(f, "`{text}` is no duration: write 200ms, 1.5s, 2m or 0")
    }
}

impl std::error::Error for DurationError {}

/// Reads `200ms`, `1.5s`, `2m`, `1h`, `250us` or `0`.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use tidegate_simulator::duration;
/// assert_eq!(duration::parse("1.5s"), Ok(Duration::from_millis(1_500)));
/// assert!(duration::parse("20").is_err(), "20 of what?");
/// ```
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    seconds(text)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| DurationError { text: text.into() })
}

fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number: f64 = number.parse().ok().filter(|_| plain)?;
    Some(number * unit).filter(|seconds| *seconds <= LONGEST)
}

/// The shortest spelling that [`parse`] reads back as the same duration.
pub(crate) fn exact(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let units = [
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    units
        .iter()
        .find(|(_, unit)| nanos.is_multiple_of(*unit))
        .map_or_else(String::new, |(name, unit)| {
            format!("{}{name}", nanos / unit)
        })
}

/// As Go spells durations and `x-ratelimit-reset-*` carries them: `12ms`, `1s`, `6m0s`, `2m59.56s`. Rounded up to
/// whole milliseconds.
pub(crate) fn go(duration: Duration) -> String {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    match millis {
        0 => "0s".to_owned(),
        1..1_000 => format!("{millis}ms"),
        1_000..60_000 => go_seconds(millis),
        60_000..3_600_000 => format!("{}m{}", millis / 60_000, go_seconds(millis % 60_000)),
        _ => {
            let minutes = millis / 60_000 % 60;
            let seconds = go_seconds(millis % 60_000);
            format!("{}h{minutes}m{seconds}", millis / 3_600_000)
        }
    }
}

fn go_seconds(millis: u128) -> String {
    let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}s")
}

/// Whole seconds, rounded up: the integer form of `Retry-After`.
pub(crate) fn ceil_seconds(duration: Duration) -> u64 {
    let part = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_with_units_only() {
        let good = [
            ("200ms", Duration::from_millis(200)),
            ("1.5s", Duration::from_millis(1_500)),
            ("2m", Duration::from_secs(120)),
            ("1h", Duration::from_secs(3_600)),
            ("250us", Duration::from_micros(250)),
            ("0", Duration::ZERO),
        ];
        for (text, want) in good {
            assert_eq!(parse(text), Ok(want), "{text}");
        }
        for bad in [
            "",
            "20",
            "s",
            "-1s",
            "1e3s",
            "infs",
            "nans",
            "300000h",
            "1 fortnight",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_exact_spelling_reads_back() {
        for nanos in [0, 1, 1_500, 20_000_000, 1_500_000_000, 120_000_000_000] {
            let duration = Duration::from_nanos(nanos);
            assert_eq!(parse(&exact(duration)), Ok(duration));
        }
    }

    #[test]
    fn spells_resets_as_the_provider_does() {
        let table = [
            (0, "0s"),
            (12, "12ms"),
            (1_000, "1s"),
            (7_660, "7.66s"),
            (60_000, "1m0s"),
            (360_000, "6m0s"),
            (179_560, "2m59.56s"),
            (7_201_005, "2h0m1.005s"),
        ];
        for (millis, want) in table {
            assert_eq!(go(Duration::from_millis(millis)), want);
        }
        assert_eq!(go(Duration::from_nanos(1)), "1ms", "rounded up");
    }
}
