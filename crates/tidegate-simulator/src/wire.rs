//! What tells one provider's wire from another's.
//!
//! Script, limits, faults and statistics are the same for all; a wire only reads requests and writes answers. A further
//! one is one more file and one more entry in `wires`.

use std::fmt;
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;

use crate::completion::Completion;
use crate::fault::WireEvent;
use crate::headers::HeaderStyle;
use crate::prompt::Prompt;
use crate::refusal::{ErrorBody, Refusal, Why};

/// A URL of a wire, for POST.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) task: Task,
}

/// What is asked for at a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Chat,
    Embed,
}

/// The events of a stream, made one at a time.
pub(crate) type Events = Box<dyn Iterator<Item = WireEvent> + Send>;

/// The format in which a provider is spoken to. It shares no code with any client.
pub(crate) trait Wire: fmt::Debug + Sync {
    /// Its name in `/stats`.
    fn name(&self) -> &'static str;

    /// The URLs at which it answers.
    fn routes(&self) -> &'static [Route];

    /// Whether a request to a URL that several wires have is meant for this one.
    fn claims(&self, headers: &HeaderMap) -> bool;

    /// The key that a request carries.
    fn key<'a>(&self, headers: &'a HeaderMap) -> Option<&'a [u8]>;

    /// Reads a request, or says what the provider would say about it.
    fn read(&self, route: Route, parts: &Parts, body: &[u8]) -> Result<Prompt, Refusal>;

    /// A good answer in one piece.
    fn whole(&self, completion: &Completion) -> Bytes;

    /// A good answer as a stream.
    fn events(&self, completion: Completion, prompt: &Prompt) -> Events;

    /// What a refusal says, about a request for this model.
    fn refusal(&self, why: Why<'_>, model: &str) -> Refusal;

    /// The error in its envelope.
    fn envelope(&self, error: &ErrorBody, request_id: &str) -> String;

    /// An error in the middle of a stream, from its envelope.
    fn error_event(&self, envelope: &str) -> Bytes;

    /// What keeps a silent stream alive.
    fn ping(&self) -> Bytes;

    /// The models there are.
    fn models(&self, names: &[String], created: u64) -> String;

    /// Whose headers tell how the limits stand.
    fn header_style(&self) -> HeaderStyle;

    /// Adds the headers that every response carries.
    fn headers(&self, headers: &mut HeaderMap, facts: &Facts<'_>);
}

/// What the headers of a response tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) request_id: &'a str,
    /// Time since the request arrived.
    pub(crate) spent: Duration,
}

/// A header of our own digits, letters and colons.
pub(crate) fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("0"))
}

/// Structs and strings of ours always serialize.
pub(crate) fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The key of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let header = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, key) = header.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| key.trim_ascii())
}
