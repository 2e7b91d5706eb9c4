//! Anthropic itself, and servers that stand in for it.

use tidegate_core::{Cost, Failure, ObservedLimits, Request, Response, Target, Timestamp};

use crate::call::{Call, Reply, ReplyHead};
use crate::dialect::anthropic_messages;
use crate::provider::{EncodeError, Provider, StreamDecoder, estimate_tokens};

/// The provider `anthropic`.
#[derive(Debug)]
pub struct Anthropic;

impl Provider for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn default_base_url(&self) -> Option<&'static str> {
        Some("https://api.anthropic.com/v1")
    }

    fn key_variable(&self) -> Option<&'static str> {
        Some("ANTHROPIC_API_KEY")
    }

    fn base_url_variable(&self) -> Option<&'static str> {
        Some("ANTHROPIC_BASE_URL")
    }

    /// The limit on output tokens is always sent, and counted by the provider at admission.
    fn cost(&self, request: &Request, target: &Target) -> Cost {
        Cost {
            requests: 1,
            input_tokens: estimate_tokens(request.text_bytes()),
            output_tokens: anthropic_messages::max_tokens(request, &target.model),
        }
    }

    fn encode(&self, request: &Request, target: &Target) -> Result<Call, EncodeError> {
        anthropic_messages::encode(request, target)
    }

    fn limits(&self, head: &ReplyHead, now: Timestamp) -> ObservedLimits {
        anthropic_messages::limits(head, now)
    }

    fn decode(&self, target: &Target, reply: &Reply, now: Timestamp) -> Result<Response, Failure> {
        anthropic_messages::decode(target, reply, now)
    }

    fn stream_decoder<'t>(
        &self,
        target: &'t Target,
        head: &ReplyHead,
    ) -> Option<Box<dyn StreamDecoder + 't>> {
        anthropic_messages::stream_decoder(target, head)
    }
}
