//! The JSON of the dialect's answers, borrowed from the bytes it came in.

use std::borrow::Cow;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::usage::{self, TokenUsage};

/// A string, borrowed where nothing in it is escaped. (A field of type `Option<Cow<str>>` would always copy.)
#[derive(Deserialize)]
pub(super) struct Text<'b>(#[serde(borrow)] Cow<'b, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_string(self) -> String {
        self.0.into_owned()
    }
}

/// A text that says something.
pub(super) fn said(text: Option<Text<'_>>) -> Option<String> {
    text.filter(|text| !text.0.is_empty())
        .map(Text::into_string)
}

/// A whole completion.
#[derive(Deserialize)]
pub(super) struct Completion<'b> {
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'b>>,
    #[serde(borrow, default)]
    pub(super) model: Option<Text<'b>>,
    #[serde(borrow)]
    pub(super) choices: Vec<Choice<'b>>,
    #[serde(default, deserialize_with = "usage::lenient")]
    pub(super) usage: Option<Box<TokenUsage>>,
}

#[derive(Deserialize)]
pub(super) struct Choice<'b> {
    #[serde(borrow)]
    pub(super) message: Said<'b>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Text<'b>>,
    #[serde(default)]
    pub(super) error: Option<Value>,
}

/// One piece of a streamed completion.
#[derive(Deserialize)]
pub(super) struct Chunk<'b> {
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'b>>,
    #[serde(borrow, default)]
    pub(super) model: Option<Text<'b>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) choices: Vec<ChunkChoice<'b>>,
    #[serde(default, deserialize_with = "usage::lenient")]
    pub(super) usage: Option<Box<TokenUsage>>,
    #[serde(default)]
    pub(super) error: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct ChunkChoice<'b> {
    #[serde(default)]
    pub(super) index: Option<u64>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) delta: Said<'b>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Text<'b>>,
}

/// What the model said, whole or in part.
#[derive(Default, Deserialize)]
pub(super) struct Said<'b> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) content: Content<'b>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<Text<'b>>,
    /// DeepSeek, vLLM.
    #[serde(borrow, default)]
    reasoning_content: Option<Text<'b>>,
    /// OpenRouter, Groq, newer vLLM.
    #[serde(borrow, default)]
    reasoning: Option<Text<'b>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) tool_calls: Vec<CallPiece<'b>>,
    /// What tool calls were called before there could be several.
    #[serde(borrow, default)]
    pub(super) function_call: Option<Box<Function<'b>>>,
}

impl Said<'_> {
    /// What the model thought, under whichever name it stands; some write it under two.
    pub(super) fn take_thought(&mut self) -> Option<String> {
        said(self.reasoning_content.take())
            .or_else(|| said(self.reasoning.take()))
            .or_else(|| Some(std::mem::take(&mut self.content.thought)))
            .filter(|thought| !thought.is_empty())
    }
}

/// A tool call, whole or in part.
#[derive(Deserialize)]
pub(super) struct CallPiece<'b> {
    #[serde(default)]
    pub(super) index: Option<u64>,
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'b>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) function: Function<'b>,
}

#[derive(Default, Deserialize)]
pub(super) struct Function<'b> {
    #[serde(borrow, default)]
    pub(super) name: Option<Text<'b>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub(super) arguments: Arguments<'b>,
}

/// A call's arguments: a string of JSON, or (some servers) the JSON itself.
#[derive(Default)]
pub(super) struct Arguments<'b>(pub(super) Cow<'b, str>);

impl<'de: 'b, 'b> Deserialize<'de> for Arguments<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either<'b> {
            Text(#[serde(borrow)] Text<'b>),
            Json(Value),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Text(text) => Self(text.0),
            Either::Json(value) => Self(value.to_string().into()),
        })
    }
}

/// Content is a string or (Mistral) a list of parts, thoughts among them.
#[derive(Default)]
pub(super) struct Content<'b> {
    pub(super) text: Cow<'b, str>,
    thought: String,
}

impl<'de: 'b, 'b> Deserialize<'de> for Content<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of parts")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Content {
            text: text.into(),
            ..Content::default()
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content {
            text: text.to_owned().into(),
            ..Content::default()
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let (mut text, mut thought) = (String::new(), String::new());
        while let Some(part) = parts.next_element::<Value>()? {
            match part.get("thinking") {
                Some(inner) => thoughts(inner, &mut thought),
                None => text.push_str(part.get("text").and_then(Value::as_str).unwrap_or_default()),
            }
        }
        Ok(Content {
            text: text.into(),
            thought,
        })
    }
}

/// A thought is a text, or a list of parts that have one each.
fn thoughts(thinking: &Value, into: &mut String) {
    match thinking {
        Value::String(text) => into.push_str(text),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            into.extend(texts);
        }
        _ => {}
    }
}

/// Null where nothing is meant.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
