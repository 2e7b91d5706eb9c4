//! `tidegate run`.

use std::io::Read;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::stage::{Provider, Stage};

const GPT: [&str; 3] = ["run", "-e", "openai/gpt-4o"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&GPT[..], more].concat()
}

#[test]
fn a_provider_in_the_place_of_an_endpoint_is_told_how_to_become_one() {
    let stage = Stage::new();
    stage.config("[providers.mine]\ntype = \"command\"\nargv = [\"echo\"]\n");
    for (name, says) in [
        ("openai", "say which model, as in `openai/MODEL`"),
        ("mine/", "as in `mine/MODEL`"),
        ("nobody", "unknown endpoint `nobody`"),
    ] {
        stage.run(&["run", "-e", name, "hi"]).failed(3, &[says]);
    }
}

#[test]
fn an_error_before_the_run_is_a_line_where_events_are_lines() {
    for (args, kind, code) in [
        (&["run", "--events", " "][..], "usage", 2),
        (&["run", "--events", "--config", "none", "hi"], "config", 3),
    ] {
        let ran = Stage::new().run(args);
        let lines = ran.stdout.lines().count();
        assert_eq!((lines, ran.code), (1, Some(code)), "{ran:?}");
        let last = ran.json();
        let told = (&last["type"], &last["error"]["kind"], &last["exit_code"]);
        assert_eq!(told, (&"outcome".into(), &kind.into(), &code.into()));
    }
}

#[test]
fn the_demo_answers_without_key_or_configuration_and_shows_what_happened() {
    let stage = Stage::new();
    stage.file("notes.md", "a short note");
    let ran = stage.run(&["run", "-e", "demo", "Summarise @notes.md"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 1, "the answer alone: {ran:?}");
    for words in [
        "packed 1 file",
        "HTTP 503",
        "HTTP 429",
        "back to its place in the queue",
        "answered by demo",
    ] {
        assert!(ran.stderr.contains(words), "{words:?} is not in {ran:?}");
    }
    assert!(
        !ran.stderr.contains('\u{1b}'),
        "no colours without a terminal"
    );
}

#[test]
fn a_proxy_of_the_environment_is_not_asked_for_this_machine() {
    let stage = Stage::new()
        .variable("http_proxy", "http://127.0.0.1:9")
        .variable("HTTP_PROXY", "http://127.0.0.1:9");
    assert_eq!(stage.run(&["run", "-e", "demo", "hi"]).code, Some(0));
}

#[test]
fn the_demo_may_be_the_default_endpoint() {
    let stage = Stage::new();
    stage.config("[defaults]\nendpoint = \"demo\"\n");
    let ran = stage.run(&["run", "hi"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn the_answer_alone_goes_to_standard_output() {
    let provider = Provider::scripted("ok=Hello");
    for flags in [&["--no-stream"][..], &["--stream"]] {
        let ran = provider.stage().run(&with(&[flags, &["hi"]].concat()));
        let expected = if flags == ["--no-stream"] {
            "Hello\n".to_owned()
        } else {
            ran.stdout.clone()
        };
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (Some(0), expected.as_str(), "")
        );
    }
}

#[test]
fn a_streamed_answer_is_the_same_as_a_whole_one() {
    let provider = Provider::scripted("ok=One two three.; ok=One two three.");
    let whole = provider.stage().run(&with(&["--no-stream", "hi"]));
    let streamed = provider.stage().run(&with(&["--stream", "hi"]));
    assert_eq!(whole.stdout, "One two three.\n");
    assert_eq!(streamed.stdout, whole.stdout);
}

#[test]
fn what_has_come_is_shown_while_more_is_waited_for() {
    let provider = Provider::scripted("ok=One two three.,stall=2");
    let stage = provider.stage();
    let mut command = stage.command(&with(&["--stream", "--idle-timeout", "1h", "hi"]));
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (sender, shown) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut pieces = [0; 7];
        stdout.read_exact(&mut pieces).unwrap();
        sender.send(pieces)
    });
    let shown = shown.recv_timeout(Duration::from_secs(30));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(shown.as_ref().map(|shown| &shown[..]), Ok(&b"One two"[..]));
    reader.join().unwrap().unwrap();
}

#[test]
fn the_prompt_comes_from_arguments_a_pipe_or_both() {
    let provider = Provider::with(tidegate_simulator::Settings::default());
    let received = |ran: crate::stage::Ran| ran.stdout.split(" with ").nth(1).map(str::to_owned);
    let stage = provider.stage();
    let words = received(stage.run(&with(&["12345"])));
    assert!(
        words
            .as_ref()
            .is_some_and(|words| words.starts_with("5 characters")),
        "{words:?}"
    );
    assert_eq!(received(stage.run_with_input(&with(&[]), b"12345")), words);
    assert_eq!(
        received(stage.run_with_input(&with(&["-"]), b"12345")),
        words
    );
    let both = received(stage.run_with_input(&with(&["12", "-"]), b"3"));
    assert_eq!(both, words, "two characters, an empty line, one character");
}

#[test]
fn a_prompt_that_cannot_be_used_is_a_usage_error() {
    let stage = Stage::new();
    stage
        .run_with_input(&["run", "-e", "demo"], b"  \n")
        .failed(2, &["the prompt is empty: give one"]);
    stage
        .run_with_input(&["run", "-e", "demo", "-"], &[0xff, 0xfe])
        .failed(2, &["not UTF-8"]);
    stage
        .run_with_input(&["run", "-e", "demo", "-", "-"], b"x")
        .failed(2, &["can be given once"]);
    stage
        .run(&["run", "--timeout", "soon", "x"])
        .failed(2, &["--timeout"]);
}

#[test]
fn nothing_is_retried_unless_asked_for() {
    let provider = Provider::scripted("503; ok=OK");
    provider
        .stage()
        .run(&with(&["hi"]))
        .failed(8, &["HTTP 503", "no retries left"]);
    assert_eq!(provider.requests(), 1);
}

#[test]
fn retries_asked_for_on_the_command_line_are_made() {
    let provider = Provider::scripted("503; 429; ok=OK");
    let ran = provider.stage().run(&with(&[
        "--max-retries",
        "2",
        "--retry-base-delay",
        "10ms",
        "hi",
    ]));
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "OK\n"),
        "{ran:?}"
    );
    assert_eq!(provider.requests(), 3);
}

#[test]
fn each_sort_of_failure_has_its_exit_code() {
    for (script, code) in [
        ("401", 5),
        ("403", 5),
        ("429,retry-after=3600", 6),
        ("hang", 7),
        ("503", 8),
        ("reset", 8),
        ("400", 9),
        ("404", 9),
    ] {
        let provider = Provider::scripted(script);
        // Short where it is what ends the run; long where a busy machine must not be what does.
        let timeout = if script == "hang" { "300ms" } else { "60s" };
        let ran = provider.stage().run(&with(&["--timeout", timeout, "hi"]));
        assert_eq!(ran.code, Some(code), "{script}: {ran:?}");
        assert_eq!(ran.stdout, "", "{script}");
    }
}

#[test]
fn the_deadline_ends_a_run_that_would_wait_longer() {
    let provider = Provider::scripted("429,retry-after=60");
    let ran = provider
        .stage()
        .run(&with(&["--max-retries", "3", "--deadline", "50s", "hi"]));
    ran.failed(6, &["HTTP 429", "the deadline is too close"]);
}

#[test]
fn an_unknown_endpoint_names_its_neighbours() {
    let stage = Stage::new();
    stage.config(
        "[providers.openai]\napi_key = \"x\"\n[endpoints.fast]\nprovider = \"openai\"\nmodel = \"gpt-4o\"\n\
         [endpoints.slow]\nprovider = \"openai\"\nmodel = \"gpt-4o\"\n",
    );
    stage
        .run(&["run", "-e", "fats", "hi"])
        .failed(3, &["unknown endpoint `fats`", "did you mean `fast`"]);
    stage
        .run(&["run", "hi"])
        .failed(3, &["no endpoint", "fast, slow"]);
}

#[test]
fn a_missing_key_names_the_variable_to_set() {
    Stage::new()
        .run(&["run", "-e", "openai/gpt-4o", "hi"])
        .failed(5, &["OPENAI_API_KEY"]);
}

#[test]
fn json_has_the_same_shape_whether_it_went_well_or_not() {
    let provider = Provider::scripted("503; ok=OK; 401");
    let stage = provider.stage();
    let good = stage.run(&with(&[
        "--json",
        "--max-retries",
        "1",
        "--retry-base-delay",
        "1ms",
        "hi",
    ]));
    let bad = stage.run(&with(&["--json", "hi"]));
    assert_eq!((good.code, bad.code), (Some(0), Some(5)));
    let (good, bad) = (good.json(), bad.json());
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&good), keys(&bad));
    assert_eq!(
        (&good["ok"], &good["text"], &good["target"]),
        (&true.into(), &"OK".into(), &"openai/gpt-4o".into())
    );
    assert_eq!(good["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(good["attempts"][0]["failure"]["kind"], "overloaded");
    assert!(good["usage"]["output_tokens"].as_u64().unwrap() > 0);
    assert_eq!((&bad["ok"], &bad["exit_code"]), (&false.into(), &5.into()));
    assert_eq!(bad["error"]["failure"]["kind"], "auth_failed");
}

#[test]
fn json_is_printed_even_when_the_configuration_cannot_be_read() {
    let stage = Stage::new();
    stage.config("nonsense = 1\n");
    let broken = stage.run(&["run", "--json", "-e", "demo", "hi"]);
    assert_eq!(
        (broken.code, &broken.json()["error"]["kind"]),
        (Some(3), &"config".into())
    );
    let keys = |ran: &crate::stage::Ran| {
        ran.json()
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        keys(&broken),
        keys(&Stage::new().run(&["run", "--json", "-e", "demo", "hi"]))
    );
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let provider = Provider::with(tidegate_simulator::Settings {
        tokens: Some(200_000),
        ..Default::default()
    });
    let stage = provider.stage();
    let binary = env!("CARGO_BIN_EXE_tidegate");
    let script = format!(
        "{binary} run -e openai/gpt-4o --stream hi | head -c 5 >/dev/null; echo ${{PIPESTATUS[0]}}"
    );
    let mut command = std::process::Command::new("bash");
    let plain = stage.command(&[]);
    command
        .args(["-c", &script])
        .env_clear()
        .current_dir(stage.home());
    command.envs(
        plain
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let output = command.output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "0",
        "{output:?}"
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_command_is_a_provider_too() {
    let stage = Stage::new();
    let script = stage.file(
        "answer.sh",
        "n=$(cat count 2>/dev/null || echo 0); echo $((n+1)) > count\n\
         [ $n -lt 2 ] && { echo 'HTTP 503 Service Unavailable' >&2; exit 1; }\necho \"OK $1\"\n",
    );
    stage.config(&format!(
        "[providers.mine]\ntype = \"command\"\nargv = [\"sh\", '{}', \"{{prompt}}\"]\n\
         [endpoints.mine]\nprovider = \"mine\"\nmodel = \"any\"\nmax_retries = 2\nretry_base_delay = \"10ms\"\n",
        script.display()
    ));
    let ran = stage.run(&["run", "hello"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "OK hello\n"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("HTTP 503"), "{ran:?}");
}

#[test]
fn a_time_that_cannot_pass_is_a_usage_error() {
    for flag in ["--timeout", "--deadline"] {
        Stage::new()
            .run(&["run", "-e", "demo", flag, "0s", "hi"])
            .failed(2, &["longer than zero"]);
    }
}
