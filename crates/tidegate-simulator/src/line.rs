//! The connection below a request, as its handler sees it.
//!
//! A handler can answer, but only the task that holds the socket can break it. Each request carries a [`Line`] on which
//! the handler asks for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// How a connection ends before it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// RST: "connection reset by peer".
    Reset,
    /// FIN without a response: "socket hang up".
    Close,
}

/// The connection that a request came in on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    state: Arc<LineState>,
}

#[derive(Debug, Default)]
struct LineState {
    ended: Notify,
    reset: AtomicBool,
}

impl Line {
    /// Ends the connection, whatever it is doing.
    pub(crate) fn end(&self, ending: Ending) {
        self.state
            .reset
            .store(ending == Ending::Reset, Ordering::Release);
        self.state.ended.notify_one();
    }

    /// Completes when a handler has it ended.
    pub(crate) async fn ended(&self) -> Ending {
        self.state.ended.notified().await;
        let reset = self.state.reset.load(Ordering::Acquire);
        if reset { Ending::Reset } else { Ending::Close }
    }
}
