//! A client's turns.

use serde_json::value::RawValue;
use tidegate_core::{Image, ImageSource, Message, Part, Reasoning, Role, ToolCall, ToolResult};

use super::Refusal;
use super::field::{Fields, Path, flag, is_text, list, text};
use crate::dialect::anthropic_messages::block::object;

/// Fields of blocks that change nothing of what is asked.
const HARMLESS: &[&str] = &["type", "cache_control", "citations", "caller"];

/// The system prompt: a text, or several, which become its paragraphs.
pub(super) fn system(value: &RawValue, at: &Path<'_>) -> Result<String, Refusal> {
    if is_text(value) {
        return text(value, at);
    }
    let paragraphs = list(value, at, |value, at| match block(value, at)? {
        Part::Text { text } => Ok(text),
        _ => Err(Refusal::should_be(at, "a text block")),
    })?;
    Ok(paragraphs.join("\n\n"))
}

/// The turns.
pub(super) fn read(value: &RawValue, at: &Path<'_>) -> Result<Vec<Message>, Refusal> {
    list(value, at, |value, at| {
        let mut fields = Fields::of(value, at)?;
        let role = fields.need("role", role)?;
        let parts = fields.need("content", content)?;
        fields.done(&[])?;
        Ok(Message { role, parts })
    })
}

fn role(value: &RawValue, at: &Path<'_>) -> Result<Role, Refusal> {
    match text(value, at)?.as_str() {
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        _ => Err(Refusal::should_be(at, "'user' or 'assistant'")),
    }
}

/// What a turn says.
fn content(value: &RawValue, at: &Path<'_>) -> Result<Vec<Part>, Refusal> {
    blocks(value, at, block)
}

/// A text is a block of it. An empty one says nothing.
fn blocks(
    value: &RawValue,
    at: &Path<'_>,
    each: fn(&RawValue, &Path<'_>) -> Result<Part, Refusal>,
) -> Result<Vec<Part>, Refusal> {
    if !is_text(value) {
        return list(value, at, each);
    }
    let text = text(value, at)?;
    let part = (!text.is_empty()).then_some(Part::Text { text });
    Ok(part.into_iter().collect())
}

fn block(value: &RawValue, at: &Path<'_>) -> Result<Part, Refusal> {
    let mut fields = Fields::of(value, at)?;
    let kind = fields.need("type", text)?;
    let part = match kind.as_str() {
        "thinking" => Part::Reasoning(Reasoning {
            text: fields.need("thinking", text)?,
            signature: (fields.take("signature", text)?).filter(|signature| !signature.is_empty()),
            encrypted: None,
        }),
        "redacted_thinking" => Part::Reasoning(Reasoning {
            encrypted: Some(fields.need("data", text)?),
            ..Reasoning::default()
        }),
        "tool_use" => Part::ToolCall(ToolCall {
            id: fields.need("id", text)?,
            name: fields.need("name", text)?,
            arguments: fields.need("input", arguments)?,
        }),
        "tool_result" => Part::ToolResult(ToolResult {
            call: fields.need("tool_use_id", text)?,
            parts: fields.take("content", returned)?.unwrap_or_default(),
            is_error: fields.take("is_error", flag)?.unwrap_or_default(),
        }),
        kind => shown(kind, &mut fields, at)?,
    };
    fields.done(HARMLESS)?;
    Ok(part)
}

/// What a tool returned. Results do not nest, so that no body is too deep to read.
fn returned(value: &RawValue, at: &Path<'_>) -> Result<Vec<Part>, Refusal> {
    blocks(value, at, |value, at| {
        let mut fields = Fields::of(value, at)?;
        let kind = fields.need("type", text)?;
        let part = shown(&kind, &mut fields, at)?;
        fields.done(HARMLESS)?;
        Ok(part)
    })
}

/// A text or an image.
fn shown(kind: &str, fields: &mut Fields<'_, '_>, at: &Path<'_>) -> Result<Part, Refusal> {
    match kind {
        "text" => Ok(Part::Text {
            text: fields.need("text", text)?,
        }),
        "image" => Ok(Part::Image(Image {
            source: fields.need("source", source)?,
            detail: None,
        })),
        other => Err(Refusal::unsupported(
            at,
            &format!("a block of type `{other}`"),
        )),
    }
}

/// Arguments, as the client wrote them.
fn arguments(value: &RawValue, at: &Path<'_>) -> Result<String, Refusal> {
    match object(value.get()) {
        Some(object) => Ok(object.get().to_owned()),
        None => Err(Refusal::should_be(at, "an object")),
    }
}

fn source(value: &RawValue, at: &Path<'_>) -> Result<ImageSource, Refusal> {
    let mut fields = Fields::of(value, at)?;
    let source = match fields.need("type", text)?.as_str() {
        "url" => ImageSource::Url(fields.need("url", text)?),
        "base64" => ImageSource::Data {
            media_type: fields.need("media_type", text)?,
            base64: fields.need("data", text)?,
        },
        other => {
            return Err(Refusal::unsupported(
                at,
                &format!("a source of type `{other}`"),
            ));
        }
    };
    fields.done(&[])?;
    Ok(source)
}
