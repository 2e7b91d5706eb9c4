//! Who said what, independent of any provider's wire format.

use serde::{Deserialize, Serialize};

use crate::tool::ToolCall;

/// Who speaks in a message. The system prompt is not a message: see [`crate::Request::system`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person or program that asks. Results of tools are theirs too.
    User,
    /// The model.
    Assistant,
}

/// One piece of a message. A dialect that cannot express a piece refuses the request by name before sending it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture, shown by the user or returned by a tool.
    Image(Image),
    /// What the model thought before it answered; models that sign their thoughts want them back with the next turn.
    Reasoning(Reasoning),
    /// The model wants a tool to be called.
    ToolCall(ToolCall),
    /// What a tool returned, told by the user.
    ToolResult(ToolResult),
}

impl Part {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// What it is, for errors: `image`, `tool_call`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Image(_) => "image",
            Self::Reasoning(_) => "reasoning",
            Self::ToolCall(_) => "tool_call",
            Self::ToolResult(_) => "tool_result",
        }
    }
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Where its bytes are.
    pub source: ImageSource,
    /// How closely the model should look (`low`, `high`, `auto`), for providers that ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Where a picture's bytes are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageSource {
    /// At an address the provider fetches.
    Url(String),
    /// Here.
    Data {
        /// The media type: `image/png`.
        media_type: String,
        /// The bytes, in standard base64 with padding.
        base64: String,
    },
}

impl std::fmt::Debug for ImageSource {
    /// Without the bytes, which would fill a log, and the address, which may carry a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => write!(f, "Url({} bytes)", url.len()),
            Self::Data { media_type, base64 } => {
                write!(f, "Data({media_type}, {} bytes of base64)", base64.len())
            }
        }
    }
}

/// One stretch of a model's reasoning.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reasoning {
    /// What it thought, as far as the provider shows it.
    pub text: String,
    /// The provider's signature over it, for providers that want it back unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The thought in a form only the provider can read, where it hides the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<String>,
}

/// What a tool returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call it answers: [`ToolCall::id`].
    pub call: String,
    /// What it returned: texts, and images where the provider takes them.
    pub parts: Vec<Part>,
    /// Whether the tool failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
}

impl ToolResult {
    /// A result of plain text.
    pub fn text(call: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            call: call.into(),
            parts: vec![Part::text(text)],
            is_error: false,
        }
    }
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A user's turn of plain text.
    pub fn user(text: impl Into<String>) -> Self {
        Self::of(Role::User, vec![Part::text(text)])
    }

    /// A model's turn of plain text.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::of(Role::Assistant, vec![Part::text(text)])
    }

    /// A turn of these parts.
    pub const fn of(role: Role, parts: Vec<Part>) -> Self {
        Self { role, parts }
    }

    /// The texts of this message, in order; those inside tool results are not among them.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            Part::Image(_) | Part::Reasoning(_) | Part::ToolCall(_) | Part::ToolResult(_) => None,
        })
    }
}
