//! Embeddings: what is sent for vectors, and the vectors that come back.

use serde_json::{Value, json};
use tidegate_core::{Embeddings, Failure};

use crate::fixture::{self, NOW};
use crate::{check_call, detail_is_wrong, everything};

#[test]
fn every_request_for_vectors_becomes_the_call_its_fixture_shows() {
    for (provider, fixture) in everything() {
        if let Some(request) = &fixture.case.embed {
            let target = fixture.target(provider);
            check_call(&fixture, provider.encode_embed(request, &target));
        }
    }
}

#[test]
fn every_reply_with_vectors_means_what_its_fixture_says() {
    let mut wrong = Vec::new();
    for (provider, fixture) in everything() {
        let Some(reply) = &fixture.case.embed_reply else {
            continue;
        };
        let read = provider.decode_embed(&fixture.target(provider), &reply.reply(), NOW);
        let should = match &fixture.case.expect.embeddings {
            Some(embeddings) => json!({ "ok": embeddings }),
            None => json!({ "err": fixture.failure() }),
        };
        let is = seen(&read);
        if is != should {
            wrong.push(format!("{}\n   is {is}\n   not {should}", fixture.label()));
        }
        if let Err(failure) = &read {
            wrong.extend(detail_is_wrong(&fixture, failure));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn seen(read: &Result<Embeddings, Failure>) -> Value {
    match read {
        Ok(embeddings) => json!({ "ok": embeddings }),
        Err(failure) => json!({ "err": fixture::shown(failure) }),
    }
}
