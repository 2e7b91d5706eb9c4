//! What a process knows of the limits it goes on with alone, and of the attempts that were let go by either side.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::numbers;
use super::share::{self, Share};
use crate::memory::Limited;
use crate::store::{Ask, LastKnown, Report, Turn};

/// What is known here.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) outage: Option<Outage>,
    /// How often the store went away.
    pub(super) outages: u64,
    /// When the last outage ended, and how long was paused in it.
    pub(super) last: Option<(Instant, Duration)>,
    limits: HashMap<LimitKey, Here>,
}

pub(super) struct Outage {
    /// Looks whether the store is back.
    pub(super) watch: JoinHandle<()>,
}

/// One limit.
#[derive(Default)]
pub(super) struct Here {
    /// Attempts under way that the store let go.
    pub(super) under_way: HashSet<OpId>,
    apart: Option<Apart>,
}

/// A limit without its store.
pub(super) struct Apart {
    /// In which outage it began.
    outage: u64,
    share: Share,
    limited: Limited,
}

impl Desk {
    pub(super) fn here(&mut self, key: &LimitKey) -> &mut Here {
        if !self.limits.contains_key(key) {
            self.limits.insert(key.clone(), Here::default());
        }
        self.limits.entry(key.clone()).or_default()
    }

    /// Takes a report about an attempt that was let go apart, and says who else must learn of it.
    pub(super) fn take(
        &mut self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
        now: Timestamp,
    ) -> Next {
        let is_away = self.outage.is_some();
        let Some(here) = self.limits.get_mut(key) else {
            return if is_away { Next::Nobody } else { Next::Store };
        };
        if let Some(apart) = &mut here.apart {
            if apart.limited.knows(op) {
                let limits = apart.share.limits(limits, 0);
                apart.limited.report(op, report, &limits, now);
                return Next::Nobody;
            }
            if report == Report::Left {
                apart.limited.report(op, report, limits, now);
            }
        }
        let ended = report.ends() && here.under_way.contains(&op);
        match (is_away, ended) {
            (false, _) => Next::Store,
            (true, true) => Next::StoreLater,
            // A place lapses by itself, and what was learned before an outage is old after it.
            (true, false) => Next::Nobody,
        }
    }

    /// The store was told, or will be. Until then an attempt counts as under way: whoever tells may be dropped before.
    pub(super) fn told(&mut self, key: &LimitKey, op: OpId, report: Report) {
        if let Some(here) = self.limits.get_mut(key).filter(|_| report.ends()) {
            here.under_way.remove(&op);
        }
    }

    /// What the store may let go here beside what left apart from it and is still under way, of which it knows nothing.
    pub(super) fn beside_those_apart(&self, key: &LimitKey, limits: &Limits) -> Limits {
        let apart = self.limits.get(key).and_then(|here| here.apart.as_ref());
        let apart = apart.map_or(0, |apart| apart.limited.under_way());
        let most = limits.max_concurrency;
        Limits {
            max_concurrency: most.map(|most| most.saturating_sub(apart)),
            ..*limits
        }
    }
}

/// Who must learn of a report.
pub(super) enum Next {
    Nobody,
    Store,
    /// The store, when it is back.
    StoreLater,
}

impl Here {
    /// Begun anew in each outage, unless attempts of an earlier one are still under way.
    pub(super) fn apart(
        &mut self,
        outage: u64,
        limits: &Limits,
        known: Option<LastKnown>,
        now: Timestamp,
    ) -> &mut Apart {
        let is_old = |apart: &Apart| apart.outage != outage;
        if self.apart.as_ref().is_none_or(is_old) {
            let before = self.apart.take().map(|apart| apart.limited);
            let limited = before.filter(|limited| !limited.is_idle());
            self.apart = Some(Apart {
                outage,
                share: Share::of(limits, known, now),
                limited: limited.unwrap_or_default(),
            });
        }
        #[expect(clippy::unwrap_used, reason = "it was put there above")]
        self.apart.as_mut().unwrap()
    }
}

impl Apart {
    pub(super) fn ask(
        &mut self,
        asks: &[Ask],
        limits: &Limits,
        under_way: usize,
        now: Timestamp,
    ) -> Turn {
        let Some(head) = asks.first() else {
            return Turn::Refused { after: None };
        };
        if let Some(after) = self.share.too_early(now) {
            return share::not_before(head, after);
        }
        let known_here: Vec<Ask> = asks
            .iter()
            .map(|ask| Ask {
                seq: ask.seq.map(numbers::plain),
                ..*ask
            })
            .collect();
        let limits = self.share.limits(limits, under_way);
        match self.limited.ask(&known_here, &limits, now) {
            Turn::Go { index, seq } => Turn::Go {
                index,
                seq: asks.get(index).map_or(seq, |ask| numbers::told(ask, seq)),
            },
            Turn::Wait {
                after,
                seq,
                why,
                ahead,
                by_size,
                gap,
            } => Turn::Wait {
                after,
                seq: numbers::told(head, seq),
                why,
                ahead,
                by_size,
                gap,
            },
            other => other,
        }
    }
}
