//! The JSON of the dialect's answers.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::usage::{self, Counts};

/// A whole answer. In a stream, what is known of it at the beginning.
#[derive(Deserialize)]
pub(super) struct Message<'b> {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(borrow)]
    pub(super) content: Vec<Block<'b>>,
    #[serde(default)]
    pub(super) stop_reason: Option<String>,
    #[serde(default)]
    pub(super) stop_details: Option<StopDetails>,
    #[serde(default, deserialize_with = "usage::lenient")]
    pub(super) usage: Option<Counts>,
}

/// Why the model refused, where it says so.
#[derive(Deserialize)]
pub(super) struct StopDetails {
    #[serde(default)]
    pub(super) explanation: Option<String>,
}

/// A block of an answer: all fields of those that are read, so that one of a new type is no obstacle.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Block<'b> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'b, str>,
    pub(super) text: Option<String>,
    pub(super) thinking: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) data: Option<String>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) input: Option<&'b RawValue>,
}

impl Block<'_> {
    /// The arguments of a tool call, as they came.
    pub(super) fn arguments(&self) -> &str {
        self.input.map_or("{}", RawValue::get)
    }
}

/// One event of a stream.
#[derive(Deserialize)]
pub(super) struct Event<'b> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Cow<'b, str>,
    #[serde(default)]
    pub(super) index: Option<u64>,
    #[serde(borrow, default)]
    pub(super) message: Option<Message<'b>>,
    #[serde(borrow, default)]
    pub(super) content_block: Option<Block<'b>>,
    #[serde(borrow, default)]
    pub(super) delta: Option<Piece<'b>>,
    #[serde(default, deserialize_with = "usage::lenient")]
    pub(super) usage: Option<Counts>,
    #[serde(default)]
    pub(super) error: Option<Value>,
}

/// What an event adds: to a block, or (`stop_reason`) to the answer.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Piece<'b> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'b, str>,
    pub(super) text: Option<String>,
    pub(super) thinking: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) partial_json: Option<String>,
    pub(super) stop_reason: Option<String>,
    pub(super) stop_details: Option<StopDetails>,
}

/// What tells the events of the dialect from those that are new.
#[derive(Deserialize)]
pub(super) struct Kind<'b> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'b, str>,
}

/// A text that says something.
pub(super) fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
