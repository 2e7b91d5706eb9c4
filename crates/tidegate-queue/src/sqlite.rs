//! Queue state in a file: many invocations on one host wait in one line.
//!
//! Operations are short transactions. Where nobody else has the file, whoever asks makes his own, which is done before a thread
//! would have been woken; he waits neither for another process nor for the disk. Where somebody has it, a thread waits in
//! his place, and what comes together then is one transaction. What an attempt holds is held under its process's name, and
//! comes back when the process has not been heard of for a while.

mod busy;
mod clock;
mod file;
mod ledger;
mod log;
mod standing;
mod worker;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};

use crate::heard::Heard;
use crate::orders::{Orders, OwnClock};
use crate::store::{Ask, KeyStatus, LastKnown, QueueStore, Report, StoreFuture, Turn};
use ledger::Ledger;
use worker::Worker;

pub use clock::{BootClock, HostClock};
pub use file::OpenError;

/// How long a process that is not heard of counts as alive.
const TTL: Duration = Duration::from_secs(10);

/// Keeps all state in a file that the processes of a host share.
#[derive(Debug)]
pub struct SqliteStore {
    // Before the ledger: the thread ends before the file is closed.
    orders: Orders,
    /// Never waited for by a task, and never held while one waits.
    ledger: Arc<Mutex<Ledger>>,
    heard: Heard,
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
        let heard = ledger.heard.clone();
        let ledger = Arc::new(Mutex::new(ledger));
        let (theirs, file) = (Arc::clone(&ledger), path.display().to_string());
        let work = move |inbox| {
            let worker = Worker {
                ledger: theirs,
                inbox,
                file,
                rest: ttl / 3,
            };
            worker.serve();
        };
        Ok(Self {
            orders: Orders::to(work, OwnClock::default()),
            ledger,
            heard,
        })
    }

    /// Does it here and now, unless somebody has the file, or would be overtaken. Then it is for the thread, and so is
    /// whatever fails.
    fn at_once<T>(&self, step: impl FnOnce(&mut Ledger) -> rusqlite::Result<T>) -> Option<T> {
        let mut ledger = self.ledger.try_lock().ok()?;
        if !self.orders.are_done() || ledger.awaits_the_thread() {
            return None;
        }
        let done = ledger.at_once(step).ok()?;
        let wants_the_thread = ledger.wants_the_thread();
        drop(ledger);
        if wants_the_thread {
            self.orders.nudge();
        }
        Some(done)
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
        Box::pin(async move {
            match self.at_once(|ledger| ledger.ask(key, asks, limits)) {
                Some(turn) => Ok(turn),
                None => self.orders.ask(key, asks, limits).await,
            }
        })
    }

    fn report<'a>(
        &'a self,
        key: &'a LimitKey,
        op: OpId,
        report: Report,
        limits: &'a Limits,
        _now: Timestamp,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let told = self.at_once(|ledger| ledger.report(key, op, report, limits));
            if told.is_some() {
                return Ok(());
            }
            let news = self.orders.news(key, op, report, limits);
            // Whoever was let in or has ended has nothing to wait for.
            if !matches!(report, Report::Refused(_)) {
                self.orders.report_later(news);
                return Ok(());
            }
            self.orders.report(news).await
        })
    }

    fn report_later(
        &self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
        _now: Timestamp,
    ) {
        let told = self.at_once(|ledger| ledger.report(key, op, report, limits));
        if told.is_none() {
            let news = self.orders.news(key, op, report, limits);
            self.orders.report_later(news);
        }
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

    fn last_known(&self, key: &LimitKey) -> Option<LastKnown> {
        self.heard.of(key)
    }

    fn reach(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.orders.reach())
    }
}
