//! The HTTP client: what it is told, once, for all calls that go the same way.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Identity, redirect};
use tidegate_core::{Network, Proxy};
use tidegate_providers::TransportError;

use super::{ClientKey, words};

/// How long a connection waits for a next request. It is looked for that often, so it is closed after twice as long at most.
///
/// Below the 30 s and more after which servers and balancers close idle connections, so that they are closed from
/// our side: a request on a connection the other side is just closing may or may not have been served.
pub const POOL_IDLE: Duration = Duration::from_secs(25);
/// Without these a connection to a machine that has vanished hangs until the attempt's time-out.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(20);
const KEEP_ALIVE_WITHIN: Duration = Duration::from_secs(10);

const USER_AGENT: &str = concat!("tidegate/", env!("CARGO_PKG_VERSION"));

/// A client for calls of this kind.
pub(super) fn build(key: &ClientKey) -> Result<Client, TransportError> {
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(key.connect)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_idle_timeout(POOL_IDLE)
        .http2_keep_alive_interval(KEEP_ALIVE_EVERY)
        .http2_keep_alive_timeout(KEEP_ALIVE_WITHIN)
        .tcp_nodelay(true);
    let builder = through_proxy(builder, key)?;
    let secure_proxy = matches!(&key.network.proxy, Proxy::Url(url) if url.starts_with("https://"));
    let builder = if key.tls || secure_proxy {
        trusting(builder, &key.network)?
    } else {
        // Reading the system's certificates takes longer than a local call.
        builder.tls_certs_only([])
    };
    builder.build().map_err(|error| unusable(words(error)))
}

fn through_proxy(builder: ClientBuilder, key: &ClientKey) -> Result<ClientBuilder, TransportError> {
    match &key.network.proxy {
        Proxy::Url(url) => {
            let proxy = reqwest::Proxy::all(url).map_err(|error| unusable(words(error)))?;
            Ok(builder.proxy(proxy))
        }
        Proxy::Environment if !key.loopback => Ok(builder),
        Proxy::Environment | Proxy::Direct => Ok(builder.no_proxy()),
    }
}

/// Adds the authorities to trust and the certificate to show.
fn trusting(builder: ClientBuilder, network: &Network) -> Result<ClientBuilder, TransportError> {
    let builder = match &network.ca_file {
        None => builder,
        Some(path) => builder.tls_certs_merge(authorities(path)?),
    };
    match &network.client_cert_file {
        None => Ok(builder),
        Some(path) => Ok(builder.identity(identity(path, network.client_key_file.as_deref())?)),
    }
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, TransportError> {
    let certificates = Certificate::from_pem_bundle(&read(path, "ca_file")?)
        .map_err(|error| no_pem(path, "ca_file", "certificates", error))?;
    if certificates.is_empty() {
        let path = path.display();
        return Err(unusable(format!(
            "`ca_file` {path} holds no PEM certificate"
        )));
    }
    Ok(certificates)
}

fn identity(cert: &Path, key: Option<&Path>) -> Result<Identity, TransportError> {
    let mut pem = read(cert, "client_cert_file")?;
    if let Some(key) = key {
        pem.push(b'\n');
        pem.extend(read(key, "client_key_file")?);
    }
    Identity::from_pem(&pem).map_err(|error| {
        no_pem(
            cert,
            "client_cert_file",
            "a certificate with its key",
            error,
        )
    })
}

fn read(path: &Path, key: &str) -> Result<Vec<u8>, TransportError> {
    std::fs::read(path).map_err(|error| {
        unusable(format!(
            "`{key}` {} cannot be read: {error}",
            path.display()
        ))
    })
}

fn no_pem(path: &Path, key: &str, what: &str, error: reqwest::Error) -> TransportError {
    let (path, why) = (path.display(), words(error));
    unusable(format!("`{key}` {path} does not hold {what} in PEM: {why}"))
}

const fn unusable(what: String) -> TransportError {
    TransportError::Unusable(what)
}
