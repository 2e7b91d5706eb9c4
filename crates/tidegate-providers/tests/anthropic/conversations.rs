//! Conversations the dialect can express, and how they come back.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;
use tidegate_core::{Image, ImageSource, Message, Part, Reasoning, Role, ToolCall, ToolResult};

/// Turns of both roles in any order, some of which say nothing.
pub(crate) fn conversation() -> impl Strategy<Value = Vec<Message>> {
    let user = vec(prop_oneof![text(), image(), result()], 0..4);
    let assistant = vec(prop_oneof![text(), thought(), call()], 0..4);
    let turn = prop_oneof![
        user.prop_map(|parts| Message::of(Role::User, parts)),
        assistant.prop_map(|parts| Message::of(Role::Assistant, parts)),
    ];
    vec(turn, 0..6)
}

fn text() -> impl Strategy<Value = Part> {
    "(?s).{0,6}".prop_map(Part::text)
}

fn image() -> impl Strategy<Value = Part> {
    let source = prop_oneof![
        "https://[a-z]{1,8}/x".prop_map(ImageSource::Url),
        ("image/(png|jpeg)", "[A-Za-z0-9+/]{4,8}=")
            .prop_map(|(media_type, base64)| ImageSource::Data { media_type, base64 }),
    ];
    let detail = option::of(Just("auto".to_owned()));
    (source, detail).prop_map(|(source, detail)| Part::Image(Image { source, detail }))
}

fn thought() -> impl Strategy<Value = Part> {
    let texts = ("(?s).{0,6}", option::of("[a-z]{1,4}"));
    prop_oneof![
        texts.prop_map(|(text, signature)| Part::Reasoning(Reasoning {
            text,
            signature,
            encrypted: None
        })),
        "[a-z]{1,4}".prop_map(|data| Part::Reasoning(Reasoning {
            encrypted: Some(data),
            ..Reasoning::default()
        })),
    ]
}

fn call() -> impl Strategy<Value = Part> {
    ("[a-z]{1,4}", "[a-z]{1,4}", arguments()).prop_map(|(id, name, arguments)| {
        Part::ToolCall(ToolCall {
            id,
            name,
            arguments,
        })
    })
}

/// Texts of JSON objects, and none at all.
pub(crate) fn arguments() -> impl Strategy<Value = String> {
    let object = proptest::collection::hash_map("[a-z\"\\\\{}]{1,3}", json(), 0..3);
    let value = object
        .prop_map(|object| Value::Object(object.into_iter().collect()))
        .boxed();
    prop_oneof![
        1 => Just(String::new()),
        4 => value.clone().prop_map(|value| value.to_string()),
        2 => value.prop_map(|value| format!(" {value:#}\n")),
    ]
}

fn result() -> impl Strategy<Value = Part> {
    let parts = vec(prop_oneof![text(), image()], 0..3);
    ("[a-z]{1,4}", parts, any::<bool>()).prop_map(|(call, parts, is_error)| {
        Part::ToolResult(ToolResult {
            call,
            parts,
            is_error,
        })
    })
}

pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "(?s).{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let object = proptest::collection::hash_map("[a-z]{1,3}", inner.clone(), 0..3);
        prop_oneof![
            vec(inner, 0..3).prop_map(Value::from),
            object.prop_map(|object| Value::Object(object.into_iter().collect())),
        ]
    })
}

/// A conversation as it comes back: what says nothing is left out, turns of one role are one, results come first.
pub(crate) fn come_back(messages: Vec<Message>) -> Vec<Message> {
    let mut merged: Vec<Message> = Vec::new();
    for message in messages {
        let parts: Vec<_> = message.parts.into_iter().filter_map(part).collect();
        match merged.last_mut() {
            _ if parts.is_empty() => {}
            Some(last) if last.role == message.role => last.parts.extend(parts),
            _ => merged.push(Message::of(message.role, parts)),
        }
    }
    for message in &mut merged {
        let is_result = |part: &Part| matches!(part, Part::ToolResult(_));
        let (mut results, others): (Vec<_>, Vec<_>) = message.parts.drain(..).partition(is_result);
        results.extend(others);
        message.parts = results;
    }
    merged
}

fn part(part: Part) -> Option<Part> {
    match part {
        Part::Text { text } if text.is_empty() => None,
        Part::Reasoning(thought) if thought.signature.is_none() && thought.encrypted.is_none() => {
            None
        }
        Part::Image(image) => Some(Part::Image(Image {
            detail: None,
            ..image
        })),
        Part::ToolCall(call) => Some(Part::ToolCall(ToolCall {
            arguments: object(&call.arguments),
            ..call
        })),
        Part::ToolResult(result) => Some(Part::ToolResult(ToolResult {
            parts: result.parts.into_iter().filter_map(self::part).collect(),
            ..result
        })),
        other => Some(other),
    }
}

/// Arguments without the white space round them; an empty object where there are none.
pub(crate) fn object(arguments: &str) -> String {
    match arguments.trim() {
        "" => "{}".to_owned(),
        object => object.to_owned(),
    }
}
