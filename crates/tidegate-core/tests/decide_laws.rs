//! The retry decision, as laws that hold whatever the policy, the situation and the failure.

use std::time::Duration;

use proptest::prelude::*;
use tidegate_core::retry::{Decision, RetryPolicy, Situation, decide};
use tidegate_core::{Backoff, Delivery, Failure, FailureClass, FailureKind};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn any_failure() -> impl Strategy<Value = Failure> {
    let kind = prop::sample::select(FailureKind::ALL.to_vec());
    let delivery = prop::sample::select(vec![
        Delivery::NotSent,
        Delivery::Unknown,
        Delivery::Answered,
    ]);
    let asked = prop::option::of((0u64..20_000).prop_map(ms));
    (kind, delivery, asked, any::<Option<bool>>()).prop_map(
        |(kind, delivery, retry_after, retry_advised)| Failure {
            retry_after,
            retry_advised,
            ..Failure::new(kind, delivery)
        },
    )
}

fn any_situation() -> impl Strategy<Value = Situation> {
    let time_left = prop::option::of((0u64..10_000).prop_map(ms));
    (0u32..6, 0u32..3, time_left, any::<[bool; 4]>(), 0.0..1.0f64).prop_map(
        |(
            retries,
            targets_left,
            time_left,
            [output_started, repeated, budget_left, queued],
            roll,
        )| {
            Situation {
                retries,
                targets_left,
                time_left,
                output_started,
                repeated,
                budget_left,
                queued,
                roll,
            }
        },
    )
}

fn any_policy() -> impl Strategy<Value = RetryPolicy> {
    (
        0u32..5,
        0u64..2_000,
        0u64..3_000,
        0.0..1.0f64,
        0u64..10_000,
        0u64..10_000,
        any::<bool>(),
    )
        .prop_map(
            |(max_retries, base, cap, jitter, longest, patient, resend_unknown)| RetryPolicy {
                max_retries,
                backoff: Backoff {
                    base: ms(base),
                    cap: ms(cap),
                    jitter,
                },
                max_retry_after: ms(longest),
                fallback_after: ms(patient),
                resend_unknown,
            },
        )
}

proptest! {
    #[test]
    fn no_decision_breaks_a_promise(policy in any_policy(), now in any_situation(), failure in any_failure()) {
        let decision = decide(&policy, &now, &failure);
        if let Decision::Retry { after } | Decision::Requeue { after, .. } = decision {
            let counted = !now.queued || !matches!(decision, Decision::Requeue { .. });
            prop_assert!(!counted || now.retries < policy.max_retries, "past the count");
            prop_assert!(!now.output_started, "after output");
            prop_assert!(now.time_left.is_none_or(|left| after < left), "past the deadline");
            prop_assert!(after >= failure.retry_after.unwrap_or_default(), "sooner than asked");
            let asked = failure.retry_after.unwrap_or_default();
            prop_assert!(now.targets_left == 0 || asked <= policy.fallback_after, "though another could answer");
            prop_assert!(after <= policy.backoff.cap.max(policy.max_retry_after), "longer than any cap");
            prop_assert!(failure.delivery != Delivery::Unknown || policy.resend_unknown, "resent");
            prop_assert!(failure.retry_advised != Some(false), "against advice");
            let kept = [FailureKind::AuthFailed, FailureKind::PermissionDenied, FailureKind::QuotaExhausted];
            prop_assert!(!kept.contains(&failure.kind), "a credential or quota");
            prop_assert!(
                !matches!(failure.kind.class(), FailureClass::Target | FailureClass::Request)
                    || failure.retry_advised == Some(true),
                "a permanent kind without advice"
            );
        }
        let queued = matches!(decision, Decision::Requeue { .. });
        prop_assert!(!queued || failure.kind == FailureKind::RateLimited, "only rate limits queue");
        let at_fault = failure.kind == FailureKind::InvalidRequest && failure.retry_advised != Some(true);
        prop_assert!(!at_fault || matches!(decision, Decision::GiveUp { .. }), "a wrong request goes elsewhere");
        prop_assert!(decision != Decision::Fallback || now.targets_left > 0, "nowhere to fall back to");
    }
}
