//! The tools a client offers, and whether one must be used.

use serde_json::value::RawValue;
use tidegate_core::{Request, Tool, ToolChoice};

use super::Refusal;
use super::field::{Fields, Path, flag, json, list, text};

/// Takes what is said of tools.
pub(super) fn read(fields: &mut Fields<'_, '_>, request: &mut Request) -> Result<(), Refusal> {
    request.tools = fields
        .take("tools", |value, at| list(value, at, tool))?
        .unwrap_or_default();
    if let Some((choice, parallel)) = fields.take("tool_choice", choice)? {
        request.tool_choice = Some(choice);
        request.parallel_tool_calls = parallel;
    }
    Ok(())
}

/// A tool of the client's. Those of the provider's own are nobody else's.
fn tool(value: &RawValue, at: &Path<'_>) -> Result<Tool, Refusal> {
    let mut fields = Fields::of(value, at)?;
    match fields.take("type", text)?.as_deref() {
        None | Some("custom") => {}
        Some(other) => {
            return Err(Refusal::unsupported(
                at,
                &format!("a tool of type `{other}`"),
            ));
        }
    }
    let tool = Tool {
        name: fields.need("name", text)?,
        description: fields.take("description", text)?,
        parameters: fields.need("input_schema", json)?,
        strict: fields.take("strict", flag)?,
    };
    fields.done(&["cache_control"])?;
    Ok(tool)
}

/// The choice, and whether several calls may come at once.
fn choice(value: &RawValue, at: &Path<'_>) -> Result<(ToolChoice, Option<bool>), Refusal> {
    let mut fields = Fields::of(value, at)?;
    let choice = match fields.need("type", text)?.as_str() {
        "auto" => ToolChoice::Auto,
        "none" => ToolChoice::None,
        "any" => ToolChoice::Required,
        "tool" => ToolChoice::Tool(fields.need("name", text)?),
        _ => return Err(Refusal::should_be(at, "'auto', 'any', 'tool' or 'none'")),
    };
    let disabled = fields.take("disable_parallel_tool_use", flag)?;
    fields.done(&[])?;
    Ok((choice, disabled.map(|disabled| !disabled)))
}
