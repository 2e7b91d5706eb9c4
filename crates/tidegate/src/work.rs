//! What a run is about: an answer, or vectors.
//!
//! Waiting, attempts, time-outs and decisions are the same for both. What differs is what is sent and what comes back,
//! and that is all that stands here.

use tidegate_core::{
    Cost, Delivery, EmbedRequest, Embeddings, Excerpt, Failure, FailureKind, Request, Response,
    Target, Timestamp, Usage,
};
use tidegate_providers::{Call, EncodeError, Provider, Reply, ReplyHead, StreamDecoder};

/// What a run is about.
pub(crate) trait Work: Sync {
    /// What comes of it.
    type Answer: Send;

    /// What one attempt will use up of its limits, as an estimate.
    fn cost(&self, provider: &dyn Provider, target: &Target) -> Cost;

    /// What to send.
    fn encode(&self, provider: &dyn Provider, target: &Target) -> Result<Call, EncodeError>;

    /// What came back.
    fn decode(
        &self,
        provider: &dyn Provider,
        target: &Target,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Self::Answer, Failure>;

    /// How a reply is read that comes piece by piece; `None` for one that must be read whole.
    fn streaming<'t>(
        &self,
        provider: &dyn Provider,
        target: &'t Target,
        head: &ReplyHead,
    ) -> Option<Streaming<'t, Self::Answer>>;

    /// Whether pieces were asked for: then the first is waited for no longer than its time-out.
    fn is_streamed(&self) -> bool;

    /// What it cost, where the provider says so.
    fn usage(answer: &Self::Answer) -> Option<Usage>;

    /// The answer as a stream would have told it, for a caller who wants pieces.
    fn response(answer: &Self::Answer) -> Option<&Response>;
}

/// How a reply is read piece by piece.
pub(crate) struct Streaming<'t, A> {
    pub(crate) decoder: Box<dyn StreamDecoder + 't>,
    /// The answer that the pieces add up to.
    pub(crate) answer: fn(Response) -> A,
}

impl Work for Request {
    type Answer = Response;

    fn cost(&self, provider: &dyn Provider, target: &Target) -> Cost {
        provider.cost(self, target)
    }

    fn encode(&self, provider: &dyn Provider, target: &Target) -> Result<Call, EncodeError> {
        provider.encode(self, target)
    }

    fn decode(
        &self,
        provider: &dyn Provider,
        target: &Target,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Response, Failure> {
        provider.decode(target, reply, now)
    }

    fn streaming<'t>(
        &self,
        provider: &dyn Provider,
        target: &'t Target,
        head: &ReplyHead,
    ) -> Option<Streaming<'t, Response>> {
        let decoder = provider.stream_decoder(target, head)?;
        Some(Streaming {
            decoder,
            answer: std::convert::identity,
        })
    }

    fn is_streamed(&self) -> bool {
        self.stream
    }

    fn usage(answer: &Response) -> Option<Usage> {
        answer.usage
    }

    fn response(answer: &Response) -> Option<&Response> {
        Some(answer)
    }
}

impl Work for EmbedRequest {
    type Answer = Embeddings;

    fn cost(&self, provider: &dyn Provider, target: &Target) -> Cost {
        provider.embed_cost(self, target)
    }

    fn encode(&self, provider: &dyn Provider, target: &Target) -> Result<Call, EncodeError> {
        provider.encode_embed(self, target)
    }

    fn decode(
        &self,
        provider: &dyn Provider,
        target: &Target,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Embeddings, Failure> {
        let embeddings = provider.decode_embed(target, reply, now)?;
        let (asked, came) = (self.inputs.len(), embeddings.vectors.len());
        if asked == came {
            return Ok(embeddings);
        }
        let words = format!("{asked} texts were sent and {came} vectors came back");
        Err(Failure::new(FailureKind::Malformed, Delivery::Answered)
            .with_detail(Excerpt::of(&words, [])))
    }

    fn streaming<'t>(
        &self,
        _: &dyn Provider,
        _: &'t Target,
        _: &ReplyHead,
    ) -> Option<Streaming<'t, Embeddings>> {
        None
    }

    fn is_streamed(&self) -> bool {
        false
    }

    fn usage(answer: &Embeddings) -> Option<Usage> {
        answer.usage
    }

    fn response(_: &Embeddings) -> Option<&Response> {
        None
    }
}
