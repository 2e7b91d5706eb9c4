//! One attempt: send, read, judge — under its time-outs.
//!
//! The attempt's clock covers sending and reading. Within it, a stream has two more: until the first piece of output,
//! and between pieces. Bytes that are no output — heartbeats, comments, role announcements — do not count as progress.

mod reading;

use std::time::Duration;

use tidegate_core::{Delta, Failure, FailureKind, ObservedLimits, Response, Target};
use tidegate_providers::{Call, Provider, Reply, ReplyHead, TransportError, classify};
use tidegate_queue::{Clock, Leaving, Permit};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::{Instant, timeout_at};

use self::reading::collect;
use crate::transport::{Body, Incoming, Transport};
use crate::work::Work;

/// What an attempt is made with.
pub(crate) struct Attempting<'r, W> {
    pub(crate) work: &'r W,
    pub(crate) provider: &'r dyn Provider,
    pub(crate) target: &'r Target,
    pub(crate) transport: &'r dyn Transport,
    pub(crate) clock: Clock,
    /// The run's, which ends the attempt too.
    pub(crate) deadline: Deadline,
    pub(crate) permit: &'r Permit,
    /// The permit's, until the attempt has left.
    pub(crate) leaving: Leaving,
    /// Where pieces of an answer go.
    pub(crate) sink: Option<&'r mpsc::Sender<Delta>>,
    /// Whether they go there as they come, or when the answer is whole.
    pub(crate) live: bool,
    /// Told when the first piece of a streamed answer has come, and how long it took.
    pub(crate) on_first_output: &'r mut (dyn FnMut(Duration) + Send),
    pub(crate) seen: Seen,
}

/// When a run ends, whatever is under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    /// How long after the run's start that is.
    pub(crate) limit: Duration,
}

/// What an attempt has seen so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// What the reply's head told of the provider's limits.
    pub(crate) limits: ObservedLimits,
    /// What of a streamed answer has come.
    pub(crate) received: Response,
    /// What the model has shown of itself.
    shown: Shown,
    /// Whether the answer came piece by piece.
    streamed: bool,
    /// Whether output has reached the caller.
    pub(crate) handed_over: bool,
}

/// What a model has shown of itself.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shown {
    #[default]
    Nothing,
    /// It is at work: it thinks.
    Work,
    /// Output.
    Output,
}

impl<W: Work> Attempting<'_, W> {
    /// Carries the call to its end, or to the first time-out.
    pub(crate) async fn carry(&mut self, call: &Call) -> Result<W::Answer, Failure> {
        let (run, own) = (self.deadline, self.target.timeouts.attempt);
        let run_over = || Failure::timeout(FailureKind::RunTimeout, run.limit);
        // One timer for both clocks: every piece of a stream asks all there are.
        let timed = !self.transport.times_attempts();
        let ends = timed.then(|| Instant::now() + own);
        let first = ends.map_or(run.at, |ends| ends.min(run.at));
        let answer = match timeout_at(first, self.exchange(call)).await {
            Ok(result) => result?,
            Err(_) if ends.is_none_or(|ends| run.at < ends) => return Err(run_over()),
            Err(_) => return Err(Failure::timeout(FailureKind::AttemptTimeout, own)),
        };
        // Outside the attempt's clock: a caller's slowness is not the provider's.
        let handed_over = timeout_at(run.at, self.hand_over_whole(&answer)).await;
        handed_over.map_err(|_| run_over())?;
        Ok(answer)
    }

    async fn exchange(&mut self, call: &Call) -> Result<W::Answer, Failure> {
        let started = Instant::now();
        let (timeouts, network) = (&self.target.timeouts, &self.target.network);
        let leaving = std::mem::take(&mut self.leaving);
        let sent = self
            .transport
            .send_leaving(call, timeouts, network, leaving);
        let Incoming { head, body } = match self.first_token_limit() {
            None => sent.await,
            Some(limit) => timeout_at(started + limit, sent)
                .await
                .map_err(|_| self.silent())?,
        }
        .map_err(|error| self.failed(&error))?;
        self.learn(&head).await;
        match self.work.streaming(self.provider, self.target, &head) {
            Some(streaming) => {
                let answer = streaming.answer;
                // Boxed, because every run would have to have room for it, streamed or not.
                Box::pin(self.read_stream(started, body, streaming.decoder)).await?;
                Ok(answer(std::mem::take(&mut self.seen.received)))
            }
            None => self.read_whole(started, head, body).await,
        }
    }

    /// Who wants pieces waits for the first no longer than its time-out, head included.
    fn first_token_limit(&self) -> Option<Duration> {
        (self.work.is_streamed()).then_some(self.target.timeouts.first_token)
    }

    async fn learn(&mut self, head: &ReplyHead) {
        self.seen.limits = self.provider.limits(head, self.clock.now());
        if !head.is_success() {
            return;
        }
        if let Err(error) = self.permit.accepted(self.seen.limits).await {
            tracing::warn!(%error, "the queue's store did not take what a reply told of its limits");
        }
    }

    async fn read_whole(
        &mut self,
        started: Instant,
        head: ReplyHead,
        body: Body,
    ) -> Result<W::Answer, Failure> {
        let body = collect(&head, body).await;
        let body = body.map_err(|error| self.failed(&error))?.freeze();
        let (provider, target) = (self.provider, self.target);
        let answer = self
            .work
            .decode(provider, target, &Reply { head, body }, self.clock.now())?;
        if self.work.is_streamed() {
            self.note_output(started);
        }
        Ok(answer)
    }

    /// Tells of the first piece of output, once.
    fn note_output(&mut self, started: Instant) {
        if self.seen.shown < Shown::Output {
            self.seen.shown = Shown::Output;
            (self.on_first_output)(started.elapsed());
        }
    }

    /// Hands a piece to the caller. One who no longer listens has dropped the run, which ends it soon enough.
    async fn hand_over(&mut self, delta: Delta) {
        if let Some(sink) = self.sink {
            self.seen.handed_over |= delta.is_output();
            // Mostly there is room.
            if let Err(TrySendError::Full(delta)) = sink.try_send(delta) {
                drop(sink.send(delta).await);
            }
        }
    }

    /// Hands over an answer of which nothing was handed over yet.
    async fn hand_over_whole(&mut self, answer: &W::Answer) {
        let done = self.sink.is_none() || (self.live && self.seen.streamed);
        let Some(response) = W::response(answer).filter(|_| !done) else {
            return;
        };
        for delta in response.to_deltas() {
            self.hand_over(delta).await;
        }
    }

    fn silent(&self) -> Failure {
        let timeouts = &self.target.timeouts;
        if self.seen.shown > Shown::Nothing {
            Failure::timeout(FailureKind::IdleTimeout, timeouts.idle)
        } else {
            Failure::timeout(FailureKind::FirstTokenTimeout, timeouts.first_token)
        }
    }

    fn failed(&self, error: &TransportError) -> Failure {
        classify::transport(self.target, error)
    }
}
