//! Which rule judged a reply, and what of its words is kept.

#[path = "command/child.rs"]
mod child;

use bytes::Bytes;
use child::{KEY, target};
use http::{HeaderMap, StatusCode};
use tidegate_core::{Excerpt, PromptBy, Status, Target, Timestamp};
use tidegate_providers::classify::{reply, rule};
use tidegate_providers::{Reply, ReplyHead};

fn asked() -> Target {
    target(&["ask"], PromptBy::Argument)
}

fn http(status: u16, body: &str) -> Reply {
    Reply {
        head: ReplyHead::Http {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
        },
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn process(exit: i32, stderr: &str) -> Reply {
    Reply {
        head: ReplyHead::Process {
            ended: Status::Exit(exit),
            stderr: Bytes::copy_from_slice(stderr.as_bytes()),
        },
        body: Bytes::new(),
    }
}

#[test]
fn the_rule_that_judged_is_told_in_words_of_its_own() {
    let table = [
        (
            http(429, r#"{"error":{"code":"slow_down"}}"#),
            "the code `slow_down`",
        ),
        (
            http(
                400,
                r#"{"error":{"message":"the maximum context length is 5"}}"#,
            ),
            "the phrase \"maximum context length\" in its message",
        ),
        (
            http(
                429,
                r#"{"error":{"details":[{"violations":[{"quotaId":"PerDay"}]}]}}"#,
            ),
            "`perday` among its details",
        ),
        (
            http(503, "busy"),
            "the status 503; its body says nothing known",
        ),
        (
            http(401, r#"{"error":{"code":"rate_limit_exceeded"}}"#),
            "the status 401, whatever its body says",
        ),
        (
            http(200, r#"{"error":{"type":"invalid_request_error"}}"#),
            "the type `invalid_request_error`, with no status beside it",
        ),
        (
            http(200, r#"{"error":{"message":"odd"}}"#),
            "an error inside a success that does not say of which kind",
        ),
        (http(200, r#"{"choices":[]}"#), "the answer itself"),
        (
            http(
                200,
                "data: {\"choices\":[]}\n\ndata: {\"error\":{\"code\":\"overloaded_error\"}}\n\n",
            ),
            "the code `overloaded_error`",
        ),
        (
            process(1, "HTTP 502"),
            "the number 502, which its words call a status",
        ),
        (
            process(1, "openai.RateLimitError: no"),
            "the exception `ratelimiterror`",
        ),
        (
            process(1, "Error: socket hang up"),
            "the words \"socket hang up\"",
        ),
        (process(3, "oh"), "exit code 3; its words say nothing known"),
    ];
    for (reply, words) in table {
        assert_eq!(
            rule(&asked(), &reply, Timestamp::default()).to_string(),
            words
        );
    }
}

#[test]
fn the_words_of_a_plain_body_are_kept_as_far_as_an_excerpt_reaches() {
    let whole = "x".repeat(Excerpt::MAX);
    let failure = reply(&asked(), &http(500, &whole), Timestamp::default());
    assert_eq!(failure.detail.as_str(), whole);
}

#[test]
fn a_key_that_stands_across_the_end_of_an_excerpt_is_not_left_in_half() {
    for before in Excerpt::MAX - KEY.len()..=Excerpt::MAX + 8 {
        let body = format!("{}{KEY}{}", "x".repeat(before), "y".repeat(Excerpt::MAX));
        let failure = reply(&asked(), &http(500, &body), Timestamp::default());
        assert!(
            !failure.detail.as_str().contains("sk-"),
            "behind {before} bytes"
        );
    }
}
