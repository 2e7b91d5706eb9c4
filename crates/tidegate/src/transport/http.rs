//! Calls over HTTP.

mod client;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use reqwest::Client;
use tidegate_core::network::host;
use tidegate_core::{Network, Timeouts};
use tidegate_providers::{Call, HttpCall, ReplyHead, TransportError};

pub use self::client::POOL_IDLE;
use super::{Incoming, Sending, Transport};

/// Calls over HTTP/1.1 and HTTP/2, over TLS where the URL says so.
///
/// A client is made when the first call needs it: reading the system's certificates takes longer than a local call.
#[derive(Debug, Default)]
pub struct HttpTransport {
    clients: Mutex<HashMap<ClientKey, Client>>,
}

/// What a client is made for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ClientKey {
    tls: bool,
    /// On this machine: no proxy of the environment stands between.
    loopback: bool,
    connect: Duration,
    network: Network,
}

impl HttpTransport {
    /// A transport without open connections.
    pub fn new() -> Self {
        Self::default()
    }

    fn client(&self, key: ClientKey) -> Result<Client, TransportError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = client::build(&key)?;
        clients.insert(key, client.clone());
        Ok(client)
    }

    async fn post(
        &self,
        call: &HttpCall,
        timeouts: &Timeouts,
        network: &Network,
    ) -> Result<Incoming, TransportError> {
        let tls = call
            .url
            .get(..8)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
        let loopback = is_loopback(host(&call.url));
        let client = self.client(ClientKey {
            tls,
            loopback,
            connect: timeouts.connect,
            network: network.clone(),
        })?;
        let request = client
            .post(&call.url)
            .headers(call.headers.clone())
            .body(call.body.clone());
        let response = request.send().await.map_err(failed)?;
        let head = ReplyHead::Http {
            status: response.status(),
            headers: response.headers().clone(),
        };
        let body = response.bytes_stream().map_err(broken);
        Ok(Incoming {
            head,
            body: Box::pin(body),
        })
    }
}

impl Transport for HttpTransport {
    fn send<'a>(
        &'a self,
        call: &'a Call,
        timeouts: &'a Timeouts,
        network: &'a Network,
    ) -> Sending<'a> {
        Box::pin(async move {
            match call {
                Call::Http(call) => self.post(call, timeouts, network).await,
                _ => Err(TransportError::NotStarted(
                    "this transport carries HTTP only".into(),
                )),
            }
        })
    }
}

/// Whether a host, with or without its port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// How far a request got that has no response.
fn failed(error: reqwest::Error) -> TransportError {
    if error.is_connect() && error.is_timeout() {
        return TransportError::ConnectTimeout;
    }
    if error.is_connect() || error.is_builder() || was_refused_unread(&error) {
        return TransportError::Unreachable(words(error));
    }
    TransportError::Disconnected(words(error))
}

/// A body that ends in an error: cut off, or not in the encoding its head names.
fn broken(error: reqwest::Error) -> TransportError {
    let nonsense = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        )
    };
    if causes(&error)
        .filter_map(|cause| cause.downcast_ref())
        .any(nonsense)
    {
        let words = words(error);
        return TransportError::Unreadable(format!("the body is not what its head says: {words}"));
    }
    TransportError::Disconnected(words(error))
}

/// What an error was caused by, and that by what, to the innermost.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

/// Whether an HTTP/2 server said that it has not looked at the request: it refused the stream, or it was going away and
/// named an earlier one as the last it would serve (RFC 9113, 6.8 and 8.7).
fn was_refused_unread(error: &reqwest::Error) -> bool {
    let said = |error: &h2::Error| match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) => true,
        Some(h2::Reason::NO_ERROR) => error.is_go_away() && error.is_remote(),
        _ => false,
    };
    causes(error)
        .filter_map(|cause| cause.downcast_ref())
        .any(said)
}

/// The innermost cause, which is what went wrong; the rest of the chain says where in the library. Without the URL,
/// which may carry a key.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    causes(&error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_all_its_names() {
        for name in ["localhost:8080", "127.0.0.1", "127.1.2.3:80", "[::1]:443"] {
            assert!(is_loopback(name), "{name}");
        }
        for name in ["localhost.example", "10.0.0.1", "[2001:db8::1]:443", ""] {
            assert!(!is_loopback(name), "{name}");
        }
    }
}
