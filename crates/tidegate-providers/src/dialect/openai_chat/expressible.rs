//! What the dialect cannot say, found before anything is sent.
//!
//! A vendor would answer most of this with a 400 that names an index; some would drop it and answer another question.
//! Here it has a name, costs nothing, and lets a run fall back to a target that can.

use tidegate_core::{Message, Part, Request, Role, ToolResult};

use super::{Accent, NAME};
use crate::provider::EncodeError;

/// Refuses what cannot be expressed.
pub(super) fn check(request: &Request, accent: Accent) -> Result<(), EncodeError> {
    if request.top_k.is_some() && !accent.top_k {
        return Err(unsupported(accent.provider, "`top_k`"));
    }
    numbers(request)?;
    let mut unanswered = Vec::new();
    for message in &request.messages {
        match message.role {
            Role::User => user(message, &mut unanswered)?,
            Role::Assistant => assistant(message, &mut unanswered)?,
        }
    }
    all_answered(&unanswered)
}

fn unsupported(dialect: &'static str, what: impl Into<String>) -> EncodeError {
    EncodeError::Unsupported {
        dialect,
        what: what.into(),
    }
}

/// JSON has no infinity, and would say `null` for it: nothing at all.
fn numbers(request: &Request) -> Result<(), EncodeError> {
    let numbers = [
        ("temperature", request.temperature),
        ("top_p", request.top_p),
        ("frequency_penalty", request.frequency_penalty),
        ("presence_penalty", request.presence_penalty),
    ];
    for (name, number) in numbers {
        if number.is_some_and(|number| !number.is_finite()) {
            return Err(unsupported(NAME, format!("a `{name}` that is no number")));
        }
    }
    Ok(())
}

/// Results of tools must stand right behind the turn that called them, every one of them, before anything else.
fn user<'r>(message: &'r Message, unanswered: &mut Vec<&'r str>) -> Result<(), EncodeError> {
    let mut says_more = message.parts.is_empty();
    for part in &message.parts {
        match part {
            Part::ToolResult(result) => answer(result, unanswered)?,
            Part::Text { .. } | Part::Image(_) => says_more = true,
            other => return Err(misplaced(other, "a user's turn")),
        }
    }
    if says_more {
        all_answered(unanswered)?;
    }
    Ok(())
}

fn answer(result: &ToolResult, unanswered: &mut Vec<&str>) -> Result<(), EncodeError> {
    let Some(at) = unanswered.iter().position(|call| *call == result.call) else {
        let what = format!(
            "a result of the tool call `{}`, which the turn before does not make",
            result.call
        );
        return Err(unsupported(NAME, what));
    };
    unanswered.remove(at);
    match result
        .parts
        .iter()
        .find(|part| !matches!(part, Part::Text { .. }))
    {
        Some(other) => Err(misplaced(other, "a tool result")),
        None => Ok(()),
    }
}

fn assistant<'r>(message: &'r Message, unanswered: &mut Vec<&'r str>) -> Result<(), EncodeError> {
    all_answered(unanswered)?;
    for part in &message.parts {
        match part {
            Part::ToolCall(call) => unanswered.push(&call.id),
            Part::Text { .. } | Part::Reasoning(_) => {}
            other => return Err(misplaced(other, "an assistant's turn")),
        }
    }
    Ok(())
}

fn all_answered(unanswered: &[&str]) -> Result<(), EncodeError> {
    match unanswered.first() {
        Some(call) => Err(unsupported(
            NAME,
            format!("the tool call `{call}` without its result"),
        )),
        None => Ok(()),
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
    unsupported(NAME, format!("{part} in {place}"))
}
