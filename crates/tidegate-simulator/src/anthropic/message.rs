//! A good answer in one piece.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::{id, stop_reason};
use crate::completion::{Block, Completion};
use crate::wire::json;

/// A message, whole or as the first event of a stream shows it.
#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    id: String,
    r#type: &'static str,
    role: &'static str,
    model: &'a str,
    pub(super) content: Vec<ContentBlock>,
    stop_reason: Option<&'static str>,
    stop_sequence: Option<()>,
    usage: Usage,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ContentBlock {
    Thinking {
        thinking: String,
        signature: &'static str,
    },
    Text {
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        input: Value,
    },
}

/// What proves to the provider that it did the thinking.
pub(super) const SIGNATURE: &str = "c2ltdWxhdGVk";

/// The id of a tool call.
pub(super) fn call_id(completion: &Completion, call: usize) -> String {
    format!("toolu_{:012}_{call}", completion.number)
}

/// The tokens of one request. Those that the cache served or took are counted apart from the rest of the input.
#[derive(Debug, Serialize)]
pub(super) struct Usage {
    input_tokens: usize,
    cache_creation_input_tokens: usize,
    cache_read_input_tokens: usize,
    output_tokens: usize,
    service_tier: &'static str,
}

impl Usage {
    pub(super) fn of(completion: &Completion, output_tokens: usize) -> Self {
        let input = completion.input;
        Self {
            input_tokens: input.tokens - input.cached - input.cache_written,
            cache_creation_input_tokens: input.cache_written,
            cache_read_input_tokens: input.cached,
            output_tokens,
            service_tier: "standard",
        }
    }
}

impl<'a> Message<'a> {
    /// The message as a stream opens it: without content, and with a first guess at the output.
    pub(super) fn opening(completion: &'a Completion) -> Self {
        Self {
            id: id(completion),
            r#type: "message",
            role: "assistant",
            model: &completion.model,
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            usage: Usage::of(completion, 1),
        }
    }
}

/// Arguments that are no JSON have no place on this wire but as a text.
fn tool_use(completion: &Completion, index: usize) -> ContentBlock {
    let call = &completion.calls[index];
    let arguments = call.arguments();
    ContentBlock::ToolUse {
        id: call_id(completion, index),
        name: call.name.clone(),
        input: serde_json::from_str(&arguments).unwrap_or(Value::String(arguments)),
    }
}

pub(super) fn whole(completion: &Completion) -> Bytes {
    let content = completion.blocks().map(|block| match block {
        Block::Reasoning => ContentBlock::Thinking {
            thinking: completion.reasoning.text(),
            signature: SIGNATURE,
        },
        Block::Call(call) => tool_use(completion, call),
        Block::Text => ContentBlock::Text {
            text: completion.text.text(),
        },
    });
    json(&Message {
        content: content.collect(),
        stop_reason: Some(stop_reason(completion)),
        usage: Usage::of(completion, completion.tokens()),
        ..Message::opening(completion)
    })
    .into()
}
