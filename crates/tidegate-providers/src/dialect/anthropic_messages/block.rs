//! Content blocks as they are written, in requests and in answers, borrowed from what they tell.

use serde::Serialize;
use serde_json::value::RawValue;
use tidegate_core::{Image, ImageSource, Part, Reasoning, ToolCall, ToolResult};

/// One block.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'r> {
    Text {
        text: &'r str,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<CacheControl>,
    },
    Image {
        source: Source<'r>,
    },
    Thinking {
        thinking: &'r str,
        signature: &'r str,
    },
    RedactedThinking {
        data: &'r str,
    },
    ToolUse {
        id: &'r str,
        name: &'r str,
        input: Input<'r>,
    },
    ToolResult {
        tool_use_id: &'r str,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Content<'r>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

/// Has the provider keep everything up to here, for five minutes after its last use.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum CacheControl {
    Ephemeral,
}

/// The arguments of a tool call.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Input<'r> {
    Object(&'r RawValue),
    /// What a model wrote that is no object, as the vendor's documents would have it passed on.
    Unreadable {
        #[serde(rename = "INVALID_JSON")]
        text: &'r str,
    },
}

/// Where a picture's bytes are.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'r> {
    Url { url: &'r str },
    Base64 { media_type: &'r str, data: &'r str },
}

/// Blocks, or the one text they are.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Content<'r> {
    Text(&'r str),
    Blocks(Vec<Block<'r>>),
}

impl<'r> Content<'r> {
    /// `None` where there is nothing to say.
    pub(super) fn of(blocks: Vec<Block<'r>>) -> Option<Self> {
        match blocks.as_slice() {
            [] => None,
            [
                Block::Text {
                    text,
                    cache_control: None,
                },
            ] => Some(Self::Text(text)),
            _ => Some(Self::Blocks(blocks)),
        }
    }
}

impl<'r> Block<'r> {
    /// `None` for what the API would refuse and nobody misses: an empty text, a thought without a signature.
    pub(super) fn of(part: &'r Part) -> Option<Self> {
        match part {
            Part::Text { text } => Self::text(text),
            Part::Image(image) => Some(Self::image(image)),
            Part::Reasoning(thought) => Self::thought(thought),
            Part::ToolCall(call) => Some(Self::call(call)),
            Part::ToolResult(result) => Some(Self::result(result)),
            _ => None,
        }
    }

    pub(super) fn text(text: &'r str) -> Option<Self> {
        (!text.is_empty()).then_some(Self::Text {
            text,
            cache_control: None,
        })
    }

    /// A text that ends what the provider should keep.
    pub(super) const fn kept(text: &'r str) -> Self {
        Self::Text {
            text,
            cache_control: Some(CacheControl::Ephemeral),
        }
    }

    fn image(image: &'r Image) -> Self {
        let source = match &image.source {
            ImageSource::Url(url) => Source::Url { url },
            ImageSource::Data { media_type, base64 } => Source::Base64 {
                media_type,
                data: base64,
            },
        };
        Self::Image { source }
    }

    fn thought(thought: &'r Reasoning) -> Option<Self> {
        match (&thought.encrypted, &thought.signature) {
            (Some(data), _) => Some(Self::RedactedThinking { data }),
            (None, Some(signature)) => Some(Self::Thinking {
                thinking: &thought.text,
                signature,
            }),
            (None, None) => None,
        }
    }

    pub(super) fn call(call: &'r ToolCall) -> Self {
        let text = &call.arguments;
        Self::ToolUse {
            id: &call.id,
            name: &call.name,
            input: object(text).map_or(Input::Unreadable { text }, Input::Object),
        }
    }

    fn result(result: &'r ToolResult) -> Self {
        Self::ToolResult {
            tool_use_id: &result.call,
            content: Content::of(result.parts.iter().filter_map(Self::of).collect()),
            is_error: result.is_error,
        }
    }
}

/// Arguments as the JSON object they should be, unchanged; no text at all is a call without arguments.
pub(super) fn object(arguments: &str) -> Option<&RawValue> {
    let text = if arguments.trim().is_empty() {
        "{}"
    } else {
        arguments
    };
    let value: &RawValue = serde_json::from_str(text).ok()?;
    value.get().starts_with('{').then_some(value)
}
