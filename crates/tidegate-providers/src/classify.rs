//! From what came back to why it failed.
//!
//! The body is judged before the status, always: 429 can be a rate limit, a spent quota, one oversized request or
//! overload, 400 can be a spent quota, and 200 can be an error. And it is judged by its own fields, never by searching
//! the whole text, since error bodies echo prompts that may say "429" themselves.

mod body;
mod codes;
mod rule;
mod words;

use std::borrow::Cow;

use http::{HeaderMap, StatusCode};
use tidegate_core::network::host;
use tidegate_core::{Delivery, Excerpt, Failure, FailureKind, Status, Target, Timestamp};

pub use body::ErrorBody;
pub use rule::Rule;

use crate::call::{Reply, ReplyHead, TransportError};
use crate::retry_after;

/// Why a reply that is not a success failed; also for a success that carries an error.
pub fn reply(target: &Target, reply: &Reply, now: Timestamp) -> Failure {
    judged(target, reply, now).0
}

/// As [`reply`], and what says so.
fn judged(target: &Target, reply: &Reply, now: Timestamp) -> (Failure, Rule) {
    match &reply.head {
        ReplyHead::Http { status, headers } => http(target, *status, headers, &reply.body, now),
        ReplyHead::Process { ended, stderr } => words::command(target, *ended, &reply.body, stderr),
    }
}

/// What decided that a reply failed in the way it did; meant for a reply that was found to be a failure.
pub fn rule(target: &Target, reply: &Reply, now: Timestamp) -> Rule {
    if !reply.head.is_success() {
        return judged(target, reply, now).1;
    }
    // Of a stream, the last event that carries an error: nothing comes after it.
    let events = reply.body.split(|byte| *byte == b'\n').rev();
    let inside = events.filter_map(|line| ErrorBody::read(line.strip_prefix(b"data:")?));
    let mut errors = ErrorBody::read(&reply.body).into_iter().chain(inside);
    errors
        .next()
        .map_or(Rule::Answer, |error| inside_success(&error).1)
}

fn http(
    target: &Target,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> (Failure, Rule) {
    let error = ErrorBody::read(body);
    let asked = retry_after::from_headers(headers, now)
        .or_else(|| error.as_ref().and_then(ErrorBody::retry_after));
    let advice = headers
        .get("x-should-retry")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let (kind, rule) = codes::judge_with(error.as_ref(), status, asked.is_some());
    let failure = Failure {
        code: error.as_ref().and_then(ErrorBody::code),
        retry_advised: advice,
        ..Failure::new(kind, Delivery::Answered)
    }
    .with_status(Status::Http(status.as_u16()))
    .with_retry_after(asked)
    .with_detail(Excerpt::of(
        &detail(status, headers, body, error.as_ref()),
        target.secrets(),
    ));
    (failure, rule)
}

/// The words to show for a reply: the error's message, or what stands in its place.
fn detail<'b>(
    status: StatusCode,
    headers: &HeaderMap,
    body: &'b [u8],
    error: Option<&'b ErrorBody>,
) -> Cow<'b, str> {
    if let Some(message) = error
        .map(|error| error.message.as_str())
        .filter(|message| !message.is_empty())
    {
        return message.into();
    }
    if status.is_redirection() {
        let to = headers
            .get(http::header::LOCATION)
            .and_then(|to| to.to_str().ok())
            .unwrap_or("nowhere");
        let to = without_secrets(to);
        return format!("redirected to {to}, which is not followed: correct `base_url`").into();
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(Excerpt::MAX * 4)]);
    match html_title(&text) {
        Some(title) => format!("an HTML page from something in between: {title}").into(),
        None => text,
    }
}

/// A URL without its user part and its query, which may echo a credential.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let path = rest.find('/').map_or("", |at| &rest[at..]);
            format!("{scheme}://{}{path}", host(url))
        }
        None => url.to_owned(),
    }
}

/// The title of an HTML page; `None` for anything else.
fn html_title(text: &str) -> Option<String> {
    let head = text
        .trim_start()
        .get(..14)
        .unwrap_or(text)
        .to_ascii_lowercase();
    if !head.starts_with("<!doctype html") && !head.starts_with("<html") {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title>").map(|at| at + "<title>".len())?;
    let end = start + lower[start..].find("</title>")?;
    Some(text[start..end].trim().to_owned())
}

/// Why an error reported inside a success failed: the body of a 200, or an event of a stream.
pub fn reported(target: &Target, error: &ErrorBody) -> Failure {
    Failure {
        code: error.code(),
        status: error.status.map(|status| Status::Http(status.as_u16())),
        ..Failure::new(inside_success(error).0, Delivery::Answered)
    }
    .with_retry_after(error.retry_after())
    .with_detail(Excerpt::of(&error.message, target.secrets()))
}

/// Why a success that is not what it should be failed: an error inside a 200, or something else altogether.
pub fn unreadable(target: &Target, reply: &Reply, now: Timestamp) -> Failure {
    match ErrorBody::read(&reply.body) {
        Some(error) => reported(target, &error),
        // A status of success means nothing where there is no answer: `codes::by_status` calls it malformed.
        None => self::reply(target, reply, now),
    }
}

/// The kind of an error inside a success, and what says so.
fn inside_success(error: &ErrorBody) -> (FailureKind, Rule) {
    match error.status {
        Some(status) => codes::judge_with(Some(error), status, false),
        None => codes::judge(error, None)
            .or_else(|| codes::without_status(error))
            .unwrap_or((FailureKind::ServerError, Rule::Unsaid)),
    }
}

/// An answer that cannot be read as what it should be; `what` says so in a few words.
pub fn malformed(target: &Target, what: &str) -> Failure {
    Failure::new(FailureKind::Malformed, Delivery::Answered)
        .with_detail(Excerpt::of(what, target.secrets()))
}

/// Why an attempt without a reply failed.
pub fn transport(target: &Target, error: &TransportError) -> Failure {
    let failure = match error {
        TransportError::CommandNotFound { .. } => {
            Failure::new(FailureKind::CommandNotFound, Delivery::NotSent)
        }
        TransportError::Unusable(_) => Failure::new(FailureKind::Unsupported, Delivery::NotSent),
        TransportError::NotStarted(_) => Failure::new(FailureKind::NotStarted, Delivery::NotSent),
        TransportError::Unreachable(_) => Failure::new(FailureKind::Unreachable, Delivery::NotSent),
        TransportError::Disconnected(_) => {
            Failure::new(FailureKind::Disconnected, Delivery::Unknown)
        }
        TransportError::Unreadable(_) => Failure::new(FailureKind::Malformed, Delivery::Answered),
        TransportError::ConnectTimeout => {
            Failure::timeout(FailureKind::ConnectTimeout, target.timeouts.connect)
        }
        TransportError::TimedOut { after } => {
            return Failure::timeout(FailureKind::AttemptTimeout, *after);
        }
        TransportError::TooLarge { .. } => {
            Failure::new(FailureKind::OutputTooLarge, Delivery::Answered)
        }
    };
    failure.with_detail(Excerpt::of(&error.to_string(), target.secrets()))
}
