//! The way to the right to send one attempt: through the line of its limit.

use std::time::Duration;

use tidegate_core::{EventKind, FailureKind, LimitKey, Timestamp};
use tidegate_queue::{AcquireError, Admission, Outlook, Pacing, Permit, Place, Slot, Wanted};
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
        let ask = self.wanted(stay);
        let mut place = self.engine.queue.enter(key, ask);
        let late = AcquireError::DeadlineTooClose { earliest: None };
        let until = self.started + self.plan.deadline;
        let until = if self.engine.is_adaptive() {
            until.min(stay.patience)
        } else {
            until
        };
        let waiting = async {
            place.step_up().await?;
            self.wait(place, key, journal).await
        };
        let permit = timeout_at(until, waiting).await;
        let permit = permit
            .unwrap_or(Err(late))
            .map_err(|error| self.refused(stay, error))?;
        let waited = permit.sent_at().saturating_since(before);
        stay.number = permit.number();
        self.record.queued += waited;
        journal.emit(EventKind::Admitted { waited });
        Ok(permit)
    }

    /// Tells that it waits, and again whenever there is news, until its turn has come.
    async fn wait(
        &self,
        place: Place,
        key: &LimitKey,
        journal: &mut Journal<'_>,
    ) -> Result<Permit, AcquireError> {
        let (ahead, mut news) = (place.ahead(), place.watch());
        if place.is_waiting() {
            self.tell_queued(key, ahead, place.expected(), journal);
        }
        let permit = place.permit();
        tokio::pin!(permit);
        loop {
            let Some(watched) = &mut news else {
                return permit.await;
            };
            tokio::select! {
                permit = &mut permit => return permit,
                changed = watched.changed() => {
                    let outlook: Option<Outlook> = *watched.borrow_and_update();
                    if changed.is_err() {
                        news = None;
                    }
                    let expected = outlook.map(|outlook| outlook.expected(ahead));
                    self.tell_queued(key, ahead, expected, journal);
                }
            }
        }
    }

    fn tell_queued(
        &self,
        key: &LimitKey,
        ahead: usize,
        expected: Option<Timestamp>,
        journal: &mut Journal<'_>,
    ) {
        let now = self.engine.clock().now();
        journal.emit(EventKind::Queued {
            limit_key: key.clone(),
            ahead,
            expected: expected.unwrap_or(now).saturating_since(now),
        });
    }

    fn wanted(&self, stay: &mut Stay<'_>) -> Wanted {
        let now = self.engine.clock().now();
        let due = now.saturating_add(self.time_left());
        if !self.engine.is_adaptive() {
            return Wanted {
                cost: stay.cost,
                pacing: Pacing::Spaced {
                    slot: stay.slot.take(),
                },
                deadline: Some(due),
            };
        }
        let mut patience = stay.patience.saturating_duration_since(Instant::now());
        if self.takers(FailureKind::RateLimited).next().is_some() {
            patience = patience.min(stay.target.retry.fallback_after);
        }
        Wanted {
            cost: stay.cost,
            pacing: Pacing::Adaptive(Admission {
                limits: stay.target.limits,
                priority: self.plan.priority,
                due: Some(due),
                again: stay.number,
            }),
            deadline: Some(due.min(now.saturating_add(patience))),
        }
    }

    pub(super) fn slot(&self, after: Duration, spacing: Duration) -> Slot {
        Slot {
            not_before: self.engine.clock().now().saturating_add(after),
            spacing,
        }
    }
}
