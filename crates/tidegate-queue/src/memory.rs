//! The store of one process.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_core::quota::{Departure, OpId, SpacedState};
use tidegate_core::{Cost, LimitKey, Timestamp};

use crate::store::{Ask, Observation, Penalty, QueueStore, Reservation, StoreFuture};

/// Queue state in memory, under `spaced` pacing: shared by every clone of one executor, lost with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    limits: Mutex<HashMap<LimitKey, SpacedState>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The arithmetic is pure and leaves the state whole, so a panic elsewhere has not harmed it.
    fn limits(&self) -> MutexGuard<'_, HashMap<LimitKey, SpacedState>> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve_now(&self, key: &LimitKey, ask: &Ask, now: Timestamp) -> Reservation {
        let Some(slot) = ask.slot else {
            return Reservation::Start { at: now };
        };
        let mut limits = self.limits();
        let state = limits.entry(key.clone()).or_default();
        state.release(ask.op);
        let at = state.reserve(ask.op, now, slot.not_before, slot.spacing);
        if ask.deadline.is_some_and(|deadline| at >= deadline) {
            state.release(ask.op);
            return Reservation::Refused { earliest: Some(at) };
        }
        Reservation::Start { at }
    }

    fn depart_now(&self, key: &LimitKey, op: OpId, now: Timestamp) -> Departure {
        self.limits()
            .get_mut(key)
            .map_or(Departure::Go, |state| state.depart(op, now))
    }
}

impl QueueStore for MemoryStore {
    fn reserve<'a>(
        &'a self,
        key: &'a LimitKey,
        ask: &'a Ask,
        now: Timestamp,
    ) -> StoreFuture<'a, Reservation> {
        Box::pin(ready(Ok(self.reserve_now(key, ask, now))))
    }

    fn depart<'a>(
        &'a self,
        key: &'a LimitKey,
        op: OpId,
        now: Timestamp,
    ) -> StoreFuture<'a, Departure> {
        Box::pin(ready(Ok(self.depart_now(key, op, now))))
    }

    // `spaced` pacing learns nothing and meters nothing: the three below have no state to change.

    fn observe<'a>(
        &'a self,
        _: &'a LimitKey,
        _: &'a Observation,
        _: Timestamp,
    ) -> StoreFuture<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn penalise<'a>(
        &'a self,
        _: &'a LimitKey,
        _: &'a Penalty,
        _: Timestamp,
    ) -> StoreFuture<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn settle<'a>(
        &'a self,
        _: &'a LimitKey,
        _: OpId,
        _: Cost,
        _: Timestamp,
    ) -> StoreFuture<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn release(&self, key: &LimitKey, op: OpId, sent: bool) {
        if !sent && let Some(state) = self.limits().get_mut(key) {
            state.release(op);
        }
    }
}
