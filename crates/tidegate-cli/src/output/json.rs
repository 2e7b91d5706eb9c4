//! For programs: one object, the same shape whether it went well or not.

use std::io::{self, Write};

use serde::Serialize;
use tidegate::{
    Attempt, Decision, Error, ErrorKind, Event, EventSink, Failure, FinishReason, GiveUp,
    ObservedLimits, Outcome, Packed, Reasoning, Response, Skipped, Timestamp, ToolCall, Usage,
};

use crate::exit::Exit;

#[derive(Default, Serialize)]
struct Document<'o> {
    ok: bool,
    run: Option<String>,
    text: Option<&'o str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reasoning: &'o [Reasoning],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tool_calls: &'o [ToolCall],
    finish_reason: Option<&'o FinishReason>,
    model: Option<&'o str>,
    response_id: Option<&'o str>,
    target: Option<&'o str>,
    usage: Option<Usage>,
    error: Option<Problem<'o>>,
    attempts: Vec<Try<'o>>,
    tokens_maybe_billed: u64,
    rate_limits: ObservedLimits,
    context: Context<'o>,
    queued_ms: f64,
    took_ms: f64,
    exit_code: u8,
}

#[derive(Serialize)]
struct Problem<'o> {
    kind: &'static str,
    message: String,
    gave_up: Option<GiveUp>,
    failure: Option<&'o Failure>,
    /// The provider's own words: only here and on stderr, never in events or logs.
    detail: Option<&'o str>,
    /// What of the answer had come when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<&'o Response>,
}

#[derive(Serialize)]
struct Try<'o> {
    number: u32,
    target: &'o str,
    started: Timestamp,
    took_ms: f64,
    tokens_maybe_billed: u64,
    failure: Option<&'o Failure>,
    decision: Option<Decision>,
}

#[derive(Default, Serialize)]
pub(crate) struct Context<'o> {
    files: Vec<&'o str>,
    bytes: u64,
    /// Whether it was packed before, and nothing has changed since.
    kept: bool,
    skipped: Vec<Left<'o>>,
    unmatched: Vec<&'o str>,
}

/// A file that was left out.
#[derive(Serialize)]
pub(crate) struct Left<'o> {
    path: &'o str,
    reason: String,
}

impl<'o> Left<'o> {
    pub(crate) fn of(skipped: &'o Skipped) -> Self {
        Self {
            path: &skipped.path,
            reason: skipped.reason.to_string(),
        }
    }
}

/// Prints the outcome as one JSON object on stdout.
pub(crate) fn print(outcome: &Outcome, exit: Exit) -> io::Result<()> {
    write(&document(outcome, exit))
}

/// Prints an error that is not the outcome of a run, in the same shape.
pub(crate) fn print_early(kind: &'static str, message: &str, exit: Exit) -> io::Result<()> {
    write(&without_outcome(kind, message, exit))
}

/// Prints such an error as the last line behind the events.
pub(crate) fn print_early_last(kind: &'static str, message: &str, exit: Exit) -> io::Result<()> {
    line(&Last::of(without_outcome(kind, message, exit)))
}

fn without_outcome(kind: &'static str, message: &str, exit: Exit) -> Document<'static> {
    let error = Problem {
        kind,
        message: message.to_owned(),
        gave_up: None,
        failure: None,
        detail: None,
        received: None,
    };
    Document {
        error: Some(error),
        exit_code: exit.code(),
        ..Document::default()
    }
}

/// Prints the outcome as the last line behind the events.
pub(crate) fn print_last(outcome: &Outcome, exit: Exit) -> io::Result<()> {
    line(&Last::of(document(outcome, exit)))
}

/// The line behind the events, with a `type` like theirs.
#[derive(Serialize)]
struct Last<'o> {
    r#type: &'static str,
    #[serde(flatten)]
    document: Document<'o>,
}

impl<'o> Last<'o> {
    const fn of(document: Document<'o>) -> Self {
        Self {
            r#type: "outcome",
            document,
        }
    }
}

/// Prints events as lines of JSON on stdout, as they happen.
#[derive(Debug)]
pub(crate) struct Lines;

impl EventSink for Lines {
    fn emit(&self, event: &Event) {
        // A reader who has seen enough is told at the end, when the outcome is written.
        drop(line(event));
    }
}

/// Prints one line of JSON on stdout.
pub(crate) fn line(value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&text)?;
    stdout.flush()
}

/// Prints one object on stdout.
pub(crate) fn write(document: &impl Serialize) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    serde_json::to_writer_pretty(&mut stdout, document)?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}

fn document(outcome: &Outcome, exit: Exit) -> Document<'_> {
    let response = outcome.result.as_ref().ok();
    Document {
        ok: response.is_some(),
        run: Some(outcome.run.to_string()),
        text: response.map(|response| response.text.as_str()),
        reasoning: response.map_or(&[], |response| &response.reasoning),
        tool_calls: response.map_or(&[], |response| &response.tool_calls),
        finish_reason: response.map(|response| &response.finish_reason),
        model: response.and_then(|response| response.model.as_deref()),
        response_id: response.and_then(|response| response.id.as_deref()),
        target: outcome.target.as_deref(),
        usage: outcome.usage,
        error: outcome.result.as_ref().err().map(problem),
        attempts: outcome.attempts.iter().map(attempt).collect(),
        tokens_maybe_billed: outcome.may_be_billed(),
        rate_limits: outcome.limits,
        context: context(&outcome.packed),
        queued_ms: outcome.queued.as_secs_f64() * 1e3,
        took_ms: outcome.took.as_secs_f64() * 1e3,
        exit_code: exit.code(),
    }
}

/// What sort of error it is, in a word.
pub(crate) fn kind(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Config => "config",
        ErrorKind::Credentials => "credentials",
        ErrorKind::Context => "context",
        ErrorKind::Failed(_) => "failed",
        ErrorKind::Internal => "internal",
    }
}

fn problem(error: &Error) -> Problem<'_> {
    let detail = error
        .failure()
        .map(|failure| failure.detail.as_str())
        .filter(|detail| !detail.is_empty());
    Problem {
        kind: kind(error),
        message: error.to_string(),
        gave_up: error.gave_up(),
        failure: error.failure(),
        detail,
        received: error.received(),
    }
}

fn attempt(attempt: &Attempt) -> Try<'_> {
    Try {
        number: attempt.number,
        target: &attempt.target,
        started: attempt.started,
        took_ms: attempt.took.as_secs_f64() * 1e3,
        tokens_maybe_billed: attempt.may_be_billed,
        failure: attempt.failed.as_ref().map(|(failure, _)| failure),
        decision: attempt.failed.as_ref().map(|(_, decision)| *decision),
    }
}

pub(crate) fn context(packed: &Packed) -> Context<'_> {
    let skipped = packed.skipped().iter();
    Context {
        files: packed
            .files()
            .iter()
            .map(|file| file.path.as_str())
            .collect(),
        bytes: packed.bytes(),
        kept: packed.is_kept(),
        skipped: skipped.map(Left::of).collect(),
        unmatched: packed
            .unmatched()
            .iter()
            .map(|unmatched| unmatched.pattern.as_str())
            .collect(),
    }
}
