//! The law of requests: the server's end reads what the client's end writes.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value};
use tidegate_core::{OutputFormat, Request, Tool, ToolChoice};
use tidegate_providers::dialect::openai_chat::server;
use tidegate_providers::{Call, find};

use crate::conversations::{come_back, conversation};
use crate::target;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_request_is_read_back_as_it_was_written(request in request(), openai in any::<bool>()) {
        let provider = if openai { "openai" } else { "openai-compatible" };
        let request = Request { top_k: request.top_k.filter(|_| !openai), ..request };
        let target = target(provider);
        let Ok(Call::Http(call)) = find(provider).unwrap().encode(&request, &target) else {
            panic!("cannot be expressed: {request:?}");
        };
        let asked = server::read(&call.body).unwrap();
        prop_assert_eq!(asked.model, target.model);
        prop_assert_eq!(asked.include_usage, request.stream);
        let expected = Request {
            system: request.system.filter(|system| !system.is_empty()),
            messages: come_back(request.messages, !openai),
            extra: request.extra.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            ..request
        };
        prop_assert_eq!(asked.request, expected);
    }

    #[test]
    fn whatever_a_client_sends_reading_it_does_not_panic(value in json(), text in any::<String>()) {
        let _ = server::read(text.as_bytes());
        let body = serde_json::json!({
            "model": "m", "messages": [value, { "role": "user", "content": value }], "tools": value, "stop": value,
        });
        let _ = server::read(body.to_string().as_bytes());
    }
}

prop_compose! {
    fn request()(
        system in option::of(any::<String>()),
        messages in conversation(),
        (max_tokens, top_k, seed) in (any::<Option<u32>>(), any::<Option<u32>>(), any::<Option<i64>>()),
        (temperature, top_p) in (number(), number()),
        (frequency_penalty, presence_penalty) in (number(), number()),
        stop in vec(any::<String>(), 0..3),
        (tools, tool_choice, parallel_tool_calls) in (vec(tool(), 0..3), option::of(choice()), any::<Option<bool>>()),
        (output, stream) in (option::of(output()), any::<bool>()),
        extra in btree_map("x_[a-z]{1,6}", json(), 0..3),
    ) -> Request {
        Request {
            system, messages, max_tokens, temperature, top_p, top_k, seed, frequency_penalty, presence_penalty, stop,
            tools, tool_choice, parallel_tool_calls, output, stream, shared_prefix: 0,
            extra: extra.into_iter().collect(),
        }
    }
}

/// Numbers with few digits: JSON is exact about them.
fn number() -> impl Strategy<Value = Option<f64>> {
    option::of((-2_000i32..2_000).prop_map(|number| f64::from(number) / 1_000.0))
}

fn tool() -> impl Strategy<Value = Tool> {
    let parameters = prop_oneof![Just(Value::Null), object().prop_map(Value::Object)];
    let words = option::of(any::<String>());
    ("[a-z_]{1,8}", words, parameters, any::<Option<bool>>()).prop_map(
        |(name, description, parameters, strict)| Tool {
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
        "[a-z_]{1,8}".prop_map(ToolChoice::Tool),
    ]
}

fn output() -> impl Strategy<Value = OutputFormat> {
    let schema =
        ("[a-z_]{1,8}", object(), any::<Option<bool>>()).prop_map(|(name, schema, strict)| {
            OutputFormat::Schema {
                name,
                schema: Value::Object(schema),
                strict,
            }
        });
    prop_oneof![Just(OutputFormat::Json), schema]
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    btree_map("[a-z]{1,4}", json(), 0..3).prop_map(|map| map.into_iter().collect())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-z]{1,4}", inner, 0..3)
                .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}
