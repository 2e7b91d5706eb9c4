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

/// Done in one transaction at most: others wait for it.
const TOGETHER: usize = 64;

/// What the thread is asked to do.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) what: What,
    /// Who waits for the answer.
    pub(super) reply: Option<oneshot::Sender<Result<Done, StoreError>>>,
}

#[derive(Debug)]
pub(super) enum What {
    Ask {
        key: LimitKey,
        asks: Vec<Ask>,
        limits: Limits,
    },
    Report(News),
    Status,
    Reset(LimitKey),
    Reach,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Done {
    Turn(Turn),
    Told,
    Rows(Timestamp, Vec<Row>),
    Known(bool),
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

    /// Does all that is waiting in one transaction, which costs as much as the steps of many.
    fn work(&mut self, first: Job) {
        let more = self.jobs.try_iter().take(TOGETHER - 1);
        let jobs: Vec<Job> = std::iter::once(first).chain(more).collect();
        let done = self.ledger.atomically(|ledger| {
            let done = jobs.iter().map(|job| carry_out(ledger, &job.what));
            done.collect::<rusqlite::Result<Vec<_>>>()
        });
        match done {
            Ok(done) => {
                for (job, done) in jobs.into_iter().zip(done) {
                    self.answer(job, done);
                }
            }
            Err(error) => {
                for job in jobs {
                    self.fail(job, self.error(&error));
                }
            }
        }
    }

    fn answer(&self, job: Job, done: Done) {
        let Some(reply) = job.reply else { return };
        let Err(Ok(Done::Turn(Turn::Go { index, .. }))) = reply.send(Ok(done)) else {
            return;
        };
        // Nobody heard it.
        if let What::Ask { key, asks, limits } = job.what
            && let Some(ask) = asks.get(index)
        {
            self.note(News {
                key,
                op: ask.op,
                report: Report::Unsent,
                limits,
            });
        }
    }

    fn fail(&self, job: Job, error: StoreError) {
        if let What::Report(news) = job.what
            && !matches!(news.report, Report::Accepted(_))
        {
            self.note(news);
        }
        if let Some(reply) = job.reply {
            // Whoever does not listen any more has lost nothing.
            drop(reply.send(Err(error)));
        }
    }

    /// Writes what is left over, up to the first failure, and renews what is held.
    fn catch_up(&mut self) {
        if !self.is_even() {
            let mut left = std::mem::take(&mut *self.lock()).into_iter();
            while let Some(news) = left.next() {
                let told = |ledger: &mut Ledger| tell(ledger, &news);
                if self.ledger.atomically(told).is_err() {
                    self.lock().extend(std::iter::once(news).chain(left));
                    break;
                }
            }
        }
        if let Err(error) = self.ledger.renew() {
            tracing::debug!("{}: {error}", self.file);
        }
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

fn carry_out(ledger: &mut Ledger, what: &What) -> rusqlite::Result<Done> {
    match what {
        What::Ask { key, asks, limits } => ledger.ask(key, asks, limits).map(Done::Turn),
        What::Report(news) => tell(ledger, news).map(|()| Done::Told),
        What::Status => ledger.rows().map(|(now, rows)| Done::Rows(now, rows)),
        What::Reset(key) => ledger.reset(key).map(Done::Known),
        // That there is a transaction is the answer.
        What::Reach => Ok(Done::Told),
    }
}

fn tell(ledger: &mut Ledger, news: &News) -> rusqlite::Result<()> {
    ledger.report(&news.key, news.op, news.report, &news.limits)
}
