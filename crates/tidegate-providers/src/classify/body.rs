//! The error inside a body, whatever its wrapping.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::retry_after;

/// What vendors' error bodies have in common. Forms seen: `{"error": {...}}`, `{"error": "text"}`, the fields at the
/// top (Mistral), beside `{"error": "name"}` (web frameworks) or `{"status": "failure"}` (Portkey), an array of one
/// (Gemini), `{"detail": ...}` (FastAPI), and JSON as a string inside `message`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// Its codes and types, the more specific first, lower case.
    pub codes: Vec<String>,
    /// What it says to a person.
    pub message: String,
    /// The HTTP status it claims, for errors inside a success.
    pub status: Option<StatusCode>,
    /// The parameter it names.
    pub(super) param: Option<String>,
    /// Google's reasons and the ids of the quotas exceeded, lower case.
    pub(super) details: Vec<String>,
    hint: Option<Duration>,
}

impl ErrorBody {
    /// The error in `body`; `None` when it is not JSON or carries none.
    pub fn read(body: &[u8]) -> Option<Self> {
        Self::find(&serde_json::from_slice(body).ok()?)
    }

    /// The error in a JSON value; `None` when there is none.
    pub fn find(value: &Value) -> Option<Self> {
        let value = match value {
            Value::Array(items) => items.first()?,
            other => other,
        };
        let error = match value.get("error") {
            Some(Value::Null) => None,
            Some(Value::String(_)) if text(value, "message").is_some() => Some(value),
            Some(error) => Some(error),
            None => value.get("detail").or_else(|| bare(value)),
        }?;
        Some(Self::of(error))
    }

    fn of(error: &Value) -> Self {
        let message = match error {
            Value::String(text) => text.clone(),
            _ => text(error, "message")
                .or_else(|| text(error, "msg"))
                .unwrap_or_default()
                .to_owned(),
        };
        let inner = nested(&message);
        let outer = Self {
            codes: codes(error),
            message,
            status: ["code", "status", "statusCode", "status_code"]
                .into_iter()
                .find_map(|key| status(error.get(key)?)),
            param: text(error, "param").map(str::to_owned),
            details: reasons(error).chain(quotas(error)).collect(),
            hint: hint(error),
        };
        match inner {
            Some(inner) => inner.within(outer),
            None => outer,
        }
    }

    /// An error that stood as text in the message of another one: it says more, and the other what it leaves out.
    fn within(mut self, outer: Self) -> Self {
        self.codes.extend(outer.codes);
        self.details.extend(outer.details);
        self.status = self.status.or(outer.status);
        self.param = self.param.or(outer.param);
        self.hint = self.hint.or(outer.hint);
        self
    }

    /// The most specific code, if it looks like one: what errors show and programs compare.
    pub fn code(&self) -> Option<String> {
        let plain = |code: &&String| {
            code.len() <= 64
                && code
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        self.codes.iter().find(plain).cloned()
    }

    /// The wait it asks for, in a field or in its words.
    pub fn retry_after(&self) -> Option<Duration> {
        self.hint.or_else(|| retry_after::from_words(&self.message))
    }
}

/// An error whose fields stand at the top: it must look like one, or every object would.
fn bare(value: &Value) -> Option<&Value> {
    let marked = ["type", "code", "object", "statusCode"]
        .into_iter()
        .any(|key| value.get(key).is_some());
    let failed = matches!(text(value, "status"), Some("failure" | "error"));
    ((marked || failed) && text(value, "message").is_some()).then_some(value)
}

/// JSON written as a string into `message`, as proxies in a row do.
fn nested(message: &str) -> Option<ErrorBody> {
    if let Some(quote) = quoted(message) {
        let first = serde_json::Deserializer::from_str(quote).into_iter().next();
        return ErrorBody::find(&first?.ok()?);
    }
    if !message.trim_start().starts_with(['{', '[']) {
        return None;
    }
    ErrorBody::read(message.as_bytes())
}

/// The JSON that `LiteLLM` quotes of its upstream's reply, with words of its own behind it:
/// `litellm.RateLimitError: AnthropicException - {...}`, and as Python's `b'{...}'` where a stream was asked for.
fn quoted(message: &str) -> Option<&str> {
    let (_, quote) = message.strip_prefix("litellm.")?.split_once(" - ")?;
    let quote = quote.strip_prefix("b'").unwrap_or(quote);
    quote.starts_with('{').then_some(quote)
}

fn codes(error: &Value) -> Vec<String> {
    let inner = ["innererror", "details", "metadata"]
        .into_iter()
        .filter_map(|key| error.get(key));
    let deep = inner.flat_map(|value| {
        ["limit_source", "code", "error_code", "error_type"].map(|key| text(value, key))
    });
    let own =
        ["code", "error_type", "type", "status", "reason", "error"].map(|key| text(error, key));
    reasons(error)
        .chain(deep.chain(own).flatten().map(str::to_ascii_lowercase))
        .collect()
}

/// Google's list of details.
fn details(error: &Value) -> impl Iterator<Item = &Value> {
    let details = error.get("details").and_then(Value::as_array);
    details.into_iter().flatten()
}

fn reasons(error: &Value) -> impl Iterator<Item = String> {
    details(error)
        .filter_map(|detail| text(detail, "reason"))
        .map(str::to_ascii_lowercase)
}

fn quotas(error: &Value) -> impl Iterator<Item = String> {
    details(error)
        .filter_map(|detail| detail.get("violations")?.as_array())
        .flatten()
        .filter_map(|violation| text(violation, "quotaId"))
        .map(str::to_ascii_lowercase)
}

/// A status of failure, as a number or (Azure, `LiteLLM`) as a string.
fn status(value: &Value) -> Option<StatusCode> {
    let number = (value.as_u64()).or_else(|| value.as_str()?.parse().ok())?;
    StatusCode::from_u16(u16::try_from(number).ok()?)
        .ok()
        .filter(|status| status.is_client_error() || status.is_server_error())
}

/// Gemini's `RetryInfo`, and the seconds some proxies put beside the message.
fn hint(error: &Value) -> Option<Duration> {
    let delay = details(error).find_map(|detail| text(detail, "retryDelay"));
    let plain = error
        .get("retry_after")
        .map(|value| value.to_string().trim_matches('"').to_owned());
    match retry_after::parse(&delay.map(str::to_owned).or(plain)?)? {
        retry_after::Delay::Relative(delay) => Some(delay),
        retry_after::Delay::Until(_) => None,
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}
