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
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use crate::store::{Ask, KeyStatus, QueueStore, Report, StoreError, StoreFuture, Turn};
use worker::{Backlog, Done, Job, News, What, Worker};

pub use clock::{BootClock, HostClock};
pub use file::OpenError;

/// How long a process that is not heard of counts as alive.
const TTL: Duration = Duration::from_secs(10);
/// Jobs the thread may be given before it has done the first of them.
const JOBS: usize = 1024;
/// Of these, those that somebody waits for. The rest is for reports from destructors.
const AWAITED: usize = 768;

/// Keeps all state in a file that the processes of a host share.
#[derive(Debug)]
pub struct SqliteStore {
    jobs: Option<SyncSender<Job>>,
    /// Room in the channel, taken before a job is sent, so that sending never blocks.
    room: Semaphore,
    backlog: Backlog,
    thread: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the file, and makes it where it is missing.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, BootClock, TTL)
    }

    /// As [`open`](Self::open), by another clock; processes not heard of for `ttl` count as gone.
    pub fn open_with(path: &Path, clock: impl HostClock, ttl: Duration) -> Result<Self, OpenError> {
        let opened = file::open(path, &clock)?;
        let (jobs, received) = sync_channel(JOBS);
        let backlog = Backlog::default();
        let worker = Worker {
            ledger: ledger::Ledger::new(opened, Box::new(clock), ttl),
            jobs: received,
            backlog: Arc::clone(&backlog),
            file: path.display().to_string(),
            rest: ttl / 3,
        };
        let thread = std::thread::Builder::new().name("tidegate-queue".to_owned());
        let thread =
            thread
                .spawn(move || worker.serve())
                .map_err(|source| OpenError::Unwritable {
                    path: path.to_owned(),
                    source,
                })?;
        Ok(Self {
            jobs: Some(jobs),
            room: Semaphore::new(AWAITED),
            backlog,
            thread: Some(thread),
        })
    }

    /// Has the thread do something, and waits for the answer.
    async fn order(&self, what: What) -> Result<Done, StoreError> {
        let (_room, answer) = self.hand_over(what).await?;
        answer.await.map_err(|_| gone())?
    }

    async fn hand_over(&self, what: What) -> Result<(SemaphorePermit<'_>, Answer), StoreError> {
        let room = self.room.acquire().await.map_err(|_| gone())?;
        let (reply, answer) = oneshot::channel();
        let job = Job {
            what,
            reply: Some(reply),
        };
        match self.jobs.as_ref().ok_or_else(gone)?.try_send(job) {
            Ok(()) => Ok((room, answer)),
            Err(TrySendError::Full(_)) => {
                Err(StoreError("too much is asked of it at once".to_owned()))
            }
            Err(TrySendError::Disconnected(_)) => Err(gone()),
        }
    }
}

type Answer = oneshot::Receiver<Result<Done, StoreError>>;

/// The thread answers what it is asked.
fn amiss() -> StoreError {
    StoreError("it answered another question".to_owned())
}

fn gone() -> StoreError {
    StoreError("its thread has ended".to_owned())
}

/// A question on its way. Dropped when its answer has come and was not read, it gives back what it was given.
struct Question<'a> {
    store: &'a SqliteStore,
    key: &'a LimitKey,
    asks: &'a [Ask],
    limits: &'a Limits,
    answer: Answer,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.answer.close();
        let Ok(Ok(Done::Turn(Turn::Go { index, .. }))) = self.answer.try_recv() else {
            return;
        };
        if let Some(ask) = self.asks.get(index) {
            let (key, unsent) = (self.key, Report::Unsent);
            self.store
                .report_later(key, ask.op, unsent, self.limits, Timestamp::default());
        }
    }
}

impl Drop for SqliteStore {
    /// Waits until the last reports are written: the process may end next.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was shown there.
            drop(thread.join());
        }
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
            let what = What::Ask {
                key: key.clone(),
                asks: asks.to_vec(),
                limits: *limits,
            };
            let (_room, answer) = self.hand_over(what).await?;
            let mut question = Question {
                store: self,
                key,
                asks,
                limits,
                answer,
            };
            match (&mut question.answer).await.map_err(|_| gone())?? {
                Done::Turn(turn) => Ok(turn),
                _ => Err(amiss()),
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
        let news = News {
            key: key.clone(),
            op,
            report,
            limits: *limits,
        };
        Box::pin(async move { self.order(What::Report(news)).await.map(drop) })
    }

    fn report_later(
        &self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
        _now: Timestamp,
    ) {
        let news = News {
            key: key.clone(),
            op,
            report,
            limits: *limits,
        };
        let Some(jobs) = &self.jobs else { return };
        let job = Job {
            what: What::Report(news),
            reply: None,
        };
        if let Err(TrySendError::Full(Job {
            what: What::Report(news),
            ..
        })) = jobs.try_send(job)
        {
            let mut backlog = self.backlog.lock().unwrap_or_else(PoisonError::into_inner);
            backlog.push(news);
        }
    }

    fn status<'a>(
        &'a self,
        limits: &'a (dyn Fn(&str) -> Limits + Sync),
        _now: Timestamp,
    ) -> StoreFuture<'a, Vec<KeyStatus>> {
        Box::pin(async move {
            let Done::Rows(now, rows) = self.order(What::Status).await? else {
                return Err(amiss());
            };
            let status = |row: ledger::Row| KeyStatus {
                now: now.as_micros(),
                standing: row.state.standing(&limits(&row.key), now),
                holders: row.holders,
                key: row.key,
            };
            Ok(rows.into_iter().map(status).collect())
        })
    }

    fn reset<'a>(&'a self, key: &'a LimitKey) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            match self.order(What::Reset(key.clone())).await? {
                Done::Known(known) => Ok(known),
                _ => Err(amiss()),
            }
        })
    }

    fn reach(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.order(What::Reach).await.map(drop) })
    }
}
