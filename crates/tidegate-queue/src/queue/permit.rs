//! The right to send one attempt.

use std::sync::Arc;

use tidegate_core::quota::{Limits, OpId, Refusal};
use tidegate_core::{Cost, LimitKey, ObservedLimits, Timestamp};

use super::{Inner, Leaving, Number};
use crate::store::{Report, StoreError};

/// The right to send one attempt, held while it is under way. Settled with what it really used, or, when dropped,
/// left at its estimate: an attempt that was sent may have been served whoever stopped listening.
#[derive(Debug)]
#[must_use = "an attempt without its permit goes round the queue"]
pub struct Permit {
    sent_at: Timestamp,
    /// What the store knows of it; `None` where no store was asked.
    lease: Option<Lease>,
    leaving: Leaving,
}

#[derive(Debug)]
struct Lease {
    inner: Arc<Inner>,
    key: LimitKey,
    op: OpId,
    limits: Limits,
    number: Number,
    open: bool,
}

impl Permit {
    pub(crate) const fn spaced(sent_at: Timestamp, leaving: Leaving) -> Self {
        Self {
            sent_at,
            lease: None,
            leaving,
        }
    }

    pub(crate) fn adaptive(
        inner: Arc<Inner>,
        key: LimitKey,
        op: OpId,
        limits: Limits,
        number: Number,
    ) -> Self {
        Self {
            sent_at: inner.clock.now(),
            lease: Some(Lease {
                inner,
                key,
                op,
                limits,
                number,
                open: true,
            }),
            leaving: Leaving::default(),
        }
    }

    /// What says when the attempt has really left. Not taken, it says so with the end of the permit.
    pub fn leaving(&mut self) -> Leaving {
        std::mem::take(&mut self.leaving)
    }

    /// When the attempt was let go.
    pub const fn sent_at(&self) -> Timestamp {
        self.sent_at
    }

    /// Its number in the order of arrival, under which the run's next attempt comes back; `None` under `spaced` pacing.
    pub fn number(&self) -> Option<Number> {
        self.lease.as_ref().map(|lease| lease.number)
    }

    /// Tells the limit that the attempt was let in, and what the head of its reply says.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be reached; the attempt is not affected.
    pub async fn accepted(&self, limits: ObservedLimits) -> Result<(), StoreError> {
        match &self.lease {
            Some(lease) => lease.report(Report::Accepted(limits)).await,
            None => Ok(()),
        }
    }

    /// Ends it with what it really used.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be reached; the estimate then stands.
    pub async fn settle(self, cost: Cost) -> Result<(), StoreError> {
        self.end(Report::Settled(cost)).await
    }

    /// Ends it with a refusal that the limit must learn from.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be reached.
    pub async fn refused(self, refusal: Refusal) -> Result<(), StoreError> {
        self.end(Report::Refused(refusal)).await
    }

    /// Ends it as if it had never been: the attempt did not leave after all.
    pub fn refund(mut self) {
        if let Some(lease) = &mut self.lease {
            lease.drop_with(Report::Unsent);
        }
    }

    async fn end(mut self, report: Report) -> Result<(), StoreError> {
        match &mut self.lease {
            Some(lease) => {
                lease.report(report).await?;
                lease.open = false;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Lease {
    async fn report(&self, report: Report) -> Result<(), StoreError> {
        let (store, now) = (&self.inner.store, self.inner.clock.now());
        store
            .report(&self.key, self.op, report, &self.limits, now)
            .await?;
        self.inner.nudge(&self.key);
        Ok(())
    }

    fn drop_with(&mut self, report: Report) {
        if std::mem::replace(&mut self.open, false) {
            let (store, now) = (&self.inner.store, self.inner.clock.now());
            store.report_later(&self.key, self.op, report, &self.limits, now);
            self.inner.nudge(&self.key);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(lease) = &mut self.lease {
            lease.drop_with(Report::Ended);
        }
    }
}
