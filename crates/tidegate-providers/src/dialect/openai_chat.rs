//! The dialect `openai-chat`: `POST /chat/completions`, spoken by `OpenAI` and nearly everybody else.
//!
//! The client's end: a [`Request`] becomes a body ([`encode`]), a whole reply becomes a
//! [`Response`](tidegate_core::Response) ([`decode`]), a stream becomes pieces ([`stream_decoder`]); texts become
//! vectors ([`encode_embed`], [`decode_embed`]). The server's end is [`server`].
//!
//! What the wire has no place for is refused by name before anything is sent, with two exceptions, because a
//! conversation must be able to go on elsewhere:
//! - A tool result that is an error has no field of its own; its text is preceded by `Error: `.
//! - Thoughts of earlier turns are sent as `reasoning_content` where the turn calls tools and the vendor takes them
//!   ([`Accent::thoughts`]), and left out otherwise. Signatures and encrypted thoughts are other vendors' and are
//!   left out.

mod answer;
mod body;
mod embed;
mod expressible;
pub mod server;
mod stream;
mod usage;
mod wire;

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tidegate_core::quota::Observed;
use tidegate_core::{ObservedLimits, Request, Target};

pub use answer::decode;
pub use embed::{decode_embed, encode_embed};
pub use stream::stream_decoder;

use crate::call::{Call, HttpCall, ReplyHead};
use crate::dialect::headers::{self, EVENTS, JSON};
use crate::provider::EncodeError;
use crate::retry_after::{self, Delay};

/// The dialect's name.
pub const NAME: &str = "openai-chat";

/// What stands before the text of a tool's error.
pub(crate) const ERROR_MARK: &str = "Error: ";

/// How one vendor speaks the dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a vendor takes a field or does not"
)]
pub struct Accent {
    /// Whose accent it is, for errors.
    pub provider: &'static str,
    /// Its name for the limit on output tokens.
    pub token_limit: TokenLimit,
    /// Whether it knows `top_k`, which `OpenAI`'s own API does not.
    pub top_k: bool,
    /// Whether it takes thoughts of earlier turns back as `reasoning_content`. `DeepSeek` demands them of turns that
    /// call tools; others refuse the field.
    pub thoughts: bool,
    /// Whether to ask for vectors in base64, a third of the bytes. Not everybody knows it.
    pub base64_vectors: bool,
    /// Whether it takes a `prompt_cache_key` for what requests have in common. Others refuse fields they do not know.
    pub prompt_cache_key: bool,
}

/// The name a vendor has for the limit on output tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLimit {
    /// `max_tokens`: everybody's, and refused by `OpenAI`'s reasoning models.
    MaxTokens,
    /// `max_completion_tokens`: `OpenAI`'s newer name.
    MaxCompletionTokens,
}

impl TokenLimit {
    const fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

/// What to send.
///
/// # Errors
/// [`EncodeError`] when the dialect cannot express the request, or the target has no base URL or a header that cannot
/// be sent.
pub fn encode(request: &Request, target: &Target, accent: Accent) -> Result<Call, EncodeError> {
    expressible::check(request, accent)?;
    let wanted = if request.stream { EVENTS } else { JSON };
    post(target, "/chat/completions", wanted, || {
        body::write(&target.model, request, accent)
    })
}

/// A POST to a route of the target. The body is written last, when nothing can go wrong any more.
fn post(
    target: &Target,
    route: &str,
    wanted: &'static str,
    body: impl FnOnce() -> Vec<u8>,
) -> Result<Call, EncodeError> {
    let base = target.base_url.as_deref().ok_or(EncodeError::NoBaseUrl)?;
    Ok(Call::Http(HttpCall {
        url: url(base, route),
        headers: headers(target, wanted)?,
        body: Bytes::from(body()),
    }))
}

/// The route behind the base URL's path; a query of its own (`?api-version=...`) stays at the end.
fn url(base: &str, route: &str) -> String {
    let (path, query) = base.split_at(base.find('?').unwrap_or(base.len()));
    format!("{}{route}{query}", path.trim_end_matches('/'))
}

fn headers(target: &Target, wanted: &'static str) -> Result<HeaderMap, EncodeError> {
    let key = target.credential.as_ref().map(|key| {
        let bearer = headers::sensitive("authorization", &format!("Bearer {}", key.expose()))?;
        Ok((AUTHORIZATION, bearer))
    });
    headers::json(target, wanted, key.transpose()?)
}

/// What the `x-ratelimit-*` headers tell; Mistral has names of its own. Sentinels (`-1`, a limit of 0) tell nothing.
pub fn limits(head: &ReplyHead) -> ObservedLimits {
    ObservedLimits {
        requests: observed(head, "requests").or_else(|| observed(head, "req-minute")),
        tokens: observed(head, "tokens").or_else(|| observed(head, "tokens-minute")),
        ..ObservedLimits::default()
    }
}

fn observed(head: &ReplyHead, dimension: &str) -> Option<Observed> {
    let read = |what: &str| head.header(&format!("x-ratelimit-{what}-{dimension}"));
    let limit: u64 = read("limit")?.parse().ok().filter(|limit| *limit > 0)?;
    let remaining = read("remaining")?.parse().ok()?;
    Some(Observed {
        limit,
        remaining,
        reset: read("reset").and_then(relative),
    })
}

fn relative(value: &str) -> Option<Duration> {
    match retry_after::parse(value)? {
        Delay::Relative(delay) => Some(delay),
        Delay::Until(_) => None,
    }
}
