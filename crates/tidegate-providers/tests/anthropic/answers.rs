//! The law of answers: the client's end reads what the server's end writes, whole or in pieces.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tidegate_core::{Delta, Failure, FailureKind, Response, StreamEnd, ToolCall};
use tidegate_providers::dialect::anthropic_messages::server::{
    self, ErrorReply, HEARTBEAT, StreamWriter,
};
use tidegate_providers::providers::anthropic::Anthropic;
use tidegate_providers::{Provider, Reply, ReplyHead};

use crate::conversations::object;
use crate::pieces::{come_back, joined, pieces, sum};
use crate::{NOW, target};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_whole_answer_is_read_back_as_it_was_written(pieces in pieces()) {
        let response = with_objects(sum(&pieces));
        let body = server::write(&response, "msg_law", "law");
        let read = Anthropic.decode(&target(), &reply(StatusCode::OK, body), NOW).unwrap();
        let reasoning = joined(response.reasoning.clone());
        prop_assert_eq!(read, Response { reasoning, ..come_back(response) });
    }

    #[test]
    fn the_pieces_of_an_answer_add_up_to_it_whatever_the_chunks(
        pieces in pieces(),
        beats in vec(any::<bool>(), 24),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let mut writer = StreamWriter::new("msg_law", "law");
        let mut bytes = Vec::new();
        for (piece, beat) in pieces.iter().zip(beats.into_iter().cycle()) {
            writer.push(piece, &mut bytes);
            bytes.extend_from_slice(if beat { HEARTBEAT } else { b"" });
        }
        writer.finish(&mut bytes);
        let (read, end) = read(&bytes, &cuts);
        prop_assert_eq!(end.unwrap(), StreamEnd { terminated: true });
        prop_assert_eq!(trimmed(sum(&read)), trimmed(come_back(sum(&pieces))));
    }

    #[test]
    fn a_stream_that_was_not_finished_is_never_a_success(pieces in pieces(), cuts in vec(any::<Index>(), 0..6)) {
        let mut writer = StreamWriter::new("msg_law", "law");
        let mut bytes = Vec::new();
        for piece in &pieces {
            writer.push(piece, &mut bytes);
        }
        prop_assert!(read(&bytes, &cuts).1.is_err());
    }

    #[test]
    fn an_error_is_read_back_with_its_words(status in 400u16..600, message in "[a-z]{1,8}( [a-z]{1,8}){0,4}") {
        let status = StatusCode::from_u16(status).unwrap();
        let error = ErrorReply { status, message: &message, request_id: Some("req_law") };
        let failure = Anthropic.decode(&target(), &reply(status, error.body()), NOW).unwrap_err();
        prop_assert_eq!(failure.detail.as_str(), &message);
        let mut bytes = Vec::new();
        error.event(&mut bytes);
        let failure = read(&bytes, &[]).1.unwrap_err();
        prop_assert_eq!(failure.detail.as_str(), &message);
    }
}

#[test]
fn an_error_is_read_back_as_what_it_is() {
    let rows = [
        (400, FailureKind::InvalidRequest),
        (401, FailureKind::AuthFailed),
        (402, FailureKind::QuotaExhausted),
        (403, FailureKind::PermissionDenied),
        (404, FailureKind::NotFound),
        (413, FailureKind::RequestTooLarge),
        (429, FailureKind::RateLimited),
        (500, FailureKind::ServerError),
        (503, FailureKind::Overloaded),
        (504, FailureKind::ServerError),
        (529, FailureKind::Overloaded),
    ];
    for (status, kind) in rows {
        let status = StatusCode::from_u16(status).unwrap();
        let error = ErrorReply {
            status,
            message: "no",
            request_id: None,
        };
        let failure = Anthropic
            .decode(&target(), &reply(status, error.body()), NOW)
            .unwrap_err();
        assert_eq!(failure.kind, kind, "{status}");
        if status != StatusCode::PAYLOAD_TOO_LARGE {
            let mut bytes = Vec::new();
            error.event(&mut bytes);
            assert_eq!(
                read(&bytes, &[]).1.unwrap_err().kind,
                kind,
                "{status}, streamed"
            );
        }
    }
}

#[test]
fn arguments_that_are_no_object_stand_in_one() {
    let response = Response {
        tool_calls: vec![ToolCall {
            id: "t1".into(),
            name: "clock".into(),
            arguments: "{\"zone\": ".into(),
        }],
        ..Response::default()
    };
    let body = server::write(&response, "msg_law", "law");
    let read = Anthropic
        .decode(&target(), &reply(StatusCode::OK, body), NOW)
        .unwrap();
    let arguments = &read.tool_calls[0].arguments;
    assert_eq!(arguments, "{\"INVALID_JSON\":\"{\\\"zone\\\": \"}");
}

/// The answer without white space behind the arguments: it is left out where it comes when the call is over.
fn trimmed(mut response: Response) -> Response {
    for call in &mut response.tool_calls {
        call.arguments.truncate(call.arguments.trim_end().len());
    }
    response
}

/// The answer with arguments that can stand in a whole one.
fn with_objects(response: Response) -> Response {
    let is_object = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_object())
    };
    let calls = response.tool_calls.into_iter().map(|call| ToolCall {
        arguments: Some(object(&call.arguments))
            .filter(|text| is_object(text))
            .unwrap_or_default(),
        ..call
    });
    Response {
        tool_calls: calls.collect(),
        ..response
    }
}

fn reply(status: StatusCode, body: Vec<u8>) -> Reply {
    Reply {
        head: ReplyHead::Http {
            status,
            headers: HeaderMap::new(),
        },
        body: Bytes::from(body),
    }
}

fn read(bytes: &[u8], cuts: &[Index]) -> (Vec<Delta>, Result<StreamEnd, Failure>) {
    let kind = HeaderValue::from_static("text/event-stream");
    let head = ReplyHead::Http {
        status: StatusCode::OK,
        headers: HeaderMap::from_iter([(http::header::CONTENT_TYPE, kind)]),
    };
    let target = target();
    let mut decoder = Anthropic.stream_decoder(&target, &head).unwrap();
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let mut deltas = Vec::new();
    for pair in cuts.windows(2) {
        if let Err(failure) = decoder.push(&bytes[pair[0]..pair[1]], &mut deltas) {
            return (deltas, Err(failure));
        }
    }
    (deltas, decoder.finish())
}
