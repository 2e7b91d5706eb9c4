//! Every vendor and server that speaks `openai-chat`: Groq, `DeepSeek`, Mistral, `OpenRouter`, `vLLM`, Ollama, `LiteLLM` and
//! the rest. They need a base URL and, most of them, a key; what they do differently within the dialect stands in
//! the classification tables and the fixtures.

use tidegate_core::network::host;
use tidegate_core::{
    EmbedRequest, Embeddings, Failure, ObservedLimits, Request, Response, Target, Timestamp,
};

use crate::call::{Call, Reply, ReplyHead};
use crate::dialect::openai_chat::{self, Accent, TokenLimit};
use crate::provider::{EncodeError, Provider, StreamDecoder};

/// Hosts that refuse a message with `reasoning_content` as an unknown field. `DeepSeek` and Moonshot refuse some without
/// it, and everybody else ignores it.
const WITHOUT_THOUGHTS: &[&str] = &[
    "api.groq.com",
    "api.mistral.ai",
    "api.cerebras.ai",
    ".openai.azure.com",
];

fn accent(target: &Target) -> Accent {
    let host = target.base_url.as_deref().map(host).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    Accent {
        provider: "openai-compatible",
        token_limit: TokenLimit::MaxTokens,
        top_k: true,
        thoughts: !WITHOUT_THOUGHTS.iter().any(|end| host.ends_with(end)),
        base64_vectors: false,
        prompt_cache_key: false,
    }
}

/// The provider `openai-compatible`.
#[derive(Debug)]
pub struct OpenAiCompatible;

impl Provider for OpenAiCompatible {
    fn name(&self) -> &'static str {
        "openai-compatible"
    }

    fn encode(&self, request: &Request, target: &Target) -> Result<Call, EncodeError> {
        openai_chat::encode(request, target, accent(target))
    }

    fn encode_embed(&self, request: &EmbedRequest, target: &Target) -> Result<Call, EncodeError> {
        openai_chat::encode_embed(request, target, accent(target))
    }

    fn limits(&self, head: &ReplyHead, _now: Timestamp) -> ObservedLimits {
        openai_chat::limits(head)
    }

    fn decode(&self, target: &Target, reply: &Reply, now: Timestamp) -> Result<Response, Failure> {
        openai_chat::decode(target, reply, now)
    }

    fn decode_embed(
        &self,
        target: &Target,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Embeddings, Failure> {
        openai_chat::decode_embed(target, reply, now)
    }

    fn stream_decoder<'t>(
        &self,
        target: &'t Target,
        head: &ReplyHead,
    ) -> Option<Box<dyn StreamDecoder + 't>> {
        openai_chat::stream_decoder(target, head)
    }
}
