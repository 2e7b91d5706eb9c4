//! What the thread is given to do, and what it gives back.

use std::sync::{Arc, Mutex};

use tidegate_core::quota::{Limits, OpId, QuotaState};
use tidegate_core::{LimitKey, Timestamp};

use super::Reply;
use crate::store::{Ask, Holder, KeyStatus, Report, StoreError, Turn};

/// What the thread is told to do.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) what: What,
    /// Who waits for the answer.
    pub(super) reply: Option<Reply>,
    /// Counts it among those that are not done.
    pub(super) undone: Arc<()>,
}

impl Job {
    /// Tells whoever waits. Returns what is to be given back, where nobody heard that an attempt may leave.
    pub(crate) fn answer(self, done: Result<Done, StoreError>) -> Option<News> {
        // Whoever hears the answer finds it done.
        drop(self.undone);
        let Err(Ok(Done::Turn(Turn::Go { index, .. }))) = self.reply?.send(done) else {
            return None;
        };
        let What::Ask { key, asks, limits } = self.what else {
            return None;
        };
        Some(News {
            key,
            op: asks.get(index)?.op,
            report: Report::Unsent,
            limits,
            at: None,
        })
    }

    /// Nobody waits for it, and nobody else has to know of it at once.
    #[cfg(feature = "redis")]
    pub(crate) const fn may_linger(&self) -> bool {
        match &self.what {
            What::Report(news) => {
                self.reply.is_none()
                    && !matches!(news.report, Report::Accepted(_) | Report::Refused(_))
            }
            _ => false,
        }
    }
}

#[derive(Debug)]
pub(crate) enum What {
    Ask {
        key: LimitKey,
        asks: Vec<Ask>,
        limits: Limits,
    },
    Report(News),
    Status,
    Reset(LimitKey),
    Reach,
    /// Whether there is something to be done that nobody ordered.
    #[cfg(feature = "sqlite")]
    Look,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Done {
    Turn(Turn),
    Told,
    Rows(Vec<Row>),
    Known(bool),
}

/// One limit as it was read.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) now: Timestamp,
    pub(crate) state: QuotaState,
    pub(crate) holders: Vec<Holder>,
}

impl Row {
    /// Those who are gone hold nothing, though what they held is dropped only when somebody asks next.
    pub(super) fn status(self, limits: &dyn Fn(&str) -> Limits) -> KeyStatus {
        let mut standing = self.state.standing(&limits(&self.key), self.now);
        let is_gone = |holder: &Holder| holder.expires.is_zero();
        let (gone, holders): (Vec<_>, Vec<_>) = self.holders.into_iter().partition(is_gone);
        let gone: u32 = gone.iter().map(|holder| holder.attempts).sum();
        standing.in_flight = standing.in_flight.saturating_sub(gone);
        KeyStatus {
            now: self.now.as_micros(),
            standing,
            holders,
            key: self.key,
        }
    }
}

/// What happened to one attempt.
#[derive(Debug, Clone)]
pub(crate) struct News {
    pub(crate) key: LimitKey,
    pub(crate) op: OpId,
    pub(crate) report: Report,
    pub(crate) limits: Limits,
    /// When, by a clock that is not the store's.
    #[cfg_attr(
        not(feature = "redis"),
        expect(dead_code, reason = "a file has its own clock")
    )]
    pub(crate) at: Option<Timestamp>,
}

/// Reports that found the channel full or were not written. Each ends something that the store may hold for this process,
/// so there are no more of them than that.
pub(crate) type Backlog = Arc<Mutex<Vec<News>>>;
