//! What a command's words say of its failure.
//!
//! A command has no status but its exit code, so its standard error is read the way a person would: a number counts
//! only where it is called a status (`HTTP 503`, `Error code: 429`, `503 Service Unavailable`), never as a part of
//! another word or number. The last such place decides, since a log of earlier tries stands above the final error.

use http::StatusCode;
use tidegate_core::{Delivery, Excerpt, Failure, FailureKind, Status, Target};

use super::codes;
use super::rule::Rule;
use crate::retry_after;

/// Words after which a number is a status.
const LEAD_INS: &[&str] = &[
    "http",
    "status",
    "status_code",
    "statuscode",
    "code",
    "error",
];

/// Phrases of network failures, as the common runtimes word them, in lower case.
const BROKEN: &[&str] = &[
    "socket hang up",
    "econnreset",
    "connection reset",
    "connection aborted",
    "remotedisconnected",
    "server disconnected",
    "epipe",
    "broken pipe",
];
const NO_CONNECTION: &[&str] = &[
    "econnrefused",
    "connection refused",
    "enotfound",
    "eai_again",
    "name or service not known",
    "network is unreachable",
];
const TIMED_OUT: &[&str] = &[
    "etimedout",
    "read timed out",
    "request timed out",
    "timeouterror",
    "apitimeouterror",
    "readtimeout",
    "readtimeouterror",
];

/// `timeout(1)` ends with this code when it ended the command.
const EXIT_TIMED_OUT: i32 = 124;
/// A shell reports a command ended by signal N as 128 + N.
const EXIT_SIGNALLED: std::ops::RangeInclusive<i32> = 129..=159;
/// A shell's codes for "found but not executable" and "not found".
const EXIT_NOT_RUN: std::ops::RangeInclusive<i32> = 126..=127;

/// Why a command that did not end with exit code 0 failed, and what says so.
pub(super) fn command(
    target: &Target,
    ended: Status,
    stdout: &[u8],
    stderr: &[u8],
) -> (Failure, Rule) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(stdout),
        String::from_utf8_lossy(stderr),
    );
    let text = if stderr.trim().is_empty() {
        stdout.trim()
    } else {
        stderr.trim()
    };
    let (kind, status, rule) =
        read(text).unwrap_or_else(|| (by_ending(ended), None, Rule::Ended(ended)));
    let delivery = delivery(kind, status);
    let words = if text.is_empty() {
        format!("the command ended with {ended} and said nothing")
    } else {
        text.to_owned()
    };
    // The end says most: errors come last. Redacted before it is cut: a cut would leave half of a credential.
    let words = target
        .secrets()
        .fold(words, |text, secret| secret.redact(&text).into_owned());
    let tail = &words[words.ceil_char_boundary(words.len().saturating_sub(Excerpt::MAX))..];
    let failure = Failure::new(kind, delivery)
        .with_status(status.unwrap_or(ended))
        .with_retry_after(retry_after::from_words(text))
        .with_detail(Excerpt::of(tail, []));
    (failure, rule)
}

/// How far the request got, as far as the kind tells; the same as for a transport that fails this way.
fn delivery(kind: FailureKind, status: Option<Status>) -> Delivery {
    match kind {
        _ if status.is_some() => Delivery::Answered,
        FailureKind::Unreachable | FailureKind::CommandNotFound => Delivery::NotSent,
        FailureKind::Disconnected | FailureKind::AttemptTimeout | FailureKind::ServerError => {
            Delivery::Unknown
        }
        _ => Delivery::Answered,
    }
}

/// The kind and the status the words name, and which of them do.
fn read(text: &str) -> Option<(FailureKind, Option<Status>, Rule)> {
    let lower = text.to_ascii_lowercase();
    let (starts, words): (Vec<usize>, Vec<&str>) = words(&lower).unzip();
    let Some((at, status)) = last_status(&words) else {
        let (kind, rule) = code(&words)
            .or_else(|| exception(&lower, &words))
            .or_else(|| network(&lower))?;
        return Some((kind, None, rule));
    };
    // What was said of an earlier try with another end is not what failed now.
    let tried_before = last_status(&words[..at]).is_some_and(|(_, earlier)| earlier != status);
    let from = if tried_before { at } else { 0 };
    let number = status.as_u16();
    let by_status = || (codes::by_status(status, false), Rule::Named(number));
    let (kind, rule) = match number {
        // A refused credential stays refused, whatever else is written about.
        401 | 403 => by_status(),
        _ => code(&words[from..])
            .or_else(|| codes::by_phrase(&lower[starts[from]..], Some(status)))
            .unwrap_or_else(by_status),
    };
    Some((kind, Some(Status::Http(number)), rule))
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The words of a text, each with its place.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut place = 0;
    text.split_inclusive(|c| !is_word(c))
        .map(move |piece| {
            let start = place;
            place += piece.len();
            (start, piece.trim_end_matches(|c| !is_word(c)))
        })
        .filter(|(_, word)| !word.is_empty())
}

/// The last vendor's code among the words. Only those that no sentence contains: `timeout` and `refusal` are words.
fn code(words: &[&str]) -> Option<(FailureKind, Rule)> {
    let mut codes = words.iter().rev().filter(|word| word.contains('_'));
    codes.find_map(|word| codes::by_code(word))
}

/// The last exception named, made precise by a set phrase beside it; a refused credential stays refused.
fn exception(lower: &str, words: &[&str]) -> Option<(FailureKind, Rule)> {
    let mut named = words.iter().rev();
    let (kind, rule) = named.find_map(|word| codes::by_exception(word))?;
    let phrase = match kind {
        FailureKind::AuthFailed | FailureKind::PermissionDenied => None,
        FailureKind::InvalidRequest => codes::by_phrase(lower, Some(StatusCode::BAD_REQUEST)),
        _ => codes::by_phrase(lower, None),
    };
    phrase.or(Some((kind, rule)))
}

fn network(lower: &str) -> Option<(FailureKind, Rule)> {
    let tables = [
        (FailureKind::Disconnected, BROKEN),
        (FailureKind::Unreachable, NO_CONNECTION),
        (FailureKind::AttemptTimeout, TIMED_OUT),
    ];
    tables.into_iter().find_map(|(kind, phrases)| {
        let said = phrases.iter().find(|phrase| stands_in(lower, phrase))?;
        Some((kind, Rule::Network(said)))
    })
}

/// Whether a phrase stands in a text as words of its own: `EPIPE` is no part of `ImagePipeline`.
fn stands_in(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        !text[..at].ends_with(is_word) && !text[at + phrase.len()..].starts_with(is_word)
    })
}

/// The last number that is called a status, and its place among the words.
fn last_status(words: &[&str]) -> Option<(usize, StatusCode)> {
    (0..words.len()).rev().find_map(|index| {
        let status = error_status(words[index])?;
        (led_in(&words[..index]) || followed_by_reason(status, &words[index + 1..]))
            .then_some((index, status))
    })
}

fn error_status(word: &str) -> Option<StatusCode> {
    let status: u16 = (word.len() == 3).then(|| word.parse().ok())??;
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.is_client_error() || status.is_server_error())
}

/// `HTTP 503`, `HTTP/1.1 503`, `status code 503`, `error: 503`.
fn led_in(before: &[&str]) -> bool {
    match before {
        [.., "http", "1", "0" | "1"] | [.., "http", "2" | "3"] => true,
        [.., last] => LEAD_INS.contains(last),
        [] => false,
    }
}

/// `503 Service Unavailable`: the number with its standard reason behind it.
fn followed_by_reason(status: StatusCode, after: &[&str]) -> bool {
    let Some(reason) = status.canonical_reason() else {
        return false;
    };
    let reason = reason.to_ascii_lowercase();
    reason
        .split_whitespace()
        .zip(after.iter().chain(std::iter::repeat(&"")))
        .all(|(expected, word)| expected == *word)
}

fn by_ending(ended: Status) -> FailureKind {
    match ended {
        Status::Exit(EXIT_TIMED_OUT) => FailureKind::AttemptTimeout,
        Status::Exit(code) if EXIT_NOT_RUN.contains(&code) => FailureKind::CommandNotFound,
        Status::Exit(code) if EXIT_SIGNALLED.contains(&code) => FailureKind::ServerError,
        Status::Signal(_) => FailureKind::ServerError,
        Status::Exit(_) | Status::Http(_) => FailureKind::CommandFailed,
    }
}
