//! A good answer in one piece.

use bytes::Bytes;
use serde::Serialize;

use super::{FINGERPRINT, finish_reason, id};
use crate::completion::Completion;
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
    content: String,
    refusal: Option<()>,
    annotations: [(); 0],
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
            completion_tokens_details: CompletionTokensDetails::default(),
        }
    }
}

pub(super) fn whole(completion: &Completion) -> Bytes {
    let message = AssistantMessage {
        role: "assistant",
        content: completion.text.text(),
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
