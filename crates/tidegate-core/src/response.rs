//! What a model answered, independent of any provider's wire format.

use serde::{Deserialize, Serialize};

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
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// What it cost, where the provider says so.
    pub usage: Option<Usage>,
}
