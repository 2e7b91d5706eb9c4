//! What a vendor is to Tidegate.

use tidegate_core::{
    Cost, Delivery, Delta, EmbedRequest, Embeddings, Excerpt, Failure, FailureKind, ObservedLimits,
    Request, Response, StreamEnd, Target, Timestamp,
};

use crate::call::{Call, Reply, ReplyHead};
use crate::classify;

/// One vendor, or one kind of vendor. Stateless: everything it needs stands in its arguments.
pub trait Provider: Send + Sync {
    /// Its name in configurations: lower case, words joined by `-`.
    fn name(&self) -> &'static str;

    /// Where its API lives unless configured, without a trailing slash. `None`: must be configured, or has none.
    fn default_base_url(&self) -> Option<&'static str> {
        None
    }

    /// The environment variable its users keep the key in. With it set, the provider works without configuration.
    fn key_variable(&self) -> Option<&'static str> {
        None
    }

    /// The environment variable its users point elsewhere with: a proxy, a test server.
    fn base_url_variable(&self) -> Option<&'static str> {
        None
    }

    /// Whether it cannot be asked without a credential.
    fn needs_key(&self) -> bool {
        self.key_variable().is_some()
    }

    /// Whether it is reached through a child process instead of HTTP.
    fn is_command(&self) -> bool {
        false
    }

    /// What one attempt will use up of its limits, as an estimate.
    fn cost(&self, request: &Request, target: &Target) -> Cost {
        let _ = target;
        Cost {
            requests: 1,
            input_tokens: estimate_tokens(request.text_bytes()),
            output_tokens: request.max_tokens.map_or(0, u64::from),
        }
    }

    /// What to send.
    ///
    /// # Errors
    /// [`EncodeError`] when the request cannot be expressed at this target; nothing is sent then.
    fn encode(&self, request: &Request, target: &Target) -> Result<Call, EncodeError>;

    /// What one attempt at vectors will use up of its limits, as an estimate.
    fn embed_cost(&self, request: &EmbedRequest, target: &Target) -> Cost {
        let _ = target;
        Cost {
            requests: 1,
            input_tokens: estimate_tokens(request.inputs.iter().map(String::len).sum()),
            output_tokens: 0,
        }
    }

    /// What to send for vectors.
    ///
    /// # Errors
    /// [`EncodeError`] when the request cannot be expressed at this target, or the vendor has no embeddings.
    fn encode_embed(&self, request: &EmbedRequest, target: &Target) -> Result<Call, EncodeError> {
        let _ = (request, target);
        Err(EncodeError::Unsupported {
            dialect: self.name(),
            what: "embeddings".to_owned(),
        })
    }

    /// What a reply's head tells of the vendor's limits.
    fn limits(&self, head: &ReplyHead, now: Timestamp) -> ObservedLimits {
        let _ = (head, now);
        ObservedLimits::default()
    }

    /// What came back.
    ///
    /// # Errors
    /// The [`Failure`] the reply amounts to, judged by its body before its status.
    fn decode(&self, target: &Target, reply: &Reply, now: Timestamp) -> Result<Response, Failure>;

    /// What came back for [`Provider::encode_embed`].
    ///
    /// # Errors
    /// As [`Provider::decode`].
    fn decode_embed(
        &self,
        target: &Target,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Embeddings, Failure> {
        Err(classify::reply(target, reply, now))
    }

    /// A decoder for a reply that is a stream of pieces; `None` when it is not one and must be read whole.
    fn stream_decoder<'t>(
        &self,
        target: &'t Target,
        head: &ReplyHead,
    ) -> Option<Box<dyn StreamDecoder + 't>> {
        let _ = (target, head);
        None
    }
}

/// Turns the bytes of one streamed reply into pieces. Chunk boundaries may fall anywhere.
pub trait StreamDecoder: Send {
    /// Takes more bytes and appends the pieces they complete to `out`; pieces before a failure are appended too.
    ///
    /// # Errors
    /// The [`Failure`] the stream reports, or [`FailureKind::Malformed`] when it cannot be read.
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Result<(), Failure>;

    /// Whether the stream has said that nothing more will come. The connection may stay open all the same.
    fn is_done(&self) -> bool;

    /// Says whether a stream that has ended ended well.
    ///
    /// # Errors
    /// [`FailureKind::StreamBroken`] when its proper end is missing.
    fn finish(&mut self) -> Result<StreamEnd, Failure>;
}

/// Why a request cannot be expressed at a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The prompt is too long to be one argument of a command.
    #[error(
        "the prompt has {bytes} bytes and one argument of a command holds {max}: set `prompt = \"stdin\"` for this \
         provider if the command can read standard input"
    )]
    PromptTooLong {
        /// Bytes the prompt has.
        bytes: usize,
        /// Bytes one argument holds.
        max: usize,
    },
    /// An argument of a command cannot hold a NUL byte.
    #[error(
        "the prompt contains a NUL byte, which no argument can hold: set `prompt = \"stdin\"` for this provider"
    )]
    NulInPrompt,
    /// The provider has no base URL.
    #[error("no base URL: set `base_url` for this provider")]
    NoBaseUrl,
    /// The provider has no command.
    #[error("no command: set `argv` for this provider")]
    NoCommand,
    /// The dialect has no way to say this part of the request. Sending it without would be another request.
    #[error("`{dialect}` cannot express {what}")]
    Unsupported {
        /// The dialect or provider.
        dialect: &'static str,
        /// The part, by its name in the request: "`seed`", "an image in a tool result".
        what: String,
    },
    /// A configured header cannot be sent.
    #[error(
        "the header `{name}` cannot be sent: its name or value has characters HTTP does not allow"
    )]
    BadHeader {
        /// The header.
        name: String,
    },
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        let detail = Excerpt::of(&error.to_string(), []);
        Self::new(FailureKind::Unsupported, Delivery::NotSent).with_detail(detail)
    }
}

/// Four bytes a token: within 3 % on source code, and a limit is met by settling with the real count anyway.
fn estimate_tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}
