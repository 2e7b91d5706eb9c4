//! A good answer as a stream of named events, made one at a time.

use std::sync::Arc;

use super::message::{Message, SIGNATURE, Usage, call_id};
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
    let pieces = completion.pieces().flat_map(move |(index, piece)| {
        let ping = index == 0 && matches!(piece, Piece::Begin(_));
        let ping = ping.then(|| WireEvent::new(Part::Frame, PING));
        block_events(&completion, index, &piece)
            .into_iter()
            .chain(ping)
    });
    let done = event(Part::Done, "message_stop", "");
    std::iter::once(opening)
        .chain(pieces)
        .chain([closing, done])
}

/// The events of a piece: where a block of some kind begins or ends there are two.
fn block_events(completion: &Completion, index: usize, piece: &Piece) -> Vec<WireEvent> {
    let delta = |part, delta: &str| {
        let fields = format!(r#","index":{index},"delta":{delta}"#);
        event(part, "content_block_delta", &fields)
    };
    match piece {
        Piece::Begin(block) => {
            let empty = empty(completion, *block);
            let fields = format!(r#","index":{index},"content_block":{empty}"#);
            let first =
                matches!(block, Block::Call(_)).then(|| delta(Part::Frame, &said(*block, "")));
            let begin = event(Part::Frame, "content_block_start", &fields);
            std::iter::once(begin).chain(first).collect()
        }
        Piece::Token(block, text) => vec![delta(Part::Token, &said(*block, text))],
        Piece::End(block) => {
            let signature = format!(r#"{{"type":"signature_delta","signature":"{SIGNATURE}"}}"#);
            let signed = (*block == Block::Reasoning).then(|| delta(Part::Frame, &signature));
            let fields = format!(r#","index":{index}"#);
            let end = event(Part::Frame, "content_block_stop", &fields);
            signed.into_iter().chain([end]).collect()
        }
    }
}

fn empty(completion: &Completion, block: Block) -> String {
    match block {
        Block::Reasoning => r#"{"type":"thinking","thinking":"","signature":""}"#.to_owned(),
        Block::Text => r#"{"type":"text","text":""}"#.to_owned(),
        Block::Call(call) => {
            let id = json(&call_id(completion, call));
            let name = json(&completion.calls[call].name);
            format!(r#"{{"type":"tool_use","id":{id},"name":{name},"input":{{}}}}"#)
        }
    }
}

fn said(block: Block, text: &str) -> String {
    let text = json(text);
    match block {
        Block::Reasoning => format!(r#"{{"type":"thinking_delta","thinking":{text}}}"#),
        Block::Text => format!(r#"{{"type":"text_delta","text":{text}}}"#),
        Block::Call(_) => format!(r#"{{"type":"input_json_delta","partial_json":{text}}}"#),
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
