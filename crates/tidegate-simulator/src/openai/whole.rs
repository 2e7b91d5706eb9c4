//! A good answer in one piece.

use bytes::Bytes;
use serde::Serialize;

use super::{FINGERPRINT, call_id, finish_reason, id};
use crate::completion::Completion;
use crate::prompt::Tokens;
use crate::wire::json;

#[derive(Debug, Serialize)]
struct Whole<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice; 1],
    usage: Usage,
    service_tier: &'static str,
    system_fingerprint: &'static str,
}

#[derive(Debug, Serialize)]
struct Choice {
    index: u32,
    message: AssistantMessage,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Debug, Serialize)]
struct AssistantMessage {
    role: &'static str,
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall>,
    refusal: Option<()>,
    annotations: [(); 0],
}

#[derive(Debug, Serialize)]
struct ToolCall {
    id: String,
    r#type: &'static str,
    function: Function,
}

#[derive(Debug, Serialize)]
struct Function {
    name: String,
    arguments: String,
}

/// The tokens of one request. Those from the cache are a part of the prompt's.
#[derive(Debug, Serialize)]
pub(super) struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
    prompt_tokens_details: PromptTokensDetails,
    completion_tokens_details: CompletionTokensDetails,
}

#[derive(Debug, Default, Serialize)]
struct PromptTokensDetails {
    cached_tokens: usize,
    audio_tokens: u32,
}

#[derive(Debug, Default, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the provider's")]
struct CompletionTokensDetails {
    reasoning_tokens: usize,
    audio_tokens: u32,
    accepted_prediction_tokens: u32,
    rejected_prediction_tokens: u32,
}

impl Usage {
    pub(super) fn of(completion: &Completion) -> Self {
        let (prompt_tokens, completion_tokens) = (completion.input.tokens, completion.tokens());
        Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens + completion_tokens,
            prompt_tokens_details: PromptTokensDetails {
                cached_tokens: completion.input.cached,
                ..PromptTokensDetails::default()
            },
            completion_tokens_details: CompletionTokensDetails {
                reasoning_tokens: completion.reasoning.len(),
                ..CompletionTokensDetails::default()
            },
        }
    }
}

pub(super) fn whole(completion: &Completion) -> Bytes {
    let has = |tokens: &Tokens| tokens.len() > 0;
    let only_calls = !completion.calls.is_empty() && !has(&completion.text);
    let message = AssistantMessage {
        role: "assistant",
        content: (!only_calls).then(|| completion.text.text()),
        reasoning_content: has(&completion.reasoning).then(|| completion.reasoning.text()),
        tool_calls: tool_calls(completion),
        refusal: None,
        annotations: [],
    };
    let choice = Choice {
        index: 0,
        message,
        logprobs: None,
        finish_reason: finish_reason(completion),
    };
    json(&Whole {
        id: &id(completion),
        object: "chat.completion",
        created: completion.created,
        model: &completion.model,
        choices: [choice],
        usage: Usage::of(completion),
        service_tier: "default",
        system_fingerprint: FINGERPRINT,
    })
    .into()
}

fn tool_calls(completion: &Completion) -> Vec<ToolCall> {
    let calls = completion.calls.iter().enumerate();
    let calls = calls.map(|(index, call)| ToolCall {
        id: call_id(completion, index),
        r#type: "function",
        function: Function {
            name: call.name.clone(),
            arguments: call.arguments(),
        },
    });
    calls.collect()
}
