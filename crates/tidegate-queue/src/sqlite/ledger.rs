//! What the file holds, and the steps of a transaction on it.

mod states;

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tidegate_core::quota::{Answer, Lease, Limits, OpId, QuotaState};
use tidegate_core::{LimitKey, Timestamp};

use super::clock::HostClock;
use super::file::Opened;
use crate::orders::Row;
use crate::store::{Ask, Holder, Report, Turn};
use states::States;

/// Processes number their attempts each for itself; so far apart are two that begin alike.
const OPS_OF_A_PROCESS: u32 = 40;

/// The file, as one process uses it.
#[derive(Debug)]
pub(super) struct Ledger {
    connection: Connection,
    owner: u64,
    name: String,
    clock: Box<dyn HostClock>,
    ttl: Duration,
    /// Attempts under way here, as far as this process knows.
    held: u64,
    /// When this process counts as gone.
    expires: Timestamp,
    /// No process can count as gone before.
    nobody_gone_before: Timestamp,
    states: States,
}

impl Ledger {
    pub(super) fn new(opened: Opened, clock: Box<dyn HostClock>, ttl: Duration) -> Self {
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(|path| path.file_name());
        let program = program.map(|name| name.to_string_lossy().into_owned());
        Self {
            connection: opened.connection,
            owner: opened.owner,
            name: program.unwrap_or_default(),
            clock,
            ttl,
            held: 0,
            expires: Timestamp::default(),
            nobody_gone_before: Timestamp::default(),
            states: States::default(),
        }
    }

    /// Whether there is something to keep alive.
    pub(super) fn holds(&self) -> bool {
        self.held > 0
    }

    /// Within [`atomically`](Self::atomically), as all that reads or changes a limit.
    pub(super) fn ask(
        &mut self,
        key: &LimitKey,
        asks: &[Ask],
        limits: &Limits,
    ) -> rusqlite::Result<Turn> {
        for (index, ask) in asks.iter().enumerate() {
            if let Some(lease) = self.lease(ask.op)? {
                return Ok(Turn::Go {
                    index,
                    seq: lease.seq,
                });
            }
        }
        // Read behind the lock, so that times are in the order of the transactions.
        let now = self.clock.now();
        // Whoever slept past its time and asks is not gone, and neither is what it has under way.
        if self.held > 0 && self.is_due(now) {
            self.live(now)?;
        }
        self.drop_leases_of_the_gone(now)?;
        let asks: Vec<_> = asks
            .iter()
            .map(|ask| {
                Ask {
                    op: self.name_op(ask.op),
                    ..*ask
                }
                .at(now)
            })
            .collect();
        let state = self.states.of_or_new(&self.connection, key)?;
        let answer = state.ask(&asks, limits, now);
        if let Answer::Go { lease, .. } = answer {
            self.hold(key, &lease, now)?;
        }
        Ok(Turn::of(&answer, now))
    }

    pub(super) fn report(
        &mut self,
        key: &LimitKey,
        op: OpId,
        report: Report,
        limits: &Limits,
    ) -> rusqlite::Result<()> {
        let (name, now) = (self.name_op(op), self.clock.now());
        let lease = if report.ends() {
            self.release(name)?
        } else {
            self.lease(op)?
        };
        if lease.is_none() && report != Report::Left {
            return Ok(());
        }
        let Some(state) = self.states.of(&self.connection, key)? else {
            return Ok(());
        };
        match lease {
            _ if report == Report::Left => state.leave(name),
            Some(lease) => report.apply(state, &lease, limits, now),
            None => {}
        }
        Ok(())
    }

    /// Every limit, in the order of their keys.
    pub(super) fn rows(&mut self) -> rusqlite::Result<Vec<Row>> {
        self.states.write(&self.connection, self.clock.now())?;
        let now = self.clock.now();
        let mut limits = self
            .connection
            .prepare_cached("SELECT key, state FROM limits ORDER BY key")?;
        let mut rows = limits
            .query_map([], |row| {
                Ok(Row {
                    key: row.get(0)?,
                    now,
                    state: states::parse(&row.get::<_, String>(1)?),
                    holders: Vec::new(),
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let text = "SELECT name, pid, count(*), expires FROM leases JOIN owners ON owner = id
            WHERE key = ?1 GROUP BY owner ORDER BY owner";
        let mut holders = self.connection.prepare_cached(text)?;
        for row in &mut rows {
            let found = holders.query_map([&row.key], |found| {
                let expires = Timestamp::from_micros(found.get::<_, i64>(3)?.cast_unsigned());
                Ok(Holder {
                    name: format!(
                        "{} (process {})",
                        found.get::<_, String>(0)?,
                        found.get::<_, i64>(1)?
                    ),
                    attempts: found.get(2)?,
                    expires: expires.saturating_since(now),
                })
            })?;
            row.holders = found.collect::<rusqlite::Result<_>>()?;
        }
        Ok(rows)
    }

    pub(super) fn reset(&mut self, key: &LimitKey) -> rusqlite::Result<bool> {
        let known = self.states.of(&self.connection, key)?;
        Ok(known.map(QuotaState::reset).is_some())
    }

    /// Says that this process lives, if it has not been said for a while.
    pub(super) fn renew(&mut self) -> rusqlite::Result<()> {
        let now = self.clock.now();
        if self.held == 0 || !self.is_due(now) {
            return Ok(());
        }
        self.atomically(|this| {
            this.live(now)?;
            let text = "SELECT count(*) FROM leases WHERE owner = ?1";
            let held: i64 = this
                .connection
                .query_row(text, [this.owner.cast_signed()], |row| row.get(0))?;
            this.held = held.cast_unsigned();
            Ok(())
        })
    }

    /// Says that this process is gone, and drops what it still holds.
    pub(super) fn retire(&mut self) -> rusqlite::Result<()> {
        if self.expires == Timestamp::default() {
            return Ok(());
        }
        self.atomically(|this| {
            let text = "DELETE FROM owners WHERE id = ?1";
            this.connection.execute(text, [this.owner.cast_signed()])?;
            this.nobody_gone_before = Timestamp::default();
            this.drop_leases_of_the_gone(this.clock.now())
        })
    }

    /// All of the steps, or none.
    pub(super) fn atomically<T>(
        &mut self,
        steps: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.states.begin();
        self.run("BEGIN IMMEDIATE")?;
        let done = steps(self).and_then(|outcome| {
            self.states.write(&self.connection, self.clock.now())?;
            self.run("COMMIT").map(|()| outcome)
        });
        if done.is_err() {
            // What was said of this process was perhaps not written, and no state.
            self.expires = Timestamp::default();
            self.nobody_gone_before = Timestamp::default();
            self.states = States::default();
            if !self.connection.is_autocommit() {
                self.run("ROLLBACK")?;
            }
        }
        done
    }

    fn run(&self, text: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(text)?.execute([]).map(drop)
    }

    const fn name_op(&self, op: OpId) -> OpId {
        OpId(op.0.wrapping_add(self.owner << OPS_OF_A_PROCESS))
    }

    fn lease(&self, op: OpId) -> rusqlite::Result<Option<Lease>> {
        let mut find = self
            .connection
            .prepare_cached("SELECT lease FROM leases WHERE op = ?1")?;
        let op = self.name_op(op).0.cast_signed();
        let text: Option<String> = find.query_row([op], |row| row.get(0)).optional()?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    fn hold(&mut self, key: &LimitKey, lease: &Lease, now: Timestamp) -> rusqlite::Result<()> {
        let text = serde_json::to_string(lease)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let (op, owner) = (lease.op.0.cast_signed(), self.owner.cast_signed());
        let write = "INSERT INTO leases VALUES (?1, ?2, ?3, ?4)";
        let mut write = self.connection.prepare_cached(write)?;
        write.execute(params![op, key.as_str(), owner, text])?;
        drop(write);
        self.held += 1;
        if self.is_due(now) {
            self.live(now)?;
        }
        Ok(())
    }

    fn release(&mut self, op: OpId) -> rusqlite::Result<Option<Lease>> {
        let mut delete = self
            .connection
            .prepare_cached("DELETE FROM leases WHERE op = ?1 RETURNING lease")?;
        let text: Option<String> = delete
            .query_row([op.0.cast_signed()], |row| row.get(0))
            .optional()?;
        drop(delete);
        if text.is_some() {
            self.held = self.held.saturating_sub(1);
        }
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.expires <= now.saturating_add(self.ttl * 2 / 3)
    }

    fn live(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        let expires = now.saturating_add(self.ttl);
        let write = "INSERT INTO owners VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (id) DO UPDATE SET expires = excluded.expires";
        let mut write = self.connection.prepare_cached(write)?;
        let owner = self.owner.cast_signed();
        let until = expires.as_micros().cast_signed();
        write.execute(params![owner, std::process::id(), self.name, until])?;
        self.expires = expires;
        Ok(())
    }

    /// Looks for them when the first can have gone: a process lives until it expires, and expires later each time it is
    /// heard of.
    fn drop_leases_of_the_gone(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        if now < self.nobody_gone_before {
            return Ok(());
        }
        let until = now.as_micros().cast_signed();
        let gone =
            "DELETE FROM leases WHERE owner NOT IN (SELECT id FROM owners WHERE expires > ?1)
            RETURNING key";
        let mut delete = self.connection.prepare_cached(gone)?;
        let keys = delete.query_map([until], |row| row.get::<_, String>(0))?;
        let keys = keys.collect::<rusqlite::Result<Vec<_>>>()?;
        for key in keys {
            if let Some(state) = self.states.of(&self.connection, &LimitKey::new(key))? {
                state.expire();
            }
        }
        let forget = "DELETE FROM owners WHERE expires <= ?1";
        self.connection.prepare_cached(forget)?.execute([until])?;
        let first = "SELECT min(expires) FROM owners";
        let mut first = self.connection.prepare_cached(first)?;
        let first: Option<i64> = first.query_row([], |row| row.get(0))?;
        let newcomer = now.saturating_add(self.ttl);
        self.nobody_gone_before = first.map_or(newcomer, |first| {
            newcomer.min(Timestamp::from_micros(first.cast_unsigned()))
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
