//! The way back into JavaScript: a line of messages, and one call that says there are some.
//!
//! JavaScript fetches them in portions, at its own pace: a thousand runs that end together must not hold up whatever else
//! its loop has to do. The channel does not keep a process alive; JavaScript does that as long as something is pending.
//! The line holds a message or two for each pending run, no more.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::Status;
use napi::bindgen_prelude::Buffer;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

/// The function that JavaScript gives: called when there is something to fetch.
pub(crate) type Deliver = ThreadsafeFunction<u32, (), u32, Status, false, true>;

/// What has happened.
#[napi(object, object_from_js = false)]
pub struct Message {
    /// Whom it concerns.
    pub whom: u32,
    /// What it is.
    pub what: String,
    /// Its words.
    pub says: String,
    /// Bytes, where there are any.
    pub bytes: Option<Buffer>,
}

/// The way back. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Channel(Arc<Inner>);

struct Inner {
    deliver: Deliver,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Message>,
    /// JavaScript was told, and has not emptied the line since.
    told: bool,
}

impl Channel {
    pub(crate) fn new(deliver: Deliver) -> Self {
        let line = Mutex::default();
        Self(Arc::new(Inner { deliver, line }))
    }

    /// Tells JavaScript. Where its thread has ended nobody is left to tell.
    pub(crate) fn tell(&self, whom: u32, what: &str, says: String) {
        self.tell_with(whom, what, says, None);
    }

    pub(crate) fn tell_with(&self, whom: u32, what: &str, says: String, bytes: Option<Vec<u8>>) {
        let message = Message {
            whom,
            what: what.to_owned(),
            says,
            bytes: bytes.map(Buffer::from),
        };
        let mut line = self.line();
        line.waiting.push_back(message);
        if !std::mem::replace(&mut line.told, true) {
            drop(line);
            let mode = ThreadsafeFunctionCallMode::NonBlocking;
            let _: Status = self.0.deliver.call(0, mode);
        }
    }

    /// The oldest messages, `most` of them at most. Fewer mean that the line is empty.
    pub(crate) fn take(&self, most: u32) -> Vec<Message> {
        let mut line = self.line();
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let portion = line.waiting.len().min(most);
        let taken: Vec<_> = line.waiting.drain(..portion).collect();
        line.told = taken.len() == most;
        taken
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Message {
    /// Without its words, which may be an answer or hold a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("whom", &self.whom)
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}
