//! What the dialect cannot say, found before anything is sent.
//!
//! The API would answer some of this with a 400 that names an index and ignore the rest. Here it has a name, costs
//! nothing, and lets a run fall back to a target that can.

use tidegate_core::{Image, OutputFormat, Part, Request, Role, ToolCall};

use super::{NAME, block};
use crate::provider::EncodeError;

/// Refuses what cannot be expressed. A parameter that the caller gives in `extra` himself is his affair.
pub(super) fn check(request: &Request) -> Result<(), EncodeError> {
    let unknown = [
        ("seed", request.seed.is_some()),
        ("frequency_penalty", request.frequency_penalty.is_some()),
        ("presence_penalty", request.presence_penalty.is_some()),
    ];
    for (name, given) in unknown {
        if given && !request.extra.contains_key(name) {
            return Err(unsupported(format!("`{name}`")));
        }
    }
    if request.output == Some(OutputFormat::Json) && !request.extra.contains_key("output_config") {
        return Err(unsupported("JSON output without a schema"));
    }
    numbers(request)?;
    for message in &request.messages {
        for part in &message.parts {
            fits(part, message.role)?;
        }
    }
    Ok(())
}

fn unsupported(what: impl Into<String>) -> EncodeError {
    EncodeError::Unsupported {
        dialect: NAME,
        what: what.into(),
    }
}

/// JSON has no infinity, and would say `null` for it: nothing at all.
fn numbers(request: &Request) -> Result<(), EncodeError> {
    let numbers = [
        ("temperature", request.temperature),
        ("top_p", request.top_p),
    ];
    for (name, number) in numbers {
        if number.is_some_and(|number| !number.is_finite()) {
            return Err(unsupported(format!("a `{name}` that is no number")));
        }
    }
    Ok(())
}

/// Whether a part may stand in a turn of this role.
fn fits(part: &Part, role: Role) -> Result<(), EncodeError> {
    match (role, part) {
        (_, Part::Text { .. }) | (Role::Assistant, Part::Reasoning(_)) => Ok(()),
        (Role::User, Part::Image(image)) => plain(image),
        (Role::Assistant, Part::ToolCall(call)) => with_object(call),
        (Role::User, Part::ToolResult(result)) => {
            result.parts.iter().try_for_each(|part| match part {
                Part::Text { .. } => Ok(()),
                Part::Image(image) => plain(image),
                other => Err(misplaced(other, "a tool result")),
            })
        }
        (Role::User, other) => Err(misplaced(other, "a user's turn")),
        (Role::Assistant, other) => Err(misplaced(other, "an assistant's turn")),
    }
}

/// How closely to look cannot be said; `auto` asks for nothing.
fn plain(image: &Image) -> Result<(), EncodeError> {
    match image.detail.as_deref() {
        None | Some("auto") => Ok(()),
        Some(_) => Err(unsupported("the `detail` of an image")),
    }
}

/// The wire has arguments as the object itself. What a model wrote that is none cannot stand there.
fn with_object(call: &ToolCall) -> Result<(), EncodeError> {
    match block::object(&call.arguments) {
        Some(_) => Ok(()),
        None => Err(unsupported(format!(
            "the arguments of the tool call `{}`, which are no JSON object",
            call.id
        ))),
    }
}

fn misplaced(part: &Part, place: &str) -> EncodeError {
    let part = match part {
        Part::Text { .. } => "text",
        Part::Image(_) => "an image",
        Part::Reasoning(_) => "reasoning",
        Part::ToolCall(_) => "a tool call",
        Part::ToolResult(_) => "a tool result",
        other => other.name(),
    };
    unsupported(format!("{part} in {place}"))
}
