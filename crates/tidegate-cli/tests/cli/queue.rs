//! One line for all commands of a user: `[queue] store`, `tidegate queue`.

use serde_json::Value;

use crate::stage::{Provider, Ran, Stage};

fn run(stage: &Stage, args: &[&str]) -> Ran {
    stage.run(&[&["run", "-e", "openai/gpt-4o"], args].concat())
}

fn limits(stage: &Stage) -> Value {
    stage.run(&["queue", "status", "--json"]).json()
}

/// A command was refused, waited and was served; the next one knows of it.
fn refused_once() -> (Provider, Stage) {
    let provider = Provider::scripted("429,retry-after=1; ok=Hello");
    let stage = provider.stage();
    assert_eq!(run(&stage, &["hi"]).stdout, "Hello\n");
    (provider, stage)
}

#[test]
fn what_one_command_learned_the_next_one_knows() {
    let (_provider, stage) = refused_once();
    let known = limits(&stage);
    assert_eq!(known["store"], "sqlite");
    let limit = &known["keys"][0];
    assert!(
        limit["key"].as_str().unwrap().ends_with("openai gpt-4o"),
        "{known}"
    );
    assert!(
        limit["refused_ms_ago"].is_number() && limit["cuts"] == 1,
        "{known}"
    );
    assert_eq!(
        (&limit["waiting"], &limit["in_flight"]),
        (&0.into(), &0.into())
    );
    let told = stage.run(&["queue", "status"]).stdout;
    for word in ["openai gpt-4o", "refused", "in flight  0"] {
        assert!(told.contains(word), "{word}: {told}");
    }
}

#[test]
fn who_cannot_wait_so_long_is_told_how_long_and_for_what() {
    let provider = Provider::scripted("429,retry-after=3600");
    let stage = provider.stage();
    assert_eq!(run(&stage, &["hi"]).code, Some(6));
    let ran = run(&stage, &["hi"]);
    let says = [
        " openai gpt-4o` comes in 59m ",
        "`deadline` and `max_wait`",
        "`tidegate queue status`",
    ];
    ran.failed(6, &says);
    assert!(!ran.stderr.contains("it said"), "nobody was asked: {ran:?}");
    assert_eq!(provider.requests(), 1);
}

#[test]
fn the_file_is_its_owners_alone_and_lies_in_the_state_directory() {
    use std::os::unix::fs::PermissionsExt;

    let (_provider, stage) = refused_once();
    let directory = stage.home().join(".local/state/tidegate");
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(directory.clone()), mode(directory.join("queue.db"))),
        (0o700, 0o600)
    );
}

#[test]
fn what_is_held_against_a_limit_can_be_forgotten() {
    let (_provider, stage) = refused_once();
    let key = limits(&stage)["keys"][0]["key"]
        .as_str()
        .unwrap()
        .to_owned();
    stage
        .run(&["queue", "reset", "nobody"])
        .failed(2, &["no limit `nobody`", &key]);
    let reset = stage.run(&["queue", "reset", &key]);
    assert_eq!(
        (reset.code, reset.stdout),
        (Some(0), format!("{key}: forgotten\n"))
    );
    assert_eq!(limits(&stage)["keys"][0]["refused_ms_ago"], Value::Null);
}

#[test]
fn what_is_configured_of_a_limit_is_told() {
    let (_provider, stage) = refused_once();
    stage.config("[endpoints.mine]\nprovider = \"openai\"\nmodel = \"gpt-4o\"\nrpm = 120\n");
    let limit = limits(&stage)["keys"][0]["limits"][0].clone();
    assert_eq!(
        (&limit["units"], &limit["dimension"]),
        (&120.into(), &"requests".into())
    );
}

#[test]
fn in_memory_nothing_is_left_and_that_is_said() {
    let provider = Provider::scripted("ok=Hello");
    let stage = provider.stage();
    stage.config("[queue]\nstore = \"memory\"\n");
    assert_eq!(run(&stage, &["hi"]).code, Some(0));
    assert!(!stage.home().join(".local").exists());
    let status = stage.run(&["queue", "status"]);
    assert_eq!(status.stdout, "no limit is known\n");
    assert!(status.stderr.contains("in memory"), "{status:?}");
}

#[test]
fn where_there_is_no_place_for_the_file_it_is_memory_and_that_is_told() {
    let provider = Provider::scripted("ok=Hello; ok=Hello");
    let stage = provider.stage();
    stage.file(".local", "in the way");
    let ran = run(&stage, &["hi"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(0), "Hello\n"), "{ran:?}");
    assert!(
        ran.stderr
            .contains("kept in memory, for this process alone"),
        "{ran:?}"
    );
    assert_eq!(run(&stage, &["-q", "hi"]).stderr, "");
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let provider = Provider::scripted("ok=Hello");
    let stage = provider.stage();
    stage.config("[queue]\npath = \"~/other.db\"\n");
    let other = stage.home().join("other.db");
    rusqlite::Connection::open(&other)
        .and_then(|other| other.execute_batch("CREATE TABLE theirs (x)"))
        .unwrap();
    let before = std::fs::read(&other).unwrap();
    run(&stage, &["hi"]).failed(3, &["tidegate.toml:2", "another program"]);
    assert_eq!(
        (std::fs::read(&other).unwrap(), provider.requests()),
        (before, 0)
    );
}

#[test]
fn a_server_that_is_away_is_told_once_and_stops_nobody() {
    let provider = Provider::scripted("ok=Hello");
    let stage = provider
        .stage()
        .variable("REDIS_URL", "redis://:sk-secret-42@127.0.0.1:9");
    stage.config("[queue]\nstore = \"redis\"\nurl = \"${REDIS_URL}\"\n");
    let ran = run(&stage, &["hi"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(0), "Hello\n"), "{ran:?}");
    assert_eq!(ran.stderr.matches("queue").count(), 1, "{ran:?}");
    assert!(!ran.stderr.contains("secret-42"), "{ran:?}");
}

#[test]
fn a_server_needs_an_address_that_can_be_one() {
    let stage = Stage::new().variable("OPENAI_API_KEY", "sk-secret-42");
    stage.config("[queue]\nstore = \"redis\"\n");
    run(&stage, &["hi"]).failed(3, &["tidegate.toml:2", "needs a `url`"]);
    stage.config("[queue]\nstore = \"redis\"\nurl = \"${NOT_SET}\"\n");
    run(&stage, &["hi"]).failed(3, &["tidegate.toml:3", "NOT_SET"]);
    stage.config("[queue]\nstore = \"redis\"\nurl = \"http://sk-secret-42@localhost\"\n");
    let ran = run(&stage, &["hi"]);
    ran.failed(3, &["tidegate.toml:3", "redis://"]);
    assert!(!ran.stderr.contains("secret-42"), "{ran:?}");
    stage.config("[queue]\nstore = \"disk\"\n");
    run(&stage, &["hi"]).failed(3, &["\"memory\", \"sqlite\" or \"redis\""]);
}

#[test]
fn a_queue_that_cannot_be_opened_says_so_and_keeps_no_run_from_its_answer() {
    let provider = Provider::scripted("ok=Hello");
    let stage = provider.stage();
    std::fs::create_dir(stage.home().join("taken")).unwrap();
    stage.config("[queue]\npath = \"~/taken\"\n");
    let ran = run(&stage, &["hi"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "Hello\n"),
        "{ran:?}"
    );
    for words in [
        "kept in memory",
        "/taken cannot be opened",
        "or name another",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {ran:?}");
    }
}
