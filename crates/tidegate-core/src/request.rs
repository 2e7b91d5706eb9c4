//! What is asked of a model, independent of any provider's wire format.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::message::{Message, Part};
use crate::tool::{Tool, ToolChoice};

/// One chat request. Every field but `messages` may be left out; the provider's own default then holds.
///
/// # Examples
/// ```
/// # use tidegate_core::Request;
/// let request = Request::prompt("Say hello").with_system("Be brief");
/// assert_eq!(request.messages.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Instructions that stand before the conversation.
    pub system: Option<String>,
    /// The conversation, oldest turn first.
    pub messages: Vec<Message>,
    /// The most tokens the answer may have.
    pub max_tokens: Option<u32>,
    /// Sampling temperature. Ranges and defaults of this and the next five are the provider's.
    pub temperature: Option<f64>,
    /// The share of probability that the next token is drawn from.
    pub top_p: Option<f64>,
    /// The number of likeliest tokens that it is drawn from.
    pub top_k: Option<u32>,
    /// Makes draws repeatable, as far as the provider goes.
    pub seed: Option<i64>,
    /// Makes tokens that came often less likely.
    pub frequency_penalty: Option<f64>,
    /// Makes tokens that came at all less likely.
    pub presence_penalty: Option<f64>,
    /// Texts at which the answer ends.
    pub stop: Vec<String>,
    /// The tools the model may ask for.
    pub tools: Vec<Tool>,
    /// Whether it must.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may ask for several at once.
    pub parallel_tool_calls: Option<bool>,
    /// The form the answer must have.
    pub output: Option<OutputFormat>,
    /// Whether the answer is wanted piece by piece.
    pub stream: bool,
    /// How many bytes at the beginning of the prompt, the last part of the last turn, other requests begin with too:
    /// those of the files packed before it. Providers that keep prompts are told to keep everything up to there. 0:
    /// nobody is told. It is no part of the serialized form.
    #[serde(skip)]
    pub shared_prefix: usize,
    /// Parameters this vocabulary has no word for, passed through to the provider as they are. `null` leaves out a
    /// field that would be sent otherwise.
    pub extra: Map<String, Value>,
}

/// The form an answer must have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutputFormat {
    /// Some JSON object.
    Json,
    /// JSON of this schema.
    Schema {
        /// What the schema is called.
        name: String,
        /// The JSON Schema.
        schema: Value,
        /// Whether the provider must keep to it. Unset: as the provider does by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
}

impl Request {
    /// A request of one user turn.
    pub fn prompt(text: impl Into<String>) -> Self {
        Self {
            messages: vec![Message::user(text)],
            ..Self::default()
        }
    }

    /// The same with a system prompt.
    #[must_use]
    pub fn with_system(mut self, system: impl Into<String>) -> Self {
        self.system = Some(system.into());
        self
    }

    /// The same, asking for the answer piece by piece.
    #[must_use]
    pub fn streamed(mut self) -> Self {
        self.stream = true;
        self
    }

    /// The prompt in two: what other requests [begin with too](Self::shared_prefix), and the rest. `None` where nothing
    /// is shared.
    pub fn shared(&self) -> Option<(&str, &str)> {
        let Part::Text { text } = self.messages.last()?.parts.last()? else {
            return None;
        };
        let split = text.split_at_checked(self.shared_prefix)?;
        (self.shared_prefix > 0).then_some(split)
    }

    /// Every text of the request, in order, what tools return included: what a count of tokens is of. Images are none.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let parts = self.messages.iter().flat_map(|message| &message.parts);
        let mut texts: Vec<&str> = self.system.iter().map(String::as_str).collect();
        parts.for_each(|part| part_texts(part, &mut texts));
        texts.into_iter()
    }

    /// Bytes of text in the whole request, what tools return included: the basis of a token estimate.
    pub fn text_bytes(&self) -> usize {
        self.texts().map(str::len).sum()
    }
}

fn part_texts<'p>(part: &'p Part, texts: &mut Vec<&'p str>) {
    match part {
        Part::Text { text } => texts.push(text),
        Part::Reasoning(reasoning) => texts.push(&reasoning.text),
        Part::ToolCall(call) => texts.extend([call.name.as_str(), &call.arguments]),
        Part::ToolResult(result) => result.parts.iter().for_each(|part| part_texts(part, texts)),
        Part::Image(_) => {}
    }
}
