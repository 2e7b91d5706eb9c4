//! Errors as JavaScript gets them: a kind to branch on, a code like Node's own, and what the engine says.

use serde::Serialize;
use tidegate::{Attempt, Error, ErrorKind, FailureKind, GiveUp, Outcome, Response, Status};

use crate::answer::{Try, json, tries};

/// An error.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Problem<'e> {
    code: &'static str,
    kind: Kind,
    message: String,
    gave_up: Option<GiveUp>,
    /// How many attempts were made.
    attempts: u32,
    /// The number it came with: an HTTP status, an exit code.
    status: Option<i32>,
    retry_after_ms: Option<f64>,
    /// The provider's own words.
    detail: Option<&'e str>,
    /// What of the answer had come.
    received: Option<&'e Response>,
    tries: Vec<Try<'e>>,
}

/// What sort of error it is.
#[derive(Debug, Default, Serialize)]
#[serde(untagged)]
enum Kind {
    #[default]
    None,
    Failed(FailureKind),
    Other(&'static str),
}

/// An outcome without an answer, as JSON.
pub(crate) fn failed<A>(outcome: &Outcome<A>, error: &Error) -> String {
    json(&problem(error, &outcome.attempts))
}

/// Options that cannot be understood, as JSON.
pub(crate) fn options(message: String) -> String {
    json(&Problem {
        code: "ERR_TIDEGATE_OPTIONS",
        kind: Kind::Other("options"),
        message,
        ..Problem::default()
    })
}

/// A bug of ours, as JSON.
pub(crate) fn internal(message: String) -> String {
    json(&Problem {
        code: "ERR_TIDEGATE_INTERNAL",
        kind: Kind::Other("internal"),
        message,
        ..Problem::default()
    })
}

/// A configuration that cannot be used, as JSON.
pub(crate) fn configuration(message: String) -> String {
    json(&Problem {
        code: "ERR_TIDEGATE_CONFIG",
        kind: Kind::Other("config"),
        message,
        ..Problem::default()
    })
}

fn problem<'e>(error: &'e Error, attempts: &'e [Attempt]) -> Problem<'e> {
    let failure = error.failure();
    let detail = failure.map(|failure| failure.detail.as_str());
    let asked = failure.and_then(|failure| failure.retry_after);
    Problem {
        code: code(error.kind()),
        kind: kind(error.kind()),
        message: error.to_string(),
        gave_up: error.gave_up(),
        attempts: error.attempts(),
        status: failure.and_then(|failure| failure.status).map(number),
        retry_after_ms: asked.map(|asked| asked.as_secs_f64() * 1e3),
        detail: detail.filter(|detail| !detail.is_empty()),
        received: error.received(),
        tries: tries(attempts),
    }
}

fn number(status: Status) -> i32 {
    match status {
        Status::Http(status) => i32::from(status),
        Status::Exit(code) => code,
        Status::Signal(signal) => -signal,
    }
}

const fn kind(kind: ErrorKind) -> Kind {
    match kind {
        ErrorKind::Config => Kind::Other("config"),
        ErrorKind::Credentials => Kind::Other("credentials"),
        ErrorKind::Context => Kind::Other("context"),
        ErrorKind::Failed(kind) => Kind::Failed(kind),
        ErrorKind::Internal => Kind::Other("internal"),
    }
}

/// The code: the same sorting as the command's exit codes.
const fn code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Config => "ERR_TIDEGATE_CONFIG",
        ErrorKind::Credentials => "ERR_TIDEGATE_CREDENTIALS",
        ErrorKind::Context => "ERR_TIDEGATE_CONTEXT",
        ErrorKind::Failed(kind) => code_of_failure(kind),
        ErrorKind::Internal => "ERR_TIDEGATE_INTERNAL",
    }
}

const fn code_of_failure(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::AuthFailed | FailureKind::PermissionDenied => "ERR_TIDEGATE_CREDENTIALS",
        FailureKind::RateLimited | FailureKind::QuotaExhausted => "ERR_TIDEGATE_LIMIT",
        FailureKind::ConnectTimeout
        | FailureKind::FirstTokenTimeout
        | FailureKind::IdleTimeout
        | FailureKind::AttemptTimeout
        | FailureKind::RunTimeout => "ERR_TIDEGATE_TIME",
        FailureKind::Overloaded
        | FailureKind::ServerError
        | FailureKind::NotStarted
        | FailureKind::Unreachable
        | FailureKind::Disconnected
        | FailureKind::StreamBroken
        | FailureKind::Malformed
        | FailureKind::OutputTooLarge
        | FailureKind::CommandFailed => "ERR_TIDEGATE_PROVIDER",
        FailureKind::NotFound
        | FailureKind::RequestTooLarge
        | FailureKind::ContextTooLong
        | FailureKind::ContentFiltered
        | FailureKind::InvalidRequest
        | FailureKind::Unsupported => "ERR_TIDEGATE_REFUSED",
        FailureKind::CommandNotFound => "ERR_TIDEGATE_CONFIG",
    }
}
