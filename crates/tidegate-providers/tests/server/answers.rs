//! The law of answers: the client's end reads what the server's end writes, whole or in pieces.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use tidegate_core::{
    Delta, Failure, FinishReason, Reasoning, Response, Status, StreamEnd, ToolCallDelta, Usage,
};
use tidegate_providers::dialect::openai_chat::server::{self, ErrorReply, HEARTBEAT, StreamWriter};
use tidegate_providers::{Reply, ReplyHead, find};

use crate::{NOW, target};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_whole_answer_is_read_back_as_it_was_written(pieces in pieces()) {
        let response = sum(&pieces);
        let reply = reply(StatusCode::OK, server::write(&response, NOW));
        let read = provider().decode(&target("openai"), &reply, NOW).unwrap();
        prop_assert_eq!(read, come_back(response));
    }

    #[test]
    fn the_pieces_of_an_answer_add_up_to_it_whatever_the_chunks(
        pieces in pieces(),
        beats in vec(any::<bool>(), 24),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let mut writer = StreamWriter::new(NOW, true);
        let mut bytes = Vec::new();
        for (piece, beat) in pieces.iter().zip(beats.into_iter().cycle()) {
            writer.push(piece, &mut bytes);
            bytes.extend_from_slice(if beat { HEARTBEAT } else { b"" });
        }
        writer.finish(&mut bytes);
        let (read, end) = read(&bytes, &cuts);
        prop_assert_eq!(end.unwrap(), StreamEnd { terminated: true });
        prop_assert_eq!(sum(&read), come_back(sum(&pieces)));
    }

    #[test]
    fn a_stream_that_was_not_finished_is_never_a_success(pieces in pieces(), cuts in vec(any::<Index>(), 0..6)) {
        let mut writer = StreamWriter::new(NOW, true);
        let mut bytes = Vec::new();
        let unfinished = |piece: &&Delta| !matches!(piece, Delta::Finished(_));
        for piece in pieces.iter().filter(unfinished) {
            writer.push(piece, &mut bytes);
        }
        prop_assert!(read(&bytes, &cuts).1.is_err());
    }

    #[test]
    fn an_error_is_read_back_with_its_status_words_and_code(
        status in 400u16..600,
        message in "[a-z]{1,8}( [a-z]{1,8}){0,4}",
        code in option::of("[a-z]{3,10}_x"),
    ) {
        let status = StatusCode::from_u16(status).unwrap();
        let error = ErrorReply { status, message: &message, param: None, code: code.as_deref() };
        let failure = provider().decode(&target("openai"), &reply(status, error.body()), NOW).unwrap_err();
        prop_assert_eq!(failure.status, Some(Status::Http(status.as_u16())));
        prop_assert_eq!(failure.detail.as_str(), &message);
        if code.is_some() {
            prop_assert_eq!(&failure.code, &code);
        }
        let mut bytes = Vec::new();
        error.event(&mut bytes);
        let failure = read(&bytes, &[]).1.unwrap_err();
        prop_assert_eq!(failure.detail.as_str(), &message);
    }
}

#[test]
fn what_it_cost_is_told_only_to_those_who_asked() {
    for asked in [true, false] {
        let mut writer = StreamWriter::new(NOW, asked);
        let mut bytes = Vec::new();
        writer.push(&Delta::Usage(Usage::default()), &mut bytes);
        writer.push(&Delta::Finished(FinishReason::Stop), &mut bytes);
        writer.finish(&mut bytes);
        let (pieces, _) = read(&bytes, &[]);
        assert_eq!(sum(&pieces).usage.is_some(), asked);
    }
}

fn provider() -> &'static dyn tidegate_providers::Provider {
    find("openai").unwrap()
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
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_static("text/event-stream");
    headers.insert("content-type", kind);
    let head = ReplyHead::Http {
        status: StatusCode::OK,
        headers,
    };
    let target = target("openai");
    let mut decoder = provider().stream_decoder(&target, &head).unwrap();
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

fn sum(pieces: &[Delta]) -> Response {
    let mut response = Response::default();
    for piece in pieces {
        response.add(piece);
    }
    response
}

/// An answer as it comes back: its thoughts in one piece, a wish for tools named as such.
fn come_back(response: Response) -> Response {
    let thought: String = response
        .reasoning
        .iter()
        .map(|one| one.text.as_str())
        .collect();
    let thought = Some(thought).filter(|text| !text.is_empty());
    Response {
        reasoning: thought
            .map(|text| Reasoning {
                text,
                ..Reasoning::default()
            })
            .into_iter()
            .collect(),
        finish_reason: match response.finish_reason {
            FinishReason::Stop if !response.tool_calls.is_empty() => FinishReason::ToolCalls,
            other => other,
        },
        ..response
    }
}

/// Pieces of one answer, in any order in which a model could write them, with a proper end.
fn pieces() -> impl Strategy<Value = Vec<Delta>> {
    let started = option::of(("[a-z0-9-]{1,12}", option::of("[a-z0-9-]{1,12}")));
    let steps = vec(step(), 0..10);
    (started, steps, reason(), option::of(usage())).prop_map(|(started, steps, reason, usage)| {
        let mut pieces = Vec::new();
        if let Some((id, model)) = started {
            pieces.push(Delta::Started {
                id: Some(id),
                model,
            });
        }
        let mut calls = 0;
        for step in steps {
            pieces.extend(step.piece(&mut calls));
        }
        pieces.push(Delta::Finished(reason));
        pieces.extend(usage.map(Delta::Usage));
        pieces
    })
}

#[derive(Debug, Clone)]
enum Step {
    Say(Delta),
    Call {
        id: String,
        name: String,
        arguments: String,
    },
    More {
        call: Index,
        arguments: String,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let text = || "(?s).{1,6}";
    let end = option::of("[a-z]{4}").prop_map(|signature| Delta::ReasoningEnd {
        signature,
        encrypted: None,
    });
    prop_oneof![
        3 => text().prop_map(|text| Step::Say(Delta::Text(text))),
        1 => text().prop_map(|text| Step::Say(Delta::Reasoning(text))),
        1 => end.prop_map(Step::Say),
        2 => ("[a-z0-9_]{1,6}", "[a-z_]{1,3}", ".{0,6}")
            .prop_map(|(id, name, arguments)| Step::Call { id, name, arguments }),
        2 => (any::<Index>(), text()).prop_map(|(call, arguments)| Step::More { call, arguments }),
    ]
}

impl Step {
    fn piece(self, calls: &mut usize) -> Option<Delta> {
        let piece = match self {
            Self::Say(piece) => return Some(piece),
            Self::Call {
                id,
                name,
                arguments,
            } => {
                *calls += 1;
                ToolCallDelta {
                    index: *calls - 1,
                    id: Some(id),
                    name: Some(name),
                    arguments,
                }
            }
            Self::More { .. } if *calls == 0 => return None,
            Self::More { call, arguments } => ToolCallDelta {
                index: call.index(*calls),
                arguments,
                ..ToolCallDelta::default()
            },
        };
        Some(Delta::ToolCall(piece))
    }
}

fn reason() -> impl Strategy<Value = FinishReason> {
    prop_oneof![
        Just(FinishReason::Stop),
        Just(FinishReason::Length),
        Just(FinishReason::ToolCalls),
        "x_[a-z]{1,6}".prop_map(FinishReason::Other),
    ]
}

prop_compose! {
    fn usage()(counts in any::<[u32; 5]>(), large in option::of(any::<u64>())) -> Usage {
        let [input, output, cached, written, reasoning] = counts.map(u64::from);
        Usage {
            input_tokens: large.unwrap_or(input),
            output_tokens: output,
            cached_input_tokens: cached,
            cache_write_tokens: written,
            reasoning_tokens: reasoning,
        }
    }
}
