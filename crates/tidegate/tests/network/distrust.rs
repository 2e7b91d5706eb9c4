//! Replies that no provider should send: each is a failure of its own, within bounds, and never a success.

use tidegate::{FailureKind, Outcome};
use tidegate_simulator::{Settings, Simulator};

use crate::{executor, failure, request};

/// How one answer of the simulator is judged, read whole and read piece by piece, and what the words must say.
struct Row {
    answer: &'static str,
    whole: FailureKind,
    streamed: FailureKind,
    says: &'static str,
}

const fn row(
    answer: &'static str,
    whole: FailureKind,
    streamed: FailureKind,
    says: &'static str,
) -> Row {
    Row {
        answer,
        whole,
        streamed,
        says,
    }
}

const TABLE: &[Row] = {
    use FailureKind::{
        AttemptTimeout, Disconnected, FirstTokenTimeout, IdleTimeout, Malformed, NotFound,
        OutputTooLarge, RateLimited, ServerError, StreamBroken,
    };
    &[
        row("ok,size=5GB", OutputTooLarge, Malformed, "larger than"),
        row("ok,size=1GB,gzip", OutputTooLarge, Malformed, "larger than"),
        row(
            "ok,bad-gzip",
            Malformed,
            Malformed,
            "not what its head says",
        ),
        row("ok,drip=1s", AttemptTimeout, FirstTokenTimeout, ""),
        row("ok,cut=2", Disconnected, Disconnected, ""),
        row("ok,end=2", Malformed, StreamBroken, ""),
        row("ok,stall=2", AttemptTimeout, IdleTimeout, ""),
        row("ok,malformed=2", Malformed, Malformed, ""),
        row(
            "ok,error=2:rate_limit_exceeded",
            RateLimited,
            RateLimited,
            "Rate limit",
        ),
        row("ok_error", ServerError, ServerError, ""),
        row("empty", Malformed, Malformed, ""),
        row(
            "redirect=http://127.0.0.1:1/elsewhere",
            NotFound,
            NotFound,
            "redirected to http://127.0.0.1:1/elsewhere",
        ),
        row(
            "ok,content-type=text/html,body=\"<html><head><title>Sign in</title></head></html>\"",
            Malformed,
            Malformed,
            "HTML page from something in between: Sign in",
        ),
        row(
            "ok,content-type=text/plain,body=hello",
            Malformed,
            Malformed,
            "hello",
        ),
        row("garbage", Disconnected, Disconnected, ""),
        row("endless_headers", Disconnected, Disconnected, ""),
        row("ok,header-size=1000000", Disconnected, Disconnected, ""),
        row("reset", Disconnected, Disconnected, ""),
        row("close", Disconnected, Disconnected, ""),
        row("hang", AttemptTimeout, FirstTokenTimeout, ""),
    ]
};

#[track_caller]
fn judged(outcome: &Outcome, expected: FailureKind, row: &Row, how: &str) {
    assert!(outcome.result.is_err(), "{} {how}", row.answer);
    let (kind, _, words) = failure(outcome);
    assert_eq!(kind, expected, "{} {how}: {words}", row.answer);
    assert!(words.contains(row.says), "{} {how}: {words}", row.answer);
    assert_eq!(outcome.attempts.len(), 1, "{} {how}", row.answer);
}

#[tokio::test]
async fn every_bad_reply_is_a_failure_of_its_own_and_never_a_success() {
    let longest = tidegate::transport::MAX_ANSWER;
    for row in TABLE {
        let answer = row.answer.parse().unwrap();
        let settings = Settings {
            otherwise: answer,
            ..Settings::default()
        };
        let simulator = Simulator::start(settings).await.unwrap();
        let url = format!("{}/v1", simulator.url());
        // Long enough for the bounded bodies, short enough for the silent ones.
        let clocks = match (row.whole, row.streamed) {
            // What comes before the silence must not be late on a busy machine.
            (_, FailureKind::IdleTimeout) => "timeout = \"2s\"\nidle_timeout = \"200ms\"",
            (FailureKind::AttemptTimeout, _) => {
                "timeout = \"400ms\"\nfirst_token_timeout = \"200ms\"\nidle_timeout = \"200ms\""
            }
            _ => "",
        };
        let executor = executor(&url, "", clocks);
        let outcome = executor.run(request()).await;
        judged(&outcome, row.whole, row, "whole");
        let outcome = executor.stream(request()).finish().await;
        judged(&outcome, row.streamed, row, "streamed");
        let received = outcome.result.unwrap_err();
        assert!(
            received
                .received()
                .is_none_or(|part| part.size() <= longest)
        );
    }
}

#[tokio::test]
async fn a_stream_that_said_it_is_over_needs_no_honest_length() {
    for (answer, whole) in [
        ("ok,length=+64,times=2", FailureKind::Disconnected),
        ("ok,length=-8,times=2", FailureKind::Malformed),
    ] {
        let settings = Settings::scripted(answer).unwrap();
        let simulator = Simulator::start(settings).await.unwrap();
        let executor = executor(&format!("{}/v1", simulator.url()), "", "");
        let outcome = executor.run(request()).await;
        assert_eq!(failure(&outcome).0, whole, "{answer}");
        let outcome = executor.stream(request()).finish().await;
        assert!(outcome.result.is_ok(), "{answer}: {:?}", outcome.result);
    }
}
