//! Serves a simulator over real connections, and breaks them when told to.
//!
//! `axum::serve` keeps the socket to itself, but a provider that resets a connection is half of what a client must
//! survive. So each connection is a task here that holds both the HTTP state machine and the socket below it, and
//! every request carries a `Line` by which its handler can have the connection ended. HTTP/1 and HTTP/2 (with prior
//! knowledge, as there is no TLS) are served on the same port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::settings::Settings;
use crate::simulator::Simulator;

mod connection;

use connection::attend;

/// How long to leave a failing `accept` alone: it fails when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Binds a loopback address. Any other is refused: whoever reaches a simulator can make it say anything.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    check_loopback(address)?;
    TcpListener::bind(address).await
}

fn check_loopback(address: SocketAddr) -> io::Result<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let message = format!("the simulator listens on loopback only, and {address} is not");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

impl Simulator {
    /// Starts a simulator on a free port of 127.0.0.1, in a task of the current runtime.
    pub async fn start(settings: Settings) -> io::Result<Running> {
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let address = listener.local_addr()?;
        let simulator = Self::new(settings);
        let serving = simulator.clone().serve(listener, std::future::pending());
        Ok(Running {
            address,
            simulator,
            task: tokio::spawn(serving),
        })
    }

    /// Serves until `shutdown` completes; then every connection is dropped, answered or not.
    pub async fn serve<F>(self, listener: TcpListener, shutdown: F) -> io::Result<()>
    where
        F: Future<Output = ()>,
    {
        check_loopback(listener.local_addr()?)?;
        let service = TowerToHyperService::new(self.router());
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(attend(stream, service.clone()));
                    }
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
                () = &mut shutdown => return Ok(()),
            }
        }
    }
}

/// A simulator that is being served. Stops when dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    simulator: Simulator,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// The base URL, without the `/v1`: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The simulator, to look at its statistics and to extend its script.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
