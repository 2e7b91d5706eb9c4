//! A client's request.

use serde_json::Value;
use tidegate_core::{OutputFormat, Request};

use super::field::{Fields, Path, flag, kind, list, number, text, whole};
use super::messages::Conversation;
use super::{Asked, Refusal, tools};

/// Reads the body of `POST /chat/completions`.
///
/// # Errors
/// [`Refusal`], which names the field the way `OpenAI` does.
pub fn read(body: &[u8]) -> Result<Asked, Refusal> {
    let value: Value = serde_json::from_slice(body).map_err(|_| Refusal::not_json())?;
    let mut fields = Fields::of(value, &Path::Root).map_err(|_| Refusal::not_json())?;
    let model = fields.need("model", text)?;
    let conversation = fields.need("messages", Conversation::read)?;
    let mut request = Request {
        system: conversation.system,
        messages: conversation.messages,
        output: fields.take("response_format", output)?.flatten(),
        stream: fields.take("stream", flag)?.unwrap_or(false),
        ..Request::default()
    };
    sampling(&mut fields, &mut request)?;
    tools::read(&mut fields, &mut request)?;
    let include_usage = fields.take("stream_options", include_usage)?;
    fields.take("n", one)?;
    request.extra = fields.rest();
    Ok(Asked {
        model,
        request,
        include_usage: include_usage.unwrap_or(false),
    })
}

fn sampling(fields: &mut Fields<'_>, request: &mut Request) -> Result<(), Refusal> {
    let older = fields.take("max_tokens", whole)?;
    request.max_tokens = fields.take("max_completion_tokens", whole)?.or(older);
    request.temperature = fields.take("temperature", number)?;
    request.top_p = fields.take("top_p", number)?;
    request.top_k = fields.take("top_k", whole)?;
    request.seed = fields.take("seed", whole)?;
    request.frequency_penalty = fields.take("frequency_penalty", number)?;
    request.presence_penalty = fields.take("presence_penalty", number)?;
    request.stop = fields.take("stop", stop)?.unwrap_or_default();
    Ok(())
}

fn stop(value: Value, at: &Path<'_>) -> Result<Vec<String>, Refusal> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(_) => list(value, at, text),
        other => Err(Refusal::wrong_type(
            at,
            "a string or an array",
            kind(&other),
        )),
    }
}

fn include_usage(value: Value, at: &Path<'_>) -> Result<bool, Refusal> {
    let asked = Fields::of(value, at)?.take("include_usage", flag)?;
    Ok(asked.unwrap_or(false))
}

/// Several answers to one request would be paid for, and one of them given.
fn one(value: Value, at: &Path<'_>) -> Result<(), Refusal> {
    match whole::<i64>(value, at)? {
        1 => Ok(()),
        _ => Err(Refusal::unsupported(
            at,
            "one request has one answer, so it must be 1",
        )),
    }
}

fn output(value: Value, at: &Path<'_>) -> Result<Option<OutputFormat>, Refusal> {
    let mut fields = Fields::of(value, at)?;
    match fields.kind()?.as_str() {
        "text" => Ok(None),
        "json_object" => Ok(Some(OutputFormat::Json)),
        "json_schema" => fields.need("json_schema", schema).map(Some),
        _ => Err(Refusal::wrong_value(
            &Path::Key(at, "type"),
            "'text', 'json_object' or 'json_schema'",
        )),
    }
}

fn schema(value: Value, at: &Path<'_>) -> Result<OutputFormat, Refusal> {
    let mut fields = Fields::of(value, at)?;
    let description = fields.take("description", text)?;
    let mut schema = fields
        .take("schema", |schema, _| Ok(schema))?
        .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    if let (Value::Object(schema), Some(description)) = (&mut schema, description) {
        schema
            .entry("description")
            .or_insert(Value::String(description));
    }
    Ok(OutputFormat::Schema {
        name: fields.need("name", text)?,
        schema,
        strict: fields.take("strict", flag)?,
    })
}
