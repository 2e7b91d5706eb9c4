//! What the provider `command` starts: argument lists, standard input, the environment.
#![expect(
    clippy::unwrap_used,
    reason = "a request that must be encoded and is not is a failed test"
)]

#[path = "command/child.rs"]
mod child;

use child::{KEY, target};
use proptest::prelude::*;
use tidegate_core::{
    Delivery, Failure, FailureKind, Message, Part, PromptBy, Request, Role, Status, Timestamp,
};
use tidegate_providers::providers::command::{CCW_LITELLM, Command, MAX_ARGUMENT, PRESETS, preset};
use tidegate_providers::{Call, EncodeError, ProcessCall, Provider, Reply, ReplyHead};

fn encode(request: &Request, argv: &[&str], by: PromptBy) -> Result<ProcessCall, EncodeError> {
    match Command.encode(request, &target(argv, by))? {
        Call::Process(call) => Ok(call),
        other => panic!("not a process: {other:?}"),
    }
}

/// The arguments a prompt becomes, the program left out.
fn args(prompt: &str, argv: &[&str]) -> Vec<String> {
    encode(&Request::prompt(prompt), argv, PromptBy::Argument)
        .unwrap()
        .args
}

fn stdin(request: &Request, argv: &[&str]) -> (Vec<String>, String) {
    let call = encode(request, argv, PromptBy::Stdin).unwrap();
    let stdin = String::from_utf8(call.stdin.unwrap().to_vec()).unwrap();
    (call.args, stdin)
}

#[test]
fn the_preset_is_found_by_its_name() {
    for name in PRESETS {
        assert!(preset(name).is_some(), "{name}");
    }
    assert_eq!(preset("ccw-litellm"), Some(CCW_LITELLM));
    assert_eq!(preset("ccw"), None);
}

#[test]
fn the_preset_puts_the_model_behind_its_flag_and_the_prompt_last() {
    let call = encode(
        &Request::prompt("Say hello."),
        CCW_LITELLM,
        PromptBy::Argument,
    )
    .unwrap();
    assert_eq!(call.program, "python");
    assert_eq!(
        call.args,
        [
            "-m",
            "ccw_litellm.cli",
            "chat",
            "--model",
            "gpt-4o",
            "Say hello."
        ]
    );
    assert_eq!(call.stdin, None);
}

#[test]
fn the_prompt_is_one_argument_whatever_is_in_it() {
    for prompt in [
        "",
        " ",
        "a b",
        "\"quoted\" $HOME `id` ; rm -rf / | cat",
        "line\nline",
        "ünïcødé 🌊",
        "'",
    ] {
        assert_eq!(args(prompt, &["llm"]), [prompt], "{prompt:?}");
    }
}

#[test]
fn the_prompt_goes_last_where_no_placeholder_says_otherwise() {
    assert_eq!(
        args("hi", &["llm", "-m", "{model}"]),
        ["-m", "gpt-4o", "hi"]
    );
}

#[test]
fn a_placeholder_in_the_middle_keeps_what_follows_it() {
    assert_eq!(
        args("hi", &["llm", "{prompt}", "-m", "{model}", "--json"]),
        ["hi", "-m", "gpt-4o", "--json"]
    );
}

#[test]
fn a_placeholder_within_an_argument_is_filled_there() {
    assert_eq!(
        args("-x hi", &["llm", "--prompt={prompt}", "--model={model}"]),
        ["--prompt=-x hi", "--model=gpt-4o"]
    );
    assert_eq!(args("hi", &["llm", "<{prompt}|{prompt}>"]), ["<hi|hi>"]);
    assert_eq!(
        args("hi", &["llm", "{prompt}", "again", "{prompt}"]),
        ["hi", "again", "hi"]
    );
}

#[test]
fn placeholders_the_user_wrote_into_the_prompt_stay_as_they_are() {
    for argv in [
        &["llm"][..],
        &["llm", "{prompt}"],
        &["llm", "--prompt={prompt}"],
    ] {
        let last = args("what is {model}, {system}, {prompt}?", argv)
            .pop()
            .unwrap();
        assert!(
            last.ends_with("what is {model}, {system}, {prompt}?"),
            "{last}"
        );
    }
}

#[test]
fn a_prompt_that_begins_with_a_dash_is_no_option() {
    assert_eq!(args("-rf", &["llm"]), ["--", "-rf"]);
    assert_eq!(args("--help", &["llm", "{prompt}"]), ["--", "--help"]);
    assert_eq!(args("-", &["llm"]), ["--", "-"]);
    assert_eq!(
        args("-x", &["llm", "--", "{prompt}"]),
        ["--", "-x"],
        "one `--` will do"
    );
    assert_eq!(args("a -x", &["llm"]), ["a -x"]);
    assert_eq!(args(" -x", &["llm"]), [" -x"]);
}

#[test]
fn the_longest_argument_passes_and_one_byte_more_is_refused_by_name() {
    let longest = "x".repeat(131_071);
    assert_eq!(args(&longest, CCW_LITELLM).pop(), Some(longest));
    let error = encode(
        &Request::prompt("x".repeat(131_072)),
        CCW_LITELLM,
        PromptBy::Argument,
    )
    .unwrap_err();
    assert_eq!(
        error,
        EncodeError::PromptTooLong {
            bytes: 131_072,
            max: MAX_ARGUMENT
        }
    );
    assert!(
        error.to_string().contains("131072") && error.to_string().contains("stdin"),
        "{error}"
    );
}

#[test]
fn bytes_are_counted_and_not_characters() {
    assert!(
        encode(
            &Request::prompt("ü".repeat(65_535)),
            &["llm"],
            PromptBy::Argument
        )
        .is_ok()
    );
    assert!(
        encode(
            &Request::prompt("ü".repeat(65_536)),
            &["llm"],
            PromptBy::Argument
        )
        .is_err()
    );
}

#[test]
fn what_stands_around_the_prompt_counts_too() {
    let room = MAX_ARGUMENT - "--prompt=".len();
    let encoded = |bytes| {
        encode(
            &Request::prompt("x".repeat(bytes)),
            &["llm", "--prompt={prompt}"],
            PromptBy::Argument,
        )
    };
    assert!(encoded(room).is_ok());
    assert!(encoded(room + 1).is_err());
    let system = Request::prompt("hi").with_system("s".repeat(MAX_ARGUMENT + 1));
    assert!(encode(&system, &["llm", "-s", "{system}"], PromptBy::Argument).is_err());
}

#[test]
fn a_nul_is_refused_by_name_since_no_argument_holds_it() {
    for request in [
        Request::prompt("a\0b"),
        Request::prompt("a").with_system("b\0"),
    ] {
        for argv in [&["llm"][..], &["llm", "-s", "{system}", "{prompt}"]] {
            let error = encode(&request, argv, PromptBy::Argument).unwrap_err();
            assert_eq!(error, EncodeError::NulInPrompt);
            assert!(error.to_string().contains("NUL"), "{error}");
        }
    }
}

#[test]
fn a_refused_prompt_is_a_failure_that_was_never_sent() {
    let failure = Failure::from(EncodeError::NulInPrompt);
    assert_eq!(
        (failure.kind, failure.delivery),
        (FailureKind::Unsupported, Delivery::NotSent)
    );
}

#[test]
fn standard_input_takes_any_size_and_any_character_and_leaves_the_arguments_alone() {
    for prompt in [
        "hi".to_owned(),
        "-x".into(),
        "a\0b".into(),
        "x".repeat(MAX_ARGUMENT * 3),
    ] {
        let (args, stdin) = stdin(
            &Request::prompt(prompt.as_str()),
            &["llm", "-m", "{model}", "{prompt}"],
        );
        assert_eq!(args, ["-m", "gpt-4o"]);
        assert!(
            stdin == prompt,
            "{} bytes became {}",
            prompt.len(),
            stdin.len()
        );
    }
}

#[test]
fn the_system_prompt_stands_where_its_placeholder_is() {
    let request = Request::prompt("hi").with_system("Be brief.");
    let call = encode(
        &request,
        &["llm", "-s", "{system}", "{prompt}"],
        PromptBy::Argument,
    )
    .unwrap();
    assert_eq!(call.args, ["-s", "Be brief.", "hi"]);
    assert_eq!(
        stdin(&request, &["llm", "-s", "{system}"]),
        (vec!["-s".into(), "Be brief.".into()], "hi".into())
    );
}

#[test]
fn the_system_prompt_stands_before_the_prompt_where_it_has_no_place_of_its_own() {
    let request = Request::prompt("hi").with_system("Be brief.");
    let call = encode(&request, CCW_LITELLM, PromptBy::Argument).unwrap();
    assert_eq!(call.args.last().unwrap(), "Be brief.\n\nhi");
    assert_eq!(stdin(&request, &["llm"]).1, "Be brief.\n\nhi");
}

#[test]
fn without_a_system_prompt_its_placeholder_is_empty() {
    assert_eq!(
        args("hi", &["llm", "--system={system}", "{prompt}"]),
        ["--system=", "hi"]
    );
}

#[test]
fn several_turns_are_told_apart_by_who_speaks() {
    let mut request = Request::prompt("One?");
    request.messages.push(Message::assistant("One."));
    request.messages.push(Message::user("Two?"));
    assert_eq!(
        stdin(&request, &["llm"]).1,
        "User: One?\n\nAssistant: One.\n\nUser: Two?"
    );
    let request = request.with_system("Count.");
    assert_eq!(
        stdin(&request, &["llm"]).1,
        "Count.\n\nUser: One?\n\nAssistant: One.\n\nUser: Two?"
    );
}

#[test]
fn the_parts_of_a_turn_are_one_text() {
    let parts = ["Say ", "hello", "."].map(|text| Part::Text { text: text.into() });
    let request = Request {
        messages: vec![Message {
            role: Role::User,
            parts: parts.into(),
        }],
        ..Request::default()
    };
    assert_eq!(stdin(&request, &["llm"]).1, "Say hello.");
}

#[test]
fn the_key_travels_in_the_environment_and_nowhere_else() {
    for by in [PromptBy::Argument, PromptBy::Stdin] {
        let request = Request::prompt("hi").with_system("Be brief.");
        let call = encode(
            &request,
            &["llm", "-m", "{model}", "-s", "{system}", "{prompt}"],
            by,
        )
        .unwrap();
        let env: Vec<_> = call
            .env
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        assert_eq!(env, [("OPENAI_API_KEY", KEY)]);
        let stdin = String::from_utf8_lossy(call.stdin.as_deref().unwrap_or_default()).into_owned();
        let open = format!("{} {:?} {stdin} {call:?}", call.program, call.args);
        assert!(!open.contains(KEY), "{open}");
    }
}

#[test]
fn debug_shows_neither_prompt_nor_key() {
    let call = encode(
        &Request::prompt("my diary"),
        CCW_LITELLM,
        PromptBy::Argument,
    )
    .unwrap();
    let shown = format!("{call:?}");
    assert!(
        shown.contains("OPENAI_API_KEY") && shown.contains("python"),
        "{shown}"
    );
    assert!(!shown.contains("diary") && !shown.contains(KEY), "{shown}");
}

#[test]
fn a_provider_without_a_command_is_refused_by_name() {
    let mut none = target(&[], PromptBy::Argument);
    let request = Request::prompt("hi");
    assert_eq!(
        Command.encode(&request, &none).unwrap_err(),
        EncodeError::NoCommand
    );
    none.command = None;
    assert_eq!(
        Command.encode(&request, &none).unwrap_err(),
        EncodeError::NoCommand
    );
}

#[test]
fn an_answer_is_what_stands_on_standard_output_without_the_space_around_it() {
    let answer = |stdout: &[u8]| {
        let head = ReplyHead::Process {
            ended: Status::Exit(0),
            stderr: "HTTP 429".into(),
        };
        let reply = Reply {
            head,
            body: stdout.to_vec().into(),
        };
        Command
            .decode(
                &target(&["llm"], PromptBy::Argument),
                &reply,
                Timestamp::default(),
            )
            .unwrap()
    };
    assert_eq!(answer(b"\n  one\n  two \n").text, "one\n  two");
    assert_eq!(answer(b"one").model.as_deref(), Some("gpt-4o"));
    assert_eq!(answer(b"\xff!").text, "\u{fffd}!");
}

proptest! {
    #[test]
    fn a_prompt_arrives_as_it_was_written(prompt in "\\PC{0,80}", argv in 0..4_usize) {
        let argv = [&["llm"][..], &["llm", "{prompt}"], &["llm", "--", "{prompt}", "-q"], &["llm", "-p{prompt}"]][argv];
        let args = args(&prompt, argv);
        let inside = format!("-p{prompt}");
        prop_assert!(args.contains(&prompt) || args.contains(&inside), "{:?}", args);
        let (_, stdin) = stdin(&Request::prompt(prompt.as_str()), argv);
        prop_assert_eq!(stdin, prompt);
    }
}
