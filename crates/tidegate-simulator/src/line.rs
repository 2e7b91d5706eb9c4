//! The connection below a request, as its handler sees it.
//!
//! A handler can answer, but only the task that holds the socket can break it. Each request carries a [`Line`] on which
//! the handler asks for that.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::stats::Visit;

/// The number of streams that HTTP/2 can have: as the last one handled it leaves all of them open.
pub(crate) const EVERY_STREAM: u32 = u32::MAX >> 1;

/// How a connection ends, whatever it was doing.
#[derive(Debug)]
pub(crate) enum Ending {
    /// RST: "connection reset by peer".
    Reset,
    /// FIN without a response: "socket hang up".
    Close,
    /// GOAWAY, then FIN: no stream after this one was handled. Over HTTP/1 it is the FIN alone.
    GoAway(u32),
    /// Bytes past the rules of HTTP, over HTTP/1 only.
    Raw(Raw),
}

/// Bytes to be written as they are. The request is in flight until the client leaves.
pub(crate) struct Raw {
    pub(crate) chunks: Box<dyn Iterator<Item = Bytes> + Send>,
    pub(crate) visit: Visit,
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw")
            .field("visit", &self.visit)
            .finish_non_exhaustive()
    }
}

/// The connection that a request came in on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    /// It speaks HTTP/2.
    pub(crate) http2: bool,
    state: Arc<LineState>,
}

#[derive(Debug, Default)]
struct LineState {
    ending: Mutex<Option<Ending>>,
    ended: Notify,
    retired: Notify,
}

impl Line {
    pub(crate) fn new(http2: bool) -> Self {
        Self {
            http2,
            ..Self::default()
        }
    }

    /// Ends the connection, whatever it is doing.
    pub(crate) fn end(&self, ending: Ending) {
        *self.ending() = Some(ending);
        self.state.ended.notify_one();
    }

    /// Lets the connection finish what it has and take no more.
    pub(crate) fn retire(&self) {
        self.state.retired.notify_one();
    }

    /// Completes when a handler has it ended.
    pub(crate) async fn ended(&self) -> Ending {
        self.state.ended.notified().await;
        self.ending().take().unwrap_or(Ending::Close)
    }

    /// Completes when a handler has it retired.
    pub(crate) async fn retired(&self) {
        self.state.retired.notified().await;
    }

    fn ending(&self) -> std::sync::MutexGuard<'_, Option<Ending>> {
        self.state
            .ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
