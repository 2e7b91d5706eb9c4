//! Streams: the same pieces and the same end, wherever the network cuts.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use tidegate_core::{Delta, Failure, Response, StreamEnd};
use tidegate_providers::Provider;

use crate::fixture::{self, Fixture};
use crate::{detail_is_wrong, everything};

/// What a stream says: its pieces, and how it ended.
type Streamed = (Vec<Delta>, Result<StreamEnd, Failure>);

/// Reads a stream in the given chunks, as a transport would: to the first failure, or to the end.
fn read(provider: &dyn Provider, fixture: &Fixture, chunks: &[&[u8]]) -> Streamed {
    let target = fixture.target(provider);
    let head = fixture.case.stream.as_ref().unwrap().head();
    let mut decoder = provider.stream_decoder(&target, &head).unwrap();
    let mut deltas = Vec::new();
    for chunk in chunks {
        if let Err(failure) = decoder.push(chunk, &mut deltas) {
            return (deltas, Err(failure));
        }
    }
    (deltas, decoder.finish())
}

fn streams() -> impl Iterator<Item = (&'static dyn Provider, Fixture, Vec<u8>)> {
    everything().filter_map(|(provider, fixture)| {
        let bytes = fixture.case.stream.as_ref()?.bytes();
        Some((provider, fixture, bytes))
    })
}

#[test]
fn every_stream_gives_the_pieces_its_fixture_shows() {
    let mut wrong = Vec::new();
    for (provider, fixture, bytes) in streams() {
        let (deltas, end) = read(provider, &fixture, &[&bytes]);
        let expect = &fixture.case.expect;
        let is: Vec<_> = deltas.iter().map(piece).collect();
        if Some(&is) != expect.deltas.as_ref() {
            wrong.push(format!(
                "{}: the pieces are {}",
                fixture.label(),
                Value::from(is)
            ));
        }
        let (is, should) = match &end {
            Ok(end) => (
                Some(json!({ "terminated": end.terminated })),
                expect.end.clone(),
            ),
            Err(failure) => (Some(fixture::shown(failure)), fixture.failure()),
        };
        if is != should {
            wrong.push(format!(
                "{}\n   ended {is:?}\n   not {should:?}",
                fixture.label()
            ));
        }
        if let Err(failure) = &end {
            wrong.extend(detail_is_wrong(&fixture, failure));
        }
        if let Some(whole) = &expect.response {
            let mut response = Response::default();
            for delta in &deltas {
                response.add(delta);
            }
            if &response != whole {
                wrong.push(format!("{}: adds up to {response:?}", fixture.label()));
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

/// A piece as fixtures write it.
fn piece(delta: &Delta) -> Value {
    match delta {
        Delta::Text(text) => json!({ "text": text }),
        Delta::Reasoning(text) => json!({ "reasoning": text }),
        Delta::ReasoningEnd {
            signature,
            encrypted,
        } => json!({ "reasoning_end": { "signature": signature, "encrypted": encrypted } }),
        Delta::ToolCall(piece) => json!({ "tool_call": {
            "index": piece.index, "id": piece.id, "name": piece.name, "arguments": piece.arguments,
        } }),
        Delta::Started { id, model } => json!({ "started": { "id": id, "model": model } }),
        Delta::Finished(reason) => json!({ "finished": reason }),
        Delta::Usage(usage) => json!({ "usage": usage }),
        _ => panic!("a kind of piece fixtures cannot show yet"),
    }
}

#[test]
fn a_stream_says_the_same_byte_by_byte() {
    for (provider, fixture, bytes) in streams() {
        let whole = read(provider, &fixture, &[&bytes]);
        let single: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(
            read(provider, &fixture, &single),
            whole,
            "{}",
            fixture.label()
        );
    }
}

#[test]
fn a_stream_says_the_same_wherever_the_network_cuts_it() {
    for (provider, fixture, bytes) in streams() {
        let whole = read(provider, &fixture, &[&bytes]);
        proptest!(ProptestConfig::with_cases(64), |(cuts in vec(any::<Index>(), 0..8))| {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(&read(provider, &fixture, &chunks), &whole, "{}", fixture.label());
        });
    }
}
