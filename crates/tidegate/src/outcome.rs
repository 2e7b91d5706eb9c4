//! What became of a run.

use std::time::Duration;

use tidegate_context::Packed;
use tidegate_core::{
    Cost, Decision, Delivery, Failure, ObservedLimits, Response, RunId, Timestamp, Usage,
};

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
        let unknown = self
            .attempts
            .iter()
            .filter(|attempt| attempt.may_be_billed());
        unknown.map(|attempt| attempt.estimate.input_tokens).sum()
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
    /// Why it failed and what followed; `None` for the one that brought the answer.
    pub failed: Option<(Failure, Decision)>,
}

impl Attempt {
    /// Whether it failed in a way that leaves open whether the provider served it.
    pub fn may_be_billed(&self) -> bool {
        self.failed
            .as_ref()
            .is_some_and(|(failure, _)| failure.delivery == Delivery::Unknown)
    }
}
