//! Queue state in this process: what a library wants unless it is told of others.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_core::quota::{Answer, Lease, Limits, OpId, QuotaState};
use tidegate_core::{LimitKey, Timestamp};

use crate::store::{Ask, Holder, KeyStatus, QueueStore, Report, StoreFuture, Turn};

/// Keeps all state in memory. It ends with the process, and so do those it would have to watch.
#[derive(Debug, Default)]
pub struct MemoryStore {
    limits: Mutex<HashMap<LimitKey, Limited>>,
}

/// One limit, and the attempts under way in it.
#[derive(Debug, Default)]
pub(crate) struct Limited {
    state: QuotaState,
    leases: HashMap<OpId, Lease>,
}

impl Limited {
    /// For tests that look at all of it.
    #[cfg(all(test, feature = "redis"))]
    pub(crate) const fn state(&self) -> &QuotaState {
        &self.state
    }

    /// As [`QuotaState::reset`].
    pub(crate) fn reset(&mut self) {
        self.state.reset();
    }

    /// Whether that attempt is under way.
    pub(crate) fn knows(&self, op: OpId) -> bool {
        self.leases.contains_key(&op)
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.leases.is_empty()
    }

    /// How many attempts are under way.
    pub(crate) fn under_way(&self) -> u32 {
        u32::try_from(self.leases.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn ask(&mut self, asks: &[Ask], limits: &Limits, now: Timestamp) -> Turn {
        let let_go = |ask: &Ask| self.leases.get(&ask.op).map(|lease| lease.seq);
        if let Some((index, seq)) = (0..).zip(asks).find_map(|(i, ask)| Some((i, let_go(ask)?))) {
            return Turn::Go { index, seq };
        }
        let answer = match asks {
            [ask] => self.state.ask(&[ask.at(now)], limits, now),
            asks => {
                let asks: Vec<_> = asks.iter().map(|ask| ask.at(now)).collect();
                self.state.ask(&asks, limits, now)
            }
        };
        if let Answer::Go { lease, .. } = answer {
            self.leases.insert(lease.op, lease);
        }
        Turn::of(&answer, now)
    }

    pub(crate) fn report(&mut self, op: OpId, report: Report, limits: &Limits, now: Timestamp) {
        if let Report::Left = report {
            self.state.leave(op);
            return;
        }
        let lease = if report.ends() {
            self.leases.remove(&op)
        } else {
            self.leases.get(&op).copied()
        };
        if let Some(lease) = lease {
            report.apply(&mut self.state, &lease, limits, now);
        }
    }
}

impl MemoryStore {
    /// The state is whole whenever the lock is free, so a panic elsewhere has not harmed it.
    fn limits(&self) -> MutexGuard<'_, HashMap<LimitKey, Limited>> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report_now(
        &self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
        now: Timestamp,
    ) {
        if let Some(limited) = self.limits().get_mut(key) {
            limited.report(op, report, limits, now);
        }
    }

    fn ask_now(&self, key: &LimitKey, asks: &[Ask], limits: &Limits, now: Timestamp) -> Turn {
        let mut all = self.limits();
        let limited = match all.get_mut(key) {
            Some(limited) => limited,
            None => all.entry(key.clone()).or_default(),
        };
        limited.ask(asks, limits, now)
    }
}

impl QueueStore for MemoryStore {
    fn ask<'a>(
        &'a self,
        key: &'a LimitKey,
        asks: &'a [Ask],
        limits: &'a Limits,
        now: Timestamp,
    ) -> StoreFuture<'a, Turn> {
        Box::pin(ready(Ok(self.ask_now(key, asks, limits, now))))
    }

    fn report<'a>(
        &'a self,
        key: &'a LimitKey,
        op: OpId,
        report: Report,
        limits: &'a Limits,
        now: Timestamp,
    ) -> StoreFuture<'a, ()> {
        self.report_now(key, op, report, limits, now);
        Box::pin(ready(Ok(())))
    }

    fn report_later(
        &self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
        now: Timestamp,
    ) {
        self.report_now(key, op, report, limits, now);
    }

    fn status<'a>(
        &'a self,
        limits: &'a (dyn Fn(&str) -> Limits + Sync),
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<KeyStatus>> {
        let all = self.limits();
        let mut keys: Vec<_> = all
            .iter()
            .map(|(key, limited)| {
                let attempts = u32::try_from(limited.leases.len()).unwrap_or(u32::MAX);
                let holder = Holder {
                    name: "this process".to_owned(),
                    attempts,
                    expires: std::time::Duration::MAX,
                };
                KeyStatus {
                    key: key.as_str().to_owned(),
                    now: now.as_micros(),
                    standing: limited.state.standing(&limits(key.as_str()), now),
                    holders: Vec::from_iter((attempts > 0).then_some(holder)),
                }
            })
            .collect();
        drop(all);
        keys.sort_by(|a, b| a.key.cmp(&b.key));
        Box::pin(ready(Ok(keys)))
    }

    fn reset<'a>(&'a self, key: &'a LimitKey) -> StoreFuture<'a, bool> {
        let mut all = self.limits();
        let limited = all.get_mut(key);
        let known = limited.map(Limited::reset).is_some();
        drop(all);
        Box::pin(ready(Ok(known)))
    }

    fn reach(&self) -> StoreFuture<'_, ()> {
        Box::pin(ready(Ok(())))
    }
}
