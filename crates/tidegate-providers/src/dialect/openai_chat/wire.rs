//! The JSON of the dialect, borrowed from the bytes it came in.

use std::borrow::Cow;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use tidegate_core::{Message, Part, Request, Role, Usage};

/// Writes a request's body without copying its texts first.
pub(super) fn write(model: &str, request: &Request, fields: &Map<String, Value>) -> Vec<u8> {
    let mut body = Vec::with_capacity(request.text_bytes() + request.text_bytes() / 8 + 512);
    let written = serde_json::to_writer(
        &mut body,
        &Body {
            model,
            request,
            fields,
        },
    );
    debug_assert!(written.is_ok(), "writing JSON into memory cannot fail");
    body
}

struct Body<'r> {
    model: &'r str,
    request: &'r Request,
    fields: &'r Map<String, Value>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.fields.contains_key("model") {
            map.serialize_entry("model", self.model)?;
        }
        if !self.fields.contains_key("messages") {
            map.serialize_entry("messages", &Messages(self.request))?;
        }
        for (name, value) in self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

struct Messages<'r>(&'r Request);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        if let Some(system) = &self.0.system {
            seq.serialize_element(&Turn {
                role: "system",
                content: system,
            })?;
        }
        for message in &self.0.messages {
            turn(&mut seq, message)?;
        }
        seq.end()
    }
}

fn turn<Q: SerializeSeq>(seq: &mut Q, message: &Message) -> Result<(), Q::Error> {
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    match message.parts.as_slice() {
        [Part::Text { text }] => seq.serialize_element(&Turn {
            role,
            content: text,
        }),
        parts => seq.serialize_element(&Turn {
            role,
            content: parts,
        }),
    }
}

#[derive(Serialize)]
struct Turn<'r, C: ?Sized> {
    role: &'static str,
    content: &'r C,
}

/// A whole completion.
#[derive(Deserialize)]
pub(super) struct Completion<'b> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'b, str>>,
    #[serde(borrow, default)]
    pub(super) model: Option<Cow<'b, str>>,
    #[serde(borrow)]
    pub(super) choices: Vec<Choice<'b>>,
    #[serde(default, deserialize_with = "usage")]
    pub(super) usage: Option<TokenUsage>,
}

#[derive(Deserialize)]
pub(super) struct Choice<'b> {
    #[serde(borrow)]
    pub(super) message: Text<'b>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Cow<'b, str>>,
    #[serde(default)]
    pub(super) error: Option<Value>,
}

/// One piece of a streamed completion.
#[derive(Deserialize)]
pub(super) struct Chunk<'b> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'b, str>>,
    #[serde(borrow, default)]
    pub(super) model: Option<Cow<'b, str>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) choices: Vec<ChunkChoice<'b>>,
    #[serde(default, deserialize_with = "usage")]
    pub(super) usage: Option<TokenUsage>,
    #[serde(default)]
    pub(super) error: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct ChunkChoice<'b> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) delta: Text<'b>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Cow<'b, str>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Text<'b> {
    #[serde(borrow, default, deserialize_with = "content")]
    pub(super) content: Option<Cow<'b, str>>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<Cow<'b, str>>,
    /// DeepSeek, vLLM.
    #[serde(borrow, default)]
    pub(super) reasoning_content: Option<Cow<'b, str>>,
    /// OpenRouter, newer vLLM.
    #[serde(borrow, default)]
    pub(super) reasoning: Option<Cow<'b, str>>,
}

/// Content is a string, null, or (Mistral) a list of parts.
fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Content<'b> {
        Text(#[serde(borrow)] Cow<'b, str>),
        Parts(Vec<Value>),
    }
    Ok(
        Option::<Content<'de>>::deserialize(deserializer)?.map(|content| match content {
            Content::Text(text) => text,
            Content::Parts(parts) => parts
                .iter()
                .filter_map(|part| part.get("text")?.as_str())
                .collect::<String>()
                .into(),
        }),
    )
}

/// Counts that cannot be read are none: the answer beside them is there, and paid for.
fn usage<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TokenUsage>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(TokenUsage::deserialize(value).ok())
}

/// Null where nothing is meant.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Deserialize)]
pub(super) struct TokenUsage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
}

impl TokenUsage {
    /// The counts; `None` where nobody counted (`OpenRouter` writes nulls).
    pub(super) fn counted(self) -> Option<Usage> {
        self.prompt_tokens.or(self.completion_tokens)?;
        Some(Usage {
            input_tokens: self.prompt_tokens.unwrap_or(0),
            output_tokens: self.completion_tokens.unwrap_or(0),
            cached_input_tokens: self
                .prompt_tokens_details
                .and_then(|details| details.cached_tokens)
                .unwrap_or(0),
            cache_write_tokens: 0,
            reasoning_tokens: self
                .completion_tokens_details
                .and_then(|details| details.reasoning_tokens)
                .unwrap_or(0),
        })
    }
}
