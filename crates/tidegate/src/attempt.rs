//! One attempt: send, read, judge — under its time-outs.
//!
//! The attempt's clock covers sending and reading. Within it, a stream has two more: until the first piece of output,
//! and between pieces. Bytes that are no output — heartbeats, comments, role announcements — do not count as progress.

use std::time::Duration;

use bytes::BytesMut;
use futures_util::{FutureExt, StreamExt};
use tidegate_core::{Delta, Failure, FailureKind, ObservedLimits, Response, Target};
use tidegate_providers::{
    Call, Provider, Reply, ReplyHead, StreamDecoder, TransportError, classify,
};
use tidegate_queue::{Clock, Permit};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::transport::{Body, Incoming, MAX_ANSWER, Transport};

/// The largest body of an error that is read: the message stands at its beginning.
const MAX_ERROR_BODY: usize = 256 * 1_024;

/// What an attempt needs and what it learns on its way.
pub(crate) struct Attempting<'r> {
    pub(crate) provider: &'r dyn Provider,
    pub(crate) target: &'r Target,
    pub(crate) transport: &'r dyn Transport,
    pub(crate) clock: Clock,
    pub(crate) permit: &'r Permit,
    /// Where pieces of a streamed answer go as they come.
    pub(crate) sink: Option<&'r mpsc::Sender<Delta>>,
    /// What the reply's head told of the provider's limits.
    pub(crate) limits: ObservedLimits,
    /// Told when the first piece of a streamed answer has come, and how long it took.
    pub(crate) on_first_output: &'r mut (dyn FnMut(Duration) + Send),
    /// Whether the model has shown itself at work.
    pub(crate) begun: bool,
    /// Whether any output has come.
    pub(crate) output: bool,
    /// Whether output has reached the caller.
    pub(crate) handed_over: bool,
}

impl Attempting<'_> {
    /// Carries the call to its end, or to the first time-out.
    pub(crate) async fn carry(&mut self, call: &Call) -> Result<Response, Failure> {
        let limit = self.target.timeouts.attempt;
        match timeout(limit, self.exchange(call)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::timeout(FailureKind::AttemptTimeout, limit)),
        }
    }

    async fn exchange(&mut self, call: &Call) -> Result<Response, Failure> {
        let started = Instant::now();
        let sent = self.transport.send(call, &self.target.timeouts);
        let Incoming { head, body } = match self.first_token_limit() {
            None => sent.await,
            Some(limit) => timeout_at(started + limit, sent)
                .await
                .map_err(|_| self.silent())?,
        }
        .map_err(|error| self.failed(&error))?;
        self.learn(&head).await;
        match self.provider.stream_decoder(self.target, &head) {
            Some(decoder) => self.read_stream(started, body, decoder).await,
            None => self.read_whole(started, head, body).await,
        }
    }

    /// A caller that wants pieces waits for the first no longer than its time-out, head included.
    fn first_token_limit(&self) -> Option<Duration> {
        self.sink.map(|_| self.target.timeouts.first_token)
    }

    async fn learn(&mut self, head: &ReplyHead) {
        self.limits = self.provider.limits(head, self.clock.now());
        if let Err(error) = self.permit.observe(head.is_success(), self.limits).await {
            tracing::warn!(%error, "the queue's store did not take what a reply told of its limits");
        }
    }

    async fn read_whole(
        &mut self,
        started: Instant,
        head: ReplyHead,
        body: Body,
    ) -> Result<Response, Failure> {
        let body = collect(&head, body)
            .await
            .map_err(|error| self.failed(&error))?;
        let reply = Reply {
            head,
            body: body.freeze(),
        };
        let response = self
            .provider
            .decode(self.target, &reply, self.clock.now())?;
        if self.sink.is_some() && !response.text.is_empty() {
            self.hand_over(started, Delta::Text(response.text.clone()))
                .await;
        }
        Ok(response)
    }

    async fn read_stream(
        &mut self,
        started: Instant,
        mut body: Body,
        mut decoder: Box<dyn StreamDecoder + '_>,
    ) -> Result<Response, Failure> {
        let (mut response, mut deltas, mut progress) = (Response::default(), Vec::new(), started);
        loop {
            let chunk = match timeout_at(self.patience(progress), body.next()).await {
                Ok(Some(chunk)) => chunk.map_err(|error| self.failed(&error))?,
                Ok(None) => break,
                Err(_) => return Err(self.silent()),
            };
            let read = decoder.push(&chunk, &mut deltas);
            for delta in deltas.drain(..) {
                response.add(&delta);
                let progress_made = delta.is_progress();
                self.hand_over(started, delta).await;
                // Taken afterwards: a caller's slowness is not the provider's.
                if progress_made {
                    (self.begun, progress) = (true, Instant::now());
                }
            }
            read?;
            if decoder.is_done() {
                // The end of the body often came with the end of the stream: seeing it keeps the connection.
                drop(body.next().now_or_never());
                break;
            }
            if response.text.len() > MAX_ANSWER {
                return Err(self.failed(&TransportError::TooLarge { limit: MAX_ANSWER }));
            }
        }
        decoder.finish().map(|_| response)
    }

    fn patience(&self, progress: Instant) -> Instant {
        let timeouts = &self.target.timeouts;
        progress
            + if self.begun {
                timeouts.idle
            } else {
                timeouts.first_token
            }
    }

    fn silent(&self) -> Failure {
        let timeouts = &self.target.timeouts;
        if self.begun {
            Failure::timeout(FailureKind::IdleTimeout, timeouts.idle)
        } else {
            Failure::timeout(FailureKind::FirstTokenTimeout, timeouts.first_token)
        }
    }

    /// Hands a piece to the caller. One who no longer listens has dropped the run, which ends it soon enough.
    async fn hand_over(&mut self, started: Instant, delta: Delta) {
        let output = delta.is_output();
        if output && !self.output {
            self.output = true;
            (self.on_first_output)(started.elapsed());
        }
        if let Some(sink) = self.sink {
            self.handed_over |= output;
            drop(sink.send(delta).await);
        }
    }

    fn failed(&self, error: &TransportError) -> Failure {
        classify::transport(self.target, error)
    }
}

/// Reads a body into memory: a success whole or not at all, an error as far as its message goes.
async fn collect(head: &ReplyHead, mut body: Body) -> Result<BytesMut, TransportError> {
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
