//! The right to send one attempt.

use std::sync::Arc;

use tidegate_core::quota::OpId;
use tidegate_core::{Cost, FailureKind, LimitKey, ObservedLimits, Timestamp};

use crate::clock::Clock;
use crate::store::{Observation, Penalty, QueueStore, StoreError};

/// The right to send one attempt, held while it is under way. Settled with what it really used, or, when dropped,
/// left at its estimate: an attempt that was sent may have been served whoever stopped listening.
#[derive(Debug)]
#[must_use = "an attempt without its permit goes round the queue"]
pub struct Permit {
    pub(crate) store: Arc<dyn QueueStore>,
    pub(crate) clock: Clock,
    pub(crate) key: LimitKey,
    pub(crate) op: OpId,
    pub(crate) sent_at: Timestamp,
    pub(crate) open: bool,
}

impl Permit {
    /// When the attempt left.
    pub const fn sent_at(&self) -> Timestamp {
        self.sent_at
    }

    /// Tells the limit what the head of the reply says.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be reached; the attempt is not affected.
    pub async fn observe(&self, accepted: bool, limits: ObservedLimits) -> Result<(), StoreError> {
        let seen = Observation {
            op: self.op,
            sent_at: self.sent_at,
            accepted,
            limits,
        };
        self.store.observe(&self.key, &seen, self.clock.now()).await
    }

    /// Ends it with what it really used.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be reached; the estimate then stands.
    pub async fn settle(mut self, cost: Cost) -> Result<(), StoreError> {
        self.open = false;
        self.store
            .settle(&self.key, self.op, cost, self.clock.now())
            .await
    }

    /// Ends it as if it had never been: the attempt did not leave after all.
    pub fn refund(mut self) {
        self.open = false;
        self.store.release(&self.key, self.op, false);
    }

    /// Ends it with a failure the limit must learn from.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be reached.
    pub async fn penalise(
        mut self,
        kind: FailureKind,
        not_before: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.open = false;
        let penalty = Penalty {
            op: self.op,
            sent_at: self.sent_at,
            kind,
            not_before,
        };
        self.store
            .penalise(&self.key, &penalty, self.clock.now())
            .await
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.open {
            self.store.release(&self.key, self.op, true);
        }
    }
}
