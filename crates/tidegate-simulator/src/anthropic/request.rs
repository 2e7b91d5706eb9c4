//! What the wire reads of a request: the pieces that a provider would look at and that the simulator needs.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use super::refusal;
use crate::example::example;
use crate::prompt::{Prompt, Wants};
use crate::refusal::Refusal;

/// The versions of the wire that exist.
const VERSIONS: [&str; 2] = ["2023-01-01", "2023-06-01"];

/// Every request names the version of the wire that it speaks.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(version) = headers.get("anthropic-version") else {
        return Err(refusal::invalid("anthropic-version: header is required"));
    };
    let version = version.to_str().unwrap_or_default();
    if VERSIONS.contains(&version) {
        return Ok(());
    }
    Err(refusal::invalid(format!(
        "anthropic-version: \"{version}\" is not a valid version"
    )))
}

/// Reads a request, or says what the provider would say about it.
pub(super) fn read(body: &[u8]) -> Result<Prompt, Refusal> {
    let request: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
        refusal::invalid(format!("The request body is not valid JSON: {error}"))
    })?;
    let model = field(&request, "model")?.as_str();
    let model = model.ok_or_else(|| wrong("model", "a valid string"))?;
    let max_tokens = field(&request, "max_tokens")?.as_u64();
    let max_tokens = max_tokens.ok_or_else(|| wrong("max_tokens", "a valid integer"))?;
    let messages = field(&request, "messages")?.as_array();
    let messages = messages.ok_or_else(|| wrong("messages", "a valid list"))?;
    check(model, max_tokens, messages)?;
    let mut prompt = Prompt::new(model.to_owned());
    prompt.streamed = request
        .get("stream")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    prompt.max_tokens = Some(u32::try_from(max_tokens).unwrap_or(u32::MAX));
    if let Some(system) = request.get("system") {
        prompt.add_to_system(texts(system));
    }
    if let Some(schema) = schema(&request) {
        prompt.wants = Wants::Json(example(schema).to_string());
    }
    for (at, message) in messages.iter().enumerate() {
        let content = message.get("content").unwrap_or(&Value::Null);
        prompt.add(role(at, message)?, texts(content));
    }
    Ok(prompt)
}

/// The schema of a structured output, in its place of today or of before.
fn schema(request: &Map<String, Value>) -> Option<&Value> {
    let config = request.get("output_config");
    let format = config.and_then(|config| config.get("format"));
    format
        .or_else(|| request.get("output_format"))?
        .get("schema")
}

fn check(model: &str, max_tokens: u64, messages: &[Value]) -> Result<(), Refusal> {
    if model.is_empty() {
        return Err(refusal::invalid(
            "model: String should have at least 1 character",
        ));
    }
    if max_tokens == 0 {
        return Err(wrong("max_tokens", "greater than or equal to 1"));
    }
    if messages.is_empty() {
        return Err(refusal::invalid(
            "messages: at least one message is required",
        ));
    }
    Ok(())
}

fn field<'a>(request: &'a Map<String, Value>, name: &str) -> Result<&'a Value, Refusal> {
    request
        .get(name)
        .ok_or_else(|| refusal::invalid(format!("{name}: Field required")))
}

fn wrong(name: &str, want: &str) -> Refusal {
    refusal::invalid(format!("{name}: Input should be {want}"))
}

/// The role of a message: instructions have a place of their own on this wire.
fn role(at: usize, message: &Value) -> Result<&str, Refusal> {
    match message.get("role").and_then(Value::as_str) {
        Some(role @ ("user" | "assistant")) => Ok(role),
        Some("system") => Err(refusal::invalid(
            "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \
             \"system\" as an input message role.",
        )),
        Some(_) => Err(refusal::invalid(format!(
            "messages.{at}.role: Input should be 'user' or 'assistant'"
        ))),
        None => Err(refusal::invalid(format!(
            "messages.{at}.role: Field required"
        ))),
    }
}

/// The text in a content, be it a string or a list of blocks.
fn texts(content: &Value) -> impl Iterator<Item = &str> + Clone {
    let blocks = content.as_array().into_iter().flatten();
    let blocks = blocks.filter_map(|block| block.get("text").and_then(Value::as_str));
    content.as_str().into_iter().chain(blocks)
}
