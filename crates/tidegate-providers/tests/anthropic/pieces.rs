//! Pieces of answers, as models write them and worse: thoughts anywhere, the calls of other vendors in turns.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use tidegate_core::{Delta, FinishReason, Reasoning, Response, ToolCall, ToolCallDelta, Usage};

use crate::conversations::arguments;

/// Pieces of one answer with a proper end. The pieces of each call are in order; calls may come in turns.
pub(crate) fn pieces() -> impl Strategy<Value = Vec<Delta>> {
    let started = option::of(("[a-z0-9]{1,6}", "[a-z0-9]{1,6}"));
    let said = vec(said(), 0..6);
    let calls = vec(call(), 0..4);
    let order = vec(any::<Index>(), 24);
    (started, said, calls, order, reason(), option::of(usage())).prop_map(
        |(started, said, calls, order, reason, usage)| {
            let mut pieces: Vec<_> = started.into_iter().map(begun).collect();
            pieces.extend(mixed(said, calls, &order));
            pieces.extend(usage.map(Delta::Usage));
            pieces.push(Delta::Finished(reason));
            pieces
        },
    )
}

fn begun((id, model): (String, String)) -> Delta {
    Delta::Started {
        id: Some(id),
        model: Some(model),
    }
}

fn said() -> impl Strategy<Value = Delta> {
    prop_oneof![
        3 => "(?s).{1,6}".prop_map(Delta::Text),
        2 => "(?s).{1,6}".prop_map(Delta::Reasoning),
        1 => "[a-z]{1,4}".prop_map(|signature| Delta::ReasoningEnd { signature: Some(signature), encrypted: None }),
        1 => "[a-z]{1,4}".prop_map(|data| Delta::ReasoningEnd { signature: None, encrypted: Some(data) }),
    ]
}

/// A call: id, name, and the pieces of its arguments; the last may be missing, as where the answer is cut.
fn call() -> impl Strategy<Value = (String, String, Vec<String>)> {
    let cut = prop::bool::weighted(0.2);
    (
        "[a-z]{1,4}",
        "[a-z]{1,4}",
        arguments(),
        vec(any::<Index>(), 0..4),
        cut,
    )
        .prop_map(|(id, name, arguments, cuts, cut)| {
            let mut pieces = chunks(&arguments, &cuts);
            if cut {
                pieces.pop();
            }
            (id, name, pieces)
        })
}

fn chunks(text: &str, cuts: &[Index]) -> Vec<String> {
    let mut at: Vec<_> = cuts
        .iter()
        .map(|cut| text.floor_char_boundary(cut.index(text.len() + 1)))
        .collect();
    at.extend([0, text.len()]);
    at.sort_unstable();
    at.windows(2)
        .map(|pair| text[pair[0]..pair[1]].to_owned())
        .collect()
}

/// One piece after the other, from where `order` says; a call begins when the one before it has.
fn mixed(
    said: Vec<Delta>,
    calls: Vec<(String, String, Vec<String>)>,
    order: &[Index],
) -> Vec<Delta> {
    let mut queues: Vec<Vec<Delta>> = vec![said];
    queues.extend(
        calls
            .into_iter()
            .enumerate()
            .map(|(index, (id, name, arguments))| {
                let piece = |arguments| ToolCallDelta {
                    index,
                    arguments,
                    ..ToolCallDelta::default()
                };
                let first = ToolCallDelta {
                    id: Some(id),
                    name: Some(name),
                    ..piece(String::new())
                };
                let rest = arguments
                    .into_iter()
                    .map(|text| Delta::ToolCall(piece(text)));
                std::iter::once(Delta::ToolCall(first))
                    .chain(rest)
                    .collect()
            }),
    );
    for queue in &mut queues {
        queue.reverse();
    }
    let (mut mixed, mut begun) = (Vec::new(), 1);
    for place in order.iter().cycle() {
        let open = queues.len().min(begun + 1);
        let Some(at) = nth_filled(&queues[..open], *place) else {
            break;
        };
        begun = begun.max(at + 1);
        mixed.extend(queues[at].pop());
    }
    mixed
}

fn nth_filled(queues: &[Vec<Delta>], place: Index) -> Option<usize> {
    let filled: Vec<_> = (0..queues.len())
        .filter(|at| !queues[*at].is_empty())
        .collect();
    (!filled.is_empty()).then(|| filled[place.index(filled.len())])
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
    fn usage()(counts in any::<[u32; 5]>()) -> Usage {
        let [input, output, cached, written, reasoning] = counts.map(u64::from);
        Usage {
            input_tokens: input + cached + written,
            output_tokens: output,
            cached_input_tokens: cached,
            cache_write_tokens: written,
            reasoning_tokens: reasoning,
        }
    }
}

/// What pieces add up to.
pub(crate) fn sum(pieces: &[Delta]) -> Response {
    let mut response = Response::default();
    for piece in pieces {
        response.add(piece);
    }
    response
}

/// An answer as it comes back: calls without arguments have an empty object, and who is not named goes by the names that
/// stand in.
pub(crate) fn come_back(response: Response) -> Response {
    let call = |call: ToolCall| ToolCall {
        arguments: if call.arguments.is_empty() {
            "{}".to_owned()
        } else {
            call.arguments
        },
        ..call
    };
    Response {
        id: response.id.or(Some("msg_law".into())),
        model: response.model.or(Some("law".into())),
        tool_calls: response.tool_calls.into_iter().map(call).collect(),
        usage: response.usage.filter(|usage| *usage != Usage::default()),
        ..response
    }
}

/// Thoughts as a whole answer tells them: those that nobody signed and nothing hides are one with the next.
pub(crate) fn joined(thoughts: Vec<Reasoning>) -> Vec<Reasoning> {
    let mut joined = Response::default();
    for thought in thoughts {
        if !thought.text.is_empty() {
            joined.add(&Delta::Reasoning(thought.text));
        }
        if thought.signature.is_some() || thought.encrypted.is_some() {
            joined.add(&Delta::ReasoningEnd {
                signature: thought.signature,
                encrypted: thought.encrypted,
            });
        }
    }
    joined.reasoning
}
