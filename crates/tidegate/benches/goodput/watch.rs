//! What happened: attempts, answers, and whether anybody was overtaken.
//!
//! A run is overtaken when a later one leaves while it waits and would have been let in, by the provider's own limits. A
//! run that is being refused does not wait: it has left.

use std::collections::BTreeMap;
use std::time::Duration;

use tidegate_simulator::{Cost, Limiter};
use tokio::time::Instant;

/// One play of a case, watched at the provider's door.
#[derive(Debug)]
pub(crate) struct Watch {
    start: Instant,
    costs: Vec<Cost>,
    /// The provider's limits once more, to ask what would have been.
    limiter: Limiter,
    /// Who waits, and since when.
    waiting: BTreeMap<usize, Instant>,
    played: Played,
}

/// What became of a case.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Played {
    /// From the start to the last answer.
    pub(crate) makespan: Duration,
    pub(crate) attempts: u64,
    pub(crate) answered: usize,
    pub(crate) overtaken: u64,
}

impl Watch {
    /// All runs wait from now on.
    pub(crate) fn new(costs: Vec<Cost>, limiter: Limiter) -> Self {
        let start = Instant::now();
        Self {
            start,
            waiting: (0..costs.len()).map(|run| (run, start)).collect(),
            costs,
            limiter,
            played: Played::default(),
        }
    }

    pub(crate) fn left(&mut self, run: usize) {
        let now = Instant::now();
        let passed = now - self.start;
        self.waiting.remove(&run);
        self.played.attempts += 1;
        let (waiting, costs, limiter) = (&self.waiting, &self.costs, &self.limiter);
        let cost = costs[run];
        let fits = |earlier: usize| {
            let theirs = costs[earlier];
            theirs == cost || limiter.clone().admit(passed, theirs).is_admitted()
        };
        // Whoever began to wait in this very moment may not have been seen.
        let overtaken = waiting
            .range(..run)
            .filter(|(_, since)| **since < now || **since == self.start)
            .any(|(earlier, _)| fits(*earlier));
        self.played.overtaken += u64::from(overtaken);
        let _ = self.limiter.admit(passed, cost).is_admitted();
    }

    pub(crate) fn refused(&mut self, run: usize) {
        self.waiting.insert(run, Instant::now());
    }

    pub(crate) fn answered(&mut self) {
        self.played.answered += 1;
        self.played.makespan = self.start.elapsed();
    }

    pub(crate) fn played(&self) -> Played {
        self.played
    }
}
