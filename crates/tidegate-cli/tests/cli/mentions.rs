//! `@` in a prompt, as the command sends it.

use crate::stage::{Provider, Ran, Stage, credential};

const GPT: [&str; 3] = ["run", "-e", "openai/gpt-4o"];

/// An endpoint that answers with what it was sent.
const ECHO: &str = r#"
    [providers.echo]
    type = "command"
    argv = ["printf", "%s", "{prompt}"]
    [endpoints.echo]
    provider = "echo"
    model = "none"
"#;

fn echo(stage: &Stage, args: &[&str]) -> Ran {
    stage.run(&[&["run", "-e", "echo"], args].concat())
}

fn echoing(more: &str) -> Stage {
    let stage = Stage::new();
    stage.config(&format!("{ECHO}\n{more}"));
    stage.file("notes.md", "a short note\n");
    stage
}

#[test]
fn the_files_stand_before_the_prompt_and_escapes_are_gone() {
    let ran = echo(&echoing(""), &[r"read @notes.md for \@alice, not `\@this`"]);
    let sent =
        "=== FILE: notes.md ===\na short note\n---\nread @notes.md for @alice, not `\\@this`\n";
    assert_eq!(ran.stdout, sent, "{ran:?}");
}

#[test]
fn an_escape_is_gone_also_where_nothing_is_packed_and_stays_without_context() {
    let stage = echoing("");
    assert_eq!(echo(&stage, &[r"hi \@alice"]).stdout, "hi @alice\n");
    assert_eq!(
        echo(&stage, &["--no-context", r"hi \@alice"]).stdout,
        "hi \\@alice\n"
    );
    let piped = stage.run_with_input(&["run", "-e", "echo", r"hi \@alice", "-"], br"see \@bob");
    assert_eq!(piped.stdout, "hi @alice\n\nsee \\@bob\n", "{piped:?}");
}

#[test]
fn a_name_that_matches_nothing_is_a_warning_with_names_like_it() {
    let ran = echo(&echoing(""), &["read @note.md, @alice"]);
    assert_eq!(
        (ran.code, &*ran.stdout),
        (Some(0), "read @note.md, @alice\n"),
        "{ran:?}"
    );
    let says = "@note.md matches no file (did you mean notes.md?)";
    assert!(
        ran.stderr.contains(says) && !ran.stderr.contains("@alice"),
        "{ran:?}"
    );
}

#[test]
fn of_many_files_left_out_the_first_are_told_and_the_rest_counted() {
    let stage = echoing("[context]\nmax_files = 1");
    for number in 0..30 {
        stage.file(&format!("many/{number:02}"), "");
    }
    let ran = echo(&stage, &["read @many"]);
    let told = ran
        .stderr
        .matches("the limit of 1 files is reached")
        .count();
    assert_eq!(told, 20, "{ran:?}");
    assert!(
        ran.stderr.contains("left out 9 more; --json lists them"),
        "{ran:?}"
    );
}

#[test]
fn strictly_a_name_that_matches_nothing_stops_the_run() {
    let says = ["@note.md", "did you mean notes.md?"];
    echo(&echoing(""), &["--strict-context", "read @note.md"]).failed(4, &says);
    echo(&echoing("[context]\nstrict = true"), &["read @note.md"]).failed(4, &says);
}

#[test]
fn the_format_and_the_headers_are_settings() {
    let stage = echoing("[context]\nformat = \"xml\"\nsizes = true");
    assert_eq!(
        echo(&stage, &["read @notes.md"]).stdout,
        "<files>\n<file path=\"notes.md\" bytes=\"13\">\na short note\n</file>\n</files>\nread @notes.md\n"
    );
}

#[test]
fn a_directory_of_the_command_line_may_be_named_in_the_prompt() {
    let stage = Stage::new();
    stage.file("elsewhere/notes.md", "a short note");
    std::fs::create_dir(stage.home().join("here")).unwrap();
    let mut command = stage.command(&[
        "run",
        "-e",
        "demo",
        "--include",
        "../elsewhere",
        "read @notes.md",
    ]);
    let output = command
        .current_dir(stage.home().join("here"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.contains("packed 1 file"),
        "{stderr}"
    );
}

#[test]
fn what_comes_through_a_pipe_names_no_files() {
    let provider = Provider::with(tidegate_simulator::Settings::default());
    let stage = provider.stage();
    stage.file(".env", "PORT=8080");
    for args in [&["summarise", "-"][..], &["-"], &[]] {
        let ran = stage.run_with_input(
            &[&GPT[..], args].concat(),
            b"see @.env and \"@/*\": [\"./src/*\"]",
        );
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!ran.stderr.contains("packed"), "{ran:?}");
    }
    let ran = stage.run_with_input(
        &[&GPT[..], &["explain @.env", "-"]].concat(),
        b"@missing.txt",
    );
    assert!(
        ran.stderr.contains("packed 1 file") && !ran.stderr.contains("missing"),
        "{ran:?}"
    );
}

#[test]
fn a_credential_in_a_file_stops_the_run_unless_a_flag_or_a_setting_allows_it() {
    let key = credential();
    let setup = |more| {
        let stage = echoing(more);
        stage.file("key.rs", &format!("const KEY: &str = \"{key}\";\n"));
        stage
    };
    let stopped = echo(&setup(""), &["use @key.rs"]);
    let says = [
        "key.rs holds",
        "in line 1",
        "nothing was sent",
        "allow_secrets",
    ];
    stopped.failed(4, &says);
    assert!(!format!("{stopped:?}").contains(&key), "{stopped:?}");
    let allowed = echo(&setup(""), &["--allow-secrets", "use @key.rs"]);
    assert!(allowed.stdout.contains(&key), "{allowed:?}");
    let configured = echo(&setup("[context]\nallow_secrets = true"), &["use @key.rs"]);
    assert!(configured.stdout.contains(&key), "{configured:?}");
}

/// The request as it would be sent to a model.
fn seen(stage: &Stage, endpoint: &str, args: &[&str]) -> serde_json::Value {
    let dry = ["run", "--dry-run", "--json", "-e", endpoint];
    let ran = stage.run(&[&dry, args].concat());
    ran.json()["ways"][0]["call"]["body"].clone()
}

#[test]
fn providers_are_told_to_keep_files_that_are_worth_it_unless_that_is_switched_off() {
    let stage = || {
        let stage = Stage::new()
            .variable("OPENAI_API_KEY", "sk-secret-42")
            .variable("ANTHROPIC_API_KEY", "sk-secret-42");
        stage.file("long.txt", &"a line of text\n".repeat(300));
        stage.file("short.txt", "a line of text\n");
        stage
    };
    let claude = "anthropic/claude-sonnet-4-5";
    let ask = "sum up @long.txt";
    let kept = seen(&stage(), claude, &[ask]);
    let blocks = kept["messages"][0]["content"].as_array().unwrap();
    assert_eq!(blocks[0]["cache_control"]["type"], "ephemeral", "{kept}");
    assert_eq!(blocks[1]["text"], ask, "{kept}");
    assert!(seen(&stage(), "openai/gpt-4o", &[ask])["prompt_cache_key"].is_string());

    let short = seen(&stage(), claude, &["sum up @short.txt"]);
    assert!(short["messages"][0]["content"].is_string(), "{short}");
    let off = stage();
    off.config("[context]\nprompt_cache = false");
    assert!(seen(&off, claude, &[ask])["messages"][0]["content"].is_string());
    assert!(seen(&off, "openai/gpt-4o", &[ask])["prompt_cache_key"].is_null());
}
