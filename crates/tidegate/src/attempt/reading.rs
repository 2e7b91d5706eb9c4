//! Reading what comes back, within bounds.

use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use tidegate_core::{Delta, Failure};
use tidegate_providers::{ReplyHead, StreamDecoder, TransportError};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Attempting, Shown};
use crate::transport::{Body, MAX_ANSWER};
use crate::work::Work;

/// The largest body of an error that is read: the message stands at its beginning.
const MAX_ERROR_BODY: usize = 256 * 1_024;

/// The most bytes read of one stream. Framing takes some fifty times the room of a token, so that this is far above any
/// answer; below it a server could send for as long as the attempt may take.
const MAX_STREAM: usize = 16 * MAX_ANSWER;

/// How long a stream whose answer is complete may take to say so. Some servers never do, and keep the connection open:
/// the answer is there, and what may still follow is the count of its tokens.
const FAREWELL: Duration = Duration::from_secs(5);
/// The same when the tokens are counted too.
const SHORT_FAREWELL: Duration = Duration::from_secs(1);

/// How far a stream has come.
struct Progress {
    /// When the model last showed itself at work, or the stream said that it is over.
    at: Instant,
    finished: bool,
    counted: bool,
    bytes: usize,
}

impl<W: Work> Attempting<'_, W> {
    /// Reads a stream to its proper end.
    pub(super) async fn read_stream(
        &mut self,
        started: Instant,
        mut body: Body,
        mut decoder: Box<dyn StreamDecoder + '_>,
    ) -> Result<(), Failure> {
        self.seen.streamed = true;
        let mut deltas = Vec::new();
        let mut progress = Progress {
            at: started,
            finished: false,
            counted: false,
            bytes: 0,
        };
        let mut alarm = pin!(sleep_until(self.patience(&progress)));
        loop {
            let limit = self.patience(&progress);
            let chunk = match next_until(limit, &mut body, alarm.as_mut()).await {
                Some(Some(chunk)) => chunk.map_err(|error| self.failed(&error))?,
                Some(None) => break,
                None if progress.finished => break,
                None => return Err(self.silent()),
            };
            progress.bytes = progress.bytes.saturating_add(chunk.len());
            let read = decoder.push(&chunk, &mut deltas);
            for delta in deltas.drain(..) {
                self.take(started, delta, &mut progress).await;
            }
            read?;
            if decoder.is_done() {
                // The end of the body often came with the end of the stream: seeing it keeps the connection.
                drop(body.next().now_or_never());
                break;
            }
            if self.seen.received.size() > MAX_ANSWER || progress.bytes > MAX_STREAM {
                return Err(self.failed(&TransportError::TooLarge { limit: MAX_ANSWER }));
            }
        }
        decoder.finish().map(drop)
    }

    async fn take(&mut self, started: Instant, delta: Delta, progress: &mut Progress) {
        self.seen.received.add(&delta);
        if delta.is_output() {
            self.note_output(started);
        }
        let (ends, counts) = (
            matches!(delta, Delta::Finished(_)),
            matches!(delta, Delta::Usage(_)),
        );
        let at_work = delta.is_progress();
        if self.live {
            self.hand_over(delta).await;
        }
        // Taken afterwards: a caller's slowness is not the provider's.
        if at_work || ends || counts {
            progress.at = Instant::now();
        }
        if at_work {
            self.seen.shown = self.seen.shown.max(Shown::Work);
        }
        progress.finished |= ends;
        progress.counted |= counts && progress.finished;
    }

    fn patience(&self, progress: &Progress) -> Instant {
        let timeouts = &self.target.timeouts;
        match (progress.finished, progress.counted) {
            (true, true) => progress.at + timeouts.idle.min(SHORT_FAREWELL),
            (true, false) => progress.at + timeouts.idle.min(FAREWELL),
            _ if self.seen.shown > Shown::Nothing => progress.at + timeouts.idle,
            _ => progress.at + timeouts.first_token,
        }
    }
}

/// The next chunk, or its end; `None` when neither has come in time.
///
/// The limit moves with every piece of a stream. The alarm is set anew only when it rings, or would ring too late.
async fn next_until(
    limit: Instant,
    body: &mut Body,
    mut alarm: Pin<&mut Sleep>,
) -> Option<Option<Result<Bytes, TransportError>>> {
    if limit < alarm.deadline() {
        alarm.as_mut().reset(limit);
    }
    loop {
        tokio::select! {
            biased;
            chunk = body.next() => return Some(chunk),
            () = &mut alarm => {
                if limit <= alarm.deadline() {
                    return None;
                }
                alarm.as_mut().reset(limit);
            }
        }
    }
}

/// Reads a body into memory: a success whole or not at all, an error as far as its message goes.
pub(super) async fn collect(head: &ReplyHead, mut body: Body) -> Result<BytesMut, TransportError> {
    let (success, mut bytes) = (head.is_success(), BytesMut::new());
    let limit = if success { MAX_ANSWER } else { MAX_ERROR_BODY };
    while let Some(chunk) = body.next().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            // An error's status is worth more than the end of its message.
            Err(_) if !success => break,
            Err(error) => return Err(error),
        }
        if bytes.len() > limit {
            if success {
                return Err(TransportError::TooLarge { limit });
            }
            bytes.truncate(limit);
            break;
        }
    }
    Ok(bytes)
}
