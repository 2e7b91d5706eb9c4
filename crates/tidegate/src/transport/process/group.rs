//! One process group: a child and whatever it starts.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process_group};
use tidegate_core::Status;
use tidegate_providers::{ProcessCall, TransportError};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::exit::Exit;
use super::output::{Ends, Whole, discard};

/// How long output is still read after the child has ended: what it wrote is in the pipe already, and a descendant
/// that keeps the pipe open has nothing to say for it.
const DRAIN: Duration = Duration::from_millis(250);

/// A running group. Dropping it ends it: SIGTERM now, the rest behind.
#[derive(Debug)]
pub(super) struct Group {
    members: Option<Members>,
    grace: Duration,
    behind: TaskTracker,
}

/// What is held of a group until its leader is reaped.
#[derive(Debug)]
struct Members {
    leader: Child,
    pid: Pid,
    exit: Exit,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

impl Group {
    pub(super) fn start(
        call: &ProcessCall,
        grace: Duration,
        behind: TaskTracker,
    ) -> Result<Self, TransportError> {
        let leader = spawn(call).map_err(|error| not_started(&call.program, &error))?;
        let members = Members::of(leader, &behind).map_err(|error| lost(&error))?;
        Ok(Self {
            members: Some(members),
            grace,
            behind,
        })
    }

    /// Feeds and reads the child until it has ended and its output is read.
    pub(super) async fn communicate(
        &mut self,
        input: Option<Bytes>,
        stdout: &mut Whole,
        stderr: &mut Ends,
    ) -> Result<(), TransportError> {
        let Some(members) = &mut self.members else {
            return Ok(());
        };
        let exit = &members.exit;
        let work = async {
            let feed = feed(members.stdin.take(), input);
            let read = stdout.read(members.stdout.as_mut());
            tokio::try_join!(feed, read, stderr.read(members.stderr.as_mut())).map(drop)
        };
        tokio::pin!(work);
        tokio::select! {
            read = &mut work => {
                read?;
                exit.wait().await.map_err(|error| lost(&error))
            }
            ended = exit.wait() => {
                ended.map_err(|error| lost(&error))?;
                tokio::time::timeout(DRAIN, work).await.unwrap_or(Ok(()))
            }
        }
    }

    /// How the child ended.
    pub(super) fn ended(&self) -> Result<Status, TransportError> {
        let status = self
            .members
            .as_ref()
            .map(|members| members.exit.status())
            .transpose();
        let status = status.map_err(|error| lost(&error))?.flatten();
        status.ok_or_else(|| TransportError::Disconnected("the child did not end".into()))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(members) = self.members.take() else {
            return;
        };
        members.signal(Signal::TERM);
        // Without a runtime there is nobody to wait with: dropping the members kills them.
        if Handle::try_current().is_ok() {
            self.behind.spawn(members.end(self.grace));
        }
    }
}

impl Members {
    /// Takes a started child in hand. One that cannot be watched is ended at once.
    fn of(mut leader: Child, behind: &TaskTracker) -> io::Result<Self> {
        let pid = leader
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let pid = pid.ok_or_else(|| io::Error::other("the child has no number"))?;
        let exit = match Exit::of(pid) {
            Ok(exit) => exit,
            Err(error) => {
                let _ = kill_process_group(pid, Signal::KILL);
                behind.spawn(async move { drop(leader.wait().await) });
                return Err(error);
            }
        };
        let (stdin, stdout, stderr) = (
            leader.stdin.take(),
            leader.stdout.take(),
            leader.stderr.take(),
        );
        Ok(Self {
            leader,
            pid,
            exit,
            stdin,
            stdout,
            stderr,
        })
    }

    /// A group whose members are all gone cannot be signalled, which is as good.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.pid, signal);
    }

    /// Waits until the leader has ended and nobody holds its pipes, at most for the grace; then kills whoever is
    /// left, and reaps.
    async fn end(mut self, grace: Duration) {
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let quiet = async { tokio::join!(self.exit.wait(), discard(stdout), discard(stderr)) };
        drop(tokio::time::timeout(grace, quiet).await);
        self.signal(Signal::KILL);
        drop(self.leader.wait().await);
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        // Not yet reaped: the runtime is going down, or there is none.
        if self.leader.id().is_some() {
            self.signal(Signal::KILL);
        }
    }
}

fn spawn(call: &ProcessCall) -> io::Result<Child> {
    let mut command = Command::new(&call.program);
    command
        .args(&call.args)
        .envs(call.env.iter().map(|(name, value)| (name, value.expose())));
    let stdin = if call.stdin.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    };
    command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

/// Whether trying to start it again could help.
fn not_started(program: &str, error: &io::Error) -> TransportError {
    use io::ErrorKind::{
        ArgumentListTooLong, InvalidInput, NotADirectory, NotFound, PermissionDenied,
    };
    let text = error.to_string();
    match error.kind() {
        NotFound | PermissionDenied | NotADirectory | InvalidInput | ArgumentListTooLong => {
            TransportError::CommandNotFound {
                program: program.to_owned(),
                reason: text,
            }
        }
        _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
            TransportError::CommandNotFound {
                program: program.to_owned(),
                reason: text,
            }
        }
        _ => TransportError::NotStarted(text),
    }
}

fn lost(error: &io::Error) -> TransportError {
    TransportError::Disconnected(format!("lost sight of the child: {error}"))
}

/// Writes the prompt. A child that does not want all of it may say so by closing the pipe.
async fn feed(stdin: Option<ChildStdin>, input: Option<Bytes>) -> Result<(), TransportError> {
    if let (Some(mut stdin), Some(input)) = (stdin, input) {
        drop(stdin.write_all(&input).await);
    }
    Ok(())
}
