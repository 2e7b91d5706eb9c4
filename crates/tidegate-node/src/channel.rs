//! The way back into JavaScript: a line of messages, and one call that says there are some.
//!
//! JavaScript fetches them in portions, at its own pace: a thousand runs that end together must not hold up whatever else
//! its loop has to do. A portion is one text, since each value that crosses the border costs more than reading it does.
//! The channel does not keep a process alive; JavaScript does that as long as something is pending. The line holds a message
//! or two for each pending run, no more.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::Status;
use napi::bindgen_prelude::Buffer;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

/// The function that JavaScript gives: called when there is something to fetch.
pub(crate) type Deliver = ThreadsafeFunction<u32, (), u32, Status, false, true>;

/// Messages in a portion at most: a tenth of a millisecond's reading, so that JavaScript can stop in time.
const MESSAGES: usize = 16;

/// Bytes in a portion, unless its only message has more.
const BYTES: usize = 16 * 1_024;

/// What has happened since JavaScript last asked, or the first part of it.
#[napi(object, object_from_js = false)]
pub struct Portion {
    /// A JSON array of `[whom, what, says]`: whom it concerns, what it is, and its words as JSON; behind them the place of
    /// its bytes, where it has any.
    pub told: String,
    /// The bytes of those messages that have any.
    pub bytes: Vec<Buffer>,
    /// There is another portion.
    pub more: bool,
}

struct Message {
    whom: u32,
    what: &'static str,
    says: String,
    bytes: Option<Vec<u8>>,
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

    /// Tells JavaScript that something has happened and no more than that.
    pub(crate) fn call(&self, whom: u32, what: &'static str) {
        self.tell(whom, what, "null".to_owned());
    }

    /// Tells JavaScript; `says` is JSON. Where its thread has ended nobody is left to tell.
    pub(crate) fn tell(&self, whom: u32, what: &'static str, says: String) {
        self.tell_with(whom, what, says, None);
    }

    pub(crate) fn tell_with(
        &self,
        whom: u32,
        what: &'static str,
        says: String,
        bytes: Option<Vec<u8>>,
    ) {
        let message = Message {
            whom,
            what,
            says,
            bytes,
        };
        let mut line = self.line();
        line.waiting.push_back(message);
        if !std::mem::replace(&mut line.told, true) {
            drop(line);
            let mode = ThreadsafeFunctionCallMode::NonBlocking;
            let _: Status = self.0.deliver.call(0, mode);
        }
    }

    /// The oldest messages.
    pub(crate) fn take(&self) -> Portion {
        let (messages, more) = self.line().portion();
        let size: usize = messages.iter().map(|message| message.says.len() + 32).sum();
        let mut portion = Portion {
            told: String::with_capacity(size + 2),
            bytes: Vec::new(),
            more,
        };
        for message in messages {
            portion.add(message);
        }
        portion.told.insert(0, '[');
        portion.told.push(']');
        portion
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Portion {
    fn add(&mut self, message: Message) {
        let Message {
            whom, what, says, ..
        } = message;
        if !self.told.is_empty() {
            self.told.push(',');
        }
        let _: fmt::Result = write!(self.told, "[{whom},\"{what}\",{says}");
        if let Some(bytes) = message.bytes {
            let _: fmt::Result = write!(self.told, ",{}", self.bytes.len());
            self.bytes.push(bytes.into());
        }
        self.told.push(']');
    }
}

impl Line {
    /// Takes the oldest messages out, and says whether there are more.
    fn portion(&mut self) -> (Vec<Message>, bool) {
        let mut size = 0;
        let fits = |message: &&Message| {
            size += message.says.len();
            size <= BYTES
        };
        let count = self.waiting.iter().take(MESSAGES).take_while(fits).count();
        let count = count.max(1).min(self.waiting.len());
        let taken = self.waiting.drain(..count).collect();
        self.told = !self.waiting.is_empty();
        (taken, self.told)
    }
}

impl fmt::Debug for Portion {
    /// Without its words, which may be answers or hold a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portion")
            .field("more", &self.more)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}
