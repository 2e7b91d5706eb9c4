//! Calls answered from a script.
//!
//! With it and tokio's paused clock, whole runs are tested without sockets, processes or waiting, to the millisecond.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tidegate_core::{Network, Status, Timeouts};
use tidegate_providers::{Call, ReplyHead, TransportError};
use tokio::time::Instant;

use super::{Body, Incoming, Sending, Transport};

/// What the script does with one call.
pub struct Step {
    after: Duration,
    then: Then,
}

enum Then {
    Reply(Incoming),
    Fail(TransportError),
    Hang,
}

impl Step {
    /// A reply that is already whole.
    pub fn reply(head: ReplyHead, body: impl Into<Bytes>) -> Self {
        Self::now(Then::Reply(Incoming::whole(head, body.into())))
    }

    /// A reply with a body of its own making: a stream that stalls, breaks or ends early.
    pub fn stream(head: ReplyHead, body: Body) -> Self {
        Self::now(Then::Reply(Incoming { head, body }))
    }

    /// A process that ended with this exit code, wrote `stdout`, and `stderr`.
    pub fn process(exit: i32, stdout: &str, stderr: &str) -> Self {
        let head = ReplyHead::Process {
            ended: Status::Exit(exit),
            stderr: Bytes::copy_from_slice(stderr.as_bytes()),
        };
        Self::reply(head, stdout.to_owned())
    }

    /// No reply.
    pub fn fail(error: TransportError) -> Self {
        Self::now(Then::Fail(error))
    }

    /// Neither reply nor failure, ever.
    pub fn hang() -> Self {
        Self::now(Then::Hang)
    }

    /// The same, but only after a while.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    const fn now(then: Then) -> Self {
        Self {
            after: Duration::ZERO,
            then,
        }
    }
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Step")
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

/// A call the script has seen.
#[derive(Debug, Clone)]
pub struct Sent {
    /// When.
    pub at: Instant,
    /// What.
    pub call: Call,
}

/// Answers calls from a script, in order. A call past its end is a connection that breaks.
#[derive(Debug, Default)]
pub struct ScriptedTransport {
    steps: Mutex<VecDeque<Step>>,
    sent: Mutex<Vec<Sent>>,
}

impl ScriptedTransport {
    /// A transport that follows `steps`.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: Mutex::new(steps.into_iter().collect()),
            sent: Mutex::default(),
        }
    }

    /// The calls seen so far, in order.
    pub fn sent(&self) -> Vec<Sent> {
        guard(&self.sent).clone()
    }

    /// Takes the next step, in the order in which calls were made, not in which they are waited for.
    fn next(&self, call: &Call) -> Option<Step> {
        guard(&self.sent).push(Sent {
            at: Instant::now(),
            call: call.clone(),
        });
        guard(&self.steps).pop_front()
    }
}

fn guard<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Transport for ScriptedTransport {
    fn send<'a>(&'a self, call: &'a Call, _: &'a Timeouts, _: &'a Network) -> Sending<'a> {
        let step = self.next(call);
        Box::pin(async move {
            let Some(step) = step else {
                return Err(TransportError::Disconnected("the script has ended".into()));
            };
            tokio::time::sleep(step.after).await;
            match step.then {
                Then::Reply(reply) => Ok(reply),
                Then::Fail(error) => Err(error),
                Then::Hang => std::future::pending().await,
            }
        })
    }
}
