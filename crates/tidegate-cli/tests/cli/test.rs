//! `tidegate endpoint test` and `tidegate provider test`.

use crate::stage::{Provider, Stage};

/// A stage whose endpoint `fast` asks this provider by the configured name `mine`, and would retry.
fn stage(provider: &Provider) -> Stage {
    let stage = Stage::new();
    stage.config(&format!(
        "[providers.mine]\ntype = \"openai-compatible\"\nbase_url = \"{}\"\napi_key = \"${{KEY:-k}}\"\n\
         [endpoints.fast]\nprovider = \"mine\"\nmodel = \"gpt-4o\"\nmax_retries = 5\nretry_base_delay = \"1ms\"\n",
        provider.base_url()
    ));
    stage
}

#[test]
fn one_line_tells_that_it_answers_how_fast_and_at_what_cost() {
    let provider = Provider::scripted("ok=OK; ok=OK");
    let stage = stage(&provider);
    for (args, target) in [
        (["endpoint", "test", "fast"], "fast (mine/gpt-4o): ok in "),
        (["provider", "test", "mine"], "mine/gpt-4o: ok in "),
    ] {
        let ran = stage.run(&args);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        assert!(ran.stdout.starts_with(target), "{ran:?}");
        assert!(ran.stdout.contains(", model gpt-4o, "), "{ran:?}");
        assert!(
            ran.stdout.ends_with(" out\n") && ran.stdout.lines().count() == 1,
            "{ran:?}"
        );
    }
    assert_eq!(provider.requests(), 2);
}

#[test]
fn nothing_is_retried_unless_asked_for_whatever_is_configured() {
    let provider = Provider::scripted("503; 503; ok=OK");
    let stage = stage(&provider);
    let ran = stage.run(&["endpoint", "test", "fast"]);
    ran.failed(
        8,
        &[
            "fast (mine/gpt-4o): overloaded (HTTP 503",
            "it said:",
            "what to do:",
        ],
    );
    assert_eq!(provider.requests(), 1);
    let ran = stage.run(&["endpoint", "test", "fast", "--max-retries", "1", "-q"]);
    assert_eq!((ran.code, provider.requests()), (Some(0), 3), "{ran:?}");
}

#[test]
fn nobody_answers_in_the_place_of_the_one_that_is_tested() {
    let provider = Provider::scripted("503; ok=OK");
    let stage = stage(&provider);
    let add = [
        "endpoint",
        "add",
        "first",
        "--provider",
        "mine",
        "-m",
        "m",
        "--fallback",
        "fast",
    ];
    assert_eq!(stage.run(&add).code, Some(0));
    stage
        .run(&["endpoint", "test", "first"])
        .failed(8, &["first (mine/m): overloaded"]);
    assert_eq!(provider.requests(), 1);
}

#[test]
fn each_failure_has_its_exit_code_and_what_to_do_about_it() {
    for (script, code, advice) in [
        ("401", 5, "check the key"),
        ("429,retry-after=3600", 6, "wait for the limit"),
        ("hang", 7, "give it longer"),
        ("404", 9, "check `model`"),
    ] {
        let provider = Provider::scripted(script);
        // Short only where it is what ends the run: a busy machine must not be.
        let timeout = if script == "hang" { "300ms" } else { "60s" };
        let ran = stage(&provider).run(&["endpoint", "test", "fast", "--timeout", timeout]);
        ran.failed(code, &[advice]);
        assert_eq!(ran.stdout, "", "{script}");
    }
}

#[test]
fn an_endpoint_that_is_not_configured_can_be_tested_too() {
    let provider = Provider::scripted("ok=OK; ok=OK");
    let stage = provider.stage();
    for args in [
        &["endpoint", "test", "openai/gpt-4o"][..],
        &["provider", "test", "openai", "--model", "gpt-4o"],
    ] {
        let ran = stage.run(args);
        assert!(ran.stdout.starts_with("openai/gpt-4o: ok in"), "{ran:?}");
    }
}

#[test]
fn a_command_can_be_tested_though_it_knows_no_limit_on_tokens() {
    let stage = Stage::new();
    stage.config(
        "[providers.mine]\ntype = \"command\"\nargv = [\"echo\", \"{prompt}\"]\n\
         [endpoints.own]\nprovider = \"mine\"\nmodel = \"any\"\n",
    );
    for (args, target) in [
        (["endpoint", "test", "own"], "own (mine/any): ok in "),
        (["provider", "test", "mine"], "mine/any: ok in "),
    ] {
        let ran = stage.run(&args);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.starts_with(target), "{ran:?}");
    }
}

#[test]
fn the_demo_passes_its_own_test() {
    let ran = Stage::new().run(&["endpoint", "test", "demo"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.stdout.starts_with("demo (demo/simulator): ok in"),
        "{ran:?}"
    );
}

#[test]
fn a_provider_without_an_endpoint_needs_a_model() {
    let stage = Stage::new();
    stage.config("[providers.openai]\napi_key = \"k\"\n");
    stage
        .run(&["provider", "test", "openai"])
        .failed(2, &["--model"]);
}

#[test]
fn json_has_the_shape_of_a_run() {
    let provider = Provider::scripted("401");
    let ran = stage(&provider).run(&["endpoint", "test", "fast", "--json"]);
    assert_eq!(ran.json()["error"]["failure"]["kind"], "auth_failed");
    assert_eq!((ran.code, &ran.json()["exit_code"]), (Some(5), &5.into()));
    let ran = Stage::new().run(&["provider", "test", "nobody", "--json"]);
    assert_eq!((ran.code, &ran.json()["ok"]), (Some(3), &false.into()));
}
