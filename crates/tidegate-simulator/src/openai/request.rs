//! What the wire reads of a request: the pieces that a provider would look at and that the simulator needs.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal;
use crate::example::example;
use crate::prompt::{Prompt, Wants};
use crate::refusal::Refusal;

#[derive(Debug, Deserialize)]
struct ChatRequest<'a> {
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    messages: Option<Vec<Message<'a>>>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    response_format: Option<ResponseFormat>,
}

#[derive(Debug, Deserialize)]
struct ResponseFormat {
    r#type: String,
    json_schema: Option<JsonSchema>,
}

#[derive(Debug, Deserialize)]
struct JsonSchema {
    schema: Option<Value>,
}

impl ResponseFormat {
    /// JSON as the format asks for it: an example of its schema, or any object.
    fn example(self) -> Option<String> {
        let schema = self.json_schema.and_then(|format| format.schema);
        let schema = schema.unwrap_or_else(
            || json!({"type": "object", "properties": {"answer": {"type": "string"}}}),
        );
        self.r#type
            .starts_with("json")
            .then(|| example(&schema).to_string())
    }
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content<'a> {
    #[serde(borrow)]
    Text(Cow<'a, str>),
    #[serde(borrow)]
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Debug, Deserialize)]
struct ContentPart<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

impl Content<'_> {
    fn pieces(&self) -> impl Iterator<Item = &str> + Clone {
        let (text, parts) = match self {
            Self::Text(text) => (Some(text.as_ref()), None),
            Self::Parts(parts) => (None, Some(parts)),
        };
        let parts = parts.into_iter().flatten();
        text.into_iter()
            .chain(parts.filter_map(|part| part.text.as_deref()))
    }
}

/// Reads a request, or says what the provider would say about it.
pub(super) fn read(body: &[u8]) -> Result<Prompt, Refusal> {
    let request: ChatRequest = serde_json::from_slice(body).map_err(|_| why_unreadable(body))?;
    let model = request.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(refusal::no_model)?;
    let messages = request
        .messages
        .ok_or_else(|| refusal::missing("messages"))?;
    if messages.is_empty() {
        return Err(refusal::empty("messages"));
    }
    let mut prompt = Prompt::new(model.into_owned());
    prompt.streamed = request.stream.unwrap_or_default();
    let options = request.stream_options;
    prompt.wants_usage = options
        .and_then(|options| options.include_usage)
        .unwrap_or_default();
    prompt.max_tokens = request.max_completion_tokens.or(request.max_tokens);
    let example = request.response_format.and_then(ResponseFormat::example);
    prompt.wants = example.map_or(Wants::Words, Wants::Json);
    for message in &messages {
        let pieces = message.content.iter().flat_map(Content::pieces);
        prompt.add(&message.role, pieces);
    }
    Ok(prompt)
}

fn why_unreadable(body: &[u8]) -> Refusal {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(request)) if !request.contains_key("messages") => {
            refusal::missing("messages")
        }
        Ok(Value::Object(request)) if !matches!(request["messages"], Value::Array(_)) => {
            refusal::wrong_type("messages", "an array of objects")
        }
        Ok(Value::Object(_)) => refusal::wrong_type("body", "a chat completion request"),
        Ok(_) | Err(_) => refusal::bad_json(),
    }
}
