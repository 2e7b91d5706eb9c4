//! What HTTP itself would refuse, told where it stands and not when it is first sent.

use reqwest::header::{HeaderName, HeaderValue};

use super::super::origin::Origin;
use super::super::provider::ProviderConfig;

/// What of a provider could never be sent, and where it stands. `table` is what the provider is called.
pub(super) fn problem<'p>(
    provider: &'p ProviderConfig,
    table: &str,
) -> Option<(&'p Origin, String)> {
    let key = provider.client_key_file.as_ref();
    let alone = key.filter(|_| provider.client_cert_file.is_none());
    if let Some(key) = alone {
        let what = format!(
            "`client_key_file` in {table} is shown to nobody without the `client_cert_file` it belongs to"
        );
        return Some((&key.origin, what));
    }
    provider.headers.iter().find_map(|(name, value)| {
        let problem = header(name, value.value.raw())?;
        let what = format!("the header `{}` of {table} {problem}", name.escape_debug());
        Some((&value.origin, what))
    })
}

fn header(name: &str, value: &str) -> Option<&'static str> {
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Some("has a name that HTTP does not allow: letters, digits and `-`");
    }
    HeaderValue::from_bytes(value.as_bytes())
        .is_err()
        .then_some("has a value that HTTP does not allow: it must be on one line")
}
