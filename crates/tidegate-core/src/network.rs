//! How a target is reached over the network, where it is not the usual way.

use std::fmt;
use std::path::PathBuf;

use crate::secret::REDACTED;

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

impl Network {
    /// The usual way: the environment's proxy, the system's authorities.
    pub const USUAL: Self = Self {
        proxy: Proxy::Environment,
        ca_file: None,
        client_cert_file: None,
        client_key_file: None,
    };
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

/// The host of a URL and its port, where it names one: what of a URL may be shown. The rest may carry credentials.
///
/// # Examples
/// ```
/// assert_eq!(tidegate_core::network::host("https://user:key@proxy.example:8443/v1/token?k=v"), "proxy.example:8443");
/// ```
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

/// A URL without what some put into it: `user:password@` and a query.
///
/// # Examples
/// ```
/// # use tidegate_core::network::without_secrets;
/// assert_eq!(without_secrets("https://me:key@api.example/v1?k=v"), "https://[redacted]@api.example/v1?[redacted]");
/// ```
pub fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url
        .split_once("://")
        .map_or(("", url), |(scheme, rest)| (scheme, rest));
    let (rest, query) = rest
        .split_once('?')
        .map_or((rest, ""), |(rest, _)| (rest, "?"));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority
        .rsplit_once('@')
        .map(|(_, host)| format!("{REDACTED}@{host}"));
    let host = host.unwrap_or_else(|| authority.to_owned());
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{REDACTED}")
    };
    let scheme = if scheme.is_empty() {
        String::new()
    } else {
        format!("{scheme}://")
    };
    format!("{scheme}{host}{path}{query}")
}
