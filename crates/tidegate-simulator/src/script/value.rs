//! The values of options, read.

use std::str::FromStr;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};

use super::error::AnswerError;
use crate::completion::{Finish, ToolCall};
use crate::duration;
use crate::fault::{ErrorKind, Fault};

pub(super) fn number<N: FromStr>(option: &str, value: &str) -> Result<N, AnswerError> {
    value
        .parse()
        .map_err(|_| bad(option, value, "a whole number"))
}

pub(super) fn span(option: &str, value: &str) -> Result<Duration, AnswerError> {
    duration::parse(value).map_err(|_| bad(option, value, "a duration such as 200ms, 1.5s or 2m"))
}

pub(super) fn finish(option: &str, value: &str) -> Result<Finish, AnswerError> {
    Finish::named(value).ok_or_else(|| bad(option, value, "stop, length, tools or refusal"))
}

pub(super) fn header_value(option: &str, value: &str) -> Result<HeaderValue, AnswerError> {
    value
        .parse()
        .map_err(|_| bad(option, value, "what a header may carry"))
}

pub(super) fn header(text: &str) -> Result<(HeaderName, HeaderValue), AnswerError> {
    let want = "NAME:VALUE, such as x-should-retry:false";
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| bad("header", text, want))?;
    let name = name.trim().parse().map_err(|_| bad("header", text, want))?;
    Ok((name, header_value("header", value.trim())?))
}

/// `20` or `20:overloaded`.
pub(super) fn error_event(option: &str, value: &str) -> Result<Fault, AnswerError> {
    let (after, word) = value.split_once(':').unwrap_or((value, "server_error"));
    let kind =
        ErrorKind::named(word.trim()).ok_or_else(|| AnswerError::UnknownAnswer(word.into()))?;
    Ok(Fault::Error(number(option, after.trim())?, kind))
}

pub(super) fn bad(option: &str, value: &str, want: &str) -> AnswerError {
    AnswerError::BadValue {
        option: option.into(),
        value: value.into(),
        want: want.into(),
    }
}

/// `20` or `20:30s`.
pub(super) fn stall(option: &str, value: &str) -> Result<Fault, AnswerError> {
    match value.split_once(':') {
        None => Ok(Fault::Stall(number(option, value)?)),
        Some((after, length)) => Ok(Fault::Pause(
            number(option, after.trim())?,
            span(option, length)?,
        )),
    }
}

/// `4096`, `64KB`, `5GB`: a kilobyte has a thousand bytes.
pub(super) fn size(option: &str, value: &str) -> Result<u64, AnswerError> {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000)];
    let (digits, unit) = units
        .iter()
        .find_map(|(name, unit)| Some((value.strip_suffix(name)?, *unit)))
        .unwrap_or((value, 1));
    let size = digits.trim().parse::<u64>().ok();
    size.and_then(|size| size.checked_mul(unit))
        .ok_or_else(|| bad(option, value, "a size such as 4096, 64KB or 5GB"))
}

/// `+100` or `-20`.
pub(super) fn difference(option: &str, value: &str) -> Result<i64, AnswerError> {
    value
        .parse()
        .map_err(|_| bad(option, value, "a difference such as +100 or -20"))
}

/// `weather:{"city":"Rome"}`; a bare name has no arguments.
pub(super) fn tool(option: &str, value: &str) -> Result<ToolCall, AnswerError> {
    let (name, arguments) = value.split_once(':').unwrap_or((value, "{}"));
    let (name, arguments) = (name.trim().to_owned(), arguments.trim().to_owned());
    if name.is_empty() {
        return Err(bad(
            option,
            value,
            "NAME:ARGUMENTS, such as weather:{\"city\":\"Rome\"}",
        ));
    }
    Ok(ToolCall { name, arguments })
}
