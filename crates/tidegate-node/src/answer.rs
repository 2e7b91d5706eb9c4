//! What the engine says, as JSON in JavaScript's spelling.

use serde::Serialize;
use serde_json::{Value, json};
use tidegate::{
    Attempt, Decision, Delta, Embeddings, Failure, FinishReason, ObservedLimits, Outcome,
    Reasoning, Response, Timestamp, ToolCall, Usage,
};

use crate::request::{camel, renamed};

#[derive(Serialize)]
struct Answer<'o> {
    text: &'o str,
    reasoning: &'o [Reasoning],
    tool_calls: &'o [ToolCall],
    finish_reason: &'o FinishReason,
    model: Option<&'o str>,
    id: Option<&'o str>,
    #[serde(flatten)]
    course: Course<'o>,
}

#[derive(Serialize)]
struct Vectors<'o> {
    model: Option<&'o str>,
    count: usize,
    dimensions: usize,
    #[serde(flatten)]
    course: Course<'o>,
}

/// What a run took.
#[derive(Serialize)]
struct Course<'o> {
    run: String,
    target: Option<&'o str>,
    usage: Option<Usage>,
    attempts: Vec<Try<'o>>,
    tokens_maybe_billed: u64,
    rate_limits: ObservedLimits,
    context: Context<'o>,
    queued_ms: f64,
    took_ms: f64,
}

/// One attempt.
#[derive(Debug, Serialize)]
pub(crate) struct Try<'o> {
    number: u32,
    target: &'o str,
    started: Timestamp,
    took_ms: f64,
    tokens_maybe_billed: u64,
    failure: Option<&'o Failure>,
    decision: Option<Decision>,
}

#[derive(Serialize)]
struct Context<'o> {
    files: Vec<&'o str>,
    bytes: u64,
    skipped: Vec<Left<'o>>,
    unmatched: Vec<&'o str>,
}

#[derive(Serialize)]
struct Left<'o> {
    path: &'o str,
    reason: String,
}

/// A value as JSON, its keys spelled as JavaScript spells them.
pub(crate) fn json(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    renamed(value, &camel).to_string()
}

/// An answer.
pub(crate) fn answer(outcome: &Outcome, response: &Response) -> String {
    json(&Answer {
        text: &response.text,
        reasoning: &response.reasoning,
        tool_calls: &response.tool_calls,
        finish_reason: &response.finish_reason,
        model: response.model.as_deref(),
        id: response.id.as_deref(),
        course: course(outcome),
    })
}

/// Vectors: what is said of them, and their numbers one after the other.
pub(crate) fn vectors(outcome: &Outcome<Embeddings>, embeddings: &Embeddings) -> (String, Vec<u8>) {
    let said = json(&Vectors {
        model: embeddings.model.as_deref(),
        count: embeddings.vectors.len(),
        dimensions: embeddings.vectors.first().map_or(0, Vec::len),
        course: course(outcome),
    });
    let count = embeddings.vectors.iter().map(Vec::len).sum::<usize>();
    let mut numbers = Vec::with_capacity(count * size_of::<f32>());
    for number in embeddings.vectors.iter().flatten() {
        numbers.extend_from_slice(&number.to_le_bytes());
    }
    (said, numbers)
}

fn course<A>(outcome: &Outcome<A>) -> Course<'_> {
    let packed = &outcome.packed;
    let left = packed.skipped().iter().map(|skipped| Left {
        path: &skipped.path,
        reason: skipped.reason.to_string(),
    });
    Course {
        run: outcome.run.to_string(),
        target: outcome.target.as_deref(),
        usage: outcome.usage,
        attempts: tries(&outcome.attempts),
        tokens_maybe_billed: outcome.may_be_billed(),
        rate_limits: outcome.limits,
        context: Context {
            files: packed
                .files()
                .iter()
                .map(|file| file.path.as_str())
                .collect(),
            bytes: packed.bytes(),
            skipped: left.collect(),
            unmatched: packed
                .unmatched()
                .iter()
                .map(|unmatched| unmatched.pattern.as_str())
                .collect(),
        },
        queued_ms: outcome.queued.as_secs_f64() * 1e3,
        took_ms: outcome.took.as_secs_f64() * 1e3,
    }
}

/// Every attempt, in order.
pub(crate) fn tries(attempts: &[Attempt]) -> Vec<Try<'_>> {
    let tries = attempts.iter().map(|attempt| Try {
        number: attempt.number,
        target: &attempt.target,
        started: attempt.started,
        took_ms: attempt.took.as_secs_f64() * 1e3,
        tokens_maybe_billed: attempt.may_be_billed,
        failure: attempt.failed.as_ref().map(|(failure, _)| failure),
        decision: attempt.failed.as_ref().map(|(_, decision)| *decision),
    });
    tries.collect()
}

/// A piece of a streamed answer. `None` for one that this version has no word for.
pub(crate) fn piece(delta: &Delta) -> Option<Value> {
    let piece = match delta {
        Delta::Text(text) => json!({ "type": "text", "text": text }),
        Delta::Reasoning(text) => json!({ "type": "reasoning", "text": text }),
        Delta::ReasoningEnd {
            signature,
            encrypted,
        } => {
            json!({ "type": "reasoning_end", "signature": signature, "encrypted": encrypted })
        }
        Delta::ToolCall(call) => json!({
            "type": "tool_call",
            "index": call.index,
            "id": call.id,
            "name": call.name,
            "arguments": call.arguments,
        }),
        Delta::Started { id, model } => json!({ "type": "started", "id": id, "model": model }),
        Delta::Finished(reason) => json!({ "type": "finished", "finish_reason": reason }),
        Delta::Usage(usage) => json!({ "type": "usage", "usage": usage }),
        _ => return None,
    };
    Some(renamed(piece, &camel))
}
