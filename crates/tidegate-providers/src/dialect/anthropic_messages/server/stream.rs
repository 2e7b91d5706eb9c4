//! Streamed answers: pieces become events.
//!
//! The wire has one block after the other, and other vendors' tool calls may come in turns. What comes while a call's
//! arguments are under way therefore waits until they are whole. Usually that is never; at the worst it is the answer
//! once more, which its reader bounds.

use serde::Serialize;
use tidegate_core::{Delta, FinishReason, ToolCall, ToolCallDelta, Usage};

use super::write::{Counts, Message, reason};
use crate::dialect::anthropic_messages::block::Block;
use crate::dialect::arguments::Arguments;

/// Writes the events of one streamed answer.
///
/// # Examples
/// ```
/// use tidegate_core::{Delta, FinishReason};
/// use tidegate_providers::dialect::anthropic_messages::server::StreamWriter;
///
/// let mut writer = StreamWriter::new("msg_1", "claude");
/// let mut bytes = Vec::new();
/// writer.push(&Delta::Text("Hello.".into()), &mut bytes);
/// writer.push(&Delta::Finished(FinishReason::Stop), &mut bytes);
/// writer.finish(&mut bytes);
/// assert!(bytes.starts_with(b"event: message_start\n"));
/// assert!(bytes.ends_with(b"data: {\"type\":\"message_stop\"}\n\n"));
/// ```
#[derive(Debug)]
pub struct StreamWriter {
    id: String,
    model: String,
    usage: Option<Usage>,
    reason: FinishReason,
    begun: bool,
    /// The index of the next block.
    next: usize,
    /// Tool calls so far.
    calls: usize,
    open: Option<Open>,
    /// What came while a call was under way.
    waiting: Vec<Delta>,
}

/// The block under way.
#[derive(Debug)]
enum Open {
    Text,
    Thought,
    Call(Call),
}

/// A tool call under way.
#[derive(Debug)]
struct Call {
    index: usize,
    arguments: Arguments,
    /// Whether they begin as an object does. Of anything else nobody knows where it ends.
    is_object: bool,
}

impl Call {
    fn read(&mut self, json: &str) {
        if !self.arguments.has_begun() {
            self.is_object = json.trim_start().starts_with('{');
        }
        self.arguments.read(json);
    }

    const fn is_whole(&self) -> bool {
        self.is_object && self.arguments.is_complete()
    }
}

impl StreamWriter {
    /// A writer for an answer that begins now. `id` and `model` stand in until, and unless, the answer tells
    /// ([`Delta::Started`]).
    pub fn new(id: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            model: model.into(),
            usage: None,
            reason: FinishReason::default(),
            begun: false,
            next: 0,
            calls: 0,
            open: None,
            waiting: Vec::new(),
        }
    }

    /// Appends the events a piece becomes. The first piece of output brings the beginning with it, so that what it cost
    /// to read the prompt may stand there.
    pub fn push(&mut self, delta: &Delta, out: &mut Vec<u8>) {
        match delta {
            Delta::Started { id, model } => {
                replace(&mut self.id, id.as_deref());
                replace(&mut self.model, model.as_deref());
            }
            Delta::Finished(reason) => self.reason = reason.clone(),
            Delta::Usage(usage) => self.usage = Some(*usage),
            said => {
                self.say_or_keep(said, out);
                self.catch_up(out);
            }
        }
    }

    /// Appends the proper end. An answer that broke off has none: see [`super::ErrorReply::event`].
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.begin(out);
        self.close(out);
        while !self.waiting.is_empty() {
            self.catch_up(out);
            self.close(out);
        }
        let delta = End {
            stop_reason: reason(&self.reason),
            stop_sequence: None,
        };
        let usage = Counts::of(self.usage.as_ref());
        event(&Event::MessageDelta { delta, usage }, out);
        event(&Event::MessageStop {}, out);
    }

    /// Says what waited, as far as nothing is under way.
    fn catch_up(&mut self, out: &mut Vec<u8>) {
        while !self.waiting.is_empty() && !self.is_busy() {
            for said in std::mem::take(&mut self.waiting) {
                self.say_or_keep(&said, out);
            }
        }
    }

    /// Nothing overtakes what waits but the pieces it waits for.
    fn say_or_keep(&mut self, said: &Delta, out: &mut Vec<u8>) {
        if self.goes_on(said) || (self.waiting.is_empty() && !self.is_busy()) {
            self.say(said, out);
        } else {
            self.waiting.push(said.clone());
        }
    }

    /// Whether a call is under way that is not whole.
    const fn is_busy(&self) -> bool {
        matches!(&self.open, Some(Open::Call(call)) if !call.is_whole())
    }

    /// Whether a piece is of the call under way.
    fn goes_on(&self, said: &Delta) -> bool {
        match (&self.open, said) {
            (Some(Open::Call(call)), Delta::ToolCall(piece)) => call.index == piece.index,
            _ => false,
        }
    }

    fn say(&mut self, said: &Delta, out: &mut Vec<u8>) {
        self.begin(out);
        match said {
            Delta::Text(text) => {
                self.text(out);
                self.piece(&Piece::Text { text }, out);
            }
            Delta::Reasoning(thinking) => {
                self.thought(out);
                self.piece(&Piece::Thinking { thinking }, out);
            }
            Delta::ReasoningEnd {
                encrypted: Some(data),
                ..
            } => {
                self.start(&Block::RedactedThinking { data }, None, out);
                self.stop(out);
            }
            Delta::ReasoningEnd { signature, .. } => self.end_thought(signature.as_deref(), out),
            Delta::ToolCall(piece) => self.call(piece, out),
            _ => {}
        }
    }

    fn text(&mut self, out: &mut Vec<u8>) {
        if !matches!(self.open, Some(Open::Text)) {
            let block = Block::Text {
                text: "",
                cache_control: None,
            };
            self.start(&block, Some(Open::Text), out);
        }
    }

    fn thought(&mut self, out: &mut Vec<u8>) {
        if !matches!(self.open, Some(Open::Thought)) {
            let block = Block::Thinking {
                thinking: "",
                signature: "",
            };
            self.start(&block, Some(Open::Thought), out);
        }
    }

    fn end_thought(&mut self, signature: Option<&str>, out: &mut Vec<u8>) {
        if let Some(signature) = signature {
            self.thought(out);
            self.piece(&Piece::Signature { signature }, out);
        }
        if matches!(self.open, Some(Open::Thought)) {
            self.close(out);
        }
    }

    fn call(&mut self, piece: &ToolCallDelta, out: &mut Vec<u8>) {
        if piece.index >= self.calls {
            self.start_call(piece, out);
        }
        let json = &piece.arguments;
        match &mut self.open {
            Some(Open::Call(call)) if call.index == piece.index => call.read(json),
            // The call was whole: what is said behind it is white space at the best.
            _ => return,
        }
        if !json.is_empty() {
            self.piece(&Piece::InputJson { partial_json: json }, out);
        }
    }

    fn start_call(&mut self, piece: &ToolCallDelta, out: &mut Vec<u8>) {
        self.calls = piece.index + 1;
        let call = ToolCall {
            id: piece.id.clone().unwrap_or_default(),
            name: piece.name.clone().unwrap_or_default(),
            arguments: String::new(),
        };
        let open = Open::Call(Call {
            index: piece.index,
            arguments: Arguments::default(),
            is_object: false,
        });
        self.start(&Block::call(&call), Some(open), out);
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.begun, true) {
            let message = Message::begun(&self.id, &self.model, self.usage.as_ref());
            event(&Event::MessageStart { message }, out);
        }
    }

    /// Starts a block in the place of the one under way.
    fn start(&mut self, content_block: &Block<'_>, open: Option<Open>, out: &mut Vec<u8>) {
        self.close(out);
        let index = self.next;
        event(
            &Event::ContentBlockStart {
                index,
                content_block,
            },
            out,
        );
        self.open = open;
    }

    fn piece(&self, delta: &Piece<'_>, out: &mut Vec<u8>) {
        let index = self.next;
        event(&Event::ContentBlockDelta { index, delta }, out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            self.stop(out);
        }
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        event(&Event::ContentBlockStop { index: self.next }, out);
        self.next += 1;
    }
}

fn replace(name: &mut String, told: Option<&str>) {
    if let Some(told) = told {
        told.clone_into(name);
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event<'e> {
    MessageStart {
        message: Message<'e>,
    },
    ContentBlockStart {
        index: usize,
        content_block: &'e Block<'e>,
    },
    ContentBlockDelta {
        index: usize,
        delta: &'e Piece<'e>,
    },
    ContentBlockStop {
        index: usize,
    },
    MessageDelta {
        delta: End<'e>,
        usage: Counts,
    },
    MessageStop {},
}

impl Event<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop {} => "message_stop",
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Piece<'e> {
    #[serde(rename = "text_delta")]
    Text { text: &'e str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'e str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'e str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'e str },
}

#[derive(Serialize)]
struct End<'e> {
    stop_reason: &'e str,
    stop_sequence: Option<&'e str>,
}

fn event(event: &Event<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(event.name().as_bytes());
    out.extend_from_slice(b"\ndata: ");
    let written = serde_json::to_writer(&mut *out, event);
    debug_assert!(written.is_ok(), "writing JSON into memory cannot fail");
    out.extend_from_slice(b"\n\n");
}
