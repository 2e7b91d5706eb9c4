//! `spaced` pacing: retries of rate-limited attempts leave one spacing apart, and nothing else is metered.

use std::time::Duration;

use super::OpId;
use crate::timestamp::Timestamp;

/// The state of one limit under `spaced` pacing: retries of rate-limited attempts leave one spacing apart.
///
/// There is no window, barrier or rate here. First attempts pass untouched; only a retry after a 429 takes a slot,
/// no earlier than its own backoff and no earlier than its spacing after the slot before it has *really* left.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use tidegate_core::quota::{Departure, OpId, SpacedState};
/// # use tidegate_core::Timestamp;
/// let ms = Duration::from_millis;
/// let at = |ms: u64| Timestamp::from_micros(ms * 1_000);
/// let mut state = SpacedState::default();
/// assert_eq!(state.reserve(OpId(1), at(0), at(50), ms(50)), at(50));
/// assert_eq!(state.reserve(OpId(2), at(1), at(51), ms(50)), at(100));
/// assert_eq!(state.depart(OpId(1), at(70)), Departure::Go, "late by 20 ms");
/// assert_eq!(state.depart(OpId(2), at(100)), Departure::Wait { until: at(120) }, "so the next one waits");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpacedState {
    last_departure: Option<Timestamp>,
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    op: OpId,
    at: Timestamp,
    spacing: Duration,
}

/// Whether a reserved attempt may leave now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// It leaves, and the store has counted it as gone.
    Go,
    /// The one before it left late: again at `until`.
    Wait {
        /// When to ask again.
        until: Timestamp,
    },
}

impl SpacedState {
    /// Takes the next slot: not before `not_before`, and `spacing` behind the slot before it.
    pub fn reserve(
        &mut self,
        op: OpId,
        now: Timestamp,
        not_before: Timestamp,
        spacing: Duration,
    ) -> Timestamp {
        self.mend(now);
        let at = not_before.max(self.behind_the_last(spacing));
        self.slots.push(Slot { op, at, spacing });
        at
    }

    /// Lets `op` leave, unless the one before it left so late that it must wait. An `op` without a slot leaves: it
    /// is a first attempt.
    pub fn depart(&mut self, op: OpId, now: Timestamp) -> Departure {
        self.mend(now);
        let Some(index) = self.slots.iter().position(|slot| slot.op == op) else {
            return Departure::Go;
        };
        let spacing = self.slots[index].spacing;
        let earliest = self.last_departure.map(|last| last.saturating_add(spacing));
        match earliest {
            Some(until) if until > now => {
                self.slots[index].at = until;
                Departure::Wait { until }
            }
            _ => {
                self.slots.remove(index);
                self.last_departure = Some(now);
                Departure::Go
            }
        }
    }

    /// Whoever was let go has really left only now: what follows it follows that.
    pub fn left(&mut self, now: Timestamp) {
        self.last_departure = self.last_departure.map(|last| last.max(now));
    }

    /// Gives back the slot of an attempt that never left. Nobody waits for a slot that nobody uses.
    pub fn release(&mut self, op: OpId) {
        self.slots.retain(|slot| slot.op != op);
    }

    fn behind_the_last(&self, spacing: Duration) -> Timestamp {
        let slots = self.slots.iter().map(|slot| slot.at);
        let last = slots.chain(self.last_departure).max();
        last.map_or_else(Timestamp::default, |last| last.saturating_add(spacing))
    }

    /// A departure in the future was noted by a clock that has since been set back: it was no later than now.
    fn mend(&mut self, now: Timestamp) {
        self.last_departure = self.last_departure.map(|last| last.min(now));
    }
}
