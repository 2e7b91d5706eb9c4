//! What a command said of its failure, word for word.
//!
//! The engine's errors speak its own language and bound what others said. The first callers compare the child's text
//! as it was written, so it is kept on its way back, credentials taken out.

use std::sync::{Arc, Mutex, PoisonError};

use tidegate_core::{Network, Status, Timeouts};
use tidegate_providers::{Call, ReplyHead, TransportError};

use crate::transport::{Incoming, Leaving, Sending, Transport};

/// A transport of commands, and the words of the last one that failed.
#[derive(Debug)]
pub(super) struct Overheard {
    inner: Arc<dyn Transport>,
    last: Mutex<Option<String>>,
}

impl Overheard {
    pub(super) fn new(inner: Arc<dyn Transport>) -> Self {
        Self {
            inner,
            last: Mutex::default(),
        }
    }

    /// What the last command said, if it failed.
    pub(super) fn last(&self) -> Option<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    fn keep(&self, words: Option<String>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }
}

impl Transport for Overheard {
    fn send<'a>(
        &'a self,
        call: &'a Call,
        timeouts: &'a Timeouts,
        network: &'a Network,
    ) -> Sending<'a> {
        self.send_leaving(call, timeouts, network, Leaving::default())
    }

    fn send_leaving<'a>(
        &'a self,
        call: &'a Call,
        timeouts: &'a Timeouts,
        network: &'a Network,
        leaving: Leaving,
    ) -> Sending<'a> {
        Box::pin(async move {
            let sent = self.inner.send_leaving(call, timeouts, network, leaving);
            let sent = sent.await;
            let said = match &sent {
                Ok(Incoming { head, .. }) => failure(head),
                Err(error) => Some(broken(error)),
            };
            self.keep(said.map(|said| clean(said, call)));
            sent
        })
    }

    fn times_attempts(&self) -> bool {
        self.inner.times_attempts()
    }
}

/// What a command that has ended says of its failure; `None` where it did not fail.
fn failure(head: &ReplyHead) -> Option<String> {
    let ReplyHead::Process { ended, stderr } = head else {
        return None;
    };
    let said = String::from_utf8_lossy(stderr);
    match (ended, said.trim()) {
        (Status::Exit(0), _) => None,
        (_, said) if !said.is_empty() => Some(said.to_owned()),
        (Status::Exit(code), _) => Some(format!("Process exited with code {code}")),
        (other, _) => Some(format!("Process was ended by {other}")),
    }
}

/// What is said of a command that did not get to say anything.
fn broken(error: &TransportError) -> String {
    match error {
        TransportError::CommandNotFound { reason, .. } | TransportError::NotStarted(reason) => {
            format!("Failed to spawn Python process: {reason}")
        }
        TransportError::TimedOut { after } => {
            format!("Command timed out after {}ms", after.as_millis())
        }
        other => other.to_string(),
    }
}

fn clean(said: String, call: &Call) -> String {
    match call {
        Call::Process(call) => {
            (call.env.iter()).fold(said, |said, (_, secret)| secret.redact(&said).into_owned())
        }
        _ => said,
    }
}
