//! Why an attempt failed, in words all providers share.
//!
//! A status code is not enough to act on: 429 may be a rate limit, a spent quota or one oversized request, and a
//! time-out may or may not have been billed. A [`Failure`] therefore says three things apart: what kind it is, how
//! far the request got, and what the server asked for.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::duration::{Spell, as_optional_millis};
use crate::secret::Secret;

/// What went wrong. A new kind does not compile until [`FailureKind::class`] and the error words know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Too many requests or tokens for the moment.
    RateLimited,
    /// The provider has no capacity, whoever asks.
    Overloaded,
    /// The provider failed (500, 502, 503, 504 and the like).
    ServerError,
    /// The command could not be started for a passing reason (no memory, no process slot).
    NotStarted,
    /// No connection could be made.
    Unreachable,
    /// The connection broke after the request may have been sent.
    Disconnected,
    /// No connection within the connect time-out.
    ConnectTimeout,
    /// No output within the first-token time-out.
    FirstTokenTimeout,
    /// Output began, then nothing more came within the idle time-out.
    IdleTimeout,
    /// The attempt as a whole took longer than its time-out.
    AttemptTimeout,
    /// The run's deadline passed while the attempt was under way.
    RunTimeout,
    /// A stream ended without its proper end.
    StreamBroken,
    /// The answer could not be read as what it should be.
    Malformed,
    /// The answer is larger than the bound on answers.
    OutputTooLarge,
    /// The credential was not accepted (401).
    AuthFailed,
    /// The credential may not do this (403).
    PermissionDenied,
    /// A quota, budget or credit is spent: waiting seconds does not help.
    QuotaExhausted,
    /// No such model or route.
    NotFound,
    /// This one request is larger than the whole rate limit, or than the server reads.
    RequestTooLarge,
    /// The prompt does not fit the model's context.
    ContextTooLong,
    /// The provider declined the content.
    ContentFiltered,
    /// The request itself is wrong (400, 422).
    InvalidRequest,
    /// What is asked cannot be expressed at this target; nothing was sent.
    Unsupported,
    /// The command does not exist or may not be executed.
    CommandNotFound,
    /// The command failed and did not say why in words known here.
    CommandFailed,
}

/// What can be done about a failure: what [`crate::retry::decide`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// Wait for the limit, then the same again.
    RateLimit,
    /// The same again may well succeed.
    Transient,
    /// Silence: someone else first, the same again only where nobody else is left.
    Timeout,
    /// The same again, once: what is unreadable twice is so on purpose.
    Unreadable,
    /// Never again here; another target may serve.
    Target,
    /// Never again anywhere: the request is at fault.
    Request,
}

impl FailureKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 25] = [
        Self::RateLimited,
        Self::Overloaded,
        Self::ServerError,
        Self::NotStarted,
        Self::Unreachable,
        Self::Disconnected,
        Self::ConnectTimeout,
        Self::FirstTokenTimeout,
        Self::IdleTimeout,
        Self::AttemptTimeout,
        Self::RunTimeout,
        Self::StreamBroken,
        Self::Malformed,
        Self::OutputTooLarge,
        Self::AuthFailed,
        Self::PermissionDenied,
        Self::QuotaExhausted,
        Self::NotFound,
        Self::RequestTooLarge,
        Self::ContextTooLong,
        Self::ContentFiltered,
        Self::InvalidRequest,
        Self::Unsupported,
        Self::CommandNotFound,
        Self::CommandFailed,
    ];

    /// What can be done about it.
    pub const fn class(self) -> FailureClass {
        match self {
            Self::RateLimited => FailureClass::RateLimit,
            Self::Overloaded
            | Self::ServerError
            | Self::NotStarted
            | Self::Unreachable
            | Self::Disconnected
            | Self::StreamBroken => FailureClass::Transient,
            Self::ConnectTimeout
            | Self::FirstTokenTimeout
            | Self::IdleTimeout
            | Self::AttemptTimeout
            | Self::RunTimeout => FailureClass::Timeout,
            Self::Malformed => FailureClass::Unreadable,
            Self::OutputTooLarge
            | Self::AuthFailed
            | Self::PermissionDenied
            | Self::QuotaExhausted
            | Self::NotFound
            | Self::RequestTooLarge
            | Self::ContextTooLong
            | Self::Unsupported
            | Self::CommandNotFound
            | Self::CommandFailed => FailureClass::Target,
            Self::ContentFiltered | Self::InvalidRequest => FailureClass::Request,
        }
    }

    /// The kind in a few words, lower case, to stand after "TARGET: ".
    pub const fn words(self) -> &'static str {
        match self {
            Self::RateLimited => "rate limited",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server error",
            Self::NotStarted => "could not be started",
            Self::Unreachable => "no connection",
            Self::Disconnected => "connection broke",
            Self::ConnectTimeout => "timed out connecting",
            Self::FirstTokenTimeout => "timed out waiting for the first token",
            Self::IdleTimeout => "timed out: the answer went silent",
            Self::AttemptTimeout => "timed out",
            Self::RunTimeout => "timed out: the deadline of the run passed",
            Self::StreamBroken => "the answer broke off",
            Self::Malformed => "unreadable answer",
            Self::OutputTooLarge => "answer larger than the bound",
            Self::AuthFailed => "authentication failed",
            Self::PermissionDenied => "permission denied",
            Self::QuotaExhausted => "quota exhausted",
            Self::NotFound => "not found",
            Self::RequestTooLarge => "request too large",
            Self::ContextTooLong => "context too long",
            Self::ContentFiltered => "content refused",
            Self::InvalidRequest => "request refused",
            Self::Unsupported => "not possible at this target",
            Self::CommandNotFound => "command not found",
            Self::CommandFailed => "command failed",
        }
    }
}

/// How far the request got: whether trying again could be billed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It never left.
    NotSent,
    /// It may have been served, and billed, without an answer reaching us.
    Unknown,
    /// The provider answered.
    Answered,
}

/// The number a failure came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// An HTTP status, from the wire or from the words of a command.
    Http(u16),
    /// A command's exit code.
    Exit(i32),
    /// The signal that ended a command.
    Signal(i32),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(status) => write!(f, "HTTP {status}"),
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A provider's own words: bounded, one line, free of the credential.
///
/// They may echo the prompt, so they are for the person who asked: never in `Debug`, in events or in the one-line
/// error, only where [`Excerpt::as_str`] is called on purpose.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Excerpt(String);

impl Excerpt {
    /// The longest excerpt kept, in bytes.
    pub const MAX: usize = 2_048;

    /// Takes the beginning of `text`, folds its white space, and removes `secrets` from it.
    pub fn of<'s>(text: &str, secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        // Redacted before it is cut: a cut through a credential would leave half of it.
        let window = floor(text, Self::MAX * 4);
        let clean = secrets.into_iter().fold(window.to_owned(), |text, secret| {
            secret.redact(&text).into_owned()
        });
        let mut line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.len() > Self::MAX {
            line.truncate(floor(&line, Self::MAX).len());
            line.push('…');
        }
        Self(line)
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the provider said nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The longest prefix of at most `max` bytes that ends between characters.
fn floor(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Excerpt({} bytes)", self.0.len())
    }
}

/// Why one attempt failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// How far the request got.
    pub delivery: Delivery,
    /// The number it came with.
    pub status: Option<Status>,
    /// The provider's own code for it, such as `insufficient_quota`.
    pub code: Option<String>,
    /// How long the server asked us to wait.
    #[serde(rename = "retry_after_ms", serialize_with = "as_optional_millis")]
    pub retry_after: Option<Duration>,
    /// The time-out that ran out, for the kinds that are time-outs.
    #[serde(rename = "limit_ms", serialize_with = "as_optional_millis")]
    pub limit: Option<Duration>,
    /// The server's explicit word on retrying (`x-should-retry`).
    pub retry_advised: Option<bool>,
    /// The provider's words.
    #[serde(skip)]
    pub detail: Excerpt,
}

impl Failure {
    /// A failure of this kind, with nothing else known.
    pub fn new(kind: FailureKind, delivery: Delivery) -> Self {
        Self {
            kind,
            delivery,
            status: None,
            code: None,
            retry_after: None,
            limit: None,
            retry_advised: None,
            detail: Excerpt::default(),
        }
    }

    /// A time-out of the given clock. Only a connection that never came up is known not to have been sent.
    pub fn timeout(kind: FailureKind, limit: Duration) -> Self {
        let delivery = if kind == FailureKind::ConnectTimeout {
            Delivery::NotSent
        } else {
            Delivery::Unknown
        };
        Self {
            limit: Some(limit),
            ..Self::new(kind, delivery)
        }
    }

    /// The same with the number it came with.
    #[must_use]
    pub fn with_status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// The same with the provider's words.
    #[must_use]
    pub fn with_detail(mut self, detail: Excerpt) -> Self {
        self.detail = detail;
        self
    }

    /// The same with the wait the server asked for.
    #[must_use]
    pub fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }
}

impl fmt::Display for Failure {
    /// One line: `rate limited (HTTP 429, rate_limit_exceeded)`, `timed out after 240s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.words())?;
        if let Some(limit) = self.limit {
            write!(f, " after {}", Spell(limit))?;
        }
        match (&self.status, &self.code) {
            (Some(status), Some(code)) => write!(f, " ({status}, {code})"),
            (Some(status), None) => write!(f, " ({status})"),
            (None, Some(code)) => write!(f, " ({code})"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_one_line_with_number_and_code() {
        let failure = Failure {
            code: Some("slow_down".into()),
            ..Failure::new(FailureKind::RateLimited, Delivery::Answered)
        };
        assert_eq!(
            failure.with_status(Status::Http(429)).to_string(),
            "rate limited (HTTP 429, slow_down)"
        );
        let failure = Failure::timeout(FailureKind::AttemptTimeout, Duration::from_secs(240));
        assert_eq!(failure.to_string(), "timed out after 240s");
    }

    #[test]
    fn an_excerpt_is_bounded_folded_and_free_of_the_secret_even_at_the_cut() {
        let key = Secret::new("sk-live-123456");
        let text = format!(
            "{}\n  sk-live-123456 {}",
            "x".repeat(Excerpt::MAX - 5),
            "ü".repeat(9_000)
        );
        let excerpt = Excerpt::of(&text, [&key]);
        assert!(excerpt.as_str().len() <= Excerpt::MAX + '…'.len_utf8());
        assert!(!excerpt.as_str().contains("sk-"), "{}", excerpt.as_str());
        assert!(!excerpt.as_str().contains('\n'));
    }

    #[test]
    fn neither_debug_nor_json_shows_the_providers_words() {
        let failure = Failure::new(FailureKind::InvalidRequest, Delivery::Answered)
            .with_detail(Excerpt::of("you wrote: my diary", []));
        assert!(!format!("{failure:?}").contains("diary"));
        assert!(!serde_json::to_string(&failure).unwrap().contains("diary"));
    }
}
