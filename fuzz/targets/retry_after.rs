//! Whatever a server writes about waiting, it is read without a panic, and as a wait of at most a year.
#![no_main]

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use tidegate_fuzz::NOW;
use tidegate_providers::retry_after::{self, Delay};

const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const NAMES: [&str; 4] = [
    "retry-after",
    "retry-after-ms",
    "x-ratelimit-reset-requests",
    "anthropic-ratelimit-requests-reset",
];

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Some(Delay::Relative(delay)) = retry_after::parse(&text) {
        assert!(delay <= YEAR, "{delay:?}");
    }
    let words = retry_after::from_words(&text);
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(data) {
        for name in NAMES {
            headers.insert(name, value.clone());
        }
        headers.insert("date", value);
    }
    for delay in words
        .into_iter()
        .chain(retry_after::from_headers(&headers, NOW))
    {
        assert!(delay <= YEAR, "{delay:?}");
    }
});
