//! `OpenAI` itself.

use tidegate_core::{
    EmbedRequest, Embeddings, Failure, ObservedLimits, Request, Response, Target, Timestamp,
};

use crate::call::{Call, Reply, ReplyHead};
use crate::dialect::openai_chat::{self, Accent, TokenLimit};
use crate::provider::{EncodeError, Provider, StreamDecoder};

/// Its own accent: newer names, nothing that is not in its reference, and no thoughts, which it neither shows nor takes.
const ACCENT: Accent = Accent {
    provider: "openai",
    token_limit: TokenLimit::MaxCompletionTokens,
    top_k: false,
    thoughts: false,
    base64_vectors: true,
    prompt_cache_key: true,
};

/// The provider `openai`.
#[derive(Debug)]
pub struct OpenAi;

impl Provider for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn default_base_url(&self) -> Option<&'static str> {
        Some("https://api.openai.com/v1")
    }

    fn key_variable(&self) -> Option<&'static str> {
        Some("OPENAI_API_KEY")
    }

    fn base_url_variable(&self) -> Option<&'static str> {
        Some("OPENAI_BASE_URL")
    }

    fn encode(&self, request: &Request, target: &Target) -> Result<Call, EncodeError> {
        openai_chat::encode(request, target, ACCENT)
    }

    fn encode_embed(&self, request: &EmbedRequest, target: &Target) -> Result<Call, EncodeError> {
        openai_chat::encode_embed(request, target, ACCENT)
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
