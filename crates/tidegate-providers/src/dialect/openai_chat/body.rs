//! A request's body, written without copying its texts, images and schemas first.

mod messages;

use messages::Messages;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tidegate_core::{ImageSource, OutputFormat, Part, Request, Tool, ToolChoice};

pub(super) use crate::dialect::fields::Fields;
pub(super) use messages::Called;

use super::Accent;

/// The body. What the caller put into `extra` wins over what is derived; `null` there leaves a field out.
pub(super) fn write(model: &str, request: &Request, accent: Accent) -> Vec<u8> {
    let mut body = Vec::with_capacity(room(request));
    let written = serde_json::to_writer(
        &mut body,
        &Body {
            model,
            request,
            accent,
        },
    );
    debug_assert!(written.is_ok(), "writing JSON into memory cannot fail");
    body
}

/// Enough for most bodies, so that writing moves nothing.
fn room(request: &Request) -> usize {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let images = parts.map(|part| match part {
        Part::Image(image) => match &image.source {
            ImageSource::Url(url) => url.len(),
            ImageSource::Data { base64, .. } => base64.len(),
        },
        _ => 0,
    });
    let text = request.text_bytes();
    text + text / 8 + images.sum::<usize>() + 64 * request.messages.len() + 512
}

struct Body<'r> {
    model: &'r str,
    request: &'r Request,
    accent: Accent,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let mut fields = Fields::of(serializer, &request.extra)?;
        fields.add("model", self.model)?;
        fields.add(
            "messages",
            &Messages {
                request,
                thoughts: self.accent.thoughts,
            },
        )?;
        fields.add_some(self.accent.token_limit.name(), request.max_tokens)?;
        fields.sampling(request)?;
        fields.tools(request)?;
        fields.add_some("response_format", request.output.as_ref().map(Output))?;
        let key = self.accent.prompt_cache_key.then(|| cache_key(request));
        fields.add_some("prompt_cache_key", key.flatten())?;
        if request.stream {
            fields.add("stream", &true)?;
            fields.add("stream_options", &json!({ "include_usage": true }))?;
        }
        fields.end()
    }
}

/// What requests have in common that begin alike, so that the vendor sends them to where it keeps their beginning. It
/// keeps no prefix shorter than 1,024 tokens, so the first of them tell it: a change further on keeps the key, and the
/// part before it is still found.
fn cache_key(request: &Request) -> Option<String> {
    const TELLING: usize = 4_096;
    let (shared, _) = request.shared()?;
    let start = &shared.as_bytes()[..shared.len().min(TELLING)];
    // FNV-1a: the same on every machine, and nothing hangs on its strength.
    let hash = start.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Some(format!("tidegate-{hash:016x}"))
}

impl<M: SerializeMap> Fields<'_, M> {
    fn sampling(&mut self, request: &Request) -> Result<(), M::Error> {
        self.add_some("temperature", request.temperature)?;
        self.add_some("top_p", request.top_p)?;
        self.add_some("top_k", request.top_k)?;
        self.add_some("seed", request.seed)?;
        self.add_some("frequency_penalty", request.frequency_penalty)?;
        self.add_some("presence_penalty", request.presence_penalty)?;
        let stop = Some(&request.stop).filter(|stop| !stop.is_empty());
        self.add_some("stop", stop)
    }

    fn tools(&mut self, request: &Request) -> Result<(), M::Error> {
        let tools = Some(&request.tools).filter(|tools| !tools.is_empty());
        self.add_some("tools", tools.map(|tools| Tools(tools)))?;
        self.add_some("tool_choice", request.tool_choice.as_ref().map(Choice))?;
        self.add_some("parallel_tool_calls", request.parallel_tool_calls)
    }
}

struct Tools<'r>(&'r [Tool]);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|tool| Offered {
            kind: "function",
            function: Function {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: Some(&tool.parameters).filter(|schema| !schema.is_null()),
                strict: tool.strict,
            },
        }))
    }
}

#[derive(Serialize)]
struct Offered<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'r>,
}

#[derive(Serialize)]
struct Function<'r> {
    name: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'r Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

struct Choice<'r>(&'r ToolChoice);

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ToolChoice::Auto => serializer.serialize_str("auto"),
            ToolChoice::None => serializer.serialize_str("none"),
            ToolChoice::Required => serializer.serialize_str("required"),
            ToolChoice::Tool(name) => {
                json!({ "type": "function", "function": { "name": name } }).serialize(serializer)
            }
        }
    }
}

struct Output<'r>(&'r OutputFormat);

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat<'r> {
    JsonObject,
    JsonSchema { json_schema: JsonSchema<'r> },
}

#[derive(Serialize)]
struct JsonSchema<'r> {
    name: &'r str,
    schema: &'r Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

impl Serialize for Output<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            OutputFormat::Json => ResponseFormat::JsonObject,
            OutputFormat::Schema {
                name,
                schema,
                strict,
            } => ResponseFormat::JsonSchema {
                json_schema: JsonSchema {
                    name,
                    schema,
                    strict: *strict,
                },
            },
        }
        .serialize(serializer)
    }
}
