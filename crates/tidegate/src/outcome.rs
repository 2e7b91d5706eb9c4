//! What became of a run.

use std::time::Duration;

use tidegate_context::Packed;
use tidegate_core::{Cost, Decision, Failure, ObservedLimits, Response, RunId, Timestamp, Usage};

use crate::error::Error;

/// What became of a run: the answer or the error, and everything that was tried for it.
#[derive(Debug)]
pub struct Outcome<A = Response> {
    /// The run, as its events name it.
    pub run: RunId,
    /// The answer, or why there is none.
    pub result: Result<A, Error>,
    /// What the answer cost, where the provider says so.
    pub usage: Option<Usage>,
    /// The target that served, by its label.
    pub target: Option<String>,
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
    /// Time spent waiting in the queue.
    pub queued: Duration,
    /// Time the whole run took.
    pub took: Duration,
    /// What the last reply told of the provider's limits.
    pub limits: ObservedLimits,
    /// The files packed before the prompt, and those left out.
    pub packed: Packed,
}

impl<A> Outcome<A> {
    /// Tokens of failed attempts that may have been billed all the same: an estimate.
    pub fn may_be_billed(&self) -> u64 {
        self.attempts
            .iter()
            .map(|attempt| attempt.may_be_billed)
            .sum()
    }
}

/// One try of a run at one target.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// 1 for the run's first.
    pub number: u32,
    /// Where it went, by its label.
    pub target: String,
    /// When it left.
    pub started: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What it was estimated to use up.
    pub estimate: Cost,
    /// Tokens it may have been billed for though it failed: an estimate, or the provider's count where that came.
    pub may_be_billed: u64,
    /// Why it failed and what followed; `None` for the one that brought the answer.
    pub failed: Option<(Failure, Decision)>,
}
