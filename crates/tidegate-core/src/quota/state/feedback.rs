//! What a limit learns from the attempts that left.

use super::{Gate, QuotaState};
use crate::quota::admission::{Lease, Refusal};
use crate::quota::learned::Learned;
use crate::quota::limits::{Dimension, Limits, Metering};
use crate::quota::pace::Pace;
use crate::quota::{Cost, Observed, ObservedLimits};
use crate::timestamp::Timestamp;

/// The shortest and the longest barrier after a refusal without a hint; it doubles with each failed probe.
const SHORTEST_BARRIER: u64 = 200_000;
const FIRST_BARRIER: u64 = 1_000_000;
const LONGEST_BARRIER: u64 = 60_000_000;
/// How much of a closure counts as time in which the limit regained: a bucket does not hold more.
const COUNTED_CLOSURE: u64 = 2_000_000;

impl QuotaState {
    /// Gives back what was taken for an attempt that was never sent.
    pub fn refund(&mut self, lease: &Lease, limits: &Limits) {
        self.settle(lease, Cost::default(), limits);
        if matches!(self.gate, Gate::Probing { op, .. } if op == lease.op) {
            self.gate = Gate::Closed;
        }
    }

    /// Ends an attempt: what was reserved for it becomes what it used.
    pub fn settle(&mut self, lease: &Lease, actual: Cost, limits: &Limits) {
        self.in_flight = self.in_flight.saturating_sub(1);
        for dimension in Dimension::ALL {
            if let Some(limit) = self.limit(dimension, limits) {
                let (reserved, actual) = (lease.cost.of(dimension), actual.of(dimension));
                self.meters[dimension.index()].correct(limit, reserved, actual, lease.sent_at);
            }
        }
    }

    /// Forgets an attempt whose holder died. It may have been served, so what it took stays taken.
    pub fn expire(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Learns that an attempt was let in, and from the headers of its reply. It stays under way.
    pub fn observe(
        &mut self,
        lease: &Lease,
        seen: &ObservedLimits,
        limits: &Limits,
        now: Timestamp,
    ) {
        let now = now.as_micros();
        let took = now.saturating_sub(lease.sent_at);
        self.latency = if self.latency == 0 {
            took
        } else {
            (self.latency * 7 + took) / 8
        };
        let seen = [
            seen.requests,
            seen.tokens,
            seen.input_tokens,
            seen.output_tokens,
        ];
        for dimension in Dimension::ALL {
            if let Some(seen) = seen[dimension.index()] {
                self.learn(dimension, seen, lease, limits);
            }
        }
        // A late success of an older epoch says nothing about this one.
        if lease.sent_at < self.cut_at {
            return;
        }
        self.failures = 0;
        match self.gate {
            Gate::Open => {}
            Gate::Closed | Gate::Probing { .. } => self.open(now),
        }
        if self.pace.is_none() {
            self.window = self.window().saturating_add(1);
        }
    }

    /// Learns that an attempt was refused, and ends it.
    pub fn penalise(&mut self, lease: &Lease, refusal: Refusal, limits: &Limits, now: Timestamp) {
        let now = now.as_micros();
        // Whoever was refused wrote and read nothing; its request may have counted all the same.
        let used = Cost {
            requests: lease.cost.requests,
            ..Cost::default()
        };
        self.settle(lease, used, limits);
        match refusal {
            Refusal::RateLimited { after } => self.limited(lease, after, limits, now),
            Refusal::Overloaded { after } => {
                if let Some(after) = after {
                    self.barrier = self.barrier.max(now.saturating_add(after));
                }
                self.window = (self.window() / 2).max(1);
            }
            Refusal::Exhausted { after } => {
                self.closed_until = self.closed_until.max(now.saturating_add(after));
            }
        }
    }

    fn limited(&mut self, lease: &Lease, after: Option<u64>, limits: &Limits, now: u64) {
        self.verdict = now.saturating_sub(lease.sent_at);
        self.last_refused = now;
        let was_probe = matches!(self.gate, Gate::Probing { op, .. } if op == lease.op);
        if lease.sent_at <= self.cut_at && !was_probe {
            // One of many that were refused together: the cut is made, the server may know better how long.
            self.remember(lease);
            if self.gate == Gate::Closed {
                let told = now.saturating_add(after.unwrap_or_default());
                self.barrier = self.barrier.max(told);
            }
            return;
        }
        if was_probe {
            self.failures = self.failures.saturating_add(1);
            // The measure begins with this one, and so does the time that does not count.
            self.closed_for = now.saturating_sub(lease.sent_at);
            self.remember(lease);
        } else {
            self.cut(lease, limits, now);
        }
        self.cut_at = now;
        self.epoch += 1;
        self.gate = Gate::Closed;
        self.barrier = now.saturating_add(self.hold(after));
    }

    /// The rate is measured from the last of those that were refused together.
    fn remember(&mut self, lease: &Lease) {
        if lease.serial > self.mark {
            self.mark = lease.serial;
            self.marked_at = lease.sent_at;
        }
    }

    /// The one cut of an epoch.
    fn cut(&mut self, lease: &Lease, limits: &Limits, now: u64) {
        for dimension in Dimension::ALL {
            if let Some(limit) = self.limit(dimension, limits)
                && dimension == Dimension::Requests
            {
                self.meters[dimension.index()].empty(limit, now);
            }
        }
        if !self.is_told(Dimension::Requests, limits) {
            let accepted = lease.serial.saturating_sub(self.mark + 1);
            let uncounted = self.closed_for.saturating_sub(COUNTED_CLOSURE);
            let during = lease
                .sent_at
                .saturating_sub(self.marked_at.saturating_add(uncounted));
            self.pace = Some(Pace::measured(self.pace, accepted, during.max(10_000), now));
        }
        self.mark = lease.serial;
        self.marked_at = lease.sent_at;
        self.closed_for = 0;
    }

    /// How long the barrier stands after a refusal.
    fn hold(&self, after: Option<u64>) -> u64 {
        let first = self.pace.map_or(FIRST_BARRIER, |pace| {
            (pace.gap(pace.since) * 5).clamp(SHORTEST_BARRIER, FIRST_BARRIER)
        });
        let doubled = first.saturating_mul(1 << self.failures.min(16));
        let own = doubled.min(LONGEST_BARRIER);
        match after {
            Some(after) if self.failures == 0 => after,
            Some(after) => after.max(own),
            None => own,
        }
    }

    fn learn(&mut self, dimension: Dimension, seen: Observed, lease: &Lease, limits: &Limits) {
        let index = dimension.index();
        let Some(learned) = Learned::from(self.learned[index], seen, lease.sent_at) else {
            return;
        };
        let before = self.learned[index].replace(learned);
        let limit = self.limit(dimension, limits);
        let Some(limit) = limit.filter(|_| self.is_told(dimension, limits)) else {
            return;
        };
        let used = seen.limit.saturating_sub(seen.remaining);
        let since = self.totals[index].saturating_sub(lease.totals[index]);
        let meter = &mut self.meters[index];
        if limits.dimensions[index].is_none() {
            let before = before.map(|before| before.limit.shared(limits.share));
            meter.convert(before, limit, lease.sent_at);
        }
        let out = used.saturating_add(since);
        match limit.metering {
            Metering::Bucket => {
                let told = lease.sent_at.saturating_add(limit.span(out));
                meter.full_at = meter.full_at.max(told);
            }
            Metering::Window => match learned.opened(limit, lease.sent_at) {
                Some(opened) if opened != meter.opened => {
                    meter.opened = opened;
                    meter.used = out;
                }
                // Of an earlier one.
                None if lease.sent_at < meter.opened => {}
                Some(_) | None => meter.used = meter.used.max(out),
            },
        }
    }

    /// Whether headers tell of the limit that applies, and not of another one than the configured: some vendors count by
    /// the day under a name that others count by the minute.
    fn is_told(&self, dimension: Dimension, limits: &Limits) -> bool {
        let index = dimension.index();
        self.learned[index].is_some_and(|learned| {
            limits.dimensions[index].is_none_or(|limit| limit.units == learned.limit.units)
        })
    }
}
