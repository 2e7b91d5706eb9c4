//! The way back into JavaScript: one function of each door, called on its own thread with what has happened.
//!
//! The channel does not keep a process alive; JavaScript does that as long as something is pending.

use std::fmt;
use std::sync::Arc;

use napi::Status;
use napi::bindgen_prelude::{Buffer, FnArgs};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

/// Whom it concerns, what it is, what it says, and bytes where there are any.
pub(crate) type Message = FnArgs<(u32, String, String, Option<Buffer>)>;

/// The function that JavaScript gives.
pub(crate) type Deliver = ThreadsafeFunction<Message, (), Message, Status, false, true>;

/// The way back. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Channel(Arc<Deliver>);

impl Channel {
    pub(crate) fn new(deliver: Deliver) -> Self {
        Self(Arc::new(deliver))
    }

    /// Tells JavaScript. Where its thread has ended nobody is left to tell.
    pub(crate) fn tell(&self, whom: u32, what: &str, says: String) {
        self.tell_with(whom, what, says, None);
    }

    pub(crate) fn tell_with(&self, whom: u32, what: &str, says: String, bytes: Option<Vec<u8>>) {
        let message = (whom, what.to_owned(), says, bytes.map(Buffer::from));
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        let _: Status = self.0.call(message.into(), mode);
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}
