//! Every provider of the table against its folder of fixtures. A provider without them does not pass.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read is a failed test"
)]

#[path = "conformance/embeddings.rs"]
mod embeddings;
#[path = "conformance/fixture.rs"]
mod fixture;
#[path = "conformance/shared.rs"]
mod shared;
#[path = "conformance/streams.rs"]
mod streams;

use std::collections::BTreeSet;

use fixture::{Fixture, KEY, NOW};
use serde_json::{Value, json};
use tidegate_core::{Failure, Response};
use tidegate_providers::{Call, EncodeError, PROVIDERS, Provider, find};

/// What every provider that is reached over HTTP must show.
const OVER_HTTP: &[&str] = &[
    "request",
    "request_stream",
    "reply",
    "stream",
    "rate_limited",
    "auth_failed",
    "overloaded",
    "quota_exhausted",
];

/// What every provider that is a command must show.
const BY_PROCESS: &[&str] = &[
    "request",
    "request_stdin",
    "reply",
    "rate_limited",
    "auth_failed",
    "overloaded",
    "quota_exhausted",
];

/// Kinds a reply can mean, whatever the vendor. The rest come from transports and clocks.
const KINDS: &[&str] = &[
    "rate_limited",
    "overloaded",
    "server_error",
    "stream_broken",
    "malformed",
    "auth_failed",
    "permission_denied",
    "quota_exhausted",
    "not_found",
    "request_too_large",
    "context_too_long",
    "content_filtered",
    "invalid_request",
];

fn everything() -> impl Iterator<Item = (&'static dyn Provider, Fixture)> {
    PROVIDERS.iter().flat_map(|&provider| {
        fixture::of(provider.name())
            .into_iter()
            .map(move |f| (provider, f))
    })
}

#[test]
fn every_provider_has_its_folder_and_the_required_fixtures() {
    let mut missing = Vec::new();
    for provider in PROVIDERS {
        let present: BTreeSet<_> = fixture::of(provider.name())
            .into_iter()
            .map(|f| f.name)
            .collect();
        let required = if provider.is_command() {
            BY_PROCESS
        } else {
            OVER_HTTP
        };
        missing.extend(
            required
                .iter()
                .filter(|name| !present.contains(**name))
                .map(|name| format!("tests/fixtures/{}/{name}.json", provider.name())),
        );
    }
    assert!(
        missing.is_empty(),
        "providers without their fixtures (see tests/fixtures/README.md): {missing:#?}"
    );
}

#[test]
fn every_folder_belongs_to_a_provider() {
    for folder in fixture::folders() {
        assert!(
            find(&folder).is_some(),
            "tests/fixtures/{folder}/ belongs to no provider of the table `PROVIDERS`"
        );
    }
}

#[test]
fn every_name_in_the_table_is_unique_and_found() {
    let names: BTreeSet<_> = PROVIDERS.iter().map(|provider| provider.name()).collect();
    assert_eq!(names.len(), PROVIDERS.len());
    for name in names {
        assert_eq!(find(name).map(Provider::name), Some(name));
    }
    assert!(find("no-such-provider").is_none());
}

#[test]
fn every_required_fixture_shows_what_its_name_says() {
    for (_, fixture) in everything() {
        let kind = fixture
            .failure()
            .map(|failure| failure["kind"].as_str().unwrap().to_owned());
        let claimed = [
            "rate_limited",
            "auth_failed",
            "overloaded",
            "quota_exhausted",
        ]
        .contains(&fixture.name.as_str());
        if claimed {
            assert_eq!(
                kind.as_deref(),
                Some(fixture.name.as_str()),
                "{}",
                fixture.label()
            );
        }
    }
}

#[test]
fn the_fixtures_show_every_kind_a_reply_can_mean() {
    let shown: BTreeSet<String> = everything()
        .filter_map(|(_, fixture)| Some(fixture.failure()?["kind"].as_str()?.to_owned()))
        .collect();
    let missing: Vec<_> = KINDS
        .iter()
        .filter(|kind| !shown.contains(**kind))
        .collect();
    assert!(missing.is_empty(), "no fixture for {missing:?}");
}

#[test]
fn every_fixture_asks_one_question_and_expects_its_answer() {
    for (provider, fixture) in everything() {
        let (case, expect, label) = (&fixture.case, &fixture.case.expect, fixture.label());
        let questions = [
            case.request.is_some() || case.embed.is_some(),
            case.stream.is_some(),
            case.embed_reply.is_some(),
            case.reply.is_some(),
            case.process.is_some(),
        ];
        assert_eq!(
            questions.iter().filter(|asked| **asked).count(),
            1,
            "{label}: one of `request`, `embed`, `reply`, `embed_reply`, `stream`, `process`"
        );
        let answered = match questions {
            [true, ..] => expect.call.is_some() != expect.refused.is_some(),
            [_, true, ..] => {
                expect.deltas.is_some() && (expect.end.is_some() != expect.failure.is_some())
            }
            [_, _, true, ..] => expect.embeddings.is_some() != expect.failure.is_some(),
            _ => expect.response.is_some() != expect.failure.is_some(),
        };
        assert!(answered, "{label}: expects nothing, or two things at once");
        assert_eq!(
            case.process.is_some(),
            provider.is_command() && case.request.is_none() && case.embed.is_none(),
            "{label}: a command replies as a `process`, nobody else does"
        );
    }
}

#[test]
fn every_request_becomes_the_call_its_fixture_shows() {
    for (provider, fixture) in everything() {
        let Some(request) = &fixture.case.request else {
            continue;
        };
        check_call(
            &fixture,
            provider.encode(request, &fixture.target(provider)),
        );
    }
}

/// A call is what the fixture shows and shows no key, or is refused in its words.
fn check_call(fixture: &Fixture, call: Result<Call, EncodeError>) {
    let label = fixture.label();
    match (call, &fixture.case.expect.refused) {
        (Ok(call), None) => {
            assert_eq!(Some(shown(&call)), fixture.case.expect.call, "{label}");
            assert!(!format!("{call:?}").contains(KEY), "{label}: the key shows");
        }
        (Err(error), Some(why)) => assert_eq!(&error.to_string(), why, "{label}"),
        (Ok(_), Some(_)) => panic!("{label}: was not refused"),
        (Err(error), None) => panic!("{label}: {error}"),
    }
}

/// A call as fixtures write it.
fn shown(call: &Call) -> Value {
    match call {
        Call::Http(call) => {
            let headers: serde_json::Map<_, _> = call
                .headers
                .iter()
                .map(|(name, value)| {
                    let text = value.to_str().unwrap();
                    let value = if value.is_sensitive() {
                        json!({ "sensitive": text })
                    } else {
                        text.into()
                    };
                    (name.to_string(), value)
                })
                .collect();
            let body: Value = serde_json::from_slice(&call.body).unwrap();
            json!({ "url": call.url, "headers": headers, "body": body })
        }
        Call::Process(call) => {
            let env: Vec<_> = call.env.iter().map(|(name, _)| name).collect();
            let stdin = call
                .stdin
                .as_ref()
                .map(|bytes| std::str::from_utf8(bytes).unwrap());
            json!({ "program": call.program, "args": call.args, "env": env, "stdin": stdin })
        }
        _ => panic!("a kind of call fixtures cannot show yet"),
    }
}

#[test]
fn every_reply_means_what_its_fixture_says() {
    let mut wrong = Vec::new();
    for (provider, fixture) in everything() {
        let case = &fixture.case;
        let reply = match (&case.reply, &case.process) {
            (Some(reply), _) => reply.reply(),
            (None, Some(process)) => process.reply(),
            (None, None) => continue,
        };
        let target = fixture.target(provider);
        let read = provider.decode(&target, &reply, NOW);
        let (is, should) = match &case.expect.response {
            Some(response) => (
                json!({ "is": seen(&read) }),
                json!({ "is": { "ok": response } }),
            ),
            None => (
                json!({ "is": seen(&read) }),
                json!({ "is": { "err": fixture.failure() } }),
            ),
        };
        if is != should {
            wrong.push(format!("{}\n   is {is}\n   not {should}", fixture.label()));
        }
        if let Err(failure) = &read {
            wrong.extend(detail_is_wrong(&fixture, failure));
        }
        if let Some(limits) = &case.expect.limits {
            let observed = serde_json::to_value(provider.limits(&reply.head, NOW)).unwrap();
            if !same_numbers(&observed, limits) {
                wrong.push(format!("{}: limits are {observed}", fixture.label()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn seen(read: &Result<Response, Failure>) -> Value {
    match read {
        Ok(response) => json!({ "ok": response }),
        Err(failure) => json!({ "err": fixture::shown(failure) }),
    }
}

/// Equal, where `20` equals `20.0`.
fn same_numbers(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| same_numbers(value, other)))
        }
        (a, b) => a == b,
    }
}

fn detail_is_wrong(fixture: &Fixture, failure: &Failure) -> Option<String> {
    let expected = fixture.case.expect.failure.as_ref()?;
    let text = |field: &str| expected.get(field).map(|value| value.as_str().unwrap());
    let detail = failure.detail.as_str();
    let right = text("detail").is_none_or(|exact| detail == exact)
        && text("detail_has").is_none_or(|part| detail.contains(part));
    (!right).then(|| format!("{}: the words are {detail:?}", fixture.label()))
}

#[test]
fn no_failure_shows_a_credential() {
    for (provider, fixture) in everything() {
        let reply = match (&fixture.case.reply, &fixture.case.process) {
            (Some(reply), _) => reply.reply(),
            (None, Some(process)) => process.reply(),
            (None, None) => continue,
        };
        if let Err(failure) = provider.decode(&fixture.target(provider), &reply, NOW) {
            let everywhere = format!(
                "{failure} {failure:?} {} {}",
                fixture::shown(&failure),
                failure.detail.as_str()
            );
            assert!(
                !everywhere.contains(KEY),
                "{}: {everywhere}",
                fixture.label()
            );
        }
    }
}

#[test]
fn only_a_success_that_announces_events_is_read_as_a_stream() {
    for (provider, fixture) in everything() {
        let target = fixture.target(provider);
        let case = &fixture.case;
        if let Some(stream) = &case.stream {
            assert!(
                provider.stream_decoder(&target, &stream.head()).is_some(),
                "{}",
                fixture.label()
            );
        }
        let whole = (case.reply.iter().map(|reply| reply.reply().head))
            .chain(case.process.iter().map(|process| process.reply().head));
        for head in whole {
            assert!(
                provider.stream_decoder(&target, &head).is_none(),
                "{}",
                fixture.label()
            );
        }
    }
}
