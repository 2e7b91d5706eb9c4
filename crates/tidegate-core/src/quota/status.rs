//! What a person may want to know of a limit.

use serde::{Deserialize, Serialize};

use super::limits::{Dimension, Limit, Limits};
use super::state::QuotaState;
use crate::timestamp::Timestamp;

/// A limit as it stands. Times are microseconds of the store's clock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The limits that apply, configured or learned, in the order of [`Dimension::ALL`].
    pub limits: [Option<Limit>; 4],
    /// Departures per second at present, where the rate was found from refusals.
    pub pace: Option<f64>,
    /// Nobody leaves before this; `None` when the way is free.
    pub barrier: Option<u64>,
    /// A spent quota keeps it closed until then.
    pub closed_until: Option<u64>,
    /// Places in the line whose holders still come back for them.
    pub waiting: usize,
    /// Attempts under way.
    pub in_flight: u32,
    /// When an attempt was last refused.
    pub last_refused: Option<u64>,
    /// How often the rate was cut.
    pub epoch: u64,
}

impl QuotaState {
    /// How the limit stands.
    pub fn standing(&self, limits: &Limits, now: Timestamp) -> Standing {
        let now = now.as_micros();
        let flow = self.flow(limits, now);
        Standing {
            limits: Dimension::ALL.map(|dimension| self.limit(dimension, limits)),
            pace: self.pace.map(|pace| pace.at(now)),
            barrier: Some(flow.barrier).filter(|barrier| *barrier > now),
            closed_until: Some(self.closed_until).filter(|until| *until > now),
            waiting: self.line.waiting(now),
            in_flight: self.in_flight,
            last_refused: Some(self.last_refused).filter(|at| *at > 0),
            epoch: self.epoch,
        }
    }
}
