//! How long a server asks us to wait: every form it is written in, and every form that means nothing.
#![expect(
    clippy::unwrap_used,
    reason = "a header that cannot be built is a failed test"
)]

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use tidegate_core::Timestamp;
use tidegate_providers::retry_after::{Delay, from_headers, from_value, from_words, parse};

/// 2026-11-23T12:00:00Z, our clock.
const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

/// The server's clock, 30 s behind ours.
const SERVER_NOW: &str = "Mon, 23 Nov 2026 11:59:30 GMT";

const YEAR: u64 = 365 * 86_400;

#[expect(
    clippy::unnecessary_wraps,
    reason = "reads as what the functions under test return"
)]
const fn ms(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis))
}

const fn secs(secs: u64) -> Option<Duration> {
    ms(secs * 1_000)
}

/// Headers from one line: `retry-after: 20; retry-after-ms: 19456`.
fn headers(line: &str) -> HeaderMap {
    line.split("; ")
        .filter_map(|header| header.split_once(": "))
        .map(|(name, value)| {
            (
                HeaderName::try_from(name).unwrap(),
                HeaderValue::try_from(value).unwrap(),
            )
        })
        .collect()
}

/// Headers with the server's own clock among them.
fn headers_with_date(line: &str) -> HeaderMap {
    headers(&format!("date: {SERVER_NOW}; {line}"))
}

#[test]
fn a_relative_delay_is_read_in_every_form() {
    for (value, expected) in [
        // Plain seconds.
        ("0", ms(0)),
        ("-0", ms(0)),
        ("2", secs(2)),
        (" 2 ", secs(2)),
        ("0.5", ms(500)),
        ("11.05", ms(11_050)),
        (".5", ms(500)),
        ("1e3", secs(1_000)),
        ("86400", secs(86_400)),
        // To the year, and not beyond.
        ("31536000", secs(YEAR)),
        ("31536001", None),
        ("999999999", None),
        // Sentinels and what is no number.
        ("-1", None),
        ("-0.001", None),
        ("NaN", None),
        ("inf", None),
        ("-inf", None),
        ("1e400", None),
        ("", None),
        (" ", None),
        ("soon", None),
        ("1,5", None),
        ("2 seconds", None),
        // Chains of units.
        ("1s", secs(1)),
        ("12ms", ms(12)),
        ("7.66s", ms(7_660)),
        ("6m0s", secs(360)),
        ("2m59.56s", ms(179_560)),
        ("1h2m3s", secs(3_723)),
        ("1d", secs(86_400)),
        ("90m", secs(5_400)),
        ("365d", secs(YEAR)),
        ("365d1s", None),
        ("34.074824224s", Some(Duration::from_nanos(34_074_824_224))),
        ("s", None),
        ("5x", None),
        ("-5s", None),
        ("1.2.3s", None),
        ("6m0", None),
        ("m", None),
        (".s", None),
    ] {
        assert_eq!(parse(value), expected.map(Delay::Relative), "{value:?}");
    }
}

#[test]
fn a_point_in_time_is_read_in_every_form() {
    let noon = Timestamp::from_secs(1_795_435_200);
    for (value, expected) in [
        ("Mon, 23 Nov 2026 12:00:00 GMT", Some(noon)),
        ("Monday, 23-Nov-26 12:00:00 GMT", Some(noon)),
        ("Mon Nov 23 12:00:00 2026", Some(noon)),
        ("2026-11-23T12:00:00Z", Some(noon)),
        ("2026-11-23T13:00:00+01:00", Some(noon)),
        (
            "2026-11-23T12:00:00.25Z",
            Some(noon.saturating_add(Duration::from_millis(250))),
        ),
        ("1795435200", Some(noon)),
        (
            "1795435200.5",
            Some(noon.saturating_add(Duration::from_millis(500))),
        ),
        ("1795435200000", Some(noon)),
        ("1000000000", Some(Timestamp::from_secs(1_000_000_000))),
        ("Mon, 01 Jan 1900 00:00:00 GMT", None),
        ("1960-01-01T00:00:00Z", None),
        ("2026-11-23", None),
        ("2026-13-23T12:00:00Z", None),
    ] {
        assert_eq!(parse(value), expected.map(Delay::Until), "{value:?}");
    }
}

#[test]
fn a_point_in_time_counts_from_the_servers_own_clock() {
    for (value, with_date, without) in [
        ("Mon, 23 Nov 2026 12:00:30 GMT", secs(60), secs(30)),
        ("2026-11-23T12:00:30Z", secs(60), secs(30)),
        ("1795435230", secs(60), secs(30)),
        ("1795435230000", secs(60), secs(30)),
        // Past: no wait, which is not the same as nothing said.
        ("Mon, 23 Nov 2026 11:59:30 GMT", ms(0), ms(0)),
        ("Mon, 23 Nov 2026 11:59:45 GMT", secs(15), ms(0)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", ms(0), ms(0)),
        // Further than a year is not meant.
        ("Tue, 23 Nov 2027 11:59:30 GMT", secs(YEAR), secs(YEAR - 30)),
        ("Tue, 23 Nov 2027 11:59:31 GMT", None, secs(YEAR - 29)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None, None),
        ("99999999999", None, None),
        ("1e300", None, None),
        // A relative delay needs no clock.
        ("7", secs(7), secs(7)),
    ] {
        let line = format!("retry-after: {value}");
        assert_eq!(
            from_headers(&headers_with_date(&line), NOW),
            with_date,
            "{value:?} with `Date`"
        );
        assert_eq!(
            from_headers(&headers(&line), NOW),
            without,
            "{value:?} without"
        );
    }
}

#[test]
fn a_date_header_nobody_can_read_is_as_good_as_none() {
    let with = headers("date: yesterday; retry-after: Mon, 23 Nov 2026 12:00:30 GMT");
    assert_eq!(from_headers(&with, NOW), secs(30));
}

#[test]
fn the_finer_header_comes_first_and_a_sentinel_lets_the_next_one_speak() {
    let spent = "x-ratelimit-remaining-requests: 0; x-ratelimit-reset-requests: 1h";
    for (line, expected) in [
        ("retry-after: 20; retry-after-ms: 19456", ms(19_456)),
        ("retry-after: 6; x-ms-retry-after-ms: 5800", ms(5_800)),
        ("x-ms-retry-after-ms: 1; retry-after-ms: 2", ms(2)),
        (
            "retry-after-ms: 1500.5",
            Some(Duration::from_micros(1_500_500)),
        ),
        ("retry-after: 20; retry-after-ms: 0", ms(0)),
        ("retry-after: 20; retry-after-ms: -1", secs(20)),
        ("retry-after: 20; retry-after-ms: NaN", secs(20)),
        ("retry-after: 20; retry-after-ms: 20s", secs(20)),
        ("retry-after-ms: ; x-ms-retry-after-ms: 7", ms(7)),
        ("retry-after-ms: 31536000000", secs(YEAR)),
        ("retry-after: 20; retry-after-ms: 31536000001", secs(20)),
        (&format!("retry-after: 3; {spent}"), secs(3)),
        (&format!("retry-after: 0; {spent}"), ms(0)),
        (&format!("retry-after: -1; {spent}"), secs(3_600)),
        (&format!("retry-after: soon; {spent}"), secs(3_600)),
        ("", None),
    ] {
        assert_eq!(from_headers(&headers(line), NOW), expected, "{line}");
    }
}

#[test]
fn a_vendors_reset_counts_only_where_nothing_remains() {
    let (requests, tokens) = (
        "x-ratelimit-remaining-requests",
        "x-ratelimit-remaining-tokens",
    );
    let resets = "x-ratelimit-reset-requests: 2m59.56s; x-ratelimit-reset-tokens: 12ms";
    for (line, expected) in [
        (format!("{requests}: 0; {resets}"), ms(179_560)),
        (format!("{tokens}: 0; {resets}"), ms(12)),
        // The later of the two, since the sooner is refused again.
        (format!("{requests}: 0; {tokens}: 0; {resets}"), ms(179_560)),
        (format!("{requests}: 1; {resets}"), None),
        (format!("{requests}: -1; {tokens}: -1; {resets}"), None),
        (resets.to_owned(), None),
        (
            format!("{requests}: 0; x-ratelimit-reset-requests: later"),
            None,
        ),
        (format!("{requests}: 0"), None),
    ] {
        assert_eq!(from_headers(&headers(&line), NOW), expected, "{line}");
    }
}

#[test]
fn a_reset_that_is_a_date_counts_from_the_servers_own_clock() {
    let reset = "anthropic-ratelimit-requests-reset: 2026-11-23T12:00:00Z";
    for (remaining, expected) in [("0", secs(30)), ("5", None)] {
        let line = format!("anthropic-ratelimit-requests-remaining: {remaining}; {reset}");
        assert_eq!(
            from_headers(&headers_with_date(&line), NOW),
            expected,
            "{remaining} left"
        );
    }
}

#[test]
fn a_header_that_is_no_text_is_skipped() {
    let mut map = headers("retry-after: 2");
    map.insert("retry-after-ms", HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(from_headers(&map, NOW), secs(2));
    assert_eq!(from_value(&map, "retry-after-ms", NOW), None);
}

#[test]
fn the_wait_in_a_message_is_found() {
    for (message, expected) in [
        ("Please try again in 11.05s", ms(11_050)),
        (
            "Rate limit reached. Please try again in 6m0s. Visit https://example.com",
            secs(360),
        ),
        ("Please try again in 20s.", secs(20)),
        ("Please try again in 998ms.", ms(998)),
        ("Please try again in 1h2m3s)", secs(3_723)),
        (
            "{'message': 'Please try again in 1.5s.', 'type': 'requests'}",
            ms(1_500),
        ),
        ("retry after 20 seconds", secs(20)),
        ("Retry after 86400 seconds", secs(86_400)),
        ("Please retry after 1 second.", secs(1)),
        ("Please retry after 500 milliseconds.", ms(500)),
        (
            "Please retry in 34.074824224s.",
            Some(Duration::from_nanos(34_074_824_224)),
        ),
        ("Try again in 7 seconds.", secs(7)),
        ("TRY AGAIN IN 2 MINUTES!", secs(120)),
        ("try again in 5", secs(5)),
        ("Retry-After: 3", secs(3)),
        ("available in 4s", secs(4)),
        ("first: try again in 20s; at last: try again in 2s", secs(2)),
        ("try again in 400d", None),
        ("try again in -5s", None),
        ("try again in NaN", None),
        ("Please try again in a few minutes", None),
        ("Please try again in ", None),
        ("Please try again later.", None),
        (
            "Retry after in-flight requests settle, or add credits.",
            None,
        ),
        ("country 5s in again", None),
        ("", None),
    ] {
        assert_eq!(from_words(message), expected, "{message:?}");
    }
}

proptest! {
    #[test]
    fn whatever_a_server_writes_is_a_wait_of_at_most_a_year(value in "\\PC{0,40}", date in any::<bool>()) {
        let Ok(value) = HeaderValue::try_from(&value) else { return Ok(()) };
        let mut map = if date { headers_with_date("") } else { HeaderMap::new() };
        for name in ["retry-after-ms", "retry-after"] {
            map.insert(name, value.clone());
            if let Some(wait) = from_headers(&map, NOW) {
                prop_assert!(wait.as_secs_f64() <= 365.0 * 86_400.0);
            }
        }
    }

    #[test]
    fn whatever_a_number_it_is_a_wait_of_at_most_a_year(value in any::<f64>()) {
        let map = headers(&format!("retry-after: {value}"));
        if let Some(wait) = from_headers(&map, NOW) {
            prop_assert!(wait.as_secs_f64() <= 365.0 * 86_400.0);
        }
    }

    #[test]
    fn whatever_a_message_says_reading_it_does_not_panic(lead_in in 0..3_usize, rest in "\\PC{0,30}") {
        let lead_in = ["try again in ", "Retry after ", "no "][lead_in];
        let _ = from_words(&format!("{lead_in}{rest}"));
    }

    #[test]
    fn a_chain_of_units_is_the_sum_of_its_parts(h in 0_u64..100, m in 0_u64..60, s in 0_u64..60, milli in 0_u64..1_000) {
        let expected = Duration::from_millis(((h * 60 + m) * 60 + s) * 1_000 + milli);
        let Some(Delay::Relative(read)) = parse(&format!("{h}h{m}m{s}s{milli}ms")) else {
            return Err(TestCaseError::fail("not read"));
        };
        prop_assert!(read.abs_diff(expected) < Duration::from_micros(1), "{read:?} is not {expected:?}");
    }
}

#[test]
fn of_several_waits_in_words_the_last_one_counts_however_it_is_worded() {
    let log = "try 1: Please try again in 5s\ntry 2: retry after 60 seconds";
    assert_eq!(from_words(log), Some(Duration::from_secs(60)));
}
