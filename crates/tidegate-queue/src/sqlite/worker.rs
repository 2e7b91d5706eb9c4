//! The thread that waits for the file where callers must not: for other processes, for the disk, and for time to pass.

use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::ledger::Ledger;
use crate::orders::{Done, Inbox, Job, News, What};
use crate::store::{Report, StoreError};

/// Done in one transaction at most: others wait for it.
const TOGETHER: usize = 64;

pub(super) struct Worker {
    pub(super) ledger: Arc<Mutex<Ledger>>,
    pub(super) inbox: Inbox,
    pub(super) file: String,
    pub(super) rest: Duration,
}

impl Worker {
    /// Works until the store is dropped.
    pub(super) fn serve(self) {
        let mut has_rested = false;
        loop {
            let job = if self.has_more_to_come(has_rested) {
                self.inbox.jobs.recv_timeout(self.rest)
            } else {
                self.inbox
                    .jobs
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected)
            };
            has_rested = job.is_err();
            match job {
                Ok(job) => self.work(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.catch_up();
        }
        self.catch_up();
    }

    /// Whether there is something to do after a rest, though nobody says so. What is held may have ended meanwhile and
    /// begun anew; who has seen nothing held after a whole rest need not look again.
    fn has_more_to_come(&self, has_rested: bool) -> bool {
        let mut ledger = self.ledger();
        ledger.is_watched = ledger.holds() || (ledger.is_watched && !has_rested);
        ledger.is_watched || !self.is_even()
    }

    /// Does all that is waiting in one transaction, which costs as much as the steps of many.
    fn work(&self, first: Job) {
        let more = self.inbox.jobs.try_iter().take(TOGETHER - 1);
        let jobs = std::iter::once(first).chain(more);
        let jobs: Vec<Job> = jobs.filter(|job| !matches!(job.what, What::Look)).collect();
        if jobs.is_empty() {
            return;
        }
        let done = self.on_the_file(|ledger| {
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
                    self.fail(job, error.clone());
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
    fn catch_up(&self) {
        if !self.is_even() {
            let mut left = std::mem::take(&mut *self.lock()).into_iter();
            while let Some(news) = left.next() {
                let told = |ledger: &mut Ledger| tell(ledger, &news);
                if self.on_the_file(told).is_err() {
                    self.lock().extend(std::iter::once(news).chain(left));
                    break;
                }
            }
        }
        let mut ledger = self.ledger();
        if !self.gives_up(&ledger)
            && let Err(error) = ledger.look_after()
        {
            tracing::debug!("{}: {error}", self.file);
        }
    }

    fn note(&self, news: News) {
        self.lock().push(news);
    }

    fn is_even(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<News>> {
        self.inbox
            .backlog
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A transaction that a panic broke off is rolled back by the next.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction, on the file that has the name now.
    fn on_the_file<T>(
        &self,
        steps: impl FnOnce(&mut Ledger) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut ledger = self.ledger();
        if self.gives_up(&ledger) {
            return Err(self.error(&"it was away, and is not waited for again"));
        }
        ledger
            .follow()
            .map_err(|error| StoreError(error.to_string()))?;
        let done = ledger.atomically(steps);
        ledger.is_away = done.is_err();
        done.map_err(|error| self.error(&error))
    }

    /// Whether the process wants to end, and the file was waited for in vain: not again then.
    fn gives_up(&self, ledger: &Ledger) -> bool {
        ledger.is_away && self.inbox.is_closing()
    }

    fn error(&self, error: &dyn std::fmt::Display) -> StoreError {
        StoreError(format!("{}: {error}", self.file))
    }
}

fn carry_out(ledger: &mut Ledger, what: &What) -> rusqlite::Result<Done> {
    match what {
        What::Ask { key, asks, limits } => ledger.ask(key, asks, limits).map(Done::Turn),
        What::Report(news) => tell(ledger, news).map(|()| Done::Told),
        What::Status => ledger.rows().map(Done::Rows),
        What::Reset(key) => ledger.reset(key).map(Done::Known),
        What::Reach => ledger.reach().map(|()| Done::Told),
        What::Look => Ok(Done::Told),
    }
}

fn tell(ledger: &mut Ledger, news: &News) -> rusqlite::Result<()> {
    ledger.report(&news.key, news.op, news.report, &news.limits)
}

#[cfg(test)]
mod tests;
