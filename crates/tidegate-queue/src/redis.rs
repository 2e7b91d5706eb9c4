//! Queue state on a server: processes of many hosts wait in one line.
//!
//! Each operation is one script, which the server runs as one atomic step by its own clock. The scripts do the arithmetic
//! of [`tidegate_core::quota::QuotaState`] in Lua; a test holds the two against each other. A thread of its own asks: what
//! comes together is one round trip, no runtime is tied to the connection, and what was reported last is sent before the
//! process ends. What an attempt holds is held under its process's name, and comes back when the process has not been
//! heard of for a while.

mod connection;
mod members;
mod scripts;
mod wire;
mod worker;

use std::time::Duration;

use tidegate_core::quota::{Limits, OpId};
use tidegate_core::{LimitKey, Secret, Timestamp};

use crate::heard::Heard;
use crate::orders::{Orders, OwnClock};
use crate::store::{Ask, KeyStatus, LastKnown, QueueStore, Report, StoreFuture, Turn};
use connection::Connection;
use members::Members;
use worker::Worker;

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
}

/// Keeps all state on a Redis (6 or newer) or Valkey server.
#[derive(Debug)]
pub struct RedisStore {
    orders: Orders,
    heard: Heard,
}

impl RedisStore {
    /// A store on that server, which is not spoken to before it is asked for something.
    ///
    /// # Errors
    /// [`RedisError`] when the options make no sense.
    pub fn connect(options: &RedisOptions) -> Result<Self, RedisError> {
        Self::start(options, OwnClock::default())
    }

    /// As [`connect`](Self::connect), by another clock than the server's. All who share the limits must go by it.
    ///
    /// # Errors
    /// [`RedisError`] when the options make no sense.
    pub fn connect_by(
        options: &RedisOptions,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Result<Self, RedisError> {
        Self::start(options, OwnClock::new(clock))
    }

    fn start(options: &RedisOptions, clock: OwnClock) -> Result<Self, RedisError> {
        let connection = Connection::new(options)?;
        let heard = Heard::default();
        let (members, rest) = (Members::new(options), options.ttl / 3);
        let (theirs, time) = (heard.clone(), clock.clone());
        let work = move |inbox| {
            let worker = Worker {
                connection,
                members,
                inbox,
                heard: theirs,
                clock: time,
                rest,
            };
            worker.serve();
        };
        let orders = Orders::to(work, clock);
        Ok(Self { orders, heard })
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
        Box::pin(async move {
            // Whoever was let in or has ended has nothing to wait for. It is told in its order, and before the store is gone.
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

    fn last_known(&self, key: &LimitKey) -> Option<LastKnown> {
        self.heard.of(key)
    }

    fn reach(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.orders.reach())
    }
}

#[cfg(test)]
mod tests;
