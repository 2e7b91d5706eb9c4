//! The dialect `openai-chat`: `POST /chat/completions`, spoken by `OpenAI` and nearly everybody else.
//!
//! The client's end: a [`Request`] becomes a body ([`encode`]), a whole reply becomes a [`Response`] ([`decode`]), a
//! stream becomes pieces ([`stream_decoder`]).

mod stream;
mod wire;

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use tidegate_core::quota::Observed;
use tidegate_core::{
    Delivery, Excerpt, Failure, FailureKind, FinishReason, ObservedLimits, Request, Response,
    Target, Timestamp,
};

pub use stream::stream_decoder;

use crate::call::{Call, HttpCall, Reply, ReplyHead};
use crate::classify::{self, ErrorBody};
use crate::provider::EncodeError;
use crate::retry_after::{self, Delay};

/// The name a vendor has for the limit on output tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLimit {
    /// `max_tokens`: everybody's, and refused by `OpenAI`'s reasoning models.
    MaxTokens,
    /// `max_completion_tokens`: `OpenAI`'s newer name.
    MaxCompletionTokens,
}

/// What to send.
///
/// # Errors
/// [`EncodeError`] when the target has no base URL or a header that cannot be sent.
pub fn encode(request: &Request, target: &Target, limit: TokenLimit) -> Result<Call, EncodeError> {
    let base = target.base_url.as_deref().ok_or(EncodeError::NoBaseUrl)?;
    Ok(Call::Http(HttpCall {
        url: url(base),
        headers: headers(request, target)?,
        body: body(request, target, limit),
    }))
}

/// The route behind the base URL's path; a query of its own (`?api-version=...`) stays at the end.
fn url(base: &str) -> String {
    let (path, query) = base.split_at(base.find('?').unwrap_or(base.len()));
    format!("{}/chat/completions{query}", path.trim_end_matches('/'))
}

fn headers(request: &Request, target: &Target) -> Result<HeaderMap, EncodeError> {
    let mut headers = HeaderMap::with_capacity(4 + target.headers.len());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let accept = if request.stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    if let Some(key) = &target.credential {
        headers.insert(
            AUTHORIZATION,
            sensitive("authorization", &format!("Bearer {}", key.expose()))?,
        );
    }
    for (name, value) in &target.headers {
        let bad = |_| EncodeError::BadHeader { name: name.clone() };
        headers.insert(
            HeaderName::try_from(name).map_err(bad)?,
            sensitive(name, value.expose())?,
        );
    }
    Ok(headers)
}

fn sensitive(name: &str, value: &str) -> Result<HeaderValue, EncodeError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| EncodeError::BadHeader {
        name: name.to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The body. What the caller put into `extra` wins over what is derived; `null` there leaves a field out.
fn body(request: &Request, target: &Target, limit: TokenLimit) -> Bytes {
    let mut fields: Map<String, Value> = Map::new();
    if let Some(max) = request.max_tokens {
        let name = match limit {
            TokenLimit::MaxTokens => "max_tokens",
            TokenLimit::MaxCompletionTokens => "max_completion_tokens",
        };
        fields.insert(name.into(), max.into());
    }
    if let Some(temperature) = request.temperature {
        fields.insert("temperature".into(), temperature.into());
    }
    if request.stream {
        fields.insert("stream".into(), true.into());
        fields.insert(
            "stream_options".into(),
            serde_json::json!({ "include_usage": true }),
        );
    }
    fields.extend(
        request
            .extra
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    fields.retain(|_, value| !value.is_null());
    Bytes::from(wire::write(&target.model, request, &fields))
}

/// What came back, read whole.
///
/// # Errors
/// The [`Failure`] the reply amounts to.
pub fn decode(target: &Target, reply: &Reply, now: Timestamp) -> Result<Response, Failure> {
    if !reply.head.is_success() {
        return Err(classify::reply(target, reply, now));
    }
    match serde_json::from_slice::<wire::Completion<'_>>(&reply.body) {
        Ok(completion) if completion.choices.is_empty() => Err(no_choices(target, reply)),
        Ok(completion) => answer(target, completion),
        Err(_) => Err(unreadable(target, reply, now)),
    }
}

/// A success that is no completion: an error inside a 200, or something else altogether.
fn unreadable(target: &Target, reply: &Reply, now: Timestamp) -> Failure {
    if let Some(error) = ErrorBody::read(&reply.body) {
        return classify::reported(target, &error);
    }
    let judged = classify::reply(target, reply, now);
    Failure {
        kind: FailureKind::Malformed,
        ..judged
    }
}

/// A completion without a choice. Some proxies write an empty list beside the error.
fn no_choices(target: &Target, reply: &Reply) -> Failure {
    match ErrorBody::read(&reply.body) {
        Some(error) => classify::reported(target, &error),
        None => classify::malformed(target, "the answer has no choices"),
    }
}

fn answer(target: &Target, completion: wire::Completion<'_>) -> Result<Response, Failure> {
    let Some(choice) = completion.choices.into_iter().next() else {
        return Err(classify::malformed(target, "the answer has no choices"));
    };
    if let (Some("error"), Some(error)) = (choice.finish_reason.as_deref(), choice.error) {
        return Err(carried(target, &error));
    }
    if let Some(refusal) = choice.message.refusal.filter(|refusal| !refusal.is_empty()) {
        return Err(refused(target, &refusal));
    }
    let finish_reason = finish_reason(target, choice.finish_reason.as_deref())?;
    Ok(Response {
        id: completion.id.map(Into::into),
        model: completion.model.map(Into::into),
        text: choice.message.content.unwrap_or_default().into_owned(),
        finish_reason,
        usage: completion.usage.and_then(wire::TokenUsage::counted),
        ..Response::default()
    })
}

/// The error that stands where an answer or a piece of one should.
fn carried(target: &Target, error: &Value) -> Failure {
    let error = ErrorBody::find(&serde_json::json!({ "error": error })).unwrap_or_default();
    classify::reported(target, &error)
}

/// A reason's meaning. An answer withheld by a content filter, or broken off by the provider, is a failure: there is
/// no answer to use.
fn finish_reason(target: &Target, reason: Option<&str>) -> Result<FinishReason, Failure> {
    Ok(match reason {
        Some("stop" | "") | None => FinishReason::Stop,
        Some("length" | "model_length") => FinishReason::Length,
        Some("tool_calls" | "function_call") => FinishReason::ToolCalls,
        Some("content_filter") => {
            return Err(refused(
                target,
                "the provider's content filter withheld the answer",
            ));
        }
        Some("error") => return Err(broken_off(target, FailureKind::ServerError)),
        Some("insufficient_system_resource") => {
            return Err(broken_off(target, FailureKind::Overloaded));
        }
        Some(other) => FinishReason::Other(other.to_owned()),
    })
}

fn broken_off(target: &Target, kind: FailureKind) -> Failure {
    let words = "the provider broke off the answer";
    Failure::new(kind, Delivery::Answered).with_detail(Excerpt::of(words, target.secrets()))
}

fn refused(target: &Target, words: &str) -> Failure {
    Failure::new(FailureKind::ContentFiltered, Delivery::Answered)
        .with_detail(Excerpt::of(words, target.secrets()))
}

/// What the `x-ratelimit-*` headers tell; Mistral has names of its own. Sentinels (`-1`, a limit of 0) tell nothing.
pub fn limits(head: &ReplyHead) -> ObservedLimits {
    ObservedLimits {
        requests: observed(head, "requests").or_else(|| observed(head, "req-minute")),
        tokens: observed(head, "tokens").or_else(|| observed(head, "tokens-minute")),
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
