//! Turns of a conversation as the dialect's messages.

use std::fmt;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use tidegate_core::{Image, ImageSource, Message, Part, Request, Role, ToolCall, ToolResult};

use crate::dialect::openai_chat::ERROR_MARK;

/// The messages of a request.
pub(super) struct Messages<'r> {
    pub(super) request: &'r Request,
    /// Whether thoughts of turns that call tools are sent.
    pub(super) thoughts: bool,
}

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        if let Some(system) = &self.request.system {
            seq.serialize_element(&Said {
                role: "system",
                content: system,
            })?;
        }
        for message in &self.request.messages {
            match message.role {
                Role::User => user(&mut seq, message)?,
                Role::Assistant => seq.serialize_element(&Answered::of(message, self.thoughts))?,
            }
        }
        seq.end()
    }
}

#[derive(Serialize)]
struct Said<'r, C: ?Sized> {
    role: &'static str,
    content: &'r C,
}

/// A user's turn: what tools returned is a message each and comes first, because it must stand right behind the
/// calls.
fn user<Q: SerializeSeq>(seq: &mut Q, message: &Message) -> Result<(), Q::Error> {
    let mut only_results = !message.parts.is_empty();
    for part in &message.parts {
        match part {
            Part::ToolResult(result) => seq.serialize_element(&Returned {
                role: "tool",
                tool_call_id: &result.call,
                content: Outcome(result),
            })?,
            _ => only_results = false,
        }
    }
    if only_results {
        return Ok(());
    }
    seq.serialize_element(&Said {
        role: "user",
        content: &Content(&message.parts),
    })
}

/// Texts and images among the parts: as a string where it is one text, else as a list.
struct Content<'r>(&'r [Part]);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pieces = || self.0.iter().filter_map(Piece::of);
        let mut first = pieces();
        match (first.next(), first.next()) {
            (None, _) => serializer.serialize_str(""),
            (Some(Piece::Text { text }), None) => serializer.serialize_str(text),
            _ => serializer.collect_seq(pieces()),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Piece<'r> {
    Text { text: &'r str },
    ImageUrl { image_url: ImageUrl<'r> },
}

impl<'r> Piece<'r> {
    fn of(part: &'r Part) -> Option<Self> {
        match part {
            Part::Text { text } => Some(Self::Text { text }),
            Part::Image(image) => Some(Self::ImageUrl {
                image_url: ImageUrl::of(image),
            }),
            _ => None,
        }
    }
}

#[derive(Serialize)]
struct ImageUrl<'r> {
    url: Address<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'r str>,
}

impl<'r> ImageUrl<'r> {
    fn of(image: &'r Image) -> Self {
        Self {
            url: Address(&image.source),
            detail: image.detail.as_deref(),
        }
    }
}

struct Address<'r>(&'r ImageSource);

impl Serialize for Address<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ImageSource::Url(url) => serializer.serialize_str(url),
            ImageSource::Data { media_type, base64 } => {
                serializer.collect_str(&format_args!("data:{media_type};base64,{base64}"))
            }
        }
    }
}

#[derive(Serialize)]
struct Returned<'r> {
    role: &'static str,
    tool_call_id: &'r str,
    content: Outcome<'r>,
}

/// What a tool returned. The wire has no word for failure, so the text says it.
struct Outcome<'r>(&'r ToolResult);

impl Serialize for Outcome<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = &self.0.parts;
        match (self.0.is_error, parts.as_slice()) {
            (false, _) => Content(parts).serialize(serializer),
            (true, []) => serializer.serialize_str(ERROR_MARK),
            (true, [Part::Text { text }]) => {
                serializer.collect_str(&format_args!("{ERROR_MARK}{text}"))
            }
            (true, _) => {
                let mark = std::iter::once(Piece::Text { text: ERROR_MARK });
                serializer.collect_seq(mark.chain(parts.iter().filter_map(Piece::of)))
            }
        }
    }
}

/// An assistant's turn.
#[derive(Serialize)]
struct Answered<'r> {
    role: &'static str,
    /// `null` where there are only tool calls: some servers want to see the field.
    content: Option<Content<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<Thoughts<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<Calls<'r>>,
}

impl<'r> Answered<'r> {
    fn of(message: &'r Message, thoughts: bool) -> Self {
        let parts = message.parts.as_slice();
        let has = |wanted: fn(&Part) -> bool| parts.iter().any(wanted);
        let calls = has(|part| matches!(part, Part::ToolCall(_)));
        let text = has(|part| matches!(part, Part::Text { .. }));
        let thought = has(|part| matches!(part, Part::Reasoning(_)));
        Self {
            role: "assistant",
            content: (text || !calls).then_some(Content(parts)),
            reasoning_content: (thoughts && calls && thought).then_some(Thoughts(parts)),
            tool_calls: calls.then_some(Calls(parts)),
        }
    }
}

/// All thoughts among the parts, as one text.
struct Thoughts<'r>(&'r [Part]);

impl Serialize for Thoughts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Thoughts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Reasoning(thought) => f.write_str(&thought.text),
            _ => Ok(()),
        })
    }
}

/// The tool calls among the parts.
struct Calls<'r>(&'r [Part]);

impl Serialize for Calls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().filter_map(|part| match part {
            Part::ToolCall(call) => Some(Called::of(call)),
            _ => None,
        }))
    }
}

/// A tool call as messages carry it, in requests and in answers.
#[derive(Serialize)]
pub(in crate::dialect::openai_chat) struct Called<'r> {
    id: &'r str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'r>,
}

#[derive(Serialize)]
struct Function<'r> {
    name: &'r str,
    arguments: &'r str,
}

impl<'r> Called<'r> {
    pub(in crate::dialect::openai_chat) fn of(call: &'r ToolCall) -> Self {
        Self {
            id: &call.id,
            kind: "function",
            function: Function {
                name: &call.name,
                arguments: &call.arguments,
            },
        }
    }
}
