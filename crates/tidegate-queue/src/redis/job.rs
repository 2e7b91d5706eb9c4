//! What the thread is given to do, and what it gives back.

use std::sync::{Arc, Mutex};

use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};
use tokio::sync::oneshot;

use super::wire::Row;
use crate::store::{Ask, Report, StoreError, Turn};

/// What the thread is asked to do.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) what: What,
    /// Who waits for the answer.
    pub(super) reply: Option<oneshot::Sender<Result<Done, StoreError>>>,
}

impl Job {
    /// Nobody waits for it, and nobody else has to know of it at once.
    pub(super) const fn may_linger(&self) -> bool {
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
pub(super) enum What {
    Ask {
        key: LimitKey,
        asks: Vec<Ask>,
        limits: Limits,
    },
    Report(News),
    Status,
    Reset(LimitKey),
    Reach,
}

impl What {
    /// Whether a script does it.
    pub(super) const fn is_script(&self) -> bool {
        !matches!(self, Self::Status | Self::Reach)
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Done {
    Turn(Turn),
    Told,
    Rows(Vec<Row>),
    Known(bool),
}

/// What happened to one attempt.
#[derive(Debug, Clone)]
pub(super) struct News {
    pub(super) key: LimitKey,
    pub(super) op: OpId,
    pub(super) report: Report,
    pub(super) limits: Limits,
    /// When, by a clock that is not the server's.
    pub(super) at: Option<Timestamp>,
}

/// Reports that found the channel full or did not arrive. Each ends something that the server may hold for this process,
/// so there are no more of them than that.
pub(super) type Backlog = Arc<Mutex<Vec<News>>>;
