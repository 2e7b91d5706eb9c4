//! Every vendor and server that speaks `openai-chat`: Groq, `DeepSeek`, Mistral, `OpenRouter`, `vLLM`, Ollama, `LiteLLM` and
//! the rest. They need a base URL and, most of them, a key; what they do differently within the dialect stands in
//! the classification tables and the fixtures.

use tidegate_core::{Failure, ObservedLimits, Request, Response, Target, Timestamp};

use crate::call::{Call, Reply, ReplyHead};
use crate::dialect::openai_chat::{self, TokenLimit};
use crate::provider::{EncodeError, Provider, StreamDecoder};

/// The provider `openai-compatible`.
#[derive(Debug)]
pub struct OpenAiCompatible;

impl Provider for OpenAiCompatible {
    fn name(&self) -> &'static str {
        "openai-compatible"
    }

    fn encode(&self, request: &Request, target: &Target) -> Result<Call, EncodeError> {
        openai_chat::encode(request, target, TokenLimit::MaxTokens)
    }

    fn limits(&self, head: &ReplyHead, _now: Timestamp) -> ObservedLimits {
        openai_chat::limits(head)
    }

    fn decode(&self, target: &Target, reply: &Reply, now: Timestamp) -> Result<Response, Failure> {
        openai_chat::decode(target, reply, now)
    }

    fn stream_decoder<'t>(
        &self,
        target: &'t Target,
        head: &ReplyHead,
    ) -> Option<Box<dyn StreamDecoder + 't>> {
        openai_chat::stream_decoder(target, head)
    }
}
