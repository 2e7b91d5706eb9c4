//! Streams of server-sent events: what every dialect's decoder has in common.
//!
//! Bytes become events in one way for all. What an event says, and whether the answer is whole, is the dialect's to tell.

use tidegate_core::{Delta, Failure, StreamEnd, Target};

use crate::classify;
use crate::provider::StreamDecoder;
use crate::sse::SseDecoder;

/// What a dialect makes of events.
pub(super) trait Reader: Send {
    /// Whose answer it is, for failures.
    fn target(&self) -> &Target;

    /// One event. Not called after a failure in the same bytes, nor after the end.
    fn event(&mut self, data: &[u8], out: &mut Vec<Delta>) -> Result<(), Failure>;

    /// The stream has said that it is over.
    fn is_done(&self) -> bool;

    /// Judges what came, when nothing more will.
    fn finish(&mut self) -> Result<StreamEnd, Failure>;
}

/// Decodes a stream of events.
pub(super) struct EventDecoder<R> {
    sse: SseDecoder,
    reader: R,
}

impl<R> EventDecoder<R> {
    pub(super) fn new(reader: R) -> Self {
        let sse = SseDecoder::default();
        Self { sse, reader }
    }
}

impl<R: Reader> StreamDecoder for EventDecoder<R> {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Result<(), Failure> {
        let Self { sse, reader } = self;
        let mut failed = None;
        let read = sse.push(bytes, |event| {
            if failed.is_none() && !reader.is_done() {
                failed = reader.event(event.data, out).err();
            }
        });
        match (failed, read) {
            (Some(failure), _) => Err(failure),
            (None, Err(error)) => Err(classify::malformed(reader.target(), &error.to_string())),
            (None, Ok(())) => Ok(()),
        }
    }

    fn is_done(&self) -> bool {
        self.reader.is_done()
    }

    fn finish(&mut self) -> Result<StreamEnd, Failure> {
        self.reader.finish()
    }
}
