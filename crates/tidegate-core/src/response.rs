//! What a model answered, independent of any provider's wire format.

use serde::{Deserialize, Serialize};

use crate::message::{Message, Part, Reasoning, Role};
use crate::tool::ToolCall;
use crate::usage::Usage;

/// Why the model stopped writing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// It was done.
    #[default]
    Stop,
    /// It reached the limit on output tokens: the answer is cut.
    Length,
    /// It wants tools to be called.
    ToolCalls,
    /// A reason this vocabulary has no word for, as the provider said it.
    Other(String),
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Response {
    /// The provider's name for this answer, to quote in a support request.
    pub id: Option<String>,
    /// The model that served, as the provider names it.
    pub model: Option<String>,
    /// The answer.
    pub text: String,
    /// What the model thought before it, as far as the provider shows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasoning: Vec<Reasoning>,
    /// The tools it wants called, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// What it cost, where the provider says so.
    pub usage: Option<Usage>,
}

impl Response {
    /// Whether there is nothing in it that a caller would see.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty() && self.tool_calls.is_empty() && self.reasoning.is_empty()
    }

    /// The answer as the turn of a conversation that goes on.
    pub fn into_message(self) -> Message {
        let text = Some(self.text).filter(|text| !text.is_empty());
        let parts = (self.reasoning.into_iter().map(Part::Reasoning))
            .chain(text.map(Part::text))
            .chain(self.tool_calls.into_iter().map(Part::ToolCall));
        Message::of(Role::Assistant, parts.collect())
    }

    /// Bytes of what the model wrote: what bounds on answers count.
    pub fn size(&self) -> usize {
        let thoughts = self.reasoning.iter().map(|thought| {
            let hidden = thought.signature.iter().chain(&thought.encrypted);
            thought.text.len() + hidden.map(String::len).sum::<usize>()
        });
        let calls = self
            .tool_calls
            .iter()
            .map(|call| call.id.len() + call.name.len() + call.arguments.len());
        self.text.len() + thoughts.sum::<usize>() + calls.sum::<usize>()
    }
}
