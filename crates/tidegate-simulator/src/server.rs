//! Serves a simulator over real connections, and breaks them when told to.
//!
//! `axum::serve` keeps the socket to itself, but a provider that resets a connection is half of what a client must
//! survive. So each connection is a task here that holds both the HTTP state machine and the socket below it, and
//! every request carries a [`Line`] by which its handler can have the connection ended.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::line::{Ending, Line};
use crate::settings::Settings;
use crate::simulator::Simulator;

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

/// Serves one connection until it ends or is ended.
async fn attend(stream: TcpStream, router: TowerToHyperService<axum::Router>) {
    // Without it only latency suffers.
    let _ = stream.set_nodelay(true);
    let line = Line::default();
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(line.clone());
        router.call(request)
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ending = tokio::select! {
        // A client that leaves early or an answer that is cut is no error of the simulator.
        _ = &mut connection => return,
        ending = line.ended() => ending,
    };
    let stream = connection.into_parts().io.into_inner();
    if ending == Ending::Reset {
        // Closing with a linger of zero sends RST; failing that, the FIN ends it just as early.
        let _ = stream.set_zero_linger();
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
