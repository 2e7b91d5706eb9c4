//! What follows when an attempt has failed, or could not be made.

use std::time::Duration;

use tidegate_core::quota::Refusal;
use tidegate_core::retry::{self, Decision, Situation};
use tidegate_core::{
    Cost, Delivery, Excerpt, Failure, FailureKind, GiveUp, LimitKey, Response, Spell, Timestamp,
};
use tidegate_queue::{AcquireError, Permit};

use super::{Leave, Run, Stay};
use crate::error::Error;
use crate::work::Work;

/// What a queue too long to wait in amounts to.
const LIMITED: FailureKind = FailureKind::RateLimited;

/// About what a token takes, as in the estimate of what was sent.
const BYTES_A_TOKEN: usize = 4;

impl<W: Work> Run<'_, W> {
    fn targets_left(&self, kind: FailureKind) -> u32 {
        u32::try_from(self.takers(kind).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn judge(&self, stay: &mut Stay<'_>, failure: &Failure) -> Decision {
        let here = self
            .record
            .attempts
            .iter()
            .filter(|attempt| attempt.target == stay.label);
        let repeated = here
            .filter_map(|attempt| attempt.failed.as_ref())
            .any(|(earlier, _)| earlier.kind == failure.kind);
        let situation = Situation {
            retries: stay.retries,
            targets_left: self.targets_left(failure.kind),
            time_left: Some(self.time_left()),
            output_started: stay.handed_over,
            repeated,
            budget_left: stay.visit.may_retry(),
            queued: self.engine.is_adaptive(),
            roll: fastrand::f64(),
        };
        let decision = retry::decide(&stay.target.retry, &situation, failure);
        if matches!(decision, Decision::Retry { .. }) {
            stay.visit.retry();
        }
        decision
    }

    /// Ends a failed attempt's permit with what its limit should learn.
    pub(super) async fn end(&self, permit: Permit, estimate: Cost, failure: &Failure) {
        let after = failure.retry_after.map(micros);
        let told = match (failure.delivery, failure.kind, after) {
            (Delivery::NotSent, ..) => {
                permit.refund();
                return;
            }
            (_, FailureKind::RateLimited, after) => {
                permit.refused(Refusal::RateLimited { after }).await
            }
            (_, FailureKind::Overloaded, after) => {
                permit.refused(Refusal::Overloaded { after }).await
            }
            (_, FailureKind::QuotaExhausted, Some(after)) => {
                permit.refused(Refusal::Exhausted { after }).await
            }
            // What was answered with an error was counted, and neither read nor written.
            (Delivery::Answered, ..) if self.received.is_empty() => {
                let requests = estimate.requests;
                let counted = Cost {
                    requests,
                    ..Cost::default()
                };
                permit.settle(counted).await
            }
            _ => permit.settle(estimate).await,
        };
        super::told(told);
    }

    /// No permit: elsewhere, or the end, with the failure that led here.
    pub(super) fn refused(&mut self, stay: &mut Stay<'_>, error: AcquireError) -> Leave {
        match error {
            AcquireError::Closed { until } => {
                let now = self.engine.clock().now();
                let failure = Failure::new(FailureKind::QuotaExhausted, Delivery::NotSent)
                    .with_retry_after(Some(until.saturating_since(now)));
                let words = format!("the quota is spent until {until}");
                self.leave(stay, failure.with_detail(Excerpt::of(&words, [])))
            }
            AcquireError::TooLarge => {
                let failure = Failure::new(FailureKind::RequestTooLarge, Delivery::NotSent);
                let words = "it takes more than its limit allows in a whole period";
                self.leave(stay, failure.with_detail(Excerpt::of(words, [])))
            }
            AcquireError::DeadlineTooClose { .. } if self.targets_left(LIMITED) > 0 => {
                Leave::Fallback(LIMITED)
            }
            AcquireError::DeadlineTooClose { earliest } => {
                let failure = self.too_late(&stay.target.limit_key, earliest);
                self.stop(&stay.label, failure, GiveUp::DeadlineTooClose)
            }
            other => Leave::Stop(Error::internal(other.to_string())),
        }
    }

    /// The failure of a run whose turn would come too late: the last refusal, or that there are too many before it.
    fn too_late(&self, key: &LimitKey, earliest: Option<Timestamp>) -> Failure {
        let last = self.record.attempts.last();
        if let Some((failure, _)) = last.and_then(|attempt| attempt.failed.as_ref()) {
            return failure.clone();
        }
        if self.time_left().is_zero() {
            return Failure {
                delivery: Delivery::NotSent,
                ..Failure::timeout(FailureKind::RunTimeout, self.plan.deadline)
            };
        }
        let wait = earliest.map(|at| at.saturating_since(self.engine.clock().now()));
        let turn = wait.map_or_else(
            || "does not come in time".to_owned(),
            |wait| format!("comes in {}", Spell(wait)),
        );
        let words = format!(
            "its turn in the line of `{key}` {turn}: later than `deadline` and `max_wait` allow"
        );
        Failure::new(LIMITED, Delivery::NotSent)
            .with_retry_after(wait)
            .with_detail(Excerpt::of(&words, []))
    }

    /// A failure before anything was sent: nothing to retry.
    pub(super) fn leave(&mut self, stay: &Stay<'_>, failure: Failure) -> Leave {
        if self.targets_left(failure.kind) > 0 {
            Leave::Fallback(failure.kind)
        } else {
            self.stop(&stay.label, failure, GiveUp::Permanent)
        }
    }

    pub(super) fn stop(&mut self, label: &str, failure: Failure, why: GiveUp) -> Leave {
        let attempts = u32::try_from(self.record.attempts.len()).unwrap_or(u32::MAX);
        Leave::Stop(Error::failed(
            label.to_owned(),
            failure,
            why,
            attempts,
            self.started.elapsed(),
            std::mem::take(&mut self.received),
        ))
    }
}

/// Tokens that a failed attempt may have been billed for: those sent, where the provider may have taken the request,
/// and those that came back.
pub(super) fn may_be_billed(failure: &Failure, estimate: Cost, received: &Response) -> u64 {
    let served = failure.delivery == Delivery::Unknown
        || !received.is_empty()
        || matches!(
            failure.kind,
            FailureKind::Malformed | FailureKind::OutputTooLarge
        );
    let written = u64::try_from(received.size() / BYTES_A_TOKEN).unwrap_or(u64::MAX);
    match received.usage {
        _ if !served => 0,
        Some(usage) => usage.input_tokens + usage.output_tokens.max(written),
        None => estimate.input_tokens + written,
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
