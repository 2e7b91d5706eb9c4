//! Whole answers of the dialect.

use serde_json::Value;
use tidegate_core::{
    Delivery, Delta, Excerpt, Failure, FailureKind, FinishReason, Reasoning, Response, Target,
    Timestamp, ToolCall,
};

use super::stream::{Calls, unannounced};
use super::wire;
use crate::call::Reply;
use crate::classify::{self, ErrorBody};

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
        Err(_) => unannounced(target, &reply.body)
            .unwrap_or_else(|| Err(classify::unreadable(target, reply, now))),
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
    let (reason, mut message) = (choice.finish_reason, choice.message);
    let reason = reason.as_ref().map(wire::Text::as_str);
    if let (Some("error"), Some(error)) = (reason, choice.error) {
        return Err(carried(target, &error));
    }
    if let Some(refusal) = wire::said(message.refusal.take()) {
        return Err(refused(target, &refusal));
    }
    let finish_reason = finish_reason(target, reason)?;
    let id = completion.id.map(wire::Text::into_string);
    let thought = message.take_thought();
    let text = std::mem::take(&mut message.content).text.into_owned();
    let tool_calls =
        tool_calls(message, id.as_deref()).map_err(|what| classify::malformed(target, what))?;
    Ok(Response {
        model: completion.model.map(wire::Text::into_string),
        text,
        reasoning: thought.into_iter().map(thought_of).collect(),
        finish_reason: with_calls(finish_reason, !tool_calls.is_empty()),
        tool_calls,
        usage: completion.usage.and_then(|usage| usage.counted()),
        id,
    })
}

fn thought_of(text: String) -> Reasoning {
    Reasoning {
        text,
        ..Reasoning::default()
    }
}

/// The calls of a whole answer: pieces that are wholes.
fn tool_calls(
    message: wire::Said<'_>,
    answer: Option<&str>,
) -> Result<Vec<ToolCall>, &'static str> {
    let mut calls = Calls::default();
    let mut whole = Response::default();
    for piece in Calls::pieces(message) {
        if let Some(piece) = calls.whole(piece, answer)? {
            whole.add(&Delta::ToolCall(piece));
        }
    }
    Ok(whole.tool_calls)
}

/// Asking for tools is a reason of its own: Gemini says `stop`, and so does everybody who was told which tool to use.
pub(super) fn with_calls(reason: FinishReason, calls: bool) -> FinishReason {
    match reason {
        FinishReason::Stop if calls => FinishReason::ToolCalls,
        other => other,
    }
}

/// The error that stands where an answer or a piece of one should.
pub(super) fn carried(target: &Target, error: &Value) -> Failure {
    let error = ErrorBody::find(&serde_json::json!({ "error": error })).unwrap_or_default();
    classify::reported(target, &error)
}

/// A reason's meaning. An answer withheld by a content filter, or broken off by the provider, is a failure: there is
/// no answer to use.
pub(super) fn finish_reason(
    target: &Target,
    reason: Option<&str>,
) -> Result<FinishReason, Failure> {
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

pub(super) fn refused(target: &Target, words: &str) -> Failure {
    Failure::new(FailureKind::ContentFiltered, Delivery::Answered)
        .with_detail(Excerpt::of(words, target.secrets()))
}
