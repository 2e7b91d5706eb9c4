//! Conversations the dialect can express, and how they come back.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tidegate_core::{Image, ImageSource, Message, Part, Reasoning, Role, ToolCall, ToolResult};

/// Turns in which every call has its result, right behind it.
pub(crate) fn conversation() -> impl Strategy<Value = Vec<Message>> {
    let exchange = (vec(user_piece(), 0..3), option::of(assistant()));
    vec(exchange, 1..4).prop_map(|exchanges| {
        let mut messages = Vec::new();
        for (number, (pieces, assistant)) in exchanges.into_iter().enumerate() {
            messages.push(Message::of(Role::User, pieces));
            if let Some(assistant) = assistant {
                messages.extend(assistant.turns(number));
            }
        }
        messages
    })
}

fn user_piece() -> impl Strategy<Value = Part> {
    prop_oneof![3 => text(), 1 => image().prop_map(Part::Image)]
}

fn text() -> impl Strategy<Value = Part> {
    prop_oneof![1 => Just(String::new()), 4 => any::<String>()].prop_map(Part::text)
}

fn image() -> impl Strategy<Value = Image> {
    let url = "https://[a-z]{1,8}/[^\u{0}]{0,8}".prop_map(ImageSource::Url);
    let data = ("image/(png|jpeg)", "[A-Za-z0-9+/]{0,12}")
        .prop_map(|(media_type, base64)| ImageSource::Data { media_type, base64 });
    (prop_oneof![url, data], option::of("low|high|auto"))
        .prop_map(|(source, detail)| Image { source, detail })
}

/// An assistant's turn, and what becomes of the calls in it.
#[derive(Debug, Clone)]
struct Assistant {
    parts: Vec<Part>,
    results: Vec<(Vec<Part>, bool)>,
    backwards: bool,
    /// After how many results the turn ends, and the rest comes in the next.
    split: usize,
    /// What the user says before, between and behind the results.
    beside: Vec<Part>,
}

fn assistant() -> impl Strategy<Value = Assistant> {
    let call = ("[a-z_]{1,8}", any::<String>()).prop_map(|(name, arguments)| {
        Part::ToolCall(ToolCall {
            id: String::new(),
            name,
            arguments,
        })
    });
    let thought = (any::<String>(), option::of("[a-z]{4}")).prop_map(|(text, signature)| {
        Part::Reasoning(Reasoning {
            text,
            signature,
            encrypted: None,
        })
    });
    let parts = vec(prop_oneof![2 => text(), 1 => thought, 2 => call], 0..5);
    let results = vec((vec(text(), 0..3), any::<bool>()), 5);
    let beside = vec(user_piece(), 0..3);
    (parts, results, any::<bool>(), 0usize..3, beside).prop_map(
        |(parts, results, backwards, split, beside)| Assistant {
            parts,
            results,
            backwards,
            split,
            beside,
        },
    )
}

impl Assistant {
    fn turns(mut self, number: usize) -> Vec<Message> {
        let mut ids = Vec::new();
        for part in &mut self.parts {
            if let Part::ToolCall(call) = part {
                call.id = format!("call_{number}_{}", ids.len());
                ids.push(call.id.clone());
            }
        }
        let mut turns = vec![Message::of(Role::Assistant, self.parts)];
        if ids.is_empty() {
            return turns;
        }
        if self.backwards {
            ids.reverse();
        }
        let result = |(call, (parts, is_error))| {
            Part::ToolResult(ToolResult {
                call,
                parts,
                is_error,
            })
        };
        let mut results: Vec<_> = ids.into_iter().zip(self.results).map(result).collect();
        let rest = results.split_off(self.split.min(results.len() - 1));
        if !results.is_empty() {
            turns.push(Message::of(Role::User, results));
        }
        let mut last = rest;
        for (at, piece) in self.beside.into_iter().enumerate() {
            last.insert((at * 2).min(last.len()), piece);
        }
        turns.push(Message::of(Role::User, last));
        turns
    }
}

/// The conversation as it comes back: see the documentation of `openai_chat` and its `server`.
pub(crate) fn come_back(messages: Vec<Message>, thoughts: bool) -> Vec<Message> {
    let (mut turns, mut returning) = (Vec::<Message>::new(), false);
    for message in messages {
        if message.role == Role::Assistant {
            turns.push(Message::of(Role::Assistant, answered(message, thoughts)));
            returning = false;
            continue;
        }
        let spoke = |part: &Part| !matches!(part, Part::ToolResult(_));
        let only_results = !message.parts.is_empty() && !message.parts.iter().any(spoke);
        let (pieces, results): (Vec<_>, Vec<_>) = message.parts.into_iter().partition(spoke);
        let parts = (results.into_iter().map(returned)).chain(without_nothing(pieces));
        match turns.last_mut() {
            Some(turn) if returning => turn.parts.extend(parts),
            _ => turns.push(Message::of(Role::User, parts.collect())),
        }
        returning = only_results;
    }
    turns
}

fn answered(message: Message, thoughts: bool) -> Vec<Part> {
    let (mut thought, mut texts, mut calls) = (None::<String>, Vec::new(), Vec::new());
    for part in message.parts {
        match part {
            Part::Reasoning(one) => thought.get_or_insert_default().push_str(&one.text),
            Part::ToolCall(_) => calls.push(part),
            other => texts.push(other),
        }
    }
    let thought = thought.filter(|_| thoughts && !calls.is_empty());
    let thought = thought.map(|text| {
        Part::Reasoning(Reasoning {
            text,
            ..Reasoning::default()
        })
    });
    (thought.into_iter())
        .chain(without_nothing(texts))
        .chain(calls)
        .collect()
}

fn returned(part: Part) -> Part {
    let Part::ToolResult(result) = part else {
        panic!("not a result: {part:?}");
    };
    let parts = match (result.is_error, result.parts.as_slice()) {
        (false, _) => without_nothing(result.parts),
        (true, [Part::Text { text }]) => vec![Part::text(format!("Error: {text}"))],
        (true, _) => [vec![Part::text("Error: ")], result.parts].concat(),
    };
    Part::ToolResult(ToolResult {
        parts,
        is_error: false,
        ..result
    })
}

/// An empty string alone is no content.
fn without_nothing(parts: Vec<Part>) -> Vec<Part> {
    match parts.as_slice() {
        [Part::Text { text }] if text.is_empty() => Vec::new(),
        _ => parts,
    }
}
