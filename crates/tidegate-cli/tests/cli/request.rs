//! What `tidegate run` sends besides a prompt, and the forms in which it tells what happened.

use serde_json::{Value, json};

use crate::stage::{Provider, Stage};

const GPT: [&str; 3] = ["run", "-e", "openai/gpt-4o"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&GPT[..], more].concat()
}

fn lines(text: &str) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(read).collect()
}

#[test]
fn tools_the_model_wants_called_are_lines_of_json_whole_and_streamed() {
    let provider = Provider::scripted(r#"ok,tool=weather:{"city":"Bern"},tool=clock:{},times=2"#);
    let stage = provider.stage();
    stage.file(
        "tools.json",
        r#"[{"name": "weather", "description": "Tells it", "parameters": {"type": "object"}},
            {"type": "function", "function": {"name": "clock"}}]"#,
    );
    for mode in ["--no-stream", "--stream"] {
        let ran = stage.run(&with(&[mode, "--tools", "tools.json", "Weather?"]));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let calls = lines(&ran.stdout);
        let named = |call: &Value| (call["name"].clone(), call["arguments"].clone());
        assert_eq!(
            calls.iter().map(named).collect::<Vec<_>>(),
            [
                (json!("weather"), json!(r#"{"city":"Bern"}"#)),
                (json!("clock"), json!("{}"))
            ],
            "{mode}"
        );
    }
}

#[test]
fn a_schema_shapes_the_answer_and_json_holds_reasoning_and_calls() {
    let provider = Provider::scripted("ok,reasoning=hm");
    let stage = provider.stage();
    stage.file(
        "city.json",
        r#"{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
            "additionalProperties": false}"#,
    );
    let ran = stage.run(&with(&["--json", "--schema", "city.json", "Where?"]));
    let document = ran.json();
    let answer: Value = serde_json::from_str(document["text"].as_str().unwrap()).unwrap();
    assert!(answer["city"].is_string(), "{document}");
    assert_eq!(document["reasoning"][0]["text"], "hm");
}

#[test]
fn a_request_of_ones_own_is_sent_and_the_prompt_is_its_last_turn() {
    let provider = Provider::scripted("ok,times=2");
    let stage = provider.stage();
    let request = json!({
        "system": "Be brief",
        "messages": [
            { "role": "user", "parts": [{ "type": "text", "text": "one" }] },
            { "role": "assistant", "parts": [{ "type": "text", "text": "two" }] },
        ],
    });
    stage.file("talk.json", &request.to_string());
    let ran = stage.run(&with(&["--request", "talk.json", "three"]));
    assert!(
        ran.stdout.contains("4 messages"),
        "system and three turns: {ran:?}"
    );
    let ran = stage.run(&with(&["--request", "talk.json"]));
    assert!(
        ran.stdout.contains("3 messages"),
        "no prompt needed: {ran:?}"
    );
}

#[test]
fn the_request_in_the_documentation_is_taken_as_it_stands() {
    let page = include_str!("../../../../docs/reference/request.md");
    let sample = page.split("```json").nth(1).unwrap();
    let stage = Provider::scripted("ok").stage();
    stage.file("talk.json", sample.split("```").next().unwrap());
    let ran = stage.run(&with(&["--request", "talk.json", "--dry-run", "--json"]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let body = &ran.json()["ways"][0]["call"]["body"];
    let count = body["messages"].as_array().map(Vec::len);
    assert_eq!((count, &body["user"]), (Some(4), &"ada".into()), "{body}");
}

#[test]
fn nothing_to_ask_is_a_wrong_command_line_and_not_a_request() {
    let provider = Provider::scripted("ok");
    let stage = provider.stage();
    for empty in ["{}", "{\"messages\": []}", "[]"] {
        stage.file("empty.json", empty);
        let ran = stage.run(&with(&["--request", "empty.json"]));
        ran.failed(2, &["nothing to ask", "\"parts\""]);
    }
    assert_eq!(provider.requests(), 0);
}

#[test]
fn a_number_below_zero_is_a_wrong_value_and_no_unknown_flag() {
    let stage = Provider::scripted("ok").stage();
    for flag in ["--max-retries", "--max-tokens", "--deadline"] {
        let ran = stage.run(&with(&[flag, "-1", "hi"]));
        ran.failed(2, &["invalid value '-1'", flag]);
    }
}

#[test]
fn what_a_file_should_hold_is_said_with_its_name() {
    let stage = Provider::scripted("ok").stage();
    stage.file("odd.json", "{\"mesages\": []}");
    stage.file("notes.txt", "no picture");
    let theirs = json!({ "messages": [{ "role": "user", "content": "hi" }] });
    stage.file("plain.json", &theirs.to_string());
    for (flags, words) in [
        (["--request", "odd.json"], ["--request odd.json", "mesages"]),
        (
            ["--request", "plain.json"],
            ["missing field `parts`", "\"type\": \"text\""],
        ),
        (
            ["--tools", "odd.json"],
            ["--tools odd.json", "list of tools"],
        ),
        (
            ["--tools", "none.json"],
            ["--tools none.json", "cannot be read"],
        ),
        (["--image", "notes.txt"], ["--image notes.txt", "PNG"]),
        (["--param", "top_p"], ["--param top_p", "NAME=VALUE"]),
    ] {
        let ran = stage.run(&with(&[&flags[..], &["hi"]].concat()));
        ran.failed(2, &words);
    }
}

#[test]
fn what_the_provider_cannot_be_told_is_refused_by_name_before_anything_is_sent() {
    let provider = Provider::scripted("ok");
    let stage = provider.stage();
    let request = json!({ "top_k": 5, "messages": [] });
    stage.file("request.json", &request.to_string());
    let ran = stage.run(&with(&["--request", "request.json", "hi"]));
    ran.failed(9, &["`openai` cannot express `top_k`"]);
    assert_eq!(provider.requests(), 0);
}

#[test]
fn events_are_lines_of_json_and_the_outcome_is_the_last() {
    let provider = Provider::scripted("503; ok=Hello");
    let flags = [
        "--events",
        "--max-retries",
        "1",
        "--retry-base-delay",
        "1ms",
        "hi",
    ];
    let ran = provider.stage().run(&with(&flags));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let lines = lines(&ran.stdout);
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "run_started",
            "admitted",
            "attempt_started",
            "attempt_failed",
            "admitted",
            "attempt_started",
            "attempt_succeeded",
            "run_finished",
            "outcome"
        ]
    );
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["ok"], &last["text"]),
        (&json!(true), &json!("Hello"))
    );
    let before = &lines[..lines.len() - 1];
    assert!(
        before
            .iter()
            .enumerate()
            .all(|(place, event)| event["seq"] == place),
        "dense and in order"
    );
    assert!(!ran.stdout.contains("sk-secret"), "no key");
    assert!(
        before
            .iter()
            .all(|event| !event.to_string().contains("Hello")),
        "no answer in events"
    );
}

#[test]
fn an_event_stream_ends_in_the_outcome_even_when_the_configuration_is_wrong() {
    let stage = Stage::new();
    stage.config("[defaults]\nmax_retry = 1\n");
    let ran = stage.run(&["run", "--events", "-e", "demo", "hi"]);
    assert_eq!(ran.code, Some(3));
    assert_eq!(ran.json()["error"]["kind"], "config");
}

#[test]
fn whole_mends_a_stream_that_breaks_and_live_says_what_broke() {
    let script = "ok,tokens=9,cut=4; ok=Hello";
    let retry = ["--max-retries", "1", "--retry-base-delay", "1ms"];
    let provider = Provider::scripted(script);
    let ran = provider
        .stage()
        .run(&with(&[&["--whole"][..], &retry, &["hi"]].concat()));
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "Hello\n"),
        "{ran:?}"
    );

    let provider = Provider::scripted(script);
    let ran = provider
        .stage()
        .run(&with(&[&["--stream"][..], &retry, &["hi"]].concat()));
    ran.failed(8, &["connection broke", "output had already started"]);
    assert_eq!(provider.requests(), 1);
    assert!(!ran.stdout.is_empty(), "what was received");
}

#[test]
fn each_clock_has_its_own_words() {
    for (script, flags, words) in [
        (
            "ok,first-token=20s",
            ["--first-token-timeout", "100ms"],
            "timed out waiting for the first token after 100ms",
        ),
        (
            "ok,tokens=9,stall=4",
            ["--idle-timeout", "100ms"],
            "timed out: the answer went silent after 100ms",
        ),
        ("hang", ["--timeout", "100ms"], "timed out after 100ms"),
        (
            "hang",
            ["--deadline", "100ms"],
            "timed out: the deadline of the run passed after 100ms",
        ),
    ] {
        let provider = Provider::scripted(script);
        let ran = provider
            .stage()
            .run(&with(&[&["--stream"][..], &flags, &["hi"]].concat()));
        ran.failed(7, &[words]);
    }
}
