//! An answer as it comes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

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
        }
    }

    /// The next piece; `None` when the run is over, well or not: [`ResponseStream::finish`] tells which.
    pub async fn next(&mut self) -> Option<Delta> {
        while let Some(run) = &mut self.run {
            tokio::select! {
                biased;
                Some(delta) = self.deltas.recv() => return Some(delta),
                outcome = run => {
                    self.outcome = Some(outcome);
                    self.run = None;
                }
            }
        }
        self.deltas.recv().await
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
