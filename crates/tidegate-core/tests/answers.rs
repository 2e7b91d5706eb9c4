//! Answers, the pieces they come in, and the requests they answer.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tidegate_core::{
    Delta, FinishReason, Image, ImageSource, Message, Part, Reasoning, Request, Response, Role,
    ToolCall, ToolCallDelta, ToolResult, Usage,
};

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    }
}

fn thought(text: &str, signature: Option<&str>, encrypted: Option<&str>) -> Reasoning {
    Reasoning {
        text: text.into(),
        signature: signature.map(str::to_owned),
        encrypted: encrypted.map(str::to_owned),
    }
}

/// An answer with one of everything.
fn full() -> Response {
    Response {
        id: Some("r1".into()),
        model: Some("m".into()),
        text: "four".into(),
        reasoning: vec![
            thought("hm", Some("sig"), None),
            thought("", None, Some("hidden")),
        ],
        tool_calls: vec![call("c1", "look", "{}"), call("c2", "see", "{\"a\":1}")],
        finish_reason: FinishReason::ToolCalls,
        usage: Some(Usage {
            input_tokens: 3,
            output_tokens: 9,
            ..Usage::default()
        }),
    }
}

fn sum(deltas: &[Delta]) -> Response {
    let mut response = Response::default();
    for delta in deltas {
        response.add(delta);
    }
    response
}

#[test]
fn only_what_a_caller_would_see_is_output_and_thinking_counts_as_work() {
    let text = || "x".to_owned();
    let end = Delta::ReasoningEnd {
        signature: None,
        encrypted: None,
    };
    let started = Delta::Started {
        id: None,
        model: None,
    };
    for (delta, output, progress) in [
        (Delta::Text(text()), true, true),
        (Delta::ToolCall(ToolCallDelta::default()), true, true),
        (Delta::Reasoning(text()), false, true),
        (end, false, true),
        (started, false, false),
        (Delta::Finished(FinishReason::Stop), false, false),
        (Delta::Usage(Usage::default()), false, false),
    ] {
        assert_eq!(
            (delta.is_output(), delta.is_progress()),
            (output, progress),
            "{delta:?}"
        );
    }
}

#[test]
fn an_answer_is_told_in_pieces_in_the_order_a_stream_has_them() {
    let kinds: Vec<_> = full()
        .to_deltas()
        .iter()
        .map(|delta| match delta {
            Delta::Started { .. } => "started",
            Delta::Reasoning(_) => "reasoning",
            Delta::ReasoningEnd { .. } => "end",
            Delta::Text(_) => "text",
            Delta::ToolCall(_) => "call",
            Delta::Finished(_) => "finished",
            Delta::Usage(_) => "usage",
            _ => "unknown",
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "started",
            "reasoning",
            "end",
            "end",
            "text",
            "call",
            "call",
            "finished",
            "usage"
        ]
    );
}

#[test]
fn an_answer_that_names_itself_or_its_model_says_so_first() {
    for (id, model) in [(Some("r"), None), (None, Some("m"))] {
        let (id, model) = (id.map(str::to_owned), model.map(str::to_owned));
        let response = Response {
            id: id.clone(),
            model: model.clone(),
            ..Response::default()
        };
        assert_eq!(response.to_deltas()[0], Delta::Started { id, model });
    }
    assert_eq!(
        Response::default().to_deltas(),
        [Delta::Finished(FinishReason::Stop)],
        "and one that has nothing only ends"
    );
}

#[test]
fn pieces_of_calls_and_thoughts_go_where_they_belong() {
    let piece = |index, id: Option<&str>, name: Option<&str>, arguments: &str| {
        Delta::ToolCall(ToolCallDelta {
            index,
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            arguments: arguments.into(),
        })
    };
    let response = sum(&[
        Delta::Reasoning("a".into()),
        Delta::Reasoning("b".into()),
        Delta::ReasoningEnd {
            signature: Some("s".into()),
            encrypted: None,
        },
        Delta::Reasoning("c".into()),
        Delta::ReasoningEnd {
            signature: None,
            encrypted: Some("e".into()),
        },
        piece(0, Some("c1"), Some("look"), "{\"a\""),
        piece(1, Some("c2"), Some("see"), "{"),
        piece(0, None, None, ":1}"),
        piece(1, None, None, "}"),
    ]);
    assert_eq!(
        response.reasoning,
        [
            thought("ab", Some("s"), None),
            thought("c", None, None),
            thought("", None, Some("e"))
        ]
    );
    assert_eq!(
        response.tool_calls,
        [call("c1", "look", "{\"a\":1}"), call("c2", "see", "{}")]
    );
}

#[test]
fn a_piece_whose_number_leaves_a_gap_is_the_next_call() {
    let far = Delta::ToolCall(ToolCallDelta {
        index: 7,
        id: Some("c1".into()),
        name: Some("look".into()),
        arguments: "{}".into(),
    });
    assert_eq!(sum(&[far]).tool_calls, [call("c1", "look", "{}")]);
}

#[test]
fn a_signed_thought_is_closed_and_the_next_one_is_another() {
    let end = |signature: Option<&str>, encrypted: Option<&str>| Delta::ReasoningEnd {
        signature: signature.map(str::to_owned),
        encrypted: encrypted.map(str::to_owned),
    };
    for closed in [end(Some("s"), None), end(None, Some("e"))] {
        let response = sum(&[closed, Delta::Reasoning("next".into())]);
        assert_eq!(response.reasoning.len(), 2);
        assert_eq!(response.reasoning[1], thought("next", None, None));
    }
}

#[test]
fn the_size_of_an_answer_is_all_that_the_model_wrote() {
    assert_eq!(Response::default().size(), 0);
    // four + hm + sig + hidden + c1 look {} + c2 see {"a":1}
    assert_eq!(full().size(), 4 + 2 + 3 + 6 + (2 + 4 + 2) + (2 + 3 + 7));
}

#[test]
fn an_answer_is_empty_only_with_neither_text_nor_calls_nor_thoughts() {
    assert!(Response::default().is_empty());
    let text = Response {
        text: "x".into(),
        ..Response::default()
    };
    let calls = Response {
        tool_calls: vec![ToolCall::default()],
        ..Response::default()
    };
    let thoughts = Response {
        reasoning: vec![Reasoning::default()],
        ..Response::default()
    };
    assert!(
        [text, calls, thoughts]
            .iter()
            .all(|answer| !answer.is_empty())
    );
}

#[test]
fn an_answer_goes_on_as_the_models_turn_thoughts_first() {
    let message = full().into_message();
    let names: Vec<_> = message.parts.iter().map(Part::name).collect();
    assert_eq!(message.role, Role::Assistant);
    assert_eq!(
        names,
        ["reasoning", "reasoning", "text", "tool_call", "tool_call"]
    );
    assert_eq!(message.texts().collect::<Vec<_>>(), ["four"]);
    assert!(
        Response::default().into_message().parts.is_empty(),
        "no empty text"
    );
}

#[test]
fn a_requests_text_is_everything_a_model_reads_but_pictures() {
    let picture = Part::Image(Image {
        source: ImageSource::Url("https://pictures.example/one.png".into()),
        detail: None,
    });
    let result = ToolResult::text("c1", "seen");
    assert!(!result.is_error);
    let request = Request {
        system: Some("sys".into()),
        messages: vec![
            Message::user("hello"),
            Message::of(
                Role::Assistant,
                vec![
                    Part::Reasoning(thought("hm", None, None)),
                    Part::ToolCall(call("c1", "look", "{}")),
                ],
            ),
            Message::of(Role::User, vec![Part::ToolResult(result), picture]),
        ],
        ..Request::default()
    };
    assert_eq!(request.text_bytes(), 3 + 5 + 2 + (4 + 2) + 4);
    assert_eq!(Message::assistant("x").role, Role::Assistant);
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    assert_eq!(
        parts.map(Part::name).collect::<Vec<_>>(),
        ["text", "reasoning", "tool_call", "tool_result", "image"]
    );
}

#[test]
fn debug_shows_neither_a_pictures_bytes_nor_its_address() {
    let url = ImageSource::Url("https://pictures.example/?key=s3cret".into());
    let data = ImageSource::Data {
        media_type: "image/png".into(),
        base64: "c2VjcmV0".into(),
    };
    assert_eq!(format!("{url:?}"), "Url(36 bytes)");
    assert_eq!(format!("{data:?}"), "Data(image/png, 8 bytes of base64)");
}

fn any_answer() -> impl Strategy<Value = Response> {
    let words = "[a-z]{1,6}";
    // A thought without an end of its own would run into the next one.
    let signed =
        (words, words).prop_map(|(text, signature)| thought(&text, Some(&signature), None));
    let hidden = words.prop_map(|encrypted| thought("", None, Some(&encrypted)));
    let calls =
        (words, words, "[a-z{}:]{0,8}").prop_map(|(id, name, rest)| call(&id, &name, &rest));
    let usage = (0u64..99, 0u64..99).prop_map(|(input_tokens, output_tokens)| Usage {
        input_tokens,
        output_tokens,
        ..Usage::default()
    });
    (
        option::of(words),
        option::of(words),
        "[a-z]{0,9}",
        vec(prop_oneof![signed, hidden], 0..4),
        vec(calls, 0..4),
        prop::sample::select(vec![
            FinishReason::Stop,
            FinishReason::Length,
            FinishReason::Other("odd".into()),
        ]),
        option::of(usage),
    )
        .prop_map(
            |(id, model, text, reasoning, tool_calls, finish_reason, usage)| Response {
                id,
                model,
                text,
                reasoning,
                tool_calls,
                finish_reason,
                usage,
            },
        )
}

proptest! {
    #[test]
    fn the_pieces_of_an_answer_add_up_to_it(answer in any_answer()) {
        prop_assert_eq!(sum(&answer.to_deltas()), answer);
    }
}
