//! The thread that speaks to the server. Its callers wait for it without holding up a runtime.

use std::sync::mpsc::RecvTimeoutError;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use redis::{RedisResult, Value};
use tidegate_core::LimitKey;
use tidegate_core::quota::{Limits, OpId};
use tokio::time::Instant;

use super::connection::{Batch, Connection, Silence};
use super::members::{Members, Setting};
use super::scripts::Operation;
use super::{Heard, wire};
use crate::orders::{Done, Inbox, Job, News, OwnClock, What};
use crate::store::{Ask, LastKnown, Report, StoreError, Turn};

/// Sent in one round trip at most: others wait for it.
const TOGETHER: usize = 64;
/// How long the end of an attempt may wait to be told with something else.
const LINGER: Duration = Duration::from_millis(2);

pub(super) struct Worker {
    pub(super) connection: Connection,
    pub(super) members: Members,
    pub(super) inbox: Inbox,
    pub(super) heard: Heard,
    pub(super) clock: OwnClock,
    pub(super) rest: Duration,
}

impl Worker {
    /// Works until the store is dropped, and then says that the process is gone.
    pub(super) fn serve(mut self) {
        loop {
            let job = if self.members.is_alive() || !self.is_even() {
                self.inbox.jobs.recv_timeout(self.rest)
            } else {
                self.inbox
                    .jobs
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected)
            };
            match job {
                Ok(job) => self.work(job),
                Err(RecvTimeoutError::Timeout) => drop(self.catch_up()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.renew();
        }
        self.retire();
    }

    /// Does all that is waiting in one round trip.
    fn work(&mut self, first: Job) {
        let jobs = self.gather(first);
        // In the order it happened: what was not told yet comes first.
        if let Err(silence) = self.nobody_listens().and_then(|()| self.catch_up()) {
            for job in jobs {
                self.fail(job, &silence);
            }
            return;
        }
        let mut batch = Batch::default();
        for job in &jobs {
            self.put(&mut batch, &job.what);
        }
        match self.connection.send(&batch) {
            Ok(answers) => {
                let mut answers = answers.into_iter();
                for job in jobs {
                    let answer = is_script(&job.what).then(|| answers.next()).flatten();
                    self.finish(job, answer);
                }
            }
            Err(silence) => {
                for job in jobs {
                    self.fail(job, &silence);
                }
            }
        }
    }

    /// What is waiting. An end that nobody waits for waits a moment for company: most often the next question follows.
    fn gather(&self, first: Job) -> Vec<Job> {
        let mut jobs = vec![first];
        let begin = Instant::now();
        while jobs.len() < TOGETHER {
            let time = LINGER.saturating_sub(begin.elapsed());
            let next = if jobs.iter().all(Job::may_linger) && !time.is_zero() {
                self.inbox.jobs.recv_timeout(time).ok()
            } else {
                self.inbox.jobs.try_recv().ok()
            };
            let Some(next) = next else { break };
            jobs.push(next);
        }
        jobs
    }

    fn put(&mut self, batch: &mut Batch, what: &What) {
        match what {
            What::Ask { key, asks, limits } => {
                self.members.join(key);
                let setting = Setting {
                    limits,
                    with_outlook: self.heard.is_stale(key),
                    at: self.clock.now(),
                };
                let mut command = self.members.command(Operation::Ask, key, &setting);
                for ask in asks {
                    command.arg(self.members.op(ask.op));
                    wire::ask(ask).tell(&mut command);
                }
                batch.push(Operation::Ask, command);
            }
            What::Report(news) => self.put_news(batch, news),
            What::Reset(key) => {
                let setting = Setting::plain(self.clock.now());
                let command = self.members.command(Operation::Reset, key, &setting);
                batch.push(Operation::Reset, command);
            }
            What::Status | What::Reach => {}
            #[cfg(feature = "sqlite")]
            What::Look => {}
        }
    }

    fn put_news(&self, batch: &mut Batch, news: &News) {
        let setting = Setting {
            limits: &news.limits,
            with_outlook: false,
            at: news.at,
        };
        let mut command = self.members.command(Operation::Report, &news.key, &setting);
        let (what, numbers) = wire::report(news.report);
        command.arg(self.members.op(news.op)).arg(what);
        numbers.tell(&mut command);
        batch.push(Operation::Report, command);
    }

    /// Tells whoever asked what came of it.
    fn finish(&mut self, job: Job, answer: Option<RedisResult<Value>>) {
        let done = match (&job.what, answer) {
            (_, Some(Err(error))) => Err(refusal(&error)),
            (What::Ask { key, asks, .. }, Some(Ok(value))) => self.turn(key, asks, value),
            (What::Report(news), Some(Ok(value))) => self.told(news, value),
            (What::Reset(_), Some(Ok(value))) => Ok(Done::Known(value == Value::Int(1))),
            (What::Status, _) => self.rows(),
            #[cfg(feature = "sqlite")]
            (What::Look, _) => Ok(Done::Told),
            (What::Reach, _) => self.reach(),
            (_, None) => Err(unanswered("nothing came back")),
        };
        self.answer(job, done);
    }

    fn turn(&mut self, key: &LimitKey, asks: &[Ask], value: Value) -> Result<Done, StoreError> {
        let (answer, known) = wire::answer(value)?;
        self.hear(key, known);
        let turn = wire::turn(answer)?;
        if let Turn::Go { index, .. } = turn
            && let Some(ask) = asks.get(index)
        {
            self.members.join(key).held.insert(ask.op);
        }
        Ok(Done::Turn(turn))
    }

    fn told(&mut self, news: &News, value: Value) -> Result<Done, StoreError> {
        let (_, known) = wire::answer(value)?;
        self.hear(&news.key, known);
        if news.report.ends() {
            self.members.release(&news.key, news.op);
        }
        Ok(Done::Told)
    }

    fn hear(&self, key: &LimitKey, known: Option<LastKnown>) {
        if let Some(known) = known {
            self.heard.keep(key, known);
        }
    }

    fn answer(&mut self, job: Job, done: Result<Done, StoreError>) {
        if let Some(news) = job.answer(done) {
            self.note_unsent(&news.key, news.op, &news.limits);
        }
    }

    /// The server did not answer. What it may have done is undone, what it must know is kept for it.
    fn fail(&mut self, job: Job, silence: &Silence) {
        match &job.what {
            What::Ask { key, asks, limits } if silence.was_sent => {
                for ask in asks {
                    self.note_unsent(key, ask.op, limits);
                }
            }
            What::Report(news) if !matches!(news.report, Report::Accepted(_)) => {
                self.note(news.clone());
            }
            _ => {}
        }
        // Whoever does not listen any more has lost nothing.
        drop(job.answer(Err(unanswered(&silence.reason))));
    }

    fn note_unsent(&self, key: &LimitKey, op: OpId, limits: &Limits) {
        self.note(News {
            key: key.clone(),
            op,
            report: Report::Unsent,
            limits: *limits,
            at: self.clock.now(),
        });
    }

    /// Tells what is left over.
    fn catch_up(&mut self) -> Result<(), Silence> {
        let left = std::mem::take(&mut *self.lock());
        if left.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for news in &left {
            self.put_news(&mut batch, news);
        }
        match self.connection.send(&batch) {
            Ok(_) => {
                for news in &left {
                    self.members.release(&news.key, news.op);
                }
                Ok(())
            }
            Err(silence) => {
                self.lock().splice(0..0, left);
                Err(silence)
            }
        }
    }

    /// Says that this process lives, where it has not been said for a while.
    fn renew(&mut self) {
        if self.inbox.is_closing() || !self.members.is_due() {
            return;
        }
        let setting = Setting::plain(self.clock.now());
        let (mut batch, mut keys) = (Batch::default(), Vec::new());
        for (key, member) in self.members.all() {
            let mut command = self.members.command_of(Operation::Renew, member, &setting);
            for op in &member.held {
                command.arg(self.members.op(*op));
            }
            batch.push(Operation::Renew, command);
            keys.push(key.clone());
        }
        match self.connection.send(&batch) {
            Ok(answers) => {
                for (key, answer) in keys.iter().zip(answers) {
                    self.count(key, answer);
                }
            }
            Err(silence) => tracing::debug!("Redis: {}", silence.reason),
        }
    }

    /// Keeps how many share a limit now.
    fn count(&self, key: &LimitKey, answer: RedisResult<Value>) {
        let sharers = answer.ok().and_then(|it| redis::from_redis_value(it).ok());
        if let Some(sharers) = sharers {
            self.heard.count(key, sharers);
        }
    }

    /// A process that wants to end does not wait again and again for a server that was away when it was last spoken to.
    fn nobody_listens(&self) -> Result<(), Silence> {
        match self.connection.silence() {
            Some(silence) if self.inbox.is_closing() => Err(silence),
            _ => Ok(()),
        }
    }

    /// Says the last things, once.
    fn retire(&mut self) {
        let caught_up = self.nobody_listens().and_then(|()| self.catch_up());
        let setting = Setting::plain(self.clock.now());
        let mut batch = Batch::default();
        for (_, member) in self.members.all() {
            let command = self.members.command_of(Operation::Retire, member, &setting);
            batch.push(Operation::Retire, command);
        }
        if let Err(silence) = caught_up.and_then(|()| self.connection.send(&batch)) {
            tracing::debug!("Redis: {}", silence.reason);
        }
    }

    fn rows(&mut self) -> Result<Done, StoreError> {
        let index = self.members.index();
        let names = self
            .connection
            .command(redis::cmd("ZRANGE").arg(index).arg(0).arg(-1));
        let names = names.map_err(|silence| unanswered(&silence.reason))?;
        let mut names: Vec<String> =
            redis::from_redis_value(names).map_err(|error| unanswered(&error.to_string()))?;
        names.sort();
        let mut batch = Batch::default();
        for name in &names {
            let setting = Setting::plain(self.clock.now());
            let command = self
                .members
                .command_named(Operation::Status, name, &setting);
            batch.push(Operation::Status, command);
        }
        let answers = self.connection.send(&batch);
        let answers = answers.map_err(|silence| unanswered(&silence.reason))?;
        let mut rows = Vec::new();
        for (name, answer) in names.iter().zip(answers) {
            let answer = answer.map_err(|error| refusal(&error))?;
            rows.extend(wire::row(self.members.called(name), answer)?);
        }
        Ok(Done::Rows(rows))
    }

    fn reach(&mut self) -> Result<Done, StoreError> {
        let pong = self.connection.command(&redis::cmd("PING"));
        pong.map_err(|silence| unanswered(&silence.reason))?;
        Ok(Done::Told)
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
}

/// Whether a script does it.
const fn is_script(what: &What) -> bool {
    matches!(what, What::Ask { .. } | What::Report(_) | What::Reset(_))
}

fn unanswered(reason: &str) -> StoreError {
    StoreError(format!("Redis: {reason}"))
}

/// An error of the server's, or of a script's.
fn refusal(error: &redis::RedisError) -> StoreError {
    match (error.code(), error.detail()) {
        (Some("NEWER"), layout) => StoreError(format!(
            "Redis: a newer version wrote there (layout {}); update, or use another prefix",
            layout.unwrap_or("unknown")
        )),
        _ => unanswered(&error.to_string()),
    }
}
