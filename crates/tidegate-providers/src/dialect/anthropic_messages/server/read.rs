//! A client's request.

use serde_json::Value;
use serde_json::value::RawValue;
use tidegate_core::{OutputFormat, Request};

use super::field::{Fields, Path, flag, json, list, number, text, whole};
use super::{Asked, Refusal, SCHEMA, messages, tools};

/// What a client asks for.
///
/// # Errors
/// [`Refusal`] when the body is not a request of the dialect, or asks for what the vocabulary has no word for.
pub fn read(body: &[u8]) -> Result<Asked, Refusal> {
    let mut fields = Fields::of_body(body)?;
    let model = fields.need("model", text)?;
    let mut request = Request {
        system: fields.take("system", messages::system)?,
        messages: fields.need("messages", messages::read)?,
        max_tokens: Some(fields.need("max_tokens", whole)?),
        temperature: fields.take("temperature", number)?,
        top_p: fields.take("top_p", number)?,
        top_k: fields.take("top_k", whole)?,
        stop: (fields.take("stop_sequences", |value, at| list(value, at, text))?)
            .unwrap_or_default(),
        stream: fields.take("stream", flag)?.unwrap_or_default(),
        ..Request::default()
    };
    tools::read(&mut fields, &mut request)?;
    let output = fields.take("output_config", output)?;
    request.extra = fields.rest()?;
    if let Some(output) = output {
        request.output = output.format;
        if let Some(rest) = output.rest {
            request.extra.insert("output_config".to_owned(), rest);
        }
    }
    Ok(Asked { model, request })
}

/// What is said of the output: its format, and what passes through.
struct Output {
    format: Option<OutputFormat>,
    rest: Option<Value>,
}

fn output(value: &RawValue, at: &Path<'_>) -> Result<Output, Refusal> {
    let mut fields = Fields::of(value, at)?;
    let format = fields.take("format", format)?;
    let rest = fields.rest()?;
    Ok(Output {
        format,
        rest: (!rest.is_empty()).then_some(Value::Object(rest)),
    })
}

fn format(value: &RawValue, at: &Path<'_>) -> Result<OutputFormat, Refusal> {
    let mut fields = Fields::of(value, at)?;
    if fields.need("type", text)? != "json_schema" {
        return Err(Refusal::should_be(at, "of the type 'json_schema'"));
    }
    let schema = fields.need("schema", json)?;
    fields.done(&[])?;
    Ok(OutputFormat::Schema {
        name: SCHEMA.to_owned(),
        schema,
        strict: Some(true),
    })
}
