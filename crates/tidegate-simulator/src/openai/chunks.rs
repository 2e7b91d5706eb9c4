//! A good answer as a stream of chunks, made one at a time.

use std::sync::Arc;

use super::whole::Usage;
use super::{FINGERPRINT, call_id, finish_reason, id};
use crate::completion::{Block, Completion, Piece};
use crate::fault::{Part, WireEvent};
use crate::wire::json;

const OPENING: &str = r#"{"role":"assistant","content":"","refusal":null}"#;

/// The events of a stream; the usage comes last, to those who asked for it.
pub(super) fn events(completion: Completion, with_usage: bool) -> impl Iterator<Item = WireEvent> {
    let completion = Arc::new(completion);
    let chunks = Chunks::new(&completion, with_usage);
    let opening = chunks.event(Part::Opening, OPENING, None);
    let closing = chunks.event(Part::Closing, "{}", Some(finish_reason(&completion)));
    let usage = with_usage.then(|| usage_event(&completion));
    let done = WireEvent::new(Part::Done, "data: [DONE]\n\n");
    let pieces = completion.pieces().filter_map(move |(_, piece)| {
        let (part, delta) = delta(&completion, &piece)?;
        Some(chunks.event(part, &delta, None))
    });
    std::iter::once(opening)
        .chain(pieces)
        .chain([closing])
        .chain(usage)
        .chain([done])
}

/// The delta of a piece, unless this wire says nothing there.
fn delta(completion: &Completion, piece: &Piece) -> Option<(Part, String)> {
    match piece {
        Piece::Token(block, text) => Some((Part::Token, said(*block, &json(text)))),
        Piece::Begin(Block::Call(call)) => {
            let id = json(&call_id(completion, *call));
            let name = json(&completion.calls[*call].name);
            let call = format!(
                r#"{{"index":{call},"id":{id},"type":"function","function":{{"name":{name},"arguments":""}}}}"#
            );
            Some((Part::Frame, format!(r#"{{"tool_calls":[{call}]}}"#)))
        }
        Piece::Begin(_) | Piece::End(_) => None,
    }
}

fn said(block: Block, text: &str) -> String {
    match block {
        Block::Reasoning => format!(r#"{{"reasoning_content":{text}}}"#),
        Block::Text => format!(r#"{{"content":{text}}}"#),
        Block::Call(call) => {
            format!(r#"{{"tool_calls":[{{"index":{call},"function":{{"arguments":{text}}}}}]}}"#)
        }
    }
}

fn usage_event(completion: &Completion) -> WireEvent {
    let head = head(completion);
    let usage = json(&Usage::of(completion));
    WireEvent::new(
        Part::Closing,
        format!("data: {head},\"choices\":[],\"usage\":{usage}}}\n\n"),
    )
}

/// Writes the chunks of one stream: all but the delta is the same text in each.
#[derive(Debug)]
struct Chunks {
    before: String,
    after: &'static str,
}

impl Chunks {
    fn new(completion: &Completion, with_usage: bool) -> Self {
        let head = head(completion);
        Self {
            before: format!(r#"data: {head},"choices":[{{"index":0,"delta":"#),
            after: if with_usage {
                "}],\"usage\":null}\n\n"
            } else {
                "}]}\n\n"
            },
        }
    }

    fn event(&self, part: Part, delta: &str, finish: Option<&str>) -> WireEvent {
        let finish = match finish {
            None => r#","logprobs":null,"finish_reason":null"#.to_owned(),
            Some(reason) => format!(r#","logprobs":null,"finish_reason":"{reason}""#),
        };
        WireEvent::new(
            part,
            [&self.before, delta, finish.as_str(), self.after].concat(),
        )
    }
}

fn head(completion: &Completion) -> String {
    let (id, model) = (json(&id(completion)), json(&completion.model));
    let created = completion.created;
    format!(
        r#"{{"id":{id},"object":"chat.completion.chunk","created":{created},"model":{model},"service_tier":"default","system_fingerprint":"{FINGERPRINT}""#
    )
}
