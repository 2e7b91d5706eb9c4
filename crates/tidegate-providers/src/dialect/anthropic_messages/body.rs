//! A request's body, written without copying its texts, images and schemas first.

use std::sync::LazyLock;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use tidegate_core::{ImageSource, Message, OutputFormat, Part, Request, Role, Tool, ToolChoice};

use super::block::{Block, Content};
use super::max_tokens;
use crate::dialect::fields::Fields;

/// The body. What the caller put into `extra` wins over what is derived; `null` there leaves a field out.
pub(super) fn write(model: &str, request: &Request) -> Vec<u8> {
    let mut body = Vec::with_capacity(room(request));
    let written = serde_json::to_writer(&mut body, &Body { model, request });
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
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let mut fields = Fields::of(serializer, &request.extra)?;
        fields.add("model", self.model)?;
        fields.add("max_tokens", &max_tokens(request, self.model))?;
        let system = request.system.as_ref().filter(|system| !system.is_empty());
        fields.add_some("system", system)?;
        fields.add("messages", &turns(request))?;
        fields.add_some("temperature", request.temperature)?;
        fields.add_some("top_p", request.top_p)?;
        fields.add_some("top_k", request.top_k)?;
        fields.add_some("stop_sequences", some(&request.stop))?;
        let tools = some(&request.tools);
        fields.add_some("tools", tools.map(|tools| Tools(tools)))?;
        fields.add_some("tool_choice", Choice::of(request))?;
        output(&mut fields, request)?;
        if request.stream {
            fields.add("stream", &true)?;
        }
        fields.end()
    }
}

fn some<T>(list: &Vec<T>) -> Option<&Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// One turn.
#[derive(Serialize)]
struct Turn<'r> {
    role: &'static str,
    content: Content<'r>,
}

impl<'r> Turn<'r> {
    /// What tools returned comes first. A turn that says nothing is none.
    fn of(role: Role, mut blocks: Vec<Block<'r>>) -> Option<Self> {
        blocks.sort_by_key(|block| !matches!(block, Block::ToolResult { .. }));
        Some(Self {
            role: match role {
                Role::User => "user",
                Role::Assistant => "assistant",
            },
            content: Content::of(blocks)?,
        })
    }
}

/// The turns, each role's in a row as one.
fn turns(request: &Request) -> Vec<Turn<'_>> {
    let messages = &request.messages;
    let mut merged: Vec<(Role, Vec<Block<'_>>)> = Vec::with_capacity(messages.len());
    for (number, message) in messages.iter().enumerate() {
        let shared = request.shared().filter(|_| number + 1 == messages.len());
        let mut blocks = blocks(message, shared);
        match merged.last_mut() {
            _ if blocks.is_empty() => {}
            Some((role, said)) if *role == message.role => said.append(&mut blocks),
            _ => merged.push((message.role, blocks)),
        }
    }
    merged
        .into_iter()
        .filter_map(|(role, blocks)| Turn::of(role, blocks))
        .collect()
}

/// What a turn says; the prompt in two blocks where its beginning is shared.
fn blocks<'r>(message: &'r Message, shared: Option<(&'r str, &'r str)>) -> Vec<Block<'r>> {
    let Some((prefix, rest)) = shared else {
        return message.parts.iter().filter_map(Block::of).collect();
    };
    let before = message.parts.iter().take(message.parts.len() - 1);
    let prompt = [Some(Block::kept(prefix)), Block::text(rest)];
    before.map(Block::of).chain(prompt).flatten().collect()
}

struct Tools<'r>(&'r [Tool]);

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Offered::of))
    }
}

#[derive(Serialize)]
struct Offered<'r> {
    name: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'r str>,
    input_schema: &'r Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

impl<'r> Offered<'r> {
    fn of(tool: &'r Tool) -> Self {
        Self {
            name: &tool.name,
            description: tool.description.as_deref(),
            input_schema: match &tool.parameters {
                Value::Null => &NO_ARGUMENTS,
                schema => schema,
            },
            strict: tool.strict,
        }
    }
}

/// The schema of a tool that takes no arguments: the wire demands one.
static NO_ARGUMENTS: LazyLock<Value> =
    LazyLock::new(|| json!({ "type": "object", "properties": {} }));

#[derive(Serialize)]
struct Choice<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_parallel_tool_use: Option<bool>,
}

impl<'r> Choice<'r> {
    fn of(request: &'r Request) -> Option<Self> {
        let disable = request.parallel_tool_calls.map(|parallel| !parallel);
        let (kind, name) = match &request.tool_choice {
            None => {
                disable?;
                ("auto", None)
            }
            Some(ToolChoice::Auto) => ("auto", None),
            Some(ToolChoice::None) => ("none", None),
            Some(ToolChoice::Required) => ("any", None),
            Some(ToolChoice::Tool(name)) => ("tool", Some(name.as_str())),
        };
        Some(Self {
            kind,
            name,
            disable_parallel_tool_use: disable.filter(|_| kind != "none"),
        })
    }
}

/// The schema of the answer, among what the caller says of the output himself (`effort`). A format of his own wins.
fn output<M: SerializeMap>(fields: &mut Fields<'_, M>, request: &Request) -> Result<(), M::Error> {
    let Some(OutputFormat::Schema { schema, .. }) = &request.output else {
        return Ok(());
    };
    match request.extra.get("output_config") {
        Some(Value::Object(own)) if !own.contains_key("format") => {
            fields.add_merged("output_config", &OutputConfig { schema, own })
        }
        _ => fields.add(
            "output_config",
            &OutputConfig {
                schema,
                own: &Map::new(),
            },
        ),
    }
}

struct OutputConfig<'r> {
    schema: &'r Value,
    own: &'r Map<String, Value>,
}

#[derive(Serialize)]
struct Format<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: &'r Value,
}

impl Serialize for OutputConfig<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let format = Format {
            kind: "json_schema",
            schema: self.schema,
        };
        map.serialize_entry("format", &format)?;
        for (name, value) in self.own {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
