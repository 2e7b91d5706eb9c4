//! A client's messages as turns of a conversation.

use serde_json::Value;
use tidegate_core::{Image, ImageSource, Message, Part, Reasoning, Role, ToolResult};

use super::field::{Fields, Path, kind, list, text};
use super::{Refusal, tools};

/// The messages read so far.
#[derive(Default)]
pub(super) struct Conversation {
    pub(super) system: Option<String>,
    pub(super) messages: Vec<Message>,
    /// The last turn holds what tools returned, and takes more of it.
    returning: bool,
}

impl Conversation {
    pub(super) fn read(value: Value, at: &Path<'_>) -> Result<Self, Refusal> {
        let mut conversation = Self::default();
        let read = list(value, at, |message, at| conversation.message(message, at))?;
        if read.is_empty() {
            return Err(Refusal::wrong_value(at, "at least one message"));
        }
        Ok(conversation)
    }

    fn message(&mut self, value: Value, at: &Path<'_>) -> Result<(), Refusal> {
        let mut fields = Fields::of(value, at)?;
        match fields.need("role", text)?.as_str() {
            "system" | "developer" => self.system(fields),
            "user" => self.user(fields),
            "assistant" => self.assistant(fields),
            "tool" => self.tool(fields),
            _ => Err(Refusal::wrong_value(
                &Path::Key(at, "role"),
                "'system', 'developer', 'user', 'assistant' or 'tool'",
            )),
        }
    }

    /// Instructions, one paragraph each. In the middle of a conversation they have no place elsewhere, and what they
    /// mean depends on it.
    fn system(&mut self, mut fields: Fields<'_>) -> Result<(), Refusal> {
        if !self.messages.is_empty() {
            return Err(Refusal::unsupported(
                &Path::Key(fields.at, "role"),
                "instructions must come before the conversation",
            ));
        }
        let content = fields.need("content", |value, at| content(value, at, words))?;
        for part in content {
            let Part::Text { text } = part else { continue };
            match &mut self.system {
                Some(system) => {
                    system.push_str("\n\n");
                    system.push_str(&text);
                }
                None => self.system = Some(text),
            }
        }
        Ok(())
    }

    fn user(&mut self, mut fields: Fields<'_>) -> Result<(), Refusal> {
        let parts = fields.need("content", |value, at| content(value, at, piece))?;
        match self.messages.last_mut() {
            Some(results) if self.returning => results.parts.extend(parts),
            _ => self.messages.push(Message::of(Role::User, parts)),
        }
        self.returning = false;
        Ok(())
    }

    fn assistant(&mut self, mut fields: Fields<'_>) -> Result<(), Refusal> {
        let thought = match fields.take("reasoning_content", text)? {
            None => fields.take("reasoning", text)?,
            thought => thought,
        };
        let thought = thought.map(|text| Reasoning {
            text,
            ..Reasoning::default()
        });
        let said = fields.take("content", |value, at| content(value, at, words))?;
        let calls = fields.take("tool_calls", |value, at| list(value, at, tools::call))?;
        fields.take("function_call", |_, at| {
            Err::<(), _>(Refusal::unsupported(at, "use 'tool_calls'"))
        })?;
        let calls = calls.into_iter().flatten().map(Part::ToolCall);
        let parts = (thought.into_iter().map(Part::Reasoning))
            .chain(said.into_iter().flatten())
            .chain(calls);
        self.messages
            .push(Message::of(Role::Assistant, parts.collect()));
        self.returning = false;
        Ok(())
    }

    fn tool(&mut self, mut fields: Fields<'_>) -> Result<(), Refusal> {
        let result = Part::ToolResult(ToolResult {
            call: fields.need("tool_call_id", text)?,
            parts: fields.need("content", |value, at| content(value, at, words))?,
            is_error: false,
        });
        match self.messages.last_mut() {
            Some(results) if self.returning => results.parts.push(result),
            _ => self.messages.push(Message::of(Role::User, vec![result])),
        }
        self.returning = true;
        Ok(())
    }
}

/// Content is a string or a list of parts.
fn content(
    value: Value,
    at: &Path<'_>,
    piece: fn(Value, &Path<'_>) -> Result<Part, Refusal>,
) -> Result<Vec<Part>, Refusal> {
    match value {
        Value::String(text) if text.is_empty() => Ok(Vec::new()),
        Value::String(text) => Ok(vec![Part::text(text)]),
        Value::Array(_) => list(value, at, piece),
        other => Err(Refusal::wrong_type(
            at,
            "a string or an array",
            kind(&other),
        )),
    }
}

/// A part where there can be texts alone.
fn words(value: Value, at: &Path<'_>) -> Result<Part, Refusal> {
    let mut fields = Fields::of(value, at)?;
    match fields.kind()?.as_str() {
        "text" => Ok(Part::text(fields.need("text", text)?)),
        // What a model declined to do is what it said.
        "refusal" => Ok(Part::text(fields.need("refusal", text)?)),
        _ => Err(Refusal::unsupported(
            &Path::Key(at, "type"),
            "only 'text' is known here",
        )),
    }
}

fn piece(value: Value, at: &Path<'_>) -> Result<Part, Refusal> {
    let mut fields = Fields::of(value, at)?;
    match fields.kind()?.as_str() {
        "text" => Ok(Part::text(fields.need("text", text)?)),
        "image_url" => fields.need("image_url", image).map(Part::Image),
        _ => Err(Refusal::unsupported(
            &Path::Key(at, "type"),
            "only 'text' and 'image_url' are known here",
        )),
    }
}

/// An image is an object or (Mistral) its address alone.
fn image(value: Value, at: &Path<'_>) -> Result<Image, Refusal> {
    if let Value::String(url) = value {
        return Ok(Image {
            source: source(url),
            detail: None,
        });
    }
    let mut fields = Fields::of(value, at)?;
    Ok(Image {
        source: source(fields.need("url", text)?),
        detail: fields.take("detail", text)?,
    })
}

/// An address, or the bytes where it is a `data:` URL of base64.
fn source(url: String) -> ImageSource {
    let data = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"));
    match data {
        Some((media_type, base64)) => ImageSource::Data {
            media_type: media_type.to_owned(),
            base64: base64.to_owned(),
        },
        None => ImageSource::Url(url),
    }
}
