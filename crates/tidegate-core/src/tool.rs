//! Tools: what a model may ask its caller to do, independent of any provider's wire format.
//!
//! Tidegate never calls a tool. It carries the offer to the model and the model's wish back.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A function the model may ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name, as the model will say it.
    pub name: String,
    /// What it does, for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of its arguments; `null` where it takes none.
    #[serde(default)]
    pub parameters: Value,
    /// Whether the provider must keep the arguments to the schema. Unset: as the provider does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// Whether the model must use a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// It must not.
    None,
    /// It must use one.
    Required,
    /// It must use this one.
    Tool(String),
}

/// The model wants a tool to be called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's name for this call; its result must quote it.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments, as the model wrote them: meant to be a JSON object, but a model can err and an answer can be cut.
    pub arguments: String,
}
