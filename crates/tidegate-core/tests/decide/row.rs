//! One row of the table: what is allowed, where the run stands, what went wrong, what must follow.

use std::time::Duration;

use tidegate_core::retry::{Decision, GiveUp, RetryPolicy, Situation, decide};
use tidegate_core::{Backoff, Delivery, Failure, FailureKind};

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn policy() -> RetryPolicy {
    let backoff = Backoff {
        cap: ms(1_000),
        ..Backoff::exact(ms(100))
    };
    RetryPolicy {
        max_retries: 3,
        backoff,
        max_retry_after: ms(5_000),
        fallback_after: ms(2_000),
        resend_unknown: true,
    }
}

pub(crate) fn situation() -> Situation {
    Situation::first(ms(60_000))
}

pub(crate) fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, Delivery::Answered)
}

pub(crate) const fn retry(millis: u64) -> Decision {
    Decision::Retry { after: ms(millis) }
}

pub(crate) const fn requeue(after: u64, spacing: u64) -> Decision {
    Decision::Requeue {
        after: ms(after),
        spacing: ms(spacing),
    }
}

pub(crate) const fn give_up(why: GiveUp) -> Decision {
    Decision::GiveUp { why }
}

pub(crate) struct Row {
    claim: &'static str,
    policy: RetryPolicy,
    situation: Situation,
    failure: Failure,
    expected: Decision,
}

pub(crate) fn row(claim: &'static str, failure: Failure, expected: Decision) -> Row {
    Row {
        claim,
        policy: policy(),
        situation: situation(),
        failure,
        expected,
    }
}

impl Row {
    pub(crate) fn policy(mut self, change: impl FnOnce(&mut RetryPolicy)) -> Self {
        change(&mut self.policy);
        self
    }

    pub(crate) fn situation(mut self, change: impl FnOnce(&mut Situation)) -> Self {
        change(&mut self.situation);
        self
    }
}

pub(crate) fn check(rows: Vec<Row>) {
    for Row {
        claim,
        policy,
        situation,
        failure,
        expected,
    } in rows
    {
        assert_eq!(decide(&policy, &situation, &failure), expected, "{claim}");
    }
}
