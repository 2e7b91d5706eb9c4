//! An answer as it comes.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use tidegate_core::Delta;
use tokio::sync::mpsc;

use crate::outcome::Outcome;

/// Pieces that may wait for a caller who is slower than the provider. When they are as many, the provider waits.
const AHEAD: usize = 64;

/// A run whose answer is handed over piece by piece.
///
/// The run lives in this value: it moves on while [`ResponseStream::next`] is awaited, and dropping it stops the
/// attempt, closes its connection and ends its child process.
pub struct ResponseStream {
    run: Option<Pin<Box<dyn Future<Output = Outcome> + Send>>>,
    deltas: mpsc::Receiver<Delta>,
    outcome: Option<Outcome>,
    /// The run waits for more since it brought the last piece. Asked again at once it would wait still; after a turn for
    /// the others it often does not, because the connection is one of them.
    halted: bool,
}

impl ResponseStream {
    pub(crate) fn new<F>(run: impl FnOnce(mpsc::Sender<Delta>) -> F) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (sink, deltas) = mpsc::channel(AHEAD);
        Self {
            run: Some(Box::pin(run(sink))),
            deltas,
            outcome: None,
            halted: false,
        }
    }

    /// The next piece; `None` when the run is over, well or not: [`ResponseStream::finish`] tells which.
    pub async fn next(&mut self) -> Option<Delta> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Nobody but the run sends pieces, and the run moves only here: so that there is one when the run has moved, or
    /// none, and nobody needs to be woken for it.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Delta>> {
        if let Ok(delta) = self.deltas.try_recv() {
            return Poll::Ready(Some(delta));
        }
        let Some(run) = &mut self.run else {
            return Poll::Ready(None);
        };
        if std::mem::take(&mut self.halted) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let moved = run.as_mut().poll(context).map(|outcome| {
            self.outcome = Some(outcome);
            self.run = None;
        });
        match self.deltas.try_recv() {
            Ok(delta) => {
                self.halted = moved.is_pending();
                Poll::Ready(Some(delta))
            }
            Err(_) => moved.map(|()| None),
        }
    }

    /// Reads what is left and says what became of the run.
    pub async fn finish(mut self) -> Outcome {
        while self.next().await.is_some() {}
        match (self.outcome, self.run) {
            (Some(outcome), _) => outcome,
            (None, Some(run)) => run.await,
            (None, None) => std::future::pending().await,
        }
    }
}

impl fmt::Debug for ResponseStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseStream")
            .field("over", &self.run.is_none())
            .finish_non_exhaustive()
    }
}
