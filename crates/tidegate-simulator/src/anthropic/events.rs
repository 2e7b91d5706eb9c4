//! A good answer as a stream of named events, made one at a time.

use std::sync::Arc;

use super::message::{Message, Usage};
use super::stop_reason;
use crate::completion::{Block, Completion, Piece};
use crate::fault::{Part, WireEvent};
use crate::wire::json;

pub(super) const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";

/// The events of a stream. A ping comes after the first block has begun, as it does from the provider.
pub(super) fn events(completion: Completion) -> impl Iterator<Item = WireEvent> {
    let completion = Arc::new(completion);
    let message = json(&Message::opening(&completion));
    let opening = event(
        Part::Opening,
        "message_start",
        &format!(r#","message":{message}"#),
    );
    let closing = message_delta(&completion);
    let pieces = completion.pieces().flat_map(|(index, piece)| {
        let first = index == 0 && matches!(piece, Piece::Begin(_));
        let ping = first.then(|| WireEvent::new(Part::Frame, PING));
        std::iter::once(block_event(index, &piece)).chain(ping)
    });
    let done = event(Part::Done, "message_stop", "");
    std::iter::once(opening)
        .chain(pieces)
        .chain([closing, done])
}

fn block_event(index: usize, piece: &Piece) -> WireEvent {
    match piece {
        Piece::Begin(block) => {
            let block = empty(*block);
            let fields = format!(r#","index":{index},"content_block":{block}"#);
            event(Part::Frame, "content_block_start", &fields)
        }
        Piece::Token(block, text) => {
            let delta = delta(*block, text);
            let fields = format!(r#","index":{index},"delta":{delta}"#);
            event(Part::Token, "content_block_delta", &fields)
        }
        Piece::End(_) => event(
            Part::Frame,
            "content_block_stop",
            &format!(r#","index":{index}"#),
        ),
    }
}

fn empty(block: Block) -> String {
    match block {
        Block::Text => r#"{"type":"text","text":""}"#.to_owned(),
    }
}

fn delta(block: Block, text: &str) -> String {
    let text = json(text);
    match block {
        Block::Text => format!(r#"{{"type":"text_delta","text":{text}}}"#),
    }
}

fn message_delta(completion: &Completion) -> WireEvent {
    let reason = stop_reason(completion);
    let usage = json(&Usage::of(completion, completion.tokens()));
    let fields =
        format!(r#","delta":{{"stop_reason":"{reason}","stop_sequence":null}},"usage":{usage}"#);
    event(Part::Closing, "message_delta", &fields)
}

/// An event whose data repeats its name and goes on with these fields.
fn event(part: Part, name: &str, fields: &str) -> WireEvent {
    WireEvent::new(
        part,
        format!("event: {name}\ndata: {{\"type\":\"{name}\"{fields}}}\n\n"),
    )
}
