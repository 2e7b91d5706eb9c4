//! Queue state in a file: many invocations on one host wait in one line.
//!
//! Operations are short transactions, those that come together one transaction, made by a thread of its own so that no
//! runtime waits for a disk. What an
//! attempt holds is held under its process's name, and comes back when the process has not been heard of for a while.

mod clock;
mod file;
mod ledger;
mod worker;

use std::path::Path;
use std::time::Duration;

use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};

use crate::orders::{Orders, OwnClock};
use crate::store::{Ask, KeyStatus, QueueStore, Report, StoreFuture, Turn};
use ledger::Ledger;
use worker::Worker;

pub use clock::{BootClock, HostClock};
pub use file::OpenError;

/// How long a process that is not heard of counts as alive.
const TTL: Duration = Duration::from_secs(10);

/// Keeps all state in a file that the processes of a host share.
#[derive(Debug)]
pub struct SqliteStore {
    orders: Orders,
}

impl SqliteStore {
    /// Opens the file, and makes it where it is missing.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, BootClock, TTL)
    }

    /// As [`open`](Self::open), by another clock; processes not heard of for `ttl` count as gone.
    pub fn open_with(path: &Path, clock: impl HostClock, ttl: Duration) -> Result<Self, OpenError> {
        let opened = file::open(path, &clock)?;
        let ledger = Ledger::new(opened, Box::new(clock), ttl);
        let file = path.display().to_string();
        let work = move |inbox| {
            let worker = Worker {
                ledger,
                inbox,
                file,
                rest: ttl / 3,
            };
            worker.serve();
        };
        Ok(Self {
            orders: Orders::to(work, OwnClock::default()),
        })
    }
}

impl QueueStore for SqliteStore {
    fn ask<'a>(
        &'a self,
        key: &'a LimitKey,
        asks: &'a [Ask],
        limits: &'a Limits,
        _now: Timestamp,
    ) -> StoreFuture<'a, Turn> {
        Box::pin(self.orders.ask(key, asks, limits))
    }

    fn report<'a>(
        &'a self,
        key: &'a LimitKey,
        op: OpId,
        report: Report,
        limits: &'a Limits,
        _now: Timestamp,
    ) -> StoreFuture<'a, ()> {
        let news = self.orders.news(key, op, report, limits);
        Box::pin(self.orders.report(news))
    }

    fn report_later(
        &self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
        _now: Timestamp,
    ) {
        let news = self.orders.news(key, op, report, limits);
        self.orders.report_later(news);
    }

    fn status<'a>(
        &'a self,
        limits: &'a (dyn Fn(&str) -> Limits + Sync),
        _now: Timestamp,
    ) -> StoreFuture<'a, Vec<KeyStatus>> {
        Box::pin(self.orders.status(limits))
    }

    fn reset<'a>(&'a self, key: &'a LimitKey) -> StoreFuture<'a, bool> {
        Box::pin(self.orders.reset(key))
    }

    fn reach(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.orders.reach())
    }
}
