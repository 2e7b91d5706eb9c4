//! A stream says the same whole and cut as the input says, its calls are numbered as they begin, and nothing panics.
#![no_main]

use std::sync::LazyLock;

use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use tidegate_core::{Delta, Failure, Response, StreamEnd, Target};
use tidegate_fuzz::{Cut, KEY, head, target};
use tidegate_providers::ReplyHead;
use tidegate_providers::dialect::openai_chat;

static TARGET: LazyLock<Target> = LazyLock::new(|| target("openai-compatible"));
static HEAD: LazyLock<ReplyHead> = LazyLock::new(|| head(StatusCode::OK, "text/event-stream"));

fn decode<'d>(
    chunks: impl Iterator<Item = &'d [u8]>,
) -> (Vec<Delta>, bool, Result<StreamEnd, Failure>) {
    let Some(mut decoder) = openai_chat::stream_decoder(&TARGET, &HEAD) else {
        panic!("an announced stream is none");
    };
    let mut deltas = Vec::new();
    for chunk in chunks {
        if let Err(failure) = decoder.push(chunk, &mut deltas) {
            return (deltas, false, Err(failure));
        }
    }
    (deltas, decoder.is_done(), decoder.finish())
}

fuzz_target!(|data: &[u8]| {
    let Some(cut) = Cut::of(data) else { return };
    let whole = decode(std::iter::once(cut.bytes));
    assert_eq!(decode(cut.chunks()), whole);
    let (mut calls, mut response) = (0, Response::default());
    for delta in &whole.0 {
        if let Delta::ToolCall(piece) = delta {
            assert!(piece.index <= calls, "a gap before call {}", piece.index);
            let begins = piece.index == calls;
            assert_eq!(begins, piece.id.is_some(), "an id in the first piece alone");
            assert_eq!(
                begins,
                piece.name.is_some(),
                "a name in the first piece alone"
            );
            calls += usize::from(begins);
        }
        response.add(delta);
    }
    assert_eq!(response.tool_calls.len(), calls);
    if let Err(failure) = &whole.2 {
        assert!(!failure.detail.as_str().contains(KEY), "the key shows");
    }
});
