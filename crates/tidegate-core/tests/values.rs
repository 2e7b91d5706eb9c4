//! Small values that everything is built from.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;
use tidegate_core::network::{host, without_secrets};
use tidegate_core::{
    Condition, Conditions, Cost, Delivery, Failure, FailureKind, LimitKey, Network, Proxy, Request,
    Spell, Timeouts, Timestamp, Usage,
};

#[test]
fn of_a_url_the_host_and_port_alone_may_be_shown() {
    for (url, shown) in [
        (
            "https://user:key@proxy.example:8443/v1/token?k=v",
            "proxy.example:8443",
        ),
        ("https://api.example?key=s3cret", "api.example"),
        ("https://api.example#part", "api.example"),
        ("proxy.example:80", "proxy.example:80"),
        ("", ""),
    ] {
        assert_eq!(host(url), shown, "{url}");
    }
}

#[test]
fn of_a_url_everything_but_its_credential_and_its_query_may_be_written() {
    for (url, written) in [
        (
            "https://user:key@api.example/v1?k=v",
            "https://[redacted]@api.example/v1?[redacted]",
        ),
        ("https://api.example/v1", "https://api.example/v1"),
        ("key@proxy.example:80", "[redacted]@proxy.example:80"),
    ] {
        assert_eq!(without_secrets(url), written);
    }
}

#[test]
fn a_prompt_is_in_two_where_others_begin_like_it() {
    let mut request = Request::prompt("the files, and a question");
    assert_eq!(request.shared(), None);
    request.shared_prefix = 10;
    assert_eq!(request.shared(), Some(("the files,", " and a question")));
    request.shared_prefix = 99;
    assert_eq!(request.shared(), None, "there is no such part");
}

#[test]
fn a_proxys_credential_is_not_in_its_debug() {
    let proxy = Proxy::Url("http://user:s3cret@proxy.example:3128".into());
    assert_eq!(format!("{proxy:?}"), "Url(proxy.example:3128)");
    assert_eq!(format!("{:?}", Proxy::Direct), "Direct");
    assert_eq!(format!("{:?}", Network::USUAL.proxy), "Environment");
    assert_eq!(Network::USUAL, Network::default());
}

#[test]
fn a_limit_key_is_shown_as_it_is() {
    let key = LimitKey::new("openai gpt-4o");
    assert_eq!(key.as_str(), "openai gpt-4o");
    assert_eq!(key.to_string(), "openai gpt-4o");
    assert_eq!(format!("{key:?}"), "LimitKey(openai gpt-4o)");
}

#[test]
fn a_map_over_limit_keys_is_asked_with_a_text() {
    let keys = HashMap::from([(LimitKey::new("a"), 1), (LimitKey::new("b"), 2)]);
    assert_eq!((keys.get("a"), keys.get("b")), (Some(&1), Some(&2)));
    assert_eq!(keys.get("c"), None);
}

#[test]
fn what_was_used_is_one_request_and_its_tokens() {
    let usage = Usage {
        input_tokens: 7,
        output_tokens: 9,
        ..Usage::default()
    };
    let cost = Cost {
        requests: 1,
        input_tokens: 7,
        output_tokens: 9,
    };
    assert_eq!(Cost::from(usage), cost);
}

#[test]
fn a_request_is_put_together_of_what_was_said() {
    let request = Request::prompt("hello").with_system("brief").streamed();
    assert_eq!(request.messages.len(), 1);
    assert_eq!(request.messages[0].texts().collect::<Vec<_>>(), ["hello"]);
    assert_eq!(
        (request.system.as_deref(), request.stream),
        (Some("brief"), true)
    );
}

#[test]
fn a_condition_named_twice_is_in_the_set() {
    let twice: Conditions = [Condition::Outage, Condition::Timeout, Condition::Outage]
        .into_iter()
        .collect();
    assert!(twice.take(FailureKind::ServerError) && twice.take(FailureKind::IdleTimeout));
    assert!(!twice.take(FailureKind::Overloaded));
    assert_eq!(
        serde_json::to_string(&twice).unwrap_or_default(),
        r#"["outage","timeout"]"#
    );
}

#[test]
fn a_duration_is_spelt_as_a_person_would_write_it() {
    for (millis, spelt) in [
        (0, "0s"),
        (1, "1ms"),
        (999, "999ms"),
        (1_000, "1s"),
        (1_049, "1s"),
        (1_050, "1.1s"),
        (12_400, "12.4s"),
        (240_000, "240s"),
        (599_999, "600s"),
        (600_000, "10m"),
        (725_000, "12m 5s"),
        (3_599_000, "59m 59s"),
        (3_600_000, "1h"),
        (5_400_000, "1h 30m"),
        (90_000_000, "25h"),
    ] {
        assert_eq!(Spell(Duration::from_millis(millis)).to_string(), spelt);
    }
    assert_eq!(
        Spell(Duration::from_micros(500)).to_string(),
        "0ms",
        "less than is told, but not nothing"
    );
}

#[test]
fn durations_are_written_in_milliseconds_to_the_microsecond() {
    let mut timeouts = Timeouts::HTTP;
    timeouts.connect = Duration::from_nanos(1_234_567_890);
    // More microseconds than 32 bits hold.
    timeouts.attempt = Duration::from_secs(90_000);
    let written = serde_json::to_value(timeouts).unwrap_or_default();
    assert_eq!(written["connect_ms"], json!(1_234.567));
    assert_eq!(written["attempt_ms"], json!(90_000_000.0));
    let failure = Failure::new(FailureKind::Overloaded, Delivery::Answered);
    let written = serde_json::to_value(failure).unwrap_or_default();
    assert_eq!(written["retry_after_ms"], json!(null));
}

#[test]
fn a_timestamp_counts_microseconds() {
    let at = Timestamp::from_secs(2).saturating_add(Duration::from_micros(7));
    assert_eq!(at.as_micros(), 2_000_007);
}

#[test]
fn tokens_written_to_a_cache_are_told_where_there_are_any() {
    let none = serde_json::to_value(Usage::default()).unwrap_or_default();
    assert!(none.get("cache_write_tokens").is_none(), "{none}");
    let some = Usage {
        cache_write_tokens: 3,
        ..Usage::default()
    };
    let some = serde_json::to_value(some).unwrap_or_default();
    assert_eq!(some["cache_write_tokens"], 3);
}
