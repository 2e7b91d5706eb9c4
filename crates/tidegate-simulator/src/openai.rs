//! The wire format of `POST /v1/chat/completions`, written by hand from the provider's documents and recorded replies.
//!
//! It shares no code with the client it tests: one bug in common would cancel out on both sides.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::{Part, WireEvent};
use crate::prompt::{Prompt, Tokens};

pub(crate) mod refusal;

use refusal::Refusal;

/// The pieces of a request that a provider would look at and that the simulator needs.
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
pub(crate) fn read(body: &[u8]) -> Result<Prompt, Refusal> {
    let request: ChatRequest = serde_json::from_slice(body).map_err(|_| why_unreadable(body))?;
    let model = request.model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(refusal::no_model)?;
    let messages = request
        .messages
        .ok_or_else(|| refusal::missing("messages"))?;
    if messages.is_empty() {
        return Err(refusal::no_messages());
    }
    let mut prompt = Prompt::new(model.into_owned());
    prompt.streamed = request.stream.unwrap_or_default();
    let options = request.stream_options;
    prompt.wants_usage = options
        .and_then(|options| options.include_usage)
        .unwrap_or_default();
    prompt.max_tokens = request.max_completion_tokens.or(request.max_tokens);
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

/// What every piece of one answer carries.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) prompt_tokens: usize,
    pub(crate) tokens: Tokens,
}

const FINGERPRINT: &str = "fp_simulator";

#[derive(Debug, Serialize)]
struct Whole<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice; 1],
    usage: Usage,
    service_tier: &'static str,
    system_fingerprint: &'static str,
}

#[derive(Debug, Serialize)]
struct Choice {
    index: u32,
    message: AssistantMessage,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Debug, Serialize)]
struct AssistantMessage {
    role: &'static str,
    content: String,
    refusal: Option<()>,
    annotations: [(); 0],
}

#[derive(Debug, Serialize)]
struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
    prompt_tokens_details: PromptTokensDetails,
    completion_tokens_details: CompletionTokensDetails,
}

#[derive(Debug, Default, Serialize)]
struct PromptTokensDetails {
    cached_tokens: u32,
    audio_tokens: u32,
}

#[derive(Debug, Default, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the provider's")]
struct CompletionTokensDetails {
    reasoning_tokens: u32,
    audio_tokens: u32,
    accepted_prediction_tokens: u32,
    rejected_prediction_tokens: u32,
}

impl Completion {
    /// The answer in one piece.
    pub(crate) fn whole(&self) -> Bytes {
        let message = AssistantMessage {
            role: "assistant",
            content: self.tokens.text(),
            refusal: None,
            annotations: [],
        };
        let choice = Choice {
            index: 0,
            message,
            logprobs: None,
            finish_reason: self.finish_reason(),
        };
        json(&Whole {
            id: &self.id,
            object: "chat.completion",
            created: self.created,
            model: &self.model,
            choices: [choice],
            usage: self.usage(),
            service_tier: "default",
            system_fingerprint: FINGERPRINT,
        })
        .into()
    }

    /// The answer as a stream of events, made one at a time.
    pub(crate) fn events(self, with_usage: bool) -> impl Iterator<Item = WireEvent> + Send {
        let usage = with_usage.then(|| self.usage_event());
        let finish = format!(
            r#"{{}},"logprobs":null,"finish_reason":"{}""#,
            self.finish_reason()
        );
        let chunks = Chunks::new(&self, with_usage);
        let opening = r#"{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null"#;
        let opening = event(Part::Opening, chunks.event(opening));
        let closing = event(Part::Closing, chunks.event(&finish));
        let tokens = (0..self.tokens.len()).map(move |index| {
            let content = json(&self.tokens.get(index));
            let delta = format!(r#"{{"content":{content}}},"logprobs":null,"finish_reason":null"#);
            event(Part::Token, chunks.event(&delta))
        });
        let usage = usage.map(|text| event(Part::Closing, text));
        let done = event(Part::Done, "data: [DONE]\n\n".to_owned());
        let opening = std::iter::once(opening);
        opening
            .chain(tokens)
            .chain([closing])
            .chain(usage)
            .chain([done])
    }

    fn usage_event(&self) -> String {
        let head = chunk_head(self);
        format!(
            "data: {head},\"choices\":[],\"usage\":{}}}\n\n",
            json(&self.usage())
        )
    }

    fn finish_reason(&self) -> &'static str {
        if self.tokens.shortened {
            "length"
        } else {
            "stop"
        }
    }

    fn usage(&self) -> Usage {
        let (prompt_tokens, completion_tokens) = (self.prompt_tokens, self.tokens.len());
        Usage {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens + completion_tokens,
            prompt_tokens_details: PromptTokensDetails::default(),
            completion_tokens_details: CompletionTokensDetails::default(),
        }
    }
}

/// Writes the chunks of one stream: all but the delta is the same text in each.
#[derive(Debug)]
struct Chunks {
    before: String,
    after: &'static str,
}

impl Chunks {
    fn new(completion: &Completion, with_usage: bool) -> Self {
        let head = chunk_head(completion);
        Self {
            before: format!(r#"data: {head},"choices":[{{"index":0,"delta":"#),
            after: if with_usage {
                "}],\"usage\":null}\n\n"
            } else {
                "}]}\n\n"
            },
        }
    }

    fn event(&self, delta: &str) -> String {
        [&self.before, delta, self.after].concat()
    }
}

fn chunk_head(completion: &Completion) -> String {
    let (id, model) = (json(&completion.id), json(&completion.model));
    let created = completion.created;
    format!(
        r#"{{"id":{id},"object":"chat.completion.chunk","created":{created},"model":{model},"service_tier":"default","system_fingerprint":"{FINGERPRINT}""#
    )
}

fn event(part: Part, text: String) -> WireEvent {
    WireEvent {
        part,
        bytes: text.into(),
    }
}

/// The answer to `GET /v1/models`.
pub(crate) fn models(names: &[String], created: u64) -> String {
    let models: Vec<_> = names
        .iter()
        .map(|id| Model {
            id,
            object: "model",
            created,
            owned_by: "simulator",
        })
        .collect();
    format!(r#"{{"object":"list","data":{}}}"#, json(&models))
}

#[derive(Debug, Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

/// Structs and strings of ours always serialize.
fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
