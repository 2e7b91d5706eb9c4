//! The tools a client offers, and the calls its conversation holds.

use serde_json::Value;
use tidegate_core::{Request, Tool, ToolCall, ToolChoice};

use super::Refusal;
use super::field::{Fields, Path, flag, kind, list, text};

/// Takes what a request says about tools.
pub(super) fn read(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refusal> {
    request.tools = fields
        .take("tools", |value, at| list(value, at, tool))?
        .unwrap_or_default();
    request.tool_choice = fields.take("tool_choice", choice)?;
    request.parallel_tool_calls = fields.take("parallel_tool_calls", flag)?;
    Ok(())
}

fn tool(value: Value, at: &Path<'_>) -> Result<Tool, Refusal> {
    let mut fields = Fields::of(value, at)?;
    only_functions(&mut fields)?;
    fields.need("function", |value, at| {
        let mut fields = Fields::of(value, at)?;
        Ok(Tool {
            name: fields.need("name", text)?,
            description: fields.take("description", text)?,
            parameters: fields
                .take("parameters", |schema, _| Ok(schema))?
                .unwrap_or_default(),
            strict: fields.take("strict", flag)?,
        })
    })
}

fn only_functions(fields: &mut Fields<'_>) -> Result<(), Refusal> {
    match fields.kind()?.as_str() {
        "function" => Ok(()),
        _ => Err(Refusal::unsupported(
            &Path::Key(fields.at, "type"),
            "only 'function' is known here",
        )),
    }
}

fn choice(value: Value, at: &Path<'_>) -> Result<ToolChoice, Refusal> {
    match value {
        Value::String(choice) => match choice.as_str() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            _ => Err(Refusal::wrong_value(at, "'none', 'auto' or 'required'")),
        },
        Value::Object(_) => {
            let mut fields = Fields::of(value, at)?;
            only_functions(&mut fields)?;
            let name = fields.need("function", |value, at| {
                Fields::of(value, at)?.need("name", text)
            })?;
            Ok(ToolChoice::Tool(name))
        }
        other => Err(Refusal::wrong_type(
            at,
            "a string or an object",
            kind(&other),
        )),
    }
}

/// A call the model made earlier.
pub(super) fn call(value: Value, at: &Path<'_>) -> Result<ToolCall, Refusal> {
    let mut fields = Fields::of(value, at)?;
    only_functions(&mut fields)?;
    let id = fields.need("id", text)?;
    fields.need("function", |value, at| {
        let mut fields = Fields::of(value, at)?;
        Ok(ToolCall {
            id,
            name: fields.need("name", text)?,
            arguments: fields.take("arguments", text)?.unwrap_or_default(),
        })
    })
}
