//! Queue state on a server: processes of many hosts wait in one line.
//!
//! Each operation is one script, which the server runs as one atomic step by its own clock. The scripts do the arithmetic
//! of [`tidegate_core::quota::QuotaState`] in Lua; a test holds the two against each other. A thread of its own asks: what
//! comes together is one round trip, no runtime is tied to the connection, and what was reported last is sent before the
//! process ends. What an attempt holds is held under its process's name, and comes back when the process has not been
//! heard of for a while.

mod connection;
mod job;
mod members;
mod scripts;
mod wire;
mod worker;

use std::collections::HashMap;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Secret, Timestamp};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;

use crate::store::{Ask, KeyStatus, LastKnown, QueueStore, Report, StoreError, StoreFuture, Turn};
use connection::Connection;
use job::{Backlog, Done, Job, News, What};
use members::Members;
use worker::Worker;

/// Jobs the thread may be given before it has done the first of them.
const JOBS: usize = 1024;
/// Of these, those that somebody waits for. The rest is for reports from destructors.
const AWAITED: usize = 768;

/// Which server, and what to call things there.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// `redis://host:port/db`, `rediss://` for TLS; with `user:password@` for an ACL user, `:password@` for the default one.
    pub url: Secret,
    /// What every key on the server begins with: `tidegate:`.
    pub prefix: String,
    /// Where it is set, limits go by keyed hashes of their names on the server. A limit's name holds no credential, only
    /// what the provider, its host, the account and the models are called, so without it nothing secret is stored either.
    pub hash_key: Option<Secret>,
    /// For `rediss://`: certificates (PEM) of authorities to trust instead of the system's.
    pub authority: Option<Vec<u8>>,
    /// How long a connection, and an answer, is waited for: 2 s.
    pub timeout: Duration,
    /// How long a process that is not heard of counts as alive: 10 s.
    pub ttl: Duration,
}

impl RedisOptions {
    /// With the defaults.
    pub fn new(url: Secret) -> Self {
        Self {
            url,
            prefix: "tidegate:".to_owned(),
            hash_key: None,
            authority: None,
            timeout: Duration::from_secs(2),
            ttl: Duration::from_secs(10),
        }
    }
}

/// Why there can be no such store. A server that is away is no reason: it is asked when it is needed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// The address, or the authority, cannot be read.
    #[error(
        "the queue's Redis cannot be used: {reason}; its URL is `redis://` or `rediss://`, `[user:password@]host[:port][/db]`"
    )]
    Options {
        /// What is wrong with them. Without credentials.
        reason: String,
    },
    /// The system gave no thread.
    #[error("the queue's Redis cannot be used: {0}")]
    Thread(std::io::Error),
}

/// Keeps all state on a Redis (6 or newer) or Valkey server.
#[derive(Debug)]
pub struct RedisStore {
    jobs: Option<SyncSender<Job>>,
    /// Room in the channel, taken before a job is sent, so that sending never blocks.
    room: Semaphore,
    backlog: Backlog,
    heard: Heard,
    clock: OwnClock,
    thread: Option<JoinHandle<()>>,
}

/// A clock other than the server's.
#[derive(Clone)]
struct OwnClock(Option<Arc<dyn Fn() -> Timestamp + Send + Sync>>);

impl OwnClock {
    fn now(&self) -> Option<Timestamp> {
        self.0.as_ref().map(|clock| clock())
    }
}

impl std::fmt::Debug for OwnClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OwnClock({:?})", self.now())
    }
}

/// What was last heard of each limit, and when.
type Heard = Arc<Mutex<HashMap<LimitKey, (Instant, LastKnown)>>>;

impl RedisStore {
    /// A store on that server, which is not spoken to before it is asked for something.
    ///
    /// # Errors
    /// [`RedisError`] when the options make no sense.
    pub fn connect(options: &RedisOptions) -> Result<Self, RedisError> {
        Self::start(options, OwnClock(None))
    }

    /// As [`connect`](Self::connect), by another clock than the server's. All who share the limits must go by it.
    ///
    /// # Errors
    /// [`RedisError`] when the options make no sense.
    pub fn connect_by(
        options: &RedisOptions,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Result<Self, RedisError> {
        Self::start(options, OwnClock(Some(Arc::new(clock))))
    }

    fn start(options: &RedisOptions, clock: OwnClock) -> Result<Self, RedisError> {
        let connection = Connection::new(options)?;
        let (jobs, received) = sync_channel(JOBS);
        let (backlog, heard) = (Backlog::default(), Heard::default());
        let worker = Worker {
            connection,
            members: Members::new(options),
            jobs: received,
            backlog: Arc::clone(&backlog),
            heard: Arc::clone(&heard),
            clock: clock.clone(),
            rest: options.ttl / 3,
        };
        let thread = std::thread::Builder::new().name("tidegate-queue".to_owned());
        let thread = thread
            .spawn(move || worker.serve())
            .map_err(RedisError::Thread)?;
        Ok(Self {
            jobs: Some(jobs),
            room: Semaphore::new(AWAITED),
            backlog,
            heard,
            clock,
            thread: Some(thread),
        })
    }

    /// Has the thread do something, and waits for the answer.
    async fn order(&self, what: What) -> Result<Done, StoreError> {
        let _room = self.room.acquire().await.map_err(|_| gone())?;
        let (reply, answer) = oneshot::channel();
        let job = Job {
            what,
            reply: Some(reply),
        };
        match self.jobs.as_ref().ok_or_else(gone)?.try_send(job) {
            Ok(()) => answer.await.map_err(|_| gone())?,
            Err(TrySendError::Full(_)) => {
                Err(StoreError("too much is asked of it at once".to_owned()))
            }
            Err(TrySendError::Disconnected(_)) => Err(gone()),
        }
    }

    /// Has the thread tell something that nobody waits for.
    fn tell_later(&self, news: News) {
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
}

/// The thread answers what it is asked.
fn amiss() -> StoreError {
    StoreError("it answered another question".to_owned())
}

fn gone() -> StoreError {
    StoreError("its thread has ended".to_owned())
}

impl Drop for RedisStore {
    /// Waits until the last reports are sent, or cannot be: the process may end next.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was shown there.
            drop(thread.join());
        }
    }
}

impl QueueStore for RedisStore {
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
            match self.order(what).await? {
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
            at: self.clock.now(),
        };
        Box::pin(async move {
            // Whoever was let in or has ended has nothing to wait for. It is told in its order, and before the store is gone.
            if !matches!(report, Report::Refused(_)) {
                self.tell_later(news);
                return Ok(());
            }
            self.order(What::Report(news)).await.map(drop)
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
        self.tell_later(News {
            key: key.clone(),
            op,
            report,
            limits: *limits,
            at: self.clock.now(),
        });
    }

    fn status<'a>(
        &'a self,
        limits: &'a (dyn Fn(&str) -> Limits + Sync),
        _now: Timestamp,
    ) -> StoreFuture<'a, Vec<KeyStatus>> {
        Box::pin(async move {
            let Done::Rows(rows) = self.order(What::Status).await? else {
                return Err(amiss());
            };
            let status = |row: wire::Row| KeyStatus {
                now: row.now.as_micros(),
                standing: row.state.standing(&limits(&row.key), row.now),
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

    fn last_known(&self, key: &LimitKey) -> Option<LastKnown> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, known) = heard.get(key)?;
        let next = known.next.saturating_sub(at.elapsed());
        Some(LastKnown { next, ..*known })
    }

    fn reach(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.order(What::Reach).await.map(drop) })
    }
}

#[cfg(test)]
mod tests;
