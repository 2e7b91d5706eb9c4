//! What a store of queue state must do.
//!
//! A store holds, per limit key, the state that everyone who shares the limit must see alike, and applies the pure
//! functions of `tidegate_core::quota` to it atomically. It may live in this process, in a file shared by the
//! processes of a host, or on a server; the queue does not know which.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tidegate_core::quota::{Departure, OpId};
use tidegate_core::{Cost, FailureKind, LimitKey, ObservedLimits, Timestamp};

/// What a store operation returns: at once in memory, later elsewhere.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where a rate-limited attempt stands on its way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// It leaves no earlier: its backoff, or what the server asked for.
    pub not_before: Timestamp,
    /// It leaves at least this long after the one before it.
    pub spacing: Duration,
}

/// What is asked of a store when an attempt wants to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Names the attempt in every later operation, and makes a repeated `reserve` harmless.
    pub op: OpId,
    /// What it will use up, as an estimate.
    pub cost: Cost,
    /// The place a rate-limited attempt takes on its way back; `None` for an attempt that was not limited.
    pub slot: Option<Slot>,
    /// No start after this is of use.
    pub deadline: Option<Timestamp>,
}

/// A store's answer to an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// It may leave at `at`.
    Start {
        /// When.
        at: Timestamp,
    },
    /// Not before the deadline. Nothing was reserved.
    Refused {
        /// When it could leave at the earliest; `None`: never, the cost is above the limit.
        earliest: Option<Timestamp>,
    },
    /// The limit is closed: a spent quota.
    Closed {
        /// When it opens again, where known.
        until: Option<Timestamp>,
        /// Why, for the error.
        why: String,
    },
}

/// What an attempt's reply told of its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// Which attempt.
    pub op: OpId,
    /// When it left. What it tells is as old as that.
    pub sent_at: Timestamp,
    /// Whether the provider accepted it.
    pub accepted: bool,
    /// What its headers say.
    pub limits: ObservedLimits,
}

/// A failure that the limit must learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Penalty {
    /// Which attempt.
    pub op: OpId,
    /// When it left: refusals of attempts sent before a cut belong to that cut.
    pub sent_at: Timestamp,
    /// What went wrong.
    pub kind: FailureKind,
    /// Not before this, if the server said so.
    pub not_before: Option<Timestamp>,
}

/// The store could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue's store failed: {0}")]
pub struct StoreError(pub String);

/// Holds the state of all limits. `now` is an argument for stores of this host; one with a clock of its own ignores it.
pub trait QueueStore: Debug + Send + Sync {
    /// Reserves a start for an attempt. Repeating it with the same `op` returns the same start.
    fn reserve<'a>(
        &'a self,
        key: &'a LimitKey,
        ask: &'a Ask,
        now: Timestamp,
    ) -> StoreFuture<'a, Reservation>;

    /// Lets a reserved attempt leave, unless those before it left so late that it must wait.
    fn depart<'a>(
        &'a self,
        key: &'a LimitKey,
        op: OpId,
        now: Timestamp,
    ) -> StoreFuture<'a, Departure>;

    /// Learns from the head of a reply.
    fn observe<'a>(
        &'a self,
        key: &'a LimitKey,
        seen: &'a Observation,
        now: Timestamp,
    ) -> StoreFuture<'a, ()>;

    /// Learns from a failure.
    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        penalty: &'a Penalty,
        now: Timestamp,
    ) -> StoreFuture<'a, ()>;

    /// Replaces the estimate of an attempt by what it really used.
    fn settle<'a>(
        &'a self,
        key: &'a LimitKey,
        op: OpId,
        cost: Cost,
        now: Timestamp,
    ) -> StoreFuture<'a, ()>;

    /// Forgets an attempt that was dropped. One that was never `sent` gets its cost back; one that was keeps its
    /// estimate. Called from destructors: it must not block, and hands anything slow to a worker of its own.
    fn release(&self, key: &LimitKey, op: OpId, sent: bool);
}
