//! The headers of every dialect: one place marks what is secret, and one place knows what announces a stream.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_core::Target;

use crate::call::ReplyHead;
use crate::provider::EncodeError;

/// The media type of bodies, and of answers read whole.
pub(super) const JSON: &str = "application/json";
/// The media type of streamed answers.
pub(super) const EVENTS: &str = "text/event-stream";

/// The headers of a JSON body that `wanted` is the answer to: the dialect's `own`, then those configured for the
/// target, which win.
pub(super) fn json(
    target: &Target,
    wanted: &'static str,
    own: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
) -> Result<HeaderMap, EncodeError> {
    let mut headers = HeaderMap::with_capacity(4 + target.headers.len());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(ACCEPT, HeaderValue::from_static(wanted));
    headers.extend(own);
    for (name, value) in &target.headers {
        let bad = |_| EncodeError::BadHeader { name: name.clone() };
        headers.insert(
            HeaderName::try_from(name).map_err(bad)?,
            sensitive(name, value.expose())?,
        );
    }
    Ok(headers)
}

/// A value that `Debug` does not show and caches do not keep.
pub(super) fn sensitive(name: &str, value: &str) -> Result<HeaderValue, EncodeError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| EncodeError::BadHeader {
        name: name.to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether a reply is a stream of events. Servers that ignore `stream: true` answer with JSON.
pub(super) fn announces_events(head: &ReplyHead) -> bool {
    let kind = head.header(CONTENT_TYPE.as_str());
    head.is_success() && kind.is_some_and(|kind| kind.starts_with(EVENTS))
}
