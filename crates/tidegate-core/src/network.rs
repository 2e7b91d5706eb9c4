//! How a target is reached over the network, where it is not the usual way.

use std::fmt;
use std::path::PathBuf;

use crate::target::host;

/// The way to a target: through which proxy, and whom to trust. Files are read by the transport.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Network {
    /// The proxy between.
    pub proxy: Proxy,
    /// PEM certificates of authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// A PEM certificate, with its chain, to show to a server that asks for one.
    pub client_cert_file: Option<PathBuf>,
    /// The PEM key that belongs to it; where unset, it stands in the same file.
    pub client_key_file: Option<PathBuf>,
}

/// The proxy between us and a target.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub enum Proxy {
    /// The one that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say; none for this machine itself.
    #[default]
    Environment,
    /// None, whatever the environment says.
    Direct,
    /// This one, by its URL, which may carry a credential.
    Url(String),
}

impl fmt::Debug for Proxy {
    /// Of a URL the host alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::Direct => f.write_str("Direct"),
            Self::Url(url) => write!(f, "Url({})", host(url)),
        }
    }
}
