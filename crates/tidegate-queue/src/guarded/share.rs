//! The part of a limit that is one process's while the store is away.

use std::time::Duration;

use tidegate_core::Timestamp;
use tidegate_core::quota::{Dimension, Limit, Limits, Metering, Waiting};

use super::numbers;
use crate::store::{Ask, LastKnown, Turn};

/// What was last known, divided by those who knew it.
#[derive(Debug)]
pub(super) struct Share {
    sharers: u32,
    /// The slowest of what is known of requests besides what is configured.
    requests: Option<Limit>,
    learned: [Option<Limit>; 4],
    most: Option<u32>,
    /// Nobody leaves before.
    opens: Timestamp,
}

impl Share {
    /// What is known at the beginning of an outage. The first of a process leaves when the last of all would have left if
    /// each had let one go: then all together are no faster than the limit from the first moment on.
    pub(super) fn of(limits: &Limits, known: Option<LastKnown>, now: Timestamp) -> Self {
        let Some(known) = known else {
            // Nobody is known: this process is alone, as far as it can tell.
            return Self {
                sharers: 1,
                requests: None,
                learned: [None; 4],
                most: None,
                opens: now,
            };
        };
        let mut share = Self {
            sharers: known.sharers.max(1),
            requests: known.pace.map(at_a_pace),
            learned: known.learned,
            most: known.most,
            opens: now,
        };
        let gap = share.dimension(limits, Dimension::Requests).map(gap);
        let others = gap.unwrap_or_default() * (share.sharers - 1);
        share.opens = now.saturating_add(known.next).saturating_add(others);
        share
    }

    /// What is configured, or known besides, for this process alone. `under_way` of its attempts were let go by the store.
    pub(super) fn limits(&self, limits: &Limits, under_way: usize) -> Limits {
        let most = match (limits.max_concurrency, self.most) {
            (Some(configured), Some(known)) => Some(configured.min(known)),
            (one, other) => one.or(other),
        };
        let under_way = u32::try_from(under_way).unwrap_or(u32::MAX);
        Limits {
            dimensions: Dimension::ALL
                .map(|dimension| self.dimension(limits, dimension).map(evenly)),
            max_concurrency: most
                .map(|most| (most / self.sharers).max(1).saturating_sub(under_way)),
            share: (limits.share / self.sharers).max(1),
        }
    }

    /// How long nobody leaves.
    pub(super) fn too_early(&self, now: Timestamp) -> Option<Duration> {
        let after = self.opens.saturating_since(now);
        (!after.is_zero()).then_some(after)
    }

    fn dimension(&self, limits: &Limits, dimension: Dimension) -> Option<Limit> {
        let index = dimension.index();
        let limit = limits.dimensions[index].or(self.learned[index]);
        match (limit, self.requests) {
            (Some(limit), Some(found)) if dimension == Dimension::Requests => {
                Some(if gap(limit) > gap(found) {
                    limit
                } else {
                    found
                })
            }
            (None, found) if dimension == Dimension::Requests => found,
            (limit, _) => limit,
        }
    }
}

/// What whoever asks too early is told.
pub(super) fn not_before(head: &Ask, after: Duration) -> Turn {
    if head.within.is_some_and(|within| within < after) {
        return Turn::Refused { after: Some(after) };
    }
    Turn::Wait {
        after,
        seq: numbers::told(head, 0),
        why: Waiting::Pace,
        ahead: 0,
        by_size: false,
        gap: None,
    }
}

/// A rate found from refusals, as a limit: so many a million seconds.
fn at_a_pace(per_second: f64) -> Limit {
    const SPAN: Duration = Duration::from_secs(1_000_000);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is positive, and a million times a rate fits"
    )]
    let units = (per_second * SPAN.as_secs_f64()) as u64;
    Limit::bucket(units, SPAN, 1)
}

fn gap(limit: Limit) -> Duration {
    Duration::from_micros(limit.per / limit.units.max(1))
}

/// Without a burst, and without windows, of which nobody knows how much the others have used.
const fn evenly(limit: Limit) -> Limit {
    Limit {
        burst: 1,
        metering: Metering::Bucket,
        ..limit
    }
}
