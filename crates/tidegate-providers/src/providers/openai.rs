//! `OpenAI` itself.

use tidegate_core::{Failure, ObservedLimits, Request, Response, Target, Timestamp};

use crate::call::{Call, Reply, ReplyHead};
use crate::dialect::openai_chat::{self, TokenLimit};
use crate::provider::{EncodeError, Provider, StreamDecoder};

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
        openai_chat::encode(request, target, TokenLimit::MaxCompletionTokens)
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
