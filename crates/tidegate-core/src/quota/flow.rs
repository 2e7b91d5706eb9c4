//! When the next ones could leave, as things stand: a copy of the numbers that a walk along the line may advance.

use super::Cost;
use super::limits::{Dimension, Limit};
use super::meter::Meter;
use super::pace::Pace;

/// A start that only somebody else's end can bring.
pub(super) const BLOCKED: u64 = u64::MAX;

/// The numbers that decide a start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    pub(super) now: u64,
    pub(super) limits: [Option<Limit>; 4],
    pub(super) meters: [Meter; 4],
    pub(super) pace: Option<Pace>,
    /// Attempts that may be under way besides those that are.
    pub(super) free: u32,
    /// Nobody leaves before.
    pub(super) barrier: u64,
    /// The first to leave is a probe: how long the next one waits for its verdict.
    pub(super) probe: Option<u64>,
}

impl Flow {
    /// When an attempt of this cost could leave, were it the next; [`BLOCKED`] while too many are under way.
    pub(super) fn start(&self, cost: Cost) -> u64 {
        if self.free == 0 {
            return BLOCKED;
        }
        let paced = self.pace.map_or(0, |pace| pace.next);
        let floor = self.now.max(self.barrier).max(paced);
        self.metered()
            .map(|(dimension, limit, meter)| meter.start(limit, cost.of(dimension), floor))
            .fold(floor, u64::max)
    }

    /// Whether its size, not its turn, is what keeps an attempt of this cost: a smaller one could leave sooner.
    pub(super) fn is_held_by_size(&self, cost: Cost) -> bool {
        let one = Cost {
            requests: cost.requests,
            ..Cost::default()
        };
        self.start(one) < self.start(cost)
    }

    /// Counts an attempt that leaves at `at`.
    pub(super) fn take(&mut self, cost: Cost, at: u64) {
        if at == BLOCKED {
            return;
        }
        self.free -= 1;
        for dimension in Dimension::ALL {
            if let Some(limit) = self.limits[dimension.index()] {
                self.meters[dimension.index()].take(limit, cost.of(dimension), at);
            }
        }
        if let Some(pace) = &mut self.pace {
            pace.take(at);
        }
        if let Some(verdict) = self.probe.take() {
            self.barrier = at.saturating_add(verdict);
        }
    }

    fn metered(&self) -> impl Iterator<Item = (Dimension, Limit, &Meter)> {
        Dimension::ALL.into_iter().filter_map(|dimension| {
            let limit = self.limits[dimension.index()]?;
            Some((dimension, limit, &self.meters[dimension.index()]))
        })
    }
}
