//! The order of a stream's events, which clients rely on.

use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_core::{Delta, FinishReason, ToolCallDelta, Usage};
use tidegate_providers::dialect::anthropic_messages::server::StreamWriter;
use tidegate_providers::sse::SseDecoder;

use crate::pieces::pieces;

proptest! {
    #[test]
    fn one_block_comes_after_the_other_between_a_beginning_and_an_end(pieces in pieces()) {
        let events = events(&pieces);
        let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        let (first, rest) = kinds.split_first().unwrap();
        let (blocks, end) = rest.split_at(rest.len() - 2);
        prop_assert_eq!(*first, "message_start");
        prop_assert_eq!(end, ["message_delta", "message_stop"]);
        let (mut open, mut next) = (false, 0);
        for (kind, event) in blocks.iter().zip(&events[1..]) {
            prop_assert_eq!(&event["index"], &json!(next));
            match *kind {
                "content_block_start" => prop_assert!(!std::mem::replace(&mut open, true)),
                "content_block_delta" => prop_assert!(open),
                "content_block_stop" => {
                    prop_assert!(std::mem::replace(&mut open, false));
                    next += 1;
                }
                other => prop_assert!(false, "{}", other),
            }
        }
        prop_assert!(!open);
    }
}

/// The events of a finished stream. The name of each is the type it says.
fn events(pieces: &[Delta]) -> Vec<Value> {
    let mut writer = StreamWriter::new("msg_law", "law");
    let mut bytes = Vec::new();
    for piece in pieces {
        writer.push(piece, &mut bytes);
    }
    writer.finish(&mut bytes);
    read(&bytes)
}

fn read(bytes: &[u8]) -> Vec<Value> {
    let mut events = Vec::new();
    SseDecoder::default()
        .push(bytes, |event| {
            let value: Value = serde_json::from_slice(event.data).unwrap();
            assert_eq!(value["type"].as_str().unwrap().as_bytes(), event.name);
            events.push(value);
        })
        .unwrap();
    events
}

fn call(index: usize, id: Option<&str>, arguments: &str) -> Delta {
    Delta::ToolCall(ToolCallDelta {
        index,
        id: id.map(Into::into),
        name: id.map(Into::into),
        arguments: arguments.into(),
    })
}

#[test]
fn what_the_prompt_cost_stands_in_the_beginning_where_it_is_known() {
    let usage = Usage {
        input_tokens: 12,
        cached_input_tokens: 5,
        cache_write_tokens: 4,
        output_tokens: 1,
        ..Usage::default()
    };
    let events = events(&[Delta::Usage(usage), Delta::Text("Hi.".into())]);
    let told = &events[0]["message"]["usage"];
    assert_eq!(
        told,
        &json!({ "input_tokens": 3, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 5, "output_tokens": 1 })
    );
}

#[test]
fn a_call_leaves_at_once_and_one_that_comes_in_turns_with_it_waits_until_it_is_whole() {
    let mut writer = StreamWriter::new("msg_law", "law");
    let mut written = |piece: &Delta| {
        let mut bytes = Vec::new();
        writer.push(piece, &mut bytes);
        read(&bytes).len()
    };
    assert_eq!(
        written(&call(0, Some("a"), "{\"x\":")),
        3,
        "beginning, block, piece"
    );
    assert_eq!(written(&call(1, Some("b"), "{\"y\"")), 0, "waits");
    assert_eq!(written(&call(1, None, ":2}")), 0, "waits");
    assert_eq!(written(&Delta::Text("t".into())), 0, "waits");
    assert_eq!(
        written(&call(0, None, "1}")),
        1 + 4 + 3,
        "the piece; the other call; the text"
    );
    assert_eq!(
        written(&call(0, None, "\n")),
        0,
        "white space behind a whole call"
    );
    assert_eq!(written(&Delta::Text("t".into())), 1);
}

#[test]
fn what_waits_is_not_overtaken() {
    let pieces = [
        call(0, Some("a"), "{"),
        call(1, Some("b"), ""),
        Delta::Text("first".into()),
        call(1, None, "{}"),
        Delta::Text("second".into()),
        call(0, None, "}"),
    ];
    let texts: Vec<_> = events(&pieces)
        .iter()
        .filter_map(|event| event["delta"]["text"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(texts, ["first", "second"]);
}

#[test]
fn of_arguments_that_are_no_object_nothing_is_lost() {
    let pieces = [
        call(0, Some("a"), "nei"),
        call(1, Some("b"), "{}"),
        call(0, None, "ther"),
    ];
    let arguments: String = events(&pieces)
        .iter()
        .filter_map(|event| event["delta"]["partial_json"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(arguments, "neither{}");
}

#[test]
fn an_answer_that_says_nothing_has_a_beginning_and_an_end() {
    let events = events(&[Delta::Finished(FinishReason::Length)]);
    assert_eq!(events.len(), 3);
    assert_eq!(events[1]["delta"]["stop_reason"], "max_tokens");
}
