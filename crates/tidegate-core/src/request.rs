//! What is asked of a model, independent of any provider's wire format.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::message::Message;

/// One chat request. Every field but `messages` may be left out; the provider's own default then holds.
///
/// # Examples
/// ```
/// # use tidegate_core::Request;
/// let request = Request::prompt("Say hello").with_system("Be brief");
/// assert_eq!(request.messages.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// Instructions that stand before the conversation.
    pub system: Option<String>,
    /// The conversation, oldest turn first.
    pub messages: Vec<Message>,
    /// The most tokens the answer may have.
    pub max_tokens: Option<u32>,
    /// Sampling temperature, as the provider defines it.
    pub temperature: Option<f64>,
    /// Whether the answer is wanted piece by piece.
    pub stream: bool,
    /// Parameters this vocabulary has no word for, passed through to the provider as they are.
    pub extra: Map<String, Value>,
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

    /// Bytes of text in the whole request: the basis of a token estimate.
    pub fn text_bytes(&self) -> usize {
        let turns = self
            .messages
            .iter()
            .flat_map(Message::texts)
            .map(str::len)
            .sum::<usize>();
        self.system.as_ref().map_or(0, String::len) + turns
    }
}
