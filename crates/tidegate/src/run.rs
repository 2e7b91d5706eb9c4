//! ONE run: the loop.
//!
//! Everything that takes time or tells somebody happens here, in the order a reader expects: admit, attempt, judge,
//! then wait, go elsewhere or stop. What to do about a failure is decided by [`retry::decide`], which knows no time;
//! who may leave when is decided by the queue, which knows no vendor.

mod admit;
mod ending;

use std::time::Duration;

use tidegate_core::retry::Decision;
use tidegate_core::{
    Cost, Delta, EventKind, Failure, FailureKind, ObservedLimits, Response, Target, Timestamp,
};
use tidegate_providers::{Call, Provider};
use tidegate_queue::{Number, Permit, Slot, StoreError};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::attempt::{Attempting, Deadline, Seen};
use crate::config::DeliveryMode;
use crate::engine::Engine;
use crate::error::Error;
use crate::events::Journal;
use crate::outcome::Attempt;
use crate::plan::{Choice, Plan};
use crate::traffic::Visit;
use crate::work::Work;

/// One run under way.
pub(crate) struct Run<'e, W> {
    pub(crate) engine: &'e Engine,
    pub(crate) plan: &'e Plan,
    pub(crate) work: &'e W,
    pub(crate) sink: Option<&'e mpsc::Sender<Delta>>,
    pub(crate) started: Instant,
    pub(crate) record: Record,
    /// The targets the run has been at, by their place in the plan.
    tried: Vec<usize>,
    /// What of an answer reached the caller or was held for it, when the last attempt failed.
    received: Response,
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
    visit: Visit,
    retries: u32,
    /// The place in the queue that the last decision asked for.
    slot: Option<Slot>,
    /// The number it has there, which a refused attempt comes back under.
    number: Option<Number>,
    /// Times it went back into the line.
    requeued: u32,
    /// Time spent in its line.
    waited: Duration,
    /// When the run must be over.
    due: Timestamp,
    handed_over: bool,
}

/// Why a target is left without an answer.
enum Leave {
    /// To a target that takes failures of this kind.
    Fallback(FailureKind),
    Stop(Error),
}

impl<'e, W: Work> Run<'e, W> {
    pub(crate) fn new(
        engine: &'e Engine,
        plan: &'e Plan,
        work: &'e W,
        sink: Option<&'e mpsc::Sender<Delta>>,
        started: Instant,
    ) -> Self {
        Self {
            engine,
            plan,
            work,
            sink,
            started,
            record: Record::default(),
            tried: Vec::with_capacity(plan.targets.len()),
            received: Response::default(),
        }
    }

    /// Drives the run to its answer or its end.
    pub(crate) async fn drive(&mut self, journal: &mut Journal<'_>) -> Result<W::Answer, Error> {
        let mut index = self.first(journal);
        loop {
            let Some(Choice { target, .. }) = self.plan.targets.get(index) else {
                return Err(Error::internal("a plan without that target"));
            };
            self.tried.push(index);
            let kind = match self.at_target(target, journal).await {
                Ok(answer) => return Ok(answer),
                Err(Leave::Stop(error)) => return Err(error),
                Err(Leave::Fallback(kind)) => kind,
            };
            let next = self.best(self.takers(kind));
            index = next.ok_or_else(|| Error::internal("a run fell back with nowhere to go"))?;
            self.tell_fall(target, index, journal);
        }
    }

    /// Where the run begins: at its own target, unless that is down and somebody else takes such failures. What is passed
    /// by is not tried yet: the run may still come to it.
    fn first(&self, journal: &mut Journal<'_>) -> usize {
        let own = std::iter::once(0);
        let others = self
            .takers(FailureKind::Overloaded)
            .filter(|other| *other != 0);
        let index = self.best(own.chain(others)).unwrap_or(0);
        if index > 0 {
            self.tell_fall(&self.plan.targets[0].target, index, journal);
        }
        index
    }

    /// The first that is not known to be down; the first of all where all are: somebody is always tried.
    fn best(&self, choices: impl Iterator<Item = usize>) -> Option<usize> {
        let choices: Vec<_> = choices.collect();
        let now = self.engine.clock().now();
        let up = |index: &usize| {
            let key = &self.plan.targets[*index].target.limit_key;
            self.engine.circuits.admits(key, now)
        };
        match choices.as_slice() {
            [] => None,
            [only] => Some(*only),
            [first, ..] => Some(choices.iter().copied().find(up).unwrap_or(*first)),
        }
    }

    fn tell_fall(&self, from: &Target, to: usize, journal: &mut Journal<'_>) {
        journal.emit(EventKind::FellBack {
            from: from.label(),
            to: self.plan.targets[to].target.label(),
        });
    }

    /// The targets the run may still go to with a failure of this kind, the best first.
    fn takers(&self, kind: FailureKind) -> impl Iterator<Item = usize> {
        self.plan.takers(&self.tried, kind)
    }

    async fn at_target(
        &mut self,
        target: &'e Target,
        journal: &mut Journal<'_>,
    ) -> Result<W::Answer, Leave> {
        let mut stay = self.arrive(target)?;
        let call = self.work.encode(stay.provider, target);
        let call = call.map_err(|error| self.leave(&stay, error.into()))?;
        loop {
            let permit = self.admit(&mut stay, journal).await?;
            let (failure, decision) = match self.attempt(&mut stay, &call, permit, journal).await {
                Ok(answer) => return Ok(answer),
                Err(judged) => judged,
            };
            match decision {
                Decision::Retry { after } => tokio::time::sleep(after).await,
                Decision::Requeue { .. } if self.engine.is_adaptive() => {
                    stay.go_back();
                    continue;
                }
                Decision::Requeue { after, spacing } => stay.slot = Some(self.slot(after, spacing)),
                Decision::Fallback => return Err(Leave::Fallback(failure.kind)),
                Decision::GiveUp { why } => return Err(self.stop(&stay.label, failure, why)),
            }
            stay.retries += 1;
        }
    }

    fn arrive(&self, target: &'e Target) -> Result<Stay<'e>, Leave> {
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
            cost: self.work.cost(provider, target),
            visit: self.engine.traffic.enter(&target.limit_key),
            retries: 0,
            slot: None,
            number: None,
            requeued: 0,
            waited: Duration::ZERO,
            due: self.engine.clock().now().saturating_add(self.time_left()),
            handed_over: false,
        })
    }

    /// Sends one attempt and judges it.
    async fn attempt(
        &mut self,
        stay: &mut Stay<'_>,
        call: &Call,
        mut permit: Permit,
        journal: &mut Journal<'_>,
    ) -> Result<W::Answer, (Failure, Decision)> {
        let number = u32::try_from(self.record.attempts.len() + 1).unwrap_or(u32::MAX);
        journal.emit(EventKind::AttemptStarted {
            attempt: number,
            target: stay.label.clone(),
        });
        let (started, sent_at) = (Instant::now(), permit.sent_at());
        let result = self.carry(stay, call, &mut permit, journal).await;
        let took = started.elapsed();
        let mut attempt = Attempt {
            number,
            target: stay.label.clone(),
            started: sent_at,
            took,
            estimate: stay.cost,
            may_be_billed: 0,
            failed: None,
        };
        let result = match result {
            Ok(answer) => {
                let (target, usage) = (stay.label.clone(), W::usage(&answer));
                told(permit.settle(usage.map_or(stay.cost, Cost::from)).await);
                let now = self.engine.clock().now();
                self.engine.circuits.succeeded(&stay.target.limit_key, now);
                self.record.target = Some(target.clone());
                journal.emit(EventKind::AttemptSucceeded {
                    attempt: number,
                    target,
                    took,
                    usage,
                });
                Ok(answer)
            }
            Err(failure) => {
                self.end(permit, stay.cost, &failure).await;
                let now = self.engine.clock().now();
                let key = &stay.target.limit_key;
                self.engine.circuits.failed(key, failure.kind, now);
                let decision = self.judge(stay, &failure);
                attempt.may_be_billed = ending::may_be_billed(&failure, stay.cost, &self.received);
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

    /// The attempt itself.
    async fn carry(
        &mut self,
        stay: &mut Stay<'_>,
        call: &Call,
        permit: &mut Permit,
        journal: &mut Journal<'_>,
    ) -> Result<W::Answer, Failure> {
        let leaving = permit.leaving();
        let mut attempting = Attempting {
            work: self.work,
            provider: stay.provider,
            target: stay.target,
            transport: self.engine.transport(call),
            clock: self.engine.clock(),
            deadline: Deadline {
                at: self.started + self.plan.deadline,
                limit: self.plan.deadline,
            },
            permit,
            leaving,
            sink: self.sink,
            live: self.plan.delivery == DeliveryMode::Live,
            on_first_output: &mut |after| journal.emit(EventKind::FirstOutput { after }),
            seen: Seen::default(),
        };
        let result = attempting.carry(call).await;
        let seen = attempting.seen;
        stay.handed_over |= seen.handed_over;
        self.record.limits = seen.limits;
        self.received = seen.received;
        result
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
