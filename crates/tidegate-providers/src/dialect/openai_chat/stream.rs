//! Streams of the dialect.
//!
//! A stream is whole only when it says so: `[DONE]`, or a finish reason before the connection closed. Anything else
//! is a broken answer, however much text came.

mod calls;

use tidegate_core::{Delivery, Delta, Failure, FailureKind, Response, StreamEnd, Target};

pub(super) use calls::Calls;

use super::answer::{carried, finish_reason, refused, with_calls};
use super::wire;
use crate::call::ReplyHead;
use crate::classify::{self, ErrorBody};
use crate::dialect::events::{EventDecoder, Reader};
use crate::dialect::headers::announces_events;
use crate::provider::StreamDecoder;

/// A decoder, if the head announces a stream.
pub fn stream_decoder<'t>(
    target: &'t Target,
    head: &ReplyHead,
) -> Option<Box<dyn StreamDecoder + 't>> {
    let decoder = || EventDecoder::new(State::new(target));
    announces_events(head).then(|| Box::new(decoder()) as Box<dyn StreamDecoder + 't>)
}

/// The answer of a stream that nothing announced, read whole: some servers call theirs `text/plain`. `None` when the
/// body is no stream.
pub(super) fn unannounced(target: &Target, body: &[u8]) -> Option<Result<Response, Failure>> {
    if !body.trim_ascii_start().starts_with(b"data:") {
        return None;
    }
    let (mut decoder, mut pieces) = (EventDecoder::new(State::new(target)), Vec::new());
    let ended = decoder
        .push(body, &mut pieces)
        .and_then(|()| decoder.finish());
    Some(ended.map(|_| {
        let mut response = Response::default();
        for piece in &pieces {
            response.add(piece);
        }
        response
    }))
}

struct State<'t> {
    target: &'t Target,
    started: bool,
    /// The answer's id, once the stream has told.
    id: Option<String>,
    /// Which of several choices is read: the first that comes.
    choice: Option<u64>,
    calls: Calls,
    answer: Answer,
    done: bool,
}

/// How far the answer has come. An empty one is one too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Missing,
    Begun,
    Finished,
}

impl<'t> State<'t> {
    fn new(target: &'t Target) -> Self {
        Self {
            target,
            started: false,
            id: None,
            choice: None,
            calls: Calls::default(),
            answer: Answer::Missing,
            done: false,
        }
    }
}

impl Reader for State<'_> {
    fn target(&self) -> &Target {
        self.target
    }

    fn event(&mut self, data: &[u8], out: &mut Vec<Delta>) -> Result<(), Failure> {
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        // Checked once for the whole, not once for each of its strings.
        let text = std::str::from_utf8(data).unwrap_or_default();
        match serde_json::from_str::<wire::Chunk<'_>>(text) {
            Ok(chunk) => self.chunk(chunk, data, out),
            Err(_) => Err(self.unreadable(data)),
        }
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn finish(&mut self) -> Result<StreamEnd, Failure> {
        match (self.answer, self.done) {
            (Answer::Missing, true) => Err(classify::malformed(
                self.target,
                "the stream has an end and no answer",
            )),
            (Answer::Finished, terminated) => Ok(StreamEnd { terminated }),
            (Answer::Begun, true) if self.calls.are_whole() => Ok(StreamEnd { terminated: true }),
            (Answer::Missing | Answer::Begun, _) => {
                Err(Failure::new(FailureKind::StreamBroken, Delivery::Unknown))
            }
        }
    }
}

impl State<'_> {
    fn chunk(
        &mut self,
        chunk: wire::Chunk<'_>,
        data: &[u8],
        out: &mut Vec<Delta>,
    ) -> Result<(), Failure> {
        if let Some(error) = chunk.error {
            return Err(carried(self.target, &error));
        }
        // A chunk that brings nothing may be an error whose fields stand at the top (vLLM).
        if chunk.choices.is_empty()
            && chunk.usage.is_none()
            && let Some(error) = ErrorBody::read(data)
        {
            return Err(classify::reported(self.target, &error));
        }
        self.name(chunk.id, chunk.model, out);
        for choice in chunk.choices {
            if *self.choice.get_or_insert(choice.index.unwrap_or(0)) == choice.index.unwrap_or(0) {
                self.choice(choice, out)?;
            }
        }
        let usage = chunk.usage.and_then(|usage| usage.counted());
        out.extend(usage.map(Delta::Usage));
        Ok(())
    }

    /// Who answers. Azure's first chunk names nobody.
    fn name(
        &mut self,
        id: Option<wire::Text<'_>>,
        model: Option<wire::Text<'_>>,
        out: &mut Vec<Delta>,
    ) {
        if self.started {
            return;
        }
        let (id, model) = (wire::said(id), wire::said(model));
        if id.is_some() || model.is_some() {
            self.started = true;
            self.id.clone_from(&id);
            out.push(Delta::Started { id, model });
        }
    }

    fn choice(
        &mut self,
        choice: wire::ChunkChoice<'_>,
        out: &mut Vec<Delta>,
    ) -> Result<(), Failure> {
        if self.answer == Answer::Missing {
            self.answer = Answer::Begun;
        }
        let mut said = choice.delta;
        if let Some(refusal) = wire::said(said.refusal.take()) {
            return Err(refused(self.target, &refusal));
        }
        out.extend(said.take_thought().map(Delta::Reasoning));
        let text = std::mem::take(&mut said.content).text;
        if !text.is_empty() {
            out.push(Delta::Text(text.into_owned()));
        }
        if !said.tool_calls.is_empty() || said.function_call.is_some() {
            self.tool_calls(said, out)?;
        }
        if let Some(reason) = wire::said(choice.finish_reason) {
            let reason = finish_reason(self.target, Some(&reason))?;
            self.answer = Answer::Finished;
            out.push(Delta::Finished(with_calls(reason, !self.calls.is_empty())));
        }
        Ok(())
    }

    fn tool_calls(&mut self, said: wire::Said<'_>, out: &mut Vec<Delta>) -> Result<(), Failure> {
        for piece in Calls::pieces(said) {
            let piece = (self.calls.piece(piece, self.id.as_deref()))
                .map_err(|what| classify::malformed(self.target, what))?;
            out.extend(piece.map(Delta::ToolCall));
        }
        Ok(())
    }

    fn unreadable(&self, data: &[u8]) -> Failure {
        match ErrorBody::read(data) {
            Some(error) => classify::reported(self.target, &error),
            None => classify::malformed(
                self.target,
                "an event of the stream is not the JSON it should be",
            ),
        }
    }
}
