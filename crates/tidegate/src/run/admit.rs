//! The way to the right to send one attempt: through the line of its limit.

use std::time::Duration;

use tidegate_core::{EventKind, FailureKind, LimitKey, Timestamp};
use tidegate_queue::{AcquireError, Admission, Pacing, Permit, Place, Slot, Wanted};
use tokio::time::{Instant, timeout_at};

use super::{Leave, Run, Stay};
use crate::events::Journal;
use crate::work::Work;

/// Refusals in a row after which a run gives up its place before those who came later: one that is refused every time
/// must not keep them all behind its probes.
const REFUSALS_IN_FRONT: u32 = 3;

impl Stay<'_> {
    pub(super) fn go_back(&mut self) {
        self.requeued += 1;
        if self.requeued.is_multiple_of(REFUSALS_IN_FRONT) {
            self.number = None;
        }
    }
}

impl<W: Work> Run<'_, W> {
    /// Waits for the right to send one attempt.
    pub(super) async fn admit(
        &mut self,
        stay: &mut Stay<'_>,
        journal: &mut Journal<'_>,
    ) -> Result<Permit, Leave> {
        let (clock, key) = (self.engine.clock(), &stay.target.limit_key);
        let before = clock.now();
        let (ask, until) = self.wanted(stay, before);
        let place = self.engine.queue.enter(key, ask);
        let late = AcquireError::DeadlineTooClose { earliest: None };
        let until = Instant::now() + until.saturating_since(before);
        let permit = timeout_at(until, self.wait(place, key, journal)).await;
        let permit = permit.unwrap_or(Err(late));
        let waited = clock.now().saturating_since(before);
        stay.waited += waited;
        self.record.queued += waited;
        let permit = permit.map_err(|error| self.refused(stay, error))?;
        stay.number = permit.number();
        journal.emit(EventKind::Admitted { waited });
        Ok(permit)
    }

    /// Steps up, and tells if it has to wait.
    async fn wait(
        &self,
        mut place: Place,
        key: &LimitKey,
        journal: &mut Journal<'_>,
    ) -> Result<Permit, AcquireError> {
        place.step_up().await?;
        if place.is_waiting() {
            let now = self.engine.clock().now();
            journal.emit(EventKind::Queued {
                limit_key: key.clone(),
                ahead: place.ahead(),
                expected: place.expected().unwrap_or(now).saturating_since(now),
            });
        }
        let watch = place.watch().filter(|_| place.is_waiting());
        let _watched = watch.map(|watch| self.engine.watches.enter(journal.run(), watch));
        place.permit().await
    }

    /// What to ask for, and until when to wait for it.
    fn wanted(&self, stay: &mut Stay<'_>, now: Timestamp) -> (Wanted, Timestamp) {
        let (pacing, until) = if self.engine.is_adaptive() {
            let mut patience = self.engine.max_queue_wait().saturating_sub(stay.waited);
            if self.takers(FailureKind::RateLimited).next().is_some() {
                patience = patience.min(stay.target.retry.fallback_after);
            }
            let admission = Admission {
                limits: stay.target.limits,
                priority: self.plan.priority,
                due: Some(stay.due),
                again: stay.number,
            };
            let until = stay.due.min(now.saturating_add(patience));
            (Pacing::Adaptive(admission), until)
        } else {
            let slot = stay.slot.take();
            (Pacing::Spaced { slot }, stay.due)
        };
        let wanted = Wanted {
            cost: stay.cost,
            pacing,
            deadline: Some(until),
        };
        (wanted, until)
    }

    pub(super) fn slot(&self, after: Duration, spacing: Duration) -> Slot {
        Slot {
            not_before: self.engine.clock().now().saturating_add(after),
            spacing,
        }
    }
}
