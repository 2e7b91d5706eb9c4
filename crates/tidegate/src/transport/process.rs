//! Calls to child processes.
//!
//! A child is more than a process: it has descendants, which may outlive it, hold its pipes or ignore signals. So each
//! child leads a process group of its own. Whatever ends an attempt — an answer, a time-out, a cancelled run — ends the
//! whole group: SIGTERM at once, and behind the attempt, unwaited for, SIGKILL after a grace, and reaping. The leader
//! is reaped last, since until then its number cannot be given to a stranger.

mod exit;
mod group;
mod output;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tidegate_core::{Network, Timeouts};
use tidegate_providers::{Call, ProcessCall, ReplyHead, TransportError};
use tokio_util::task::TaskTracker;

use self::group::Group;
use self::output::{Ends, Whole};
use super::{Incoming, MAX_ANSWER, Sending, Transport};

/// From SIGTERM to SIGKILL.
pub const GRACE: Duration = Duration::from_secs(5);

/// Calls to child processes.
#[derive(Debug, Clone)]
pub struct ProcessTransport {
    grace: Duration,
    /// What goes on behind attempts that have ended: graces, SIGKILL, reaping.
    behind: TaskTracker,
}

impl ProcessTransport {
    /// A transport that gives its children [`GRACE`].
    pub fn new() -> Self {
        Self::with_grace(GRACE)
    }

    /// A transport that gives its children another time between SIGTERM and SIGKILL.
    pub fn with_grace(grace: Duration) -> Self {
        Self {
            grace,
            behind: TaskTracker::new(),
        }
    }

    async fn run(&self, call: &ProcessCall) -> Result<Incoming, TransportError> {
        let mut group = Group::start(call, self.grace, self.behind.clone())?;
        let (mut stdout, mut stderr) = (Whole::new(MAX_ANSWER), Ends::default());
        group
            .communicate(call.stdin.clone(), &mut stdout, &mut stderr)
            .await?;
        let head = ReplyHead::Process {
            ended: group.ended()?,
            stderr: stderr.into_bytes(),
        };
        Ok(Incoming::whole(head, stdout.into_bytes()))
    }
}

impl Default for ProcessTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for ProcessTransport {
    fn send<'a>(&'a self, call: &'a Call, _: &'a Timeouts, _: &'a Network) -> Sending<'a> {
        Box::pin(async move {
            match call {
                Call::Process(call) => self.run(call).await,
                _ => Err(TransportError::NotStarted(
                    "this transport starts processes only".into(),
                )),
            }
        })
    }

    fn settled(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            self.behind.close();
            self.behind.wait().await;
            self.behind.reopen();
        })
    }
}
