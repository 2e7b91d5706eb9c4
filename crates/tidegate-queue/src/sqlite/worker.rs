//! The thread that owns the file. Its callers wait for it without holding up a runtime.

use std::sync::PoisonError;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::ledger::Ledger;
use crate::orders::{Done, Inbox, Job, News, What};
use crate::store::{Report, StoreError};

/// Done in one transaction at most: others wait for it.
const TOGETHER: usize = 64;

pub(super) struct Worker {
    pub(super) ledger: Ledger,
    pub(super) inbox: Inbox,
    pub(super) file: String,
    pub(super) rest: Duration,
}

impl Worker {
    /// Works until the store is dropped, and then says that the process is gone.
    pub(super) fn serve(mut self) {
        loop {
            let job = if self.ledger.holds() || !self.is_even() {
                self.inbox.jobs.recv_timeout(self.rest)
            } else {
                self.inbox
                    .jobs
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected)
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
        let more = self.inbox.jobs.try_iter().take(TOGETHER - 1);
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
        if let Some(news) = job.answer(Ok(done)) {
            self.note(news);
        }
    }

    fn fail(&self, job: Job, error: StoreError) {
        if let What::Report(news) = &job.what
            && !matches!(news.report, Report::Accepted(_))
        {
            self.note(news.clone());
        }
        // Whoever does not listen any more has lost nothing.
        drop(job.answer(Err(error)));
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
        self.inbox
            .backlog
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, error: &rusqlite::Error) -> StoreError {
        StoreError(format!("{}: {error}", self.file))
    }
}

fn carry_out(ledger: &mut Ledger, what: &What) -> rusqlite::Result<Done> {
    match what {
        What::Ask { key, asks, limits } => ledger.ask(key, asks, limits).map(Done::Turn),
        What::Report(news) => tell(ledger, news).map(|()| Done::Told),
        What::Status => ledger.rows().map(Done::Rows),
        What::Reset(key) => ledger.reset(key).map(Done::Known),
        // That there is a transaction is the answer.
        What::Reach | What::Look => Ok(Done::Told),
    }
}

fn tell(ledger: &mut Ledger, news: &News) -> rusqlite::Result<()> {
    ledger.report(&news.key, news.op, news.report, &news.limits)
}
