//! Whole answers, and what they share with streamed ones.

use serde::Serialize;
use tidegate_core::{FinishReason, Reasoning, Response, Usage};

use crate::dialect::anthropic_messages::block::Block;

/// The body of a whole answer. `id` and `model` stand in where the answer names none: the wire demands them.
pub fn write(response: &Response, id: &str, model: &str) -> Vec<u8> {
    let message = Message {
        content: content(response),
        stop_reason: Some(reason(&response.finish_reason)),
        ..Message::begun(
            response.id.as_deref().unwrap_or(id),
            response.model.as_deref().unwrap_or(model),
            response.usage.as_ref(),
        )
    };
    let mut body = Vec::with_capacity(response.size() + response.size() / 8 + 512);
    let written = serde_json::to_writer(&mut body, &message);
    debug_assert!(written.is_ok(), "writing JSON into memory cannot fail");
    body
}

fn content(response: &Response) -> Vec<Block<'_>> {
    let thoughts = response.reasoning.iter().filter_map(thought);
    let calls = response.tool_calls.iter().map(Block::call);
    thoughts
        .chain(Block::text(&response.text))
        .chain(calls)
        .collect()
}

/// A thought. Nobody signed those of other vendors; a thought that nothing is known of is none.
fn thought(thought: &Reasoning) -> Option<Block<'_>> {
    match &thought.encrypted {
        Some(data) => Some(Block::RedactedThinking { data }),
        None if thought.text.is_empty() && thought.signature.is_none() => None,
        None => Some(Block::Thinking {
            thinking: &thought.text,
            signature: thought.signature.as_deref().unwrap_or_default(),
        }),
    }
}

/// An answer; in the first event of a stream, what is known of it.
#[derive(Serialize)]
pub(super) struct Message<'r> {
    id: &'r str,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'r str,
    content: Vec<Block<'r>>,
    stop_reason: Option<&'r str>,
    stop_sequence: Option<&'r str>,
    usage: Counts,
}

impl<'r> Message<'r> {
    /// One that has said nothing yet.
    pub(super) const fn begun(id: &'r str, model: &'r str, usage: Option<&Usage>) -> Self {
        Self {
            id,
            kind: "message",
            role: "assistant",
            model,
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            usage: Counts::of(usage),
        }
    }
}

/// A reason in the dialect's words; one of another vendor's as it came.
pub(super) fn reason(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::Length => "max_tokens",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::Other(other) => other,
        // Done.
        _ => "end_turn",
    }
}

/// Counts as the wire has them: what came from the cache or went into it stands apart.
#[derive(Serialize)]
pub(super) struct Counts {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<Details>,
}

#[derive(Serialize)]
struct Details {
    thinking_tokens: u64,
}

impl Counts {
    /// The counts; zeros where nobody counted.
    pub(super) const fn of(usage: Option<&Usage>) -> Self {
        let (read, written, cached, stored, thought) = match usage {
            Some(usage) => (
                usage.input_tokens,
                usage.output_tokens,
                usage.cached_input_tokens,
                usage.cache_write_tokens,
                usage.reasoning_tokens,
            ),
            None => (0, 0, 0, 0, 0),
        };
        let details = match thought {
            0 => None,
            thinking_tokens => Some(Details { thinking_tokens }),
        };
        Self {
            input_tokens: read.saturating_sub(cached).saturating_sub(stored),
            cache_creation_input_tokens: stored,
            cache_read_input_tokens: cached,
            output_tokens: written,
            output_tokens_details: details,
        }
    }
}
