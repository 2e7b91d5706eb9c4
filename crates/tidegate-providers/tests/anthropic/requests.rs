//! The law of requests: the server's end reads what the client's end writes.

use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tidegate_core::{OutputFormat, Request, Tool, ToolChoice};
use tidegate_providers::dialect::anthropic_messages::server::{self, SCHEMA};
use tidegate_providers::providers::anthropic::Anthropic;
use tidegate_providers::{Call, Provider};

use crate::conversations::{self, conversation};
use crate::{MODEL, target};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_request_is_read_back_as_it_was_written(request in request()) {
        let Call::Http(call) = Anthropic.encode(&request, &target()).unwrap() else {
            panic!("a call over HTTP");
        };
        let asked = server::read(&call.body).unwrap();
        prop_assert_eq!(asked.model, MODEL);
        prop_assert_eq!(asked.request, come_back(request));
    }

    #[test]
    fn what_was_read_is_written_again_as_it_was(request in request()) {
        let once = come_back(request);
        prop_assert_eq!(come_back(once.clone()), once);
    }

    #[test]
    fn whatever_a_client_sends_reading_it_does_not_panic(value in conversations::json(), text in any::<String>()) {
        let _ = server::read(text.as_bytes());
        let _ = server::read(value.to_string().as_bytes());
        for field in ["messages", "system", "tools", "tool_choice", "output_config", "max_tokens", "stop_sequences"] {
            let mut body = json!({ "model": "m", "max_tokens": 1, "messages": [] });
            body[field] = value.clone();
            let _ = server::read(body.to_string().as_bytes());
        }
    }
}

prop_compose! {
    fn request()(
        (system, messages, max_tokens) in (option::of("(?s).{0,8}"), conversation(), option::of(1u32..)),
        (temperature, top_p, top_k) in (number(), number(), option::of(any::<u32>())),
        stop in vec("(?s).{1,4}", 0..3),
        (tools, tool_choice, parallel_tool_calls) in (vec(tool(), 0..3), option::of(choice()), any::<Option<bool>>()),
        output in option::of(schema()),
        stream in any::<bool>(),
        mut extra in object("[a-z]{1,5}_x"),
        config in option::of(object("[a-z]{1,5}_y")),
    ) -> Request {
        if let Some(config) = config {
            extra.insert("output_config".into(), Value::Object(config));
        }
        Request {
            system, messages, max_tokens, temperature, top_p, top_k, stop, tools, tool_choice, parallel_tool_calls,
            output, stream, extra, ..Request::default()
        }
    }
}

fn number() -> impl Strategy<Value = Option<f64>> {
    option::of((0u32..2_000).prop_map(|thousandths| f64::from(thousandths) / 1_000.0))
}

fn tool() -> impl Strategy<Value = Tool> {
    let parameters = prop_oneof![
        Just(Value::Null),
        object("[a-z]{1,3}").prop_map(Value::Object)
    ];
    let words = ("[a-z]{1,4}", option::of(".{0,4}"));
    (words, parameters, any::<Option<bool>>()).prop_map(
        |((name, description), parameters, strict)| Tool {
            name,
            description,
            parameters,
            strict,
        },
    )
}

fn choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Required),
        "[a-z]{1,4}".prop_map(ToolChoice::Tool),
    ]
}

fn schema() -> impl Strategy<Value = OutputFormat> {
    let schema = object("[a-z]{1,3}").prop_map(Value::Object);
    ("[a-z]{1,4}", schema, any::<Option<bool>>()).prop_map(|(name, schema, strict)| {
        OutputFormat::Schema {
            name,
            schema,
            strict,
        }
    })
}

fn object(keys: &'static str) -> impl Strategy<Value = Map<String, Value>> {
    hash_map(keys, conversations::json(), 0..3).prop_map(|object| object.into_iter().collect())
}

/// A request as it comes back: what is left out or joined on the way, by what the dialect says of itself.
fn come_back(request: Request) -> Request {
    let parallel = request.parallel_tool_calls;
    let default = parallel.map(|_| ToolChoice::Auto);
    let tool_choice = request.tool_choice.or(default);
    Request {
        system: request.system.filter(|system| !system.is_empty()),
        messages: conversations::come_back(request.messages),
        max_tokens: request.max_tokens.or(Some(8_192)),
        tools: request.tools.into_iter().map(tool_back).collect(),
        parallel_tool_calls: parallel.filter(|_| tool_choice != Some(ToolChoice::None)),
        tool_choice,
        output: request.output.map(named),
        extra: request.extra.into_iter().filter_map(passed).collect(),
        ..request
    }
}

fn tool_back(tool: Tool) -> Tool {
    Tool {
        parameters: match tool.parameters {
            Value::Null => json!({ "type": "object", "properties": {} }),
            schema => schema,
        },
        ..tool
    }
}

/// The schema has no name on the wire, and is kept to.
fn named(output: OutputFormat) -> OutputFormat {
    match output {
        OutputFormat::Schema { schema, .. } => OutputFormat::Schema {
            name: SCHEMA.into(),
            schema,
            strict: Some(true),
        },
        other @ OutputFormat::Json => other,
    }
}

/// A null leaves its field out; of what is said of the output nothing may be left.
fn passed((name, value): (String, Value)) -> Option<(String, Value)> {
    match value {
        Value::Null => None,
        Value::Object(fields) if name == "output_config" => {
            let said: Map<_, _> = fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .collect();
            (!said.is_empty()).then_some((name, Value::Object(said)))
        }
        value => Some((name, value)),
    }
}
