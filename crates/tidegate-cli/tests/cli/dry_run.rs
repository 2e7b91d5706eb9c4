//! `tidegate run --dry-run`: what would be sent, to whom, how many tokens it is and what they cost.

use crate::stage::{Provider, Stage};

const DRY: [&str; 4] = ["run", "--dry-run", "-e", "openai/gpt-4o"];

#[test]
fn nothing_is_sent_and_the_prompt_is_printed_as_it_would_be() {
    let provider = Provider::scripted("ok=Hello");
    let stage = provider.stage();
    stage.file("notes.md", "a note\n");
    let ran = stage.run(
        &[
            &DRY[..],
            &["-s", "Be brief", "--max-tokens", "50", "sum up @notes.md"],
        ]
        .concat(),
    );
    let text =
        "[system]\nBe brief\n\n[user]\n=== FILE: notes.md ===\na note\n---\nsum up @notes.md\n";
    assert_eq!((ran.code, &*ran.stdout), (Some(0), text), "{ran:?}");
    for told in [
        "would pack 1 file (7 bytes)",
        "would go to openai/gpt-4o",
        "/v1/chat/completions",
        "tokens in, 50 out at most",
    ] {
        assert!(ran.stderr.contains(told), "{told}: {ran:?}");
    }
    assert!(!ran.stderr.contains('$'), "no price is known: {ran:?}");
    assert_eq!(provider.requests(), 0);
}

#[test]
fn a_price_is_told_where_it_is_configured_and_of_no_other_model() {
    let stage = Stage::new().variable("OPENAI_API_KEY", "sk-secret-42");
    stage.config(
        "[endpoints.big]\nprovider = \"openai\"\nmodel = \"gpt-4o\"\ninput_price = 2.5\noutput_price = 10\n\
         fallbacks = [\"small\"]\n\
         [endpoints.small]\nprovider = \"openai\"\nmodel = \"gpt-4o-mini\"\n",
    );
    let prompt = "word ".repeat(1_000);
    let args = [
        "run",
        "--dry-run",
        "--json",
        "-e",
        "big",
        "--max-tokens",
        "1000",
        &prompt,
    ];
    let said = stage.run(&args).json();
    let (big, small) = (&said["ways"][0], &said["ways"][1]);
    assert_eq!(
        (big["exact"].as_bool(), big["max_output_usd"].as_f64()),
        (Some(true), Some(0.01))
    );
    let (tokens, price) = (
        big["input_tokens"].as_f64().unwrap(),
        big["input_usd"].as_f64().unwrap(),
    );
    assert!((price - tokens * 2.5e-6).abs() < 1e-12, "{said}");
    assert_eq!(
        (&small["input_usd"], &small["model"]),
        (&().into(), &"gpt-4o-mini".into())
    );

    let told = stage
        .run(&[
            "run",
            "--dry-run",
            "-e",
            "big",
            "--max-tokens",
            "1000",
            &prompt,
        ])
        .stderr;
    assert!(
        told.contains("1000 out at most ($0.0100)") && told.contains("else to small"),
        "{told}"
    );
    let other = stage
        .run(&["run", "--dry-run", "--json", "-e", "big", "-m", "o3", "hi"])
        .json();
    assert_eq!(other["ways"][0]["input_usd"], serde_json::Value::Null);
}

#[test]
fn the_key_is_in_neither_form() {
    let stage = Stage::new()
        .variable("OPENAI_API_KEY", "sk-secret-42")
        .variable("OPENAI_BASE_URL", "https://me:sk-secret-42@llm.example/v1");
    for form in [&[][..], &["--json"]] {
        let ran = stage.run(&[&DRY[..], form, &["hi"]].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!format!("{ran:?}").contains("secret-42"), "{ran:?}");
    }
}

#[test]
fn a_command_is_shown_with_what_it_would_be_given() {
    let stage = Stage::new();
    stage.config(
        "[providers.tool]\ntype = \"command\"\nargv = [\"tool\", \"--model\", \"{model}\", \"{prompt}\"]\n\
         env = { TOKEN = \"sk-secret-42\" }\n[endpoints.tool]\nprovider = \"tool\"\nmodel = \"m\"\n",
    );
    let ran = stage.run(&["run", "--dry-run", "--json", "-e", "tool", "hi"]);
    let call = &ran.json()["ways"][0]["call"];
    assert_eq!(
        call["argv"],
        serde_json::json!(["tool", "--model", "m", "hi"])
    );
    assert_eq!(call["env"], serde_json::json!(["TOKEN"]));
    assert!(!ran.stdout.contains("secret-42"), "{ran:?}");
}

#[test]
fn what_would_stop_a_run_stops_it() {
    let stage = Stage::new();
    stage
        .run(&[&DRY[..], &["hi"]].concat())
        .failed(5, &["OPENAI_API_KEY"]);
    let stage = stage.variable("OPENAI_API_KEY", "sk-secret-42");
    let strict = [&DRY[..], &["--strict-context", "@no/such.rs"]].concat();
    stage.run(&strict).failed(4, &["@no/such.rs"]);
    stage
        .run(&[&DRY[..], &["--stream", "hi"]].concat())
        .failed(2, &["--stream"]);
}
