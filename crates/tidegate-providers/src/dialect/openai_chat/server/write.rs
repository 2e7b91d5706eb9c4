//! Whole answers, and what they share with streamed ones.

use std::fmt;

use serde::{Serialize, Serializer};
use tidegate_core::{FinishReason, Reasoning, Response, Timestamp, ToolCall, Usage};

use crate::dialect::openai_chat::body::Called;

/// The body of a whole answer. Who writes to clients gives it an id and a model first; they are left out otherwise.
pub fn write(response: &Response, created: Timestamp) -> Vec<u8> {
    let mut body = Vec::with_capacity(response.size() + response.size() / 8 + 512);
    let completion = Completion {
        id: response.id.as_deref(),
        object: "chat.completion",
        created: seconds(created),
        model: response.model.as_deref(),
        choices: [Choice::of(response)],
        usage: response.usage.as_ref().map(Counts::of),
    };
    let written = serde_json::to_writer(&mut body, &completion);
    debug_assert!(written.is_ok(), "writing JSON into memory cannot fail");
    body
}

pub(super) const fn seconds(time: Timestamp) -> u64 {
    time.as_micros() / 1_000_000
}

#[derive(Serialize)]
struct Completion<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'r str>,
    object: &'static str,
    created: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'r str>,
    choices: [Choice<'r>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Counts>,
}

#[derive(Serialize)]
struct Choice<'r> {
    index: u8,
    message: Message<'r>,
    logprobs: Option<()>,
    finish_reason: &'r str,
}

#[derive(Serialize)]
struct Message<'r> {
    role: &'static str,
    content: Option<&'r str>,
    refusal: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<Thoughts<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<Calls<'r>>,
}

impl<'r> Choice<'r> {
    fn of(response: &'r Response) -> Self {
        let calls = Some(response.tool_calls.as_slice()).filter(|calls| !calls.is_empty());
        let thoughts = Some(response.reasoning.as_slice()).filter(|all| !all.is_empty());
        let text = response.text.as_str();
        Self {
            index: 0,
            message: Message {
                role: "assistant",
                content: (!text.is_empty() || calls.is_none()).then_some(text),
                refusal: None,
                reasoning_content: thoughts.map(Thoughts),
                tool_calls: calls.map(Calls),
            },
            logprobs: None,
            finish_reason: reason(&response.finish_reason),
        }
    }
}

/// All thoughts as one text.
struct Thoughts<'r>(&'r [Reasoning]);

impl fmt::Display for Thoughts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|thought| f.write_str(&thought.text))
    }
}

impl Serialize for Thoughts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct Calls<'r>(&'r [ToolCall]);

impl Serialize for Calls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Called::of))
    }
}

/// A reason in the dialect's words; one it has no word for stays as its provider said it.
pub(super) fn reason(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::Other(other) => other,
        _ => "stop",
    }
}

/// Counts in the dialect's words.
#[derive(Serialize)]
pub(super) struct Counts {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
}

impl Counts {
    pub(super) const fn of(usage: &Usage) -> Self {
        Self {
            prompt_tokens: usage.input_tokens,
            completion_tokens: usage.output_tokens,
            total_tokens: usage.input_tokens.saturating_add(usage.output_tokens),
            prompt_tokens_details: PromptDetails {
                cached_tokens: usage.cached_input_tokens,
                cache_write_tokens: usage.cache_write_tokens,
            },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: usage.reasoning_tokens,
            },
        }
    }
}
