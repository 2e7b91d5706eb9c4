//! The dialect `anthropic-messages`: `POST /v1/messages`, spoken by Anthropic and by servers that stand in for it.
//!
//! The client's end: a [`Request`] becomes a body ([`encode`]), a whole reply becomes a [`Response`](tidegate_core::Response) ([`decode`]), a
//! stream becomes pieces ([`stream_decoder`]). The server's end is [`server`].
//!
//! What the wire has no place for is refused by name before anything is sent. What it says in another way is said so:
//! - Turns of one role in a row become one turn, as the API itself would have it; other servers of the dialect refuse
//!   them. Results of tools come first in it, because the API demands them right behind the calls.
//! - Empty texts are left out: the API refuses them.
//! - Thoughts without a signature are left out. The API refuses them, lets thoughts of earlier turns be left out, and
//!   does so itself; refusing them here would end every conversation that begins at another vendor.
//! - `parallel_tool_calls` is a part of the wire's tool choice, and says nothing beside `none`.
//! - The schema of structured output has no name here, and is always kept to: `name` and `strict` are left out.
//! - The image detail `auto` is what the API does by itself.

mod answer;
mod block;
mod body;
mod expressible;
pub mod server;
mod stream;
mod usage;
mod wire;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tidegate_core::quota::Observed;
use tidegate_core::{ObservedLimits, Request, Target, Timestamp};

pub use answer::decode;
pub use stream::stream_decoder;

use crate::call::{Call, HttpCall, ReplyHead};
use crate::dialect::headers::{self, EVENTS, JSON};
use crate::provider::EncodeError;
use crate::retry_after;

/// The dialect's name.
pub const NAME: &str = "anthropic-messages";

const KEY: HeaderName = HeaderName::from_static("x-api-key");
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// What to send.
///
/// # Errors
/// [`EncodeError`] when the dialect cannot express the request, or the target has no base URL or a header that cannot
/// be sent.
pub fn encode(request: &Request, target: &Target) -> Result<Call, EncodeError> {
    expressible::check(request)?;
    let base = target.base_url.as_deref().ok_or(EncodeError::NoBaseUrl)?;
    Ok(Call::Http(HttpCall {
        url: url(base),
        headers: headers(request, target)?,
        body: Bytes::from(body::write(&target.model, request)),
    }))
}

/// The route behind the base URL's path. Vendors' own programs want `ANTHROPIC_BASE_URL` without a version, everybody
/// else writes one, so it is added where it is missing. A query of its own stays at the end.
fn url(base: &str) -> String {
    let (path, query) = base.split_at(base.find('?').unwrap_or(base.len()));
    let path = path.trim_end_matches('/');
    let version = if path.rsplit('/').next().is_some_and(is_version) {
        ""
    } else {
        "/v1"
    };
    format!("{path}{version}/messages{query}")
}

/// `v1`, `v2`.
fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn headers(request: &Request, target: &Target) -> Result<HeaderMap, EncodeError> {
    let wanted = if request.stream { EVENTS } else { JSON };
    let mut own = vec![(VERSION, HeaderValue::from_static("2023-06-01"))];
    if let Some(key) = &target.credential {
        own.push((KEY, headers::sensitive(KEY.as_str(), key.expose())?));
    }
    headers::json(target, wanted, own)
}

/// The limit on output tokens, which the API demands.
///
/// Unless chosen it is 8,192, and 4,096 for the first models of Claude 3, whose most that is: what every model that is
/// served accepts, more than a page of text, and little enough that a whole reply comes well within the time-outs on the
/// way. An answer that is cut there says so. A budget for thinking (`thinking.budget_tokens` in `extra`) counts against
/// the limit at the API, so it is added to it.
pub fn max_tokens(request: &Request, model: &str) -> u64 {
    const FIRST: [&str; 3] = ["claude-3-opus", "claude-3-sonnet", "claude-3-haiku"];
    let unless_chosen = || {
        let first = FIRST.iter().any(|name| model.contains(name));
        let thinking = request.extra.get("thinking");
        let budget = thinking.and_then(|thinking| thinking.get("budget_tokens")?.as_u64());
        budget
            .unwrap_or(0)
            .saturating_add(if first { 4_096 } else { 8_192 })
    };
    request.max_tokens.map_or_else(unless_chosen, u64::from)
}

/// What the `anthropic-ratelimit-*` headers tell. A limit of 0 tells nothing; the counts of tokens are rounded, and a
/// reset may lie before the reply's own `Date`, which means now.
pub fn limits(head: &ReplyHead, now: Timestamp) -> ObservedLimits {
    let ReplyHead::Http { headers, .. } = head else {
        return ObservedLimits::default();
    };
    let observed = |dimension| observed(headers, dimension, now);
    ObservedLimits {
        requests: observed("requests"),
        tokens: observed("tokens"),
        input_tokens: observed("input-tokens"),
        output_tokens: observed("output-tokens"),
    }
}

fn observed(headers: &HeaderMap, dimension: &str, now: Timestamp) -> Option<Observed> {
    let name = |what: &str| format!("anthropic-ratelimit-{dimension}-{what}");
    let count = |what: &str| headers.get(name(what))?.to_str().ok()?.parse::<u64>().ok();
    let limit = count("limit").filter(|limit| *limit > 0)?;
    Some(Observed {
        limit,
        remaining: count("remaining")?.min(limit),
        reset: retry_after::from_value(headers, &name("reset"), now),
    })
}
