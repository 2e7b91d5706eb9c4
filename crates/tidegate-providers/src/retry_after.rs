//! How long a server asks us to wait, in all the forms servers say it.
//!
//! The forms disagree in unit, in anchor (relative, or a date on the *server's* clock) and in honesty (`-1`, `0`, a
//! day). A value that cannot be meant is dropped; a value that is long is kept, because waking sooner than asked is
//! refused again. How long is too long is for the policy to say.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use tidegate_core::Timestamp;

/// A delay as a server wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// From now.
    Relative(Duration),
    /// Until a point on the server's clock.
    Until(Timestamp),
}

/// A year. Nobody means more, and arithmetic stays safe below it.
const LONGEST: f64 = 365.0 * 86_400.0;

/// Unix times begin here (2001), relative seconds end long before.
const FIRST_UNIX_SECOND: f64 = 1e9;
/// The same in milliseconds.
const FIRST_UNIX_MILLI: f64 = 1e12;

/// What `LiteLLM`'s proxy puts before the names of its upstream's headers. The wait of a limit behind it, and of its own
/// limit on a deployment, comes so and only so.
const RELAYED: &str = "llm_provider-";

/// The wait the headers of a reply ask for. `now` is our clock, used where the reply has no `Date` of its own.
///
/// `retry-after-ms` and Azure's `x-ms-retry-after-ms` before `retry-after`, since they are finer; a vendor's reset
/// header only where that dimension has nothing left, since it tells when a limit is full again.
pub fn from_headers(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    asked(headers, now).map(|(_, wait)| wait)
}

/// As [`from_headers`], with the header that says so.
pub fn asked(headers: &HeaderMap, now: Timestamp) -> Option<(&str, Duration)> {
    let named = |name| Some((name, from_value(headers, name, now)?));
    let millis = ["retry-after-ms", "x-ms-retry-after-ms"]
        .into_iter()
        .find_map(|name| {
            let value: f64 = text(headers, name)?.trim().parse().ok()?;
            Some((name, seconds(value / 1_000.0)?))
        });
    millis.or_else(|| named("retry-after")).or_else(|| {
        spent(headers)
            .filter_map(named)
            .max_by_key(|(_, wait)| *wait)
    })
}

/// Reset headers of dimensions that say `remaining: 0`.
fn spent(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .keys()
        .map(http::HeaderName::as_str)
        .map(|name| name.strip_prefix(RELAYED).unwrap_or(name))
        .filter(move |name| {
            let counterpart = if name.starts_with("x-ratelimit-reset-") {
                name.replacen("reset", "remaining", 1)
            } else if name.starts_with("anthropic-ratelimit-") && name.ends_with("-reset") {
                name.replacen("-reset", "-remaining", 1)
            } else {
                return false;
            };
            text(headers, &counterpart) == Some("0")
        })
}

/// One header as a wait from now.
pub fn from_value(headers: &HeaderMap, name: &str, now: Timestamp) -> Option<Duration> {
    match parse(text(headers, name)?)? {
        Delay::Relative(delay) => Some(delay),
        Delay::Until(until) => {
            let wait = until.saturating_since(server_now(headers).unwrap_or(now));
            seconds(wait.as_secs_f64()).map(|_| wait)
        }
    }
}

/// The server's own clock when it answered.
fn server_now(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(text(headers, "date")?)
}

/// A header, or what a proxy relays of its upstream's.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get(name)
        .or_else(|| headers.get(format!("{RELAYED}{name}")))?
        .to_str()
        .ok()
}

/// Reads a delay in any of its forms: `2`, `0.5`, `6m0s`, `12ms`, `2m59.56s`, an HTTP date, RFC 3339, Unix seconds or
/// milliseconds. `None` for sentinels and anything that cannot be meant.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use tidegate_providers::retry_after::{Delay, parse};
/// assert_eq!(parse("6m0s"), Some(Delay::Relative(Duration::from_secs(360))));
/// assert_eq!(parse("-1"), None);
/// ```
pub fn parse(value: &str) -> Option<Delay> {
    let value = value.trim();
    if let Ok(number) = value.parse::<f64>() {
        return number_of(number);
    }
    chain(value)
        .map(Delay::Relative)
        .or_else(|| http_date(value).map(Delay::Until))
        .or_else(|| rfc_3339(value).map(Delay::Until))
}

fn number_of(number: f64) -> Option<Delay> {
    if number >= FIRST_UNIX_MILLI {
        return unix(number / 1_000.0);
    }
    if number >= FIRST_UNIX_SECOND {
        return unix(number);
    }
    seconds(number).map(Delay::Relative)
}

fn unix(secs: f64) -> Option<Delay> {
    let since_epoch = Duration::try_from_secs_f64(secs).ok()?;
    Some(Delay::Until(
        Timestamp::default().saturating_add(since_epoch),
    ))
}

/// Seconds as a duration, unless negative, not a number or beyond a year.
fn seconds(value: f64) -> Option<Duration> {
    (0.0..=LONGEST)
        .contains(&value)
        .then(|| Duration::from_secs_f64(value))
}

/// `1h2m3.5s`, `12ms`: numbers with units, largest first, at least one.
fn chain(value: &str) -> Option<Duration> {
    let (mut rest, mut total) = (value, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let unit_end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        total += number * unit(&after[..unit_end])?;
        rest = &after[unit_end..];
    }
    seconds(total).filter(|_| !value.is_empty())
}

fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "ms" | "msec" | "millisecond" | "milliseconds" => 1e-3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    })
}

fn http_date(value: &str) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(value).ok()?;
    Some(Timestamp::default().saturating_add(date.duration_since(UNIX_EPOCH).ok()?))
}

fn rfc_3339(value: &str) -> Option<Timestamp> {
    let micros = value.parse::<jiff::Timestamp>().ok()?.as_microsecond();
    u64::try_from(micros).ok().map(Timestamp::from_micros)
}

/// The wait named in an error's own words: "Please try again in 6m0s", "retry after 20 seconds". The last one said
/// counts: a log of earlier tries stands above it.
pub fn from_words(message: &str) -> Option<Duration> {
    let message = message.to_ascii_lowercase();
    let lead_ins = [
        "try again in ",
        "retry after ",
        "retry in ",
        "retry-after: ",
        "available in ",
    ];
    let ends = lead_ins
        .into_iter()
        .filter_map(|lead_in| Some(message.rfind(lead_in)? + lead_in.len()));
    let mut words = message[ends.max()?..]
        .split_whitespace()
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_punctuation()));
    let first = words.next()?;
    match first.parse::<f64>() {
        Ok(number) => seconds(number * words.next().and_then(unit).unwrap_or(1.0)),
        Err(_) => chain(first),
    }
}
