//! Whole answers of the dialect.

use tidegate_core::{
    Delivery, Delta, Excerpt, Failure, FailureKind, FinishReason, Response, Target, Timestamp,
    ToolCall,
};

use super::usage::Counts;
use super::wire::{self, said};
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
    let Ok(message) = serde_json::from_slice::<wire::Message<'_>>(&reply.body) else {
        return Err(classify::unreadable(target, reply, now));
    };
    // A proxy may write an empty list beside its error.
    match ErrorBody::read(&reply.body).filter(|_| message.content.is_empty()) {
        Some(error) => Err(classify::reported(target, &error)),
        None => answer(target, message),
    }
}

fn answer(target: &Target, message: wire::Message<'_>) -> Result<Response, Failure> {
    let mut response = Response {
        id: said(message.id),
        model: said(message.model),
        finish_reason: finish_reason(target, message.stop_reason.as_deref(), message.stop_details)?,
        usage: message.usage.and_then(Counts::counted),
        ..Response::default()
    };
    for block in message.content {
        add(block, &mut response);
    }
    Ok(response)
}

/// Adds a block as the pieces of a stream would. What tools of the provider's own did, and blocks of a new type, are no
/// part of an answer.
fn add(block: wire::Block<'_>, response: &mut Response) {
    match block.kind.as_ref() {
        "text" => response
            .text
            .push_str(block.text.as_deref().unwrap_or_default()),
        "thinking" => {
            let thought = said(block.thinking).map(Delta::Reasoning);
            let end = end_of_thought(block.signature.unwrap_or_default());
            for delta in thought.into_iter().chain(end) {
                response.add(&delta);
            }
        }
        "redacted_thinking" => response.add(&hidden_thought(block.data)),
        "tool_use" => response.tool_calls.push(ToolCall {
            arguments: block.arguments().to_owned(),
            id: block.id.unwrap_or_default(),
            name: block.name.unwrap_or_default(),
        }),
        _ => {}
    }
}

/// The end of a thought, where it is signed. One that is not goes on with the next.
pub(super) fn end_of_thought(signature: String) -> Option<Delta> {
    said(Some(signature)).map(|signature| Delta::ReasoningEnd {
        signature: Some(signature),
        encrypted: None,
    })
}

/// A thought that only the provider can read.
pub(super) fn hidden_thought(data: Option<String>) -> Delta {
    Delta::ReasoningEnd {
        signature: None,
        encrypted: Some(data.unwrap_or_default()),
    }
}

/// A reason's meaning. A refusal is a failure: what text there is must not be used. A full context cuts the answer as
/// the limit on tokens does. `pause_turn` (a tool of the provider's takes long; the turn is to be sent back) has no word
/// of ours.
pub(super) fn finish_reason(
    target: &Target,
    reason: Option<&str>,
    details: Option<wire::StopDetails>,
) -> Result<FinishReason, Failure> {
    Ok(match reason {
        Some("end_turn" | "stop_sequence" | "") | None => FinishReason::Stop,
        Some("max_tokens" | "model_context_window_exceeded") => FinishReason::Length,
        Some("tool_use") => FinishReason::ToolCalls,
        Some("refusal") => return Err(refused(target, details)),
        Some(other) => FinishReason::Other(other.to_owned()),
    })
}

fn refused(target: &Target, details: Option<wire::StopDetails>) -> Failure {
    let explanation = details.and_then(|details| said(details.explanation));
    let words = explanation.as_deref().unwrap_or("the model refused");
    Failure::new(FailureKind::ContentFiltered, Delivery::Answered)
        .with_detail(Excerpt::of(words, target.secrets()))
}
