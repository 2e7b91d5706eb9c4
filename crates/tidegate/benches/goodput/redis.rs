//! A Redis of the measurement's own.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::sleep;

/// A server that is there until this is dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// `None` where there is none to be started.
    pub(crate) async fn start(place: &Path) -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        #[expect(
            clippy::disallowed_methods,
            reason = "where a server is, this machine knows"
        )]
        let named = std::env::var_os("REDIS_SERVER");
        let mut child = Command::new(named.unwrap_or_else(|| OsString::from("redis-server")))
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(place)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .ok()?;
        let mut lines = BufReader::new(child.stdout.take()?).lines();
        while !lines.next_line().await.ok()??.contains("Ready to accept") {}
        Some(Self { child, port })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Holds it still for so long: its connections stay, and nobody answers.
    pub(crate) async fn stop_for(&self, time: Duration) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        let server = Pid::from_raw(id).unwrap();
        kill_process(server, Signal::STOP).unwrap();
        sleep(time).await;
        kill_process(server, Signal::CONT).unwrap();
    }
}
