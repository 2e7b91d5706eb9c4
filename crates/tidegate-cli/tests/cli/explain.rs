//! `tidegate explain`.

use crate::stage::Stage;

#[track_caller]
fn says(stdout: &str, lines: &[(&str, &str)]) {
    for (name, what) in lines {
        let line = format!("  {name:<14}{what}\n");
        assert!(stdout.contains(&line), "{line:?} is not in\n{stdout}");
    }
}

#[test]
fn a_status_is_judged_and_told_with_everything_that_follows() {
    let stage = Stage::new();
    stage.config(
        "[queue]\npacing = \"spaced\"\n[defaults]\nmax_retries = 2\nretry_base_delay = \"1s\"\n",
    );
    let ran = stage.run(&["explain", "429", "--header", "retry-after: 2"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    assert!(
        ran.stdout.starts_with("rate limited (HTTP 429)\n"),
        "{ran:?}"
    );
    says(
        &ran.stdout,
        &[
            ("kind", "rate_limited"),
            ("because of", "the status 429; its body says nothing known"),
            (
                "class",
                "rate limit: wait for the limit, then the same again",
            ),
            ("delivery", "answered: the provider got it and said so"),
            ("asks to wait", "2s, in the header `retry-after`"),
            (
                "then",
                "back to the queue for 2s, 2s, then gives up: no retries left (max_retries = 2)",
            ),
            (
                "with fallback",
                "back to the queue for 2s, 2s, then goes to the fallback",
            ),
            ("exit code", "6, if a run ends like this"),
        ],
    );
    let ran = stage.run(&["explain", "401", "--max-retries", "9"]);
    says(
        &ran.stdout,
        &[
            (
                "then",
                "gives up: trying again cannot help (max_retries = 9)",
            ),
            ("with fallback", "goes to the fallback at once"),
        ],
    );
}

#[test]
fn a_response_from_curl_is_judged_by_its_body_first() {
    let stage = Stage::new();
    let response = b"HTTP/2 429 \r\nretry-after-ms: 1500\r\n\r\n\
        {\"error\":{\"code\":\"insufficient_quota\",\"message\":\"Add credit.\"}}";
    let ran = stage.run_with_input(&["explain", "-", "--max-retries", "3"], response);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    says(
        &ran.stdout,
        &[
            ("because of", "the code `insufficient_quota`"),
            (
                "then",
                "gives up: trying again cannot help (max_retries = 3)",
            ),
            ("it said", "Add credit."),
        ],
    );
}

#[test]
fn a_body_alone_is_that_of_a_200_unless_a_status_is_said() {
    let stage = Stage::new();
    stage.file(
        "page.html",
        "<html><head><title>Bad gateway</title></head></html>",
    );
    let ran = stage.run(&["explain", "page.html"]);
    assert!(ran.stdout.starts_with("unreadable answer"), "{ran:?}");
    assert!(ran.stderr.contains("--status"), "{ran:?}");
    let ran = stage.run(&["explain", "page.html", "--status", "502"]);
    assert!(ran.stdout.starts_with("server error (HTTP 502)"), "{ran:?}");
    assert_eq!(ran.stderr, "");
}

#[test]
fn the_words_of_a_command_are_judged_with_its_exit_code() {
    let stage = Stage::new();
    stage.config("[providers.mine]\ntype = \"command\"\nargv = [\"x\"]\nmax_retries = 1\nretry_base_delay = \"1s\"\n");
    stage.file("log", "Traceback\nopenai.RateLimitError: Error code: 429\n");
    for args in [
        &["explain", "log", "--command", "--max-retries", "1"][..],
        &["explain", "log", "--exit", "1", "--max-retries", "1"],
        &["explain", "log", "--provider", "mine"],
    ] {
        let ran = stage.run(args);
        assert!(
            ran.stdout.starts_with("rate limited (HTTP 429)\n"),
            "{ran:?}"
        );
        assert!(
            ran.stdout
                .contains("back to its place in the queue until the limit lets it go; that is no retry (max_retries = 1)"),
            "{ran:?}"
        );
    }
    let ran = stage.run(&["explain", "--exit", "124"]);
    assert!(
        ran.stdout.starts_with("timed out (exit code 124)\n"),
        "{ran:?}"
    );
}

#[test]
fn json_has_the_same_keys_whether_something_failed_or_not() {
    let stage = Stage::new();
    let bad = stage
        .run(&["explain", "529", "--json", "--max-retries", "1"])
        .json();
    let answer = br#"{"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}"#;
    let good = stage
        .run_with_input(&["explain", "-", "--json"], answer)
        .json();
    let keys = |value: &serde_json::Value| {
        let keys = value.as_object().unwrap().keys();
        keys.cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(&good), keys(&bad));
    assert_eq!(bad["failure"]["kind"], "overloaded");
    assert_eq!(bad["class"], "transient");
    assert_eq!(bad["alone"]["end"]["why"], "attempts_exhausted");
    assert_eq!(bad["with_fallback"]["end"]["do"], "fallback");
    assert_eq!(
        (&bad["exit_code"], &good["exit_code"]),
        (&8.into(), &0.into())
    );
    assert!(good["failure"].is_null());
}

#[test]
fn what_cannot_be_explained_is_a_usage_error() {
    let stage = Stage::new();
    for (args, words) in [
        (&["explain"][..], "nothing to explain"),
        (
            &["explain", "nothing.txt"],
            "`nothing.txt` is no status, and no file",
        ),
        (&["explain", "999"], "999 is no HTTP status"),
        (&["explain", "429", "--status", "429"], "said twice"),
        (&["explain", "429", "--command"], "--exit"),
        (
            &["explain", "429", "--header", "retry-after"],
            "`retry-after` is no header",
        ),
    ] {
        stage.run(args).failed(2, &[words]);
    }
    stage
        .run(&["explain", "429", "--provider", "opnai"])
        .failed(3, &["unknown provider `opnai`, did you mean `openai`?"]);
}
