//! Knowing that a child has ended, without reaping it.
//!
//! Reaping frees the child's number for strangers. As long as its group may still have to be killed, the number must
//! stay taken.

use std::io;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tidegate_core::Status;

/// Watches one child.
#[derive(Debug)]
pub(super) struct Exit {
    pid: Pid,
    #[cfg(target_os = "linux")]
    handle: tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>,
}

impl Exit {
    #[cfg(target_os = "linux")]
    pub(super) fn of(pid: Pid) -> io::Result<Self> {
        let handle = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?;
        #[expect(
            deprecated,
            reason = "deprecated for types that may change their descriptor; an `OwnedFd` cannot, and the successor is \
                      `unsafe`"
        )]
        let handle =
            tokio::io::unix::AsyncFd::with_interest(handle, tokio::io::Interest::READABLE)?;
        Ok(Self { pid, handle })
    }

    /// Waits until the child has ended. It is not reaped.
    #[cfg(target_os = "linux")]
    pub(super) async fn wait(&self) -> io::Result<()> {
        // A process's handle turns readable when it ends, and stays so.
        self.handle
            .readable()
            .await
            .map(|mut ready| ready.retain_ready())
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn of(pid: Pid) -> io::Result<Self> {
        Ok(Self { pid })
    }

    /// Waits until the child has ended. It is not reaped.
    #[cfg(not(target_os = "linux"))]
    pub(super) async fn wait(&self) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        // Listened to before it is looked, so that an end in between is not missed.
        let mut children = signal(SignalKind::child())?;
        while self.status()?.is_none() {
            children.recv().await;
        }
        Ok(())
    }

    /// How it ended; `None` while it runs.
    pub(super) fn status(&self) -> io::Result<Option<Status>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let Some(status) = waitid(WaitId::Pid(self.pid), options)? else {
            return Ok(None);
        };
        let code = status.exit_status().map(Status::Exit);
        Ok(code.or_else(|| status.terminating_signal().map(Status::Signal)))
    }
}
