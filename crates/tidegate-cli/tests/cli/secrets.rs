//! The key is nowhere.

use crate::stage::Provider;

#[test]
fn the_key_is_in_no_output_at_the_most_verbose_level() {
    for script in [
        "ok=Hello",
        "401",
        "503",
        "reset",
        "400,body=\"you sent Bearer sk-secret-42\"",
    ] {
        let provider = Provider::scripted(script);
        for flags in [&["--stream"][..], &["--no-stream"], &["--json"]] {
            let args = [&["run", "-vvv", "-e", "openai/gpt-4o"], flags, &["hi"]].concat();
            let ran = provider.stage().run(&args);
            let all = format!("{}{}", ran.stdout, ran.stderr);
            assert!(
                all.contains("TRACE") || all.contains("DEBUG"),
                "the log is on: {all}"
            );
            assert!(!all.contains("secret-42"), "{script} {flags:?}: {all}");
        }
    }
}

#[test]
fn the_prompt_is_in_no_log() {
    let provider = Provider::scripted("503; 400");
    let ran = provider.stage().run(&[
        "run",
        "-vvv",
        "-e",
        "openai/gpt-4o",
        "--max-retries",
        "1",
        "my diary of today",
    ]);
    assert!(!ran.stderr.contains("my diary"), "{}", ran.stderr);
}

#[test]
fn a_key_in_the_base_url_is_in_no_output() {
    let provider = Provider::scripted("429; 429; 401");
    let url = provider
        .base_url()
        .replace("http://", "http://user:secret-42@")
        .replace("/v1", "/secret-42/../v1");
    let stage = provider.stage().variable("OPENAI_BASE_URL", &url);
    let ran = stage.run(&[
        "run",
        "-vv",
        "-e",
        "openai/gpt-4o",
        "--max-retries",
        "1",
        "hi",
    ]);
    assert!(ran.stderr.contains("HTTP 429"), "{ran:?}");
    assert!(!ran.stderr.contains("secret-42"), "{}", ran.stderr);
}
