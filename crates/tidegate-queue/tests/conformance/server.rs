//! A real Redis of the test's own: on a free port of the loopback, in a directory of its own, ended with the test.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tidegate_core::Secret;
use tidegate_queue::RedisOptions;

const MISSING: &str = "these tests need `redis-server` (or `valkey-server`) on the PATH, or its path in REDIS_SERVER: \
                       apt-get install redis-server";

pub(crate) struct Server {
    child: Child,
    port: u16,
    place: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more options, as on its command line.
    pub(crate) fn start_with(more: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        loop {
            // Whoever takes the port in between makes the server end; then another one will do.
            let port = free_port();
            if let Some(child) = launch(port, more, &place) {
                return Self { child, port, place };
            }
        }
    }

    pub(crate) fn url(&self) -> Secret {
        Secret::new(format!("redis://127.0.0.1:{}", self.port))
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again at its port, with nothing in it.
    pub(crate) fn restart(&mut self) {
        self.child = launch(self.port, &[], &self.place).expect("its port is free again");
    }

    /// It keeps its connections, and answers nothing until it is told to [go on](Self::go_on).
    pub(crate) fn hold(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// One command, given as words, from somebody else.
    pub(crate) fn run<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.url().expose()).unwrap();
        let mut connection = client.get_connection().unwrap();
        let (first, more) = words.split_first().unwrap();
        redis::cmd(first).arg(more).query(&mut connection).unwrap()
    }

    pub(crate) fn options(&self) -> RedisOptions {
        RedisOptions::new(self.url())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been ended by the test.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until it accepts connections; `None` where it ends instead.
fn launch(port: u16, more: &[&str], place: &TempDir) -> Option<Child> {
    let mut child = Command::new(program())
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .arg("--dir")
        .arg(place.path())
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect(MISSING);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    for line in lines {
        let line = line.unwrap();
        if line.contains("Ready to accept connections") {
            return Some(child);
        }
        told.push(line);
    }
    child.wait().unwrap();
    let told = told.join("\n");
    assert!(told.contains("bind") || told.contains("in use"), "{told}");
    None
}

#[expect(
    clippy::disallowed_methods,
    reason = "where a server is, this machine knows"
)]
fn program() -> std::ffi::OsString {
    let found = |name: &str| {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).any(|place| place.join(name).is_file())
    };
    std::env::var_os("REDIS_SERVER").unwrap_or_else(|| {
        let name = ["redis-server", "valkey-server"]
            .into_iter()
            .find(|name| found(name));
        name.expect(MISSING).into()
    })
}
