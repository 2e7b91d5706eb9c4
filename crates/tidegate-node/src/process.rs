//! Commands started by JavaScript: its callers replace `spawn` and `setTimeout`, and mean it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Buffer;
use serde_json::json;
use tidegate::transport::{Incoming, MAX_ANSWER, Sending, Transport};
use tidegate::{Network, Status, Timeouts};
use tidegate_providers::{Call, ProcessCall, ReplyHead, TransportError};
use tokio::sync::oneshot;

use crate::channel::Channel;

type Reply = Result<Incoming, TransportError>;

/// The commands that JavaScript has under way, by number.
#[derive(Default)]
struct UnderWay {
    next: u32,
    replies: HashMap<u32, oneshot::Sender<Reply>>,
}

/// Has JavaScript start, time and end commands, and tell what became of them. Clones share everything.
#[derive(Clone)]
pub(crate) struct Processes {
    channel: Channel,
    under_way: Arc<Mutex<UnderWay>>,
}

impl Processes {
    pub(crate) fn new(channel: Channel) -> Self {
        Self {
            channel,
            under_way: Arc::default(),
        }
    }

    /// A command has ended, or was ended.
    pub(crate) fn exited(&self, number: u32, ended: Status, stdout: Buffer, stderr: Buffer) {
        let stderr = Vec::from(stderr).into();
        let head = ReplyHead::Process { ended, stderr };
        let body = Vec::from(stdout).into();
        self.settle(number, Ok(Incoming::whole(head, body)));
    }

    /// A command could not be started; `code` is the system's name for the reason, where it has one.
    pub(crate) fn failed(&self, number: u32, code: &str, message: String) {
        self.settle(number, Err(not_started(code, message)));
    }

    /// A command has used up its time.
    pub(crate) fn timed_out(&self, number: u32, after: std::time::Duration) {
        self.settle(number, Err(TransportError::TimedOut { after }));
    }

    /// A command writes without end.
    pub(crate) fn too_large(&self, number: u32) {
        let limit = MAX_ANSWER;
        self.settle(number, Err(TransportError::TooLarge { limit }));
    }

    fn settle(&self, number: u32, reply: Reply) {
        if let Some(waiting) = self.under_way().replies.remove(&number) {
            drop(waiting.send(reply));
        }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        let under_way = self.under_way.lock();
        under_way.unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> (Place<'_>, oneshot::Receiver<Reply>) {
        let (sender, receiver) = oneshot::channel();
        let mut under_way = self.under_way();
        under_way.next = under_way.next.wrapping_add(1);
        let number = under_way.next;
        under_way.replies.insert(number, sender);
        let of = self;
        (Place { of, number }, receiver)
    }

    async fn run(&self, call: &ProcessCall, timeouts: &Timeouts) -> Reply {
        let (place, reply) = self.enter();
        let env: HashMap<_, _> = call
            .env
            .iter()
            .map(|(name, value)| (name, value.expose()))
            .collect();
        let wanted = json!({
            "program": call.program,
            "args": call.args,
            "env": env,
            "timeoutMs": u64::try_from(timeouts.attempt.as_millis()).unwrap_or(u64::MAX),
            "maxOutput": MAX_ANSWER,
        });
        self.channel.tell(place.number, "spawn", wanted.to_string());
        let gone = |_| TransportError::Disconnected("the thread of the caller has ended".into());
        reply.await.map_err(gone)?
    }
}

impl fmt::Debug for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Processes")
    }
}

/// A command under way. Dropped before it has ended, it is ended.
struct Place<'p> {
    of: &'p Processes,
    number: u32,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let unsettled = self.of.under_way().replies.remove(&self.number);
        if unsettled.is_some() {
            self.of.channel.tell(self.number, "kill", String::new());
        }
    }
}

impl Transport for Processes {
    fn send<'a>(&'a self, call: &'a Call, timeouts: &'a Timeouts, _: &'a Network) -> Sending<'a> {
        Box::pin(async move {
            match call {
                Call::Process(call) => self.run(call, timeouts).await,
                _ => Err(TransportError::NotStarted(
                    "this transport starts commands only".into(),
                )),
            }
        })
    }

    fn times_attempts(&self) -> bool {
        true
    }
}

/// Names that say that starting it again cannot help.
const LASTING: &[&str] = &[
    "ENOENT", "EACCES", "EPERM", "ENOTDIR", "ENOEXEC", "ELOOP", "E2BIG",
];

fn not_started(code: &str, message: String) -> TransportError {
    if LASTING.contains(&code) {
        return TransportError::CommandNotFound {
            program: String::new(),
            reason: message,
        };
    }
    TransportError::NotStarted(message)
}
