//! Streams of the dialect.
//!
//! An answer comes as blocks, one after the other, each with a beginning, pieces and an end. The stream is whole only
//! when it says so (`message_stop`); anything else is a broken answer, however much text came.

use tidegate_core::{Delivery, Delta, Failure, FailureKind, StreamEnd, Target, ToolCallDelta};

use super::answer::{end_of_thought, finish_reason, hidden_thought};
use super::usage::Counts;
use super::wire::{self, said};
use crate::call::ReplyHead;
use crate::classify::{self, ErrorBody};
use crate::dialect::events::{EventDecoder, Reader};
use crate::dialect::headers::announces_events;
use crate::provider::StreamDecoder;
use crate::sse::MAX_EVENT;

/// The events that are read. `ping` and those that are new say nothing.
const KNOWN: &[&str] = &[
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "error",
];

/// A decoder, if the head announces a stream.
pub fn stream_decoder<'t>(
    target: &'t Target,
    head: &ReplyHead,
) -> Option<Box<dyn StreamDecoder + 't>> {
    let decoder = || EventDecoder::new(State::new(target));
    announces_events(head).then(|| Box::new(decoder()) as Box<dyn StreamDecoder + 't>)
}

struct State<'t> {
    target: &'t Target,
    /// Whether anything of an answer came. An empty one is one too.
    begun: bool,
    open: Option<Open>,
    /// Tool calls so far: the wire counts blocks, we count calls.
    calls: usize,
    usage: Counts,
    done: bool,
}

/// The block under way.
struct Open {
    index: Option<u64>,
    kind: Kind,
}

enum Kind {
    Text,
    Thinking { signature: String },
    ToolUse(Call),
    Other,
}

struct Call {
    index: usize,
    /// The arguments the block began with: all there are, where no piece follows.
    input: String,
    in_pieces: bool,
}

impl<'t> State<'t> {
    fn new(target: &'t Target) -> Self {
        Self {
            target,
            begun: false,
            open: None,
            calls: 0,
            usage: Counts::default(),
            done: false,
        }
    }
}

impl Reader for State<'_> {
    fn target(&self) -> &Target {
        self.target
    }

    fn event(&mut self, data: &[u8], out: &mut Vec<Delta>) -> Result<(), Failure> {
        match serde_json::from_slice::<wire::Event<'_>>(data) {
            Ok(event) if event.error.is_some() || event.kind == "error" => Err(self.reported(data)),
            Ok(event) => self.read(event, out),
            Err(_) if is_new(data) => Ok(()),
            Err(_) => Err(self.reported(data)),
        }
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn finish(&mut self) -> Result<StreamEnd, Failure> {
        match (self.done, self.begun) {
            (true, true) => Ok(StreamEnd { terminated: true }),
            (true, false) => Err(self.malformed("the stream has an end and no answer")),
            (false, _) => Err(Failure::new(FailureKind::StreamBroken, Delivery::Unknown)),
        }
    }
}

impl State<'_> {
    fn read(&mut self, event: wire::Event<'_>, out: &mut Vec<Delta>) -> Result<(), Failure> {
        match event.kind.as_ref() {
            "message_start" => self.start(event, out),
            "content_block_start" => {
                self.close(out);
                self.begun = true;
                self.open(event, out);
            }
            "content_block_delta" => self.piece(event, out)?,
            "content_block_stop" => self.close(out),
            "message_delta" => self.end(event, out)?,
            "message_stop" => {
                self.close(out);
                self.done = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, event: wire::Event<'_>, out: &mut Vec<Delta>) {
        self.begun = true;
        let Some(message) = event.message else { return };
        let (id, model) = (said(message.id), said(message.model));
        if id.is_some() || model.is_some() {
            out.push(Delta::Started { id, model });
        }
        self.count(message.usage, out);
    }

    fn count(&mut self, counts: Option<Counts>, out: &mut Vec<Delta>) {
        if let Some(counts) = counts {
            self.usage.update(counts);
            out.extend(self.usage.counted().map(Delta::Usage));
        }
    }

    fn open(&mut self, event: wire::Event<'_>, out: &mut Vec<Delta>) {
        let block = event.content_block.unwrap_or_default();
        let kind = match block.kind.as_ref() {
            "text" => {
                out.extend(said(block.text).map(Delta::Text));
                Kind::Text
            }
            "thinking" => {
                out.extend(said(block.thinking).map(Delta::Reasoning));
                Kind::Thinking {
                    signature: block.signature.unwrap_or_default(),
                }
            }
            "redacted_thinking" => {
                out.push(hidden_thought(block.data));
                Kind::Other
            }
            "tool_use" => Kind::ToolUse(self.call(block, out)),
            _ => Kind::Other,
        };
        self.open = Some(Open {
            index: event.index,
            kind,
        });
    }

    fn call(&mut self, block: wire::Block<'_>, out: &mut Vec<Delta>) -> Call {
        let index = self.calls;
        self.calls += 1;
        let input = block.arguments().to_owned();
        out.push(Delta::ToolCall(ToolCallDelta {
            index,
            id: Some(block.id.unwrap_or_default()),
            name: Some(block.name.unwrap_or_default()),
            arguments: String::new(),
        }));
        Call {
            index,
            input,
            in_pieces: false,
        }
    }

    fn piece(&mut self, event: wire::Event<'_>, out: &mut Vec<Delta>) -> Result<(), Failure> {
        let target = self.target;
        let piece = event.delta.unwrap_or_default();
        let Some(open) = self.open.as_mut().filter(|open| open.is(event.index)) else {
            return Err(self.malformed("a piece of the answer belongs to no block"));
        };
        match (piece.kind.as_ref(), &mut open.kind) {
            (_, Kind::Other) => {}
            ("text_delta", _) => out.extend(said(piece.text).map(Delta::Text)),
            ("thinking_delta", _) => out.extend(said(piece.thinking).map(Delta::Reasoning)),
            ("signature_delta", Kind::Thinking { signature }) => {
                signature.push_str(piece.signature.as_deref().unwrap_or_default());
                if signature.len() > MAX_EVENT {
                    return Err(classify::malformed(target, "a signature without an end"));
                }
            }
            ("input_json_delta", Kind::ToolUse(call)) => {
                out.extend(said(piece.partial_json).map(|json| call.go_on(json)));
            }
            // Citations, and what is new.
            _ => {}
        }
        Ok(())
    }

    /// Ends the block under way, if there is one.
    fn close(&mut self, out: &mut Vec<Delta>) {
        match self.open.take().map(|open| open.kind) {
            Some(Kind::Thinking { signature }) => out.extend(end_of_thought(signature)),
            Some(Kind::ToolUse(mut call)) if !call.in_pieces => {
                let input = std::mem::take(&mut call.input);
                out.push(call.go_on(input));
            }
            _ => {}
        }
    }

    fn end(&mut self, event: wire::Event<'_>, out: &mut Vec<Delta>) -> Result<(), Failure> {
        self.close(out);
        self.count(event.usage, out);
        let piece = event.delta.unwrap_or_default();
        if let Some(reason) = piece.stop_reason {
            self.begun = true;
            let reason = finish_reason(self.target, Some(&reason), piece.stop_details)?;
            out.push(Delta::Finished(reason));
        }
        Ok(())
    }

    fn reported(&self, data: &[u8]) -> Failure {
        match ErrorBody::read(data) {
            Some(error) => classify::reported(self.target, &error),
            None => self.malformed("an event of the stream is not the JSON it should be"),
        }
    }

    fn malformed(&self, what: &str) -> Failure {
        classify::malformed(self.target, what)
    }
}

impl Open {
    /// Whether a piece with this index is one of its.
    fn is(&self, index: Option<u64>) -> bool {
        index.is_none() || self.index.is_none() || index == self.index
    }
}

impl Call {
    fn go_on(&mut self, arguments: String) -> Delta {
        self.in_pieces = true;
        Delta::ToolCall(ToolCallDelta {
            index: self.index,
            arguments,
            ..ToolCallDelta::default()
        })
    }
}

/// Whether an event that cannot be read is one nobody knows.
fn is_new(data: &[u8]) -> bool {
    serde_json::from_slice::<wire::Kind<'_>>(data)
        .is_ok_and(|event| !KNOWN.contains(&event.kind.as_ref()))
}
