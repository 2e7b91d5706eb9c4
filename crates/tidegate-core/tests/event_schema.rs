//! What programs that read `--json` and `--events` rely on.

use std::time::Duration;

use tidegate_core::{
    Decision, Delivery, Event, EventKind, Failure, FailureKind, GiveUp, LimitKey, RunId, Status,
    Timestamp, Usage,
};

fn every_kind() -> Vec<EventKind> {
    let failure = Failure::new(FailureKind::RateLimited, Delivery::Answered)
        .with_status(Status::Http(429))
        .with_retry_after(Some(Duration::from_millis(1_500)));
    let (target, took) = (
        "fast (openai/gpt-4o)".to_owned(),
        Duration::from_micros(12_345),
    );
    let decision = Decision::Requeue {
        after: Duration::from_millis(1_500),
        spacing: Duration::from_millis(100),
    };
    vec![
        EventKind::RunStarted {
            endpoint: "fast".into(),
            targets: vec![target.clone()],
        },
        EventKind::ContextPacked {
            files: 2,
            bytes: 4_096,
            skipped: 1,
        },
        EventKind::Queued {
            limit_key: LimitKey::new("openai"),
            ahead: 3,
            expected: took,
        },
        EventKind::Admitted { waited: took },
        EventKind::AttemptStarted {
            attempt: 1,
            target: target.clone(),
        },
        EventKind::FirstOutput { after: took },
        EventKind::AttemptFailed {
            attempt: 1,
            target: target.clone(),
            took,
            failure,
            decision,
        },
        EventKind::FellBack {
            from: target.clone(),
            to: "slow (openai/gpt-4.1)".into(),
        },
        EventKind::AttemptSucceeded {
            attempt: 2,
            target,
            took,
            usage: Some(Usage::default()),
        },
        EventKind::RunFinished {
            ok: false,
            attempts: 2,
            took,
            gave_up: Some(GiveUp::AttemptsExhausted),
        },
    ]
}

#[test]
fn the_event_schema_changes_only_on_purpose() {
    let at = Timestamp::from_micros(1_700_000_000_123_456);
    let events: Vec<_> = (0u64..)
        .zip(every_kind())
        .map(|(seq, kind)| Event {
            run: RunId(0xab),
            seq,
            at,
            kind,
        })
        .collect();
    insta::assert_json_snapshot!(events);
}
