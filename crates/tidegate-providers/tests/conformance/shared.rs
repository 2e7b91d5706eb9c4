//! What requests have in common is told to those who keep it, and changes nothing else.

use serde_json::{Value, json};
use tidegate_core::{Request, Target};
use tidegate_providers::{Call, PROVIDERS, Provider, find};

use crate::fixture;

const FILES: &str = "=== FILE: a.txt ===\nfiles\n---\n";

/// A request whose prompt begins with `files`, which others begin with too.
fn request(files: &str, prompt: &str, is_shared: bool) -> Request {
    Request {
        shared_prefix: if is_shared { files.len() } else { 0 },
        ..Request::prompt(format!("{files}{prompt}"))
    }
}

fn target(provider: &dyn Provider) -> Target {
    let fixtures = fixture::of(provider.name());
    let plain = fixtures.iter().find(|fixture| fixture.name == "request");
    plain.unwrap().target(provider)
}

fn sent(provider: &dyn Provider, request: &Request) -> Value {
    match provider.encode(request, &target(provider)).unwrap() {
        Call::Http(call) => serde_json::from_slice(&call.body).unwrap(),
        Call::Process(call) => json!([call.args, call.stdin.as_deref()]),
        _ => panic!("a call of a kind this test does not know"),
    }
}

#[test]
fn anthropic_is_told_to_keep_everything_up_to_the_end_of_the_files() {
    let anthropic = find("anthropic").unwrap();
    let body = sent(anthropic, &request(FILES, "What is in it?", true));
    let blocks = json!([
        { "type": "text", "text": FILES, "cache_control": { "type": "ephemeral" } },
        { "type": "text", "text": "What is in it?" },
    ]);
    assert_eq!(body["messages"][0]["content"], blocks);
    let nothing_else = sent(anthropic, &request(FILES, "", true));
    assert_eq!(nothing_else["messages"][0]["content"], json!([blocks[0]]));
}

#[test]
fn openai_gets_one_key_for_prompts_that_begin_alike() {
    let openai = find("openai").unwrap();
    let key = |files: &str, prompt: &str| -> Value {
        let mut body = sent(openai, &request(files, prompt, true));
        let key = body.as_object_mut().unwrap().remove("prompt_cache_key");
        assert_eq!(body, sent(openai, &request(files, prompt, false)));
        key.unwrap()
    };
    let (long, longer) = ("a".repeat(5_000), format!("{}b", "a".repeat(5_000)));
    assert_eq!(key(FILES, "What?"), key(FILES, "Why?"));
    assert_eq!(key(&long, "What?"), key(&longer, "What?"));
    assert_ne!(
        key(FILES, "What?"),
        key(&FILES.replace("files", "Files"), "What?")
    );
}

#[test]
fn a_key_of_the_callers_own_wins() {
    let mut request = request(FILES, "What?", true);
    request
        .extra
        .insert("prompt_cache_key".into(), "mine".into());
    let body = sent(find("openai").unwrap(), &request);
    assert_eq!(body["prompt_cache_key"], "mine");
}

#[test]
fn whoever_keeps_nothing_gets_the_same_as_without() {
    for provider in PROVIDERS {
        if ["openai", "anthropic"].contains(&provider.name()) {
            continue;
        }
        let shared = sent(*provider, &request(FILES, "What?", true));
        let plain = sent(*provider, &request(FILES, "What?", false));
        assert_eq!(shared, plain, "{}", provider.name());
    }
}

#[test]
fn a_prefix_that_splits_a_character_or_is_too_long_is_none() {
    for shared_prefix in [1, 3, usize::MAX] {
        let request = Request {
            shared_prefix,
            ..Request::prompt("é")
        };
        assert_eq!(request.shared(), None, "{shared_prefix}");
    }
}
