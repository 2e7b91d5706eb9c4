//! Commands started by JavaScript: its callers replace `spawn` and `setTimeout`, and mean it.
//!
//! JavaScript's thread may be busy when it is asked to start one, so it says when it has: from then on the next command that
//! was limited with it counts its distance.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::Buffer;
use serde_json::json;
use tidegate::transport::{Incoming, Leaving, MAX_ANSWER, Sending, Transport};
use tidegate::{Network, Status, Timeouts};
use tidegate_providers::{Call, ProcessCall, ReplyHead, TransportError};
use tokio::sync::oneshot;

use crate::channel::Channel;

type Reply = Result<Incoming, TransportError>;

/// The commands that JavaScript has under way, by number.
#[derive(Default)]
struct UnderWay {
    next: u32,
    commands: HashMap<u32, Command>,
}

/// A command, from when JavaScript is asked to start it to its end.
struct Command {
    reply: oneshot::Sender<Reply>,
    /// Kept until it has been started.
    leaving: Leaving,
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

    /// A command has been started, just now.
    pub(crate) fn started(&self, number: u32) {
        let mut under_way = self.under_way();
        let command = under_way.commands.get_mut(&number);
        let leaving = command.map(|command| std::mem::take(&mut command.leaving));
        drop(under_way);
        leaving.unwrap_or_default().left();
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
        if let Some(command) = self.leave(number) {
            drop(command.reply.send(reply));
        }
    }

    fn leave(&self, number: u32) -> Option<Command> {
        self.under_way().commands.remove(&number)
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        let under_way = self.under_way.lock();
        under_way.unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, leaving: Leaving) -> (Place<'_>, oneshot::Receiver<Reply>) {
        let (reply, receiver) = oneshot::channel();
        let mut under_way = self.under_way();
        under_way.next = under_way.next.wrapping_add(1);
        let number = under_way.next;
        let command = Command { reply, leaving };
        under_way.commands.insert(number, command);
        let of = self;
        (Place { of, number }, receiver)
    }

    async fn run(&self, call: &ProcessCall, timeouts: &Timeouts, leaving: Leaving) -> Reply {
        let (place, reply) = self.enter(leaving);
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
        if self.of.leave(self.number).is_some() {
            self.of.channel.call(self.number, "kill");
        }
    }
}

impl Transport for Processes {
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
        _: &'a Network,
        leaving: Leaving,
    ) -> Sending<'a> {
        Box::pin(async move {
            match call {
                Call::Process(call) => self.run(call, timeouts, leaving).await,
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
    "ENOENT",
    "EACCES",
    "EPERM",
    "ENOTDIR",
    "ENOEXEC",
    "ELOOP",
    "E2BIG",
    "ENAMETOOLONG",
    "ERR_INVALID_ARG_VALUE",
    "ERR_INVALID_ARG_TYPE",
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
