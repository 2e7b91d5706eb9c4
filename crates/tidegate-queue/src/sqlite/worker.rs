//! The thread that owns the file. Its callers wait for it without holding up a runtime.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidegate_core::LimitKey;
use tidegate_core::Timestamp;
use tidegate_core::quota::{Limits, OpId};
use tokio::sync::oneshot;

use super::ledger::{Ledger, Row};
use crate::store::{Ask, Report, StoreError, Turn};

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the thread is asked to do.
#[derive(Debug)]
pub(super) enum Job {
    Ask {
        key: LimitKey,
        asks: Vec<Ask>,
        limits: Limits,
        reply: Reply<Turn>,
    },
    Report(News, Option<Reply<()>>),
    Status(Reply<(Timestamp, Vec<Row>)>),
    Reset(LimitKey, Reply<bool>),
}

/// What happened to one attempt.
#[derive(Debug)]
pub(super) struct News {
    pub(super) key: LimitKey,
    pub(super) op: OpId,
    pub(super) report: Report,
    pub(super) limits: Limits,
}

/// Reports that found the channel full or could not be written. Each ends something that is held here, so there are no
/// more of them than that.
pub(super) type Backlog = Arc<Mutex<Vec<News>>>;

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) ledger: Ledger,
    pub(super) jobs: Receiver<Job>,
    pub(super) backlog: Backlog,
    pub(super) file: String,
    pub(super) rest: Duration,
}

impl Worker {
    /// Works until the store is dropped, and then says that the process is gone.
    pub(super) fn serve(mut self) {
        loop {
            let job = if self.ledger.holds() || !self.is_even() {
                self.jobs.recv_timeout(self.rest)
            } else {
                self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match job {
                Ok(job) => self.work(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.catch_up();
        }
        self.catch_up();
        if let Err(error) = self.ledger.retire() {
            tracing::debug!("{}: {error}", self.file);
        }
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Ask {
                key,
                asks,
                limits,
                reply,
            } => {
                let turn = self.ledger.ask(&key, &asks, &limits);
                let Err(Ok(Turn::Go { index, .. })) = reply.send(turn.map_err(|e| self.error(&e)))
                else {
                    return;
                };
                // Nobody heard it.
                if let Some(ask) = asks.get(index) {
                    self.note(News {
                        key,
                        op: ask.op,
                        report: Report::Unsent,
                        limits,
                    });
                }
            }
            Job::Report(news, reply) => {
                let outcome = self.tell(&news);
                if outcome.is_err() && !matches!(news.report, Report::Accepted(_)) {
                    self.note(news);
                }
                if let Some(reply) = reply {
                    // Whoever does not listen any more has lost nothing.
                    drop(reply.send(outcome));
                }
            }
            Job::Status(reply) => {
                let rows = self.ledger.rows().map_err(|error| self.error(&error));
                drop(reply.send(rows));
            }
            Job::Reset(key, reply) => {
                let known = self.ledger.reset(&key).map_err(|error| self.error(&error));
                drop(reply.send(known));
            }
        }
    }

    /// Writes what is left over, up to the first failure, and renews what is held.
    fn catch_up(&mut self) {
        if !self.is_even() {
            let mut left = std::mem::take(&mut *self.lock()).into_iter();
            while let Some(news) = left.next() {
                if self.tell(&news).is_err() {
                    self.lock().extend(std::iter::once(news).chain(left));
                    break;
                }
            }
        }
        if let Err(error) = self.ledger.renew() {
            tracing::debug!("{}: {error}", self.file);
        }
    }

    fn tell(&mut self, news: &News) -> Result<(), StoreError> {
        let outcome = self
            .ledger
            .report(&news.key, news.op, news.report, &news.limits);
        outcome.map_err(|error| self.error(&error))
    }

    fn note(&self, news: News) {
        self.lock().push(news);
    }

    fn is_even(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<News>> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, error: &rusqlite::Error) -> StoreError {
        StoreError(format!("{}: {error}", self.file))
    }
}
