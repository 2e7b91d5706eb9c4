//! ONE run: the loop.
//!
//! Everything that takes time or tells somebody happens here, in the order a reader expects: admit, attempt, judge,
//! then wait, go elsewhere or stop. What to do about a failure is decided by [`retry::decide`], which knows no time;
//! who may leave when is decided by the queue, which knows no vendor.

use std::time::Duration;

use tidegate_core::retry::{self, Decision, Situation};
use tidegate_core::{
    Cost, Delivery, Delta, EventKind, Excerpt, Failure, FailureKind, GiveUp, ObservedLimits,
    Request, Response, Target,
};
use tidegate_providers::{Call, Provider};
use tidegate_queue::{AcquireError, Permit, Slot, StoreError, Wanted};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::attempt::Attempting;
use crate::engine::Engine;
use crate::error::Error;
use crate::events::Journal;
use crate::outcome::Attempt;
use crate::plan::Plan;
use crate::traffic::Visit;

/// One run under way.
pub(crate) struct Run<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) plan: &'e Plan,
    pub(crate) request: &'e Request,
    pub(crate) sink: Option<&'e mpsc::Sender<Delta>>,
    pub(crate) started: Instant,
    pub(crate) record: Record,
}

/// What a run leaves behind besides its answer.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) queued: Duration,
    pub(crate) limits: ObservedLimits,
    pub(crate) target: Option<String>,
}

/// One target of the run, as long as the run is there.
struct Stay<'e> {
    provider: &'e dyn Provider,
    target: &'e Target,
    label: String,
    cost: Cost,
    targets_left: u32,
    visit: Visit,
    retries: u32,
    /// The place in the queue that the last decision asked for.
    slot: Option<Slot>,
    handed_over: bool,
}

/// Why a target is left without an answer.
enum Leave {
    Fallback,
    Stop(Error),
}

impl<'e> Run<'e> {
    /// Drives the run to its answer or its end.
    pub(crate) async fn drive(&mut self, journal: &mut Journal<'_>) -> Result<Response, Error> {
        let targets = &self.plan.targets;
        for (index, target) in targets.iter().enumerate() {
            match self
                .at_target(target, targets.len() - 1 - index, journal)
                .await
            {
                Ok(response) => return Ok(response),
                Err(Leave::Stop(error)) => return Err(error),
                Err(Leave::Fallback) => {
                    let to = targets
                        .get(index + 1)
                        .map(Target::label)
                        .unwrap_or_default();
                    journal.emit(EventKind::FellBack {
                        from: target.label(),
                        to,
                    });
                }
            }
        }
        Err(Error::internal("a run fell back past its last target"))
    }

    async fn at_target(
        &mut self,
        target: &'e Target,
        targets_left: usize,
        journal: &mut Journal<'_>,
    ) -> Result<Response, Leave> {
        let mut stay = self.arrive(target, targets_left)?;
        let call = stay.provider.encode(self.request, target);
        let call = call.map_err(|error| self.leave(&stay, error.into()))?;
        loop {
            let permit = self.admit(&mut stay, journal).await?;
            let (failure, decision) = match self.attempt(&mut stay, &call, permit, journal).await {
                Ok(response) => return Ok(response),
                Err(judged) => judged,
            };
            match decision {
                Decision::Retry { after } => tokio::time::sleep(after).await,
                Decision::Requeue { after, spacing } => stay.slot = Some(self.slot(after, spacing)),
                Decision::Fallback => return Err(Leave::Fallback),
                Decision::GiveUp { why } => return Err(self.stop(&stay.label, failure, why)),
            }
            stay.retries += 1;
        }
    }

    fn arrive(&self, target: &'e Target, targets_left: usize) -> Result<Stay<'e>, Leave> {
        let Some(provider) = self.engine.provider(&target.provider) else {
            let what = format!(
                "no provider `{}`, though the plan was made",
                target.provider
            );
            return Err(Leave::Stop(Error::internal(what)));
        };
        Ok(Stay {
            provider,
            target,
            label: target.label(),
            cost: provider.cost(self.request, target),
            targets_left: u32::try_from(targets_left).unwrap_or(u32::MAX),
            visit: self.engine.traffic.enter(&target.limit_key),
            retries: 0,
            slot: None,
            handed_over: false,
        })
    }

    /// Waits for the right to send one attempt.
    async fn admit(
        &mut self,
        stay: &mut Stay<'_>,
        journal: &mut Journal<'_>,
    ) -> Result<Permit, Leave> {
        let (clock, key) = (self.engine.clock(), &stay.target.limit_key);
        let before = clock.now();
        let deadline = before.saturating_add(self.time_left());
        let ask = Wanted {
            cost: stay.cost,
            slot: stay.slot.take(),
            deadline: Some(deadline),
        };
        let place = self.engine.queue.enter(key, ask);
        if place.is_waiting() {
            let expected = place.expected().saturating_since(before);
            journal.emit(EventKind::Queued {
                limit_key: key.clone(),
                ahead: place.ahead(),
                expected,
            });
        }
        let late = AcquireError::DeadlineTooClose { earliest: None };
        let permit = timeout_at(self.started + self.plan.deadline, place.permit()).await;
        let permit = permit
            .unwrap_or(Err(late))
            .map_err(|error| self.refused(stay, error))?;
        let waited = permit.sent_at().saturating_since(before);
        self.record.queued += waited;
        journal.emit(EventKind::Admitted { waited });
        Ok(permit)
    }

    /// Sends one attempt and judges it.
    async fn attempt(
        &mut self,
        stay: &mut Stay<'_>,
        call: &Call,
        permit: Permit,
        journal: &mut Journal<'_>,
    ) -> Result<Response, (Failure, Decision)> {
        let number = u32::try_from(self.record.attempts.len() + 1).unwrap_or(u32::MAX);
        journal.emit(EventKind::AttemptStarted {
            attempt: number,
            target: stay.label.clone(),
        });
        let (started, sent_at) = (Instant::now(), permit.sent_at());
        let result = self.carry(stay, call, &permit, journal).await;
        let took = started.elapsed();
        let mut attempt = Attempt {
            number,
            target: stay.label.clone(),
            started: sent_at,
            took,
            estimate: stay.cost,
            failed: None,
        };
        let result = match result {
            Ok(response) => {
                told(
                    permit
                        .settle(response.usage.map_or(stay.cost, Cost::from))
                        .await,
                );
                self.record.target = Some(stay.label.clone());
                let (target, usage) = (stay.label.clone(), response.usage);
                journal.emit(EventKind::AttemptSucceeded {
                    attempt: number,
                    target,
                    took,
                    usage,
                });
                Ok(response)
            }
            Err(failure) => {
                self.end(permit, stay.cost, &failure).await;
                let decision = self.judge(stay, &failure);
                attempt.failed = Some((failure.clone(), decision));
                let (target, shown) = (stay.label.clone(), failure.clone());
                journal.emit(EventKind::AttemptFailed {
                    attempt: number,
                    target,
                    took,
                    failure: shown,
                    decision,
                });
                Err((failure, decision))
            }
        };
        self.record.attempts.push(attempt);
        result
    }

    /// The attempt itself, within the run's deadline.
    async fn carry(
        &mut self,
        stay: &mut Stay<'_>,
        call: &Call,
        permit: &Permit,
        journal: &mut Journal<'_>,
    ) -> Result<Response, Failure> {
        let deadline = self.started + self.plan.deadline;
        let mut attempting = Attempting {
            provider: stay.provider,
            target: stay.target,
            transport: self.engine.transport(call),
            clock: self.engine.clock(),
            permit,
            sink: self.sink,
            limits: ObservedLimits::default(),
            on_first_output: &mut |after| journal.emit(EventKind::FirstOutput { after }),
            begun: false,
            output: false,
            handed_over: false,
        };
        let result = timeout_at(deadline, attempting.carry(call)).await;
        stay.handed_over |= attempting.handed_over;
        self.record.limits = attempting.limits;
        result.unwrap_or_else(|_| {
            Err(Failure::timeout(
                FailureKind::RunTimeout,
                self.plan.deadline,
            ))
        })
    }

    fn judge(&self, stay: &mut Stay<'_>, failure: &Failure) -> Decision {
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
            targets_left: stay.targets_left,
            time_left: Some(self.time_left()),
            output_started: stay.handed_over,
            repeated,
            budget_left: stay.visit.may_retry(),
            roll: fastrand::f64(),
        };
        let decision = retry::decide(&stay.target.retry, &situation, failure);
        if matches!(decision, Decision::Retry { .. }) {
            stay.visit.retry();
        }
        decision
    }

    /// Ends a failed attempt's permit with what its limit should learn.
    async fn end(&self, permit: Permit, estimate: Cost, failure: &Failure) {
        let not_before = failure
            .retry_after
            .map(|after| self.engine.clock().now().saturating_add(after));
        match (failure.delivery, failure.kind) {
            (Delivery::NotSent, _) => permit.refund(),
            (
                _,
                kind @ (FailureKind::RateLimited
                | FailureKind::Overloaded
                | FailureKind::QuotaExhausted),
            ) => {
                told(permit.penalise(kind, not_before).await);
            }
            _ => told(permit.settle(estimate).await),
        }
    }

    /// No permit: elsewhere, or the end, with the failure that led here.
    fn refused(&self, stay: &mut Stay<'_>, error: AcquireError) -> Leave {
        match error {
            AcquireError::Closed { why, .. } => {
                let failure = Failure::new(FailureKind::QuotaExhausted, Delivery::NotSent);
                self.leave(stay, failure.with_detail(Excerpt::of(&why, [])))
            }
            AcquireError::DeadlineTooClose { .. } if stay.targets_left > 0 => Leave::Fallback,
            AcquireError::DeadlineTooClose { .. } => {
                let last = self
                    .record
                    .attempts
                    .last()
                    .and_then(|attempt| attempt.failed.as_ref());
                let failure = last.map_or_else(
                    || Failure {
                        delivery: Delivery::NotSent,
                        ..Failure::timeout(FailureKind::RunTimeout, self.plan.deadline)
                    },
                    |(failure, _)| failure.clone(),
                );
                self.stop(&stay.label, failure, GiveUp::DeadlineTooClose)
            }
            other => Leave::Stop(Error::internal(other.to_string())),
        }
    }

    /// A failure before anything was sent: nothing to retry.
    fn leave(&self, stay: &Stay<'_>, failure: Failure) -> Leave {
        if stay.targets_left > 0 {
            Leave::Fallback
        } else {
            self.stop(&stay.label, failure, GiveUp::Permanent)
        }
    }

    fn stop(&self, label: &str, failure: Failure, why: GiveUp) -> Leave {
        let attempts = u32::try_from(self.record.attempts.len()).unwrap_or(u32::MAX);
        Leave::Stop(Error::failed(
            label.to_owned(),
            failure,
            why,
            attempts,
            self.started.elapsed(),
        ))
    }

    fn slot(&self, after: Duration, spacing: Duration) -> Slot {
        Slot {
            not_before: self.engine.clock().now().saturating_add(after),
            spacing,
        }
    }

    fn time_left(&self) -> Duration {
        self.plan.deadline.saturating_sub(self.started.elapsed())
    }
}

/// A store that cannot be told does not harm the run.
fn told(result: Result<(), StoreError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the queue's store was not told how an attempt ended");
    }
}
